//! `gatefold serve` and `gatefold keys`, as processes that talk over sockets.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::folder::Folder;

pub(crate) const PICTURE: &[u8] = include_bytes!("../../testdata/png/rgb.png");

pub(crate) struct Service {
    child: Child,
    stdout: BufReader<ChildStdout>,
    address: String,
}

/// A status, a head and a body.
pub(crate) type Answer = (u16, String, Vec<u8>);

impl Service {
    pub(crate) fn start(folder: &Folder, args: &[&str]) -> Self {
        Self::listen(folder, &[&["--listen", "127.0.0.1:0"], args].concat())
    }

    /// With these arguments alone.
    pub(crate) fn listen(folder: &Folder, args: &[&str]) -> Self {
        let mut command = folder.command([&["serve"], args].concat());
        Self::of(command.env_remove("GATEFOLD_KEY").env_remove("GATEFOLD_DATA"))
    }

    fn of(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let url = line.split_whitespace().find(|word| word.starts_with("http://"));
        let address = url.unwrap_or_else(|| panic!("{line}")).strip_prefix("http://");
        Self { address: address.unwrap().to_owned(), child, stdout }
    }

    /// The second line that a service without keys prints.
    pub(crate) fn first_key(&mut self) -> String {
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        line.trim().rsplit(' ').next().unwrap().to_owned()
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.send(&format!("GET {path} HTTP/1.1\r\n"), b"")
    }

    pub(crate) fn upload(&self, key: &str, image: &[u8]) -> Answer {
        let open = "--b\r\ncontent-disposition: form-data; name=\"image\"; filename=\"a\"\r\n\r\n";
        let body = [open.as_bytes(), image, b"\r\n--b--\r\n"].concat();
        let head = format!(
            "POST /upload/image HTTP/1.1\r\nx-api-key: {key}\r\n\
             content-type: multipart/form-data; boundary=b\r\ncontent-length: {}\r\n",
            body.len()
        );
        self.send(&head, &body)
    }

    fn send(&self, head: &str, body: &[u8]) -> Answer {
        self.try_send(head, body).expect("an answer")
    }

    /// `None` when the service ends before it has answered.
    pub(crate) fn try_send(&self, head: &str, body: &[u8]) -> Option<Answer> {
        let mut stream = TcpStream::connect(&self.address).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
        write!(stream, "{head}host: a.test\r\nconnection: close\r\n\r\n").ok()?;
        stream.write_all(body).ok()?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).ok()?;
        let end = answer.windows(4).position(|four| four == b"\r\n\r\n")?;
        let head = String::from_utf8(answer[..end].to_vec()).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let body = answer[end + 4..].to_vec();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let whole = length.is_none_or(|length| length.parse() == Ok(body.len()));
        whole.then_some((status, head, body))
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn wait(&mut self) {
        self.child.wait().unwrap();
    }

