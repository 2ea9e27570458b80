//! Collections of what is kept for each message, made for one of them in a million.

/// A map with a fast hash: its keys are numbers of ours, or are hashed with a key of the run already.
pub(super) type Map<K, V> = std::collections::HashMap<K, V, foldhash::fast::RandomState>;

/// None, one or several: nearly always at most one, which needs no allocation.
#[derive(Clone, Debug, Default)]
pub(super) enum Few<T> {
    #[default]
    None,
    One(T),
    Several(Vec<T>),
}

impl<T> Few<T> {
    /// Adds one at the end.
    pub(super) fn push(&mut self, value: T) {
        *self = match std::mem::take(self) {
            Few::None => Few::One(value),
            Few::One(first) => Few::Several(vec![first, value]),
            Few::Several(mut all) => {
                all.push(value);
                Few::Several(all)
            }
        };
    }

    /// Keeps those of which this is true.
    pub(super) fn retain(&mut self, is_kept: impl Fn(&T) -> bool) {
        *self = match std::mem::take(self) {
            Few::None => Few::None,
            Few::One(value) => {
                if is_kept(&value) {
                    Few::One(value)
                } else {
                    Few::None
                }
            }
            Few::Several(mut all) => {
                all.retain(is_kept);
                Few::Several(all)
            }
        };
    }
}

impl<T> std::ops::Deref for Few<T> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        match self {
            Few::None => &[],
            Few::One(value) => std::slice::from_ref(value),
            Few::Several(all) => all,
        }
    }
}

impl<T> FromIterator<T> for Few<T> {
    fn from_iter<I: IntoIterator<Item = T>>(all: I) -> Few<T> {
        let mut few = Few::None;
        all.into_iter().for_each(|value| few.push(value));
        few
    }
}

/// Octets of an id that need no allocation.
const ID_INLINE: usize = 22;

/// A message_id.
#[derive(Clone, Debug)]
pub(super) enum Id {
    Short { length: u8, octets: [u8; ID_INLINE] },
    Long(Box<[u8]>),
}

impl Default for Id {
    fn default() -> Id {
        Id::Short { length: 0, octets: [0; ID_INLINE] }
    }
}

impl From<&[u8]> for Id {
    fn from(id: &[u8]) -> Id {
        let mut octets = [0; ID_INLINE];
        match octets.get_mut(..id.len()) {
            Some(room) => {
                room.copy_from_slice(id);
                Id::Short { length: id.len() as u8, octets }
            }
            None => Id::Long(id.into()),
        }
    }
}

impl std::ops::Deref for Id {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        match self {
            Id::Short { length, octets } => &octets[..usize::from(*length)],
            Id::Long(octets) => octets,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_of_any_length_is_kept_as_it_is() {
        for length in 0..70 {
            let id: Vec<u8> = (0..length).collect();
            assert_eq!(&*Id::from(&id[..]), id);
        }
        assert_eq!(size_of::<Id>(), 24);
    }

    #[test]
    fn few_keep_their_order_however_many_they_are() {
        for count in 0..5 {
            let mut few: Few<u32> = (0..count).collect();
            assert_eq!(&*few, (0..count).collect::<Vec<_>>());
            few.retain(|value| *value != 0);
            few.push(9);
            assert_eq!(&*few, (1..count).chain([9]).collect::<Vec<_>>());
        }
    }
}
