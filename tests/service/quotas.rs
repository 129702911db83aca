//! Quotas: what a tenant has is counted right whatever happens, and never goes past its limits.

use std::collections::BTreeMap;
use std::time::Duration;

use gatefold::service::{
    Asset, Assets, Change, Clock, CollectionFields, ManualClock, NewAsset, NewSession, Quota,
    ServiceError, Settings, Spooled, Surface, TicketFor, TrackFields, Usage,
};

use crate::common::{file, in_memory, store, wav};

const HOUR: Duration = Duration::from_secs(3600);

async fn with(quota: Quota) -> (Assets, ManualClock) {
    let clock = ManualClock::new();
    let settings = Settings { clock: Clock::Manual(clock.clone()), quota, ..Settings::default() };
    (Assets::in_memory(settings).await.unwrap(), clock)
}

const fn pictures(max: u64) -> Quota {
    Quota { max_assets: Some(max), max_bytes: None }
}

const fn bytes(max: u64) -> Quota {
    Quota { max_assets: None, max_bytes: Some(max) }
}

fn counted(usage: Usage) -> (u64, u64) {
    (usage.assets, usage.bytes)
}

async fn replaced(assets: &Assets, asset: &Asset, name: &str) -> Result<Asset, ServiceError> {
    let new = NewAsset::new("shop", asset.surface);
    assets.replace(asset.id, new, Change::Keep, Spooled::of(file(name))).await
}

#[tokio::test]
async fn what_a_tenant_has_is_counted_through_every_change() {
    let (assets, clock) = in_memory().await;
    let usage = async || counted(assets.usage("shop").await.unwrap());
    assert_eq!(usage().await, (0, 0));
    let one = store(&assets, Surface::Backoffice, "png/rgb.png").await.unwrap();
    // Shared bytes count for each record.
    let two = store(&assets, Surface::Backoffice, "png/rgb.png").await.unwrap();
    let three = store(&assets, Surface::Audicient, "png/rgba.png").await.unwrap();
    assert_eq!(usage().await, (3, one.bytes + two.bytes + three.bytes));
    let two = replaced(&assets, &two, "jpeg/baseline-420.jpg").await.unwrap();
    assert_eq!(usage().await, (3, one.bytes + two.bytes + three.bytes));
    assets.remove("shop", one.id).await.unwrap();
    assert_eq!(usage().await, (2, two.bytes + three.bytes));
    clock.advance(25 * HOUR);
    assets.sweep().await.unwrap();
    assert_eq!(usage().await, (1, two.bytes));
    // What is refused counts for nothing.
    assert!(store(&assets, Surface::Backoffice, "jpeg/cut-to-20-percent.jpg").await.is_err());
    assert_eq!(usage().await, (1, two.bytes));
    assert_eq!(counted(assets.usage("another").await.unwrap()), (0, 0));
}

#[tokio::test]
async fn covers_and_recordings_count_until_their_collection_goes() {
    let (assets, _) = in_memory().await;
    let usage = async || counted(assets.usage("label").await.unwrap());
    let mut fields = CollectionFields::default();
    fields.title = Some("Album".to_owned());
    let collection = assets.create_collection("label", fields).await.unwrap();
    let session =
        assets.create_session("label", collection.id, NewSession::default()).await.unwrap();
    let mut fields = TrackFields::default();
    fields.file_name = Some("one.wav".to_owned());
    let track = assets.create_track(&session, fields).await.unwrap();
    let ticket = async |what| assets.issue_ticket("label", what, HOUR, None).await.unwrap().token;

    let token = ticket(TicketFor::TrackAudio(track.id)).await;
    assets.redeem_audio(&token, Spooled::of(wav())).await.unwrap();
    let recording = wav().len() as u64;
    assert_eq!(usage().await, (0, recording));
    for name in ["png/rgb.png", "jpeg/baseline-420.jpg"] {
        let token = ticket(TicketFor::CollectionCover(collection.id)).await;
        let body = Spooled::of(file(name));
        let cover = assets.redeem_cover(&token, None, None, body).await.unwrap().bytes;
        assert_eq!(usage().await, (1, recording + cover), "{name}");
    }
    assets.remove_collection("label", collection.id).await.unwrap();
    assert_eq!(usage().await, (0, 0));
}

#[tokio::test]
async fn past_the_last_place_nothing_is_stored() {
    let (assets, _) = with(pictures(2)).await;
    store(&assets, Surface::Backoffice, "png/rgb.png").await.unwrap();
    let last = store(&assets, Surface::Moov, "png/rgba.png").await.unwrap();
    let refused = store(&assets, Surface::Moov, "png/rgb.png").await.unwrap_err();
    assert_eq!(refused.code(), "quota_exceeded");
    assert!(refused.to_string().contains("3 pictures") && refused.to_string().ends_with('2'));
    assert_eq!(assets.usage("shop").await.unwrap().assets, 2);
    // What is there already is told as that, and can be replaced.
    let again = store(&assets, Surface::Moov, "png/rgba.png").await.unwrap_err();
    assert_eq!(again.code(), "duplicate");
    replaced(&assets, &last, "jpeg/baseline-420.jpg").await.unwrap();
    // Another tenant has its own places.
    let other = NewAsset::new("another", Surface::Moov);
    assets.store(other, Spooled::of(file("png/rgb.png"))).await.unwrap();
    assets.remove("shop", last.id).await.unwrap();
    store(&assets, Surface::Moov, "png/rgb.png").await.unwrap();
}

