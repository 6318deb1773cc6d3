//! Notifications as Amazon words them, laid down in the seller's queue when something happens.
//!
//! They say more than anybody needs: where a buyer lives is among it.

use super::orders::Order;
use super::shop::{SELLER, STORES, Shop};
use omnistock_words::Millis;
use serde_json::{Value, json};

/// Where every buyer lives.
pub(super) const POSTAL_CODE: &str = "48110-canary";

fn order_status(order: &Order) -> &'static str {
    match order.status {
        "PENDING" => "Pending",
        "PARTIALLY_SHIPPED" => "PartiallyShipped",
        "SHIPPED" => "Shipped",
        "CANCELLED" => "Canceled",
        _ => "Unshipped",
    }
}

fn order_change(order: &Order) -> Value {
    let open = order.ordered - order.gone - order.cancelled;
    json!({"OrderChangeNotification": {
        "NotificationLevel": "OrderLevel", "SellerId": SELLER, "AmazonOrderId": order.id,
        "OrderChangeType": "OrderStatusChange",
        "OrderChangeTrigger": {"TimeOfOrderChange": order.updated.to_string(), "ChangeReason": ""},
        "Summary": {
            "MarketplaceId": STORES[0], "OrderStatus": order_status(order), "PurchaseDate": order.created.to_string(),
            "DestinationPostalCode": POSTAL_CODE, "FulfillmentType": if order.by == "AMAZON" { "AFN" } else { "MFN" },
            "OrderType": "StandardOrder", "NumberOfItemsShipped": order.gone, "NumberOfItemsUnshipped": open,
            "OrderItems": [{"OrderItemId": format!("{}1", order.id.replace('-', "")), "SellerSKU": order.sku,
                "SupplySourceId": null, "Quantity": order.ordered, "QuantityShipped": order.gone}]}}})
}

impl Shop {
    /// The order is new, or has changed.
    pub(super) fn tell_order(&mut self, id: &str) {
        if let Some(order) = self.orders.iter().find(|order| order.id == id) {
            let payload = order_change(order);
            self.tell("ORDER_CHANGE", "1.0", &payload);
        }
    }

    /// The listing's quantity has changed, whoever changed it.
    pub(super) fn tell_quantity(&mut self, sku: &str) {
        let units = self.own(sku).and_then(|own| own.get("quantity").cloned());
        if let Some(units) = units {
            let payload =
                json!({"SellerId": SELLER, "FulfillmentChannelCode": "DEFAULT", "Sku": sku, "Quantity": units});
            self.tell("LISTINGS_ITEM_MFN_QUANTITY_CHANGE", "1.0", &payload);
        }
    }

    /// The listing is new, or is closed. The vendor's schema has this spelling of the kind, its example another one.
    pub(super) fn tell_status(&mut self, sku: &str) {
        let closed = !self.listings.contains_key(sku);
        let status = if closed {
            json!(["DELETED"])
        } else {
            json!(["BUYABLE", "DISCOVERABLE"])
        };
        let payload = json!({"SellerId": SELLER, "MarketplaceId": STORES[0], "Sku": sku, "Status": status});
        self.tell("LISTINGS_ITEM_STATUS_CHANGED", "1.0", &payload);
    }

    /// The feed has ended.
    pub(super) fn tell_feed(&mut self, id: &str, status: &str, result: Option<&str>) {
        let mut finished = json!({"sellerId": SELLER, "accountId": format!("amzn1.merchant.o.{SELLER}"), "feedId": id,
            "feedType": "JSON_LISTINGS_FEED", "processingStatus": status});
        if let Some(result) = result {
            super::answer::put(&mut finished, "resultFeedDocumentId", json!(result));
        }
        let payload = json!({"feedProcessingFinishedNotification": finished});
        self.tell("FEED_PROCESSING_FINISHED", "2020-09-04", &payload);
    }

    fn tell(&mut self, kind: &str, version: &str, payload: &Value) {
        if !self.queue.open {
            return;
        }
        let (number, at) = (self.number(), omnistock_sdk::now());
        let body = worded(kind, version, payload, number, at);
        self.queue.lay_down(&body.to_string(), at);
    }
}

/// Names begin with a capital letter, except in younger kinds.
fn worded(kind: &str, version: &str, payload: &Value, number: u64, at: Millis) -> Value {
    let (at, id) = (at.to_string(), format!("8e009934-da2c-4f9c-9bc7-{number:012}"));
    let subscription = "93b098e1-c42-2f45-93a1-78910a6a8369";
    if kind == "FEED_PROCESSING_FINISHED" {
        return json!({"notificationVersion": version, "notificationType": kind, "payloadVersion": version, "eventTime": at,
            "payload": payload, "notificationMetadata": {"applicationId": "amzn1.sellerapps.app.simulated",
            "subscriptionId": subscription, "publishTime": at, "notificationId": id}});
    }
    json!({"NotificationVersion": version, "NotificationType": kind, "PayloadVersion": version, "EventTime": at,
        "Payload": payload, "NotificationMetadata": {"ApplicationId": "amzn1.sellerapps.app.simulated",
        "SubscriptionId": subscription, "PublishTime": at, "NotificationId": id}})
}
