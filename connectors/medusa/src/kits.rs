//! Variants that are more than one unit of one inventory item: a pack takes several units of it, a kit several items.
//!
//! A number here is units of one SKU, and so is an order's line; the shop reserves the link's `required_quantity` of each
//! item for it. Where these differ neither our number for the item nor what its sales take from it would be right, so
//! the item is listed and not written.

use crate::client::{Client, Query};
use crate::wire;
use omnistock_sdk::ConnectorError;
use omnistock_words::Quantity;
use std::collections::{BTreeMap, BTreeSet};

/// Variants in one call: their ids make 5 KB of address.
const VARIANTS: usize = 100;

/// The items of a variant are asked for by themselves: an item names the variants that sell it, and not what else they take.
const FIELDS: &str = "id,sku,title,inventory_items.inventory_item_id,inventory_items.required_quantity";

/// Why an inventory item is not written, by its id.
pub(crate) type Kits = BTreeMap<String, String>;

/// Those of these items that a pack or a kit takes.
pub(crate) async fn among(client: &Client, items: &[wire::InventoryItem]) -> Result<Kits, ConnectorError> {
    let linked = items.iter().flat_map(|item| item.variants.iter().flatten());
    let ids: BTreeSet<&str> = linked.map(|variant| variant.id.as_str()).collect();
    let ids: Vec<&str> = ids.into_iter().collect();
    let mut kits = Kits::new();
    for chunk in ids.chunks(VARIANTS) {
        let mut query: Query = chunk.iter().map(|id| ("id[]", (*id).to_owned())).collect();
        query.push(("fields", FIELDS.to_owned()));
        query.push(("limit", VARIANTS.to_string()));
        let answer: wire::Takers = client.get("/admin/product-variants", &query).await?;
        for variant in answer.variants {
            if let Some(reason) = reason(&variant) {
                let links = variant.inventory_items.into_iter().flatten();
                kits.extend(links.map(|link| (link.inventory_item_id, reason.clone())));
            }
        }
    }
    Ok(kits)
}

fn reason(variant: &wire::Taker) -> Option<String> {
    // Left out it is 1 [the vendor's own default].
    let each = |link: &wire::Link| link.required_quantity.0.unwrap_or(Quantity::ONE);
    let what = match variant.inventory_items.as_deref().unwrap_or_default() {
        [] => return None,
        [link] if each(link) == Quantity::ONE => return None,
        [link] => format!("takes {} of it", each(link)),
        links => format!("is a kit of {} inventory items", links.len()),
    };
    let name = [&variant.sku, &variant.title];
    let name = name.into_iter().flatten().find(|name| !name.is_empty());
    let name = name.unwrap_or(&variant.id);
    Some(format!(
        "the variant `{name}` {what}, and a number here is units of one article; link the variant to one inventory item with a \
         quantity of 1 (Products > the variant > Inventory items)"
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    #[test]
    fn one_of_one_item_is_no_kit_and_the_reason_names_the_variant() {
        let reason = |links: Value, sku: Value| {
            let variant = json!({"id": "variant_1", "sku": sku, "title": "Pack", "inventory_items": links});
            super::reason(&serde_json::from_value(variant).unwrap())
        };
        let link = |each: Value| json!({"inventory_item_id": "iitem_1", "required_quantity": each});
        for plain in [
            json!(null),
            json!([]),
            json!([link(json!(1))]),
            json!([link(json!(null))]),
        ] {
            assert_eq!(reason(plain.clone(), json!("A")), None, "{plain}");
        }
        let pack = reason(json!([link(json!(6))]), json!("SIX")).unwrap();
        assert!(pack.contains("`SIX` takes 6 of it"), "{pack}");
        let part = reason(json!([link(json!(0.5))]), json!(null)).unwrap();
        assert!(part.contains("`Pack` takes 0.5 of it"), "{part}");
        let kit = reason(json!([link(json!(1)), link(json!(1))]), json!("SET")).unwrap();
        assert!(kit.contains("`SET` is a kit of 2 inventory items"), "{kit}");
    }
}
