//! What is read, as statements.

use super::apply::Applied;
use super::problem::{signed, unsigned};
use crate::store::{Dirty, Entry, EntryId, Key, Kind, Versioned};
use omnistock_words::Millis;
use rusqlite::{Connection, OptionalExtension, Row, ToSql, params};

fn limit(most: usize) -> i64 {
    i64::try_from(most).unwrap_or(i64::MAX)
}

fn collect<T>(
    connection: &Connection,
    sql: &str,
    values: &[&dyn ToSql],
    row: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> Applied<Vec<T>> {
    connection.prepare_cached(sql)?.query_map(values, row)?.collect()
}

pub(super) fn entries(connection: &Connection, after: EntryId, most: usize) -> Applied<Vec<Entry>> {
    let sql = "SELECT id, bytes FROM inbox WHERE id > ?1 ORDER BY id LIMIT ?2";
    let row = |row: &Row<'_>| {
        Ok(Entry {
            id: EntryId(unsigned(row.get(0)?)),
            bytes: row.get(1)?,
        })
    };
    collect(connection, sql, params![signed(after.0), limit(most)], row)
}

pub(super) fn entry_count(connection: &Connection) -> Applied<u64> {
    connection
        .prepare_cached("SELECT count(*) FROM inbox")?
        .query_row([], |row| row.get(0))
        .map(unsigned)
}

pub(super) fn documents(connection: &Connection, keys: &[Key]) -> Applied<Vec<Versioned>> {
    let mut statement = connection.prepare_cached("SELECT version, bytes FROM document WHERE kind = ?1 AND id = ?2")?;
    let load = |key: &Key| {
        let row = |row: &Row<'_>| {
            Ok(Versioned {
                version: unsigned(row.get(0)?),
                bytes: row.get(1)?,
            })
        };
        Ok(statement
            .query_row([key.kind.name(), &key.id], row)
            .optional()?
            .unwrap_or_default())
    };
    keys.iter().map(load).collect()
}

/// Text compares by its bytes (collation BINARY), as the trait says.
pub(super) fn scan(
    connection: &Connection,
    kind: Kind,
    after: Option<&str>,
    most: usize,
) -> Applied<Vec<(String, Versioned)>> {
    let sql = match after {
        Some(_) => "SELECT id, version, bytes FROM document WHERE kind = ?1 AND id > ?2 ORDER BY id LIMIT ?3",
        None => "SELECT id, version, bytes FROM document WHERE kind = ?1 AND id >= ?2 ORDER BY id LIMIT ?3",
    };
    let row = |row: &Row<'_>| {
        Ok((
            row.get(0)?,
            Versioned {
                version: unsigned(row.get(1)?),
                bytes: row.get(2)?,
            },
        ))
    };
    collect(
        connection,
        sql,
        params![kind.name(), after.unwrap_or(""), limit(most)],
        row,
    )
}

pub(super) fn dirty(connection: &Connection, channel: &str, behind: usize, most: usize) -> Applied<Vec<Dirty>> {
    let sql = "SELECT sku, version, since_ms FROM dirty WHERE channel = ?1 ORDER BY since_ms, sku LIMIT ?2 OFFSET ?3";
    let row = |row: &Row<'_>| {
        Ok(Dirty {
            sku: row.get(0)?,
            version: unsigned(row.get(1)?),
            since: Millis(row.get(2)?),
        })
    };
    collect(connection, sql, params![channel, limit(most), limit(behind)], row)
}

pub(super) fn dirty_count(connection: &Connection, channel: &str) -> Applied<u64> {
    let mut statement = connection.prepare_cached("SELECT count(*) FROM dirty WHERE channel = ?1")?;
    statement.query_row([channel], |row| row.get(0)).map(unsigned)
}

pub(super) fn intents(connection: &Connection, channel: &str) -> Applied<Vec<String>> {
    let sql = "SELECT listing FROM intent WHERE channel = ?1 ORDER BY listing";
    collect(connection, sql, params![channel], |row| row.get(0))
}
