//! The record of changes, read from the history that the commits of these changes wrote.

use super::past::lost;
use super::steering_view::not_made;
use super::view::DaemonView;
use crate::history::{PEOPLE, Person, Record, blocks, decided_by_person};
use crate::server::{ApiError, Listed, LogEntry, caller};
use crate::store::{CommitBatch, HistoryId, Store, Way};
use omnistock_sdk::now;
use omnistock_words::{Millis, Sku};

/// Entries looked through, at most, and in one read.
const ENTRIES: usize = 50_000;
const PAGE: usize = 256;

/// What was changed since an instant, newest first.
pub(super) async fn log(view: &DaemonView, since: Millis, most: usize) -> Result<Listed<LogEntry>, ApiError> {
    newest_changes(view.house.store.as_ref(), since, (most, ENTRIES)).await
}

/// Newest first, so that of many changes the newest are listed. `entries`: looked through at most, in pages.
async fn newest_changes(
    store: &dyn Store,
    since: Millis,
    (most, entries): (usize, usize),
) -> Result<Listed<LogEntry>, ApiError> {
    let (mut from, mut read, mut listed) = (HistoryId::END, 0, Listed::whole(Vec::new()));
    while read < entries {
        let page = blocks(store, PEOPLE, from, Way::Back, PAGE).await;
        let page = page.map_err(|error| lost(&error))?;
        let ended = page.len() < PAGE;
        read += page.len();
        for (id, block) in page {
            if id.at() < since {
                return Ok(listed);
            }
            from = id;
            for record in block.records.into_iter().rev() {
                let Record::Person(person) = record else { continue };
                listed.total += 1;
                if listed.items.len() < most {
                    listed.items.push(entry(id.at(), person));
                }
            }
        }
        if ended {
            break;
        }
    }
    Ok(listed)
}

fn entry(at: Millis, person: Person) -> LogEntry {
    LogEntry {
        at,
        who: person.who,
        what: person.what,
        before: person.before,
        after: person.decided,
        reason: person.reason,
    }
}

/// Records what is about to be asked of somebody else in the daemon: durable when it answers, so that nothing is
/// carried out that is in no record. Whether it can be carried out is not known then: `after` says that it was asked
/// for. Changes with a commit of their own record it in that.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::memory::Memory;
    use std::time::Duration;

    #[tokio::test]
    async fn of_many_changes_the_newest_are_listed() {
        let store = Memory::new();
        let lease = store.acquire("owner", Duration::from_mins(9)).await.unwrap().unwrap();
        let begun = now();
        for number in 0..700 {
            let person = Person {
                what: format!("change {number}"),
                who: "a test".to_owned(),
                before: None,
                decided: String::new(),
                reason: String::new(),
            };
            let batch = CommitBatch {
                history: decided_by_person(person, &[], begun.plus(number)),
                ..CommitBatch::default()
            };
            store.commit(&lease, &batch).await.unwrap();
        }
        let shown = async |since: i64, most, entries| {
            let listed = newest_changes(&store, begun.plus(since), (most, entries))
                .await
                .unwrap();
            let whats: Vec<String> = listed.items.into_iter().map(|entry| entry.what).collect();
            (listed.total, whats)
        };
        let newest = |total: u64, numbers: &[u32]| {
            let whats = numbers.iter().map(|number| format!("change {number}"));
            (total, whats.collect::<Vec<String>>())
        };
        // More than are looked through: the newest of them, not the oldest.
        assert_eq!(shown(0, 2, 300).await, newest(512, &[699, 698]));
        assert_eq!(shown(0, 2, 50_000).await, newest(700, &[699, 698]));
        assert_eq!(shown(698, 9, 50_000).await, newest(2, &[699, 698]));
        assert_eq!(shown(700, 9, 50_000).await, newest(0, &[]));
    }
}
