//! What happens to an order at the real server, from the check-out to the refund.

use super::staff::{Article, Staff, text};
use omnistock_sdk::ErrorClass;
use reqwest::Method;
use serde_json::{Value, json};

/// A buyer, of whom nothing may be told.
pub const BUYER: [&str; 3] = ["buyer@example.test", "Bernadette", "Hinterhofgasse"];

impl Staff {
    /// A buyer fills a cart in the storefront, pays and checks out; the order's id. `None`: sold out.
    pub async fn check_out(&self, article: &Article, units: i64) -> Option<String> {
        let address = json!({"first_name": BUYER[1], "last_name": "Buyer", "address_1": BUYER[2], "city": "Berlin",
                             "postal_code": "10115", "country_code": "de"});
        let cart = json!({"region_id": self.keys.region, "email": BUYER[0], "shipping_address": address,
                          "items": [{"variant_id": article.variant, "quantity": units}]});
        let cart = match self.ask(Method::POST, "/store/carts?fields=id", Some(cart)).await {
            Ok(cart) => text(&cart, "/cart/id"),
            Err(error) if error.message.contains("insufficient_inventory") => {
                assert_eq!(error.class, ErrorClass::Rejected);
                return None;
            }
            Err(error) => panic!("{error}"),
        };
        let method = json!({"option_id": self.keys.shipping});
        self.post(&format!("/store/carts/{cart}/shipping-methods?fields=id"), method)
            .await;
        let payment = self
            .post("/store/payment-collections?fields=id", json!({"cart_id": cart}))
            .await;
        let path = format!(
            "/store/payment-collections/{}/payment-sessions?fields=id",
            text(&payment, "/payment_collection/id")
        );
        self.post(&path, json!({"provider_id": "pp_system_default"})).await;
        let order = self
            .post(&format!("/store/carts/{cart}/complete?fields=id"), json!({}))
            .await;
        Some(text(&order, "/order/id"))
    }

    /// The staff sells by telephone: a draft that becomes an order, fetched at the door. Much quicker than a check-out.
    /// `None`: sold out.
    pub async fn telephone(&self, article: &Article, units: i64) -> Option<String> {
        let draft = json!({"email": BUYER[0], "region_id": self.keys.region, "sales_channel_id": self.keys.sales_channel,
                           "shipping_methods": [], "items": [{"variant_id": article.variant, "quantity": units}]});
        let draft = self.post("/admin/draft-orders?fields=id", draft).await;
        let id = text(&draft, "/draft_order/id");
        let path = format!("/admin/draft-orders/{id}/convert-to-order?fields=id");
        match self.ask(Method::POST, &path, None).await {
            Ok(_) => Some(id),
            Err(error) if error.message.contains("insufficient_inventory") => None,
            Err(error) => panic!("{error}"),
        }
    }

    async fn order(&self, order: &str) -> Value {
        let fields = "id,items.id,items.detail.quantity,fulfillments.id,payment_collections.payments.id,payment_collections.payments.amount";
        self.get(&format!("/admin/orders/{order}?fields={fields}")).await["order"].clone()
    }

    pub async fn cancel(&self, order: &str) {
        self.post(&format!("/admin/orders/{order}/cancel?fields=id"), json!({}))
            .await;
    }

    /// Packs so many units of an order's line: they leave the stock.
    pub async fn pack(&self, order: &str, units: i64) {
        let line = text(&self.order(order).await, "/items/0/id");
        let parcel = json!({"items": [{"id": line, "quantity": units}], "location_id": self.keys.location});
        self.post(&format!("/admin/orders/{order}/fulfillments?fields=id"), parcel)
            .await;
    }

    /// Packs so many units and hands them over; all where none are named.
    pub async fn ship(&self, order: &str, units: Option<i64>) {
        let before = self.order(order).await;
        let units = units.or(before["items"][0]["detail"]["quantity"].as_i64()).unwrap();
        self.pack(order, units).await;
        let after = self.order(order).await;
        let parcel = text(&after, "/fulfillments/0/id");
        let gone = json!({"items": [{"id": text(&after, "/items/0/id"), "quantity": units}]});
        let path = format!("/admin/orders/{order}/fulfillments/{parcel}/shipments?fields=id");
        self.post(&path, gone).await;
    }

    /// Everything comes back damaged, and the money goes back.
    pub async fn refund(&self, order: &str) {
        let sold = self.order(order).await;
        let lines =
            json!({"items": [{"id": text(&sold, "/items/0/id"), "quantity": sold["items"][0]["detail"]["quantity"]}]});
        let back = json!({"order_id": order, "location_id": self.keys.location});
        let back = text(&self.post("/admin/returns", back).await, "/return/id");
        let path = format!("/admin/returns/{back}");
        self.post(&format!("{path}/request-items"), lines.clone()).await;
        self.post(&format!("{path}/request"), json!({})).await;
        self.post(&format!("{path}/receive"), json!({})).await;
        self.post(&format!("{path}/dismiss-items"), lines).await;
        self.post(&format!("{path}/receive/confirm"), json!({})).await;
        let payment = &sold["payment_collections"][0]["payments"][0];
        let path = format!("/admin/payments/{}", text(payment, "/id"));
        self.post(&format!("{path}/capture?fields=id"), json!({})).await;
        let amount = json!({"amount": payment["amount"]});
        self.post(&format!("{path}/refund?fields=id"), amount).await;
    }

    pub async fn edit(&self, order: &str, units: i64) {
        let line = text(&self.order(order).await, "/items/0/id");
        self.post("/admin/order-edits", json!({"order_id": order})).await;
        let path = format!("/admin/order-edits/{order}");
        self.post(&format!("{path}/items/item/{line}"), json!({"quantity": units}))
            .await;
        self.post(&format!("{path}/request"), json!({})).await;
        self.post(&format!("{path}/confirm"), json!({})).await;
    }
}
