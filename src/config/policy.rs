//! The settings that templates, channels and rules share: one patch a layer.

use super::locations::Locations;
use super::reader::{Fault, Section};
use super::root::Root;
use super::schema::{ADAPTIVE, CHANNEL_GUARD, COMPARE_AT, FLOOR, PRICE};
use super::tree::{Node, Value};
use super::value::{
    amount, boolean, choice, count, decimal, factor, percent, quantity_above_zero, quantity_from_zero, share, text,
};
use omnistock_words::{
    CompareAt, Endings, Limit, LocationName, Mode, Percent, PolicyPatch, PriceFloor, PriceRule, Quantity, SafetyStock,
    SameSku, Sourcing,
};
use rust_decimal::Decimal;

pub(super) const MODES: [(&str, Mode); 6] = [
    ("observe", Mode::Observe),
    ("shadow", Mode::Shadow),
    ("live", Mode::Live),
    ("decrease_only", Mode::DecreaseOnly),
    ("frozen", Mode::Frozen),
    ("draining", Mode::Draining),
];
const SOURCINGS: [(&str, Sourcing); 3] = [
    ("priority", Sourcing::Priority),
    ("most_stock", Sourcing::MostStock),
    ("single_location", Sourcing::SingleLocation),
];
const SAME_SKUS: [(&str, SameSku); 2] = [("same", SameSku::Same), ("split", SameSku::Split)];

/// Reads the keys of one layer.
pub(super) fn patch(root: Root, places: &Locations, section: &Section) -> PolicyPatch {
    let mut patch = PolicyPatch {
        mode: section.read("mode", |node| choice(node, &MODES)),
        locations: locations(root, places, section),
        sourcing: section.read("sourcing", |node| choice(node, &SOURCINGS)),
        ship_complete: section.read("ship_complete", boolean),
        share: section.read("share", share),
        sku_safety_stock: safety_stock(section, "sku_safety_stock"),
        safety_stock: safety_stock(section, "safety_stock"),
        stop_at: section.read("stop_at", quantity_from_zero),
        backorder_limit: section.read("backorder_limit", limit),
        preorder_limit: section.read("preorder_limit", limit),
        max_shown: section.read("max_shown", quantity_above_zero),
        decimals: section.read("decimals", |node| count(node, 0, 6)),
        pack_size: section.read("pack_size", quantity_from_zero),
        factor: section.read("factor", quantity_above_zero),
        unit: section.read("unit", |node| text(node).map(str::to_owned)),
        track: section.read("track", boolean),
        same_sku: section.read("same_sku", |node| choice(node, &SAME_SKUS)),
        home: section.read("home", boolean),
        expected_sales: section.read("expected_sales", expected_sales),
        price: section
            .inner("price", &PRICE)
            .map(|price| price_rule(root, &price))
            .unwrap_or_default(),
        ..PolicyPatch::default()
    };
    if let Some(guard) = section.inner("guard", &CHANNEL_GUARD) {
        patch.newly_zero = guard.read("newly_zero", percent);
        patch.price_jump = guard.read("price_jump", percent);
        patch.prices_changed = guard.read("prices_changed", percent);
    }
    patch
}

/// `locations` or `pool`, never both in one layer.
fn locations(root: Root, places: &Locations, section: &Section) -> Option<Vec<LocationName>> {
    if section.has("locations") && section.has("pool") {
        section.error_at(
            "pool",
            format!("{} has both `pool` and `locations`: keep one of them", section.title),
        );
    }
    let listed = places.list(root, section, "locations");
    let pooled = places.pool(root, section, "pool");
    listed.or(pooled)
}

/// `2`, `"5%"` or `{ adaptive = "1%", max = 6 }`.
fn safety_stock(section: &Section, key: &str) -> Option<SafetyStock> {
    if section.entry(key)?.node.table().is_some() {
        let table = section.inner(key, &ADAPTIVE)?;
        let chance = table.require("adaptive", "the chance to oversell, such as \"1%\"", chance);
        let max = table.require("max", "the most units it may hold back", quantity_from_zero);
        return Some(SafetyStock::Adaptive {
            chance: chance?,
            max: max?,
        });
    }
    section.read(key, |node| match &node.value {
        Value::Text(text) if text.ends_with('%') => share(node).map(SafetyStock::Share),
        Value::Text(_) | Value::Integer(_) | Value::Float(_) => quantity_from_zero(node).map(SafetyStock::Units),
        _ => Err(Fault::expected(
            "a quantity, a percentage like \"5%\", or { adaptive = \"1%\", max = 6 }",
            node,
        )),
    })
}

