//! Audits of a channel as people ask for them and see them: every listing read anew, beside what it should
//! show, with the cause of each difference.

use super::ChannelBoard;
use omnistock_planner::{DriftClass, Evidence, Gap};
use omnistock_words::{ListingId, Millis, Quantity, Sku};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AuditAsked {
    /// Write what writing can put right.
    pub fix: bool,
    /// Write every listing, also those that are right.
    pub force: bool,
}

/// The listings of one class.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ClassFound {
    /// How many.
    pub count: u64,
    /// Units shown that do not exist.
    pub excess: Quantity,
    /// The one with the largest difference.
    pub worst: Option<(ListingId, Option<Sku>, Gap)>,
    /// When others began to change them, where that is known.
    pub since: Option<Millis>,
    /// Milliseconds between two of their changes of the one that they change most often.
    pub every: Option<i64>,
}

/// What an audit found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AuditReport {
    /// Listings that were read.
    pub listings: u64,
    /// Of these the ones that show what they should.
    pub equal: u64,
    /// Held, refused, left alone, not counted, or on their way.
    pub not_compared: u64,
    /// The others.
    pub classes: BTreeMap<DriftClass, ClassFound>,
    /// Listings that are being written; without `fix`: that would be.
    pub writes: u64,
    /// Listings that differ and are left as they are.
    pub left: u64,
    /// What was asked for.
    pub asked: AuditAsked,
}

impl AuditReport {
    pub(super) fn differs(
        &mut self,
        class: DriftClass,
        gap: Gap,
        (listing, sku): (&ListingId, Option<&Sku>),
        evidence: Option<Evidence>,
    ) {
        let found = self.classes.entry(class).or_default();
        let size = |gap: &Gap| (gap.there - gap.ours).max(gap.ours - gap.there);
        found.count += 1;
        found.excess += (gap.there - gap.ours).positive();
        let (since, every) = (
            evidence.and_then(|seen| seen.since),
            evidence.and_then(|seen| seen.every()),
        );
        found.since = [found.since, since].into_iter().flatten().min();
        found.every = [found.every, every].into_iter().flatten().min();
        if found.worst.as_ref().is_none_or(|(.., worst)| size(worst) < size(&gap)) {
            found.worst = Some((listing.clone(), sku.cloned(), gap));
        }
    }
}

/// How an audit stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum AuditStanding {
    /// None was asked for since the channel's worker began.
    #[default]
    None,
    /// It reads: so many listings so far.
    Running(u64),
    /// It is over.
    Done(Box<AuditReport>),
    /// It did not come to its end: why.
    Failed(String),
}

/// What the board keeps of it.
#[derive(Debug, Default)]
pub(super) struct AuditBoard(Mutex<(Option<AuditAsked>, AuditStanding)>);

impl AuditBoard {
    fn locked(&self) -> MutexGuard<'_, (Option<AuditAsked>, AuditStanding)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn take(&self) -> Option<AuditAsked> {
        self.locked().0.take()
    }

    pub(super) fn set(&self, standing: AuditStanding) {
        self.locked().1 = standing;
    }

    pub(super) fn clear(&self) {
        let (asked, standing) = &mut *self.locked();
        if asked.take().is_some() || matches!(standing, AuditStanding::Running(_)) {
            *standing = AuditStanding::Failed("the channel's worker began anew: ask again".to_owned());
        }
    }
}

impl ChannelBoard {
    /// Asks for an audit; `false`: one is on its way.
    pub fn audit(&self, asked: AuditAsked) -> bool {
        let (waiting, standing) = &mut *self.audit.locked();
        if waiting.is_some() || matches!(standing, AuditStanding::Running(_)) {
            return false;
        }
        (*waiting, *standing) = (Some(asked), AuditStanding::Running(0));
        true
    }

    /// How the last audit stands.
    pub fn audit_standing(&self) -> AuditStanding {
        self.audit.locked().1.clone()
    }
}
