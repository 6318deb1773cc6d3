//! A worker within its account's limits: which calls wait, and until when.

use super::account::{Account, Pass};
use super::call::Job;
use super::catalogue::Catalogue;
use super::parts::ChannelParts;
use super::ramping::Ramping;
use super::worker::{CallLimits, Stop, Worker};
use crate::store::CommitError;
use omnistock_planner::{ChangesLeft, Claimant, ListingDocument, Risk, take_change};
use omnistock_sdk::{CallKind, ListingLimit, now};
use omnistock_words::{ListingId, Millis};
use std::collections::HashMap;
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
    /// What is left for numbers that share a limit, by their parent; of each that is in the catalogue at most.
    shared: HashMap<ListingId, ChangesLeft>,
    /// Writes since the last reading that went before them.
    writes: u32,
    /// How many listings may change in the channel's first hour.
    pub(super) ramping: Ramping,
}

impl Throttle {
    pub(super) fn new(parts: &ChannelParts) -> Self {
        Self {
            account: Arc::clone(&parts.account),
            claimant: parts.account.claimant(),
            until: None,
            bulk_until: None,
            per_listing: parts.connector.limits().per_listing,
            shared: HashMap::new(),
            writes: 0,
            ramping: Ramping::default(),
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

    /// What is left behind one more change of this listing of the catalogue, or when there will be one.
    pub(super) fn change(
        &self,
        catalogue: &Catalogue,
        document: &ListingDocument,
        risk: Risk,
        now: Millis,
    ) -> Result<Option<ChangesLeft>, Millis> {
        let own = document.changes_left;
        let limit = self.per_listing.filter(|limit| limit.prices || risk != Risk::Price);
        let Some(limit) = limit else { return Ok(own) };
        let parent = self.parent(document);
        let shared = parent.and_then(|parent| self.shared.get(parent));
        let numbers = parent.map_or(1, |parent| catalogue.parts(parent));
        take_change(limit, numbers, shared.copied().or(own), risk, now).map(Some)
    }

    /// Whether the numbers of a page share a limit.
    pub(super) fn shares(&self) -> bool {
        self.per_listing.is_some_and(|limit| limit.of_parent)
    }

    fn parent<'a>(&self, document: &'a ListingDocument) -> Option<&'a ListingId> {
        document
            .parent
            .as_ref()
            .filter(|_| self.per_listing.is_some_and(|limit| limit.of_parent))
    }

    /// A change was taken, now or before a restart. What numbers share is what the last one that changed has in
    /// its document: it is durable before the call, as the intent is.
    pub(super) fn changed(&mut self, document: &ListingDocument) {
        let (Some(parent), Some(left)) = (self.parent(document), document.changes_left) else {
            return;
        };
        let known = self.shared.entry(parent.clone()).or_insert(left);
        if (left.at, std::cmp::Reverse(left.left)) > (known.at, std::cmp::Reverse(known.left)) {
            *known = left;
        }
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
