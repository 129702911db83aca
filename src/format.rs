//! Which of the four formats the bytes are, from the bytes alone.

use std::fmt;
use std::str::FromStr;

/// An image format that gatefold reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "lowercase"))]
#[non_exhaustive]
pub enum Format {
    /// Portable Network Graphics, APNG included.
    Png,
    /// JPEG (JFIF, Exif and bare).
    Jpeg,
    /// WebP, lossy, lossless and animated.
    #[cfg_attr(feature = "serde", serde(rename = "webp"))]
    WebP,
    /// GIF 87a and 89a.
    Gif,
}

/// Extensions of other pictures, of documents, archives, sound and film, and of what is run.
const OTHER_CONTENT: [&str; 61] = [
    "avif", "bmp", "cur", "heic", "heif", "ico", "jp2", "jxl", "psd", "svg", "svgz", "tif", "tiff",
    "css", "csv", "doc", "docx", "eml", "htm", "html", "md", "pdf", "rtf", "shtml", "txt", "xhtml",
    "xls", "xlsx", "xml", "7z", "gz", "rar", "tar", "zip", "avi", "flac", "mov", "mp3", "mp4",
    "ogg", "wav", "webm", "asp", "aspx", "bat", "cgi", "cmd", "com", "dll", "exe", "jar", "js",
    "json", "jsp", "mjs", "php", "phtml", "ps1", "py", "scr", "sh",
];

impl Format {
    /// Every format, in the order of the names above.
    pub const ALL: [Self; 4] = [Self::Png, Self::Jpeg, Self::WebP, Self::Gif];

    /// The format whose signature opens `bytes`, or `None`.
    ///
    /// `infer` gives the first opinion; the header must then agree, because a magic number alone
    /// also opens files that are something else (MNG, a PNG mangled by a text transfer, a RIFF
    /// container of another kind).
    ///
    /// ```
    /// use gatefold::Format;
    /// assert_eq!(Format::sniff(b"GIF89a\x01\0\x01\0\0\0\0"), Some(Format::Gif));
    /// assert_eq!(Format::sniff(b"<svg/>"), None);
    /// ```
    pub fn sniff(bytes: &[u8]) -> Option<Self> {
        let format = match infer::get(bytes)?.mime_type() {
            "image/png" => Self::Png,
            "image/jpeg" => Self::Jpeg,
            "image/webp" => Self::WebP,
            "image/gif" => Self::Gif,
            _ => return None,
        };
        format.signature_matches(bytes).then_some(format)
    }

    fn signature_matches(self, bytes: &[u8]) -> bool {
        match self {
            Self::Png => bytes.starts_with(b"\x89PNG\r\n\x1a\n"),
            Self::Jpeg => bytes.starts_with(&[0xff, 0xd8, 0xff]),
            Self::WebP => bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP"),
            Self::Gif => bytes.starts_with(b"GIF87a") || bytes.starts_with(b"GIF89a"),
        }
    }

    /// The lower-case name: `png`, `jpeg`, `webp` or `gif`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Jpeg => "jpeg",
            Self::WebP => "webp",
            Self::Gif => "gif",
        }
    }

    /// The usual file extension, without the dot.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            other => other.name(),
        }
    }

    /// The registered media type.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::WebP => "image/webp",
            Self::Gif => "image/gif",
        }
    }

    /// The format that a file name's extension claims, or `None` when it claims none of ours.
    ///
    /// ```
    /// use gatefold::Format;
    /// assert_eq!(Format::from_file_name("Cover.JPEG"), Some(Format::Jpeg));
    /// assert_eq!(Format::from_file_name("cover"), None);
    /// ```
    pub fn from_file_name(name: &str) -> Option<Self> {
        let (_, extension) = name.rsplit_once('.')?;
        match extension.to_ascii_lowercase().as_str() {
            "png" | "apng" => Some(Self::Png),
            "jpg" | "jpeg" | "jpe" | "jfif" | "pjpeg" | "pjp" => Some(Self::Jpeg),
            "webp" => Some(Self::WebP),
            "gif" => Some(Self::Gif),
            _ => None,
        }
    }

    /// Whether a file name's extension claims content that a browser or an operating system does
    /// something else with than show one of our formats. Extensions that say nothing (`.tmp`,
    /// `.bin`, `.part`) claim nothing.
    pub(crate) fn is_other_claimed(name: &str) -> bool {
        let extension = name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
        extension.is_some_and(|extension| OTHER_CONTENT.contains(&extension.as_str()))
    }

    /// The format that a media type claims; parameters after `;` are ignored.
    ///
    /// ```
    /// use gatefold::Format;
    /// assert_eq!(Format::from_media_type("image/JPEG; q=1"), Some(Format::Jpeg));
    /// assert_eq!(Format::from_media_type("application/octet-stream"), None);
    /// ```
    pub fn from_media_type(media_type: &str) -> Option<Self> {
        let essence = media_type.split(';').next()?.trim().to_ascii_lowercase();
        match essence.as_str() {
            "image/png" | "image/x-png" | "image/apng" | "image/vnd.mozilla.apng" => {
                Some(Self::Png)
            }
            "image/jpeg" | "image/jpg" | "image/pjpeg" => Some(Self::Jpeg),
            "image/webp" => Some(Self::WebP),
            "image/gif" => Some(Self::Gif),
            _ => None,
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The text named no format that gatefold knows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is no image format known here; use png, jpeg, webp or gif")]
pub struct UnknownFormatName(pub String);

impl FromStr for Format {
    type Err = UnknownFormatName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.to_ascii_lowercase().as_str() {
            "png" => Ok(Self::Png),
            "jpeg" | "jpg" => Ok(Self::Jpeg),
            "webp" => Ok(Self::WebP),
            "gif" => Ok(Self::Gif),
            _ => Err(UnknownFormatName(text.to_owned())),
        }
    }
}
