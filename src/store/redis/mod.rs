//! The shared store: a Redis 7.0 or later (one server, by Sentinels, or a Cluster), all keys of a
//! merchant under one hash tag, so in one slot: one primary at a time is spoken to.
//!
//! A batch is one script in one call: checks, documents, marks, intents, cursor, trim. Nothing is
//! acknowledged by a second command, so that "not yet" and "done" are the only states. What a
//! crash of the server may lose depends on its settings; `status` says so.

mod connection;
mod encode;
mod history;
mod keys;
mod lane;
mod link;
mod node;
mod problem;
mod route;
mod scripts;
mod server;
mod settings;
mod standing;
mod wait;

pub use settings::{RedisCertificates, RedisLogin, RedisPlace, RedisSettings, RedisWait};

use super::prepare::{check_events, prepare};
use super::{
    CommitBatch, CommitError, Dirty, Entry, EntryId, HistoryId, HistorySize, Key, Kind, Lease, Mark, PastEntry,
    Standing, Store, StoreError, StoreStatus, Versioned, Way,
};
use async_trait::async_trait;
use connection::Connection;
use keys::Keys;
use omnistock_words::Millis;
use redis::streams::StreamRangeReply;
use route::Route;
use scripts::Scripts;
use secrecy::SecretString;
use server::Server;
use standing::Known;
use std::collections::BTreeMap;
use std::time::Duration;
use tokio::runtime::Handle;

/// Ids in one HMGET, events in one call of the append script.
const CHUNK: usize = 5_000;
/// Bytes in one call of the append script.
const CHUNK_BYTES: usize = 16 << 20;
/// How the keys are laid out; a higher number is from a newer program.
const LAYOUT: u64 = 2;

/// A merchant's state in Redis.
pub struct RedisStore {
    connection: Connection,
    keys: Keys,
    scripts: Scripts,
    known: Known,
    /// It was begun in layout 1, whose lists of the history are still read and forgotten.
    lists: bool,
}

/// A command about one key.
fn about(name: &str, key: String) -> redis::Cmd {
    let mut command = redis::cmd(name);
    command.arg(key);
    command
}

fn damaged(what: &str) -> StoreError {
    StoreError::Damaged(format!("redis holds {what}"))
}

fn text(bytes: Vec<u8>) -> Result<String, StoreError> {
    String::from_utf8(bytes).map_err(|_| damaged("a name that is not UTF-8"))
}

fn milliseconds(length: Duration) -> Vec<u8> {
    length.as_millis().max(1).to_string().into_bytes()
}

impl std::fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "RedisStore({} {})", self.connection.address(), self.keys.lease())
    }
}

impl RedisStore {
    /// Opens one server with all defaults; see [`RedisStore::open`].
    pub async fn connect(url: &SecretString, prefix: &str) -> Result<Self, StoreError> {
        Self::open(&RedisSettings::at(url.clone(), prefix)).await
    }

    /// Finds the primary, checks the server and the rights of the user, and loads the scripts.
    ///
    /// # Errors
    /// [`StoreError::Refused`] for a wrong address, prefix, password, certificate or right, a server
    /// before 7.0 or one that may evict; [`StoreError::Unavailable`] when none answers within 10 s.
    pub async fn open(settings: &RedisSettings) -> Result<Self, StoreError> {
        Self::open_with(settings, None).await
    }

    /// As [`Self::open`]; with a runtime, appends have a connection of their own that is driven there.
    pub async fn open_with(settings: &RedisSettings, door: Option<Handle>) -> Result<Self, StoreError> {
        let keys = Keys::new(&settings.prefix)?;
        let route = Route::new(settings, &keys)?;
        let connection = Connection::open(route, settings.wait, door).await?;
        let mut store = Self {
            connection,
            keys,
            scripts: Scripts::new(),
            known: Known::default(),
            lists: false,
        };
        let server = Server::look(&store.connection).await?;
        server.refuse(&store.connection, settings.wait.as_ref())?;
        for warning in server.warnings(settings.wait.as_ref()) {
            tracing::warn!(address = %store.connection.address(), "{warning}");
        }
        store.scripts.load(&store.connection).await?;
        let (probe, keys) = (&store.scripts.probe, [store.keys.probe()]);
        let _done: i64 = store.connection.run(probe, &keys, &[]).await?;
        store.connection.try_waiting().await?;
        store.lists = store.check_layout().await?;
        Ok(store)
    }

    /// Whether there may be lists of layout 1.
    async fn check_layout(&self) -> Result<bool, StoreError> {
        let set = |key: String, value: u64| {
            let mut set = about("SET", key);
            set.arg(value);
            set
        };
        let mut first = set(self.keys.layout(), LAYOUT);
        first.arg("NX").arg("GET");
        let before: Option<u64> = self.connection.command(first).await?;
        if before == Some(1) {
            // In this order: should it end in between, it begins again.
            let _done: String = self.connection.command(set(self.keys.history_lists(), 1)).await?;
            let _done: String = self.connection.command(set(self.keys.layout(), LAYOUT)).await?;
        }
        if before.is_none_or(|layout| layout <= LAYOUT) {
            let lists: Option<u64> = self.connection.command(about("GET", self.keys.history_lists())).await?;
            return Ok(lists.is_some());
        }
        let address = self.connection.address();
        Err(StoreError::Refused(format!(
            "redis at {address} was written by a newer omnistock: install that version again, or set another prefix under [store]"
        )))
    }

