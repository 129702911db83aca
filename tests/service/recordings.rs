//! Recordings: tags of every kind, hostile ones, and readings that are interrupted.

use std::path::Path;
use std::time::Duration;

use gatefold::service::{
    Assets, CollectionFields, NewSession, Settings, Spooled, TicketFor, Track, TrackFields,
    TrackStatus,
};

use crate::common::{file, in_memory};

const HOUR: Duration = Duration::from_secs(3600);
const MIB: usize = 1 << 20;

async fn upload(assets: &Assets, bytes: Vec<u8>) -> Track {
    let collection = assets.create_collection("label", CollectionFields::default()).await.unwrap();
    let session =
        assets.create_session("label", collection.id, NewSession::default()).await.unwrap();
    let mut fields = TrackFields::default();
    fields.file_name = Some("a recording".to_owned());
    let track = assets.create_track(&session, fields).await.unwrap();
    let what = TicketFor::TrackAudio(track.id);
    let ticket = assets.issue_ticket("label", what, HOUR, None).await.unwrap();
    let mut track = assets.redeem_audio(&ticket.token, Spooled::of(bytes)).await.unwrap();
    while track.status == TrackStatus::Processing {
        tokio::time::sleep(Duration::from_millis(20)).await;
        track = assets.track("label", track.id).await.unwrap();
    }
    track
}

fn synchsafe(length: usize) -> [u8; 4] {
    [21, 14, 7, 0].map(|shift| ((length >> shift) & 0x7f) as u8)
}

fn id3(version: u8, flags: u8, frames: &[u8]) -> Vec<u8> {
    [b"ID3", &[version, 0, flags][..], &synchsafe(frames.len()), frames].concat()
}

fn frame(id: &[u8], flags: [u8; 2], content: &[u8]) -> Vec<u8> {
    [id, &synchsafe(content.len()), &flags, content].concat()
}

/// About a second of MPEG-1 layer III.
fn mpeg() -> Vec<u8> {
    let mut frame = vec![0; 417];
    frame[..4].copy_from_slice(&[0xff, 0xfb, 0x90, 0xc4]);
    frame.repeat(38)
}

fn mp4_box(kind: &[u8], content: &[u8]) -> Vec<u8> {
    [&(8 + content.len() as u32).to_be_bytes()[..], kind, content].concat()
}

/// An MP4 file of five seconds whose `moov` holds this, too.
fn mp4(more: &[u8]) -> Vec<u8> {
    let times = [&[0; 12][..], &1000u32.to_be_bytes(), &5000u32.to_be_bytes(), &[0; 4]].concat();
    let handler = [&[0; 8][..], b"soun", &[0; 12]].concat();
    let media = [mp4_box(b"mdhd", &times), mp4_box(b"hdlr", &handler)].concat();
    let track = mp4_box(b"trak", &mp4_box(b"mdia", &media));
    let file_type = mp4_box(b"ftyp", b"M4A \0\0\0\0M4A ");
    [file_type, mp4_box(b"moov", &[&track, more].concat())].concat()
}

fn item(kind: &[u8], data_type: u32, content: &[u8]) -> Vec<u8> {
    let data = [&data_type.to_be_bytes()[..], &[0; 4], content].concat();
    mp4_box(kind, &mp4_box(b"data", &data))
}

fn user_data(items: &[u8]) -> Vec<u8> {
    let meta = [&[0; 4][..], &mp4_box(b"ilst", items)].concat();
    mp4_box(b"udta", &mp4_box(b"meta", &meta))
}

fn chunk(id: &[u8], length: [u8; 4], content: &[u8]) -> Vec<u8> {
    let padding = vec![0; content.len() % 2];
    [id, &length, content, &padding].concat()
}

fn little(id: &[u8], content: &[u8]) -> Vec<u8> {
    chunk(id, (content.len() as u32).to_le_bytes(), content)
}

fn big(id: &[u8], content: &[u8]) -> Vec<u8> {
    chunk(id, (content.len() as u32).to_be_bytes(), content)
}

