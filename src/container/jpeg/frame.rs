//! The frame header (ITU-T T.81 B.2.2) and the geometry that follows from it (A.1.1, A.2).

/// One colour component of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Component {
    /// Identifier, by which scans name it.
    pub(crate) id: u8,
    /// Horizontal sampling factor, 1..=4.
    pub(crate) h: u8,
    /// Vertical sampling factor, 1..=4.
    pub(crate) v: u8,
    /// Quantisation table, 0..=3.
    pub(crate) quant: u8,
}

/// What a SOF0, SOF1 or SOF2 segment says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) progressive: bool,
    pub(crate) width: u16,
    pub(crate) height: u16,
    /// One to four of them.
    pub(crate) components: Vec<Component>,
}

/// Why a frame header is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FrameFault {
    /// A coding that is not served.
    Unsupported(&'static str),
    /// A rule is broken.
    Corrupt(&'static str),
}

/// The name of the coding that a SOF marker announces, or `None` for any other marker.
pub(crate) const fn coding_name(marker: u8) -> Option<&'static str> {
    Some(match marker {
        0xc0 => "baseline DCT",
        0xc1 => "extended sequential DCT",
        0xc2 => "progressive DCT",
        0xc3 => "lossless",
        0xc5 => "hierarchical sequential DCT",
        0xc6 => "hierarchical progressive DCT",
        0xc7 => "hierarchical lossless",
        0xc8 => "JPEG extension",
        0xc9 => "arithmetic sequential DCT",
        0xca => "arithmetic progressive DCT",
        0xcb => "arithmetic lossless",
        0xcd => "hierarchical arithmetic sequential DCT",
        0xce => "hierarchical arithmetic progressive DCT",
        0xcf => "hierarchical arithmetic lossless",
        0xde => "hierarchical",
        _ => return None,
    })
}

/// Width and height of a SOF segment of any coding, so far as its bytes reach.
pub(crate) fn size(payload: &[u8]) -> Option<(u16, u16)> {
    let height = u16::from_be_bytes([*payload.get(1)?, *payload.get(2)?]);
    let width = u16::from_be_bytes([*payload.get(3)?, *payload.get(4)?]);
    Some((width, height))
}

impl Frame {
    /// Reads a frame header. A height of 0, which leaves the number of lines to a DNL segment, is
    /// the caller's to judge.
    pub(crate) fn parse(marker: u8, payload: &[u8]) -> Result<Self, FrameFault> {
        use FrameFault::{Corrupt, Unsupported};
        if !matches!(marker, 0xc0..=0xc2) {
            return Err(Unsupported(coding_name(marker).unwrap_or("JPEG coding")));
        }
        let short = Corrupt("frame header too short");
        match payload.first() {
            None => return Err(short),
            Some(8) => {}
            Some(12) => return Err(Unsupported("12-bit JPEG")),
            Some(_) => return Err(Unsupported("JPEG samples of other than 8 bits")),
        }
        let (width, height) = size(payload).ok_or(short)?;
        let count = usize::from(*payload.get(5).ok_or(short)?);
        if width == 0 {
            return Err(Corrupt("width 0"));
        }
        if count == 0 {
            return Err(Corrupt("frame without components"));
        }
        if payload.len() != 6 + 3 * count {
            return Err(Corrupt("frame header of a wrong length"));
        }
        if count == 2 || count > 4 {
            return Err(Unsupported("JPEG of two components or more than four"));
        }
        let mut components = Vec::with_capacity(count);
        for spec in payload.get(6..).unwrap_or_default().chunks_exact(3) {
            let component =
                Component { id: spec[0], h: spec[1] >> 4, v: spec[1] & 15, quant: spec[2] };
            if !(1..=4).contains(&component.h) || !(1..=4).contains(&component.v) {
                return Err(Corrupt("sampling factor outside 1 to 4"));
            }
            if component.quant > 3 {
                return Err(Corrupt("quantisation table number above 3"));
            }
            components.push(component);
        }
        Ok(Self { progressive: marker == 0xc2, width, height, components })
    }

    /// The largest horizontal and vertical sampling factor.
    pub(crate) fn max_sampling(&self) -> (u8, u8) {
        self.components.iter().fold((1, 1), |(h, v), c| (h.max(c.h), v.max(c.v)))
    }

    /// MCUs across and down of an interleaved scan (A.2.3).
    pub(crate) fn mcus(&self) -> (u32, u32) {
        let (h, v) = self.max_sampling();
        (
            u32::from(self.width).div_ceil(8 * u32::from(h)),
            u32::from(self.height).div_ceil(8 * u32::from(v)),
        )
    }

    /// Blocks across and down of one component in a scan of its own (A.2.2): only those that hold
    /// samples of the picture.
    pub(crate) fn blocks_alone(&self, component: Component) -> (u32, u32) {
        let (h, v) = self.max_sampling();
        let blocks = |side: u16, own: u8, max: u8| {
            (u32::from(side) * u32::from(own)).div_ceil(u32::from(max)).div_ceil(8)
        };
        (blocks(self.width, component.h, h), blocks(self.height, component.v, v))
    }

    /// Blocks of all components, padded to whole MCUs. Sides are 16 bits and an MCU has 64 blocks
    /// at most, so that this cannot overflow.
    pub(crate) fn blocks(&self) -> u64 {
        let (across, down) = self.mcus();
        let per_mcu: u64 = self.components.iter().map(|c| u64::from(c.h) * u64::from(c.v)).sum();
        u64::from(across) * u64::from(down) * per_mcu
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    #[test]
    fn geometry_counts_padding_only_where_scans_are_interleaved() {
        let frame =
            Frame::parse(0xc0, &[8, 0, 17, 0, 33, 3, 1, 0x22, 0, 2, 0x11, 1, 3, 0x11, 1]).unwrap();
        assert_eq!((frame.width, frame.height), (33, 17));
        assert_eq!(frame.mcus(), (3, 2));
        assert_eq!(frame.blocks(), 36);
        assert_eq!(frame.blocks_alone(frame.components[0]), (5, 3));
        assert_eq!(frame.blocks_alone(frame.components[1]), (3, 2));
    }

    #[test]
    fn legitimate_codings_are_unsupported_and_broken_headers_corrupt() {
        let grey = |precision: u8, sampling: u8| vec![precision, 0, 8, 0, 8, 1, 1, sampling, 0];
        assert!(Frame::parse(0xc0, &grey(8, 0x11)).is_ok());
        for (marker, payload) in
            [(0xc3, grey(8, 0x11)), (0xc9, grey(8, 0x11)), (0xc1, grey(12, 0x11))]
        {
            assert!(matches!(Frame::parse(marker, &payload), Err(FrameFault::Unsupported(_))));
        }
        for payload in [grey(8, 0x10), grey(8, 0x51), grey(8, 0x11)[..8].to_vec(), vec![8, 0]] {
            assert!(matches!(Frame::parse(0xc0, &payload), Err(FrameFault::Corrupt(_))));
        }
    }
}
