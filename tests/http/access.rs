//! Who may do what: every route of the description, asked with every kind of key.

use axum::body::Body;
use axum::http::{Method, Request, header};
use gatefold::service::{
    CollectionFields, NewAsset, NewSession, Role, Spooled, Surface, TicketFor, TrackFields,
};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::time::Duration;
use uuid::Uuid;

use crate::make;
use crate::support::*;

const MINE: &str = "mine";

/// What a route asks of a key.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Needs {
    /// Nothing: whoever knows the path may.
    Nothing,
    /// The role, for the key's own tenant.
    Tenant(Role),
    /// The role, for something of the key's own tenant that the path names.
    Thing(Role),
    /// The role, for something of the collection that the key may be for.
    OfCollection(Role),
    /// The role, for a list in which a key for one collection sees that one.
    List(Role),
}

use Needs::{List, Nothing, OfCollection, Tenant, Thing};
use Role::{Reader, Uploader};

/// How a route takes a key.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Takes {
    Moov,
    Bearer,
    Pair,
    ApiKey,
    Library,
    None,
}

const TABLE: &[(&str, &str, Takes, Needs)] = &[
    ("get", "/accounts/{accountID}/images", Takes::Moov, Thing(Reader)),
    ("post", "/accounts/{accountID}/images", Takes::Moov, Thing(Uploader)),
    ("get", "/accounts/{accountID}/images/{imageID}", Takes::Moov, Thing(Reader)),
    ("put", "/accounts/{accountID}/images/{imageID}", Takes::Moov, Thing(Uploader)),
    ("delete", "/accounts/{accountID}/images/{imageID}", Takes::Moov, Thing(Uploader)),
    ("put", "/accounts/{accountID}/images/{imageID}/metadata", Takes::Moov, Thing(Uploader)),
    ("post", "/accounts/{accountID}/images/{imageID}/enable", Takes::Moov, Thing(Uploader)),
    ("get", "/images/{publicID}", Takes::None, Nothing),
    ("get", "/v1/collection", Takes::Bearer, List(Reader)),
    ("post", "/v1/collection", Takes::Bearer, Tenant(Uploader)),
    ("get", "/v1/collection/{collection_id}", Takes::Bearer, OfCollection(Reader)),
    ("patch", "/v1/collection/{collection_id}", Takes::Bearer, OfCollection(Uploader)),
    ("delete", "/v1/collection/{collection_id}", Takes::Bearer, OfCollection(Uploader)),
    ("post", "/v1/collection/{collection_id}/cover", Takes::Bearer, OfCollection(Uploader)),
    ("get", "/v1/collection/{collection_id}/tracks", Takes::Bearer, OfCollection(Reader)),
    ("get", "/v1/track/{track_id}", Takes::Bearer, OfCollection(Reader)),
    ("patch", "/v1/track/{track_id}", Takes::Bearer, OfCollection(Uploader)),
    ("delete", "/v1/track/{track_id}", Takes::Bearer, OfCollection(Uploader)),
    ("post", "/v1/track/{track_id}/audio", Takes::Bearer, OfCollection(Uploader)),
    ("post", "/v1/track/{track_id}/cover", Takes::Bearer, OfCollection(Uploader)),
    // The body names the collection.
    ("post", "/v1/upload_session", Takes::Bearer, OfCollection(Uploader)),
    ("get", "/v1/upload_session/{upload_session_id}", Takes::None, Nothing),
    ("post", "/v1/upload/{upload_session_id}/track", Takes::None, Nothing),
    ("post", "/v1/ticket/{ticket}", Takes::None, Nothing),
    ("put", "/v1/ticket/{ticket}", Takes::None, Nothing),
    ("post", "/media/image/upload", Takes::Pair, Tenant(Uploader)),
    ("post", "/media/image/upload/{imageId}", Takes::Pair, Thing(Uploader)),
    ("get", "/media/image/{imageId}", Takes::Pair, Thing(Reader)),
    ("post", "/media/image/{imageId}/claim", Takes::Pair, Thing(Uploader)),
    ("post", "/upload/image", Takes::ApiKey, Tenant(Uploader)),
    ("get", "/uploads/{file}", Takes::None, Nothing),
    ("get", "/library", Takes::Library, Tenant(Reader)),
    ("delete", "/library/assets/{id}", Takes::Library, Thing(Uploader)),
    ("post", "/library/assets/remove", Takes::Library, Tenant(Uploader)),
    ("get", "/library/assets", Takes::Library, Tenant(Reader)),
    ("get", "/library/assets/{id}/near", Takes::Library, Thing(Reader)),
    ("post", "/library/assets/{id}/link", Takes::Library, Thing(Reader)),
    ("post", "/library/inspect", Takes::Library, Tenant(Reader)),
    ("get", "/healthz", Takes::None, Nothing),
    ("get", "/readyz", Takes::None, Nothing),
    ("get", "/metrics", Takes::None, Nothing),
];

