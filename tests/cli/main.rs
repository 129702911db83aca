//! The built command, as a shell sees it: exit codes, rows, files.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod duplicates;
mod explaining;
mod folder;
mod judging;
#[cfg(all(unix, feature = "http"))]
mod keys;
#[cfg(all(unix, feature = "http"))]
mod killing;
mod outputs;
mod overwriting;
mod page;
#[cfg(all(unix, feature = "http"))]
mod serving;
#[cfg(all(unix, feature = "http"))]
mod storage;
mod usage;
