//! What the service keeps.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Format, PerceptualHash, Size};

/// Which API an asset came through; decides the policy under which it was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Surface {
    /// Product images.
    Moov,
    /// Covers of collections and tracks.
    Audiodelivery,
    /// Pictures of people and drafts.
    Audicient,
    /// Artwork of releases.
    AudicientRelease,
    /// Editors' assets.
    Backoffice,
}

impl Surface {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Moov,
        Self::Audiodelivery,
        Self::Audicient,
        Self::AudicientRelease,
        Self::Backoffice,
    ];

    /// The name under which it is stored.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Moov => "moov",
            Self::Audiodelivery => "audiodelivery",
            Self::Audicient => "audicient",
            Self::AudicientRelease => "audicient-release",
            Self::Backoffice => "backoffice",
        }
    }

    /// The one of this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|surface| surface.name() == name)
    }
}

/// A stored picture.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Asset {
    /// Its id.
    pub id: Uuid,
    /// Whose it is.
    pub tenant: String,
    /// The API it came through.
    pub surface: Surface,
    /// The id in public links: 21 letters and digits.
    pub public_id: String,
    /// Its format.
    pub format: Format,
    /// Width and height as shown.
    pub size: Size,
    /// Bytes of the stored file.
    pub bytes: u64,
    /// Whether the file declares alpha.
    pub has_alpha: bool,
    /// Frames in the file.
    pub frames: u64,
    /// What the client called the file.
    pub file_name: Option<String>,
    /// Alternative text for the picture, at most 125 Unicode scalar values.
    pub alt_text: Option<String>,
    /// Its colours; `None` for a wholly transparent picture.
    pub theme: Option<Theme>,
    /// For near duplicates; `None` for pictures without detail.
    pub perceptual_hash: Option<PerceptualHash>,
    /// When it was stored.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// When it was disabled; its public link goes on serving.
    pub disabled_at: Option<Timestamp>,
    /// When it dies unless something claims it.
    pub expires_at: Option<Timestamp>,
    /// Names the stored bytes.
    #[serde(skip)]
    pub(crate) blob: String,
    /// BLAKE3 of the stored bytes, in hexadecimal.
    #[serde(rename = "digest")]
    pub(crate) blob_digest: String,
}

impl Asset {
    /// BLAKE3 of the stored bytes, in hexadecimal.
    pub fn digest(&self) -> &str {
        &self.blob_digest
    }

    /// The start of the digest, 16 hexadecimal digits: what stands as `v` in a versioned link.
    pub fn version(&self) -> &str {
        self.blob_digest.get(..16).unwrap_or(&self.blob_digest)
    }
}

/// What a new asset is, beside its bytes.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct NewAsset {
    /// Whose it will be.
    pub tenant: String,
    /// The API it comes through.
    pub surface: Surface,
    /// What the client calls the file: a claim.
    pub file_name: Option<String>,
    /// What the client says the file is: a claim.
    pub media_type: Option<String>,
    /// Alternative text.
    pub alt_text: Option<String>,
    /// Whether it dies unless claimed: `None` as the policy says.
    pub temporary: Option<bool>,
}

impl NewAsset {
    /// An asset of this tenant, without any claims.
    pub fn new(tenant: impl Into<String>, surface: Surface) -> Self {
        Self {
            tenant: tenant.into(),
            surface,
            file_name: None,
            media_type: None,
            alt_text: None,
            temporary: None,
        }
    }
}

/// What happens to a text when its asset is replaced or updated.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Change<T> {
    /// It stays.
    #[default]
    Keep,
    /// It becomes this, or nothing.
    Set(Option<T>),
}

/// The colours of a picture or collection, as they are stored and told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Theme {
    /// The colours, the largest area first.
    pub image_colors: Vec<ThemeColor>,
    /// What to paint a player with: `#rrggbb`, as all below.
    pub player_color: String,
    /// The player colour for light pages: at least 3:1 on #f4f4f5.
    pub player_color_light: String,
    /// The player colour for dark pages: at least 3:1 on #000.
    pub player_color_dark: String,
    /// The text to put on the player colour.
    pub player_text: String,
    /// A text colour of the picture itself for titles.
    pub player_primary: String,
    /// A text colour of the picture itself for what stands under titles.
    pub player_secondary: String,
    /// The mean of all that is visible.
    pub average: String,
    /// A `ThumbHash` in hexadecimal; empty for the theme of several pictures.
    pub thumb_hash: String,
    /// What the picture adds to the colours of a collection. Empty where it was stored before this
    /// was kept.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) clusters: Vec<crate::color::Cluster>,
}

/// One colour of a picture.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ThemeColor {
    /// `#rrggbb`.
    pub hex: String,
    /// 0 to 255.
    pub red: u8,
    /// 0 to 255.
    pub green: u8,
    /// 0 to 255.
    pub blue: u8,
    /// HSL's hue, 0 to 1 of the full turn.
    pub hue: f64,
    /// HSL's saturation, 0 to 1.
    pub saturation: f64,
    /// HSL's lightness, 0 to 1.
    pub lightness: f64,
    /// How much it strikes the eye, 0 to 1.
    pub intensity: f64,
    /// Its part of the visible area, 0 to 1.
    pub area: f64,
}

/// Stored bytes to be sent, or a part of them.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Served {
    /// The bytes.
    pub bytes: bytes::Bytes,
    /// Their media type.
    pub media_type: &'static str,
    /// A strong entity tag, with its quotes.
    pub etag: String,
}

/// What a key may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Role {
    /// Read what its tenants have.
    Reader,
    /// Upload, change and delete what its tenants have; includes reading.
    Uploader,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Reader, Self::Uploader];

    /// The name under which it is stored.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Reader => "reader",
            Self::Uploader => "uploader",
        }
    }
}

