//! Multipart bodies (RFC 7578), part by part, nothing of a file held in memory.

mod headers;
mod parser;

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::Request;
use axum::http::header::CONTENT_TYPE;
use bytes::Bytes;

use self::headers::{Parameters, PartHeaders};
use self::parser::{Event, Malformed, Parser};
use super::Context;
use super::body::{BodyRules, Pieces, Received, ReceivedFile};
use super::failure::{Cause, Failure};

/// Longest name that a part may have, in bytes.
const MAX_NAME: usize = 64;
/// Longest file name that is kept, in characters.
const MAX_FILE_NAME: usize = 255;
/// Longest boundary (RFC 2046 5.1.1).
const MAX_BOUNDARY: usize = 70;

pub(super) async fn receive(
    context: &Context,
    request: Request,
    rules: &BodyRules,
) -> Result<Received, Failure> {
    let (max_parts, max_part_bytes) = (context.options.max_parts, context.options.max_part_bytes);
    let boundary = boundary(&request, rules)?;
    let pieces = Pieces::of(context, request, rules.max_request)?;
    let mut body = Body { parser: Parser::new(&boundary, max_part_bytes), pieces, max_part_bytes };
    let mut received = Received { file: None, small: BTreeMap::new(), wanted: rules.file_parts };
    let (mut names, mut parts) = (BTreeSet::new(), 0);
    while let Some(part) = body.next_part().await? {
        let name = part.name.clone();
        if !(1..=MAX_NAME).contains(&name.len()) {
            let message = format!("each part needs a name of at most {MAX_NAME} bytes");
            return Err(Failure::bad_request("bad_part", message));
        }
        let file_part = rules.file_parts.contains(&name.as_str());
        let known = rules.small_parts.iter().find(|known| **known == name);
        // Which of two counts would be a guess; parts that are read past may repeat.
        if (file_part || known.is_some()) && !names.insert(name.clone()) {
            let message = format!("the part {name} is there twice");
            return Err(Failure::bad_request("duplicate_part", message));
        }
        parts += 1;
        if parts > max_parts {
            return Err(Failure::bad_request(
                "too_many_parts",
                format!("the body has more than {max_parts} parts, which is the limit"),
            ));
        }
        if file_part {
            if received.file.is_some() {
                let names = rules.file_parts.join(" and ");
                return Err(Failure::bad_request(
                    "duplicate_part",
                    format!("send one file: {names} stand for the same"),
                ));
            }
            received.file = Some(body.file(context, part, rules).await?);
        } else {
            let bytes = body.small(&name).await?;
            if let Some(known) = known {
                received.small.insert(known, bytes);
            }
        }
    }
    Ok(received)
}

/// The boundary that the request's type names.
fn boundary(request: &Request, rules: &BodyRules) -> Result<String, Failure> {
    let no_multipart = || {
        let part = rules.file_parts.join(" or ");
        Failure::bad_request(
            "not_multipart",
            format!("send multipart/form-data with a boundary and the file in a part named {part}"),
        )
    };
    let bad = |message| Failure::bad_request("bad_multipart", message);
    let header = request.headers().get(CONTENT_TYPE).ok_or_else(no_multipart)?;
    let parameters = Parameters::of(header.as_bytes()).map_err(bad)?;
    if parameters.value != "multipart/form-data" {
        return Err(no_multipart());
    }
    let boundary = parameters.get("boundary").map_err(bad)?.ok_or_else(no_multipart)?;
    let plain = (1..=MAX_BOUNDARY).contains(&boundary.len())
        && boundary.iter().all(|b| (b' '..=b'~').contains(b))
        && !boundary.ends_with(b" ");
    let text = std::str::from_utf8(boundary).ok().filter(|_| plain).map(str::to_owned);
    text.ok_or_else(|| bad("a boundary has 1 to 70 visible ASCII characters"))
}

