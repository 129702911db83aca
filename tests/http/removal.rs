//! Taking pictures down through `/library`.

use axum::http::Method;
use gatefold::service::{NewAsset, Role, Spooled, Surface};
use serde_json::json;
use uuid::Uuid;

use crate::make;
use crate::support::*;

const REMOVE: &str = "/library/assets/remove";

async fn stored(
    app: &App,
    tenant: &str,
    surface: Surface,
    number: u32,
) -> gatefold::service::Asset {
    let body = Spooled::of(make::png(20, 10, number));
    app.assets.store(NewAsset::new(tenant, surface), body).await.unwrap()
}

#[tokio::test]
async fn a_picture_that_is_removed_is_gone_from_every_api() {
    let app = App::new().await;
    let image = app.upload(&make::png(20, 10, 1)).await;
    app.key("shop", &Role::ALL, ACCOUNT, None).await;
    let path = format!("/library/assets/{}", image["imageID"].as_str().unwrap());
    let public = public_path(&image);
    for size in ["", "?size=10x10"] {
        let link = format!("{public}{size}");
        assert_eq!(app.send(empty(request(Method::GET, &link))).await.status, 200);
    }
    let answer = app.send(empty(with_bearer(Method::DELETE, &path, "shop:s"))).await;
    assert_eq!((answer.status.as_u16(), answer.body.len()), (204, 0));
    for size in ["", "?size=10x10"] {
        let link = format!("{public}{size}");
        app.send(empty(request(Method::GET, &link))).await.refuses(404, "not_found", "error");
    }
    app.send(get(&own_path(&image))).await.refuses(404, "not_found", "error");
    let again = app.send(empty(with_bearer(Method::DELETE, &path, "shop:s"))).await;
    again.refuses(404, "not_found", "error");
    // Nothing of it stands in the way of the same picture.
    let next = app.upload(&make::png(20, 10, 1)).await;
    assert_ne!(next["publicID"], image["publicID"]);
}

#[tokio::test]
async fn many_are_removed_together_with_an_answer_for_each() {
    let app = App::new().await;
    let one = stored(&app, "default", Surface::Backoffice, 1).await.id.to_string();
    let two = stored(&app, "default", Surface::Audicient, 2).await.id.to_string();
    let foreign = stored(&app, "another", Surface::Backoffice, 3).await;
    let unknown = Uuid::new_v4().to_string();
    let remove = |ids: serde_json::Value| {
        app.send(with_json(signed(Method::POST, REMOVE), &json!({ "ids": ids })))
    };
    let ids = [&one, &unknown, &foreign.id.to_string(), "no id", &two, &one];
    let told = remove(json!(ids)).await.json();
    let answers: Vec<_> = told["assets"].as_array().unwrap().iter().collect();
    for (answer, (id, removed)) in
        answers.iter().zip(ids.iter().zip([true, false, false, false, true, true]))
    {
        assert_eq!(**answer, json!({"id": id, "removed": removed}));
    }
    assert_eq!(app.send(get("/library/assets")).await.json()["assets"], json!([]));
    assert!(app.assets.asset("another", foreign.id).await.is_ok());
    for wrong in [json!([]), json!(vec![unknown; 201])] {
        remove(wrong).await.refuses(400, "invalid", "error");
    }
    for wrong in [json!({}), json!({"ids": [1]}), json!({"ids": [], "all": true})] {
        let answer = app.send(with_json(signed(Method::POST, REMOVE), &wrong)).await;
        answer.refuses(400, "bad_json", "error");
    }
}

#[tokio::test]
async fn who_may_remove() {
    let app = App::new().await;
    let id = stored(&app, "default", Surface::Backoffice, 1).await.id;
    app.key("reader", &[Role::Reader], "default", None).await;
    app.key("foreign", &Role::ALL, "another", None).await;
    app.key("scoped", &Role::ALL, "default", Some(Uuid::new_v4())).await;
    let one = format!("/library/assets/{id}");
    let many = json!({"ids": [id.to_string()]});
    for (key, status, code) in [
        ("reader:s", 403, "forbidden"),
        ("scoped:s", 403, "forbidden"),
        ("x:y", 401, "unauthenticated"),
    ] {
        let answer = app.send(empty(with_bearer(Method::DELETE, &one, key))).await;
        answer.refuses(status, code, "error");
        let answer = app.send(with_json(with_bearer(Method::POST, REMOVE, key), &many)).await;
        answer.refuses(status, code, "error");
    }
    let answer = app.send(empty(with_bearer(Method::DELETE, &one, "foreign:s"))).await;
    answer.refuses(404, "not_found", "error");
    assert!(app.assets.asset("default", id).await.is_ok());
}
