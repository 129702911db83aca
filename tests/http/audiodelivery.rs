//! Collections and tracks: their fields, who may see them, and which cover and colours are shown.

use axum::body::Body;
use axum::http::{Method, Request, header};
use gatefold::service::Role;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::make;
use crate::support::*;

impl Answer {
    /// The object that a success of this API tells.
    #[track_caller]
    pub(crate) fn ok(&self) -> Value {
        assert_eq!(self.status, 200, "{:?}", self.body);
        assert_eq!(self.header("content-type"), "application/json");
        assert!(self.header("x-request-id").len() >= 8);
        assert_eq!(self.header("x-gatefold-code"), "");
        let told = self.json();
        assert_eq!(told["ok"], true);
        is_uuid(&told["api_request_id"]);
        told
    }

    /// Status, code and the whole shape of a refusal of this API; its sentence.
    #[track_caller]
    pub(crate) fn not_ok(&self, status: u16, code: &str) -> String {
        let message = self.refuses(status, code, "message");
        let told = self.json();
        assert_eq!(told.as_object().unwrap().len(), 3, "{told}");
        assert_eq!(told["ok"], false);
        is_uuid(&told["api_request_id"]);
        message
    }
}

#[track_caller]
pub(crate) fn is_uuid(value: &Value) -> Uuid {
    let text = value.as_str().unwrap_or_else(|| panic!("{value} is no text"));
    assert_eq!(text.len(), 36);
    text.parse().unwrap_or_else(|_| panic!("{text} is no UUID"))
}

/// The path of a link, which begins with the public URL.
#[track_caller]
pub(crate) fn path_of(link: &Value) -> String {
    let link = link.as_str().unwrap_or_else(|| panic!("{link} is no link"));
    link.strip_prefix("http://127.0.0.1:8080").unwrap_or_else(|| panic!("{link}")).to_owned()
}

pub(crate) fn post(path: &str, body: &Value) -> Request<Body> {
    with_json(bearer(Method::POST, path), body)
}

pub(crate) fn patch(path: &str, body: &Value) -> Request<Body> {
    with_json(bearer(Method::PATCH, path), body)
}

pub(crate) fn read(path: &str) -> Request<Body> {
    empty(bearer(Method::GET, path))
}

impl App {
    /// A new collection's id.
    pub(crate) async fn collection(&self) -> String {
        let told = self.send(post("/v1/collection", &json!({"title": "One"}))).await.ok();
        told["collection_id"].as_str().unwrap().to_owned()
    }

    /// A new track of it, with its links for audio and cover.
    pub(crate) async fn track(&self, collection: &str) -> (String, String, String) {
        let told =
            self.send(post("/v1/upload_session", &json!({"collection_id": collection}))).await.ok();
        let path = format!("/v1/upload/{}/track", told["upload_session_id"].as_str().unwrap());
        let body = json!({"file_name": "track-1.mp3"});
        let told = self.send(with_json(request(Method::POST, &path), &body)).await.ok();
        let track = told["track_id"].as_str().unwrap().to_owned();
        let links =
            ["track_upload", "track_cover_upload"].map(|of| path_of(&told[of]["upload_url"]));
        let [audio, cover] = links;
        (track, audio, cover)
    }

    /// A link to upload a cover to.
    pub(crate) async fn cover_of(&self, kind: &str, id: &str) -> String {
        let told = self.send(empty(bearer(Method::POST, &format!("/v1/{kind}/{id}/cover")))).await;
        path_of(&told.ok()[format!("{kind}_cover_upload")]["upload_url"])
    }

    /// What hanging this cover up is answered with.
    pub(crate) async fn hang(&self, link: &str, picture: &[u8]) -> Value {
        let sent = request(Method::POST, link).body(Body::from(picture.to_vec())).unwrap();
        self.send(sent).await.ok()
    }
}

fn is_time(value: &Value) {
    let text = value.as_str().unwrap();
    assert!(text.ends_with('Z') && text.parse::<jiff::Timestamp>().is_ok(), "{text}");
}

