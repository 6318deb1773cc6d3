//! Where state lives: versioned bytes under keys, an inbox, dirty marks, open intents.
//!
//! The store knows no rule of the business. It promises: what a call answered is durable at
//! the configured level; a [`CommitBatch`] is applied whole or not at all; nothing is applied
//! with a stale lease token, a moved cursor or an outdated version. After a crash or a broken
//! connection a commit is "not yet" or "done", and repeating it says which.

mod batch;
mod beside;
pub mod embedded;
mod error;
mod history;
pub mod memory;
mod prepare;
pub mod redis;
mod right;
mod settings;
mod standing;
mod timed;

pub use batch::{Clear, CommitBatch, CursorMove, DirtyMark, DocumentWrite, IntentMark};
pub use beside::replace;
pub use error::{CommitError, StoreError};
pub use history::{HistoryEntry, HistoryId, HistorySize, PastEntry, Way};
pub use prepare::{MOST_BYTES, MOST_CHANGES, MOST_NAME, MOST_NUMBER};
pub use right::{Asked, Right};
pub use settings::{StoreSettings, open};
pub use standing::{Leader, Mark, Standing};
pub use timed::{Question, StoreTimes, Timed};

use async_trait::async_trait;
use omnistock_words::{ChannelName, ConnectorName, Millis, OrderId, Sku};
use std::time::Duration;

/// What a document is about; part of its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// The ledger of one SKU.
    Sku,
    /// One order of one channel.
    Order,
    /// One source.
    Source,
    /// One channel: cursors, modes, gate.
    Channel,
    /// One listing of one channel.
    Listing,
    /// One held report or listing, or one reservation (`reservation/ID`).
    Hold,
    /// The merchant's own: schema, generation, cutover.
    Merchant,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 7] = [
        Self::Sku,
        Self::Order,
        Self::Source,
        Self::Channel,
        Self::Listing,
        Self::Hold,
        Self::Merchant,
    ];

    /// The kind's name in keys.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sku => "sku",
            Self::Order => "order",
            Self::Source => "source",
            Self::Channel => "channel",
            Self::Listing => "listing",
            Self::Hold => "hold",
            Self::Merchant => "merchant",
        }
    }
}

/// Names a document. `id` is any text up to 1,000 bytes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// What it is about.
    pub kind: Kind,
    /// Which one.
    pub id: String,
}

impl Key {
    /// A key.
    pub fn new(kind: Kind, id: impl Into<String>) -> Self {
        Self { kind, id: id.into() }
    }

    /// The ledger of a SKU.
    pub fn sku(sku: &Sku) -> Self {
        Self::new(Kind::Sku, sku.as_str())
    }

    /// An order; a channel's name has no slash.
    pub fn order(channel: &ChannelName, order: &OrderId) -> Self {
        Self::new(Kind::Order, format!("{channel}/{order}"))
    }

    /// A source.
    pub fn source(source: &ConnectorName) -> Self {
        Self::new(Kind::Source, source.as_str())
    }
}

/// A document as stored. Version 0 with no bytes: there is none (never was, or deleted).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Versioned {
    /// Rises with every write, also across deletion.
    pub version: u64,
    /// The engine's encoding, with its schema version inside.
    pub bytes: Vec<u8>,
}

/// The place of an entry in the inbox: rises with arrival, 0 is before the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct EntryId(pub u64);

/// A durable report that waits to be applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its place.
    pub id: EntryId,
    /// One event, encoded by the engine.
    pub bytes: Vec<u8>,
}

/// A mark that a SKU's numbers on a channel have to be looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dirty {
    /// The SKU.
    pub sku: String,
    /// Rises with every mark: a clear names the one it has seen.
    pub version: u64,
    /// When it was first marked since it was last clean.
    pub since: Millis,
}

/// The right to change a merchant's state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// Who holds it.
    pub owner: String,
    /// Rises with every new holder; checked in every commit.
    pub token: u64,
}