/// A body, and what of it was parsed.
struct Body {
    parser: Parser,
    pieces: Pieces,
    max_part_bytes: usize,
}

impl Body {
    /// What comes next, after as much input as that takes.
    async fn next(&mut self) -> Result<Event, Failure> {
        loop {
            let event = self.parser.next().map_err(|malformed| self.refused(&malformed))?;
            if event != Event::Wanting {
                return Ok(event);
            }
            match self.pieces.next().await? {
                Some(piece) => self.parser.feed(&piece),
                None => self.parser.finish(),
            }
        }
    }

    /// The headers of the next part; none after the last boundary.
    async fn next_part(&mut self) -> Result<Option<PartHeaders>, Failure> {
        loop {
            match self.next().await? {
                Event::Part(headers) => {
                    if let Some(coding) = &headers.coding {
                        let shown: String = coding.chars().take(24).collect();
                        let message =
                            format!("a part is sent as {shown}; send its bytes as they are");
                        let cause = Cause::UnsupportedMediaType;
                        return Err(Failure::new(cause, "unsupported_coding", message));
                    }
                    return Ok(Some(headers));
                }
                Event::End => return Ok(None),
                _ => {}
            }
        }
    }

    /// More of a part's content, or `None` at its end.
    async fn content(&mut self) -> Result<Option<Bytes>, Failure> {
        match self.next().await? {
            Event::Content(bytes) => Ok(Some(bytes)),
            _ => Ok(None),
        }
    }

    async fn file(
        &mut self,
        context: &Context,
        part: PartHeaders,
        rules: &BodyRules,
    ) -> Result<ReceivedFile, Failure> {
        let mut spool = context.assets.spool(rules.max_file);
        while let Some(piece) = self.content().await? {
            spool.write(piece).await?;
        }
        let file_name = part.file_name.as_deref().and_then(claimed_name);
        Ok(ReceivedFile { file_name, media_type: part.media_type, body: spool.finish() })
    }

    async fn small(&mut self, name: &str) -> Result<Bytes, Failure> {
        let max = self.max_part_bytes;
        let mut bytes = Vec::new();
        while let Some(piece) = self.content().await? {
            if bytes.len() + piece.len() > max {
                return Err(Failure::bad_request(
                    "part_too_large",
                    format!("the part {name} has more than {max} bytes, which is the limit"),
                ));
            }
            bytes.extend_from_slice(&piece);
        }
        Ok(Bytes::from(bytes))
    }

    fn refused(&self, malformed: &Malformed) -> Failure {
        match malformed {
            Malformed::Boundary(why) => Failure::bad_request(
                "bad_multipart",
                format!("the multipart body is malformed: {why}"),
            ),
            Malformed::Headers(why) => Failure::bad_request("bad_part", *why),
            Malformed::TooLong => {
                let max = self.max_part_bytes;
                Failure::bad_request(
                    "part_too_large",
                    format!("the headers of a part have more than {max} bytes, which is the limit"),
                )
            }
        }
    }
}

/// The last segment of what the client calls its file, without control characters: it is shown and
/// compared, never opened.
fn claimed_name(name: &str) -> Option<String> {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let shown: String = last.chars().filter(|c| !c.is_control()).take(MAX_FILE_NAME).collect();
    let shown = shown.trim();
    (!shown.is_empty() && shown != "." && shown != "..").then(|| shown.to_owned())
}

#[cfg(test)]
mod tests {
    use super::claimed_name;

    #[test]
    fn a_file_name_is_its_last_segment() {
        assert_eq!(claimed_name("../../etc/passwd").as_deref(), Some("passwd"));
        assert_eq!(claimed_name("C:\\tmp\\a\nb.png").as_deref(), Some("ab.png"));
        assert_eq!(claimed_name(".."), None);
        assert_eq!(claimed_name("a/"), None);
        assert_eq!(claimed_name(&"x".repeat(300)).map(|name| name.len()), Some(255));
    }
}
