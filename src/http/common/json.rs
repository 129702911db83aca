//! JSON bodies (RFC 8259), of which nothing is lost without a word: no number is rounded to fit, and no
//! name stands twice in an object, where which of the values counts would be a guess.

use std::fmt;

use serde::de::{
    Deserialize, DeserializeOwned, Deserializer, Error, MapAccess, SeqAccess, Visitor,
};
use serde_json::{Map, Number, Value};

use super::failure::Failure;

/// JSON from a body or a part of one. Nothing at all is `null`, so that bodies of optional fields may
/// be left out.
///
/// # Errors
/// 400 `bad_json` for what is no JSON or has not the fields it should, and `number_too_large`.
pub(crate) fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Failure> {
    let text: &[u8] = if bytes.is_empty() { b"null" } else { bytes };
    let Strict(value) = serde_json::from_slice(text).map_err(|error| {
        let place = format!("line {}, column {}", error.line(), error.column());
        let why = match error.classify() {
            serde_json::error::Category::Data => "has the same name twice in an object",
            _ => "is no JSON",
        };
        bad_json(format!("the body {why} ({place})"))
    })?;
    if let Some(number) = too_large(text) {
        let shown: String = number.chars().take(40).collect();
        let message =
            format!("the whole number {shown} has more than 64 bits; send it as a string");
        return Err(Failure::bad_request("number_too_large", message));
    }
    serde_json::from_value(value)
        .map_err(|_| bad_json("the body does not have the fields it should".to_owned()))
}

fn bad_json(message: String) -> Failure {
    Failure::bad_request("bad_json", message)
}

/// The first whole number of a JSON text that fits neither 64 bits with a sign nor without: it would
/// be kept as the nearest floating-point number.
fn too_large(text: &[u8]) -> Option<&str> {
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        let rest = text.get(at..)?;
        match byte {
            b'"' => at += string_length(rest),
            b'-' | b'0'..=b'9' => {
                let of_number = |b: &u8| b"+-.eE0123456789".contains(b);
                let length = rest.iter().take_while(|b| of_number(b)).count();
                let number = std::str::from_utf8(rest.get(..length)?).ok()?;
                let whole = !number.contains(['.', 'e', 'E']);
                if whole && number.parse::<i64>().is_err() && number.parse::<u64>().is_err() {
                    return Some(number);
                }
                at += length;
            }
            _ => at += 1,
        }
    }
    None
}

/// The length of the string at the start of a text, with its quotation marks.
fn string_length(text: &[u8]) -> usize {
    let mut at = 1;
    while let Some(byte) = text.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    at
}

/// Any JSON whose objects have no name twice.
struct Strict(Value);

impl<'de> Deserialize<'de> for Strict {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(AnyValue).map(Self)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Value;

    fn expecting(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        to.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(Strict(value)) = from.next_element()? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut from: A) -> Result<Value, A::Error> {
        let mut fields = Map::new();
        while let Some((name, Strict(value))) = from.next_entry::<String, Strict>()? {
            if fields.insert(name, value).is_some() {
                return Err(A::Error::custom("a name is there twice"));
            }
        }
        Ok(Value::Object(fields))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use serde_json::json;

    use super::*;

    fn code(text: &str) -> &'static str {
        parse::<Value>(text.as_bytes()).map_or_else(|failure| failure.code, |_| "")
    }

    #[test]
    fn numbers_are_kept_or_refused() {
        let text = r#"{"a":[18446744073709551615,-9223372036854775808,0,-0,1.5,1e3,2E-2]}"#;
        let read: Value = parse(text.as_bytes()).unwrap();
        assert_eq!(read["a"][0], json!(u64::MAX));
        assert_eq!(read["a"][1], json!(i64::MIN));
        for number in ["18446744073709551616", "-9223372036854775809", &"9".repeat(300)] {
            assert_eq!(code(number), "number_too_large", "{number}");
            assert_eq!(code(&format!("{{\"a\\\"\":[{{\"b\":{number}}}]}}")), "number_too_large");
            assert_eq!(code(&format!("{{\"a\\\\\":\"{number} \\\" {number}\"}}")), "", "text");
        }
    }

    #[test]
    fn names_stand_once() {
        assert_eq!(code(r#"{"a":1,"b":{"a":1}}"#), "");
        assert_eq!(code(r#"{"a":1,"a":1}"#), "bad_json");
        assert_eq!(code(r#"[{"b":{"a":1,"\u0061":2}}]"#), "bad_json");
    }

    #[test]
    fn what_is_no_json_is_refused() {
        assert_eq!(parse::<Value>(b"").unwrap(), Value::Null);
        assert!(parse::<Vec<u8>>(b"{}").is_err());
        let deep = "[".repeat(100_000);
        for text in ["{", "nul", "1 2", "\"", "\"\\", "01", "1e400", &deep] {
            assert_eq!(code(text), "bad_json", "{}", &text[..text.len().min(9)]);
        }
    }
}
