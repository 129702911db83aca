//! Counters of one process, for Prometheus. They belong to the routers that were made together.

use std::sync::LazyLock;
use std::time::Duration;

use axum::http::{Method, StatusCode};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answer {
    surface: &'static str,
    method: &'static str,
    status: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfSurface {
    surface: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Refusal {
    surface: &'static str,
    code: &'static str,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Form {
    form: &'static str,
}

pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<Answer, Counter>,
    seconds: Family<OfSurface, Histogram>,
    refusals: Family<Refusal, Counter>,
    accepted: Family<OfSurface, Counter>,
    served: Family<Form, Counter>,
    bytes_in: Counter,
}

/// Connections of all servers in this process.
pub(crate) static CONNECTIONS: LazyLock<Connections> = LazyLock::new(Connections::default);

#[derive(Default)]
pub(crate) struct Connections {
    open: Gauge,
    accepted: Counter,
    refused: Counter,
}

impl Connections {
    pub(crate) fn opened(&self) {
        self.open.inc();
        self.accepted.inc();
    }

    pub(crate) fn closed(&self) {
        self.open.dec();
    }

    /// One was closed at once: its address has too many.
    pub(crate) fn refused(&self) {
        self.refused.inc();
    }
}

/// Upper bounds in seconds: from a cached answer to a slow upload.
const SECONDS: [f64; 12] = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0, 300.0];

impl Metrics {
    pub(crate) fn new() -> Self {
        let seconds =
            Family::new_with_constructor((|| Histogram::new(SECONDS)) as fn() -> Histogram);
        let mut metrics = Self {
            registry: Registry::with_prefix("gatefold"),
            requests: Family::default(),
            seconds,
            refusals: Family::default(),
            accepted: Family::default(),
            served: Family::default(),
            bytes_in: Counter::default(),
        };
        let Self { registry, requests, seconds, refusals, accepted, served, bytes_in } =
            &mut metrics;
        registry.register("requests", "Requests that were answered", requests.clone());
        registry.register("request_seconds", "Time to an answer's head", seconds.clone());
        registry.register("refusals", "Errors that were answered, by code", refusals.clone());
        registry.register("uploads_accepted", "Uploads that were stored", accepted.clone());
        registry.register("pictures_served", "Pictures sent, by form", served.clone());
        registry.register("body_bytes", "Bytes of request bodies read", bytes_in.clone());
        let Connections { open, accepted, refused } = &*CONNECTIONS;
        registry.register("connections", "Connections that are open", open.clone());
        registry.register("connections_accepted", "Connections accepted", accepted.clone());
        let help = "Connections closed at once: their address has too many";
        registry.register("connections_refused", help, refused.clone());
        metrics
    }

    pub(crate) fn answered(
        &self,
        surface: &'static str,
        method: &Method,
        status: StatusCode,
        code: Option<&'static str>,
        taken: Duration,
    ) {
        let answer = Answer { surface, method: known(method), status: status.as_u16() };
        self.requests.get_or_create(&answer).inc();
        self.seconds.get_or_create(&OfSurface { surface }).observe(taken.as_secs_f64());
        if let Some(code) = code {
            self.refusals.get_or_create(&Refusal { surface, code }).inc();
        }
    }

    /// An upload was stored.
    pub(crate) fn accepted(&self, surface: &'static str) {
        self.accepted.get_or_create(&OfSurface { surface }).inc();
    }

    /// A picture was sent, as `rendition` or `original`.
    pub(crate) fn served(&self, form: &'static str) {
        self.served.get_or_create(&Form { form }).inc();
    }

    pub(crate) fn bytes_in(&self, bytes: u64) {
        self.bytes_in.inc_by(bytes);
    }

    /// All of them as text (OpenMetrics 1.0).
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        if encode(&mut text, &self.registry).is_err() {
            text.clear();
        }
        text
    }
}

/// Clients may invent methods; a label per invention would be memory for the asking.
fn known(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "other",
    }
}
