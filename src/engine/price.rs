//! The price of a listing: list, rule, floor and ceiling, and what it is compared with.

use crate::{PriceAnswer, PriceEntry, PriceGap, SkuDocument};
use omnistock_words::{
    CompareAt, Endings, GrossNet, Millis, Money, PriceFloor, PriceList, PriceListName, PriceRule, Settings,
};
use rust_decimal::Decimal;

/// What may be asked for the SKU at `now`, and the price it is compared with, where one is wanted.
pub(crate) fn prices(
    settings: &Settings,
    document: &SkuDocument,
    rule: &PriceRule,
    now: Millis,
) -> (PriceAnswer, Option<PriceAnswer>) {
    let answer = |price: Result<Money, PriceGap>| price.map_or_else(PriceAnswer::None, PriceAnswer::Price);
    let price = compute(settings, document, rule, now);
    let compared = rule.compare_at.as_ref().map(|wanted| {
        let price = *price.as_ref().map_err(|_| PriceGap::NoPrice)?;
        compare(settings, document, rule, (wanted, price), now)
    });
    (answer(price), compared.map(answer))
}

/// The amount of the other list in the terms of the price, rounded half up; only if it is above the price.
fn compare(
    settings: &Settings,
    document: &SkuDocument,
    rule: &PriceRule,
    (wanted, price): (&CompareAt, Money),
    now: Millis,
) -> Result<Money, PriceGap> {
    let own = rule.list.as_ref().ok_or(PriceGap::NoList)?;
    let (from, to) = (declared(settings, &wanted.list)?, declared(settings, own)?);
    let amount = valid(document, &wanted.list, now).ok_or_else(|| PriceGap::NoAmount(wanted.list.clone()))?;
    let apart = || PriceGap::Incomparable(own.clone(), wanted.list.clone());
    if from.currency != to.currency {
        return Err(apart());
    }
    let net = net(amount.amount(), from, &wanted.list, to).map_err(|_| apart())?;
    let amount = gross(net, to, own, from)
        .map_err(|_| apart())?
        .checked_mul(wanted.factor)
        .and_then(|amount| Money::new(amount, price.currency()).ok())
        .ok_or(PriceGap::OutOfRange)?
        .rounded();
    if amount.amount() > price.amount() {
        Ok(amount)
    } else {
        Err(PriceGap::NotAbove(amount))
    }
}

fn declared<'a>(settings: &'a Settings, list: &PriceListName) -> Result<&'a PriceList, PriceGap> {
    settings
        .price_lists
        .get(list)
        .ok_or_else(|| PriceGap::UnknownList(list.clone()))
}

/// The tax on a net amount, as a factor; `None` where none is needed because both lists hold it alike.
fn taxed(list: &PriceList, name: &PriceListName, other: &PriceList) -> Result<Option<Decimal>, PriceGap> {
    match (list.tax, list.tax_rate) {
        (GrossNet::Net, _) => Ok(None),
        (GrossNet::Gross, rate) if other.tax == GrossNet::Gross && other.tax_rate == rate => Ok(None),
        (GrossNet::Gross, None) => Err(PriceGap::NoTaxRate(name.clone())),
        (GrossNet::Gross, Some(rate)) => Ok(Some(Decimal::ONE + rate.factor())),
    }
}

/// An amount of a list without its tax.
fn net(amount: Decimal, list: &PriceList, name: &PriceListName, other: &PriceList) -> Result<Decimal, PriceGap> {
    match taxed(list, name, other)? {
        None => Ok(amount),
        Some(tax) => amount.checked_div(tax).ok_or(PriceGap::OutOfRange),
    }
}

/// A net amount as the list says it.
fn gross(amount: Decimal, list: &PriceList, name: &PriceListName, other: &PriceList) -> Result<Decimal, PriceGap> {
    match taxed(list, name, other)? {
        None => Ok(amount),
        Some(tax) => amount.checked_mul(tax).ok_or(PriceGap::OutOfRange),
    }
}

/// The valid amount of a list: the one that began last, of several the one that ends first.
pub fn valid(document: &SkuDocument, list: &PriceListName, now: Millis) -> Option<Money> {
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
    let declared = declared(settings, list)?;
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
        let there = self::declared(settings, other)?;
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
    // A margin is a share of the net price.
    let kept = Decimal::ONE - margin.factor();
    let least = if kept > Decimal::ZERO {
        net(amount, there, &cost, declared)?.checked_div(kept)
    } else {
        None
    };
    let least = gross(least.ok_or(PriceGap::OutOfRange)?, declared, list, there)?;
    Ok(Some(plain.map_or(least, |plain| plain.max(least))))
}
