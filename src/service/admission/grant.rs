//! What is given out: memory and workers, the right to work on something alone, and answers. Each
//! goes back when it is dropped.

use std::sync::Arc;

use bytes::Bytes;

use super::{Ask, Lane, Shared, tell};

/// Memory and a worker that are the holder's until it drops this.
#[derive(Debug)]
pub(crate) struct Grant {
    pub(super) shared: Arc<Shared>,
    pub(super) lane: Lane,
    pub(super) memory: u64,
    pub(super) working: bool,
    pub(super) exclusive: Option<Exclusive>,
}

/// The right to work on something alone.
#[derive(Debug)]
pub(crate) struct Exclusive {
    pub(super) shared: Arc<Shared>,
    pub(super) what: String,
}

/// Bytes of an answer that are in memory until this is dropped.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) shared: Arc<Shared>,
    pub(super) bytes: Bytes,
}

impl Grant {
    /// Ends the work, but keeps `memory` bytes, at most those that there are.
    #[must_use]
    pub(crate) fn idle(mut self, memory: u64) -> Self {
        let kept = self.memory.min(memory);
        let (lane, working, back) = (self.lane.index(), self.working, self.memory - kept);
        (self.memory, self.working) = (kept, false);
        self.shared.change(|state| {
            let lane = &mut state.lanes[lane];
            lane.in_use = lane.in_use.saturating_sub(back);
            lane.working -= usize::from(working);
        });
        self
    }

    /// The same with other memory on a lane, if that can be had at once and nobody waits for it.
    ///
    /// # Errors
    /// The grant as it was.
    pub(crate) fn exchanged(mut self, ask: &Ask<'_>) -> Result<Self, Self> {
        let free = self.shared.answers_free;
        let shared = Arc::clone(&self.shared);
        let mut state = shared.lock();
        let room_for_answers = !ask.answers || state.has_room_for_answers(free);
        let more = if ask.lane == Lane::Long { state.more_answers(free) } else { 0 };
        let own = usize::from(self.working && self.lane == ask.lane);
        let own_memory = if self.lane == ask.lane { self.memory } else { 0 };
        let to = &mut state.lanes[ask.lane.index()];
        let memory = ask.memory.clamp(1, to.memory);
        let in_use = to.in_use.saturating_sub(own_memory).saturating_add(more);
        let fits = to.queue.len() == 0
            && to.working - own < to.workers
            && in_use.saturating_add(memory) <= to.memory
            && room_for_answers;
        if !fits {
            return Err(self);
        }
        to.in_use = to.in_use.saturating_add(memory);
        to.working += 1;
        let from = &mut state.lanes[self.lane.index()];
        from.in_use = from.in_use.saturating_sub(self.memory);
        from.working -= usize::from(self.working);
        state.peak_memory = state.peak_memory.max(state.memory(free));
        (self.lane, self.memory, self.working) = (ask.lane, memory, true);
        let let_in = state.let_in(&shared);
        drop(state);
        tell(let_in);
        Ok(self)
    }

    /// With the right to work on something alone.
    #[must_use]
    pub(crate) fn with(mut self, exclusive: Option<Exclusive>) -> Self {
        self.exclusive = exclusive;
        self
    }

    pub(crate) const fn lane(&self) -> Lane {
        self.lane
    }

    /// Gives all back but the right to work on its thing alone.
    pub(crate) fn into_exclusive(mut self) -> Option<Exclusive> {
        self.exclusive.take()
    }
}

impl Drop for Grant {
    fn drop(&mut self) {
        let (lane, memory, working) = (self.lane.index(), self.memory, self.working);
        self.shared.change(|state| {
            let lane = &mut state.lanes[lane];
            lane.in_use = lane.in_use.saturating_sub(memory);
            lane.working -= usize::from(working);
        });
    }
}

impl Drop for Exclusive {
    fn drop(&mut self) {
        self.shared.change(|state| {
            state.busy.remove(&self.what);
        });
    }
}

impl AsRef<[u8]> for Answer {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        let bytes = self.bytes.len() as u64;
        self.shared.change(|state| state.answers = state.answers.saturating_sub(bytes));
    }
}
