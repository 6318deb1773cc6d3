//! The merchant's configuration as the product reads it, and the knobs that people turn while it runs.

use crate::names::Names;
use crate::scenario::{HOUR, MINUTE, Scenario};
use omnistock_words::{
    Carve, ChannelPolicy, ChannelSettings, Component, Endings, GrossNet, LocationPolicy, Match, Millis, Mode, Percent,
    PolicyPatch, PriceFloor, PriceList, PriceRule, Quantity, Rule, SafetyStock, Settings, SourcePolicy,
};
use rust_decimal::Decimal;

/// A person's `omnistock set SKU sku_safety_stock=…`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Override {
    pub(crate) sku: usize,
    pub(crate) units: i64,
    pub(crate) until: i64,
}

/// What people change while it runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Knobs {
    pub(crate) modes: Vec<Mode>,
    pub(crate) safety: Vec<i64>,
    pub(crate) max_shown: Vec<Option<i64>>,
    pub(crate) overrides: Vec<Override>,
    pub(crate) bundles: Vec<Vec<(usize, i64)>>,
}

impl Knobs {
    pub(crate) fn new(scenario: &Scenario) -> Self {
        Self {
            modes: vec![Mode::Live; scenario.shops.len()],
            safety: scenario.shops.iter().map(|shop| shop.safety).collect(),
            max_shown: scenario.shops.iter().map(|shop| shop.max_shown).collect(),
            overrides: Vec::new(),
            bundles: scenario.bundles.clone(),
        }
    }
}

/// The highest price, in cents.
pub(crate) const CEILING: i64 = 50_000;
/// The floor, in thousandths of the cost.
pub(crate) const FLOOR: i64 = 1_200;

fn source(scenario: &Scenario) -> SourcePolicy {
    SourcePolicy {
        absorb: scenario.absorb,
        absorb_alarm: Some(HOUR),
        confirm_after: 15 * MINUTE,
        ..SourcePolicy::new(scenario.basis)
    }
}

fn price(scenario: &Scenario, names: &Names, c: usize) -> PriceRule {
    PriceRule {
        list: Some(names.retail.clone()),
        factor: Some(Decimal::new(scenario.shops[c].price_factor, 3)),
        ending: (c == 2).then(|| Endings(Decimal::new(99, 2))),
        floor: Some(PriceFloor::List {
            list: names.cost.clone(),
            factor: Decimal::new(FLOOR, 3),
        }),
        ceiling: Some(Decimal::new(CEILING, 2)),
        ..PriceRule::default()
    }
}

fn policy(scenario: &Scenario, names: &Names, knobs: &Knobs, c: usize) -> ChannelPolicy {
    let shop = &scenario.shops[c];
    ChannelPolicy {
        mode: knobs.modes[c],
        locations: shop.pool.iter().map(|l| names.locations[*l].clone()).collect(),
        sourcing: shop.sourcing,
        share: shop.share.map(Percent::whole),
        safety_stock: SafetyStock::Units(Quantity::whole(knobs.safety[c])),
        stop_at: shop.stop_at.map(Quantity::whole),
        max_shown: knobs.max_shown[c].map(Quantity::whole),
        pack_size: Quantity::whole(shop.pack),
        price: price(scenario, names, c),
        ..ChannelPolicy::default()
    }
}

fn rule(names: &Names, sku: usize, channel: Option<usize>, until: Option<i64>, set: PolicyPatch) -> Rule {
    Rule {
        matches: Match {
            sku: Some(names.skus[sku].as_str().to_owned()),
            ..Match::default()
        },
        channels: channel.map(|c| vec![names.channels[c].clone()]),
        from: None,
        until: until.map(Millis),
        set,
        place: "simulation".to_owned(),
    }
}

/// The configuration with the knobs as they stand.
pub(crate) fn settings(scenario: &Scenario, names: &Names, knobs: &Knobs) -> Settings {
    let mut settings = Settings::default();
    settings.sources.insert(names.erp.clone(), source(scenario));
    for (place, safety) in scenario.place_safety.iter().enumerate() {
        let place_policy = LocationPolicy {
            safety_stock: Quantity::whole(*safety),
            ..LocationPolicy::default()
        };
        settings.locations.insert(names.locations[place].clone(), place_policy);
    }
    if let Some(units) = scenario.carve {
        let carved = LocationPolicy {
            part_of: Some(names.locations[0].clone()),
            carve: Some(Carve::Units(Quantity::whole(units))),
            ..LocationPolicy::default()
        };
        settings
            .locations
            .insert(names.locations[scenario.places].clone(), carved);
    }
    for list in [&names.retail, &names.cost] {
        let list_policy = PriceList {
            from: names.erp.clone(),
            currency: "EUR".parse().unwrap(),
            tax: GrossNet::Gross,
            tax_rate: None,
        };
        settings.price_lists.insert(list.clone(), list_policy);
    }
    for (c, shop) in scenario.shops.iter().enumerate() {
        let channel = ChannelSettings {
            connector: format!("s{c}").parse().unwrap(),
            template: None,
            policy: policy(scenario, names, knobs, c),
        };
        settings.channels.insert(names.channels[c].clone(), channel);
        for (sku, factor) in &shop.factors {
            let set = PolicyPatch {
                factor: Some(Quantity::whole(*factor)),
                ..PolicyPatch::default()
            };
            settings.rules.push(rule(names, *sku, Some(c), None, set));
        }
    }
    for (bundle, parts) in knobs.bundles.iter().enumerate() {
        let parts = parts.iter().map(|(sku, quantity)| Component {
            sku: names.skus[*sku].clone(),
            quantity: Quantity::whole(*quantity),
        });
        settings
            .bundles
            .insert(names.skus[scenario.skus + bundle].clone(), parts.collect());
    }
    for set in &knobs.overrides {
        let patch = PolicyPatch {
            sku_safety_stock: Some(SafetyStock::Units(Quantity::whole(set.units))),
            ..PolicyPatch::default()
        };
        settings.rules.push(rule(names, set.sku, None, Some(set.until), patch));
    }
    settings
}
