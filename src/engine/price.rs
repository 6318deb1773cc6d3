//! The price of a listing: list, rule, floor and ceiling.

use crate::{PriceAnswer, PriceEntry, PriceGap, SkuDocument};
use omnistock_words::{Endings, Millis, Money, Percent, PriceFloor, PriceList, PriceListName, PriceRule, Settings};
use rust_decimal::Decimal;

/// What may be asked for the SKU at `now`.
pub(crate) fn price(settings: &Settings, document: &SkuDocument, rule: &PriceRule, now: Millis) -> PriceAnswer {
    match compute(settings, document, rule, now) {
        Ok(price) => PriceAnswer::Price(price),
        Err(gap) => PriceAnswer::None(gap),
    }
}

/// The valid amount of a list: the one that began last, of several the one that ends first.
pub(crate) fn valid(document: &SkuDocument, list: &PriceListName, now: Millis) -> Option<Money> {
    let current = |entry: &&PriceEntry| {
        entry.list == *list && entry.from.is_none_or(|from| from <= now) && entry.until.is_none_or(|until| now < until)
    };
    let rank = |entry: &&PriceEntry| (entry.from, std::cmp::Reverse(entry.until.unwrap_or(Millis::MAX)));
    document
        .prices
        .iter()
        .filter(current)
        .max_by_key(rank)
        .map(|entry| entry.price)
}

fn compute(settings: &Settings, document: &SkuDocument, rule: &PriceRule, now: Millis) -> Result<Money, PriceGap> {
    let list = rule.list.as_ref().ok_or(PriceGap::NoList)?;
    let declared = settings
        .price_lists
        .get(list)
        .ok_or_else(|| PriceGap::UnknownList(list.clone()))?;
    let start = valid(document, list, now).ok_or_else(|| PriceGap::NoAmount(list.clone()))?;
    let floor = floor(settings, document, rule, (list, declared), now)?;
    let factor = rule.factor.unwrap_or(Decimal::ONE);
    let raw = start
        .amount()
        .checked_mul(factor)
        .and_then(|x| x.checked_add(rule.add.unwrap_or_default()));
    let in_currency = |amount: Option<Decimal>| {
        let amount = amount.and_then(|amount| Money::new(amount, declared.currency).ok());
        amount.ok_or(PriceGap::OutOfRange)
    };
    let mut price = in_currency(raw)?.rounded();
    if let Some(ending) = rule.ending {
        price = in_currency(ends_with(price.amount(), ending))?;
    }
    let mut amount = price.amount();
    if let Some(ceiling) = rule.ceiling {
        amount = amount.min(ceiling);
    }
    if let Some(floor) = floor {
        let floor = in_currency(Some(floor))?.rounded_up().amount();
        if rule.ceiling.is_some_and(|ceiling| floor > ceiling) {
            return Err(PriceGap::FloorAboveCeiling);
        }
        amount = amount.max(floor);
    }
    if amount < Decimal::ZERO {
        return Err(PriceGap::OutOfRange);
    }
    Ok(in_currency(Some(amount))?.rounded())
}

/// The least amount at or above `amount` that ends so: `0.99` in every unit, `9.99` in every ten.
fn ends_with(amount: Decimal, Endings(ending): Endings) -> Option<Decimal> {
    let mut period = Decimal::ONE;
    while period <= ending {
        period = period.checked_mul(Decimal::TEN)?;
    }
    if ending < Decimal::ZERO {
        return Some(amount);
    }
    let times = amount.checked_sub(ending)?.checked_div(period)?.ceil();
    times.checked_mul(period)?.checked_add(ending)
}

/// The least amount: the rule's floor and the margin on cost. `None`: on purpose none.
fn floor(
    settings: &Settings,
    document: &SkuDocument,
    rule: &PriceRule,
    (list, declared): (&PriceListName, &PriceList),
    now: Millis,
) -> Result<Option<Decimal>, PriceGap> {
    let floor = rule.floor.as_ref().ok_or(PriceGap::NoFloor)?;
    let on = |other: &PriceListName| -> Result<(Decimal, &PriceList), PriceGap> {
        let there = settings
            .price_lists
            .get(other)
            .ok_or_else(|| PriceGap::UnknownList(other.clone()))?;
        if there.currency != declared.currency {
            return Err(PriceGap::Incomparable(list.clone(), other.clone()));
        }
        let amount = valid(document, other, now).ok_or_else(|| PriceGap::NoFloorAmount(other.clone()))?;
        Ok((amount.amount(), there))
    };
    let plain = match floor {
        PriceFloor::None => None,
        PriceFloor::Amount(amount) => Some(*amount),
        PriceFloor::List { list, factor } => Some(on(list)?.0.checked_mul(*factor).ok_or(PriceGap::OutOfRange)?),
    };
    let Some(margin) = rule.min_margin else {
        return Ok(plain);
    };
    let cost = match floor {
        PriceFloor::List { list, .. } => list.clone(),
        _ => PriceListName::new("cost").map_err(|_| PriceGap::NoFloor)?,
    };
    let (amount, there) = on(&cost)?;
    if there.tax != declared.tax {
        return Err(PriceGap::Incomparable(list.clone(), cost));
    }
    let kept = Decimal::ONE - margin.factor();
    let least = if kept > Decimal::ZERO {
        amount.checked_div(kept)
    } else {
        None
    }
    .ok_or(PriceGap::OutOfRange)?;
    Ok(Some(plain.map_or(least, |plain| plain.max(least))))
}

/// Whether a guard holds the change of a price: by more than the limit (|new − old| ÷ old), exactly
/// by a factor of 10, 100 or 1000 in either direction, or to another currency.
pub fn jumps(old: Money, new: Money, limit: Percent) -> bool {
    let (before, after) = (old.amount(), new.amount());
    let factor = |small: Decimal, large: Decimal| {
        !small.is_zero()
            && [10, 100, 1_000]
                .into_iter()
                .any(|times| small.checked_mul(Decimal::from(times)) == Some(large))
    };
    old.currency() != new.currency()
        || limit.exceeded_by((after - before).abs(), before)
        || factor(before, after)
        || factor(after, before)
}
