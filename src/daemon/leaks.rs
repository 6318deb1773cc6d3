//! What takes stock without an order that lives: lines whose order is gone or does not have them, lines that no
//! figure contains for too long, and reservations for lines that ended.

mod listing;

use super::explain::{away, unreadable};
use super::view::DaemonView;
use crate::server::{ApiError, Leak, LeaksAsked, Listed};
use crate::store::{Key, Kind, Versioned};
use listing::Listing;
use omnistock_engine::{
    DocumentKey, Documents, LineRecord, OrderDocument, OrderKey, Overdue, SkuDocument, SourceDocument, overdue,
};
use omnistock_sdk::now;
use omnistock_words::{ConnectorName, Millis, OrderStatus, Settings, Sku};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tokio::time::Instant;

/// Ledgers in one read.
const PAGE: usize = 500;
/// So long is looked for one list; the request waited for its turn before, and has a deadline.
const LONG: Duration = Duration::from_secs(4);

type Orders = BTreeMap<OrderKey, OrderDocument>;

/// Looks through all ledgers behind `after`, as far as it comes; the list says where to go on.
pub(super) async fn list(view: &DaemonView, asked: LeaksAsked) -> Result<Listed<Leak>, ApiError> {
    let (gone, settings) = (super::missing::gone(view), view.house.settings.load_full());
    let until = Instant::now() + LONG;
    let sources = sources(view, &settings).await?;
    let mut listing = Listing::new(asked);
    loop {
        let store = view.house.store.as_ref();
        let page = store.scan(Kind::Sku, listing.after.as_deref(), PAGE).await;
        let page = page.map_err(|error| away(&error))?;
        let ended = page.len() < PAGE;
        let mut documents = Documents::default();
        documents.sources.clone_from(&sources);
        listing.unreadable += decode(&page, &mut documents);
        let orders = orders(view, &documents).await?;
        for (id, _) in &page {
            let sku = Sku::new(id).ok();
            let ledger = sku.and_then(|sku| Some((documents.skus.get(&sku)?, sku)));
            let found = ledger.map_or_else(Vec::new, |(ledger, sku)| {
                let mut found = of_ledger((&sku, ledger), &orders, &gone, &settings, now());
                overdue_too(&mut found, overdue(&settings, &documents, &sku, now()), &sku);
                found
            });
            listing.take(id, found);
        }
        if ended || Instant::now() >= until {
            return Ok(listing.end(ended));
        }
    }
}

async fn sources(view: &DaemonView, settings: &Settings) -> Result<BTreeMap<ConnectorName, SourceDocument>, ApiError> {
    let keys: Vec<Key> = settings.sources.keys().map(Key::source).collect();
    let stored = view.house.store.load(&keys).await.map_err(|error| away(&error))?;
    let mut sources = BTreeMap::new();
    for (name, stored) in settings.sources.keys().zip(stored) {
        if !stored.bytes.is_empty() {
            let document = SourceDocument::decode(&stored.bytes);
            let document = document.map_err(|error| unreadable(&DocumentKey::Source(name.clone()), error))?;
            sources.insert(name.clone(), document);
        }
    }
    Ok(sources)
}

/// The ledgers of a page that something is taken from; how many can't be read.
fn decode(page: &[(String, Versioned)], documents: &mut Documents) -> u64 {
    let mut unreadable = 0;
    for (id, stored) in page {
        match Sku::new(id).ok().zip(SkuDocument::decode(&stored.bytes).ok()) {
            Some((_, ledger)) if ledger.lines.is_empty() && ledger.reservations.is_empty() => {}
            Some((sku, ledger)) => drop(documents.skus.insert(sku, ledger)),
            None => unreadable += 1,
        }
    }
    unreadable
}

/// The orders of these ledgers' lines.
async fn orders(view: &DaemonView, documents: &Documents) -> Result<Orders, ApiError> {
    let lines = documents.skus.iter().flat_map(|(_, ledger)| &ledger.lines);
    let keys: BTreeSet<OrderKey> = lines.map(key_of).collect();
    let keys: Vec<OrderKey> = keys.into_iter().collect();
    let mut orders = Orders::new();
    for some in keys.chunks(1_000) {
        let wanted: Vec<Key> = some.iter().map(|key| Key::order(&key.channel, &key.order)).collect();
        let stored = view.house.store.load(&wanted).await.map_err(|error| away(&error))?;
        for (key, stored) in some.iter().zip(stored) {
            // One that can't be read is no proof of anything.
            let document = if stored.bytes.is_empty() {
                continue;
            } else {
                let document = OrderDocument::decode(&stored.bytes);
                document.map_err(|error| unreadable(&DocumentKey::Order(key.clone()), error))?
            };
            orders.insert(key.clone(), document);
        }
    }
    Ok(orders)
}

