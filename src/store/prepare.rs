//! A batch checked and put into the one order in which every store applies it.
//!
//! Documents are looked at by kind, marks by channel, each in the order of the batch. All stores
//! use this order, so that they number marks alike and report the same conflict.

use super::{Clear, CommitBatch, CursorMove, DirtyMark, DocumentWrite, Kind, StoreError};
use omnistock_words::Millis;
use std::collections::{BTreeMap, BTreeSet};

/// Documents, marks, clears, intents, history and its subjects of one batch together. A commit holds the store up while
/// it runs (about 50 ms for so many on Redis, which does nothing else meanwhile).
pub const MOST_CHANGES: usize = 50_000;

/// Bytes of one document or one entry of the inbox.
pub const MOST_BYTES: usize = 16 << 20;

/// Bytes of an id, a SKU, a listing or a channel.
pub const MOST_NAME: usize = 1_000;

/// The greatest version and the greatest place in the inbox: scripts count in doubles.
pub const MOST_NUMBER: u64 = (1 << 53) - 1;

/// What happens on one channel.
#[derive(Debug, Default)]
pub(super) struct ChannelChanges<'a> {
    pub(super) marks: Vec<&'a DirtyMark>,
    pub(super) clears: Vec<&'a Clear>,
    /// The last word of the batch per listing.
    pub(super) intents: BTreeMap<&'a str, bool>,
}

/// One entry of the history; its subjects in order, each once.
#[derive(Debug)]
pub(super) struct Told<'a> {
    pub(super) at: Millis,
    pub(super) about: BTreeSet<&'a str>,
    pub(super) bytes: &'a [u8],
}

impl Told<'_> {
    /// What it adds to the size of the history.
    pub(super) fn size(&self) -> u64 {
        (self.bytes.len() + self.about.iter().map(|about| about.len()).sum::<usize>()) as u64
    }
}

/// A batch in the order in which it is applied.
#[derive(Debug, Default)]
pub(super) struct Prepared<'a> {
    pub(super) cursor: Option<CursorMove>,
    pub(super) writes: BTreeMap<Kind, Vec<&'a DocumentWrite>>,
    pub(super) channels: BTreeMap<&'a str, ChannelChanges<'a>>,
    pub(super) history: Vec<Told<'a>>,
}

fn refused(what: &str) -> StoreError {
    StoreError::Refused(format!(
        "a commit was refused because {what}; this is a defect of omnistock, please report it"
    ))
}

fn check(holds: bool, what: &str) -> Result<(), StoreError> {
    if holds { Ok(()) } else { Err(refused(what)) }
}

fn check_write<'a>(write: &'a DocumentWrite, seen: &mut BTreeSet<(Kind, &'a str)>) -> Result<(), StoreError> {
    check(write.version > write.expected, "a document's version does not rise")?;
    check(write.version <= MOST_NUMBER, "a document's version is above 2^53")?;
    check(
        write.key.id.len() <= MOST_NAME,
        "a document's id is longer than 1,000 bytes",
    )?;
    check(
        write.bytes.as_ref().is_none_or(|bytes| bytes.len() <= MOST_BYTES),
        "a document is larger than 16 MiB",
    )?;
    check(
        seen.insert((write.key.kind, &write.key.id)),
        "it writes a document twice",
    )
}

fn check_name(name: &str) -> Result<(), StoreError> {
    check(
        name.len() <= MOST_NAME,
        "a channel, SKU or listing is longer than 1,000 bytes",
    )
}

/// Checks what needs no store.
///
/// # Errors
/// [`StoreError::Refused`] when the batch can't be meant: nothing was changed.
pub(super) fn prepare(batch: &CommitBatch) -> Result<Prepared<'_>, StoreError> {
    let changes = batch.writes.len() + batch.marks.len() + batch.clears.len() + batch.intents.len();
    let told: usize = batch.history.iter().map(|entry| 1 + entry.about.len()).sum();
    check(changes + told <= MOST_CHANGES, "it holds more than 50,000 changes")?;
    let mut prepared = Prepared {
        cursor: batch.cursor,
        ..Prepared::default()
    };
    if let Some(cursor) = batch.cursor {
        check(
            cursor.to >= cursor.from && cursor.to.0 <= MOST_NUMBER,
            "its cursor goes backwards or above 2^53",
        )?;
    }
    let mut seen = BTreeSet::new();
    for write in &batch.writes {
        check_write(write, &mut seen)?;
        prepared.writes.entry(write.key.kind).or_default().push(write);
    }
    for mark in &batch.marks {
        check_name(&mark.channel).and_then(|()| check_name(&mark.sku))?;
        check(
            (Millis::MIN..=Millis::MAX).contains(&mark.since),
            "an instant is outside the years 1 to 9999",
        )?;
        prepared.channels.entry(&mark.channel).or_default().marks.push(mark);
    }
    for clear in &batch.clears {
        prepared.channels.entry(&clear.channel).or_default().clears.push(clear);
    }
    for intent in &batch.intents {
        check_name(&intent.channel).and_then(|()| check_name(&intent.listing))?;
        prepared
            .channels
            .entry(&intent.channel)
            .or_default()
            .intents
            .insert(&intent.listing, intent.open);
    }
    for entry in &batch.history {
        let large = entry.bytes.len() > MOST_BYTES;
        check(!large, "an entry of its history is larger than 16 MiB")?;
        entry.about.iter().try_for_each(|about| check_name(about))?;
        prepared.history.push(Told {
            at: entry.at,
            about: entry.about.iter().map(String::as_str).collect(),
            bytes: &entry.bytes,
        });
    }
    Ok(prepared)
}

/// Checks events before they are appended.
///
/// # Errors
/// [`StoreError::Refused`] when one is larger than [`MOST_BYTES`]: none was appended.
pub(super) fn check_events(events: &[Vec<u8>]) -> Result<(), StoreError> {
    match events.iter().map(Vec::len).find(|length| *length > MOST_BYTES) {
        Some(length) => Err(StoreError::Refused(format!(
            "an event of {length} bytes is larger than 16 MiB; it was not taken"
        ))),
        None => Ok(()),
    }
}
