//! The SKUs that have to be looked at, that wait, or that have a number to send.

use crate::Risk;
use omnistock_words::{Millis, Sku};
use std::collections::{BTreeMap, BTreeSet};

/// A SKU of which something is left to do.
#[derive(Debug, Clone)]
pub struct Work {
    /// The mark that was seen; `None`: looked at for another reason.
    pub mark: Option<u64>,
    /// When the cause came in.
    pub since: Millis,
    /// When it was seen that there is something to do: a raise needs orders fetched from here on.
    pub seen_at: Millis,
    /// When the newest mark was seen: what is read from here on holds everything that led to it.
    pub marked_at: Option<Millis>,
    /// Since when it counts in each of the lists that it is in.
    ready: Option<Millis>,
    timer: Option<Millis>,
    queued: Option<Millis>,
}

impl Work {
    /// A look for no cause.
    pub fn at(now: Millis) -> Self {
        Self {
            mark: None,
            since: now,
            seen_at: now,
            marked_at: None,
            ready: None,
            timer: None,
            queued: None,
        }
    }
}

/// All of them. A SKU is in at most one of: ready, waiting for a time, queued for a call, or none
/// (something on its way will make it ready).
#[derive(Default)]
pub struct WorkList {
    works: BTreeMap<Sku, Work>,
    ready: BTreeSet<(Millis, Sku)>,
    timers: BTreeSet<(Millis, Sku)>,
    queue: BTreeSet<(Millis, Sku)>,
    fetch: BTreeSet<Sku>,
    /// What is to be looked at then although nothing is left to do now, and the same by SKU.
    later: BTreeSet<(Millis, Sku)>,
    times: BTreeMap<Sku, Millis>,
}

impl WorkList {
    /// How many SKUs have something left to do.
    pub fn len(&self) -> usize {
        self.works.len()
    }

    /// Whether nothing is left to do.
    pub fn is_empty(&self) -> bool {
        self.works.is_empty()
    }

    /// What is left to do of a SKU.
    pub fn get(&self, sku: &Sku) -> Option<&Work> {
        self.works.get(sku)
    }

    /// A mark from the store. One that was seen already changes nothing.
    pub fn mark(&mut self, sku: &Sku, version: u64, since: Millis, now: Millis) -> bool {
        if self.works.get(sku).is_some_and(|work| work.mark == Some(version)) {
            return false;
        }
        self.look(sku, since, now);
        if let Some(work) = self.works.get_mut(sku) {
            work.mark = Some(version);
            work.marked_at = Some(now);
        }
        true
    }

    /// Looks at the SKU as soon as possible.
    pub fn look(&mut self, sku: &Sku, since: Millis, now: Millis) {
        let fresh = || Work { since, ..Work::at(now) };
        let work = self.works.entry(sku.clone()).or_insert_with(fresh);
        // The oldest cause counts: the lag is measured from it, and age promotes.
        work.since = work.since.min(since);
        let (since, timer, turn) = (work.since, work.timer.take(), work.queued.take());
        let before = work.ready.replace(since);
        self.unplan(sku, timer, turn);
        if before == Some(since) {
            return;
        }
        if let Some(before) = before {
            self.ready.remove(&(before, sku.clone()));
        }
        self.ready.insert((since, sku.clone()));
    }

    fn unplan(&mut self, sku: &Sku, timer: Option<Millis>, turn: Option<Millis>) {
        if let Some(at) = timer {
            self.timers.remove(&(at, sku.clone()));
        }
        if let Some(turn) = turn {
            self.queue.remove(&(turn, sku.clone()));
        }
    }

    /// Looks again then.
    pub fn wait(&mut self, sku: &Sku, until: Millis) {
        let Some(work) = self.works.get_mut(sku) else { return };
        let until = work.timer.map_or(until, |old| old.min(until));
        if let Some(old) = work.timer.replace(until) {
            self.timers.remove(&(old, sku.clone()));
        }
        self.timers.insert((until, sku.clone()));
    }

