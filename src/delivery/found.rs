//! Which listings SKUs have, for whoever asks: the worker knows, and a search of the store would read them all.

use super::ChannelBoard;
use super::worker::Worker;
use omnistock_words::Sku;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use tokio::sync::oneshot;

/// Questions that wait for a worker, at most.
const MOST: usize = 256;

/// A listing as its worker has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundListing {
    /// The id of its document.
    pub document: String,
    /// Something is to be done about its number.
    pub dirty: bool,
    /// A call that sets it is on its way.
    pub in_flight: bool,
}

/// The listings of each SKU, in the order of the question.
pub type FoundListings = Vec<Vec<FoundListing>>;

/// SKUs, and who waits for their listings.
type Asked = (Vec<Sku>, oneshot::Sender<FoundListings>);

/// What the board keeps of it.
#[derive(Debug, Default)]
pub(super) struct Finding {
    waiting: Mutex<VecDeque<Asked>>,
    /// A worker goes its rounds and knows every listing of the store.
    open: AtomicBool,
}

impl ChannelBoard {
    /// Asks the worker for the listings of each SKU; it has to be woken. `None`: no worker is at work,
    /// or too many wait.
    pub fn find(&self, skus: &[Sku]) -> Option<oneshot::Receiver<FoundListings>> {
        if !self.finding.open.load(Ordering::Acquire) {
            return None;
        }
        let mut waiting = self.finding.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.retain(|(_, done)| !done.is_closed());
        if waiting.len() >= MOST {
            return None;
        }
        let (done, answer) = oneshot::channel();
        waiting.push_back((skus.to_vec(), done));
        Some(answer)
    }

    /// Whether a worker answers from now on; those who wait for one that does not are told so.
    pub(super) fn answers_finds(&self, open: bool) {
        self.finding.open.store(open, Ordering::Release);
        if !open {
            self.take_finds();
        }
    }

    fn take_finds(&self) -> VecDeque<Asked> {
        std::mem::take(&mut *self.finding.waiting.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Worker {
    /// Answers who asked for listings.
    pub(super) fn answer_finds(&mut self) {
        for (skus, done) in self.parts.board.take_finds() {
            let found = skus.iter().map(|sku| self.found(sku)).collect();
            if done.send(found).is_err() {
                tracing::debug!("nobody waits for these listings any more");
            }
        }
    }

    fn found(&self, sku: &Sku) -> Vec<FoundListing> {
        let of = |index| {
            let entry = self.catalogue.get(index)?;
            Some(FoundListing {
                document: self.catalogue.id(index)?,
                dirty: entry.pending,
                in_flight: entry.busy,
            })
        };
        self.catalogue.of(sku).into_iter().filter_map(of).collect()
    }
}
