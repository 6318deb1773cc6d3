//! The ledger's owner, as `src/intake/ledger.rs` does it: read by cursor, apply with the engine,
//! commit documents, marks and cursor in one step.

use crate::broken::Broken;
use crate::promised::Promises;
use crate::sim::{Happening, Sim};
use crate::store::{About, Entry};
use crate::trace::Step;
use omnistock_engine::{DocumentKey, Documents, Promise, apply, dependents, due_own, due_shared, missing, promises};
use omnistock_words::{ChannelName, Millis, Settings, Sku};
use std::collections::BTreeSet;
use std::rc::Rc;

/// Entries applied in one commit, at most.
const BATCH: usize = 256;
/// Appends of other processes are found by then.
const TICK: i64 = 250;

/// Whether two promises lead to the same numbers at a channel.
fn same_numbers(old: &Promise, new: &Promise) -> bool {
    old.quantity == new.quantity
        && old.split == new.split
        && old.only_decrease == new.only_decrease
        && old.price == new.price
}

/// The channels at which two promises lead to other numbers.
fn differing<'a>(
    old: &'a [(ChannelName, Promise)],
    new: &'a [(ChannelName, Promise)],
) -> impl Iterator<Item = &'a ChannelName> {
    let pairs = old
        .iter()
        .zip(new)
        .filter(|((_, old), (_, new))| !same_numbers(old, new));
    pairs.map(|((channel, _), _)| channel)
}

fn skus<'a>(keys: impl IntoIterator<Item = &'a DocumentKey>) -> impl Iterator<Item = &'a Sku> {
    keys.into_iter().filter_map(|key| {
        if let DocumentKey::Sku(sku) = key {
            Some(sku)
        } else {
            None
        }
    })
}

impl Sim {
    /// Whether a commit under this token is let through.
    pub(crate) fn allowed(&mut self, daemon: usize, token: u64) -> bool {
        let holds = self.store.holds(daemon, token);
        if holds || !self.broken(Broken::TokenNotChecked) {
            return holds;
        }
        self.oracle_stale_commit(daemon, token);
        true
    }

    pub(crate) fn wake_ledgers(&mut self, daemon: usize) {
        for other in 0..self.daemons.len() {
            let pause = if other == daemon { self.wire.range(1, 15) } else { TICK };
            self.wake_ledger(other, pause);
        }
    }

    pub(crate) fn wake_ledger(&mut self, daemon: usize, pause: i64) {
        let this = &mut self.daemons[daemon];
        if !this.up || this.ledger_planned {
            return;
        }
        this.ledger_planned = true;
        let life = this.life;
        self.after(pause, Happening::Ledger { daemon, life });
    }

    /// One batch after the other until the inbox is empty.
    pub(crate) fn ledger(&mut self, daemon: usize) {
        self.daemons[daemon].ledger_planned = false;
        let Some(token) = self.daemons[daemon].lease else {
            return;
        };
        if !self.store_answers() {
            self.daemons[daemon].cursor = None;
            return self.wake_ledger(daemon, TICK);
        }
        let from = self.daemons[daemon].cursor.unwrap_or(self.store.cursor);
        self.daemons[daemon].cursor = Some(from);
        if self.daemons[daemon].applied != from {
            self.daemons[daemon].applied = from;
            self.applied(daemon);
        }
        let batch: Vec<Entry> = self
            .store
            .inbox
            .iter()
            .skip_while(|entry| entry.id <= from)
            .take(BATCH)
            .cloned()
            .collect();
        let Some(last) = batch.last() else { return };
        let to = last.id;
        if !self.allowed(daemon, token) || self.store.cursor != from {
            // Fenced or overtaken: what was committed is no longer certain, ask again.
            self.daemons[daemon].cursor = None;
            return self.wake_ledger(daemon, TICK);
        }
        self.apply_batch(daemon, &batch, to);
        if self.oracle.violation.is_some() {
            return;
        }
        self.daemons[daemon].cursor = Some(to);
        self.daemons[daemon].applied = to;
        self.applied(daemon);
        if self.daemons[daemon].up {
            self.wake_ledger(daemon, 0);
        }
    }

    fn load(&self, documents: &mut Documents, keys: Vec<DocumentKey>) {
        for key in keys {
            match &key {
                DocumentKey::Sku(sku) => {
                    documents.skus.insert(
                        sku.clone(),
                        self.store.documents.skus.get(sku).cloned().unwrap_or_default(),
                    );
                }
                DocumentKey::Order(order) => {
                    documents.orders.insert(
                        order.clone(),
                        self.store.documents.orders.get(order).cloned().unwrap_or_default(),
                    );
                }
                DocumentKey::Source(source) => {
                    documents.sources.insert(
                        source.clone(),
                        self.store.documents.sources.get(source).cloned().unwrap_or_default(),
                    );
                }
            }
        }
    }

