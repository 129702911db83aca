//! What a key reaches. A [`Caller`] shows its tenant through these methods alone, and each asks for
//! the role and says what becomes of keys for one collection, so that no handler can forget either.

use uuid::Uuid;

use super::auth::Caller;
use super::failure::Failure;
use super::{Context, Voice};
use crate::service::{Collection, Role, Track};

impl<V: Voice> Caller<V> {
    /// The tenant that the key works for, for requests to what lies in no collection. Keys for one
    /// collection are refused.
    ///
    /// # Errors
    /// 403 when the key has not this role or is for one collection.
    pub(crate) fn tenant_wide(&self, role: Role) -> Result<&str, Failure> {
        self.permits(role)?;
        if self.key.collection.is_some() {
            return Err(
                self.forbidden("this key is for one collection, and for nothing else", role)
            );
        }
        Ok(self.key.home())
    }

    /// The tenant that a path names, as [`Self::tenant_wide`].
    ///
    /// # Errors
    /// 404 for tenants that the key does not reach, as for those that nobody has; 403 as above.
    pub(crate) fn account<'a>(&self, role: Role, named: &'a str) -> Result<&'a str, Failure> {
        let sane = (1..=64).contains(&named.len())
            && named.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
            && !named.starts_with('.');
        if !sane || !self.key.reaches(named) {
            return Err(Failure::not_found("account"));
        }
        self.tenant_wide(role)?;
        Ok(named)
    }

    /// The tenant that the key works for, and the only collection that it reaches, if it is for one:
    /// for lists of collections, which are then of that one.
    ///
    /// # Errors
    /// 403 when the key has not this role.
    pub(crate) fn collections(&self, role: Role) -> Result<(&str, Option<Uuid>), Failure> {
        self.permits(role)?;
        Ok((self.key.home(), self.key.collection))
    }

    /// The tenant that the key works for, and the collection that a body names, or else the one that
    /// the key is for.
    ///
    /// # Errors
    /// 403 when the key has not this role or is for another collection; 400 when no collection is
    /// named.
    pub(crate) fn named_collection(
        &self,
        role: Role,
        named: Option<Uuid>,
    ) -> Result<(&str, Uuid), Failure> {
        self.permits(role)?;
        let id = named.or(self.key.collection).ok_or_else(|| {
            let message = "collection_id is missing; only keys for one collection may leave it out";
            Failure::invalid("collection_id", message)
        })?;
        self.within(role, id)?;
        Ok((self.key.home(), id))
    }

    /// The collection of this id.
    ///
    /// # Errors
    /// 403 when the key has not this role or is for another collection; 404 when its tenant has no
    /// such collection.
    pub(crate) async fn collection(
        &self,
        context: &Context,
        role: Role,
        id: Uuid,
    ) -> Result<Collection, Failure> {
        self.permits(role)?;
        self.within(role, id)?;
        Ok(context.assets.collection(self.key.home(), id).await?)
    }

    /// The track of this id.
    ///
    /// # Errors
    /// As [`Self::collection`], for the track's collection.
    pub(crate) async fn track(
        &self,
        context: &Context,
        role: Role,
        id: Uuid,
    ) -> Result<Track, Failure> {
        self.permits(role)?;
        let track = context.assets.track(self.key.home(), id).await?;
        self.within(role, track.collection)?;
        Ok(track)
    }

    /// The public half of the key.
    pub(crate) fn key_id(&self) -> &str {
        &self.key.id
    }

    fn permits(&self, role: Role) -> Result<(), Failure> {
        if self.key.may(role) {
            return Ok(());
        }
        Err(self.forbidden(format!("this key does not have the role {}", role.name()), role))
    }

    fn within(&self, role: Role, collection: Uuid) -> Result<(), Failure> {
        match self.key.collection {
            Some(own) if own != collection => {
                Err(self.forbidden("this key is for one collection, and not for this one", role))
            }
            _ => Ok(()),
        }
    }
}
