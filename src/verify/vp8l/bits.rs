//! Bits of VP8L: least significant first (RFC 9649 §3.2).

use super::Fault;

const CUT: Fault = Fault::Truncated("the data of a lossless image end before its last row");

/// A reader that gives zeros past the end and remembers that it did.
pub(super) struct Bits<'a> {
    data: &'a [u8],
    at: usize,
    buffer: u64,
    /// Bits in the buffer.
    count: u32,
    /// Bits in the buffer that the data do not have.
    beyond: u32,
    overrun: bool,
}

impl<'a> Bits<'a> {
    pub(super) const fn new(data: &'a [u8]) -> Self {
        Self { data, at: 0, buffer: 0, count: 0, beyond: 0, overrun: false }
    }

    /// At least `count` bits, up to 56, are in the buffer afterwards.
    #[inline]
    pub(super) fn need(&mut self, count: u32) {
        if self.count < count {
            self.refill();
        }
    }

    /// At least 56 bits are in the buffer afterwards.
    #[inline]
    pub(super) fn refill(&mut self) {
        if let Some(eight) = self.data.get(self.at..self.at + 8)
            && let Ok(eight) = eight.try_into()
        {
            // What does not fit is shifted out here and read again next time.
            self.buffer |= u64::from_le_bytes(eight) << self.count;
            let bytes = (63 - self.count) / 8;
            self.at += bytes as usize;
            self.count += bytes * 8;
        } else {
            self.refill_slowly();
        }
    }

    #[cold]
    fn refill_slowly(&mut self) {
        // Bits used since the last time come off the end of what was real.
        self.settle();
        while self.count <= 55 {
            if let Some(byte) = self.data.get(self.at) {
                self.buffer |= u64::from(*byte) << self.count;
                self.at += 1;
            } else {
                self.beyond += 8;
            }
            self.count += 8;
        }
    }

    fn settle(&mut self) {
        if self.count < self.beyond {
            self.overrun = true;
            self.beyond = self.count;
        }
    }

    /// The next bits without taking them; what is above `count` is of no meaning.
    #[inline]
    pub(super) const fn peek(&self) -> u64 {
        self.buffer
    }

    /// Takes bits that [`Bits::refill`] made sure of.
    #[inline]
    pub(super) fn skip(&mut self, count: u32) {
        self.buffer >>= count;
        // Callers refill for the longest sequence, so this cannot pass zero.
        self.count = self.count.wrapping_sub(count);
    }

    /// Up to 18 bits, after a refill.
    #[inline]
    pub(super) fn peek_and_skip(&mut self, count: u32) -> u32 {
        let value = self.buffer & ((1 << count) - 1);
        self.skip(count);
        value as u32
    }

    /// Up to 16 bits, or the end of the data.
    pub(super) fn take(&mut self, count: u32) -> Result<u32, Fault> {
        self.refill();
        let value = self.peek_and_skip(count);
        self.check()?;
        Ok(value)
    }

    /// Whether more was read than there is.
    #[inline]
    pub(super) fn check(&self) -> Result<(), Fault> {
        if self.overrun || self.count < self.beyond {
            return Err(CUT);
        }
        Ok(())
    }

    /// Whole bytes not read.
    pub(super) fn unread(&self) -> usize {
        let buffered = self.count.saturating_sub(self.beyond) / 8;
        self.data.len() - self.at + buffered as usize
    }
}
