//! Conditional requests (RFC 9110 13), over the routes that serve and change pictures.

use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderName, Method, Request, header};
use gatefold::service::Settings;

use crate::make;
use crate::support::*;

const PAST: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
const FUTURE: &str = "Tue, 01 Jan 2199 00:00:00 GMT";

fn read(path: &str, fields: &[(HeaderName, &str)]) -> Request<Body> {
    with(signed(Method::GET, path), fields)
}

fn with(head: axum::http::request::Builder, fields: &[(HeaderName, &str)]) -> Request<Body> {
    empty(fields.iter().fold(head, |head, (name, value)| head.header(name, *value)))
}

/// An image's public link, and a backoffice file and an audicient image of the same bytes.
async fn pictures(app: &App, bytes: &[u8]) -> [String; 3] {
    let public = public_path(&app.upload(bytes).await);
    let file = request(Method::POST, "/upload/image").header("x-api-key", "test:a-secret");
    let file = app.send(formed(file, &[image_part(bytes)])).await.json();
    let file = format!("/{}", file["data"]["key"].as_str().unwrap());
    let image = signed(Method::POST, "/media/image/upload?isTemp=false");
    let image = app.send(image.body(Body::from(bytes.to_vec())).unwrap()).await;
    let image = format!("/media/image/{}", std::str::from_utf8(&image.body).unwrap());
    [public, file, image]
}

#[tokio::test]
async fn pictures_are_served_under_conditions_everywhere() {
    let app = App::new().await;
    for path in pictures(&app, &make::jpeg(90, 60, 1)).await {
        let plain = app.send(read(&path, &[])).await;
        assert_eq!(plain.status, 200, "{path}");
        let (etag, date) = (plain.header("etag"), plain.header("last-modified"));
        assert!(date.ends_with(" GMT"), "{path}: {date}");
        let weak = format!("W/{etag}");
        for (fields, status) in [
            (vec![(header::IF_MATCH, etag)], 200),
            (vec![(header::IF_MATCH, "*")], 200),
            (vec![(header::IF_MATCH, "\"x\"")], 412),
            (vec![(header::IF_MATCH, &weak)], 412),
            (vec![(header::IF_UNMODIFIED_SINCE, date)], 200),
            (vec![(header::IF_UNMODIFIED_SINCE, PAST)], 412),
            (vec![(header::IF_NONE_MATCH, &weak)], 304),
            (vec![(header::IF_MODIFIED_SINCE, date)], 304),
            (vec![(header::IF_MODIFIED_SINCE, FUTURE)], 304),
            (vec![(header::IF_MODIFIED_SINCE, PAST)], 200),
            (vec![(header::IF_MODIFIED_SINCE, "Sunday, 06-Nov-94 08:49:37 GMT")], 200),
            (vec![(header::IF_MODIFIED_SINCE, "Fri Jan  1 00:00:00 2100")], 304),
            (vec![(header::IF_MODIFIED_SINCE, "yesterday")], 200),
            (vec![(header::IF_NONE_MATCH, "\"x\""), (header::IF_MODIFIED_SINCE, date)], 200),
            (vec![(header::IF_MATCH, "\"x\""), (header::IF_NONE_MATCH, etag)], 412),
            (vec![(header::IF_MATCH, etag), (header::IF_UNMODIFIED_SINCE, PAST)], 200),
        ] {
            let answer = app.send(read(&path, &fields)).await;
            assert_eq!(answer.status, status, "{path} {fields:?}");
            if status == 412 {
                assert_eq!(answer.header("x-gatefold-code"), "precondition_failed");
                assert!(answer.json().is_object());
            } else {
                assert_eq!(answer.header("etag"), etag);
                assert_eq!(answer.header("last-modified"), date);
                assert_eq!(answer.body.is_empty(), status == 304);
            }
        }
    }
}

#[tokio::test]
async fn parts_are_of_the_version_that_the_client_has() {
    let app = App::new().await;
    let bytes = make::jpeg(90, 60, 1);
    let [_, file, image] = pictures(&app, &bytes).await;
    for path in [file, image] {
        let plain = app.send(read(&path, &[])).await;
        let (etag, date) = (plain.header("etag"), plain.header("last-modified"));
        let weak = format!("W/{etag}");
        let range = (header::RANGE, "bytes=0-3");
        for (fields, status) in [
            (vec![(header::IF_RANGE, etag)], 206),
            (vec![(header::IF_RANGE, date)], 206),
            (vec![(header::IF_RANGE, &weak)], 200),
            (vec![(header::IF_RANGE, PAST)], 200),
            (vec![(header::IF_RANGE, FUTURE)], 200),
            (vec![(header::IF_MATCH, etag)], 206),
            (vec![(header::IF_MATCH, "\"x\"")], 412),
            (vec![(header::IF_UNMODIFIED_SINCE, date)], 206),
            (vec![(header::IF_UNMODIFIED_SINCE, PAST)], 412),
            (vec![(header::IF_NONE_MATCH, etag)], 304),
        ] {
            let fields = [fields, vec![range.clone()]].concat();
            let answer = app.send(read(&path, &fields)).await;
            assert_eq!(answer.status, status, "{path} {fields:?}");
            let length =
                [0, 4, bytes.len()][usize::from(status == 206) + 2 * usize::from(status == 200)];
            assert!(status == 412 || answer.body.len() == length, "{path} {fields:?}");
        }
    }
}

