//! The syntax of multipart bodies (RFC 2046 5.1.1), without any input or output: bytes are fed in as
//! they come, in pieces of any length, and events come out. A delimiter at most is held back, and the
//! headers of one part.

use bytes::{Bytes, BytesMut};
use memchr::memmem::Finder;

use super::headers::{self, PartHeaders};

/// Spaces and tabs that may follow a boundary in its line.
const MAX_PADDING: usize = 256;
const LINE_BREAK: &[u8] = b"\r\n";

/// What comes next in a body.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// Nothing yet: feed more, or say that there is none.
    Wanting,
    /// A part begins.
    Part(PartHeaders),
    /// Some of the part's content.
    Content(Bytes),
    /// The part is whole.
    PartEnd,
    /// The last part has ended; what follows has no meaning.
    End,
}

/// What is wrong with a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Malformed {
    /// A boundary is not where it must be.
    Boundary(&'static str),
    /// The headers of a part, or what stands before the first part, are longer than permitted.
    TooLong,
    /// The headers of a part are malformed.
    Headers(&'static str),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Before the first boundary.
    Preamble,
    /// After a boundary and so many bytes of padding.
    Boundary(usize),
    /// In the headers of a part. The buffer begins with the line break before them.
    Headers,
    /// The buffer begins with the line break before the content, which may begin a delimiter instead.
    ContentStart,
    Content,
    End,
}

pub(super) struct Parser {
    /// A line break, two hyphens and the boundary.
    delimiter: Finder<'static>,
    buffer: BytesMut,
    state: State,
    /// Bytes of headers in the buffer that need not be looked at again, or of the preamble that were
    /// passed over.
    seen: usize,
    ended: bool,
    max_headers: usize,
}

impl Parser {
    /// For a body with this boundary. Each part may have so many bytes of headers.
    pub(super) fn new(boundary: &str, max_headers: usize) -> Self {
        let delimiter = format!("\r\n--{boundary}");
        Self {
            delimiter: Finder::new(&delimiter).into_owned(),
            // A body may begin with its first boundary.
            buffer: BytesMut::from(LINE_BREAK),
            state: State::Preamble,
            seen: 0,
            ended: false,
            max_headers,
        }
    }

    /// More of the body.
    pub(super) fn feed(&mut self, piece: &[u8]) {
        if self.state != State::End {
            self.buffer.extend_from_slice(piece);
        }
    }

    /// There is no more of it.
    pub(super) fn finish(&mut self) {
        self.ended = true;
    }

    /// What comes next.
    pub(super) fn next(&mut self) -> Result<Event, Malformed> {
        loop {
            let former = self.state;
            let event = match former {
                State::Preamble => self.preamble()?,
                State::Boundary(padding) => self.boundary(padding)?,
                State::Headers => self.headers()?,
                State::ContentStart => self.content_start(),
                State::Content => self.content(),
                State::End => Some(Event::End),
            };
            if let Some(event) = event {
                return Ok(event);
            }
            if self.state != former {
                continue;
            }
            if self.ended {
                return Err(Malformed::Boundary("the body ends before its last boundary"));
            }
            return Ok(Event::Wanting);
        }
    }

    fn preamble(&mut self) -> Result<Option<Event>, Malformed> {
        let found = self.delimiter.find(&self.buffer);
        let before = found.unwrap_or_else(|| self.buffer.len() - self.held_back());
        self.seen += before;
        if self.seen > self.max_headers {
            return Err(Malformed::TooLong);
        }
        drop(self.buffer.split_to(before));
        if found.is_some() {
            self.pass_delimiter();
        }
        Ok(None)
    }

    fn pass_delimiter(&mut self) {
        drop(self.buffer.split_to(self.delimiter.needle().len()));
        self.state = State::Boundary(0);
    }

    /// The rest of a boundary's line: two hyphens after the last part, else padding alone.
    fn boundary(&mut self, former: usize) -> Result<Option<Event>, Malformed> {
        if former == 0 && self.buffer.starts_with(b"--") {
            self.state = State::End;
            self.buffer = BytesMut::new();
            return Ok(None);
        }
        let more = self.buffer.iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
        let padding = former + more;
        if padding > MAX_PADDING {
            return Err(Malformed::Boundary("a boundary is followed by too many spaces"));
        }
        match self.buffer.get(more..).unwrap_or_default() {
            [] | [b'\r'] => {}
            [b'-'] if padding == 0 => {}
            [b'\r', b'\n', ..] => {
                drop(self.buffer.split_to(more));
                self.seen = 0;
                self.state = State::Headers;
            }
            _ => return Err(Malformed::Boundary("a boundary does not end its line")),
        }
        Ok(None)
    }

    fn headers(&mut self) -> Result<Option<Event>, Malformed> {
        const END: &[u8] = b"\r\n\r\n";
        let from = self.seen.saturating_sub(END.len() - 1);
        let found = memchr::memmem::find(self.buffer.get(from..).unwrap_or_default(), END);
        let length = found.map_or(self.buffer.len(), |at| from + at + LINE_BREAK.len());
        if length > self.max_headers {
            return Err(Malformed::TooLong);
        }
        self.seen = length;
        if found.is_none() {
            return Ok(None);
        }
        let block = self.buffer.split_to(length);
        let lines = block.get(LINE_BREAK.len()..).unwrap_or_default();
        let headers = headers::parse(lines).map_err(Malformed::Headers)?;
        self.state = State::ContentStart;
        Ok(Some(Event::Part(headers)))
    }

    /// Passes over the line break before the content, unless it begins a delimiter: then there is none.
    fn content_start(&mut self) -> Option<Event> {
        let delimiter = self.delimiter.needle();
        if self.buffer.len() < delimiter.len() && delimiter.starts_with(&self.buffer) {
            return None;
        }
        if !self.buffer.starts_with(delimiter) {
            drop(self.buffer.split_to(LINE_BREAK.len()));
        }
        self.state = State::Content;
        None
    }

    fn content(&mut self) -> Option<Event> {
        let end = match self.delimiter.find(&self.buffer) {
            Some(0) => {
                self.pass_delimiter();
                return Some(Event::PartEnd);
            }
            Some(at) => at,
            None => self.buffer.len() - self.held_back(),
        };
        (end > 0).then(|| Event::Content(self.buffer.split_to(end).freeze()))
    }

    /// Bytes at the end of the buffer that may begin a delimiter.
    fn held_back(&self) -> usize {
        let delimiter = self.delimiter.needle();
        let from = self.buffer.len().saturating_sub(delimiter.len() - 1);
        let tail = self.buffer.get(from..).unwrap_or_default();
        memchr::memchr_iter(b'\r', tail)
            .filter_map(|at| tail.get(at..))
            .find(|rest| delimiter.starts_with(rest))
            .map_or(0, <[u8]>::len)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    /// Parts as name and content, or what is wrong.
    type Read = Result<Vec<(String, Vec<u8>)>, Malformed>;

    /// Reads a body fed in pieces of these lengths, over and over.
    fn read(body: &[u8], lengths: &[usize]) -> Read {
        let mut parser = Parser::new("b", 1000);
        let (mut parts, mut rest, mut turn) = (Vec::new(), body, 0);
        loop {
            match parser.next()? {
                Event::Wanting if rest.is_empty() => parser.finish(),
                Event::Wanting => {
                    let (piece, after) =
                        rest.split_at(lengths[turn % lengths.len()].min(rest.len()));
                    parser.feed(piece);
                    (rest, turn) = (after, turn + 1);
                    assert!(parser.buffer.len() <= 1000 + body.len().min(4096));
                }
                Event::Part(headers) => parts.push((headers.name, Vec::new())),
                Event::Content(bytes) => {
                    assert!(!bytes.is_empty());
                    parts.last_mut().unwrap().1.extend_from_slice(&bytes);
                }
                Event::PartEnd => {}
                Event::End => return Ok(parts),
            }
        }
    }

    fn whole(body: &[u8]) -> Read {
        read(body, &[body.len().max(1)])
    }

    fn part(name: &str, content: &str) -> String {
        format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{content}\r\n")
    }

    fn parts(of: &[(&str, &str)]) -> Vec<(String, Vec<u8>)> {
        of.iter().map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec())).collect()
    }

    #[test]
    fn parts_preamble_padding_and_epilogue() {
        let (one, two) = (part("one", "1"), part("two", "\r\n-\r\n--\r\r\n--B"));
        let two = two.replace("--b\r\n", "--b \t\r\n");
        let expected = parts(&[("one", "1"), ("two", "\r\n-\r\n--\r\r\n--B")]);
        for body in [
            format!("{one}{two}--b--"),
            format!("{one}{two}--b--\r\n"),
            format!("{one}{two}--b--\r\nepilogue\r\n--b\r\n"),
            format!("preamble --b\r\n{one}{two}--b--"),
        ] {
            assert_eq!(whole(body.as_bytes()), Ok(expected.clone()), "{body}");
        }
        let empty = "--b\r\nContent-Disposition: form-data; name=x\r\n\r\n--b--";
        assert_eq!(whole(empty.as_bytes()), Ok(parts(&[("x", "")])), "no line break of its own");
        assert_eq!(whole(format!("{}--b--", part("x", "")).as_bytes()), Ok(parts(&[("x", "")])));
        assert_eq!(whole(b"--b--"), Ok(Vec::new()));
    }

    #[test]
    fn what_is_no_multipart_is_refused() {
        let one = part("one", "1");
        for body in [
            String::new(),
            "hello".to_owned(),
            one.clone(),
            format!("{one}--b"),
            format!("{one}--b-"),
            format!("{one}--b\r"),
            format!("{one}--bx\r\n"),
            format!("{one}--b --"),
            format!("{one}--b{}\r\n", " ".repeat(300)),
            one.replace("\r\n", "\n"),
        ] {
            let refused = whole(body.as_bytes());
            assert!(matches!(refused, Err(Malformed::Boundary(_))), "{body}: {refused:?}");
        }
        for body in ["--b\r\n\r\n1\r\n--b--", "--b\r\nContent-Type: a/b\r\n\r\n1\r\n--b--"] {
            assert!(matches!(whole(body.as_bytes()), Err(Malformed::Headers(_))), "{body}");
        }
        let long = "x".repeat(1001);
        let headers = format!("--b\r\nX: {long}\r\n\r\n");
        assert_eq!(whole(headers.as_bytes()), Err(Malformed::TooLong));
        assert_eq!(whole(headers.trim_end().as_bytes()), Err(Malformed::TooLong));
        assert_eq!(whole(format!("{long}\r\n{one}--b--").as_bytes()), Err(Malformed::TooLong));
    }

    /// A generator good enough to choose mutations (Vigna's splitmix64).
    struct Random(u64);

    impl Random {
        fn below(&mut self, bound: usize) -> usize {
            self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = self.0;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            ((z ^ (z >> 31)) % bound as u64) as usize
        }
    }

    #[test]
    fn how_a_body_is_cut_into_pieces_changes_nothing() {
        let mut random = Random(1);
        let seeds = [
            format!("{}{}--b--\r\n", part("one", "1"), part("two", "\r\n--\r\n--c\r")),
            format!("x\r\n{}--b--", part("x; name=y", "\r\n\r\n--bb")),
            "--b\r\nContent-Disposition: form-data; name=x;\r\n filename*=utf-8''a\r\n\r\n--b--"
                .into(),
        ];
        let tokens =
            ["\r\n", "--b", "--", "\r", "\n", "\"", "\\", ";", ":", "name=", "\0", " ", "%22"];
        for round in 0..20_000 {
            let mut body = seeds[round % seeds.len()].clone().into_bytes();
            for _ in 0..random.below(4) {
                let at = random.below(body.len() + 1);
                match random.below(3) {
                    0 => drop(body.drain(at..(at + random.below(9)).min(body.len()))),
                    1 => {
                        let token = tokens[random.below(tokens.len())].bytes();
                        drop(body.splice(at..at, token).collect::<Vec<_>>());
                    }
                    _ => {
                        let end = (at + random.below(20)).min(body.len());
                        let copy = body[at..end].to_vec();
                        drop(body.splice(at..at, copy).collect::<Vec<_>>());
                    }
                }
            }
            let at_once = whole(&body);
            if let Ok(parts) = &at_once {
                let kept: usize = parts.iter().map(|(_, content)| content.len()).sum();
                assert!(kept <= body.len());
            }
            let shown = String::from_utf8_lossy(&body);
            assert_eq!(read(&body, &[1]), at_once, "{shown:?}");
            let lengths = [1 + random.below(9), 1 + random.below(40), 1 + random.below(3)];
            assert_eq!(read(&body, &lengths), at_once, "{shown:?} in {lengths:?}");
        }
    }
}
