//! Who sent a webhook: signatures over the raw bytes, compared in constant time where a secret decides.
//!
//! None of these does I/O or looks at a clock: the request carries the instant of its arrival.

#[cfg(test)]
mod corpus_tests;
mod hmac;
mod keys;
mod public_key;
mod standard;
#[cfg(test)]
mod tests;
mod tolerance;

pub use self::hmac::{
    hmac_sha256, hmac_sha256_base64, hmac_sha256_hex, same_secret, verify_hmac_sha256, verify_hmac_sha256_base64,
    verify_hmac_sha256_hex,
};
pub use keys::{KeyCache, KnownKey};
pub use public_key::{Digest, PublicKey, PublicKeyError, answer_challenge};
pub use standard::{Delivery, StandardHeaders, StandardSecret, verify_standard};
pub use tolerance::Tolerance;
