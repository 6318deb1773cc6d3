//! The connection to the primary, found anew whenever it is lost: by one task at a time, whoever asks.

use super::link::Link;
use super::node::Node;
use super::route::Route;
use crate::store::StoreError;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::task::TaskTracker;

/// Between attempts to reach a server that is away.
const PAUSE: Duration = Duration::from_millis(100);

#[derive(Clone)]
enum State {
    Never,
    Up(Arc<Link>),
    /// Since when, and why.
    Down(Instant, StoreError),
}

/// A way to the primary.
pub(super) struct Lane {
    pub(super) route: Arc<Route>,
    /// What drives its connections; `None`: that of whoever asks first.
    runtime: Option<Handle>,
    state: watch::Sender<State>,
    seeking: AtomicBool,
    /// A node of the Cluster that another one named.
    hint: Mutex<Option<Node>>,
    /// To the node that is taking our slot over.
    aside: Mutex<Option<Arc<Link>>>,
    /// Of the last connection.
    address: Mutex<String>,
    tasks: TaskTracker,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Lane {
    pub(super) fn new(route: Arc<Route>) -> Arc<Self> {
        Self::on(route, None)
    }

    /// A way whose connections are driven by that runtime.
    pub(super) fn on(route: Arc<Route>, runtime: Option<Handle>) -> Arc<Self> {
        Arc::new(Self {
            route,
            runtime,
            state: watch::channel(State::Never).0,
            seeking: AtomicBool::new(false),
            hint: Mutex::default(),
            aside: Mutex::default(),
            address: Mutex::default(),
            tasks: TaskTracker::new(),
        })
    }

    /// The address of the last connection.
    pub(super) fn address(&self) -> String {
        locked(&self.address).clone()
    }

    /// What the first attempt leads to.
    pub(super) async fn first(self: &Arc<Self>, until: Instant) -> Result<(), StoreError> {
        let mut state = self.state.subscribe();
        self.seek();
        if tokio::time::timeout_at(until, state.changed()).await.is_err() {
            return Err(self.why());
        }
        match &*state.borrow() {
            State::Down(_, error) => Err(error.clone()),
            _ => Ok(()),
        }
    }

    /// A living connection; waits for one until then.
    pub(super) async fn link(self: &Arc<Self>, until: Instant) -> Result<Arc<Link>, StoreError> {
        let mut state = self.state.subscribe();
        loop {
            let now = state.borrow_and_update().clone();
            match now {
                State::Up(link) if link.is_alive() => return Ok(link),
                State::Down(since, error) if since.elapsed() < PAUSE => {
                    if since + PAUSE >= until {
                        return Err(error);
                    }
                    tokio::time::sleep_until(since + PAUSE).await;
                    continue;
                }
                _ => {}
            }
            self.seek();
            if tokio::time::timeout_at(until, state.changed()).await.is_err() {
                return Err(self.why());
            }
        }
    }

    fn why(&self) -> StoreError {
        match &*self.state.borrow() {
            State::Down(_, error) => error.clone(),
            State::Up(link) => {
                StoreError::Unavailable(format!("redis at {} does not answer in time", link.node.address()))
            }
            State::Never => StoreError::Unavailable("redis has not answered yet".to_owned()),
        }
    }

    /// Begins an attempt unless one is under way. It goes on when its caller does not wait for it.
    fn seek(self: &Arc<Self>) {
        if self.seeking.swap(true, Ordering::AcqRel) {
            return;
        }
        let lane = Arc::clone(self);
        let seeking = async move {
            let hint = locked(&lane.hint).take();
            let found = lane.route.find(hint).await;
            let next = match found {
                Ok(link) => {
                    *locked(&lane.address) = link.node.address();
                    State::Up(Arc::new(link))
                }
                Err(error) => State::Down(Instant::now(), error),
            };
            // Before the news, so that whoever hears it can begin the next attempt.
            lane.seeking.store(false, Ordering::Release);
            lane.state.send_replace(next);
        };
        match &self.runtime {
            Some(runtime) => self.tasks.spawn_on(seeking, runtime),
            None => self.tasks.spawn(seeking),
        };
    }

    /// The primary is not (or not any more) at the other end of this connection.
    pub(super) fn leave(&self, link: &Link, address: Option<&str>) {
        link.give_up();
        let hint = address.and_then(|address| link.node.at(address));
        if hint.is_some() {
            *locked(&self.hint) = hint;
        }
    }

    /// A connection to the node that is taking our slot over.
    pub(super) async fn aside(&self, link: &Link, address: &str) -> Result<Arc<Link>, StoreError> {
        let known = locked(&self.aside).clone();
        let node = link.node.at(address);
        let node = node.ok_or_else(|| StoreError::Unavailable(format!("redis names no usable address: {address}")))?;
        if let Some(known) = known.filter(|known| known.is_alive() && known.node.address() == node.address()) {
            return Ok(known);
        }
        let opened = Arc::new(Link::open(&node).await?);
        *locked(&self.aside) = Some(Arc::clone(&opened));
        Ok(opened)
    }
}
