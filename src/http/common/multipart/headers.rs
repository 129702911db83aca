//! The headers of a part (RFC 7578 4) and the parameters of `Content-Disposition` and `Content-Type`
//! (RFC 9110 5.6.6, RFC 6266 and 8187), by their grammar: what stands in a quoted string is nothing but
//! its content.

/// What the headers of a part say. All of it is claims.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct PartHeaders {
    pub(super) name: String,
    pub(super) file_name: Option<String>,
    pub(super) media_type: Option<String>,
    /// A coding of the content that changes its bytes.
    pub(super) coding: Option<String>,
}

/// Reads header lines, each with its line break.
///
/// # Errors
/// A sentence for what is malformed or ambiguous.
pub(super) fn parse(lines: &[u8]) -> Result<PartHeaders, &'static str> {
    let mut disposition = None;
    let mut read = PartHeaders::default();
    for field in fields(lines)? {
        let colon = memchr::memchr(b':', &field).ok_or("a header of a part has no colon")?;
        let (name, value) = field.split_at(colon);
        if !is_token(name) {
            return Err("a header of a part has no proper name");
        }
        let value = value.get(1..).unwrap_or_default().trim_ascii();
        let text = || String::from_utf8_lossy(value).to_ascii_lowercase();
        match name.to_ascii_lowercase().as_slice() {
            b"content-disposition" if disposition.is_some() => {
                return Err("a part has two headers Content-Disposition");
            }
            b"content-disposition" => disposition = Some(value.to_vec()),
            b"content-type" if read.media_type.is_none() && !value.is_empty() => {
                read.media_type = Some(String::from_utf8_lossy(value).into_owned());
            }
            b"content-transfer-encoding"
                if !matches!(text().as_str(), "binary" | "8bit" | "7bit" | "") =>
            {
                read.coding = Some(text());
            }
            b"content-encoding" if !matches!(text().as_str(), "identity" | "") => {
                read.coding = Some(text());
            }
            _ => {}
        }
    }
    let disposition = disposition.ok_or("a part has no header Content-Disposition")?;
    let parameters = Parameters::of(&disposition)?;
    if parameters.value != "form-data" {
        return Err("the Content-Disposition of a part is not form-data");
    }
    let name = parameters.get("name")?.ok_or("a part has no name")?;
    read.name = String::from_utf8(as_browsers_write(name))
        .map_err(|_| "the name of a part is not UTF-8")?;
    // RFC 6266 4.3: the extended form wins where it can be read.
    let extended = parameters.get("filename*")?.and_then(extended);
    let plain = parameters.get("filename")?.map(as_browsers_write);
    read.file_name =
        extended.or_else(|| plain.map(|name| String::from_utf8_lossy(&name).into_owned()));
    if read.name.contains('\0') || read.file_name.as_ref().is_some_and(|name| name.contains('\0')) {
        return Err("the name of a part or file has the character U+0000");
    }
    Ok(read)
}

/// Header lines without their line breaks; a line that begins with a space belongs to the one before.
fn fields(lines: &[u8]) -> Result<Vec<Vec<u8>>, &'static str> {
    let mut fields: Vec<Vec<u8>> = Vec::new();
    for line in lines.split_inclusive(|b| *b == b'\n') {
        let line = line.strip_suffix(b"\r\n").ok_or("a header of a part has a bare line feed")?;
        if line.iter().any(|b| matches!(b, b'\r' | 0)) {
            return Err("a header of a part has a control character");
        }
        match fields.last_mut() {
            Some(former) if line.starts_with(b" ") || line.starts_with(b"\t") => {
                former.extend_from_slice(line);
            }
            _ => fields.push(line.to_vec()),
        }
    }
    Ok(fields)
}

fn is_token(text: &[u8]) -> bool {
    !text.is_empty()
        && text.iter().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(b))
}

/// A header's value with its parameters.
#[derive(Debug)]
pub(super) struct Parameters {
    /// What stands before the parameters, in lower case.
    pub(super) value: String,
    parameters: Vec<(String, Vec<u8>)>,
}

