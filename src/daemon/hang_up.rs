//! SIGHUP reloads as `omnistock reload` does, beside everything else, and says in the log what came of it.

use super::planning::LONGEST;
use super::view::DaemonView;
use crate::server::{ApiError, PlanChannel, PlanView, ReloadBody};
use std::sync::Arc;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// One is carried out, and one waits that reads the file behind it: a third would read the same as the second.
const MOST: usize = 2;

/// SIGHUPs that are not done with.
pub(super) struct HangUps(Arc<Semaphore>);

impl Default for HangUps {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(MOST)))
    }
}

impl HangUps {
    /// One came.
    pub(super) fn take(&self, view: &Arc<DaemonView>, (cancel, tracker): &(CancellationToken, TaskTracker)) {
        let Ok(place) = Arc::clone(&self.0).try_acquire_owned() else {
            return;
        };
        let (view, cancel) = (Arc::clone(view), cancel.clone());
        tracker.spawn(async move {
            let _place = place;
            tokio::select! {
                () = cancel.cancelled() => {}
                reloaded = Box::pin(reload(&view)) => tell(reloaded),
            }
        });
    }
}

/// Waits for its turn, and for its end.
async fn reload(view: &DaemonView) -> Result<Option<PlanView>, ApiError> {
    let job = loop {
        view.planning.free().await;
        match view.begin_reload(ReloadBody::default()).await {
            // Another was quicker.
            Err(_) if view.planning.is_busy() => {}
            begun => break begun?,
        }
    };
    job.ended(LONGEST).await;
    Ok(job.answer()?.plan)
}

fn tell(reloaded: Result<Option<PlanView>, ApiError>) {
    match reloaded {
        Ok(plan) => {
            let changed = plan.into_iter().flat_map(|plan| plan.channels);
            for channel in changed.filter(PlanChannel::changes) {
                let PlanChannel {
                    channel,
                    listings,
                    up,
                    down,
                    to_0,
                    from_0,
                    price,
                    ..
                } = channel;
                tracing::info!(%channel, "of {listings} listings {up} rise, {down} fall, {to_0} go to 0, {from_0} are back from 0; {price} prices change");
            }
        }
        Err(error) => {
            let help = error.help.as_deref().unwrap_or_default();
            tracing::error!("the configuration was not reloaded: {} ({help})", error.error);
        }
    }
}
