//! Collections, their tracks and the sessions in which tracks are uploaded.

use std::time::Duration;

use serde_json::Value;
use uuid::Uuid;

use super::assets::{Assets, Result};
use super::catalog::{self, CollectionRecord, TrackRecord, Tx};
use super::clock::after;
use super::error::ServiceError;
use super::lists::check_count;
use super::model::{Change, Collection, NewSession, Track, TrackStatus, UploadSession};
use super::text;

/// Unicode scalar values of a title or another short text.
const MAX_TEXT: usize = 1_000;
/// Bytes of the owner's own fields, as JSON.
const MAX_METADATA: usize = 64 * 1024;
/// How long a session may live, in seconds.
const SESSION_SECONDS: std::ops::RangeInclusive<u64> = 60..=86_400;

const NO_COLLECTION: ServiceError = ServiceError::NotFound { what: "collection" };
const NO_TRACK: ServiceError = ServiceError::NotFound { what: "track" };
const NO_SESSION: ServiceError = ServiceError::NotFound { what: "upload session" };

/// What is to become of a collection's fields; by default nothing.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct CollectionFields {
    /// Its title.
    pub title: Option<String>,
    /// The owner's own reference.
    pub organization_index: Change<String>,
    /// The owner's own fields: an object.
    pub metadata: Option<Value>,
    /// Shown under the title.
    pub player_subtitle: Change<String>,
    /// Whether a track's own cover is shown instead of the collection's. A new collection: yes.
    pub is_cover_overridable: Option<bool>,
    /// Whether a track's own colours are used instead of the collection's. A new collection: yes.
    pub is_theme_overridable: Option<bool>,
}

/// What is to become of a track's fields; by default nothing.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct TrackFields {
    /// What the client calls the file.
    pub file_name: Option<String>,
    /// The owner's own reference.
    pub organization_index: Change<String>,
    /// The owner's own fields: an object.
    pub metadata: Option<Value>,
    /// Shown by the player.
    pub player_title: Change<String>,
    /// Shown under the title.
    pub player_subtitle: Change<String>,
    /// Its place in the collection, from 0.
    pub order: Option<u32>,
}

fn set<T>(field: &mut Option<T>, change: Change<T>) {
    if let Change::Set(value) = change {
        *field = value;
    }
}

fn check_text(field: &'static str, text: Option<&str>) -> Result<()> {
    text::check_text(field, text, MAX_TEXT)
}

fn check_metadata(metadata: &Value) -> Result<()> {
    if !metadata.is_object() {
        return Err(ServiceError::invalid("metadata", "metadata must be an object"));
    }
    text::check_json("metadata", metadata)?;
    let length = catalog::to_json(metadata)?.len();
    if length > MAX_METADATA {
        let message = format!("metadata of {length} bytes is larger than {MAX_METADATA}");
        return Err(ServiceError::invalid("metadata", message));
    }
    Ok(())
}

impl CollectionFields {
    fn apply(self, to: &mut Collection) -> Result<()> {
        to.title = self.title.unwrap_or_else(|| std::mem::take(&mut to.title));
        to.metadata = self.metadata.unwrap_or_else(|| to.metadata.take());
        set(&mut to.organization_index, self.organization_index);
        set(&mut to.player_subtitle, self.player_subtitle);
        to.is_cover_overridable = self.is_cover_overridable.unwrap_or(to.is_cover_overridable);
        to.is_theme_overridable = self.is_theme_overridable.unwrap_or(to.is_theme_overridable);
        check_text("title", Some(&to.title))?;
        check_text("organization_index", to.organization_index.as_deref())?;
        check_text("player_subtitle", to.player_subtitle.as_deref())?;
        check_metadata(&to.metadata)
    }
}

impl TrackFields {
    fn apply(self, to: &mut Track) -> Result<()> {
        to.file_name = self.file_name.unwrap_or_else(|| std::mem::take(&mut to.file_name));
        to.metadata = self.metadata.unwrap_or_else(|| to.metadata.take());
        set(&mut to.organization_index, self.organization_index);
        set(&mut to.player_title, self.player_title);
        set(&mut to.player_subtitle, self.player_subtitle);
        to.order = self.order.unwrap_or(to.order);
        check_text("file_name", Some(&to.file_name))?;
        check_text("organization_index", to.organization_index.as_deref())?;
        check_text("player_title", to.player_title.as_deref())?;
        check_text("player_subtitle", to.player_subtitle.as_deref())?;
        check_metadata(&to.metadata)
    }
}

impl Assets {
    /// A new collection.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] for overlong fields or U+0000 in one.
    pub async fn create_collection(
        &self,
        tenant: &str,
        fields: CollectionFields,
    ) -> Result<Collection> {
        text::check_nul("tenant", tenant)?;
        let now = self.inner.settings.clock.now();
        let mut collection = Collection {
            id: Uuid::new_v4(),
            tenant: tenant.to_owned(),
            title: String::new(),
            organization_index: None,
            metadata: Value::Object(serde_json::Map::new()),
            player_subtitle: None,
            is_cover_overridable: true,
            is_theme_overridable: true,
            cover: None,
            theme: None,
            created_at: now,
            updated_at: now,
        };
        fields.apply(&mut collection)?;
        let mut tx = self.inner.catalog.begin().await?;
        catalog::put_collection(&mut tx, &collection).await?;
        tx.commit().await?;
        Ok(collection)
    }

