//! Which image formats a client takes (RFC 9110 12.5.1), and which of them it gets.

use axum::http::HeaderMap;
use axum::http::header::ACCEPT;

use crate::service::Asset;
use crate::{Format, OutputFormat};

/// A client's liking of the formats that renditions are written in, in thousandths; 0 is a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Accept {
    jpeg: u16,
    png: u16,
    webp: u16,
}

impl Accept {
    /// What the header says; without one, and where it names nothing at all, everything is welcome.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let lines = headers.get_all(ACCEPT).iter().filter_map(|line| line.to_str().ok());
        let ranges: Vec<(String, u16)> =
            lines.flat_map(|line| split(line, ',')).filter_map(range).collect();
        if ranges.is_empty() {
            return Self { jpeg: 1000, png: 1000, webp: 1000 };
        }
        // The most specific range that fits decides, wherever it stands.
        let liking = |name: &str| {
            let said = |wanted: &str| {
                ranges.iter().filter(|(range, _)| range == wanted).map(|(_, q)| *q).max()
            };
            said(name).or_else(|| said("image/*")).or_else(|| said("*/*")).unwrap_or(0)
        };
        Self { jpeg: liking("image/jpeg"), png: liking("image/png"), webp: liking("image/webp") }
    }

    /// The format to write a rendition of this picture in; `None` when the client takes none of
    /// ours.
    ///
    /// A picture that declares alpha goes out in a format with alpha where one is taken at all, for
    /// flattening loses more than a client's taste is worth. Otherwise the best liked wins, and among
    /// equals the format of the picture itself.
    pub(crate) fn choose(self, asset: &Asset) -> Option<OutputFormat> {
        let Self { jpeg, png, webp } = self;
        if jpeg == 0 && png == 0 && webp == 0 {
            return None;
        }
        if asset.has_alpha && (png > 0 || webp > 0) {
            let same = asset.format == Format::WebP;
            return Some(if webp > png || (webp == png && same) {
                OutputFormat::WebP
            } else {
                OutputFormat::Png
            });
        }
        // A lossy WebP comes out as JPEG where it cannot be written again as it was.
        if asset.format == Format::WebP && webp > 0 && jpeg > 0 && webp >= jpeg.max(png) {
            return Some(OutputFormat::SameAsInput);
        }
        let natural = match asset.format {
            Format::Png | Format::Gif => OutputFormat::Png,
            _ => OutputFormat::Jpeg,
        };
        // Without a lossy encoder a photograph as WebP has many times its bytes: the last resort.
        let webp = if cfg!(not(feature = "libwebp")) && jpeg > 0 && natural == OutputFormat::Jpeg {
            0
        } else {
            webp
        };
        let order = match natural {
            OutputFormat::Png => {
                [(OutputFormat::Png, png), (OutputFormat::Jpeg, jpeg), (OutputFormat::WebP, webp)]
            }
            _ => [(OutputFormat::Jpeg, jpeg), (OutputFormat::Png, png), (OutputFormat::WebP, webp)],
        };
        let best = order.iter().map(|(_, q)| *q).max()?;
        order.iter().find(|(_, q)| *q == best).map(|(format, _)| *format)
    }
}

/// The members of a list; a separator may stand inside a quoted string.
fn split(text: &str, separator: char) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped) = (false, false);
    text.split(move |c| {
        let inside = quoted;
        if !std::mem::take(&mut escaped) {
            escaped = inside && c == '\\';
            quoted ^= c == '"';
        }
        c == separator && !inside
    })
}