/// Who asks.
const KINDS: [&str; 9] = [
    "nobody",
    "wrong",
    "revoked",
    "reader",
    "uploader",
    "scoped",
    "scoped-reader",
    "elsewhere",
    "foreign",
];

/// What a route answers to a kind of key: 0 for what it answers to those who may.
fn expected(needs: Needs, kind: &str) -> u16 {
    let role = match needs {
        Nothing => return 0,
        Tenant(role) | Thing(role) | OfCollection(role) | List(role) => role,
    };
    match kind {
        "nobody" | "wrong" | "revoked" => 401,
        "reader" | "scoped-reader" if role == Uploader => 403,
        "uploader" | "reader" => 0,
        "scoped" | "scoped-reader" => match needs {
            OfCollection(_) | List(_) => 0,
            _ => 403,
        },
        // For another collection of the tenant.
        "elsewhere" => {
            if matches!(needs, List(_)) {
                0
            } else {
                403
            }
        }
        // Another tenant's.
        "foreign" => match needs {
            Thing(_) | OfCollection(_) => 404,
            _ => 0,
        },
        kind => panic!("{kind}"),
    }
}

/// What the paths name, all of it new.
struct World {
    moov: Uuid,
    audicient: Uuid,
    collection: Uuid,
    track: Uuid,
    values: Vec<(&'static str, String)>,
}

async fn world(app: &App, seed: u32) -> World {
    let assets = &app.assets;
    let store = |surface, seed| {
        let picture = make::png(9 + seed % 50, 9 + seed / 50, seed);
        assets.store(NewAsset::new(MINE, surface), Spooled::of(picture))
    };
    let moov = store(Surface::Moov, seed).await.unwrap();
    let audicient = store(Surface::Audicient, seed).await.unwrap();
    let file = store(Surface::Backoffice, seed).await.unwrap();
    let collection = assets.create_collection(MINE, CollectionFields::default()).await.unwrap().id;
    let session = assets.create_session(MINE, collection, NewSession::default()).await.unwrap();
    let mut fields = TrackFields::default();
    fields.file_name = Some("one.mp3".to_owned());
    let track = assets.create_track(&session, fields).await.unwrap().id;
    let issue = |what| assets.issue_ticket(MINE, what, Duration::from_secs(3600), None);
    let ticket = issue(TicketFor::CollectionCover(collection)).await.unwrap().token;
    let audio = issue(TicketFor::TrackAudio(track)).await.unwrap().token;
    let values = vec![
        ("{accountID}", MINE.to_owned()),
        ("{imageID}", moov.id.to_string()),
        ("{publicID}", moov.public_id),
        ("{collection_id}", collection.to_string()),
        ("{track_id}", track.to_string()),
        ("{upload_session_id}", session.id.to_string()),
        ("{ticket}", ticket),
        ("{audio}", audio),
        ("{imageId}", audicient.id.to_string()),
        ("{file}", format!("{}.png", file.id)),
        ("{id}", moov.id.to_string()),
    ];
    World { moov: moov.id, audicient: audicient.id, collection, track, values }
}

impl World {
    fn path(&self, method: &str, template: &str) -> String {
        let template = if (method, template) == ("put", "/v1/ticket/{ticket}") {
            "/v1/ticket/{audio}"
        } else {
            template
        };
        let put = |path: String, (name, value): &(&str, String)| path.replace(name, value);
        let path = self.values.iter().fold(template.to_owned(), put);
        assert!(!path.contains('{'), "{path}: the test does not know what to put there");
        path
    }