impl Parameters {
    /// # Errors
    /// A sentence for what is malformed.
    pub(super) fn of(header: &[u8]) -> Result<Self, &'static str> {
        let end = memchr::memchr(b';', header).unwrap_or(header.len());
        let (value, mut rest) = header.split_at(end);
        let value = String::from_utf8_lossy(value.trim_ascii()).to_ascii_lowercase();
        let mut parameters = Vec::new();
        loop {
            // Empty parameters, as in a header that ends with a semicolon, are none.
            while let [b';' | b' ' | b'\t', after @ ..] = rest {
                rest = after;
            }
            if rest.is_empty() {
                return Ok(Self { value, parameters });
            }
            let end = memchr::memchr2(b'=', b';', rest).unwrap_or(rest.len());
            let (name, after) = rest.split_at(end);
            if !is_token(name.trim_ascii()) {
                return Err("a parameter of a header has no proper name");
            }
            let name = String::from_utf8_lossy(name.trim_ascii()).to_ascii_lowercase();
            let [b'=', after @ ..] = after else {
                rest = after;
                continue;
            };
            let (value, after) = parameter_value(after.trim_ascii_start())?;
            parameters.push((name, value));
            rest = after;
        }
    }

    /// The one parameter of this name.
    ///
    /// # Errors
    /// A sentence when there are two: which one counts would be a guess.
    pub(super) fn get(&self, name: &str) -> Result<Option<&[u8]>, &'static str> {
        let mut values = self.parameters.iter().filter(|(own, _)| own == name);
        match (values.next(), values.next()) {
            (_, Some(_)) => Err("a header has the same parameter twice"),
            (first, None) => Ok(first.map(|(_, value)| value.as_slice())),
        }
    }
}

/// A value, and what follows it.
fn parameter_value(text: &[u8]) -> Result<(Vec<u8>, &[u8]), &'static str> {
    let Some(mut rest) = text.strip_prefix(b"\"") else {
        // No token, strictly: names of files come with spaces.
        let (value, rest) = text.split_at(memchr::memchr(b';', text).unwrap_or(text.len()));
        if value.contains(&b'"') {
            return Err("a parameter of a header has a quotation mark in its value");
        }
        return Ok((value.trim_ascii_end().to_vec(), rest));
    };
    let mut value = Vec::new();
    loop {
        match rest {
            [] => return Err("a quoted string in a header has no end"),
            [b'"', after @ ..] => {
                rest = after.trim_ascii_start();
                if !rest.is_empty() && !rest.starts_with(b";") {
                    return Err("a quoted string in a header is followed by more text");
                }
                return Ok((value, rest));
            }
            // Only where it must be: paths of Windows are sent with backslashes that escape nothing.
            [b'\\', escaped @ (b'"' | b'\\'), after @ ..] => {
                value.push(*escaped);
                rest = after;
            }
            [byte, after @ ..] => {
                value.push(*byte);
                rest = after;
            }
        }
    }
}

/// Undoes the three escapes by which browsers write a name (the HTML standard, "multipart/form-data
/// encoding algorithm").
fn as_browsers_write(mut text: &[u8]) -> Vec<u8> {
    let mut read = Vec::with_capacity(text.len());
    loop {
        text = match text {
            [] => return read,
            [b'%', b'2', b'2', rest @ ..] => {
                read.push(b'"');
                rest
            }
            [b'%', b'0', b'D' | b'd', rest @ ..] => {
                read.push(b'\r');
                rest
            }
            [b'%', b'0', b'A' | b'a', rest @ ..] => {
                read.push(b'\n');
                rest
            }
            [byte, rest @ ..] => {
                read.push(*byte);
                rest
            }
        };
    }
}

