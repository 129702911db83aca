//! A file in memory whose reading ends when the work on it must stop: the only way into a decoder
//! that knows of no cancellation.

use std::io::{self, BufRead, Cursor, Read, Seek, SeekFrom};

use crate::cancel::Cancellation;

/// Bytes read between two looks at the cancellation flag.
const STRETCH: usize = 4096;

pub(super) struct Watched<'a> {
    bytes: Cursor<&'a [u8]>,
    cancel: &'a Cancellation,
    since: usize,
}

impl<'a> Watched<'a> {
    pub(super) fn new(bytes: &'a [u8], cancel: &'a Cancellation) -> Self {
        Self { bytes: Cursor::new(bytes), cancel, since: 0 }
    }

    fn look(&mut self) -> io::Result<()> {
        if self.since < STRETCH {
            return Ok(());
        }
        self.since = 0;
        if self.cancel.should_stop() { Err(io::Error::other("stopped")) } else { Ok(()) }
    }
}

impl Read for Watched<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.look()?;
        let count = self.bytes.read(buffer)?;
        self.since += count;
        Ok(count)
    }
}

impl BufRead for Watched<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.look()?;
        self.bytes.fill_buf()
    }

    fn consume(&mut self, count: usize) {
        self.bytes.consume(count);
        self.since = self.since.saturating_add(count);
    }
}

impl Seek for Watched<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.bytes.seek(to)
    }
}
