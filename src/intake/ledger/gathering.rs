//! Under load a batch waits a moment for more events: a commit costs the same for one of them and for many, and an
//! article that everybody buys has its ledger written once for all of them.

use super::{BATCH, Ledger};
use crate::pace::each;
use std::time::Duration;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

/// Between the beginnings of two batches, where much comes.
const APART: Duration = Duration::from_millis(10);
/// Where more than 5,000 events come in a second, each batch makes the next one wait for so much of each of its events, ...
const EACH: Duration = Duration::from_micros(200);
/// ... and for no longer than this.
const LONGEST: Duration = Duration::from_millis(100);

impl Ledger {
    /// So many events wait.
    pub(super) fn came(&mut self, events: usize) {
        self.came = events;
        self.pace.came(events, Instant::now());
        if events == BATCH {
            self.pace.full();
        }
    }

    /// Waits for more where much comes; an event that comes alone is applied at once.
    pub(super) async fn gather(&mut self, cancel: &CancellationToken) {
        let apart = each(EACH, self.came).clamp(APART, LONGEST);
        if let Some(next) = self.pace.next(apart, Instant::now()) {
            tokio::select! {
                () = cancel.cancelled() => {}
                () = sleep_until(next) => {}
            }
        }
        self.pace.begin(Instant::now());
    }
}

#[cfg(test)]
mod tests {
    use super::super::house::{House, order, policy, settings};
    use super::*;
    use crate::store::Store as _;
    use omnistock_sdk::now;

    #[tokio::test]
    async fn events_that_come_close_together_share_commits_and_one_alone_waits_for_nothing() {
        let house = House::open(settings(policy())).await;
        let run = house.start();
        house.stock(1).await;
        let commits = async || house.store.standing().await.unwrap().mark.commits;
        let mut quickest = Duration::MAX;
        for number in 0..5 {
            tokio::time::sleep(Duration::from_millis(60)).await;
            let begun = Instant::now();
            house.tell(&[order("shop", number, "open", now(), 1)]).await;
            quickest = quickest.min(begun.elapsed());
        }
        assert!(quickest < Duration::from_millis(9), "{quickest:?}");
        let (before, begun) = (commits().await, Instant::now());
        for number in 5..805 {
            let event = order("shop", number, "cancelled", now(), 1);
            house.store.append(&[event.to_string().into_bytes()]).await.unwrap();
            house.parts.wake.notify_one();
            if number % 4 == 0 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
        house.tell(&[order("shop", 805, "cancelled", now(), 1)]).await;
        let (made, took) = (commits().await - before, begun.elapsed());
        // 100 a second where it waits; a few before it is busy, and those of the upkeep.
        let most = took.as_millis() / 10 + took.as_millis() / 20 + 40;
        assert!(u128::from(made) <= most, "{made} commits in {took:?} for 801 events");
        run.abort();
    }

    #[tokio::test]
    async fn the_owner_rests_once_all_that_came_is_applied() {
        let house = House::open(settings(policy())).await;
        let mut rest = house.parts.newest.rest();
        let run = house.start();
        house.stock(1).await;
        let since = *rest.wait_for(Option::is_some).await.unwrap();
        house.tell(&[order("shop", 1, "open", now(), 1)]).await;
        let at_rest = |rested: &Option<Instant>| rested.is_some() && *rested > since;
        rest.wait_for(at_rest).await.unwrap();
        run.abort();
    }
}
