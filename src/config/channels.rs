//! `[price_lists]`, `[templates]` and `[channels]`: each channel's policy with its layers laid over each other.

use super::locations::Locations;
use super::policy::patch;
use super::reader::{Fault, Section};
use super::root::Root;
use super::tree::Place;
use super::value::{choice, currency, duration, percent, ramp, text};
use omnistock_words::{
    ChannelName, ChannelPolicy, ChannelSettings, ConnectorName, GrossNet, PolicyPatch, PriceFloor, PriceList,
    PriceListName,
};
use std::collections::BTreeMap;
use std::time::Duration;

/// How often the daemon looks at a channel by itself, webhooks or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChannelTimes {
    /// Its orders are asked for this often. Default 30 seconds.
    pub orders_every: Duration,
    /// Its listings are read back in full this often. Default 15 minutes.
    pub audit_every: Duration,
    /// After so long, a back-fill of another channel that fails is shown with its way out. Default 15 minutes.
    pub gate_wait: Duration,
    /// All orders that may hold stock are read this often, wherever the polls stand. Default a day.
    pub all_orders_every: Duration,
    /// An order that is younger may not be listed yet: what it would explain is not strange. Default 15 minutes.
    pub missing_after: Duration,
}

impl Default for ChannelTimes {
    fn default() -> Self {
        Self {
            orders_every: Duration::from_secs(30),
            audit_every: Duration::from_mins(15),
            gate_wait: Duration::from_mins(15),
            all_orders_every: Duration::from_hours(24),
            missing_after: Duration::from_mins(15),
        }
    }
}

/// One layer: a template or a channel.
#[derive(Debug, Clone, Default)]
struct Layer {
    patch: PolicyPatch,
    has_places: bool,
    orders_every: Option<Duration>,
    audit_every: Option<Duration>,
    gate_wait: Option<Duration>,
    all_orders_every: Option<Duration>,
    missing_after: Option<Duration>,
}

/// All channels.
#[derive(Debug, Default)]
pub(super) struct Channels {
    pub(super) settings: BTreeMap<ChannelName, ChannelSettings>,
    pub(super) times: BTreeMap<ChannelName, ChannelTimes>,
    pub(super) declared_at: BTreeMap<ChannelName, Place>,
}

/// Reads `[price_lists]`.
pub(super) fn price_lists(root: Root) -> BTreeMap<PriceListName, PriceList> {
    let mut lists = BTreeMap::new();
    for (name, _, section) in root.named::<PriceListName>("price_lists") {
        section.need("from", "the connector that gives the prices");
        let from: Option<ConnectorName> = root.reference(&section, "from", "connectors");
        let currency = section.require("currency", "the currency, such as \"EUR\"", currency);
        let taxes = [("gross", GrossNet::Gross), ("net", GrossNet::Net)];
        let tax = section.require("tax", "\"gross\" or \"net\"", |node| choice(node, &taxes));
        let tax_rate = section.read("tax_rate", percent);
        if let (Some(from), Some(currency), Some(tax)) = (from, currency, tax) {
            let list = PriceList {
                from,
                currency,
                tax,
                tax_rate,
            };
            lists.insert(name, list);
        }
    }
    lists
}

/// Reads `[templates]` and `[channels]`.
pub(super) fn read(root: Root, places: &Locations, lists: &BTreeMap<PriceListName, PriceList>) -> Channels {
    let templates: BTreeMap<String, Layer> = root
        .named::<String>("templates")
        .into_iter()
        .map(|(name, _, section)| (name, layer(root, places, &section)))
        .collect();
    let mut channels = Channels::default();
    for (name, place, section) in root.named::<ChannelName>("channels") {
        let template: Option<String> = root.reference(&section, "use", "templates");
        let below = template
            .as_ref()
            .and_then(|template| templates.get(template))
            .cloned()
            .unwrap_or_default();
        let above = layer(root, places, &section);
        let mut policy = ChannelPolicy::default();
        policy.lay(&below.patch);
        policy.lay(&above.patch);
        // With a faulty template nobody knows whether it has places.
        let sure = !section.has("use") || template.is_some();
        if sure && !below.has_places && !above.has_places {
            section.error(format!(
                "{} needs `pool` or `locations`: the places it sells from",
                section.title
            ));
        }
        prices(&section, &policy, lists);
        let default = ChannelTimes::default();
        let times = ChannelTimes {
            orders_every: above
                .orders_every
                .or(below.orders_every)
                .unwrap_or(default.orders_every),
            audit_every: above.audit_every.or(below.audit_every).unwrap_or(default.audit_every),
            gate_wait: above.gate_wait.or(below.gate_wait).unwrap_or(default.gate_wait),
            all_orders_every: above
                .all_orders_every
                .or(below.all_orders_every)
                .unwrap_or(default.all_orders_every),
            missing_after: above
                .missing_after
                .or(below.missing_after)
                .unwrap_or(default.missing_after),
        };
        channels.times.insert(name.clone(), times);
        channels.declared_at.insert(name.clone(), place);
        if let Some(connector) = connector(root, &name, &section) {
            channels.settings.insert(
                name,
                ChannelSettings {
                    connector,
                    template,
                    policy,
                },
            );
        }
    }
    channels
}

fn layer(root: Root, places: &Locations, section: &Section) -> Layer {
    Layer {
        patch: PolicyPatch {
            ramp: section.read("ramp", ramp),
            ..patch(root, places, section)
        },
        has_places: section.has("pool") || section.has("locations"),
        orders_every: section.read("orders_every", duration),
        audit_every: section.read("audit_every", duration),
        gate_wait: section.read("gate_wait", duration),
        all_orders_every: section.read("all_orders_every", duration),
        missing_after: section.read("missing_after", duration),
    }
}

/// The connector that writes the channel: the one that is said, else the one of its name.
fn connector(root: Root, name: &ChannelName, section: &Section) -> Option<ConnectorName> {
    if section.has("connector") {
        section.read("connector", |node| {
            text(node).map_err(|_| Fault::expected("the name of a connector in quotes", node))
        })?;
        return root.reference(section, "connector", "connectors");
    }
    if root.declared("connectors").any(|connector| connector == name.as_str()) {
        return ConnectorName::new(name.as_str()).ok();
    }
    let names: Vec<&str> = root.declared("connectors").collect();
    let rest = super::problem::suggestion(name.as_str(), &names, "declared");
    section.error(format!(
        "{} has no connector of its name: say `connector = \"…\"`{rest}",
        section.title
    ));
    None
}

/// A floor in another currency than the price could never be compared with it.
fn prices(section: &Section, policy: &ChannelPolicy, lists: &BTreeMap<PriceListName, PriceList>) {
    let Some(list) = policy.price.list.as_ref() else { return };
    if let Some(PriceFloor::List { list: floor, .. }) = &policy.price.floor
        && let (Some(a), Some(b)) = (lists.get(list), lists.get(floor))
        && a.currency != b.currency
    {
        let message = format!(
            "the floor of {} is in {}, but its prices are in {}",
            section.title, b.currency, a.currency
        );
        section.error_at("price", message);
    }
}
