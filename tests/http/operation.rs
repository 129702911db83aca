//! What an operator asks.

use axum::body::Body;
use axum::http::Method;
use serde_json::Value;

use crate::make;
use crate::support::*;

#[tokio::test]
async fn health_readiness_and_counters() {
    let app = App::new().await;
    let open =
        |path: &'static str| app.send(request(Method::GET, path).body(Body::empty()).unwrap());
    assert_eq!(open("/healthz").await.status, 200);
    assert_eq!(open("/readyz").await.status, 200);
    app.upload(&make::png(9, 9, 1)).await;
    app.send(post_image(b"x")).await.refuses(422, "unknown_format", "image");
    let text = String::from_utf8(open("/metrics").await.body.to_vec()).unwrap();
    for line in [
        "gatefold_requests_total{surface=\"moov\",method=\"POST\",status=\"201\"} 1",
        "gatefold_refusals_total{surface=\"moov\",code=\"unknown_format\"} 1",
        "gatefold_uploads_accepted_total{surface=\"moov\"} 1",
        "gatefold_request_seconds_bucket",
    ] {
        assert!(text.contains(line), "{line} not in {text}");
    }
}

#[tokio::test]
async fn the_description_tells_what_files_and_sizes_may_be() {
    let app = App::new().await;
    let api = app.send(empty(request(Method::GET, "/openapi.json"))).await.json();
    let upload = &api["paths"]["/media/image/upload"]["post"]["requestBody"]["content"];
    assert_eq!(upload["application/octet-stream"]["schema"]["format"], "binary");
    for choice in api["components"]["schemas"]["AudicientForm"]["oneOf"].as_array().unwrap() {
        let other = if choice["required"][0] == "file" { "image" } else { "file" };
        let names = choice["propertyNames"]["pattern"].as_str().unwrap();
        assert!(names.starts_with(&format!("^(?!({other})$)")), "{names}");
    }
    let schema = &api["components"]["schemas"]["BackofficeForm"]["propertyNames"];
    assert_eq!(schema["type"], "string");
    let mut sizes = 0;
    for item in api["paths"].as_object().unwrap().values() {
        for parameter in item["get"]["parameters"].as_array().into_iter().flatten() {
            if parameter["name"] == "size" {
                sizes += 1;
                assert!(parameter["schema"]["pattern"].as_str().unwrap().contains("204[0-8]"));
            }
        }
    }
    assert_eq!(sizes, 3);
}

#[tokio::test]
async fn the_description_tells_of_every_operation() {
    let app = App::new().await;
    let answer = app.send(request(Method::GET, "/openapi.json").body(Body::empty()).unwrap()).await;
    let api = answer.json();
    assert_eq!(api["openapi"], "3.1.0");
    let schemas = api["components"]["schemas"].as_object().unwrap();
    let text = String::from_utf8(answer.body.to_vec()).unwrap();
    for reference in text.split("#/components/schemas/").skip(1) {
        let name = reference.split('"').next().unwrap();
        assert!(schemas.contains_key(name), "{name} is referred to and not there");
    }
    let mut operations = 0;
    for (path, item) in api["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            operations += 1;
            let responses = operation["responses"].as_object().unwrap();
            let has = |status: &str| responses.contains_key(status);
            assert!(has("500") && has("503"), "{method} {path}");
            let schemes = operation["security"].as_array().map_or(&[][..], Vec::as_slice);
            let optional = schemes.iter().any(|scheme| scheme.as_object().unwrap().is_empty());
            if !schemes.is_empty() && !optional {
                for status in ["400", "401", "403", "429", "504"] {
                    assert!(has(status), "{method} {path} {status}");
                }
                assert!(has("404") || !path.contains('{'), "{method} {path}");
            }
            for (status, response) in responses {
                let id = &response["headers"]["x-request-id"];
                assert!(id.is_object(), "{method} {path} {status}");
            }
        }
    }
    assert!(operations >= 10, "{operations}");
    assert_eq!(
        api["paths"]["/accounts/{accountID}/images"]["post"]["responses"]["422"]["content"]["application/json"]
            ["schema"]["$ref"],
        Value::from("#/components/schemas/ImageRequestValidationError")
    );
}
