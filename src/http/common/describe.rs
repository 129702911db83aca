//! What all operations of a surface have in common, in OpenAPI: said once, here.

use std::collections::BTreeSet;

use utoipa::ToSchema;
use utoipa::openapi::header::Header;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::response::Response;
use utoipa::openapi::schema::{KnownFormat, Object, ObjectBuilder, SchemaFormat, Type};
use utoipa::openapi::{Content, ContentBuilder, OpenApi, Ref, RefOr, Schema};
use utoipa_axum::router::OpenApiRouter;

use super::Context;

/// Sizes from 1x0 and 0x1 to 2048x2048: what policies permit unless they are told otherwise.
const SIZE: &str = "^(SIDE)x(0|SIDE)$|^0x(SIDE)$";
const SIDE: &str = "[1-9][0-9]{0,2}|1[0-9]{3}|20[0-3][0-9]|204[0-8]";
/// Names of parts that are read.
const PART_NAME: &str = "[0-9A-Za-z_.-]{1,64}";

/// Errors that operations which take credentials may answer with.
pub(crate) const WITH_KEY: &[u16] = &[400, 401, 403, 404, 405, 408, 429, 500, 503, 504, 507];

/// Adds the errors with these statuses, whose bodies are `E`s, to every operation that does not tell of
/// them itself, and the headers that every answer has.
pub(crate) fn describe<E: ToSchema>(
    mut routes: OpenApiRouter<Context>,
    tag: &str,
    statuses: &[u16],
) -> OpenApiRouter<Context> {
    let schema = E::name();
    let api = routes.get_openapi_mut();
    let mut forms = BTreeSet::new();
    for item in api.paths.paths.values_mut() {
        for operation in operations(item) {
            operation.tags = Some(vec![tag.to_owned()]);
            sizes(operation);
            forms.extend(bodies(operation));
            for status in statuses {
                let response = || RefOr::T(error(*status, &schema));
                operation.responses.responses.entry(status.to_string()).or_insert_with(response);
            }
            for (status, response) in &mut operation.responses.responses {
                if let RefOr::T(response) = response {
                    head(status, response);
                }
            }
        }
    }
    for form in forms {
        named_parts(api, &form);
    }
    let components = api.components.get_or_insert_default();
    components.schemas.insert(schema.into_owned(), E::schema());
    routes
}

fn text(build: impl FnOnce(&mut Object)) -> RefOr<Schema> {
    let mut object = ObjectBuilder::new().schema_type(Type::String).build();
    build(&mut object);
    RefOr::T(Schema::Object(object))
}

/// Says which sizes there are.
fn sizes(operation: &mut Operation) {
    for parameter in operation.parameters.iter_mut().flatten() {
        if let RefOr::T(parameter) = parameter
            && parameter.name == "size"
        {
            let pattern = SIZE.replace("SIDE", SIDE);
            parameter.schema = Some(text(|schema| schema.pattern = Some(pattern)));
        }
    }
}

/// Says that a raw body is bytes, and gives the names of the forms.
fn bodies(operation: &mut Operation) -> Option<String> {
    let Some(RefOr::T(body)) = &mut operation.request_body else { return None };
    if let Some(RefOr::T(raw)) = body.content.get_mut("application/octet-stream") {
        let binary = SchemaFormat::KnownFormat(KnownFormat::Binary);
        raw.schema = Some(text(|schema| schema.format = Some(binary)));
    }
    match body.content.get("multipart/form-data") {
        Some(RefOr::T(Content { schema: Some(RefOr::Ref(form)), .. })) => {
            form.ref_location.rsplit('/').next().map(str::to_owned)
        }
        _ => None,
    }
}

/// Says which other parts a form may have: none that another choice of parts stands for.
fn named_parts(api: &mut OpenApi, form: &str) {
    let named = |schema: &mut RefOr<Schema>, choices: &[String]| {
        let RefOr::T(Schema::Object(object)) = schema else { return };
        let others: Vec<_> =
            choices.iter().filter(|name| !object.required.contains(name)).cloned().collect();
        let not =
            if others.is_empty() { String::new() } else { format!("(?!({})$)", others.join("|")) };
        let pattern = format!("^{not}{PART_NAME}$");
        let names = ObjectBuilder::new().schema_type(Type::String).pattern(Some(pattern)).build();
        object.property_names = Some(Box::new(Schema::Object(names)));
    };
    let schemas = api.components.as_mut().map(|components| &mut components.schemas);
    match schemas.and_then(|schemas| schemas.get_mut(form)) {
        Some(RefOr::T(Schema::OneOf(choice))) => {
            let choices: Vec<_> = choice.items.iter().flat_map(required).collect();
            choice.items.iter_mut().for_each(|item| named(item, &choices));
        }
        Some(schema) => named(schema, &[]),
        None => {}
    }
}

fn required(schema: &RefOr<Schema>) -> Vec<String> {
    match schema {
        RefOr::T(Schema::Object(object)) => object.required.clone(),
        _ => Vec::new(),
    }
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
        412 => "A condition of the request does not hold.",
        413 => "The request's body is larger than permitted.",
        415 => "The request's body is coded in a way that is not taken.",
        416 => "The range lies outside of the resource.",
        422 => "The request was well-formed, but the contents failed validation.",
        429 => "Request was refused due to rate limiting.",
        500 => "The request failed due to an unexpected error.",
        503 => "The server is busy.",
        504 => "The request failed because a downstream service failed to respond.",
        507 => "There is no room left: the account's quota is used up, or the disk is full.",
        _ => "An error.",
    }
}
