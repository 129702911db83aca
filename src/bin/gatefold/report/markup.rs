//! Turning text and bytes into what may stand in a page.

use crate::text::clean;

/// Fills the `{{name}}` places of a template. Values go in as they are, so they must be markup
/// already; a place inside a value is not filled.
pub(super) fn fill(template: &str, values: &[(&str, &str)]) -> String {
    let mut page = String::with_capacity(template.len() * 2);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        page.push_str(before);
        let Some((name, after)) = after.split_once("}}") else {
            page.push_str("{{");
            rest = after;
            continue;
        };
        let value = values.iter().find(|(key, _)| *key == name);
        debug_assert!(value.is_some(), "no value for {name}");
        page.push_str(value.map_or("", |(_, value)| value));
        rest = after;
    }
    page.push_str(rest);
    page
}

/// Text as it may stand between tags and inside quoted attributes. Names and messages come from
/// strangers.
pub(super) fn escape(text: &str) -> String {
    let text = clean(text);
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// A file as a `data:` address, in base64 (RFC 4648, section 4).
pub(super) fn data_uri(media_type: &str, bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut uri = format!("data:{media_type};base64,");
    uri.reserve(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let byte = |at: usize| u32::from(group.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for place in 0..4 {
            if place <= group.len() {
                let digit = (bits >> (18 - 6 * place)) & 63;
                uri.push(char::from(DIGITS[digit as usize]));
            } else {
                uri.push('=');
            }
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_never_taken_for_template() {
        assert_eq!(fill("<{{a}}{{b}}>", &[("a", "{{b}}"), ("b", "x")]), "<{{b}}x>");
        assert_eq!(fill("{{a}} {{", &[("a", "1")]), "1 {{");
    }

    #[test]
    fn hostile_names_stay_text() {
        assert_eq!(
            escape("\"><img onerror='x'>&"),
            "&quot;&gt;&lt;img onerror=&#39;x&#39;&gt;&amp;"
        );
        assert_eq!(escape("a\0\u{202e}"), "a\\u{0}\\u{202e}");
    }

    #[test]
    fn base64_pads() {
        let uri = |bytes: &[u8]| data_uri("x/y", bytes);
        assert_eq!(uri(b""), "data:x/y;base64,");
        assert_eq!(uri(b"f"), "data:x/y;base64,Zg==");
        assert_eq!(uri(b"fo"), "data:x/y;base64,Zm8=");
        assert_eq!(uri(b"foo"), "data:x/y;base64,Zm9v");
        assert_eq!(uri(&[255, 254, 253, 0]), "data:x/y;base64,//79AA==");
    }
}
