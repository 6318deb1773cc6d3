//! Webhooks of automation rules: unsigned, sent once, so that they are hints and nothing more.
//!
//! What lets one in is a word in its address (`?token=…`), compared in constant time. It names at most
//! a product, whose figures are then read.

use crate::touched::Touched;
use async_trait::async_trait;
use omnistock_sdk::{
    ConnectorError, ExposeSecret, RawRequest, Received, SecretString, SubscriptionState, WebhookError, WebhookRole,
};
use serde::Deserialize;
use std::sync::Arc;
use subtle::ConstantTimeEq;

#[derive(Deserialize)]
struct Body {
    #[serde(default, rename = "_model")]
    model: Option<String>,
    #[serde(default, rename = "_id")]
    id: Option<i64>,
    #[serde(default)]
    product_id: Option<i64>,
}

/// Takes hints.
pub(crate) struct HintReceiver {
    pub(crate) secret: SecretString,
    pub(crate) touched: Arc<Touched>,
}

#[async_trait]
impl WebhookRole for HintReceiver {
    fn receive(&self, request: &RawRequest) -> Result<Received, WebhookError> {
        let given = request
            .query
            .split('&')
            .find_map(|pair| pair.strip_prefix("token="))
            .unwrap_or_default();
        if !bool::from(given.as_bytes().ct_eq(self.secret.expose_secret().as_bytes())) {
            return Err(WebhookError::Unsigned(
                "the token in the address is missing or another one",
            ));
        }
        let body: Body =
            serde_json::from_slice(&request.body).map_err(|error| WebhookError::Malformed(error.to_string()))?;
        let own = body.id.filter(|_| body.model.as_deref() == Some("product.product"));
        self.touched.add(body.product_id.or(own));
        Ok(Received::Look(Vec::new()))
    }

    /// Odoo's rules are made by a person: there is nothing to register or to ask.
    async fn subscribe(&self, _: &str) -> Result<SubscriptionState, ConnectorError> {
        Ok(SubscriptionState::Active)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use omnistock_sdk::now;
    use proptest::prelude::*;

    fn receive(query: &str, body: &str) -> (Result<Received, WebhookError>, Vec<i64>) {
        let touched = Arc::new(Touched::default());
        let receiver = HintReceiver {
            secret: SecretString::from("word"),
            touched: Arc::clone(&touched),
        };
        let request = RawRequest {
            headers: Vec::new(),
            query: query.to_owned(),
            body: body.to_owned().into(),
            received_at: now(),
        };
        (
            receiver.receive(&request),
            touched.take().unwrap_or_default().into_iter().collect(),
        )
    }

    #[test]
    fn the_word_in_the_address_lets_it_in_and_a_product_is_looked_at() {
        let quant = r#"{"_action": "Send", "_id": 5, "_model": "stock.quant", "product_id": 7}"#;
        assert_eq!(receive("token=word", quant), (Ok(Received::Look(Vec::new())), vec![7]));
        let product = r#"{"_id": 9, "_model": "product.product"}"#;
        assert_eq!(receive("x=1&token=word", product).1, [9]);
        assert_eq!(
            receive("token=word", r#"{"_id": 9, "_model": "sale.order"}"#).1,
            Vec::<i64>::new()
        );
    }

    #[test]
    fn without_the_word_nothing_is_done() {
        for query in ["", "token=", "token=wor", "token=words", "tokens=word"] {
            let (received, touched) = receive(query, r#"{"product_id": 7}"#);
            assert!(
                matches!(received, Err(WebhookError::Unsigned(_))) && touched.is_empty(),
                "{query}"
            );
        }
        assert!(matches!(
            receive("token=word", "<html>").0,
            Err(WebhookError::Malformed(_))
        ));
    }

    proptest! {
        #[test]
        fn no_body_makes_it_panic(body in ".{0,100}") {
            prop_assert!(receive("token=word", &body).1.len() <= 1);
        }
    }
}
