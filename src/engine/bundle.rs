//! Bundles: what they are made of, flattened, and whose promise reads whose ledger.

use omnistock_words::{Component, Quantity, Settings, Sku};
use std::collections::{BTreeMap, BTreeSet};

/// How deep bundles of bundles go.
const DEPTH: usize = 8;

/// The parts of a bundle that are no bundles themselves, each once. `None`: not a bundle.
/// Empty: a bundle without parts, or one that contains itself; nothing of it can be promised.
pub(crate) fn parts(settings: &Settings, sku: &Sku) -> Option<Vec<Component>> {
    let direct = settings.bundles.parts(sku)?;
    let mut sum = BTreeMap::new();
    let whole = add(settings, direct, Quantity::ONE, DEPTH, &mut sum);
    let parts = sum.into_iter().map(|(sku, quantity)| Component { sku, quantity });
    Some(if whole { parts.collect() } else { Vec::new() })
}

/// Whether a bundle contains itself, or bundles in bundles deeper than anybody looks.
pub(crate) fn is_circular(settings: &Settings, sku: &Sku) -> bool {
    let (mut level, mut depth) = (vec![sku], 0);
    while depth < DEPTH {
        let mut next: Vec<&Sku> = level
            .iter()
            .filter_map(|sku| settings.bundles.parts(sku))
            .flatten()
            .map(|part| &part.sku)
            .collect();
        next.sort_unstable();
        next.dedup();
        if next.is_empty() {
            return false;
        }
        (level, depth) = (next, depth + 1);
    }
    level.iter().any(|sku| settings.bundles.parts(sku).is_some())
}

/// Adds parts; false where they go too deep (a cycle) or are not positive.
fn add(
    settings: &Settings,
    parts: &[Component],
    times: Quantity,
    depth: usize,
    sum: &mut BTreeMap<Sku, Quantity>,
) -> bool {
    depth > 0
        && parts.iter().all(|part| {
            let quantity = part.quantity.multiply(times.decimal());
            match settings.bundles.parts(&part.sku) {
                Some(inner) => add(settings, inner, quantity, depth - 1, sum),
                None if quantity.is_positive() => {
                    let entry = sum.entry(part.sku.clone()).or_default();
                    *entry += quantity;
                    true
                }
                None => false,
            }
        })
}

/// The documents that a promise for `sku` reads: its own, and those of its parts.
pub fn needs(settings: &Settings, sku: &Sku) -> Vec<Sku> {
    let mut needed = vec![sku.clone()];
    if !settings.bundles.is_empty() {
        needed.extend(parts(settings, sku).into_iter().flatten().map(|part| part.sku));
    }
    needed
}

/// The SKUs whose promise reads the ledger of `sku`: its own, and bundles it is part of.
pub fn dependents(settings: &Settings, sku: &Sku) -> Vec<Sku> {
    let mut found = BTreeSet::new();
    let mut level = vec![sku];
    for _ in 0..DEPTH {
        let holders = level.iter().flat_map(|part| settings.bundles.holders(part));
        level = holders.filter(|holder| found.insert(*holder)).collect();
        if level.is_empty() {
            break;
        }
    }
    found.remove(sku);
    std::iter::once(sku).chain(found).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// As [`dependents`], without an index.
    fn walked(settings: &Settings, sku: &Sku) -> Vec<Sku> {
        fn holds(settings: &Settings, parts: &[Component], sku: &Sku, depth: usize) -> bool {
            depth > 0
                && parts.iter().any(|part| {
                    let inner = settings.bundles.get(&part.sku);
                    part.sku == *sku || inner.is_some_and(|inner| holds(settings, inner, sku, depth - 1))
                })
        }
        let all = settings.bundles.iter().filter(|(bundle, _)| *bundle != sku);
        let holding = all.filter(|(_, parts)| holds(settings, parts, sku, DEPTH));
        std::iter::once(sku.clone())
            .chain(holding.map(|(bundle, _)| bundle.clone()))
            .collect()
    }

    proptest! {
        #[test]
        fn the_index_finds_what_a_walk_finds(named in proptest::collection::vec((0u8..14, 0u8..14), 0..24)) {
            let name = |n: u8| format!("S{n:02}").parse::<Sku>().unwrap();
            let mut settings = Settings::default();
            for (bundle, part) in named {
                let part = Component { sku: name(part), quantity: Quantity::ONE };
                settings.bundles.entry(name(bundle)).or_default().push(part);
            }
            for n in 0..14 {
                prop_assert_eq!(dependents(&settings, &name(n)), walked(&settings, &name(n)));
            }
        }
    }
}
