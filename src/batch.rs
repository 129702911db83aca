//! Many uploads at once, under one memory budget, with results in the order of the input.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use crate::cancel::Cancellation;
use crate::decode::{self, Mode};
use crate::error::Error;
use crate::pipeline::{Admitted, Claim, Draft, Pipeline, exact_digests, rejected_as, stopped};
use crate::policy::DuplicateRule;
use crate::report::{Inspection, Report};
use crate::upload::Upload;

/// Where one upload of a batch comes from; opened only when its turn comes.
pub struct Source {
    id: String,
    origin: Origin,
}

enum Origin {
    Bytes(Vec<u8>),
    Path(PathBuf),
    Reader(Box<dyn Read + Send>),
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Source").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Source {
    /// Bytes in memory. `id` names the upload in results and to duplicates of it.
    pub fn bytes(id: impl Into<String>, bytes: Vec<u8>) -> Self {
        Self { id: id.into(), origin: Origin::Bytes(bytes) }
    }

    /// A file, known by its path; its name is taken as the claimed one.
    pub fn path(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        Self { id: path.to_string_lossy().into_owned(), origin: Origin::Path(path) }
    }

    /// A stream. `id` names the upload in results and to duplicates of it.
    pub fn reader(id: impl Into<String>, reader: impl Read + Send + 'static) -> Self {
        Self { id: id.into(), origin: Origin::Reader(Box::new(reader)) }
    }

    /// The name of the upload in results.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Bytes that reading will take at most, as far as it can be told without reading.
    fn length(&self, cap: u64) -> u64 {
        let told = match &self.origin {
            Origin::Bytes(bytes) => bytes.len() as u64,
            Origin::Path(path) => match std::fs::metadata(path) {
                Ok(data) if data.is_file() => data.len(),
                _ => cap,
            },
            Origin::Reader(_) => cap,
        };
        told.min(cap)
    }

    fn open(self, pipeline: &Pipeline) -> Result<Upload<'static>, Error> {
        match self.origin {
            Origin::Bytes(bytes) => Ok(Upload::new(bytes)),
            Origin::Reader(reader) => pipeline.read(reader),
            Origin::Path(path) => {
                let upload = pipeline.read(File::open(&path)?)?;
                Ok(match path.file_name() {
                    Some(name) => upload.claiming_name(name.to_string_lossy()),
                    None => upload,
                })
            }
        }
    }
}

/// How a batch runs.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct BatchOptions {
    /// Bytes of memory over everything in flight: input, decoding, and results not yet handed out.
    /// One upload that needs more than all of it runs alone. Default 1 GiB.
    pub memory_budget: u64,
    /// Stops the batch: what is in flight ends as cancelled, what was not begun is left.
    pub cancellation: Cancellation,
}

impl Default for BatchOptions {
    fn default() -> Self {
        Self { memory_budget: 1024 * 1024 * 1024, cancellation: Cancellation::new() }
    }
}

impl BatchOptions {
    /// With this budget, in bytes.
    #[must_use]
    pub fn memory_budget(mut self, bytes: u64) -> Self {
        self.memory_budget = bytes;
        self
    }

    /// With this flag to stop the batch.
    #[must_use]
    pub fn cancelled_by(mut self, cancellation: &Cancellation) -> Self {
        self.cancellation = cancellation.clone();
        self
    }
}

/// One finished upload of a batch.
#[derive(Debug)]
#[non_exhaustive]
pub struct BatchItem<T> {
    /// Its place in the input, from 0.
    pub index: u64,
    /// The id of its [`Source`].
    pub id: String,
    /// The upload, for storing it; `None` when it could not be read.
    pub upload: Option<Upload<'static>>,
    /// What became of it.
    pub result: Result<T, Error>,
}

/// How a batch went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct BatchSummary {
    /// Uploads accepted.
    pub accepted: u64,
    /// Uploads rejected.
    pub rejected: u64,
    /// Uploads that could not be judged: unreadable, or an internal error.
    pub failed: u64,
    /// Whether the batch was stopped before its end.
    pub cancelled: bool,
}

impl BatchSummary {
    fn count<T>(&mut self, result: &Result<T, Error>) {
        match result {
            Ok(_) => self.accepted += 1,
            Err(Error::Rejected(_)) => self.rejected += 1,
            Err(Error::Cancelled) => self.cancelled = true,
            Err(_) => self.failed += 1,
        }
    }
}

