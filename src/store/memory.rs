//! A store that lives as long as the process: for tests and the simulation.
//!
//! Nothing but the calls changes it, so that the same calls give the same answers. Leases run
//! on tokio's clock, which a simulation pauses. What survives a simulated crash is what is in here.

use super::prepare::{Prepared, Told, check_events, prepare};
use super::{
    CommitBatch, CommitError, Dirty, Entry, EntryId, HistoryId, HistorySize, Key, Kind, Leader, Lease, Mark, PastEntry,
    Standing, Store, StoreError, StoreStatus, Versioned, Way,
};
use async_trait::async_trait;
use omnistock_words::Millis;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

#[derive(Debug, Default)]
struct Channel {
    marks: BTreeMap<String, (u64, Millis)>,
    by_age: BTreeSet<(Millis, String)>,
    intents: BTreeSet<String>,
}

#[derive(Debug, Default)]
struct State {
    /// The highest token ever given.
    token: u64,
    /// Who holds it and until when; `None` once given back.
    holder: Option<(String, Instant)>,
    since: Millis,
    generation: u64,
    commits: u64,
    note: Option<String>,
    cursor: EntryId,
    last_entry: u64,
    last_mark: u64,
    inbox: BTreeMap<EntryId, Vec<u8>>,
    documents: BTreeMap<Key, Versioned>,
    channels: BTreeMap<String, Channel>,
    last_told: HistoryId,
    told: BTreeMap<HistoryId, (Vec<String>, Vec<u8>)>,
    told_about: BTreeSet<(String, HistoryId)>,
    told_bytes: u64,
}

/// A store in memory.
#[derive(Debug, Default)]
pub struct Memory {
    state: Mutex<State>,
}

impl Channel {
    fn mark(&mut self, sku: &str, version: u64, since: Millis) {
        if let Some(mark) = self.marks.get_mut(sku) {
            mark.0 = version;
        } else {
            self.marks.insert(sku.to_owned(), (version, since));
            self.by_age.insert((since, sku.to_owned()));
        }
    }

    fn clear(&mut self, sku: &str, version: u64) {
        if self.marks.get(sku).is_some_and(|mark| mark.0 == version)
            && let Some((_, since)) = self.marks.remove(sku)
        {
            self.by_age.remove(&(since, sku.to_owned()));
        }
    }
}

impl State {
    fn holds(&self, lease: &Lease) -> bool {
        lease.token == self.token && self.holder.as_ref().is_some_and(|(owner, _)| *owner == lease.owner)
    }

    fn check(&self, lease: &Lease, prepared: &Prepared<'_>) -> Result<(), CommitError> {
        if !self.holds(lease) {
            return Err(CommitError::Fenced);
        }
        if prepared.cursor.is_some_and(|cursor| cursor.from != self.cursor) {
            return Err(CommitError::CursorMoved);
        }
        for write in prepared.writes.values().flatten() {
            if self.documents.get(&write.key).map_or(0, |document| document.version) != write.expected {
                return Err(CommitError::Conflict(write.key.clone()));
            }
        }
        Ok(())
    }

    fn apply(&mut self, prepared: Prepared<'_>) {
        for write in prepared.writes.into_values().flatten() {
            match &write.bytes {
                Some(bytes) => {
                    let document = Versioned {
                        version: write.version,
                        bytes: bytes.clone(),
                    };
                    self.documents.insert(write.key.clone(), document);
                }
                None => drop(self.documents.remove(&write.key)),
            }
        }
        for (name, changes) in prepared.channels {
            let channel = self.channels.entry(name.to_owned()).or_default();
            for mark in changes.marks {
                self.last_mark += 1;
                channel.mark(&mark.sku, self.last_mark, mark.since);
            }
            for clear in changes.clears {
                channel.clear(&clear.sku, clear.version);
            }
            for (listing, open) in changes.intents {
                if open {
                    channel.intents.insert(listing.to_owned());
                } else {
                    channel.intents.remove(listing);
                }
            }
        }
        for told in &prepared.history {
            self.tell(told);
        }
        if let Some(cursor) = prepared.cursor {
            self.cursor = cursor.to;
            self.inbox = self.inbox.split_off(&EntryId(cursor.to.0.saturating_add(1)));
        }
    }
}

