//! The store: typed documents, an inbox, marks, intents, the lease. A commit is whole or not at all;
//! whatever it holds can go back to an older state (a lost tail) or vanish (a flush).

use crate::oracle::mirror::Mirror;
use omnistock_engine::{Documents, Event};
use omnistock_planner::{LimitRecord, ListingDocument};
use omnistock_words::{Millis, Sku};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::rc::Rc;

/// What an entry of the inbox is about, for the oracles: numbers of the world, never read by the shell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum About {
    /// Order, and which of its states.
    Order(usize, usize, i64),
    /// A row of a stock report.
    Stock(usize),
    /// The close of one.
    Close(usize),
    Missing(usize),
    /// Order, line.
    Statement(usize, usize),
    Movement(usize),
    Reservation(usize),
    Price,
    /// Nothing that a report or a person said.
    Foreign,
}

#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) id: u64,
    pub(crate) event: Rc<Event>,
    pub(crate) about: About,
}

/// Dirty marks of one channel.
#[derive(Default, Clone)]
pub(crate) struct Marks {
    marks: BTreeMap<Sku, Millis>,
    by_age: BTreeMap<(Millis, Sku), u64>,
}

impl Marks {
    pub(crate) fn set(&mut self, sku: &Sku, version: u64, since: Millis) {
        let since = *self.marks.entry(sku.clone()).or_insert(since);
        self.by_age.insert((since, sku.clone()), version);
    }

    pub(crate) fn clear(&mut self, sku: &Sku, version: u64) {
        let Some(since) = self.marks.get(sku) else { return };
        let mark = (*since, sku.clone());
        if version == u64::MAX || self.by_age.get(&mark) == Some(&version) {
            self.by_age.remove(&mark);
            self.marks.remove(sku);
        }
    }

    pub(crate) fn oldest(&self) -> Option<&(Millis, Sku)> {
        self.by_age.first_key_value().map(|(mark, _)| mark)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Sku, u64, Millis)> {
        self.by_age
            .iter()
            .map(|((since, sku), version)| (sku, *version, *since))
    }

    pub(crate) fn len(&self) -> usize {
        self.marks.len()
    }
}

/// What one channel has in the store.
#[derive(Default, Clone)]
pub(crate) struct ChannelState {
    pub(crate) marks: Marks,
    pub(crate) marked: u64,
    /// By listing: version and document.
    pub(crate) listings: Vec<Option<(u64, ListingDocument)>>,
    pub(crate) intents: BTreeSet<usize>,
    /// The order cursor with its version.
    pub(crate) cursor: (u64, Option<Millis>),
    /// Of which generation, and what calls may use.
    pub(crate) limits: Option<(u64, LimitRecord)>,
}

#[derive(Clone)]
pub(crate) struct Store {
    /// Rises when the store was flushed or went back.
    pub(crate) generation: u64,
    /// The highest token ever given.
    pub(crate) token: u64,
    pub(crate) holder: Option<(usize, i64)>,
    pub(crate) cursor: u64,
    pub(crate) last_entry: u64,
    pub(crate) last_mark: u64,
    pub(crate) inbox: VecDeque<Entry>,
    pub(crate) documents: Documents,
    /// By article: how often its ledger was written.
    pub(crate) versions: Vec<u64>,
    pub(crate) channels: Vec<ChannelState>,
    /// What the oracles know to be durable here.
    pub(crate) mirror: Mirror,
}

impl Store {
    pub(crate) fn new(listings: &[usize], articles: usize, mirror: Mirror) -> Self {
        let channels = listings.iter().map(|count| ChannelState {
            listings: vec![None; *count],
            ..ChannelState::default()
        });
        Self {
            generation: 0,
            token: 0,
            holder: None,
            cursor: 0,
            last_entry: 0,
            last_mark: 0,
            inbox: VecDeque::new(),
            documents: Documents::default(),
            versions: vec![0; articles],
            channels: channels.collect(),
            mirror,
        }
    }

    /// The lease with its token, if it is free, over, or already this daemon's.
    pub(crate) fn acquire(&mut self, daemon: usize, length: i64, t: i64) -> Option<u64> {
        match self.holder.filter(|(_, until)| *until > t) {
            Some((holder, _)) if holder != daemon => return None,
            Some(_) => {}
            None => self.token += 1,
        }
        self.holder = Some((daemon, t + length));
        Some(self.token)
    }

    pub(crate) fn holds(&self, daemon: usize, token: u64) -> bool {
        token == self.token && self.holder.is_some_and(|(holder, _)| holder == daemon)
    }

    pub(crate) fn renew(&mut self, daemon: usize, token: u64, length: i64, t: i64) -> bool {
        let holds = self.holds(daemon, token);
        if holds {
            self.holder = Some((daemon, t + length));
        }
        holds
    }

    pub(crate) fn append(&mut self, event: Event, about: About) -> u64 {
        self.last_entry = self.last_entry.max(self.cursor) + 1;
        let (id, event) = (self.last_entry, Rc::new(event));
        self.inbox.push_back(Entry { id, event, about });
        id
    }

    pub(crate) fn mark(&mut self, channel: usize, sku: &Sku, since: Millis) {
        self.last_mark += 1;
        let state = &mut self.channels[channel];
        state.marked = self.last_mark;
        state.marks.set(sku, self.last_mark, since);
    }

    /// Goes back to an older state; tokens rise all the same.
    pub(crate) fn back_to(&mut self, older: Self) {
        let (token, generation) = (self.token, self.generation);
        *self = older;
        self.token = self.token.max(token) + 1;
        self.holder = None;
        self.generation = generation + 1;
    }
}
