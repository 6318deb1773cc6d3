//! What is asked of a server, one call after the other, each with its deadline; and when its connection is given up.

use super::connect::Connection;
use super::settings::Remote;
use crate::folder::Print;
use omnistock_sdk::ConnectorError;
use russh_sftp::client::RawSftpSession;
use russh_sftp::client::error::Error;
use russh_sftp::protocol::{File, FileAttributes, OpenFlags, StatusCode};
use std::future::Future;
use std::sync::Arc;
use tokio::sync::{Mutex, MutexGuard};
use tokio::time::{Duration, Instant, timeout};

/// Another call may keep the connection for so long: a file that is read.
const MOST_WAIT: Duration = Duration::from_mins(15);
/// A connection that nobody used for so long is asked whether it still stands before it is relied on.
const DOUBTFUL: Duration = Duration::from_secs(3);
/// Bytes that are asked for, or sent, in one call. Servers give less where they like, and take no more than 32 KiB.
const PIECE: u32 = 128 << 10;
const MOST_SENT: usize = 32_000;

/// Why a call came to nothing.
#[derive(Debug)]
pub(super) enum Fault {
    /// The server's answer.
    No(StatusCode, String),
    /// No answer: the connection is of no use any more.
    Broken(String),
}

impl Fault {
    pub(super) fn is_missing(&self) -> bool {
        matches!(self, Self::No(StatusCode::NoSuchFile, _))
    }

    pub(super) fn is_denied(&self) -> bool {
        matches!(self, Self::No(StatusCode::PermissionDenied, _))
    }

    fn is_end(&self) -> bool {
        matches!(self, Self::No(StatusCode::Eof, _))
    }

    /// In the server's words.
    pub(super) fn shown(&self) -> String {
        match self {
            Self::No(code, message) => {
                let code = code.to_string();
                if message.is_empty() || message.eq_ignore_ascii_case(&code) {
                    code
                } else {
                    format!("{code}: {message}")
                }
            }
            Self::Broken(message) => message.clone(),
        }
    }

    /// A broken connection is worth another try whatever was asked; an answer is what `says` makes of it.
    pub(super) fn or(self, server: &str, says: impl FnOnce(&Self) -> ConnectorError) -> ConnectorError {
        match &self {
            Self::Broken(message) => ConnectorError::retry(format!("{server}: {message}")),
            Self::No(..) => says(&self),
        }
    }
}

/// The connection to a server, and nobody but its holder uses it.
pub(super) struct Session<'a> {
    remote: &'a Remote,
    kept: MutexGuard<'a, Option<Kept>>,
}

/// A connection between two uses.
pub(super) struct Kept {
    connection: Connection,
    used: Instant,
}

/// Where a connection is kept.
pub(super) type Shelter = Mutex<Option<Kept>>;

/// What is at a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Entry {
    File(Print),
    Folder,
    Other,
}

impl Entry {
    /// `None`: the server says too little of it.
    pub(super) fn of(attributes: &FileAttributes) -> Option<Self> {
        if attributes.permissions.is_some() && !attributes.is_regular() {
            return Some(if attributes.is_dir() { Self::Folder } else { Self::Other });
        }
        let (size, modified) = attributes.size.zip(attributes.mtime)?;
        Some(Self::File(Print::of_remote(size, modified)))
    }
}

impl<'a> Session<'a> {
    /// The kept connection if it still stands, else a new one.
    pub(super) async fn open(remote: &'a Remote, shelter: &'a Shelter) -> Result<Self, ConnectorError> {
        let busy = |_| ConnectorError::retry(format!("{}: another call does not end", remote.server()));
        let kept = timeout(MOST_WAIT, shelter.lock()).await.map_err(busy)?;
        let mut session = Self { remote, kept };
        if session.stands().await {
            return Ok(session);
        }
        *session.kept = None;
        let connection = remote.connect().await?;
        *session.kept = Some(Kept {
            connection,
            used: Instant::now(),
        });
        Ok(session)
    }

    async fn stands(&mut self) -> bool {
        let Some(kept) = self.kept.as_ref() else { return false };
        if kept.connection.handle.is_closed() {
            return false;
        }
        kept.used.elapsed() < DOUBTFUL || self.attributes(".").await.is_ok()
    }

    pub(super) fn server(&self) -> String {
        self.remote.server()
    }