/// RFC 8187's `charset'language'percent-encoded`; `None` where it is not well-formed.
fn extended(text: &[u8]) -> Option<String> {
    let mut parts = text.splitn(3, |b| *b == b'\'');
    let (charset, _language, encoded) = (parts.next()?, parts.next()?, parts.next()?);
    let mut bytes = Vec::with_capacity(encoded.len());
    let mut rest = encoded;
    loop {
        rest = match rest {
            [] => break,
            [b'%', high, low, after @ ..] => {
                let digit = |b: u8| char::from(b).to_digit(16);
                let value = digit(*high)? * 16 + digit(*low)?;
                bytes.push(u8::try_from(value).ok()?);
                after
            }
            [b'%', ..] => return None,
            [byte, after @ ..] => {
                bytes.push(*byte);
                after
            }
        };
    }
    match charset.to_ascii_lowercase().as_slice() {
        b"utf-8" => String::from_utf8(bytes).ok(),
        b"iso-8859-1" => Some(bytes.into_iter().map(char::from).collect()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    fn of(disposition: &str) -> Result<(String, Option<String>), &'static str> {
        let lines = format!("content-DISPOSITION:{disposition}\r\n");
        parse(lines.as_bytes()).map(|read| (read.name, read.file_name))
    }

    #[test]
    fn parameters_in_any_order_case_and_spelling() {
        for (disposition, name, file_name) in [
            ("form-data; name=\"a\"", "a", None),
            (" Form-Data;FILENAME=\"x.png\";Name=a ", "a", Some("x.png")),
            (
                "form-data; filename=\"x; name=metadata; .png\"; name=image",
                "image",
                Some("x; name=metadata; .png"),
            ),
            (
                "form-data; name=image; filename=\"x\\\"; name=metadata; .png\"",
                "image",
                Some("x\"; name=metadata; .png"),
            ),
            (
                "form-data; name=image; filename=\"x%22; name=metadata; .png\"",
                "image",
                Some("x\"; name=metadata; .png"),
            ),
            ("form-data; filename=\"a=b;c\\\\\"; name=\"n\\\"m\"", "n\"m", Some("a=b;c\\")),
            ("form-data; name=a; filename=\"C:\\dir\\x.png\"", "a", Some("C:\\dir\\x.png")),
            ("form-data; name=a; filename=my file.png", "a", Some("my file.png")),
            ("form-data; name=a; filename=\"\"", "a", Some("")),
            ("form-data; name = a ; x-name=b; ; filename-x=y;", "a", None),
            ("form-data; name=a; flag; filename=x", "a", Some("x")),
            (
                "form-data; name=a; filename=x; filename*=UTF-8''na%c3%afve%20%F0%9F%8E%B5.png",
                "a",
                Some("naïve 🎵.png"),
            ),
            ("form-data; filename*=iso-8859-1'en'%e9; name=a", "a", Some("é")),
            ("form-data; name=a; filename=x; filename*=UTF-8''%zz", "a", Some("x")),
            ("form-data; name=a; filename=x; filename*=UTF-8''%ff", "a", Some("x")),
            ("form-data; name=a; filename=x; filename*=koi8-r''x", "a", Some("x")),
            ("form-data; name=a; filename=x; filename*=none", "a", Some("x")),
            ("form-data; name=a; filename=\"100%.png\"", "a", Some("100%.png")),
            ("form-data; name=a; filename=\"é.png\"", "a", Some("é.png")),
            ("form-data; name=a;\r\n filename=\"x\"", "a", Some("x")),
        ] {
            let expected = (name.to_owned(), file_name.map(str::to_owned));
            assert_eq!(of(disposition), Ok(expected), "{disposition}");
        }
    }

    #[test]
    fn what_is_malformed_or_ambiguous_is_refused() {
        for disposition in [
            "",
            "form-data",
            "form-data; filename=x",
            "form-data; name*=utf-8''a",
            "attachment; name=a",
            "form-data; name=a; name=b",
            "form-data; name=a; filename=x; FileName=y",
            "form-data; name=a; filename*=utf-8''x; filename*=utf-8''y",
            "form-data; name=\"a",
            "form-data; name=\"a\\\"",
            "form-data; name=\"a\"b",
            "form-data; name=a\"b",
            "form-data; =a",
            "form-data; na me=a",
            "form-data; name=a; filename=\"x\0\"",
            "form-data; name=a; filename*=utf-8''x%00",
            "form-data; name=a\r\nContent-Disposition: form-data; name=b",
            "form-data; name=a\nX: y",
            "form-data; name=a\rX: y",
            "form-data; name=a\r\nno colon",
            "form-data; name=a\r\nspace : x",
        ] {
            assert!(of(disposition).is_err(), "{disposition}");
        }
        assert!(parse(b"Content-Disposition: form-data; name=\xff\r\n").is_err());
    }

    #[test]
    fn types_and_codings() {
        let with = |line: &str| {
            let lines = format!("{line}\r\nContent-Disposition: form-data; name=a\r\n");
            parse(lines.as_bytes()).unwrap()
        };
        assert_eq!(with("Content-Type: image/png ").media_type.as_deref(), Some("image/png"));
        for plain in ["Binary", "8bit", "7BIT", ""] {
            assert_eq!(with(&format!("Content-Transfer-Encoding: {plain}")).coding, None);
        }
        let coding = |line| with(line).coding.unwrap();
        assert_eq!(coding("content-transfer-encoding: BASE64"), "base64");
        assert_eq!(coding("content-transfer-encoding: quoted-printable"), "quoted-printable");
        assert_eq!(coding("content-encoding: gzip"), "gzip");
    }
}