#[tokio::test]
async fn collections_are_made_read_changed_and_deleted() {
    let app = App::new().await;
    let told = app.send(post("/v1/collection", &json!({"title": "One"}))).await.ok();
    let of = &told["collection"];
    let id = is_uuid(&told["collection_id"]);
    assert_eq!(of["id"], id.to_string());
    is_uuid(&of["organization_id"]);
    is_time(&of["created_at"]);
    for (field, expected) in [
        ("title", json!("One")),
        ("organization_index", Value::Null),
        ("metadata", json!({})),
        ("image_colors", json!([])),
        ("player_color", Value::Null),
        ("player_color_light", Value::Null),
        ("player_color_dark", Value::Null),
        ("player_subtitle", Value::Null),
        ("is_cover_overridable", json!(true)),
        ("is_theme_overridable", json!(true)),
        ("cover_url", Value::Null),
    ] {
        assert_eq!(of.get(field), Some(&expected), "{field}");
    }
    let path = format!("/v1/collection/{id}");
    assert_eq!(app.send(read(&path)).await.ok()["collection"], *of);

    let fields = json!({
        "title": "Two", "organization_index": "A-1", "metadata": {"a": [1]},
        "player_subtitle": "sub", "is_cover_overridable": false, "is_theme_overridable": false,
        "image_colors": [{"hex": "#000000"}], "unknown": 1, "organization_id": "mine",
    });
    let changed = app.send(patch(&path, &fields)).await.ok()["collection"].clone();
    for field in
        ["title", "organization_index", "metadata", "player_subtitle", "is_cover_overridable"]
    {
        assert_eq!(changed[field], fields[field], "{field}");
    }
    assert_eq!(changed["image_colors"], json!([]), "what is read cannot be written");
    assert_eq!(changed["organization_id"], of["organization_id"]);
    assert!(changed["updated_at"].as_str() > of["updated_at"].as_str());
    let kept = app.send(patch(&path, &json!({}))).await.ok()["collection"].clone();
    assert_eq!((&kept["title"], &kept["metadata"]), (&json!("Two"), &json!({"a": [1]})));
    let nulls = json!({"organization_index": null, "metadata": null, "player_subtitle": null});
    let cleared = app.send(patch(&path, &nulls)).await.ok()["collection"].clone();
    assert_eq!(cleared["organization_index"], Value::Null);
    assert_eq!((&cleared["metadata"], &cleared["title"]), (&json!({}), &json!("Two")));

    let bare = app.send(empty(bearer(Method::POST, "/v1/collection"))).await.ok();
    assert_eq!(bare["collection"]["title"], "");
    let listed = app.send(read("/v1/collection")).await.ok();
    assert_eq!(listed["collections"], json!([bare["collection"], cleared]));
    let page = app.send(read("/v1/collection?skip=1&count=1")).await.ok();
    assert_eq!(page["collections"], json!([cleared]));

    let gone = app.send(empty(bearer(Method::DELETE, &path))).await.ok();
    assert_eq!(gone["collection_id"], id.to_string());
    for method in [Method::GET, Method::PATCH, Method::DELETE] {
        app.send(empty(bearer(method, &path))).await.not_ok(404, "not_found");
    }
}