/// A media range in lower case without its parameters, and its weight; `None` for what is no range.
fn range(text: &str) -> Option<(String, u16)> {
    let mut parts = split(text, ';');
    let media = parts.next()?.trim().to_ascii_lowercase();
    let media = match media.as_str() {
        // Java's `HttpURLConnection` writes this.
        "*" => "*/*",
        "image/jpg" | "image/pjpeg" => "image/jpeg",
        "image/x-png" => "image/png",
        media => media,
    };
    let (kind, name) = media.split_once('/')?;
    if kind.is_empty() || name.is_empty() {
        return None;
    }
    let weight = parts.find_map(|part| {
        let (name, value) = part.split_once('=')?;
        name.trim().eq_ignore_ascii_case("q").then(|| thousandths(value.trim()))
    });
    Some((media.to_owned(), weight.unwrap_or(1000)))
}

/// RFC 9110 12.4.2: 0 to 1 with at most three digits. Clients write `.2` as well, and more digits. A
/// weight that is none is none: the range was named all the same.
fn thousandths(text: &str) -> u16 {
    let (whole, digits) = text.split_once('.').unwrap_or((text, ""));
    let plain = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let some = !whole.is_empty() || !digits.is_empty();
    if !some || !plain(whole) || !plain(digits) || whole.bytes().any(|b| b != b'0') {
        return 1000;
    }
    let part: u16 = format!("{digits:0<3}").get(..3).and_then(|d| d.parse().ok()).unwrap_or(0);
    // However small, a weight that is not 0 is no refusal.
    if part == 0 && digits.bytes().any(|b| b != b'0') { 1 } else { part }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    fn accept(text: &str) -> Accept {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, text.parse().unwrap());
        Accept::of(&headers)
    }

    #[test]
    fn the_most_specific_range_decides_and_zero_refuses() {
        let said = accept("image/jpeg;q=1, image/png;q=0.7, image/webp;q=0");
        assert_eq!(said, Accept { jpeg: 1000, png: 700, webp: 0 });
        let said = accept("*/*;q=0.1, image/*; q=0.5 ,IMAGE/WEBP;Q=0.25");
        assert_eq!(said, Accept { jpeg: 500, png: 500, webp: 250 });
        assert_eq!(accept("text/html"), Accept { jpeg: 0, png: 0, webp: 0 });
        assert_eq!(Accept::of(&HeaderMap::new()), Accept { jpeg: 1000, png: 1000, webp: 1000 });
    }

    #[test]
    fn clients_write_it_in_many_ways() {
        let all = |q| Accept { jpeg: q, png: q, webp: q };
        for (text, expected) in [
            // Java's HttpURLConnection.
            (
                "text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2",
                Accept { jpeg: 1000, png: 200, webp: 200 },
            ),
            ("*;q=.2", all(200)),
            // curl, and browsers for an image.
            ("*/*", all(1000)),
            (
                "image/avif,image/webp,image/png,image/svg+xml,image/*;q=0.8,*/*;q=0.5",
                Accept { jpeg: 800, png: 1000, webp: 1000 },
            ),
            ("image/png;", Accept { jpeg: 0, png: 1000, webp: 0 }),
            ("image/jpg", Accept { jpeg: 1000, png: 0, webp: 0 }),
            ("image/x-png;q=0.5, image/pjpeg", Accept { jpeg: 1000, png: 500, webp: 0 }),
            ("image/webp ; level=1 ; q = 0.5 ; ext", Accept { jpeg: 0, png: 0, webp: 500 }),
            ("image/png;a=\"x,image/jpeg;q=1\";q=0.4", Accept { jpeg: 0, png: 400, webp: 0 }),
            ("image/png;q=1.000, image/jpeg;q=0.12345", Accept { jpeg: 123, png: 1000, webp: 0 }),
            ("image/png;q=0., image/jpeg;q=0.0001", Accept { jpeg: 1, png: 0, webp: 0 }),
            ("image/png;q=2, image/jpeg;q=x, image/webp;q=", all(1000)),
            ("", all(1000)),
            (" , ,", all(1000)),
            ("images", all(1000)),
            ("image/", all(1000)),
        ] {
            assert_eq!(accept(text), expected, "{text}");
        }
    }
}
