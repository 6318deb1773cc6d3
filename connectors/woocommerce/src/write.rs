//! Setting numbers: batches of one parent, an outcome for each item.

use crate::catalogue::unwritable;
use crate::client::{Client, PAGE};
use crate::wire::{BatchAnswer, BatchItem, ManageStock};
use omnistock_sdk::{ConnectorError, ErrorClass, ItemOutcome, WriteItem};
use omnistock_words::ListingId;
use reqwest::Method;
use serde_json::{Value, json};

/// Codes of items that another try would be refused with as well [observed, products controller of the vendor].
pub(crate) const FOR_GOOD: [&str; 6] = [
    "woocommerce_rest_product_invalid_id",
    "woocommerce_rest_invalid_product_id",
    "woocommerce_rest_product_variation_invalid_id",
    "woocommerce_rest_invalid_variation_id",
    "woocommerce_rest_cannot_edit",
    "rest_invalid_param",
];

/// An item that may be sent: where it stands among those asked for, and the vendor's id and number.
struct Sendable {
    index: usize,
    id: u64,
    quantity: i64,
}

/// Sets numbers, one outcome per item in order. Items of several parents, or too many, go in several
/// calls; an error of the first call is the error of all, a later one is the outcome of its items.
pub(crate) async fn write(client: &Client, items: &[WriteItem]) -> Result<Vec<ItemOutcome>, ConnectorError> {
    let missing = ItemOutcome::Failed {
        reason: "not sent".to_owned(),
    };
    let mut outcomes = vec![missing; items.len()];
    let mut sent = false;
    for (parent, group) in groups(items, &mut outcomes) {
        for chunk in group.chunks(PAGE) {
            match send(client, parent, chunk).await {
                Ok(answers) => place(&mut outcomes, chunk, answers),
                Err(error) if !sent => return Err(error),
                Err(error) => place(
                    &mut outcomes,
                    chunk,
                    chunk.iter().map(|_| outcome_of_call(&error)).collect(),
                ),
            }
            sent = true;
        }
    }
    Ok(outcomes)
}

fn place(outcomes: &mut [ItemOutcome], chunk: &[Sendable], answers: Vec<ItemOutcome>) {
    for (item, answer) in chunk.iter().zip(answers) {
        if let Some(outcome) = outcomes.get_mut(item.index) {
            *outcome = answer;
        }
    }
}

/// Items by parent, in order of appearance. What must not be sent gets its outcome here: the batch
/// route checks no types and stores 0 for what it can't read [observed].
fn groups<'a>(items: &'a [WriteItem], outcomes: &mut [ItemOutcome]) -> Vec<(Option<&'a ListingId>, Vec<Sendable>)> {
    let mut groups: Vec<(Option<&ListingId>, Vec<Sendable>)> = Vec::new();
    for (index, (item, outcome)) in items.iter().zip(outcomes).enumerate() {
        let parent = item.reference.parent.as_ref();
        match sendable(index, item) {
            Err(reason) => *outcome = ItemOutcome::Rejected { reason },
            Ok(sendable) => match groups.iter_mut().find(|(other, _)| *other == parent) {
                Some((_, group)) => group.push(sendable),
                None => groups.push((parent, vec![sendable])),
            },
        }
    }
    groups
}

fn sendable(index: usize, item: &WriteItem) -> Result<Sendable, String> {
    if let Some(parent) = item
        .reference
        .parent
        .as_ref()
        .filter(|parent| parent.as_str().parse::<u64>().is_err())
    {
        return Err(format!("`{parent}` is not a WooCommerce product id"));
    }
    let listing = &item.reference.key.listing;
    let id = listing
        .as_str()
        .parse()
        .map_err(|_| format!("`{listing}` is not a WooCommerce product id"))?;
    let quantity = item.quantity.as_whole().filter(|units| *units >= 0);
    let quantity =
        quantity.ok_or_else(|| format!("WooCommerce takes whole numbers from 0 on, not {}", item.quantity))?;
    Ok(Sendable { index, id, quantity })
}

