//! The view over all that a tenant has.

use axum::body::Body;
use axum::http::{Method, Request, header};
use gatefold::service::{NewAsset, Role, Settings, Spooled, Surface};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::make;
use crate::support::*;

const LIST: &str = "/library/assets";
const INSPECT: &str = "/library/inspect";

impl Answer {
    #[track_caller]
    fn well(&self) -> Value {
        assert_eq!(self.status, 200, "{:?}", self.body);
        assert_eq!(self.header("content-type"), "application/json");
        assert!(self.header("x-request-id").len() >= 8);
        self.json()
    }

    #[track_caller]
    fn ill(&self, status: u16, code: &str) -> String {
        let message = self.refuses(status, code, "error");
        assert_eq!(self.json().as_object().unwrap().len(), 1);
        message
    }
}

async fn stored(app: &App, tenant: &str, surface: Surface, bytes: Vec<u8>) -> Uuid {
    let new = NewAsset::new(tenant, surface);
    app.assets.store(new, Spooled::of(bytes)).await.unwrap().id
}

fn ids(told: &Value) -> Vec<&str> {
    told["assets"].as_array().unwrap().iter().map(|asset| asset["id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn what_a_tenant_has_is_listed_newest_first() {
    let app = App::new().await;
    assert_eq!(
        app.send(get(LIST)).await.well(),
        json!({"tenant": "default", "assets": [], "next": null})
    );
    let mut all = Vec::new();
    for (n, surface) in
        [Surface::Moov, Surface::Audicient, Surface::Backoffice].into_iter().enumerate()
    {
        all.push(stored(&app, "default", surface, make::png(40, 30, n as u32)).await.to_string());
    }
    stored(&app, "another", Surface::Moov, make::png(40, 30, 9)).await;
    let told = app.send(get(LIST)).await.well();
    let newest: Vec<_> = all.iter().rev().map(String::as_str).collect();
    assert_eq!(ids(&told), newest);
    let asset = told["assets"][2].as_object().unwrap();
    for (field, expected) in [
        ("surface", json!("moov")),
        ("format", json!("png")),
        ("width", json!(40)),
        ("height", json!(30)),
        ("frames", json!(1)),
        ("has_alpha", json!(false)),
        ("file_name", Value::Null),
        ("alt_text", Value::Null),
        ("disabled_at", Value::Null),
        ("expires_at", Value::Null),
    ] {
        assert_eq!(asset.get(field), Some(&expected), "{field}");
    }
    assert_eq!(asset["digest"].as_str().unwrap().len(), 64);
    assert_eq!(asset["public_id"].as_str().unwrap().len(), 21);
    assert!(asset["link"].as_str().unwrap().starts_with("http://127.0.0.1:8080/images/"));
    assert!(!asset["image_colors"].as_array().unwrap().is_empty());
    assert!(told["assets"][1]["expires_at"].is_string(), "drafts die");
    let one = app.send(get(&format!("{LIST}?surface=audicient"))).await.well();
    assert_eq!(ids(&one), [all[1].as_str()]);
    let page = app.send(get(&format!("{LIST}?skip=1&count=1"))).await.well();
    assert_eq!(ids(&page), [all[1].as_str()]);
    for query in
        ["surface=x", "surface=", "count=201", "skip=x", "skip=1&skip=2", "skip=100001", "after=x"]
    {
        app.send(get(&format!("{LIST}?{query}"))).await.ill(400, "invalid");
    }
}

#[tokio::test]
async fn pages_go_on_where_the_last_one_ended_whatever_comes_meanwhile() {
    let app = App::new().await;
    let mut expected = Vec::new();
    for n in 0..5 {
        let stored = stored(&app, "default", Surface::Moov, make::png(40, 30, n)).await;
        expected.insert(0, stored.to_string());
    }
    let mut seen: Vec<String> = Vec::new();
    let mut path = format!("{LIST}?count=2");
    loop {
        let told = app.send(get(&path)).await.well();
        seen.extend(ids(&told).into_iter().map(str::to_owned));
        // A new one at the top of the list moves nothing.
        let n = 50 + seen.len() as u32;
        stored(&app, "default", Surface::Moov, make::png(40, 30, n)).await;
        let Some(next) = told["next"].as_str() else { break };
        path = format!("{LIST}?count=2&surface=moov&after={next}");
    }
    assert_eq!(seen, expected);
}

/// A picture with a few large shapes, as hashes of looks need them.
fn blots(quality: u8) -> Vec<u8> {
    let blot = |x: f64, y: f64, (cx, cy, r): (f64, f64, f64)| {
        (-((x - cx).powi(2) + (y - cy).powi(2)) / (r * r)).exp()
    };
    let spots =
        [(40.0, 60.0, 30.0), (180.0, 50.0, 50.0), (90.0, 190.0, 40.0), (220.0, 200.0, 20.0)];
    let mut samples = Vec::new();
    for at in 0..256 * 256 {
        let (x, y) = (f64::from(at % 256), f64::from(at / 256));
        let light: f64 = spots.iter().map(|spot| blot(x, y, *spot)).sum();
        samples.extend([(light * 200.0) as u8, (light * 120.0) as u8, 60]);
    }
    let mut bytes = Vec::new();
    jpeg_encoder::Encoder::new(&mut bytes, quality)
        .encode(&samples, 256, 256, jpeg_encoder::ColorType::Rgb)
        .unwrap();
    bytes
}

#[tokio::test]
async fn what_looks_alike_is_found() {
    let app = App::new().await;
    let one = stored(&app, "default", Surface::Backoffice, blots(95)).await;
    let encoded = blots(60);
    let alike = stored(&app, "default", Surface::Backoffice, encoded.clone()).await.to_string();
    let foreign = stored(&app, "another", Surface::Backoffice, encoded).await;
    let near = |id: Uuid, query: &str| app.send(get(&format!("{LIST}/{id}/near{query}")));
    let told = near(one, "").await.well();
    assert_eq!(ids(&told), [alike.as_str()]);
    assert!(told["assets"][0]["distance"].as_u64().unwrap() <= 10);
    assert_eq!(told["assets"][0]["format"], "jpeg");
    assert_eq!(ids(&near(one, "?radius=15&count=1").await.well()), [alike.as_str()]);
    for query in ["?skip=1", "?count=0", "?skip=10000&count=200"] {
        assert!(ids(&near(one, query).await.well()).is_empty(), "{query}");
    }
    for query in [
        "?radius=16",
        "?radius=64",
        "?radius=-1",
        "?radius=x",
        "?radius=1&radius=1",
        "?count=201",
        "?skip=10001",
    ] {
        near(one, query).await.ill(400, "invalid");
    }
    near(foreign, "").await.ill(404, "not_found");
    near(Uuid::new_v4(), "").await.ill(404, "not_found");
    app.send(get(&format!("{LIST}/x/near"))).await.ill(404, "not_found");
}

fn inspected(query: &str, body: impl Into<Body>) -> Request<Body> {
    signed(Method::POST, &format!("{INSPECT}{query}")).body(body.into()).unwrap()
}

#[tokio::test]
async fn a_verdict_stores_nothing() {
    let app = App::new().await;
    let picture = make::png(60, 40, 1);
    let raw = app.send(inspected("", picture.clone())).await.well();
    let as_form = formed(signed(Method::POST, INSPECT), &[file_part(&picture)]);
    let formed = app.send(as_form).await.well();
    assert_eq!(raw["digests"], formed["digests"]);
    assert!(!raw["image_colors"].as_array().unwrap().is_empty());
    let keys = |told: &Value| {
        let mut keys: Vec<_> = told.as_object().unwrap().keys().cloned().collect();
        keys.sort();
        keys
    };
    for (query, body) in [
        ("?surface=moov", make::gif(16, 16, 1)),
        ("?surface=audicient-release", picture.clone()),
        ("", b"hello".to_vec()),
    ] {
        let told = app.send(inspected(query, body)).await.well();
        assert_eq!(keys(&told), keys(&raw), "{query}");
        assert_eq!(told["digests"], Value::Null);
        assert_eq!(told["image_colors"], json!([]));
    }
    app.send(inspected("?surface=x", picture)).await.ill(400, "invalid");
    app.send(inspected("", Body::empty())).await.ill(400, "missing_file");
    assert_eq!(
        app.send(get(LIST)).await.well(),
        json!({"tenant": "default", "assets": [], "next": null})
    );
}

#[tokio::test]
async fn a_verdict_has_the_cap_of_its_policy() {
    let mut settings = Settings::default();
    let large = make::png(60, 60, 1);
    settings.policies.moov.limits.max_bytes = large.len() as u64 - 1;
    let app = App::set(settings).await;
    app.send(inspected("?surface=moov", large.clone())).await.ill(413, "too_many_bytes");
    app.send(inspected("?surface=moov", streamed(&large))).await.ill(413, "too_many_bytes");
    app.send(inspected("", large)).await.well();
}

#[tokio::test]
async fn who_may_look() {
    let app = App::new().await;
    let id = stored(&app, "default", Surface::Backoffice, make::png(64, 64, 1)).await;
    app.key("reader", &[Role::Reader], "default", None).await;
    app.key("foreign", &Role::ALL, "another", None).await;
    app.key("scoped", &Role::ALL, "default", Some(Uuid::new_v4())).await;
    for path in [LIST.to_owned(), format!("{LIST}/{id}/near")] {
        app.send(empty(request(Method::GET, &path))).await.ill(401, "unauthenticated");
        app.send(empty(with_bearer(Method::GET, &path, "reader:s"))).await.well();
        app.send(empty(with_bearer(Method::GET, &path, "scoped:s"))).await.ill(403, "forbidden");
        for head in [
            request(Method::GET, &path).header("x-api-key", "test:a-secret"),
            request(Method::GET, &format!("{path}?x-api-key=test:a-secret")),
            request(Method::GET, &path).header(header::AUTHORIZATION, basic(KEY)),
        ] {
            app.send(empty(head)).await.well();
        }
    }
    let foreign = app.send(empty(with_bearer(Method::GET, LIST, "foreign:s"))).await.well();
    assert_eq!(foreign, json!({"tenant": "another", "assets": [], "next": null}));
    let near = format!("{LIST}/{id}/near");
    app.send(empty(with_bearer(Method::GET, &near, "foreign:s"))).await.ill(404, "not_found");
    app.send(empty(request(Method::POST, INSPECT))).await.ill(401, "unauthenticated");
    app.send(empty(with_bearer(Method::POST, INSPECT, "scoped:s"))).await.ill(403, "forbidden");
}