    fn apply_batch(&mut self, daemon: usize, batch: &[Entry], to: u64) {
        let (settings, at) = (Rc::clone(&self.daemons[daemon].settings), self.now(daemon));
        let mut documents = Documents::default();
        documents.sources.clone_from(&self.store.documents.sources);
        let (mut changed, mut own) = (BTreeSet::new(), BTreeSet::new());
        for entry in batch {
            for _ in 0..3 {
                let wanted = missing(&settings, &documents, &entry.event);
                if wanted.is_empty() {
                    break;
                }
                self.load(&mut documents, wanted);
            }
            let complaints = crate::broken::apply(self.broken, &settings, &mut documents, &entry.event, at, apply);
            let touched = documents.take_changed();
            if let About::Order(order, ..) = entry.about {
                let channel = self.names.channels[self.world.orders[order].shop].clone();
                own.extend(skus(&touched).map(|sku| (channel.clone(), sku.clone())));
            }
            changed.extend(touched);
            self.oracle_applies(entry, &complaints, at);
        }
        let affected = self.affected(&settings, &changed);
        let before: Vec<Promises> = affected.iter().map(|k| self.promised(&settings, *k, at).0).collect();
        self.write(documents, &changed);
        for k in &affected {
            self.promised.forget(*k, at);
        }
        let mut marks: BTreeSet<(ChannelName, Sku)> = own;
        for (k, old) in affected.iter().zip(&before) {
            let new = self.promised(&settings, *k, at).0;
            let sku = &self.names.skus[*k];
            if self.broken(Broken::BundleNotMarked) && !changed.contains(&DocumentKey::Sku(sku.clone())) {
                continue;
            }
            marks.extend(differing(old, &new).map(|channel| (channel.clone(), sku.clone())));
        }
        self.store.cursor = to;
        while self.store.inbox.front().is_some_and(|entry| entry.id <= to) {
            self.store.inbox.pop_front();
        }
        self.trace.step(
            Step::Commit,
            self.t,
            [to as i64, changed.len() as i64, marks.len() as i64],
        );
        self.set_marks(daemon, &marks, at);
        self.oracle_ledger(&changed, batch);
        let next = affected.iter().filter_map(|k| self.promised.due(*k)).min();
        self.plan_next_due(daemon, next);
    }

    /// Articles whose promise these documents may change: all, where one of them is a source's.
    fn affected(&self, settings: &Settings, changed: &BTreeSet<DocumentKey>) -> BTreeSet<usize> {
        if changed.iter().any(|key| matches!(key, DocumentKey::Source(_))) {
            return (0..self.names.skus.len()).collect();
        }
        let dependents = skus(changed).flat_map(|sku| dependents(settings, sku));
        dependents.map(|sku| self.names.sku(&sku)).collect()
    }

    /// A committed mark wakes its channel's worker.
    fn set_marks(&mut self, daemon: usize, marks: &BTreeSet<(ChannelName, Sku)>, at: Millis) {
        let mut woken = BTreeSet::new();
        for (channel, sku) in marks {
            let shop = self.names.channel(channel);
            self.store.mark(shop, sku, at);
            woken.insert(shop);
        }
        for shop in woken {
            self.marks_came(daemon, shop);
        }
    }

    fn write(&mut self, mut documents: Documents, changed: &BTreeSet<DocumentKey>) {
        for key in changed {
            match key {
                DocumentKey::Sku(sku) => {
                    self.store.versions[self.names.sku(sku)] += 1;
                    if let Some(document) = documents.skus.remove(sku) {
                        self.store.documents.skus.insert(sku.clone(), document);
                    }
                }
                DocumentKey::Order(order) => match documents.orders.remove(order) {
                    Some(document) => drop(self.store.documents.orders.insert(order.clone(), document)),
                    None => drop(self.store.documents.orders.remove(order)),
                },
                DocumentKey::Source(source) => {
                    if let Some(document) = documents.sources.remove(source) {
                        self.store.documents.sources.insert(source.clone(), document);
                    }
                }
            }
        }
    }

    /// When a promise changes by itself, its channels look again.
    pub(crate) fn plan_due(&mut self, daemon: usize) {
        let (settings, now) = (Rc::clone(&self.daemons[daemon].settings), self.now(daemon));
        let documents = &self.store.documents;
        let own = self
            .names
            .skus
            .iter()
            .filter_map(|sku| due_own(&settings, documents, sku, now));
        let next = own.chain(due_shared(&settings, &documents.sources, now)).min();
        self.plan_next_due(daemon, next);
    }

    /// As [`Self::plan_due`], where promises that may change at another time than before do so then.
    fn plan_next_due(&mut self, daemon: usize, next: Option<Millis>) {
        if !self.daemons[daemon].up || self.daemons[daemon].lease.is_none() {
            return;
        }
        if let Some(next) = next.filter(|next| self.daemons[daemon].due.is_none_or(|due| *next < due)) {
            self.daemons[daemon].due = Some(next);
            let (life, clock) = (self.daemons[daemon].life, self.daemons[daemon].clock);
            self.plan(next.0 - clock + 1, Happening::Due { daemon, life });
        }
    }

    pub(crate) fn due_marks(&mut self, daemon: usize) {
        self.daemons[daemon].due = None;
        let Some(token) = self.daemons[daemon].lease else {
            return;
        };
        if !self.store_answers() || !self.allowed(daemon, token) {
            let life = self.daemons[daemon].life;
            return self.after(1_000, Happening::Due { daemon, life });
        }
        let (settings, at) = (Rc::clone(&self.daemons[daemon].settings), self.now(daemon));
        let mut marks = BTreeSet::new();
        let then = self.due_done.min(at.plus(-5_000));
        for k in 0..self.names.skus.len() {
            if !self.promised.may_be_due(&settings, k, at) {
                continue;
            }
            let old = promises(&settings, &self.store.documents, &self.names.skus[k], then);
            let new = self.promised(&settings, k, at).0;
            self.promised.looked_after(k);
            marks.extend(differing(&old, &new).map(|channel| (channel.clone(), self.names.skus[k].clone())));
        }
        self.due_done = at;
        if !self.broken(Broken::NeverExpires) {
            self.set_marks(daemon, &marks, at);
        }
        self.plan_due(daemon);
    }
}
