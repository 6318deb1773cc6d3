//! Signatures of webhooks, compared in constant time.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use subtle::ConstantTimeEq;

fn hmac_sha256(secret: &SecretString, body: &[u8]) -> [u8; 32] {
    // HMAC takes keys of any length; the error arm can't be reached and yields a value nobody can sign for.
    match Hmac::<Sha256>::new_from_slice(secret.expose_secret().as_bytes()) {
        Ok(mut mac) => {
            mac.update(body);
            mac.finalize().into_bytes().into()
        }
        Err(_) => [0; 32],
    }
}

/// Base64 of HMAC-SHA256 over the raw body.
pub fn hmac_sha256_base64(secret: &SecretString, body: &[u8]) -> String {
    STANDARD.encode(hmac_sha256(secret, body))
}

/// Whether `signature` is what the holder of any of `secrets` would have sent. Constant time in the content.
pub fn verify_hmac_sha256_base64(secrets: &[SecretString], body: &[u8], signature: &str) -> bool {
    let Ok(given) = STANDARD.decode(signature) else {
        return false;
    };
    secrets.iter().fold(false, |found, secret| {
        found | bool::from(hmac_sha256(secret, body).as_slice().ct_eq(&given))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn either_of_two_secrets_is_believed_and_no_other() {
        let (old, new) = (SecretString::from("old"), SecretString::from("new"));
        let signature = hmac_sha256_base64(&old, b"body");
        assert!(verify_hmac_sha256_base64(
            &[new.clone(), old.clone()],
            b"body",
            &signature
        ));
        assert!(!verify_hmac_sha256_base64(&[new], b"body", &signature));
        assert!(!verify_hmac_sha256_base64(
            std::slice::from_ref(&old),
            b"body.",
            &signature
        ));
        assert!(!verify_hmac_sha256_base64(&[old], b"body", "not base64!"));
    }

    #[test]
    fn matches_rfc_4231_case_2() {
        let signature = hmac_sha256_base64(&SecretString::from("Jefe"), b"what do ya want for nothing?");
        assert_eq!(STANDARD.decode(&signature).unwrap()[..4], [0x5b, 0xdc, 0xc1, 0x46]);
    }
}
