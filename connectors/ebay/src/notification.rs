//! Notifications: which are believed, and what they say.
//!
//! A body is only ever a reason to look: what it says of an order is read again from the interface that tells it whole.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use omnistock_sdk::verify::{Digest, KeyCache, KnownKey};
use omnistock_sdk::{Hint, RawRequest, Received, WebhookError};
use omnistock_words::OrderId;
use serde::Deserialize;

/// Topics that tell of orders [the vendor's list of topics]. Of a number that changed no topic tells.
pub(crate) const TOPICS: [&str; 2] = ["ORDER_CONFIRMATION", "ITEM_MARKED_SHIPPED"];

/// Longer headers are no signature.
const MOST: usize = 2_048;

/// The header, decoded.
#[derive(Deserialize)]
struct Signature {
    kid: String,
    #[serde(rename = "signature")]
    bytes: String,
    digest: String,
}

#[derive(Deserialize)]
struct Envelope {
    metadata: Metadata,
    #[serde(default)]
    notification: Notification,
}

#[derive(Deserialize)]
struct Metadata {
    topic: String,
}

#[derive(Default, Deserialize)]
struct Notification {
    #[serde(default)]
    data: Data,
}

/// What bodies say, as far as we look: the order's id, beside or inside an order.
#[derive(Default, Deserialize)]
struct Data {
    #[serde(rename = "orderId", default)]
    id: Option<String>,
    #[serde(default)]
    order: Option<InnerOrder>,
}

#[derive(Deserialize)]
struct InnerOrder {
    #[serde(rename = "orderId", default)]
    id: Option<String>,
}

/// Verifies, then reads. A repeated delivery says the same again, which changes nothing.
pub(crate) fn receive(keys: &KeyCache, request: &RawRequest) -> Result<Received, WebhookError> {
    let unsigned = WebhookError::Unsigned;
    let header = request
        .header("x-ebay-signature")
        .ok_or(unsigned("no x-ebay-signature"))?;
    if header.len() > MOST {
        return Err(unsigned("the signature is too long to be one"));
    }
    let decoded = STANDARD.decode(header.trim());
    let decoded = decoded.map_err(|_| unsigned("the signature is not base64"))?;
    let signature: Signature =
        serde_json::from_slice(&decoded).map_err(|_| unsigned("the signature is of another form"))?;
    let digest =
        Digest::named(&signature.digest).ok_or(unsigned("the signature is over a digest that is not known"))?;
    let bytes = STANDARD.decode(&signature.bytes);
    let bytes = bytes.map_err(|_| unsigned("the signature is not base64"))?;
    match keys.find(&signature.kid, request.received_at) {
        KnownKey::Fetch => Err(WebhookError::Key(signature.kid)),
        KnownKey::None => Err(unsigned("the signature names a key that eBay does not know")),
        KnownKey::Key(key) if key.verifies(digest, &request.body, &bytes) => said(request),
        KnownKey::Key(_) => Err(unsigned("the signature is of another key or body")),
    }
}

fn said(request: &RawRequest) -> Result<Received, WebhookError> {
    let envelope: Envelope =
        serde_json::from_slice(&request.body).map_err(|error| WebhookError::Malformed(error.to_string()))?;
    if !TOPICS.contains(&envelope.metadata.topic.as_str()) {
        return Ok(Received::Nothing);
    }
    let data = envelope.notification.data;
    let id = data.id.or_else(|| data.order?.id);
    let order = id.and_then(|id| OrderId::new(id).ok());
    Ok(Received::Look(vec![order.map_or(Hint::Orders, Hint::Order)]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use omnistock_words::Millis;
    use proptest::prelude::*;

    fn request(header: Option<&str>, body: &str) -> RawRequest {
        RawRequest {
            headers: header
                .map(|value| ("x-ebay-signature".to_owned(), value.to_owned()))
                .into_iter()
                .collect(),
            query: String::new(),
            body: Bytes::from(body.to_owned()),
            received_at: Millis(9_000),
        }
    }

    #[test]
    fn an_order_is_looked_at_by_its_id_or_with_all_others() {
        let one = |text: &str| Received::Look(vec![Hint::Order(OrderId::new(text).unwrap())]);
        for (data, wanted) in [
            (r#"{"orderId":"1-2"}"#, one("1-2")),
            (r#"{"order":{"orderId":"1-2"},"user":{"name":"x"}}"#, one("1-2")),
            (r#"{"itemId":"7"}"#, Received::Look(vec![Hint::Orders])),
        ] {
            let body = format!(r#"{{"metadata":{{"topic":"ORDER_CONFIRMATION"}},"notification":{{"data":{data}}}}}"#);
            assert_eq!(said(&request(None, &body)), Ok(wanted), "{data}");
        }
        let other = r#"{"metadata":{"topic":"MARKETPLACE_ACCOUNT_DELETION"},"notification":{"data":{"userId":"x"}}}"#;
        assert_eq!(said(&request(None, other)), Ok(Received::Nothing));
        assert!(matches!(said(&request(None, "[]")), Err(WebhookError::Malformed(_))));
    }

    #[test]
    fn what_names_a_key_that_is_not_known_yet_asks_for_it() {
        let header = |text: &str| STANDARD.encode(text);
        let good = header(r#"{"alg":"ecdsa","kid":"k1","signature":"AAAA","digest":"SHA1"}"#);
        let keys = KeyCache::default();
        assert_eq!(
            receive(&keys, &request(Some(&good), "{}")),
            Err(WebhookError::Key("k1".to_owned()))
        );
        keys.learned("k1", None, Millis(9_000));
        for bad in [
            None,
            Some(good.clone()),
            Some(header("{}")),
            Some("%".to_owned()),
            Some(header(r#"{"kid":"k1","signature":"AAAA","digest":"MD5"}"#)),
            Some("A".repeat(MOST + 1)),
        ] {
            let said = receive(&keys, &request(bad.as_deref(), "{}"));
            assert!(matches!(said, Err(WebhookError::Unsigned(_))), "{bad:?}: {said:?}");
        }
    }

    proptest! {
        #[test]
        fn nothing_makes_it_panic(header in "\\PC{0,80}", body in "\\PC{0,80}") {
            drop(receive(&KeyCache::default(), &request(Some(&header), &body)));
            drop(said(&request(None, &body)));
        }
    }
}