fn key_of(line: &LineRecord) -> OrderKey {
    OrderKey {
        channel: line.channel.clone(),
        order: line.order.clone(),
    }
}

fn of_ledger(
    (sku, ledger): (&Sku, &SkuDocument),
    orders: &Orders,
    gone: &(BTreeSet<OrderKey>, Millis),
    settings: &Settings,
    now: Millis,
) -> Vec<Leak> {
    let lines = ledger
        .lines
        .iter()
        .filter(|line| line.takes_stock() && line.released() < line.quantity);
    let lost = lines.filter_map(|line| {
        let (because, mend) = match orders.get(&key_of(line)) {
            None => ("there is no such order in the store", read_again(settings, line)),
            Some(order) if order.lines.iter().all(|other| other.line != line.line) => {
                ("its order has no such line", read_again(settings, line))
            }
            Some(order) if order.cancelled.is_some() => ("its order is cancelled", give_back(line)),
            Some(_) if line.status == OrderStatus::Open && gone.0.contains(&key_of(line)) => {
                return Some(vanished(sku, line, gone.1));
            }
            Some(_) => return None,
        };
        Some(Leak {
            what: "line".to_owned(),
            sku: sku.clone(),
            quantity: line.quantity - line.released(),
            channel: Some(line.channel.clone()),
            id: line.order.to_string(),
            line: Some(line.line.clone()),
            because: because.to_owned(),
            mend,
        })
    });
    let reserved = ledger
        .reservations
        .iter()
        .filter(|reservation| reservation.expires_at > now);
    let reserved = reserved.filter_map(|reservation| {
        let mut naming = ledger
            .lines
            .iter()
            .filter(|line| line.reservation() == Some(&reservation.id))
            .peekable();
        naming.peek()?;
        let lives = |line: &LineRecord| line.status == OrderStatus::Open && !gone.0.contains(&key_of(line));
        let over = naming.all(|line| !lives(line) || line.released() >= line.quantity);
        over.then(|| Leak {
            what: "reservation".to_owned(),
            sku: sku.clone(),
            quantity: reservation.quantity,
            channel: reservation.channel.clone(),
            id: reservation.id.to_string(),
            line: None,
            because: "the order that names it is not open any more".to_owned(),
            mend: format!(
                "omnistock reservations release {} --reason TEXT; it ends by itself at {}",
                reservation.id, reservation.expires_at
            ),
        })
    });
    lost.chain(reserved).collect()
}

/// Only the full read asks for orders that did not change.
fn read_again(settings: &Settings, line: &LineRecord) -> String {
    let connector = super::missing::connector(settings, &line.channel);
    format!("omnistock sync {connector} --full reads all open orders again; what is open there comes back whole")
}

/// The full read lists no order that has ended; a person's word on it writes its ledgers anew.
fn give_back(line: &LineRecord) -> String {
    format!(
        "omnistock orders release {} {} --line {} --reason TEXT gives it back",
        line.channel, line.order, line.line
    )
}

/// A line of an open order that its channel does not have any more.
fn vanished(sku: &Sku, line: &LineRecord, seen: Millis) -> Leak {
    Leak {
        what: "line".to_owned(),
        sku: sku.clone(),
        quantity: line.quantity - line.released(),
        channel: Some(line.channel.clone()),
        id: line.order.to_string(),
        line: Some(line.line.clone()),
        because: format!(
            "{} does not have its order any more (all orders read at {seen})",
            line.channel
        ),
        mend: format!(
            "omnistock orders release {} {} --line {} --reason TEXT, unless the goods have left; then absorb",
            line.channel, line.order, line.line
        ),
    }
}

