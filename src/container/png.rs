//! Png.

use super::Structure;
use crate::format::Format;
use crate::policy::Limits;

pub(super) fn walk(_bytes: &[u8], _limits: &Limits) -> Structure {
    Structure::new(Format::Png)
}

pub(super) fn sanitized(_structure: &Structure, bytes: &[u8]) -> Vec<u8> {
    bytes.to_vec()
}
