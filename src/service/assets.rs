//! The service itself: what it is made of, and the plain operations on what it keeps.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use uuid::Uuid;

use super::admission::{Admission, Client, Load, WaitLimits};
use super::audio_jobs::Readings;
use super::backup;
use super::blobs::Blobs;
use super::catalog::{self, Catalog};
use super::directory::Directory;
use super::error::ServiceError;
use super::examine::Examiners;
use super::id;
use super::identity;
use super::kept::Kept;
use super::keys::Keyring;
use super::links::Links;
use super::model::{ApiKey, Asset, Surface};
use super::readiness::Readiness;
use super::renditions::Renditions;
use super::settings::Settings;
use super::signatures::{LinkKeys, public_path};
use super::spool::Spool;
use super::text::check_alt_text;
use super::tickets::TicketsInUse;
use crate::Cancellation;

pub(crate) type Result<T> = std::result::Result<T, ServiceError>;

/// The file of the database in a service's directory.
pub(crate) const DATABASE: &str = "catalog.sqlite";

/// An asset service on one machine. Cheap to clone, shared by tasks.
///
/// ```
/// use gatefold::service::{Assets, NewAsset, Settings, Spooled, Surface};
/// # tokio::runtime::Runtime::new()?.block_on(async {
/// let assets = Assets::in_memory(Settings::default()).await?;
/// let picture = std::fs::read("testdata/png/rgb.png")?;
/// let new = NewAsset::new("a tenant", Surface::Moov);
/// let asset = assets.store(new.clone(), Spooled::of(picture.clone())).await?;
/// assert_eq!(assets.public(&asset.public_id).await?, asset);
///
/// let refused = assets.store(new, Spooled::of(picture)).await.unwrap_err();
/// assert_eq!(refused.code(), "duplicate");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Assets {
    pub(super) inner: Arc<Inner>,
    /// On whose behalf renditions are asked for.
    pub(super) client: Option<Arc<Client>>,
}

pub(super) struct Inner {
    pub(super) settings: Settings,
    pub(super) catalog: Catalog,
    pub(super) blobs: Blobs,
    pub(super) renditions: Renditions,
    pub(super) links: Links,
    pub(super) link_keys: LinkKeys,
    pub(super) admission: Admission,
    pub(super) examiners: Examiners,
    pub(super) keyring: Keyring,
    /// Signs tickets.
    pub(super) seal: [u8; 32],
    pub(super) tickets: TicketsInUse,
    pub(super) readings: Arc<Readings>,
    /// Raised when the service is closed: what runs in the background ends.
    pub(super) stopping: Cancellation,
    pub(super) directory: Option<Directory>,
    pub(super) readiness: Readiness,
}

impl fmt::Debug for Assets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let directory = self.inner.directory.as_ref().map(|directory| directory.part(""));
        f.debug_struct("Assets").field("directory", &directory).finish_non_exhaustive()
    }
}

/// What there is to send of an asset's stored bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Original {
    /// Their media type.
    pub media_type: &'static str,
    /// How many bytes they are.
    pub length: u64,
    /// A strong entity tag, with its quotes.
    pub etag: String,
}

impl Assets {
    /// The service in this directory, which is made where it is missing. Nothing that is stored is
    /// looked through or removed.
    ///
    /// # Errors
    /// [`ServiceError::StoreRefused`] when the database does not belong to the blobs beside it;
    /// [`ServiceError::Storage`] when another process has the directory, when it cannot be written or
    /// the database cannot be opened.
    pub async fn open(directory: &Path, settings: Settings) -> Result<Self> {
        let timeout = settings.storage_timeout;
        let place = directory.to_owned();
        let taken = tokio::task::spawn_blocking(move || {
            backup::refuse_as_service(&place)?;
            Directory::open(&place)
        });
        let root = directory;
        let directory =
            taken.await.map_err(|error| ServiceError::Internal(error.to_string()))??;
        let blobs = Blobs::in_directory(&directory.part("blobs"), true, timeout)?;
        let catalog = identity::open(root, &blobs, timeout).await?;
        let renditions = directory.part("renditions");
        let kept = Kept::in_directory(&renditions, settings.rendition_cache, timeout)?;
        kept.start_counting();
        Self::of(settings, catalog, blobs, kept, Some(directory)).await?.started().await
    }

