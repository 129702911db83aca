//! Product images: statuses, bodies and what is kept.

use axum::body::Body;
use axum::http::{Method, header};
use serde_json::{Value, json};

use crate::make;
use crate::support::*;

#[tokio::test]
async fn an_upload_is_told_read_and_listed() {
    let app = App::new().await;
    let picture = make::png(20, 10, 1);
    let parts = [image_part(&picture), json_part(r#"{"altText":"Red carton"}"#)];
    let answer = app.send(form(Method::POST, &images(), &parts)).await;
    assert_eq!(answer.status, 201, "{:?}", answer.body);
    let told = answer.json();
    assert_eq!(told["altText"], "Red carton");
    let public_id = told["publicID"].as_str().unwrap();
    assert_eq!(public_id.len(), 21);
    assert!(public_id.bytes().all(|b| b.is_ascii_alphanumeric()));
    assert!(told["link"].as_str().unwrap().ends_with(&format!("/images/{public_id}")));
    for time in ["createdOn", "updatedOn"] {
        let text = told[time].as_str().unwrap();
        assert!(text.ends_with('Z') && text.parse::<jiff::Timestamp>().is_ok(), "{text}");
    }
    assert!(told.get("disabledOn").is_none());

    let read = app.send(get(&own_path(&told))).await;
    assert_eq!((read.status.as_u16(), read.json()), (200, told.clone()));
    let second = app.upload(&make::png(20, 10, 2)).await;
    assert!(second.get("altText").is_none());
    let listed = app.send(get(&images())).await.json();
    assert_eq!(listed, json!([second, told]));
    let page = app.send(get(&format!("{}?skip=1&count=1", images()))).await.json();
    assert_eq!(page, json!([told]));
    assert_eq!(app.send(get(&format!("{}?skip=9", images()))).await.json(), json!([]));
    assert_eq!(app.send(get(&format!("{}?count=0", images()))).await.json(), json!([]));
}

#[tokio::test]
async fn pages_outside_their_limits_are_refused() {
    let app = App::new().await;
    for query in [
        "count=201",
        "count=-1",
        "skip=x",
        "skip=",
        "skip=1&skip=2",
        "count=99999999999999999999999",
    ] {
        let answer = app.send(get(&format!("{}?{query}", images()))).await;
        let message = answer.refuses(400, "invalid", "error");
        assert!(message.contains("skip") || message.contains("count"), "{message}");
    }
}

#[tokio::test]
async fn a_duplicate_is_told_with_the_image_that_is_there() {
    let app = App::new().await;
    let image = make::png(20, 10, 1);
    let first = app.upload(&image).await;
    let again = app.send(post_image(&image)).await;
    again.refuses(409, "duplicate", "error");
    let mut told = again.json();
    told.as_object_mut().unwrap().remove("error");
    assert_eq!(told, first);
    // Other metadata do not make another image.
    let commented = make::with_chunk(image.clone(), *b"tEXt", b"Comment\0hello");
    app.send(post_image(&commented)).await.refuses(409, "duplicate", "error");
    // Nor does being disabled.
    let deleted = signed(Method::DELETE, &own_path(&first)).body(Body::empty()).unwrap();
    assert_eq!(app.send(deleted).await.status, 204);
    app.send(post_image(&image)).await.refuses(409, "duplicate", "error");
}

#[tokio::test]
async fn replacing_keeps_or_clears_the_metadata() {
    let app = App::new().await;
    let picture = make::png(20, 10, 1);
    let parts = [image_part(&picture), json_part(r#"{"altText":"one"}"#)];
    let first = app.send(form(Method::POST, &images(), &parts)).await.json();
    let path = own_path(&first);
    let replace = |image: Vec<u8>, metadata: Option<&'static str>| {
        let mut parts = vec![image_part(&image)];
        parts.extend(metadata.map(json_part));
        form(Method::PUT, &path, &parts)
    };

    let kept = app.send(replace(make::jpeg(30, 30, 2), None)).await;
    assert_eq!(kept.status, 200, "{:?}", kept.body);
    let kept = kept.json();
    assert_eq!(kept["altText"], "one");
    assert_eq!(kept["publicID"], first["publicID"]);
    assert_eq!(kept["imageID"], first["imageID"]);
    assert_eq!(kept["createdOn"], first["createdOn"]);

    let same = app.send(replace(make::jpeg(30, 30, 2), None)).await;
    assert_eq!(same.status, 200, "its own bytes again are a retry");
    let set = app.send(replace(make::png(20, 10, 3), Some(r#"{"altText":"two"}"#))).await.json();
    assert_eq!(set["altText"], "two");
    let cleared = app.send(replace(make::png(20, 10, 4), Some("{}"))).await.json();
    assert!(cleared.get("altText").is_none());
    app.send(put_json(&format!("{path}/metadata"), r#"{"altText":"three"}"#)).await;
    let null = app.send(replace(make::png(20, 10, 5), Some(r#"{"altText":null}"#))).await.json();
    assert!(null.get("altText").is_none());

    let other = make::png(20, 10, 9);
    let another = app.upload(&other).await;
    let clash = app.send(replace(other, None)).await;
    clash.refuses(409, "duplicate", "error");
    assert_eq!(clash.json()["imageID"], another["imageID"]);
}

#[tokio::test]
async fn metadata_are_set_cleared_and_measured() {
    let app = App::new().await;
    let image = app.upload(&make::png(20, 10, 1)).await;
    let path = format!("{}/metadata", own_path(&image));
    let longest = "é".repeat(125);
    let set = app.send(put_json(&path, &json!({ "altText": longest }).to_string())).await;
    assert_eq!((set.status.as_u16(), &set.json()["altText"]), (200, &Value::from(longest)));
    for body in ["{}", r#"{"altText":null}"#] {
        let cleared = app.send(put_json(&path, body)).await;
        assert_eq!(cleared.status, 200);
        assert!(cleared.json().get("altText").is_none());
    }
    let long = json!({ "altText": "x".repeat(126) }).to_string();
    let message = app.send(put_json(&path, &long)).await.refuses(422, "invalid", "altText");
    assert!(message.contains("126") && message.contains("125"), "{message}");
    app.send(put_json(&path, r#"{"altText":7}"#)).await.refuses(422, "invalid", "altText");
    app.send(put_json(&path, "[1]")).await.refuses(400, "bad_json", "error");
    app.send(put_json(&path, "{")).await.refuses(400, "bad_json", "error");
    let text = signed(Method::PUT, &path).header(header::CONTENT_TYPE, "text/plain");
    let text = text.body(Body::from("{}")).unwrap();
    app.send(text).await.refuses(400, "not_json", "error");
}

#[tokio::test]
async fn what_fails_validation_is_told_by_its_part() {
    let app = App::new().await;
    let gif = app.send(post_image(&make::gif(8, 8, 1))).await;
    gif.refuses(422, "format_not_accepted", "image");
    let cut = make::jpeg(64, 64, 1);
    app.send(post_image(&cut[..cut.len() / 2])).await.refuses(422, "truncated", "image");
    app.send(post_image(b"<svg/>")).await.refuses(422, "unknown_format", "image");
    app.send(post_image(b"")).await.refuses(422, "empty", "image");

    let without = form(Method::POST, &images(), &[json_part(r#"{"altText":"x"}"#)]);
    app.send(without).await.refuses(422, "invalid", "image");
    let long = json!({ "altText": "x".repeat(126) }).to_string();
    let picture = make::png(9, 9, 1);
    let parts = [image_part(&picture), json_part(&long)];
    let answer = app.send(form(Method::POST, &images(), &parts)).await;
    assert_eq!(answer.status, 422);
    assert!(answer.json()["metadata"]["altText"].as_str().unwrap().contains("126"));
    let picture = make::png(9, 9, 1);
    let parts = [image_part(&picture), json_part("not json")];
    app.send(form(Method::POST, &images(), &parts)).await.refuses(400, "bad_json", "error");
    assert_eq!(app.send(get(&images())).await.json(), json!([]), "nothing was stored");

    // The part needs no type of its own.
    let bare = Part { media_type: None, ..json_part(r#"{"altText":"x"}"#) };
    let picture = make::png(9, 9, 1);
    let parts = [image_part(&picture), bare];
    let answer = app.send(form(Method::POST, &images(), &parts)).await;
    assert_eq!(answer.json()["altText"], "x");
}

#[tokio::test]
async fn the_printed_example_is_told_what_to_send() {
    let app = App::new().await;
    let body = r#"{"image": "00010101", "metadata": {"altText": "Red soy milk carton"}}"#;
    let path = format!("{}/8ef109f8-5a61-4355-b2e4-b8ac2f6f6f47", images());
    for method in [Method::PUT, Method::POST] {
        let path = if method == Method::POST { images() } else { path.clone() };
        let sent = signed(method.clone(), &path)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(body))
            .unwrap();
        let answer = app.send(sent).await;
        if method == Method::PUT {
            answer.refuses(404, "not_found", "error");
        } else {
            let message = answer.refuses(400, "not_multipart", "error");
            assert!(message.contains("multipart/form-data") && message.contains("image"));
        }
    }
}

#[tokio::test]
async fn a_disabled_image_says_since_when_and_serves_on() {
    let app = App::new().await;
    let image = app.upload(&make::png(20, 10, 1)).await;
    let delete = || signed(Method::DELETE, &own_path(&image)).body(Body::empty()).unwrap();
    let answer = app.send(delete()).await;
    assert_eq!((answer.status.as_u16(), answer.body.len()), (204, 0));
    assert_eq!(app.send(delete()).await.status, 204);
    let read = app.send(get(&own_path(&image))).await.json();
    assert!(read["disabledOn"].as_str().unwrap().parse::<jiff::Timestamp>().is_ok());
    let public = request(Method::GET, &public_path(&image)).body(Body::empty()).unwrap();
    assert_eq!(app.send(public).await.status, 200);
}

#[tokio::test]
async fn versions_of_the_api() {
    let app = App::new().await;
    let asked = |version: &str| {
        let request = signed(Method::GET, &images()).header("x-moov-version", version);
        app.send(request.body(Body::empty()).unwrap())
    };
    assert_eq!(asked("v2024.01.00").await.status, 200);
    assert_eq!(asked("v2031.10.07").await.status, 200);
    for wrong in ["v2024.02.00", "2024.01.00", "latest", "v2019.01.00"] {
        asked(wrong).await.refuses(404, "not_found", "error");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_identical_uploads_at_once_exactly_one_is_stored() {
    let app = App::new().await;
    let image = make::jpeg(300, 200, 7);
    let uploads = (0..64).map(|_| {
        let (router, request) = (app.router.clone(), post_image(&image));
        tokio::spawn(async move { send_to(&router, request).await })
    });
    let answers = futures_util::future::join_all(uploads).await;
    let mut created = 0;
    for answer in answers {
        match answer.unwrap() {
            answer if answer.status == 201 => created += 1,
            answer => drop(answer.refuses(409, "duplicate", "error")),
        }
    }
    assert_eq!(created, 1);
    assert_eq!(app.send(get(&images())).await.json().as_array().unwrap().len(), 1);
}
