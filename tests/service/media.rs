use std::time::Duration;

use gatefold::service::{
    Assets, Change, CollectionFields, NewSession, Settings, Spooled, Theme, TicketFor, TrackFields,
    TrackStatus, UploadSession,
};
use gatefold::{Palette, Pipeline, Policy, Upload};

use crate::common::{file, in_memory, wav};

const HOUR: Duration = Duration::from_secs(3600);

fn titled(title: &str) -> CollectionFields {
    let mut fields = CollectionFields::default();
    fields.title = Some(title.to_owned());
    fields
}

fn named(file_name: &str) -> TrackFields {
    let mut fields = TrackFields::default();
    fields.file_name = Some(file_name.to_owned());
    fields
}

async fn session(assets: &gatefold::service::Assets) -> UploadSession {
    let collection = assets.create_collection("label", titled("Album")).await.unwrap();
    assets.create_session("label", collection.id, NewSession::default()).await.unwrap()
}

#[tokio::test]
async fn a_cover_ticket_is_used_up_by_an_accepted_image_only() {
    let (assets, clock) = in_memory().await;
    let collection = assets.create_collection("label", titled("Album")).await.unwrap();
    let what = TicketFor::CollectionCover(collection.id);
    let ticket = assets.issue_ticket("label", what, HOUR, None).await.unwrap();
    let redeem =
        |name: &str| assets.redeem_cover(&ticket.token, None, None, Spooled::of(file(name)));
    assert_eq!(redeem("jpeg/cut-to-20-percent.jpg").await.unwrap_err().code(), "truncated");
    let cover = redeem("jpeg/baseline-420.jpg").await.unwrap();
    assert_eq!(redeem("jpeg/baseline-420.jpg").await.unwrap(), cover);
    assert_eq!(redeem("png/rgb.png").await.unwrap_err().code(), "not_found");
    let shown = assets.collection("label", collection.id).await.unwrap();
    assert_eq!((shown.cover, shown.theme), (Some(cover.id), cover.theme.clone()));
    clock.advance(2 * HOUR);
    assert_eq!(redeem("jpeg/baseline-420.jpg").await.unwrap_err().code(), "not_found");
}

#[tokio::test]
async fn forged_and_foreign_tickets_are_unknown() {
    let (assets, _) = in_memory().await;
    let collection = assets.create_collection("label", titled("Album")).await.unwrap();
    let what = TicketFor::CollectionCover(collection.id);
    assert_eq!(
        assets.issue_ticket("thief", what, HOUR, None).await.unwrap_err().code(),
        "not_found"
    );
    let ticket = assets.issue_ticket("label", what, HOUR, None).await.unwrap();
    assert_eq!(assets.ticket(&ticket.token).await.unwrap(), what);
    let mut forged = ticket.token.clone();
    let last = if forged.pop() == Some('0') { '1' } else { '0' };
    forged.push(last);
    for token in [forged.as_str(), "", "ü", &ticket.token[..24]] {
        assert_eq!(assets.ticket(token).await.unwrap_err().code(), "not_found", "{token}");
    }
}

#[tokio::test]
async fn a_collection_without_a_cover_takes_its_theme_from_its_tracks() {
    let (assets, _) = in_memory().await;
    let session = session(&assets).await;
    let track = assets.create_track(&session, named("one.mp3")).await.unwrap();
    let what = TicketFor::TrackCover(track.id);
    let ticket = assets.issue_ticket("label", what, HOUR, None).await.unwrap();
    let body = Spooled::of(file("jpeg/baseline-420.jpg"));
    let cover = assets.redeem_cover(&ticket.token, None, None, body).await.unwrap();
    let collection = assets.collection("label", session.collection).await.unwrap();
    assert_eq!(collection.cover, None);
    let (mixed, own) = (collection.theme.unwrap(), cover.theme.unwrap());
    assert_eq!(mixed.image_colors[0].hex, own.image_colors[0].hex);
}

#[tokio::test]
async fn the_theme_of_several_covers_is_what_their_pixels_would_give() {
    let (assets, _) = in_memory().await;
    let session = session(&assets).await;
    let pipeline = Pipeline::builder(Policy::audiodelivery()).build().unwrap();
    let mut palettes = Vec::new();
    for name in ["covers/teal-record.jpg", "covers/coral-sun.jpg", "covers/violet-peaks.jpg"] {
        let track = assets.create_track(&session, named("one.mp3")).await.unwrap();
        let what = TicketFor::TrackCover(track.id);
        let ticket = assets.issue_ticket("label", what, HOUR, None).await.unwrap();
        assets.redeem_cover(&ticket.token, None, None, Spooled::of(file(name))).await.unwrap();
        let report = pipeline.process(&Upload::new(file(name))).unwrap();
        palettes.push(report.palette().unwrap().clone());
    }
    let collection = assets.collection("label", session.collection).await.unwrap();
    let (mixed, expected) = (collection.theme.unwrap(), Palette::of_many(&palettes).unwrap());
    let expected = Theme::of(&expected);
    assert_eq!(mixed.image_colors, expected.image_colors);
    assert_eq!(
        (mixed.player_color, mixed.player_primary, mixed.average),
        (expected.player_color, expected.player_primary, expected.average)
    );
}

