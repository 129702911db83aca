//! Numbers as people write and read them.

use std::fmt::Write;

/// Reads a number of bytes: `1500`, `64kB`, `20MiB`, `1.5 GB`.
pub(crate) fn bytes(text: &str) -> Result<u64, String> {
    scaled(text, true).ok_or_else(|| {
        format!("\"{text}\" is no number of bytes; write 1500, 64kB, 20MiB or the like")
    })
}

/// Reads a count: `1000`, `50M`, `2.5k`.
pub(crate) fn count(text: &str) -> Result<u64, String> {
    scaled(text, false)
        .ok_or_else(|| format!("\"{text}\" is no count; write 1000, 50M, 2.5k or the like"))
}

fn scaled(text: &str, bytes: bool) -> Option<u64> {
    let text = text.trim();
    let split =
        text.find(|c: char| !(c.is_ascii_digit() || c == '.' || c == '_')).unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(split)?;
    let number = number.replace('_', "");
    let unit = unit.trim().to_ascii_lowercase();
    let unit = if bytes { unit.strip_suffix('b').unwrap_or(&unit) } else { &unit };
    let factor: u64 = match unit {
        "" => 1,
        "k" => 1_000,
        "m" => 1_000_000,
        "g" => 1_000_000_000,
        "ki" if bytes => 1 << 10,
        "mi" if bytes => 1 << 20,
        "gi" if bytes => 1 << 30,
        _ => return None,
    };
    let (whole, fraction) = number.split_once('.').unwrap_or((&number, ""));
    if whole.is_empty() || fraction.len() > 9 || (number.contains('.') && fraction.is_empty()) {
        return None;
    }
    let whole = whole.parse::<u64>().ok()?.checked_mul(factor)?;
    let part = if fraction.is_empty() {
        0
    } else {
        let digits = fraction.parse::<u64>().ok()?;
        let scale = 10_u64.pow(u32::try_from(fraction.len()).ok()?);
        let scaled = u128::from(digits) * u128::from(factor) / u128::from(scale);
        u64::try_from(scaled).ok()?
    };
    whole.checked_add(part)
}

/// Reads a colour: `#rrggbb`, with or without the `#`.
pub(crate) fn color(text: &str) -> Result<[u8; 3], String> {
    let digits = text.strip_prefix('#').unwrap_or(text);
    let sample = |at: usize| {
        let pair = digits.get(at..at + 2)?;
        u8::from_str_radix(pair, 16).ok()
    };
    let plain = digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_hexdigit());
    match (plain, sample(0), sample(2), sample(4)) {
        (true, Some(red), Some(green), Some(blue)) => Ok([red, green, blue]),
        _ => Err(format!("\"{text}\" is no colour; write #rrggbb")),
    }
}

/// Reads a focal point: `0.5,0.3`, fractions of width and height from the top left corner.
pub(crate) fn point(text: &str) -> Result<(f32, f32), String> {
    let fraction = |text: &str| {
        let value: f32 = text.trim().parse().ok()?;
        (0.0..=1.0).contains(&value).then_some(value)
    };
    text.split_once(',')
        .and_then(|(x, y)| Some((fraction(x)?, fraction(y)?)))
        .ok_or_else(|| format!("\"{text}\" is no point; write two fractions such as 0.5,0.3"))
}

/// A number with its thousands set apart: `1,234,567`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number of bytes for people: `0 B`, `999 B`, `1.2 MB`. Decimal units.
pub(crate) fn size(bytes: u64) -> String {
    let mut text = String::new();
    let (unit, name) = match bytes {
        0..1_000 => (1, "B"),
        1_000..1_000_000 => (1_000, "kB"),
        1_000_000..1_000_000_000 => (1_000_000, "MB"),
        _ => (1_000_000_000, "GB"),
    };
    let tenths = u128::from(bytes) * 10 / unit;
    let written = if unit == 1 || tenths >= 1_000 {
        write!(text, "{} {name}", tenths / 10)
    } else {
        write!(text, "{}.{} {name}", tenths / 10, tenths % 10)
    };
    // Writing to a String cannot fail.
    written.map(|()| text).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_and_counts() {
        assert_eq!(bytes("1500"), Ok(1_500));
        assert_eq!(bytes("64 kB"), Ok(64_000));
        assert_eq!(bytes("20MiB"), Ok(20 << 20));
        assert_eq!(bytes("1.5GiB"), Ok(3 << 29));
        assert_eq!(count("50M"), Ok(50_000_000));
        for wrong in ["", "MiB", "-1", "1.", ".5", "1.2.3", "1e9", "20000000000G", "5 parsec"] {
            assert!(bytes(wrong).is_err(), "{wrong}");
        }
        assert!(count("5MiB").is_err());
    }

    #[test]
    fn colors_and_points() {
        assert_eq!(color("#ff8000"), Ok([255, 128, 0]));
        assert_eq!(color("ff8000"), Ok([255, 128, 0]));
        for wrong in ["", "#fff", "#gggggg", "#+1+1+1", "#ff80000", "ö1234"] {
            assert!(color(wrong).is_err(), "{wrong}");
        }
        assert_eq!(point("0.25, 1"), Ok((0.25, 1.0)));
        assert!(point("2,0").is_err() && point("0.5").is_err() && point("nan,0").is_err());
    }

    #[test]
    fn sizes_for_people() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(1_234_567), "1,234,567");
        assert_eq!(size(999), "999 B");
        assert_eq!(size(1_000), "1.0 kB");
        assert_eq!(size(123_456), "123 kB");
        assert_eq!(size(20 << 20), "20.9 MB");
    }
}
