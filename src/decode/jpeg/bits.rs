//! Coded data as bits: ITU-T T.81 B.1.1.5 (a zero byte is stuffed after every 0xFF) and F.2.2.5.

/// A fault inside coded data, without its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// Bits that are no code of the table in force.
    Code,
    /// More than 64 coefficients in a block, or past the end of the band.
    Overflow,
}

/// What a reader has not consumed, in bytes: those that it has not looked at, and those that it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unread {
    rest: usize,
    ahead: usize,
}

impl Unread {
    /// The offset in `data`, at whose end the reader would end, of the first byte that was not
    /// consumed. It does not depend on how far the reader has looked ahead.
    pub(super) fn place(self, data: &[u8]) -> usize {
        let mut place = data.len().saturating_sub(self.rest);
        for _ in 0..self.ahead {
            place = place.saturating_sub(1);
            // A stuffed zero belongs to the 0xFF before it, and to fill bytes before that.
            let stuffed = data.get(place) == Some(&0);
            while stuffed && place > 0 && data.get(place - 1) == Some(&0xff) {
                place -= 1;
            }
        }
        place
    }
}

/// Reads bits, most significant first, from coded data up to its end or the next marker.
///
/// From there on it gives zeros and counts them, so that the inner loops need no check: whoever
/// reads asks [`BitReader::overran`] at each MCU. It is small and `Copy` so that inner loops can
/// hold it in registers.
#[derive(Debug, Clone, Copy)]
pub(super) struct BitReader<'a> {
    rest: &'a [u8],
    /// Bits not yet consumed, left aligned. Below `count` bits there may be more, always those
    /// that follow in `rest`.
    bits: u64,
    count: u32,
    /// Zeros that were added after the end, all of them at the low end of `bits`.
    added: u64,
}

/// True when one of the eight bytes is 0xFF.
const fn contains_ff(word: u64) -> bool {
    // A zero byte in the complement; Mycroft's test.
    let inverted = !word;
    inverted.wrapping_sub(0x0101_0101_0101_0101) & word & 0x8080_8080_8080_8080 != 0
}

impl<'a> BitReader<'a> {
    /// What [`BitReader::refill`] guarantees.
    pub(super) const REFILLED: u32 = 56;

    /// From the start of coded data.
    pub(super) const fn new(data: &'a [u8]) -> Self {
        Self { rest: data, bits: 0, count: 0, added: 0 }
    }

    /// Makes at least 56 bits available.
    #[inline(always)]
    pub(super) fn refill(&mut self) {
        if let Some(chunk) = self.rest.first_chunk() {
            let word = u64::from_be_bytes(*chunk);
            if !contains_ff(word) {
                self.bits |= word.wrapping_shr(self.count);
                let bytes = (63 - (self.count & 63)) >> 3;
                self.rest = &self.rest[bytes as usize..];
                // The same as adding 8 * bytes.
                self.count |= Self::REFILLED;
                return;
            }
        }
        *self = self.refilled_bytewise();
    }

    #[inline(never)]
    const fn refilled_bytewise(mut self) -> Self {
        while self.count < Self::REFILLED {
            let byte = match self.rest {
                [0xff, 0, tail @ ..] => {
                    self.rest = tail;
                    0xff
                }
                // Fill bytes before a stuffed zero, as decoders have always read them.
                [0xff, tail @ ..] if matches!(tail, [0xff, ..]) => {
                    self.rest = tail;
                    continue;
                }
                // The end, or a marker.
                [] | [0xff, ..] => {
                    self.added += 8;
                    0
                }
                [byte, tail @ ..] => {
                    self.rest = tail;
                    *byte
                }
            };
            self.bits |= (byte as u64) << (56 - self.count);
            self.count += 8;
        }
        self
    }

    /// The next `length` bits, 1..=32, which must have been refilled.
    #[inline(always)]
    pub(super) const fn peek(&self, length: u32) -> u32 {
        (self.bits >> (64 - length)) as u32
    }

    /// The next bits, left aligned; as many as were refilled.
    #[inline(always)]
    pub(super) const fn window(&self) -> u64 {
        self.bits
    }

    /// Drops `length` bits, fewer than 64, which must have been refilled.
    #[inline(always)]
    pub(super) const fn consume(&mut self, length: u32) {
        self.bits = self.bits.wrapping_shl(length);
        self.count = self.count.wrapping_sub(length);
    }

    /// F.2.2.1, RECEIVE and EXTEND: a signed value of `size` bits, 0..=16.
    #[inline(always)]
    pub(super) const fn receive_extend(&mut self, size: u32) -> i32 {
        // Two shifts, since `size` may be 0.
        let raw = ((self.bits >> 1) >> (63 - size)) as i32;
        self.consume(size);
        // Values with a leading zero are negative: raw - (2^size - 1).
        let threshold = (1_i32 << size) >> 1;
        if raw < threshold { raw - (1 << size) + 1 } else { raw }
    }

