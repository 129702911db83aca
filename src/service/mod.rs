//! An asset service for backends: stores what the pipeline accepted, and serves it.
//!
//! Records live in SQLite, bytes in an object store. Every picture goes through the pipeline under
//! the policy of the API that it came through; bytes are stored before the record that names them, so
//! no record is ever without its bytes, and a sweeper removes bytes that no record names.

mod admission;
mod assets;
mod audio;
mod blobs;
mod catalog;
mod clock;
mod collections;
mod covers;
mod error;
mod examine;
mod id;
mod keys;
mod links;
mod model;
mod renditions;
mod settings;
mod signatures;
mod spool;
mod store;
mod sweep;
mod theme;
mod tickets;
mod under_way;

pub use admission::{Client, Load};
pub use assets::{Assets, Original};
pub use clock::{Clock, ManualClock};
pub use collections::{CollectionFields, TrackFields};
pub use error::ServiceError;
pub use keys::Keyring;
pub use model::{
    ApiKey, Asset, Change, Collection, NewAsset, Role, Served, Surface, Theme, ThemeColor, Ticket,
    TicketFor, Track, TrackStatus, UploadSession,
};
pub use settings::{Policies, Settings};
pub(crate) use signatures::Signature;
pub use signatures::{LinkKey, SignatureError};
pub use spool::{Spool, Spooled};
pub use sweep::Swept;
