//! Taking pictures down: bytes and all, at once, and nothing of anybody else's.

use std::time::Duration;

use gatefold::RenditionSpec;
use gatefold::service::{
    CollectionFields, NewAsset, NewSession, Spooled, Surface, TicketFor, TrackFields,
};

use crate::common::{blobs, file, in_memory, on_disk, store};

const HOUR: Duration = Duration::from_secs(3600);

#[tokio::test]
async fn the_bytes_of_what_is_removed_are_gone_at_once() {
    let (directory, assets, _) = on_disk().await;
    let asset = store(&assets, Surface::Backoffice, "png/rgb.png").await.unwrap();
    let kept = store(&assets, Surface::Backoffice, "png/rgba.png").await.unwrap();
    assets.rendition(&asset, &RenditionSpec::cover(10, 10)).await.unwrap();
    assets.rendition(&kept, &RenditionSpec::cover(10, 10)).await.unwrap();
    assert_eq!(blobs(directory.path()).len(), 2);
    assets.remove("shop", asset.id).await.unwrap();
    assert_eq!(blobs(directory.path()).len(), 1);
    assert_eq!(assets.original_bytes(&asset, None).await.unwrap_err().code(), "blob_missing");
    assert!(assets.original_bytes(&kept, None).await.is_ok());
    assert_eq!(assets.remove("shop", asset.id).await.unwrap_err().code(), "not_found");
    assert_eq!(assets.remove("another", kept.id).await.unwrap_err().code(), "not_found");
}

#[tokio::test]
async fn bytes_that_another_tenant_shares_stay_for_that_one() {
    let (directory, assets, _) = on_disk().await;
    let own = store(&assets, Surface::Moov, "png/rgb.png").await.unwrap();
    let other = NewAsset::new("another", Surface::Backoffice);
    let other = assets.store(other, Spooled::of(file("png/rgb.png"))).await.unwrap();
    assert_eq!(own.digest(), other.digest());
    assets.remove("shop", own.id).await.unwrap();
    assert_eq!(blobs(directory.path()).len(), 1);
    assert_eq!(assets.public(&own.public_id).await.unwrap_err().code(), "not_found");
    assert!(assets.original_bytes(&other, None).await.is_ok());
    assert!(assets.rendition(&other, &RenditionSpec::cover(10, 10)).await.is_ok());
    assets.remove_all(None, &[other.id]).await.unwrap();
    assert!(blobs(directory.path()).is_empty());
    // The same picture is stored anew, by whomever.
    let again = store(&assets, Surface::Moov, "png/rgb.png").await.unwrap();
    assert!(assets.original_bytes(&again, None).await.is_ok());
}

#[tokio::test]
async fn what_has_expired_can_be_removed_before_a_sweep_does_it() {
    let (directory, assets, clock) = on_disk().await;
    let asset = store(&assets, Surface::Audicient, "png/rgb.png").await.unwrap();
    clock.advance(25 * HOUR);
    assets.remove("shop", asset.id).await.unwrap();
    assert!(blobs(directory.path()).is_empty());
}

#[tokio::test]
async fn a_cover_that_is_removed_leaves_no_colours_behind() {
    let (assets, _) = in_memory().await;
    let mut fields = CollectionFields::default();
    fields.title = Some("Album".to_owned());
    let collection = assets.create_collection("label", fields).await.unwrap();
    let session =
        assets.create_session("label", collection.id, NewSession::default()).await.unwrap();
    let mut fields = TrackFields::default();
    fields.file_name = Some("one.mp3".to_owned());
    let track = assets.create_track(&session, fields).await.unwrap();
    let mut covers = Vec::new();
    for (what, name) in [
        (TicketFor::CollectionCover(collection.id), "jpeg/baseline-420.jpg"),
        (TicketFor::TrackCover(track.id), "png/rgb.png"),
    ] {
        let token = assets.issue_ticket("label", what, HOUR, None).await.unwrap().token;
        let cover = assets.redeem_cover(&token, None, None, Spooled::of(file(name))).await;
        covers.push(cover.unwrap().id);
    }
    let before = assets.collection("label", collection.id).await.unwrap();
    assets.remove("label", covers[0]).await.unwrap();
    let after = assets.collection("label", collection.id).await.unwrap();
    assert_eq!(after.cover, None);
    assert!(after.updated_at > before.updated_at);
    // Its track's cover gives the colours now.
    assert!(after.theme.is_some() && after.theme != before.theme);
    assets.remove("label", covers[1]).await.unwrap();
    let track = assets.track("label", track.id).await.unwrap();
    assert_eq!((track.cover, &track.theme), (None, &None));
    assert_eq!(assets.collection("label", collection.id).await.unwrap().theme, None);
}
