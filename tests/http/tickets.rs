//! Links to upload covers to: the link is the credential, for one picture and for a while.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, Request, header};
use bytes::Bytes;
use futures_util::stream;
use gatefold::service::{Settings, Surface};
use serde_json::{Value, json};

use crate::audiodelivery::{is_uuid, patch, path_of, plain_png, read};
use crate::support::*;
use crate::{audio, make};

fn raw(method: Method, link: &str, body: impl Into<Body>) -> Request<Body> {
    request(method, link).body(body.into()).unwrap()
}

fn picture(seed: u32) -> Vec<u8> {
    make::jpeg(120, 80, seed)
}

#[tokio::test]
async fn a_cover_is_asked_for_as_the_page_says() {
    let (app, clock) = App::timed().await;
    let collection = app.collection().await;
    let (track, ..) = app.track(&collection).await;
    for (kind, id) in [("collection", &collection), ("track", &track)] {
        let path = format!("/v1/{kind}/{id}/cover");
        let told = app.send(empty(bearer(Method::POST, &path))).await.ok();
        assert_eq!((&told[format!("{kind}_id")], &told[kind]["id"]), (&json!(id), &json!(id)));
        let upload = told[format!("{kind}_cover_upload")].as_object().unwrap();
        assert_eq!(upload.len(), 4);
        assert_eq!((&upload["method"], &upload["ttl"]), (&json!("POST"), &json!(3600)));
        let expires: jiff::Timestamp = upload["expires_at"].as_str().unwrap().parse().unwrap();
        assert_eq!(expires.as_second(), clock.now().as_second() + 3600);
        let link = path_of(&upload["upload_url"]);
        assert!(!link.contains(id.as_str()) && !link.contains("default"), "{link}");
        let again = app.cover_of(kind, id).await;
        assert_ne!(link, again, "each is one of its own");
    }
}

#[tokio::test]
async fn colours_follow_the_upload() {
    let app = App::new().await;
    let collection = app.collection().await;
    let (track, ..) = app.track(&collection).await;
    for (kind, id) in [("collection", &collection), ("track", &track)] {
        let told = app.hang(&app.cover_of(kind, id).await, &plain_png(60, [200, 30, 40])).await;
        assert_eq!(told[format!("{kind}_id")], **id);
        let other = if kind == "track" { "collection" } else { "track" };
        assert!(told.get(other).is_none() && told.get(format!("{other}_id")).is_none());
        let colors = told["image_colors"].as_array().unwrap();
        let color = colors[0].as_object().unwrap();
        for channel in ["red", "green", "blue"] {
            assert!(color[channel].as_u64().unwrap() < 256);
        }
        for part in ["hue", "saturation", "lightness", "intensity", "area"] {
            assert!((0.0..=1.0).contains(&color[part].as_f64().unwrap()), "{part}");
        }
        assert_eq!(color.len(), 9);
        assert_eq!(color["hex"], "#c81e28");
        let shown = app.send(read(&format!("/v1/{kind}/{id}"))).await.ok()[kind].clone();
        assert_eq!(shown, told[kind]);
        for field in ["image_colors", "player_color", "player_color_light", "player_color_dark"] {
            assert!(!told[field].is_null(), "{field}");
            assert_eq!(told[field], shown[field], "{field}");
        }
        assert!(contrast(&told["player_color_light"], "#f4f4f5") >= 3.0);
        assert!(contrast(&told["player_color_dark"], "#000000") >= 3.0);
        let public = app.send(empty(request(Method::GET, &path_of(&shown["cover_url"])))).await;
        assert_eq!((public.status.as_u16(), public.header("content-type")), (200, "image/png"));
    }
}

