//! The one thread that writes: takes what has queued up and commits it in one transaction.
//!
//! One fsync answers up to 256 callers. A caller is answered after the commit, never before.
//! When a statement fails, the transaction is rolled back and each request is tried alone, so
//! that one caller's trouble is not its neighbours'.

use super::apply;
use super::copier::{Copier, copy};
use super::history;
use super::lock::FolderLock;
use super::problem::problem;
use crate::store::{CommitBatch, CommitError, EntryId, HistoryId, Lease, StoreError};
use rusqlite::Connection;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

/// Requests that wait at most; further callers wait for a place.
const QUEUE: usize = 1_024;
/// Requests in one transaction.
const GROUP: usize = 256;
/// Nothing to do for so long: what is in the WAL is copied into the database.
const IDLE: Duration = Duration::from_secs(1);
/// Longer than the slowest disk; afterwards the caller hears "may have happened".
const DEADLINE: Duration = Duration::from_secs(30);

pub(super) enum Change {
    Acquire(String, Duration),
    Renew(Lease, Duration),
    Release(Lease),
    Append(Vec<Vec<u8>>),
    Name(Lease, u64, Option<String>, bool),
    Commit(Lease, CommitBatch),
    ForgetHistory(Lease, HistoryId, usize),
}

/// What a change answers; each caller knows which it asked for.
#[derive(Debug)]
pub(super) enum Answer {
    Acquired(Option<Lease>),
    Renewed(bool),
    Released,
    Appended(Vec<EntryId>),
    Named(bool),
    Committed(Result<(), CommitError>),
    Forgotten(Result<u64, CommitError>),
}

struct Request {
    change: Change,
    reply: oneshot::Sender<Result<Answer, StoreError>>,
    /// Its place in the queue, free again once answered.
    _place: OwnedSemaphorePermit,
}

#[derive(Debug)]
pub(super) struct Writer {
    places: Arc<Semaphore>,
    sender: Option<SyncSender<Request>>,
    thread: Option<JoinHandle<()>>,
}

fn run_one(connection: &Connection, change: &Change) -> rusqlite::Result<Answer> {
    let now = omnistock_sdk::now();
    match change {
        Change::Acquire(owner, length) => apply::acquire(connection, owner, *length, now).map(Answer::Acquired),
        Change::Renew(lease, length) => apply::renew(connection, lease, *length, now).map(Answer::Renewed),
        Change::Release(lease) => apply::release(connection, lease).map(|()| Answer::Released),
        Change::Append(events) => apply::append(connection, events).map(Answer::Appended),
        Change::Name(lease, generation, note, forget) => {
            apply::name(connection, lease, *generation, note.as_deref(), *forget).map(Answer::Named)
        }
        Change::Commit(lease, batch) => apply::commit(connection, lease, batch).map(Answer::Committed),
        Change::ForgetHistory(lease, before, most) => {
            history::forget(connection, lease, *before, *most).map(Answer::Forgotten)
        }
    }
}

/// One transaction over `changes`; on an error nothing of it stays.
fn run_together(connection: &Connection, changes: &[&Change]) -> rusqlite::Result<Vec<Answer>> {
    let transaction = rusqlite::Transaction::new_unchecked(connection, rusqlite::TransactionBehavior::Immediate)?;
    let answers = changes
        .iter()
        .map(|change| run_one(&transaction, change))
        .collect::<rusqlite::Result<Vec<_>>>()?;
    transaction.commit()?;
    Ok(answers)
}

fn run_alone(connection: &Connection, change: &Change) -> Result<Answer, StoreError> {
    let mut answers = run_together(connection, &[change]).map_err(|error| problem(&error))?;
    answers
        .pop()
        .ok_or_else(|| StoreError::Damaged("a change was not answered".to_owned()))
}

fn answer(request: Request, answer: Result<Answer, StoreError>) {
    // A caller that gave up has dropped its end; the change stays done.
    drop(request.reply.send(answer));
}

fn run_group(connection: &Connection, group: Vec<Request>) {
    let changes: Vec<&Change> = group.iter().map(|request| &request.change).collect();
    match run_together(connection, &changes) {
        Ok(answers) => group
            .into_iter()
            .zip(answers)
            .for_each(|(request, said)| answer(request, Ok(said))),
        Err(error) => {
            tracing::debug!(%error, requests = group.len(), "a group failed; each request is tried alone");
            for request in group {
                let said = run_alone(connection, &request.change);
                answer(request, said);
            }
        }
    }
}

/// What webhooks append goes before everything else that waits: it is short, and its senders wait for it.
fn run_in_turn(connection: &Connection, group: Vec<Request>) {
    let (appends, others): (Vec<_>, Vec<_>) = group
        .into_iter()
        .partition(|request| matches!(request.change, Change::Append(_)));
    for group in [appends, others] {
        if !group.is_empty() {
            run_group(connection, group);
        }
    }
}

fn work(connection: &Connection, queue: &Receiver<Request>, copier: &Copier) {
    let mut copied = true;
    loop {
        let first = if copied {
            queue.recv().map_err(|_| RecvTimeoutError::Disconnected)
        } else {
            queue.recv_timeout(IDLE)
        };
        match first {
            Ok(first) => {
                let mut group = vec![first];
                group.extend(queue.try_iter().take(GROUP - 1));
                run_in_turn(connection, group);
                copier.look(connection);
                copied = false;
            }
            Err(RecvTimeoutError::Timeout) => {
                copy(connection);
                copied = true;
            }
            Err(RecvTimeoutError::Disconnected) => return,
        }
    }
}

fn stopped() -> StoreError {
    StoreError::Unavailable("its writer has stopped; restart the daemon".to_owned())
}

fn too_slow() -> StoreError {
    StoreError::Unavailable("the disk did not answer within 30 s; the change may have happened".to_owned())
}

impl Writer {
    /// The lock goes with the thread: the folder is free only after the last commit.
    pub(super) fn start(connection: Connection, lock: FolderLock, copier: Copier) -> Result<Self, StoreError> {
        let (sender, queue) = sync_channel(QUEUE);
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || {
                work(&connection, &queue, &copier);
                drop(copier);
                drop(connection);
                drop(lock);
            });
        let thread =
            thread.map_err(|problem| StoreError::Unavailable(format!("no thread for its writer: {problem}")))?;
        Ok(Self {
            places: Arc::new(Semaphore::new(QUEUE)),
            sender: Some(sender),
            thread: Some(thread),
        })
    }

    async fn ask(&self, change: Change) -> Result<Answer, StoreError> {
        let place = Arc::clone(&self.places).acquire_owned().await.map_err(|_| stopped())?;
        let (reply, answered) = oneshot::channel();
        let sender = self.sender.as_ref().ok_or_else(stopped)?;
        match sender.try_send(Request {
            change,
            reply,
            _place: place,
        }) {
            Ok(()) => answered.await.map_err(|_| stopped())?,
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => Err(stopped()),
        }
    }

    pub(super) async fn change(&self, change: Change) -> Result<Answer, StoreError> {
        tokio::time::timeout(DEADLINE, self.ask(change))
            .await
            .unwrap_or_else(|_| Err(too_slow()))
    }
}

impl Drop for Writer {
    /// Waits for the commits that are under way, so that the folder can be opened again at once.
    fn drop(&mut self) {
        drop(self.sender.take());
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the store's writer ended with a panic");
        }
    }
}
