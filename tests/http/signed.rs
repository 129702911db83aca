//! Signed links, versioned links, and how long caches may keep what they serve.

use std::time::Duration;

use axum::body::Body;
use axum::http::{Method, Request};
use gatefold::LinkRule;
use gatefold::service::{Clock, LinkKey, ManualClock, Role, Settings, Surface};
use serde_json::{Value, json};

use crate::make;
use crate::support::*;

const SECRET: &str = "a secret of at least thirty-two bytes";

fn key(id: &str) -> LinkKey {
    LinkKey::new(id, format!("{SECRET} {id}")).unwrap()
}

fn open(path: &str) -> Request<Body> {
    empty(request(Method::GET, path))
}

/// The path and query of a link.
fn local(link: &str) -> &str {
    link.split_once("127.0.0.1:8080").unwrap().1
}

/// Seconds of a directive of `Cache-Control`.
fn seconds(answer: &Answer, directive: &str) -> Option<u64> {
    let list = answer.header("cache-control");
    let found = list.split(", ").find_map(|part| part.strip_prefix(directive)?.strip_prefix('='));
    found.map(|text| text.parse().unwrap())
}

/// With these keys, and product images for signed links alone.
async fn guarded(keys: &[LinkKey]) -> (App, ManualClock) {
    let clock = ManualClock::new();
    let mut settings = Settings { clock: Clock::Manual(clock.clone()), ..Settings::default() };
    settings.link_keys = keys.to_vec();
    settings.policies.moov.links = LinkRule::Signed;
    (App::set(settings).await, clock)
}

fn now(clock: &ManualClock) -> u64 {
    clock.now().as_second().try_into().unwrap()
}

#[tokio::test]
async fn a_policy_may_serve_signed_links_alone() {
    let (app, clock) = guarded(&[key("a")]).await;
    let path = public_path(&app.upload(&make::jpeg(90, 60, 1)).await);
    app.send(open(&path)).await.refuses(403, "signature_required", "error");
    app.send(open(&format!("{path}?size=30x20"))).await.refuses(403, "signature_required", "error");

    let end = now(&clock) + 600;
    let signed = key("a").query(&path, Some("30x20"), end);
    let link = format!("{path}?size=30x20&{signed}");
    let answer = app.send(open(&link)).await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    let tagged = request(Method::GET, &link).header("if-none-match", answer.header("etag"));
    assert_eq!(app.send(empty(tagged)).await.status, 304);
    // The order of the fields, and fields of other names, do not matter.
    let mut fields: Vec<_> = signed.split('&').rev().collect();
    fields.extend(["size=30x20", "utm=x", "utm=y"]);
    let shuffled = format!("{path}?{}", fields.join("&"));
    assert_eq!(app.send(open(&shuffled)).await.body, answer.body);
    let without_size = format!("{path}?{}", key("a").query(&path, None, end));
    assert_eq!(app.send(open(&without_size)).await.status, 200);

    // Another size, path, end or key is another signature.
    let other = public_path(&app.upload(&make::jpeg(90, 60, 2)).await);
    let later = signed.replace(&end.to_string(), &(end + 1).to_string());
    let shortened = &link[..link.len() - 1];
    for wrong in [
        format!("{path}?size=31x20&{signed}"),
        format!("{path}?{signed}"),
        format!("{other}?size=30x20&{signed}"),
        format!("{path}?size=30x20&{later}"),
        format!("{path}?size=30x20&{}", key("b").query(&path, Some("30x20"), end)),
        format!("{path}?size=30x20&exp={end}&sig=x"),
        format!("{path}?size=30x20&exp=-1&sig={}", "0".repeat(64)),
        format!("{path}?size=30x20&exp=&sig={}", "0".repeat(64)),
        format!("{path}?size=30x20&sig={}", "é".repeat(32)),
        shortened.to_owned(),
    ] {
        let wrong = wrong.replace('é', "%C3%A9");
        app.send(open(&wrong)).await.refuses(403, "signature_invalid", "error");
    }
    let twice = format!("{link}&exp={end}");
    app.send(open(&twice)).await.refuses(400, "invalid", "error");

    clock.advance(Duration::from_secs(599));
    assert_eq!(app.send(open(&link)).await.status, 200);
    clock.advance(Duration::from_secs(1));
    app.send(open(&link)).await.refuses(403, "link_expired", "error");
}

