//! How long sessions and links work, how many there may be, and uploads that outlive them.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, Request};
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use gatefold::service::{Role, Settings};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::audiodelivery::path_of;
use crate::support::*;
use crate::{audio, make};

fn put(link: &str, body: impl Into<Body>) -> Request<Body> {
    request(Method::PUT, link).body(body.into()).unwrap()
}

async fn shown(app: &App, track: &str) -> Value {
    app.send(empty(bearer(Method::GET, &format!("/v1/track/{track}")))).await.ok()["track"].clone()
}

#[tokio::test]
async fn a_session_ends_with_the_key_that_opened_it() {
    let app = App::new().await;
    app.key("other", &[Role::Uploader], "label", None).await;
    let made = with_bearer(Method::POST, "/v1/collection", "other:s");
    let made = app.send(with_json(made, &json!({}))).await.ok();
    let collection = made["collection_id"].as_str().unwrap().to_owned();
    let session = with_bearer(Method::POST, "/v1/upload_session", "other:s");
    let told = app.send(with_json(session, &json!({"collection_id": collection}))).await.ok();
    let path = format!("/v1/upload_session/{}", told["upload_session_id"].as_str().unwrap());
    let (_, link, cover_link) = track_in(&app, &told).await;
    app.send(empty(request(Method::GET, &path))).await.ok();

    app.assets.keyring().revoke("other").await.unwrap();
    app.send(empty(request(Method::GET, &path))).await.not_ok(404, "not_found");
    app.send(new_track(&told)).await.not_ok(404, "not_found");
    app.send(put(&link, audio::wav())).await.not_ok(404, "not_found");
    let cover = request(Method::POST, &cover_link).body(Body::from(make::png(4, 4, 1))).unwrap();
    app.send(cover).await.not_ok(404, "not_found");
}

#[tokio::test]
async fn tracks_of_a_session_and_sessions_of_a_key_are_counted() {
    let settings = Settings { max_session_tracks: 2, max_key_sessions: 2, ..Settings::default() };
    let (app, clock) = App::timed_with(settings).await;
    let collection = app.collection().await;
    let session = || {
        let body = json!({"collection_id": collection, "expires_in": 100});
        with_json(bearer(Method::POST, "/v1/upload_session"), &body)
    };
    let told = app.send(session()).await.ok();
    for _ in 0..2 {
        app.send(new_track(&told)).await.ok();
    }
    let message = app.send(new_track(&told)).await.not_ok(409, "limit_reached");
    assert_eq!(message, "there are 2 tracks of this upload session, and 2 are permitted");

    clock.advance(Duration::from_secs(40));
    app.send(session()).await.ok();
    let refused = app.send(session()).await;
    let message = refused.not_ok(429, "limit_reached");
    assert_eq!(message, "there are 2 open upload sessions of this key, and 2 are permitted");
    assert_eq!(refused.header("retry-after"), "60");
    clock.advance(Duration::from_secs(60));
    app.send(session()).await.ok();
}

#[tokio::test]
async fn an_upload_outlives_its_ticket_and_its_session() {
    let (app, clock) = App::timed().await;
    let collection = app.collection().await;
    let (track, link, cover_link) = app.track(&collection).await;
    // The clock passes the ticket's end, and a sweep comes, after the first bytes.
    let late = |bytes: Vec<u8>| {
        let (assets, clock) = (app.assets.clone(), clock.clone());
        async move {
            clock.advance(Duration::from_secs(2 * 86_400));
            assets.sweep().await.unwrap();
            Ok::<_, std::io::Error>(Bytes::copy_from_slice(&bytes[100..]))
        }
    };
    let body = |bytes: &[u8]| {
        let first = Bytes::copy_from_slice(&bytes[..100]);
        let first = stream::once(std::future::ready(Ok(first)));
        Body::from_stream(first.chain(stream::once(late(bytes.to_vec()))))
    };
    let told = app.send(put(&link, body(&audio::wav()))).await.ok();
    assert_eq!(told["track"]["track_status_id"], "ready");
    app.send(put(&link, audio::wav())).await.not_ok(404, "not_found");
    app.send(put(&cover_link, audio::wav())).await.not_ok(404, "not_found");

    let told = app.send(empty(bearer(Method::POST, &format!("/v1/track/{track}/cover")))).await;
    let link = path_of(&told.ok()["track_cover_upload"]["upload_url"]);
    let sent = request(Method::POST, &link).body(body(&make::png(64, 64, 5))).unwrap();
    app.send(sent).await.ok();
    assert!(shown(&app, &track).await["cover_url"].is_string());
}

#[tokio::test]
async fn sessions_and_tickets_end_with_their_collection() {
    let app = App::new().await;
    let collection = app.collection().await;
    let body = json!({"collection_id": collection});
    let told = app.send(with_json(bearer(Method::POST, "/v1/upload_session"), &body)).await.ok();
    let (_, link, cover_link) = track_in(&app, &told).await;
    app.send(empty(bearer(Method::DELETE, &format!("/v1/collection/{collection}")))).await.ok();
    app.send(new_track(&told)).await.not_ok(404, "not_found");
    app.send(put(&link, audio::wav())).await.not_ok(404, "not_found");
    let cover = request(Method::POST, &cover_link).body(Body::from(make::png(4, 4, 1))).unwrap();
    app.send(cover).await.not_ok(404, "not_found");
}

#[tokio::test]
async fn who_hangs_up_after_the_last_byte_has_the_recording_stored() {
    let app = App::new().await;
    let address = app.listen().await;
    let collection = app.collection().await;
    let bytes = audio::wav();
    let mut tracks = Vec::new();
    for _ in 0..10 {
        let (track, link, _) = app.track(&collection).await;
        let mut stream = TcpStream::connect(address).await.unwrap();
        let head =
            format!("PUT {link} HTTP/1.1\r\nHost: here\r\nContent-Length: {}\r\n\r\n", bytes.len());
        stream.write_all(&[head.as_bytes(), &bytes].concat()).await.unwrap();
        drop(stream);
        tracks.push(track);
    }
    for track in tracks {
        let ready = async {
            while shown(&app, &track).await["track_status_id"] != "ready" {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), ready).await.expect("it stays unread");
    }
}

fn new_track(session: &Value) -> Request<Body> {
    let id = session["upload_session_id"].as_str().unwrap();
    let path = format!("/v1/upload/{id}/track");
    with_json(request(Method::POST, &path), &json!({"file_name": "one.mp3"}))
}

/// A track of this session, and the links for its audio and its cover.
async fn track_in(app: &App, session: &Value) -> (String, String, String) {
    let told = app.send(new_track(session)).await.ok();
    let link = |name: &str| path_of(&told[name]["upload_url"]);
    let track = told["track_id"].as_str().unwrap().to_owned();
    (track, link("track_upload"), link("track_cover_upload"))
}
