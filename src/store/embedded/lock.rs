//! One daemon a folder: a locked file that ends with the process, however it ends.

use crate::store::StoreError;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::Path;

/// Beside the database.
pub(super) const LOCK_FILE: &str = "omnistock.lock";

/// Held as long as this value lives. The kernel drops it with the process, also after `kill -9`.
#[derive(Debug)]
pub(super) struct FolderLock {
    _file: File,
}

pub(super) fn unwritable(folder: &Path, problem: &std::io::Error) -> StoreError {
    StoreError::Refused(format!(
        "the state folder {} can't be written ({problem}): make it writable for this user, or set another path under [store]",
        folder.display()
    ))
}

/// The process that the holder wrote into the file, for people only.
fn holder(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.take(20).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

fn taken(folder: &Path, holder: Option<u32>) -> StoreError {
    let who = holder.map_or_else(|| "another process".to_owned(), |pid| format!("process {pid}"));
    StoreError::Refused(format!(
        "the state folder {} is already in use by {who}: stop that daemon, or set another path under [store]",
        folder.display()
    ))
}

impl FolderLock {
    pub(super) fn take(folder: &Path) -> Result<Self, StoreError> {
        let path = folder.join(LOCK_FILE);
        let opened = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path);
        let mut file = opened.map_err(|problem| unwritable(folder, &problem))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(taken(folder, holder(&mut file))),
            Err(TryLockError::Error(problem)) => return Err(unwritable(folder, &problem)),
        }
        // Without the number the lock holds all the same (a full disk must not keep a daemon down).
        let told = file
            .set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| write!(file, "{}", std::process::id()));
        if let Err(problem) = told {
            tracing::warn!(folder = %folder.display(), %problem, "could not note the process number in the lock file");
        }
        Ok(Self { _file: file })
    }
}
