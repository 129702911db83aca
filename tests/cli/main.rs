//! The built command, as a shell sees it: exit codes, rows, files.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod explaining;
mod folder;
mod judging;
#[cfg(all(unix, feature = "http"))]
mod killing;
mod outputs;
mod page;
#[cfg(all(unix, feature = "http"))]
mod serving;
#[cfg(all(unix, feature = "http"))]
mod storage;
mod usage;
