//! Where a message's addresses come from: the nth one as octets, without allocation.
use super::variables::{ADDRESS_OCTETS, Var, Variables};
use crate::kit::{decimal, mix64};
use crate::plan::model::{Address, AddressFrom, NumberFiles};
use crate::smpp::TemplatePart;

/// An address as a function of the message's number among its kind.
#[derive(Clone, Debug)]
pub(super) enum AddressSource {
    /// Always this one.
    Fixed(Vec<u8>),
    /// `first + n mod size`, in `digits` digits.
    Range { first: u64, size: u64, digits: usize },
    /// The nth of a list, from the start again after the last.
    List { octets: Vec<u8>, ends: Vec<u32>, longest: usize },
    /// `#` is a random digit.
    Random { pattern: Vec<u8>, seed: u64 },
}

impl AddressSource {
    /// The source of `address`: `files` has the numbers of files, `seed` feeds random digits.
    pub(super) fn new(address: &Address, files: &NumberFiles, seed: u64) -> AddressSource {
        match &address.from {
            AddressFrom::Fixed(text) => AddressSource::Fixed(text.as_bytes().to_vec()),
            AddressFrom::Range(from, to) => match (from.parse::<u64>(), to.parse::<u64>()) {
                (Ok(first), Ok(last)) => {
                    let size = last.saturating_sub(first).saturating_add(1);
                    AddressSource::Range { first, size, digits: from.len().min(ADDRESS_OCTETS) }
                }
                // a plan that no profile made: no more than its first
                (Ok(_) | Err(_), _) => AddressSource::Fixed(from.as_bytes().to_vec()),
            },
            AddressFrom::File(name) => {
                let addresses = files.get(name).map_or(&[][..], Vec::as_slice);
                let mut octets = Vec::new();
                let mut ends = Vec::with_capacity(addresses.len());
                for one in addresses {
                    octets.extend_from_slice(one.as_bytes());
                    ends.push(octets.len() as u32);
                }
                let longest = addresses.iter().map(String::len).max().unwrap_or(0);
                AddressSource::List { octets, ends, longest }
            }
            AddressFrom::Random(pattern) => {
                AddressSource::Random { pattern: pattern.as_bytes().to_vec(), seed }
            }
        }
    }

    /// Octets of the longest.
    pub(super) fn longest(&self) -> usize {
        match self {
            AddressSource::Fixed(octets) | AddressSource::Random { pattern: octets, .. } => {
                octets.len()
            }
            AddressSource::Range { digits, .. } => *digits,
            AddressSource::List { longest, .. } => *longest,
        }
    }

    /// The address field: fixed octets, or a variable.
    pub(super) fn pieces(&self, var: Var, uses: &mut Variables) -> Vec<TemplatePart> {
        match self {
            AddressSource::Fixed(octets) => vec![TemplatePart::Fixed(octets.clone())],
            AddressSource::Range { .. }
            | AddressSource::List { .. }
            | AddressSource::Random { .. } => {
                vec![uses.piece(var, false, 0, self.longest())]
            }
        }
    }

    /// Writes the nth address and returns its length.
    #[inline]
    pub(super) fn write(&self, n: u64, to: &mut [u8; ADDRESS_OCTETS]) -> usize {
        match self {
            AddressSource::Fixed(octets) => copy(octets, to),
            AddressSource::Range { first, size, digits } => {
                write_in_range(*first, *size, n, &mut to[..*digits]);
                *digits
            }
            AddressSource::List { octets, ends, .. } => {
                if ends.is_empty() {
                    return 0;
                }
                let at = (n % ends.len() as u64) as usize;
                let start = if at == 0 { 0 } else { ends[at - 1] as usize };
                copy(&octets[start..ends[at] as usize], to)
            }
            AddressSource::Random { pattern, seed } => {
                let mut chance = mix64(seed ^ mix64(n));
                let length = copy(pattern, to);
                for place in to[..length].iter_mut().filter(|place| **place == b'#') {
                    *place = b'0' + (chance % 10) as u8;
                    // a fresh draw for each digit: no digit tells about the next
                    chance = mix64(chance);
                }
                length
            }
        }
    }
}

/// The nth number from `first` on, of `size` in turn, with all digits that `to` has room for.
#[inline]
pub(super) fn write_in_range(first: u64, size: u64, n: u64, to: &mut [u8]) {
    let n = if n < size { n } else { n % size };
    decimal(first + n, to);
}

fn copy(octets: &[u8], to: &mut [u8; ADDRESS_OCTETS]) -> usize {
    let length = octets.len().min(ADDRESS_OCTETS);
    to[..length].copy_from_slice(&octets[..length]);
    length
}
