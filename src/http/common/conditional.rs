//! Entity tags and byte ranges (RFC 9110 sections 13 and 14).

use std::ops::Range;

use axum::http::HeaderMap;
use axum::http::header::{IF_NONE_MATCH, IF_RANGE, RANGE};

/// Whether the client has this already: `If-None-Match` names the tag, by weak comparison (RFC 9110
/// 8.8.3.2), or anything at all.
pub(super) fn client_has(headers: &HeaderMap, etag: &str) -> bool {
    let lines = headers.get_all(IF_NONE_MATCH).iter().filter_map(|line| line.to_str().ok());
    lines.into_iter().any(|line| line.trim() == "*" || tags(line).any(|tag| tag == opaque(etag)))
}

/// A tag without its mark of weakness.
fn opaque(tag: &str) -> &str {
    tag.strip_prefix("W/").unwrap_or(tag)
}

/// The tags of a list, without marks of weakness. A comma may stand inside a tag.
fn tags(list: &str) -> impl Iterator<Item = &str> {
    let mut rest = list;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        if rest.is_empty() {
            return None;
        }
        let body = opaque(rest);
        let end = match body.strip_prefix('"') {
            Some(inner) => inner.find('"').map_or(body.len(), |at| at + 2),
            None => body.find(',').unwrap_or(body.len()),
        };
        let (tag, after) = body.split_at(end);
        rest = after;
        Some(tag.trim_end())
    })
}

/// Which bytes a request wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wanted {
    All,
    Part(Range<u64>),
    /// Nothing that there is: 416.
    Nothing,
}

/// The one range that is asked for. Several, other units and malformed ones are ignored, as RFC 9110
/// 14.2 permits, and so is a range of a representation that the client does not have.
pub(super) fn wanted(headers: &HeaderMap, length: u64, etag: &str) -> Wanted {
    let mut values = headers.get_all(RANGE).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return Wanted::All };
    if let Some(known) = headers.get(IF_RANGE)
        && known.as_bytes() != etag.as_bytes()
    {
        // Strong comparison: no weak tag and no date will do.
        return Wanted::All;
    }
    let Some(set) = value.to_str().ok().and_then(|text| text.trim().strip_prefix("bytes=")) else {
        return Wanted::All;
    };
    let Some((first, last)) = set.trim().split_once('-') else { return Wanted::All };
    let number = |text: &str| -> Option<u64> {
        let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        // A number too large for us is larger than any file.
        digits.then(|| text.parse().unwrap_or(u64::MAX))
    };
    let (first, last) = (first.trim(), last.trim());
    let range = match (number(first), number(last)) {
        (Some(first), Some(last)) if first <= last => first..last.saturating_add(1).min(length),
        (Some(first), None) if last.is_empty() => first..length,
        (None, Some(count)) if first.is_empty() => length.saturating_sub(count)..length,
        _ => return Wanted::All,
    };
    if range.start < range.end { Wanted::Part(range) } else { Wanted::Nothing }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    fn with(name: axum::http::HeaderName, value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(name, value.parse().unwrap());
        headers
    }

    #[test]
    fn tags_compare_weakly_in_lists() {
        let has = |list| client_has(&with(IF_NONE_MATCH, list), "\"a,b\"");
        assert!(has("\"a,b\"") && has("W/\"a,b\"") && has("\"x\" , W/\"y\",\"a,b\"") && has("*"));
        assert!(!has("\"a\"") && !has("a,b") && !has("") && !has("\"a,b"));
    }

    #[test]
    fn ranges() {
        let of = |text| wanted(&with(RANGE, text), 100, "\"t\"");
        assert_eq!(of("bytes=0-9"), Wanted::Part(0..10));
        assert_eq!(of("bytes=90-200"), Wanted::Part(90..100));
        assert_eq!(of("bytes=-5"), Wanted::Part(95..100));
        assert_eq!(of("bytes=-500"), Wanted::Part(0..100));
        assert_eq!(of("bytes=7-"), Wanted::Part(7..100));
        assert_eq!(of("bytes=100-"), Wanted::Nothing);
        assert_eq!(of("bytes=-0"), Wanted::Nothing);
        assert_eq!(of("bytes=99999999999999999999999-"), Wanted::Nothing);
        for ignored in
            ["bytes=9-0", "bytes=0-1,3-4", "items=0-1", "bytes=a-b", "bytes=--1", "bytes=-"]
        {
            assert_eq!(of(ignored), Wanted::All, "{ignored}");
        }
        let mut headers = with(RANGE, "bytes=0-1");
        headers.insert(IF_RANGE, "\"old\"".parse().unwrap());
        assert_eq!(wanted(&headers, 100, "\"t\""), Wanted::All);
    }
}
