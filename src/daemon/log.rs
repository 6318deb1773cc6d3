//! The record of changes, read from the history that the commits of these changes wrote.

use super::past::lost;
use super::steering_view::not_made;
use super::view::DaemonView;
use crate::history::{PEOPLE, Person, Record, blocks, decided_by_person};
use crate::server::{ApiError, Listed, LogEntry, caller};
use crate::store::{CommitBatch, HistoryId, Way};
use omnistock_sdk::now;
use omnistock_words::{Millis, Sku};

/// Entries looked through, at most, and in one read.
const ENTRIES: usize = 50_000;
const PAGE: usize = 256;

/// What was changed since an instant, newest first.
pub(super) async fn log(view: &DaemonView, since: Millis, most: usize) -> Result<Listed<LogEntry>, ApiError> {
    let (mut from, mut read, mut listed) = (HistoryId::first_at(since), 0, Vec::new());
    while read < ENTRIES {
        let page = blocks(view.house.store.as_ref(), PEOPLE, from, Way::Forward, PAGE).await;
        let page = page.map_err(|error| lost(&error))?;
        let ended = page.len() < PAGE;
        read += page.len();
        for (id, block) in page {
            from = id;
            listed.extend(block.records.into_iter().filter_map(|record| match record {
                Record::Person(person) => Some(LogEntry {
                    at: id.at(),
                    who: person.who,
                    what: person.what,
                    before: person.before,
                    after: person.decided,
                    reason: person.reason,
                }),
                _ => None,
            }));
        }
        if ended {
            break;
        }
    }
    let total = listed.len() as u64;
    listed.reverse();
    listed.truncate(most);
    Ok(Listed { total, items: listed })
}

/// Records what is about to be carried out by somebody else in the daemon: durable when it answers, so that nothing
/// is carried out that is in no record. Changes with a commit of their own record it in that.
pub(super) async fn record(
    view: &DaemonView,
    what: String,
    (before, after): (Option<String>, String),
    reason: &str,
    skus: &[Sku],
) -> Result<(), ApiError> {
    let lease = view.lease()?;
    let person = Person {
        who: caller(),
        what,
        before,
        decided: after,
        reason: reason.to_owned(),
    };
    let batch = CommitBatch {
        history: decided_by_person(person, skus, now()),
        ..CommitBatch::default()
    };
    let committed = view.house.store.commit(&lease, &batch).await;
    committed.map_err(|error| not_made(&error))
}
