//! The connector as a channel: one file with a row a listing, replaced whole at every write.
//!
//! It has no listings of its own: it lists the articles that it is told of. What it shows is what the file says, so
//! a file that somebody took away is written again, and one that somebody changed is found by reading.

#[cfg(test)]
mod laws;
mod place;
mod prices;
mod settings;
#[cfg(test)]
mod tests;
mod text;

pub(crate) use settings::{Plan, read};

use crate::folder::Print;
use async_trait::async_trait;
use omnistock_sdk::{
    ArticleRole, ChannelRole, ConnectorError, Cursor, ItemOutcome, ListingKey, ListingPage, ListingReading,
    ListingReference, WriteItem, now,
};
use omnistock_words::{ListingId, Millis, Sku};
use std::collections::BTreeSet;
use std::ops::Bound::{Excluded, Unbounded};
use std::sync::Arc;
use std::time::Duration;
use text::{Row, Rows};
use tokio::sync::Mutex;
use tokio::time::timeout;

/// A folder that doesn't answer for so long (a dead network mount) is given up.
const DEADLINE: Duration = Duration::from_secs(50);
/// Articles on one page of the catalogue.
const PAGE: usize = 5_000;
/// Numbers in one write: each writes the whole file.
pub(crate) const MOST_WRITE: usize = 100_000;
/// Articles that are listed, at most.
const MOST_ARTICLES: usize = 5_000_000;

/// One file that is written.
pub(crate) struct Export {
    shared: Arc<Shared>,
}

struct Shared {
    plan: Plan,
    /// Whoever works on the file has it, also when nobody waits for that work any more.
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    carried: BTreeSet<Sku>,
    /// What the file said in this state.
    seen: Option<(Print, Rows)>,
}

impl Export {
    pub(crate) fn new(plan: Plan) -> Self {
        let state = Arc::default();
        Self {
            shared: Arc::new(Shared { plan, state }),
        }
    }

    pub(crate) fn has_prices(&self) -> bool {
        self.shared.plan.columns.price.is_some()
    }

    /// Reads what is there and proves that it can be replaced; changes nothing.
    pub(crate) async fn check(&self) -> Result<(), ConnectorError> {
        let late = ConnectorError::retry;
        self.work(late, |plan, state| {
            look(plan, state)?;
            place::check_writable(plan)
        })
        .await
    }

    /// Runs file work off the runtime's threads, with a deadline; one piece at a time, in the order in which it was
    /// asked for. What has not begun by its deadline never begins, so a write that lands late is never older than one
    /// that was made meanwhile, and a dead network mount holds one thread, not one more with every try.
    async fn work<T: Send + 'static>(
        &self,
        late: fn(String) -> ConnectorError,
        work: impl FnOnce(&Plan, &mut State) -> Result<T, ConnectorError> + Send + 'static,
    ) -> Result<T, ConnectorError> {
        let shared = Arc::clone(&self.shared);
        let path = shared.plan.path();
        let run = async {
            let mut state = Arc::clone(&shared.state).lock_owned().await;
            tokio::task::spawn_blocking(move || work(&shared.plan, &mut state)).await
        };
        let done = timeout(DEADLINE, run).await;
        let why = match done {
            Ok(Ok(outcome)) => return outcome,
            Ok(Err(error)) => format!("work on {} ended early: {error}", path.display()),
            Err(_) => format!("{}: no answer within {} s", path.display(), DEADLINE.as_secs()),
        };
        Err(late(why))
    }
}

/// What the file says now. Without a file there are no rows.
fn look<'s>(plan: &Plan, state: &'s mut State) -> Result<&'s mut Rows, ConnectorError> {
    let print = place::state(plan)?;
    let known = state.seen.as_ref().is_some_and(|(seen, _)| Some(*seen) == print);
    if !known {
        state.seen = None;
        if print.is_some()
            && let Some((print, bytes)) = place::content(plan)?
        {
            let rows = text::read(plan, bytes).map_err(|refusal| place::not_ours(&plan.path(), &refusal.reason))?;
            state.seen = Some((print, rows));
        }
    }
    // Of a file that isn't there the state is that of none: the next look finds the difference.
    let none = Print::default();
    Ok(&mut state.seen.get_or_insert_with(|| (none, Rows::new())).1)
}

/// Writes these rows and remembers what the file says by them.
fn store(plan: &Plan, state: &mut State, rows: Rows) -> Result<(), ConnectorError> {
    state.seen = None;
    let bytes = text::written(plan, &rows).ok_or_else(|| {
        ConnectorError::rejected(format!("{} can't be written in this encoding", plan.path().display()))
    })?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > plan.max_bytes) {
        let path = plan.path();
        let message = format!("{} would have more than {} bytes", path.display(), plan.max_bytes);
        return Err(ConnectorError::operator(format!(
            "{message}: split it with a channel for each part in `path`"
        )));
    }
    let print = place::replace(plan, &bytes)?;
    state.seen = Some((print, rows));
    Ok(())
}

fn key(plan: &Plan, sku: &Sku, place: usize) -> Option<ListingKey> {
    let location = plan.places.get(place)?.code.clone();
    let listing = ListingId::new(sku.as_str()).ok()?;
    Some(ListingKey { listing, location })
}

/// The article and the place that a listing means.
fn meant(plan: &Plan, reference: &ListingReference) -> Option<(Sku, usize)> {
    let sku = Sku::new(reference.key.listing.as_str()).ok()?;
    let place = plan
        .places
        .iter()
        .position(|place| place.code == reference.key.location)?;
    Some((sku, place))
}

