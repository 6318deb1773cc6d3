//! What people ask of refused listings: try them again, or leave them alone. Answered behind the commit that
//! makes it durable.

use super::ChannelBoard;
use super::catalogue::{Entry, Index};
use super::worker::Worker;
use crate::history::Person;
use omnistock_planner::Dropped;
use omnistock_sdk::now;
use omnistock_words::Millis;
use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use tokio::sync::oneshot;

/// Wishes that wait for a worker, at most.
const MOST: usize = 16;

/// What is asked of refused listings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// Leave them alone from now on; else they are tried again, those that were left alone among them.
    pub drop: bool,
    /// Ids of the vendor or SKUs; empty: all that are refused.
    pub which: Vec<String>,
    /// Why, in that person's words.
    pub reason: String,
    /// Who asks.
    pub by: String,
}

/// A wish on its way, and who waits for it.
#[derive(Debug)]
struct Wished {
    wish: Wish,
    done: oneshot::Sender<Vec<String>>,
}

/// What the board keeps of it.
#[derive(Debug, Default)]
pub(super) struct Wishes(Mutex<VecDeque<Wished>>);

/// Granted, and to be answered behind the next commit.
#[derive(Default)]
pub(super) struct Granted(Vec<(oneshot::Sender<Vec<String>>, Vec<String>)>);

impl Granted {
    /// What was granted is durable.
    pub(super) fn answer(&mut self) {
        for (done, listings) in self.0.drain(..) {
            if done.send(listings).is_err() {
                tracing::debug!("nobody waits for the answer any more");
            }
        }
    }
}

impl ChannelBoard {
    /// Hands a wish to the worker; the answer names the listings that it was granted for. `None`: too many wait.
    pub fn wish(&self, wish: Wish) -> Option<oneshot::Receiver<Vec<String>>> {
        let mut waiting = self.wishes.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.retain(|wished| !wished.done.is_closed());
        if waiting.len() >= MOST {
            return None;
        }
        let (done, answer) = oneshot::channel();
        waiting.push_back(Wished { wish, done });
        Some(answer)
    }

    fn take_wish(&self) -> Option<Wished> {
        self.wishes.0.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }

    pub(super) fn forget_wishes(&self) {
        self.wishes.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

impl Entry {
    /// The channel refuses its number or its price, or it is left alone because it did.
    fn is_refused(&self) -> bool {
        let price = self.document.price.as_deref();
        let document = &self.document;
        document.parked.is_some()
            || document.unwritable.is_some()
            || document.dropped.is_some()
            || price.is_some_and(|price| price.parked.is_some())
    }

    fn is_called(&self, which: &[String]) -> bool {
        let sku = self.document.sku.as_ref().map(omnistock_words::Sku::as_str);
        let called = |name: &String| self.document.listing.as_str() == name || sku == Some(name.as_str());
        which.is_empty() || which.iter().any(called)
    }

    /// It is tried again whatever it was refused with; with a call of its own, as it may be refused once more.
    fn try_again(&mut self) {
        let document = &mut self.document;
        (document.dropped, document.not_before, document.attempts) = (None, None, 0);
        if let Some(parked) = &mut document.parked {
            parked.target = None;
        }
        if let Some(parked) = document.price.as_deref_mut().and_then(|price| price.parked.as_mut()) {
            parked.settings = 0;
        }
    }
}

impl Worker {
    /// Grants what people asked for.
    pub(super) fn grant_wishes(&mut self) {
        while let Some(Wished { wish, done }) = self.parts.board.take_wish() {
            let now = now();
            let meant: Vec<Index> = (0..self.catalogue.len())
                .filter(|index| self.catalogue.has(*index))
                .filter(|index| {
                    let entry = self.catalogue.get(*index);
                    entry.is_some_and(|entry| {
                        entry.is_refused()
                            && entry.is_called(&wish.which)
                            && !(wish.drop && entry.document.dropped.is_some())
                    })
                })
                .collect();
            let listings = meant
                .iter()
                .filter_map(|index| self.grant(*index, &wish, now))
                .collect();
            self.granted.0.push((done, listings));
        }
    }

    fn grant(&mut self, index: Index, wish: &Wish, now: Millis) -> Option<String> {
        let entry = self.catalogue.get_mut(index)?;
        if wish.drop {
            entry.document.dropped = Some(Dropped {
                at: now,
                reason: wish.reason.clone(),
            });
        } else {
            entry.try_again();
        }
        let unreadable = !wish.drop && entry.document.unwritable.is_some();
        let (listing, sku) = (entry.document.listing.to_string(), entry.document.sku.clone());
        if let Some(sku) = sku {
            let person = Person {
                who: wish.by.clone(),
                before: Some("refused".to_owned()),
                what: format!("{} {listing}", self.parts.channel),
                decided: if wish.drop { "left alone" } else { "tried again" }.to_owned(),
                reason: wish.reason.clone(),
            };
            self.changes.told.person(sku, person);
        }
        self.changes.touch(index);
        if unreadable {
            self.catalogue.schedule(index, now);
        }
        self.look_again(index);
        self.catalogue.show(index, self.gate, &self.parts.board);
        Some(listing)
    }
}
