//! What a person rejected: it stays rejected, without a new page and also after a restart, until a
//! report of the source lacks the fault.

use super::stock::StockParts;
use crate::store::{CommitBatch, CommitError, DocumentWrite, Key, Kind, StoreError};
use omnistock_words::Millis;
use serde::{Deserialize, Serialize};

/// A person's no to a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Rejection {
    /// The guards that had stopped it.
    pub(super) guards: Vec<String>,
    /// The person's reason.
    pub(super) reason: String,
    /// When.
    pub(super) at: Millis,
}

impl Rejection {
    /// Whether a report that these guards stop has the fault that was rejected, and no other.
    pub(super) fn covers(&self, guards: &[String]) -> bool {
        guards.iter().all(|guard| self.guards.contains(guard))
    }
}

fn key(parts: &StockParts) -> Key {
    Key::new(Kind::Hold, format!("source/{}", parts.source))
}

/// The rejection in force. One that can't be read is none: the next faulty report is told of again.
pub(super) async fn load(parts: &StockParts) -> Result<Option<Rejection>, StoreError> {
    let stored = parts
        .store
        .load(&[key(parts)])
        .await?
        .into_iter()
        .next()
        .unwrap_or_default();
    Ok(serde_json::from_slice(&stored.bytes).ok())
}

/// Makes a rejection durable, or forgets the one there is.
pub(super) async fn save(parts: &StockParts, rejection: Option<&Rejection>) -> Result<(), StoreError> {
    let lease = parts.lease.borrow().clone();
    let lease = lease.ok_or_else(|| StoreError::Unavailable("this daemon stands by".to_owned()))?;
    let stored = parts
        .store
        .load(&[key(parts)])
        .await?
        .into_iter()
        .next()
        .unwrap_or_default();
    if rejection.is_none() && stored.bytes.is_empty() {
        return Ok(());
    }
    let mut batch = CommitBatch::default();
    batch.writes.push(DocumentWrite {
        key: key(parts),
        expected: stored.version,
        version: stored.version + 1,
        bytes: rejection.map(|rejection| serde_json::to_vec(rejection).unwrap_or_default()),
    });
    parts.store.commit(&lease, &batch).await.map_err(|error| match error {
        CommitError::Store(error) => error,
        other => StoreError::Unavailable(other.to_string()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rejection_covers_its_own_fault_and_no_other() {
        let rejection = Rejection {
            guards: vec!["newly_zero".to_owned(), "total_drop".to_owned()],
            reason: "cut off".to_owned(),
            at: Millis(5),
        };
        let named = |guards: &[&str]| guards.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert!(rejection.covers(&named(&["newly_zero"])));
        assert!(!rejection.covers(&named(&["newly_zero", "rows_missing"])));
    }
}
