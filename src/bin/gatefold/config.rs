//! Raw arguments become one validated configuration; nothing after this looks at arguments.

use std::path::PathBuf;
use std::sync::Arc;

use gatefold::{BatchOptions, DuplicateRule, Pipeline, PipelineBuilder, Policy, RenditionSpec};
use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::args::{
    CheckArgs, Cli, ColorsArgs, Command, DecodeArgs, DuplicatesArgs, ExplainArgs, ProcessArgs,
    ResizeArgs,
};
use crate::console::{Console, Shape};
use crate::inputs::Input;
use crate::outcome::Failure;
use crate::policy_file;
use crate::renditions;

/// Bytes over everything in flight, when nothing is said.
const MEMORY: u64 = 1 << 30;

/// What every command needs.
pub(crate) struct Setting {
    pub(crate) console: Console,
    pool: Arc<ThreadPool>,
    memory: u64,
}

impl Setting {
    /// A pipeline on the run's threads.
    pub(crate) fn pipeline(&self, policy: Policy) -> PipelineBuilder {
        Pipeline::builder(policy).thread_pool(Arc::clone(&self.pool))
    }

    pub(crate) fn batch_options(&self) -> BatchOptions {
        BatchOptions::default().memory_budget(self.memory)
    }
}

pub(crate) struct Config {
    pub(crate) setting: Setting,
    pub(crate) task: Task,
}

pub(crate) enum Task {
    Check(CheckTask),
    Process(Box<ProcessTask>),
    Colors(CheckTask),
    Resize(Box<ResizeTask>),
    Explain(ExplainTask),
    Duplicates(DuplicatesTask),
    Decode(DecodeTask),
    #[cfg(feature = "http")]
    Serve(Box<crate::serve::ServeTask>),
    #[cfg(feature = "http")]
    Keys(crate::args::KeysCommand),
    #[cfg(feature = "http")]
    Storage(crate::storage::Task),
    #[cfg(feature = "http")]
    Assets(crate::args::AssetsCommand),
    #[cfg(feature = "http")]
    Quotas(crate::args::QuotasCommand),
    Completions(clap_complete::Shell),
    Man(Option<String>),
}

pub(crate) struct CheckTask {
    pub(crate) paths: Vec<PathBuf>,
    pub(crate) policy: Policy,
    pub(crate) shape: Shape,
}

/// Where outputs go.
#[derive(Clone)]
pub(crate) struct OutFolder {
    pub(crate) folder: PathBuf,
    pub(crate) overwrite: bool,
}

pub(crate) struct ProcessTask {
    pub(crate) paths: Vec<PathBuf>,
    pub(crate) policy: Policy,
    /// The file that the policy comes from.
    pub(crate) policy_file: Option<PathBuf>,
    pub(crate) shape: Shape,
    pub(crate) specs: Vec<RenditionSpec>,
    pub(crate) out: Option<OutFolder>,
    pub(crate) report: Option<PathBuf>,
    pub(crate) overwrite: bool,
}

pub(crate) struct ResizeTask {
    pub(crate) paths: Vec<PathBuf>,
    pub(crate) policy: Policy,
    /// The file that the policy comes from.
    pub(crate) policy_file: Option<PathBuf>,
    pub(crate) shape: Shape,
    pub(crate) spec: RenditionSpec,
    pub(crate) out: OutFolder,
}

pub(crate) struct ExplainTask {
    pub(crate) path: PathBuf,
    pub(crate) policy: Policy,
    pub(crate) shape: Shape,
    pub(crate) all: bool,
}

pub(crate) struct DuplicatesTask {
    pub(crate) paths: Vec<PathBuf>,
    pub(crate) policy: Policy,
    pub(crate) shape: Shape,
    /// `None` for exact duplicates only.
    pub(crate) radius: Option<u32>,
}

pub(crate) struct DecodeTask {
    pub(crate) path: PathBuf,
    pub(crate) policy: Policy,
    pub(crate) raw: bool,
    pub(crate) out: PathBuf,
    pub(crate) overwrite: bool,
}

impl Config {
    /// # Errors
    /// A usage failure for what does not make sense.
    pub(crate) fn of(args: Cli) -> Result<Self, Failure> {
        let task = Task::of(args.command, args.jobs, args.memory)?;
        // 0 lets rayon count the CPUs.
        let threads = args.jobs.map_or(0, usize::from);
        let pool = ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .map_err(|error| Failure::io(format!("the threads do not start: {error}")))?;
        let setting = Setting {
            console: Console::new(args.quiet, args.color),
            pool: Arc::new(pool),
            memory: args.memory.unwrap_or(MEMORY),
        };
        Ok(Self { setting, task })
    }
}