/// A second of silence, and these chunks.
fn wave(more: &[u8]) -> Vec<u8> {
    let format = little(b"fmt ", b"\x01\0\x01\0\x40\x1f\0\0\x40\x1f\0\0\x01\0\x08\0");
    let content = [b"WAVE", &format[..], more, &little(b"data", &[0x80; 8000])].concat();
    little(b"RIFF", &content)
}

fn aiff(more: &[u8]) -> Vec<u8> {
    let common = [0, 1, 0, 0, 0x1f, 0x40, 0, 8, 0x40, 0x0b, 0xfa, 0, 0, 0, 0, 0, 0, 0];
    let sound = [&[0; 8][..], &[0x80; 8000]].concat();
    let content = [b"AIFF", &big(b"COMM", &common)[..], more, &big(b"SSND", &sound)].concat();
    big(b"FORM", &content)
}

fn comments(fields: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = b"\x04\0\0\0test".to_vec();
    bytes.extend((fields.len() as u32).to_le_bytes());
    for field in fields {
        bytes.extend((field.len() as u32).to_le_bytes());
        bytes.extend(field);
    }
    bytes
}

fn flac(blocks: &[(u8, Vec<u8>)]) -> Vec<u8> {
    let mut info = vec![0x10, 0, 0x10, 0, 0, 0, 0, 0, 0, 0];
    info.extend(((44_100u64 << 44) | (1 << 41) | (15 << 36) | 0x1_5888).to_be_bytes());
    info.extend([0; 16]);
    let mut bytes = b"fLaC".to_vec();
    let all = [&[(0, info)], blocks].concat();
    for (index, (kind, content)) in all.iter().enumerate() {
        let [_, length @ ..] = (content.len() as u32).to_be_bytes();
        bytes.push(kind | if index + 1 == all.len() { 0x80 } else { 0 });
        bytes.extend(length);
        bytes.extend(content);
    }
    bytes.extend([0xff, 0xf8, 0xc9, 0x18, 0, 0, 0, 0]);
    bytes
}

fn page(flags: u8, number: u32, granule: u64, content: &[u8], ends: bool) -> Vec<u8> {
    let mut table = vec![255; content.len() / 255];
    if ends {
        table.push((content.len() % 255) as u8);
    }
    let mut bytes = b"OggS\0".to_vec();
    bytes.push(flags);
    bytes.extend(granule.to_le_bytes());
    bytes.extend(7u32.to_le_bytes());
    bytes.extend(number.to_le_bytes());
    bytes.extend([0; 4]);
    bytes.push(table.len() as u8);
    bytes.extend(table);
    bytes.extend(content);
    bytes
}

/// Ten seconds of Opus, as its pages say.
fn opus(fields: &[Vec<u8>]) -> Vec<u8> {
    let tags = [b"OpusTags", &comments(fields)[..]].concat();
    let mut bytes = page(2, 0, 0, b"OpusHead\x01\x01\0\0\x80\xbb\0\0\0\0\0", true);
    let (whole, rest) = tags.as_chunks::<{ 255 * 200 }>();
    for (number, piece) in (1..).zip(whole) {
        bytes.extend(page(u8::from(number > 1), number, u64::MAX, piece, false));
    }
    let number = whole.len() as u32 + 1;
    bytes.extend(page(u8::from(number > 1), number, 0, rest, true));
    bytes.extend(page(4, number + 1, 480_000, b"abc", true));
    bytes
}

fn ape(items: &[(&str, &[u8])]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (key, value) in items {
        bytes.extend((value.len() as u32).to_le_bytes());
        bytes.extend([0; 4]);
        bytes.extend([key.as_bytes(), b"\0", value].concat());
    }
    let size = bytes.len() as u32 + 32;
    bytes.extend(b"APETAGEX\xd0\x07\0\0");
    bytes.extend(size.to_le_bytes());
    bytes.extend((items.len() as u32).to_le_bytes());
    bytes.extend([0; 12]);
    bytes
}

