//! Who may do what, and to whom.

use axum::body::Body;
use axum::http::{Method, header};
use gatefold::http::Options;
use gatefold::service::Role;

use crate::make;
use crate::support::*;

#[tokio::test]
async fn credentials_in_their_spellings() {
    let app = App::new().await;
    let list = |value: &str| {
        let request = request(Method::GET, &images()).header(header::AUTHORIZATION, value);
        app.send(request.body(Body::empty()).unwrap())
    };
    for right in [
        basic(KEY),
        basic(KEY).replace("Basic", "basic"),
        basic(KEY).trim_end_matches('=').to_owned(),
        "Bearer test:a-secret".to_owned(),
    ] {
        assert_eq!(list(&right).await.status, 200, "{right}");
    }
    for wrong in [
        "Bearer test:another",
        "Bearer test",
        "Bearer nobody:a-secret",
        "Bearer :a-secret",
        "test:a-secret",
        "Basic !!!",
        "Basic",
        "Digest x",
    ] {
        let answer = list(wrong).await;
        let message = answer.refuses(401, "unauthenticated", "error");
        assert!(answer.header("www-authenticate").contains("Basic"));
        assert!(!message.contains(KEY.1) && !message.contains("another"), "{message}");
    }
    let without = request(Method::GET, &images()).body(Body::empty()).unwrap();
    app.send(without).await.refuses(401, "unauthenticated", "error");
    let twice = signed(Method::GET, &images()).header(header::AUTHORIZATION, "Bearer x:y");
    let twice = twice.body(Body::empty()).unwrap();
    app.send(twice).await.refuses(401, "unauthenticated", "error");
    let in_query = format!("{}?x-api-key=test:a-secret", images());
    let in_query = request(Method::GET, &in_query).body(Body::empty()).unwrap();
    app.send(in_query).await.refuses(401, "unauthenticated", "error");
}

#[tokio::test]
async fn others_accounts_are_not_there() {
    let app = App::new().await;
    let tenants = Some(vec!["mine".to_owned()]);
    app.assets.keyring().put("mine", "s", &Role::ALL, tenants, None).await.unwrap();
    let image = app.upload(&make::png(9, 9, 1)).await;
    let id = image["imageID"].as_str().unwrap();
    let as_mine = |method: Method, path: &str| {
        let request = request(method, path).header(header::AUTHORIZATION, "Bearer mine:s");
        app.send(request.body(Body::empty()).unwrap())
    };
    assert_eq!(as_mine(Method::GET, "/accounts/mine/images").await.status, 200);
    for path in [images(), own_path(&image), format!("/accounts/mine/images/{id}")] {
        as_mine(Method::GET, &path).await.refuses(404, "not_found", "error");
    }
    for path in [own_path(&image), format!("/accounts/mine/images/{id}")] {
        as_mine(Method::DELETE, &path).await.refuses(404, "not_found", "error");
        as_mine(Method::PUT, &path).await.refuses(404, "not_found", "error");
    }
    // Nor is an image of one's own under another account's path.
    let elsewhere = own_path(&image).replace(ACCOUNT, "another");
    app.send(get(&elsewhere)).await.refuses(404, "not_found", "error");
    assert!(app.send(get(&own_path(&image))).await.json().get("disabledOn").is_none());
}

#[tokio::test]
async fn ids_that_are_none_are_not_there() {
    let app = App::new().await;
    for id in [
        "x",
        "..%2f..%2fetc%2fpasswd",
        "%00",
        "%ff",
        "8ef109f85a614355b2e4b8ac2f6f6f47",
        "%7B8ef109f8-5a61-4355-b2e4-b8ac2f6f6f47%7D",
        "8ef109f8-5a61-4355-b2e4-b8ac2f6f6f47",
        "8ef109f8-5a61-4355-b2e4-b8ac2f6f6f47'",
    ] {
        let answer = app.send(get(&format!("{}/{id}", images()))).await;
        answer.refuses(404, "not_found", "error");
    }
    for account in ["..", "a%2fb", "%ff", "a%20b", &"x".repeat(65)] {
        let answer = app.send(get(&format!("/accounts/{account}/images"))).await;
        answer.refuses(404, "not_found", "error");
    }
    for public in ["x", "..%2f..", "qJRAaAwwF5hmfeAFdHjIb", "qJRAaAwwF5hmfeAFdHjI%20", "%ff"] {
        let answer = app.send(get(&format!("/images/{public}"))).await;
        answer.refuses(404, "not_found", "error");
    }
}

#[tokio::test]
async fn roles_are_asked_before_bodies_are_read() {
    let app = App::new().await;
    app.assets.keyring().put("reader", "s", &[Role::Reader], None, None).await.unwrap();
    let image = app.upload(&make::png(9, 9, 1)).await;
    let as_reader = |method: Method, path: &str| {
        let request = request(method, path).header(header::AUTHORIZATION, "Bearer reader:s");
        app.send(request.body(Body::empty()).unwrap())
    };
    assert_eq!(as_reader(Method::GET, &own_path(&image)).await.status, 200);
    as_reader(Method::POST, &images()).await.refuses(403, "forbidden", "error");
    as_reader(Method::PUT, &own_path(&image)).await.refuses(403, "forbidden", "error");
    as_reader(Method::DELETE, &own_path(&image)).await.refuses(403, "forbidden", "error");
    app.assets.keyring().revoke("reader").await.unwrap();
    as_reader(Method::GET, &images()).await.refuses(401, "unauthenticated", "error");
}

#[tokio::test]
async fn a_key_has_its_rate() {
    let options = Options { requests_per_second: 0.5, burst: 3, ..Options::default() };
    let app = App::with(options).await;
    for _ in 0..3 {
        assert_eq!(app.send(get(&images())).await.status, 200);
    }
    let answer = app.send(get(&images())).await;
    answer.refuses(429, "rate_limited", "error");
    let wait: u64 = answer.header("retry-after").parse().unwrap();
    assert!((1..=2).contains(&wait), "{wait}");
    app.assets.keyring().put("other", "s", &Role::ALL, None, None).await.unwrap();
    let other = request(Method::GET, &images()).header(header::AUTHORIZATION, "Bearer other:s");
    assert_eq!(app.send(other.body(Body::empty()).unwrap()).await.status, 200);
}
