//! Sets numbers by compare-and-set: all of a call or none, so what spoils a call is taken out and the rest sent again.

use crate::client::Client;
use crate::documents::SET;
use crate::gid::gid;
use crate::wire;
use omnistock_sdk::{ConnectorError, ErrorClass, ItemOutcome, WriteItem};
use rand::Rng;
use serde::Deserialize;
use serde_json::{Value, json};

/// The most that the vendor takes at once [documented: 251 are refused].
pub(crate) const MOST: usize = 250;

/// Calls for one batch at most: the first, and those without what the one before named.
const ROUNDS: usize = 3;

/// Codes of entries that another try would be refused with as well [the vendor's schema].
const FOR_GOOD: [&str; 9] = [
    "INVALID_INVENTORY_ITEM",
    "INVALID_LOCATION",
    "ITEM_NOT_STOCKED_AT_LOCATION",
    "NON_MUTABLE_INVENTORY_ITEM",
    "INVALID_QUANTITY_NEGATIVE",
    "INVALID_QUANTITY_TOO_HIGH",
    "INVALID_QUANTITY_TOO_LOW",
    "INVALID_NAME",
    "INVALID_REASON",
];

/// Codes of entries that show another number than was expected; the second is the older name.
const STALE: [&str; 2] = ["CHANGE_FROM_QUANTITY_STALE", "COMPARE_QUANTITY_STALE"];

/// An entry that may be sent, and where it stands among those asked for.
#[derive(Debug, Clone)]
struct Sendable {
    index: usize,
    entry: Value,
}

#[derive(Deserialize)]
struct Answer {
    #[serde(rename = "inventoryAdjustmentGroup")]
    _group: Option<wire::Identified>,
    #[serde(rename = "userErrors")]
    errors: Vec<wire::UserError>,
}

/// What was said of the entries of a call that was not carried out.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    /// These entries, by their place in the call, are to blame.
    Entries(Vec<(usize, ItemOutcome)>),
    /// The call as a whole.
    All(ItemOutcome),
}

/// One outcome per item, in order. Of a stale one the number that it shows is left to the caller to read.
pub(crate) async fn write(client: &Client, items: &[WriteItem]) -> Result<Vec<ItemOutcome>, ConnectorError> {
    let not_sent = ItemOutcome::Failed {
        reason: "not sent: other entries of its call were refused".to_owned(),
    };
    let mut outcomes = vec![not_sent; items.len()];
    let mut left = Vec::new();
    for (index, item) in items.iter().enumerate() {
        match entry(item) {
            Ok(entry) => left.push(Sendable { index, entry }),
            Err(reason) => set(&mut outcomes, index, ItemOutcome::Rejected { reason }),
        }
    }
    for round in 0..ROUNDS {
        if left.is_empty() {
            break;
        }
        let verdict = match send(client, &left).await {
            Ok(verdict) => verdict,
            Err(error) if round == 0 => return Err(error),
            Err(error) => Some(Verdict::All(outcome_of_call(&error))),
        };
        match verdict {
            None => {
                for sent in left.drain(..) {
                    set(&mut outcomes, sent.index, ItemOutcome::Applied { quantity: None });
                }
            }
            Some(Verdict::All(outcome)) => {
                for sent in left.drain(..) {
                    set(&mut outcomes, sent.index, outcome.clone());
                }
            }
            Some(Verdict::Entries(named)) => {
                for (place, outcome) in &named {
                    if let Some(sent) = left.get(*place) {
                        set(&mut outcomes, sent.index, outcome.clone());
                    }
                }
                let mut place = 0;
                left.retain(|_| {
                    place += 1;
                    !named.iter().any(|(other, _)| *other + 1 == place)
                });
            }
        }
    }
    Ok(outcomes)
}

fn set(outcomes: &mut [ItemOutcome], index: usize, outcome: ItemOutcome) {
    if let Some(place) = outcomes.get_mut(index) {
        *place = outcome;
    }
}

