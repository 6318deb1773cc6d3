//! How far a signed time may be from ours.

use omnistock_words::Millis;

/// Milliseconds before and after our clock within which a signed time is believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tolerance {
    /// So much older, at most.
    pub past: i64,
    /// So far ahead, at most.
    pub ahead: i64,
}

impl Default for Tolerance {
    /// Five minutes back, for slow ways and slow clocks; one ahead, for fast clocks.
    fn default() -> Self {
        Self {
            past: 300_000,
            ahead: 60_000,
        }
    }
}

impl Tolerance {
    /// Whether what was signed at `sent` may come in at `received`.
    pub fn allows(&self, sent: Millis, received: Millis) -> bool {
        let age = received.since(sent);
        age <= self.past && age >= self.ahead.saturating_neg()
    }
}
