//! Whether this daemon leads, for people: one sentence, and what is in the way.

use super::rebuild::Rebuild;
use omnistock_words::Millis;

/// How this daemon stands to the lease.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Stance {
    /// Such as `leads since 2026-01-05T12:00:00Z`.
    pub(super) says: String,
    /// Whether it leads.
    pub(super) leads: bool,
    /// Another was seen to lead since this one last did: it speaks for the merchant.
    pub(super) other: bool,
    /// What keeps it from leading or from following, one sentence.
    pub(super) trouble: Option<String>,
    /// What the store has lost and is not known again yet.
    pub(super) rebuild: Option<Rebuild>,
    /// A loss that was made up for, and when.
    pub(super) rebuilt: Option<(Rebuild, Millis)>,
}

impl Stance {
    /// Neither leads nor knows who does.
    pub(super) fn waiting(trouble: &str) -> Self {
        Self {
            says: "standing by".to_owned(),
            trouble: Some(trouble.to_owned()),
            ..Self::default()
        }
    }

    pub(super) fn leads(since: Millis, rebuild: Option<Rebuild>) -> Self {
        Self {
            says: format!("leads since {since}"),
            leads: true,
            rebuild,
            ..Self::default()
        }
    }

    /// Another leads; whether that is news.
    pub(super) fn follows(&mut self, leader: &str, since: Millis) -> bool {
        let next = Self {
            says: format!("standing by, {leader} leads since {since}"),
            other: true,
            ..Self::default()
        };
        if *self == next {
            return false;
        }
        tracing::info!("{}", next.says);
        *self = next;
        true
    }

    /// Its lease is over.
    pub(super) fn stands_by(&mut self) {
        self.leads = false;
        "standing by".clone_into(&mut self.says);
    }

    /// What was lost is known again.
    pub(super) fn recovered(&mut self, at: Millis) {
        self.rebuilt = self.rebuild.take().map(|rebuild| (rebuild, at)).or(self.rebuilt.take());
    }

    /// What the store line of `status` says of a loss, each one sentence.
    pub(super) fn losses(&self) -> Vec<String> {
        let under_way = self.rebuild.as_ref().map(|lost| {
            format!(
                "The store lost data, noticed {}: {}. Nothing is written to a channel until every source has reported, open orders are read and its listings are read back.",
                lost.at, lost.what
            )
        });
        let over = self.rebuilt.as_ref().map(|(lost, at)| {
            format!(
                "The store lost data, noticed {}: {}. It was rebuilt by {at}.",
                lost.at, lost.what
            )
        });
        under_way.into_iter().chain(over).collect()
    }
}
