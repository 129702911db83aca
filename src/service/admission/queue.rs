//! The order in which waiting work is let in: a weighted turn for each class, and within a class a
//! turn for each client.

use std::collections::VecDeque;

use super::{Client, Lane};

/// So many jobs may be let in before one whose turn it is and for which there is no memory yet; then
/// memory is gathered for that one.
const MAX_PASSES: u32 = 8;

/// A job that waits.
#[derive(Debug)]
pub(super) struct Waiting<T> {
    pub(super) id: u64,
    /// Bytes that it needs.
    pub(super) memory: u64,
    /// What must not be worked on by another at the same time.
    pub(super) exclusive: Option<String>,
    /// Whether an answer comes out that stays in memory until it is sent.
    pub(super) answers: bool,
    /// Whom to tell.
    pub(super) notify: T,
    passed: u32,
}

impl<T> Waiting<T> {
    pub(super) const fn new(
        id: u64,
        memory: u64,
        exclusive: Option<String>,
        answers: bool,
        notify: T,
    ) -> Self {
        Self { id, memory, exclusive, answers, notify, passed: 0 }
    }
}

/// All jobs of one client, in the order in which they came.
#[derive(Debug)]
struct Line<T> {
    client: Client,
    jobs: VecDeque<Waiting<T>>,
}

/// Clients that have jobs waiting; the first one's turn is next.
#[derive(Debug)]
struct Class<T> {
    /// Stride scheduling: the class with the smallest pass goes first, and each job moves it on by
    /// its stride, so that classes get in by the inverse of their strides.
    pass: u64,
    stride: u64,
    lines: VecDeque<Line<T>>,
}

/// The jobs that wait for one lane.
#[derive(Debug)]
pub(super) struct Queue<T> {
    classes: [Class<T>; 2],
    /// The pass of the class that was served last: one that was idle does not catch up on it.
    reached: u64,
    waiting: usize,
}

impl<T> Queue<T> {
    /// `anonymous_share` is the part of turns that anonymous work gets while keyed work waits, in
    /// percent, 1..=99.
    pub(super) fn new(anonymous_share: u8) -> Self {
        let share = u64::from(anonymous_share.clamp(1, 99));
        let class =
            |share: u64| Class { pass: 0, stride: 1_000_000 / share, lines: VecDeque::new() };
        Self { classes: [class(100 - share), class(share)], reached: 0, waiting: 0 }
    }

    pub(super) const fn len(&self) -> usize {
        self.waiting
    }

    /// Jobs of this client that wait.
    pub(super) fn len_of(&self, client: &Client) -> usize {
        let lines = &self.classes[client.class()].lines;
        lines.iter().find(|line| line.client == *client).map_or(0, |line| line.jobs.len())
    }

    pub(super) fn push(&mut self, client: &Client, job: Waiting<T>) {
        self.waiting += 1;
        let class = &mut self.classes[client.class()];
        if class.lines.is_empty() {
            class.pass = class.pass.max(self.reached);
        }
        if let Some(line) = class.lines.iter_mut().find(|line| line.client == *client) {
            line.jobs.push_back(job);
        } else {
            let line = Line { client: client.clone(), jobs: VecDeque::from([job]) };
            class.lines.push_back(line);
        }
    }

    /// Takes a job out that nobody waits for any more.
    pub(super) fn remove(&mut self, client: &Client, id: u64) {
        let class = &mut self.classes[client.class()];
        let Some(at) = class.lines.iter().position(|line| line.client == *client) else { return };
        let jobs = &mut class.lines[at].jobs;
        if let Some(place) = jobs.iter().position(|job| job.id == id) {
            jobs.remove(place);
            self.waiting -= 1;
        }
        if class.lines[at].jobs.is_empty() {
            class.lines.remove(at);
        }
    }

    /// The next job to let in. One that waits for something else than memory (is not `ready`) is
    /// passed over. One that does not fit keeps its turn, and others go before it at most
    /// [`MAX_PASSES`] times.
    pub(super) fn next(
        &mut self,
        ready: impl Fn(&Waiting<T>) -> bool,
        fits: impl Fn(&Waiting<T>) -> bool,
    ) -> Option<Waiting<T>> {
        let mut order = [0, 1];
        order.sort_by_key(|&class| (self.classes[class].pass, class));
        let mut blocked: Option<(usize, usize, usize)> = None;
        let mut chosen = None;
        'search: for class in order {
            for (line, waiting) in self.classes[class].lines.iter().enumerate() {
                let Some(at) = waiting.jobs.iter().position(&ready) else { continue };
                let job = &waiting.jobs[at];
                if fits(job) {
                    chosen = Some((class, line, at));
                    break 'search;
                }
                if blocked.is_none() {
                    if job.passed >= MAX_PASSES {
                        return None;
                    }
                    blocked = Some((class, line, at));
                }
            }
        }
        let (class, line, at) = chosen?;
        if let Some((class, line, at)) = blocked
            && let Some(job) = self.classes[class].lines[line].jobs.get_mut(at)
        {
            job.passed += 1;
        }
        let class = &mut self.classes[class];
        self.reached = self.reached.max(class.pass);
        class.pass += class.stride;
        let mut of = class.lines.remove(line)?;
        let job = of.jobs.remove(at)?;
        if !of.jobs.is_empty() {
            class.lines.push_back(of);
        }
        self.waiting -= 1;
        Some(job)
    }
}