    /// Looks at the SKU then, whatever becomes of what is left to do; `None`: no more.
    pub fn look_later(&mut self, sku: &Sku, at: Option<Millis>) {
        let old = match at {
            Some(at) => self.times.insert(sku.clone(), at),
            None => self.times.remove(sku),
        };
        if let Some(old) = old {
            self.later.remove(&(old, sku.clone()));
        }
        if let Some(at) = at {
            self.later.insert((at, sku.clone()));
        }
    }

    /// Has a number to send, when there is room for a call.
    pub fn queue(&mut self, sku: &Sku, risk: Risk) {
        let Some(work) = self.works.get_mut(sku) else { return };
        let turn = work
            .queued
            .map_or(risk.turn(work.since), |old| old.min(risk.turn(work.since)));
        if let Some(old) = work.queued.replace(turn) {
            self.queue.remove(&(old, sku.clone()));
        }
        self.queue.insert((turn, sku.clone()));
    }

    /// Its number is on its way.
    pub fn unqueue(&mut self, sku: &Sku) {
        if let Some(turn) = self.works.get_mut(sku).and_then(|work| work.queued.take()) {
            self.queue.remove(&(turn, sku.clone()));
        }
    }

    /// Looks again when orders were fetched.
    pub fn wait_for_orders(&mut self, sku: &Sku) {
        self.fetch.insert(sku.clone());
    }

    /// Whether somebody waits for orders.
    pub fn wants_orders(&self) -> bool {
        !self.fetch.is_empty()
    }

    /// Orders were fetched, or could not be.
    pub fn orders_came(&mut self, now: Millis) {
        for sku in std::mem::take(&mut self.fetch) {
            if self.works.contains_key(&sku) {
                self.look(&sku, now, now);
            }
        }
    }

    /// What is to be looked at now: new things first come first, then the next in the queue.
    pub fn take(&mut self, now: Millis, most: usize, queued: usize) -> Vec<Sku> {
        while let Some((at, sku)) = self.timers.first().filter(|(at, _)| *at <= now).cloned() {
            self.timers.remove(&(at, sku.clone()));
            self.look(&sku, at, now);
        }
        while let Some((at, sku)) = self.later.first().filter(|(at, _)| *at <= now).cloned() {
            self.look_later(&sku, None);
            self.look(&sku, at, now);
        }
        let mut taken: Vec<Sku> = Vec::new();
        while taken.len() < most {
            let Some((_, sku)) = self.ready.pop_first() else { break };
            if let Some(work) = self.works.get_mut(&sku) {
                work.ready = None;
            }
            taken.push(sku);
        }
        for _ in 0..queued {
            let Some((_, sku)) = self.queue.pop_first() else { break };
            if let Some(work) = self.works.get_mut(&sku) {
                work.queued = None;
            }
            taken.push(sku);
        }
        taken
    }

    /// How many SKUs are to be looked at without waiting.
    pub fn ready(&self) -> usize {
        self.ready.len()
    }

    /// Whether there is something to look at without waiting.
    pub fn is_ready(&self) -> bool {
        !self.ready.is_empty()
    }

    /// Whether a number waits for room.
    pub fn is_queued(&self) -> bool {
        !self.queue.is_empty()
    }

    /// The next time at which something is to be looked at.
    pub fn next(&self) -> Option<Millis> {
        let (timer, later) = (self.timers.first(), self.later.first());
        timer.into_iter().chain(later).map(|(at, _)| *at).min()
    }

