//! Orders for people: which are open, how one stands, and a person's word on a line.
//!
//! The word goes through the inbox like every other fact: durable, in the history with its reason, and the numbers
//! of all channels follow from it.

use super::explain::{away, unreadable};
use super::log::record;
use super::order_walk::Walk;
use super::view::DaemonView;
use crate::server::{ApiError, Listed, Mend, MendBody, MendView, OrderLineState, OrderView, SourcedView};
use crate::store::Key;
use omnistock_engine::{
    DocumentKey, Documents, Event, OrderDocument, OrderKey, OrderLine, SkuDocument, SourceDocument, order_lines,
};
use omnistock_sdk::now;
use omnistock_words::{ChannelName, ConnectorName, LineId, OrderId, OrderStatus, Quantity, Settings, Sku};
use std::collections::BTreeSet;
use std::time::Duration;

/// Orders looked through for one list, at most.
const MOST: usize = 50_000;
/// Until a person's word is in the ledgers.
const APPLIED: Duration = Duration::from_secs(5);

/// Orders of which something is still subtracted.
pub(super) async fn list(
    view: &DaemonView,
    channel: Option<&ChannelName>,
    most: usize,
) -> Result<Listed<OrderView>, ApiError> {
    let settings = view.house.settings.load_full();
    let (mut walk, mut listed) = (Walk::new(channel, MOST), Listed::whole(Vec::new()));
    while let Some(orders) = walk.next(view.house.store.as_ref()).await? {
        let keys: Vec<OrderKey> = orders.iter().map(|(key, _)| key.clone()).collect();
        let documents = ledgers(view, &settings, orders).await?;
        for key in keys {
            let shown = shown(&settings, &documents, &key);
            if let Some(order) = shown.filter(|order| order.lines.iter().any(|line| line.open)) {
                listed.total += 1;
                if listed.items.len() < most {
                    listed.items.push(order);
                }
            }
        }
    }
    (listed.looked, listed.unreadable) = (walk.cut(), walk.unreadable);
    Ok(listed)
}

/// The orders with every ledger they touch, and all sources.
async fn ledgers(
    view: &DaemonView,
    settings: &Settings,
    orders: Vec<(OrderKey, OrderDocument)>,
) -> Result<Documents, ApiError> {
    let skus: BTreeSet<Sku> = orders.iter().flat_map(|(_, order)| &order.touched).cloned().collect();
    let sources: Vec<&ConnectorName> = settings.sources.keys().collect();
    let keys: Vec<Key> = skus
        .iter()
        .map(Key::sku)
        .chain(sources.iter().copied().map(Key::source))
        .collect();
    let stored = view.house.store.load(&keys).await.map_err(|error| away(&error))?;
    let mut documents = Documents::default();
    let mut stored = stored.into_iter();
    for (sku, stored) in skus.into_iter().zip(&mut stored) {
        if !stored.bytes.is_empty() {
            let document = SkuDocument::decode(&stored.bytes);
            let document = document.map_err(|error| unreadable(&DocumentKey::Sku(sku.clone()), error))?;
            documents.skus.insert(sku, document);
        }
    }
    for (source, stored) in sources.into_iter().zip(&mut stored) {
        if !stored.bytes.is_empty() {
            let document = SourceDocument::decode(&stored.bytes);
            let document = document.map_err(|error| unreadable(&DocumentKey::Source(source.clone()), error))?;
            documents.sources.insert(source.clone(), document);
        }
    }
    for (key, order) in orders {
        documents.orders.insert(key, order);
    }
    Ok(documents)
}

fn shown(settings: &Settings, documents: &Documents, key: &OrderKey) -> Option<OrderView> {
    let document = documents.orders.get(key)?;
    let lines = order_lines(settings, documents, key, now());
    Some(OrderView {
        channel: key.channel.clone(),
        order: key.order.clone(),
        status: document.cancelled.map_or(document.status, |_| OrderStatus::Cancelled),
        placed_at: document.placed_at,
        lines: lines.into_iter().map(|line| line_state(document, line)).collect(),
    })
}

fn line_state(document: &OrderDocument, line: OrderLine) -> OrderLineState {
    let mends = document.mends.iter().filter(|mend| mend.line == line.line);
    let mends = mends.map(|mend| MendView {
        source: mend.source.clone(),
        quantity: mend.quantity,
        at: mend.at,
    });
    let sourced = line.sourced.into_iter().map(|sourced| SourcedView {
        location: sourced.location,
        quantity: sourced.quantity,
        sku: sourced.part,
    });
    OrderLineState {
        mends: mends.collect(),
        sourced: sourced.collect(),
        line: line.line,
        sku: line.sku,
        quantity: line.quantity,
        status: line.status,
        contained: line.contained,
        short: line.short,
        open: line.open,
    }
}

/// One order with its ledgers.
async fn load(view: &DaemonView, settings: &Settings, key: &OrderKey) -> Result<Documents, ApiError> {
    let stored = view.house.store.load(&[Key::order(&key.channel, &key.order)]).await;
    let stored = stored
        .map_err(|error| away(&error))?
        .into_iter()
        .next()
        .unwrap_or_default();
    let unknown = || {
        let error = ApiError::not_found(format!("{} has told of no order {}", key.channel, key.order));
        error.help("orders are named by the channel's own ids; `omnistock orders list` shows the open ones")
    };
    if stored.bytes.is_empty() {
        return Err(unknown());
    }
    let document = OrderDocument::decode(&stored.bytes);
    let document = document.map_err(|error| unreadable(&DocumentKey::Order(key.clone()), error))?;
    if document.revision.is_none() && document.cancelled.is_none() {
        return Err(unknown());
    }
    ledgers(view, settings, vec![(key.clone(), document)]).await
}

