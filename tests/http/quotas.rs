//! Quotas as the clients of each API meet them.

use axum::http::Method;
use gatefold::service::{Quota, Role, Settings};
use serde_json::json;
use uuid::Uuid;

use crate::make;
use crate::support::*;

async fn full() -> App {
    let quota = Quota { max_assets: Some(1), max_bytes: None };
    let app = App::set(Settings { quota, ..Settings::default() }).await;
    for tenant in ["default", ACCOUNT] {
        let new = gatefold::service::NewAsset::new(tenant, gatefold::service::Surface::Moov);
        let body = gatefold::service::Spooled::of(make::png(20, 10, 1));
        app.assets.store(new, body).await.unwrap();
    }
    app
}

#[tokio::test]
async fn every_api_tells_both_numbers_in_its_own_body() {
    let app = full().await;
    let picture = make::png(20, 10, 2);
    let told = |answer: Answer, key: &str| {
        let message = answer.refuses(507, "quota_exceeded", key);
        assert!(message.contains("2 pictures") && message.ends_with("quota is 1"), "{message}");
    };
    told(app.send(post_image(&picture)).await, "error");
    let raw = form(Method::POST, "/media/image/upload", &[file_part(&picture)]);
    told(app.send(raw).await, "message");
    let head = request(Method::POST, "/upload/image").header("x-api-key", "test:a-secret");
    told(app.send(formed(head, &[image_part(&picture)])).await, "error");

    let made = with_json(bearer(Method::POST, "/v1/collection"), &json!({"title": "Album"}));
    let made = app.send(made).await.json();
    let id = made["collection"]["id"].as_str().unwrap();
    let cover = app.send(empty(bearer(Method::POST, &format!("/v1/collection/{id}/cover")))).await;
    let link = cover.json()["collection_cover_upload"]["upload_url"].as_str().unwrap().to_owned();
    let path = link.split_once("127.0.0.1:8080").unwrap().1.to_owned();
    let upload = || request(Method::POST, &path).body(picture.clone().into()).unwrap();
    told(app.send(upload()).await, "message");
    // The ticket was not used up by that.
    app.assets.set_quota("default", Some(Quota::default())).await.unwrap();
    assert_eq!(app.send(upload()).await.status, 200);
}

#[tokio::test]
async fn the_library_tells_how_much_there_is_and_may_be() {
    let app = full().await;
    let length = make::png(20, 10, 1).len();
    let told = app.send(get("/library")).await.json();
    assert_eq!(told["tenant"], "default");
    assert_eq!(told["usage"], json!({"assets": 1, "bytes": length}));
    assert_eq!(told["quota"], json!({"max_assets": 1, "max_bytes": null}));
    app.key("scoped", &Role::ALL, "default", Some(Uuid::new_v4())).await;
    let scoped = empty(with_bearer(Method::GET, "/library", "scoped:s"));
    app.send(scoped).await.refuses(403, "forbidden", "error");
    app.send(empty(request(Method::GET, "/library"))).await.refuses(
        401,
        "unauthenticated",
        "error",
    );
}

#[tokio::test]
async fn an_image_disabled_by_mistake_is_enabled_again() {
    let app = App::new().await;
    let picture = make::png(20, 10, 1);
    let image = app.upload(&picture).await;
    let own = own_path(&image);
    let disable = async || {
        let answer = app.send(empty(signed(Method::DELETE, &own))).await;
        assert_eq!(answer.status, 204);
        assert!(app.send(get(&own)).await.json()["disabledOn"].is_string());
    };
    let enabled = async || {
        let told = app.send(get(&own)).await.json();
        assert!(told.get("disabledOn").is_none(), "{told}");
        assert_eq!(told["publicID"], image["publicID"]);
    };
    disable().await;
    let told = app.send(post_image(&picture)).await;
    let message = told.refuses(409, "duplicate", "error");
    assert!(message.contains("disabled") && message.contains("enable"), "{message}");
    assert_eq!(told.json()["imageID"], image["imageID"]);
    let enable = || empty(signed(Method::POST, &format!("{own}/enable")));
    let answer = app.send(enable()).await;
    assert_eq!(answer.status, 200);
    assert!(answer.json()["updatedOn"].as_str() > image["updatedOn"].as_str());
    enabled().await;
    let again = app.send(enable()).await.json();
    assert_eq!(again, answer.json());

    // With what every SDK has: the same picture again, or another one, and the text stays.
    for number in [1, 2] {
        disable().await;
        let replaced = form(Method::PUT, &own, &[image_part(&make::png(20, 10, number))]);
        assert_eq!(app.send(replaced).await.status, 200);
        enabled().await;
    }
    app.key("foreign", &Role::ALL, "another", None).await;
    app.key("reader", &[Role::Reader], ACCOUNT, None).await;
    let with = |key| app.send(empty(with_bearer(Method::POST, &format!("{own}/enable"), key)));
    with("foreign:s").await.refuses(404, "not_found", "error");
    with("reader:s").await.refuses(403, "forbidden", "error");
}
