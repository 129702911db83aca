//! The index that lives in memory.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::{DuplicateIndex, HammingIndex, Hold, IndexError, Known, Near, Reservation, Reserve};
use crate::digest::{Digest, PerceptualHash};

/// A [`DuplicateIndex`] in memory, for one process: exact digests through hash maps, near ones
/// through a [`HammingIndex`] per scope. Clones are the same index.
///
/// Its memory is proportional to what it holds; a scope goes with its last image. Of what other
/// processes store it knows nothing: that takes an index in a database.
///
/// ```
/// use gatefold::{ByteDigest, DuplicateIndex, MemoryIndex, Reserve};
/// let index = MemoryIndex::new();
/// let digests = [ByteDigest::of(b"a picture").into()];
/// let first = index.reserve("account 7", &digests, "first", None)?;
/// let second = index.reserve("account 7", &digests, "second", None)?;
/// assert!(matches!(second, Reserve::Known(known) if known.id == "first" && !known.committed));
/// drop(first); // never stored
/// assert!(index.lookup("account 7", &digests)?.is_none());
/// # Ok::<(), gatefold::IndexError>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct MemoryIndex {
    state: Arc<RwLock<State>>,
}

impl MemoryIndex {
    /// An index of nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many images and reservations there are, over all scopes.
    pub fn len(&self) -> usize {
        read(&self.state).scopes.values().map(|scope| scope.entries.len()).sum()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        read(&self.state).scopes.is_empty()
    }
}

// A thread that panicked under the lock (out of memory at worst) must not take the index with it;
// every change below is complete before the next thing that could fail.
fn read(state: &RwLock<State>) -> RwLockReadGuard<'_, State> {
    state.read().unwrap_or_else(PoisonError::into_inner)
}

fn write(state: &RwLock<State>) -> RwLockWriteGuard<'_, State> {
    state.write().unwrap_or_else(PoisonError::into_inner)
}

/// Names an entry; never used twice.
type Slot = u64;

#[derive(Debug, Default)]
struct State {
    scopes: HashMap<Box<str>, Scope>,
    next: Slot,
}

#[derive(Debug, Default)]
struct Scope {
    holders: HashMap<Digest, Holders>,
    entries: HashMap<Slot, Entry>,
    committed: HashMap<Arc<str>, Slot>,
    near: HammingIndex<Slot>,
}

/// Who holds a digest: nearly always one. More are an image and the uploads about to replace it.
#[derive(Debug)]
struct Holders {
    first: Slot,
    later: Vec<Slot>,
}

/// An image, or a reservation that may become one.
#[derive(Debug)]
struct Entry {
    id: Arc<str>,
    digests: Vec<Digest>,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    Reserved { replaces: Option<Arc<str>> },
    Committed { hash: Option<PerceptualHash> },
}

impl Entry {
    /// The image that this is, or is to become in place of the present one.
    fn image(&self) -> Option<&str> {
        match &self.stage {
            Stage::Reserved { replaces } => replaces.as_deref(),
            Stage::Committed { .. } => Some(&self.id),
        }
    }

    fn known(&self) -> Known {
        let committed = matches!(self.stage, Stage::Committed { .. });
        Known { id: self.id.to_string(), committed }
    }
}

impl Scope {
    /// Who holds one of the digests: a committed image before a reservation, then the first in the
    /// order of `digests`. Those that are `image`, or are to replace it, do not count.
    fn held(&self, digests: &[Digest], image: Option<&str>) -> Option<Known> {
        let mut reserved = None;
        for entry in digests
            .iter()
            .filter_map(|digest| self.holders.get(digest))
            .flat_map(|holders| std::iter::once(&holders.first).chain(&holders.later))
            .filter_map(|slot| self.entries.get(slot))
            .filter(|entry| image.is_none() || entry.image() != image)
        {
            if matches!(entry.stage, Stage::Committed { .. }) {
                return Some(entry.known());
            }
            reserved = reserved.or(Some(entry));
        }
        reserved.map(Entry::known)
    }

    /// Adds digests to an entry that is there already.
    fn hold(&mut self, slot: Slot, digests: &[Digest]) {
        let Some(entry) = self.entries.get_mut(&slot) else {
            return;
        };
        for digest in digests {
            if entry.digests.contains(digest) {
                continue;
            }
            entry.digests.push(*digest);
            self.holders
                .entry(*digest)
                .and_modify(|holders| holders.later.push(slot))
                .or_insert(Holders { first: slot, later: Vec::new() });
        }
    }

    fn extend(&mut self, slot: Slot, digests: &[Digest]) -> Option<Known> {
        let entry = self.entries.get(&slot)?;
        let new: Vec<Digest> =
            digests.iter().filter(|digest| !entry.digests.contains(digest)).copied().collect();
        let known = self.held(&new, entry.image());
        if known.is_none() {
            self.hold(slot, &new);
        }
        known
    }