/// Where a product's variations are written, or products.
pub(crate) fn batch_path(parent: Option<&ListingId>) -> String {
    parent.map_or_else(
        || "/products/batch".to_owned(),
        |parent| format!("/products/{parent}/variations/batch"),
    )
}

async fn send(
    client: &Client,
    parent: Option<&ListingId>,
    items: &[Sendable],
) -> Result<Vec<ItemOutcome>, ConnectorError> {
    let update: Vec<Value> = items
        .iter()
        .map(|item| json!({"id": item.id, "stock_quantity": item.quantity}))
        .collect();
    let answer = client
        .send(Method::POST, &batch_path(parent), &json!({ "update": update }))
        .await?;
    let answer: BatchAnswer = answer.json()?;
    let mut answers = answer.update.into_iter();
    Ok(items
        .iter()
        .map(|item| outcome_of_item(item, answers.next().as_ref()))
        .collect())
}

fn outcome_of_item(item: &Sendable, answer: Option<&BatchItem>) -> ItemOutcome {
    let Some(answer) = answer.filter(|answer| answer.id == Some(item.id)) else {
        return ItemOutcome::Unknown {
            reason: format!("the answer does not speak of product {}", item.id),
        };
    };
    if let Some(error) = &answer.error {
        let reason = format!("{}: {}", error.code, error.message);
        return if FOR_GOOD.contains(&error.code.as_str()) {
            ItemOutcome::Rejected { reason }
        } else {
            ItemOutcome::Failed { reason }
        };
    }
    match unwritable(answer.manage_stock) {
        // Answered like a success, but the number was dropped [observed].
        Some(reason) => ItemOutcome::Rejected { reason },
        None => ItemOutcome::Applied {
            quantity: answer
                .stock_quantity
                .filter(|_| answer.manage_stock == ManageStock::Yes),
        },
    }
}

fn outcome_of_call(error: &ConnectorError) -> ItemOutcome {
    let reason = error.message.clone();
    match error.class {
        ErrorClass::Unknown => ItemOutcome::Unknown { reason },
        ErrorClass::Retry { .. } | ErrorClass::Spent { .. } | ErrorClass::Rejected | ErrorClass::Operator => {
            ItemOutcome::Failed { reason }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use omnistock_words::Quantity;

    fn outcome(answer: Value) -> ItemOutcome {
        let answer: BatchItem = serde_json::from_value(answer).unwrap();
        outcome_of_item(
            &Sendable {
                index: 0,
                id: 7,
                quantity: 5,
            },
            Some(&answer),
        )
    }

    #[test]
    fn each_answer_to_an_item_has_its_outcome() {
        let applied = outcome(json!({"id": 7, "sku": "A", "manage_stock": true, "stock_quantity": 5, "meta_data": []}));
        assert_eq!(
            applied,
            ItemOutcome::Applied {
                quantity: Some(Quantity::whole(5))
            }
        );
        let unknown_id = json!({"id": 7, "error": {"code": "woocommerce_rest_product_invalid_id", "message": "Invalid ID.", "data": {"status": 400}}});
        assert_eq!(
            outcome(unknown_id),
            ItemOutcome::Rejected {
                reason: "woocommerce_rest_product_invalid_id: Invalid ID.".to_owned()
            }
        );
        let passing = outcome(json!({"id": 7, "error": {"code": "db_insert_error", "message": "Could not write"}}));
        assert!(matches!(passing, ItemOutcome::Failed { .. }), "{passing:?}");
        let dropped = outcome(json!({"id": 7, "manage_stock": false, "stock_quantity": null}));
        assert!(
            matches!(dropped, ItemOutcome::Rejected { ref reason } if reason.contains("Manage stock")),
            "{dropped:?}"
        );
        let other = outcome(json!({"id": 8, "manage_stock": true, "stock_quantity": 5}));
        assert!(matches!(other, ItemOutcome::Unknown { .. }), "{other:?}");
    }

    #[test]
    fn an_item_the_answer_is_silent_about_is_unknown() {
        let silent = outcome_of_item(
            &Sendable {
                index: 0,
                id: 7,
                quantity: 5,
            },
            None,
        );
        assert!(matches!(silent, ItemOutcome::Unknown { .. }));
    }
}
