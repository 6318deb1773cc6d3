//! A few connections that only read, each used by one blocking thread at a time.
//!
//! Readers see the last commit and never wait for the writer (WAL). What one call reads is one
//! snapshot.

use super::problem::problem;
use super::schema::open_reader;
use crate::store::StoreError;
use rusqlite::Connection;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Semaphore;

const CONNECTIONS: usize = 4;
const DEADLINE: Duration = Duration::from_secs(30);

#[derive(Debug)]
pub(super) struct Readers {
    turns: Arc<Semaphore>,
    free: Arc<Mutex<Vec<Connection>>>,
}

fn too_slow() -> StoreError {
    StoreError::Unavailable("the disk did not answer within 30 s".to_owned())
}

/// Reads in one transaction, which is dropped: there is nothing to keep.
fn read<T>(
    connection: &mut Connection,
    work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
) -> Result<T, StoreError> {
    let transaction = connection.transaction().map_err(|error| problem(&error))?;
    work(&transaction).map_err(|error| problem(&error))
}

impl Readers {
    pub(super) fn open(file: &Path) -> Result<Self, StoreError> {
        let free = (0..CONNECTIONS)
            .map(|_| open_reader(file))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Self {
            turns: Arc::new(Semaphore::new(CONNECTIONS)),
            free: Arc::new(Mutex::new(free)),
        })
    }

    async fn ask<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let gone = || StoreError::Unavailable("its readers have stopped; restart the daemon".to_owned());
        let turn = Arc::clone(&self.turns).acquire_owned().await.map_err(|_| gone())?;
        let free = Arc::clone(&self.free);
        let reading = tokio::task::spawn_blocking(move || {
            let taken = free.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let mut connection = taken.ok_or_else(gone)?;
            let found = read(&mut connection, work);
            free.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
            drop(turn);
            found
        });
        reading
            .await
            .map_err(|stopped| StoreError::Unavailable(format!("reading stopped: {stopped}")))?
    }

    pub(super) async fn read<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        tokio::time::timeout(DEADLINE, self.ask(work))
            .await
            .unwrap_or_else(|_| Err(too_slow()))
    }
}