    /// The service in this directory for an operator, also beside a process that runs it: for
    /// listing, removing and quotas. It reads no recordings, and its settings are the defaults. A
    /// running service learns of what was removed within 5 s.
    ///
    /// # Errors
    /// [`ServiceError::StoreRefused`] when the directory holds no store or its database does not
    /// belong to the blobs beside it; [`ServiceError::Storage`] when it cannot be opened.
    pub async fn beside(directory: &Path) -> Result<Self> {
        let settings = Settings::default();
        let timeout = settings.storage_timeout;
        // Opens nothing else than a store: a wrong name makes none.
        Keyring::open(directory).await?;
        let blobs = Blobs::in_directory(&directory.join("blobs"), true, timeout)?;
        let catalog = identity::open(directory, &blobs, timeout).await?;
        let renditions = directory.join("renditions");
        let kept = Kept::in_directory(&renditions, settings.rendition_cache, timeout)?;
        Self::of(settings, catalog, blobs, kept, None).await
    }

    /// A service that forgets everything when it is dropped, for tests and trials.
    ///
    /// # Errors
    /// [`ServiceError::Storage`] when SQLite fails.
    pub async fn in_memory(settings: Settings) -> Result<Self> {
        let timeout = settings.storage_timeout;
        let catalog = Catalog::in_memory(timeout).await?;
        let (blobs, kept) = (Blobs::in_memory(timeout), Kept::nothing(timeout));
        identity::of_memory(&catalog, &blobs).await?;
        Self::of(settings, catalog, blobs, kept, None).await?.started().await
    }

    async fn of(
        settings: Settings,
        catalog: Catalog,
        blobs: Blobs,
        kept: Kept,
        directory: Option<Directory>,
    ) -> Result<Self> {
        let seal = catalog.setting("ticket seal", id::random::<32>()?.to_vec()).await?;
        let seal = <[u8; 32]>::try_from(seal)
            .map_err(|_| ServiceError::storage("the database", "the ticket seal is damaged"))?;
        let link_key = catalog.setting("link key", id::random::<32>()?.to_vec()).await?;
        let turns = turns(&settings);
        let inner = Inner {
            renditions: Renditions::new(kept, settings.hot_cache),
            links: Links::new(),
            link_keys: LinkKeys::new(&settings.link_keys, &link_key)?,
            admission: Admission::new(
                settings.memory_budget,
                settings.hot_cache,
                turns,
                settings.anonymous_share,
                WaitLimits {
                    timeout: settings.admission_timeout,
                    jobs: settings.max_waiting,
                    jobs_of_client: settings.max_waiting_per_client,
                },
            ),
            examiners: Examiners::new(&settings.policies, turns)?,
            keyring: Keyring::new(catalog.clone(), settings.clock.clone()),
            settings,
            catalog,
            blobs,
            seal,
            tickets: TicketsInUse::default(),
            readings: Arc::default(),
            stopping: Cancellation::new(),
            directory,
            readiness: Readiness::default(),
        };
        Ok(Self { inner: Arc::new(inner), client: None })
    }

    /// Begins to read recordings.
    async fn started(self) -> Result<Self> {
        // The directory is this process's alone: nobody else holds a lease.
        self.inner.catalog.free_recordings().await?;
        self.begin_reading(turns(&self.inner.settings));
        Ok(self)
    }

