//! Who wants all orders of a channel read.

use omnistock_words::Millis;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Between full reads that a strange number asks for.
const APART: i64 = 3_600_000;

/// What is asked for, by whoever.
#[derive(Default)]
pub(super) struct AllAsked(Mutex<Asked>);

#[derive(Default)]
struct Asked {
    by_person: bool,
    in_doubt: bool,
    /// When that was last done for a strange number.
    doubted: Option<Millis>,
}

impl AllAsked {
    fn asked(&self) -> MutexGuard<'_, Asked> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A person asks; or (`doubt`) a number that no order explains.
    pub(super) fn ask(&self, doubt: bool) {
        let mut asked = self.asked();
        asked.in_doubt |= doubt;
        asked.by_person |= !doubt;
    }

    pub(super) fn take(&self, now: Millis) -> bool {
        let mut asked = self.asked();
        let doubted = asked.in_doubt && asked.doubted.is_none_or(|last| now.since(last) >= APART);
        let begins = asked.by_person || doubted;
        if begins {
            (asked.by_person, asked.in_doubt) = (false, false);
            asked.doubted = if doubted { Some(now) } else { asked.doubted };
        }
        begins
    }
}
