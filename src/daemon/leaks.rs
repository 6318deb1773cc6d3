//! What takes stock without an order that lives: lines whose order is gone or does not have them, lines that no
//! figure contains for too long, and reservations for lines that ended.

use super::explain::{away, unreadable};
use super::view::DaemonView;
use crate::server::{ApiError, Leak, Listed};
use crate::store::{Key, Kind};
use omnistock_engine::{DocumentKey, LineRecord, OrderDocument, OrderKey, SkuDocument};
use omnistock_sdk::now;
use omnistock_words::{ChannelName, Millis, OrderStatus, Settings, Sku};
use std::collections::{BTreeMap, BTreeSet};

/// Ledgers looked through for one list, at most, and in one read.
const MOST: usize = 1_000_000;
const PAGE: usize = 500;

type Orders = BTreeMap<OrderKey, OrderDocument>;

/// Looks through all ledgers.
pub(super) async fn list(
    view: &DaemonView,
    channel: Option<&ChannelName>,
    most: usize,
) -> Result<Listed<Leak>, ApiError> {
    let (mut after, mut looked, mut found) = (None, 0, overdue(view));
    let gone = super::missing::gone(view);
    let settings = view.house.settings.load_full();
    while looked < MOST {
        let store = view.house.store.as_ref();
        let page = store.scan(Kind::Sku, after.as_deref(), PAGE).await;
        let page = page.map_err(|error| away(&error))?;
        let ledgers: Vec<(Sku, SkuDocument)> = page
            .iter()
            .filter_map(|(id, stored)| Some((Sku::new(id).ok()?, SkuDocument::decode(&stored.bytes).ok()?)))
            .filter(|(_, ledger)| !ledger.lines.is_empty() || !ledger.reservations.is_empty())
            .collect();
        let orders = orders(view, &ledgers).await?;
        for (sku, ledger) in &ledgers {
            found.extend(of_ledger((sku, ledger), &orders, &gone, &settings, now()));
        }
        looked += page.len();
        match page.last() {
            Some((id, _)) if page.len() == PAGE => after = Some(id.clone()),
            _ => break,
        }
    }
    found.retain(|leak| channel.is_none() || leak.channel.as_ref() == channel);
    let total = found.len() as u64;
    found.truncate(most);
    Ok(Listed::part(total, found))
}

/// The orders of these ledgers' lines.
async fn orders(view: &DaemonView, ledgers: &[(Sku, SkuDocument)]) -> Result<Orders, ApiError> {
    let lines = ledgers.iter().flat_map(|(_, ledger)| &ledger.lines);
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

/// Lines that no figure contains although it should by now: the first few of them.
fn overdue(view: &DaemonView) -> Vec<Leak> {
    let overdue = view.house.ledger_board.overdue();
    let leak = |(sku, line): (Sku, omnistock_engine::Overdue)| Leak {
        what: "line".to_owned(),
        sku,
        quantity: line.quantity,
        mend: format!(
            "omnistock orders absorb {} {} --line {} --reason TEXT, if a source contains it; else release",
            line.key.channel, line.key.order, line.line
        ),
        channel: Some(line.key.channel),
        id: line.key.order.to_string(),
        line: Some(line.line),
        because: format!("no figure contains it although it was placed {}", line.placed_at),
    };
    overdue.named.into_iter().map(leak).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use omnistock_engine::{Documents, Event, apply};
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
}