impl Task {
    #[cfg_attr(not(feature = "http"), expect(unused_variables, reason = "for a service"))]
    fn of(command: Command, jobs: Option<u16>, memory: Option<u64>) -> Result<Self, Failure> {
        Ok(match command {
            Command::Check(args) => Self::Check(args.validated()?),
            Command::Process(args) => Self::Process(Box::new(args.validated()?)),
            Command::Colors(args) => Self::Colors(args.validated()?),
            Command::Resize(args) => Self::Resize(Box::new(args.validated()?)),
            Command::Explain(args) => Self::Explain(args.validated()?),
            Command::Duplicates(args) => Self::Duplicates(args.validated()?),
            Command::Decode(args) => Self::Decode(args.validated()),
            #[cfg(feature = "http")]
            Command::Serve(args) => {
                Self::Serve(Box::new(crate::serve::ServeTask::of(*args, jobs, memory)?))
            }
            #[cfg(feature = "http")]
            Command::Keys(args) => Self::Keys(args.command),
            #[cfg(feature = "http")]
            Command::Backup(args) => Self::Storage(crate::storage::Task::Backup(args)),
            #[cfg(feature = "http")]
            Command::Restore(args) => Self::Storage(crate::storage::Task::Restore(args)),
            #[cfg(feature = "http")]
            Command::Store(args) => Self::Storage(crate::storage::Task::Store(args.command)),
            #[cfg(feature = "http")]
            Command::Assets(args) => Self::Assets(args.command),
            #[cfg(feature = "http")]
            Command::Quotas(args) => Self::Quotas(args.command),
            Command::Completions { shell } => Self::Completions(shell),
            Command::Man { command } => Self::Man(command),
        })
    }
}

impl CheckArgs {
    fn validated(self) -> Result<CheckTask, Failure> {
        Ok(CheckTask {
            paths: readable_once(self.inputs.paths)?,
            policy: alone(policy_file::policy(&self.policy)?),
            shape: Shape::of(self.json.json),
        })
    }
}

impl ColorsArgs {
    fn validated(self) -> Result<CheckTask, Failure> {
        Ok(CheckTask {
            paths: readable_once(self.inputs.paths)?,
            policy: alone(policy_file::policy(&self.policy)?),
            shape: Shape::of(self.json.json),
        })
    }
}

impl ProcessArgs {
    fn validated(self) -> Result<ProcessTask, Failure> {
        let mut policy = policy_file::policy(&self.policy)?;
        if self.reject_duplicates {
            policy.duplicates = DuplicateRule::Reject;
        } else if policy.duplicates == DuplicateRule::Allow {
            // A surface may not care; who runs this wants to know.
            policy.duplicates = DuplicateRule::Report;
        }
        policy.pixel_digest |= self.pixel_digest;
        if self.overwrite && self.out.is_none() && self.report.is_none() {
            return Err(Failure::usage("--overwrite needs --out or --report"));
        }
        if self.report.as_deref().is_some_and(Input::is_stdin) {
            return Err(Failure::usage("--report needs the name of a file"));
        }
        renditions::open_rules(&mut policy, self.enlarge);
        let specs = self
            .sizes
            .iter()
            .map(|size| renditions::parse(size, &policy))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(ProcessTask {
            paths: readable_once(self.inputs.paths)?,
            policy,
            shape: Shape::of(self.json.json),
            specs,
            policy_file: policy_file::path(&self.policy),
            out: self.out.map(|folder| OutFolder { folder, overwrite: self.overwrite }),
            report: self.report,
            overwrite: self.overwrite,
        })
    }
}

impl ResizeArgs {
    fn validated(self) -> Result<ResizeTask, Failure> {
        let mut policy = alone(policy_file::policy(&self.policy)?);
        renditions::open_rules(&mut policy, self.enlarge);
        Ok(ResizeTask {
            spec: renditions::spec(&self, &policy)?,
            policy_file: policy_file::path(&self.policy),
            paths: readable_once(self.inputs.paths)?,
            policy,
            shape: Shape::of(self.json.json),
            out: OutFolder { folder: self.out, overwrite: self.overwrite },
        })
    }
}

impl ExplainArgs {
    fn validated(self) -> Result<ExplainTask, Failure> {
        Ok(ExplainTask {
            path: self.path,
            policy: alone(policy_file::policy(&self.policy)?),
            shape: Shape::of(self.json.json),
            all: self.all,
        })
    }
}

impl DuplicatesArgs {
    fn validated(self) -> Result<DuplicatesTask, Failure> {
        let policy = alone(policy_file::policy(&self.policy)?);
        Ok(DuplicatesTask {
            paths: readable_once(self.inputs.paths)?,
            policy: policy.pixel_digest(self.pixel_digest),
            shape: Shape::of(self.json),
            radius: (!self.exact).then_some(u32::from(self.radius)),
        })
    }
}

impl DecodeArgs {
    fn validated(self) -> DecodeTask {
        DecodeTask {
            policy: alone(policy_file::limits_only(&self.limits)),
            path: self.path,
            raw: self.raw,
            out: self.out,
            overwrite: self.overwrite,
        }
    }
}

/// Standard input can be read once only.
fn readable_once(paths: Vec<PathBuf>) -> Result<Vec<PathBuf>, Failure> {
    if paths.iter().filter(|path| Input::is_stdin(path)).count() > 1 {
        return Err(Failure::usage("standard input (-) can be given once only"));
    }
    Ok(paths)
}

/// The policy of a command that looks at each file by itself.
fn alone(policy: Policy) -> Policy {
    policy.duplicates(DuplicateRule::Allow).pixel_digest(false)
}
