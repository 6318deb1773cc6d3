//! A backup of a database that may be in use: one consistent state in one file of its own.
//!
//! `VACUUM INTO` copies what was committed when it began, while the daemon goes on. The file gets its
//! name only once it is whole and through fsync; a file that exists is never overwritten.

use super::schema::{DATABASE_FILE, open_reader};
use std::fs::{File, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Backup {
    /// The size of the file.
    pub bytes: u64,
}

/// Why there is no backup; nothing of it is left.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BackupError(String);

/// The file while it is written.
fn partial(to: &Path) -> PathBuf {
    let mut name = to.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.part", std::process::id()));
    to.with_file_name(name)
}

/// Copies the database in `folder` to the new file `to`. Blocks for as long as that takes; needs no
/// lock and no daemon, and as much space as the database.
///
/// # Errors
/// One sentence, when there is no database, `to` exists, or the disk refuses.
pub fn backup(folder: &Path, to: &Path) -> Result<Backup, BackupError> {
    let database = folder.join(DATABASE_FILE);
    if !database.is_file() {
        return Err(BackupError(format!(
            "there is no database {}: check `path` under [store]",
            database.display()
        )));
    }
    if to.symlink_metadata().is_ok() {
        return Err(exists(to));
    }
    let part = partial(to);
    let done = copy(&database, &part, to);
    // Whatever happened, the unfinished name goes.
    let cleaned = std::fs::remove_file(&part);
    if let (Ok(_), Err(cause)) = (&done, cleaned) {
        tracing::warn!("{} could not be removed: {cause}", part.display());
    }
    done
}

fn exists(to: &Path) -> BackupError {
    BackupError(format!(
        "{} exists and is not overwritten: name a new file",
        to.display()
    ))
}

fn copy(database: &Path, part: &Path, to: &Path) -> Result<Backup, BackupError> {
    let failed = |cause: &dyn std::fmt::Display| BackupError(format!("{} can't be written: {cause}", to.display()));
    let name = part.to_str().ok_or_else(|| failed(&"its name is not UTF-8"))?;
    // An empty file is written to: so nobody else can read it at any time.
    let mut fresh = OpenOptions::new();
    fresh.write(true).create_new(true).mode(0o600);
    drop(fresh.open(part).map_err(|error| failed(&error))?);
    let connection = open_reader(database).map_err(|error| BackupError(error.to_string()))?;
    connection
        .execute("VACUUM INTO ?1", [name])
        .map_err(|error| failed(&error))?;
    let file = File::open(part).map_err(|error| failed(&error))?;
    file.sync_all().map_err(|error| failed(&error))?;
    let bytes = file.metadata().map_err(|error| failed(&error))?.len();
    // A link, unlike a rename, fails where somebody was faster.
    std::fs::hard_link(part, to).map_err(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => exists(to),
        _ => failed(&error),
    })?;
    let folder = to.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))
        .and_then(|folder| folder.sync_all())
        .map_err(|error| failed(&error))?;
    Ok(Backup { bytes })
}