    /// A collection of this tenant, with the theme to be shown.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] when the tenant has none of this id.
    pub async fn collection(&self, tenant: &str, id: Uuid) -> Result<Collection> {
        self.collection_record(tenant, id).await.map(CollectionRecord::shown)
    }

    async fn collection_record(&self, tenant: &str, id: Uuid) -> Result<CollectionRecord> {
        let found = self.inner.catalog.collection(id).await?;
        found.filter(|found| found.collection.tenant == tenant).ok_or(NO_COLLECTION)
    }

    /// A page of a tenant's collections, the newest first.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] for a `count` above [`Assets::MAX_PAGE`],
    /// [`ServiceError::Storage`] when the database fails.
    pub async fn collections(
        &self,
        tenant: &str,
        skip: u64,
        count: u64,
    ) -> Result<Vec<Collection>> {
        check_count(count)?;
        let found = self.inner.catalog.collections(tenant, skip, count).await?;
        Ok(found.into_iter().map(CollectionRecord::shown).collect())
    }

    /// Changes a collection's fields.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] for overlong fields or U+0000 in one, [`ServiceError::NotFound`] when the tenant has
    /// none of this id.
    pub async fn update_collection(
        &self,
        tenant: &str,
        id: Uuid,
        fields: CollectionFields,
    ) -> Result<Collection> {
        let mut tx = self.inner.catalog.begin().await?;
        let found = catalog::collection_in(&mut tx, id).await?;
        let mut record =
            found.filter(|found| found.collection.tenant == tenant).ok_or(NO_COLLECTION)?;
        fields.apply(&mut record.collection)?;
        record.collection.updated_at = self.later_than(record.collection.updated_at);
        catalog::put_collection(&mut tx, &record.collection).await?;
        tx.commit().await?;
        Ok(record.shown())
    }

    /// Deletes a collection with its tracks, sessions and covers.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] when the tenant has none of this id.
    pub async fn remove_collection(&self, tenant: &str, id: Uuid) -> Result<()> {
        let mut tx = self.inner.catalog.begin().await?;
        let found = catalog::collection_in(&mut tx, id).await?;
        found.filter(|found| found.collection.tenant == tenant).ok_or(NO_COLLECTION)?;
        catalog::delete_collection(&mut tx, id).await?;
        tx.commit().await
    }

    /// A page of a collection's tracks in their order, with the covers and themes to be shown.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] when the tenant has no such collection.
    pub async fn tracks(
        &self,
        tenant: &str,
        collection: Uuid,
        skip: u64,
        count: u64,
    ) -> Result<Vec<Track>> {
        check_count(count)?;
        let of = self.collection(tenant, collection).await?;
        let found = self.inner.catalog.tracks(collection, skip, count).await?;
        Ok(found.into_iter().map(|record| shown(record.track, &of)).collect())
    }

    /// A track of this tenant, with the cover and theme to be shown.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] when the tenant has none of this id.
    pub async fn track(&self, tenant: &str, id: Uuid) -> Result<Track> {
        let found = self.inner.catalog.track(id).await?;
        let track = found.map(|record| record.track).filter(|track| track.tenant == tenant);
        let track = track.ok_or(NO_TRACK)?;
        let of = self.collection(tenant, track.collection).await?;
        Ok(shown(track, &of))
    }

    /// Changes a track's fields.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] for overlong fields or U+0000 in one, [`ServiceError::NotFound`] when the tenant has
    /// none of this id.
    pub async fn update_track(&self, tenant: &str, id: Uuid, fields: TrackFields) -> Result<Track> {
        let mut tx = self.inner.catalog.begin().await?;
        let mut record = own_track(&mut tx, tenant, id).await?;
        fields.apply(&mut record.track)?;
        record.track.updated_at = self.later_than(record.track.updated_at);
        catalog::put_track(&mut tx, &record).await?;
        tx.commit().await?;
        self.track(tenant, id).await
    }

    /// Deletes a track with its cover and audio.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] when the tenant has none of this id.
    pub async fn remove_track(&self, tenant: &str, id: Uuid) -> Result<()> {
        let mut tx = self.inner.catalog.begin().await?;
        let record = own_track(&mut tx, tenant, id).await?;
        catalog::delete_track(&mut tx, id).await?;
        tx.commit().await?;
        if record.track.cover.is_some() {
            self.mix_theme(record.track.collection).await;
        }
        Ok(())
    }