    /// One call. Where no answer came, the connection is closed: what comes later on it would be misread.
    async fn call<T, F: Future<Output = Result<T, Error>>>(
        &mut self,
        ask: impl FnOnce(Arc<RawSftpSession>) -> F,
    ) -> Result<T, Fault> {
        let Some(kept) = self.kept.as_mut() else {
            return Err(Fault::Broken("the connection broke".to_owned()));
        };
        let answer = timeout(self.remote.deadline, ask(Arc::clone(&kept.connection.raw))).await;
        kept.used = Instant::now();
        let fault = match answer {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(Error::Status(status))) => return Err(Fault::No(status.status_code, status.error_message)),
            Ok(Err(error)) => format!("the connection broke: {error}"),
            Err(_) => format!("no answer within {} ms", self.remote.deadline.as_millis()),
        };
        *self.kept = None;
        Err(Fault::Broken(fault))
    }

    /// Of the path itself, not of what it links to.
    pub(super) async fn attributes(&mut self, path: &str) -> Result<FileAttributes, Fault> {
        let path = path.to_owned();
        self.call(async move |raw| raw.lstat(path).await)
            .await
            .map(|answer| answer.attrs)
    }

    /// What is at a path; `None`: nothing.
    pub(super) async fn entry(&mut self, path: &str) -> Result<Option<Entry>, Fault> {
        match self.attributes(path).await {
            Ok(attributes) => Ok(Some(Entry::of(&attributes).unwrap_or(Entry::Other))),
            Err(fault) if fault.is_missing() => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    /// Hands each entry of a folder to `take`, until it wants no more.
    pub(super) async fn list(
        &mut self,
        folder: &str,
        mut take: impl FnMut(File) -> bool + Send,
    ) -> Result<bool, Fault> {
        let folder = folder.to_owned();
        let handle = self.call(async move |raw| raw.opendir(folder).await).await?.handle;
        let listed = loop {
            let asked = handle.clone();
            match self.call(async move |raw| raw.readdir(asked).await).await {
                Ok(names) => {
                    if !names.files.into_iter().all(&mut take) {
                        break Ok(false);
                    }
                }
                Err(fault) if fault.is_end() => break Ok(true),
                Err(fault) => break Err(fault),
            }
        };
        self.close(handle).await;
        listed
    }

    /// A handle that stays open costs the server a little until the connection ends.
    async fn close(&mut self, handle: String) {
        if let Err(fault) = self.call(async move |raw| raw.close(handle).await).await {
            tracing::debug!("{}: a handle was not closed: {}", self.server(), fault.shown());
        }
    }

    /// The content of a file that is in the state `print` when it is opened and when it was read; `None` where it
    /// isn't. With `print` unset, what is there, up to `most` bytes.
    pub(super) async fn read(&mut self, path: &str, print: Option<Print>, most: u64) -> Result<Option<Vec<u8>>, Fault> {
        let asked = path.to_owned();
        let open =
            async move |raw: Arc<RawSftpSession>| raw.open(asked, OpenFlags::READ, FileAttributes::empty()).await;
        let handle = self.call(open).await?.handle;
        let content = self.content(&handle, print, most).await;
        self.close(handle).await;
        let content = content?;
        // Also by its name: a replacement means that something newer is there. A mailbox takes away what was fetched: then
        // it was the whole of it, and will not come again.
        if let (Some(_), Some(print)) = (&content, print)
            && self.entry(path).await?.is_some_and(|there| there != Entry::File(print))
        {
            return Ok(None);
        }
        Ok(content)
    }

    async fn content(&mut self, handle: &str, print: Option<Print>, most: u64) -> Result<Option<Vec<u8>>, Fault> {
        if !self.is(handle, print).await? {
            return Ok(None);
        }
        // One byte more shows that it has grown.
        let most = print.map_or(most, |print| print.size.min(most).saturating_add(1));
        let mut bytes = Vec::new();
        loop {
            let offset = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
            let length = u32::try_from(most.saturating_sub(offset)).unwrap_or(PIECE).min(PIECE);
            if length == 0 {
                break;
            }
            let asked = handle.to_owned();
            match self.call(async move |raw| raw.read(asked, offset, length).await).await {
                // An empty piece is no end, but a server that gives no more of it.
                Ok(piece) if piece.data.is_empty() => return Ok(None),
                Ok(piece) => bytes.extend_from_slice(&piece.data),
                Err(fault) if fault.is_end() => break,
                Err(fault) => return Err(fault),
            }
        }
        let whole = print.is_none_or(|print| u64::try_from(bytes.len()) == Ok(print.size));
        Ok((whole && self.is(handle, print).await?).then_some(bytes))
    }

    async fn is(&mut self, handle: &str, print: Option<Print>) -> Result<bool, Fault> {
        let Some(print) = print else { return Ok(true) };
        let handle = handle.to_owned();
        let answer = self.call(async move |raw| raw.fstat(handle).await).await?;
        Ok(Entry::of(&answer.attrs) == Some(Entry::File(print)))
    }

    /// Writes a small file, in place of what is there.
    pub(super) async fn write(&mut self, path: &str, bytes: &[u8]) -> Result<(), Fault> {
        let (path, flags) = (
            path.to_owned(),
            OpenFlags::WRITE | OpenFlags::CREATE | OpenFlags::TRUNCATE,
        );
        let open = async move |raw: Arc<RawSftpSession>| raw.open(path, flags, FileAttributes::empty()).await;
        let handle = self.call(open).await?.handle;
        let mut written = Ok(());
        let mut offset = 0;
        for piece in bytes.chunks(MOST_SENT) {
            let (asked, sent) = (handle.clone(), piece.to_vec());
            if let Err(fault) = self.call(async move |raw| raw.write(asked, offset, sent).await).await {
                written = Err(fault);
                break;
            }
            offset = offset.saturating_add(u64::try_from(piece.len()).unwrap_or_default());
        }
        self.close(handle).await;
        written
    }

    pub(super) async fn make_folder(&mut self, path: &str) -> Result<(), Fault> {
        let path = path.to_owned();
        let made = async move |raw: Arc<RawSftpSession>| raw.mkdir(path, FileAttributes::empty()).await;
        self.call(made).await.map(drop)
    }

    pub(super) async fn remove(&mut self, path: &str) -> Result<(), Fault> {
        let path = path.to_owned();
        self.call(async move |raw| raw.remove(path).await).await.map(drop)
    }

    /// Servers that keep to the protocol never replace a file by this.
    pub(super) async fn rename(&mut self, from: &str, to: &str) -> Result<(), Fault> {
        let (from, to) = (from.to_owned(), to.to_owned());
        self.call(async move |raw| raw.rename(from, to).await).await.map(drop)
    }
}
