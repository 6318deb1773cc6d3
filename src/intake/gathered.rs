//! Webhooks under load: what comes within a few milliseconds is made durable together.
//!
//! One that comes alone goes at once and by itself. Each is answered behind the append that holds what it said.

use crate::pace::Pace;
use crate::store::{EntryId, Store, StoreError};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep_until};
use tokio_util::task::TaskTracker;

/// Between two appends, where much comes.
const APART: Duration = Duration::from_millis(4);
/// What is larger holds nobody else up.
const SMALL: usize = 64 << 10;
/// Webhooks in one append, at most.
const MOST: usize = 256;

type Answer = Result<Option<EntryId>, StoreError>;

/// Who waits for the next append. No more than webhooks are taken at once, which their listener limits.
#[derive(Default)]
pub(super) struct Gathered {
    state: Mutex<State>,
    tasks: TaskTracker,
}

#[derive(Default)]
struct State {
    pace: Pace,
    /// Somebody makes the next append.
    led: bool,
    waiting: VecDeque<(Vec<Vec<u8>>, oneshot::Sender<Answer>)>,
}

/// Whoever makes the appends. Should it end before its work, those who wait are not left waiting.
struct Leader {
    gathered: Arc<Gathered>,
    done: bool,
}

impl Drop for Leader {
    fn drop(&mut self) {
        if !self.done {
            let mut state = self.gathered.state();
            state.led = false;
            state.waiting.clear();
        }
    }
}

impl Gathered {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Durable when it answers; the place of the last event.
    pub(super) async fn append(self: &Arc<Self>, store: &Arc<dyn Store>, events: Vec<Vec<u8>>) -> Answer {
        match self.join(store, events) {
            Ok(answer) => answer
                .await
                .unwrap_or_else(|_| Err(StoreError::Unavailable("the daemon is ending".to_owned()))),
            Err(alone) => Ok(store.append(&alone).await?.last().copied()),
        }
    }

    /// The answer that is to come, or the events back: they go by themselves.
    fn join(
        self: &Arc<Self>,
        store: &Arc<dyn Store>,
        events: Vec<Vec<u8>>,
    ) -> Result<oneshot::Receiver<Answer>, Vec<Vec<u8>>> {
        let small = events.iter().map(Vec::len).sum::<usize>() <= SMALL;
        let (now, mut state) = (Instant::now(), self.state());
        state.pace.came(events.len(), now);
        let next = state.pace.next(APART, now);
        if !small || next.is_none() && !state.led {
            state.pace.begin(now);
            return Err(events);
        }
        let (answer, answered) = oneshot::channel();
        state.waiting.push_back((events, answer));
        if !std::mem::replace(&mut state.led, true) {
            let leader = Leader {
                gathered: Arc::clone(self),
                done: false,
            };
            // On the webhooks' own thread: its askers wait for nobody else.
            self.tasks.spawn(leader.lead(Arc::clone(store), next.unwrap_or(now)));
        }
        Ok(answered)
    }
}

impl Leader {
    async fn lead(mut self, store: Arc<dyn Store>, mut at: Instant) {
        while !self.done {
            sleep_until(at).await;
            let some = self.some();
            let events: Vec<Vec<u8>> = some.iter().flat_map(|(events, _)| events.iter().cloned()).collect();
            tell(some, &store.append(&events).await);
            at = self.next();
        }
    }

    fn some(&self) -> Vec<(Vec<Vec<u8>>, oneshot::Sender<Answer>)> {
        let mut state = self.gathered.state();
        state.pace.begin(Instant::now());
        let some = state.waiting.len().min(MOST);
        state.waiting.drain(..some).collect()
    }

    /// When the next append is to be made; nobody waits for one: it is done.
    fn next(&mut self) -> Instant {
        let (mut state, now) = (self.gathered.state(), Instant::now());
        if state.waiting.is_empty() {
            state.led = false;
            self.done = true;
        }
        state.pace.next(APART, now).unwrap_or(now)
    }
}

/// Tells each what became of its own. Who has gone away meanwhile asks nothing.
fn tell(some: Vec<(Vec<Vec<u8>>, oneshot::Sender<Answer>)>, appended: &Result<Vec<EntryId>, StoreError>) {
    let mut places = appended.as_ref().map(|ids| ids.iter().copied());
    for (events, answer) in some {
        let own = match &mut places {
            Ok(places) => Ok(places.by_ref().take(events.len()).last()),
            Err(error) => Err((*error).clone()),
        };
        drop(answer.send(own));
    }
}

#[cfg(test)]
#[path = "gathered_test.rs"]
mod tests;
