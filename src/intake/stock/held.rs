//! A source's held report: what releases it, and carrying out what a person decided.

use super::super::holds::{Decision, HeldReport, Holds};
use super::super::rejections::{self, Rejection};
use super::super::snapshot::{Judged, Sorted, judge};
use super::{StockPoller, TakeError};
use omnistock_engine::snapshot::Affected;
use omnistock_sdk::{Report, StockReport, StockSource, Ticket, Verdict, now};
use omnistock_words::Millis;
use std::sync::Arc;

/// A report that waits for a decision.
pub(super) struct Held {
    pub(super) ticket: Ticket,
    report: StockReport,
    guards: Vec<String>,
    affected: Affected,
    since: Millis,
    /// Since when newer reports have agreed with it.
    agreed_since: Millis,
}

impl Held {
    /// What agreed before counts no more.
    pub(super) fn counts_from(&mut self, now: Millis) {
        self.agreed_since = now;
    }
}

impl StockPoller {
    /// A later report with the same rows at fault, long enough after the first, releases what no
    /// person has to decide. Mass zeroing and changed units always are a person's, and so is what a person rejected.
    pub(super) fn confirmed(&self, judged: &Judged, report: &StockReport) -> bool {
        let Some(held) = &self.held else { return false };
        let patience = self.patience();
        held.affected.agrees(&judged.affected)
            && !judged.needs_person
            && !self
                .rejection
                .as_ref()
                .is_some_and(|rejection| rejection.covers(&judged.guards()))
            && report.as_of > held.report.as_of
            && now().since(held.agreed_since) >= patience
    }

    /// A report of the source lacks the fault that was rejected: the next one is told of again.
    pub(super) async fn lacks_the_fault(&mut self) -> Result<(), TakeError> {
        if self.rejection.is_some() {
            rejections::save(&self.parts, None).await?;
            self.rejection = None;
        }
        Ok(())
    }

    fn patience(&self) -> i64 {
        let settings = self.parts.settings.load();
        settings
            .sources
            .get(&self.parts.source)
            .map_or(i64::MAX, |policy| policy.confirm_after)
    }

    pub(super) async fn hold(
        &mut self,
        role: &dyn StockSource,
        ticket: &Ticket,
        report: &StockReport,
        judged: Judged,
    ) -> Result<(), TakeError> {
        let source = &self.parts.source;
        let (guards, now) = (judged.guards(), now());
        let earlier = self.held.take();
        let same = earlier.as_ref().filter(|held| held.guards == guards);
        let since = same.map_or(now, |held| held.since);
        let agreeing = earlier.as_ref().filter(|held| held.affected.agrees(&judged.affected));
        let agreed_since = agreeing.map_or(now, |held| held.agreed_since);
        if let Some(older) = earlier {
            self.tell(role, &older.ticket, &Verdict::Superseded).await?;
        }
        let rejected = self.rejection.as_ref().filter(|rejection| rejection.covers(&guards));
        let rejected = rejected.map(|rejection| rejection.reason.clone());
        let (title, found) = (&report.title, judged.findings.join("; "));
        match &rejected {
            None => tracing::error!(%source, "held {title}: {found}"),
            Some(reason) => tracing::info!(%source, "held {title}, as rejected before ({reason}): {found}"),
        }
        let by_itself = !judged.needs_person && rejected.is_none();
        let listed = HeldReport {
            id: Holds::id(source, title, report.as_of),
            source: source.clone(),
            title: title.clone(),
            as_of: report.as_of,
            since,
            guards: guards.clone(),
            findings: judged.findings,
            confirms_at: by_itself.then(|| agreed_since.plus(self.patience())),
            rejected,
        };
        self.parts.holds.hold(listed, self.decisions.0.clone());
        self.held = Some(Held {
            ticket: ticket.clone(),
            report: report.clone(),
            guards,
            affected: judged.affected,
            since,
            agreed_since,
        });
        Ok(())
    }

    pub(super) async fn decide(&mut self, decision: Decision) -> Result<(), TakeError> {
        let connector = Arc::clone(&self.parts.connector);
        let (Some(role), Some(held)) = (connector.stock(), self.held.take()) else {
            return Ok(());
        };
        self.parts.holds.clear(&self.parts.source);
        let done = self.carry_out(role, &held, decision).await;
        if done.is_err() {
            // It is judged, and held, again: the decision has to be made again, but nothing is lost.
            self.unfinished = Some((held.ticket, Report::Stock(held.report)));
        }
        done
    }

    async fn carry_out(&mut self, role: &dyn StockSource, held: &Held, decision: Decision) -> Result<(), TakeError> {
        let (source, title) = (self.parts.source.clone(), &held.report.title);
        let verdict = match decision {
            Decision::Approve(reason) => {
                tracing::warn!(%source, "{title} is taken over on approval: {reason}");
                let sorted = Sorted::new(&held.report);
                let judged = judge(&self.parts, &held.report, &sorted, &self.recent).await?;
                self.apply(&held.report, (&sorted, judged), true).await?;
                self.lacks_the_fault().await?;
                Verdict::Accepted
            }
            Decision::Reject(reason) => {
                tracing::warn!(%source, "{title} is rejected: {reason}");
                let rejection = Rejection {
                    guards: held.guards.clone(),
                    reason: reason.clone(),
                    at: now(),
                };
                rejections::save(&self.parts, Some(&rejection)).await?;
                self.rejection = Some(rejection);
                Verdict::Rejected(format!("rejected by a person: {reason}"))
            }
        };
        self.tell(role, &held.ticket, &verdict).await?;
        Ok(())
    }
}

#[cfg(test)]
impl Held {
    /// Held so long ago that the next report of the same fault would let it go.
    pub(super) fn long_ago(report: StockReport) -> Self {
        Self {
            ticket: Ticket("1".to_owned()),
            report,
            guards: vec!["total_drop".to_owned()],
            affected: Affected::default(),
            since: Millis(0),
            agreed_since: Millis(0),
        }
    }

    pub(super) fn agreed_since(&self) -> Millis {
        self.agreed_since
    }
}