    /// All of it as it is now.
    async fn told(&self, app: &App) -> String {
        format!(
            "{:?} {:?} {:?} {:?}",
            app.assets.asset(MINE, self.moov).await,
            app.assets.asset(MINE, self.audicient).await,
            app.assets.collection(MINE, self.collection).await,
            app.assets.track(MINE, self.track).await,
        )
    }
}

fn send_as(
    head: axum::http::request::Builder,
    takes: Takes,
    kind: &str,
) -> axum::http::request::Builder {
    let secret = if kind == "wrong" { "x" } else { "s" };
    match takes {
        _ if kind == "nobody" => head,
        Takes::Moov | Takes::Library => head.header(header::AUTHORIZATION, basic((kind, secret))),
        // Where no key is taken, one that is no good does no harm.
        Takes::Bearer | Takes::None => {
            head.header(header::AUTHORIZATION, format!("Bearer {kind}:{secret}"))
        }
        Takes::Pair => head.header(header::AUTHORIZATION, format!("{kind}:{secret}")),
        Takes::ApiKey => head.header("x-api-key", format!("{kind}:{secret}")),
    }
}

fn asked(world: &World, row: &(&str, &str, Takes, Needs), kind: &str) -> Request<Body> {
    let (method, template, takes, _) = *row;
    let verb: Method = method.to_uppercase().parse().unwrap();
    let head = send_as(request(verb, &world.path(method, template)), takes, kind);
    if template == "/v1/upload_session" {
        return with_json(head, &json!({"collection_id": world.collection}));
    }
    empty(head)
}

fn routes(app: &App) -> BTreeSet<(String, String)> {
    let api: Value = serde_json::from_str(&gatefold::http::openapi(app.assets.clone())).unwrap();
    let paths = api["paths"].as_object().unwrap().iter();
    paths
        .flat_map(|(path, item)| {
            let verbs = item.as_object().unwrap().keys();
            verbs.map(move |verb| (verb.clone(), path.clone()))
        })
        .filter(|(verb, _)| {
            ["get", "put", "post", "delete", "patch", "head", "options", "trace"]
                .contains(&verb.as_str())
        })
        .collect()
}

#[tokio::test]
async fn every_route_is_in_the_table() {
    let app = App::new().await;
    let table: BTreeSet<_> =
        TABLE.iter().map(|(verb, path, ..)| ((*verb).to_owned(), (*path).to_owned())).collect();
    let described = routes(&app);
    let missing: Vec<_> = described.difference(&table).collect();
    assert!(missing.is_empty(), "say in the table who may use {missing:?}");
    let gone: Vec<_> = table.difference(&described).collect();
    assert!(gone.is_empty(), "there is no route {gone:?}");
}

#[tokio::test]
async fn every_route_answers_every_kind_of_key_as_the_table_says() {
    let app = App::new().await;
    let other = app.assets.create_collection(MINE, CollectionFields::default()).await.unwrap().id;
    app.key("wrong", &Role::ALL, MINE, None).await;
    app.key("revoked", &Role::ALL, MINE, None).await;
    app.assets.keyring().revoke("revoked").await.unwrap();
    app.key("reader", &[Reader], MINE, None).await;
    app.key("uploader", &[Uploader], MINE, None).await;
    app.key("elsewhere", &Role::ALL, MINE, Some(other)).await;
    app.key("foreign", &Role::ALL, "theirs", None).await;
    let mut seed = 0;
    for row in TABLE {
        for kind in KINDS {
            seed += 1;
            let world = world(&app, seed).await;
            app.key("scoped", &Role::ALL, MINE, Some(world.collection)).await;
            app.key("scoped-reader", &[Reader], MINE, Some(world.collection)).await;
            let before = world.told(&app).await;
            let answer = app.send(asked(&world, row, kind)).await;
            let (got, wanted) = (answer.status.as_u16(), expected(row.3, kind));
            let context = format!("{row:?} as {kind}: {got} {:?}", answer.body);
            if wanted == 0 {
                assert!(![401, 403, 404, 405, 500].contains(&got), "{context}");
                continue;
            }
            assert_eq!(got, wanted, "{context}");
            let code = match wanted {
                401 => "unauthenticated",
                403 => "forbidden",
                _ => "not_found",
            };
            assert_eq!(answer.header("x-gatefold-code"), code, "{context}");
            assert_eq!(world.told(&app).await, before, "{context}: it changed something");
            if wanted == 401 {
                assert!(!answer.header("www-authenticate").is_empty(), "{context}");
            }
        }
    }
}

#[tokio::test]
async fn pages_of_other_origins_change_nothing_with_a_browsers_credentials() {
    let app = App::new().await;
    app.key("uploader", &[Uploader], MINE, None).await;
    let mut seed = 0;
    let basic_too = |row: &&(_, _, Takes, _)| {
        matches!(row.2, Takes::Moov | Takes::Library | Takes::Pair) && row.0 != "get"
    };
    for row in TABLE.iter().filter(basic_too) {
        for (origin, site, refused) in [
            (Some("https://evil.example"), Some("cross-site"), true),
            (Some("https://evil.example"), None, true),
            (Some("null"), None, true),
            (Some("https://other.example"), Some("same-site"), true),
            (None, Some("cross-site"), true),
            (Some("https://own.example"), Some("same-origin"), false),
            (Some("http://127.0.0.1:8080"), None, false),
            (Some("https://own.example"), None, false),
            (None, Some("none"), false),
            (None, None, false),
        ] {
            seed += 1;
            let world = world(&app, seed).await;
            let before = world.told(&app).await;
            let verb: Method = row.0.to_uppercase().parse().unwrap();
            let mut head = request(verb, &world.path(row.0, row.1))
                .header(header::HOST, "own.example")
                .header(header::AUTHORIZATION, basic(("uploader", "s")));
            if let Some(origin) = origin {
                head = head.header(header::ORIGIN, origin);
            }
            if let Some(site) = site {
                head = head.header("sec-fetch-site", site);
            }
            let answer = app.send(empty(head)).await;
            let context = format!("{row:?} {origin:?} {site:?}: {:?}", answer.body);
            assert_eq!(answer.header("x-gatefold-code") == "cross_origin", refused, "{context}");
            assert_eq!(answer.status == 403, refused, "{context}");
            if refused {
                assert_eq!(world.told(&app).await, before, "{context}");
            }
        }
        // What only a script can send, its page was given.
        seed += 1;
        let world = world(&app, seed).await;
        let takes = if row.2 == Takes::Pair { Takes::Pair } else { Takes::Bearer };
        let verb: Method = row.0.to_uppercase().parse().unwrap();
        let head = request(verb, &world.path(row.0, row.1))
            .header(header::ORIGIN, "https://evil.example")
            .header("sec-fetch-site", "cross-site");
        let answer = app.send(empty(send_as(head, takes, "uploader"))).await;
        assert_ne!(answer.status, 403, "{row:?}: {:?}", answer.body);
    }
}
