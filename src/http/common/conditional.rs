//! Conditional requests and byte ranges (RFC 9110 sections 13 and 14).

use std::ops::Range;
use std::time::{Duration, SystemTime};

use axum::http::header::{
    ETAG, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, IF_UNMODIFIED_SINCE, LAST_MODIFIED,
    RANGE,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};
use httpdate::HttpDate;
use jiff::Timestamp;

use super::failure::{Cause, Failure};
use crate::service::Asset;

/// How old a date must be before it alone names the bytes of something that was changed (RFC 9110
/// 8.8.2.2 says a second; a minute allows for clocks that differ).
const STRONG_AFTER: i64 = 60;

/// What a client may compare a representation by.
#[derive(Debug, Clone)]
pub(crate) struct Validators {
    /// A strong entity tag, with its quotes.
    etag: String,
    /// When it was last changed, in whole seconds of Unix time, as the header tells it.
    modified: i64,
    /// Whether the date alone names the bytes: no other version can have had the same.
    date_is_strong: bool,
}

impl Validators {
    /// Those of a representation of this asset.
    pub(crate) fn of(asset: &Asset, etag: impl Into<String>, now: Timestamp) -> Self {
        let modified = asset.updated_at.as_second();
        let only_version = asset.created_at == asset.updated_at;
        let old = now.as_second().saturating_sub(modified) >= STRONG_AFTER;
        Self { etag: etag.into(), modified, date_is_strong: only_version || old }
    }

    /// `ETag` and `Last-Modified`.
    pub(crate) fn headers(&self) -> impl Iterator<Item = (HeaderName, HeaderValue)> {
        let seconds = Duration::from_secs(u64::try_from(self.modified).unwrap_or(0));
        let date = HttpDate::from(SystemTime::UNIX_EPOCH + seconds).to_string();
        [(ETAG, self.etag.clone()), (LAST_MODIFIED, date)]
            .into_iter()
            .filter_map(|(name, text)| Some((name, HeaderValue::from_str(&text).ok()?)))
    }
}

/// What the conditions of a request come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Precondition {
    /// They hold, or there are none.
    Holds,
    /// They hold for this version; a change must find it unchanged.
    HoldsForVersion,
    /// The client has it already: 304.
    NotModified,
}

/// Evaluates the conditions of a request in the order of RFC 9110 13.2.2, against the representation
/// that it would get or change.
///
/// # Errors
/// 412 `precondition_failed`.
pub(crate) fn precondition(
    method: &Method,
    headers: &HeaderMap,
    current: &Validators,
) -> Result<Precondition, Failure> {
    let reads = *method == Method::GET || *method == Method::HEAD;
    let mut of_version = false;
    if headers.contains_key(IF_MATCH) {
        of_version = !is_any(headers, &IF_MATCH);
        if !listed(headers, &IF_MATCH, |tag| tag == current.etag) {
            return Err(failed("If-Match names none of the versions that there are"));
        }
    } else if let Some(date) = date(headers, &IF_UNMODIFIED_SINCE) {
        of_version = true;
        if current.modified > date {
            return Err(failed("it was changed after the date in If-Unmodified-Since"));
        }
    }
    if headers.contains_key(IF_NONE_MATCH) {
        if listed(headers, &IF_NONE_MATCH, |tag| opaque(tag) == opaque(&current.etag)) {
            if reads {
                return Ok(Precondition::NotModified);
            }
            return Err(failed("If-None-Match names the version that there is"));
        }
    } else if reads
        && let Some(date) = date(headers, &IF_MODIFIED_SINCE)
        && current.modified <= date
    {
        return Ok(Precondition::NotModified);
    }
    Ok(if of_version { Precondition::HoldsForVersion } else { Precondition::Holds })
}

fn failed(message: &'static str) -> Failure {
    Failure::new(Cause::PreconditionFailed, "precondition_failed", message)
}

