//! The connector as a source: a full pass now and then, in between what changed.
//!
//! Nothing is durable here and nothing has to be: after a crash the first pass reads everything anew. A
//! report that is held or set aside leaves its products to the next pass, so no change is lost with it.

mod pass;

use crate::changes::Changes;
use crate::client::Client;
use crate::fields::Fields;
use crate::orders::Key;
use crate::places::Places;
use crate::settings::Parts;
use crate::touched::Touched;
use async_trait::async_trait;
use omnistock_sdk::{ConnectorError, LocationCodes, Refused, Report, StockSource, Ticket, Verdict};
use omnistock_words::{Basis, Quantity};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, timeout};

/// A pass that takes longer is given up: 5,000,000 quants at the slowest pace seen take a third of it.
const DEADLINE: Duration = Duration::from_hours(1);
/// How often a person is told of a key that ends.
const AGAIN: Duration = Duration::from_hours(24);
/// Lines whose statement is remembered, to notice what changed; beyond it everything counts as changed.
const MOST_STATED: usize = 200_000;

/// The source.
pub(crate) struct OdooSource {
    parts: Parts,
    client: Client,
    codes: LocationCodes,
    basis: Basis,
    touched: Arc<Touched>,
    /// One pass at a time.
    state: tokio::sync::Mutex<State>,
}

/// What a database is like; read with each full pass.
struct World {
    places: Places,
    fields: Fields,
}

/// What a report was made of, until it is acknowledged.
enum Made {
    Full,
    Of(Vec<i64>),
}

#[derive(Default)]
struct State {
    world: Option<World>,
    changes: Changes,
    /// When the last full pass ended; `None`: everything has to be read.
    full_at: Option<Instant>,
    ready: VecDeque<(Ticket, Report)>,
    /// Handed out and not acknowledged; few, since an older one is set aside for a newer one.
    open: BTreeMap<Ticket, Made>,
    /// The round's reports were handed out: the next poll says that there is nothing more.
    told: bool,
    number: u64,
    /// Told to a person already.
    faults: Option<String>,
    key_told: Option<Instant>,
    stated: BTreeMap<Key, Quantity>,
}

impl State {
    fn hand(&mut self, report: Report, made: Option<Made>) {
        self.number += 1;
        let ticket = Ticket(format!("odoo-{}", self.number));
        if let Some(made) = made {
            self.open.insert(ticket.clone(), made);
        }
        self.ready.push_back((ticket, report));
    }

    /// Tells a person, once for each new text.
    fn tell(&mut self, faults: Option<String>) {
        if self.faults == faults {
            return;
        }
        if let Some(reason) = &faults {
            let title = "internal references of products".to_owned();
            self.hand(
                Report::Refused(Refused {
                    title,
                    reason: reason.clone(),
                }),
                None,
            );
        }
        self.faults = faults;
    }

    /// Whether a full report waits for a person.
    fn full_open(&self) -> bool {
        self.open.values().any(|made| matches!(made, Made::Full))
    }
}

impl OdooSource {
    pub(crate) fn new(parts: Parts, client: Client, codes: LocationCodes, basis: Basis, touched: Arc<Touched>) -> Self {
        Self {
            parts,
            client,
            codes,
            basis,
            touched,
            state: tokio::sync::Mutex::default(),
        }
    }

    /// Logs in and reads one of everything that is read later.
    pub(crate) async fn check(&self) -> Result<(), ConnectorError> {
        let world = self.world().await?;
        self.probe(&world).await?;
        match self.client.key_ends() {
            Some(told) => Err(ConnectorError::operator(told)),
            None => Ok(()),
        }
    }

    async fn world(&self) -> Result<World, ConnectorError> {
        let places = Places::read(&self.client, self.parts.page, &self.codes).await?;
        let fields = Fields::read(&self.client).await?;
        Ok(World { places, fields })
    }

    fn warn_of_key(&self, state: &mut State) {
        let due = state.key_told.is_none_or(|told| told.elapsed() >= AGAIN);
        if let (true, Some(reason)) = (due, self.client.key_ends()) {
            state.key_told = Some(Instant::now());
            state.hand(
                Report::Refused(Refused {
                    title: "API key".to_owned(),
                    reason,
                }),
                None,
            );
        }
    }

    /// One pass: full where it is time, else of what changed.
    async fn round(&self, state: &mut State) -> Result<(), ConnectorError> {
        self.warn_of_key(state);
        let touched = self.touched.take();
        let due = state.full_at.is_none_or(|at| at.elapsed() >= self.parts.full_every);
        let made = match (touched, due) {
            (Some(touched), false) => self.some(state, touched).await,
            _ => self.everything(state).await,
        };
        if made.is_err() {
            // What had changed is not known to have been read: everything is.
            state.full_at = None;
        }
        made
    }

    /// Keeps what was stated, and says of which products it changed.
    fn restate(state: &mut State, look: &crate::orders::Look) -> BTreeSet<i64> {
        if state.stated.len() > MOST_STATED {
            state.stated.clear();
        }
        let mut products = BTreeSet::new();
        for (key, (units, of)) in &look.lines {
            if state.stated.insert(key.clone(), *units) != Some(*units) {
                products.extend(of);
            }
        }
        products
    }
}

#[async_trait]
impl StockSource for OdooSource {
    async fn begin(&self) -> Result<(), ConnectorError> {
        let mut state = timeout(DEADLINE, self.state.lock()).await.map_err(busy)?;
        *state = State {
            number: state.number,
            ..State::default()
        };
        Ok(())
    }

    async fn poll(&self) -> Result<Option<(Ticket, Report)>, ConnectorError> {
        let mut state = timeout(DEADLINE, self.state.lock()).await.map_err(busy)?;
        if state.ready.is_empty() && !state.told {
            timeout(DEADLINE, self.round(&mut state)).await.map_err(busy)??;
        }
        let next = state.ready.pop_front();
        // After the last one of a round the daemon asks once more, and is told that there is nothing.
        state.told = next.is_some() && state.ready.is_empty();
        Ok(next)
    }

    async fn acknowledge(&self, ticket: &Ticket, verdict: &Verdict) -> Result<(), ConnectorError> {
        let mut state = timeout(DEADLINE, self.state.lock()).await.map_err(busy)?;
        let made = state.open.remove(ticket);
        if let (Some(Made::Of(products)), Verdict::Superseded) = (made, verdict) {
            self.touched.add(products);
        }
        Ok(())
    }
}

fn busy<E>(_: E) -> ConnectorError {
    ConnectorError::retry(format!(
        "a pass over Odoo did not end within {} min",
        DEADLINE.as_secs() / 60
    ))
}
