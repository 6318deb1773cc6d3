//! Prices of variants: one product a call, those that are good where partial updates are allowed, else all or none.

use super::changes::error;
use super::graph::{Failure, Node, Request};
use super::reads::{bare, gid, id_of, permit};
use super::shop::{Shop, Variant};
use apollo_compiler::ast;
use serde_json::{Value, json};

/// A variant as reads show it.
pub(super) fn node(sold: &Variant) -> Node {
    Node::new("ProductVariant", (0, sold.id), Vec::new())
        .leaf("id", gid("ProductVariant", sold.id))
        .leaf("price", sold.price.as_str())
        .leaf("compareAtPrice", sold.compare_at.clone())
        .one("product", Some(bare("Product", sold.product)))
}

fn told(sold: &Variant) -> Value {
    json!({"id": gid("ProductVariant", sold.id), "price": sold.price, "compareAtPrice": sold.compare_at})
}

/// An amount as the shop holds it: two digits; `None` where it is none, or negative.
fn amount(text: &Value) -> Option<String> {
    let text = text.as_str()?;
    let (whole, cents) = text.split_once('.').unwrap_or((text, ""));
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let fits = !whole.is_empty() && whole.len() < TOO_MUCH && cents.len() <= 2;
    (fits && digits(whole) && digits(cents)).then(|| format!("{whole}.{cents:0<2}"))
}

/// A price and, where it is in the entry, what is shown beside it.
type Change = (String, Option<Option<String>>);

/// What is refused as too large [recorded].
const TOO_MUCH: usize = "1000000000000000000".len();

/// The item that an entry is about and what becomes of it, or all that is wrong with it; an error where it is about none.
fn checked(shop: &Shop, product: u64, index: usize, entry: &Value) -> Result<(u64, Result<Change, Vec<Value>>), Value> {
    let place = index.to_string();
    let wrong = |member: &str, code: &str, message: &str| error(&["variants", &place, member], code, message);
    let id = entry.get("id").and_then(|id| id_of("ProductVariant", id));
    let found = shop
        .items
        .iter()
        .find(|(_, item)| Some(item.sold.id) == id && item.sold.product == product);
    let Some((item, _)) = found else {
        return Err(wrong(
            "id",
            "PRODUCT_VARIANT_DOES_NOT_EXIST",
            "Product variant does not exist",
        ));
    };
    let mut errors = Vec::new();
    // What is not in the entry stays as it is.
    let compared = match entry.get("compareAtPrice") {
        None => None,
        Some(Value::Null) => Some(None),
        Some(text) => match amount(text) {
            Some(compared) => Some(Some(compared)),
            None if text.as_str().is_some_and(|text| text.len() >= TOO_MUCH) => {
                let most = "must be less than 1000000000000000000";
                errors.push(wrong("compareAtPrice", "INVALID_INPUT", most));
                None
            }
            None => {
                errors.push(wrong("compareAtPrice", "INVALID_VALUE", "Compare at price is invalid"));
                None
            }
        },
    };
    let Some(price) = entry.get("price").and_then(amount) else {
        let least = "Price must be greater than or equal to 0";
        errors.push(wrong("price", "GREATER_THAN_OR_EQUAL_TO", least));
        return Ok((*item, Err(errors)));
    };
    let change = if errors.is_empty() {
        Ok((price, compared))
    } else {
        Err(errors)
    };
    Ok((*item, change))
}

pub(super) fn update(shop: &mut Shop, request: &Request, field: &ast::Field) -> Result<Value, Failure> {
    permit(shop, "productVariantsBulkUpdate", "write_products")?;
    let refused = |errors: &[Value]| json!({"productVariants": null, "userErrors": errors});
    let entries = request
        .argument(field, "variants")
        .as_array()
        .cloned()
        .unwrap_or_default();
    if entries.len() > 250 {
        let sentence = format!(
            "The input array size of {} is greater than the maximum allowed of 250.",
            entries.len()
        );
        return Err(Failure::new("MAX_INPUT_SIZE_EXCEEDED", sentence));
    }
    let product = id_of("Product", &request.argument(field, "productId"));
    let product = product.filter(|product| shop.items.values().any(|item| item.sold.product == *product));
    let Some(product) = product else {
        return Ok(refused(&[error(
            &["productId"],
            "PRODUCT_DOES_NOT_EXIST",
            "Product does not exist",
        )]));
    };
    let (mut changes, mut errors) = (Vec::new(), Vec::new());
    for (index, entry) in entries.iter().enumerate() {
        match checked(shop, product, index, entry) {
            Ok((item, Ok(change))) => changes.push((item, Some(change))),
            Ok((item, Err(wrong))) => {
                changes.push((item, None));
                errors.extend(wrong);
            }
            Err(error) => errors.push(error),
        }
    }
    let partial = request.argument(field, "allowPartialUpdates") == true;
    if !errors.is_empty() && !partial {
        return Ok(refused(&errors));
    }
    // Whoever was found is shown as he is now, in the order of the call: one that was refused with his old price [recorded].
    let mut shown = Vec::new();
    for (item, change) in changes {
        if let Some(item) = shop.items.get_mut(&item) {
            if let Some((price, compared)) = change {
                item.sold.price = price;
                item.sold.compare_at = compared.unwrap_or_else(|| item.sold.compare_at.clone());
            }
            shown.push(told(&item.sold));
        }
    }
    Ok(json!({"productVariants": shown, "userErrors": errors}))
}
