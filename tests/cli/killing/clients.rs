//! Clients that write through several APIs at once, and remember what they were told.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use serde_json::Value;

use crate::serving::{Answer, Service};

pub(super) const KEY: &str = "trial:secret";
/// `trial:secret` in base64.
const BASIC: &str = "Basic dHJpYWw6c2VjcmV0";

/// The samples of a small picture of its own for each number.
fn samples(number: u32) -> Vec<u8> {
    (0..48 * 48_u32)
        .flat_map(|at| (at.wrapping_mul(number.wrapping_mul(2_654_435_761) | 1) >> 7).to_le_bytes())
        .collect()
}

fn picture(number: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, 96, 96);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.write_header().unwrap().write_image_data(&samples(number)).unwrap();
    bytes
}

/// The samples that a path shows at the size of the picture.
fn shown(service: &Service, path: &str) -> Vec<u8> {
    let file = read(service, &format!("{path}?size=96x96"), BASIC).2;
    let mut reader = png::Decoder::new(std::io::Cursor::new(file)).read_info().unwrap();
    let mut samples = vec![0; reader.output_buffer_size().unwrap()];
    reader.next_frame(&mut samples).unwrap();
    samples
}

/// A quarter of a second of its own for each number: PCM, one channel, 8 kHz, 8 bits.
fn recording(number: u32) -> Vec<u8> {
    let data: Vec<u8> = number.to_le_bytes().into_iter().cycle().take(2_000).collect();
    let mut bytes = b"RIFF".to_vec();
    bytes.extend(2_036_u32.to_le_bytes());
    bytes.extend(b"WAVEfmt \x10\0\0\0\x01\0\x01\0");
    bytes.extend(8_000_u32.to_le_bytes());
    bytes.extend(8_000_u32.to_le_bytes());
    bytes.extend(b"\x01\0\x08\0data");
    bytes.extend(2_000_u32.to_le_bytes());
    bytes.extend(data);
    bytes
}

/// What is so from the moment that a client was told it.
#[derive(Debug, Clone)]
pub(super) enum Promise {
    /// The path shows the picture of this number.
    Picture { path: String, number: u32 },
    /// This Moov image is disabled.
    Disabled { path: String },
    /// The collection has this picture as its cover.
    Cover { collection: String, number: u32 },
    /// The link takes this picture as the cover of the collection, which it may have by now.
    CoverLink { link: String, collection: String, number: u32 },
    /// The track has audio.
    Audio { track: String },
    /// The link takes this recording as the audio of the track, which it may have by now.
    AudioLink { link: String, track: String, number: u32 },
}

/// An image that is replaced again and again, and the numbers of what it may show: the picture of
/// the last answer, and those sent since.
#[derive(Debug)]
pub(super) struct Replaced {
    pub(super) update: String,
    pub(super) show: String,
    pub(super) numbers: Mutex<Vec<u32>>,
}

/// What clients were told.
#[derive(Default)]
pub(super) struct Told {
    pub(super) promises: Mutex<Vec<Promise>>,
    pub(super) numbers: AtomicU32,
    /// Counts the successes.
    pub(super) answers: AtomicU32,
}

impl Told {
    pub(super) fn next(&self) -> u32 {
        self.numbers.fetch_add(1, Ordering::Relaxed)
    }

    fn add(&self, promise: Promise) {
        self.promises.lock().unwrap().push(promise);
    }
}

/// Who talks to one process of the service until it is over.
pub(super) struct Clients<'a> {
    pub(super) service: &'a Service,
    pub(super) told: &'a Told,
    pub(super) over: &'a AtomicBool,
}

/// All credentials that an API may look for; each takes its own.
fn head(method: &str, path: &str, authorization: &str, more: &str) -> String {
    let credentials = match authorization {
        "" => String::new(),
        own => format!("authorization: {own}\r\nx-api-key: {KEY}\r\n"),
    };
    format!("{method} {path} HTTP/1.1\r\n{credentials}{more}")
}

fn bearer() -> String {
    format!("Bearer {KEY}")
}

/// A success; `None` without an answer, or when the service had no time for it.
fn success(answer: Option<Answer>) -> Option<Answer> {
    let answer = answer?;
    match answer.0 {
        200..300 => Some(answer),
        503 => None,
        status => panic!("{status}: {}", String::from_utf8_lossy(&answer.2)),
    }
}

