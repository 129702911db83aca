//! A folder of its own for each test, pictures to put into it, and the command to run on them.

use std::ffi::OsStr;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// A new folder under the system's temporary one; removed at the end of the test.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("gatefold-{}-{count}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn join(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Writes a file, and the folders above it.
    pub(crate) fn with(self, name: &str, bytes: &[u8]) -> Self {
        let path = self.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
        self
    }

    /// The command, run in this folder.
    pub(crate) fn gatefold<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Ran {
        Ran::of(self.command(args).stdin(Stdio::null()).output().unwrap())
    }

    /// The command, run in this folder with these bytes on standard input.
    pub(crate) fn piped<A: AsRef<OsStr>>(
        &self,
        args: impl IntoIterator<Item = A>,
        input: &[u8],
    ) -> Ran {
        let mut child = self
            .command(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input).unwrap();
        Ran::of(child.wait_with_output().unwrap())
    }

    pub(crate) fn command<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gatefold"));
        command.current_dir(&self.0).env_remove("NO_COLOR").args(args);
        command
    }

    /// The command, run in this folder by another one, to which it is the first argument.
    #[cfg(unix)]
    pub(crate) fn wrapped<'a, A: AsRef<OsStr>>(
        &self,
        by: impl IntoIterator<Item = &'a str>,
        args: impl IntoIterator<Item = A>,
    ) -> Command {
        let mut by = by.into_iter();
        let mut command = Command::new(by.next().unwrap());
        command.current_dir(&self.0).args(by).arg(env!("CARGO_BIN_EXE_gatefold")).args(args);
        command
    }

    /// The names in a folder below this one, sorted.
    pub(crate) fn list(&self, name: &str) -> Vec<String> {
        let mut names: Vec<String> = std::fs::read_dir(self.join(name))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) raw: Vec<u8>,
    pub(crate) err: String,
}

impl Ran {
    fn of(output: Output) -> Self {
        Self {
            code: output.status.code().expect("the command was killed"),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            raw: output.stdout,
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// The rows of `--json`.
    pub(crate) fn rows(&self) -> Vec<serde_json::Value> {
        self.out
            .lines()
            .map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}")))
            .collect()
    }

    /// The text at this key of every row.
    pub(crate) fn texts(&self, key: &str) -> Vec<String> {
        let text = |row: serde_json::Value| row[key].as_str().unwrap_or("null").to_owned();
        self.rows().into_iter().map(text).collect()
    }
}

/// The keys of an object in the order in which it was written.
pub(crate) fn keys(line: &str) -> Vec<String> {
    struct Keys(Vec<String>);
    impl<'de> serde::Deserialize<'de> for Keys {
        fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
            struct Visitor;
            impl<'de> serde::de::Visitor<'de> for Visitor {
                type Value = Keys;
                fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    f.write_str("an object")
                }
                fn visit_map<M: serde::de::MapAccess<'de>>(
                    self,
                    mut map: M,
                ) -> Result<Keys, M::Error> {
                    let mut keys = Vec::new();
                    while let Some((key, _)) = map.next_entry::<String, serde::de::IgnoredAny>()? {
                        keys.push(key);
                    }
                    Ok(Keys(keys))
                }
            }
            from.deserialize_map(Visitor)
        }
    }
    serde_json::from_str::<Keys>(line).unwrap().0
}

/// A picture with enough in it to have colours and a perceptual hash; `seed` gives another one.
pub(crate) fn pixels(width: u32, height: u32, seed: u32) -> Vec<u8> {
    let mut samples = Vec::new();
    for y in 0..height {
        for x in 0..width {
            // Blocks relative to the size, so that another size shows the same picture.
            let (bx, by) = (x * 8 / width, y * 8 / height);
            let hash = (bx * 73 + by * 151 + seed * 977).wrapping_mul(2_654_435_761);
            samples.extend([(hash >> 24) as u8, (hash >> 16) as u8, (hash >> 8) as u8]);
        }
    }
    samples
}

pub(crate) fn png(width: u32, height: u32, seed: u32) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, width, height);
    encoder.set_color(png::ColorType::Rgb);
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(&pixels(width, height, seed)).unwrap();
    writer.finish().unwrap();
    file
}

/// A PNG of the same pixels whose coded picture is cut into chunks of one byte.
pub(crate) fn png_in_pieces(width: u32, height: u32, seed: u32) -> Vec<u8> {
    let whole = png(width, height, seed);
    let mut file = whole[..8].to_vec();
    let mut at = 8;
    while at < whole.len() {
        let length = u32::from_be_bytes(whole[at..at + 4].try_into().unwrap()) as usize;
        let (name, data) = (&whole[at + 4..at + 8], &whole[at + 8..at + 8 + length]);
        let size = if name == b"IDAT" { 1 } else { length.max(1) };
        let mut pieces: Vec<&[u8]> = data.chunks(size).collect();
        if data.is_empty() {
            pieces.push(data);
        }
        for piece in pieces {
            file.extend(u32::try_from(piece.len()).unwrap().to_be_bytes());
            let covered = [name, piece].concat();
            file.extend(&covered);
            file.extend(crc32fast::hash(&covered).to_be_bytes());
        }
        at += 12 + length;
    }
    file
}

pub(crate) fn jpeg(width: u16, height: u16, seed: u32) -> Vec<u8> {
    let mut file = Vec::new();
    jpeg_encoder::Encoder::new(&mut file, 90)
        .encode(
            &pixels(width.into(), height.into(), seed),
            width,
            height,
            jpeg_encoder::ColorType::Rgb,
        )
        .unwrap();
    file
}
