//! What is needed from elsewhere: peers from their registries, photographs from Debian.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::Outcome;

/// Debian packages with photographs of 6 to 20 megapixels.
const PACKAGES: [&str; 2] = ["lomiri-wallpapers-16.04", "lomiri-wallpapers-20.04"];

/// Where things lie.
pub(crate) struct Places {
    root: PathBuf,
}

fn succeed(command: &mut Command) -> Outcome<()> {
    eprintln!("{command:?}");
    // Answers go to standard output; what others say does not.
    let status = command.stdin(Stdio::null()).stdout(Stdio::null()).status()?;
    if status.success() { Ok(()) } else { Err(format!("{command:?} failed").into()) }
}

impl Places {
    /// Fetches what is missing.
    pub(crate) fn set_up() -> Outcome<Self> {
        let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().ok_or("no target folder")?;
        let places = Self { root: target.join("peers") };
        fs::create_dir_all(&places.root)?;
        places.once("venv", |folder| {
            succeed(Command::new("python3").args(["-m", "venv"]).arg(folder))?;
            let list = Self::scripts().join("requirements.txt");
            succeed(Command::new(places.python()).args(["-m", "pip", "install", "-r"]).arg(list))
        })?;
        places.once("node", |folder| {
            fs::create_dir_all(folder)?;
            for file in ["package.json", "package-lock.json"] {
                fs::copy(Self::scripts().join(file), folder.join(file))?;
            }
            succeed(Command::new("npm").arg("ci").current_dir(folder))
        })?;
        // A script finds its packages beside itself.
        fs::copy(Self::scripts().join("sharp.mjs"), places.node().join("sharp.mjs"))?;
        places.once("debian", |folder| {
            fs::create_dir_all(folder)?;
            succeed(Command::new("apt-get").arg("download").args(PACKAGES).current_dir(folder))?;
            for entry in fs::read_dir(folder)? {
                let package = entry?.path();
                if package.extension().is_some_and(|extension| extension == "deb") {
                    succeed(Command::new("dpkg-deb").arg("-x").arg(package).arg(folder))?;
                }
            }
            Ok(())
        })?;
        Ok(places)
    }

    /// Makes a folder unless it was made before, to its end.
    fn once(&self, name: &str, make: impl FnOnce(&Path) -> Outcome<()>) -> Outcome<PathBuf> {
        let (folder, done) = (self.root.join(name), self.root.join(format!("{name}.done")));
        if !done.exists() {
            make(&folder)?;
            fs::write(done, "")?;
        }
        Ok(folder)
    }

    /// The files of one kind of measurement, as `make.py` makes them.
    pub(crate) fn files(&self, what: &str) -> Outcome<PathBuf> {
        self.once(what, |folder| {
            let photographs = self.root.join("debian/usr/share/backgrounds");
            let script = Self::scripts().join("make.py");
            let python = self.python();
            succeed(Command::new(python).arg(script).arg(photographs).arg(folder).arg(what))
        })
    }

    /// The program that compares pictures.
    pub(crate) fn judge(&self) -> Outcome<PathBuf> {
        let folder = self.root.join("judge");
        let package = Self::scripts().join("judge/Cargo.toml");
        let mut cargo = Command::new(env!("CARGO"));
        cargo.args(["build", "--release", "--locked", "--manifest-path"]).arg(package);
        succeed(cargo.arg("--target-dir").arg(&folder))?;
        Ok(folder.join("release/judge"))
    }

    /// A file or folder for results.
    pub(crate) fn results(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    pub(crate) fn scripts() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers")
    }

    /// Where the README's plots lie.
    pub(crate) fn plots() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join(".github")
    }

    pub(crate) fn python(&self) -> PathBuf {
        self.root.join("venv/bin/python")
    }

    pub(crate) fn node(&self) -> PathBuf {
        self.root.join("node")
    }
}