impl Clients<'_> {
    fn going(&self) -> bool {
        !self.over.load(Ordering::Relaxed)
    }

    fn send(&self, head: &str, body: &[u8]) -> Option<Answer> {
        let answer = send(self.service, head, body)?;
        self.told.answers.fetch_add(1, Ordering::Relaxed);
        Some(answer)
    }

    pub(super) fn form(&self, method: &str, path: &str, number: u32) -> Option<Answer> {
        let open = "--b\r\ncontent-disposition: form-data; name=\"image\"; filename=\"a\"\r\n\r\n";
        let body = [open.as_bytes(), &picture(number), b"\r\n--b--\r\n"].concat();
        let more = "content-type: multipart/form-data; boundary=b\r\n";
        self.send(&head(method, path, BASIC, more), &body)
    }

    /// An image for [`Clients::replace`].
    pub(super) fn to_be_replaced(&self, upload: &str) -> Replaced {
        let number = self.told.next();
        let (_, _, body) = self.form("POST", upload, number).unwrap();
        let (update, show) = if let Ok(told) = serde_json::from_slice::<Value>(&body) {
            (
                format!("{upload}/{}", told["imageID"].as_str().unwrap()),
                format!("/images/{}", told["publicID"].as_str().unwrap()),
            )
        } else {
            let id = String::from_utf8(body).unwrap();
            (format!("{upload}/{id}"), format!("/media/image/{id}"))
        };
        Replaced { update, show, numbers: Mutex::new(vec![number]) }
    }

    pub(super) fn replace(&self, method: &str, image: &Replaced) {
        while self.going() {
            let number = self.told.next();
            image.numbers.lock().unwrap().push(number);
            if self.form(method, &image.update, number).is_some() {
                image.numbers.lock().unwrap().retain(|own| *own >= number);
            }
        }
    }

    /// Backoffice's editors.
    pub(super) fn upload(&self) {
        while self.going() {
            let number = self.told.next();
            if let Some(answer) = self.form("POST", "/upload/image", number) {
                let path = format!("/{}", json(&answer)["data"]["key"].as_str().unwrap());
                self.told.add(Promise::Picture { path, number });
            }
        }
    }

    /// Moov's images, every other of which is disabled.
    pub(super) fn upload_and_delete(&self) {
        while self.going() {
            let number = self.told.next();
            let Some(answer) = self.form("POST", "/accounts/a/images", number) else { continue };
            let told = json(&answer);
            let path = format!("/images/{}", told["publicID"].as_str().unwrap());
            self.told.add(Promise::Picture { path, number });
            let path = format!("/accounts/a/images/{}", told["imageID"].as_str().unwrap());
            let delete = head("DELETE", &path, BASIC, "");
            if number.is_multiple_of(2) && self.send(&delete, b"").is_some() {
                self.told.add(Promise::Disabled { path });
            }
        }
    }

    /// Audicient's profile images.
    pub(super) fn upload_profiles(&self) {
        while self.going() {
            let number = self.told.next();
            if let Some(answer) = self.form("POST", "/media/image/upload?isTemp=false", number) {
                let path = format!("/media/image/{}", String::from_utf8(answer.2).unwrap());
                self.told.add(Promise::Picture { path, number });
            }
        }
    }

    fn post(&self, path: &str, body: &str) -> Option<Value> {
        let more = "content-type: application/json\r\n";
        Some(json(&self.send(&head("POST", path, &bearer(), more), body.as_bytes())?))
    }

    /// Collections with a cover and a track.
    pub(super) fn publish(&self) {
        while self.going() {
            self.publish_one();
        }
    }

    fn publish_one(&self) -> Option<()> {
        let number = self.told.next();
        let told = self.post("/v1/collection", "{\"title\": \"One\"}")?;
        let collection = told["collection_id"].as_str()?.to_owned();
        let told = self.post(&format!("/v1/collection/{collection}/cover"), "")?;
        let link = path_of(&told["collection_cover_upload"]["upload_url"]);
        self.told.add(take(
            self.service,
            Promise::CoverLink { link, collection: collection.clone(), number },
        ));

        let session = format!("{{\"collection_id\": \"{collection}\"}}");
        let told = self.post("/v1/upload_session", &session)?;
        let path = format!("/v1/upload/{}/track", told["upload_session_id"].as_str()?);
        let told = self.post(&path, "{\"file_name\": \"one.wav\"}")?;
        let track = told["track_id"].as_str()?.to_owned();
        let link = path_of(&told["track_upload"]["upload_url"]);
        self.told.add(take(self.service, Promise::AudioLink { link, track, number }));
        Some(())
    }

    pub(super) fn look(&self, public: &str) {
        for side in (1..100).cycle() {
            if !self.going() {
                return;
            }
            let head = format!("GET {public}?size={side}x{side} HTTP/1.1\r\n");
            self.service.try_send(&head, b"");
            // One reader is not to take the processors from all the writers.
            std::thread::sleep(std::time::Duration::from_millis(25));
        }
    }
}

