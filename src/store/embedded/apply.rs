//! The changes themselves, as statements inside a transaction that the writer opened.

use super::problem::{signed, unsigned};
use crate::store::prepare::{ChannelChanges, prepare};
use crate::store::{CommitBatch, CommitError, EntryId, Leader, Lease, Mark, Standing};
use omnistock_words::Millis;
use rusqlite::{Connection, OptionalExtension, params};
use std::time::Duration;

/// What SQL said, apart from what the rules of a commit said. The second has changed nothing.
pub(super) type Applied<T> = rusqlite::Result<T>;

pub(super) fn counter(connection: &Connection, name: &str) -> Applied<u64> {
    let mut statement = connection.prepare_cached("SELECT value FROM counter WHERE name = ?1")?;
    statement.query_row([name], |row| row.get(0)).map(unsigned)
}

pub(super) fn set_counter(connection: &Connection, name: &str, value: u64) -> Applied<()> {
    let mut statement = connection.prepare_cached("UPDATE counter SET value = ?2 WHERE name = ?1")?;
    statement.execute(params![name, signed(value)]).map(drop)
}

pub(super) fn cursor(connection: &Connection) -> Applied<EntryId> {
    counter(connection, "cursor").map(EntryId)
}

struct Held {
    owner: Option<String>,
    token: u64,
    until: i64,
}

fn held(connection: &Connection) -> Applied<Held> {
    let mut statement = connection.prepare_cached("SELECT owner, token, until_ms FROM lease")?;
    statement.query_row([], |row| {
        Ok(Held {
            owner: row.get(0)?,
            token: unsigned(row.get(1)?),
            until: row.get(2)?,
        })
    })
}

pub(super) fn holds(connection: &Connection, lease: &Lease) -> Applied<bool> {
    let held = held(connection)?;
    Ok(held.token == lease.token && held.owner.as_deref() == Some(lease.owner.as_str()))
}

fn set_lease(connection: &Connection, owner: &str, token: u64, until: Millis) -> Applied<()> {
    let mut statement = connection.prepare_cached("UPDATE lease SET owner = ?1, token = ?2, until_ms = ?3")?;
    statement.execute(params![owner, signed(token), until.0]).map(drop)
}

fn until(now: Millis, length: Duration) -> Millis {
    now.plus(i64::try_from(length.as_millis()).unwrap_or(i64::MAX))
}

pub(super) fn acquire(connection: &Connection, owner: &str, length: Duration, now: Millis) -> Applied<Option<Lease>> {
    let held = held(connection)?;
    let running = held.owner.filter(|_| held.until > now.0);
    let token = match running {
        Some(holder) if holder != owner => return Ok(None),
        Some(_) => held.token,
        None => {
            connection.execute("UPDATE lease SET since_ms = ?1", [now.0])?;
            held.token + 1
        }
    };
    set_lease(connection, owner, token, until(now, length))?;
    Ok(Some(Lease {
        owner: owner.to_owned(),
        token,
    }))
}

pub(super) fn renew(connection: &Connection, lease: &Lease, length: Duration, now: Millis) -> Applied<bool> {
    let holds = holds(connection, lease)?;
    if holds {
        set_lease(connection, &lease.owner, lease.token, until(now, length))?;
    }
    Ok(holds)
}

pub(super) fn release(connection: &Connection, lease: &Lease) -> Applied<()> {
    if holds(connection, lease)? {
        connection.execute("UPDATE lease SET owner = NULL, until_ms = 0", [])?;
    }
    Ok(())
}

pub(super) fn standing(connection: &Connection, now: Millis) -> Applied<Standing> {
    let (held, note) = (held(connection)?, "SELECT since_ms, note FROM lease");
    let (since, note) = connection.query_row(note, [], |row| Ok((Millis(row.get(0)?), row.get(1)?)))?;
    let left = Duration::from_millis(u64::try_from(held.until.saturating_sub(now.0)).unwrap_or_default());
    let leader = held.owner.filter(|_| !left.is_zero());
    Ok(Standing {
        leader: leader.map(|owner| Leader { owner, since, left }),
        mark: Mark {
            generation: counter(connection, "generation")?,
            commits: counter(connection, "commits")?,
            entries: counter(connection, "last_entry")?,
        },
        note,
        ..Standing::default()
    })
}

pub(super) fn name(
    connection: &Connection,
    lease: &Lease,
    generation: u64,
    note: Option<&str>,
    forget: bool,
) -> Applied<bool> {
    let holds = holds(connection, lease)?;
    if holds {
        set_counter(connection, "generation", generation)?;
        connection.execute("UPDATE lease SET note = ?1", [note])?;
        let kept = crate::store::Kind::Merchant.name();
        if forget {
            connection.execute("DELETE FROM document WHERE kind <> ?1", [kept])?;
        }
    }
    Ok(holds)
}

