//! The rows of `bulk_update_price_quantity`: what is asked of an offer, and what its answer means.

use crate::listing::Listing;
use crate::wire;
use crate::write::{Change, Verdict};
use serde_json::{Map, Value, json};

/// The vendor counts an offer's number against an auction of the same item: the item's number has to be that much larger.
const AUCTION: u32 = 25_759;

/// The vendor's row for offers of one SKU.
pub(crate) fn request(changes: &[&Change], aside: i64) -> Option<Value> {
    let Listing::Offer { sku, .. } = &changes.first()?.listing else {
        return None;
    };
    let offers = changes.iter().filter_map(|change| {
        let Listing::Offer { offer, .. } = &change.listing else {
            return None;
        };
        let mut row = Map::from_iter([("offerId".to_owned(), json!(offer))]);
        if let Some(quantity) = change.quantity {
            row.insert("availableQuantity".to_owned(), json!(quantity));
        }
        if let Some(price) = change.price {
            let price = json!({"value": price.amount().to_string(), "currency": price.currency().to_string()});
            row.insert("price".to_owned(), price);
        }
        Some(Value::Object(row))
    });
    let offers: Vec<Value> = offers.collect();
    // Buyers see the smaller of both numbers; several offers of one item share its number.
    let most = changes.iter().filter_map(|change| change.quantity).max();
    Some(match most {
        None => json!({ "offers": offers }),
        Some(most) => {
            let there = json!({"quantity": most.saturating_add(aside)});
            json!({"sku": sku, "shipToLocationAvailability": there, "offers": offers})
        }
    })
}

/// What an answer says of an offer.
pub(crate) enum Said {
    /// This became of it.
    Verdict(Verdict),
    /// An auction of the same item is in its way.
    Auction,
}

/// What an answer says of an offer: its own row, and the one of its item where there is one. The worse of both counts.
pub(crate) fn said(results: &[wire::OfferResult], offer: &str, sku: &str) -> Option<Said> {
    let own = |result: &&wire::OfferResult| match result.offer.as_deref() {
        Some(id) => id == offer,
        None => result.sku.as_deref() == Some(sku),
    };
    let (mut spoken, mut worst) = (false, None);
    for result in results.iter().filter(own) {
        spoken |= result.offer.is_some();
        if (200..300).contains(&result.status) && result.errors.is_empty() {
            continue;
        }
        if result.errors.iter().any(|error| error.id == AUCTION) {
            return Some(Said::Auction);
        }
        worst = worst.or_else(|| Some(refusal(result)));
    }
    match worst {
        Some(verdict) => Some(Said::Verdict(verdict)),
        None => spoken.then_some(Said::Verdict(Verdict::Done)),
    }
}

fn refusal(result: &wire::OfferResult) -> Verdict {
    let first = result.errors.first();
    let words = first.map_or_else(
        || format!("status {}", result.status),
        |error| {
            format!(
                "error {}: {}",
                error.id,
                error.long.as_deref().unwrap_or(&error.message)
            )
        },
    );
    let number = first.map_or(0, |error| error.id);
    // 25001: "a system error has occurred"; 2001: too many calls. A page that was revised too often is free tomorrow.
    let passing =
        result.status >= 500 || result.status == 429 || [25_001, 2_001].contains(&number) || too_often(&words);
    if passing {
        Verdict::Failed(words)
    } else {
        Verdict::Refused(words)
    }
}

/// The vendor has no number of its own for a page that was revised too often a day.
pub(crate) fn too_often(words: &str) -> bool {
    let words = words.to_ascii_lowercase();
    words.contains("revis") && (words.contains("calendar day") || words.contains("250") || words.contains("limit"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn results(rows: Value) -> Vec<wire::OfferResult> {
        serde_json::from_value(rows).unwrap()
    }

    fn verdict(rows: Value) -> Option<Verdict> {
        match said(&results(rows), "1", "A")? {
            Said::Verdict(verdict) => Some(verdict),
            Said::Auction => panic!("an auction"),
        }
    }

    #[test]
    fn an_offer_is_done_when_nothing_of_it_was_refused() {
        let good = json!({"offerId": "1", "sku": "A", "statusCode": 200});
        assert_eq!(verdict(json!([good])), Some(Verdict::Done));
        assert_eq!(
            verdict(json!([good, {"sku": "A", "statusCode": 200}])),
            Some(Verdict::Done)
        );
        assert_eq!(
            verdict(json!([{"sku": "A", "statusCode": 200}])),
            None,
            "of the item alone"
        );
        assert_eq!(verdict(json!([{"offerId": "2", "sku": "A", "statusCode": 200}])), None);
        let refused = |id: u32, status: u16, words: &str| {
            let error = json!({"errorId": id, "message": words});
            verdict(json!([good, {"sku": "A", "statusCode": status, "errors": [error]}])).unwrap()
        };
        assert_eq!(
            refused(25_002, 400, "no"),
            Verdict::Refused("error 25002: no".to_owned())
        );
        assert_eq!(
            refused(25_001, 500, "no"),
            Verdict::Failed("error 25001: no".to_owned())
        );
        let often = refused(25_002, 400, "The listing was revised 250 times this calendar day.");
        assert!(matches!(often, Verdict::Failed(_)), "tomorrow it may be");
        let auction = json!([{"offerId": "1", "statusCode": 400, "errors": [{"errorId": AUCTION}]}]);
        assert!(matches!(said(&results(auction), "1", "A"), Some(Said::Auction)));
    }

    #[test]
    fn offers_of_one_sku_are_one_request_with_the_largest_number() {
        let change = |offer: &str, quantity| Change {
            listing: Listing::Offer {
                offer: offer.to_owned(),
                sku: "A".to_owned(),
            },
            quantity,
            price: None,
        };
        let (one, two) = (change("1", Some(3)), change("2", Some(5)));
        let wanted = json!({"sku": "A", "shipToLocationAvailability": {"quantity": 7},
                            "offers": [{"offerId": "1", "availableQuantity": 3}, {"offerId": "2", "availableQuantity": 5}]});
        assert_eq!(request(&[&one, &two], 2), Some(wanted));
        assert_eq!(
            request(&[&change("1", None)], 0),
            Some(json!({"offers": [{"offerId": "1"}]}))
        );
        assert_eq!(request(&[], 0), None);
    }
}
