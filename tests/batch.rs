//! Many uploads: input order, any number of threads, little memory, cancellation.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod make;

use std::sync::Arc;

use gatefold::{
    BatchOptions, Cancellation, DuplicateIndex, DuplicateRule, MemoryIndex, Pipeline, Policy,
    RenditionSpec, Source,
};

fn files() -> Vec<(String, Vec<u8>)> {
    let mut files = Vec::new();
    for seed in 0..6u32 {
        files.push((format!("{seed}.png"), make::png(50 + seed, 40, seed)));
        files.push((format!("{seed}.jpg"), make::jpeg(64, 48, seed)));
        files.push((format!("{seed}.gif"), make::gif(20, 20, 2)));
        files.push((format!("{seed}-again.png"), make::png(50 + seed, 40, seed)));
        let mut cut = make::png(60, 40, seed);
        cut.truncate(cut.len() / 2);
        files.push((format!("{seed}-cut.png"), cut.clone()));
        files.push((format!("{seed}-cut-again.png"), cut));
    }
    files
}

fn sources(files: &[(String, Vec<u8>)]) -> Vec<Source> {
    files.iter().map(|(id, bytes)| Source::bytes(id, bytes.clone())).collect()
}

fn pipeline(threads: usize, duplicates: DuplicateRule, index: Arc<dyn DuplicateIndex>) -> Pipeline {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
    Pipeline::builder(Policy::default().duplicates(duplicates).pixel_digest(true))
        .rendition("16x16".parse::<RenditionSpec>().unwrap())
        .duplicates(index)
        .thread_pool(Arc::new(pool))
        .build()
        .unwrap()
}

/// Everything a batch says, as text.
fn transcript(
    pipeline: &Pipeline,
    files: &[(String, Vec<u8>)],
    options: &BatchOptions,
) -> Vec<String> {
    let mut lines = Vec::new();
    pipeline.process_batch(sources(files), options, |item| {
        let said = match item.result {
            Ok(report) => format!(
                "{:?} {:?} {:?} {:?} {:?}",
                report.digests(),
                report.image_colors(),
                report.player_color(),
                report.renditions().iter().map(|r| blake3::hash(r.bytes())).collect::<Vec<_>>(),
                report.duplicate_of().map(|known| known.id.clone()),
            ),
            Err(error) => format!("{} {error}", error.code()),
        };
        lines.push(format!("{} {} {said}", item.index, item.id));
    });
    lines
}

#[test]
fn one_and_many_threads_give_identical_results_in_input_order() {
    let files = files();
    for rule in [DuplicateRule::Report, DuplicateRule::Reject] {
        let one = transcript(
            &pipeline(1, rule, Arc::new(MemoryIndex::new())),
            &files,
            &BatchOptions::default(),
        );
        assert_eq!(one.len(), files.len());
        for (line, (number, (id, _))) in one.iter().zip(files.iter().enumerate()) {
            assert!(line.starts_with(&format!("{number} {id} ")), "{line}");
        }
        for threads in [2, 5] {
            let many = pipeline(threads, rule, Arc::new(MemoryIndex::new()));
            assert_eq!(
                one,
                transcript(&many, &files, &BatchOptions::default()),
                "{threads} threads"
            );
        }
    }
}

#[test]
fn the_earlier_of_equal_uploads_is_the_original() {
    let png = make::png(30, 30, 9);
    let copies: Vec<Source> = (0..20).map(|n| Source::bytes(n.to_string(), png.clone())).collect();
    let pipeline = pipeline(4, DuplicateRule::Reject, Arc::new(MemoryIndex::new()));
    let mut kept = Vec::new();
    let mut codes = Vec::new();
    pipeline.process_batch(copies, &BatchOptions::default(), |item| match item.result {
        // Held until the end, as an embedder does while it stores the file.
        Ok(report) => kept.push((item.id, report)),
        Err(error) => codes.push(error.code()),
    });
    assert_eq!(kept.iter().map(|(id, _)| id.as_str()).collect::<Vec<_>>(), ["0"]);
    assert_eq!(codes, ["duplicate"; 19]);
}

#[test]
fn a_budget_smaller_than_any_upload_still_ends() {
    let files = files();
    let index = || Arc::new(MemoryIndex::new());
    let plenty =
        transcript(&pipeline(2, DuplicateRule::Report, index()), &files, &BatchOptions::default());
    for budget in [0, 1, 20_000] {
        let options = BatchOptions::default().memory_budget(budget);
        assert_eq!(
            plenty,
            transcript(&pipeline(3, DuplicateRule::Report, index()), &files, &options)
        );
    }
}

#[test]
fn a_batch_may_start_on_the_only_thread_of_its_pool() {
    let pool = Arc::new(rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap());
    let pipeline = Pipeline::builder(Policy::default()).thread_pool(pool.clone()).build().unwrap();
    let options = BatchOptions::default().memory_budget(1);
    let files = files();
    let summary = pool.install(|| pipeline.check_batch(sources(&files), &options, |_| {}));
    assert_eq!((summary.accepted, summary.rejected), (24, 12));
}

#[test]
fn what_cannot_be_read_fails_alone() {
    let missing = std::env::temp_dir().join("gatefold-no-such-file.png");
    let list = vec![
        Source::path(missing),
        Source::bytes("b", make::png(8, 8, 0)),
        Source::reader("endless", std::io::repeat(0)),
    ];
    let pipeline = Pipeline::builder(Policy::default().max_bytes(100_000)).build().unwrap();
    let mut codes = Vec::new();
    let summary = pipeline.check_batch(list, &BatchOptions::default(), |item| {
        codes.push(item.result.map_or_else(|error| error.code(), |_| "ok"));
    });
    assert_eq!(codes, ["io", "ok", "too_many_bytes"]);
    assert_eq!((summary.accepted, summary.rejected, summary.failed), (1, 1, 1));
}

#[test]
fn cancelling_stops_the_feed() {
    let stop = Cancellation::new();
    let options = BatchOptions::default().memory_budget(1).cancelled_by(&stop);
    let pipeline = Pipeline::builder(Policy::default()).build().unwrap();
    let endless = (0..).map(|n| Source::bytes(n.to_string(), make::png(8, 8, n)));
    let mut seen = 0;
    let summary = pipeline.process_batch(endless, &options, |_| {
        seen += 1;
        if seen == 5 {
            stop.cancel();
        }
    });
    assert!(summary.cancelled);
    assert!((5..10).contains(&seen), "{seen}");
}
