//! The APIs as their clients meet them: through the router, and through a real socket.

#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "../make/mod.rs"]
mod make;
mod support;

mod bodies;
mod clients;
mod links;
mod moov;
mod operation;
mod seam;
mod server;
mod tenants;
