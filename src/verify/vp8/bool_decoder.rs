//! The boolean entropy decoder of VP8 (RFC 6386 §7), with a window of 64 bits.

/// Reads past the end as zeros and remembers that it did.
pub(super) struct BoolDecoder<'a> {
    data: &'a [u8],
    /// Bits read ahead: the upper 8 of the `8 + ahead` lowest are compared with the range.
    value: u64,
    /// Bits in `value` below those 8; negative when more are needed.
    ahead: i32,
    /// The range less nothing, 128..=255 between two calls.
    range: u32,
    overrun: bool,
}

impl<'a> BoolDecoder<'a> {
    pub(super) fn new(data: &'a [u8]) -> Self {
        Self { data, value: 0, ahead: -8, range: 255, overrun: false }
    }

    /// Whether a bit was needed that the partition does not have.
    pub(super) const fn is_overrun(&self) -> bool {
        self.overrun
    }

    /// One bit that is 0 with a probability of `probability` in 256.
    #[inline]
    pub(super) fn bool(&mut self, probability: u8) -> bool {
        if self.ahead < 0 {
            self.load();
        }
        let split = 1 + (((self.range - 1) * u32::from(probability)) >> 8);
        let boundary = u64::from(split) << self.ahead;
        let bit = self.value >= boundary;
        if bit {
            self.value -= boundary;
            self.range -= split;
        } else {
            self.range = split;
        }
        // Back to at least 128: the range has 8 bits at most and is never 0.
        let shift = self.range.leading_zeros() - 24;
        self.range <<= shift;
        self.ahead -= shift as i32;
        bit
    }

    #[inline(never)]
    fn load(&mut self) {
        if let Some((six, rest)) = self.data.split_first_chunk::<6>() {
            let [a, b, c, d, e, f] = *six;
            let word = u64::from_be_bytes([0, 0, a, b, c, d, e, f]);
            self.value = self.value << 48 | word;
            self.ahead += 48;
            self.data = rest;
        } else if let Some((byte, rest)) = self.data.split_first() {
            self.value = self.value << 8 | u64::from(*byte);
            self.ahead += 8;
            self.data = rest;
        } else {
            self.overrun = true;
            self.value <<= 8;
            self.ahead += 8;
        }
    }

    /// Whole bytes not read.
    pub(super) fn unread(&self) -> usize {
        self.data.len() + usize::try_from(self.ahead / 8).unwrap_or(0)
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
