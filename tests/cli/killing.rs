//! A service that is killed at any moment keeps every promise it has made: what it answered with 2xx
//! is there afterwards, whole, and nothing else is left behind.

use std::collections::{HashMap, HashSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread::{scope, sleep};
use std::time::Duration;

use gatefold::service::{Assets, Clock, ManualClock, Settings, Surface};

use crate::folder::Folder;
use crate::serving::{Answer, Service};

const KEY: &str = "trial:secret";
/// `trial:secret` in base64.
const BASIC: &str = "Basic dHJpYWw6c2VjcmV0";

/// A small picture of its own for each number; nothing of it is cut away when it is stored.
fn picture(number: u32) -> Vec<u8> {
    let samples: Vec<u8> = (0..48 * 48_u32)
        .flat_map(|at| (at.wrapping_mul(number.wrapping_mul(2_654_435_761) | 1) >> 7).to_le_bytes())
        .collect();
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, 96, 96);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.write_header().unwrap().write_image_data(&samples).unwrap();
    bytes
}

/// What clients were told, and what they asked for without an answer.
#[derive(Default)]
struct Told {
    /// Paths of originals, and the numbers of their pictures.
    uploaded: HashMap<String, u32>,
    /// As `uploaded`, since the last look: looking at all of them each time would take ever longer.
    fresh: HashMap<String, u32>,
    /// The numbers that the replaced picture may show: that of the last answer, and those asked for
    /// since.
    replaced: Vec<u32>,
}

fn multipart(method: &str, path: &str, number: u32) -> (String, Vec<u8>) {
    let open = "--b\r\ncontent-disposition: form-data; name=\"image\"; filename=\"a\"\r\n\r\n";
    let body = [open.as_bytes(), &picture(number), b"\r\n--b--\r\n"].concat();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nx-api-key: {KEY}\r\nauthorization: {BASIC}\r\n\
         content-type: multipart/form-data; boundary=b\r\ncontent-length: {}\r\n",
        body.len()
    );
    (head, body)
}

fn text(answer: &Answer) -> String {
    String::from_utf8_lossy(&answer.2).into_owned()
}

/// The value of a field of a flat JSON object.
fn field(answer: &Answer, name: &str) -> String {
    let value: serde_json::Value = serde_json::from_slice(&answer.2).unwrap();
    value[name].as_str().unwrap_or_else(|| panic!("{}", text(answer))).to_owned()
}

struct Clients<'a> {
    service: &'a Service,
    told: &'a Mutex<Told>,
    numbers: &'a AtomicU32,
    over: &'a AtomicBool,
}

impl Clients<'_> {
    fn next(&self) -> u32 {
        self.numbers.fetch_add(1, Ordering::Relaxed)
    }

    fn upload(&self) {
        while !self.over.load(Ordering::Relaxed) {
            let number = self.next();
            let (head, body) = multipart("POST", "/upload/image", number);
            if let Some((200, _, answer)) = self.service.try_send(&head, &body) {
                let answer: serde_json::Value = serde_json::from_slice(&answer).unwrap();
                let key = answer["data"]["key"].as_str().unwrap();
                self.told.lock().unwrap().fresh.insert(format!("/{key}"), number);
            }
        }
    }

    fn replace(&self, image: &str) {
        while !self.over.load(Ordering::Relaxed) {
            let number = self.next();
            self.told.lock().unwrap().replaced.push(number);
            let (head, body) = multipart("PUT", &format!("/accounts/a/images/{image}"), number);
            if let Some((200, ..)) = self.service.try_send(&head, &body) {
                let mut told = self.told.lock().unwrap();
                told.replaced.retain(|own| *own >= number);
            }
        }
    }

    fn look(&self, public: &str) {
        for side in (1..100).cycle() {
            if self.over.load(Ordering::Relaxed) {
                return;
            }
            let head = format!("GET /images/{public}?size={side}x{side} HTTP/1.1\r\n");
            self.service.try_send(&head, b"");
        }
    }
}

