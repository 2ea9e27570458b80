//! Many submit_sm stamped at once: where they differ in nothing but their numbers and the digits of their
//! destination, they are copied together and patched.
use super::addresses::{AddressSource, write_in_range};
use super::{MixPosition, MixSlot, Recipe, Scratch};
use crate::kit::Digits;
use bytes::BytesMut;

/// 10^8: numbers that agree above it differ in their last eight digits only.
const TEN_TO_8: u64 = 100_000_000;

/// Submit_sm whose indices are equally spaced, numbered one after the other.
#[derive(Clone, Copy, Debug)]
pub struct SubmitRun {
    /// Index of the first.
    pub index: u64,
    /// From one index to the next.
    pub step: u32,
    /// sequence_number of the first.
    pub sequence_number: u32,
    /// How many.
    pub count: u32,
}

impl Recipe {
    /// Whether all submit_sm are of one message and one part, and equally long: whole runs of them may
    /// be stamped at once.
    #[inline]
    pub fn is_uniform(&self) -> bool {
        match (self.pattern.as_slice(), self.messages.as_slice()) {
            ([_], [prepared]) => {
                prepared.parts[0].destination_at.is_some()
                    && matches!(prepared.destination, AddressSource::Range { .. })
            }
            _ => false,
        }
    }

    /// Appends a run of submit_sm, the same octets as [`Recipe::stamp`] one by one.
    #[inline]
    pub fn stamp_run(
        &self,
        run: &SubmitRun,
        wall_ns: u64,
        scratch: &mut Scratch,
        out: &mut BytesMut,
    ) {
        if self.is_uniform() && run.count > 1 {
            return self.stamp_uniform(run, out);
        }
        let SubmitRun { index, step, sequence_number, count } = *run;
        for n in 0..count {
            let place = self.place(index + u64::from(n) * u64::from(step));
            self.stamp_at(&place, sequence_number + n, wall_ns, scratch, out);
        }
    }

    fn stamp_uniform(&self, run: &SubmitRun, out: &mut BytesMut) {
        let SubmitRun { index, step, sequence_number, count } = *run;
        let MixPosition { period, slot: MixSlot { own, .. } } = self.place(index);
        let prepared = &self.messages[0];
        let part = &prepared.parts[0];
        let octets = part.template.octets();
        let pdus = part.template.stamp_images(sequence_number, count, out);
        let (AddressSource::Range { first, size, digits }, Some(at)) =
            (&prepared.destination, part.destination_at)
        else {
            return;
        };
        // the image has the first destination's digits: those above the last eight are mostly the same
        let above = first / TEN_TO_8;
        let step = u64::from(step) % size;
        let mut n = (period * prepared.weight + u64::from(own)) % size;
        let mut last_eight = Digits::near(first + n);
        for pdu in pdus.chunks_exact_mut(octets) {
            let to = &mut pdu[at..at + digits];
            let number = first + n;
            match to.last_chunk_mut::<8>() {
                Some(last) if number / TEN_TO_8 == above => last_eight.write(number, last),
                _ => write_in_range(*first, *size, n, to),
            }
            n += step;
            n -= if n >= *size { *size } else { 0 };
        }
    }
}
