//! Files on an SFTP server, read as those of a folder are: see `source.rs`.

mod aside;
mod connect;
mod host_key;
mod session;
mod settings;

pub(crate) use settings::{Address, HostKeys, Remote, SftpTable};

use crate::aside::Shelf;
use crate::depot::{Depot, Listing, Meant, check_crowd};
use crate::done_file::{self, MOST_DONE};
use crate::folder::{Content, Found, Kind, Print, Sieve};
use crate::pattern::Pattern;
use async_trait::async_trait;
use omnistock_sdk::{ConnectorError, ErrorClass};
use session::{Entry, Fault, Session, Shelter};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// All listings of a look.
const MOST_LISTING: Duration = Duration::from_mins(2);
/// One file, however many calls it takes.
const MOST_READING: Duration = Duration::from_mins(10);

/// How long a file must be unchanged where nothing else says that it is finished. An upload may pause for seconds, and
/// its time is told in whole ones.
pub(crate) const SETTLE: Duration = Duration::from_secs(5);

/// Folders of a server.
pub(crate) struct Server {
    remote: Remote,
    meant: Arc<Meant>,
    shelter: Shelter,
}

impl Server {
    pub(crate) fn new(remote: Remote, meant: Arc<Meant>) -> Self {
        Self {
            remote,
            meant,
            shelter: Shelter::default(),
        }
    }

    async fn session(&self) -> Result<Session<'_>, ConnectorError> {
        Session::open(&self.remote, &self.shelter).await
    }

    async fn listing(
        &self,
        session: &mut Session<'_>,
        kind: Kind,
        pattern: &Pattern,
        except: Option<&Pattern>,
    ) -> Result<Listing, ConnectorError> {
        let mut sieve = Sieve::new(pattern, except, self.meant.done_file.as_ref());
        let mut untold = None;
        let folder = text(&pattern.folder);
        let listed = session
            .list(folder, |file| {
                if !sieve.next() {
                    return false;
                }
                // A server names what lies in the folder, nothing else.
                let plain = !file.filename.contains(['/', '\0']);
                if plain && sieve.wants(&file.filename) {
                    match Entry::of(&file.attrs) {
                        Some(Entry::File(print)) => {
                            sieve.add(Found::remote(kind, &pattern.folder, file.filename, print));
                        }
                        Some(_) => {}
                        None => untold = Some(file.filename),
                    }
                }
                true
            })
            .await;
        let whole = listed.map_err(|fault| fault.or(&self.remote.server(), |fault| self.unlisted(folder, fault)))?;
        if let Some(name) = untold {
            return Err(ConnectorError::operator(format!(
                "{}: it does not say size and time of {folder}/{name}, so nothing shows whether it is finished",
                self.remote.server()
            )));
        }
        Ok(sieve.finish(!whole))
    }

    /// One sentence about a folder that can't be listed: never the same as an empty one.
    fn unlisted(&self, folder: &str, fault: &Fault) -> ConnectorError {
        let server = self.remote.server();
        ConnectorError::operator(if fault.is_missing() {
            format!("{server}: folder {folder} does not exist there: create it, or correct `url`")
        } else if fault.is_denied() {
            format!(
                "{server}: folder {folder} can't be listed: have {} permitted to read it",
                self.remote.user
            )
        } else {
            format!("{server}: folder {folder} can't be listed: {}", fault.shown())
        })
    }

    fn unread(&self, path: &str, fault: Fault) -> ConnectorError {
        let server = self.remote.server();
        fault.or(&server, |fault| {
            if fault.is_denied() {
                let user = &self.remote.user;
                ConnectorError::operator(format!(
                    "{server}: {path} can't be read: have {user} permitted to read it"
                ))
            } else {
                ConnectorError::operator(format!("{server}: {path} can't be read: {}", fault.shown()))
            }
        })
    }

    async fn listings(&self) -> Result<Vec<Listing>, ConnectorError> {
        let mut session = self.session().await?;
        let mut listings = Vec::new();
        for (kind, pattern, except) in self.meant.sorts() {
            listings.push(self.listing(&mut session, kind, pattern, except).await?);
        }
        Ok(listings)
    }

    async fn in_time<T>(
        &self,
        most: Duration,
        what: &str,
        work: impl Future<Output = Result<T, ConnectorError>>,
    ) -> Result<T, ConnectorError> {
        let late = |_| {
            let (server, most) = (self.remote.server(), most.as_secs());
            ConnectorError::retry(format!("{server}: {what} did not end within {most} s"))
        };
        timeout(most, work).await.map_err(late)?
    }
}

/// Paths of a server are made of text.
fn text(path: &Path) -> &str {
    path.to_str().unwrap_or_default()
}

#[async_trait]
impl Depot for Server {
    async fn list(&self) -> Result<Vec<Listing>, ConnectorError> {
        self.in_time(MOST_LISTING, "listing its folders", self.listings()).await
    }

    async fn read(&self, file: &Found, max_bytes: u64) -> Result<Content, ConnectorError> {
        if file.print.size > max_bytes {
            return Ok(Content::TooLarge);
        }
        let path = text(&file.path);
        // What the name was before it was decoded can't be asked for.
        if file.name.contains('\u{FFFD}') {
            let server = self.remote.server();
            return Err(ConnectorError::operator(format!(
                "{server}: the name of {path} is not UTF-8: rename it"
            )));
        }
        let read = async {
            let mut session = self.session().await?;
            match session.read(path, Some(file.print), max_bytes).await {
                Ok(Some(bytes)) => Ok(Content::Whole(bytes)),
                Ok(None) => Ok(Content::Changed),
                Err(fault) if fault.is_missing() => Ok(Content::Changed),
                Err(fault) => Err(self.unread(path, fault)),
            }
        };
        self.in_time(MOST_READING, path, read).await
    }

    async fn read_done(&self, path: &Path) -> Result<Option<Vec<u8>>, ConnectorError> {
        let path = text(path);
        let mut session = self.session().await?;
        match session.read(path, None, MOST_DONE).await {
            Ok(content) => Ok(content),
            Err(fault) if fault.is_missing() => Ok(None),
            Err(fault) => Err(self.unread(path, fault)),
        }
    }

    async fn put_away(&self, path: &Path, print: Print, reason: Option<&str>) -> Result<bool, ConnectorError> {
        let mut session = self.session().await?;
        aside::put(&mut session, text(path), print, Shelf::of(reason)).await
    }

    async fn remove_done(&self, path: &Path) -> Result<(), ConnectorError> {
        let mut session = self.session().await?;
        match session.remove(text(path)).await {
            Err(fault) if !fault.is_missing() => Err(done_file::stays(path, &fault.shown())),
            _ => Ok(()),
        }
    }

    async fn check(&self) -> Result<(), ConnectorError> {
        check_crowd(&self.list().await?)?;
        if !self.meant.put_away {
            return Ok(());
        }
        let mut session = self.session().await?;
        for (_, pattern, _) in self.meant.sorts() {
            aside::check_writable(&mut session, text(&pattern.folder)).await?;
        }
        Ok(())
    }

    /// Only what happened to the connection is tried again by itself.
    fn ends_poll(&self, error: &ConnectorError) -> bool {
        matches!(error.class, ErrorClass::Retry { .. })
    }
}