    async fn append_chunk(&self, events: &[Vec<u8>]) -> Result<u64, StoreError> {
        let keys = [self.keys.inbox(), self.keys.last_entry(), self.keys.cursor()];
        let known = self.known.now();
        let entries = self.connection.append(&self.scripts.append, &keys, events).await?;
        self.known.seen(Mark { entries, ..known });
        Ok(entries)
    }

    /// Ids by kind, with the place of each in the question.
    fn by_kind(keys: &[Key]) -> BTreeMap<Kind, Vec<(usize, &str)>> {
        let mut kinds: BTreeMap<Kind, Vec<(usize, &str)>> = BTreeMap::new();
        for (place, key) in keys.iter().enumerate() {
            kinds.entry(key.kind).or_default().push((place, &key.id));
        }
        kinds
    }
}

/// As many events as one call may carry; at least one.
fn chunk_length(events: &[Vec<u8>]) -> usize {
    let mut bytes = 0;
    let fits = events.iter().take(CHUNK).take_while(|event| {
        bytes += event.len();
        bytes <= CHUNK_BYTES
    });
    fits.count().max(1)
}

fn entry(id: &str, fields: Option<Vec<u8>>) -> Result<Entry, StoreError> {
    let number = id.strip_suffix("-0").and_then(|number| number.parse().ok());
    match (number, fields) {
        (Some(number), Some(bytes)) => Ok(Entry {
            id: EntryId(number),
            bytes,
        }),
        _ => Err(damaged("an inbox entry that is not ours")),
    }
}

#[async_trait]
impl Store for RedisStore {
    async fn acquire(&self, owner: &str, length: Duration) -> Result<Option<Lease>, StoreError> {
        let arguments = [owner.as_bytes().to_vec(), milliseconds(length)];
        let token: String = self
            .connection
            .run(&self.scripts.acquire, &[self.keys.lease()], &arguments)
            .await?;
        if token.is_empty() {
            return Ok(None);
        }
        let token = token.parse().map_err(|_| damaged("a lease token that is no number"))?;
        Ok(Some(Lease {
            owner: owner.to_owned(),
            token,
        }))
    }

    async fn renew(&self, lease: &Lease, length: Duration) -> Result<bool, StoreError> {
        let arguments = [
            lease.owner.clone().into_bytes(),
            lease.token.to_string().into_bytes(),
            milliseconds(length),
        ];
        self.connection
            .run(&self.scripts.renew, &[self.keys.lease()], &arguments)
            .await
    }

    async fn release(&self, lease: &Lease) -> Result<(), StoreError> {
        let arguments = [
            lease.owner.clone().into_bytes(),
            lease.token.to_string().into_bytes(),
            b"0".to_vec(),
        ];
        let _was_ours: bool = self
            .connection
            .run(&self.scripts.renew, &[self.keys.lease()], &arguments)
            .await?;
        Ok(())
    }

    async fn append(&self, events: &[Vec<u8>]) -> Result<Vec<EntryId>, StoreError> {
        check_events(events)?;
        let (mut rest, mut ids) = (events, Vec::with_capacity(events.len()));
        while !rest.is_empty() {
            let (chunk, behind) = rest.split_at_checked(chunk_length(rest)).unwrap_or((rest, &[]));
            let last = self.append_chunk(chunk).await?;
            ids.extend(
                (0..chunk.len() as u64)
                    .rev()
                    .map(|back| EntryId(last.saturating_sub(back))),
            );
            rest = behind;
        }
        Ok(ids)
    }

    async fn read(&self, after: EntryId, most: usize) -> Result<Vec<Entry>, StoreError> {
        if most == 0 {
            return Ok(Vec::new());
        }
        let mut range = redis::cmd("XRANGE");
        range
            .arg(self.keys.inbox())
            .arg(format!("({}-0", after.0))
            .arg("+")
            .arg("COUNT")
            .arg(most);
        let found: StreamRangeReply = self.connection.command(range).await?;
        found
            .ids
            .into_iter()
            .map(|found| entry(&found.id, found.get("e")))
            .collect()
    }

    async fn cursor(&self) -> Result<EntryId, StoreError> {
        let cursor: Option<u64> = self.connection.command(about("GET", self.keys.cursor())).await?;
        Ok(EntryId(cursor.unwrap_or_default()))
    }

