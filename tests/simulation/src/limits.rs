//! The limit of calls that each vendor states, kept in the store so that a take-over goes on with it.

use crate::sim::Sim;

impl Sim {
    /// Thousandths of calls that may be made now.
    fn level(&self, shop: usize) -> i64 {
        let (per_minute, burst) = self.scenario.shops[shop].rate;
        let (level, at) = self.store.channels[shop].bucket;
        let since = (self.t - at).clamp(0, 3_600_000);
        (level + since * per_minute / 60).min(burst * 1_000)
    }

    /// Calls that may be made now.
    pub(crate) fn tokens(&self, shop: usize) -> usize {
        usize::try_from(self.level(shop) / 1_000).unwrap_or(0)
    }

    /// Takes the right to one call, if there is one.
    pub(crate) fn take_token(&mut self, shop: usize) -> bool {
        let level = self.level(shop);
        let may = level >= 1_000;
        if may {
            self.store.channels[shop].bucket = ((level - 1_000).max(0), self.t);
        }
        may
    }
}