impl State {
    fn tell(&mut self, told: &Told<'_>) {
        self.last_told = self.last_told.next(told.at);
        let about: Vec<String> = told.about.iter().map(|about| (*about).to_owned()).collect();
        self.told_about
            .extend(about.iter().map(|about| (about.clone(), self.last_told)));
        self.told_bytes += told.size();
        self.told.insert(self.last_told, (about, told.bytes.to_vec()));
    }

    fn untell(&mut self, id: HistoryId) {
        let Some((about, bytes)) = self.told.remove(&id) else {
            return;
        };
        let size = bytes.len() + about.iter().map(String::len).sum::<usize>();
        self.told_bytes = self.told_bytes.saturating_sub(size as u64);
        for about in about {
            self.told_about.remove(&(about, id));
        }
    }

    /// Places beyond `from`, of all entries or of those about one subject.
    fn told_beyond(&self, about: Option<&str>, from: HistoryId, way: Way, most: usize) -> Vec<HistoryId> {
        let beyond = match way {
            Way::Forward => (Bound::Excluded(from), Bound::Unbounded),
            Way::Back => (Bound::Unbounded, Bound::Excluded(from)),
        };
        let Some(about) = about else {
            let ids = self.told.range(beyond).map(|(id, _)| *id);
            return match way {
                Way::Forward => ids.take(most).collect(),
                Way::Back => ids.rev().take(most).collect(),
            };
        };
        let place = |id| (about.to_owned(), id);
        let of = match way {
            Way::Forward => (Bound::Excluded(place(from)), Bound::Included(place(HistoryId::END))),
            Way::Back => (Bound::Included(place(HistoryId(0))), Bound::Excluded(place(from))),
        };
        let ids = self.told_about.range(of).map(|(_, id)| *id);
        match way {
            Way::Forward => ids.take(most).collect(),
            Way::Back => ids.rev().take(most).collect(),
        }
    }
}

impl Memory {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Store for Memory {
    async fn acquire(&self, owner: &str, length: Duration) -> Result<Option<Lease>, StoreError> {
        let (mut state, now) = (self.state(), Instant::now());
        let running = state.holder.clone().filter(|(_, until)| *until > now);
        match running {
            Some((holder, _)) if holder != owner => return Ok(None),
            Some(_) => {}
            None => (state.token, state.since) = (state.token + 1, omnistock_sdk::now()),
        }
        state.holder = Some((owner.to_owned(), now + length));
        Ok(Some(Lease {
            owner: owner.to_owned(),
            token: state.token,
        }))
    }

    async fn renew(&self, lease: &Lease, length: Duration) -> Result<bool, StoreError> {
        let mut state = self.state();
        let holds = state.holds(lease);
        if holds {
            state.holder = Some((lease.owner.clone(), Instant::now() + length));
        }
        Ok(holds)
    }

    async fn release(&self, lease: &Lease) -> Result<(), StoreError> {
        let mut state = self.state();
        if state.holds(lease) {
            state.holder = None;
        }
        Ok(())
    }

    async fn append(&self, events: &[Vec<u8>]) -> Result<Vec<EntryId>, StoreError> {
        check_events(events)?;
        let mut state = self.state();
        let mut ids = Vec::with_capacity(events.len());
        for event in events {
            state.last_entry = state.last_entry.max(state.cursor.0) + 1;
            let id = EntryId(state.last_entry);
            state.inbox.insert(id, event.clone());
            ids.push(id);
        }
        Ok(ids)
    }

    async fn read(&self, after: EntryId, most: usize) -> Result<Vec<Entry>, StoreError> {
        let state = self.state();
        let behind = state.inbox.range((Bound::Excluded(after), Bound::Unbounded));
        Ok(behind
            .take(most)
            .map(|(id, bytes)| Entry {
                id: *id,
                bytes: bytes.clone(),
            })
            .collect())
    }

    async fn cursor(&self) -> Result<EntryId, StoreError> {
        Ok(self.state().cursor)
    }

    async fn load(&self, keys: &[Key]) -> Result<Vec<Versioned>, StoreError> {
        let state = self.state();
        Ok(keys
            .iter()
            .map(|key| state.documents.get(key).cloned().unwrap_or_default())
            .collect())
    }

