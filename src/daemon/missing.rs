//! Whether orders of a channel are missing: what the last full read found, and numbers that no order explains.

use super::view::{ChannelView, DaemonView};
use crate::delivery::Fallen;
use crate::intake::MissedOrder;
use crate::notify::{Event, Matter};
use crate::server::metrics::{Metrics, OfChannel};
use crate::server::{ChannelStatus, Counted, OrdersStatus};
use omnistock_engine::OrderKey;
use omnistock_words::{ChannelName, ConnectorName, Millis, Settings, Sku};
use std::collections::BTreeSet;

/// Articles and orders that are named in one sentence.
const NAMED: usize = 5;

fn names(skus: impl Iterator<Item = impl AsRef<str>>, of: usize) -> String {
    let named: Vec<String> = skus.take(NAMED).map(|sku| sku.as_ref().to_owned()).collect();
    let more = if of > named.len() { ", …" } else { "" };
    format!("{}{more}", named.join(", "))
}

fn missed(order: &MissedOrder) -> String {
    format!(
        "{} ({})",
        order.order,
        names(order.skus.iter().map(Sku::as_str), order.skus.len())
    )
}

/// As a channel shows it; `None`: nobody reads its orders.
pub(super) fn orders(parts: &ChannelView) -> Option<OrdersStatus> {
    let board = parts.orders.as_ref()?;
    let (full, fallen, unclear) = (board.full(), parts.board.fallen(), board.unclear());
    let examples = |fallen: &Fallen| fallen.skus.iter().take(NAMED).map(ToString::to_string).collect();
    Some(OrdersStatus {
        read_whole_at: (full.at != Millis::default()).then_some(full.at),
        missed: full.missed,
        missed_orders: full.named.iter().map(missed).collect(),
        gone: full.gone_count,
        unasked: full.unasked,
        unclear: unclear.len() as u64,
        unclear_orders: unclear
            .iter()
            .take(NAMED)
            .map(|(order, unclear)| format!("{order}: {}", unclear.because))
            .collect(),
        reading_pages: board.reading(),
        fallen: fallen.as_ref().map_or_else(Counted::default, |fallen| Counted {
            count: fallen.skus.len() as u64,
            examples: examples(fallen),
        }),
        fallen_units: fallen.as_ref().map(|fallen| fallen.units).unwrap_or_default(),
        fallen_since: fallen.map(|fallen| fallen.since),
    })
}

/// Orders that are left out, with the first of them.
fn not_understood(orders: &OrdersStatus) -> String {
    let named = orders.unclear_orders.join("; ");
    let (count, what) = match orders.unclear {
        1 => ("1 order".to_owned(), "it takes"),
        count => (format!("{count} orders"), "they take"),
    };
    format!("{count} can't be understood, and what {what} is in no number: {named}")
}

/// The connector of a channel, as `omnistock sync` takes it.
pub(super) fn connector<'a>(settings: &'a Settings, channel: &'a ChannelName) -> &'a str {
    let connector = settings.channels.get(channel).map(|channel| &channel.connector);
    connector.map_or(channel.as_str(), ConnectorName::as_str)
}

/// What a person should do about it, a sentence each.
pub(super) fn attention(settings: &Settings, channel: &ChannelStatus) -> Vec<String> {
    let (Some(orders), name) = (&channel.orders, &channel.name) else {
        return Vec::new();
    };
    let connector = connector(settings, name);
    let mut lines = Vec::new();
    let Counted { count, examples } = &orders.fallen;
    if let Some(since) = orders.fallen_since {
        let skus = names(examples.iter(), usize::try_from(*count).unwrap_or(usize::MAX));
        let units = orders.fallen_units;
        lines.push(format!(
            "{name}: {count} articles fell by {units} units since {since} and no order explains it ({skus}): orders may be missing. \
             `omnistock sync {connector} --full` reads them all again; see whether its key may read every order, and whether others write there"
        ));
    }
    if orders.reading_pages > 0 {
        lines.push(format!(
            "{name}: its orders are still being read, {} pages so far: they count as known behind the last one",
            orders.reading_pages
        ));
    }
    if orders.missed > 0 {
        let listed = names(
            orders.missed_orders.iter(),
            usize::try_from(orders.missed).unwrap_or(usize::MAX),
        );
        lines.push(format!(
            "{name}: {} orders were missed by polls and webhooks, and count since the full read: {listed}. See why its \
             webhooks are silent; `omnistock sync {connector} --full` looks whether more are missing",
            orders.missed
        ));
    }
    if orders.unclear > 0 {
        lines.push(format!("{name}: {}", not_understood(orders)));
    }
    if orders.gone > 0 {
        lines.push(format!(
            "{name}: {} open orders are not there any more and take stock: omnistock orders list --leaks",
            orders.gone
        ));
    }
    lines
}

/// What somebody is told of it: numbers that fell without an order, and orders that the last full read found.
pub(super) fn matters(name: &ChannelName, parts: &ChannelView) -> Vec<Matter> {
    let Some(orders) = orders(parts) else {
        return Vec::new();
    };
    let matter = |part: &str, text: String| Matter::new(Event::OrdersMissing, name.as_str(), text).part(part);
    let mut matters = Vec::new();
    let Counted { count, examples } = &orders.fallen;
    if let Some(since) = orders.fallen_since {
        let skus = names(examples.iter(), usize::try_from(*count).unwrap_or(usize::MAX));
        let units = orders.fallen_units;
        let text = format!("{count} articles fell by {units} units and no order explains it: {skus}");
        matters.push(matter("fallen", text).since(since));
    }
    if orders.missed > 0 {
        let count = usize::try_from(orders.missed).unwrap_or(usize::MAX);
        let listed = names(orders.missed_orders.iter(), count);
        let text = format!("{count} orders were missed by polls and webhooks, and count since a full read: {listed}");
        let missed = matter("missed", text);
        matters.push(match orders.read_whole_at {
            Some(at) => missed.since(at),
            None => missed,
        });
    }
    if orders.unclear > 0 {
        matters.push(matter("unclear", not_understood(&orders)));
    }
    matters
}

/// The open orders that their channels do not have any more, and when that was seen.
pub(super) fn gone(view: &DaemonView) -> (BTreeSet<OrderKey>, Millis) {
    let (mut gone, mut since) = (BTreeSet::new(), Millis::default());
    for (channel, parts) in &view.house.channels {
        let Some(full) = parts.orders.as_ref().map(|orders| orders.full()) else {
            continue;
        };
        since = since.max(full.at);
        gone.extend(full.gone.into_iter().map(|order| OrderKey {
            channel: channel.clone(),
            order,
        }));
    }
    (gone, since)
}

/// Takes over what the boards say now.
pub(super) fn measure(view: &DaemonView, metrics: &Metrics) {
    let gauge = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
    for (name, parts) in &view.house.channels {
        let Some(board) = &parts.orders else { continue };
        let of = OfChannel::new(name.as_str());
        let fallen = parts.board.fallen().map_or(0, |fallen| fallen.skus.len() as u64);
        super::measure::raise(&metrics.orders_missed.get_or_create(&of), board.missed());
        metrics
            .orders_gone
            .get_or_create(&of)
            .set(gauge(board.full().gone_count));
        metrics
            .orders_unclear
            .get_or_create(&of)
            .set(gauge(board.unclear().len() as u64));
        metrics.articles_fallen.get_or_create(&of).set(gauge(fallen));
    }
}
