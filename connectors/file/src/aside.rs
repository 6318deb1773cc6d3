//! Putting files away: `done/` and `rejected/` beside them, never over another file.
//!
//! Each step can be repeated after a crash. The reason is durable before the file moves, so
//! no file is ever in `rejected/` without one.

use crate::folder::Print;
use omnistock_sdk::ConnectorError;
use std::fs::{self, File};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

/// Where a file goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shelf<'r> {
    /// It was taken.
    Done,
    /// It was not, for this reason.
    Rejected(&'r str),
}

impl<'r> Shelf<'r> {
    /// With a reason it was refused.
    pub(crate) fn of(reason: Option<&'r str>) -> Self {
        reason.map_or(Self::Done, Self::Rejected)
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Rejected(_) => "rejected",
        }
    }
}

/// Moves the file away if it is still in the state `print`. One that is gone or newer is left alone: then false.
pub(crate) fn put(path: &Path, print: Print, shelf: Shelf<'_>) -> Result<bool, ConnectorError> {
    if state(path) != Some(print) {
        return Ok(false);
    }
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return Ok(false);
    };
    let beside = folder.join(shelf.name());
    let failed = |error: std::io::Error| not_movable(path, &beside, &error);
    match fs::create_dir(&beside) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(failed(error)),
        _ => {}
    }
    let target = free_name(&beside, &name.to_string_lossy(), shelf).map_err(failed)?;
    if let Shelf::Rejected(reason) = shelf {
        write_reason(&beside, &target, reason).map_err(failed)?;
    }
    match fs::rename(path, &target) {
        // Somebody else moved it in between.
        Err(error) if error.kind() == ErrorKind::NotFound => {
            forget_reason(&target, shelf);
            return Ok(false);
        }
        outcome => outcome.map_err(failed)?,
    }
    sync(&beside).and_then(|()| sync(folder)).map_err(failed)?;
    let newer = state(&target).is_some_and(|moved| moved != print);
    if newer {
        return_newer(path, &target);
        forget_reason(&target, shelf);
    }
    Ok(!newer)
}

/// The writer may have replaced the file just before it was moved: then the new one goes back unread.
fn return_newer(path: &Path, target: &Path) {
    // With an even newer one in its place it stays where it is.
    if fs::symlink_metadata(path).is_err()
        && let Err(error) = fs::rename(target, path)
    {
        tracing::warn!(file = %target.display(), %error, "this newer file was put away unread: move it back");
    }
}

/// A reason without its file misleads, but does no harm: so a failure is only logged.
fn forget_reason(target: &Path, shelf: Shelf<'_>) {
    if let (Shelf::Rejected(_), Err(error)) = (shelf, fs::remove_file(reason_path(target))) {
        tracing::debug!(file = %target.display(), %error, "its reason could not be removed");
    }
}

fn state(path: &Path) -> Option<Print> {
    fs::symlink_metadata(path)
        .ok()
        .filter(fs::Metadata::is_file)
        .map(|metadata| Print::of(&metadata))
}

/// `NAME`, or `NAME-1`, `NAME-2` …, whichever is free, in a number of looks that grows with the digits.
fn free_name(folder: &Path, name: &str, shelf: Shelf<'_>) -> std::io::Result<PathBuf> {
    let nth = |number: u64| {
        if number == 0 {
            folder.join(name)
        } else {
            folder.join(format!("{name}-{number}"))
        }
    };
    let (mut taken, mut free) = (0, 0);
    while !is_free(&nth(free), shelf)? {
        taken = free;
        free = (free * 2).max(1);
    }
    while taken + 1 < free {
        let middle = u64::midpoint(taken, free);
        if is_free(&nth(middle), shelf)? {
            free = middle;
        } else {
            taken = middle;
        }
    }
    Ok(nth(free))
}

/// A reason that a crash left without its file is used again.
fn is_free(path: &Path, shelf: Shelf<'_>) -> std::io::Result<bool> {
    let absent = |path: &Path| match fs::symlink_metadata(path) {
        Ok(_) => Ok(false),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(true),
        Err(error) => Err(error),
    };
    let Shelf::Rejected(reason) = shelf else {
        return absent(path);
    };
    if !absent(path)? {
        return Ok(false);
    }
    let beside = reason_path(path);
    if absent(&beside)? {
        return Ok(true);
    }
    let length = fs::symlink_metadata(&beside)?.len();
    let same_length = u64::try_from(reason.len() + 1) == Ok(length);
    Ok(same_length && fs::read(&beside)?.strip_suffix(b"\n") == Some(reason.as_bytes()))
}

fn reason_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".reason");
    PathBuf::from(name)
}

