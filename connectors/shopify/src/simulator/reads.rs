//! What can be asked of the shop: the roots of queries and the objects below them.

use super::graph::{Failure, Field, Node, Request};
use super::orders::{Order, Units};
use super::shop::{Level, Shop};
use apollo_compiler::ast;
use omnistock_words::Millis;
use serde_json::Value;

pub(super) fn gid(kind: &str, id: u64) -> String {
    format!("gid://shopify/{kind}/{id}")
}

/// The number of a global id of this kind.
pub(super) fn id_of(kind: &str, gid: &Value) -> Option<u64> {
    gid.as_str()?
        .strip_prefix("gid://shopify/")?
        .strip_prefix(kind)?
        .strip_prefix('/')?
        .parse()
        .ok()
}

/// Whole seconds, as the vendor writes them.
fn date(at: Millis) -> String {
    format!("{}Z", at.to_string().chars().take(19).collect::<String>())
}

/// Which scope a root needs.
fn scope(root: &str) -> Option<&'static str> {
    Some(match root {
        "productVariantsCount" => "read_products",
        "locations" | "location" => "read_locations",
        "nodes" => "read_inventory",
        // The shop itself needs no scope.
        "orders" | "order" => "read_orders",
        _ => return None,
    })
}

/// Whether the token may; `write_…` includes `read_…`.
pub(super) fn permit(shop: &Shop, field: &str, scope: &str) -> Result<(), Failure> {
    let writes = scope
        .strip_prefix("read_")
        .is_some_and(|rest| shop.scopes.contains(&format!("write_{rest}")));
    if shop.scopes.contains(scope) || writes {
        return Ok(());
    }
    Err(Failure::new(
        "ACCESS_DENIED",
        format!("Access denied for {field} field. Required access: `{scope}` access scope."),
    ))
}

/// The answer to one root of a query.
pub(super) fn root(shop: &Shop, request: &Request, field: &ast::Field) -> Result<Value, Failure> {
    if let Some(scope) = scope(&field.name) {
        permit(shop, &field.name, scope)?;
    }
    let held = match field.name.as_str() {
        "currentAppInstallation" => Field::One(Some(Box::new(installation(shop)))),
        "productVariantsCount" => Field::One(Some(Box::new(count(shop, &request.argument(field, "limit"))))),
        "locations" => Field::Pages(
            shop.locations
                .keys()
                .map(|id| location(shop, *id, request.whole))
                .collect(),
        ),
        "location" => {
            let id = id_of("Location", &request.argument(field, "id")).filter(|id| shop.locations.contains_key(id));
            Field::One(id.map(|id| Box::new(location(shop, id, true))))
        }
        "nodes" => return nodes(shop, request, field),
        "orders" => orders(shop, request, field),
        "order" => {
            let order = id_of("Order", &request.argument(field, "id")).and_then(|id| Some((id, shop.orders.get(&id)?)));
            Field::One(order.map(|(id, one)| Box::new(order_node(id, one))))
        }
        "webhookSubscriptions" => Field::Pages(shop.hooks.iter().map(|(id, hook)| hook.node(*id)).collect()),
        "shop" => Field::One(Some(Box::new(
            Node::new("Shop", (0, 0), Vec::new()).leaf("currencyCode", shop.currency.as_str()),
        ))),
        "bulkOperation" => {
            let id = id_of("BulkOperation", &request.argument(field, "id"));
            Field::One(id.and_then(|id| super::bulk::node(shop, id)).map(Box::new))
        }
        other => {
            return Err(Failure::new(
                "undefinedField",
                format!("Field '{other}' doesn't exist on type 'QueryRoot'"),
            ));
        }
    };
    // A root is a field of one more object.
    let mut inner = field.clone();
    inner.alias = Some(apollo_compiler::name!("answer"));
    let name = "root";
    let node = Node::new("QueryRoot", (0, 0), vec![(name, held)]);
    inner.name = apollo_compiler::name!("root");
    let answer = request.project(&node, &[ast::Selection::Field(inner.into())])?;
    Ok(answer.get("answer").cloned().unwrap_or_default())
}

fn nodes(shop: &Shop, request: &Request, field: &ast::Field) -> Result<Value, Failure> {
    let ids = request.argument(field, "ids");
    let ids = ids.as_array().cloned().unwrap_or_default();
    if ids.len() > 250 {
        return Err(Failure::new(
            "MAX_INPUT_SIZE_EXCEEDED",
            format!(
                "The input array size of {} is greater than the maximum allowed of 250.",
                ids.len()
            ),
        ));
    }
    ids.iter()
        .map(
            |gid| match id_of("InventoryItem", gid).filter(|id| shop.items.contains_key(id)) {
                Some(id) => request.project(&item(shop, id), &field.selection_set),
                None => Ok(Value::Null),
            },
        )
        .collect()
}

fn installation(shop: &Shop) -> Node {
    let scopes = shop
        .scopes
        .iter()
        .map(|scope| Node::new("AccessScope", (0, 0), Vec::new()).leaf("handle", scope.as_str()));
    Node::new(
        "AppInstallation",
        (0, 0),
        vec![("accessScopes", Field::Many(scopes.collect()))],
    )
}

fn count(shop: &Shop, limit: &Value) -> Node {
    let (all, limit) = (
        shop.items.len(),
        limit
            .as_u64()
            .and_then(|limit| usize::try_from(limit).ok())
            .unwrap_or(usize::MAX),
    );
    let precision = if all > limit { "AT_LEAST" } else { "EXACT" };
    Node::new("Count", (0, 0), Vec::new())
        .leaf("count", all.min(limit))
        .leaf("precision", precision)
}