#[tokio::test]
async fn fields_that_are_wrong_are_named() {
    let app = App::new().await;
    let id = app.collection().await;
    for (body, field) in [
        (json!({"title": 7}), "title"),
        (json!({"title": "x".repeat(1001)}), "title"),
        (json!({"metadata": []}), "metadata"),
        (json!({"metadata": {"a": "x".repeat(70_000)}}), "metadata"),
        (json!({"is_cover_overridable": "yes"}), "is_cover_overridable"),
        (json!({"organization_index": {}}), "organization_index"),
        (json!({"player_subtitle": "x".repeat(1001)}), "player_subtitle"),
    ] {
        let made = app.send(post("/v1/collection", &body)).await.not_ok(400, "invalid");
        let changed = app.send(patch(&format!("/v1/collection/{id}"), &body)).await;
        assert_eq!(made, changed.not_ok(400, "invalid"));
        assert!(made.contains(field), "{made}");
    }
    for body in [json!([]), json!("x"), json!(1), json!(false)] {
        app.send(post("/v1/collection", &body)).await.not_ok(400, "bad_json");
    }
    for text in ["{", "{}{}", "\u{feff}{}"] {
        let sent = bearer(Method::POST, "/v1/collection").body(Body::from(text)).unwrap();
        app.send(sent).await.not_ok(400, "bad_json");
    }
    let typed = bearer(Method::POST, "/v1/collection").header(header::CONTENT_TYPE, "text/plain");
    app.send(typed.body(Body::from("{}")).unwrap()).await.not_ok(400, "not_json");
    let deep = format!("{{\"metadata\":{}{}}}", "[".repeat(10_000), "]".repeat(10_000));
    let sent = bearer(Method::POST, "/v1/collection").body(Body::from(deep)).unwrap();
    app.send(sent).await.not_ok(400, "bad_json");
    for body in [Body::from(vec![b' '; 300_000]), streamed(&vec![b' '; 300_000])] {
        let sent = bearer(Method::POST, "/v1/collection").body(body).unwrap();
        app.send(sent).await.not_ok(413, "too_many_bytes");
    }
    for query in ["count=201", "skip=-1", "skip=1&skip=1", "count=x"] {
        app.send(read(&format!("/v1/collection?{query}"))).await.not_ok(400, "invalid");
    }
    assert_eq!(
        app.send(read("/v1/collection")).await.ok()["collections"].as_array().unwrap().len(),
        1
    );
}

#[tokio::test]
async fn tracks_are_read_changed_and_deleted() {
    let app = App::new().await;
    let collection = app.collection().await;
    let (first, ..) = app.track(&collection).await;
    let (second, ..) = app.track(&collection).await;
    let path = format!("/v1/track/{first}");
    let told = app.send(read(&path)).await.ok();
    let of = &told["track"];
    assert_eq!(told["track_id"], *first);
    is_uuid(&of["organization_id"]);
    for (field, expected) in [
        ("id", json!(first)),
        ("collection_id", json!(collection)),
        ("index", json!("0")),
        ("organization_index", Value::Null),
        ("duration", json!(0.0)),
        ("file_name", json!("track-1.mp3")),
        ("order", json!(0)),
        ("metadata", json!({})),
        ("player_title", Value::Null),
        ("player_subtitle", Value::Null),
        ("player_color", Value::Null),
        ("image_colors", json!([])),
        ("track_status_id", json!("waiting")),
        ("cover_url", Value::Null),
    ] {
        assert_eq!(of.get(field), Some(&expected), "{field}");
    }
    let fields = json!({
        "file_name": "x.wav", "organization_index": "B", "metadata": {"k": null}, "order": 5,
        "player_title": "T", "player_subtitle": "S", "track_status_id": "ready",
    });
    let changed = app.send(patch(&path, &fields)).await.ok()["track"].clone();
    for field in ["file_name", "metadata", "order", "player_title", "player_subtitle"] {
        assert_eq!(changed[field], fields[field], "{field}");
    }
    assert_eq!((&changed["index"], &changed["track_status_id"]), (&json!("B"), &json!("waiting")));
    for body in [
        json!({"file_name": ""}),
        json!({"file_name": null}),
        json!({"order": -1}),
        json!({"order": 1.5}),
        json!({"order": 1_000_000_001}),
        json!({"player_title": "x".repeat(1001)}),
    ] {
        app.send(patch(&path, &body)).await.not_ok(400, "invalid");
    }

    let tracks = format!("/v1/collection/{collection}/tracks");
    let listed = app.send(read(&tracks)).await.ok();
    let ids: Vec<_> =
        listed["tracks"].as_array().unwrap().iter().map(|t| t["id"].clone()).collect();
    assert_eq!(ids, [json!(second), json!(first)], "in their order");
    assert_eq!(listed["collection_id"], *collection);
    let page = app.send(read(&format!("{tracks}?skip=1"))).await.ok();
    assert_eq!(page["tracks"][0]["id"], *first);

    let gone = app.send(empty(bearer(Method::DELETE, &path))).await.ok();
    assert_eq!(gone["track_id"], *first);
    app.send(read(&path)).await.not_ok(404, "not_found");
    app.send(empty(bearer(Method::DELETE, &format!("/v1/collection/{collection}")))).await.ok();
    app.send(read(&format!("/v1/track/{second}"))).await.not_ok(404, "not_found");
    app.send(read(&tracks)).await.not_ok(404, "not_found");
}

