//! Holding the lease: who works. Who is right is decided by the token that every commit carries.

use crate::store::{Lease, Store};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// Takes, prolongs and gives back the lease.
pub(super) struct LeaseKeeper {
    store: Arc<dyn Store>,
    /// What a person calls the store.
    title: String,
    owner: String,
    length: Duration,
    lease: watch::Sender<Option<Lease>>,
    /// Why there is none, in one sentence; empty while there is one.
    why: watch::Sender<String>,
}

impl LeaseKeeper {
    /// A keeper for a new owner; the receiver shows the lease held now.
    pub(super) fn new(
        store: Arc<dyn Store>,
        title: String,
        length: Duration,
    ) -> (Self, watch::Receiver<Option<Lease>>) {
        let (lease, receiver) = watch::channel(None);
        let owner = format!("{}-{:016x}", std::process::id(), rand::random::<u64>());
        (
            Self {
                store,
                title,
                owner,
                length,
                lease,
                why: watch::channel("the store has not answered yet".to_owned()).0,
            },
            receiver,
        )
    }

    /// Why this daemon stands by, in one sentence; empty while it leads.
    pub(super) fn why(&self) -> watch::Receiver<String> {
        self.why.subscribe()
    }

    /// Works until `cancel`, then gives the lease back.
    pub(super) async fn run(self, cancel: CancellationToken) {
        while !cancel.is_cancelled() {
            self.turn().await;
            tokio::select! {
                () = cancel.cancelled() => break,
                () = tokio::time::sleep(self.length / 4) => {}
            }
        }
    }

    /// Gives the lease back, so that a standby need not wait for its end. After everybody has stopped working.
    pub(super) async fn release(store: &dyn Store, lease: Option<Lease>) {
        let Some(lease) = lease else { return };
        match tokio::time::timeout(Duration::from_secs(2), store.release(&lease)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!("the lease was not given back: {error}"),
            Err(_) => tracing::warn!("the lease was not given back: the store does not answer"),
        }
    }

    async fn turn(&self) {
        let held = self.lease.borrow().clone();
        // An answer that comes after the lease may be over is worth nothing.
        let answer = tokio::time::timeout(self.length / 2, self.ask(held.as_ref())).await;
        let (next, why) = match answer {
            Ok(Ok(Some(lease))) => (Some(lease), String::new()),
            Ok(Ok(None)) => (None, "another daemon leads".to_owned()),
            Ok(Err(error)) => (None, error.to_string()),
            Err(_) => {
                let seconds = (self.length / 2).as_secs_f32();
                (None, format!("{} does not answer within {seconds} s", self.title))
            }
        };
        // Said once, not with every turn.
        if self
            .why
            .send_if_modified(|old| std::mem::replace(old, why.clone()) != why)
            && next.is_none()
        {
            tracing::warn!("this daemon stands by: {why}");
        }
        self.lease.send_if_modified(|lease| {
            let changed = *lease != next;
            if changed {
                if let Some(new) = &next {
                    tracing::info!(token = new.token, "this daemon leads");
                }
                *lease = next;
            }
            changed
        });
    }

    async fn ask(&self, held: Option<&Lease>) -> Result<Option<Lease>, crate::store::StoreError> {
        if let Some(lease) = held
            && self.store.renew(lease, self.length).await?
        {
            return Ok(Some(lease.clone()));
        }
        self.store.acquire(&self.owner, self.length).await
    }
}
