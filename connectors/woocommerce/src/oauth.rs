//! One-legged `OAuth` 1.0a with HMAC-SHA256: how `WooCommerce` wants calls over plain HTTP signed
//! (RFC 5849; the body is not part of it, the signing key is the consumer secret and `&`).

use omnistock_sdk::http::hmac_sha256_base64;
use omnistock_sdk::{ExposeSecret, SecretString};
use omnistock_words::Millis;
use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

/// A query, names and values not yet encoded.
pub(crate) type Query = Vec<(String, String)>;

/// Percent-encodes all but RFC 3986's unreserved characters.
pub(crate) fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            encoded.push(char::from(byte));
        } else {
            encoded.push('%');
            for half in [byte >> 4, byte & 15] {
                encoded.push(
                    char::from_digit(u32::from(half), 16)
                        .unwrap_or('0')
                        .to_ascii_uppercase(),
                );
            }
        }
    }
    encoded
}

/// `a=1&b=2`, encoded, in the order given.
pub(crate) fn join(query: &Query) -> String {
    let pairs: Vec<String> = query
        .iter()
        .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
        .collect();
    pairs.join("&")
}

/// The text that is signed: method, address without query, and the parameters sorted in encoded form.
fn base_string(method: &str, address: &str, query: &Query) -> String {
    let mut pairs: Vec<(String, String)> = query
        .iter()
        .map(|(name, value)| (encode(name), encode(value)))
        .collect();
    pairs.sort();
    let pairs: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
    format!("{method}&{}&{}", encode(address), encode(&pairs.join("&")))
}

/// Signs calls. No two calls of any process share a nonce.
pub(crate) struct Signer {
    key: SecretString,
    signing_key: SecretString,
    process: u64,
    calls: AtomicU64,
}

impl Signer {
    /// For one consumer key and its secret.
    pub(crate) fn new(key: SecretString, secret: &SecretString) -> Self {
        let signing_key = SecretString::from(format!("{}&", secret.expose_secret()));
        // RandomState is seeded by the system; a nonce must be fresh, not secret.
        Self {
            key,
            signing_key,
            process: RandomState::new().hash_one(std::process::id()),
            calls: AtomicU64::new(0),
        }
    }

    /// The whole query of a call: what was asked for and the signature over it. `at` may be off by
    /// 15 minutes at most, else the vendor refuses it.
    pub(crate) fn sign(&self, method: &str, address: &str, query: Query, at: Millis) -> Query {
        let call = self.calls.fetch_add(1, Ordering::Relaxed);
        self.sign_with(
            method,
            address,
            query,
            at.0.div_euclid(1_000),
            &format!("{:016x}{call:x}", self.process),
        )
    }

    fn sign_with(&self, method: &str, address: &str, mut query: Query, seconds: i64, nonce: &str) -> Query {
        let mut add = |name: &str, value: &str| query.push((name.to_owned(), value.to_owned()));
        add("oauth_consumer_key", self.key.expose_secret());
        add("oauth_nonce", nonce);
        add("oauth_signature_method", "HMAC-SHA256");
        add("oauth_timestamp", &seconds.to_string());
        let signature = hmac_sha256_base64(&self.signing_key, base_string(method, address, &query).as_bytes());
        query.push(("oauth_signature".to_owned(), signature));
        query
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(pairs: &[(&str, &str)]) -> Query {
        pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn everything_but_unreserved_characters_is_encoded() {
        assert_eq!(encode("Az09-._~"), "Az09-._~");
        assert_eq!(encode("a b+c/ü&=%"), "a%20b%2Bc%2F%C3%BC%26%3D%25");
    }

    #[test]
    fn parameters_are_sorted_in_encoded_form() {
        // As plain text "aB" comes before "a[0]"; encoded, "a%5B0%5D" comes first.
        let text = base_string(
            "GET",
            "http://x.test/p",
            &query(&[("aB", "1"), ("a[0]", "2"), ("a", "z"), ("a", "b c")]),
        );
        assert_eq!(
            text,
            "GET&http%3A%2F%2Fx.test%2Fp&a%3Db%2520c%26a%3Dz%26a%255B0%255D%3D2%26aB%3D1"
        );
    }

    #[test]
    fn matches_a_signature_computed_by_hand() {
        let signer = Signer::new(SecretString::from("ck_0123"), &SecretString::from("cs_4567"));
        let asked = query(&[
            ("status", "any"),
            ("per_page", "100"),
            ("modified_after", "2026-01-05T12:00:00"),
        ]);
        let signed = signer.sign_with(
            "GET",
            "http://shop.test:8080/wp-json/wc/v3/orders",
            asked,
            1_767_614_400,
            "abc",
        );
        let last = signed.last().unwrap();
        assert_eq!(
            last,
            &(
                "oauth_signature".to_owned(),
                "1N1dlh3gfqrA/PUqoWFEOXq3vwg5ReUOa4zHcAUQ0tU=".to_owned()
            )
        );
    }

    #[test]
    fn two_calls_differ_in_their_nonce() {
        let signer = Signer::new(SecretString::from("ck"), &SecretString::from("cs"));
        let nonce = || {
            signer
                .sign("GET", "http://x.test/", Vec::new(), Millis(0))
                .into_iter()
                .find(|(name, _)| name == "oauth_nonce")
        };
        assert_ne!(nonce(), nonce());
    }
}
