//! API keys: made here, told once, kept as a hash. Those given to a process end with it.

use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use uuid::Uuid;

use super::catalog::{Catalog, KeyRecord};
use super::clock::Clock;
use super::error::ServiceError;
use super::id;
use super::model::{ApiKey, Role};
use super::text::check_nul;

type Result<T> = std::result::Result<T, ServiceError>;

/// Letters and digits of a secret: 190 bits, so a fast hash keeps it.
const SECRET_LENGTH: usize = 32;
/// Letters and digits of a key's public half.
const ID_LENGTH: usize = 12;
/// The most a given id or secret may have.
const MAX_LENGTH: usize = 256;

/// The API keys of a service: those in its database, and those that this process alone knows.
#[derive(Debug, Clone)]
pub struct Keyring {
    catalog: Catalog,
    clock: Clock,
    /// Never in the database. A key of the database that has the id of one of these is not looked at.
    temporary: Arc<RwLock<Vec<KeyRecord>>>,
}

impl Keyring {
    pub(crate) fn new(catalog: Catalog, clock: Clock) -> Self {
        Self { catalog, clock, temporary: Arc::default() }
    }

    /// The keys of the service in this directory, which may be running. Nothing is made: the
    /// directory must be one that [`Assets::open`](super::Assets::open) has opened before.
    ///
    /// # Errors
    /// [`ServiceError::StoreRefused`] when the directory has no database, [`ServiceError::Storage`]
    /// when it cannot be opened.
    pub async fn open(directory: &Path) -> Result<Self> {
        let file = directory.join(super::assets::DATABASE);
        if !is_database(&file).map_err(|error| ServiceError::storage("the database", error))? {
            let message = format!(
                "{} holds no store: {} is missing or no database; name the folder of a service, or \
                 begin one there with `gatefold serve --data`, which makes a first key",
                directory.display(),
                super::assets::DATABASE
            );
            return Err(ServiceError::StoreRefused { message });
        }
        let catalog = Catalog::connect(&file, false, Duration::from_secs(10)).await?;
        catalog.migrate().await?;
        Ok(Self::new(catalog, Clock::System))
    }

    /// A new key and its secret, which cannot be had again. Its id has 12 letters and digits.
    ///
    /// # Errors
    /// [`ServiceError::Storage`] when the database fails.
    pub async fn create(
        &self,
        roles: &[Role],
        tenants: Option<Vec<String>>,
        collection: Option<Uuid>,
    ) -> Result<(ApiKey, String)> {
        let (id, secret) = (id::letters(ID_LENGTH)?, id::letters(SECRET_LENGTH)?);
        let key = self.put(&id, &secret, roles, tenants, collection).await?;
        Ok((key, secret))
    }

    /// A key with this id and secret, in place of one with this id.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] for an id with a colon or space, or an empty or overlong half;
    /// [`ServiceError::Storage`] when the database fails.
    pub async fn put(
        &self,
        id: &str,
        secret: &str,
        roles: &[Role],
        tenants: Option<Vec<String>>,
        collection: Option<Uuid>,
    ) -> Result<ApiKey> {
        let record = self.record(id, secret, roles, tenants, collection)?;
        self.catalog.put_key(&record).await?;
        Ok(record.key)
    }

    /// A key with this id and secret that ends with this process: it is kept in memory alone, in
    /// place of one with this id, and seen by this keyring and its clones. As long as it is there, a
    /// key of the database with its id does not count.
    ///
    /// # Errors
    /// [`ServiceError::Invalid`] as [`put`](Self::put).
    pub fn put_temporary(
        &self,
        id: &str,
        secret: &str,
        roles: &[Role],
        tenants: Option<Vec<String>>,
        collection: Option<Uuid>,
    ) -> Result<ApiKey> {
        let record = self.record(id, secret, roles, tenants, collection)?;
        let key = record.key.clone();
        let mut temporary = self.temporary.write().unwrap_or_else(PoisonError::into_inner);
        temporary.retain(|other| other.key.id != id);
        temporary.push(record);
        Ok(key)
    }