    /// A session in which tracks may be uploaded into a collection of this tenant.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] for a duration outside 60 s to 24 h or overlong fields,
    /// [`ServiceError::NotFound`] when the tenant has no such collection,
    /// [`ServiceError::LimitReached`] when the key has
    /// [`Settings::max_key_sessions`](super::Settings::max_key_sessions) open.
    pub async fn create_session(
        &self,
        tenant: &str,
        collection: Uuid,
        new: NewSession,
    ) -> Result<UploadSession> {
        let NewSession { creator, organization_index, metadata, expires_in, api_key } = new;
        if !SESSION_SECONDS.contains(&expires_in.as_secs()) {
            let message = format!(
                "expires_in is {} seconds; it must be {} to {}",
                expires_in.as_secs(),
                SESSION_SECONDS.start(),
                SESSION_SECONDS.end()
            );
            return Err(ServiceError::invalid("expires_in", message));
        }
        check_text("organization_index", organization_index.as_deref())?;
        check_metadata(&metadata)?;
        let now = self.inner.settings.clock.now();
        let mut tx = self.inner.catalog.begin().await?;
        let found = catalog::collection_in(&mut tx, collection).await?;
        found.filter(|found| found.collection.tenant == tenant).ok_or(NO_COLLECTION)?;
        if let Some(key) = &api_key {
            let (actual, first) = catalog::sessions_of_key(&mut tx, key, now).await?;
            let max = self.inner.settings.max_key_sessions;
            if actual >= max {
                let wait = first.map(|first| first.as_millisecond() - now.as_millisecond());
                let wait = wait.and_then(|wait| u64::try_from(wait).ok()).unwrap_or(0);
                return Err(ServiceError::LimitReached {
                    what: "open upload sessions of this key",
                    actual,
                    max,
                    retry_after: Some(Duration::from_millis(wait)),
                });
            }
        }
        let session = UploadSession {
            id: Uuid::new_v4(),
            tenant: tenant.to_owned(),
            collection,
            creator,
            organization_index,
            metadata,
            expires_at: after(now, expires_in),
            api_key,
        };
        catalog::put_session(&mut tx, &session).await?;
        tx.commit().await?;
        Ok(session)
    }

    /// A session, by the id that is its credential.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] when it is unknown or over, or the key that opened it was revoked.
    pub async fn session(&self, id: Uuid) -> Result<UploadSession> {
        let now = self.inner.settings.clock.now();
        let session = self.inner.catalog.session(id, now).await?.ok_or(NO_SESSION)?;
        if self.key_lives(session.api_key.as_deref()).await? {
            Ok(session)
        } else {
            Err(NO_SESSION)
        }
    }

    /// A new track at the end of the session's collection, waiting for its audio. The session was
    /// judged by [`Assets::session`], when the request began.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] without a file name or for overlong fields or U+0000 in one,
    /// [`ServiceError::NotFound`] when the session's collection is gone,
    /// [`ServiceError::LimitReached`] when the session has
    /// [`Settings::max_session_tracks`](super::Settings::max_session_tracks).
    pub async fn create_track(
        &self,
        session: &UploadSession,
        fields: TrackFields,
    ) -> Result<Track> {
        if fields.file_name.as_deref().is_none_or(str::is_empty) {
            return Err(ServiceError::invalid("file_name", "file_name is missing"));
        }
        let now = self.inner.settings.clock.now();
        let mut tx = self.inner.catalog.begin().await?;
        catalog::collection_in(&mut tx, session.collection).await?.ok_or(NO_SESSION)?;
        let actual = catalog::tracks_of_session(&mut tx, session.id).await?;
        let max = self.inner.settings.max_session_tracks;
        if actual >= max {
            let what = "tracks of this upload session";
            return Err(ServiceError::LimitReached { what, actual, max, retry_after: None });
        }
        let mut track = Track {
            id: Uuid::new_v4(),
            tenant: session.tenant.clone(),
            collection: session.collection,
            session: Some(session.id),
            file_name: String::new(),
            organization_index: None,
            metadata: Value::Object(serde_json::Map::new()),
            order: catalog::next_position(&mut tx, session.collection).await?,
            player_title: None,
            player_subtitle: None,
            duration: None,
            status: TrackStatus::Waiting,
            status_message: None,
            cover: None,
            theme: None,
            created_at: now,
            updated_at: now,
        };
        fields.apply(&mut track)?;
        let record = TrackRecord { track, audio: None };
        catalog::put_track(&mut tx, &record).await?;
        tx.commit().await?;
        self.track(&record.track.tenant, record.track.id).await
    }
}

async fn own_track(tx: &mut Tx, tenant: &str, id: Uuid) -> Result<TrackRecord> {
    let found = catalog::track_in(tx, id).await?;
    found.filter(|record| record.track.tenant == tenant).ok_or(NO_TRACK)
}

/// A track as it is to be shown: its own cover and colours where its collection lets it, else its
/// collection's.
fn shown(mut track: Track, of: &Collection) -> Track {
    if !of.is_theme_overridable || track.theme.is_none() {
        track.theme = of.theme.clone().or_else(|| track.theme.take());
    }
    if !of.is_cover_overridable || track.cover.is_none() {
        track.cover = of.cover.or(track.cover);
    }
    track
}