#[tokio::test]
async fn which_cover_and_colours_a_track_shows() {
    let app = App::new().await;
    let collection = app.collection().await;
    let (track, ..) = app.track(&collection).await;
    let [red, blue] = [[200, 20, 30], [20, 40, 220]].map(|rgb| plain_png(64, rgb));
    let own = app.hang(&app.cover_of("track", &track).await, &red).await;
    let its = app.hang(&app.cover_of("collection", &collection).await, &blue).await;
    assert_ne!(own["player_color"], its["player_color"]);
    let urls = [own["track"]["cover_url"].clone(), its["collection"]["cover_url"].clone()];

    let path = format!("/v1/collection/{collection}");
    for (cover, theme) in [(true, true), (false, true), (true, false), (false, false)] {
        let body = json!({"is_cover_overridable": cover, "is_theme_overridable": theme});
        app.send(patch(&path, &body)).await.ok();
        let shown = app.send(read(&format!("/v1/track/{track}"))).await.ok()["track"].clone();
        assert_eq!(shown["cover_url"], urls[usize::from(!cover)], "{body}");
        let from = if theme { &own } else { &its };
        for field in ["image_colors", "player_color", "player_color_light", "player_color_dark"] {
            assert_eq!(shown[field], from[field], "{body} {field}");
        }
        let listed = app.send(read(&format!("{path}/tracks"))).await.ok();
        assert_eq!(listed["tracks"][0], shown);
        let of = app.send(read(&path)).await.ok()["collection"].clone();
        assert_eq!(of["cover_url"], urls[1]);
    }
    // A track without a cover shows its collection's in any case.
    let (bare, ..) = app.track(&collection).await;
    let shown = app.send(read(&format!("/v1/track/{bare}"))).await.ok()["track"].clone();
    assert_eq!((&shown["cover_url"], &shown["player_color"]), (&urls[1], &its["player_color"]));
    let picture = app.send(empty(request(Method::GET, &path_of(&urls[0])))).await;
    assert_eq!((picture.status.as_u16(), picture.header("content-type")), (200, "image/png"));
}

/// A picture of one colour.
pub(crate) fn plain_png(side: u32, rgb: [u8; 3]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, side, side);
    encoder.set_color(png::ColorType::Rgb);
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(&rgb.repeat((side * side) as usize)).unwrap();
    writer.finish().unwrap();
    bytes
}

