//! Names, texts and numbers as clients write them: kept as they are, or refused.

use axum::body::Body;
use axum::http::{Method, Request, header};
use serde_json::{Value, json};

use crate::make;
use crate::support::*;

fn part(headers: &str, content: &[u8]) -> Vec<u8> {
    let mut part = format!("--{BOUNDARY}\r\n{headers}\r\n\r\n").into_bytes();
    part.extend(content);
    part.extend(b"\r\n");
    part
}

fn post(parts: &[Vec<u8>]) -> Request<Body> {
    let mut body = parts.concat();
    body.extend(format!("--{BOUNDARY}--\r\n").bytes());
    signed(Method::POST, &images())
        .header(header::CONTENT_TYPE, format!("multipart/form-data; boundary={BOUNDARY}"))
        .body(Body::from(body))
        .unwrap()
}

async fn stored(app: &App, answer: &Answer) -> gatefold::service::Asset {
    assert_eq!(answer.status, 201, "{:?}", answer.body);
    let id = answer.json()["imageID"].as_str().unwrap().parse().unwrap();
    app.assets.asset(ACCOUNT, id).await.unwrap()
}

#[tokio::test]
async fn a_file_is_called_what_it_is_called() {
    let app = App::new().await;
    for (seed, (disposition, name)) in [
        (
            "form-data; name=\"image\"; filename=\"x; name=metadata; .png\"",
            "x; name=metadata; .png",
        ),
        (
            "form-data; filename=\"x; name=metadata; .png\"; name=\"image\"",
            "x; name=metadata; .png",
        ),
        (
            "form-data; filename=\"a\\\"; name=\\\"metadata.png\"; name=image",
            "a\"; name=\"metadata.png",
        ),
        ("FORM-DATA; NAME=image; FileName=\"%22quoted%22.png\"", "\"quoted\".png"),
        (
            "form-data; name=image; filename*=UTF-8''%e2%82%ac%20rates.png; filename=rates",
            "€ rates.png",
        ),
        ("form-data; name=\"image\"; filename=\"C:\\\\fakepath\\\\é.png\"", "é.png"),
    ]
    .into_iter()
    .enumerate()
    {
        let headers = format!("Content-Disposition: {disposition}\r\nContent-Type: image/png");
        let answer = app.send(post(&[part(&headers, &make::png(9, 9, seed as u32))])).await;
        let asset = stored(&app, &answer).await;
        assert_eq!(asset.file_name.as_deref(), Some(name), "{disposition}");
        assert_eq!(asset.alt_text, None, "{disposition}");
    }
}

#[tokio::test]
async fn parts_that_say_two_things_are_refused() {
    let app = App::new().await;
    let image = make::png(9, 9, 1);
    for headers in [
        "Content-Disposition: form-data; name=\"image\"; name=\"metadata\"; filename=x",
        "Content-Disposition: form-data; name=image; filename=a; filename=b",
        "Content-Disposition: form-data; name=image\r\nContent-Disposition: form-data; name=b",
        "Content-Disposition: attachment; name=image; filename=x",
        "Content-Disposition: form-data; name=\"image; filename=x",
        "Content-Disposition: form-data; name=image; filename=\"a\0.png\"",
        "Content-Disposition: form-data; name=image; filename*=utf-8''a%00.png",
        "Content-Disposition: form-data; filename=x",
        "Content-Disposition: form-data; name=image; filename=x\nX-Bare: 1",
    ] {
        let answer = app.send(post(&[part(headers, &image)])).await;
        answer.refuses(400, "bad_part", "error");
    }
    assert_eq!(app.send(get(&images())).await.json(), json!([]));
}