fn location(shop: &Shop, id: u64, levels: bool) -> Node {
    let (name, service) = shop
        .locations
        .get(&id)
        .map_or(("", false), |location| (location.name.as_str(), location.service));
    let here = shop
        .levels
        .iter()
        .filter(|((_, location), _)| levels && *location == id);
    let levels = here
        .map(|((item, location), level)| level_node(shop, *item, *location, level))
        .collect();
    Node::new("Location", (0, id), vec![("inventoryLevels", Field::Pages(levels))])
        .leaf("id", gid("Location", id))
        .leaf("name", name)
        .leaf("isFulfillmentService", service)
}

fn plain_item(shop: &Shop, id: u64) -> Node {
    let (sku, tracked) = shop
        .items
        .get(&id)
        .map_or(("", false), |item| (item.sku.as_str(), item.tracked));
    Node::new("InventoryItem", (0, id), Vec::new())
        .leaf("id", gid("InventoryItem", id))
        .leaf("sku", sku)
        .leaf("tracked", tracked)
        .one(
            "variant",
            shop.items.get(&id).map(|item| super::prices::node(&item.sold)),
        )
}

fn item(shop: &Shop, id: u64) -> Node {
    let levels = shop
        .levels_of(id)
        .map(|(location, level)| (gid("Location", location), level_node(shop, id, location, level)));
    let mut node = plain_item(shop, id);
    node.fields.push(("inventoryLevel", Field::Levels(levels.collect())));
    node
}

fn level_node(shop: &Shop, item: u64, location: u64, level: &Level) -> Node {
    let amounts = vec![
        ("available", level.shown()),
        ("committed", level.committed),
        ("on_hand", level.shown() + level.committed),
    ];
    Node::new(
        "InventoryLevel",
        (0, item),
        vec![("quantities", Field::Amounts(amounts))],
    )
    .leaf(
        "id",
        format!("{}?inventory_item_id={item}", gid("InventoryLevel", level.id)),
    )
    .one("item", Some(plain_item(shop, item)))
    .one("location", Some(bare("Location", location)))
}

/// An object of which only the id is told.
pub(super) fn bare(kind: &'static str, id: u64) -> Node {
    Node::new(kind, (0, id), Vec::new()).leaf("id", gid(kind, id))
}

/// Orders that a search finds. The words that the connector uses are understood, others are refused.
fn orders(shop: &Shop, request: &Request, field: &ast::Field) -> Field {
    let query = request.argument(field, "query");
    let query = query.as_str().unwrap_or_default();
    let since = query
        .strip_prefix("updated_at:>='")
        .and_then(|rest| rest.strip_suffix('\''))
        .and_then(|date| date.parse::<Millis>().ok());
    let open = query.starts_with("status:open");
    let unfulfilled = query.contains("NOT fulfillment_status:fulfilled");
    let found = shop.orders.iter().filter(|(_, order)| {
        since.is_none_or(|since| order.updated >= since)
            && !(open && (order.closed || order.cancelled.is_some()))
            && !(unfulfilled && order.is_fulfilled())
    });
    Field::Pages(found.map(|(id, order)| order_node(*id, order)).collect())
}

fn order_node(id: u64, order: &Order) -> Node {
    let lines = order.lines.iter().map(|line| {
        bare("LineItem", line.id)
            .leaf("sku", line.sku.as_str())
            .leaf("quantity", line.ordered)
            .leaf("currentQuantity", line.current)
            .leaf("unfulfilledQuantity", line.open)
    });
    let parcels = order.parcels.iter().map(|parcel| {
        let mut node = bare("Fulfillment", parcel.id);
        node.fields.push((
            "fulfillmentLineItems",
            Field::Pages(units("FulfillmentLineItem", "quantity", &parcel.lines)),
        ));
        node.leaf("status", "SUCCESS")
            .leaf("createdAt", date(parcel.at))
            .one("location", Some(bare("Location", parcel.location)))
    });
    let tasks = order.tasks.iter().map(|task| {
        let assigned = Node::new("FulfillmentOrderAssignedLocation", (0, 0), Vec::new())
            .one("location", Some(bare("Location", task.location)));
        let mut node = bare("FulfillmentOrder", task.id).one("assignedLocation", Some(assigned));
        node.fields.push((
            "lineItems",
            Field::Pages(units("FulfillmentOrderLineItem", "remainingQuantity", &task.lines)),
        ));
        node
    });
    let fields = vec![
        ("lineItems", Field::Pages(lines.collect())),
        ("fulfillments", Field::Many(parcels.collect())),
        ("fulfillmentOrders", Field::Pages(tasks.collect())),
    ];
    Node::new("Order", (order.updated.0, id), fields)
        .leaf("id", gid("Order", id))
        .leaf("createdAt", date(order.created))
        .leaf("updatedAt", date(order.updated))
        .leaf("cancelledAt", order.cancelled.map(date))
}

fn units(kind: &'static str, amount: &'static str, units: &Units) -> Vec<Node> {
    let node = |(line, quantity): &(u64, i64)| {
        Node::new(kind, (0, *line), Vec::new())
            .leaf(amount, *quantity)
            .one("lineItem", Some(bare("LineItem", *line)))
    };
    units.iter().map(node).collect()
}
