//! Upload sessions, and the recordings that are uploaded in them.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, Request};
use gatefold::service::{Role, Settings};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::audiodelivery::{is_uuid, patch, path_of, post, read};
use crate::support::*;
use crate::{audio, make};

const SESSIONS: &str = "/v1/upload_session";

fn put(link: &str, body: impl Into<Body>) -> Request<Body> {
    request(Method::PUT, link).body(body.into()).unwrap()
}

async fn shown(app: &App, track: &str) -> Value {
    app.send(read(&format!("/v1/track/{track}"))).await.ok()["track"].clone()
}

#[tokio::test]
async fn a_session_is_told_with_and_without_a_key() {
    let (app, clock) = App::timed().await;
    let collection = app.collection().await;
    let creator = Uuid::new_v4().to_string();
    let body = json!({
        "collection_id": collection, "creator_id": creator, "organization_index": "I",
        "metadata": {"a": 1}, "expires_in": 7200,
    });
    let told = app.send(post(SESSIONS, &body)).await.ok();
    let id = is_uuid(&told["upload_session_id"]);
    let of = &told["upload_session"];
    assert_eq!((&of["id"], &told["player_color"]), (&json!(id), &Value::Null));
    for field in ["collection_id", "creator_id", "organization_index", "metadata"] {
        assert_eq!(of[field], body[field], "{field}");
    }
    assert_eq!(told["expires_at"], of["expires_at"]);
    let expires: jiff::Timestamp = told["expires_at"].as_str().unwrap().parse().unwrap();
    assert_eq!(expires.as_second(), clock.now().as_second() + 7200);

    let path = format!("{SESSIONS}/{id}");
    for asked in [bearer(Method::GET, &path), request(Method::GET, &path)] {
        let read = app.send(empty(asked)).await.ok();
        for field in ["upload_session_id", "upload_session", "player_color", "expires_at"] {
            assert_eq!(read[field], told[field], "{field}");
        }
    }
    let bare = app.send(post(SESSIONS, &json!({"collection_id": collection}))).await.ok();
    let of = &bare["upload_session"];
    assert_eq!((&of["creator_id"], &of["organization_index"]), (&Value::Null, &Value::Null));
    assert_eq!(of["metadata"], json!({}));
    let expires: jiff::Timestamp = bare["expires_at"].as_str().unwrap().parse().unwrap();
    assert_eq!(expires.as_second(), clock.now().as_second() + 3600);
}

#[tokio::test]
async fn how_long_a_session_may_last() {
    let app = App::new().await;
    let collection = app.collection().await;
    let asked = |seconds: Value| {
        app.send(post(SESSIONS, &json!({"collection_id": collection, "expires_in": seconds})))
    };
    for right in [json!(60), json!(86_400), json!(7200.0), Value::Null] {
        asked(right).await.ok();
    }
    for wrong in
        [json!(59), json!(86_401), json!(0), json!(-60), json!(60.5), json!("3600"), json!(1e300)]
    {
        let message = asked(wrong.clone()).await.not_ok(400, "invalid");
        assert!(message.contains("expires_in"), "{message}");
        assert!(message.contains("60") && message.contains("86400"), "{wrong}: {message}");
    }
    for (body, field) in [
        (json!({}), "collection_id"),
        (json!({"collection_id": "x"}), "collection_id"),
        (json!({"collection_id": collection, "creator_id": "x"}), "creator_id"),
        (json!({"collection_id": collection, "metadata": "x"}), "metadata"),
        (json!({"collection_id": collection, "organization_index": 1}), "organization_index"),
    ] {
        let message = app.send(post(SESSIONS, &body)).await.not_ok(400, "invalid");
        assert!(message.contains(field), "{message}");
    }
    let unknown = json!({"collection_id": Uuid::new_v4()});
    app.send(post(SESSIONS, &unknown)).await.not_ok(404, "not_found");
    let bare = with_json(request(Method::POST, SESSIONS), &json!({"collection_id": collection}));
    app.send(bare).await.not_ok(401, "unauthenticated");
}

#[tokio::test]
async fn a_key_for_one_collection_need_not_name_it() {
    let app = App::new().await;
    let (own, other) = (app.collection().await, app.collection().await);
    app.key("scoped", &Role::ALL, "default", Some(own.parse().unwrap())).await;
    let asked =
        |body: Value| app.send(with_json(with_bearer(Method::POST, SESSIONS, "scoped:s"), &body));
    for body in [json!({}), json!({"collection_id": own}), json!({"collection_id": null})] {
        assert_eq!(asked(body).await.ok()["upload_session"]["collection_id"], *own);
    }
    let bare = with_bearer(Method::POST, SESSIONS, "scoped:s");
    assert_eq!(app.send(empty(bare)).await.ok()["upload_session"]["collection_id"], *own);
    asked(json!({"collection_id": other})).await.not_ok(403, "forbidden");
    asked(json!({"collection_id": Uuid::new_v4()})).await.not_ok(403, "forbidden");
}

