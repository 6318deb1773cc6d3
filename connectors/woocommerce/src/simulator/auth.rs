//! Who may call: over plain HTTP the vendor only takes `OAuth` 1.0a, each nonce once.
//!
//! Written the way the vendor does it (decode, encode, encode again, sort by name), not the way our signer does.

use super::answer::{Call, Reply};
use super::shop::{KEY, SECRET, Shop};
use crate::oauth::encode;
use omnistock_sdk::http::verify_hmac_sha256_base64;
use omnistock_sdk::{SecretString, now};
use std::collections::{BTreeMap, HashSet, VecDeque};

/// Seconds that a timestamp may be off.
const WINDOW: i64 = 900;

/// The refusal, where the call is refused.
pub(super) fn refuse(shop: &mut Shop, call: &Call) -> Option<Reply> {
    let refusal = check(shop, call);
    if refusal.is_some() {
        shop.counters.unauthorized += 1;
    }
    refusal
}

fn unauthorized(message: &str) -> Reply {
    Reply::error(401, "woocommerce_rest_authentication_error", message)
}

fn check(shop: &mut Shop, call: &Call) -> Option<Reply> {
    let oauth = |name: &str| call.query(&format!("oauth_{name}"));
    let (Some(key), Some(nonce), Some(signature), Some(method)) = (
        oauth("consumer_key"),
        oauth("nonce"),
        oauth("signature"),
        oauth("signature_method"),
    ) else {
        return Some(Reply::error(
            401,
            "woocommerce_rest_cannot_view",
            "Sorry, you cannot list resources.",
        ));
    };
    if shop.revoked || key != KEY {
        return Some(unauthorized("Consumer key is invalid."));
    }
    if method != "HMAC-SHA256" {
        return Some(unauthorized("Invalid signature - signature method is invalid."));
    }
    let text = format!(
        "{}&{}&{}",
        call.method,
        encode(&format!("{}/wp-json/wc/v3{}", shop.address, call.path)),
        normalised(call)
    );
    let secret = SecretString::from(format!("{SECRET}&"));
    if !verify_hmac_sha256_base64(&[secret], text.as_bytes(), signature) {
        return Some(unauthorized("Invalid signature - provided signature does not match."));
    }
    let seconds = now().0 / 1_000;
    let timestamp = oauth("timestamp")
        .and_then(|text| text.parse::<i64>().ok())
        .unwrap_or_default();
    if (seconds - timestamp).abs() > WINDOW {
        return Some(unauthorized("Invalid timestamp."));
    }
    if !shop.nonces.add(nonce, seconds) {
        return Some(unauthorized("Invalid nonce - nonce has already been used."));
    }
    if shop.read_only && call.method != "GET" {
        return Some(unauthorized("The API key provided does not have write permissions."));
    }
    None
}

/// What was used, for as long as its timestamp could still be taken.
#[derive(Default)]
pub(super) struct Nonces {
    used: HashSet<String>,
    by_time: VecDeque<(i64, String)>,
}

impl Nonces {
    /// Whether it is new; `now` in seconds.
    fn add(&mut self, nonce: &str, now: i64) -> bool {
        // Behind both windows its timestamp is refused.
        while self.by_time.front().is_some_and(|(at, _)| now - at > 2 * WINDOW) {
            if let Some((_, old)) = self.by_time.pop_front() {
                self.used.remove(&old);
            }
        }
        let new = self.used.insert(nonce.to_owned());
        if new {
            self.by_time.push_back((now, nonce.to_owned()));
        }
        new
    }
}

fn normalised(call: &Call) -> String {
    let twice = |text: &str| encode(text).replace('%', "%25");
    let sorted: BTreeMap<String, String> = call
        .query
        .iter()
        .filter(|(name, _)| name != "oauth_signature")
        .map(|(name, value)| (twice(name), twice(value)))
        .collect();
    sorted
        .iter()
        .map(|(name, value)| format!("{name}%3D{value}"))
        .collect::<Vec<_>>()
        .join("%26")
}
