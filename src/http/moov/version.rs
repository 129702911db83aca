//! The header `X-Moov-Version`: `vYYYY.QQ.BB`, where QQ is the first month of a quarter.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use utoipa::IntoParams;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};

use crate::http::common::{Context, Failure};

const HEADER: &str = "x-moov-version";
/// The versions that are spoken, oldest first.
const KNOWN: [[u16; 3]; 1] = [[2024, 1, 0]];

/// The version of the API that a request is in: the newest known one not after what it asks for.
pub(crate) struct Version;

impl FromRequestParts<Context> for Version {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &Context) -> Result<Self, Failure> {
        let mut values = parts.headers.get_all(HEADER).iter();
        let Some(value) = values.next() else { return Ok(Self) };
        let asked = value.to_str().ok().and_then(parse);
        let known = asked.and_then(|asked| KNOWN.into_iter().rfind(|known| *known <= asked));
        match (known, values.next()) {
            (Some(_), None) => Ok(Self),
            _ => Err(Failure::not_found("API version; ask for one such as v2024.01.00")),
        }
    }
}

fn parse(text: &str) -> Option<[u16; 3]> {
    let mut parts = text.strip_prefix('v')?.split('.');
    let mut number = |digits: usize| -> Option<u16> {
        let part = parts.next()?;
        let plain = part.len() == digits && part.bytes().all(|b| b.is_ascii_digit());
        if plain { part.parse().ok() } else { None }
    };
    let version = [number(4)?, number(2)?, number(2)?];
    (parts.next().is_none() && matches!(version[1], 1 | 4 | 7 | 10)).then_some(version)
}

impl IntoParams for Version {
    fn into_params(_: impl Fn() -> Option<ParameterIn>) -> Vec<Parameter> {
        let schema = ObjectBuilder::new()
            .schema_type(Type::String)
            .pattern(Some("^v[0-9]{4}\\.(01|04|07|10)\\.[0-9]{2}$"))
            .build();
        vec![
            ParameterBuilder::new()
                .name("X-Moov-Version")
                .parameter_in(ParameterIn::Header)
                .description(Some("Specify an API version; v2024.01.00 when left out."))
                .schema(Some(schema))
                .build(),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn versions_are_a_year_a_quarter_and_a_build() {
        assert_eq!(parse("v2024.01.00"), Some([2024, 1, 0]));
        assert_eq!(parse("v2026.07.12"), Some([2026, 7, 12]));
        for wrong in
            ["2024.01.00", "v2024.02.00", "v2024.1.0", "v2024.01", "v2024.01.00.0", "latest", ""]
        {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