/// What a depth does on the workers, and what is left for the feeding thread, in input order.
trait Work: Sync {
    type Draft: Send;
    type Output;
    fn admit(&self, upload: &Upload<'_>) -> Result<Admitted, Error>;
    /// Bytes that [`Work::work`] takes at most, beside the file.
    fn memory_needed(&self, admitted: &Admitted) -> u64;
    fn work(&self, upload: &Upload<'_>, admitted: Admitted) -> Result<Self::Draft, Error>;
    fn finish(&self, upload: &Upload<'_>, draft: Self::Draft) -> Result<Self::Output, Error>;
}

struct Check<'p>(&'p Pipeline);

impl Work for Check<'_> {
    type Draft = Inspection;
    type Output = Inspection;

    fn admit(&self, upload: &Upload<'_>) -> Result<Admitted, Error> {
        self.0.admit(upload)
    }

    fn memory_needed(&self, admitted: &Admitted) -> u64 {
        decode::verify_memory_needed(&admitted.structure)
    }

    fn work(&self, upload: &Upload<'_>, admitted: Admitted) -> Result<Inspection, Error> {
        self.0.verify(upload, admitted).map(|verified| verified.inspection)
    }

    fn finish(&self, _: &Upload<'_>, draft: Inspection) -> Result<Inspection, Error> {
        Ok(draft)
    }
}

struct Process<'p>(&'p Pipeline);

impl Work for Process<'_> {
    type Draft = Draft;
    type Output = Report;

    fn admit(&self, upload: &Upload<'_>) -> Result<Admitted, Error> {
        self.0.admit_for(upload, Mode::Shown)
    }

    fn memory_needed(&self, admitted: &Admitted) -> u64 {
        self.0.memory_needed(admitted)
    }

    fn work(&self, upload: &Upload<'_>, admitted: Admitted) -> Result<Draft, Error> {
        let exact = exact_digests(upload, &admitted.structure);
        // Only images stored before are refused here: what is in flight is decided in input order.
        if self.0.policy().duplicates == DuplicateRule::Reject
            && let Some(known) = self.0.committed(exact)?
        {
            return Err(rejected_as(admitted.inspection, &known));
        }
        self.0.draft(upload, admitted, exact)
    }

    fn finish(&self, upload: &Upload<'_>, draft: Draft) -> Result<Report, Error> {
        let claim: Claim = self.0.reserve(upload, draft.exact(), draft.pixels())?;
        self.0.finish(draft, claim)
    }
}

impl Pipeline {
    /// [`Pipeline::process`] for many uploads, on rayon. `done` gets the results one by one in the
    /// order of `sources`, on the calling thread, and may take the upload and the report away.
    ///
    /// Results do not depend on the number of threads: duplicate decisions are taken in input order,
    /// so of equal uploads the earliest accepted one is the original.
    ///
    /// Sources are read on the calling thread, and no source is opened before the memory for it is
    /// free under [`BatchOptions::memory_budget`].
    ///
    /// ```
    /// use gatefold::{BatchOptions, Pipeline, Policy, Source};
    /// let pipeline = Pipeline::builder(Policy::default()).build()?;
    /// let sources = vec![Source::bytes("a", b"<svg/>".to_vec()), Source::bytes("b", Vec::new())];
    /// let mut codes = Vec::new();
    /// let summary = pipeline.process_batch(sources, &BatchOptions::default(), |item| {
    ///     codes.push(item.result.unwrap_err().code());
    /// });
    /// assert_eq!((codes, summary.rejected), (vec!["unknown_format", "empty"], 2));
    /// # Ok::<(), gatefold::Error>(())
    /// ```
    pub fn process_batch(
        &self,
        sources: impl IntoIterator<Item = Source>,
        options: &BatchOptions,
        done: impl FnMut(BatchItem<Report>),
    ) -> BatchSummary {
        run(self, &Process(self), sources, options, done)
    }

    /// [`Pipeline::check`] for many uploads; see [`Pipeline::process_batch`].
    pub fn check_batch(
        &self,
        sources: impl IntoIterator<Item = Source>,
        options: &BatchOptions,
        done: impl FnMut(BatchItem<Inspection>),
    ) -> BatchSummary {
        run(self, &Check(self), sources, options, done)
    }
}

fn run<'e, W: Work>(
    pipeline: &'e Pipeline,
    work: &'e W,
    sources: impl IntoIterator<Item = Source>,
    options: &'e BatchOptions,
    done: impl FnMut(BatchItem<W::Output>),
) -> BatchSummary {
    let body = |scope: &rayon::Scope<'e>| {
        let mut feeder = Feeder::new(pipeline, work, options, done);
        for source in sources {
            if options.cancellation.is_cancelled() {
                feeder.summary.cancelled = true;
                break;
            }
            feeder.feed(scope, source);
        }
        feeder.drain();
        feeder.summary
    };
    // The body stays on the calling thread: only it may wait for memory, so no worker ever does.
    match pipeline.pool() {
        Some(pool) => pool.in_place_scope(body),
        None => rayon::in_place_scope(body),
    }
}

