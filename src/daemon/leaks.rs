//! What takes stock without an order that lives: lines whose order is gone or does not have them, lines that no
//! figure contains for too long, and reservations for lines that ended.

use super::explain::away;
use super::view::DaemonView;
use crate::server::{ApiError, Leak, Listed};
use crate::store::{Key, Kind};
use omnistock_engine::{LineRecord, OrderDocument, OrderKey, SkuDocument};
use omnistock_sdk::now;
use omnistock_words::{ChannelName, Millis, OrderStatus, Sku};
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
            found.extend(of_ledger(sku, ledger, &orders, &gone, now()));
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
                OrderDocument::decode(&stored.bytes).map_err(|error| ApiError::unavailable(error.to_string()))?
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
    sku: &Sku,
    ledger: &SkuDocument,
    orders: &Orders,
    gone: &(BTreeSet<OrderKey>, Millis),
    now: Millis,
) -> Vec<Leak> {
    let lines = ledger
        .lines
        .iter()
        .filter(|line| line.takes_stock() && line.released() < line.quantity);
    let lost = lines.filter_map(|line| {
        let because = match orders.get(&key_of(line)) {
            None => "there is no such order in the store",
            Some(order) if order.lines.iter().all(|other| other.line != line.line) => "its order has no such line",
            Some(order) if order.cancelled.is_some() => "its order is cancelled",
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
            mend: "omnistock sync reads the channel's orders again; what is open there comes back whole".to_owned(),
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
