//! Small recordings made on the spot.

/// One second of silence: PCM, one channel, 8 kHz, 8 bits.
pub(crate) fn wav() -> Vec<u8> {
    let data = [0x80; 8000];
    let mut bytes = b"RIFF".to_vec();
    bytes.extend((36 + data.len() as u32).to_le_bytes());
    bytes.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    bytes.extend(8000u32.to_le_bytes());
    bytes.extend(8000u32.to_le_bytes());
    bytes.extend(b"\x01\0\x08\0data");
    bytes.extend((data.len() as u32).to_le_bytes());
    bytes.extend(data);
    bytes
}

/// Two seconds as FLAC says it, with a title, an artist and a cover; no frames.
pub(crate) fn flac(title: &str, artist: &str, cover: &[u8]) -> Vec<u8> {
    fn block(kind: u8, last: bool, content: &[u8]) -> Vec<u8> {
        let length = (content.len() as u32).to_be_bytes();
        let head = [kind | if last { 0x80 } else { 0 }, length[1], length[2], length[3]];
        [&head[..], content].concat()
    }
    // RFC 9639 8.2: block and frame sizes, 20 bits of rate, 3 of channels, 5 of depth, 36 of samples.
    let mut info = vec![0x10, 0, 0x10, 0, 0, 0, 0, 0, 0, 0];
    let packed = (44_100u64 << 44) | (1 << 41) | (15 << 36) | 0x1_5888;
    info.extend(packed.to_be_bytes());
    info.extend([0; 16]);
    let mut comment = b"\x04\0\0\0test".to_vec();
    let fields = [format!("TITLE={title}"), format!("ARTIST={artist}")];
    comment.extend((fields.len() as u32).to_le_bytes());
    for field in &fields {
        comment.extend((field.len() as u32).to_le_bytes());
        comment.extend(field.bytes());
    }
    let mut picture = 3u32.to_be_bytes().to_vec();
    picture.extend(9u32.to_be_bytes());
    picture.extend(b"image/png");
    picture.extend([0; 4 + 16]);
    picture.extend((cover.len() as u32).to_be_bytes());
    picture.extend(cover);
    [
        b"fLaC".to_vec(),
        block(0, false, &info),
        block(4, false, &comment),
        block(6, true, &picture),
        vec![0xff, 0xf8, 0xc9, 0x18, 0, 0, 0, 0],
    ]
    .concat()
}

/// About one second of MPEG-1 layer III at 128 kbit/s, with an ID3v2.3 tag when there is a title.
pub(crate) fn mp3(title: Option<&str>, cover: &[u8]) -> Vec<u8> {
    fn frame(name: &str, content: &[u8]) -> Vec<u8> {
        [name.as_bytes(), &(content.len() as u32).to_be_bytes(), &[0, 0], content].concat()
    }
    let mut bytes = Vec::new();
    if let Some(title) = title {
        let text = [b"\0", title.as_bytes()].concat();
        let picture = [b"\0image/jpeg\0\x03\0", cover].concat();
        let frames = [frame("TIT2", &text), frame("APIC", &picture)].concat();
        let length = frames.len();
        let safe = [21, 14, 7, 0].map(|shift| ((length >> shift) & 0x7f) as u8);
        bytes = [b"ID3\x03\0\0", &safe[..], &frames].concat();
    }
    for _ in 0..38 {
        // ISO/IEC 11172-3 2.4.2.3: 44.1 kHz, no padding, so 417 bytes.
        let mut frame = vec![0; 417];
        frame[..4].copy_from_slice(&[0xff, 0xfb, 0x90, 0xc4]);
        bytes.extend(frame);
    }
    bytes
}
