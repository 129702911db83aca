//! Places for connections: so many altogether, and so many for one address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::activity::Activity;
use crate::http::metrics::CONNECTIONS;
use crate::http::network::Network;
use crate::http::options::Options;

/// All places of a server.
#[derive(Debug)]
pub(super) struct Places {
    max: usize,
    /// For one address; 0 for no limit.
    max_per_address: usize,
    table: Mutex<Table>,
    freed: Notify,
}

#[derive(Debug, Default)]
struct Table {
    next: u64,
    taken: HashMap<u64, (Option<IpAddr>, Arc<Activity>)>,
    by_address: HashMap<IpAddr, usize>,
}

/// A place, given back when it is dropped.
#[derive(Debug)]
pub(super) struct Place {
    places: Arc<Places>,
    id: u64,
    address: Option<IpAddr>,
    pub(super) activity: Arc<Activity>,
}

impl Places {
    pub(super) fn new(options: &Options) -> Arc<Self> {
        Arc::new(Self {
            max: options.max_connections.max(1),
            max_per_address: options.max_connections_per_address,
            table: Mutex::default(),
            freed: Notify::new(),
        })
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a connection from this address would be one too many for it. Trusted proxies have all
    /// clients behind them, and no limit.
    pub(super) fn refuses(&self, address: IpAddr, options: &Options) -> bool {
        if self.max_per_address == 0 || options.trusts(address) {
            return false;
        }
        let taken = self.table().by_address.get(&Network::of_host(address)).copied();
        taken.is_some_and(|taken| taken >= self.max_per_address)
    }

    /// A place for a connection from this address, once there is one. While all are taken,
    /// connections that nothing was asked on are closed for it.
    pub(super) async fn take(self: &Arc<Self>, address: IpAddr, options: &Options) -> Place {
        loop {
            let freed = self.freed.notified();
            if let Some(place) = self.try_take(address, options) {
                return place;
            }
            if let Some(idle) = self.idle() {
                idle.evict();
            }
            freed.await;
        }
    }

    fn try_take(self: &Arc<Self>, address: IpAddr, options: &Options) -> Option<Place> {
        let mut table = self.table();
        if table.taken.len() >= self.max {
            return None;
        }
        let address = (!options.trusts(address)).then(|| Network::of_host(address));
        let activity = Arc::new(Activity::new());
        let id = table.next;
        table.next += 1;
        table.taken.insert(id, (address, Arc::clone(&activity)));
        if let Some(address) = address {
            *table.by_address.entry(address).or_default() += 1;
        }
        CONNECTIONS.opened();
        Some(Place { places: Arc::clone(self), id, address, activity })
    }

    /// The connection that was idle longest, of the address that has most of them.
    fn idle(&self) -> Option<Arc<Activity>> {
        let table = self.table();
        let idle = table.taken.values().filter_map(|(address, activity)| {
            let since = activity.idle_since()?;
            let share = address.and_then(|address| table.by_address.get(&address).copied());
            Some(((std::cmp::Reverse(share.unwrap_or(0)), since), activity))
        });
        idle.min_by_key(|(rank, _)| *rank).map(|(_, activity)| Arc::clone(activity))
    }

    /// Done when no place is taken.
    pub(super) async fn empty(&self) {
        loop {
            let freed = self.freed.notified();
            if self.table().taken.is_empty() {
                return;
            }
            freed.await;
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut table = self.places.table();
        table.taken.remove(&self.id);
        if let Some(address) = self.address
            && let Some(taken) = table.by_address.get_mut(&address)
        {
            *taken -= 1;
            if *taken == 0 {
                table.by_address.remove(&address);
            }
        }
        drop(table);
        CONNECTIONS.closed();
        self.places.freed.notify_one();
    }
}
