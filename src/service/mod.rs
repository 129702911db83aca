//! An asset service for backends: stores what the pipeline accepted, and serves it.
//!
//! Records live in SQLite, bytes in an object store. Every picture goes through the pipeline under
//! the policy of the API that it came through; bytes are stored before the record that names them, so
//! no record is ever without its bytes, and a sweeper removes bytes that no record names.

mod admission;
mod assets;
mod clock;
mod error;
mod id;
mod model;
mod settings;
mod spool;

pub use assets::{Assets, CollectionFields, Original, Swept, TrackFields};
pub use clock::{Clock, ManualClock};
pub use error::ServiceError;
pub use model::{
    ApiKey, Asset, Change, Collection, NewAsset, Role, Served, Surface, Theme, ThemeColor, Ticket,
    TicketFor, Track, TrackStatus, UploadSession,
};
pub use settings::{Policies, Settings};
pub use spool::{Spool, Spooled};
