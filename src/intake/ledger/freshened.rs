//! A source that had fallen silent and speaks again.

use super::Ledger;
use super::marks::World;
use omnistock_engine::{Documents, due_shared};
use omnistock_words::{Millis, Rules, Settings};

impl Ledger {
    /// A source whose figures were too old and are not any more changes SKUs that no event names.
    pub(super) fn freshened(&mut self, settings: &Settings, before: &Documents, after: &Documents, at: Millis) {
        // No shared time lies ahead any more, and now one does: a snapshot came behind the last limit.
        let stale = before.sources.iter().any(|(name, old)| {
            let of = |source: &_| [(name.clone(), Clone::clone(source))].into();
            let new = after.sources.get(name).unwrap_or(old);
            let as_of = old.complete_as_of.unwrap_or(at);
            old.complete_as_of < new.complete_as_of
                && due_shared(
                    &Settings {
                        rules: Rules::default(),
                        ..settings.clone()
                    },
                    &of(old),
                    as_of,
                )
                .is_some_and(|due| due <= at)
        });
        if stale {
            let measured = self.parts.measured.load_full();
            let sources = Some(before.sources.clone());
            self.upkeep.cause(World { at, measured, sources });
        }
    }
}
