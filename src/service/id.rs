//! Identifiers that cannot be guessed.

use super::error::ServiceError;

/// Letters and digits of a public id.
const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// Length of a public id: 21 of 62 letters are 125 bits.
pub(crate) const PUBLIC_ID_LENGTH: usize = 21;

/// `N` random bytes from the operating system.
pub(crate) fn random<const N: usize>() -> Result<[u8; N], ServiceError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)
        .map_err(|error| ServiceError::Internal(format!("no random bytes: {error}")))?;
    Ok(bytes)
}

/// `length` random letters and digits.
pub(crate) fn letters(length: usize) -> Result<String, ServiceError> {
    let mut text = String::with_capacity(length);
    while text.len() < length {
        for byte in random::<32>()? {
            // 248 is the largest multiple of 62 in a byte: above it some letters would be likelier.
            if byte < 248 && text.len() < length {
                text.push(char::from(ALPHABET[usize::from(byte % 62)]));
            }
        }
    }
    Ok(text)
}

/// A new public id.
pub(crate) fn public_id() -> Result<String, ServiceError> {
    letters(PUBLIC_ID_LENGTH)
}