/// Above 0 and below 100 %: at either end no quantity is right.
fn chance(node: &Node) -> Result<Percent, Fault> {
    let chance = percent(node)?;
    if chance > Percent::whole(0) && chance < Percent::HUNDRED {
        return Ok(chance);
    }
    Err(Fault::new(format!(" is {chance}, but must be above 0% and below 100%")))
}

fn limit(node: &Node) -> Result<Limit, Fault> {
    match &node.value {
        Value::Text(text) if text == "unlimited" => Ok(Limit::Unlimited),
        Value::Text(text) if text.starts_with(|first: char| first.is_ascii_alphabetic()) => {
            Err(Fault::expected("a quantity or \"unlimited\"", node))
        }
        _ => quantity_from_zero(node).map(Limit::Units),
    }
}

/// `"x5"`: five times the usual sales.
fn expected_sales(node: &Node) -> Result<Decimal, Fault> {
    let expected = || Fault::expected("a factor like \"x5\"", node);
    let digits = text(node)?.strip_prefix('x').ok_or_else(expected)?;
    let value = digits.parse::<Quantity>().map_err(|_| expected())?;
    if value.is_positive() {
        Ok(value.decimal())
    } else {
        Err(expected())
    }
}

fn price_rule(root: Root, section: &Section) -> PriceRule {
    PriceRule {
        list: root.reference(section, "list", "price_lists"),
        factor: section.read("factor", factor),
        add: section.read("add", decimal),
        ending: section.read("ending", ending),
        floor: floor(root, section),
        ceiling: section.read("ceiling", amount),
        min_margin: section.read("min_margin", share),
        compare_at: compare_at(root, section),
    }
}

/// `"rrp"` or `{ list = "rrp", factor = "1.1" }`.
fn compare_at(root: Root, section: &Section) -> Option<CompareAt> {
    if section.entry("compare_at")?.node.table().is_none() {
        let list = root.reference(section, "compare_at", "price_lists")?;
        let factor = Decimal::ONE;
        return Some(CompareAt { list, factor });
    }
    let table = section.inner("compare_at", &COMPARE_AT)?;
    table.need("list", "the price list it comes from");
    let list = root.reference(&table, "list", "price_lists");
    let factor = if table.has("factor") {
        table.read("factor", factor)
    } else {
        Some(Decimal::ONE)
    };
    Some(CompareAt {
        list: list?,
        factor: factor?,
    })
}

/// A fraction of a unit of money, such as `"0.99"`.
fn ending(node: &Node) -> Result<Endings, Fault> {
    let value = amount(node)?;
    if value < Decimal::ONE {
        Ok(Endings(value))
    } else {
        Err(Fault::new(format!(" is {value}, but must be below 1, like \"0.99\"")))
    }
}

/// `"4.90"`, `"none"` or `{ list = "cost", factor = "1.35" }`.
fn floor(root: Root, section: &Section) -> Option<PriceFloor> {
    let node = &section.entry("floor")?.node;
    if node.table().is_some() {
        let table = section.inner("floor", &FLOOR)?;
        table.need("list", "the price list it is a factor of");
        let list = root.reference(&table, "list", "price_lists");
        let factor = if table.has("factor") {
            table.read("factor", factor)
        } else {
            Some(Decimal::ONE)
        };
        return Some(PriceFloor::List {
            list: list?,
            factor: factor?,
        });
    }
    section.read("floor", |node| match &node.value {
        Value::Text(text) if text == "none" => Ok(PriceFloor::None),
        Value::Text(_) | Value::Integer(_) | Value::Float(_) => amount(node).map(PriceFloor::Amount),
        _ => Err(Fault::expected(
            "an amount like \"4.90\", \"none\", or { list = \"cost\", factor = \"1.35\" }",
            node,
        )),
    })
}
