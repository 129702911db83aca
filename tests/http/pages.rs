//! Pages of other origins, and what clients are told of methods and credentials.

use axum::http::{Method, Request, header};
use gatefold::http::Options;

use crate::make;
use crate::support::*;

const SHOP: &str = "https://shop.example";

fn preflight(path: &str, method: &str, headers: &str) -> Request<axum::body::Body> {
    let head = request(Method::OPTIONS, path)
        .header(header::ORIGIN, SHOP)
        .header(header::ACCESS_CONTROL_REQUEST_METHOD, method)
        .header(header::ACCESS_CONTROL_REQUEST_HEADERS, headers);
    empty(head)
}

/// Whether a browser would send the request after this answer (the Fetch standard 4.8).
fn permits(answer: &Answer, method: &str, headers: &str, with_credentials: bool) -> bool {
    let listed = |name: &str, item: &str, wildcard: bool| {
        let list = answer.header(name).to_ascii_lowercase();
        let has = |wanted: &str| list.split(',').any(|own| own.trim() == wanted);
        has(&item.to_ascii_lowercase()) || (wildcard && !with_credentials && has("*"))
    };
    let origin = answer.header("access-control-allow-origin");
    let simple = matches!(method, "GET" | "HEAD" | "POST");
    answer.status.is_success()
        && (origin == SHOP || (origin == "*" && !with_credentials))
        && (!with_credentials || answer.header("access-control-allow-credentials") == "true")
        && (simple || listed("access-control-allow-methods", method, true))
        && headers
            .split(',')
            .all(|name| listed("access-control-allow-headers", name, name != "authorization"))
}

#[tokio::test]
async fn browsers_may_upload_from_anywhere_with_any_header() {
    let app = App::new().await;
    let collection = app.collection().await;
    let (_, audio, cover) = app.track(&collection).await;
    let headers = "authorization,content-type,x-request-id";
    for (path, method) in [(&audio, "PUT"), (&cover, "POST")] {
        let answer = app.send(preflight(path, method, headers)).await;
        assert!(permits(&answer, method, headers, false), "{:?}", answer.headers);
        // One answer for all, to keep as such.
        assert_eq!(answer.header("access-control-allow-origin"), "*");
        assert!(!answer.header("vary").to_ascii_lowercase().contains("origin"));
    }
    let public = public_path(&app.upload(&make::png(9, 9, 1)).await);
    let answer = app.send(preflight(&public, "GET", "authorization")).await;
    assert!(permits(&answer, "GET", "authorization", false), "{:?}", answer.headers);
}

#[tokio::test]
async fn a_key_is_for_pages_of_allowed_origins_alone() {
    let strict = App::new().await;
    let answer = strict.send(preflight(&images(), "POST", "authorization")).await;
    assert!(!permits(&answer, "POST", "authorization", false));

    let allowed_origins = vec![SHOP.to_owned()];
    let options = Options { allowed_origins, requests_per_second: 0.0, ..Options::default() };
    let app = App::with(options).await;
    for path in ["/v1/collection", &images(), "/library/inspect", "/media/image/upload"] {
        for headers in ["authorization", "authorization,if-match,content-type"] {
            let answer = app.send(preflight(path, "POST", headers)).await;
            assert!(permits(&answer, "POST", headers, true), "{path} {:?}", answer.headers);
            assert_eq!(answer.header("vary").to_ascii_lowercase(), "origin");
        }
    }
    let posted = |origin: &str| {
        let mut posted = post_image(&make::png(9, 9, 7));
        posted.headers_mut().insert(header::ORIGIN, origin.parse().unwrap());
        posted.headers_mut().insert("sec-fetch-site", "cross-site".parse().unwrap());
        app.send(posted)
    };
    let answer = posted("https://evil.example").await;
    answer.refuses(403, "cross_origin", "error");
    assert_eq!(answer.header("access-control-allow-origin"), "");
    let answer = posted(SHOP).await;
    assert_eq!(answer.status, 201, "{:?}", answer.body);
    assert_eq!(answer.header("access-control-allow-origin"), SHOP);
    assert_eq!(answer.header("vary").to_ascii_lowercase(), "origin");
}

