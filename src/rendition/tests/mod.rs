#![allow(clippy::unwrap_used, clippy::expect_used)]

mod plan;
mod render;
mod spec;