fn write_reason(folder: &Path, target: &Path, reason: &str) -> std::io::Result<()> {
    let mut hidden = std::ffi::OsString::from(".");
    hidden.push(target.file_name().unwrap_or_default());
    hidden.push(".reason.tmp");
    let unfinished = folder.join(hidden);
    let mut file = File::create(&unfinished)?;
    file.write_all(reason.as_bytes())?;
    file.write_all(b"\n")?;
    file.sync_all()?;
    fs::rename(&unfinished, reason_path(target))?;
    sync(folder)
}

fn sync(folder: &Path) -> std::io::Result<()> {
    File::open(folder)?.sync_all()
}

/// What to do where a service may not write: no right that a folder is given would help.
pub(crate) fn read_only(folder: &Path) -> String {
    let folder = folder.display();
    format!(
        "it is read-only for the service: `systemctl edit omnistock`, [Service], ReadWritePaths={folder}, then restart it"
    )
}

/// One sentence about a file that can't be moved.
fn not_movable(path: &Path, beside: &Path, error: &std::io::Error) -> ConnectorError {
    let (path, folder) = (path.display(), beside.display());
    ConnectorError::operator(match error.kind() {
        ErrorKind::PermissionDenied => {
            format!(
                "{path} can't be moved to {folder}: give the daemon's user write permission on both folders ({error})"
            )
        }
        ErrorKind::ReadOnlyFilesystem => format!("{path} can't be moved to {folder}: {}", read_only(beside)),
        ErrorKind::NotADirectory => {
            format!("{path} can't be moved to {folder}: that is no folder; remove or rename it")
        }
        ErrorKind::CrossesDevices => format!("{path} can't be moved to {folder}: it must be on the same file system"),
        ErrorKind::StorageFull => format!("{path} can't be moved to {folder}: the disk is full"),
        _ => format!("{path} can't be moved to {folder}: {error}"),
    })
}

/// Proves that files can be moved, leaving nothing behind.
pub(crate) fn check_writable(folder: &Path) -> Result<(), ConnectorError> {
    for shelf in [Shelf::Done, Shelf::Rejected("")] {
        let beside = folder.join(shelf.name());
        let place = if beside.exists() { &beside } else { folder };
        let probe = place.join(format!(".omnistock-check-{}", std::process::id()));
        File::create(&probe).and_then(|_| fs::remove_file(&probe)).map_err(|error| {
            let (folder, beside) = (place.display(), beside.display());
            ConnectorError::operator(match error.kind() {
                ErrorKind::NotADirectory => format!("{beside} is no folder, so files can't be put away: remove or rename it"),
                ErrorKind::PermissionDenied => format!(
                    "folder {folder} can't be written, so files can't be put away: give the daemon's user write permission ({error})"
                ),
                ErrorKind::ReadOnlyFilesystem => format!(
                    "folder {folder} can't be written, so files can't be put away: {}", read_only(place)
                ),
                _ => format!("folder {folder} can't be written, so files can't be put away: {error}"),
            })
        })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_whose_writer_went_on_is_left_where_it_is_without_a_reason() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("stock.csv");
        fs::write(&path, "half").unwrap();
        let print = state(&path).unwrap();
        fs::write(&path, "half and half").unwrap();
        assert!(!put(&path, print, Shelf::Rejected("cut off")).unwrap());
        assert!(path.exists() && !folder.path().join("rejected").exists());
    }

    #[test]
    fn finding_a_free_name_takes_few_looks_among_many_names() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("s"), "").unwrap();
        for number in 1..300 {
            fs::write(folder.path().join(format!("s-{number}")), "").unwrap();
        }
        assert_eq!(
            free_name(folder.path(), "s", Shelf::Done).unwrap(),
            folder.path().join("s-300")
        );
        fs::remove_file(folder.path().join("s")).unwrap();
        assert_eq!(
            free_name(folder.path(), "s", Shelf::Done).unwrap(),
            folder.path().join("s")
        );
    }

    #[test]
    fn another_reason_of_the_same_name_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let (path, beside) = (folder.path().join("s"), folder.path().join("rejected"));
        fs::create_dir(&beside).unwrap();
        fs::write(beside.join("s.reason"), "of an older file\n").unwrap();
        fs::write(&path, "x").unwrap();
        assert!(put(&path, state(&path).unwrap(), Shelf::Rejected("new")).unwrap());
        assert_eq!(
            fs::read_to_string(beside.join("s.reason")).unwrap(),
            "of an older file\n"
        );
        assert_eq!(fs::read_to_string(beside.join("s-1.reason")).unwrap(), "new\n");
    }
}