/// More rounds: `GATEFOLD_KILL_ROUNDS=100 cargo test --all-features --test cli killing`.
#[test]
fn what_was_answered_outlives_being_killed() {
    let rounds = std::env::var("GATEFOLD_KILL_ROUNDS").map_or(6, |rounds| rounds.parse().unwrap());
    let folder = Folder::new().with(
        "a.toml",
        b"sweep_interval = 1\nlog_filter = \"error\"\n[service]\nsweep_grace = 0\n\
          rendition_cache = 20000\n[http]\nrequests_per_second = 0\n",
    );
    let start = || Service::start(&folder, &["--config", "a.toml", "--key", KEY]);
    let told = Mutex::new(Told::default());
    let numbers = AtomicU32::new(1);

    let service = start();
    let (head, body) = multipart("POST", "/accounts/a/images", 0);
    let first = service.try_send(&head, &body).unwrap();
    let (image, public) = (field(&first, "imageID"), field(&first, "publicID"));
    told.lock().unwrap().replaced.push(0);
    drop(service);

    for round in 0..rounds {
        let mut service = start();
        {
            let mut told = told.lock().unwrap();
            let fresh = std::mem::take(&mut told.fresh);
            check(&service, &image, &public, &fresh);
            told.uploaded.extend(fresh);
        }
        let over = AtomicBool::new(false);
        let clients = Clients { service: &service, told: &told, numbers: &numbers, over: &over };
        let id = service.id();
        scope(|threads| {
            threads.spawn(|| clients.upload());
            threads.spawn(|| clients.upload());
            threads.spawn(|| clients.replace(&image));
            threads.spawn(|| clients.look(&public));
            // Spread over what a request takes, and over a sweep from time to time.
            sleep(Duration::from_millis(40 + (round * 7_919) % 397 + 1_000 * (round % 5 / 4)));
            kill(id);
            over.store(true, Ordering::Relaxed);
        });
        service.wait();
    }

    let service = start();
    let mut told = told.into_inner().unwrap();
    told.uploaded.extend(std::mem::take(&mut told.fresh));
    check(&service, &image, &public, &told.uploaded);
    drop(service);
    assert!(told.uploaded.len() > rounds as usize / 2, "next to nothing was uploaded");
    tokio::runtime::Runtime::new().unwrap().block_on(nothing_is_left_over(&folder, &told.replaced));
}

fn kill(id: u32) {
    let killed = std::process::Command::new("kill").args(["-KILL", &id.to_string()]).status();
    assert!(killed.unwrap().success());
}

/// Every answer that a client saw is still true.
fn check(service: &Service, image: &str, public: &str, uploaded: &HashMap<String, u32>) {
    for (path, number) in uploaded {
        let answer = service.get(path);
        assert_eq!(answer.0, 200, "{path}: {}", text(&answer));
        assert!(answer.2 == picture(*number), "{path} shows something else");
    }
    let head = format!("GET /accounts/a/images/{image} HTTP/1.1\r\nauthorization: {BASIC}\r\n");
    let metadata = service.try_send(&head, b"").unwrap();
    assert_eq!(metadata.0, 200, "{}", text(&metadata));
    let shown = service.get(&format!("/images/{public}?size=96x96"));
    assert_eq!(shown.0, 200, "{}", text(&shown));
}

/// Each record has its bytes, and there are no bytes without a record.
async fn nothing_is_left_over(folder: &Folder, replaced: &[u32]) {
    // Later than any upload may take that was interrupted.
    let clock = ManualClock::new();
    clock.advance(Duration::from_secs(3600));
    let clock = Clock::Manual(clock);
    let settings = Settings { sweep_grace: Duration::ZERO, clock, ..Settings::default() };
    let assets = Assets::open(&folder.join("gatefold-data"), settings).await.unwrap();
    assets.sweep().await.unwrap();
    let mut digests = HashSet::new();
    for (tenant, surface) in [("default", Surface::Backoffice), ("a", Surface::Moov)] {
        for skip in (0..).step_by(200) {
            let some = assets.list(tenant, Some(surface), skip, 200).await.unwrap();
            if some.is_empty() {
                break;
            }
            for asset in some {
                let bytes = assets.original_bytes(&asset, None).await.unwrap();
                assert_eq!(bytes.len() as u64, asset.bytes);
                if surface == Surface::Moov {
                    let shows = |number: &u32| picture(*number) == bytes;
                    assert!(replaced.iter().any(shows), "it shows none of {replaced:?}");
                }
                digests.insert(asset.digest().to_owned());
            }
        }
    }
    // The identity of the store is one more.
    let files = count(&folder.join("gatefold-data/blobs")) - 1;
    assert_eq!(files, digests.len(), "files, and what records name");
    assert_eq!(count(&folder.join("gatefold-data/spool")), 0);
}

fn count(folder: &std::path::Path) -> usize {
    std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| if path.is_dir() { count(&path) } else { 1 })
        .sum()
}
