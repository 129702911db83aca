//! The boolean entropy decoder of VP8 (RFC 6386 §7), with a window of 64 bits.

/// Reads past the end as zeros and remembers that it did.
#[derive(Clone, Copy)]
pub(super) struct BoolDecoder<'a> {
    data: &'a [u8],
    /// Bits read ahead, the next one on top: its upper byte is compared with the range.
    value: u64,
    /// Bits in `value`.
    count: u32,
    /// 128..=255 between two calls.
    range: u32,
    overrun: bool,
}

impl<'a> BoolDecoder<'a> {
    pub(super) const fn new(data: &'a [u8]) -> Self {
        Self { data, value: 0, count: 0, range: 255, overrun: false }
    }

    /// Whether a bit was needed that the partition does not have.
    pub(super) const fn is_overrun(&self) -> bool {
        self.overrun
    }

    /// One bit that is 0 with a probability of `probability` in 256.
    #[inline(always)]
    pub(super) fn bool(&mut self, probability: u8) -> bool {
        if self.count < 8 {
            self.load();
        }
        let split = 1 + ((self.range.wrapping_sub(1) * u32::from(probability)) >> 8);
        let boundary = u64::from(split) << 56;
        let bit = self.value >= boundary;
        if bit {
            self.value = self.value.wrapping_sub(boundary);
            self.range = self.range.wrapping_sub(split);
        } else {
            self.range = split;
        }
        self.normalize();
        bit
    }

    /// `value` or its negative, by a bit of even chances, which no branch can foresee.
    #[inline(always)]
    pub(super) fn signed(&mut self, value: i32) -> i32 {
        if self.count < 8 {
            self.load();
        }
        let split = self.range.wrapping_add(1) >> 1;
        let boundary = u64::from(split) << 56;
        let negative = i32::from(self.value >= boundary).wrapping_neg();
        self.value = self.value.wrapping_sub(boundary & negative as u64);
        let other = self.range.wrapping_sub(split);
        self.range = split ^ ((split ^ other) & negative as u32);
        self.normalize();
        (value ^ negative).wrapping_sub(negative)
    }

    /// Back to a range of at least 128: it has 8 bits at most and is never 0, so the shift is 0..=7
    /// and never more than the 8 bits made sure of.
    #[inline(always)]
    fn normalize(&mut self) {
        let shift = self.range.leading_zeros().wrapping_sub(24) & 7;
        self.range <<= shift;
        self.value <<= shift;
        self.count = self.count.wrapping_sub(shift);
    }

    #[inline]
    fn load(&mut self) {
        if let Some((six, rest)) = self.data.split_first_chunk::<6>() {
            let [a, b, c, d, e, f] = *six;
            let word = u64::from_be_bytes([a, b, c, d, e, f, 0, 0]);
            self.value |= word >> (self.count & 7);
            self.count += 48;
            self.data = rest;
        } else {
            // By value, so that the fields may stay in registers.
            let (byte, rest) = next_byte(self.data);
            self.overrun |= byte.is_none();
            self.value |= u64::from(byte.unwrap_or(0)) << (56 - (self.count & 7));
            self.count += 8;
            self.data = rest;
        }
    }

    /// Whole bytes not read.
    pub(super) const fn unread(&self) -> usize {
        self.data.len() + (self.count as usize).saturating_sub(8) / 8
    }

    /// A bit of even chances.
    pub(super) fn flag(&mut self) -> bool {
        self.bool(128)
    }

    /// An unsigned number of `bits` bits, the most significant first.
    pub(super) fn literal(&mut self, bits: u32) -> u32 {
        (0..bits).fold(0, |value, _| value << 1 | u32::from(self.flag()))
    }
}

#[cold]
fn next_byte(data: &[u8]) -> (Option<u8>, &[u8]) {
    match data.split_first() {
        Some((byte, rest)) => (Some(*byte), rest),
        None => (None, data),
    }
}