fn send(service: &Service, head: &str, body: &[u8]) -> Option<Answer> {
    let head = format!("{head}content-length: {}\r\n", body.len());
    success(service.try_send(&head, body))
}

fn json(answer: &Answer) -> Value {
    serde_json::from_slice(&answer.2).unwrap()
}

fn path_of(url: &Value) -> String {
    let url = url.as_str().unwrap();
    let (_, rest) = url.split_once("://").unwrap();
    rest[rest.find('/').unwrap()..].to_owned()
}

/// Uses a link once more; what is promised then.
fn take(service: &Service, promise: Promise) -> Promise {
    let sent = |method: &str, link: &str, body: &[u8]| {
        send(service, &head(method, link, "", ""), body).is_some()
    };
    match &promise {
        Promise::CoverLink { link, collection, number }
            if sent("POST", link, &picture(*number)) =>
        {
            Promise::Cover { collection: collection.clone(), number: *number }
        }
        Promise::AudioLink { link, track, number } if sent("PUT", link, &recording(*number)) => {
            Promise::Audio { track: track.clone() }
        }
        _ => promise,
    }
}

fn read(service: &Service, path: &str, authorization: &str) -> Answer {
    let answer = service.try_send(&head("GET", path, authorization, ""), b"").expect("an answer");
    assert_eq!(answer.0, 200, "{path}: {}", String::from_utf8_lossy(&answer.2));
    answer
}

/// Whether the service keeps a promise; what is promised from then on.
pub(super) fn kept(service: &Service, promise: Promise) -> Promise {
    let promise = match promise {
        Promise::CoverLink { .. } | Promise::AudioLink { .. } => take(service, promise),
        other => other,
    };
    match &promise {
        Promise::Picture { path, number } => {
            assert!(shown(service, path) == samples(*number), "{path} does not show {number}");
        }
        Promise::Disabled { path } => {
            let told = json(&read(service, path, BASIC));
            assert!(told["disabledOn"].is_string(), "{told}");
        }
        Promise::Cover { collection, number } => {
            let path = format!("/v1/collection/{collection}");
            let told = json(&read(service, &path, &bearer()));
            let cover = path_of(&told["collection"]["cover_url"]);
            assert!(shown(service, &cover) == samples(*number), "{path} does not have {number}");
        }
        Promise::Audio { track } => {
            let status = status_of(service, track);
            assert!(["processing", "ready"].contains(&status.as_str()), "{track} is {status}");
        }
        Promise::CoverLink { link, .. } | Promise::AudioLink { link, .. } => {
            panic!("the link {link} is not taken");
        }
    }
    promise
}

/// How far the audio of a track has come.
pub(super) fn status_of(service: &Service, track: &str) -> String {
    let told = json(&read(service, &format!("/v1/track/{track}"), &bearer()));
    told["track"]["track_status_id"].as_str().unwrap().to_owned()
}

/// The image shows one of the pictures that it may show, which is the one from now on.
pub(super) fn settled(service: &Service, image: &Replaced) {
    let shown = shown(service, &image.show);
    let mut numbers = image.numbers.lock().unwrap();
    let now = numbers.iter().copied().find(|number| samples(*number) == shown);
    let now = now.unwrap_or_else(|| panic!("{} shows none of {numbers:?}", image.show));
    *numbers = vec![now];
}