#[tokio::test]
async fn titles_artists_and_covers_are_read_from_tags_of_every_kind() {
    let (assets, _) = in_memory().await;
    let cover = file("jpeg/baseline-420.jpg");
    let utf16 = |text: &str| -> Vec<u8> {
        [vec![1, 0xff, 0xfe], text.encode_utf16().flat_map(u16::to_le_bytes).collect()].concat()
    };
    let attached = [b"\0image/jpeg\0\x03\0", &cover[..]].concat();
    let version_4 = [
        frame(b"TXXX", [0, 0], b"\x03other\0thing"),
        frame(b"TIT2", [0, 0], "\x03Tïtle\0second".as_bytes()),
        frame(b"TPE1", [0, 0], &utf16("Ärtist")),
        frame(b"APIC", [0, 0], &attached),
    ]
    .concat();
    let short = |id: &[u8], content: &[u8]| {
        let [_, length @ ..] = (content.len() as u32).to_be_bytes();
        [id, &length, content].concat()
    };
    let version_2 = [
        short(b"TT2", b"\0T\xeftle"),
        short(b"TP1", b"\0\xc4rtist"),
        short(b"PIC", &[b"\0JPG\x03\0", &cover[..]].concat()),
    ]
    .concat();
    // Every 0xff is followed by a zero that is not the picture's.
    let plain = [
        [&b"TIT2"[..], &6u32.to_be_bytes(), &[0, 0], b"\0T\xeftle"].concat(),
        [&b"TPE1"[..], &7u32.to_be_bytes(), &[0, 0], b"\0\xc4rtist"].concat(),
        [&b"APIC"[..], &(attached.len() as u32).to_be_bytes(), &[0, 0], &attached].concat(),
    ]
    .concat();
    let mut stuffed = Vec::new();
    for byte in plain {
        stuffed.push(byte);
        if byte == 0xff {
            stuffed.push(0);
        }
    }
    let mut old = vec![0; 128];
    old[..9].copy_from_slice(b"TAGT\xeftle ");
    old[33..39].copy_from_slice(b"\xc4rtist");
    let mut picture = [&3u32.to_be_bytes()[..], &10u32.to_be_bytes(), b"image/jpeg"].concat();
    picture.extend([0; 20]);
    picture.extend((cover.len() as u32).to_be_bytes());
    picture.extend(&cover);
    let words = [b"title=T\xc3\xaftle".to_vec(), b"ARTIST=\xc3\x84rtist".to_vec()];
    let ilst = [
        item(b"\xa9nam", 1, "Tïtle".as_bytes()),
        item(b"\xa9ART", 1, "Ärtist".as_bytes()),
        item(b"covr", 13, &cover),
    ]
    .concat();
    let list = [b"INFO", &little(b"INAM", b"T\xeftle\0")[..], &little(b"IART", b"\xc4rtist")];
    let front = [b"cover.jpg\0", &cover[..]].concat();
    let keys = [("Title", "Tïtle".as_bytes()), ("ARTIST", "Ärtist".as_bytes())];
    for (name, bytes, has_cover) in [
        ("ID3v2.4", [id3(4, 0, &version_4), mpeg()].concat(), true),
        ("ID3v2.2", [id3(2, 0, &version_2), mpeg()].concat(), true),
        ("ID3v2.3, unsynchronised", [id3(3, 0x80, &stuffed), mpeg()].concat(), true),
        ("ID3v1", [mpeg(), old.clone()].concat(), false),
        (
            "APE",
            [mpeg(), ape(&[&keys[..], &[("Cover Art (Front)", &front)]].concat())].concat(),
            true,
        ),
        ("APE before ID3v1", [mpeg(), ape(&keys), old].concat(), false),
        ("FLAC", flac(&[(4, comments(&words)), (6, picture)]), true),
        ("Opus", opus(&words), false),
        ("Opus over pages", opus(&[&[vec![b'x'; 200_000]], &words[..]].concat()), false),
        ("MP4", mp4(&user_data(&ilst)), true),
        ("WAVE", wave(&little(b"LIST", &list.concat())), false),
        ("WAVE with ID3", wave(&little(b"id3 ", &id3(4, 0, &version_4))), true),
        ("AIFF", aiff(&[big(b"NAME", b"T\xeftle"), big(b"AUTH", b"\xc4rtist")].concat()), false),
        ("FLAC with ID3", [id3(4, 0, &version_4), flac(&[])].concat(), true),
    ] {
        let track = upload(&assets, bytes).await;
        assert_eq!(track.status, TrackStatus::Ready, "{name}: {:?}", track.status_message);
        assert_eq!(track.player_title.as_deref(), Some("Tïtle"), "{name}");
        assert_eq!(track.player_subtitle.as_deref(), Some("Ärtist"), "{name}");
        assert_eq!(track.cover.is_some(), has_cover, "{name}");
        let seconds = track.duration.unwrap();
        assert!((0.9..=11.0).contains(&seconds), "{name}: {seconds}");
    }
}