#[tokio::test]
async fn a_track_is_made_as_the_page_says() {
    let (app, clock) = App::timed().await;
    let collection = app.collection().await;
    let body = json!({"collection_id": collection, "expires_in": 600});
    let session = app.send(post(SESSIONS, &body)).await.ok();
    let id = session["upload_session_id"].as_str().unwrap();
    let path = format!("/v1/upload/{id}/track");
    let body =
        json!({"file_name": "../../a\u{1}b.mp3", "organization_index": "7", "metadata": {"k": 1}});
    let told = app.send(with_json(request(Method::POST, &path), &body)).await.ok();
    let track = is_uuid(&told["track_id"]);
    assert_eq!(told["upload_session_id"], *id);
    assert_eq!(told["upload_session"], session["upload_session"]);
    assert_eq!((&told["track"]["id"], &told["track"]["index"]), (&json!(track), &json!("7")));
    assert!(!told["track"]["path"].as_str().unwrap().is_empty());
    assert_eq!(told["track"]["upload_url"], told["track_upload"]["upload_url"]);
    for (upload, method) in [("track_upload", "PUT"), ("track_cover_upload", "POST")] {
        let upload = &told[upload];
        assert_eq!((&upload["method"], &upload["ttl"]), (&json!(method), &json!(600)));
        assert_eq!(upload["expires_at"], session["expires_at"], "it ends with the session");
        path_of(&upload["upload_url"]);
    }
    let track = shown(&app, &track.to_string()).await;
    assert_eq!((&track["file_name"], &track["metadata"]), (&body["file_name"], &json!({"k": 1})));

    for (body, code) in [
        (json!({}), "invalid"),
        (json!({"file_name": ""}), "invalid"),
        (json!({"file_name": 7}), "invalid"),
        (json!({"file_name": "x".repeat(1001)}), "invalid"),
        (json!({"file_name": "x", "metadata": 1}), "invalid"),
        (json!([]), "bad_json"),
    ] {
        app.send(with_json(request(Method::POST, &path), &body)).await.not_ok(400, code);
    }
    app.send(empty(request(Method::POST, &path))).await.not_ok(400, "invalid");
    for id in ["x", "%00", &Uuid::new_v4().to_string()] {
        let body = json!({"file_name": "a.mp3"});
        let path = format!("/v1/upload/{id}/track");
        app.send(with_json(request(Method::POST, &path), &body)).await.not_ok(404, "not_found");
        app.send(empty(request(Method::GET, &format!("{SESSIONS}/{id}"))))
            .await
            .not_ok(404, "not_found");
    }

    clock.advance(Duration::from_secs(599));
    app.send(with_json(request(Method::POST, &path), &json!({"file_name": "late"}))).await.ok();
    clock.advance(Duration::from_secs(1));
    for swept in [false, true] {
        if swept {
            app.assets.sweep().await.unwrap();
        }
        let body = json!({"file_name": "a.mp3"});
        app.send(with_json(request(Method::POST, &path), &body)).await.not_ok(404, "not_found");
        app.send(read(&format!("{SESSIONS}/{id}"))).await.not_ok(404, "not_found");
        let link = path_of(&told["track_upload"]["upload_url"]);
        app.send(put(&link, audio::wav())).await.not_ok(404, "not_found");
    }
    let tracks = format!("/v1/collection/{collection}/tracks");
    let listed = app.send(read(&tracks)).await.ok();
    assert_eq!(listed["tracks"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn recordings_are_taken_and_read() {
    let app = App::new().await;
    let collection = app.collection().await;
    let (cover, front) = (make::png(64, 64, 1), make::jpeg(64, 64, 2));
    for (bytes, duration, title, has_cover) in [
        (audio::wav(), 1.0, Value::Null, false),
        (audio::flac("Song", "Band", &cover), 2.0, json!("Song"), true),
        (audio::mp3(Some("Hymn"), &front), 0.99, json!("Hymn"), true),
        (audio::mp3(None, b""), 0.99, Value::Null, false),
        (audio::flac("Song", "Band", b"no picture"), 2.0, json!("Song"), false),
    ] {
        let (track, link, cover_link) = app.track(&collection).await;
        assert_eq!(shown(&app, &track).await["track_status_id"], "waiting");
        let told = app.send(put(&link, streamed(&bytes))).await.ok();
        assert_eq!(told["track_id"], *track);
        let of = &told["track"];
        assert_eq!(of["track_status_id"], "ready");
        let seconds = of["duration"].as_f64().unwrap();
        assert!((seconds - duration).abs() < 0.05, "{seconds} for {duration}");
        assert_eq!(of["player_title"], title);
        if title == "Song" {
            assert_eq!(of["player_subtitle"], "Band");
        }
        assert_eq!(of["cover_url"].is_string(), has_cover, "{of}");
        assert!(of["player_color"].is_string() || !has_cover);
        assert_eq!(shown(&app, &track).await, *of);

        // The same again, in either form; other bytes; and a picture where a recording belongs.
        assert_eq!(app.send(put(&link, bytes.clone())).await.ok()["track"], *of);
        let as_form = formed(request(Method::PUT, &link), &[file_part(&bytes)]);
        assert_eq!(app.send(as_form).await.ok()["track"], *of);
        let mut other = bytes.clone();
        other.push(0);
        app.send(put(&link, other)).await.not_ok(404, "not_found");
        let sent = request(Method::POST, &link).body(Body::from(cover.clone())).unwrap();
        app.send(sent).await.not_ok(404, "not_found");
        // A cover of its own takes the place of the recording's.
        let hung = app.hang(&cover_link, &make::png(40, 40, 9)).await;
        assert_ne!(hung["track"]["cover_url"], of["cover_url"]);
    }
}

#[tokio::test]
async fn what_is_given_wins_over_what_a_recording_says() {
    let app = App::new().await;
    let collection = app.collection().await;
    let (track, link, cover_link) = app.track(&collection).await;
    let path = format!("/v1/track/{track}");
    app.send(patch(&path, &json!({"player_title": "Mine"}))).await.ok();
    let hung = app.hang(&cover_link, &make::png(40, 40, 9)).await;
    let bytes = audio::flac("Song", "Band", &make::png(64, 64, 1));
    let of = app.send(put(&link, bytes)).await.ok()["track"].clone();
    assert_eq!((&of["player_title"], &of["player_subtitle"]), (&json!("Mine"), &json!("Band")));
    assert_eq!(of["cover_url"], hung["track"]["cover_url"]);
    assert_eq!(of["image_colors"], hung["image_colors"]);
}

#[tokio::test]
async fn what_is_no_recording_is_refused_and_a_bad_one_fails() {
    let app = App::new().await;
    let collection = app.collection().await;
    let (track, link, _) = app.track(&collection).await;
    for bytes in [make::png(64, 64, 1), b"hello".to_vec(), b"\xff\xfeh\0e\0l\0l\0o\0".to_vec()] {
        let message = app.send(put(&link, bytes)).await.not_ok(422, "invalid");
        assert!(message.contains("audio"), "{message}");
    }
    app.send(put(&link, Body::empty())).await.not_ok(400, "missing_file");
    assert_eq!(shown(&app, &track).await["track_status_id"], "waiting");
    let told = app.send(put(&link, b"fLaC but no more than that".to_vec())).await.ok();
    assert_eq!(told["track"]["track_status_id"], "failed");
    assert_eq!(shown(&app, &track).await["track_status_id"], "failed");
    let message = &shown(&app, &track).await["track_status_message"];
    assert!(message.as_str().unwrap().starts_with("it could not be read"), "{message}");

    // Its link takes another, and so does a new link; a track that has its recording keeps it.
    let path = format!("/v1/track/{track}/audio");
    let asked = || bearer(Method::POST, &path);
    let told = app.send(empty(asked())).await.ok();
    let second = path_of(&told["track_upload"]["upload_url"]);
    let told = app.send(put(&second, b"fLaC and no more than that".to_vec())).await.ok();
    assert_eq!(told["track"]["track_status_id"], "failed");
    let told = app.send(put(&link, audio::wav())).await.ok();
    assert_eq!(told["track"]["track_status_id"], "ready");
    assert_eq!(told["track"]["track_status_message"], Value::Null);
    let message = app.send(put(&second, audio::mp3(None, b""))).await.not_ok(409, "conflict");
    assert!(message.contains("ready"), "{message}");
    app.send(empty(asked())).await.not_ok(409, "conflict");
    assert_eq!(shown(&app, &track).await["duration"], 1.0);
}

#[tokio::test]
async fn recordings_past_their_cap_are_too_large() {
    let bytes = audio::wav();
    let settings = Settings { max_audio_bytes: bytes.len() as u64 - 1, ..Settings::default() };
    let app = App::set(settings).await;
    let collection = app.collection().await;
    let (track, link, _) = app.track(&collection).await;
    let message = app.send(sized(put(&link, bytes.clone()))).await.not_ok(413, "too_many_bytes");
    assert!(message.contains(&bytes.len().to_string()), "{message}");
    app.send(put(&link, streamed(&bytes))).await.not_ok(413, "too_many_bytes");
    let as_form = formed(request(Method::PUT, &link), &[file_part(&bytes)]);
    app.send(as_form).await.not_ok(413, "too_many_bytes");
    assert_eq!(shown(&app, &track).await["track_status_id"], "waiting");
    app.send(put(&link, audio::mp3(None, b"")[..4170].to_vec())).await.ok();
}