    /// The same service on behalf of a client: renditions that this handle is asked for wait in that
    /// client's turn. Uploads wait in that of their tenant, and so do renditions without a client.
    ///
    /// ```
    /// # use gatefold::service::{Assets, Client, Settings};
    /// # tokio::runtime::Runtime::new()?.block_on(async {
    /// let assets = Assets::in_memory(Settings::default()).await?;
    /// let for_reader = assets.acting_for(Client::Address("192.0.2.7".parse()?));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// # })?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn acting_for(&self, client: Client) -> Self {
        Self { inner: Arc::clone(&self.inner), client: Some(Arc::new(client)) }
    }

    /// The client that this handle acts for, else this tenant.
    pub(super) fn client_or(&self, tenant: &str) -> Client {
        match &self.client {
            Some(client) => Client::clone(client),
            None => Client::Tenant(tenant.to_owned()),
        }
    }

    /// How much work there is now.
    pub fn load(&self) -> Load {
        self.inner.admission.load()
    }

    /// How the service works.
    pub fn settings(&self) -> &Settings {
        &self.inner.settings
    }

    /// The API keys.
    pub fn keyring(&self) -> &Keyring {
        &self.inner.keyring
    }

    /// See [`Keyring::authenticate`].
    ///
    /// # Errors
    /// [`ServiceError::Storage`] when the database fails.
    pub async fn authenticate(&self, id: &str, secret: &str) -> Result<Option<ApiKey>> {
        self.inner.keyring.authenticate(id, secret).await
    }

    /// Takes in a body of at most `max` bytes, piece by piece.
    pub fn spool(&self, max: u64) -> Spool {
        Spool::new(self.inner.directory.as_ref().map(|directory| directory.part("spool")), max)
    }

    /// A living asset of this tenant.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] when the tenant has none of this id, or its time is over.
    pub async fn asset(&self, tenant: &str, id: Uuid) -> Result<Asset> {
        let found = self.inner.catalog.asset(id).await?;
        found.filter(|asset| asset.tenant == tenant && self.lives(asset)).ok_or(NO_IMAGE)
    }

    /// A living asset of this tenant that came through this API.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] when there is none.
    pub async fn asset_on(&self, tenant: &str, surface: Surface, id: Uuid) -> Result<Asset> {
        let asset = self.asset(tenant, id).await?;
        if asset.surface.kin() == surface.kin() { Ok(asset) } else { Err(NO_IMAGE) }
    }

    /// Sets or clears the alternative text.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] past 125 Unicode scalar values or with U+0000, [`ServiceError::NotFound`] when the
    /// tenant has no such asset.
    pub async fn set_alt_text(
        &self,
        tenant: &str,
        id: Uuid,
        alt_text: Option<String>,
    ) -> Result<Asset> {
        self.set_alt_text_of_version(tenant, id, alt_text, None).await
    }

    /// As [`Assets::set_alt_text`], provided that the asset was last changed at `version`, its
    /// `updated_at`.
    ///
    /// # Errors
    /// As [`Assets::set_alt_text`], and [`ServiceError::Changed`] when it was changed since.
    pub async fn set_alt_text_of_version(
        &self,
        tenant: &str,
        id: Uuid,
        alt_text: Option<String>,
        version: Option<jiff::Timestamp>,
    ) -> Result<Asset> {
        check_alt_text(alt_text.as_deref())?;
        let mut tx = self.inner.catalog.begin().await?;
        let asset = self.own(&mut tx, tenant, id).await?;
        check_version(&asset, version)?;
        let updated_at = self.later_than(asset.updated_at);
        catalog::set_alt_text(&mut tx, id, alt_text.as_deref(), updated_at).await?;
        tx.commit().await?;
        Ok(Asset { alt_text, updated_at, ..asset })
    }

    /// Disables an asset; its public link goes on serving. Disabling it again changes nothing.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] when the tenant has no such asset.
    pub async fn disable(&self, tenant: &str, id: Uuid) -> Result<Asset> {
        self.disable_version(tenant, id, None).await
    }

    /// As [`Assets::disable`], provided that the asset was last changed at `version`, its
    /// `updated_at`.
    ///
    /// # Errors
    /// As [`Assets::disable`], and [`ServiceError::Changed`] when it was changed since.
    pub async fn disable_version(
        &self,
        tenant: &str,
        id: Uuid,
        version: Option<jiff::Timestamp>,
    ) -> Result<Asset> {
        let mut tx = self.inner.catalog.begin().await?;
        check_version(&self.own(&mut tx, tenant, id).await?, version)?;
        catalog::disable_asset(&mut tx, id, self.inner.settings.clock.now()).await?;
        let asset = self.own(&mut tx, tenant, id).await?;
        tx.commit().await?;
        Ok(asset)
    }

    /// Enables a disabled asset again. Enabling it again changes nothing.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] when the tenant has no such asset.
    pub async fn enable(&self, tenant: &str, id: Uuid) -> Result<Asset> {
        let mut tx = self.inner.catalog.begin().await?;
        let asset = self.own(&mut tx, tenant, id).await?;
        catalog::enable_asset(&mut tx, id, self.later_than(asset.updated_at)).await?;
        let asset = self.own(&mut tx, tenant, id).await?;
        tx.commit().await?;
        Ok(asset)
    }

    /// Makes a temporary asset permanent, because something uses it.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] when the tenant has no such asset, or its time is over.
    pub async fn claim(&self, tenant: &str, id: Uuid) -> Result<Asset> {
        let mut tx = self.inner.catalog.begin().await?;
        let asset = self.own(&mut tx, tenant, id).await?;
        catalog::keep_asset(&mut tx, id).await?;
        tx.commit().await?;
        Ok(Asset { expires_at: None, ..asset })
    }

    /// What there is to send of an asset's stored bytes.
    pub fn original(&self, asset: &Asset) -> Original {
        Original {
            media_type: asset.format.media_type(),
            length: asset.bytes,
            etag: format!("\"{}\"", asset.blob_digest),
        }
    }

    /// The link under which anybody may see the asset.
    pub fn public_link(&self, asset: &Asset) -> String {
        let base = self.inner.settings.public_url.trim_end_matches('/');
        format!("{base}{}", public_path(asset))
    }

    /// The public link to the asset as it is now: another picture in its place gets another link, so
    /// that caches may keep what this one serves.
    pub fn versioned_link(&self, asset: &Asset) -> String {
        format!("{}?v={}", self.public_link(asset), asset.version())
    }

    /// Cancels what runs in the background, to be taken up by the next process, and ends all work on
    /// the database; further calls fail.
    pub async fn close(&self) {
        self.inner.stopping.cancel();
        self.inner.readings.wake();
        self.inner.renditions.close().await;
        self.inner.catalog.close().await;
    }

    pub(super) fn lives(&self, asset: &Asset) -> bool {
        asset.expires_at.is_none_or(|end| end > self.inner.settings.clock.now())
    }

    /// The tenant's living asset as this transaction sees it.
    pub(super) async fn own(&self, tx: &mut catalog::Tx, tenant: &str, id: Uuid) -> Result<Asset> {
        let found = catalog::asset_in(tx, id).await?;
        found.filter(|asset| asset.tenant == tenant && self.lives(asset)).ok_or(NO_IMAGE)
    }

    /// Now, or just after `time` where the clock has not moved since: a change must show.
    pub(super) fn later_than(&self, time: jiff::Timestamp) -> jiff::Timestamp {
        let next = super::clock::from_millis(time.as_millisecond().saturating_add(1));
        self.inner.settings.clock.now().max(next)
    }
}

/// Pieces of picture work that run at once.
fn turns(settings: &Settings) -> usize {
    match settings.threads {
        0 => std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        threads => threads,
    }
}

pub(super) const NO_IMAGE: ServiceError = ServiceError::NotFound { what: "image" };

/// Refuses to change an asset that is not in this version.
pub(super) fn check_version(asset: &Asset, version: Option<jiff::Timestamp>) -> Result<()> {
    match version {
        Some(version) if version != asset.updated_at => Err(ServiceError::Changed),
        _ => Ok(()),
    }
}
