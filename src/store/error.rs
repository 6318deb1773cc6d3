//! What can go wrong in a store, by what has to happen next.

use super::Key;

/// A store that can't answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Away, loading, or too slow. The call may have taken effect. Work waits, nothing exits.
    #[error("the store does not answer: {0}")]
    Unavailable(String),
    /// Full disk or memory. Nothing was changed. Work waits, webhooks get 503.
    #[error("the store is full: {0}")]
    Full(String),
    /// Not to be used at all: wrong address, password, version or settings, another daemon has it. Exit 2 at start.
    #[error("{0}")]
    Refused(String),
    /// What was read makes no sense. Nothing is overwritten.
    #[error("the store is damaged: {0}")]
    Damaged(String),
}

/// A commit that was not applied, or may have been.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CommitError {
    /// The lease is somebody else's, or the store is not as far as it was: stop working.
    #[error("another daemon has taken over")]
    Fenced,
    /// The inbox cursor stands elsewhere: read it again.
    #[error("the inbox cursor has moved")]
    CursorMoved,
    /// A document has another version: load it again.
    #[error("{kind} {id} was changed by somebody else", kind = .0.kind.name(), id = .0.id)]
    Conflict(Key),
    /// Not applied, or (when unavailable) perhaps applied: repeating it tells.
    #[error(transparent)]
    Store(#[from] StoreError),
}