/// WCAG 2.2's ratio of two colours.
fn contrast(one: &Value, other: &str) -> f64 {
    let luminance = |hex: &str| {
        let channel = |at: usize| {
            let value = f64::from(u8::from_str_radix(&hex[at..at + 2], 16).unwrap()) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
    };
    let (a, b) = (luminance(one.as_str().unwrap()), luminance(other));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

#[tokio::test]
async fn one_picture_for_one_link_in_either_form() {
    let app = App::new().await;
    let collection = app.collection().await;
    let (first, other) = (picture(1), picture(2));
    let link = app.cover_of("collection", &collection).await;
    let told = app.hang(&link, &first).await;
    // A retry, raw and as a form, whatever it is called.
    let again = app.hang(&link, &first).await;
    let part = file_part(&first);
    let third = app.send(formed(request(Method::POST, &link), &[part])).await.ok();
    for retry in [again, third] {
        assert_eq!(retry["collection"], told["collection"]);
        assert_eq!(retry["image_colors"], told["image_colors"]);
    }
    app.send(raw(Method::POST, &link, other.clone())).await.not_ok(404, "not_found");
    assert_eq!(covers(&app).await, 1);
    let shown = app.send(read(&format!("/v1/collection/{collection}"))).await.ok();
    assert_eq!(shown["collection"], told["collection"]);

    // Another link, a form, and the former cover is gone; its own retry still says what it did.
    let second = app.cover_of("collection", &collection).await;
    let sent = formed(request(Method::POST, &second), &[file_part(&other)]);
    let replaced = app.send(sent).await.ok();
    assert_ne!(replaced["collection"]["cover_url"], told["collection"]["cover_url"]);
    assert_eq!(covers(&app).await, 1);
    let late = app.hang(&link, &first).await;
    assert_eq!(late["image_colors"], told["image_colors"]);
    assert_eq!(late["collection"], replaced["collection"]);
    assert_eq!(covers(&app).await, 1);
    app.send(raw(Method::POST, &link, other)).await.not_ok(404, "not_found");
}

async fn covers(app: &App) -> usize {
    app.assets.list("default", Surface::Audiodelivery, 0, 100).await.unwrap().len()
}

#[tokio::test]
async fn a_refused_picture_leaves_the_link_as_it_was() {
    let app = App::new().await;
    let collection = app.collection().await;
    let link = app.cover_of("collection", &collection).await;
    for (body, status, code) in [
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>".to_vec(), 422, "unknown_format"),
        (picture(1)[..900].to_vec(), 422, "truncated"),
        (Vec::new(), 400, "missing_file"),
    ] {
        app.send(raw(Method::POST, &link, body)).await.not_ok(status, code);
    }
    let broken = vec![Ok(Bytes::from(picture(1))), Err(std::io::Error::other("gone"))];
    let broken = Body::from_stream(stream::iter(broken));
    app.send(raw(Method::POST, &link, broken)).await.not_ok(400, "bad_body");
    app.send(formed(request(Method::POST, &link), &[image_part(b"x")]))
        .await
        .not_ok(400, "missing_file");
    assert_eq!(covers(&app).await, 0);
    for bytes in [make::gif(16, 16, 2), make::webp(16, 16, 1), make::apng(16, 16, 2)] {
        let link = app.cover_of("collection", &collection).await;
        app.hang(&link, &bytes).await;
    }
    app.hang(&link, &picture(1)).await;
}

#[tokio::test]
async fn links_are_not_to_be_forged() {
    let (app, clock) = App::timed().await;
    let collection = app.collection().await;
    let link = app.cover_of("collection", &collection).await;
    let another = app.cover_of("collection", &collection).await;
    let (base, token) = link.rsplit_once('/').unwrap();
    let other = another.rsplit_once('/').unwrap().1;
    let turned = |at: usize| {
        let with = if token.as_bytes()[at] == b'a' { "b" } else { "a" };
        format!("{}{with}{}", &token[..at], &token[at + 1..])
    };
    let mut forged: Vec<String> = (0..token.len()).map(turned).collect();
    forged.extend([
        format!("{}{}", &token[..24], &other[24..]),
        token[..24].to_owned(),
        format!("{token}0"),
        token.to_uppercase(),
        format!("{}%00", &token[..55]),
        "x".repeat(56),
        "..%2f..".to_owned(),
        "%ff".to_owned(),
        collection.clone(),
    ]);
    for token in forged {
        let link = format!("{base}/{token}");
        app.send(raw(Method::POST, &link, picture(1))).await.not_ok(404, "not_found");
        app.send(raw(Method::PUT, &link, audio::wav())).await.not_ok(404, "not_found");
    }
    // A cover's link takes no audio; nobody reads from it.
    app.send(raw(Method::PUT, &link, audio::wav())).await.not_ok(404, "not_found");
    let answer = app.send(raw(Method::GET, &link, Body::empty())).await;
    answer.not_ok(405, "method_not_allowed");
    assert_eq!(covers(&app).await, 0);

    app.hang(&another, &picture(1)).await;
    clock.advance(Duration::from_millis(3_599_999));
    app.hang(&another, &picture(1)).await;
    app.send(raw(Method::POST, &link, b"x".to_vec())).await.not_ok(422, "unknown_format");
    clock.advance(Duration::from_millis(1));
    for link in [&link, &another] {
        app.send(raw(Method::POST, link, picture(1))).await.not_ok(404, "not_found");
    }
    app.assets.sweep().await.unwrap();
    app.send(raw(Method::POST, &link, picture(1))).await.not_ok(404, "not_found");
    let shown = app.send(read(&format!("/v1/collection/{collection}"))).await.ok();
    assert!(!shown["collection"]["cover_url"].is_null(), "the cover outlives its link");

    let late = app.cover_of("collection", &collection).await;
    let path = format!("/v1/collection/{collection}");
    app.send(empty(bearer(Method::DELETE, &path))).await.ok();
    app.send(raw(Method::POST, &late, picture(3))).await.not_ok(404, "not_found");
    assert_eq!(covers(&app).await, 0);
}

#[tokio::test]
async fn unread_bodies_are_not_waited_for() {
    let app = App::new().await;
    let never = stream::pending::<Result<Bytes, std::io::Error>>();
    let sent = request(Method::POST, "/v1/ticket/forged").header(header::CONTENT_LENGTH, 9_000_000);
    let sent = sent.body(Body::from_stream(never)).unwrap();
    app.send(sent).await.not_ok(404, "not_found");
}

#[tokio::test]
async fn covers_past_their_cap_are_too_large() {
    let mut settings = Settings::default();
    let (right, large) = (picture(1), make::png(200, 200, 1));
    settings.policies.audiodelivery.limits.max_bytes = large.len() as u64 - 1;
    assert!(right.len() < large.len());
    let app = App::set(settings).await;
    let collection = app.collection().await;
    let link = app.cover_of("collection", &collection).await;
    let declared = raw(Method::POST, &link, large.clone());
    let message = app.send(sized(declared)).await.not_ok(413, "too_many_bytes");
    assert!(message.contains(&large.len().to_string()), "{message}");
    assert!(message.contains(&(large.len() - 1).to_string()), "{message}");
    app.send(raw(Method::POST, &link, streamed(&large))).await.not_ok(413, "too_many_bytes");
    let as_form = formed(request(Method::POST, &link), &[file_part(&large)]);
    app.send(as_form).await.not_ok(413, "too_many_bytes");
    let (head, _) = formed(request(Method::POST, &link), &[]).into_parts();
    let body = streamed(&multipart(&[file_part(&large)]));
    let answer = app.send(Request::from_parts(head, body)).await;
    answer.not_ok(413, "too_many_bytes");
    assert_eq!(covers(&app).await, 0);
    app.send(raw(Method::POST, &link, streamed(&right))).await.ok();
}

#[tokio::test]
async fn pages_of_other_origins_upload() {
    let app = App::new().await;
    let collection = app.collection().await;
    let (_, audio_link, _) = app.track(&collection).await;
    let link = app.cover_of("collection", &collection).await;
    for (link, method) in [(&link, "POST"), (&audio_link, "PUT")] {
        let before = request(Method::OPTIONS, link)
            .header(header::ORIGIN, "https://label.example")
            .header(header::ACCESS_CONTROL_REQUEST_METHOD, method)
            .header(header::ACCESS_CONTROL_REQUEST_HEADERS, "content-type,x-request-id");
        let answer = app.send(empty(before)).await;
        assert_eq!((answer.status.as_u16(), answer.body.len()), (200, 0));
        assert_eq!(answer.header("access-control-allow-origin"), "*");
        assert!(answer.header("access-control-allow-methods").contains(method));
        let headers = answer.header("access-control-allow-headers");
        assert_eq!(headers, "content-type,x-request-id");
        assert!(answer.header("x-request-id").len() >= 8);
    }
    let from = |link: &str, body: Vec<u8>| {
        let sent = request(Method::POST, link).header(header::ORIGIN, "https://label.example");
        app.send(sent.body(Body::from(body)).unwrap())
    };
    for answer in [from(&link, picture(1)).await, from("/v1/ticket/x", picture(1)).await] {
        assert_eq!(answer.header("access-control-allow-origin"), "*", "{}", answer.status);
        assert!(answer.header("access-control-expose-headers").contains("x-gatefold-code"));
        assert!(answer.header("access-control-allow-credentials").is_empty());
    }
    // What takes a key is for servers.
    let path = format!("/v1/collection/{collection}");
    let asked = bearer(Method::GET, &path).header(header::ORIGIN, "https://label.example");
    assert_eq!(app.send(empty(asked)).await.header("access-control-allow-origin"), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_at_once_one_is_hung() {
    let app = App::new().await;
    let collection = app.collection().await;
    let link = app.cover_of("collection", &collection).await;
    let uploads = (0..16).map(|n| {
        let (router, sent) = (app.router.clone(), raw(Method::POST, &link, picture(n % 4)));
        tokio::spawn(async move { (n % 4, send_to(&router, sent).await) })
    });
    let mut accepted = Vec::new();
    for answer in futures_util::future::join_all(uploads).await {
        match answer.unwrap() {
            (picture, answer) if answer.status == 200 => {
                is_uuid(&answer.ok()["collection_id"]);
                accepted.push(picture);
            }
            (_, answer) => drop(answer.not_ok(404, "not_found")),
        }
    }
    assert_eq!(accepted.len(), 4, "all four retries of the one picture: {accepted:?}");
    assert!(accepted.iter().all(|picture| *picture == accepted[0]));
    assert_eq!(covers(&app).await, 1);
}

#[tokio::test]
async fn themes_are_mixed_from_tracks_until_there_is_a_cover() {
    let app = App::new().await;
    let collection = app.collection().await;
    let (track, _, link) = app.track(&collection).await;
    let hung = app.hang(&link, &plain_png(40, [200, 30, 40])).await;
    let path = format!("/v1/collection/{collection}");
    let shown = app.send(read(&path)).await.ok()["collection"].clone();
    assert_eq!(shown["player_color"], hung["player_color"]);
    assert_eq!(shown["cover_url"], Value::Null);
    let changed = app.send(patch(&path, &json!({"title": "x"}))).await.ok()["collection"].clone();
    assert_eq!(changed["player_color"], hung["player_color"]);
    app.send(empty(bearer(Method::DELETE, &format!("/v1/track/{track}")))).await.ok();
    let shown = app.send(read(&path)).await.ok()["collection"].clone();
    assert_eq!((&shown["player_color"], &shown["image_colors"]), (&Value::Null, &json!([])));
}