    async fn load(&self, keys: &[Key]) -> Result<Vec<Versioned>, StoreError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let (mut reads, mut places) = (Vec::new(), Vec::with_capacity(keys.len()));
        for (kind, wanted) in Self::by_kind(keys) {
            for chunk in wanted.chunks(CHUNK) {
                let mut read = about("HMGET", self.keys.documents(kind));
                for (place, id) in chunk {
                    read.arg(id);
                    places.push(*place);
                }
                reads.push(read);
            }
        }
        let found: Vec<Vec<Option<Vec<u8>>>> = self.connection.read_together(&reads).await?;
        let mut documents = vec![Versioned::default(); keys.len()];
        for (place, stored) in places.into_iter().zip(found.into_iter().flatten()) {
            if let Some(document) = documents.get_mut(place) {
                *document = encode::document(stored)?;
            }
        }
        Ok(documents)
    }

    async fn scan(&self, kind: Kind, after: Option<&str>, most: usize) -> Result<Vec<(String, Versioned)>, StoreError> {
        let from = after.map_or_else(|| "-".to_owned(), |id| format!("({id}"));
        let keys = [self.keys.documents(kind), self.keys.index(kind)];
        let arguments = [from.into_bytes(), most.to_string().into_bytes()];
        let found: Vec<(Vec<u8>, Option<Vec<u8>>)> = self.connection.run(&self.scripts.scan, &keys, &arguments).await?;
        found
            .into_iter()
            .map(|(id, stored)| Ok((text(id)?, encode::document(stored)?)))
            .collect()
    }

    async fn standing(&self) -> Result<Standing, StoreError> {
        standing::standing(self).await
    }

    async fn name(&self, lease: &Lease, generation: u64, note: Option<&str>, forget: bool) -> Result<bool, StoreError> {
        standing::name(self, lease, generation, note, forget).await
    }

    async fn commit(&self, lease: &Lease, batch: &CommitBatch) -> Result<(), CommitError> {
        let prepared = prepare(batch)?;
        let known = self.known.now();
        let encoded = encode::encode(&self.keys, lease, (known.generation, known.commits), &prepared);
        let (answer, commits): (i64, u64) = self
            .connection
            .change(&self.scripts.commit, &encoded.keys, &encoded.arguments)
            .await?;
        let place = match answer {
            0 => {
                self.known.seen(Mark { commits, ..known });
                return Ok(());
            }
            -1 => return Err(CommitError::Fenced),
            -2 => return Err(CommitError::CursorMoved),
            place => usize::try_from(place - 1).unwrap_or(usize::MAX),
        };
        match prepared.writes.values().flatten().nth(place) {
            Some(write) => Err(CommitError::Conflict(write.key.clone())),
            None => Err(damaged("another commit script than ours").into()),
        }
    }

    async fn dirty_behind(&self, channel: &str, behind: usize, most: usize) -> Result<Vec<Dirty>, StoreError> {
        if most == 0 {
            return Ok(Vec::new());
        }
        let keys = [self.keys.marks(channel), self.keys.marks_by_age(channel)];
        let last = behind.saturating_add(most - 1);
        let arguments = [behind.to_string().into_bytes(), last.to_string().into_bytes()];
        let found: Vec<(Vec<u8>, i64, u64)> = self.connection.run(&self.scripts.dirty, &keys, &arguments).await?;
        let mark = |(sku, since, version)| {
            Ok(Dirty {
                sku: text(sku)?,
                version,
                since: Millis(since),
            })
        };
        found.into_iter().map(mark).collect()
    }

    async fn dirty_count(&self, channel: &str) -> Result<u64, StoreError> {
        let marks = self.keys.marks_by_age(channel);
        self.connection.command(about("ZCARD", marks)).await
    }

    async fn intents(&self, channel: &str) -> Result<Vec<String>, StoreError> {
        let intents = self.keys.intents(channel);
        let found: Vec<Vec<u8>> = self.connection.command(about("SMEMBERS", intents)).await?;
        let mut listings = found.into_iter().map(text).collect::<Result<Vec<_>, _>>()?;
        listings.sort_unstable();
        Ok(listings)
    }

    async fn history(
        &self,
        about: Option<&str>,
        from: HistoryId,
        way: Way,
        most: usize,
    ) -> Result<Vec<PastEntry>, StoreError> {
        self.told(about, from.min(HistoryId::END), way, most).await
    }

    async fn forget_history(&self, lease: &Lease, before: HistoryId, most: usize) -> Result<u64, CommitError> {
        self.forget(lease, before, most).await
    }

    async fn history_size(&self) -> Result<HistorySize, StoreError> {
        self.told_size().await
    }

    async fn status(&self) -> Result<StoreStatus, StoreError> {
        let server = Server::look(&self.connection).await?;
        let inbox = self.connection.command(about("XLEN", self.keys.inbox())).await?;
        let (address, place) = (self.connection.address(), self.connection.place());
        let title = format!("redis {} at {address}{place}", server.version());
        Ok(StoreStatus {
            title,
            warnings: server.warnings(self.connection.wait()),
            inbox,
        })
    }
}
