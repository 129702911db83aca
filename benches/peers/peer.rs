//! Those who are compared, each in a process of its own.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::Outcome;
use crate::setup::Places;

/// Who works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Peer {
    Gatefold,
    Vips,
    Sharp,
    Pillow,
    Image,
}

impl Peer {
    pub(crate) const ALL: [Self; 5] =
        [Self::Gatefold, Self::Vips, Self::Sharp, Self::Pillow, Self::Image];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Gatefold => "gatefold",
            Self::Vips => "libvips",
            Self::Sharp => "sharp",
            Self::Pillow => "Pillow",
            Self::Image => "image",
        }
    }

    fn command(self, places: &Places) -> Outcome<Command> {
        let own = |name| {
            let mut command = Command::new(std::env::current_exe()?);
            command.args(["worker", name]);
            Outcome::Ok(command)
        };
        let python = |script| {
            let mut command = Command::new(places.python());
            command.arg(Places::scripts().join(script)).env("PYTHONDONTWRITEBYTECODE", "1");
            command
        };
        Ok(match self {
            Self::Gatefold => own("gatefold")?,
            Self::Image => own("image")?,
            Self::Vips => python("vips.py"),
            Self::Pillow => python("pillow.py"),
            Self::Sharp => {
                let mut command = Command::new("node");
                command.arg(places.node().join("sharp.mjs"));
                command
            }
        })
    }
}

/// What a job took.
#[derive(Debug)]
pub(crate) struct Taken {
    /// Seconds of CPU of the whole process.
    pub(crate) cpu: f64,
    /// Seconds on the clock.
    pub(crate) wall: f64,
    /// What else the worker tells: bytes made, or scores.
    pub(crate) made: Vec<f64>,
}

/// A process that takes jobs.
pub(crate) struct Worker {
    child: Child,
    jobs: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    pub(crate) version: String,
}

impl Worker {
    /// `threads` pictures are worked on at a time, each by one thread.
    pub(crate) fn start(peer: Peer, places: &Places, threads: usize) -> Outcome<Self> {
        let mut command = peer.command(places)?;
        command
            .env("VIPS_CONCURRENCY", "1")
            .env("UV_THREADPOOL_SIZE", threads.to_string())
            .env("RAYON_NUM_THREADS", threads.to_string());
        Self::of(command)
    }

    /// The process that this starts.
    pub(crate) fn of(mut command: Command) -> Outcome<Self> {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let jobs = child.stdin.take();
        let answers = BufReader::new(child.stdout.take().ok_or("no pipe")?);
        let mut worker = Self { child, jobs, answers, version: String::new() };
        worker.version = worker.line()?;
        Ok(worker)
    }

    fn line(&mut self) -> Outcome<String> {
        let mut line = String::new();
        if self.answers.read_line(&mut line)? == 0 {
            return Err(format!("{} ended", self.version).into());
        }
        Ok(line.trim().to_owned())
    }

    pub(crate) fn work(&mut self, job: &str, arguments: &[String]) -> Outcome<Taken> {
        let pipe = self.jobs.as_mut().ok_or("no pipe")?;
        writeln!(pipe, "{job}\t{}", arguments.join("\t"))?;
        pipe.flush()?;
        let line = self.line()?;
        let numbers: Result<Vec<f64>, _> = line.split(' ').map(str::parse).collect();
        match numbers.as_deref() {
            Ok([cpu, wall, made @ ..]) => Ok(Taken { cpu: *cpu, wall: *wall, made: made.to_vec() }),
            _ => Err(format!("{} answered: {line}", self.version).into()),
        }
    }

    /// A field of `/proc/PID/status` in MiB, such as `VmHWM`, the most that was ever resident.
    pub(crate) fn memory(&self, field: &str) -> Outcome<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find(|line| line.starts_with(field)).ok_or("no such field")?;
        let kib: f64 = line.split_whitespace().nth(1).ok_or("no number")?.parse()?;
        Ok(kib / 1024.0)
    }
}

impl Drop for Worker {
    /// Without jobs it ends.
    fn drop(&mut self) {
        self.jobs = None;
        let _ = self.child.wait();
    }
}
