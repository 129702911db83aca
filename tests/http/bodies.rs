//! Bodies that are too large, malformed or odd.

use axum::body::Body;
use axum::http::{Method, Request, header};
use bytes::Bytes;
use futures_util::stream;
use serde_json::json;

use crate::make;
use crate::support::*;

const MIB: usize = 1024 * 1024;

fn with_type(content_type: &str, body: impl Into<Body>) -> Request<Body> {
    signed(Method::POST, &images())
        .header(header::CONTENT_TYPE, content_type)
        .body(body.into())
        .unwrap()
}

fn as_form(body: impl Into<Body>) -> Request<Body> {
    with_type(&format!("multipart/form-data; boundary={BOUNDARY}"), body)
}

#[tokio::test]
async fn the_cap_counts_the_request_and_holds_without_a_length() {
    let app = App::new().await;
    let file = vec![0; 16 * MIB];
    let parts = [image_part(&file)];
    let body = multipart(&parts);
    let length = body.len();
    let mut posted = as_form(body.clone());
    posted.headers_mut().insert(header::CONTENT_LENGTH, length.into());
    let message = app.send(posted).await.refuses(400, "too_many_bytes", "error");
    assert!(message.contains(&length.to_string()), "{message}");
    assert!(message.contains(&(16 * MIB).to_string()), "{message}");

    let declared = as_form(Body::empty());
    let (mut head, _) = declared.into_parts();
    head.headers.insert(header::CONTENT_LENGTH, "99999999999".parse().unwrap());
    let never = stream::pending::<Result<Bytes, std::io::Error>>();
    let declared = Request::from_parts(head, Body::from_stream(never));
    app.send(declared).await.refuses(400, "too_many_bytes", "error");

    let pieces: Vec<_> = body
        .chunks(100_000)
        .map(|piece| Ok::<_, std::io::Error>(Bytes::copy_from_slice(piece)))
        .collect();
    let streamed = Body::from_stream(stream::iter(pieces));
    app.send(as_form(streamed)).await.refuses(400, "too_many_bytes", "error");
    assert_eq!(app.send(get(&images())).await.json(), json!([]));
}

#[tokio::test]
async fn malformed_multipart_is_refused() {
    let app = App::new().await;
    let image = make::png(9, 9, 1);
    let whole = multipart(&[image_part(&image)]);
    for content_type in [
        "multipart/form-data",
        "multipart/mixed; boundary=x",
        "multipart/form-data; boundary",
        "application/json",
        "image/png",
    ] {
        let answer = app.send(with_type(content_type, whole.clone())).await;
        answer.refuses(400, "not_multipart", "error");
    }
    for body in [
        &whole[..whole.len() - BOUNDARY.len() - 8],
        &whole[..40],
        b"",
        b"hello",
        b"--a-boundary\r\n\r\n\r\n",
    ] {
        let answer = app.send(as_form(body.to_vec())).await;
        let code = answer.header("x-gatefold-code").to_owned();
        assert_eq!(answer.status, 400, "{:?} {body:?}", answer.body);
        assert!(code == "bad_multipart" || code == "bad_part", "{code}");
    }
    let empty = with_type("multipart/form-data; boundary=", whole.clone());
    app.send(empty).await.refuses(400, "bad_multipart", "error");
    let nameless = b"--a-boundary\r\nContent-Type: image/png\r\n\r\nx\r\n--a-boundary--\r\n";
    app.send(as_form(nameless.to_vec())).await.refuses(400, "bad_part", "error");
    assert_eq!(app.send(get(&images())).await.json(), json!([]));
}

#[tokio::test]
async fn parts_have_limits() {
    let app = App::new().await;
    let image = make::png(9, 9, 1);
    let twice = multipart(&[image_part(&image), image_part(&image)]);
    app.send(as_form(twice)).await.refuses(400, "duplicate_part", "error");
    let twice = [json_part("{}"), json_part("{}"), image_part(&image)];
    app.send(as_form(multipart(&twice))).await.refuses(400, "duplicate_part", "error");

    let names: Vec<String> = (0..10_000).map(|n| format!("part{n}")).collect();
    let many: Vec<_> = names.iter().map(|name| Part { name, ..json_part("1") }).collect();
    app.send(as_form(multipart(&many))).await.refuses(400, "too_many_parts", "error");

    let long = format!("{{\"altText\":\"{}\"}}", "x".repeat(70_000));
    let large = [json_part(&long), image_part(&image)];
    app.send(as_form(multipart(&large))).await.refuses(400, "part_too_large", "error");

    let mut heads = format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"image\"\r\n");
    heads.push_str("X-Long: ");
    heads.push_str(&"x".repeat(4 * MIB));
    heads.push_str("\r\n");
    let pieces: Vec<_> = heads
        .into_bytes()
        .chunks(10_000)
        .map(|piece| Ok::<_, std::io::Error>(Bytes::copy_from_slice(piece)))
        .collect();
    let answer = app.send(as_form(Body::from_stream(stream::iter(pieces)))).await;
    answer.refuses(400, "part_too_large", "error");

    let long_name = "n".repeat(65);
    let named = [Part { name: &long_name, ..image_part(&image) }];
    app.send(as_form(multipart(&named))).await.refuses(400, "bad_part", "error");
    assert_eq!(app.send(get(&images())).await.json(), json!([]));
}

#[tokio::test]
async fn unknown_parts_are_read_past_and_names_are_only_claims() {
    let app = App::new().await;
    let image = make::png(9, 9, 1);
    let mut odd = image_part(&image);
    odd.file_name = Some("../../../etc/cron.d/x.png");
    let purpose = |text| Part { name: "purpose", ..json_part(text) };
    let parts = [purpose("avatar"), purpose("banner"), odd];
    let answer = app.send(as_form(multipart(&parts))).await;
    assert_eq!(answer.status, 201, "{:?}", answer.body);
    let id = answer.json()["imageID"].as_str().unwrap().parse().unwrap();
    let asset = app.assets.asset(ACCOUNT, id).await.unwrap();
    assert_eq!(asset.file_name.as_deref(), Some("x.png"));
}

#[tokio::test]
async fn a_body_that_breaks_off_stores_nothing() {
    let app = App::new().await;
    let whole = multipart(&[image_part(&make::png(90, 90, 1))]);
    let pieces = vec![
        Ok(Bytes::copy_from_slice(&whole[..whole.len() / 2])),
        Err(std::io::Error::other("gone")),
    ];
    let answer = app.send(as_form(Body::from_stream(stream::iter(pieces)))).await;
    answer.refuses(400, "bad_body", "error");
    assert_eq!(app.send(get(&images())).await.json(), json!([]));
}
