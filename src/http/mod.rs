//! The service as routers for axum.