/// An API key, without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ApiKey {
    /// The public half.
    pub id: String,
    /// What it may do.
    pub roles: Vec<Role>,
    /// Whose assets it reaches; `None` for everybody's.
    pub tenants: Option<Vec<String>>,
    /// The only collection it reaches.
    pub collection: Option<Uuid>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it stopped working.
    pub revoked_at: Option<Timestamp>,
}

impl ApiKey {
    /// The tenant of a key that every tenant is open to, where an API names none.
    pub const DEFAULT_TENANT: &'static str = "default";

    /// Whether it may do what this role may.
    pub fn may(&self, role: Role) -> bool {
        self.roles.contains(&role) || (role == Role::Reader && self.roles.contains(&Role::Uploader))
    }

    /// Whether it reaches this tenant.
    pub fn reaches(&self, tenant: &str) -> bool {
        self.tenants.as_ref().is_none_or(|tenants| tenants.iter().any(|own| own == tenant))
    }

    /// The tenant it works for where the API names none: its first.
    pub fn home(&self) -> &str {
        self.tenants
            .as_ref()
            .and_then(|tenants| tenants.first())
            .map_or(Self::DEFAULT_TENANT, String::as_str)
    }
}

/// A record release or playlist: tracks under one cover and theme.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Collection {
    /// Its id.
    pub id: Uuid,
    /// Whose it is.
    pub tenant: String,
    /// Its title.
    pub title: String,
    /// The owner's own reference.
    pub organization_index: Option<String>,
    /// The owner's own fields.
    pub metadata: serde_json::Value,
    /// Shown under the title.
    pub player_subtitle: Option<String>,
    /// Whether a track's own cover is shown instead of the collection's.
    pub is_cover_overridable: bool,
    /// Whether a track's own colours are used instead of the collection's.
    pub is_theme_overridable: bool,
    /// Its cover.
    pub cover: Option<Uuid>,
    /// Its colours: of its cover, else of its tracks' covers together.
    pub theme: Option<Theme>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// How far a track's audio has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum TrackStatus {
    /// No audio was uploaded.
    Waiting,
    /// The audio is being read.
    Processing,
    /// The audio is stored and read.
    Ready,
    /// The audio could not be read.
    Failed,
}

impl TrackStatus {
    pub(crate) const ALL: [Self; 4] = [Self::Waiting, Self::Processing, Self::Ready, Self::Failed];

    /// The name under which it is stored and told.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Processing => "processing",
            Self::Ready => "ready",
            Self::Failed => "failed",
        }
    }
}

/// One recording of a collection. Its cover and colours are those to be shown: its own, or its
/// collection's.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Track {
    /// Its id.
    pub id: Uuid,
    /// Whose it is.
    pub tenant: String,
    /// Its collection.
    pub collection: Uuid,
    /// The session it was uploaded in.
    pub session: Option<Uuid>,
    /// What the client calls the file.
    pub file_name: String,
    /// The owner's own reference.
    pub organization_index: Option<String>,
    /// The owner's own fields.
    pub metadata: serde_json::Value,
    /// Its place in the collection, from 0.
    pub order: u32,
    /// Shown by the player; read from the audio's tags unless given.
    pub player_title: Option<String>,
    /// Shown under the title.
    pub player_subtitle: Option<String>,
    /// Length of the audio in seconds.
    pub duration: Option<f64>,
    /// How far its audio has come.
    pub status: TrackStatus,
    /// Why its audio could not be read, where it could not.
    pub status_message: Option<String>,
    /// The cover to be shown.
    pub cover: Option<Uuid>,
    /// The colours to be used.
    pub theme: Option<Theme>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// Permission to upload many tracks into one collection; its id is the credential.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct UploadSession {
    /// Its id.
    pub id: Uuid,
    /// Whose it is.
    pub tenant: String,
    /// Where its tracks go.
    pub collection: Uuid,
    /// Who uploads, in the owner's own terms.
    pub creator: Option<Uuid>,
    /// The owner's own reference.
    pub organization_index: Option<String>,
    /// The owner's own fields.
    pub metadata: serde_json::Value,
    /// When it ends.
    pub expires_at: Timestamp,
    /// The API key that opened it; it ends with that key.
    #[serde(skip)]
    pub api_key: Option<String>,
}

/// How an upload session is to be.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct NewSession {
    /// Who uploads, in the owner's own terms.
    pub creator: Option<Uuid>,
    /// The owner's own reference.
    pub organization_index: Option<String>,
    /// The owner's own fields: an object, by default an empty one.
    pub metadata: serde_json::Value,
    /// How long it lasts: 60 s to 24 h. Default 1 h.
    pub expires_in: std::time::Duration,
    /// The API key that opens it. The session ends with the key, and counts among those of the key.
    pub api_key: Option<String>,
}

impl Default for NewSession {
    fn default() -> Self {
        Self {
            creator: None,
            organization_index: None,
            metadata: serde_json::Value::Object(serde_json::Map::new()),
            expires_in: std::time::Duration::from_secs(3600),
            api_key: None,
        }
    }
}

/// What a ticket lets its holder upload.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub enum TicketFor {
    /// The cover of this collection.
    CollectionCover(Uuid),
    /// The cover of this track.
    TrackCover(Uuid),
    /// The audio of this track.
    TrackAudio(Uuid),
}

/// Permission for one upload: signed, single use.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Ticket {
    /// The credential, to stand in a link.
    pub token: String,
    /// How long it lives, in whole seconds.
    pub ttl: u64,
    /// When it dies.
    pub expires_at: Timestamp,
}