    /// Asks it to end; what it wrote to its log, and how it ended.
    pub(crate) fn end(mut self) -> (String, ExitStatus) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
        let started = Instant::now();
        while self.child.try_wait().unwrap().is_none() {
            assert!(started.elapsed() < Duration::from_secs(30), "it does not end");
            sleep(Duration::from_millis(20));
        }
        let mut log = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
        (log, self.child.wait().unwrap())
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn metrics_may_have_an_address_of_their_own() {
    let folder = Folder::new();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let service = Service::start(&folder, &["--metrics-listen", &free.to_string()]);
    assert_eq!(service.get("/readyz").0, 200);
    assert_eq!(service.get("/metrics").0, 404);
    let ask = |path: &str| {
        let mut stream = TcpStream::connect(free).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nhost: a.test\r\nconnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    let answer = ask("/metrics");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(
        answer.contains(
            "gatefold_requests_total{surface=\"gatefold\",method=\"GET\",status=\"404\"} 1"
        )
    );
    assert!(answer.contains("gatefold_connections_accepted_total"), "{answer}");
    assert!(ask("/library").starts_with("HTTP/1.1 404"));
    // Without one they stand beside everything else.
    drop(service);
    assert_eq!(Service::start(&folder, &[]).get("/metrics").0, 200);
}

#[test]
fn a_new_service_tells_a_key_once_and_keeps_what_it_accepted() {
    let folder = Folder::new();
    let mut service = Service::start(&folder, &[]);
    let key = service.first_key();
    assert_eq!(key.split_once(':').map(|(id, secret)| (id.len(), secret.len())), Some((12, 32)));
    assert_eq!(service.get("/readyz").0, 200);
    assert_eq!(service.upload("a:b", PICTURE).0, 401);
    let (status, _, body) = service.upload(&key, PICTURE);
    let body = String::from_utf8(body).unwrap();
    assert_eq!(status, 200, "{body}");
    let path = body.split('"').find(|word| word.starts_with("uploads/")).unwrap();
    let first = service.get(&format!("/{path}"));
    assert_eq!(first.0, 200);

    let (log, status) = service.end();
    assert_eq!(status.code(), Some(0));
    let (_, secret) = key.split_once(':').unwrap();
    assert!(!log.contains(secret), "the log tells a secret");
    for line in log.lines() {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(line["level"].is_string(), "{line}");
    }
    let id = first.1.lines().find_map(|line| line.strip_prefix("x-request-id: ")).unwrap();
    assert!(log.contains(id));

    let service = Service::start(&folder, &[]);
    assert_eq!(service.get(&format!("/{path}")).2, first.2);
    assert_eq!(service.upload(&key, PICTURE).0, 200);
}

#[test]
fn keys_are_made_shown_and_ended_while_the_service_runs() {
    let folder = Folder::new();
    let service = Service::start(&folder, &["--key", "trial:secret", "--data", "kept"]);
    assert_eq!(service.upload("trial:secret", PICTURE).0, 200);
    let keys = |args: &[&str]| {
        let ran = folder.gatefold([&["keys"], args, &["--data", "kept"]].concat());
        assert_eq!(ran.code, 0, "{}", ran.err);
        ran.out.trim().to_owned()
    };
    let reader = keys(&["create", "--role", "reader", "--tenant", "acme"]);
    let uploader = keys(&["create", "--role", "uploader"]);
    assert_eq!(service.upload(&reader, PICTURE).0, 403);
    assert_eq!(service.upload(&uploader, PICTURE).0, 200);
    let (id, secret) = uploader.split_once(':').unwrap();
    keys(&["revoke", id]);
    assert_eq!(service.upload(&uploader, PICTURE).0, 401);
    let listed = keys(&["list", "--json"]);
    let rows: Vec<serde_json::Value> =
        listed.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    // The key that the service was started with is nowhere but in its memory.
    assert_eq!(rows.len(), 2);
    assert_eq!(rows[0]["tenants"], serde_json::json!(["acme"]));
    assert!(rows[1]["revoked_at"].is_string() && rows[0]["revoked_at"].is_null());
    assert!(!listed.contains(secret));
    let ran = folder.gatefold(["keys", "revoke", "nobody", "--data", "kept"]);
    assert_eq!(ran.code, 3, "{}", ran.err);
}

#[test]
fn a_file_configures_what_options_do_not() {
    let text = "public_url = \"x\"\n";
    let folder = Folder::new().with("wrong.toml", text.as_bytes()).with(
        "a.toml",
        b"data = \"elsewhere\"\nlog = \"text\"\n[service]\npublic_url = \"https://a.test/\"\n\
          [service.policies.backoffice]\nformats = [\"jpeg\"]\n[http]\nburst = 1\n",
    );
    let service = Service::start(&folder, &["--config", "a.toml", "--key", "trial:secret"]);
    let (status, head, body) = service.upload("trial:secret", PICTURE);
    let body = String::from_utf8(body).unwrap();
    assert_eq!(status, 400, "{body}");
    assert!(head.contains("x-gatefold-code: format_not_accepted"), "{head}");
    let mut statuses = (0..20).map(|_| service.upload("trial:secret", PICTURE).0);
    assert!(statuses.any(|status| status == 429));
    assert!(folder.join("elsewhere").is_dir());
    let (log, _) = service.end();
    assert!(log.contains("INFO") && !log.starts_with('{'), "{log}");

    for (args, told) in [
        (&["--config", "wrong.toml"][..], "line 1: unknown field `public_url`"),
        (&["--config", "none.toml"], "none.toml"),
        (&["--key", "trial"], "ID:SECRET"),
        (&["--public-url", "images.example"], "public URL"),
        (&["--log-filter", "a=b=c"], "log filter"),
    ] {
        let ran = folder.gatefold([&["serve", "--data", "never"], args].concat());
        assert_eq!(ran.code, 2, "{args:?}: {}", ran.err);
        assert!(ran.err.contains(told), "{args:?}: {}", ran.err);
    }
    assert!(!folder.join("never").exists());
}

#[test]
fn a_folder_serves_one_process() {
    let folder = Folder::new();
    let service = Service::start(&folder, &["--key", "trial:secret"]);
    let ran = folder.gatefold(["serve", "--listen", "127.0.0.1:0"]);
    assert_eq!(ran.code, 3);
    assert!(ran.err.contains("gatefold-data"), "{}", ran.err);
    let taken = folder.gatefold(["serve", "--listen", &service.address, "--data", "other"]);
    assert_eq!(taken.code, 3);
    assert!(taken.err.contains("cannot listen"), "{}", taken.err);
    assert_eq!(service.get("/healthz").0, 200);
}

/// Noise that no compression makes small: a PNG of more than 4 MiB.
fn large_picture() -> Vec<u8> {
    let mut state = 1_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    let samples: Vec<u8> = (0..2_100 * 2_100).map(|_| next()).collect();
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, 2_100, 2_100);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.write_header().unwrap().write_image_data(&samples).unwrap();
    bytes
}

/// As when the disk is full: a limit on the size of files, in whose place no signal comes.
#[test]
fn what_cannot_be_written_is_told_and_the_rest_goes_on() {
    let folder = Folder::new();
    let args = ["serve", "--listen", "127.0.0.1:0", "--key", "trial:secret"];
    let script = "trap '' XFSZ; ulimit -f 4000; exec \"$0\" \"$@\"";
    let mut command = folder.wrapped(["sh", "-c", script], args);
    let service = Service::of(command.env_remove("GATEFOLD_DATA"));
    let (status, head, body) = service.upload("trial:secret", &large_picture());
    let body = String::from_utf8(body).unwrap();
    assert_eq!(status, 500, "{body}");
    assert!(head.contains("x-gatefold-code: storage"), "{head}");
    assert!(!body.contains('/') && !body.contains("os error"), "{body}");
    assert_eq!(service.upload("trial:secret", PICTURE).0, 200);
    assert_eq!(service.get("/readyz").0, 200);
    assert_eq!(folder.list("gatefold-data/spool"), Vec::<String>::new());
    let (log, _) = service.end();
    assert!(log.contains("ERROR"), "{log}");
}

/// A folder that another user owns when the tests run as root, whom no permission stops.
#[cfg(unix)]
fn anybodys(folder: &Folder) -> Command {
    use std::os::unix::fs::{MetadataExt as _, chown};
    use std::os::unix::process::CommandExt as _;
    const NOBODY: u32 = 65_534;

    // The folder of the built program may be root's alone.
    let (here, program) = (folder.join(""), folder.join("gatefold"));
    std::fs::copy(env!("CARGO_BIN_EXE_gatefold"), &program).unwrap();
    let mut command = Command::new(&program);
    command.current_dir(&here).env_remove("GATEFOLD_DATA");
    if program.metadata().unwrap().uid() == 0 {
        chown(&here, Some(NOBODY), Some(NOBODY)).unwrap();
        command.uid(NOBODY).gid(NOBODY);
    }
    command
}

/// Lets the folder and those below it be written, or not.
#[cfg(unix)]
fn let_write(folder: &std::path::Path, yes: bool) {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = if yes { 0o755 } else { 0o555 };
    std::fs::set_permissions(folder, std::fs::Permissions::from_mode(mode)).unwrap();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            let_write(&path, yes);
        }
    }
}

