//! A worker within its account's limits: which calls wait, and until when.

use super::account::{Account, Pass};
use super::call::Job;
use super::parts::ChannelParts;
use super::worker::{CallLimits, Stop, Worker};
use crate::store::CommitError;
use omnistock_planner::{ChangesLeft, Claimant, Risk, take_change};
use omnistock_sdk::{CallKind, ListingLimit, now};
use omnistock_words::Millis;
use std::sync::Arc;

/// Of calls within limits, one in so many may read back while numbers wait to be written.
const READS: u32 = 4;

/// So many listings a call are looked at where a vendor's way for many is not open: the other way takes few.
const FEW: usize = 50;

/// What a worker knows of its account's limits.
pub(super) struct Throttle {
    account: Arc<Account>,
    claimant: Claimant,
    /// The last answer was to wait until then.
    pub(super) until: Option<Millis>,
    per_listing: Option<ListingLimit>,
    /// The vendor's way for many listings has no room until then.
    bulk_until: Option<Millis>,
    /// Writes since the last reading that went before them.
    writes: u32,
}

impl Throttle {
    pub(super) fn new(parts: &ChannelParts) -> Self {
        Self {
            account: Arc::clone(&parts.account),
            claimant: parts.account.claimant(),
            until: None,
            bulk_until: None,
            per_listing: parts.connector.limits().per_listing,
            writes: 0,
        }
    }

    /// Whether calls wait for a limit.
    pub(super) fn waits(&self, now: Millis) -> bool {
        self.until.is_some_and(|until| until > now)
    }

    /// The right to a call now.
    pub(super) fn ask(&mut self, kind: CallKind, items: usize) -> Option<Pass> {
        match self.account.ask(self.claimant, kind, items) {
            Ok(pass) => {
                self.writes = if kind == CallKind::Read {
                    0
                } else {
                    self.writes.saturating_add(1)
                };
                Some(pass)
            }
            Err(until) => {
                self.until = Some(until);
                None
            }
        }
    }

    /// The right to write so many listings: the vendor's way for many, where there are and it has room, else some of
    /// them the other way.
    pub(super) fn ask_to_write(&mut self, bulk: Option<usize>, items: usize) -> Option<Pass> {
        let Some(from) = bulk.filter(|from| items >= *from) else {
            return self.ask(CallKind::Write, items);
        };
        if self.bulk_until.is_none_or(|until| until <= now()) {
            match self.account.ask(self.claimant, CallKind::Bulk, items) {
                // Part of it would go as a small call.
                Ok(pass) if pass.items >= from => return Some(pass),
                Ok(pass) => pass.withdraw(),
                Err(until) => self.bulk_until = Some(until),
            }
        }
        self.ask(CallKind::Write, from.saturating_sub(1).max(1))
    }

    /// Listings to look at for one call, where so many wait.
    pub(super) fn span(&self, limits: &CallLimits, waiting: usize, now: Millis) -> usize {
        let open = self.bulk_until.is_none_or(|until| until <= now);
        match limits.bulk {
            Some(from) if !open || waiting < from => limits.write.min(FEW),
            _ => limits.write,
        }
    }

    /// Whether a late reading may go before numbers that wait: where calls are few, it may seldom.
    pub(super) fn reads_first(&self) -> bool {
        !self.account.is_limited() || self.writes + 1 >= READS
    }

    /// What is left for a listing behind one more change, or when there will be one.
    pub(super) fn change(
        &self,
        left: Option<ChangesLeft>,
        risk: Risk,
        now: Millis,
    ) -> Result<Option<ChangesLeft>, Millis> {
        let Some(limit) = self.per_listing else { return Ok(left) };
        take_change(limit, left, risk != Risk::Increase, now).map(Some)
    }
}

impl Worker {
    /// What these calls may use is durable before they are made.
    pub(super) async fn secure(&mut self, jobs: &[(Job, Pass)]) -> Result<(), Stop> {
        let account = Arc::clone(&self.throttle.account);
        self.parts.board.set_limits(account.standing());
        if jobs.is_empty() {
            return Ok(());
        }
        let mut failures = 0;
        loop {
            match account.secure(&self.lease).await {
                Ok(()) => return Ok(()),
                Err(CommitError::Fenced) => return Err(Stop::Fenced),
                Err(CommitError::Conflict(_) | CommitError::CursorMoved) => return Err(Stop::Again),
                Err(CommitError::Store(error)) => {
                    failures += 1;
                    self.store_away(&error, failures).await?;
                }
            }
        }
    }
}