#[tokio::test]
async fn recordings_made_to_be_slow_are_given_up() {
    let (assets, _) = in_memory().await;
    let adts = [0xff, 0xf1, 0x50, 0x80, 0, 0xff, 0xfc];
    for (name, bytes) in [
        ("false frames", [&[0xff, 0xfb, 0x90, 0xc4][..], &vec![0xff; 8 * MIB]].concat()),
        ("empty boxes", {
            let boxes = mp4_box(b"free", b"").repeat(MIB);
            [mp4_box(b"ftyp", b"M4A \0\0\0\0M4A "), boxes].concat()
        }),
        ("empty blocks", {
            let mut bytes = flac(&[]);
            bytes.truncate(42);
            bytes[4] = 0;
            bytes.extend([2, 0, 0, 0].repeat(2 * MIB));
            bytes
        }),
        ("false ADTS", [&adts[..], &[0xff, 0xf1].repeat(4 * MIB)].concat()),
        ("chunks", wave(&little(b"junk", b"").repeat(MIB))),
    ] {
        let track = upload(&assets, bytes).await;
        assert_eq!(track.status, TrackStatus::Failed, "{name}: {track:?}");
        assert!(track.status_message.is_some(), "{name}");
    }
    let track = upload(&assets, [&[0xff, 0xfb, 0x90, 0xc4][..], &vec![0xff; 8 * MIB]].concat());
    let message = track.await.status_message.unwrap();
    assert_eq!(message, "reading it took more than 2000000 steps, which is the limit");
}

#[tokio::test]
async fn tags_made_to_be_slow_or_deep_do_not_stop_a_recording() {
    let (assets, _) = in_memory().await;
    let title = frame(b"TIT2", [0, 0], b"\x03Title");
    let mut nested = title.clone();
    for _ in 0..5000 {
        nested = frame(b"CHAP", [0, 0], &[b"a\0", &[0; 16][..], &nested].concat());
    }
    let many: Vec<u8> = (0..200_000)
        .flat_map(|n| frame(b"TXXX", [0, 0], format!("\x03{n:06}\0").as_bytes()))
        .collect();
    // Declares 256 MiB of zeroes in few bytes.
    let bomb = frame(b"APIC", [0, 0x09], &[&[0x7f; 4][..], b"\x78\x9c", &[0; 64]].concat());
    let huge = [&b"TPE1"[..], &synchsafe(1 << 27), &[0, 0], b"\x03x"].concat();
    let item = item(b"\xa9cmt", 1, b"a");
    for (name, bytes, found) in [
        ("nested chapters", [id3(4, 0, &[&title, &nested[..]].concat()), mpeg()].concat(), true),
        ("many frames", [id3(4, 0, &[&title, &many[..]].concat()), mpeg()].concat(), true),
        ("many frames before", [id3(4, 0, &[&many, &title[..]].concat()), mpeg()].concat(), false),
        (
            "a compressed picture",
            [id3(4, 0, &[bomb, title.clone()].concat()), mpeg()].concat(),
            true,
        ),
        ("a huge frame", [id3(4, 0, &[&title, &huge[..]].concat()), mpeg()].concat(), true),
        ("many comments", flac(&[(4, comments(&vec![b"a=b".to_vec(); 2 * MIB]))]), false),
        ("many items", mp4(&user_data(&item.repeat(400_000))), false),
        (
            "many APE items",
            {
                let items = vec![("key", &b"v"[..]); 200_000];
                [mpeg(), ape(&items)].concat()
            },
            false,
        ),
    ] {
        let track = upload(&assets, bytes).await;
        assert_eq!(track.status, TrackStatus::Ready, "{name}: {:?}", track.status_message);
        assert_eq!(track.player_title.as_deref(), found.then_some("Title"), "{name}");
    }
}

