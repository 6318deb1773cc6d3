//! HMAC-SHA256 with any of the secrets in force, over one or several parts: a body, an address and a body.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use std::fmt::Write;
use subtle::ConstantTimeEq;

/// HMAC-SHA256 over `parts` as if they were one.
pub fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    // HMAC takes keys of any length; the error arm can't be reached and yields a value nobody can sign for.
    match Hmac::<Sha256>::new_from_slice(key) {
        Ok(mut mac) => {
            for part in parts {
                mac.update(part);
            }
            mac.finalize().into_bytes().into()
        }
        Err(_) => [0; 32],
    }
}

fn signed(secret: &SecretString, parts: &[&[u8]]) -> [u8; 32] {
    hmac_sha256(secret.expose_secret().as_bytes(), parts)
}

/// Base64 of HMAC-SHA256 over the raw body.
pub fn hmac_sha256_base64(secret: &SecretString, body: &[u8]) -> String {
    STANDARD.encode(signed(secret, &[body]))
}

/// Lower-case hexadecimal digits of HMAC-SHA256 over the raw body.
pub fn hmac_sha256_hex(secret: &SecretString, body: &[u8]) -> String {
    let mut text = String::with_capacity(64);
    for byte in signed(secret, &[body]) {
        // Writing to a String can't fail.
        write!(text, "{byte:02x}").unwrap_or_default();
    }
    text
}

/// Whether `signature` is what the holder of any of `secrets` makes of `parts`. Constant time in the content.
/// A vendor that signs its address with the body has two parts.
pub fn verify_hmac_sha256(secrets: &[SecretString], parts: &[&[u8]], signature: &[u8]) -> bool {
    secrets.iter().fold(false, |found, secret| {
        found | bool::from(signed(secret, parts).as_slice().ct_eq(signature))
    })
}

/// As [`verify_hmac_sha256`] over a body, with a signature in base64, padded.
pub fn verify_hmac_sha256_base64(secrets: &[SecretString], body: &[u8], signature: &str) -> bool {
    STANDARD
        .decode(signature)
        .is_ok_and(|given| verify_hmac_sha256(secrets, &[body], &given))
}

/// As [`verify_hmac_sha256`] over a body, with a signature in 64 hexadecimal digits of either case.
pub fn verify_hmac_sha256_hex(secrets: &[SecretString], body: &[u8], signature: &str) -> bool {
    from_hex(signature).is_some_and(|given| verify_hmac_sha256(secrets, &[body], &given))
}

fn from_hex(text: &str) -> Option<[u8; 32]> {
    let digit = |byte: &u8| {
        char::from(*byte)
            .to_digit(16)
            .and_then(|digit| u8::try_from(digit).ok())
    };
    let mut bytes = [0; 32];
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if pairs.len() != bytes.len() || !rest.is_empty() {
        return None;
    }
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        *byte = (digit(high)? << 4) | digit(low)?;
    }
    Some(bytes)
}

/// Whether `given` is one of the secrets: for senders that sign nothing and show a word instead. Constant time
/// in the content, not in the length.
pub fn same_secret(secrets: &[SecretString], given: &str) -> bool {
    secrets.iter().fold(false, |found, secret| {
        found | bool::from(secret.expose_secret().as_bytes().ct_eq(given.as_bytes()))
    })
}
