//! Held reports: what a guard stopped, listed for people, with a way out.
//!
//! The report itself stays with its source (the file is not moved); after a restart it is read
//! and judged again. So nothing is lost when this list is.

use crate::checksum::checksum;
use omnistock_words::{ConnectorName, Millis};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use tokio::sync::mpsc;

/// What a person (or a newer report) decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// Take it over after all.
    Approve(String),
    /// Put it aside with this reason.
    Reject(String),
}

/// A report that a guard stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldReport {
    /// Such as `h-3f2a`: the same for the same report, also after a restart.
    pub id: String,
    /// Whose.
    pub source: ConnectorName,
    /// What a person calls it.
    pub title: String,
    /// As of when its figures are.
    pub as_of: Millis,
    /// When it was first held in this life.
    pub since: Millis,
    /// The guards that stopped it, by name.
    pub guards: Vec<String>,
    /// What they found, one sentence each.
    pub findings: Vec<String>,
    /// Whether a later report that agrees may release it, and from when on.
    pub confirms_at: Option<Millis>,
    /// A person's reason for rejecting this fault before: it is kept without a new page.
    pub rejected: Option<String>,
}

/// All held reports of this life: at most one a source, since a newer one takes its place.
#[derive(Default)]
pub struct Holds {
    inner: Mutex<BTreeMap<ConnectorName, (HeldReport, mpsc::Sender<Decision>)>>,
}

/// Why a decision could not be carried out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HoldError {
    /// No such hold.
    #[error("there is no hold {0}; `omnistock holds list` shows those there are")]
    Unknown(String),
    /// The source is busy with an earlier decision.
    #[error("an earlier decision on {0} is being carried out; try again in a moment")]
    Busy(String),
}

impl Holds {
    fn with<T>(
        &self,
        change: impl FnOnce(&mut BTreeMap<ConnectorName, (HeldReport, mpsc::Sender<Decision>)>) -> T,
    ) -> T {
        change(&mut self.inner.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The id of a report: short, and the same whenever this report is held.
    pub fn id(source: &ConnectorName, title: &str, as_of: Millis) -> String {
        format!("h-{}", checksum(format!("{source}\n{title}\n{as_of}"), 6))
    }

    /// Lists a held report; `decisions` leads to its source.
    pub fn hold(&self, report: HeldReport, decisions: mpsc::Sender<Decision>) {
        self.with(|held| held.insert(report.source.clone(), (report, decisions)));
    }

    /// The source holds nothing any more.
    pub fn clear(&self, source: &ConnectorName) {
        self.with(|held| held.remove(source));
    }

    /// All that is held.
    pub fn list(&self) -> Vec<HeldReport> {
        self.with(|held| held.values().map(|(report, _)| report.clone()).collect())
    }

    /// Hands a person's decision to the source.
    pub fn decide(&self, id: &str, decision: Decision) -> Result<HeldReport, HoldError> {
        let found = self.with(|held| held.values().find(|(report, _)| report.id == id).cloned());
        let (report, sender) = found.ok_or_else(|| HoldError::Unknown(id.to_owned()))?;
        sender.try_send(decision).map_err(|_| HoldError::Busy(id.to_owned()))?;
        Ok(report)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decision_reaches_the_source_once() {
        let holds = Holds::default();
        let (sender, mut receiver) = mpsc::channel(1);
        let source = ConnectorName::new("erp").unwrap();
        let id = Holds::id(&source, "stock.csv", Millis(5));
        let report = HeldReport {
            id: id.clone(),
            source: source.clone(),
            title: "stock.csv".to_owned(),
            as_of: Millis(5),
            since: Millis(6),
            guards: vec!["total_drop".to_owned()],
            findings: Vec::new(),
            confirms_at: None,
            rejected: None,
        };
        holds.hold(report, sender);
        assert_eq!(holds.list().len(), 1);
        assert!(matches!(
            holds.decide("h-000000", Decision::Approve(String::new())),
            Err(HoldError::Unknown(_))
        ));
        let decision = Decision::Approve("checked".to_owned());
        assert!(holds.decide(&id, decision.clone()).is_ok());
        assert!(matches!(holds.decide(&id, decision.clone()), Err(HoldError::Busy(_))));
        assert_eq!(receiver.try_recv(), Ok(decision));
        holds.clear(&source);
        assert!(holds.list().is_empty());
    }
}
