//! Why a price is what it is: the list's amount, the rule on it, its limits; and the state it is in.

use crate::server::PriceExplanation;
use omnistock_engine::{PriceAnswer, PriceGap, Promise, SkuDocument, resolve_listing, valid_amount};
use omnistock_planner::{ListingDocument, PriceFacts, PriceTarget, price_state};
use omnistock_sdk::now;
use omnistock_words::{ChannelName, Millis, Price, PriceFloor, PriceRule, Settings, Sku};

/// The price of a listing; `None` where no list is configured for it.
pub(super) fn explain(
    (settings, ledger): (&Settings, Option<&SkuDocument>),
    (channel, sku): (&ChannelName, &Sku),
    promise: &Promise,
    listing: Option<&ListingDocument>,
    gate: bool,
) -> Option<PriceExplanation> {
    if promise.price == PriceAnswer::None(PriceGap::NoList) {
        return None;
    }
    let empty = SkuDocument::default();
    let (ledger, at) = (ledger.unwrap_or(&empty), now());
    let id = listing.map(|listing| &listing.listing);
    let policy = resolve_listing(settings, channel, sku, &ledger.attributes, id, at);
    let known = listing.and_then(|listing| listing.price.as_deref());
    let (target, made) = match &promise.price {
        PriceAnswer::Price(amount) => {
            let compared = match &promise.compare_at {
                Some(PriceAnswer::Price(compared)) => Some(*compared),
                _ => None,
            };
            let price = Price {
                amount: *amount,
                compare_at: compared,
            };
            // A vendor that can't show the former price has none of it in what was wanted last.
            let wanted = known
                .and_then(|known| known.desired)
                .filter(|wanted| wanted.amount == *amount);
            (
                PriceTarget::Price(wanted.unwrap_or(price)),
                made(ledger, &policy.price, at),
            )
        }
        PriceAnswer::None(gap) => (PriceTarget::Missing, gap.to_string()),
    };
    let state = listing.map_or(omnistock_planner::ListingState::Unmapped, |document| {
        let facts = PriceFacts {
            mode: policy.mode,
            gate,
            target,
            document,
            suspect: false,
            settings: 0,
            now: at,
        };
        let open = known.is_some_and(|known| known.open);
        price_state(&facts, open, !shown(document, target))
    });
    let held = known.and_then(|known| known.held.as_ref());
    let held = held.map(|held| {
        format!(
            "held by {} ({}): {} stays, not {}",
            held.hold, held.guard, held.from, held.to
        )
    });
    let refused = known
        .and_then(|known| known.parked.as_ref())
        .map(|parked| format!("refused: {}", parked.reason));
    let because = [Some(made), held, refused]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join("; ");
    let price = match target {
        PriceTarget::Price(price) => Some(price),
        _ => None,
    };
    Some(PriceExplanation {
        amount: price.map(|price| price.amount.amount().to_string()),
        currency: price.map(|price| price.currency().to_string()),
        state,
        because,
    })
}

/// Whether the wanted price was said yes to or read.
fn shown(document: &ListingDocument, target: PriceTarget) -> bool {
    let (Some(known), PriceTarget::Price(price)) = (document.price.as_deref(), target) else {
        return true;
    };
    let accepted = known.accepted.as_ref().map(|accepted| accepted.price);
    known.shown(price.currency()) == Some(price) || !known.confirmed() && accepted == Some(price)
}

/// Such as `retail 23.49 x 1.06, ending 0.99; floor cost 13.50 x 1.35; compared with uvp 29.90`.
fn made(ledger: &SkuDocument, rule: &PriceRule, at: Millis) -> String {
    let of = |list| {
        let amount = valid_amount(ledger, list, at).map(|money| format!(" {}", money.amount()));
        format!("{list}{}", amount.unwrap_or_default())
    };
    let mut text = rule.list.as_ref().map_or_else(String::new, of);
    text.extend(rule.factor.map(|factor| format!(" x {factor}")));
    text.extend(rule.add.map(|add| format!(" + {add}")));
    text.extend(rule.ending.map(|ending| format!(", ending {}", ending.0)));
    match &rule.floor {
        None => {}
        Some(PriceFloor::None) => text.push_str("; no floor on purpose"),
        Some(PriceFloor::Amount(floor)) => text.extend(["; floor ".to_owned(), floor.to_string()]),
        Some(PriceFloor::List { list, factor }) => text.extend([format!("; floor {} x {factor}", of(list))]),
    }
    text.extend(rule.ceiling.map(|ceiling| format!("; ceiling {ceiling}")));
    text.extend(rule.min_margin.map(|margin| format!("; margin at least {margin}")));
    text.extend(
        rule.compare_at
            .as_ref()
            .map(|other| format!("; compared with {} x {}", of(&other.list), other.factor)),
    );
    text
}
