//! An asset service for backends: stores what the pipeline accepted, and serves it.
//!
//! Records live in SQLite, bytes in an object store. Every picture goes through the pipeline under
//! the policy of the API that it came through. Where bytes are about to lie is noted before they are
//! written, and the record that names them comes last: no record is ever without its bytes, and a
//! sweeper knows those that no record came to name. What the database does not know of is never
//! removed.

mod admission;
mod assets;
mod audio;
mod audio_jobs;
mod backup;
mod blobs;
mod catalog;
mod check;
mod clock;
mod collections;
mod covers;
mod directory;
mod error;
mod examine;
mod id;
mod identity;
mod kept;
mod keys;
mod links;
mod lists;
mod model;
mod original;
mod quota;
mod readiness;
mod recording;
mod renditions;
mod settings;
mod signatures;
mod spool;
mod store;
mod sweep;
mod takedown;
mod text;
mod theme;
mod tickets;
mod under_way;

pub use admission::{Client, Load};
pub use assets::{Assets, Original};
pub use backup::{Copied, back_up, restore};
pub use catalog::Cursor;
pub use check::{StoreCheck, StoreFault, StoreFinding, StoreSummary};
pub use clock::{Clock, ManualClock};
pub use collections::{CollectionFields, TrackFields};
pub use error::ServiceError;
pub use identity::adopt_store;
pub use keys::Keyring;
pub use lists::Page;
pub use model::{
    ApiKey, Asset, Change, Collection, NewAsset, NewSession, Role, Served, Surface, Theme,
    ThemeColor, Ticket, TicketFor, Track, TrackStatus, UploadSession,
};
pub use original::OriginalReader;
pub use quota::{Quota, TenantUsage, Usage};
pub use settings::{Policies, Settings};
pub use signatures::{LinkKey, Signature, SignatureError};
pub use spool::{Spool, Spooled};
pub use sweep::Swept;
pub use tickets::OpenTicket;
