//! Work that several may wait for: it is done once, and ends when nobody waits for it any more.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::FutureExt;
use futures_util::future::{BoxFuture, Shared, WeakShared};

use super::error::ServiceError;

type Outcome<T> = Result<T, Arc<ServiceError>>;
type Work<T> = BoxFuture<'static, Outcome<T>>;

/// What is being worked on, by name.
#[derive(Debug)]
pub(crate) struct UnderWay<T: Clone> {
    entries: Arc<Mutex<Entries<T>>>,
}

#[derive(Debug)]
struct Entries<T: Clone> {
    next: u64,
    by_name: HashMap<String, (u64, WeakShared<Work<T>>)>,
}

impl<T: Clone + Send + Sync + 'static> UnderWay<T> {
    pub(crate) fn new() -> Self {
        Self { entries: Arc::new(Mutex::new(Entries { next: 0, by_name: HashMap::new() })) }
    }

    /// The outcome of the work of this name, which is begun unless it is under way; and whether it
    /// was begun here.
    pub(crate) async fn join(
        &self,
        name: &str,
        begin: impl FnOnce() -> BoxFuture<'static, Result<T, ServiceError>>,
    ) -> (Outcome<T>, bool) {
        let (work, is_own) = self.work(name, begin);
        (work.await, is_own)
    }

    fn work(
        &self,
        name: &str,
        begin: impl FnOnce() -> BoxFuture<'static, Result<T, ServiceError>>,
    ) -> (Shared<Work<T>>, bool) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let under_way = entries.by_name.get(name).and_then(|(_, work)| work.upgrade());
        if let Some(work) = under_way {
            return (work, false);
        }
        let id = entries.next;
        entries.next += 1;
        let entry = Entry { entries: Arc::clone(&self.entries), name: name.to_owned(), id };
        let begun = begin();
        let work = async move {
            let _entry = entry;
            begun.await.map_err(Arc::new)
        };
        let work = work.boxed().shared();
        if let Some(weak) = work.downgrade() {
            entries.by_name.insert(name.to_owned(), (id, weak));
        }
        (work, true)
    }
}

/// Forgets a work when it ends, unless another of its name has begun since.
struct Entry<T: Clone> {
    entries: Arc<Mutex<Entries<T>>>,
    name: String,
    id: u64,
}

impl<T: Clone> Drop for Entry<T> {
    fn drop(&mut self) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        if entries.by_name.get(&self.name).is_some_and(|(id, _)| *id == self.id) {
            entries.by_name.remove(&self.name);
        }
    }
}
