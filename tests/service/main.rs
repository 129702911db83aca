//! The asset service through its public API.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod admission;
mod assets;
mod common;
mod copies;
mod lifecycle;
mod media;
mod quotas;
mod recordings;
mod renditions;
mod safety;
mod takedown;
