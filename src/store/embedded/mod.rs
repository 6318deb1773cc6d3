//! The store without a server: `SQLite` in a folder of this machine.
//!
//! WAL with `synchronous=FULL`: what was answered has been through fsync and survives `kill -9`
//! and power loss (on a disk that keeps its promise). One writer, a few readers, one daemon a
//! folder. A full disk refuses changes and goes on by itself once there is space.

mod apply;
mod backup;
mod copier;
mod history;
mod lock;
mod problem;
mod queries;
mod readers;
mod schema;
mod writer;

use super::prepare::check_events;
use super::{
    CommitBatch, CommitError, Dirty, Entry, EntryId, HistoryId, HistorySize, Key, Kind, Lease, PastEntry, Standing,
    Store, StoreError, StoreStatus, Versioned, Way,
};
use async_trait::async_trait;
pub use backup::{Backup, BackupError, backup};
use copier::Copier;
use lock::{FolderLock, unwritable};
use readers::Readers;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::time::Duration;
use writer::{Answer, Change, Writer};

/// A store in `omnistock.db` in a folder, locked against a second daemon while it lives.
#[derive(Debug)]
pub struct Embedded {
    folder: PathBuf,
    readers: Readers,
    writer: Writer,
}

fn unexpected(answer: &Answer) -> StoreError {
    StoreError::Damaged(format!("its writer answered another question: {answer:?}"))
}

impl Embedded {
    /// Opens the database in `folder`; creates both when missing and brings older tables up to
    /// date. Blocks for as long as that takes.
    ///
    /// # Errors
    /// [`StoreError::Refused`] when the folder can't be written, another daemon has it, or the
    /// database is damaged or from a newer version; [`StoreError::Full`] when the disk is.
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        Self::open_with(folder, |_| Ok(()))
    }

    fn open_with(
        folder: &Path,
        further: impl FnOnce(&rusqlite::Connection) -> rusqlite::Result<()>,
    ) -> Result<Self, StoreError> {
        let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
        made.map_err(|problem| unwritable(folder, &problem))?;
        let lock = FolderLock::take(folder)?;
        let file = folder.join(schema::DATABASE_FILE);
        let connection = schema::open_writer(&file)?;
        further(&connection).map_err(|error| problem::problem(&error))?;
        let readers = Readers::open(&file)?;
        let writer = Writer::start(connection, lock, Copier::start(folder)?)?;
        Ok(Self {
            folder: folder.to_owned(),
            readers,
            writer,
        })
    }
}

#[async_trait]
impl Store for Embedded {
    async fn acquire(&self, owner: &str, length: Duration) -> Result<Option<Lease>, StoreError> {
        match self.writer.change(Change::Acquire(owner.to_owned(), length)).await? {
            Answer::Acquired(lease) => Ok(lease),
            other => Err(unexpected(&other)),
        }
    }

    async fn renew(&self, lease: &Lease, length: Duration) -> Result<bool, StoreError> {
        match self.writer.change(Change::Renew(lease.clone(), length)).await? {
            Answer::Renewed(still) => Ok(still),
            other => Err(unexpected(&other)),
        }
    }

    async fn release(&self, lease: &Lease) -> Result<(), StoreError> {
        match self.writer.change(Change::Release(lease.clone())).await? {
            Answer::Released => Ok(()),
            other => Err(unexpected(&other)),
        }
    }

    async fn append(&self, events: &[Vec<u8>]) -> Result<Vec<EntryId>, StoreError> {
        check_events(events)?;
        if events.is_empty() {
            return Ok(Vec::new());
        }
        match self.writer.change(Change::Append(events.to_vec())).await? {
            Answer::Appended(ids) => Ok(ids),
            other => Err(unexpected(&other)),
        }
    }

    async fn read(&self, after: EntryId, most: usize) -> Result<Vec<Entry>, StoreError> {
        self.readers
            .read(move |connection| queries::entries(connection, after, most))
            .await
    }

    async fn cursor(&self) -> Result<EntryId, StoreError> {
        self.readers.read(apply::cursor).await
    }

    async fn load(&self, keys: &[Key]) -> Result<Vec<Versioned>, StoreError> {
        let keys = keys.to_vec();
        self.readers
            .read(move |connection| queries::documents(connection, &keys))
            .await
    }

    async fn scan(&self, kind: Kind, after: Option<&str>, most: usize) -> Result<Vec<(String, Versioned)>, StoreError> {
        let after = after.map(str::to_owned);
        self.readers
            .read(move |connection| queries::scan(connection, kind, after.as_deref(), most))
            .await
    }

    async fn standing(&self) -> Result<Standing, StoreError> {
        let now = omnistock_sdk::now();
        let found = self
            .readers
            .read(move |connection| apply::standing(connection, now))
            .await?;
        // All who use it are on this machine: a second more or less is what a time service does.
        let ahead = Some(omnistock_sdk::machine_now().since(now)).filter(|ahead| ahead.abs() > 1_000);
        Ok(Standing {
            ahead: ahead.unwrap_or_default(),
            ..found
        })
    }

    async fn name(&self, lease: &Lease, generation: u64, note: Option<&str>, forget: bool) -> Result<bool, StoreError> {
        let change = Change::Name(lease.clone(), generation, note.map(str::to_owned), forget);
        match self.writer.change(change).await? {
            Answer::Named(done) => Ok(done),
            other => Err(unexpected(&other)),
        }
    }

