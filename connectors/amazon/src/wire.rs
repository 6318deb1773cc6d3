//! The vendor's shapes: only fields that are used. No field of a person among them, so none is ever kept.
#![allow(clippy::struct_field_names, reason = "the vendor's names")]

use omnistock_words::Millis;
use serde::Deserialize;

/// An access token.
#[derive(Deserialize)]
pub(crate) struct Token {
    pub(crate) access_token: String,
    pub(crate) expires_in: u64,
}

/// Listings that were found.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Found {
    pub(crate) number_of_results: u64,
    pub(crate) items: Vec<Item>,
    pub(crate) pagination: Option<Pagination>,
}

/// Where the next page is.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Pagination {
    pub(crate) next_token: Option<String>,
}

/// A listing.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Item {
    pub(crate) sku: String,
    #[serde(default)]
    pub(crate) summaries: Vec<Summary>,
    #[serde(default)]
    pub(crate) offers: Vec<Offer>,
    #[serde(default)]
    pub(crate) fulfillment_availability: Vec<Availability>,
    #[serde(default)]
    pub(crate) issues: Vec<Issue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Summary {
    pub(crate) created_date: Millis,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Offer {
    pub(crate) marketplace_id: String,
    pub(crate) offer_type: String,
    pub(crate) price: Money,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Money {
    pub(crate) currency_code: String,
    /// A decimal number in a text.
    pub(crate) amount: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Availability {
    pub(crate) fulfillment_channel_code: String,
    pub(crate) quantity: Option<i64>,
}

/// What the vendor has to say of a listing or a submission.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Issue {
    pub(crate) code: String,
    pub(crate) message: String,
    pub(crate) severity: String,
    #[serde(default)]
    pub(crate) attribute_names: Vec<String>,
}

/// The answer to a patch.
#[derive(Deserialize)]
pub(crate) struct Submission {
    pub(crate) status: String,
    #[serde(default)]
    pub(crate) issues: Vec<Issue>,
}

/// A place for a feed's text, and a feed's report.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Document {
    pub(crate) feed_document_id: String,
    pub(crate) url: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FeedCreated {
    pub(crate) feed_id: String,
}

/// Feeds of a time.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FeedsFound {
    pub(crate) feeds: Vec<FeedCreated>,
    pub(crate) next_token: Option<String>,
}

/// Where a feed stands.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Feed {
    pub(crate) processing_status: String,
    pub(crate) result_feed_document_id: Option<String>,
}

/// What became of a feed's messages.
#[derive(Deserialize)]
pub(crate) struct ProcessingReport {
    pub(crate) issues: Vec<ReportIssue>,
    pub(crate) summary: ReportSummary,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ReportSummary {
    pub(crate) messages_invalid: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ReportIssue {
    pub(crate) message_id: Option<usize>,
    pub(crate) code: Option<String>,
    pub(crate) severity: String,
    pub(crate) message: String,
}

/// A page of orders.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Orders {
    pub(crate) orders: Vec<Order>,
    pub(crate) pagination: Option<Pagination>,
    /// What changed later is not told yet.
    pub(crate) last_updated_before: Option<Millis>,
    /// What was placed later is not told yet.
    pub(crate) created_before: Option<Millis>,
}

#[derive(Deserialize)]
pub(crate) struct OneOrder {
    pub(crate) order: Order,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Order {
    pub(crate) order_id: String,
    pub(crate) created_time: Millis,
    pub(crate) last_updated_time: Millis,
    pub(crate) sales_channel: SalesChannel,
    pub(crate) fulfillment: Option<Fulfillment>,
    pub(crate) order_items: Vec<OrderItem>,
    #[serde(default)]
    pub(crate) packages: Vec<Package>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SalesChannel {
    pub(crate) channel_name: String,
    pub(crate) marketplace_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Fulfillment {
    pub(crate) fulfillment_status: String,
    pub(crate) fulfilled_by: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OrderItem {
    pub(crate) order_item_id: String,
    pub(crate) quantity_ordered: i64,
    pub(crate) product: Product,
    pub(crate) fulfillment: Option<ItemFulfillment>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Product {
    pub(crate) seller_sku: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ItemFulfillment {
    pub(crate) quantity_fulfilled: Option<i64>,
    pub(crate) quantity_unfulfilled: Option<i64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Package {
    pub(crate) ship_time: Option<Millis>,
}

/// A page of what the depots hold.
#[derive(Deserialize)]
pub(crate) struct Summaries {
    pub(crate) payload: DepotPage,
    pub(crate) pagination: Option<Pagination>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DepotPage {
    pub(crate) inventory_summaries: Vec<DepotRow>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DepotRow {
    pub(crate) seller_sku: Option<String>,
    pub(crate) inventory_details: Option<DepotDetails>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DepotDetails {
    pub(crate) fulfillable_quantity: Option<i64>,
}
