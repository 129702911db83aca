//! What is answered while the store opens: that the process is alive, and that it is not ready yet.

use std::convert::Infallible;
use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::extract::Request;
use axum::http::header::{CACHE_CONTROL, RETRY_AFTER};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse as _, Response};
use tower::ServiceExt as _;

/// Where the application goes once it is there. See [`starting`].
#[derive(Debug, Clone)]
pub struct Opening(Arc<OnceLock<Router>>);

impl Opening {
    /// From now on requests go to `app`. Only the first call has an effect.
    pub fn open(&self, app: Router) {
        let _ = self.0.set(app);
    }
}

/// A router to serve before the store is open, so that health checks see the process alive.
///
/// Until [`Opening::open`] is called, `GET /healthz` is answered with 200 and everything else with
/// 503 and `Retry-After: 1`; then every request goes to the application.
///
/// ```
/// # tokio::runtime::Runtime::new()?.block_on(async {
/// use gatefold::http::{self, Options};
/// use gatefold::service::{Assets, Settings};
/// let (router, opening) = http::starting();
/// // Serve `router`, then open the store:
/// let assets = Assets::in_memory(Settings::default()).await?;
/// opening.open(http::app(assets, Options::default()));
/// # drop(router);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn starting() -> (Router, Opening) {
    let opening = Opening(Arc::default());
    let app = Arc::clone(&opening.0);
    let either = tower::service_fn(move |request: Request| {
        let app = app.get().cloned();
        async move {
            match app {
                Some(app) => app.oneshot(request).await,
                None => Ok::<_, Infallible>(while_opening(&request)),
            }
        }
    });
    (Router::new().fallback_service(either), opening)
}

fn while_opening(request: &Request) -> Response {
    let head = (CACHE_CONTROL, "no-store");
    if request.uri().path() == "/healthz" && matches!(*request.method(), Method::GET | Method::HEAD)
    {
        return ([head], "ok\n").into_response();
    }
    let told = "{\"error\":\"the store is being opened; try again\"}";
    let kind = (axum::http::header::CONTENT_TYPE, "application/json");
    let code = (axum::http::HeaderName::from_static("x-gatefold-code"), "opening");
    (StatusCode::SERVICE_UNAVAILABLE, [head, kind, code, (RETRY_AFTER, "1")], told).into_response()
}
