//! The test pictures against their manifest, and what follows from a file's first bytes and name.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use common::{folder, manifest};
use gatefold::{Format, Orientation, Policy, Size};

/// What in the folder is no picture: the manifest and what makes it all.
const NOT_PICTURES: [&str; 3] = ["manifest.toml", "make.py", "maker"];

fn sizes_on_disk(from: &Path, root: &Path, into: &mut BTreeMap<String, u64>) {
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let path = entry.path();
        let name = path.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/");
        if NOT_PICTURES.contains(&name.as_str()) {
            continue;
        }
        if path.is_dir() {
            sizes_on_disk(&path, root, into);
        } else {
            into.insert(name, entry.metadata().unwrap().len());
        }
    }
}

#[test]
fn manifest_and_folder_name_the_same_files_with_the_same_sizes() {
    let mut on_disk = BTreeMap::new();
    sizes_on_disk(&folder(), &folder(), &mut on_disk);
    let files = manifest();
    let listed: BTreeMap<_, _> = files.iter().map(|f| (f.path.clone(), f.bytes)).collect();
    assert_eq!(listed.len(), files.len(), "a path is listed twice");
    let apart = |a: &BTreeMap<String, u64>, b: &BTreeMap<String, u64>| {
        a.iter().filter(|(k, v)| b.get(*k) != Some(v)).map(|(k, v)| (k.clone(), *v)).collect()
    };
    let (gone, unlisted): (Vec<_>, Vec<_>) = (apart(&listed, &on_disk), apart(&on_disk, &listed));
    assert!(
        gone.is_empty() && unlisted.is_empty(),
        "only listed: {gone:?}, only there: {unlisted:?}"
    );
    assert!(listed.values().sum::<u64>() < 1_500_000, "the folder is to stay small");
}

#[test]
fn manifest_is_consistent() {
    let files = manifest();
    let by_path: BTreeMap<_, _> = files.iter().map(|f| (f.path.as_str(), f)).collect();
    for f in &files {
        assert_eq!(
            f.code.is_some(),
            !f.is_accepted(),
            "{}: rejected files alone have a code",
            f.path
        );
        assert!(f.findings.is_sorted(), "{}", f.path);
        assert_eq!(f.license, "CC0-1.0", "{}", f.path);
        for other in [&f.same_image_as, &f.same_pixels_as, &f.near].into_iter().flatten() {
            let other =
                by_path.get(other.as_str()).unwrap_or_else(|| panic!("{} names {other}", f.path));
            assert!(other.is_accepted() && f.is_accepted(), "{}", f.path);
            assert_eq!(f.scene, other.scene, "{}", f.path);
        }
        for preset in f.under.keys() {
            assert!(Policy::preset(preset).is_some(), "{}: no preset {preset}", f.path);
        }
        if let Some([width, height]) = f.stored {
            let orientation = Orientation::from_exif(f.orientation.unwrap()).unwrap();
            let shown = orientation.apply_to(Size::new(width, height));
            assert_eq!(f.shown, Some([shown.width, shown.height]), "{}", f.path);
        }
    }
}

#[test]
fn manifest_covers_what_matters() {
    let files = manifest();
    let orientations: BTreeSet<_> = files.iter().filter_map(|f| f.orientation).collect();
    assert!([1, 2, 3, 5, 6, 7, 8].iter().all(|n| orientations.contains(n)), "{orientations:?}");
    for format in Format::ALL {
        let of = || files.iter().filter(|f| f.format.as_deref() == Some(format.name()));
        assert!(of().any(|f| f.is_accepted() && f.findings.is_empty()), "{format}: a clean one");
        assert!(of().any(|f| f.code.as_deref() == Some("truncated")), "{format}: a cut one");
        assert!(
            format == Format::Jpeg || of().any(|f| f.frames > Some(1) && f.has_alpha == Some(true)),
            "{format}: an animation"
        );
    }
    for model in ["grey", "rgb", "cmyk"] {
        assert!(files.iter().any(|f| f.color_model.as_deref() == Some(model)), "{model}");
    }
}

#[test]
fn sniffing_sees_the_format_of_every_file() {
    for f in manifest() {
        let bytes = f.read();
        let name = Format::sniff(&bytes).map(Format::name);
        assert_eq!(name, f.format.as_deref(), "{}", f.path);
    }
}

#[test]
fn sniffing_needs_the_first_bytes_only() {
    for f in manifest() {
        let bytes = f.read();
        let head = bytes.get(..64.min(bytes.len())).unwrap();
        assert_eq!(Format::sniff(head), Format::sniff(&bytes), "{}", f.path);
    }
}

#[test]
fn sniffing_is_not_fooled_by_magic_numbers_alone() {
    let png = common::file("png/rgb.png").read();
    let webp = common::file("webp/lossy.webp").read();
    let patched = |bytes: &[u8], at: usize, with: &[u8]| {
        let mut bytes = bytes.to_vec();
        bytes[at..at + with.len()].copy_from_slice(with);
        bytes
    };
    // A PNG that went through a text transfer, a network graphic of the other kind, RIFF containers
    // of other kinds, a GIF of no version, and images behind other bytes.
    let mut mangled = b"\x89PNG\n\x1a\n".to_vec();
    mangled.extend_from_slice(&png[8..]);
    let mut behind = b"\xef\xbb\xbf".to_vec();
    behind.extend_from_slice(&png);
    let impostors = [
        mangled,
        behind,
        patched(&png, 0, b"\x8aMNG"),
        patched(&webp, 8, b"WAVE"),
        patched(&webp, 8, b"AVI "),
        patched(&webp, 0, b"RIFX"),
        patched(&common::file("gif/still.gif").read(), 3, b"90a"),
        b"\xff\xd8".to_vec(),
        b"\x89PNG".to_vec(),
        b"GIF".to_vec(),
        b"BM\x3a\0\0\0".to_vec(),
        b"II*\0\x08\0\0\0".to_vec(),
        b"\0\0\0\x18ftypavif\0\0\0\0mif1avif".to_vec(),
        b"%PDF-1.7".to_vec(),
        b"PK\x03\x04".to_vec(),
    ];
    for bytes in impostors {
        assert_eq!(Format::sniff(&bytes), None, "{:?}", bytes.get(..16.min(bytes.len())));
    }
}

#[test]
fn names_claim_what_their_extension_says() {
    for f in manifest() {
        let claimed = Format::from_file_name(f.name());
        // The folder is called after the format, but for covers (JPEG) and `other` (anything).
        let expected = match f.path.split('/').next().unwrap() {
            "covers" => Some(Format::Jpeg),
            "other" => continue,
            folder => folder.parse().ok(),
        };
        assert_eq!(claimed, expected, "{}", f.path);
    }
    for (name, claimed) in [
        ("page.svg", None),
        ("png-called.jpg", Some(Format::Jpeg)),
        ("COVER.JPEG", Some(Format::Jpeg)),
        ("a.b.Png", Some(Format::Png)),
        ("moving.apng", Some(Format::Png)),
        ("x.jfif", Some(Format::Jpeg)),
        ("cover.webp", Some(Format::WebP)),
        (".gif", Some(Format::Gif)),
        ("cover.png.exe", None),
        ("png", None),
        ("cover.", None),
        ("", None),
    ] {
        assert_eq!(Format::from_file_name(name), claimed, "{name}");
    }
}

#[test]
fn a_spoofed_name_is_in_the_set() {
    let spoofed = common::file("other/png-called.jpg");
    assert_eq!(spoofed.findings, ["spoofed_type"]);
    assert_ne!(Format::from_file_name(spoofed.name()), Format::sniff(&spoofed.read()));
}
