//! What lies in a folder: files that are meant, who they are, and reading one of them whole.

use crate::done_file::DoneFile;
use crate::pattern::Pattern;
use omnistock_sdk::{ConnectorError, Ticket};
use omnistock_words::Millis;
use std::collections::BTreeMap;
use std::fs::{File, Metadata};
use std::io::{ErrorKind, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Files of one folder that are looked at in one go.
pub(crate) const MOST_FILES: usize = 10_000;
/// Entries of one folder that are listed to find them.
pub(crate) const MOST_ENTRIES: usize = 200_000;

/// What a file is read as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// Order statements.
    Orders,
    /// Stock.
    Stock,
}

impl Kind {
    fn word(self) -> &'static str {
        match self {
            Self::Orders => "orders",
            Self::Stock => "stock",
        }
    }
}

/// Tells two states of a file apart. A move keeps it, a write or a replacement doesn't.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Print {
    inode: u64,
    pub(crate) size: u64,
    /// Nanoseconds since 1970.
    modified: i128,
}

impl Print {
    pub(crate) fn of(metadata: &Metadata) -> Self {
        let modified = i128::from(metadata.mtime()) * 1_000_000_000 + i128::from(metadata.mtime_nsec());
        Self {
            inode: metadata.ino(),
            size: metadata.len(),
            modified,
        }
    }

    /// Of a file on a server, which says no more of it: `modified` in seconds since 1970.
    pub(crate) fn of_remote(size: u64, modified: u32) -> Self {
        Self {
            inode: 0,
            size,
            modified: i128::from(modified) * 1_000_000_000,
        }
    }

    fn millis(self) -> Millis {
        Millis(i64::try_from(self.modified.div_euclid(1_000_000)).unwrap_or(i64::MAX)).plus(0)
    }
}

/// A file of a folder as one look saw it.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    pub(crate) kind: Kind,
    pub(crate) path: PathBuf,
    /// The name as a person reads it.
    pub(crate) name: String,
    pub(crate) print: Print,
    /// When anything about the file changed, its name included: nanoseconds since 1970.
    pub(crate) changed: i128,
}

impl Found {
    fn new(kind: Kind, path: PathBuf, name: String, metadata: &Metadata) -> Self {
        let changed = i128::from(metadata.ctime()) * 1_000_000_000 + i128::from(metadata.ctime_nsec());
        Self {
            kind,
            path,
            name,
            print: Print::of(metadata),
            changed,
        }
    }

    /// On a server: how it came can't be seen.
    pub(crate) fn remote(kind: Kind, folder: &Path, name: String, print: Print) -> Self {
        Self {
            kind,
            path: folder.join(&name),
            name,
            print,
            changed: print.modified,
        }
    }

    /// When its content was last written.
    pub(crate) fn modified(&self) -> Millis {
        self.print.millis()
    }

    /// The last change was no write: it was renamed, or its writer set its time or mode when it had finished.
    pub(crate) fn named_last(&self) -> bool {
        self.changed > self.print.modified
    }

    /// The same state of the same file has the same ticket, also after a crash.
    pub(crate) fn ticket(&self) -> Ticket {
        let Print { inode, size, modified } = self.print;
        Ticket(format!("{}/{inode}-{size}-{modified}/{}", self.kind.word(), self.name))
    }

    /// Oldest content first; statements before figures of the same time.
    pub(crate) fn order(&self) -> (i128, Kind, &str) {
        (self.print.modified, self.kind, &self.name)
    }
}

/// Takes a ticket apart: what kind of file, which state, which name.
pub(crate) fn ticket_parts(ticket: &Ticket) -> Option<(Kind, Print, String)> {
    let mut parts = ticket.0.splitn(3, '/');
    let kind = match parts.next()? {
        "stock" => Kind::Stock,
        "orders" => Kind::Orders,
        _ => return None,
    };
    let mut numbers = parts.next()?.splitn(3, '-');
    let inode = numbers.next()?.parse().ok()?;
    let size = numbers.next()?.parse().ok()?;
    let modified = numbers.next()?.parse().ok()?;
    let name = parts
        .next()
        .filter(|name| !name.is_empty() && !name.contains('/') && *name != "." && *name != "..")?;
    Some((kind, Print { inode, size, modified }, name.to_owned()))
}

/// Gathers what is meant among the entries of one folder.
pub(crate) struct Sieve<'a> {
    pattern: &'a Pattern,
    except: Option<&'a Pattern>,
    done: Option<&'a DoneFile>,
    entries: usize,
    found: Vec<Found>,
    /// Done files, by what they stand beside: when they were written.
    marks: BTreeMap<String, i128>,
}

impl<'a> Sieve<'a> {
    /// For files that `pattern` means and `except` doesn't, each with its done file where there has to be one.
    pub(crate) fn new(pattern: &'a Pattern, except: Option<&'a Pattern>, done: Option<&'a DoneFile>) -> Self {
        Self {
            pattern,
            except: except.filter(|except| except.folder == pattern.folder),
            done,
            entries: 0,
            found: Vec::new(),
            marks: BTreeMap::new(),
        }
    }

    /// Counts an entry; false when no more are looked at.
    pub(crate) fn next(&mut self) -> bool {
        self.entries += 1;
        self.entries <= MOST_ENTRIES && self.found.len() < MOST_FILES
    }

