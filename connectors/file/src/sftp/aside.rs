//! Putting files away on a server: `done/` and `rejected/` beside them, by rename, never over another file.
//!
//! As in a folder of this machine, each step can be repeated after a crash, and no file is ever in `rejected/` without
//! its reason.

use super::session::{Entry, Fault, Session};
use crate::aside::Shelf;
use crate::folder::Print;
use omnistock_sdk::ConnectorError;

/// Reasons that are compared with one that lies there already: bytes.
const MOST_REASON: u64 = 1 << 20;

/// Moves the file away if it is still in the state `print`. One that is gone or newer is left alone: then false.
pub(super) async fn put(
    session: &mut Session<'_>,
    path: &str,
    print: Print,
    shelf: Shelf<'_>,
) -> Result<bool, ConnectorError> {
    let server = session.server();
    let (folder, _) = path.rsplit_once('/').unwrap_or((".", path));
    let beside = format!("{folder}/{}", shelf.name());
    let moved = moved(session, path, &beside, print, shelf).await;
    moved.map_err(|fault| fault.or(&server, |fault| not_movable(&server, path, &beside, fault)))
}

async fn moved(
    session: &mut Session<'_>,
    path: &str,
    beside: &str,
    print: Print,
    shelf: Shelf<'_>,
) -> Result<bool, Fault> {
    if session.entry(path).await? != Some(Entry::File(print)) {
        return Ok(false);
    }
    if session.entry(beside).await?.is_none() {
        session.make_folder(beside).await?;
    }
    let name = path.rsplit_once('/').map_or(path, |(_, name)| name);
    let target = free_name(session, &format!("{beside}/{name}"), shelf).await?;
    if let Shelf::Rejected(reason) = shelf {
        write_reason(session, beside, &target, reason).await?;
    }
    match session.rename(path, &target).await {
        // Somebody else moved it in between.
        Err(fault) if fault.is_missing() => {
            forget_reason(session, &target, shelf).await;
            return Ok(false);
        }
        outcome => outcome?,
    }
    let newer = session
        .entry(&target)
        .await?
        .is_some_and(|moved| moved != Entry::File(print));
    if newer {
        return_newer(session, path, &target).await;
        forget_reason(session, &target, shelf).await;
    }
    Ok(!newer)
}

/// The writer may have replaced the file just before it was moved: then the new one goes back unread.
async fn return_newer(session: &mut Session<'_>, path: &str, target: &str) {
    // With an even newer one in its place it stays where it is: a rename replaces nothing.
    if let Err(fault) = session.rename(target, path).await {
        tracing::warn!(file = %target, "this newer file was put away unread: move it back ({})", fault.shown());
    }
}

/// A reason without its file misleads, but does no harm: so a failure is only logged.
async fn forget_reason(session: &mut Session<'_>, target: &str, shelf: Shelf<'_>) {
    if matches!(shelf, Shelf::Rejected(_))
        && let Err(fault) = session.remove(&reason_path(target)).await
    {
        tracing::debug!(file = %target, "its reason could not be removed: {}", fault.shown());
    }
}

/// `NAME`, or `NAME-1`, `NAME-2` …, whichever is free, in a number of looks that grows with the digits.
async fn free_name(session: &mut Session<'_>, plain: &str, shelf: Shelf<'_>) -> Result<String, Fault> {
    let nth = |number: u64| {
        if number == 0 {
            plain.to_owned()
        } else {
            format!("{plain}-{number}")
        }
    };
    let (mut taken, mut free) = (0, 0);
    while !is_free(session, &nth(free), shelf).await? {
        taken = free;
        free = (free * 2).max(1);
    }
    while taken + 1 < free {
        let middle = u64::midpoint(taken, free);
        if is_free(session, &nth(middle), shelf).await? {
            free = middle;
        } else {
            taken = middle;
        }
    }
    Ok(nth(free))
}

/// A reason that a crash left without its file is used again.
async fn is_free(session: &mut Session<'_>, path: &str, shelf: Shelf<'_>) -> Result<bool, Fault> {
    if session.entry(path).await?.is_some() {
        return Ok(false);
    }
    let Shelf::Rejected(reason) = shelf else {
        return Ok(true);
    };
    let beside = reason_path(path);
    if session.entry(&beside).await?.is_none() {
        return Ok(true);
    }
    let there = session.read(&beside, None, MOST_REASON).await?;
    Ok(there.is_some_and(|there| there.strip_suffix(b"\n") == Some(reason.as_bytes())))
}

fn reason_path(path: &str) -> String {
    format!("{path}.reason")
}

async fn write_reason(session: &mut Session<'_>, beside: &str, target: &str, reason: &str) -> Result<(), Fault> {
    let written = reason_path(target);
    // It is the same one: see `is_free`.
    if session.entry(&written).await?.is_some() {
        return Ok(());
    }
    let name = target.rsplit_once('/').map_or(target, |(_, name)| name);
    let unfinished = format!("{beside}/.{name}.reason.tmp");
    session.write(&unfinished, format!("{reason}\n").as_bytes()).await?;
    session.rename(&unfinished, &written).await
}

/// One sentence about a file that can't be moved.
fn not_movable(server: &str, path: &str, beside: &str, fault: &Fault) -> ConnectorError {
    let why = fault.shown();
    ConnectorError::operator(if fault.is_denied() {
        format!(
            "{server}: {path} can't be moved to {beside} ({why}): have the account permitted to write there, or set \
             put_away = false; until then it is remembered while this process runs, and not read again"
        )
    } else {
        format!("{server}: {path} can't be moved to {beside}: {why}")
    })
}

/// Proves that files can be put away, leaving nothing behind.
pub(super) async fn check_writable(session: &mut Session<'_>, folder: &str) -> Result<(), ConnectorError> {
    let server = session.server();
    for shelf in [Shelf::Done, Shelf::Rejected("")] {
        let beside = format!("{folder}/{}", shelf.name());
        let probed = probe(session, folder, &beside).await;
        probed.map_err(|fault| {
            fault.or(&server, |fault| {
                ConnectorError::operator(format!(
                    "{server}: nothing can be put away in {beside} ({}): have the account permitted to write there, or \
                     set put_away = false",
                    fault.shown()
                ))
            })
        })?;
    }
    Ok(())
}

async fn probe(session: &mut Session<'_>, folder: &str, beside: &str) -> Result<(), Fault> {
    let place = if session.entry(beside).await?.is_some() {
        beside
    } else {
        folder
    };
    let probe = format!("{place}/.omnistock-check-{}", std::process::id());
    session.write(&probe, b"").await?;
    session.remove(&probe).await
}
