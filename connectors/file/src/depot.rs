//! Where a source's files lie, seen alike wherever that is: a folder of this machine, or one of a server.

use crate::aside::{self, Shelf};
use crate::done_file::{self, DoneFile, MOST_DONE};
use crate::folder::{self, Content, Found, Kind, MOST_FILES, Print};
use crate::pattern::Pattern;
use crate::source::blocking;
use async_trait::async_trait;
use omnistock_sdk::ConnectorError;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Which files are meant, of each sort, and what proves that one is finished.
#[derive(Debug)]
pub(crate) struct Meant {
    pub(crate) stock: Pattern,
    pub(crate) orders: Option<Pattern>,
    pub(crate) done_file: Option<DoneFile>,
    /// False: files stay where they are.
    pub(crate) put_away: bool,
}

impl Meant {
    /// The folder of files of this sort; `None` where the sort is not configured.
    pub(crate) fn folder(&self, kind: Kind) -> Option<&Path> {
        let pattern = match kind {
            Kind::Stock => Some(&self.stock),
            Kind::Orders => self.orders.as_ref(),
        };
        pattern.map(|pattern| pattern.folder.as_path())
    }

    /// Each sort with its pattern, and the pattern whose files are not of it.
    pub(crate) fn sorts(&self) -> impl Iterator<Item = (Kind, &Pattern, Option<&Pattern>)> {
        let orders = self.orders.iter().map(|orders| (Kind::Orders, orders, None));
        std::iter::once((Kind::Stock, &self.stock, self.orders.as_ref())).chain(orders)
    }
}

/// The files of one sort; true where there are more than are looked at in one go.
pub(crate) type Listing = (Vec<Found>, bool);

/// A place with files. Each call has a deadline of its own.
#[async_trait]
pub(crate) trait Depot: Send + Sync {
    /// What is there, finished as far as done files say so. A place that can't be listed is an error, never empty.
    async fn list(&self) -> Result<Vec<Listing>, ConnectorError>;

    /// The file as it was seen, up to `max_bytes`.
    async fn read(&self, file: &Found, max_bytes: u64) -> Result<Content, ConnectorError>;

    /// The content of a done file; `None` where it is gone.
    async fn read_done(&self, path: &Path) -> Result<Option<Vec<u8>>, ConnectorError>;

    /// Moves the file to `done/`, or with a reason to `rejected/`, if it is still in the state `print`. One that is
    /// gone or newer is left alone: then false. Repeating it after a crash finishes it.
    async fn put_away(&self, path: &Path, print: Print, reason: Option<&str>) -> Result<bool, ConnectorError>;

    /// Takes a done file away; one that is gone is no error.
    async fn remove_done(&self, path: &Path) -> Result<(), ConnectorError>;

    /// Lists and probes; changes nothing.
    async fn check(&self) -> Result<(), ConnectorError>;

    /// Whether an error about one file is about all of them: the rest of a poll would only wait for the same.
    fn ends_poll(&self, _: &ConnectorError) -> bool {
        false
    }
}

/// Says of listings that are cut what a person has to do.
pub(crate) fn check_crowd(listings: &[Listing]) -> Result<(), ConnectorError> {
    for (found, crowded) in listings {
        if let (true, Some(file)) = (crowded, found.first()) {
            let folder = file.path.parent().unwrap_or(&file.path).display();
            return Err(ConnectorError::operator(format!(
                "folder {folder} holds more than {MOST_FILES} files to read: clear it, only some are looked at in one go"
            )));
        }
    }
    Ok(())
}

/// Folders of this machine.
pub(crate) struct Local {
    meant: Arc<Meant>,
}

impl Local {
    pub(crate) fn new(meant: Arc<Meant>) -> Self {
        Self { meant }
    }
}

fn listings(meant: &Meant) -> Result<Vec<Listing>, ConnectorError> {
    let done = meant.done_file.as_ref();
    let list = |(kind, pattern, except)| folder::list(kind, pattern, except, done);
    meant.sorts().map(list).collect()
}

#[async_trait]
impl Depot for Local {
    async fn list(&self) -> Result<Vec<Listing>, ConnectorError> {
        let meant = Arc::clone(&self.meant);
        blocking("the folders", move || listings(&meant)).await
    }

    async fn read(&self, file: &Found, max_bytes: u64) -> Result<Content, ConnectorError> {
        let (name, file) = (file.path.display().to_string(), file.clone());
        blocking(&name, move || folder::read(&file, max_bytes)).await
    }

    async fn read_done(&self, path: &Path) -> Result<Option<Vec<u8>>, ConnectorError> {
        let (name, path) = (path.display().to_string(), path.to_owned());
        blocking(&name, move || {
            let mut bytes = Vec::new();
            let read = std::fs::File::open(&path).and_then(|file| file.take(MOST_DONE).read_to_end(&mut bytes));
            match read {
                Ok(_) => Ok(Some(bytes)),
                Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
                Err(error) => Err(done_file::unread(&path, &error.to_string())),
            }
        })
        .await
    }

    async fn put_away(&self, path: &Path, print: Print, reason: Option<&str>) -> Result<bool, ConnectorError> {
        let (path, reason): (PathBuf, _) = (path.to_owned(), reason.map(str::to_owned));
        let name = path.display().to_string();
        blocking(&name, move || aside::put(&path, print, Shelf::of(reason.as_deref()))).await
    }

    async fn remove_done(&self, path: &Path) -> Result<(), ConnectorError> {
        let (name, path) = (path.display().to_string(), path.to_owned());
        blocking(&name, move || match std::fs::remove_file(&path) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(done_file::stays(&path, &error.to_string())),
            _ => Ok(()),
        })
        .await
    }

    async fn check(&self) -> Result<(), ConnectorError> {
        let meant = Arc::clone(&self.meant);
        blocking("the folders", move || {
            check_crowd(&listings(&meant)?)?;
            let folders = meant.sorts().map(|(_, pattern, _)| &pattern.folder);
            let mut written = folders.filter(|_| meant.put_away);
            written.try_for_each(|folder| aside::check_writable(folder))
        })
        .await
    }
}