impl Client {
    /// The index of its class.
    const fn class(&self) -> usize {
        match self {
            Self::Tenant(_) => 0,
            Self::Address(_) => 1,
        }
    }
}

impl Lane {
    pub(super) const fn index(self) -> usize {
        match self {
            Self::Short => 0,
            Self::Long => 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tenant(name: &str) -> Client {
        Client::Tenant(name.to_owned())
    }

    fn address(last: u8) -> Client {
        Client::Address(std::net::IpAddr::from([192, 0, 2, last]))
    }

    /// A queue of jobs of 10 bytes, named by what they tell.
    fn queue(jobs: &[(Client, &'static str)]) -> Queue<&'static str> {
        let mut queue = Queue::new(25);
        for ((client, name), id) in jobs.iter().zip(0..) {
            queue.push(client, Waiting::new(id, 10, None, false, *name));
        }
        queue
    }

    fn drain(queue: &mut Queue<&'static str>) -> Vec<&'static str> {
        std::iter::from_fn(|| queue.next(|_| true, |_| true)).map(|job| job.notify).collect()
    }

    #[test]
    fn tenants_take_turns_however_many_jobs_each_has() {
        let (a, b) = (tenant("a"), tenant("b"));
        let jobs = [(a.clone(), "a1"), (a.clone(), "a2"), (a, "a3"), (b.clone(), "b1"), (b, "b2")];
        let mut queue = queue(&jobs);
        assert_eq!(drain(&mut queue), ["a1", "b1", "a2", "b2", "a3"]);
        assert_eq!(queue.len(), 0);
    }

    #[test]
    fn classes_get_in_by_their_shares() {
        let mut queue = Queue::new(25);
        for id in 0..40 {
            queue.push(&tenant("a"), Waiting::new(id, 1, None, false, "keyed"));
            queue.push(&address(id as u8), Waiting::new(100 + id, 1, None, false, "anonymous"));
        }
        let first: Vec<_> = drain(&mut queue).into_iter().take(20).collect();
        assert_eq!(first.iter().filter(|name| **name == "anonymous").count(), 5);
    }

    #[test]
    fn a_class_that_was_idle_does_not_catch_up() {
        let mut queue = Queue::new(50);
        for id in 0..20 {
            queue.push(&tenant("a"), Waiting::new(id, 1, None, false, "keyed"));
        }
        for _ in 0..10 {
            queue.next(|_| true, |_| true);
        }
        for id in 20..40 {
            queue.push(&address(1), Waiting::new(id, 1, None, false, "anonymous"));
        }
        let next: Vec<_> = drain(&mut queue).into_iter().take(6).collect();
        assert_eq!(next.iter().filter(|name| **name == "keyed").count(), 3);
    }

    #[test]
    fn what_does_not_fit_is_passed_so_many_times_and_no_more() {
        let mut queue = Queue::new(25);
        queue.push(&tenant("large"), Waiting::new(0, 100, None, false, "large"));
        for id in 1..20 {
            queue.push(&tenant("small"), Waiting::new(id, 1, None, false, "small"));
        }
        let mut passed = 0;
        while queue.next(|_| true, |job| job.memory < 100).is_some() {
            passed += 1;
        }
        assert_eq!(passed, MAX_PASSES);
        // As soon as there is room it is its turn.
        assert_eq!(queue.next(|_| true, |_| true).map(|job| job.notify), Some("large"));
        assert_eq!(queue.next(|_| true, |_| true).map(|job| job.notify), Some("small"));
    }

    #[test]
    fn one_at_a_time_works_on_a_thing_and_others_do_not_wait_for_it() {
        let mut queue = Queue::new(25);
        let on = |id, what: &str, name| Waiting::new(id, 1, Some(what.to_owned()), true, name);
        queue.push(&address(1), on(0, "x", "first on x"));
        queue.push(&address(1), on(1, "y", "on y"));
        queue.push(&address(2), on(2, "x", "second on x"));
        let ready = |job: &Waiting<_>| job.exclusive.as_deref() != Some("x");
        assert_eq!(queue.next(ready, |_| true).map(|job| job.notify), Some("on y"));
        assert!(queue.next(ready, |_| true).is_none());
        assert_eq!(queue.len(), 2);
    }

    #[test]
    fn who_gives_up_leaves_no_place_behind() {
        let (a, b) = (tenant("a"), tenant("b"));
        let jobs = [(a.clone(), "a1"), (a.clone(), "a2"), (b.clone(), "b1")];
        let mut queue = queue(&jobs);
        queue.remove(&b, 2);
        queue.remove(&a, 0);
        queue.remove(&a, 7);
        assert_eq!((queue.len(), queue.len_of(&a), queue.len_of(&b)), (1, 1, 0));
        assert_eq!(drain(&mut queue), ["a2"]);
    }
}