#[tokio::test]
async fn coded_bodies_are_refused_by_name() {
    let app = App::new().await;
    let image = make::png(9, 9, 1);
    let disposition = "Content-Disposition: form-data; name=image; filename=x";
    for coding in ["base64", "quoted-printable"] {
        let headers = format!("{disposition}\r\nContent-Transfer-Encoding: {coding}");
        let answer = app.send(post(&[part(&headers, &image)])).await;
        let message = answer.refuses(415, "unsupported_coding", "error");
        assert!(message.contains(coding), "{message}");
    }
    let binary = format!("{disposition}\r\nContent-Transfer-Encoding: binary");
    assert_eq!(app.send(post(&[part(&binary, &image)])).await.status, 201);

    let collection = app.collection().await;
    let cover = app.cover_of("collection", &collection).await;
    let coded = |head: axum::http::request::Builder, coding: &str| {
        let head = head.header(header::CONTENT_ENCODING, coding);
        app.send(head.body(Body::from(image.clone())).unwrap())
    };
    for coding in ["gzip", "identity, br", "deflate"] {
        for head in [
            signed(Method::POST, "/media/image/upload"),
            signed(Method::POST, "/library/inspect"),
            request(Method::POST, &cover),
            bearer(Method::POST, "/v1/collection"),
        ] {
            let answer = coded(head, coding).await;
            assert_eq!(answer.status, 415, "{coding} {:?}", answer.body);
            assert_eq!(answer.header("x-gatefold-code"), "unsupported_coding");
            assert_eq!(answer.header("accept-encoding"), "identity");
        }
    }
    assert_eq!(coded(signed(Method::POST, "/media/image/upload"), "Identity").await.status, 200);
}

#[tokio::test]
async fn whole_numbers_are_kept_or_refused() {
    let app = App::new().await;
    let send = |metadata: &str| {
        let head = bearer(Method::POST, "/v1/collection");
        let head = head.header(header::CONTENT_TYPE, "application/json");
        app.send(head.body(Body::from(format!("{{\"metadata\":{metadata}}}"))).unwrap())
    };
    let answer = send("{\"max\":18446744073709551615,\"min\":-9223372036854775808}").await;
    let text = String::from_utf8(answer.body.to_vec()).unwrap();
    assert!(text.contains("18446744073709551615") && text.contains("-9223372036854775808"));
    for number in ["18446744073709551616", "-9223372036854775809", "123456789012345678901234"] {
        let answer = send(&format!("{{\"a\":[{{\"n\":{number}}}]}}")).await;
        let message = answer.refuses(400, "number_too_large", "message");
        assert!(message.contains(number), "{message}");
        assert_eq!(send(&format!("{{\"a\":\"{number}\"}}")).await.status, 200);
    }
    send("{\"a\":1,\"a\":2}").await.refuses(400, "bad_json", "message");
}

#[tokio::test]
async fn text_with_nul_is_refused_by_field() {
    let app = App::new().await;
    let image = app.upload(&make::png(9, 9, 1)).await;
    let path = format!("{}/metadata", own_path(&image));
    let nul = json!({ "altText": "a\0b" }).to_string();
    app.send(put_json(&path, &nul)).await.refuses(422, "invalid", "altText");
    let picture = make::png(9, 9, 2);
    let posted = form(Method::POST, &images(), &[image_part(&picture), json_part(&nul)]);
    let answer = app.send(posted).await;
    assert_eq!(answer.status, 422, "{:?}", answer.body);
    assert!(answer.json()["metadata"]["altText"].as_str().unwrap().contains("U+0000"));

    let collection = app.collection().await;
    let (track, ..) = app.track(&collection).await;
    let refused = |path: String, method: Method, body: Value, field: &'static str| {
        let sent = app.send(with_json(bearer(method, &path), &body));
        async move {
            let message = sent.await.refuses(400, "invalid", "message");
            assert!(message.contains(field) && message.contains("U+0000"), "{message}");
        }
    };
    for field in ["title", "organization_index", "player_subtitle"] {
        let path = format!("/v1/collection/{collection}");
        refused(path, Method::PATCH, json!({ field: "\0" }), field).await;
    }
    for field in ["file_name", "organization_index", "player_title", "player_subtitle"] {
        let path = format!("/v1/track/{track}");
        refused(path, Method::PATCH, json!({ field: "x\0" }), field).await;
    }
    for metadata in [json!({"a\0": 1}), json!({"a": ["\0"]}), json!({"a": {"b": "c\0"}})] {
        let body = json!({"metadata": metadata, "collection_id": collection});
        for path in ["/v1/collection", "/v1/upload_session"] {
            refused(path.to_owned(), Method::POST, body.clone(), "metadata").await;
        }
    }
}