#[tokio::test]
async fn who_may_do_what() {
    let app = App::new().await;
    let collection = app.collection().await;
    let other = app.collection().await;
    let (track, ..) = app.track(&collection).await;
    let (foreign_track, ..) = app.track(&other).await;
    app.key("reader", &[Role::Reader], "default", None).await;
    app.key("foreign", &Role::ALL, "another", None).await;
    app.key("scoped", &Role::ALL, "default", Some(collection.parse().unwrap())).await;

    for wrong in ["", "Bearer", "Bearer x", "Bearer test:no", "test:a-secret", &basic(KEY)] {
        let asked = request(Method::GET, "/v1/collection").header(header::AUTHORIZATION, wrong);
        let answer = app.send(empty(asked)).await;
        let message = answer.not_ok(401, "unauthenticated");
        assert!(!message.contains("a-secret"));
        assert!(answer.header("www-authenticate").starts_with("Bearer realm="));
    }
    app.send(empty(request(Method::GET, "/v1/collection"))).await.not_ok(401, "unauthenticated");

    let id = |kind: &str, id: &str| format!("/v1/{kind}/{id}");
    let of = id("collection", &collection);
    let all = [
        (Method::POST, "/v1/collection".to_owned()),
        (Method::PATCH, of.clone()),
        (Method::DELETE, of.clone()),
        (Method::POST, format!("{of}/cover")),
        (Method::PATCH, id("track", &track)),
        (Method::DELETE, id("track", &track)),
        (Method::POST, format!("{}/cover", id("track", &track))),
        (Method::POST, "/v1/upload_session".to_owned()),
    ];
    let reads = [of.clone(), format!("{of}/tracks"), id("track", &track)];
    for (method, path) in &all {
        let answer = app.send(empty(with_bearer(method.clone(), path, "reader:s"))).await;
        answer.not_ok(403, "forbidden");
    }
    for path in &reads {
        app.send(empty(with_bearer(Method::GET, path, "reader:s"))).await.ok();
        let answer = app.send(empty(with_bearer(Method::GET, path, "foreign:s"))).await;
        answer.not_ok(404, "not_found");
        app.send(empty(with_bearer(Method::GET, path, "scoped:s"))).await.ok();
    }
    for (method, path) in &all[1..7] {
        let answer = app.send(empty(with_bearer(method.clone(), path, "foreign:s"))).await;
        answer.not_ok(404, "not_found");
    }
    let body = json!({"collection_id": collection});
    let sent = with_json(with_bearer(Method::POST, "/v1/upload_session", "foreign:s"), &body);
    app.send(sent).await.not_ok(404, "not_found");

    // A key for one collection.
    let scoped = |method, path: &str| app.send(empty(with_bearer(method, path, "scoped:s")));
    let listed = scoped(Method::GET, "/v1/collection").await.ok();
    assert_eq!(listed["collections"].as_array().unwrap().len(), 1);
    assert_eq!(listed["collections"][0]["id"], *collection);
    scoped(Method::POST, "/v1/collection").await.not_ok(403, "forbidden");
    for path in [id("collection", &other), id("track", &foreign_track)] {
        for method in [Method::GET, Method::PATCH, Method::DELETE] {
            scoped(method, &path).await.not_ok(403, "forbidden");
        }
        scoped(Method::POST, &format!("{path}/cover")).await.not_ok(403, "forbidden");
    }
    scoped(Method::POST, &format!("{of}/cover")).await.ok();
    for id in ["x", "..%2f..", "%00", "{collection_id}", &Uuid::nil().to_string()] {
        for path in [format!("/v1/collection/{id}"), format!("/v1/track/{id}")] {
            app.send(read(&path)).await.not_ok(404, "not_found");
        }
    }
    let answer = app.send(empty(bearer(Method::PUT, &of))).await;
    answer.not_ok(405, "method_not_allowed");
    assert!(answer.header("allow").contains("PATCH"));
}

#[tokio::test]
async fn request_ids_are_told_as_uuids() {
    let app = App::new().await;
    let own = Uuid::new_v4().to_string();
    let asked = |id: &str| {
        let request = bearer(Method::GET, "/v1/collection").header("x-request-id", id);
        app.send(empty(request))
    };
    let answer = asked(&own).await;
    assert_eq!(
        (answer.header("x-request-id"), &answer.ok()["api_request_id"]),
        (&*own, &json!(own))
    );
    let [a, b] = [asked("trace-0001").await, asked("trace-0001").await];
    assert_eq!(a.ok()["api_request_id"], b.ok()["api_request_id"]);
    let picture = make::png(9, 9, 1);
    let sent = request(Method::POST, "/v1/ticket/x").body(Body::from(picture)).unwrap();
    app.send(sent).await.not_ok(404, "not_found");
}
