//! Which fields this version of Odoo has: asked for, rather than concluded from a number.

use crate::client::{Call, Client};
use omnistock_sdk::ConnectorError;
use serde_json::{Map, Value, json};

/// The names that differ between versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fields {
    /// From 18 on an article is storable by a field of its own.
    pub(crate) is_storable: bool,
    /// Up to 16 done and reserved units of a move have fields of their own; later `quantity` is both.
    pub(crate) quantity_done: bool,
}

impl Fields {
    /// Asks the server.
    pub(crate) async fn read(client: &Client) -> Result<Self, ConnectorError> {
        let product = names(client, "product.product", &["is_storable"]).await?;
        let moves = names(client, "stock.move", &["quantity", "quantity_done"]).await?;
        let quantity_done = !moves.contains_key("quantity");
        if quantity_done && !moves.contains_key("quantity_done") {
            let advice = "stock.move has neither `quantity` nor `quantity_done`: this Odoo is none of 14 to 19";
            return Err(ConnectorError::operator(advice));
        }
        Ok(Self {
            is_storable: product.contains_key("is_storable"),
            quantity_done,
        })
    }

    /// What says of a move how far it is.
    pub(crate) fn of_move(self) -> &'static [&'static str] {
        if self.quantity_done {
            &["state", "product_qty", "quantity_done", "reserved_availability"]
        } else {
            &["state", "product_qty", "quantity"]
        }
    }

    /// The domain of articles whose stock is kept.
    pub(crate) fn storable(self) -> Value {
        if self.is_storable {
            json!(["is_storable", "=", true])
        } else {
            json!(["type", "=", "product"])
        }
    }
}

async fn names(client: &Client, model: &str, wanted: &[&str]) -> Result<Map<String, Value>, ConnectorError> {
    let named = json!({"allfields": wanted, "attributes": ["type"]});
    let call = Call {
        model,
        method: "fields_get",
        domain: None,
        named: named.as_object().cloned().unwrap_or_default(),
    };
    client.call(&call).await
}