/// Whether a header is `*`: any version will do.
fn is_any(headers: &HeaderMap, name: &HeaderName) -> bool {
    headers.get_all(name).iter().any(|line| line.as_bytes().trim_ascii() == b"*")
}

/// Whether a header is `*` or lists a tag that fits.
fn listed(headers: &HeaderMap, name: &HeaderName, fits: impl Fn(&str) -> bool) -> bool {
    let mut lines = headers.get_all(name).iter().filter_map(|line| line.to_str().ok());
    is_any(headers, name) || lines.any(|line| tags(line).any(&fits))
}

/// The one date of a header, in Unix time; anything else is ignored, as section 13.1 says.
fn date(headers: &HeaderMap, name: &HeaderName) -> Option<i64> {
    let mut values = headers.get_all(name).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    seconds(value.to_str().ok()?)
}

/// A date in any of the three forms of RFC 9110 5.6.7.
fn seconds(text: &str) -> Option<i64> {
    let date = httpdate::parse_http_date(text.trim()).ok()?;
    let since = date.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    i64::try_from(since.as_secs()).ok()
}

/// A tag without its mark of weakness.
fn opaque(tag: &str) -> &str {
    tag.strip_prefix("W/").unwrap_or(tag)
}

/// The tags of a list, with their marks of weakness. A comma may stand inside a tag.
fn tags(list: &str) -> impl Iterator<Item = &str> {
    let mut rest = list;
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        if rest.is_empty() {
            return None;
        }
        let mark = rest.len() - opaque(rest).len();
        let end = match opaque(rest).strip_prefix('"') {
            Some(inner) => inner.find('"').map_or(rest.len(), |at| mark + at + 2),
            None => rest.find(',').unwrap_or(rest.len()),
        };
        let (tag, after) = rest.split_at(end);
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
pub(super) fn wanted(headers: &HeaderMap, length: u64, current: &Validators) -> Wanted {
    let mut values = headers.get_all(RANGE).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return Wanted::All };
    if !is_of(headers, current) {
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

/// Whether the range applies to the current version (RFC 9110 13.1.5): a tag compares strongly, a date
/// exactly, and only where it names the bytes.
fn is_of(headers: &HeaderMap, current: &Validators) -> bool {
    let mut values = headers.get_all(IF_RANGE).iter();
    let Some(known) = values.next() else { return true };
    let known = known.to_str().unwrap_or_default().trim();
    let is_tag = known.starts_with('"') || known.starts_with("W/");
    let same = if is_tag {
        known == current.etag
    } else {
        current.date_is_strong && seconds(known) == Some(current.modified)
    };
    same && values.next().is_none()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    const CHANGED: i64 = 784_111_777;
    const DATE: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
    const LATER: &str = "Sun, 06 Nov 1994 08:49:38 GMT";
    const EARLIER: &str = "Sun, 06 Nov 1994 08:49:36 GMT";

    fn current(etag: &str) -> Validators {
        Validators { etag: etag.to_owned(), modified: CHANGED, date_is_strong: true }
    }

    fn with(fields: &[(HeaderName, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(name, value.parse().unwrap());
        }
        headers
    }

    /// 200, 304 or 412.
    fn status(method: &Method, etag: &str, fields: &[(HeaderName, &str)]) -> u16 {
        match precondition(method, &with(fields), &current(etag)) {
            Ok(Precondition::NotModified) => 304,
            Ok(_) => 200,
            Err(failure) => failure.status().as_u16(),
        }
    }

    #[test]
    fn tags_compare_weakly_where_they_spare_an_answer() {
        let has = |list| status(&Method::GET, "\"a,b\"", &[(IF_NONE_MATCH, list)]) == 304;
        assert!(has("\"a,b\"") && has("W/\"a,b\"") && has("\"x\" , W/\"y\",\"a,b\"") && has("*"));
        assert!(!has("\"a\"") && !has("a,b") && !has("") && !has("\"a,b"));
    }

    #[test]
    fn tags_compare_strongly_where_they_permit_a_change() {
        let may = |list| status(&Method::PUT, "\"a,b\"", &[(IF_MATCH, list)]) == 200;
        assert!(may("\"a,b\"") && may("\"x\" , W/\"y\",\"a,b\"") && may("*") && may(" * "));
        assert!(!may("W/\"a,b\"") && !may("\"a\"") && !may("a,b") && !may("") && !may("\"a,b"));
        let twice = [(IF_MATCH, "\"x\""), (IF_MATCH, "\"a,b\"")];
        assert_eq!(status(&Method::PUT, "\"a,b\"", &twice), 200);
    }

    #[test]
    fn conditions_hold_in_their_order() {
        let (get, put) = (Method::GET, Method::PUT);
        let tag = "\"t\"";
        for (method, fields, expected) in [
            (&get, &[(IF_MATCH, "\"x\""), (IF_NONE_MATCH, tag)][..], 412),
            (&get, &[(IF_MATCH, tag), (IF_NONE_MATCH, tag)], 304),
            (&get, &[(IF_MATCH, tag), (IF_UNMODIFIED_SINCE, EARLIER)], 200),
            (&get, &[(IF_UNMODIFIED_SINCE, EARLIER)], 412),
            (&put, &[(IF_UNMODIFIED_SINCE, EARLIER)], 412),
            (&put, &[(IF_UNMODIFIED_SINCE, DATE)], 200),
            (&get, &[(IF_NONE_MATCH, "\"x\""), (IF_MODIFIED_SINCE, LATER)], 200),
            (&get, &[(IF_MODIFIED_SINCE, LATER)], 304),
            (&Method::HEAD, &[(IF_MODIFIED_SINCE, DATE)], 304),
            (&get, &[(IF_MODIFIED_SINCE, EARLIER)], 200),
            (&put, &[(IF_MODIFIED_SINCE, LATER)], 200),
            (&put, &[(IF_NONE_MATCH, "*")], 412),
            (&put, &[(IF_NONE_MATCH, "W/\"t\"")], 412),
            (&put, &[(IF_NONE_MATCH, "\"x\"")], 200),
            (&get, &[(IF_MODIFIED_SINCE, LATER), (IF_MODIFIED_SINCE, LATER)], 200),
            (&get, &[(IF_MODIFIED_SINCE, "tomorrow")], 200),
            (&get, &[(IF_UNMODIFIED_SINCE, "yesterday")], 200),
        ] {
            assert_eq!(status(method, tag, fields), expected, "{method} {fields:?}");
        }
    }

    #[test]
    fn dates_have_three_forms() {
        for text in [DATE, "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"] {
            assert_eq!(seconds(text), Some(CHANGED), "{text}");
        }
        for text in ["", "1994-11-06T08:49:37Z", "Sun, 06 Nov 1994 08:49:37 CET", "0"] {
            assert_eq!(seconds(text), None, "{text}");
        }
        let told: Vec<_> = current("\"t\"").headers().collect();
        assert_eq!(told[1], (LAST_MODIFIED, HeaderValue::from_static(DATE)));
    }

    #[test]
    fn ranges() {
        let of = |text| wanted(&with(&[(RANGE, text)]), 100, &current("\"t\""));
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
    }

    #[test]
    fn a_range_is_of_what_the_client_has_or_ignored() {
        let of = |known: &str, strong| {
            let current = Validators { date_is_strong: strong, ..current("\"t\"") };
            let fields = [(RANGE, "bytes=0-1"), (IF_RANGE, known)];
            wanted(&with(&fields), 100, &current) == Wanted::Part(0..2)
        };
        assert!(of("\"t\"", false) && of(DATE, true));
        assert!(!of("\"old\"", true) && !of("W/\"t\"", true) && !of(LATER, true));
        assert!(!of(DATE, false), "two versions may have the same second");
        assert!(!of("", true) && !of("t", true));
    }
}