    fn commit(&mut self, slot: Slot, id: &str, hash: Option<PerceptualHash>) {
        let Some(entry) = self.entries.get(&slot) else {
            return;
        };
        let replaced = entry.image().and_then(|image| self.committed.get(image)).copied();
        let namesake = self.committed.get(id).copied();
        for old in [replaced, namesake].into_iter().flatten() {
            self.forget(old);
        }
        let Some(entry) = self.entries.get_mut(&slot) else {
            return;
        };
        entry.id = Arc::from(id);
        entry.stage = Stage::Committed { hash };
        self.committed.insert(Arc::clone(&entry.id), slot);
        if let Some(hash) = hash {
            self.near.insert(hash, slot);
        }
    }

    fn forget(&mut self, slot: Slot) {
        let Some(entry) = self.entries.remove(&slot) else {
            return;
        };
        for digest in &entry.digests {
            let Some(holders) = self.holders.get_mut(digest) else {
                continue;
            };
            holders.later.retain(|later| *later != slot);
            if holders.first == slot {
                if holders.later.is_empty() {
                    self.holders.remove(digest);
                } else {
                    holders.first = holders.later.remove(0);
                }
            }
        }
        if let Stage::Committed { hash } = entry.stage {
            self.committed.remove(&entry.id);
            if let Some(hash) = hash {
                self.near.remove(hash, slot);
            }
        }
    }
}

impl State {
    fn forget(&mut self, scope: &str, slot: Slot) {
        let Some(found) = self.scopes.get_mut(scope) else {
            return;
        };
        found.forget(slot);
        if found.entries.is_empty() {
            self.scopes.remove(scope);
        }
    }
}

impl DuplicateIndex for MemoryIndex {
    fn reserve(
        &self,
        scope: &str,
        digests: &[Digest],
        id: &str,
        replaces: Option<&str>,
    ) -> Result<Reserve, IndexError> {
        let mut guard = write(&self.state);
        let state = &mut *guard;
        if let Some(found) = state.scopes.get(scope)
            && let Some(known) = found.held(digests, replaces)
        {
            return Ok(Reserve::Known(known));
        }
        let slot = state.next;
        state.next += 1;
        let entry = Entry {
            id: id.into(),
            digests: Vec::with_capacity(digests.len()),
            stage: Stage::Reserved { replaces: replaces.map(Arc::from) },
        };
        let found = state.scopes.entry(scope.into()).or_default();
        found.entries.insert(slot, entry);
        found.hold(slot, digests);
        drop(guard);
        let hold = MemoryHold { state: Arc::clone(&self.state), scope: scope.into(), slot };
        Ok(Reserve::Reserved(Reservation::new(Box::new(hold))))
    }

    fn lookup(&self, scope: &str, digests: &[Digest]) -> Result<Option<Known>, IndexError> {
        let state = read(&self.state);
        Ok(state.scopes.get(scope).and_then(|scope| scope.held(digests, None)))
    }

    fn release(&self, scope: &str, id: &str) -> Result<bool, IndexError> {
        let mut state = write(&self.state);
        let slot = state.scopes.get(scope).and_then(|scope| scope.committed.get(id)).copied();
        if let Some(slot) = slot {
            state.forget(scope, slot);
        }
        Ok(slot.is_some())
    }

    fn near(
        &self,
        scope: &str,
        hash: PerceptualHash,
        radius: u32,
    ) -> Result<Vec<Near>, IndexError> {
        let state = read(&self.state);
        let Some(scope) = state.scopes.get(scope) else {
            return Ok(Vec::new());
        };
        let mut found: Vec<Near> = scope
            .near
            .within(hash, radius)
            .into_iter()
            .filter_map(|(distance, slot)| {
                let id = scope.entries.get(&slot)?.id.to_string();
                Some(Near { id, distance })
            })
            .collect();
        drop(state);
        found.sort_unstable_by(|a, b| (a.distance, &a.id).cmp(&(b.distance, &b.id)));
        Ok(found)
    }
}

#[derive(Debug)]
struct MemoryHold {
    state: Arc<RwLock<State>>,
    scope: Box<str>,
    slot: Slot,
}

impl Hold for MemoryHold {
    fn extend(&mut self, digests: &[Digest]) -> Result<Option<Known>, IndexError> {
        let mut state = write(&self.state);
        let scope = state.scopes.get_mut(&self.scope);
        Ok(scope.and_then(|scope| scope.extend(self.slot, digests)))
    }

    fn commit(&mut self, id: &str, hash: Option<PerceptualHash>) -> Result<(), IndexError> {
        if let Some(scope) = write(&self.state).scopes.get_mut(&self.scope) {
            scope.commit(self.slot, id, hash);
        }
        Ok(())
    }

    fn release(&mut self) {
        write(&self.state).forget(&self.scope, self.slot);
    }
}