    fn means(&self, name: &str) -> bool {
        self.pattern.matches(name) && !self.except.is_some_and(|other| other.matches(name))
    }

    /// Whether an entry of this name is worth a closer look.
    pub(crate) fn wants(&self, name: &str) -> bool {
        match self.done.and_then(|done| done.of(name)) {
            Some(beside) => self.means(beside),
            None => self.means(name),
        }
    }

    /// A plain file whose name is wanted.
    pub(crate) fn add(&mut self, file: Found) {
        match self.done.and_then(|done| done.of(&file.name)) {
            Some(beside) => drop(self.marks.insert(beside.to_owned(), file.print.modified)),
            None => self.found.push(file),
        }
    }

    /// What was found; `crowded`: not everything was looked at. A done file that is older than its file is that of the
    /// one before: the file itself may still be written.
    pub(crate) fn finish(mut self, crowded: bool) -> (Vec<Found>, bool) {
        if self.done.is_some() {
            let marks = self.marks;
            self.found
                .retain(|file| marks.get(&file.name).is_some_and(|mark| *mark >= file.print.modified));
        }
        (self.found, crowded)
    }
}

/// The files that `pattern` means and `except` doesn't; true with more than are looked at.
pub(crate) fn list(
    kind: Kind,
    pattern: &Pattern,
    except: Option<&Pattern>,
    done: Option<&DoneFile>,
) -> Result<(Vec<Found>, bool), ConnectorError> {
    let unlisted = |error: std::io::Error| unlisted(&pattern.folder, &error);
    let mut sieve = Sieve::new(pattern, except, done);
    for entry in std::fs::read_dir(&pattern.folder).map_err(unlisted)? {
        if !sieve.next() {
            return Ok(sieve.finish(true));
        }
        let entry = entry.map_err(unlisted)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if !sieve.wants(&name) {
            continue;
        }
        // Gone between the two calls: somebody else took it.
        let Ok(metadata) = entry.metadata() else { continue };
        if metadata.is_file() {
            sieve.add(Found::new(kind, entry.path(), name, &metadata));
        }
    }
    Ok(sieve.finish(false))
}

/// One sentence about a folder that can't be listed.
pub(crate) fn unlisted(folder: &Path, error: &std::io::Error) -> ConnectorError {
    let shown = folder.display();
    ConnectorError::operator(match error.kind() {
        ErrorKind::NotFound => format!("folder {shown} does not exist: create it, or correct `path`"),
        ErrorKind::NotADirectory => format!("{shown} is no folder: correct `path`"),
        ErrorKind::PermissionDenied => {
            format!("folder {shown} can't be listed: give the daemon's user read and execute permission on it")
        }
        _ => format!("folder {shown} can't be listed: {error}"),
    })
}

/// What became of an attempt to read a file.
pub(crate) enum Content {
    /// All of it.
    Whole(Vec<u8>),
    /// More than is taken.
    TooLarge,
    /// Gone or no longer as it was seen: its writer is at work.
    Changed,
}

/// Reads the file if it is still the one that was seen, and is so afterwards.
pub(crate) fn read(found: &Found, max_bytes: u64) -> Result<Content, ConnectorError> {
    if found.print.size > max_bytes {
        return Ok(Content::TooLarge);
    }
    match attempt(found) {
        Ok(Some(bytes)) => Ok(Content::Whole(bytes)),
        Ok(None) => Ok(Content::Changed),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Content::Changed),
        Err(error) if error.kind() == ErrorKind::PermissionDenied => Err(ConnectorError::operator(format!(
            "{} can't be read: give the daemon's user read permission",
            found.path.display()
        ))),
        Err(error) => Err(ConnectorError::retry(format!(
            "{} can't be read: {error}",
            found.path.display()
        ))),
    }
}

fn attempt(found: &Found) -> std::io::Result<Option<Vec<u8>>> {
    let file = File::open(&found.path)?;
    if Print::of(&file.metadata()?) != found.print {
        return Ok(None);
    }
    let size = found.print.size;
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
    (&file).take(size.saturating_add(1)).read_to_end(&mut bytes)?;
    // Also by its name: a replacement means that something newer is there.
    let same = Print::of(&file.metadata()?) == found.print
        && Print::of(&std::fs::symlink_metadata(&found.path)?) == found.print;
    let whole = u64::try_from(bytes.len()) == Ok(size);
    Ok((same && whole).then_some(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_names_its_file_and_nothing_outside_the_folder() {
        let ticket = |text: &str| ticket_parts(&Ticket(text.into()));
        let (kind, print, name) = ticket("orders/12-34--56/a b.csv").unwrap();
        assert_eq!(
            (kind, print.inode, print.size, print.modified, name.as_str()),
            (Kind::Orders, 12, 34, -56, "a b.csv")
        );
        for text in [
            "",
            "stock",
            "stock/1-2-3/",
            "stock/1-2-3/..",
            "stock/1-2-3/../x",
            "stock/1-2/x",
            "sold/1-2-3/x",
            "stock/1-2-3/a/b",
        ] {
            assert!(ticket(text).is_none(), "{text}");
        }
    }
}
