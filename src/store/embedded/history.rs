//! The history as statements: told inside the commit's transaction, forgotten oldest first.

use super::apply::{Applied, counter, holds, set_counter};
use super::problem::{signed, unsigned};
use crate::store::prepare::Told;
use crate::store::{CommitError, HistoryId, HistorySize, Lease, PastEntry, Way};
use rusqlite::{Connection, OptionalExtension, Row, params};

/// Subjects in one value: JSON, because names may hold any character.
fn joined(about: &std::collections::BTreeSet<&str>) -> Vec<u8> {
    serde_json::to_vec(about).unwrap_or_default()
}

/// Adds the entries of a commit. Their places rise over all that were ever given.
pub(super) fn tell(connection: &Connection, history: &[Told<'_>]) -> Applied<()> {
    if history.is_empty() {
        return Ok(());
    }
    let mut last = HistoryId(counter(connection, "last_history")?);
    let mut put = connection.prepare_cached("INSERT INTO history (id, about, bytes) VALUES (?1, ?2, ?3)")?;
    let mut point = connection.prepare_cached("INSERT INTO history_about (about, id) VALUES (?1, ?2)")?;
    let mut bytes = counter(connection, "history_bytes")?;
    for told in history {
        last = last.next(told.at);
        put.execute(params![signed(last.0), joined(&told.about), told.bytes])?;
        for about in &told.about {
            point.execute(params![about, signed(last.0)])?;
        }
        bytes += told.size();
    }
    let entries = counter(connection, "history_entries")? + history.len() as u64;
    set_counter(connection, "last_history", last.0)?;
    set_counter(connection, "history_entries", entries)?;
    set_counter(connection, "history_bytes", bytes)
}

/// Forgets entries before a place, oldest first; what it says is how many, or that the lease is lost.
pub(super) fn forget(
    connection: &Connection,
    lease: &Lease,
    before: HistoryId,
    most: usize,
) -> Applied<Result<u64, CommitError>> {
    if !holds(connection, lease)? {
        return Ok(Err(CommitError::Fenced));
    }
    let (mut entries, mut bytes) = (0, 0);
    let mut oldest =
        connection.prepare_cached("SELECT id, about, length(bytes) FROM history WHERE id < ?1 ORDER BY id LIMIT ?2")?;
    let row = |row: &Row<'_>| Ok((row.get(0)?, row.get::<_, Vec<u8>>(1)?, row.get::<_, i64>(2)?));
    let found: Vec<(i64, Vec<u8>, i64)> = oldest
        .query_map(params![signed(before.0), i64::try_from(most).unwrap_or(i64::MAX)], row)?
        .collect::<rusqlite::Result<_>>()?;
    let mut unpoint = connection.prepare_cached("DELETE FROM history_about WHERE about = ?1 AND id = ?2")?;
    let mut drop_entry = connection.prepare_cached("DELETE FROM history WHERE id = ?1")?;
    for (id, about, length) in found {
        let about: Vec<String> = serde_json::from_slice(&about).unwrap_or_default();
        for about in &about {
            unpoint.execute(params![about, id])?;
        }
        drop_entry.execute([id])?;
        entries += 1;
        bytes += unsigned(length) + about.iter().map(|about| about.len() as u64).sum::<u64>();
    }
    if entries > 0 {
        let left = |name: &str, less: u64| counter(connection, name).map(|now| now.saturating_sub(less));
        set_counter(connection, "history_entries", left("history_entries", entries)?)?;
        set_counter(connection, "history_bytes", left("history_bytes", bytes)?)?;
    }
    Ok(Ok(entries))
}

/// Entries beyond `from`.
pub(super) fn entries(
    connection: &Connection,
    about: Option<&str>,
    from: HistoryId,
    way: Way,
    most: usize,
) -> Applied<Vec<PastEntry>> {
    let sql = match (about, way) {
        (None, Way::Forward) => "SELECT id, bytes FROM history WHERE id > ?2 AND ?1 IS NULL ORDER BY id LIMIT ?3",
        (None, Way::Back) => "SELECT id, bytes FROM history WHERE id < ?2 AND ?1 IS NULL ORDER BY id DESC LIMIT ?3",
        (Some(_), Way::Forward) => {
            "SELECT id, bytes FROM history_about JOIN history USING (id)
             WHERE history_about.about = ?1 AND id > ?2 ORDER BY id LIMIT ?3"
        }
        (Some(_), Way::Back) => {
            "SELECT id, bytes FROM history_about JOIN history USING (id)
             WHERE history_about.about = ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3"
        }
    };
    let row = |row: &Row<'_>| {
        Ok(PastEntry {
            id: HistoryId(unsigned(row.get(0)?)),
            bytes: row.get(1)?,
        })
    };
    let (from, most) = (signed(from.0), i64::try_from(most).unwrap_or(i64::MAX));
    connection
        .prepare_cached(sql)?
        .query_map(params![about, from, most], row)?
        .collect()
}

pub(super) fn size(connection: &Connection) -> Applied<HistorySize> {
    let oldest: Option<i64> = connection
        .prepare_cached("SELECT id FROM history ORDER BY id LIMIT 1")?
        .query_row([], |row| row.get(0))
        .optional()?;
    Ok(HistorySize {
        entries: counter(connection, "history_entries")?,
        bytes: counter(connection, "history_bytes")?,
        oldest: oldest.map(|id| HistoryId(unsigned(id))),
    })
}
