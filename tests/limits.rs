//! Every limit and rule: what is at the limit passes, one more is refused with both numbers.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod make;

use gatefold::{ColorModel, DuplicateRule, Error, Format, Pipeline, Policy, Rule, Upload};

fn pipeline(set: impl FnOnce(&mut Policy)) -> Pipeline {
    let mut policy = Policy::default();
    set(&mut policy);
    Pipeline::builder(policy).build().unwrap()
}

fn refusal(pipeline: &Pipeline, bytes: &[u8]) -> Error {
    pipeline.check(&Upload::new(bytes)).expect_err("refused")
}

/// The policy with the limit at `n` takes the file, at `n - 1` it refuses it with this code and a
/// message that names both numbers.
fn at_and_past(bytes: &[u8], n: u64, code: &str, set: impl Fn(&mut Policy, u64)) {
    let at = pipeline(|policy| set(policy, n));
    at.check(&Upload::new(bytes)).unwrap_or_else(|error| panic!("{code} at the limit: {error}"));
    let past = pipeline(|policy| set(policy, n - 1));
    let error = refusal(&past, bytes);
    assert_eq!(error.code(), code);
    let message = error.to_string();
    assert!(message.contains(&(n - 1).to_string()), "the limit is missing: {message}");
    for result in [past.inspect(&Upload::new(bytes)).err(), past.process(&Upload::new(bytes)).err()]
    {
        assert_eq!(result.expect("every depth refuses").code(), code);
    }
}

#[test]
fn bytes_of_a_slice() {
    let bytes = make::png(5, 5, 0);
    at_and_past(&bytes, bytes.len() as u64, "too_many_bytes", |policy, n| {
        policy.limits.max_bytes = n;
    });
}

#[test]
fn a_stream_is_read_one_byte_past_the_cap_at_most() {
    struct Endless(u64);
    impl std::io::Read for Endless {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            self.0 += buffer.len() as u64;
            buffer.fill(7);
            Ok(buffer.len())
        }
    }
    let pipeline = pipeline(|policy| policy.limits.max_bytes = 1_000);
    assert_eq!(pipeline.read(&[7u8; 1_000][..]).unwrap().bytes().len(), 1_000);
    assert_eq!(pipeline.read(&[7u8; 1_001][..]).unwrap_err().code(), "too_many_bytes");
    let mut endless = Endless(0);
    assert_eq!(pipeline.read(&mut endless).unwrap_err().code(), "too_many_bytes");
    assert_eq!(endless.0, 1_001);
}

#[test]
fn side_pixels_and_least_side() {
    for bytes in
        [make::png(40, 30, 1), make::jpeg(40, 30, 1), make::webp(40, 30, 1), make::gif(40, 30, 1)]
    {
        at_and_past(&bytes, 40, "side_too_long", |policy, n| policy.limits.max_side = n as u32);
        at_and_past(&bytes, 1_200, "too_many_pixels", |policy, n| policy.limits.max_pixels = n);
        let least = |n| pipeline(move |policy| policy.min_side = n);
        least(30).check(&Upload::new(&bytes)).unwrap();
        assert_eq!(refusal(&least(31), &bytes).code(), "side_too_short");
    }
}

#[test]
fn frames_and_their_pixels() {
    for bytes in [make::apng(10, 10, 4), make::gif(10, 10, 4)] {
        at_and_past(&bytes, 4, "too_many_frames", |policy, n| policy.limits.max_frames = n);
        at_and_past(&bytes, 400, "too_many_frame_pixels", |policy, n| {
            policy.limits.max_frame_pixels = n;
        });
    }
}

#[test]
fn metadata_inflated_or_not() {
    let plain = make::with_chunk(
        make::png(4, 4, 0),
        *b"tEXt",
        &[b"Comment\0".as_slice(), &[b'x'; 500]].concat(),
    );
    let metadata = pipeline(|_| {}).inspect(&Upload::new(&plain)).unwrap();
    let n = metadata.structure().unwrap().metadata_bytes();
    assert!((500..=540).contains(&n), "{n}");
    at_and_past(&plain, n, "too_much_metadata", |policy, n| policy.limits.max_metadata_bytes = n);

    let mut encoder =
        flate2::write::ZlibEncoder::new(b"Comment\0\0".to_vec(), flate2::Compression::best());
    std::io::Write::write_all(&mut encoder, &vec![b'x'; 100_000]).unwrap();
    let deflated = make::with_chunk(make::png(4, 4, 0), *b"zTXt", &encoder.finish().unwrap());
    let small = pipeline(|policy| policy.limits.max_metadata_bytes = 99_000);
    assert_eq!(refusal(&small, &deflated).code(), "too_much_metadata");
    pipeline(|policy| policy.limits.max_metadata_bytes = 101_000)
        .check(&Upload::new(&deflated))
        .unwrap();
}