#[tokio::test]
async fn bytes_are_limited_to_the_last_one() {
    let length = file("png/rgb.png").len() as u64;
    let (assets, _) = with(bytes(2 * length)).await;
    let keep =
        |assets: Assets| async move { store(&assets, Surface::Backoffice, "png/rgb.png").await };
    let one = keep(assets.clone()).await.unwrap();
    assert_eq!(one.bytes, length, "the picture has metadata: take another for this test");
    keep(assets.clone()).await.unwrap();
    assert_eq!(keep(assets.clone()).await.unwrap_err().code(), "quota_exceeded");
    let larger = replaced(&assets, &one, "jpeg/baseline-420.jpg").await;
    let smaller_file = file("jpeg/baseline-420.jpg").len() as u64 <= length;
    assert_eq!(larger.is_ok(), smaller_file);
    assert!(assets.usage("shop").await.unwrap().bytes <= 2 * length);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_uploads_at_once_no_more_get_in_than_there_is_room() {
    let (assets, _) = with(pictures(3)).await;
    let mut uploads = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let assets = assets.clone();
        uploads.spawn(async move {
            store(&assets, Surface::Backoffice, "png/rgb.png").await.map_err(|e| e.code())
        });
    }
    let answers = uploads.join_all().await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 3);
    assert!(
        answers.iter().all(|answer| answer.as_ref().err().is_none_or(|c| *c == "quota_exceeded"))
    );
    assert_eq!(assets.usage("shop").await.unwrap().assets, 3);
}

#[tokio::test]
async fn what_has_expired_takes_no_place_whether_swept_or_not() {
    let (assets, clock) = with(pictures(1)).await;
    store(&assets, Surface::Audicient, "png/rgb.png").await.unwrap();
    assert!(store(&assets, Surface::Audicient, "png/rgba.png").await.is_err());
    clock.advance(25 * HOUR);
    store(&assets, Surface::Audicient, "png/rgba.png").await.unwrap();
    assert_eq!(assets.usage("shop").await.unwrap().assets, 1);
}

#[tokio::test]
async fn a_recording_past_the_quota_is_refused_and_its_ticket_lives_on() {
    let (assets, _) = with(bytes(wav().len() as u64 - 1)).await;
    let mut fields = CollectionFields::default();
    fields.title = Some("Album".to_owned());
    let collection = assets.create_collection("label", fields).await.unwrap();
    let session =
        assets.create_session("label", collection.id, NewSession::default()).await.unwrap();
    let mut fields = TrackFields::default();
    fields.file_name = Some("one.wav".to_owned());
    let track = assets.create_track(&session, fields).await.unwrap();
    let ticket =
        assets.issue_ticket("label", TicketFor::TrackAudio(track.id), HOUR, None).await.unwrap();
    let refused = assets.redeem_audio(&ticket.token, Spooled::of(wav())).await.unwrap_err();
    assert_eq!(refused.code(), "quota_exceeded");
    assert_eq!(counted(assets.usage("label").await.unwrap()), (0, 0));
    assets.set_quota("label", Some(Quota::default())).await.unwrap();
    assets.redeem_audio(&ticket.token, Spooled::of(wav())).await.unwrap();
}

#[tokio::test]
async fn an_operators_word_counts_before_the_settings() {
    let mut settings = Settings { quota: pictures(1), ..Settings::default() };
    settings.tenant_quotas = BTreeMap::from([("label".to_owned(), pictures(2))]);
    let assets = Assets::in_memory(settings).await.unwrap();
    let quota = async |tenant| assets.quota(tenant).await.unwrap().max_assets;
    assert_eq!((quota("shop").await, quota("label").await), (Some(1), Some(2)));
    assets.set_quota("shop", Some(pictures(3))).await.unwrap();
    assert_eq!(quota("shop").await, Some(3));
    for _ in 0..3 {
        store(&assets, Surface::Backoffice, "png/rgb.png").await.unwrap();
    }
    // Lowered, it takes nothing away; it only lets nothing more in.
    assets.set_quota("shop", Some(pictures(1))).await.unwrap();
    assert!(store(&assets, Surface::Backoffice, "png/rgb.png").await.is_err());
    let all = assets.usages().await.unwrap();
    assert_eq!((all.len(), all[0].usage.assets, all[0].quota), (1, 3, Some(pictures(1))));
    let listed = assets.list("shop", None, 0, 10).await.unwrap();
    replaced(&assets, &listed[0], "png/rgb.png").await.unwrap();
    assets.set_quota("shop", None).await.unwrap();
    assert_eq!(quota("shop").await, Some(1));
}
