use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;
use super::*;
use crate::{OutputFormat, RenditionSpec, PerceptualHash};
type Result<T> = std::result::Result<T, ServiceError>;
/// x
#[derive(Debug, Clone)]
pub struct Assets { inner: Arc<()> }
/// Stored bytes of an asset: whole facts, to read by range.
#[derive(Debug, Clone)]
pub struct Original { /// x
 pub media_type: &'static str, /// length in bytes
 pub length: u64, /// strong etag with quotes
 pub etag: String }
/// New collection fields.
#[derive(Debug, Clone, Default)] #[allow(missing_docs)]
pub struct CollectionFields { pub title: Option<String>, pub organization_index: Change<String>, pub metadata: Option<serde_json::Value>, pub player_subtitle: Change<String>, pub is_cover_overridable: Option<bool>, pub is_theme_overridable: Option<bool> }
#[derive(Debug, Clone, Default)] #[allow(missing_docs)]
pub struct TrackFields { pub file_name: Option<String>, pub organization_index: Change<String>, pub metadata: Option<serde_json::Value>, pub player_title: Change<String>, pub player_subtitle: Change<String>, pub order: Option<u32> }
#[allow(missing_docs, unused_variables, clippy::unused_async)]
impl Assets {
    pub async fn open(directory: &Path, settings: Settings) -> Result<Self> { unimplemented!() }
    pub async fn in_memory(settings: Settings) -> Result<Self> { unimplemented!() }
    pub fn settings(&self) -> &Settings { unimplemented!() }
    /// A body on its way in, of at most `max` bytes
    pub fn spool(&self, max: u64) -> Spool { unimplemented!() }
    pub async fn store(&self, new: NewAsset, body: Spooled) -> Result<Asset> { unimplemented!() }
    /// Replace. NotFound when tenant has no such asset on that surface.
    pub async fn replace(&self, id: Uuid, new: NewAsset, alt_text: Change<String>, body: Spooled) -> Result<Asset> { unimplemented!() }
    pub async fn asset(&self, tenant: &str, id: Uuid) -> Result<Asset> { unimplemented!() }
    /// by public id (any tenant; disabled ones included, expired ones not)
    pub async fn public(&self, public_id: &str) -> Result<Asset> { unimplemented!() }
    /// newest first, disabled included
    pub async fn list(&self, tenant: &str, surface: Surface, skip: u64, count: u64) -> Result<Vec<Asset>> { unimplemented!() }
    pub async fn set_alt_text(&self, tenant: &str, id: Uuid, alt_text: Option<String>) -> Result<Asset> { unimplemented!() }
    pub async fn disable(&self, tenant: &str, id: Uuid) -> Result<Asset> { unimplemented!() }
    pub async fn claim(&self, tenant: &str, id: Uuid) -> Result<Asset> { unimplemented!() }
    /// remove record at once
    pub async fn remove(&self, tenant: &str, id: Uuid) -> Result<()> { unimplemented!() }
    /// Assets of the tenant whose hash differs in at most radius bits, nearest first, itself excluded
    pub async fn near(&self, tenant: &str, id: Uuid, radius: u32) -> Result<Vec<(Asset, u32)>> { unimplemented!() }
    /// facts for serving the stored original
    pub fn original(&self, asset: &Asset) -> Original { unimplemented!() }
    pub async fn original_bytes(&self, asset: &Asset, range: Option<Range<u64>>) -> Result<bytes::Bytes> { unimplemented!() }
    /// The etag that the rendition will have, without producing it. Invalid{field:"size"} for what the policy forbids.
    pub fn rendition_etag(&self, asset: &Asset, spec: &RenditionSpec) -> Result<String> { unimplemented!() }
    /// produced once, cached. Output format SameAsInput resolves as documented: see `served_format`
    pub async fn rendition(&self, asset: &Asset, spec: &RenditionSpec) -> Result<Served> { unimplemented!() }
    /// `{public_url}/images/{public_id}`
    pub fn public_link(&self, asset: &Asset) -> String { unimplemented!() }
    // keys
    /// makes a key; returns the key and its secret (told once)
    pub async fn create_key(&self, roles: &[Role], tenants: Option<Vec<String>>, collection: Option<Uuid>) -> Result<(ApiKey, String)> { unimplemented!() }
    /// a key with a given id and secret, replacing one of that id
    pub async fn put_key(&self, id: &str, secret: &str, roles: &[Role], tenants: Option<Vec<String>>, collection: Option<Uuid>) -> Result<ApiKey> { unimplemented!() }
    pub async fn keys(&self) -> Result<Vec<ApiKey>> { unimplemented!() }
    pub async fn revoke_key(&self, id: &str) -> Result<ApiKey> { unimplemented!() }
    /// None when id unknown, secret wrong, or revoked. Constant time compare.
    pub async fn authenticate(&self, id: &str, secret: &str) -> Result<Option<ApiKey>> { unimplemented!() }
    // collections
    pub async fn create_collection(&self, tenant: &str, fields: CollectionFields) -> Result<Collection> { unimplemented!() }
    pub async fn collection(&self, tenant: &str, id: Uuid) -> Result<Collection> { unimplemented!() }
    pub async fn collections(&self, tenant: &str, skip: u64, count: u64) -> Result<Vec<Collection>> { unimplemented!() }
    pub async fn update_collection(&self, tenant: &str, id: Uuid, fields: CollectionFields) -> Result<Collection> { unimplemented!() }
    pub async fn remove_collection(&self, tenant: &str, id: Uuid) -> Result<()> { unimplemented!() }
    pub async fn tracks(&self, tenant: &str, collection: Uuid, skip: u64, count: u64) -> Result<Vec<Track>> { unimplemented!() }
    pub async fn track(&self, tenant: &str, id: Uuid) -> Result<Track> { unimplemented!() }
    pub async fn update_track(&self, tenant: &str, id: Uuid, fields: TrackFields) -> Result<Track> { unimplemented!() }
    pub async fn remove_track(&self, tenant: &str, id: Uuid) -> Result<()> { unimplemented!() }
    // sessions, tickets
    /// expires_in 60..=86400 s else Invalid
    pub async fn create_session(&self, tenant: &str, collection: Uuid, creator: Option<Uuid>, organization_index: Option<String>, metadata: serde_json::Value, expires_in: Duration) -> Result<UploadSession> { unimplemented!() }
    /// the id is the credential; expired or unknown = NotFound
    pub async fn session(&self, id: Uuid) -> Result<UploadSession> { unimplemented!() }
    pub async fn create_track(&self, session: &UploadSession, fields: TrackFields) -> Result<Track> { unimplemented!() }
    pub async fn issue_ticket(&self, tenant: &str, what: TicketFor, ttl: Duration) -> Result<Ticket> { unimplemented!() }
    /// checks signature, expiry: what the token permits. NotFound otherwise (also for consumed ones: those answer on redeem)
    pub async fn ticket(&self, token: &str) -> Result<TicketFor> { unimplemented!() }
    /// an image for a cover ticket. Same bytes again = the same answer.
    pub async fn redeem_cover(&self, token: &str, file_name: Option<String>, media_type: Option<String>, body: Spooled) -> Result<Asset> { unimplemented!() }
    /// audio for a track ticket
    pub async fn redeem_audio(&self, token: &str, media_type: Option<String>, body: Spooled) -> Result<Track> { unimplemented!() }
    /// the collection or track after redeeming
    pub async fn collection_of_ticket(&self, token: &str) -> Result<Option<Collection>> { unimplemented!() }
    pub async fn track_of_ticket(&self, token: &str) -> Result<Option<Track>> { unimplemented!() }
    /// removes what expired, and bytes that no record names
    pub async fn sweep(&self) -> Result<Swept> { unimplemented!() }
    /// whether database and blob store answer
    pub async fn ready(&self) -> Result<()> { unimplemented!() }
}
/// What a sweep removed
#[derive(Debug, Clone, Copy, Default)] #[allow(missing_docs)]
pub struct Swept { pub assets: u64, pub tickets: u64, pub sessions: u64, pub blobs: u64, pub renditions: u64 }