#[tokio::test]
async fn keys_can_be_exchanged_without_breaking_links() {
    let clock = ManualClock::new();
    let end = now(&clock) + 600;
    for (keys, works) in
        [(vec![key("a")], true), (vec![key("b"), key("a")], true), (vec![key("b")], false)]
    {
        let (app, _) = guarded(&keys).await;
        let path = public_path(&app.upload(&make::jpeg(90, 60, 1)).await);
        let query = key("a").query(&path, None, end);
        let bare: Vec<_> = query.split('&').filter(|field| !field.starts_with("kid=")).collect();
        for query in [query.clone(), bare.join("&")] {
            let status = app.send(open(&format!("{path}?{query}"))).await.status;
            assert_eq!(status == 200, works, "{keys:?} {query}");
        }
        let asset = app.assets.public(path.rsplit('/').next().unwrap()).await.unwrap();
        let link = app.assets.signed_link(&asset, None, clock.now() + Duration::from_secs(600));
        assert!(link.contains(&format!("kid={}", keys[0].id())));
        assert_eq!(app.send(open(local(&link))).await.status, 200);
    }
}

#[tokio::test]
async fn who_has_a_key_gets_signed_links() {
    let (app, clock) = guarded(&[]).await;
    app.key("reader", &[Role::Reader], "default", None).await;
    app.key("foreign", &Role::ALL, "another", None).await;
    let asset = store(&app, "default", Surface::Moov, make::jpeg(900, 600, 2)).await;
    let told = app.send(get("/library/assets")).await.json();
    assert_eq!(told["assets"][0]["signed_only"], true);
    let path = format!("/library/assets/{asset}/link");
    let sign =
        |key: &str, body: &Value| app.send(with_json(with_bearer(Method::POST, &path, key), body));
    let told = sign("reader:s", &json!({"size": "300x200", "ttl": 60})).await.json();
    let link = told["link"].as_str().unwrap();
    let answer = app.send(open(local(link))).await;
    assert_eq!(answer.status, 200, "{link}");
    app.send(open(&local(link).replace("300x200", "301x200"))).await.refuses(
        403,
        "signature_invalid",
        "error",
    );
    let end: jiff::Timestamp = told["expires_at"].as_str().unwrap().parse().unwrap();
    assert_eq!(end, clock.now() + Duration::from_secs(60));
    clock.advance(Duration::from_secs(61));
    app.send(open(local(link))).await.refuses(403, "link_expired", "error");

    // Without a body: an hour, at the size of a link that names none.
    let told = app.send(empty(with_bearer(Method::POST, &path, "reader:s"))).await.json();
    assert_eq!(app.send(open(local(told["link"].as_str().unwrap()))).await.status, 200);
    for body in [
        json!({"ttl": 0}),
        json!({"ttl": 604_801}),
        json!({"size": "0x0"}),
        json!({"size": "9999x1"}),
    ] {
        sign("reader:s", &body).await.refuses(400, "invalid", "error");
    }
    sign("reader:s", &json!({"sise": "1x1"})).await.refuses(400, "bad_json", "error");
    sign("foreign:s", &json!({})).await.refuses(404, "not_found", "error");
    app.send(empty(request(Method::POST, &path))).await.refuses(401, "unauthenticated", "error");
}

#[tokio::test]
async fn a_browser_sees_pictures_of_apis_with_keys_by_signed_links() {
    let (app, clock) = guarded(&[key("a")]).await;
    let end = now(&clock) + 600;
    let picture = make::jpeg(90, 60, 1);
    let id = store(&app, "default", Surface::Audicient, picture.clone()).await;
    let path = format!("/media/image/{id}");
    app.send(open(&path)).await.refuses(401, "unauthenticated", "message");
    let link = format!("{path}?{}", key("a").query(&path, None, end));
    let answer = app.send(open(&link)).await;
    assert_eq!(answer.status, 200, "{:?}", answer.body);
    assert!(answer.header("cache-control").starts_with("public, max-age="));
    let sized = format!("{path}?size=30x20&{}", key("a").query(&path, Some("30x20"), end));
    assert_eq!(app.send(open(&sized)).await.status, 200);
    app.send(open(&format!("{link}&size=30x20"))).await.refuses(
        403,
        "signature_invalid",
        "message",
    );
    // A file of the backoffice is at another path, under another id.
    let id = store(&app, "default", Surface::Backoffice, picture).await;
    let stolen = format!("/media/image/{id}");
    let link = format!("{stolen}?{}", key("a").query(&stolen, None, end));
    app.send(open(&link)).await.refuses(404, "not_found", "message");
    let path = format!("/uploads/{id}.jpg");
    let link = format!("{path}?{}", key("a").query(&path, None, end));
    assert_eq!(app.send(open(&link)).await.status, 200);
    app.send(open(&format!("{link}0"))).await.refuses(403, "signature_invalid", "error");
}

