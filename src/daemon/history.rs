//! Keeps the history in its limits, and the settings that it refers to, while this daemon leads.

use crate::config::HistorySettings;
use crate::history::{HistoryLimits, Keeper};
use crate::store::{CommitError, Lease, Store};
use arc_swap::ArcSwap;
use omnistock_sdk::now;
use omnistock_words::Settings;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// Between two looks when there is nothing to do.
const PAUSE: Duration = Duration::from_secs(1);
/// Between two steps of forgetting: the store has other work.
const BREATH: Duration = Duration::from_millis(50);

/// Works until `cancel`. Trouble with the store is waited out; the ledger's owner tells of it.
pub(super) async fn keep(
    store: Arc<dyn Store>,
    settings: Arc<ArcSwap<Settings>>,
    lease: watch::Receiver<Option<Lease>>,
    limits: HistorySettings,
    cancel: CancellationToken,
) {
    let limits = HistoryLimits {
        keep: i64::try_from(limits.keep.as_millis()).unwrap_or(i64::MAX),
        most_bytes: limits.most_bytes,
    };
    let mut keeper = Keeper::default();
    while !cancel.is_cancelled() {
        let (held, settings) = (lease.borrow().clone(), settings.load_full());
        let mut pause = PAUSE;
        if let Some(held) = held {
            match keeper.step(store.as_ref(), &held, &settings, limits, now()).await {
                Ok(true) => pause = BREATH,
                Ok(false) | Err(CommitError::Fenced) => {}
                Err(error) => tracing::debug!("the history could not be tended: {error}"),
            }
        }
        tokio::select! {
            () = cancel.cancelled() => break,
            () = tokio::time::sleep(pause) => {}
        }
    }
}
