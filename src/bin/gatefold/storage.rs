//! `gatefold backup`, `restore` and `store`: looking after what a service keeps.

use gatefold::service::{
    Copied, ServiceError, StoreCheck, StoreFault, StoreFinding, StoreSummary, adopt_store, back_up,
    restore,
};

use crate::args::{BackupArgs, RestoreArgs, StoreCommand};
use crate::config::Setting;
use crate::console::{Output, Shape, note, print};
use crate::outcome::{Exit, Failure};
use crate::serve::{block_on, chain};
use crate::text::clean;

pub(crate) enum Task {
    Backup(BackupArgs),
    Restore(RestoreArgs),
    Store(StoreCommand),
}

pub(crate) fn run(setting: &Setting, task: Task) -> Result<Exit, Failure> {
    match task {
        Task::Backup(BackupArgs { to, data }) => {
            let copied = block_on(async { back_up(&data.data, &to).await.map_err(failed) })?;
            tell(setting, &copied, &format!("is backed up in {}", to.display()))
        }
        Task::Restore(RestoreArgs { from, data }) => {
            let copied = block_on(async { restore(&from, &data).await.map_err(failed) })?;
            tell(setting, &copied, &format!("is restored in {}", data.display()))
        }
        Task::Store(StoreCommand::Check { data, json, quick, repair }) => {
            let check = StoreCheck::new(data.data).digests(!quick).repair(repair);
            let shape = Shape::of(json);
            let mut output = Output::default();
            let mut write = |text: String| output.write(format!("{text}\n").as_bytes());
            let wanted = setting.console.wants(shape);
            let summary = block_on(async {
                let told = |finding: &StoreFinding| {
                    let text = if json { to_json(finding) } else { row(finding) };
                    let _ = wanted && write(text);
                };
                check.run(told).await.map_err(failed)
            })?;
            if wanted {
                write(if json { to_json(&summary) } else { in_words(&summary) });
            }
            output.end()?;
            Ok(if summary.is_sound() { Exit::Accepted } else { Exit::Rejected })
        }
        Task::Store(StoreCommand::Adopt { data }) => {
            let id = block_on(async { adopt_store(&data.data).await.map_err(failed) })?;
            if setting.console.wants(Shape::Text) {
                print(format!("{} is store {id} now\n", data.data.display()).as_bytes())?;
            }
            Ok(Exit::Accepted)
        }
    }
}

#[allow(clippy::needless_pass_by_value)]
fn failed(error: ServiceError) -> Failure {
    Failure::io(chain(&error))
}

fn tell(setting: &Setting, copied: &Copied, what: &str) -> Result<Exit, Failure> {
    for id in &copied.missing {
        note(&format!("the bytes of blob {id} are lost; upload the picture again"));
    }
    for id in &copied.damaged {
        note(&format!("the bytes of blob {id} are damaged and were not copied"));
    }
    if setting.console.wants(Shape::Text) {
        let Copied { store, blobs, new_blobs, new_bytes, .. } = copied;
        let text = format!(
            "store {store} {what}: {blobs} blobs, {new_blobs} of them new, {new_bytes} bytes\n"
        );
        print(text.as_bytes())?;
    }
    let whole = copied.missing.is_empty() && copied.damaged.is_empty();
    Ok(if whole { Exit::Accepted } else { Exit::Rejected })
}

fn to_json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// The fault, the path, numbers and who names it; columns are set apart by tabs.
fn row(finding: &StoreFinding) -> String {
    let fault = match finding.fault {
        StoreFault::Missing => "missing",
        StoreFault::WrongLength => "wrong length",
        StoreFault::WrongDigest => "wrong digest",
        StoreFault::Unnamed => "unnamed",
        StoreFault::Unfinished => "unfinished",
        _ => "wrong",
    };
    let numbers = match (&finding.expected, &finding.actual) {
        (Some(expected), Some(actual)) => format!("{actual} instead of {expected}"),
        (_, Some(actual)) => format!("{actual} bytes"),
        _ => "-".to_owned(),
    };
    let named = |what: &str, ids: &[String]| {
        ids.iter().map(|id| format!("{what} {id}")).collect::<Vec<_>>()
    };
    let named: Vec<String> =
        [named("asset", &finding.assets), named("track", &finding.tracks)].concat();
    let aside = finding.set_aside.as_ref().map(|place| format!("now {place}"));
    let cells = [
        fault.to_owned(),
        finding.path.clone(),
        numbers,
        named.join(", "),
        aside.unwrap_or_default(),
    ];
    cells
        .iter()
        .filter(|cell| !cell.is_empty())
        .map(|cell| clean(cell).to_string())
        .collect::<Vec<_>>()
        .join("\t")
}

fn in_words(summary: &StoreSummary) -> String {
    format!(
        "{} blobs that records name, {} bytes: {} missing, {} of a wrong length, {} of a wrong digest; \
         {} files unnamed, {} unfinished; {} uploads under way, {} blobs to be removed, {} set aside",
        summary.named,
        summary.named_bytes,
        summary.missing,
        summary.wrong_length,
        summary.wrong_digest,
        summary.unnamed,
        summary.unfinished,
        summary.intended,
        summary.doomed,
        summary.set_aside
    )
}