#[tokio::test]
async fn whose_cover_a_track_shows_is_decided_when_it_is_read() {
    let (assets, _) = in_memory().await;
    let session = session(&assets).await;
    let track = assets.create_track(&session, named("one.mp3")).await.unwrap();
    let other = assets.create_track(&session, named("two.mp3")).await.unwrap();
    let mut covers = Vec::new();
    for (what, name) in [
        (TicketFor::TrackCover(track.id), "png/rgb.png"),
        (TicketFor::CollectionCover(session.collection), "jpeg/baseline-420.jpg"),
    ] {
        let ticket = assets.issue_ticket("label", what, HOUR, None).await.unwrap();
        let body = Spooled::of(file(name));
        covers.push(assets.redeem_cover(&ticket.token, None, None, body).await.unwrap());
    }
    let (own, common) = (&covers[0], &covers[1]);
    let track = assets.track("label", track.id).await.unwrap();
    assert_eq!((track.cover, &track.theme), (Some(own.id), &own.theme));
    let other = assets.track("label", other.id).await.unwrap();
    assert_eq!((other.cover, &other.theme), (Some(common.id), &common.theme));

    let mut fields = CollectionFields::default();
    fields.is_cover_overridable = Some(false);
    fields.is_theme_overridable = Some(false);
    assets.update_collection("label", session.collection, fields).await.unwrap();
    let track = assets.track("label", track.id).await.unwrap();
    assert_eq!((track.cover, &track.theme), (Some(common.id), &common.theme));
    let listed = assets.tracks("label", session.collection, 0, 10).await.unwrap();
    assert_eq!(listed.iter().map(|t| t.order).collect::<Vec<_>>(), [0, 1]);
    assert_eq!(listed[0], track);
}

#[tokio::test]
async fn sessions_last_as_long_as_asked_for() {
    let (assets, clock) = in_memory().await;
    let collection = assets.create_collection("label", titled("Album")).await.unwrap();
    let create = |seconds| {
        let length = Duration::from_secs(seconds);
        let mut new = NewSession::default();
        new.expires_in = length;
        assets.create_session("label", collection.id, new)
    };
    assert_eq!(create(59).await.unwrap_err().code(), "invalid");
    assert_eq!(create(86_401).await.unwrap_err().code(), "invalid");
    let session = create(60).await.unwrap();
    assert_eq!(assets.session(session.id).await.unwrap(), session);
    clock.advance(Duration::from_secs(60));
    assert_eq!(assets.session(session.id).await.unwrap_err().code(), "not_found");
    // A request that began before goes on.
    assets.create_track(&session, named("late.mp3")).await.unwrap();
    assert_eq!(assets.sweep().await.unwrap().sessions, 1);
}

#[tokio::test]
async fn audio_is_stored_and_its_length_read() {
    let (assets, _) = in_memory().await;
    let session = session(&assets).await;
    let track = assets.create_track(&session, named("one.wav")).await.unwrap();
    assert_eq!(track.status, TrackStatus::Waiting);
    let ticket =
        assets.issue_ticket("label", TicketFor::TrackAudio(track.id), HOUR, None).await.unwrap();
    let refused = assets.redeem_audio(&ticket.token, Spooled::of(file("png/rgb.png"))).await;
    assert!(refused.unwrap_err().to_string().contains("image/png"));
    let track = assets.redeem_audio(&ticket.token, Spooled::of(wav())).await.unwrap();
    assert_eq!((track.status, track.duration), (TrackStatus::Ready, Some(1.0)));
    let again = assets.redeem_audio(&ticket.token, Spooled::of(wav())).await.unwrap();
    assert_eq!(again, track);
    let mut other = wav();
    other.push(0);
    assert_eq!(
        assets.redeem_audio(&ticket.token, Spooled::of(other)).await.unwrap_err().code(),
        "not_found"
    );
}

