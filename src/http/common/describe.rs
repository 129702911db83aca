//! What all operations of a surface have in common, in OpenAPI: said once, here.

use utoipa::openapi::header::Header;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::response::Response;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{ContentBuilder, Ref, RefOr};
use utoipa_axum::router::OpenApiRouter;

/// The errors that any operation of a surface may answer with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ErrorDocs {
    /// The name of the schema of their bodies.
    pub(crate) schema: &'static str,
    pub(crate) statuses: &'static [u16],
}

impl ErrorDocs {
    /// Those of operations that take credentials.
    pub(crate) const WITH_KEY: &'static [u16] = &[400, 401, 403, 404, 405, 408, 429, 500, 503, 504];
}

/// Adds the common errors to every operation that does not tell of them itself, and the headers that
/// every answer has.
pub(crate) fn describe<S: Send + Sync + Clone + 'static>(
    mut routes: OpenApiRouter<S>,
    tag: &str,
    errors: ErrorDocs,
) -> OpenApiRouter<S> {
    for item in routes.get_openapi_mut().paths.paths.values_mut() {
        for operation in operations(item) {
            operation.tags = Some(vec![tag.to_owned()]);
            for status in errors.statuses {
                let response = || RefOr::T(error(*status, errors.schema));
                operation.responses.responses.entry(status.to_string()).or_insert_with(response);
            }
            for (status, response) in &mut operation.responses.responses {
                if let RefOr::T(response) = response {
                    head(status, response);
                }
            }
        }
    }
    routes
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [
        &mut item.get,
        &mut item.put,
        &mut item.post,
        &mut item.delete,
        &mut item.head,
        &mut item.patch,
    ]
    .into_iter()
    .filter_map(Option::as_mut)
}

fn error(status: u16, schema: &str) -> Response {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(schema))).build();
    let mut response = Response::new(meaning(status));
    response.content.insert("application/json".to_owned(), RefOr::T(content));
    response
}

fn head(status: &str, response: &mut Response) {
    let mut add = |name: &str, kind: Type, text: &str| {
        let mut header = Header::new(ObjectBuilder::new().schema_type(kind).build());
        header.description = Some(text.to_owned());
        response.headers.entry(name.to_owned()).or_insert(RefOr::T(header));
    };
    add("x-request-id", Type::String, "A unique identifier used to trace requests.");
    if status.starts_with(['4', '5']) {
        add("x-gatefold-code", Type::String, "The stable code of the error.");
    }
    if matches!(status, "429" | "503") {
        add("retry-after", Type::Integer, "Seconds to wait before trying again.");
    }
}

const fn meaning(status: u16) -> &'static str {
    match status {
        400 => "The server could not understand the request due to invalid syntax.",
        401 => "The request contained missing or expired authentication.",
        403 => "The user is not authorized to make the request.",
        404 => "The requested resource was not found.",
        405 => "The resource does not have this method.",
        406 => "There is no form of the resource that the client accepts.",
        408 => "The request's body came too slowly.",
        409 => "The request conflicted with the current state of the target resource.",
        413 => "The request's body is larger than permitted.",
        416 => "The range lies outside of the resource.",
        422 => "The request was well-formed, but the contents failed validation.",
        429 => "Request was refused due to rate limiting.",
        500 => "The request failed due to an unexpected error.",
        503 => "The server is busy.",
        504 => "The request failed because a downstream service failed to respond.",
        _ => "An error.",
    }
}