fn reading(plan: &Plan, sku: &Sku, place: usize, row: Option<&Row>, at: Millis) -> Option<ListingReading> {
    let unwritable = (!text::encodable(plan, sku.as_str())).then(|| {
        format!("{sku:?} can't be written in this format: choose another `format.encoding` or `format.quote`")
    });
    Some(ListingReading {
        reference: ListingReference {
            key: key(plan, sku, place)?,
            parent: None,
        },
        sku: Some(sku.clone()),
        place: plan.places.get(place)?.name.clone(),
        quantity: row.and_then(|row| row.quantities.get(place).copied().flatten()),
        reserved: Vec::new(),
        read_at: at,
        unwritable,
        about: None,
    })
}

/// The articles behind `after`: those that we were told of and those of the file.
fn articles(state: &State, after: Option<&Sku>) -> Vec<Sku> {
    let from = after.map_or(Unbounded, Excluded);
    let told = state.carried.range::<Sku, _>((from, Unbounded)).take(PAGE);
    let there = state
        .seen
        .iter()
        .flat_map(|(_, rows)| rows.range::<Sku, _>((from, Unbounded)).take(PAGE));
    let both: BTreeSet<&Sku> = told.chain(there.map(|(sku, _)| sku)).collect();
    both.into_iter().take(PAGE).cloned().collect()
}

fn page(plan: &Plan, state: &mut State, cursor: Option<&Cursor>) -> Result<(Vec<Sku>, ListingPage), ConnectorError> {
    let read_at = now();
    look(plan, state)?;
    let after = cursor.and_then(|cursor| Sku::new(&cursor.0).ok());
    let skus = articles(state, after.as_ref());
    let rows = state.seen.as_ref().map(|(_, rows)| rows);
    let each = skus
        .iter()
        .flat_map(|sku| (0..plan.places.len()).map(move |place| (sku, place)));
    let listings = each
        .filter_map(|(sku, place)| reading(plan, sku, place, rows.and_then(|rows| rows.get(sku)), read_at))
        .collect();
    let last = skus.last().filter(|_| skus.len() == PAGE);
    let next = last.map(|sku| Cursor(sku.as_str().to_owned()));
    Ok((skus, ListingPage { listings, next }))
}

/// The outcome of one number, put into the rows where it is taken.
fn put(plan: &Plan, carried: &BTreeSet<Sku>, rows: &mut Rows, item: &WriteItem) -> ItemOutcome {
    let rejected = |reason: String| ItemOutcome::Rejected { reason };
    let Some((sku, place)) = meant(plan, &item.reference) else {
        return rejected("there is no such listing in this file".to_owned());
    };
    if !carried.contains(&sku) && !rows.contains_key(&sku) {
        return rejected(format!("no source has reported {sku:?}"));
    }
    if item.quantity.is_negative() {
        return rejected(format!("{} is negative", item.quantity));
    }
    if !text::encodable(plan, sku.as_str()) {
        return rejected(format!("{sku:?} can't be written in this format"));
    }
    let row = rows.entry(sku).or_default();
    row.quantities.resize(plan.places.len(), None);
    if let Some(number) = row.quantities.get_mut(place) {
        *number = Some(item.quantity);
    }
    ItemOutcome::Applied {
        quantity: Some(item.quantity),
    }
}

#[async_trait]
impl ChannelRole for Export {
    async fn catalogue(&self, cursor: Option<&Cursor>) -> Result<ListingPage, ConnectorError> {
        let cursor = cursor.cloned();
        let page = move |plan: &Plan, state: &mut State| page(plan, state, cursor.as_ref());
        self.work(ConnectorError::retry, page).await.map(|(_, page)| page)
    }

    async fn read(&self, listings: &[ListingReference]) -> Result<Vec<ListingReading>, ConnectorError> {
        let listings = listings.to_vec();
        self.work(ConnectorError::retry, move |plan, state| {
            let read_at = now();
            look(plan, state)?;
            let State { carried, seen } = state;
            let rows = seen.as_ref().map(|(_, rows)| rows);
            let one = |reference: &ListingReference| {
                let (sku, place) = meant(plan, reference)?;
                let row = rows.and_then(|rows| rows.get(&sku));
                if row.is_none() && !carried.contains(&sku) {
                    return None;
                }
                reading(plan, &sku, place, row, read_at)
            };
            Ok(listings.iter().filter_map(one).collect())
        })
        .await
    }

    async fn write(&self, items: &[WriteItem]) -> Result<Vec<ItemOutcome>, ConnectorError> {
        let items = items.to_vec();
        self.work(ConnectorError::unknown, move |plan, state| {
            let before = look(plan, state)?.clone();
            let mut rows = before.clone();
            let outcomes = items
                .iter()
                .map(|item| put(plan, &state.carried, &mut rows, item))
                .collect();
            if rows != before {
                store(plan, state, rows)?;
            }
            Ok(outcomes)
        })
        .await
    }
}

#[async_trait]
impl ArticleRole for Export {
    async fn carry(&self, skus: &[Sku]) -> Result<(), ConnectorError> {
        let skus = skus.to_vec();
        self.work(ConnectorError::retry, move |plan, state| {
            state.carried.extend(skus);
            if state.carried.len() > MOST_ARTICLES {
                let path = plan.path();
                let message = format!("{} would list more than {MOST_ARTICLES} articles", path.display());
                return Err(ConnectorError::operator(format!(
                    "{message}: take fewer `locations` into the channel's pool"
                )));
            }
            Ok(())
        })
        .await
    }
}
