//! What listings ask: read with them, written by the same calls as numbers. Each listing has one price, in the
//! currency of its marketplace.

use crate::client::Client;
use crate::listing::Listing;
use crate::write::{Change, Verdict, Width, change};
use omnistock_sdk::{ConnectorError, Grouping, PriceCurrency, PriceField, PriceItem, PriceOutcome, PriceTerms};
use rust_decimal::Decimal;

/// The vendor's terms.
pub(crate) fn terms() -> PriceTerms {
    PriceTerms {
        max_write: crate::connector::MOST_WRITE,
        max_read: crate::read::MOST,
        grouping: Grouping::Any,
        // A former price is a field of the offer that only a full replacement sets: it is left alone.
        fields: &[PriceField::Regular],
        // One of each marketplace.
        currency: PriceCurrency::OfShop,
    }
}

/// The change, or why it must not be sent.
fn sendable(client: &Client, item: &PriceItem) -> Result<Change, String> {
    let id = &item.reference.key.listing;
    let listing = Listing::read(id).ok_or_else(|| format!("`{id}` is no listing of eBay"))?;
    let (own, wanted) = (client.marketplace.currency(), item.price.currency());
    if own != Some(wanted) {
        let name = client.marketplace.name;
        return Err(format!(
            "prices of {name} are not in {wanted}: give the channel a price list in its currency"
        ));
    }
    if item.price.amount.amount() <= Decimal::ZERO {
        return Err(format!("eBay takes prices above 0, not {}", item.price.amount));
    }
    Ok(Change {
        listing,
        quantity: None,
        price: Some(item.price.amount),
    })
}

fn outcome(verdict: Verdict) -> PriceOutcome {
    match verdict {
        Verdict::Done => PriceOutcome::Applied { price: None },
        Verdict::Refused(reason) => PriceOutcome::Rejected { reason },
        Verdict::Failed(reason) => PriceOutcome::Failed { reason },
        Verdict::Unknown(reason) => PriceOutcome::Unknown { reason },
    }
}

/// One outcome per item, in order.
pub(crate) async fn write(
    client: &Client,
    width: &Width,
    items: &[PriceItem],
) -> Result<Vec<PriceOutcome>, ConnectorError> {
    let wanted: Vec<Result<Change, String>> = items.iter().map(|item| sendable(client, item)).collect();
    let changes: Vec<Change> = wanted
        .iter()
        .filter_map(|change| change.as_ref().ok())
        .cloned()
        .collect();
    let mut verdicts = change(client, width, &changes).await?.into_iter();
    let each = wanted.into_iter().map(|wanted| match wanted {
        Err(reason) => PriceOutcome::Rejected { reason },
        Ok(_) => outcome(
            verdicts
                .next()
                .unwrap_or_else(|| Verdict::Unknown("it was not sent".to_owned())),
        ),
    });
    Ok(each.collect())
}