#[tokio::test]
async fn what_may_be_shown_elsewhere_says_so() {
    let app = App::new().await;
    let image = app.upload(&make::png(9, 9, 1)).await;
    let public = public_path(&image);
    let policy = "cross-origin-resource-policy";
    let answer = app.send(empty(request(Method::GET, &public))).await;
    assert_eq!((answer.status.as_u16(), answer.header(policy)), (200, "cross-origin"));
    let has = request(Method::GET, &public).header(header::IF_NONE_MATCH, answer.header("etag"));
    let same = app.send(empty(has)).await;
    assert_eq!((same.status.as_u16(), same.header(policy)), (304, "cross-origin"));
    for path in [own_path(&image), images(), "/openapi.json".to_owned(), "/nothing".to_owned()] {
        assert_eq!(app.send(get(&path)).await.header(policy), "same-origin", "{path}");
    }
}

#[tokio::test]
async fn methods_that_are_not_served_are_answered_with_those_that_are() {
    let app = App::new().await;
    let collection = app.collection().await;
    let (track, audio, cover) = app.track(&collection).await;
    let image = app.upload(&make::png(9, 9, 1)).await;
    for (path, allowed) in [
        (audio.as_str(), &["POST", "PUT"][..]),
        (&cover, &["POST", "PUT"]),
        ("/v1/ticket/none", &["POST", "PUT"]),
        (&format!("/v1/track/{track}"), &["GET", "PATCH", "DELETE"]),
        (&own_path(&image), &["GET", "PUT", "DELETE"]),
        (&public_path(&image), &["GET"]),
        ("/upload/image", &["POST"]),
        ("/media/image/upload", &["POST"]),
        ("/library/assets", &["GET"]),
        ("/healthz", &["GET"]),
        ("/openapi.json", &["GET"]),
        ("/", &["GET"]),
    ] {
        for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "PROPFIND"] {
            let served =
                allowed.contains(&method) || (method == "HEAD" && allowed.contains(&"GET"));
            if served {
                continue;
            }
            let answer = app.send(empty(request(method.parse().unwrap(), path))).await;
            let allow = answer.header("allow");
            assert_eq!(answer.status, 405, "{method} {path} {:?}", answer.body);
            let own: Vec<_> = allow.split(',').map(str::trim).collect();
            assert!(allowed.iter().all(|name| own.contains(name)), "{method} {path}: {allow:?}");
            assert!(!own.contains(&method), "{method} {path}: {allow:?}");
        }
    }
}

#[tokio::test]
async fn challenges_say_what_is_wrong_with_a_token() {
    let app = App::new().await;
    app.key("reader", &[gatefold::service::Role::Reader], "default", None).await;
    let asked = |path: &str, method: Method, value: Option<String>| {
        let head = request(method, path);
        let head = match value {
            Some(value) => head.header(header::AUTHORIZATION, value),
            None => head,
        };
        app.send(empty(head))
    };
    for path in [images(), "/v1/collection".to_owned(), "/library/assets".to_owned()] {
        let challenge = |answer: &Answer| answer.header("www-authenticate").to_owned();
        let none = asked(&path, Method::GET, None).await;
        assert!(challenge(&none).contains("Bearer realm="), "{path}");
        assert!(!challenge(&none).contains("error="), "{path}");
        for wrong in ["Bearer nobody:x", "Bearer x"] {
            let answer = asked(&path, Method::GET, Some(wrong.to_owned())).await;
            assert_eq!(answer.status, 401);
            assert!(challenge(&answer).contains("error=\"invalid_token\""), "{path}");
        }
    }
    let wrong = asked(&images(), Method::GET, Some(basic(("nobody", "x")))).await;
    assert!(!wrong.header("www-authenticate").contains("error="));
    let reader = asked("/v1/collection", Method::POST, Some("Bearer reader:s".to_owned())).await;
    assert_eq!(reader.status, 403);
    let challenge = reader.header("www-authenticate");
    assert!(challenge.contains("error=\"insufficient_scope\""), "{challenge}");
    assert!(challenge.contains("scope=\"uploader\""), "{challenge}");
}
