//! Short ways to write down what a test commits.

use omnistock::store::{
    Clear, CommitBatch, CursorMove, DirtyMark, DocumentWrite, EntryId, HistoryEntry, HistoryId, IntentMark, Key, Kind,
    Lease, Store, Way,
};
use omnistock_words::Millis;
use std::time::Duration;

pub(crate) const LONG: Duration = Duration::from_mins(10);

pub(crate) async fn lease(store: &dyn Store) -> Lease {
    store.acquire("tester", LONG).await.unwrap().unwrap()
}

pub(crate) fn sku(id: &str) -> Key {
    Key::new(Kind::Sku, id)
}

pub(crate) fn put(key: Key, expected: u64, version: u64, bytes: &[u8]) -> DocumentWrite {
    DocumentWrite {
        key,
        expected,
        version,
        bytes: Some(bytes.to_vec()),
    }
}

pub(crate) fn delete(key: Key, expected: u64, version: u64) -> DocumentWrite {
    DocumentWrite {
        key,
        expected,
        version,
        bytes: None,
    }
}

pub(crate) fn writes(writes: Vec<DocumentWrite>) -> CommitBatch {
    CommitBatch {
        writes,
        ..CommitBatch::default()
    }
}

pub(crate) fn mark(channel: &str, sku: &str, since: i64) -> DirtyMark {
    DirtyMark {
        channel: channel.to_owned(),
        sku: sku.to_owned(),
        since: Millis(since),
    }
}

pub(crate) fn marks(marks: Vec<DirtyMark>) -> CommitBatch {
    CommitBatch {
        marks,
        ..CommitBatch::default()
    }
}

pub(crate) fn clear(channel: &str, sku: &str, version: u64) -> Clear {
    Clear {
        channel: channel.to_owned(),
        sku: sku.to_owned(),
        version,
    }
}

pub(crate) fn clears(clears: Vec<Clear>) -> CommitBatch {
    CommitBatch {
        clears,
        ..CommitBatch::default()
    }
}

pub(crate) fn intent(channel: &str, listing: &str, open: bool) -> IntentMark {
    IntentMark {
        channel: channel.to_owned(),
        listing: listing.to_owned(),
        open,
    }
}

pub(crate) fn intents(intents: Vec<IntentMark>) -> CommitBatch {
    CommitBatch {
        intents,
        ..CommitBatch::default()
    }
}

pub(crate) fn tell(at: i64, about: &[&str], bytes: &[u8]) -> HistoryEntry {
    HistoryEntry {
        at: Millis(at),
        about: about.iter().map(|about| (*about).to_owned()).collect(),
        bytes: bytes.to_vec(),
    }
}

pub(crate) fn cursor(from: EntryId, to: EntryId) -> CommitBatch {
    CommitBatch {
        cursor: Some(CursorMove { from, to }),
        ..CommitBatch::default()
    }
}

/// Touches every part of a store, so that a test can see whether any of it was applied.
pub(crate) fn everything(from: EntryId, to: EntryId, writes: Vec<DocumentWrite>) -> CommitBatch {
    CommitBatch {
        cursor: Some(CursorMove { from, to }),
        writes,
        marks: vec![mark("shop", "marked", 1)],
        clears: vec![clear("shop", "standing", 1)],
        intents: vec![intent("shop", "listing", true), intent("shop", "opened", false)],
        history: vec![tell(1, &["sku/a"], b"told")],
    }
}

/// What `everything` would change.
#[derive(Debug, PartialEq)]
pub(crate) struct Picture {
    documents: Vec<(String, u64, Vec<u8>)>,
    entries: Vec<Vec<u8>>,
    cursor: EntryId,
    marks: Vec<(String, u64, Millis)>,
    intents: Vec<String>,
    history: Vec<(HistoryId, Vec<u8>)>,
}

pub(crate) async fn picture(store: &dyn Store) -> Picture {
    let documents = store.scan(Kind::Sku, None, 100_000).await.unwrap();
    let entries = store.read(EntryId(0), 100_000).await.unwrap();
    let dirty = store.dirty("shop", 100_000).await.unwrap();
    let told = store.history(None, HistoryId(0), Way::Forward, 100_000).await.unwrap();
    assert_eq!(store.dirty_count("shop").await.unwrap(), dirty.len() as u64);
    Picture {
        documents: documents
            .into_iter()
            .map(|(id, found)| (id, found.version, found.bytes))
            .collect(),
        entries: entries.into_iter().map(|entry| entry.bytes).collect(),
        cursor: store.cursor().await.unwrap(),
        marks: dirty
            .into_iter()
            .map(|mark| (mark.sku, mark.version, mark.since))
            .collect(),
        intents: store.intents("shop").await.unwrap(),
        history: told.into_iter().map(|entry| (entry.id, entry.bytes)).collect(),
    }
}

/// A store in which `everything` finds something to change: one entry, one mark (version 1), one
/// open intent, one document `a` of version 5. Gives the entry's id.
pub(crate) async fn furnished(store: &dyn Store, lease: &Lease) -> EntryId {
    let entry = store.append(&[b"event".to_vec()]).await.unwrap()[0];
    let batch = CommitBatch {
        writes: vec![put(sku("a"), 0, 5, b"first")],
        marks: vec![mark("shop", "standing", 7)],
        intents: vec![intent("shop", "opened", true)],
        ..CommitBatch::default()
    };
    store.commit(lease, &batch).await.unwrap();
    entry
}
