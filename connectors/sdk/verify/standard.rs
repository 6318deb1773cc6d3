//! Standard Webhooks: an id, a time and a list of signatures in headers, all signed with the body.

use super::{Tolerance, hmac_sha256};
use crate::{RawRequest, WebhookError};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use omnistock_words::Millis;
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// Signatures in one header that are looked at; a sender that rotates has two.
const SIGNATURES: usize = 16;

/// The names of the three headers, in lower case.
#[derive(Debug, Clone, Copy)]
pub struct StandardHeaders {
    /// Of the delivery's id.
    pub id: &'static str,
    /// Of the time, Unix seconds.
    pub timestamp: &'static str,
    /// Of the signatures: `v1,BASE64`, separated by spaces.
    pub signature: &'static str,
}

impl Default for StandardHeaders {
    fn default() -> Self {
        Self {
            id: "webhook-id",
            timestamp: "webhook-timestamp",
            signature: "webhook-signature",
        }
    }
}

/// A key as the sender shows it to people.
pub struct StandardSecret(Zeroizing<Vec<u8>>);

impl StandardSecret {
    /// `whsec_` and base64, or any other text as it is. `None`: what follows `whsec_` is no base64.
    pub fn new(secret: &SecretString) -> Option<Self> {
        let text = secret.expose_secret();
        let key = match text.strip_prefix("whsec_") {
            Some(encoded) => STANDARD.decode(encoded).ok()?,
            None => text.as_bytes().to_vec(),
        };
        Some(Self(Zeroizing::new(key)))
    }
}

/// A delivery that is believed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The sender's id of it: the same when it is sent again.
    pub id: String,
    /// When this attempt was signed.
    pub sent: Millis,
}

/// Verifies that the holder of any of `secrets` signed id, time and body, and that the time is near.
pub fn verify_standard(
    secrets: &[StandardSecret],
    headers: &StandardHeaders,
    tolerance: Tolerance,
    request: &RawRequest,
) -> Result<Delivery, WebhookError> {
    let header = |name, missing| request.header(name).ok_or(WebhookError::Unsigned(missing));
    let id = header(headers.id, "no header with the delivery's id")?;
    let timestamp = header(headers.timestamp, "no header with the time")?;
    let signatures = header(headers.signature, "no header with the signature")?;
    let seconds: i64 = timestamp
        .parse()
        .map_err(|_| WebhookError::Unsigned("the time is not in Unix seconds"))?;
    let parts: [&[u8]; 5] = [id.as_bytes(), b".", timestamp.as_bytes(), b".", &request.body];
    let ours: Vec<[u8; 32]> = secrets.iter().map(|secret| hmac_sha256(&secret.0, &parts)).collect();
    let theirs = signatures.split(' ').take(SIGNATURES);
    let theirs = theirs.filter_map(|each| STANDARD.decode(each.strip_prefix("v1,")?).ok());
    let believed = theirs.fold(false, |found, theirs| {
        ours.iter()
            .fold(found, |found, ours| found | bool::from(ours.as_slice().ct_eq(&theirs)))
    });
    if !believed {
        return Err(WebhookError::Unsigned("no signature is of these secrets and this body"));
    }
    let sent = Millis(seconds.saturating_mul(1_000)).plus(0);
    if !tolerance.allows(sent, request.received_at) {
        return Err(WebhookError::Unsigned(
            "signed too long ago, or ahead of our clock: a repetition, or a clock that is wrong",
        ));
    }
    Ok(Delivery {
        id: id.to_owned(),
        sent,
    })
}
