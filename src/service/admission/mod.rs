//! Admission: who may take memory and a processor, and in which order. Work waits here, for a
//! bounded time and in bounded numbers, before any of its bytes are in memory.
//!
//! Work has two lanes with workers and memory of their own, so that what takes long never stands
//! before what does not: [`Lane::Short`] for looking at files and for small pictures, [`Lane::Long`]
//! for all else. They share the processors as the operating system's scheduler divides them.
//!
//! Whoever waits holds nothing of what others wait for: a job that finds out that it needs more
//! gives back what it has first, unless the rest is free at once.

mod grant;
mod queue;

use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::oneshot;
use tokio::time::{Instant, timeout_at};

use self::grant::Answer;
pub(crate) use self::grant::{Exclusive, Grant};
use self::queue::{Queue, Waiting};
use super::error::ServiceError;

/// The part of the budget that belongs to short work: one of so many.
const SHORT_PART: u64 = 8;
/// The part of the memory for long work that answers may take: one of so many.
const ANSWERS_PART: u64 = 4;

/// The most work that is short, in the unit of [`Limits::max_work`](crate::Limits::max_work): a tenth
/// of a second or so.
const SHORT_WORK: u64 = 100_000_000;

/// The largest file that is short work to look at, in bytes: reading, walking and hashing it takes some
/// milliseconds.
const SHORT_LOOK: u64 = 2 * 1024 * 1024;

/// On whose behalf work is done: clients of one kind take turns.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Client {
    /// A tenant, who has an API key.
    Tenant(String),
    /// Somebody without a key, by the network address.
    Address(IpAddr),
}

/// What is asked for, for one piece of work.
#[derive(Debug, Clone)]
pub(crate) struct Ask<'a> {
    pub(crate) client: &'a Client,
    pub(crate) lane: Lane,
    /// Bytes of memory.
    pub(crate) memory: u64,
    /// Whether an answer comes out that stays in memory until it is sent.
    pub(crate) answers: bool,
    /// When to give up.
    pub(crate) until: Instant,
}

/// Which workers do a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lane {
    /// It takes milliseconds.
    Short,
    /// It may take seconds.
    Long,
}

/// How many may wait, and for how long.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WaitLimits {
    /// For how long.
    pub(crate) timeout: Duration,
    /// How many in all.
    pub(crate) jobs: usize,
    /// How many of one client.
    pub(crate) jobs_of_client: usize,
}

/// How much work there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Load {
    /// Jobs that wait for memory or a worker.
    pub waiting: usize,
    /// Jobs that are worked on.
    pub working: usize,
    /// Bytes of memory that are given out.
    pub memory: u64,
    /// The most bytes that were given out at once.
    pub peak_memory: u64,
}

/// The budget of one process. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Admission {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    limits: WaitLimits,
    /// Bytes of answers that the budget sets aside: those that the cache keeps.
    answers_free: u64,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    lanes: [LaneState; 2],
    /// Things that a job is working on, to the exclusion of others.
    busy: HashSet<String>,
    /// Bytes of answers in memory.
    answers: u64,
    next_id: u64,
    peak_memory: u64,
}

#[derive(Debug)]
struct LaneState {
    workers: usize,
    working: usize,
    /// Bytes that its jobs may have together.
    memory: u64,
    in_use: u64,
    queue: Queue<oneshot::Sender<Grant>>,
}

impl Admission {
    /// `memory_budget` covers `hot_cache`, as far as half of it goes; `workers` is for each lane.
    pub(crate) fn new(
        memory_budget: u64,
        hot_cache: u64,
        workers: usize,
        anonymous_share: u8,
        limits: WaitLimits,
    ) -> Self {
        let budget = memory_budget.saturating_sub(hot_cache).max(memory_budget / 2).max(1);
        let lane = |memory: u64| LaneState {
            workers: workers.max(1),
            working: 0,
            memory: memory.max(1),
            in_use: 0,
            queue: Queue::new(anonymous_share),
        };
        let short = budget / SHORT_PART;
        let state = State {
            lanes: [lane(short), lane(budget - short)],
            busy: HashSet::new(),
            answers: 0,
            next_id: 0,
            peak_memory: 0,
        };
        let shared = Shared { limits, answers_free: hot_cache, state: Mutex::new(state) };
        Self { shared: Arc::new(shared) }
    }