#[tokio::test]
async fn mpeg_audio_is_taken_without_tags_in_any_version() {
    let (assets, _) = in_memory().await;
    let session = session(&assets).await;
    // The header of a frame, and its length: MPEG 1 with a checksum at 44.1 kHz and 128 kbit/s,
    // MPEG 2 at 22.05 kHz and 64 kbit/s.
    for (header, length) in [([0xff, 0xfa, 0x90, 0xc4], 417), ([0xff, 0xf3, 0x80, 0xc4], 208)] {
        let mut frame = vec![0; length];
        frame[..4].copy_from_slice(&header);
        let track = assets.create_track(&session, named("one.mp3")).await.unwrap();
        let ticket = assets
            .issue_ticket("label", TicketFor::TrackAudio(track.id), HOUR, None)
            .await
            .unwrap();
        let track =
            assets.redeem_audio(&ticket.token, Spooled::of(frame.repeat(38))).await.unwrap();
        assert_eq!(track.status, TrackStatus::Ready, "{header:x?}");
        let seconds = track.duration.unwrap();
        assert!((0.9..=1.1).contains(&seconds), "{header:x?}: {seconds}");
    }
}

#[tokio::test]
async fn a_recording_whose_reading_was_interrupted_is_read_at_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let open = || Assets::open(folder.path(), Settings::default());
    let assets = open().await.unwrap();
    let session = session(&assets).await;
    let track = assets.create_track(&session, named("one.wav")).await.unwrap();
    let ticket =
        assets.issue_ticket("label", TicketFor::TrackAudio(track.id), HOUR, None).await.unwrap();
    let read = assets.redeem_audio(&ticket.token, Spooled::of(wav())).await.unwrap();
    assets.close().await;
    drop(assets);

    // As a process leaves it that ends between storing and reading.
    let file = folder.path().join("catalog.sqlite");
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(file);
    let pool = sqlx::SqlitePool::connect_with(options).await.unwrap();
    for forgotten in [
        "UPDATE tracks SET status = 'processing', duration = NULL",
        "INSERT INTO recording_jobs SELECT id, tenant, 1, 1, 9000000000000000, 0 FROM tracks",
    ] {
        sqlx::query(forgotten).execute(&pool).await.unwrap();
    }
    pool.close().await;

    let assets = open().await.unwrap();
    for _ in 0..500 {
        let track = assets.track("label", track.id).await.unwrap();
        if track.status == TrackStatus::Ready {
            assert_eq!(track.duration, read.duration);
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("it was never read again");
}

#[tokio::test]
async fn the_picture_in_a_recording_becomes_the_cover() {
    use lofty::config::WriteOptions;
    use lofty::picture::{MimeType, Picture, PictureType};
    use lofty::tag::{Accessor, Tag, TagExt, TagType};
    let mut tag = Tag::new(TagType::Id3v2);
    tag.set_title("Side A".to_owned());
    tag.set_artist("The Band".to_owned());
    tag.push_picture(
        Picture::unchecked(file("jpeg/baseline-420.jpg"))
            .pic_type(PictureType::CoverFront)
            .mime_type(MimeType::Jpeg)
            .build(),
    );
    let mut bytes = std::io::Cursor::new(wav());
    tag.save_to(&mut bytes, WriteOptions::default()).unwrap();

    let (assets, _) = in_memory().await;
    let session = session(&assets).await;
    let mut fields = named("one.wav");
    fields.player_subtitle = Change::Set(Some("As given".to_owned()));
    let track = assets.create_track(&session, fields).await.unwrap();
    let ticket =
        assets.issue_ticket("label", TicketFor::TrackAudio(track.id), HOUR, None).await.unwrap();
    let body = Spooled::of(bytes.into_inner());
    let track = assets.redeem_audio(&ticket.token, body).await.unwrap();
    assert_eq!(track.player_title.as_deref(), Some("Side A"));
    assert_eq!(track.player_subtitle.as_deref(), Some("As given"));
    assert!(track.cover.is_some() && track.theme.is_some());
    let collection = assets.collection("label", session.collection).await.unwrap();
    assert!(collection.theme.is_some());
}

#[tokio::test]
async fn deleting_a_collection_takes_everything_in_it() {
    let (assets, clock) = in_memory().await;
    let session = session(&assets).await;
    let track = assets.create_track(&session, named("one.wav")).await.unwrap();
    let what = TicketFor::TrackCover(track.id);
    let ticket = assets.issue_ticket("label", what, HOUR, None).await.unwrap();
    let body = Spooled::of(file("png/rgb.png"));
    let cover = assets.redeem_cover(&ticket.token, None, None, body).await.unwrap();
    assert_eq!(assets.public(&cover.public_id).await.unwrap(), cover);
    assert_eq!(
        assets.remove_collection("thief", session.collection).await.unwrap_err().code(),
        "not_found"
    );
    assets.remove_collection("label", session.collection).await.unwrap();
    assert_eq!(assets.track("label", track.id).await.unwrap_err().code(), "not_found");
    assert_eq!(assets.session(session.id).await.unwrap_err().code(), "not_found");
    assert_eq!(assets.public(&cover.public_id).await.unwrap_err().code(), "not_found");
    assets.sweep().await.unwrap();
    clock.advance(2 * HOUR);
    assert_eq!(assets.sweep().await.unwrap().blobs, 1);
}