    /// Nothing is left to do: the mark that was seen, if there was one.
    pub fn done(&mut self, sku: &Sku) -> Option<u64> {
        self.fetch.remove(sku);
        let work = self.works.remove(sku)?;
        self.unplan(sku, work.timer, work.queued);
        if let Some(since) = work.ready {
            self.ready.remove(&(since, sku.clone()));
        }
        work.mark
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sku(text: &str) -> Sku {
        Sku::new(text).unwrap()
    }

    #[test]
    fn a_mark_is_looked_at_once_and_a_newer_one_again() {
        let mut list = WorkList::default();
        assert!(list.mark(&sku("A"), 1, Millis(5), Millis(9)));
        assert!(!list.mark(&sku("A"), 1, Millis(5), Millis(9)));
        assert_eq!(list.take(Millis(9), 10, 0), [sku("A")]);
        assert!(list.mark(&sku("A"), 2, Millis(5), Millis(20)));
        assert_eq!(
            list.get(&sku("A")).unwrap().seen_at,
            Millis(9),
            "it has been known since then"
        );
        assert_eq!(list.take(Millis(20), 10, 0), [sku("A")]);
        assert_eq!(list.done(&sku("A")), Some(2));
        assert_eq!((list.len(), list.is_ready()), (0, false));
    }

    #[test]
    fn an_earlier_cause_counts_and_what_is_on_its_way_leaves_the_queue() {
        let mut list = WorkList::default();
        assert!(list.is_empty());
        list.look(&sku("late"), Millis(50), Millis(60));
        list.look(&sku("other"), Millis(40), Millis(60));
        list.look(&sku("late"), Millis(30), Millis(61));
        list.look(&sku("late"), Millis(99), Millis(99));
        assert_eq!(list.get(&sku("late")).unwrap().since, Millis(30));
        assert_eq!(list.take(Millis(99), 10, 0), [sku("late"), sku("other")], "each once");
        list.queue(&sku("late"), Risk::Decrease);
        list.queue(&sku("late"), Risk::ToZero);
        assert!(list.is_queued());
        list.unqueue(&sku("late"));
        assert!(!list.is_queued() && !list.is_empty());
        assert!(!list.wants_orders());
        list.wait_for_orders(&sku("late"));
        assert!(list.wants_orders());
        list.look(&sku("late"), Millis(99), Millis(99));
        assert_eq!(list.done(&sku("late")), None);
        assert!(!list.wants_orders() && !list.is_ready());
    }

    #[test]
    fn the_queue_is_by_risk_and_age_and_a_new_mark_leaves_it() {
        let mut list = WorkList::default();
        for (name, since, risk) in [
            ("up", 0, Risk::Increase),
            ("down", 0, Risk::Decrease),
            ("zero", 900, Risk::ToZero),
        ] {
            list.mark(&sku(name), 1, Millis(since), Millis(1_000));
            list.take(Millis(1_000), 10, 0);
            list.queue(&sku(name), risk);
        }
        assert_eq!(list.take(Millis(1_000), 0, 2), [sku("zero"), sku("down")]);
        list.mark(&sku("up"), 2, Millis(0), Millis(2_000));
        assert!(!list.is_queued());
        assert!(list.is_ready());
    }

    #[test]
    fn what_waits_for_a_time_or_for_orders_comes_back() {
        let mut list = WorkList::default();
        list.look(&sku("A"), Millis(1), Millis(1));
        list.take(Millis(1), 10, 0);
        list.wait(&sku("A"), Millis(50));
        assert_eq!(list.next(), Some(Millis(50)));
        assert!(list.take(Millis(49), 10, 0).is_empty());
        assert_eq!(list.take(Millis(50), 10, 0), [sku("A")]);
        list.wait_for_orders(&sku("A"));
        list.orders_came(Millis(60));
        assert_eq!(list.take(Millis(60), 10, 0), [sku("A")]);
        list.look_later(&sku("A"), Some(Millis(90)));
        list.look_later(&sku("A"), Some(Millis(80)));
        assert_eq!(list.done(&sku("A")), None);
        assert_eq!(
            (list.len(), list.next()),
            (0, Some(Millis(80))),
            "although nothing is left to do"
        );
        assert_eq!(list.take(Millis(80), 10, 0), [sku("A")]);
        assert_eq!(list.next(), None);
    }
}