/// Ids go on behind both the last entry and the cursor: no entry is ever behind the reader's back.
pub(super) fn append(connection: &Connection, events: &[Vec<u8>]) -> Applied<Vec<EntryId>> {
    let mut last = counter(connection, "last_entry")?.max(cursor(connection)?.0);
    let mut statement = connection.prepare_cached("INSERT INTO inbox (id, bytes) VALUES (?1, ?2)")?;
    let mut ids = Vec::with_capacity(events.len());
    for event in events {
        last += 1;
        statement.execute(params![signed(last), event])?;
        ids.push(EntryId(last));
    }
    set_counter(connection, "last_entry", last)?;
    Ok(ids)
}

fn write_documents(connection: &Connection, writes: &[&crate::store::DocumentWrite]) -> Applied<()> {
    let mut put = connection.prepare_cached(
        "INSERT INTO document (kind, id, version, bytes) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (kind, id) DO UPDATE SET version = excluded.version, bytes = excluded.bytes",
    )?;
    let mut delete = connection.prepare_cached("DELETE FROM document WHERE kind = ?1 AND id = ?2")?;
    for write in writes {
        let (kind, id) = (write.key.kind.name(), &write.key.id);
        match &write.bytes {
            Some(bytes) => put.execute(params![kind, id, signed(write.version), bytes])?,
            None => delete.execute(params![kind, id])?,
        };
    }
    Ok(())
}

fn change_channel(
    connection: &Connection,
    channel: &str,
    changes: &ChannelChanges<'_>,
    last_mark: &mut u64,
) -> Applied<()> {
    let mut mark_dirty = connection.prepare_cached(
        "INSERT INTO dirty (channel, sku, version, since_ms) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (channel, sku) DO UPDATE SET version = excluded.version",
    )?;
    for mark in &changes.marks {
        *last_mark += 1;
        mark_dirty.execute(params![channel, mark.sku, signed(*last_mark), mark.since.0])?;
    }
    let mut clear = connection.prepare_cached("DELETE FROM dirty WHERE channel = ?1 AND sku = ?2 AND version = ?3")?;
    for seen in &changes.clears {
        clear.execute(params![channel, seen.sku, signed(seen.version)])?;
    }
    let mut open = connection.prepare_cached("INSERT OR IGNORE INTO intent (channel, listing) VALUES (?1, ?2)")?;
    let mut close = connection.prepare_cached("DELETE FROM intent WHERE channel = ?1 AND listing = ?2")?;
    for (listing, is_open) in &changes.intents {
        if *is_open {
            open.execute([channel, listing])?
        } else {
            close.execute([channel, listing])?
        };
    }
    Ok(())
}

fn versions_hold(connection: &Connection, writes: &[&crate::store::DocumentWrite]) -> Applied<Result<(), CommitError>> {
    let mut statement = connection.prepare_cached("SELECT version FROM document WHERE kind = ?1 AND id = ?2")?;
    for write in writes {
        let version = statement
            .query_row([write.key.kind.name(), &write.key.id], |row| row.get(0))
            .optional()?;
        if version.map_or(0, unsigned) != write.expected {
            return Ok(Err(CommitError::Conflict(write.key.clone())));
        }
    }
    Ok(Ok(()))
}

/// All checks first: a commit that breaks a rule has changed nothing, so that the commits beside
/// it in the same transaction go on.
pub(super) fn commit(connection: &Connection, lease: &Lease, batch: &CommitBatch) -> Applied<Result<(), CommitError>> {
    let prepared = match prepare(batch) {
        Ok(prepared) => prepared,
        Err(problem) => return Ok(Err(problem.into())),
    };
    if !holds(connection, lease)? {
        return Ok(Err(CommitError::Fenced));
    }
    if prepared.cursor.is_some() && prepared.cursor.map(|moved| moved.from) != Some(cursor(connection)?) {
        return Ok(Err(CommitError::CursorMoved));
    }
    for writes in prepared.writes.values() {
        if let Err(conflict) = versions_hold(connection, writes)? {
            return Ok(Err(conflict));
        }
    }
    for writes in prepared.writes.values() {
        write_documents(connection, writes)?;
    }
    if !prepared.channels.is_empty() {
        let mut last_mark = counter(connection, "last_mark")?;
        for (channel, changes) in &prepared.channels {
            change_channel(connection, channel, changes, &mut last_mark)?;
        }
        set_counter(connection, "last_mark", last_mark)?;
    }
    super::history::tell(connection, &prepared.history)?;
    if let Some(moved) = prepared.cursor {
        set_counter(connection, "cursor", moved.to.0)?;
        connection
            .prepare_cached("DELETE FROM inbox WHERE id <= ?1")?
            .execute([signed(moved.to.0)])?;
    }
    let mut count = connection.prepare_cached("UPDATE counter SET value = value + 1 WHERE name = 'commits'")?;
    count.execute([])?;
    Ok(Ok(()))
}
