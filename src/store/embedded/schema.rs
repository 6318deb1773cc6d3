//! Tables, settings of a connection, and migrations by `PRAGMA user_version`.

use super::problem::problem;
use crate::store::StoreError;
use rusqlite::{Connection, OpenFlags};
use std::path::Path;
use std::time::Duration;

/// Beside the lock file.
pub(super) const DATABASE_FILE: &str = "omnistock.db";

/// A log longer than this is copied, and cut back to this once it has been: bytes.
pub(super) const LOG_LIMIT: u64 = 16 << 20;

/// Steps with the version that each leads to; never changed once released.
const MIGRATIONS: [(i64, &str); 3] = [(1, FIRST), (2, HISTORY), (VERSION, STANDING)];

const FIRST: &str = "
    CREATE TABLE counter (name TEXT NOT NULL PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    INSERT INTO counter VALUES ('cursor', 0), ('last_entry', 0), ('last_mark', 0);
    CREATE TABLE lease (
        only INTEGER NOT NULL PRIMARY KEY CHECK (only = 1),
        owner TEXT, token INTEGER NOT NULL, until_ms INTEGER NOT NULL) STRICT;
    INSERT INTO lease VALUES (1, NULL, 0, 0);
    CREATE TABLE inbox (id INTEGER NOT NULL PRIMARY KEY, bytes BLOB NOT NULL) STRICT;
    CREATE TABLE document (
        kind TEXT NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL, bytes BLOB NOT NULL,
        PRIMARY KEY (kind, id)) STRICT;
    CREATE TABLE dirty (
        channel TEXT NOT NULL, sku TEXT NOT NULL, version INTEGER NOT NULL, since_ms INTEGER NOT NULL,
        PRIMARY KEY (channel, sku)) STRICT, WITHOUT ROWID;
    CREATE INDEX dirty_by_age ON dirty (channel, since_ms, sku);
    CREATE TABLE intent (
        channel TEXT NOT NULL, listing TEXT NOT NULL, PRIMARY KEY (channel, listing)) STRICT, WITHOUT ROWID;
";

/// Sizes are counted, because counting rows reads them all. `about` is in both tables: forgetting an
/// entry finds its subjects without a search.
const HISTORY: &str = "
    INSERT INTO counter VALUES ('last_history', 0), ('history_entries', 0), ('history_bytes', 0);
    CREATE TABLE history (id INTEGER NOT NULL PRIMARY KEY, about BLOB NOT NULL, bytes BLOB NOT NULL) STRICT;
    CREATE TABLE history_about (
        about TEXT NOT NULL, id INTEGER NOT NULL, PRIMARY KEY (about, id)) STRICT, WITHOUT ROWID;
";

/// Which store it is and how far it has come; since when it is led.
const STANDING: &str = "
    INSERT INTO counter VALUES ('generation', 0), ('commits', 0);
    ALTER TABLE lease ADD COLUMN since_ms INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE lease ADD COLUMN note TEXT;
";

/// The version that this program writes.
const VERSION: i64 = 3;

fn cannot_open(file: &Path, error: &rusqlite::Error) -> StoreError {
    StoreError::Refused(format!(
        "the database {} can't be opened ({error}): check the file, or put back the last backup",
        file.display()
    ))
}

fn settle(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(Duration::from_secs(5))?;
    connection.set_prepared_statement_cache_capacity(64);
    // Sizes in KiB (cache) and bytes: a long WAL is cut back once it has been copied.
    // The log is copied beside the writer; pages after which it does so itself, should that not keep up: 32 MB. What
    // is in the log is read at the next start, which has to be quick.
    connection.execute_batch(&format!(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -16384;
         PRAGMA journal_size_limit = {LOG_LIMIT}; PRAGMA wal_autocheckpoint = 8000;",
    ))
}

fn migrate(connection: &mut Connection) -> rusqlite::Result<i64> {
    let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    for (step, sql) in MIGRATIONS.iter().filter(|(step, _)| *step > version) {
        let transaction = connection.transaction()?;
        transaction.execute_batch(sql)?;
        transaction.pragma_update(None, "user_version", step)?;
        transaction.commit()?;
    }
    Ok(version)
}

/// Opens for writing and brings the tables up to date. The caller holds the folder's lock, so any
/// lease in the file belongs to a process that is gone: it ends here; its token stays used.
pub(super) fn open_writer(file: &Path) -> Result<Connection, StoreError> {
    let opened = || -> rusqlite::Result<(Connection, i64)> {
        let mut connection = Connection::open(file)?;
        settle(&connection)?;
        let version = migrate(&mut connection)?;
        Ok((connection, version))
    };
    let (connection, version) = opened().map_err(|error| match problem(&error) {
        StoreError::Full(text) => StoreError::Full(text),
        _ => cannot_open(file, &error),
    })?;
    if version > VERSION {
        return Err(StoreError::Refused(format!(
            "the database {} was written by a newer omnistock (layout {version}, this one knows {VERSION}): install that version again",
            file.display()
        )));
    }
    connection
        .execute("UPDATE lease SET owner = NULL, until_ms = 0", [])
        .map_err(|error| problem(&error))?;
    Ok(connection)
}

/// Opens for copying the log of a database that is open.
pub(super) fn open_copier(file: &Path) -> Result<Connection, StoreError> {
    let opened = || -> rusqlite::Result<Connection> {
        let connection = Connection::open(file)?;
        connection.execute_batch("PRAGMA synchronous = FULL; PRAGMA cache_size = -64;")?;
        Ok(connection)
    };
    opened().map_err(|error| cannot_open(file, &error))
}

/// Opens for reading only.
pub(super) fn open_reader(file: &Path) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let opened = || -> rusqlite::Result<Connection> {
        let connection = Connection::open_with_flags(file, flags)?;
        connection.busy_timeout(Duration::from_secs(5))?;
        connection.set_prepared_statement_cache_capacity(32);
        Ok(connection)
    };
    opened().map_err(|error| cannot_open(file, &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tables(database: &Connection) -> Vec<(String, String)> {
        let select = "SELECT name, coalesce(sql, '') FROM sqlite_schema ORDER BY name";
        let mut statement = database.prepare(select).unwrap();
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
        rows.map(Result::unwrap).collect()
    }

    #[test]
    fn every_earlier_layout_becomes_that_of_today_and_keeps_its_counters() {
        let folder = tempfile::tempdir().unwrap();
        let fresh = tables(&open_writer(&folder.path().join("fresh.db")).unwrap());
        for steps in 1..MIGRATIONS.len() {
            let file = folder.path().join(format!("{steps}.db"));
            let old = Connection::open(&file).unwrap();
            for (step, sql) in &MIGRATIONS[..steps] {
                old.execute_batch(sql).unwrap();
                old.pragma_update(None, "user_version", step).unwrap();
            }
            old.execute_batch("UPDATE counter SET value = 7 WHERE name = 'cursor'; UPDATE lease SET token = 9")
                .unwrap();
            drop(old);
            let new = open_writer(&file).unwrap();
            assert_eq!(tables(&new), fresh, "from layout {steps}");
            let kept = "SELECT (SELECT value FROM counter WHERE name = 'cursor'), token, since_ms, note,
                (SELECT sum(value) FROM counter WHERE name IN ('generation', 'commits')) FROM lease";
            let row = |row: &rusqlite::Row<'_>| {
                let note: Option<String> = row.get(3)?;
                Ok((row.get(0)?, row.get(1)?, row.get(2)?, note, row.get(4)?))
            };
            let found: (i64, i64, i64, Option<String>, i64) = new.query_row(kept, [], row).unwrap();
            assert_eq!(found, (7, 9, 0, None, 0), "from layout {steps}");
            let version: i64 = new.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap();
            assert_eq!(version, VERSION);
        }
    }
}
