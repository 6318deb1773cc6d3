//! Oversold orders: what was short when, and what nobody knew yet when it was sold.

use super::cause::cause;
use super::past::lost;
use super::view::DaemonView;
use crate::history::{Record, SHORTS, Short, about, blocks};
use crate::server::{ApiError, Listed, ShortOrder, Sold};
use crate::store::{HistoryId, Store, Way};
use omnistock_engine::Event;
use omnistock_words::{ChannelName, LineId, Millis, OrderId, Quantity, Sku};
use std::collections::BTreeMap;

/// Order lines told at most; the newest.
const MOST: usize = 500;
/// Entries about shorts that are looked through, at most, the newest; and in one read.
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

/// A line of which entries were read so far, from the newest back.
struct Traced {
    now: Quantity,
    /// The earliest time it became short, so far: where, how, why.
    first: Option<(HistoryId, Short, Vec<String>)>,
}

/// Lines that became short since an instant, oldest first, from so many entries, the newest; how many that were, where
/// there are more.
async fn found(store: &dyn Store, since: Millis, most: usize) -> Result<(Vec<Found>, Option<u64>), ApiError> {
    let mut traced: BTreeMap<Line, Traced> = BTreeMap::new();
    let (first, mut from, mut read) = (HistoryId::first_at(since), HistoryId::END, 0);
    let mut ended = false;
    while !ended && read < most {
        let page = blocks(store, SHORTS, from, Way::Back, PAGE).await;
        let page = page.map_err(|error| lost(&error))?;
        ended = page.len() < PAGE;
        for (id, block) in page {
            if id < first {
                ended = true;
                break;
            }
            (from, read) = (id, read + 1);
            take(&mut traced, id, &block.records);
        }
    }
    let lines = traced.into_values().filter_map(|line| {
        let (id, first, because) = line.first?;
        let now = line.now;
        Some(Found {
            id,
            first,
            now,
            because,
        })
    });
    let mut lines: Vec<Found> = lines.collect();
    lines.sort_by_key(|line| line.id);
    Ok((lines, (!ended).then_some(read as u64)))
}

/// Oversold order lines that became short since an instant, oldest first.
pub(super) async fn shorts(view: &DaemonView, since: Millis) -> Result<Listed<ShortOrder>, ApiError> {
    let (mut lines, looked) = found(view.house.store.as_ref(), since, ENTRIES).await?;
    let total = lines.len() as u64;
    let mut items = Vec::new();
    for line in lines.split_off(lines.len().saturating_sub(MOST)) {
        items.push(told(view, line).await?);
    }
    let listed = Listed::part(total, items);
    Ok(Listed { looked, ..listed })
}

/// Entries come from the newest back: the first word on a line is how it stands now, the last one how it began.
fn take(traced: &mut BTreeMap<Line, Traced>, id: HistoryId, records: &[Record]) {
    for record in records.iter().rev() {
        let Record::Short(short) = record else { continue };
        let line = (
            short.channel.clone(),
            short.order.clone(),
            short.line.clone(),
            short.sku.clone(),
        );
        let known = traced.entry(line).or_insert(Traced {
            now: short.to,
            first: None,
        });
        if short.to > short.from {
            let events = records.iter().filter_map(|record| match record {
                Record::Event { e } if touches(e, &short.sku) => cause(e, &short.sku),
                _ => None,
            });
            known.first = Some((id, Short::clone(short), events.take(OTHERS).collect()));
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::Block;
    use crate::store::memory::Memory;
    use crate::store::{CommitBatch, HistoryEntry};
    use std::time::Duration;

    fn short(order: usize, from: i64, to: i64) -> Record {
        Record::Short(Box::new(Short {
            channel: "shop".parse().unwrap(),
            order: OrderId::new(order.to_string()).unwrap(),
            line: "1".parse().unwrap(),
            sku: "A".parse().unwrap(),
            placed_at: Millis(1),
            from: Quantity::whole(from),
            to: Quantity::whole(to),
        }))
    }

    fn second(number: usize) -> Millis {
        Millis(i64::try_from(number).unwrap() * 1_000)
    }

    #[tokio::test]
    async fn of_too_many_shorts_the_newest_are_told_and_that_there_were_more() {
        let store = Memory::new();
        let lease = store.acquire("own", Duration::from_mins(5)).await.unwrap().unwrap();
        let entry = |at: usize, record: Record| HistoryEntry {
            at: second(at),
            about: vec![SHORTS.to_owned()],
            bytes: Block {
                records: vec![record],
                ..Block::default()
            }
            .encode(),
        };
        let mut history: Vec<_> = (1..=2 * PAGE).map(|at| entry(at, short(at, 0, 2))).collect();
        history.push(entry(2 * PAGE + 1, short(2 * PAGE, 2, 1)));
        let batch = CommitBatch {
            history,
            ..CommitBatch::default()
        };
        store.commit(&lease, &batch).await.unwrap();
        let (all, looked) = found(&store, Millis(0), 10 * PAGE).await.unwrap();
        assert_eq!((all.len(), looked), (2 * PAGE, None));
        let last = all.last().unwrap();
        let at = last.id.at();
        assert_eq!(
            (last.now, last.first.to, at),
            (Quantity::ONE, Quantity::whole(2), second(2 * PAGE))
        );
        let (newest, looked) = found(&store, Millis(0), PAGE).await.unwrap();
        assert_eq!((newest.len(), looked), (PAGE - 1, Some(PAGE as u64)));
        assert_eq!(newest.last().unwrap().first.order.as_str(), (2 * PAGE).to_string());
        let (late, looked) = found(&store, second(2 * PAGE), PAGE).await.unwrap();
        assert_eq!((late.len(), looked), (1, None));
    }
}