#[tokio::test]
async fn long_recordings_are_read() {
    let (assets, _) = in_memory().await;
    // Frames of 371 bytes, 1024 samples each at 44.1 kHz.
    let mut frame = vec![0; 371];
    let length = frame.len() as u32;
    let header = [
        0xff,
        0xf1,
        0x50,
        0x80 | (length >> 11) as u8,
        (length >> 3) as u8,
        ((length & 7) << 5) as u8 | 0x1f,
        0xfc,
    ];
    frame[..7].copy_from_slice(&header);
    let frames = 150_000;
    let track = upload(&assets, frame.repeat(frames)).await;
    let seconds = frames as f64 * 1024.0 / 44_100.0;
    let told = track.duration.unwrap();
    assert!((told / seconds - 1.0).abs() < 0.05, "{told} instead of {seconds}");

    let track = upload(&assets, mpeg().repeat(3000)).await;
    let told = track.duration.unwrap();
    assert!((told / (3000.0 * 0.9927) - 1.0).abs() < 0.05, "{told}");
}

/// The database of a service in this directory.
async fn database(folder: &Path) -> sqlx::SqlitePool {
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(folder.join("catalog.sqlite"));
    sqlx::SqlitePool::connect_with(options).await.unwrap()
}

#[tokio::test]
async fn a_reading_that_is_interrupted_three_times_fails_and_may_be_tried_anew() {
    let folder = tempfile::tempdir().unwrap();
    let assets = Assets::open(folder.path(), Settings::default()).await.unwrap();
    let track = upload(&assets, wave(b"")).await;
    assets.close().await;
    drop(assets);

    // As processes leave it that ended while they read it.
    let pool = database(folder.path()).await;
    for left in [
        "UPDATE tracks SET status = 'processing', duration = NULL",
        "INSERT INTO recording_jobs SELECT id, tenant, 3, 3, 9000000000000000, 0 FROM tracks",
    ] {
        sqlx::query(left).execute(&pool).await.unwrap();
    }
    pool.close().await;

    let assets = Assets::open(folder.path(), Settings::default()).await.unwrap();
    let track = loop {
        let track = assets.track("label", track.id).await.unwrap();
        if track.status != TrackStatus::Processing {
            break track;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    assert_eq!(track.status, TrackStatus::Failed);
    let message = "reading it was interrupted 3 times; upload it again";
    assert_eq!(track.status_message.as_deref(), Some(message));

    let what = TicketFor::TrackAudio(track.id);
    let ticket = assets.issue_ticket("label", what, HOUR, None).await.unwrap();
    let track = assets.redeem_audio(&ticket.token, Spooled::of(wave(b""))).await.unwrap();
    assert_eq!((track.status, track.status_message), (TrackStatus::Ready, None));
    let refused = assets.issue_ticket("label", what, HOUR, None).await.unwrap_err();
    assert_eq!(refused.code(), "conflict");
}

#[tokio::test]
async fn a_picture_that_is_no_cover_leaves_the_recording_ready() {
    let (assets, _) = in_memory().await;
    let attached = frame(b"APIC", [0, 0], b"\0image/png\0\x03\0\x89PNG and no more");
    let track = upload(&assets, [id3(4, 0, &attached), mpeg()].concat()).await;
    assert_eq!(track.status, TrackStatus::Ready);
    assert_eq!(track.cover, None);
}