#[cfg(unix)]
#[test]
fn a_folder_that_cannot_be_written_is_told_and_the_rest_goes_on() {
    let folder = Folder::new();
    let args = ["serve", "--listen", "127.0.0.1:0", "--key", "trial:secret"];
    let service = Service::of(anybodys(&folder).args(args));
    let (status, _, body) = service.upload("trial:secret", PICTURE);
    assert_eq!(status, 200);
    let body = String::from_utf8(body).unwrap();
    let path = body.split('"').find(|word| word.starts_with("uploads/")).unwrap();
    let path = format!("/{path}");

    let data = folder.join("gatefold-data");
    let_write(&data, false);
    for image in [&crate::folder::png(20, 20, 1), &large_picture()] {
        let (status, head, body) = service.upload("trial:secret", image);
        let body = String::from_utf8(body).unwrap();
        assert_eq!(status, 500, "{body}");
        assert!(head.contains("x-gatefold-code: storage"), "{head}");
        assert!(!body.contains('/') && !body.contains("os error"), "{body}");
    }
    // What is there is served, a rendition that cannot be kept too.
    assert_eq!(service.get(&path).0, 200);
    assert_eq!(service.get(&format!("{path}?size=12x10")).0, 200);
    let_write(&data, true);
    assert_eq!(service.upload("trial:secret", &large_picture()).0, 200);
    service.end();

    let_write(&data, false);
    let mut command = anybodys(&folder);
    let mut child =
        command.args(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    if !line.is_empty() {
        child.kill().unwrap();
    }
    let refused = child.wait_with_output().unwrap();
    let_write(&data, true);
    let told = String::from_utf8(refused.stderr).unwrap();
    assert_eq!((line.as_str(), refused.status.code()), ("", Some(3)), "{told}");
    assert!(told.contains("gatefold-data"), "{told}");
}

#[test]
fn an_operator_takes_pictures_down_beside_a_running_service() {
    let folder = Folder::new();
    let service = Service::start(&folder, &["--key", "k:s"]);
    let data = folder.list("gatefold-data/blobs");
    let (status, _, body) = service.upload("k:s", PICTURE);
    assert_eq!(status, 200);
    let key = String::from_utf8(body).unwrap();
    let file = key.split('"').find(|part| part.starts_with("uploads/")).unwrap().to_owned();
    let link = format!("/{file}");
    assert_eq!(service.get(&link).0, 200);
    let id = file.trim_start_matches("uploads/").split('.').next().unwrap().to_owned();

    let listed = folder.gatefold(["assets", "list", "--json"]);
    assert_eq!((listed.code, listed.rows()[0]["id"].as_str()), (0, Some(&*id)));
    assert!(folder.gatefold(["assets", "list", "--tenant", "nobody"]).out.is_empty());
    let usage = folder.gatefold(["quotas", "list", "--json"]).rows();
    assert_eq!(
        (usage[0]["tenant"].as_str(), usage[0]["usage"]["assets"].as_u64()),
        (Some("default"), Some(1))
    );
    assert_eq!(folder.gatefold(["assets", "remove", "--tenant", "nobody", &id]).code, 1);

    let removed =
        folder.gatefold(["assets", "remove", "--json", &format!("http://x.test{link}?size=1x1")]);
    assert_eq!(
        (removed.code, removed.rows()[0]["removed"].as_bool()),
        (0, Some(true)),
        "{}",
        removed.err
    );
    assert_eq!(folder.gatefold(["assets", "remove", &id]).code, 1);
    // The bytes are gone; the service forgets the record that it kept within a few seconds.
    let started = Instant::now();
    while service.get(&link).0 != 404 {
        assert!(started.elapsed() < Duration::from_secs(60), "it goes on serving");
        sleep(Duration::from_millis(200));
    }
    assert_eq!(
        folder.list("gatefold-data/blobs").len(),
        data.len() + 1,
        "a folder, without a file"
    );

    assert_eq!(
        folder.gatefold(["quotas", "set", "--tenant", "default", "--max-assets", "0"]).code,
        0
    );
    let (status, head, _) = service.upload("k:s", PICTURE);
    assert_eq!(status, 507, "{head}");
    assert_eq!(folder.gatefold(["quotas", "clear", "--tenant", "default"]).code, 0);
    assert_eq!(service.upload("k:s", PICTURE).0, 200);
    let wrong = folder.gatefold(["assets", "list", "--data", "typo"]);
    assert_eq!(wrong.code, 3);
    assert!(!folder.join("typo").exists());
    service.end();
}
