//! Cuts what the inbox holds into portions that one commit can take.
//!
//! A commit may hold so many changes and no more. What an entry leads to is estimated from above
//! (each SKU's document, and a mark on every channel for it and every bundle it is part of); an entry
//! that is too large by itself goes in parts. Only the last part moves the cursor: after a crash
//! between two parts the entry is applied again, which changes nothing that is there already.

use crate::store::{Entry, EntryId, MOST_CHANGES};
use omnistock_engine::{Event, StockEvent, dependents};
use omnistock_words::{Settings, Sku};

/// Changes in one commit, as estimated: small enough that commits of others are not held up long.
const MOST: usize = MOST_CHANGES / 5;

/// Bytes of entries that are facts at the same time, about.
const DECODED: usize = 1 << 20;

/// What one commit takes.
#[derive(Debug, PartialEq)]
pub(super) struct Portion {
    pub(super) events: Vec<Event>,
    /// Where the cursor goes; `None`: more of the same entry is to come.
    pub(super) to: Option<EntryId>,
}

/// Entries in groups of some bytes: as facts they take several times as much.
pub(super) fn weighed(entries: &[Entry]) -> impl Iterator<Item = &[Entry]> {
    let mut bytes = 0;
    entries.chunk_by(move |entry, _| {
        bytes += entry.bytes.len();
        let more = bytes < DECODED;
        bytes = if more { bytes } else { 0 };
        more
    })
}

/// Whether all of them may be facts at once.
pub(super) fn are_light(entries: &[Entry]) -> bool {
    entries.iter().map(|entry| entry.bytes.len()).sum::<usize>() <= DECODED
}

/// Everything, in its order. An entry that could not be read is passed over with the cursor.
pub(super) fn portions(settings: &Settings, entries: Vec<(EntryId, Option<Event>)>) -> Vec<Portion> {
    let mut all = Vec::new();
    let (mut open, mut weight) = (Vec::new(), 0);
    let mut reached = None;
    for (id, event) in entries {
        let more = event.as_ref().map_or(0, |event| changes(settings, event));
        if weight + more > MOST && !open.is_empty() {
            let events = std::mem::take(&mut open);
            all.push(Portion { events, to: reached });
            weight = 0;
        }
        match event {
            Some(event) if more > MOST => {
                let mut parts = cut(settings, event);
                let last = parts.pop();
                all.extend(parts.into_iter().map(|part| Portion {
                    events: vec![part],
                    to: None,
                }));
                open.extend(last);
                weight = MOST;
            }
            Some(event) => {
                open.push(event);
                weight += more;
            }
            None => {}
        }
        reached = Some(id);
    }
    if reached.is_some() {
        all.push(Portion {
            events: open,
            to: reached,
        });
    }
    all
}

/// At most so many changes.
fn changes(settings: &Settings, event: &Event) -> usize {
    match event {
        Event::Stock(stock) => stock.rows.iter().map(|row| of_sku(settings, &row.sku)).sum(),
        Event::Missing { rows, .. } => rows.iter().map(|row| of_sku(settings, &row.sku)).sum(),
        Event::Order { order, .. } => {
            let skus = order.lines.iter().filter_map(|line| line.sku.as_ref());
            1 + skus.map(|sku| of_sku(settings, sku)).sum::<usize>()
        }
        _ => 1 + settings.channels.len(),
    }
}

fn of_sku(settings: &Settings, sku: &Sku) -> usize {
    1 + dependents(settings, sku).len() * settings.channels.len()
}

/// The event with its rows in parts; each says of itself what the whole says.
fn cut(settings: &Settings, event: Event) -> Vec<Event> {
    match event {
        Event::Stock(mut stock) => {
            let parts = shares(settings, std::mem::take(&mut stock.rows), |row| &row.sku);
            let part = |rows| Event::Stock(StockEvent { rows, ..stock.clone() });
            parts.into_iter().map(part).collect()
        }
        Event::Missing { source, as_of, rows } => {
            let part = |rows| Event::Missing {
                source: source.clone(),
                as_of,
                rows,
            };
            shares(settings, rows, |row| &row.sku).into_iter().map(part).collect()
        }
        whole => vec![whole],
    }
}

fn shares<Row>(settings: &Settings, rows: Vec<Row>, sku: impl Fn(&Row) -> &Sku) -> Vec<Vec<Row>> {
    let mut shares: Vec<Vec<Row>> = Vec::new();
    let mut weight = 0;
    for row in rows {
        let more = of_sku(settings, sku(&row));
        match shares.last_mut() {
            Some(share) if weight + more <= MOST => {
                share.push(row);
                weight += more;
            }
            _ => {
                shares.push(vec![row]);
                weight = more;
            }
        }
    }
    shares
}

