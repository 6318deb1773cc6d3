//! The file that is written: looking at it, and replacing it whole.
//!
//! A reader finds the old content or the new one, never a part: it is written beside it, made durable, and renamed.
//! A crash in between leaves a hidden file, which the next write replaces.

use super::settings::Plan;
use crate::folder::Print;
use omnistock_sdk::ConnectorError;
use std::fs::{self, File, Permissions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// Rights of a new export.
const READABLE: u32 = 0o644;

/// The state of the file, `None` where there is none. What is in its place and no file is refused.
pub(super) fn state(plan: &Plan) -> Result<Option<Print>, ConnectorError> {
    let path = plan.path();
    match fs::symlink_metadata(&path) {
        Ok(metadata) if metadata.is_file() => Ok(Some(Print::of(&metadata))),
        Ok(_) => Err(ConnectorError::operator(format!(
            "{} is no plain file: remove it, or correct `path`",
            path.display()
        ))),
        Err(error) if error.kind() == ErrorKind::NotFound => folder(plan).map(|()| None),
        Err(error) => Err(failed(&plan.folder, &error)),
    }
}

/// Without its folder a file is not gone: it is out of sight.
fn folder(plan: &Plan) -> Result<(), ConnectorError> {
    let metadata = fs::metadata(&plan.folder).map_err(|error| failed(&plan.folder, &error))?;
    if metadata.is_dir() {
        Ok(())
    } else {
        Err(failed(&plan.folder, &ErrorKind::NotADirectory.into()))
    }
}

/// The content of the file in this state, and the state of what was read; `None` where it is gone.
pub(super) fn content(plan: &Plan) -> Result<Option<(Print, Vec<u8>)>, ConnectorError> {
    let path = plan.path();
    let unread = |error: std::io::Error| ConnectorError::retry(format!("{} can't be read: {error}", path.display()));
    let file = match File::open(&path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            return Err(ConnectorError::operator(format!(
                "{} can't be read: give the daemon's user read permission, or correct `path`",
                path.display()
            )));
        }
        Err(error) => return Err(unread(error)),
    };
    let print = Print::of(&file.metadata().map_err(unread)?);
    if print.size > plan.max_bytes {
        return Err(not_ours(&path, &format!("it has {} bytes", print.size)));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(print.size).unwrap_or_default());
    let most = plan.max_bytes.saturating_add(1);
    (&file).take(most).read_to_end(&mut bytes).map_err(unread)?;
    Ok(Some((print, bytes)))
}

/// A file that we did not write is not replaced: `path` may be wrong.
pub(super) fn not_ours(path: &Path, why: &str) -> ConnectorError {
    ConnectorError::operator(format!(
        "{} is no export with these settings and is not replaced: move it away, or correct `path`; {why}",
        path.display()
    ))
}

/// Replaces the file, durably. An error of class *unknown*: the new one may be there.
pub(super) fn replace(plan: &Plan, bytes: &[u8]) -> Result<Print, ConnectorError> {
    let (path, beside) = (plan.path(), hidden(plan, "tmp"));
    let prepared = || -> std::io::Result<Print> {
        let mut file = File::create(&beside)?;
        // Whatever the daemon's own umask is: an export is for others, and keeps the rights that it was given.
        let mode = fs::metadata(&path).map_or(READABLE, |known| known.permissions().mode() & 0o777);
        file.set_permissions(Permissions::from_mode(mode))?;
        file.write_all(bytes)?;
        file.sync_all()?;
        Ok(Print::of(&file.metadata()?))
    };
    let print = prepared().map_err(|error| failed(&plan.folder, &error))?;
    fs::rename(&beside, &path).map_err(|error| failed(&plan.folder, &error))?;
    let durable = File::open(&plan.folder).and_then(|folder| folder.sync_all());
    durable.map_err(|error| {
        ConnectorError::unknown(format!("{} may not outlive a power failure: {error}", path.display()))
    })?;
    Ok(print)
}

/// Proves that the file can be written, leaving nothing behind.
pub(super) fn check_writable(plan: &Plan) -> Result<(), ConnectorError> {
    folder(plan)?;
    let probe = hidden(plan, &format!("check-{}", std::process::id()));
    let written = File::create(&probe).and_then(|_| fs::remove_file(&probe));
    written.map_err(|error| failed(&plan.folder, &error))
}

fn hidden(plan: &Plan, ending: &str) -> PathBuf {
    plan.folder.join(format!(".{}.{ending}", plan.name))
}

/// One sentence about a folder in which nothing can be written.
fn failed(folder: &Path, error: &std::io::Error) -> ConnectorError {
    let shown = folder.display();
    ConnectorError::operator(match error.kind() {
        ErrorKind::NotFound => format!("folder {shown} does not exist: create it, or correct `path`"),
        ErrorKind::NotADirectory => format!("{shown} is no folder: correct `path`"),
        ErrorKind::PermissionDenied => format!(
            "folder {shown} of `path` can't be written: give the daemon's user write and execute permission ({error})"
        ),
        ErrorKind::ReadOnlyFilesystem => {
            format!(
                "folder {shown} of `path` can't be written: {}",
                crate::aside::read_only(folder)
            )
        }
        ErrorKind::StorageFull => format!("folder {shown} of `path`: the disk is full, the last export stays as it is"),
        _ => return ConnectorError::retry(format!("folder {shown} of `path` can't be written: {error}")),
    })
}