#[test]
fn parts() {
    let mut bytes = make::png(4, 4, 0);
    for _ in 0..7 {
        bytes = make::with_chunk(bytes, *b"tEXt", b"a\0b");
    }
    let n =
        pipeline(|_| {}).inspect(&Upload::new(&bytes)).unwrap().structure().unwrap().parts().len();
    at_and_past(&bytes, n as u64, "too_many_parts", |policy, n| policy.limits.max_parts = n);
}

#[test]
fn scans() {
    let bytes = make::jpeg_with(64, 64, 3, 85, |encoder| encoder.set_progressive(true));
    let scans = bytes.windows(2).filter(|pair| *pair == [0xff, 0xda]).count() as u64;
    assert!(scans > 2);
    at_and_past(&bytes, scans, "too_many_scans", |policy, n| policy.limits.max_scans = n);
}

#[test]
fn memory() {
    for bytes in
        [make::png(64, 64, 1), make::jpeg(64, 64, 1), make::webp(64, 64, 1), make::gif(64, 64, 1)]
    {
        let generous = pipeline(|policy| policy.limits.max_memory = 16 * 1024 * 1024);
        generous.process(&Upload::new(&bytes)).unwrap();
        let tight = pipeline(|policy| policy.limits.max_memory = 64 * 64);
        let error = tight.process(&Upload::new(&bytes)).unwrap_err();
        assert_eq!(error.code(), "too_much_memory");
        assert!(error.to_string().contains("4096"), "{error}");
    }
}

#[test]
fn work() {
    let progressive = make::jpeg_with(64, 64, 3, 85, |encoder| encoder.set_progressive(true));
    for bytes in
        [make::png(64, 64, 1), make::jpeg(64, 64, 1), make::webp(64, 64, 1), make::gif(64, 64, 1)]
    {
        let inspection = pipeline(|_| {}).inspect(&Upload::new(&bytes)).unwrap();
        let work = inspection.structure().unwrap().work();
        at_and_past(&bytes, work, "too_much_work", |policy, n| policy.limits.max_work = n);
    }
    let work = |bytes: &[u8]| {
        pipeline(|_| {}).inspect(&Upload::new(bytes)).unwrap().structure().unwrap().work()
    };
    assert!(work(&progressive) > work(&make::jpeg(64, 64, 3)), "scans are work");
    assert!(work(&make::gif(64, 64, 3)) > work(&make::gif(64, 64, 1)), "frames are work");
}

#[test]
fn time_is_no_verdict() {
    let bytes = make::jpeg(64, 64, 1);
    let upload = Upload::new(&bytes).within(std::time::Duration::ZERO);
    for stopped in [pipeline(|_| {}).check(&upload).err(), pipeline(|_| {}).process(&upload).err()]
    {
        let stopped = stopped.unwrap();
        assert!(matches!(stopped, Error::TookTooLong { .. }) && !stopped.is_rejected());
        assert_eq!((stopped.code(), stopped.inspection()), ("took_too_long", None));
    }
    let stop = gatefold::Cancellation::new();
    stop.cancel();
    let upload = upload.cancelled_by(&stop);
    assert_eq!(pipeline(|_| {}).check(&upload).unwrap_err().code(), "cancelled");
    let upload = Upload::new(&bytes).within(std::time::Duration::from_secs(600));
    pipeline(|_| {}).process(&upload).unwrap();
}

#[test]
fn formats() {
    let only_png = pipeline(|policy| policy.formats = vec![Format::Png]);
    only_png.check(&Upload::new(make::png(4, 4, 0))).unwrap();
    for bytes in [make::jpeg(16, 16, 0), make::webp(4, 4, 0), make::gif(4, 4, 1)] {
        assert_eq!(refusal(&only_png, &bytes).code(), "format_not_accepted");
    }
}

#[test]
fn squares() {
    let square = pipeline(|policy| policy.square = true);
    square.check(&Upload::new(make::png(9, 9, 0))).unwrap();
    let error = refusal(&square, &make::png(9, 10, 0));
    assert_eq!((error.code(), error.to_string().contains("9x10")), ("not_square", true));
}