    /// When somebody who begins to wait now gives up.
    pub(crate) fn until(&self) -> Instant {
        Instant::now() + self.shared.limits.timeout
    }

    /// The lane of work that looks at a file of so many bytes.
    pub(crate) fn lane_to_look(&self, bytes: u64) -> Lane {
        let memory = self.shared.lock().lanes[Lane::Short.index()].memory;
        if bytes <= memory.min(SHORT_LOOK) { Lane::Short } else { Lane::Long }
    }

    /// The lane of work that takes so much memory, and so much time by its estimate.
    pub(crate) fn lane_to_work(&self, memory: u64, work: u64) -> Lane {
        let of_short_work = self.shared.lock().lanes[Lane::Short.index()].memory;
        let is_short = memory <= of_short_work / 2 && work <= SHORT_WORK;
        if is_short { Lane::Short } else { Lane::Long }
    }

    pub(crate) fn load(&self) -> Load {
        let state = self.shared.lock();
        Load {
            waiting: state.lanes.iter().map(|lane| lane.queue.len()).sum(),
            working: state.lanes.iter().map(|lane| lane.working).sum(),
            memory: state.memory(self.shared.answers_free),
            peak_memory: state.peak_memory,
        }
    }

    /// Waits for memory and a worker. What needs more than all that its lane has gets all of it.
    ///
    /// # Errors
    /// [`ServiceError::Overloaded`] when too many wait already, and when the wait ends.
    pub(crate) async fn acquire(&self, ask: Ask<'_>) -> Result<Grant, ServiceError> {
        self.wait(ask, None).await
    }

    /// As [`Admission::acquire`], and nobody else who names `what` gets in until the grant's
    /// [`Exclusive`] is dropped.
    pub(crate) async fn acquire_alone(
        &self,
        ask: Ask<'_>,
        what: &str,
    ) -> Result<Grant, ServiceError> {
        self.wait(ask, Some(what.to_owned())).await
    }

    async fn wait(&self, ask: Ask<'_>, alone: Option<String>) -> Result<Grant, ServiceError> {
        let Ask { client, lane, memory, answers, until } = ask;
        let (notify, told) = oneshot::channel();
        let (id, let_in) = {
            let mut state = self.shared.lock();
            let waiting: usize = state.lanes.iter().map(|lane| lane.queue.len()).sum();
            let own: usize = state.lanes.iter().map(|lane| lane.queue.len_of(client)).sum();
            let limits = &self.shared.limits;
            if waiting >= limits.jobs || own >= limits.jobs_of_client {
                return Err(self.shared.overloaded());
            }
            let id = state.next_id;
            state.next_id += 1;
            let of = &mut state.lanes[lane.index()];
            let memory = memory.clamp(1, of.memory);
            of.queue.push(client, Waiting::new(id, memory, alone, answers, notify));
            (id, state.let_in(&self.shared))
        };
        tell(let_in);
        let _queued = Queued { shared: &self.shared, lane, client, id };
        match timeout_at(until, told).await {
            Ok(Ok(grant)) => Ok(grant),
            Ok(Err(_)) | Err(_) => Err(self.shared.overloaded()),
        }
    }

    /// Whether answers may become more; those that are being sent count.
    ///
    /// # Errors
    /// [`ServiceError::Overloaded`] when they take as much memory as they may.
    pub(crate) fn room_for_answers(&self) -> Result<(), ServiceError> {
        if self.shared.lock().has_room_for_answers(self.shared.answers_free) {
            Ok(())
        } else {
            Err(self.shared.overloaded())
        }
    }