/// Lines that no figure contains although it should by now, where nothing else is wrong with them.
fn overdue_too(found: &mut Vec<Leak>, overdue: Vec<Overdue>, sku: &Sku) {
    for late in overdue {
        let (key, line) = (late.key, late.line);
        let told = |leak: &Leak| {
            leak.line.as_ref() == Some(&line)
                && leak.channel.as_ref() == Some(&key.channel)
                && leak.id == key.order.as_str()
        };
        if found.iter().any(told) {
            continue;
        }
        found.push(Leak {
            what: "line".to_owned(),
            sku: sku.clone(),
            quantity: late.quantity,
            mend: format!(
                "omnistock orders absorb {} {} --line {line} --reason TEXT, if a source contains it; else release",
                key.channel, key.order
            ),
            channel: Some(key.channel),
            id: key.order.to_string(),
            line: Some(line),
            because: format!("no figure contains it although it was placed {}", late.placed_at),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use omnistock_engine::{Event, apply};
    use omnistock_words::{ChannelPolicy, ChannelSettings, FulfilledBy, OrderFact, OrderLineFact, Quantity, Revision};

    fn told(settings: &Settings, key: &OrderKey, statuses: &[OrderStatus]) -> Documents {
        let mut documents = Documents::default();
        for status in statuses {
            let line = OrderLineFact {
                line: "1".parse().unwrap(),
                sku: "A".parse().ok(),
                listing: None,
                quantity: Quantity::whole(2),
                status: None,
                location: None,
                fulfilled_by: FulfilledBy::Merchant,
                reservation: None,
                restock_location: None,
            };
            let order = OrderFact {
                order: key.order.clone(),
                status: *status,
                placed_at: Millis(1),
                at: None,
                revision: (*status == OrderStatus::Open).then_some(Revision { number: 1, sequence: 0 }),
                lines: vec![line],
            };
            let channel = key.channel.clone();
            apply(settings, &mut documents, &Event::Order { channel, order }, Millis(2));
        }
        documents
    }

    #[test]
    fn a_leak_names_what_does_help() {
        let key = OrderKey {
            channel: "shop".parse().unwrap(),
            order: "10211".parse().unwrap(),
        };
        let mut settings = Settings::default();
        let channel = ChannelSettings {
            connector: "woo".parse().unwrap(),
            template: None,
            policy: ChannelPolicy::default(),
        };
        settings.channels.insert(key.channel.clone(), channel);
        let sku: Sku = "A".parse().unwrap();
        let open = told(&settings, &key, &[OrderStatus::Open]);
        let ended = told(&settings, &key, &[OrderStatus::Open, OrderStatus::Cancelled]);
        let mend = |orders: &Orders| {
            let ledger = (&sku, open.skus.get(&sku).unwrap());
            let found = of_ledger(ledger, orders, &(BTreeSet::new(), Millis(0)), &settings, Millis(3));
            found.into_iter().map(|leak| leak.mend).collect::<Vec<_>>()
        };
        let again = "omnistock sync woo --full reads all open orders again; what is open there comes back whole";
        assert_eq!(mend(&Orders::new()), [again]);
        let cancelled = ended.orders.get(&key).unwrap().clone();
        let release = "omnistock orders release shop 10211 --line 1 --reason TEXT gives it back";
        assert_eq!(mend(&Orders::from([(key, cancelled)])), [release]);
    }

    pub(super) fn leaks(count: usize) -> Vec<Leak> {
        let leak = Leak {
            what: "line".to_owned(),
            sku: "A".parse().unwrap(),
            quantity: Quantity::ONE,
            channel: "shop".parse().ok(),
            id: "10211".to_owned(),
            line: "1".parse().ok(),
            because: String::new(),
            mend: String::new(),
        };
        vec![leak; count]
    }

    #[test]
    fn a_line_is_named_once_whatever_is_wrong_with_it() {
        let late = |order: &str| Overdue {
            key: OrderKey {
                channel: "shop".parse().unwrap(),
                order: order.parse().unwrap(),
            },
            line: "1".parse().unwrap(),
            quantity: Quantity::ONE,
            placed_at: Millis(0),
        };
        let (mut found, sku) = (leaks(1), "A".parse().unwrap());
        overdue_too(&mut found, vec![late("10211"), late("10212")], &sku);
        assert_eq!(found.len(), 2);
        assert!(found[1].mend.starts_with("omnistock orders absorb shop 10212 --line 1"));
    }
}
