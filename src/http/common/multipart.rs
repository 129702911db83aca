//! Multipart bodies (RFC 7578), part by part, nothing of a file held in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::Body;
use axum::extract::multipart::{Field, MultipartError};
use axum::extract::{DefaultBodyLimit, FromRequest, Multipart, Request};
use bytes::Bytes;
use futures_util::stream;

use super::Context;
use super::body::{BodyRules, Pieces, Received, ReceivedFile};
use super::failure::Failure;

/// Longest name that a part may have, in bytes.
const MAX_NAME: usize = 64;
/// Longest file name that is kept, in characters.
const MAX_FILE_NAME: usize = 255;

pub(super) async fn receive(
    context: &Context,
    request: Request,
    rules: &BodyRules,
) -> Result<Received, Failure> {
    let watch = Watch::new(context.options.max_part_bytes);
    let mut form = open(context, request, rules, &watch).await?;
    let mut received = Received { file: None, small: BTreeMap::new(), wanted: rules.file_parts };
    let (mut names, mut parts) = (BTreeSet::new(), 0);
    loop {
        watch.expect_headers();
        let field = form.next_field().await.map_err(|error| watch.why(&error))?;
        let Some(field) = field else { break };
        watch.expect_content();
        let name = part_name(&field)?;
        let file_part = rules.file_parts.contains(&name.as_str());
        let known = rules.small_parts.iter().find(|known| **known == name);
        // Which of two counts would be a guess; parts that are read past may repeat.
        if (file_part || known.is_some()) && !names.insert(name.clone()) {
            let message = format!("the part {name} is there twice");
            return Err(Failure::bad_request("duplicate_part", message));
        }
        parts += 1;
        if parts > context.options.max_parts {
            let max = context.options.max_parts;
            return Err(Failure::bad_request(
                "too_many_parts",
                format!("the body has more than {max} parts, which is the limit"),
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
            received.file = Some(file(context, field, rules, &watch).await?);
        } else {
            let bytes = small(field, &name, context.options.max_part_bytes, &watch).await?;
            if let Some(known) = known {
                received.small.insert(known, bytes);
            }
        }
    }
    Ok(received)
}

async fn open(
    context: &Context,
    request: Request,
    rules: &BodyRules,
    watch: &Watch,
) -> Result<Multipart, Failure> {
    let mut head = Request::new(Body::empty());
    *head.headers_mut() = request.headers().clone();
    let pieces = Pieces::of(context, request, rules.max_request)?;
    *head.body_mut() = watch.body(pieces);
    // The cap is ours already, and says more.
    DefaultBodyLimit::disable().apply(&mut head);
    Multipart::from_request(head, &()).await.map_err(|_| {
        let part = rules.file_parts.join(" or ");
        Failure::bad_request(
            "not_multipart",
            format!("send multipart/form-data with a boundary and the file in a part named {part}"),
        )
    })
}

fn part_name(field: &Field<'_>) -> Result<String, Failure> {
    let name = field.name().filter(|name| (1..=MAX_NAME).contains(&name.len()));
    name.map(str::to_owned).ok_or_else(|| {
        let message = format!("each part needs a name of at most {MAX_NAME} bytes");
        Failure::bad_request("bad_part", message)
    })
}

async fn file(
    context: &Context,
    mut field: Field<'_>,
    rules: &BodyRules,
    watch: &Watch,
) -> Result<ReceivedFile, Failure> {
    let file_name = field.file_name().and_then(claimed_name);
    let media_type = field.content_type().map(str::to_owned);
    let mut spool = context.assets.spool(rules.max_file);
    while let Some(piece) = field.chunk().await.map_err(|error| watch.why(&error))? {
        spool.write(piece).await?;
    }
    Ok(ReceivedFile { file_name, media_type, body: spool.finish() })
}

async fn small(
    mut field: Field<'_>,
    name: &str,
    max: usize,
    watch: &Watch,
) -> Result<Bytes, Failure> {
    let mut bytes = Vec::new();
    while let Some(piece) = field.chunk().await.map_err(|error| watch.why(&error))? {
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

/// The last segment of what the client calls its file, without control characters: it is shown and
/// compared, never opened.
fn claimed_name(name: &str) -> Option<String> {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let shown: String = last.chars().filter(|c| !c.is_control()).take(MAX_FILE_NAME).collect();
    let shown = shown.trim();
    (!shown.is_empty() && shown != "." && shown != "..").then(|| shown.to_owned())
}

/// Looks over the parser's shoulder: keeps the failure that ended the body, which the parser would
/// word in its own way, and ends it itself when a part's headers do not, which the parser would hold
/// in memory.
#[derive(Clone)]
struct Watch(Arc<Mutex<Watched>>);

struct Watched {
    max_headers: usize,
    /// Bytes since the headers of a part were expected, without the latest piece, and those of the
    /// latest piece; `None` inside of a part's content.
    headers: Option<(usize, usize)>,
    failure: Option<Failure>,
}

impl Watch {
    fn new(max_headers: usize) -> Self {
        Self(Arc::new(Mutex::new(Watched { max_headers, headers: Some((0, 0)), failure: None })))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Watched> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn expect_headers(&self) {
        self.lock().headers = Some((0, 0));
    }

    fn expect_content(&self) {
        self.lock().headers = None;
    }

    fn body(&self, pieces: Pieces) -> Body {
        let watch = self.clone();
        Body::from_stream(stream::try_unfold((pieces, watch), |(mut pieces, watch)| async move {
            // The parser takes all that is ready before it looks at any of it: one piece at a time
            // keeps what it holds small, and keeps headers and content apart for the watch.
            tokio::task::yield_now().await;
            let next = match pieces.next().await {
                Ok(Some(piece)) => watch.passes(piece.len()).map(|()| Some(piece)),
                other => other,
            };
            match next {
                Ok(piece) => Ok(piece.map(|piece| (piece, (pieces, watch)))),
                Err(failure) => {
                    watch.lock().failure = Some(failure);
                    Err(std::io::Error::other("refused"))
                }
            }
        }))
    }

    /// Counts a piece that was asked for. The parser may ask for a second one before it looks at the
    /// first, which may hold anything; what follows those while headers are expected is headers.
    fn passes(&self, length: usize) -> Result<(), Failure> {
        let mut watched = self.lock();
        let max = watched.max_headers;
        if let Some((looked_at, latest)) = &mut watched.headers {
            if *looked_at > max {
                return Err(Failure::bad_request(
                    "part_too_large",
                    format!("the headers of a part have more than {max} bytes, which is the limit"),
                ));
            }
            *looked_at += std::mem::replace(latest, length);
        }
        Ok(())
    }

    fn why(&self, error: &MultipartError) -> Failure {
        if let Some(failure) = self.lock().failure.take() {
            return failure;
        }
        // The parser's words quote no content; its source might.
        tracing::debug!(error = %error.body_text(), "multipart refused");
        Failure::bad_request(
            "bad_multipart",
            "the multipart body is malformed or ends before its last boundary",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::claimed_name;

    #[test]
    fn a_file_name_is_its_last_segment() {
        assert_eq!(claimed_name("../../etc/passwd").as_deref(), Some("passwd"));
        assert_eq!(claimed_name("C:\\tmp\\a\u{0}b.png").as_deref(), Some("ab.png"));
        assert_eq!(claimed_name(".."), None);
        assert_eq!(claimed_name("a/"), None);
        assert_eq!(claimed_name(&"x".repeat(300)).map(|name| name.len()), Some(255));
    }
}
