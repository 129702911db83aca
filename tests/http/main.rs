//! The APIs as their clients meet them: through the router, and through a real socket.

#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "../make/mod.rs"]
mod make;
mod support;

mod access;
mod audicient;
mod audio;
mod audiodelivery;
mod backoffice;
mod bodies;
mod conditions;
mod connections;
mod ends;
mod frames;
mod http2;
mod library;
mod links;
mod moov;
mod oddities;
mod operation;
mod pages;
mod quotas;
mod rates;
mod removal;
mod seam;
mod server;
mod sessions;
mod signed;
mod storage;
mod tenants;
mod texts;
mod tickets;
