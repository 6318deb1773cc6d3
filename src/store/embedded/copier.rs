//! Copies the write-ahead log into the database beside the writer: fsync of both takes as long as many commits, and
//! nobody should wait for it.
//!
//! A crash in between costs nothing: what is in the log is durable, and is copied again.

use super::schema::{DATABASE_FILE, LOG_LIMIT, open_copier};
use crate::store::StoreError;
use rusqlite::Connection;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

/// Copies what is in the log, as far as no reader needs it there.
pub(super) fn copy(connection: &Connection) {
    let done = connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()));
    if let Err(error) = done {
        tracing::warn!(%error, "copying the write-ahead log into the database failed; it is tried again");
    }
}

/// A thread that copies when it is told.
pub(super) struct Copier {
    log: PathBuf,
    /// Room for one: who is told while at work goes on at once.
    tell: Option<SyncSender<()>>,
    copied: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Copier {
    /// A thread for the database in `folder`.
    pub(super) fn start(folder: &Path) -> Result<Self, StoreError> {
        let file = folder.join(DATABASE_FILE);
        let connection = open_copier(&file)?;
        let (tell, told) = sync_channel(1);
        let copied = Arc::new(AtomicBool::new(false));
        let done = Arc::clone(&copied);
        let thread = std::thread::Builder::new()
            .name("store-copier".to_owned())
            .spawn(move || work(&connection, &told, &done))
            .map_err(|problem| StoreError::Unavailable(format!("no thread for its copies: {problem}")))?;
        let mut log = file.into_os_string();
        log.push("-wal");
        Ok(Self {
            log: log.into(),
            tell: Some(tell),
            copied,
            thread: Some(thread),
        })
    }

    /// After a commit: has a log that has become long copied. The writer copies the few commits since then itself,
    /// because the log begins anew only where nothing of it is left.
    pub(super) fn look(&self, writer: &Connection) {
        if self.copied.swap(false, Ordering::AcqRel) {
            copy(writer);
        } else if std::fs::metadata(&self.log).is_ok_and(|log| log.len() > LOG_LIMIT)
            && let Some(tell) = &self.tell
        {
            // Full: it is at work already.
            let _told = tell.try_send(()).is_ok();
        }
    }
}

fn work(connection: &Connection, told: &Receiver<()>, copied: &AtomicBool) {
    while told.recv().is_ok() {
        copy(connection);
        copied.store(true, Ordering::Release);
    }
}

impl Drop for Copier {
    /// The file is closed when this returns.
    fn drop(&mut self) {
        drop(self.tell.take());
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the thread that copies the store's log ended with a panic");
        }
    }
}
