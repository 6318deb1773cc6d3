//! What `SQLite` complains about, by what has to happen next.

use crate::store::StoreError;
use rusqlite::ErrorCode;

/// A failed statement while running: nothing of its transaction stays.
pub(super) fn problem(error: &rusqlite::Error) -> StoreError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => {
            StoreError::Full("no space is left for the database; work goes on by itself once there is".to_owned())
        }
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            StoreError::Damaged(format!("{error}; stop the daemon and put back the last backup"))
        }
        Some(_) => StoreError::Unavailable(error.to_string()),
        None => StoreError::Damaged(format!("a row can't be read: {error}")),
    }
}

/// A number of ours for `SQLite`, whose integers have a sign; ours end at 2^53.
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A number from `SQLite`; ours are never negative.
pub(super) fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}