/// The vendor's form of an item. `changeFromQuantity` must be there; null means "whatever it shows".
fn entry(item: &WriteItem) -> Result<Value, String> {
    let key = &item.reference.key;
    let Some(id) = gid("InventoryItem", key.listing.as_str()) else {
        return Err(format!(
            "`{}` is not the number of an inventory item of Shopify",
            key.listing
        ));
    };
    let place = key
        .location
        .as_ref()
        .and_then(|location| gid("Location", location.as_str()));
    let Some(location) = place else {
        return Err("it is stocked at no location of Shopify, so there is no number to set".to_owned());
    };
    let whole = |quantity: omnistock_words::Quantity| quantity.as_whole().and_then(|units| i32::try_from(units).ok());
    let Some(quantity) = whole(item.quantity).filter(|units| *units >= 0) else {
        return Err(format!("Shopify takes whole numbers from 0 on, not {}", item.quantity));
    };
    let expected = match item.expected {
        None => None,
        Some(expected) => Some(
            whole(expected).ok_or_else(|| format!("Shopify can't show {expected}, so nothing is written over it"))?,
        ),
    };
    Ok(json!({"inventoryItemId": id, "locationId": location, "quantity": quantity, "changeFromQuantity": expected}))
}

/// A key that no other call ever had: the vendor answers a repeated one with the first call's result.
fn fresh_key() -> String {
    format!("{:032x}", rand::rng().random::<u128>())
}

async fn send(client: &Client, entries: &[Sendable]) -> Result<Option<Verdict>, ConnectorError> {
    let key = fresh_key();
    let quantities: Vec<&Value> = entries.iter().map(|sendable| &sendable.entry).collect();
    let input = json!({"name": "available", "reason": "correction",
        "referenceDocumentUri": format!("gid://omnistock/Write/{key}"), "quantities": quantities});
    let answer: Answer = client
        .ask(&SET, &json!({"input": input, "key": key}), "inventorySetQuantities")
        .await?;
    Ok(verdict(&answer.errors, entries.len()))
}

fn verdict(errors: &[wire::UserError], entries: usize) -> Option<Verdict> {
    let first = errors.first()?;
    let mut named: Vec<(usize, ItemOutcome)> = Vec::new();
    for error in errors {
        let place = place(error).filter(|place| *place < entries);
        if let Some(place) = place.filter(|place| !named.iter().any(|(other, _)| other == place)) {
            named.push((place, outcome_of_entry(error)));
        }
    }
    Some(if named.is_empty() {
        Verdict::All(outcome_of_all(first))
    } else {
        Verdict::Entries(named)
    })
}

/// The entry that an error speaks of: `["input", "quantities", "3", …]`.
fn place(error: &wire::UserError) -> Option<usize> {
    let field = error.field.as_deref()?;
    let at = field.iter().position(|part| part == "quantities")?;
    field.get(at + 1)?.parse().ok()
}

/// The schema has no code of its own for what Shopify doesn't count: the words tell it [documented: an item must be tracked].
fn untracked(error: &wire::UserError) -> bool {
    error.message.to_ascii_lowercase().contains("tracked")
}

fn words(error: &wire::UserError) -> String {
    let code = error.code.as_deref().unwrap_or("error");
    let advice = match code {
        _ if untracked(error) => "; switch on \"Track quantity\" in the variant's Inventory section",
        "ITEM_NOT_STOCKED_AT_LOCATION" => "; stock it there: product > variant > Inventory > Edit locations",
        "NON_MUTABLE_INVENTORY_ITEM" => "; it is a bundle, whose number Shopify makes of its parts",
        _ => "",
    };
    format!("{code}: {}{advice}", error.message)
}

fn outcome_of_entry(error: &wire::UserError) -> ItemOutcome {
    let (code, reason) = (error.code.as_deref().unwrap_or_default(), words(error));
    if STALE.contains(&code) {
        ItemOutcome::Stale { quantity: None, reason }
    } else if FOR_GOOD.contains(&code) || untracked(error) {
        ItemOutcome::Rejected { reason }
    } else {
        ItemOutcome::Failed { reason }
    }
}