    async fn scan(&self, kind: Kind, after: Option<&str>, most: usize) -> Result<Vec<(String, Versioned)>, StoreError> {
        let state = self.state();
        let from = match after {
            Some(id) => Bound::Excluded(Key::new(kind, id)),
            None => Bound::Included(Key::new(kind, "")),
        };
        let behind = state
            .documents
            .range((from, Bound::Unbounded))
            .take_while(|(key, _)| key.kind == kind);
        Ok(behind
            .take(most)
            .map(|(key, document)| (key.id.clone(), document.clone()))
            .collect())
    }

    async fn standing(&self) -> Result<Standing, StoreError> {
        let (state, now) = (self.state(), Instant::now());
        let running = state.holder.as_ref().filter(|(_, until)| *until > now);
        Ok(Standing {
            leader: running.map(|(owner, until)| Leader {
                owner: owner.clone(),
                since: state.since,
                left: *until - now,
            }),
            mark: Mark {
                generation: state.generation,
                commits: state.commits,
                entries: state.last_entry,
            },
            note: state.note.clone(),
            ..Standing::default()
        })
    }

    async fn name(&self, lease: &Lease, generation: u64, note: Option<&str>, forget: bool) -> Result<bool, StoreError> {
        let mut state = self.state();
        let holds = state.holds(lease);
        if holds {
            state.generation = generation;
            state.note = note.map(str::to_owned);
            state.documents.retain(|key, _| !forget || key.kind == Kind::Merchant);
        }
        Ok(holds)
    }

    async fn commit(&self, lease: &Lease, batch: &CommitBatch) -> Result<(), CommitError> {
        let prepared = prepare(batch)?;
        let mut state = self.state();
        state.check(lease, &prepared)?;
        state.apply(prepared);
        state.commits += 1;
        Ok(())
    }

    async fn dirty_behind(&self, channel: &str, behind: usize, most: usize) -> Result<Vec<Dirty>, StoreError> {
        let state = self.state();
        let Some(channel) = state.channels.get(channel) else {
            return Ok(Vec::new());
        };
        let marks = channel.by_age.iter().skip(behind).take(most);
        let found = marks.filter_map(|(since, sku)| {
            let version = channel.marks.get(sku)?.0;
            Some(Dirty {
                sku: sku.clone(),
                version,
                since: *since,
            })
        });
        Ok(found.collect())
    }

    async fn dirty_count(&self, channel: &str) -> Result<u64, StoreError> {
        Ok(self
            .state()
            .channels
            .get(channel)
            .map_or(0, |channel| channel.marks.len() as u64))
    }

    async fn intents(&self, channel: &str) -> Result<Vec<String>, StoreError> {
        let state = self.state();
        Ok(state
            .channels
            .get(channel)
            .map(|channel| channel.intents.iter().cloned().collect())
            .unwrap_or_default())
    }

    async fn history(
        &self,
        about: Option<&str>,
        from: HistoryId,
        way: Way,
        most: usize,
    ) -> Result<Vec<PastEntry>, StoreError> {
        let state = self.state();
        let ids = state.told_beyond(about, from.min(HistoryId::END), way, most);
        Ok(ids
            .into_iter()
            .filter_map(|id| {
                let bytes = state.told.get(&id)?.1.clone();
                Some(PastEntry { id, bytes })
            })
            .collect())
    }

    async fn forget_history(&self, lease: &Lease, before: HistoryId, most: usize) -> Result<u64, CommitError> {
        let mut state = self.state();
        if !state.holds(lease) {
            return Err(CommitError::Fenced);
        }
        let ids: Vec<HistoryId> = state.told.range(..before).map(|(id, _)| *id).take(most).collect();
        for id in &ids {
            state.untell(*id);
        }
        Ok(ids.len() as u64)
    }

    async fn history_size(&self) -> Result<HistorySize, StoreError> {
        let state = self.state();
        Ok(HistorySize {
            entries: state.told.len() as u64,
            bytes: state.told_bytes,
            oldest: state.told.keys().next().copied(),
        })
    }

    async fn status(&self) -> Result<StoreStatus, StoreError> {
        let inbox = self.state().inbox.len() as u64;
        let warning = "Everything is lost when the process ends: this store is for tests.".to_owned();
        Ok(StoreStatus {
            title: "memory".to_owned(),
            warnings: vec![warning],
            inbox,
        })
    }
}