    async fn commit(&self, lease: &Lease, batch: &CommitBatch) -> Result<(), CommitError> {
        match self.writer.change(Change::Commit(lease.clone(), batch.clone())).await? {
            Answer::Committed(done) => done,
            other => Err(unexpected(&other).into()),
        }
    }

    async fn dirty_behind(&self, channel: &str, behind: usize, most: usize) -> Result<Vec<Dirty>, StoreError> {
        let channel = channel.to_owned();
        self.readers
            .read(move |connection| queries::dirty(connection, &channel, behind, most))
            .await
    }

    async fn dirty_count(&self, channel: &str) -> Result<u64, StoreError> {
        let channel = channel.to_owned();
        self.readers
            .read(move |connection| queries::dirty_count(connection, &channel))
            .await
    }

    async fn intents(&self, channel: &str) -> Result<Vec<String>, StoreError> {
        let channel = channel.to_owned();
        self.readers
            .read(move |connection| queries::intents(connection, &channel))
            .await
    }

    async fn history(
        &self,
        about: Option<&str>,
        from: HistoryId,
        way: Way,
        most: usize,
    ) -> Result<Vec<PastEntry>, StoreError> {
        let about = about.map(str::to_owned);
        self.readers
            .read(move |connection| history::entries(connection, about.as_deref(), from, way, most))
            .await
    }

    async fn forget_history(&self, lease: &Lease, before: HistoryId, most: usize) -> Result<u64, CommitError> {
        let change = Change::ForgetHistory(lease.clone(), before, most);
        match self.writer.change(change).await? {
            Answer::Forgotten(done) => done,
            other => Err(unexpected(&other).into()),
        }
    }

    async fn history_size(&self) -> Result<HistorySize, StoreError> {
        self.readers.read(history::size).await
    }

    async fn status(&self) -> Result<StoreStatus, StoreError> {
        let inbox = self.readers.read(queries::entry_count).await?;
        Ok(StoreStatus {
            title: format!("embedded {}", self.folder.display()),
            warnings: Vec::new(),
            inbox,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::CursorMove;

    /// A database that may grow to 512 KiB.
    fn small(folder: &Path) -> Embedded {
        let limit = |connection: &rusqlite::Connection| {
            connection
                .query_row("PRAGMA max_page_count = 128", [], |row| row.get::<_, i64>(0))
                .map(drop)
        };
        Embedded::open_with(folder, limit).unwrap()
    }

    /// Appends until nothing more fits; how many did.
    async fn fill(store: &Embedded) -> usize {
        for taken in 0..1_000 {
            match store.append(&[vec![7; 10_000]]).await {
                Ok(_) => {}
                Err(StoreError::Full(_)) => return taken,
                other => panic!("{other:?}"),
            }
        }
        panic!("a small store is never full")
    }

    #[tokio::test]
    async fn a_full_store_still_reads_and_goes_on_once_there_is_space() {
        let folder = tempfile::tempdir().unwrap();
        let store = small(folder.path());
        let lease = store.acquire("tester", Duration::from_mins(10)).await.unwrap().unwrap();
        let taken = fill(&store).await;
        let entries = store.read(EntryId(0), 1_000).await.unwrap();
        assert_eq!(entries.len(), taken);
        assert!(matches!(
            store.append(&[vec![7; 10_000]]).await,
            Err(StoreError::Full(_))
        ));
        let to = entries[taken / 2].id;
        let batch = CommitBatch {
            cursor: Some(CursorMove { from: EntryId(0), to }),
            ..CommitBatch::default()
        };
        store.commit(&lease, &batch).await.unwrap();
        assert!(fill(&store).await > 0);
    }

    #[tokio::test]
    async fn a_batch_that_does_not_fit_changes_nothing_and_its_neighbours_pass() {
        let folder = tempfile::tempdir().unwrap();
        let store = std::sync::Arc::new(small(folder.path()));
        let mut tasks = tokio::task::JoinSet::new();
        for caller in 0..30 {
            let store = std::sync::Arc::clone(&store);
            tasks.spawn(async move {
                let events = if caller % 3 == 0 {
                    vec![vec![1], vec![7; 1 << 20]]
                } else {
                    vec![vec![2; 100]]
                };
                (caller % 3 == 0, store.append(&events).await)
            });
        }
        for (large, said) in tasks.join_all().await {
            assert_eq!(large, matches!(said, Err(StoreError::Full(_))), "{said:?}");
        }
        let entries = store.read(EntryId(0), 1_000).await.unwrap();
        assert_eq!(entries.len(), 20);
        assert!(entries.iter().all(|entry| entry.bytes == [2; 100]));
    }

    #[tokio::test]
    async fn a_log_that_has_become_long_is_copied_and_cut_back_while_commits_go_on() {
        let folder = tempfile::tempdir().unwrap();
        let store = Embedded::open(folder.path()).unwrap();
        for _ in 0..40 {
            store.append(&[vec![7; 1 << 20]]).await.unwrap();
        }
        let log = folder.path().join(format!("{}-wal", schema::DATABASE_FILE));
        let begun = tokio::time::Instant::now();
        let mut appended = 40;
        while log.metadata().unwrap().len() > schema::LOG_LIMIT {
            assert!(
                begun.elapsed() < Duration::from_secs(20),
                "{}",
                log.metadata().unwrap().len()
            );
            store.append(&[vec![7]]).await.unwrap();
            appended += 1;
        }
        // It may have been cut back before the last of them; nothing is lost by that.
        assert_eq!(store.read(EntryId(0), appended + 1).await.unwrap().len(), appended);
    }
}
