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
    /// What the header says; without one everything is welcome.
    pub(crate) fn of(headers: &HeaderMap) -> Self {
        let mut lines = headers.get_all(ACCEPT).iter().peekable();
        if lines.peek().is_none() {
            return Self { jpeg: 1000, png: 1000, webp: 1000 };
        }
        let ranges: Vec<(String, u16)> = lines
            .filter_map(|line| line.to_str().ok())
            .flat_map(|line| line.split(','))
            .filter_map(range)
            .collect();
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

/// A media range in lower case without its parameters, and its weight.
fn range(text: &str) -> Option<(String, u16)> {
    let mut parts = text.split(';');
    let media = parts.next()?.trim().to_ascii_lowercase();
    let mut weight = 1000;
    for part in parts {
        let (name, value) = part.split_once('=')?;
        if name.trim().eq_ignore_ascii_case("q") {
            weight = thousandths(value.trim())?;
        }
    }
    (!media.is_empty()).then_some((media, weight))
}

/// RFC 9110 12.4.2: 0 to 1 with at most three digits.
fn thousandths(text: &str) -> Option<u16> {
    let (whole, digits) = text.split_once('.').unwrap_or((text, ""));
    if digits.len() > 3 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let part: u16 = format!("{digits:0<3}").parse().ok()?;
    match whole {
        "0" => Some(part),
        "1" if part == 0 => Some(1000),
        _ => None,
    }
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
        assert_eq!(accept("image/png;q=2"), Accept { jpeg: 0, png: 0, webp: 0 });
        assert_eq!(Accept::of(&HeaderMap::new()), Accept { jpeg: 1000, png: 1000, webp: 1000 });
    }
}
