//! The LZW codes of an image (the specification of GIF 89a, appendix F), which checking and
//! decoding read in the same way.

const MAX_CODES: usize = 4096;

/// What comes next in an image's data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    String {
        /// A colour ([`Lzw::is_color`]), or a string that was defined before.
        code: u16,
        /// Pixels that it stands for.
        length: u16,
        /// The string that this one completes: the last one and the first pixel of this one.
        defined: Option<u16>,
    },
    /// The end code.
    End,
    /// The data are over without an end code.
    Over,
    /// A code that was not yet defined.
    Undefined,
}

/// Reads codes, and knows the lengths of the strings that they stand for.
pub(crate) struct Lzw<'a> {
    codes: Codes<'a>,
    code_size: u8,
    /// The clear code; the end code is the next one.
    clear: u16,
    /// The first code not yet defined.
    next: u16,
    /// Length of the last string, 0 right after a clear code.
    last: u16,
    lengths: &'a mut [u16; MAX_CODES],
}

/// Room for the lengths, to be used for one image after the other.
pub(crate) type Lengths = Box<[u16; MAX_CODES]>;

pub(crate) fn lengths() -> Lengths {
    Box::new([0; MAX_CODES])
}

impl<'a> Lzw<'a> {
    /// Over a chain of sub-blocks; `code_size` is in the range 1 to 8.
    pub(crate) const fn new(data: &'a [u8], code_size: u8, lengths: &'a mut Lengths) -> Self {
        let clear = 1 << code_size;
        let codes = Codes::new(data, code_size);
        Self { codes, code_size, clear, next: clear + 2, last: 0, lengths }
    }

    /// Whether the code stands for a pixel of this colour.
    pub(crate) const fn is_color(&self, code: u16) -> bool {
        code < self.clear
    }

    /// Bytes of the chain not yet read.
    pub(crate) const fn rest(&self) -> usize {
        self.codes.rest()
    }

    #[inline]
    pub(crate) fn step(&mut self) -> Step {
        loop {
            let Some(code) = self.codes.next() else {
                return Step::Over;
            };
            if code == self.clear {
                self.next = self.clear + 2;
                self.last = 0;
                self.codes.width = self.code_size + 1;
                continue;
            }
            if code == self.clear + 1 {
                return Step::End;
            }
            return self.string(code).unwrap_or(Step::Undefined);
        }
    }

    /// The code's string, once the table has grown by one.
    #[inline]
    fn string(&mut self, code: u16) -> Option<Step> {
        let length = if code < self.clear {
            1
        } else if code < self.next {
            self.lengths.get(usize::from(code)).copied()?
        } else if code == self.next && self.last > 0 && usize::from(code) < MAX_CODES {
            self.last + 1
        } else {
            return None;
        };
        let mut defined = None;
        if self.last > 0
            && let Some(slot) = self.lengths.get_mut(usize::from(self.next))
        {
            *slot = self.last + 1;
            defined = Some(self.next);
            self.next += 1;
        }
        if self.next == 1 << self.codes.width && self.codes.width < 12 {
            self.codes.width += 1;
        }
        self.last = length;
        Some(Step::String { code, length, defined })
    }
}

/// Codes out of a chain of sub-blocks, least significant bit first.
struct Codes<'a> {
    rest: &'a [u8],
    block: &'a [u8],
    buffer: u64,
    bits: u8,
    width: u8,
}

impl<'a> Codes<'a> {
    const fn new(data: &'a [u8], code_size: u8) -> Self {
        Self { rest: data, block: &[], buffer: 0, bits: 0, width: code_size + 1 }
    }

    #[inline]
    fn next(&mut self) -> Option<u16> {
        while self.bits < self.width {
            self.refill()?;
        }
        let code = self.buffer & ((1 << self.width) - 1);
        self.buffer >>= self.width;
        self.bits -= self.width;
        Some(code as u16)
    }

    /// At least one more byte; `None` at the end of the chain. Fewer than 12 bits are left.
    fn refill(&mut self) -> Option<()> {
        if let Some((six, block)) = self.block.split_first_chunk::<6>() {
            let [a, b, c, d, e, f] = *six;
            let word = u64::from_le_bytes([a, b, c, d, e, f, 0, 0]);
            self.buffer |= word << self.bits;
            self.bits += 48;
            self.block = block;
            return Some(());
        }
        if self.block.is_empty() {
            let (length, rest) = self.rest.split_first()?;
            let (block, rest) = rest.split_at_checked(usize::from(*length))?;
            (self.block, self.rest) = (block, rest);
        }
        let (byte, block) = self.block.split_first()?;
        self.buffer |= u64::from(*byte) << self.bits;
        self.bits += 8;
        self.block = block;
        Some(())
    }

    /// Bytes of the chain not yet read.
    const fn rest(&self) -> usize {
        self.block.len() + self.rest.len() + (self.bits / 8) as usize
    }
}