#[cfg(test)]
mod tests {
    use super::*;
    use omnistock_engine::StockRow;
    use omnistock_words::{ChannelName, ChannelPolicy, ChannelSettings, ConnectorName, LocationName, Millis, Quantity};

    fn settings(channels: usize) -> Settings {
        let mut settings = Settings::default();
        for number in 0..channels {
            let channel = ChannelSettings {
                connector: ConnectorName::new("shop").unwrap(),
                template: None,
                policy: ChannelPolicy::default(),
            };
            settings
                .channels
                .insert(ChannelName::new(format!("c{number}")).unwrap(), channel);
        }
        settings
    }

    fn stock(first: usize, rows: usize) -> Event {
        let row = |number| StockRow {
            sku: Sku::new(format!("S{number}")).unwrap(),
            location: LocationName::new("berlin").unwrap(),
            quantity: Quantity::ONE,
            sellable: true,
            brand: None,
            category: None,
            tags: vec![],
        };
        Event::Stock(StockEvent {
            source: ConnectorName::new("erp").unwrap(),
            complete: false,
            basis: None,
            as_of: Millis(1),
            read_until: None,
            rows: (first..first + rows).map(row).collect(),
        })
    }

    fn rows(portion: &Portion) -> usize {
        let of_event = |event: &Event| match event {
            Event::Stock(stock) => stock.rows.len(),
            _ => 0,
        };
        portion.events.iter().map(of_event).sum()
    }

    #[test]
    fn many_full_chunks_go_in_several_commits_that_each_fit() {
        let settings = settings(4);
        let entries = (0..256).map(|n| (EntryId(n + 1), Some(stock(usize::try_from(n).unwrap() * 500, 500))));
        let portions = portions(&settings, entries.collect());
        assert!(portions.len() > 10);
        assert!(portions.iter().all(|portion| rows(portion) * 5 <= MOST));
        assert_eq!(portions.iter().map(rows).sum::<usize>(), 256 * 500);
        assert_eq!(portions.last().unwrap().to, Some(EntryId(256)));
        let cursors: Vec<_> = portions.iter().map(|portion| portion.to).collect();
        assert!(cursors.is_sorted(), "the cursor only goes on");
    }

    #[test]
    fn an_entry_too_large_for_one_commit_moves_the_cursor_with_its_last_part() {
        let settings = settings(300);
        let entries = vec![
            (EntryId(1), Some(stock(0, 1))),
            (EntryId(2), Some(stock(1, 500))),
            (EntryId(3), None),
            (EntryId(4), Some(stock(501, 1))),
        ];
        let portions = portions(&settings, entries);
        assert!(portions.iter().all(|portion| rows(portion) * 301 <= MOST));
        assert_eq!(portions.iter().map(rows).sum::<usize>(), 502);
        assert_eq!(portions[0].to, Some(EntryId(1)));
        let after: Vec<_> = portions[1..].iter().map(|portion| portion.to).collect();
        let whole = after.iter().position(Option::is_some).unwrap();
        assert!(whole > 10, "{after:?}");
        assert_eq!(&after[whole..], [Some(EntryId(3)), Some(EntryId(4))]);
    }

    #[test]
    fn large_entries_are_read_some_at_a_time_and_none_is_lost() {
        let entry = |(number, bytes): (u64, usize)| Entry {
            id: EntryId(number),
            bytes: vec![b' '; bytes],
        };
        let sizes = [10, DECODED / 2, DECODED / 2, 7, 2 * DECODED, 1, 1];
        let entries: Vec<Entry> = (1..).zip(sizes).map(entry).collect();
        let groups: Vec<usize> = weighed(&entries).map(<[Entry]>::len).collect();
        assert_eq!(groups, [3, 2, 2]);
        assert_eq!(weighed(&[]).count(), 0);
    }

    #[test]
    fn nothing_is_nothing_and_what_cannot_be_read_is_passed_over() {
        let settings = settings(1);
        assert_eq!(portions(&settings, vec![]), []);
        let passed = portions(&settings, vec![(EntryId(9), None)]);
        assert_eq!(
            passed,
            [Portion {
                events: vec![],
                to: Some(EntryId(9))
            }]
        );
    }
}
