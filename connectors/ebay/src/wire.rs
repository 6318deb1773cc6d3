//! The vendor's shapes: only fields that are used. A buyer's name and address have no field to be in, so they are gone
//! where an answer is parsed. What must be there is not optional: an answer `{}` is then an error, never an empty shop.

use omnistock_words::{Millis, Quantity};
use serde::{Deserialize, Deserializer};

#[derive(Deserialize)]
pub(crate) struct Token {
    pub(crate) access_token: String,
    pub(crate) expires_in: u64,
}

/// A number of units, whatever its size.
fn units<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Quantity>, D::Error> {
    let number = Option::<i64>::deserialize(from)?;
    Ok(number.map(Quantity::whole))
}

#[derive(Deserialize)]
pub(crate) struct Items {
    #[serde(rename = "inventoryItems", default)]
    pub(crate) all: Vec<Item>,
    /// Always there, also where no item is.
    pub(crate) total: u64,
    #[serde(default)]
    pub(crate) next: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct Item {
    #[serde(default)]
    pub(crate) sku: String,
    #[serde(default)]
    pub(crate) availability: Availability,
}

#[derive(Default, Deserialize)]
pub(crate) struct Availability {
    #[serde(rename = "shipToLocationAvailability", default)]
    pub(crate) ship: Ship,
}

#[derive(Default, Deserialize)]
pub(crate) struct Ship {
    #[serde(default, deserialize_with = "units")]
    pub(crate) quantity: Option<Quantity>,
    #[serde(rename = "allocationByFormat", default)]
    pub(crate) allocation: Allocation,
}

#[derive(Default, Deserialize)]
pub(crate) struct Allocation {
    #[serde(default, deserialize_with = "units")]
    pub(crate) auction: Option<Quantity>,
}

#[derive(Deserialize)]
pub(crate) struct ManyItems {
    pub(crate) responses: Vec<OneItem>,
}

#[derive(Deserialize)]
pub(crate) struct OneItem {
    #[serde(default)]
    pub(crate) sku: String,
    #[serde(rename = "statusCode")]
    pub(crate) status: u16,
    #[serde(rename = "inventoryItem", default)]
    pub(crate) item: Option<Item>,
    #[serde(default)]
    pub(crate) errors: Vec<Complaint>,
}

#[derive(Deserialize)]
pub(crate) struct Offers {
    #[serde(rename = "offers")]
    pub(crate) all: Vec<Offer>,
}

#[derive(Deserialize)]
pub(crate) struct Offer {
    #[serde(rename = "offerId")]
    pub(crate) id: String,
    pub(crate) sku: String,
    #[serde(rename = "marketplaceId", default)]
    pub(crate) marketplace: String,
    #[serde(default)]
    pub(crate) format: String,
    #[serde(default)]
    pub(crate) status: String,
    #[serde(rename = "availableQuantity", default, deserialize_with = "units")]
    pub(crate) quantity: Option<Quantity>,
    #[serde(rename = "pricingSummary", default)]
    pub(crate) pricing: Pricing,
    #[serde(default)]
    pub(crate) listing: Page,
}

#[derive(Default, Deserialize)]
pub(crate) struct Pricing {
    #[serde(default)]
    pub(crate) price: Option<Amount>,
}

#[derive(Deserialize)]
pub(crate) struct Amount {
    pub(crate) value: String,
    pub(crate) currency: String,
}

#[derive(Default, Deserialize)]
pub(crate) struct Page {
    #[serde(rename = "listingId", default)]
    pub(crate) id: Option<String>,
    #[serde(rename = "listingStatus", default)]
    pub(crate) status: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct Results {
    pub(crate) responses: Vec<OfferResult>,
}

#[derive(Deserialize)]
pub(crate) struct OfferResult {
    #[serde(rename = "offerId", default)]
    pub(crate) offer: Option<String>,
    #[serde(default)]
    pub(crate) sku: Option<String>,
    #[serde(rename = "statusCode")]
    pub(crate) status: u16,
    #[serde(default)]
    pub(crate) errors: Vec<Complaint>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Complaint {
    #[serde(rename = "errorId", default)]
    pub(crate) id: u32,
    #[serde(default)]
    pub(crate) message: String,
    #[serde(rename = "longMessage", default)]
    pub(crate) long: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct Programs {
    #[serde(rename = "programs", default)]
    pub(crate) all: Vec<Program>,
}

#[derive(Deserialize)]
pub(crate) struct Program {
    #[serde(rename = "programType", default)]
    pub(crate) kind: String,
}

#[derive(Deserialize)]
pub(crate) struct Orders {
    #[serde(rename = "orders")]
    pub(crate) all: Vec<Order>,
    pub(crate) total: u64,
}

#[derive(Deserialize)]
pub(crate) struct Order {
    #[serde(rename = "orderId")]
    pub(crate) id: String,
    #[serde(rename = "creationDate")]
    pub(crate) created: Millis,
    #[serde(rename = "lastModifiedDate")]
    pub(crate) modified: Millis,
    #[serde(rename = "orderFulfillmentStatus")]
    pub(crate) fulfilment: String,
    #[serde(rename = "cancelStatus", default)]
    pub(crate) cancel: Cancel,
    #[serde(rename = "lineItems")]
    pub(crate) lines: Vec<Line>,
    #[serde(rename = "fulfillmentStartInstructions", default)]
    pub(crate) instructions: Vec<Instruction>,
}

#[derive(Default, Deserialize)]
pub(crate) struct Cancel {
    #[serde(rename = "cancelState", default)]
    pub(crate) state: String,
    #[serde(rename = "cancelledDate", default)]
    pub(crate) at: Option<Millis>,
}

#[derive(Deserialize)]
pub(crate) struct Line {
    #[serde(rename = "lineItemId")]
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) sku: Option<String>,
    /// The number of its page.
    #[serde(rename = "legacyItemId", default)]
    pub(crate) page: Option<String>,
    pub(crate) quantity: i64,
    /// Where it was listed, whatever site the buyer came by.
    #[serde(rename = "listingMarketplaceId", default)]
    pub(crate) marketplace: Option<String>,
    #[serde(rename = "lineItemFulfillmentStatus", default)]
    pub(crate) fulfilment: String,
}

#[derive(Deserialize)]
pub(crate) struct Instruction {
    #[serde(rename = "fulfillmentInstructionsType", default)]
    pub(crate) kind: String,
    #[serde(rename = "pickupStep", default)]
    pub(crate) pickup: Option<Pickup>,
}

#[derive(Deserialize)]
pub(crate) struct Pickup {
    #[serde(rename = "merchantLocationKey", default)]
    pub(crate) location: String,
}

#[derive(Deserialize)]
pub(crate) struct RateLimits {
    #[serde(rename = "rateLimits", default)]
    pub(crate) limits: Vec<RateLimit>,
}

#[derive(Deserialize)]
pub(crate) struct RateLimit {
    #[serde(rename = "apiName", default)]
    pub(crate) api: String,
    #[serde(default)]
    pub(crate) resources: Vec<Resource>,
}

#[derive(Deserialize)]
pub(crate) struct Resource {
    #[serde(default)]
    pub(crate) rates: Vec<Rate>,
}

#[derive(Deserialize)]
pub(crate) struct Rate {
    pub(crate) limit: u32,
    pub(crate) remaining: u32,
    #[serde(default)]
    pub(crate) reset: Option<Millis>,
    #[serde(rename = "timeWindow", default)]
    pub(crate) window: i64,
}

#[derive(Deserialize)]
pub(crate) struct PublicKey {
    pub(crate) key: String,
}

#[derive(Deserialize)]
pub(crate) struct Destinations {
    #[serde(rename = "destinations", default)]
    pub(crate) all: Vec<Destination>,
    pub(crate) total: u64,
    #[serde(default)]
    pub(crate) next: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct Destination {
    #[serde(rename = "destinationId")]
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) status: String,
    #[serde(rename = "deliveryConfig")]
    pub(crate) delivery: Delivery,
}

#[derive(Deserialize)]
pub(crate) struct Delivery {
    #[serde(default)]
    pub(crate) endpoint: String,
    #[serde(rename = "verificationToken", default)]
    pub(crate) token: String,
}

#[derive(Deserialize)]
pub(crate) struct Subscriptions {
    #[serde(rename = "subscriptions", default)]
    pub(crate) all: Vec<Subscription>,
    pub(crate) total: u64,
    #[serde(default)]
    pub(crate) next: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct Subscription {
    #[serde(rename = "subscriptionId")]
    pub(crate) id: String,
    #[serde(rename = "topicId", default)]
    pub(crate) topic: String,
    #[serde(default)]
    pub(crate) status: String,
    #[serde(rename = "destinationId", default)]
    pub(crate) destination: String,
}

#[derive(Deserialize)]
pub(crate) struct Topic {
    #[serde(rename = "supportedPayloads", default)]
    pub(crate) payloads: Vec<Payload>,
}

#[derive(Deserialize)]
pub(crate) struct Payload {
    #[serde(rename = "schemaVersion", default)]
    pub(crate) version: String,
    #[serde(default)]
    pub(crate) deprecated: bool,
}