#[tokio::test]
async fn an_image_is_changed_only_in_the_version_that_is_meant() {
    let (app, clock) = App::timed().await;
    let image = app.upload(&make::png(20, 10, 1)).await;
    let path = own_path(&image);
    let metadata = format!("{path}/metadata");
    clock.advance(Duration::from_secs(5));
    let told = app.send(get(&path)).await;
    let (etag, date) = (told.header("etag").to_owned(), told.header("last-modified").to_owned());
    assert!(etag.starts_with('"') && !date.is_empty());
    let same = app.send(read(&path, &[(header::IF_NONE_MATCH, &etag)])).await;
    assert_eq!((same.status.as_u16(), same.body.len()), (304, 0));
    app.send(read(&path, &[(header::IF_MATCH, "\"x\"")])).await.refuses(
        412,
        "precondition_failed",
        "error",
    );

    let set = |text: &str, name: HeaderName, value: &str| {
        let body = serde_json::json!({ "altText": text }).to_string();
        let head = signed(Method::PUT, &metadata)
            .header(header::CONTENT_TYPE, "application/json")
            .header(name, value);
        app.send(head.body(Body::from(body)).unwrap())
    };
    for (name, value) in [
        (header::IF_MATCH, "\"x\""),
        (header::IF_MATCH, &format!("W/{etag}")),
        (header::IF_NONE_MATCH, "*"),
        (header::IF_NONE_MATCH, &etag),
        (header::IF_UNMODIFIED_SINCE, PAST),
    ] {
        let answer = set("no", name.clone(), value).await;
        answer.refuses(412, "precondition_failed", "error");
        let replaced = form(Method::PUT, &path, &[image_part(&make::png(20, 10, 2))]);
        let (mut head, body) = replaced.into_parts();
        head.headers.insert(&name, value.parse().unwrap());
        let answer = app.send(Request::from_parts(head, body)).await;
        answer.refuses(412, "precondition_failed", "error");
        let gone = with(signed(Method::DELETE, &path), &[(name, value)]);
        app.send(gone).await.refuses(412, "precondition_failed", "error");
    }
    assert_eq!(app.send(get(&path)).await.header("etag"), etag, "nothing changed");

    assert_eq!(set("one", header::IF_MATCH, &etag).await.json()["altText"], "one");
    let late = set("two", header::IF_MATCH, &etag).await;
    late.refuses(412, "precondition_failed", "error");
    let second = app.send(get(&path)).await.header("etag").to_owned();
    assert_ne!(second, etag);
    assert_eq!(set("three", header::IF_MATCH, &format!("\"x\", {second}")).await.status, 200);
    assert_eq!(set("four", header::IF_MATCH, "*").await.status, 200);
    assert_eq!(set("five", header::IF_UNMODIFIED_SINCE, FUTURE).await.status, 200);
    set("six", header::IF_UNMODIFIED_SINCE, &date).await.refuses(
        412,
        "precondition_failed",
        "error",
    );
    let last = app.send(get(&path)).await.header("etag").to_owned();
    let gone = with(signed(Method::DELETE, &path), &[(header::IF_MATCH, &last)]);
    assert_eq!(app.send(gone).await.status, 204);
}

#[tokio::test]
async fn an_audicient_image_is_updated_only_in_the_version_that_is_meant() {
    let app = App::new().await;
    let [.., path] = pictures(&app, &make::png(30, 20, 1)).await;
    let update = path.replace("/image/", "/image/upload/");
    let etag = app.send(read(&path, &[])).await.header("etag").to_owned();
    let sent = |seed, known: &str| {
        let head = signed(Method::POST, &update).header(header::IF_MATCH, known);
        app.send(head.body(Body::from(make::png(30, 20, seed))).unwrap())
    };
    sent(2, "\"x\"").await.refuses(412, "precondition_failed", "message");
    assert_eq!(sent(2, &etag).await.status, 200);
    sent(3, &etag).await.refuses(412, "precondition_failed", "message");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_changes_to_one_version_at_once_exactly_one_is_made() {
    let app = App::set(Settings::default()).await;
    let image = app.upload(&make::png(20, 10, 1)).await;
    let path = own_path(&image);
    let etag = app.send(get(&path)).await.header("etag").to_owned();
    let changes = (0..16).map(|n| {
        let picture = make::png(20, 10, 100 + n);
        let (mut head, body) = form(Method::PUT, &path, &[image_part(&picture)]).into_parts();
        head.headers.insert(header::IF_MATCH, etag.parse().unwrap());
        let router = app.router.clone();
        tokio::spawn(async move { send_to(&router, Request::from_parts(head, body)).await })
    });
    let answers = futures_util::future::join_all(changes).await;
    let statuses: Vec<_> = answers.into_iter().map(|answer| answer.unwrap().status).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
    assert_eq!(statuses.iter().filter(|status| **status == 412).count(), 15, "{statuses:?}");
}