/// What `status` says of a store.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StoreStatus {
    /// Such as `embedded /var/lib/omnistock` or `redis 7.0.15 at 127.0.0.1:6379`.
    pub title: String,
    /// What may be lost and other things an operator should know; each one sentence.
    pub warnings: Vec<String>,
    /// Entries in the inbox that wait.
    pub inbox: u64,
}

/// The store of one merchant.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Takes the lease if it is free, over, or already `owner`'s. `None`: somebody else holds it.
    /// A new holder gets a higher token than any before.
    async fn acquire(&self, owner: &str, length: Duration) -> Result<Option<Lease>, StoreError>;

    /// Prolongs the lease; `false`: it is somebody else's now.
    async fn renew(&self, lease: &Lease, length: Duration) -> Result<bool, StoreError>;

    /// Gives the lease back; without effect if it is somebody else's.
    async fn release(&self, lease: &Lease) -> Result<(), StoreError>;

    /// Appends events; durable when it answers. Needs no lease: webhooks are taken by standbys too.
    async fn append(&self, events: &[Vec<u8>]) -> Result<Vec<EntryId>, StoreError>;

    /// Entries behind `after`, oldest first, at most `most`.
    async fn read(&self, after: EntryId, most: usize) -> Result<Vec<Entry>, StoreError>;

    /// The last committed cursor of the inbox.
    async fn cursor(&self) -> Result<EntryId, StoreError>;

    /// Documents, in the order of `keys`.
    async fn load(&self, keys: &[Key]) -> Result<Vec<Versioned>, StoreError>;

    /// Documents of a kind with ids behind `after` in byte order, at most `most`.
    async fn scan(&self, kind: Kind, after: Option<&str>, most: usize) -> Result<Vec<(String, Versioned)>, StoreError>;

    /// Who leads, how far the store has come, and what of it is gone.
    async fn standing(&self) -> Result<Standing, StoreError>;

    /// Names the store: this generation, this note; what is there now counts as all there is. With `forget`, all
    /// documents but the merchant's own go, because what is left of them does not fit together. `false`: the lease
    /// is somebody else's, nothing was changed.
    async fn name(&self, lease: &Lease, generation: u64, note: Option<&str>, forget: bool) -> Result<bool, StoreError>;

    /// Applies a batch whole or not at all. [`CommitError::Fenced`] also where the store has turned out to be
    /// another one, or older, than this handle has seen it: then [`Store::standing`] tells, and [`Store::name`] ends it.
    async fn commit(&self, lease: &Lease, batch: &CommitBatch) -> Result<(), CommitError>;

    /// Dirty SKUs of a channel, oldest first, at most `most`, behind the first `behind` of them.
    async fn dirty_behind(&self, channel: &str, behind: usize, most: usize) -> Result<Vec<Dirty>, StoreError>;

    /// The oldest dirty SKUs of a channel, at most `most`.
    async fn dirty(&self, channel: &str, most: usize) -> Result<Vec<Dirty>, StoreError> {
        self.dirty_behind(channel, 0, most).await
    }

    /// How many SKUs of a channel are dirty.
    async fn dirty_count(&self, channel: &str) -> Result<u64, StoreError>;

    /// Listings of a channel with an open intent: a call that was about to be made and has no outcome yet.
    async fn intents(&self, channel: &str) -> Result<Vec<String>, StoreError>;

    /// Entries of the history beyond `from` in the direction of `way`, at most `most`: all, or those
    /// about one subject. Entries older than what is kept are not there.
    async fn history(
        &self,
        about: Option<&str>,
        from: HistoryId,
        way: Way,
        most: usize,
    ) -> Result<Vec<PastEntry>, StoreError>;

    /// Forgets the oldest entries of the history with places before `before`, at most `most`; how many it were.
    async fn forget_history(&self, lease: &Lease, before: HistoryId, most: usize) -> Result<u64, CommitError>;

    /// How much history there is. Cheap.
    async fn history_size(&self) -> Result<HistorySize, StoreError>;

    /// For people.
    async fn status(&self) -> Result<StoreStatus, StoreError>;
}