#[tokio::test]
async fn nothing_is_kept_past_the_end_of_its_link() {
    let (app, clock) = guarded(&[key("a")]).await;
    let image = app.upload(&make::jpeg(90, 60, 1)).await;
    let path = public_path(&image);
    let version = image["versionedLink"].as_str().unwrap().rsplit_once("v=").unwrap().1.to_owned();
    for ttl in [10, 100_000] {
        let query = key("a").query(&path, None, now(&clock) + ttl);
        for query in [query.clone(), format!("{query}&v={version}")] {
            let answer = app.send(open(&format!("{path}?{query}"))).await;
            assert_eq!(answer.status, 200);
            let kept = seconds(&answer, "max-age").unwrap()
                + seconds(&answer, "stale-while-revalidate").unwrap_or(0);
            assert!(kept <= ttl, "{ttl}: {}", answer.header("cache-control"));
        }
    }
}

#[tokio::test]
async fn a_versioned_link_may_be_kept_for_a_year_and_changes_with_the_picture() {
    let app = App::new().await;
    let image = app.upload(&make::jpeg(90, 60, 1)).await;
    let link = image["versionedLink"].as_str().unwrap().to_owned();
    assert!(link.starts_with(&format!("{}?v=", image["link"].as_str().unwrap())));
    let year = "public, max-age=31536000, immutable";
    let answer = app.send(open(local(&link))).await;
    assert_eq!((answer.status.as_u16(), answer.header("cache-control")), (200, year));
    let tagged = request(Method::GET, local(&link)).header("if-none-match", answer.header("etag"));
    assert_eq!(app.send(empty(tagged)).await.header("cache-control"), year);
    let sized = app.send(open(&format!("{}&size=30x20", local(&link)))).await;
    assert_eq!(sized.header("cache-control"), year);
    let plain = app.send(open(&public_path(&image))).await;
    assert_eq!(plain.header("cache-control"), "public, max-age=300, stale-while-revalidate=3600");

    let replaced = form(Method::PUT, &own_path(&image), &[image_part(&make::jpeg(90, 60, 2))]);
    let after = app.send(replaced).await.json();
    assert_eq!(after["link"], image["link"]);
    let newer = after["versionedLink"].as_str().unwrap();
    assert_ne!(newer, link);
    assert_eq!(app.send(open(local(newer))).await.header("cache-control"), year);
    // The older one shows the new picture, as any link does, and no cache keeps it for long.
    let older = app.send(open(local(&link))).await;
    assert_eq!(older.status, 200);
    assert_ne!(older.body, answer.body);
    assert_eq!(older.header("cache-control"), "public, max-age=300, stale-while-revalidate=3600");
    let path = public_path(&image);
    let version = newer.rsplit_once("v=").unwrap().1;
    for wrong in [
        "",
        "0",
        &version[..15],
        &"0".repeat(64),
        "%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9%C3%A9",
    ] {
        let answer = app.send(open(&format!("{path}?v={wrong}"))).await;
        assert_eq!(answer.header("cache-control"), plain.header("cache-control"), "{wrong}");
    }
    let listed = app.send(get("/library/assets")).await.json();
    assert_eq!(listed["assets"], json!([]));
}

#[tokio::test]
async fn links_of_files_have_versions_as_well() {
    let app = App::new().await;
    let id = store(&app, "default", Surface::Backoffice, make::png(60, 40, 1)).await;
    let listed = app.send(get("/library/assets")).await.json();
    let asset = &listed["assets"][0];
    assert_eq!(asset["signed_only"], false);
    let version = asset["versioned_link"].as_str().unwrap().rsplit_once("v=").unwrap().1.to_owned();
    assert!(asset["digest"].as_str().unwrap().starts_with(&version));
    for query in [format!("v={version}"), format!("v={}", asset["digest"].as_str().unwrap())] {
        let answer = app.send(open(&format!("/uploads/{id}.png?{query}"))).await;
        assert!(answer.header("cache-control").ends_with("immutable"), "{query}");
    }
}

async fn store(app: &App, tenant: &str, surface: Surface, bytes: Vec<u8>) -> uuid::Uuid {
    let new = gatefold::service::NewAsset::new(tenant, surface);
    let stored = app.assets.store(new, gatefold::service::Spooled::of(bytes)).await.unwrap();
    assert_eq!(app.assets.public_link(&stored).rsplit('/').next(), Some(&*stored.public_id));
    stored.id
}