    fn record(
        &self,
        id: &str,
        secret: &str,
        roles: &[Role],
        tenants: Option<Vec<String>>,
        collection: Option<Uuid>,
    ) -> Result<KeyRecord> {
        let plain = |text: &str| {
            !text.is_empty()
                && text.len() <= MAX_LENGTH
                && text.bytes().all(|b| b.is_ascii_graphic())
        };
        if !plain(id) || id.contains(':') || !plain(secret) {
            let message = "a key is ID:SECRET, both of 1 to 256 visible ASCII characters, the id \
                           without a colon";
            return Err(ServiceError::invalid("key", message));
        }
        for tenant in tenants.iter().flatten() {
            check_nul("tenant", tenant)?;
        }
        let key = ApiKey {
            id: id.to_owned(),
            roles: roles.to_vec(),
            tenants,
            collection,
            created_at: self.clock.now(),
            revoked_at: None,
        };
        let salt = id::random::<16>()?.to_vec();
        let hashed = hash(&salt, secret);
        Ok(KeyRecord { key, secret: hashed.as_bytes().to_vec(), salt })
    }

    /// All keys of the database, the oldest first.
    ///
    /// # Errors
    /// [`ServiceError::Storage`] when the database fails.
    pub async fn list(&self) -> Result<Vec<ApiKey>> {
        self.catalog.keys().await
    }

    /// Ends a key of the database.
    ///
    /// # Errors
    /// [`ServiceError::NotFound`] for an unknown id, [`ServiceError::Storage`] when the database
    /// fails.
    pub async fn revoke(&self, id: &str) -> Result<ApiKey> {
        if !self.catalog.revoke_key(id, self.clock.now()).await? {
            return Err(ServiceError::NotFound { what: "key" });
        }
        let record = self.catalog.key(id).await?;
        record.map(|record| record.key).ok_or(ServiceError::NotFound { what: "key" })
    }

    /// Whether there is a key of this id that was not revoked.
    pub(crate) async fn lives(&self, id: &str) -> Result<bool> {
        let record = self.known(id).await?;
        Ok(record.is_some_and(|record| record.key.revoked_at.is_none()))
    }

    /// The key with this id and secret; `None` when there is none, or it was revoked.
    ///
    /// # Errors
    /// [`ServiceError::Storage`] when the database fails.
    pub async fn authenticate(&self, id: &str, secret: &str) -> Result<Option<ApiKey>> {
        if id.len() > MAX_LENGTH || secret.len() > MAX_LENGTH {
            return Ok(None);
        }
        let record = self.known(id).await?;
        // An unknown id costs what a known one costs, and hashes are compared in constant time.
        let (salt, expected) = match &record {
            Some(record) => (record.salt.as_slice(), record.secret.as_slice()),
            None => (&[0; 16][..], &[0; 32][..]),
        };
        let right =
            blake3::Hash::from_slice(expected).is_ok_and(|stored| stored == hash(salt, secret));
        Ok(record.map(|record| record.key).filter(|key| right && key.revoked_at.is_none()))
    }

    async fn known(&self, id: &str) -> Result<Option<KeyRecord>> {
        let temporary = {
            let temporary = self.temporary.read().unwrap_or_else(PoisonError::into_inner);
            temporary.iter().find(|record| record.key.id == id).cloned()
        };
        match temporary {
            Some(record) => Ok(Some(record)),
            None => self.catalog.key(id).await,
        }
    }
}

/// Whether this file begins as one of SQLite does. Opening what is no database would make one.
fn is_database(file: &Path) -> std::io::Result<bool> {
    use std::io::Read as _;
    // "Database File Format", 1.3.1.
    const MAGIC: &[u8; 16] = b"SQLite format 3\0";
    let mut start = Vec::new();
    match std::fs::File::open(file) {
        Ok(file) => file.take(MAGIC.len() as u64).read_to_end(&mut start)?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(error),
    };
    Ok(start == MAGIC)
}

fn hash(salt: &[u8], secret: &str) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new_derive_key("gatefold 2026 api key secret");
    hasher.update(salt);
    hasher.update(secret.as_bytes());
    hasher.finalize()
}