/// One order, open or not.
pub(super) async fn show(view: &DaemonView, channel: ChannelName, order: OrderId) -> Result<OrderView, ApiError> {
    let settings = view.house.settings.load_full();
    let key = OrderKey { channel, order };
    let documents = load(view, &settings, &key).await?;
    shown(&settings, &documents, &key).ok_or_else(|| ApiError::unavailable("the order has just been forgotten"))
}

/// A person's word on an order.
pub(super) async fn mend(view: &DaemonView, mend: Mend, asked: MendBody) -> Result<OrderView, ApiError> {
    if view.gate().is_none() {
        let says = view.leading.stance.borrow().says.clone();
        return Err(ApiError::conflict(format!("this daemon is {says}")).help("ask the one that leads"));
    }
    let settings = view.house.settings.load_full();
    let key = OrderKey {
        channel: asked.channel.clone(),
        order: asked.order.clone(),
    };
    let documents = load(view, &settings, &key).await?;
    let order = documents.orders.get(&key);
    let order = order.ok_or_else(|| ApiError::unavailable("the order has just been forgotten"))?;
    let source = match mend {
        Mend::Absorb => Some(source(&settings, asked.source.clone())?),
        Mend::Release => None,
    };
    // The newest figures there are: that they contain the line is what the person says.
    let as_of = source.as_ref().and_then(|source| documents.sources.get(source)?.newest);
    let lines = lines(order, &asked)?;
    let at = now();
    let (what, before, after) = recorded(order, &key, source.as_ref(), &lines);
    let skus: Vec<Sku> = order.touched.iter().take(20).cloned().collect();
    record(view, what, (before, after), &asked.reason, &skus).await?;
    let events: Vec<Event> = lines
        .into_iter()
        .map(|(line, quantity)| Event::Mended {
            channel: key.channel.clone(),
            order: key.order.clone(),
            line,
            source: source.clone(),
            quantity,
            as_of,
            at,
            reason: asked.reason.clone(),
        })
        .collect();
    let inbox = view.life.load_full().intake.inbox.clone();
    let last = inbox.append(&events).await.map_err(|error| away(&error))?;
    tracing::warn!(order = %key, reason = asked.reason, "an order was mended by a person: {mend:?}");
    let applied = tokio::time::timeout(APPLIED, inbox.applied(last)).await;
    if !matches!(applied, Ok(true)) {
        let error = ApiError::unavailable("it is durable and not in the ledgers yet");
        return Err(error.help("`omnistock orders show` tells when it is; there is no need to say it again"));
    }
    let shown = show(view, key.channel.clone(), key.order.clone()).await?;
    if shown.lines.iter().all(|line| !line.open)
        && let Some(board) = view
            .house
            .channels
            .get(&key.channel)
            .and_then(|parts| parts.orders.as_ref())
    {
        board.mended(&key.order);
    }
    Ok(shown)
}

/// What the record says of it: what it is about, as it was, as it is from then on.
fn recorded(
    order: &OrderDocument,
    key: &OrderKey,
    source: Option<&ConnectorName>,
    lines: &[(LineId, Quantity)],
) -> (String, Option<String>, String) {
    let word = |source: Option<&ConnectorName>, line: &LineId, quantity: Quantity| match source {
        Some(source) => format!("{source} contains {quantity} of line {line}"),
        None => format!("{quantity} of line {line} given back"),
    };
    let after: Vec<String> = lines
        .iter()
        .map(|(line, quantity)| word(source, line, *quantity))
        .collect();
    let said = order.mends.iter().filter(|mend| mend.source.as_ref() == source);
    let said = said.filter(|mend| lines.iter().any(|(line, _)| *line == mend.line));
    let before: Vec<String> = said
        .map(|mend| word(mend.source.as_ref(), &mend.line, mend.quantity))
        .collect();
    let before = (!before.is_empty()).then(|| before.join("; "));
    (format!("order {key}"), before, after.join("; "))
}

fn source(settings: &Settings, asked: Option<ConnectorName>) -> Result<ConnectorName, ApiError> {
    match asked {
        Some(source) if settings.sources.contains_key(&source) => Ok(source),
        Some(source) => Err(ApiError::not_found(format!("there is no source {source}"))),
        None => match settings.sources.keys().collect::<Vec<_>>().as_slice() {
            [only] => Ok((*only).clone()),
            _ => Err(ApiError::bad_request("there are several sources").help("say which one with `source`")),
        },
    }
}

/// The lines that are meant, with how much of each.
fn lines(order: &OrderDocument, asked: &MendBody) -> Result<Vec<(LineId, Quantity)>, ApiError> {
    let meant = order
        .lines
        .iter()
        .filter(|line| asked.line.as_ref().is_none_or(|meant| *meant == line.line));
    let meant: Vec<(LineId, Quantity)> = meant
        .map(|line| (line.line.clone(), asked.quantity.unwrap_or(line.quantity)))
        .collect();
    if meant.is_empty() {
        let known: Vec<&str> = order.lines.iter().map(|line| line.line.as_str()).take(20).collect();
        let error = ApiError::not_found(format!("order {} has no such line", asked.order));
        return Err(error.help(format!("its lines are {}", known.join(", "))));
    }
    let most = order
        .lines
        .iter()
        .find(|line| asked.line.as_ref() == Some(&line.line))
        .map(|line| line.quantity);
    match (asked.quantity, most) {
        (Some(asked), Some(most)) if asked > most || asked.is_negative() => Err(ApiError::bad_request(format!(
            "`quantity` must be 0 to {most}, which is what was sold"
        ))),
        _ => Ok(meant),
    }
}
