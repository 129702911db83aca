//! Text that is stored: how long it may be, and that it has no U+0000, which ends a text for much that
//! reads it and which PostgreSQL does not take.

use serde_json::Value;

use super::assets::Result;
use super::error::ServiceError;
use super::model::NewAsset;

/// Unicode scalar values of an alternative text.
const MAX_ALT_TEXT: usize = 125;

impl NewAsset {
    /// # Errors
    /// [`ServiceError::Invalid`] for a text that cannot be stored.
    pub(super) fn check_text(&self) -> Result<()> {
        check_nul("tenant", &self.tenant)?;
        check_nul("file_name", self.file_name.as_deref().unwrap_or_default())?;
        check_alt_text(self.alt_text.as_deref())
    }
}

/// # Errors
/// [`ServiceError::Invalid`] when the text has U+0000.
pub(super) fn check_nul(field: &'static str, text: &str) -> Result<()> {
    match text.chars().position(|c| c == '\0') {
        Some(at) => {
            let message = format!("{field} has the character U+0000, at {at}; text has none");
            Err(ServiceError::invalid(field, message))
        }
        None => Ok(()),
    }
}

/// # Errors
/// [`ServiceError::Invalid`] when the text has U+0000 or more than so many Unicode scalar values.
pub(super) fn check_text(field: &'static str, text: Option<&str>, max: usize) -> Result<()> {
    let Some(text) = text else { return Ok(()) };
    check_nul(field, text)?;
    let length = text.chars().count();
    if length > max {
        let message = format!("{field} has {length} characters, more than {max}");
        return Err(ServiceError::invalid(field, message));
    }
    Ok(())
}

/// # Errors
/// As [`check_text`].
pub(super) fn check_alt_text(text: Option<&str>) -> Result<()> {
    check_text("altText", text, MAX_ALT_TEXT)
}

/// # Errors
/// [`ServiceError::Invalid`] when a key or a text of the value has U+0000.
pub(super) fn check_json(field: &'static str, value: &Value) -> Result<()> {
    match value {
        Value::String(text) => check_nul(field, text),
        Value::Array(values) => values.iter().try_for_each(|value| check_json(field, value)),
        Value::Object(fields) => fields.iter().try_for_each(|(key, value)| {
            check_nul(field, key)?;
            check_json(field, value)
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
    }
}
