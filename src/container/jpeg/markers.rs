//! Marker codes (ITU-T T.81 table B.1), and how they are found between and in coded data.

/// Start of image.
pub(crate) const SOI: u8 = 0xd8;
/// End of image.
pub(crate) const EOI: u8 = 0xd9;
/// Start of scan.
pub(crate) const SOS: u8 = 0xda;
/// Quantisation tables.
pub(crate) const DQT: u8 = 0xdb;
/// Number of lines.
pub(crate) const DNL: u8 = 0xdc;
/// Restart interval.
pub(crate) const DRI: u8 = 0xdd;
/// Huffman tables.
pub(crate) const DHT: u8 = 0xc4;
/// Comment.
pub(crate) const COM: u8 = 0xfe;

/// The next marker at or after `from`: the offset of its last 0xFF, its code, and whether bytes
/// that are neither fill bytes nor part of it were passed.
pub(super) fn next_marker(bytes: &[u8], from: usize) -> Option<(usize, u8, bool)> {
    let mut at = from;
    loop {
        at += memchr::memchr(0xff, bytes.get(at..)?)?;
        let start = at;
        // B.1.1.2: any marker may be preceded by any number of fill bytes 0xFF.
        at += bytes.get(at..)?.iter().position(|byte| *byte != 0xff)?;
        match bytes.get(at) {
            Some(0) => at += 1,
            code => return Some((at - 1, *code?, start != from)),
        }
    }
}

/// Where the coded data that starts at `from` ends: before the first marker that is no restart
/// marker, its fill bytes included, or at the end of the file.
pub(super) fn scan_end(bytes: &[u8], from: usize) -> usize {
    /// Bytes looked at together, so that the compiler makes vectors of them: stuffed bytes are too
    /// frequent in finely quantised pictures for a search from one 0xFF to the next.
    const STRIDE: usize = 64;
    let data = bytes.get(from..).unwrap_or_default();
    let mut at = 0;
    while let Some(stretch) = data.get(at..at + STRIDE + 1) {
        let pairs = stretch.iter().zip(&stretch[1..]);
        if pairs.fold(false, |found, (first, second)| found | ends_data(*first, *second)) {
            break;
        }
        at += STRIDE;
    }
    let ends = |at: &usize| match data.get(*at..) {
        Some([first, second, ..]) => ends_data(*first, *second),
        // Half a marker at the end of the file is no data either.
        Some([last]) => *last == 0xff,
        _ => false,
    };
    (at..data.len()).find(ends).map_or(bytes.len(), |at| {
        let before = data.get(..at).unwrap_or_default();
        from + at - before.iter().rev().take_while(|byte| **byte == 0xff).count()
    })
}

/// Whether these two bytes of coded data are a marker other than RST0 to RST7. After a fill byte
/// its successor decides.
const fn ends_data(first: u8, second: u8) -> bool {
    first == 0xff && second != 0 && second != 0xff && second & 0xf8 != 0xd0
}

/// The usual name of a segment.
pub(super) fn name(marker: u8) -> Vec<u8> {
    match marker {
        0x01 => b"TEM".to_vec(),
        DHT => b"DHT".to_vec(),
        0xc8 => b"JPG".to_vec(),
        0xcc => b"DAC".to_vec(),
        0xc0..=0xcf => format!("SOF{}", marker - 0xc0).into_bytes(),
        0xd0..=0xd7 => format!("RST{}", marker - 0xd0).into_bytes(),
        SOS => b"SOS".to_vec(),
        DQT => b"DQT".to_vec(),
        DNL => b"DNL".to_vec(),
        DRI => b"DRI".to_vec(),
        0xde => b"DHP".to_vec(),
        COM => b"COM".to_vec(),
        0xe0..=0xef => format!("APP{}", marker - 0xe0).into_bytes(),
        _ => format!("marker {marker:02X}").into_bytes(),
    }
}