    /// An unsigned value of `length` bits, 0..=16.
    #[inline(always)]
    pub(super) const fn receive(&mut self, length: u32) -> u32 {
        let raw = ((self.bits >> 1) >> (63 - length)) as u32;
        self.consume(length);
        raw
    }

    /// Drops any number of bits; gives up early once the data has run out.
    pub(super) fn skip(&mut self, mut bits: u64) {
        while bits > 0 && !self.overran() {
            self.refill();
            let step = bits.min(u64::from(Self::REFILLED));
            self.consume(step as u32);
            bits -= step;
        }
    }

    /// Whether more bits were consumed than there were.
    #[inline(always)]
    pub(super) const fn overran(&self) -> bool {
        self.added > self.count as u64
    }

    /// What is left of the data.
    pub(super) const fn unread(&self) -> Unread {
        let ahead = (self.count as u64).saturating_sub(self.added) / 8;
        Unread { rest: self.rest.len(), ahead: ahead as usize }
    }

    /// Bytes not read yet, from the marker on where one was met.
    pub(super) const fn rest(&self) -> usize {
        self.rest.len()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    #[test]
    fn stuffing_is_removed_wherever_it_lies() {
        for lead in 0..20 {
            let mut data = vec![0x5a; lead];
            data.extend_from_slice(&[0xff, 0x00, 0x12, 0xff, 0x00]);
            data.extend(std::iter::repeat_n(0x77, 20));
            let mut want = vec![0x5a; lead];
            want.extend_from_slice(&[0xff, 0x12, 0xff]);
            want.extend(std::iter::repeat_n(0x77, 20));
            let mut reader = BitReader::new(&data);
            // Steps of 5 bits leave the reader at every alignment.
            let mut got = Vec::new();
            let (mut pending, mut held) = (0_u32, 0);
            while got.len() < want.len() {
                reader.refill();
                pending = pending << 5 | reader.receive(5);
                held += 5;
                if held >= 8 {
                    held -= 8;
                    got.push((pending >> held) as u8);
                    pending &= (1 << held) - 1;
                }
            }
            assert_eq!(got, want);
        }
    }

    #[test]
    fn the_end_is_noticed_to_the_bit() {
        let mut reader = BitReader::new(&[0xaa, 0xbb]);
        reader.skip(16);
        assert!(!reader.overran());
        assert_eq!(reader.unread(), Unread { rest: 0, ahead: 0 });
        reader.refill();
        reader.consume(1);
        assert!(reader.overran());
        let mut reader = BitReader::new(&[0; 100]);
        reader.skip(9);
        assert_eq!(reader.unread().place(&[0; 100]), 2);
        reader.skip(u64::MAX);
        assert!(reader.overran());
    }

    #[test]
    fn the_place_does_not_depend_on_what_was_read_ahead() {
        let data = [1, 0xff, 0, 2, 0xff, 0xff, 0, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];
        // By byte consumed: where the next one starts.
        for (consumed, place) in [0, 1, 3, 4, 7, 8, 9].into_iter().enumerate() {
            for looks in 0..3 {
                let mut reader = BitReader::new(&data);
                for _ in 0..consumed {
                    reader.refill();
                    reader.consume(8);
                }
                (0..looks).for_each(|_| reader.refill());
                assert_eq!(reader.unread().place(&data), place);
            }
        }
    }

    #[test]
    fn a_marker_ends_the_data_and_fill_bytes_do_not() {
        let mut reader = BitReader::new(&[0x12, 0xff, 0xff, 0x00, 0x34, 0xff, 0xff, 0xd0, 0x56]);
        reader.refill();
        assert_eq!(reader.receive(16), 0x12ff);
        assert_eq!(reader.receive(8), 0x34);
        assert!(!reader.overran());
        assert_eq!(reader.unread(), Unread { rest: 3, ahead: 0 });
        assert_eq!(reader.receive(8), 0);
        assert!(reader.overran());
    }

    #[test]
    fn extension_follows_the_table() {
        // F.1.2.1.1: size 3 covers -7..=-4 and 4..=7.
        for (raw, value) in [(0_u8, -7), (3, -4), (4, 4), (7, 7)] {
            let data = [raw << 5];
            let mut reader = BitReader::new(&data);
            reader.refill();
            assert_eq!(reader.receive_extend(3), value);
        }
        let mut reader = BitReader::new(&[0xff]);
        reader.refill();
        assert_eq!(reader.receive_extend(0), 0);
    }
}
