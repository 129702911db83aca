//! What every answer has, wherever it comes from.

use axum::Router;
use axum::body::Body;
use axum::http::{Method, header};
use gatefold::http::moov;

use crate::make;
use crate::support::*;

#[tokio::test]
async fn request_ids_are_taken_over_when_they_are_sane() {
    let app = App::new().await;
    let asked = |id: &str| {
        let request = signed(Method::GET, &images()).header("x-request-id", id);
        app.send(request.body(Body::empty()).unwrap())
    };
    assert_eq!(asked("trace-0123_a.b").await.header("x-request-id"), "trace-0123_a.b");
    for odd in ["short", "with space in it", "quote\"quote", "a\tb\tc\td\te", &"x".repeat(65)] {
        let id = asked(odd).await.header("x-request-id").to_owned();
        assert!(uuid::Uuid::try_parse(&id).is_ok(), "{id}");
    }
    let [a, b] = [asked("").await, asked("").await];
    assert_ne!(a.header("x-request-id"), b.header("x-request-id"));
}

#[tokio::test]
async fn methods_and_pages_that_are_not_there() {
    let app = App::new().await;
    let patch = signed(Method::PATCH, &images()).body(Body::empty()).unwrap();
    let answer = app.send(patch).await;
    answer.refuses(405, "method_not_allowed", "error");
    assert!(answer.header("allow").contains("POST"), "{}", answer.header("allow"));
    app.send(get("/nothing/here")).await.refuses(404, "not_found", "error");
    app.send(get("/accounts")).await.refuses(404, "not_found", "error");
}

#[tokio::test]
async fn an_api_is_mounted_under_any_prefix() {
    let app = App::new().await;
    let own = Router::new().nest("/vendors/moov", moov::router(app.assets.clone()));
    let posted = form(
        Method::POST,
        &format!("/vendors/moov{}", images()),
        &[image_part(&make::png(9, 9, 1))],
    );
    let answer = send_to(&own, posted).await;
    assert_eq!(answer.status, 201, "{:?}", answer.body);
    let path = format!("/vendors/moov{}", public_path(&answer.json()));
    let picture = send_to(&own, request(Method::GET, &path).body(Body::empty()).unwrap()).await;
    assert_eq!(picture.header("content-type"), "image/png");
}

#[tokio::test]
async fn links_never_come_from_the_host_header() {
    let app = App::new().await;
    let mut posted = post_image(&make::png(9, 9, 1));
    posted.headers_mut().insert(header::HOST, "evil.example".parse().unwrap());
    let told = app.send(posted).await.json();
    assert!(told["link"].as_str().unwrap().starts_with("http://127.0.0.1:8080/images/"));
}