#[test]
fn color_models() {
    let rgb = pipeline(|policy| policy.color_model = Some(ColorModel::Rgb));
    rgb.check(&Upload::new(make::jpeg(16, 16, 0))).unwrap();
    assert_eq!(refusal(&rgb, &make::cmyk_jpeg(16, 16)).code(), "wrong_color_model");
}

#[test]
fn animations_and_metadata_by_rule() {
    let animated = make::gif(8, 8, 2);
    let described = make::with_segment(&make::jpeg(16, 16, 0), 0xe1, &make::exif(1, "a day out"));
    for (bytes, code) in
        [(animated, "animation_not_accepted"), (described, "metadata_not_accepted")]
    {
        let under =
            |rule: Rule| pipeline(|policy| (policy.animation, policy.metadata) = (rule, rule));
        let silent = under(Rule::Allow).check(&Upload::new(&bytes)).unwrap();
        assert!(silent.findings().is_empty(), "{:?}", silent.findings());
        let warned = under(Rule::Warn).check(&Upload::new(&bytes)).unwrap();
        assert_eq!(
            warned.findings().iter().map(gatefold::Finding::code).collect::<Vec<_>>(),
            [code]
        );
        assert_eq!(refusal(&under(Rule::Reject), &bytes).code(), code);
    }
}

#[test]
fn claims_are_compared_never_believed() {
    let png = make::png(4, 4, 0);
    let spoofed = |upload: Upload<'_>| {
        let inspection = pipeline(|_| {}).check(&upload).unwrap();
        assert_eq!(inspection.format(), Some(Format::Png));
        inspection.findings().iter().any(|finding| finding.code() == "spoofed_type")
    };
    assert!(!spoofed(
        Upload::new(&png).claiming_name("cover.PNG").claiming_media_type("image/png")
    ));
    assert!(!spoofed(
        Upload::new(&png)
            .claiming_name("example.file")
            .claiming_media_type("application/octet-stream")
    ));
    assert!(spoofed(Upload::new(&png).claiming_name("cover.jpg")));
    // What would be run or shown as something else is claimed wrongly, too; `.tmp` claims nothing.
    assert!(spoofed(Upload::new(&png).claiming_name("cover.png.HTML")));
    assert!(spoofed(Upload::new(&png).claiming_name("cover.exe")));
    assert!(!spoofed(Upload::new(&png).claiming_name("cover.tmp")));
    assert!(spoofed(Upload::new(&png).claiming_media_type("image/gif; q=1")));
    assert!(spoofed(Upload::new(&png).claiming_media_type("image/avif")));
    for name in ["cover.exe", "cover.png.html", "cover.SVG", "cover.php", "cover.heic"] {
        assert!(spoofed(Upload::new(&png).claiming_name(name)), "{name}");
    }
    for name in ["cover", "cover.", ".png", "cover.v2", "a.b.c"] {
        assert!(!spoofed(Upload::new(&png).claiming_name(name)), "{name}");
    }
    for media_type in ["text/html", "application/pdf", "video/mp4"] {
        assert!(spoofed(Upload::new(&png).claiming_media_type(media_type)), "{media_type}");
    }
    for media_type in ["", "*/*", "image/*", "application/x-www-form-urlencoded"] {
        assert!(!spoofed(Upload::new(&png).claiming_media_type(media_type)), "{media_type}");
    }
    let strict = Pipeline::builder(Policy::strict()).build().unwrap();
    let error = strict.check(&Upload::new(&png).claiming_name("cover.jpg")).unwrap_err();
    assert_eq!(error.code(), "spoofed_type");
}

#[test]
fn presets_have_the_numbers_of_their_apis() {
    let facts = |policy: Policy| {
        (policy.limits.max_bytes / (1024 * 1024), policy.formats.len(), policy.duplicates)
    };
    assert_eq!(facts(Policy::moov()), (16, 3, DuplicateRule::Reject));
    assert_eq!(facts(Policy::audiodelivery()), (16, 4, DuplicateRule::Allow));
    assert_eq!(facts(Policy::audicient()), (25, 4, DuplicateRule::Allow));
    assert_eq!(facts(Policy::backoffice()), (15, 4, DuplicateRule::Allow));
    let release = Policy::audicient_release();
    assert_eq!(
        (release.min_side, release.square, release.color_model),
        (3_000, true, Some(ColorModel::Rgb))
    );
    assert!(
        Policy::PRESETS
            .iter()
            .all(|name| Policy::preset(name).is_some_and(|policy| policy.name == *name))
    );
}