    /// An answer, which counts as long as any part of it is in memory.
    pub(crate) fn answer(&self, bytes: Bytes) -> Bytes {
        self.shared.lock().add_answer(bytes.len() as u64, self.shared.answers_free);
        Bytes::from_owner(Answer { shared: Arc::clone(&self.shared), bytes })
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing that can panic changes the state half-way.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn overloaded(&self) -> ServiceError {
        ServiceError::Overloaded { retry_after: self.limits.timeout.max(Duration::from_secs(1)) }
    }

    /// Changes the state and lets in whoever may come now.
    fn change(self: &Arc<Self>, change: impl FnOnce(&mut State)) {
        let let_in = {
            let mut state = self.lock();
            change(&mut state);
            state.let_in(self)
        };
        tell(let_in);
    }
}

impl State {
    /// Bytes of answers beyond those that the budget sets aside.
    const fn more_answers(&self, free: u64) -> u64 {
        self.answers.saturating_sub(free)
    }

    fn memory(&self, free: u64) -> u64 {
        let jobs = self.lanes.iter().map(|lane| lane.in_use).fold(0, u64::saturating_add);
        jobs.saturating_add(self.more_answers(free))
    }

    /// Answers that clients are slow to take must leave most of the memory to other work.
    fn has_room_for_answers(&self, free: u64) -> bool {
        self.more_answers(free) <= self.lanes[Lane::Long.index()].memory / ANSWERS_PART
    }

    fn add_answer(&mut self, bytes: u64, free: u64) {
        self.answers = self.answers.saturating_add(bytes);
        self.peak_memory = self.peak_memory.max(self.memory(free));
    }

    /// Everybody for whom there is room now.
    fn let_in(&mut self, shared: &Arc<Shared>) -> Vec<(oneshot::Sender<Grant>, Grant)> {
        let free = shared.answers_free;
        let mut let_in = Vec::new();
        for lane in [Lane::Short, Lane::Long] {
            let room_for_answers = self.has_room_for_answers(free);
            let more = if lane == Lane::Long { self.more_answers(free) } else { 0 };
            loop {
                let of = &mut self.lanes[lane.index()];
                if of.working >= of.workers {
                    break;
                }
                let left = of.memory.saturating_sub(of.in_use).saturating_sub(more);
                // What needs all that there is must not wait for answers that nobody takes.
                let alone = of.in_use == 0;
                let ready = |job: &Waiting<_>| {
                    let free = |what| !self.busy.contains(what);
                    job.exclusive.as_ref().is_none_or(free) && (room_for_answers || !job.answers)
                };
                let fits = |job: &Waiting<_>| job.memory <= left || alone;
                let Some(job) = of.queue.next(ready, fits) else { break };
                of.working += 1;
                of.in_use = of.in_use.saturating_add(job.memory);
                self.peak_memory = self.peak_memory.max(self.memory(free));
                let exclusive = job.exclusive.map(|what| {
                    self.busy.insert(what.clone());
                    Exclusive { shared: Arc::clone(shared), what }
                });
                let grant = Grant {
                    shared: Arc::clone(shared),
                    lane,
                    memory: job.memory,
                    working: true,
                    exclusive,
                };
                let_in.push((job.notify, grant));
            }
        }
        let_in
    }
}

/// Outside of the lock: a grant that nobody takes goes back at once.
fn tell(let_in: Vec<(oneshot::Sender<Grant>, Grant)>) {
    for (notify, grant) in let_in {
        drop(notify.send(grant));
    }
}

/// A place in the queue, given up when it is dropped.
struct Queued<'a> {
    shared: &'a Arc<Shared>,
    lane: Lane,
    client: &'a Client,
    id: u64,
}

impl Drop for Queued<'_> {
    fn drop(&mut self) {
        self.shared.change(|state| {
            state.lanes[self.lane.index()].queue.remove(self.client, self.id);
        });
    }
}