struct Finished<D> {
    index: u64,
    id: String,
    upload: Option<Upload<'static>>,
    result: Result<D, Error>,
}

/// The calling thread's side: reads, admits, waits for memory, hands out in order.
struct Feeder<'a, W: Work, F> {
    pipeline: &'a Pipeline,
    work: &'a W,
    options: &'a BatchOptions,
    done: F,
    sender: Sender<Finished<W::Draft>>,
    receiver: Receiver<Finished<W::Draft>>,
    /// Memory held by each upload that was begun and not yet handed out.
    held: BTreeMap<u64, u64>,
    in_use: u64,
    /// Finished ones that wait for an earlier one.
    waiting: BTreeMap<u64, Finished<W::Draft>>,
    next_in: u64,
    next_out: u64,
    summary: BatchSummary,
}

impl<'a, W: Work, F: FnMut(BatchItem<W::Output>)> Feeder<'a, W, F> {
    fn new(pipeline: &'a Pipeline, work: &'a W, options: &'a BatchOptions, done: F) -> Self {
        let (sender, receiver) = channel();
        Self {
            pipeline,
            work,
            options,
            done,
            sender,
            receiver,
            held: BTreeMap::new(),
            in_use: 0,
            waiting: BTreeMap::new(),
            next_in: 0,
            next_out: 0,
            summary: BatchSummary::default(),
        }
    }

    fn feed<'s>(&mut self, scope: &rayon::Scope<'s>, source: Source)
    where
        'a: 's,
    {
        let index = self.next_in;
        self.next_in += 1;
        let id = source.id().to_owned();
        self.acquire(index, source.length(self.pipeline.policy().limits.max_bytes));
        let upload = source.open(self.pipeline).map(|upload| {
            upload.identified_by(id.clone()).cancelled_by(&self.options.cancellation)
        });
        let upload = match upload {
            Ok(upload) => upload,
            Err(error) => {
                self.arrived(Finished { index, id, upload: None, result: Err(error) });
                return;
            }
        };
        let admitted = match self.work.admit(&upload) {
            Ok(admitted) => admitted,
            Err(error) => {
                self.arrived(Finished { index, id, upload: Some(upload), result: Err(error) });
                return;
            }
        };
        self.acquire(index, self.work.memory_needed(&admitted));
        let (sender, work) = (self.sender.clone(), self.work);
        scope.spawn(move |_| {
            let known = admitted.inspection.clone();
            // A panic must come out as a result, or the feeder would wait for it for ever.
            let result = decode::guarded("batch", || Ok(work.work(&upload, admitted)))
                .unwrap_or_else(|stop| Err(stopped(known, stop, &upload)));
            // The receiver lives as long as the scope.
            let _ = sender.send(Finished { index, id, upload: Some(upload), result });
        });
    }

    /// Adds to what `index` holds, once it fits or nothing else is left to wait for. Earlier uploads
    /// never wait for later ones, so each of them ends and gives its memory back.
    fn acquire(&mut self, index: u64, bytes: u64) {
        loop {
            let fits = self.in_use.saturating_add(bytes) <= self.options.memory_budget;
            let alone = self.held.keys().all(|held| *held == index);
            if fits || alone {
                break;
            }
            self.receive();
        }
        *self.held.entry(index).or_default() += bytes;
        self.in_use = self.in_use.saturating_add(bytes);
    }

    /// Waits for one upload to finish.
    fn receive(&mut self) {
        loop {
            // On a thread of the pool itself, waiting idly could keep the last worker from working.
            let patience = match rayon::yield_now() {
                Some(rayon::Yield::Executed) => Duration::ZERO,
                Some(rayon::Yield::Idle) => Duration::from_millis(1),
                None => Duration::from_secs(60),
            };
            match self.receiver.recv_timeout(patience) {
                Ok(finished) => return self.arrived(finished),
                Err(RecvTimeoutError::Timeout) => {}
                // Cannot be: the feeder holds a sender itself.
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn arrived(&mut self, finished: Finished<W::Draft>) {
        self.waiting.insert(finished.index, finished);
        while let Some(finished) = self.waiting.remove(&self.next_out) {
            self.next_out += 1;
            let Finished { index, id, upload, result } = finished;
            let result = match (result, &upload) {
                (Ok(draft), Some(upload)) => self.work.finish(upload, draft),
                (Ok(_), None) => Err(Error::Cancelled),
                (Err(error), _) => Err(error),
            };
            self.summary.count(&result);
            (self.done)(BatchItem { index, id, upload, result });
            let held = self.held.remove(&index).unwrap_or_default();
            self.in_use = self.in_use.saturating_sub(held);
        }
    }

    fn drain(&mut self) {
        while self.next_out < self.next_in {
            self.receive();
        }
    }
}
