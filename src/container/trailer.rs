//! What bytes after the end of a picture look like.

/// A short name for what `bytes` look like, or `None`.
pub(super) fn looks_like(_bytes: &[u8]) -> Option<&'static str> {
    None
}

/// What kind of script or markup `bytes` hold, or `None`.
pub(super) fn script_in(_bytes: &[u8]) -> Option<&'static str> {
    None
}