/// Without a place; a key that is in use means that a copy of this very request is being carried out.
fn outcome_of_all(error: &wire::UserError) -> ItemOutcome {
    match error.code.as_deref() {
        Some("IDEMPOTENCY_CONCURRENT_REQUEST") => ItemOutcome::Unknown { reason: words(error) },
        // Nobody can say which of several is meant: each shows it when it is read.
        Some(code) if STALE.contains(&code) => ItemOutcome::Stale {
            quantity: None,
            reason: words(error),
        },
        _ => ItemOutcome::Failed { reason: words(error) },
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
    use omnistock_sdk::{ListingKey, ListingReference};
    use omnistock_words::{ListingId, Quantity, VendorLocation};
    use proptest::prelude::*;

    fn item(listing: &str, location: Option<&str>, quantity: &str, expected: Option<&str>) -> WriteItem {
        let key = ListingKey {
            listing: ListingId::new(listing).unwrap(),
            location: location.map(|location| VendorLocation::new(location).unwrap()),
        };
        WriteItem {
            reference: ListingReference { key, parent: None },
            quantity: quantity.parse().unwrap(),
            expected: expected.map(|expected| expected.parse::<Quantity>().unwrap()),
        }
    }

    fn error(place: Option<&str>, code: &str) -> wire::UserError {
        let field = place.map(|place| ["input", "quantities", place, "quantity"].map(str::to_owned).to_vec());
        wire::UserError {
            field,
            message: "no".to_owned(),
            code: Some(code.to_owned()),
        }
    }

    #[test]
    fn an_entry_says_what_it_replaces_or_that_it_does_not_mind() {
        let sent = entry(&item("7", Some("8"), "5", Some("-2"))).unwrap();
        assert_eq!(
            sent,
            json!({"inventoryItemId": "gid://shopify/InventoryItem/7", "locationId": "gid://shopify/Location/8", "quantity": 5, "changeFromQuantity": -2})
        );
        let sent = entry(&item("7", Some("8"), "5", None)).unwrap();
        assert!(
            sent.as_object().unwrap().contains_key("changeFromQuantity"),
            "the vendor refuses a call without it"
        );
        assert_eq!(sent["changeFromQuantity"], Value::Null);
    }

    #[test]
    fn what_the_vendor_can_not_mean_is_never_sent() {
        for bad in [
            item("seven", Some("8"), "5", None),
            item("7", None, "5", None),
            item("7", Some("Berlin"), "5", None),
            item("7", Some("8"), "1.5", None),
            item("7", Some("8"), "-1", None),
            item("7", Some("8"), "3000000000", None),
            item("7", Some("8"), "5", Some("0.5")),
        ] {
            assert!(entry(&bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn errors_name_entries_or_the_whole_call() {
        assert_eq!(verdict(&[], 3), None);
        let named = verdict(
            &[
                error(Some("2"), "CHANGE_FROM_QUANTITY_STALE"),
                error(Some("0"), "INVALID_LOCATION"),
                error(Some("0"), "X"),
            ],
            3,
        );
        let Some(Verdict::Entries(named)) = named else {
            panic!("{named:?}")
        };
        assert!(
            matches!(
                named.as_slice(),
                [
                    (2, ItemOutcome::Stale { quantity: None, .. }),
                    (0, ItemOutcome::Rejected { .. })
                ]
            ),
            "{named:?}"
        );
        for (code, known) in [
            ("INVALID_REFERENCE_DOCUMENT", false),
            ("IDEMPOTENCY_CONCURRENT_REQUEST", true),
        ] {
            let all = verdict(&[error(None, code)], 3);
            assert_eq!(
                matches!(all, Some(Verdict::All(ItemOutcome::Unknown { .. }))),
                known,
                "{all:?}"
            );
        }
        assert!(matches!(
            verdict(&[error(Some("9"), "X")], 3),
            Some(Verdict::All(ItemOutcome::Failed { .. }))
        ));
    }

    proptest! {
        #[test]
        fn whole_numbers_of_the_vendors_range_are_sent_as_they_are(units in 0..=1_000_000_000_i64, shown in -1_000_000_000..=1_000_000_000_i64) {
            let sent = entry(&item("7", Some("8"), &units.to_string(), Some(&shown.to_string()))).unwrap();
            prop_assert_eq!((sent["quantity"].as_i64(), sent["changeFromQuantity"].as_i64()), (Some(units), Some(shown)));
        }
    }
}
