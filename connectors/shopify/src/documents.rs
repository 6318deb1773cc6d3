//! Everything that is asked of the vendor, as GraphQL documents. `tests/contract.rs` holds each to the vendor's schema.

/// A document with its name, and what it is likely to cost before an answer has told.
pub(crate) struct Document {
    /// The operation's name.
    pub(crate) name: &'static str,
    /// The whole text.
    pub(crate) text: &'static str,
    /// Points.
    pub(crate) cost: u32,
}

/// What the token may do.
pub(crate) const SCOPES: Document = Document {
    name: "OmnistockScopes",
    cost: 3,
    text: "query OmnistockScopes { currentAppInstallation { accessScopes { handle } } }",
};

/// The shop's active locations.
pub(crate) const LOCATIONS: Document = Document {
    name: "OmnistockLocations",
    cost: 15,
    text: "query OmnistockLocations($after: String) {
  locations(first: 100, after: $after, includeLegacy: true) {
    nodes { id name isFulfillmentService }
    pageInfo { hasNextPage endCursor }
  }
}",
};

/// How large the catalogue is, counted no further than `$limit`.
pub(crate) const COUNT: Document = Document {
    name: "OmnistockCount",
    cost: 10,
    text: "query OmnistockCount($limit: Int) { productVariantsCount(limit: $limit) { count precision } }",
};

/// Levels of one location, page by page.
pub(crate) const LEVELS: Document = Document {
    name: "OmnistockLevels",
    cost: 60,
    text: "query OmnistockLevels($location: ID!, $first: Int!, $after: String) {
  location(id: $location) {
    inventoryLevels(first: $first, after: $after) {
      nodes { item { id sku tracked } quantities(names: [\"available\"]) { name quantity } }
      pageInfo { hasNextPage endCursor }
    }
  }
}",
};

/// The same, with what each item's variant asks.
pub(crate) const PRICED_LEVELS: Document = Document {
    name: "OmnistockPricedLevels",
    cost: 100,
    text: "query OmnistockPricedLevels($location: ID!, $first: Int!, $after: String) {
  location(id: $location) {
    inventoryLevels(first: $first, after: $after) {
      nodes {
        item { id sku tracked variant { id price compareAtPrice product { id } } }
        quantities(names: [\"available\"]) { name quantity }
      }
      pageInfo { hasNextPage endCursor }
    }
  }
}",
};

/// What the shop's prices are in.
pub(crate) const CURRENCY: Document = Document {
    name: "OmnistockCurrency",
    cost: 2,
    text: "query OmnistockCurrency { shop { currencyCode } }",
};

/// What the variants of named items ask. Costs are those of one item.
pub(crate) const PRICES: Document = Document {
    name: "OmnistockPrices",
    cost: 4,
    text: "query OmnistockPrices($ids: [ID!]!) {
  nodes(ids: $ids) {
    ... on InventoryItem { id variant { id price compareAtPrice product { id } } }
  }
}",
};

/// Sets prices of one product's variants, those that are good.
pub(crate) const SET_PRICES: Document = Document {
    name: "OmnistockSetPrices",
    cost: 15,
    text: "mutation OmnistockSetPrices($product: ID!, $variants: [ProductVariantsBulkInput!]!) {
  productVariantsBulkUpdate(productId: $product, variants: $variants, allowPartialUpdates: true) {
    productVariants { id price compareAtPrice }
    userErrors { field message code }
  }
}",
};

/// Named items at one location. Costs are those of one item.
pub(crate) const ITEMS: Document = Document {
    name: "OmnistockItems",
    cost: 3,
    text: "query OmnistockItems($ids: [ID!]!, $location: ID!) {
  nodes(ids: $ids) {
    ... on InventoryItem {
      id
      sku
      tracked
      inventoryLevel(locationId: $location) { quantities(names: [\"available\"]) { name quantity } }
    }
  }
}",
};

/// Sets numbers, all or none.
pub(crate) const SET: Document = Document {
    name: "OmnistockSet",
    cost: 15,
    text: "mutation OmnistockSet($input: InventorySetQuantitiesInput!, $key: String!) {
  inventorySetQuantities(input: $input) @idempotent(key: $key) {
    inventoryAdjustmentGroup { id }
    userErrors { field message code }
  }
}",
};

/// What is told of an order. `$lines`: articles told of at once.
macro_rules! order_fields {
    () => {
        "
fragment OrderFields on Order {
  id
  createdAt
  updatedAt
  cancelledAt
  lineItems(first: $lines) {
    nodes { id sku currentQuantity unfulfilledQuantity }
    pageInfo { hasNextPage endCursor }
  }
  fulfillments(first: $parcels) {
    status
    createdAt
    location { id }
    fulfillmentLineItems(first: $lines) { nodes { quantity lineItem { id } } pageInfo { hasNextPage endCursor } }
  }
  fulfillmentOrders(first: $parcels) {
    nodes {
      assignedLocation { location { id } }
      lineItems(first: $lines) { nodes { remainingQuantity lineItem { id } } pageInfo { hasNextPage endCursor } }
    }
    pageInfo { hasNextPage endCursor }
  }
}"
    };
}

/// Orders by the time of their last change.
pub(crate) const ORDERS: Document = Document {
    name: "OmnistockOrders",
    cost: 700,
    text: concat!(
        "query OmnistockOrders($first: Int!, $after: String, $query: String!, $lines: Int!, $parcels: Int!) {
  orders(first: $first, after: $after, query: $query, sortKey: UPDATED_AT) {
    nodes { ...OrderFields }
    pageInfo { hasNextPage endCursor }
  }
}",
        order_fields!()
    ),
};

/// One order.
pub(crate) const ORDER: Document = Document {
    name: "OmnistockOrder",
    cost: 60,
    text: concat!(
        "query OmnistockOrder($id: ID!, $lines: Int!, $parcels: Int!) {
  order(id: $id) { ...OrderFields }
}",
        order_fields!()
    ),
};

