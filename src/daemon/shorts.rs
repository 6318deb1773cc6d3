//! Oversold orders: what was short when, and what nobody knew yet when it was sold.

use super::cause::cause;
use super::past::lost;
use super::view::DaemonView;
use crate::history::{Record, SHORTS, Short, about, blocks};
use crate::server::{ApiError, Listed, ShortOrder, Sold};
use crate::store::{HistoryId, Way};
use omnistock_engine::Event;
use omnistock_words::{ChannelName, LineId, Millis, OrderId, Quantity, Sku};
use std::collections::BTreeMap;

/// Order lines told at most; the newest.
const MOST: usize = 500;
/// Entries about shorts that are looked through, at most, and in one read.
const ENTRIES: usize = 20_000;
const PAGE: usize = 256;
/// Entries about a SKU before it became short.
const BEFORE: usize = 256;
/// Other sales that are told of one.
const OTHERS: usize = 5;

type Line = (ChannelName, OrderId, LineId, Sku);

/// One line as it became short, and how it went on.
struct Found {
    id: HistoryId,
    first: Short,
    now: Quantity,
    because: Vec<String>,
}

/// Oversold order lines that became short since an instant, oldest first.
pub(super) async fn shorts(view: &DaemonView, since: Millis) -> Result<Listed<ShortOrder>, ApiError> {
    let mut found: BTreeMap<Line, Found> = BTreeMap::new();
    let (mut from, mut read) = (HistoryId::first_at(since), 0);
    while read < ENTRIES {
        let page = blocks(view.house.store.as_ref(), SHORTS, from, Way::Forward, PAGE).await;
        let page = page.map_err(|error| lost(&error))?;
        let ended = page.len() < PAGE;
        read += page.len();
        for (id, block) in page {
            from = id;
            take(&mut found, id, &block.records);
        }
        if ended {
            break;
        }
    }
    let mut lines: Vec<Found> = found.into_values().collect();
    lines.sort_by_key(|line| line.id);
    let total = lines.len() as u64;
    let mut items = Vec::new();
    for line in lines.split_off(lines.len().saturating_sub(MOST)) {
        items.push(told(view, line).await?);
    }
    Ok(Listed { total, items })
}

fn take(found: &mut BTreeMap<Line, Found>, id: HistoryId, records: &[Record]) {
    for record in records {
        let Record::Short(short) = record else { continue };
        let line = (
            short.channel.clone(),
            short.order.clone(),
            short.line.clone(),
            short.sku.clone(),
        );
        if let Some(known) = found.get_mut(&line) {
            known.now = short.to;
        } else if short.to > short.from {
            let events = records.iter().filter_map(|record| match record {
                Record::Event { e } if touches(e, &short.sku) => cause(e, &short.sku),
                _ => None,
            });
            let because = events.take(OTHERS).collect();
            let (now, first) = (short.to, Short::clone(short));
            found.insert(
                line,
                Found {
                    id,
                    first,
                    now,
                    because,
                },
            );
        }
    }
}

fn touches(event: &Event, sku: &Sku) -> bool {
    match event {
        Event::Order { order, .. } => order.lines.iter().any(|line| line.sku.as_ref() == Some(sku)),
        Event::Movement { sku: of, .. } | Event::Reservation { sku: of, .. } => of == sku,
        Event::Price { .. } | Event::Snapshot { .. } | Event::Approved { .. } => false,
        Event::Stock(_) | Event::Missing { .. } | Event::Absorbed { .. } | Event::Mended { .. } => true,
    }
}

/// Looks at what was known and shown before it became short.
async fn told(view: &DaemonView, line: Found) -> Result<ShortOrder, ApiError> {
    let short = line.first;
    let behind = HistoryId(line.id.0 + 1);
    let past = blocks(view.house.store.as_ref(), &about(&short.sku), behind, Way::Back, BEFORE).await;
    let (mut known_at, mut shown) = (line.id.at(), None);
    let mut sales: BTreeMap<(ChannelName, OrderId), Sold> = BTreeMap::new();
    for (id, block) in past.map_err(|error| lost(&error))? {
        for record in block.records {
            match record {
                Record::Event {
                    e: Event::Order { channel, order },
                } => {
                    let lines = order.lines.iter().filter(|line| line.sku.as_ref() == Some(&short.sku));
                    let quantity = lines.map(|line| line.quantity).sum();
                    let sold = Sold {
                        channel: channel.clone(),
                        order: order.order.clone(),
                        quantity,
                        placed_at: order.placed_at,
                        known_at: id.at(),
                    };
                    // Read backwards: the last one that stays is when it was first known.
                    sales.insert((channel, order.order), sold);
                }
                Record::Decision(decision)
                    if decision.channel == short.channel && decision.at <= short.placed_at && shown.is_none() =>
                {
                    shown = Some((decision.quantity, decision.at));
                }
                _ => {}
            }
        }
    }
    if let Some(own) = sales.remove(&(short.channel.clone(), short.order.clone())) {
        known_at = own.known_at;
    }
    // Sales that were placed before it became short and known only after it was placed: nobody
    // could count with them when the number was shown.
    let mut unseen: Vec<Sold> = sales
        .into_values()
        .filter(|sold| sold.known_at >= short.placed_at)
        .collect();
    unseen.sort_by_key(|sold| std::cmp::Reverse(sold.known_at));
    unseen.truncate(OTHERS);
    let late = unseen.iter().map(|sold| sold.known_at.since(sold.placed_at));
    let blind = late.chain([known_at.since(short.placed_at)]).max().unwrap_or_default();
    Ok(ShortOrder {
        channel: short.channel,
        order: short.order,
        line: short.line,
        sku: short.sku,
        short: line.now,
        at_most: short.to.max(line.now),
        placed_at: short.placed_at,
        known_at,
        found_at: line.id.at(),
        blind_ms: blind.max(0),
        promised: shown.map(|(quantity, _)| quantity),
        because: line.because,
        unseen,
    })
}