/// Further articles of a large order.
pub(crate) const LINES: Document = Document {
    name: "OmnistockLines",
    cost: 30,
    text: "query OmnistockLines($id: ID!, $after: String) {
  order(id: $id) {
    updatedAt
    lineItems(first: 250, after: $after) {
      nodes { id sku currentQuantity unfulfilledQuantity }
      pageInfo { hasNextPage endCursor }
    }
  }
}",
};

/// When an order last changed.
pub(crate) const NEWEST: Document = Document {
    name: "OmnistockNewest",
    cost: 5,
    text: "query OmnistockNewest { orders(first: 1, sortKey: UPDATED_AT, reverse: true) { nodes { updatedAt } } }",
};

/// Our webhooks.
pub(crate) const SUBSCRIPTIONS: Document = Document {
    name: "OmnistockSubscriptions",
    cost: 20,
    text: "query OmnistockSubscriptions($after: String) {
  webhookSubscriptions(first: 100, after: $after) {
    nodes { id topic uri format includeFields }
    pageInfo { hasNextPage endCursor }
  }
}",
};

/// Registers a webhook.
pub(crate) const SUBSCRIBE: Document = Document {
    name: "OmnistockSubscribe",
    cost: 10,
    text: "mutation OmnistockSubscribe($topic: WebhookSubscriptionTopic!, $subscription: WebhookSubscriptionInput!) {
  webhookSubscriptionCreate(topic: $topic, webhookSubscription: $subscription) {
    webhookSubscription { id }
    userErrors { field message }
  }
}",
};

/// Mends a webhook.
pub(crate) const RESUBSCRIBE: Document = Document {
    name: "OmnistockResubscribe",
    cost: 10,
    text: "mutation OmnistockResubscribe($id: ID!, $subscription: WebhookSubscriptionInput!) {
  webhookSubscriptionUpdate(id: $id, webhookSubscription: $subscription) {
    webhookSubscription { id }
    userErrors { field message }
  }
}",
};

/// Removes a webhook.
pub(crate) const UNSUBSCRIBE: Document = Document {
    name: "OmnistockUnsubscribe",
    cost: 10,
    text: "mutation OmnistockUnsubscribe($id: ID!) {
  webhookSubscriptionDelete(id: $id) {
    deletedWebhookSubscriptionId
    userErrors { field message }
  }
}",
};

/// What a bulk operation reads. Each level names its item and its place itself, so rows may come in any order.
pub(crate) const BULK_LEVELS: &str = "{
  locations(includeLegacy: true) {
    edges {
      node {
        id
        inventoryLevels {
          edges {
            node {
              id
              item { id sku tracked }
              location { id }
              quantities(names: [\"available\"]) { name quantity }
            }
          }
        }
      }
    }
  }
}";

/// The same, with what each item's variant asks.
pub(crate) const BULK_PRICED_LEVELS: &str = "{
  locations(includeLegacy: true) {
    edges {
      node {
        id
        inventoryLevels {
          edges {
            node {
              id
              item { id sku tracked variant { id price compareAtPrice product { id } } }
              location { id }
              quantities(names: [\"available\"]) { name quantity }
            }
          }
        }
      }
    }
  }
}";

/// Has the vendor begin to read everything.
pub(crate) const BULK_BEGIN: Document = Document {
    name: "OmnistockBulkBegin",
    cost: 10,
    text: "mutation OmnistockBulkBegin($query: String!) {
  bulkOperationRunQuery(query: $query) {
    bulkOperation { id status errorCode url }
    userErrors { field message code }
  }
}",
};

/// How far it is.
pub(crate) const BULK_STATE: Document = Document {
    name: "OmnistockBulkState",
    cost: 2,
    text: "query OmnistockBulkState($id: ID!) { bulkOperation(id: $id) { id status errorCode url } }",
};
