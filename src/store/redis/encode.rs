//! Batches as keys and arguments of the commit script, documents as the values it stores.

use super::keys::Keys;
use crate::store::prepare::{ChannelChanges, Prepared, Told};
use crate::store::{DocumentWrite, HistoryId, Lease, StoreError, Versioned};
use std::collections::{BTreeMap, BTreeSet};

/// Keys and arguments in the order that the head of `commit.lua` states.
pub(super) struct Encoded {
    pub(super) keys: Vec<String>,
    pub(super) arguments: Vec<Vec<u8>>,
}

fn number(value: impl ToString + Copy) -> Vec<u8> {
    value.to_string().into_bytes()
}

/// The version in front of the bytes: one field, so that a read can never tear the two apart.
fn value(write: &DocumentWrite) -> Vec<u8> {
    let Some(bytes) = &write.bytes else { return Vec::new() };
    let mut value = Vec::with_capacity(8 + bytes.len());
    value.extend_from_slice(&write.version.to_be_bytes());
    value.extend_from_slice(bytes);
    value
}

/// The inverse: what is stored under an id, if anything.
pub(super) fn document(stored: Option<Vec<u8>>) -> Result<Versioned, StoreError> {
    let Some(stored) = stored else {
        return Ok(Versioned::default());
    };
    let Some((version, bytes)) = stored.split_first_chunk::<8>() else {
        return Err(StoreError::Damaged(
            "a document in redis is shorter than its version".to_owned(),
        ));
    };
    Ok(Versioned {
        version: u64::from_be_bytes(*version),
        bytes: bytes.to_vec(),
    })
}

fn add_channel(changes: &ChannelChanges<'_>, arguments: &mut Vec<Vec<u8>>) {
    arguments.push(number(changes.marks.len()));
    for mark in &changes.marks {
        arguments.extend([mark.sku.clone().into_bytes(), number(mark.since.0)]);
    }
    arguments.push(number(changes.clears.len()));
    for clear in &changes.clears {
        arguments.extend([clear.sku.clone().into_bytes(), number(clear.version)]);
    }
    for wanted in [true, false] {
        let listings = changes
            .intents
            .iter()
            .filter(|(_, open)| **open == wanted)
            .map(|(listing, _)| *listing);
        let before = arguments.len();
        arguments.push(Vec::new());
        arguments.extend(listings.map(|listing| listing.as_bytes().to_vec()));
        let count = number(arguments.len() - before - 1);
        if let Some(place) = arguments.get_mut(before) {
            *place = count;
        }
    }
}

/// Subjects are numbered over the whole batch: each is read and written once. In the order of their numbers, from 1.
fn number_subjects<'a>(history: &[Told<'a>]) -> BTreeMap<&'a str, usize> {
    let all: BTreeSet<&str> = history.iter().flat_map(|told| told.about.iter().copied()).collect();
    all.into_iter().zip(1..).collect()
}

fn add_history(history: &[Told<'_>], subjects: &BTreeMap<&str, usize>, arguments: &mut Vec<Vec<u8>>) {
    arguments.extend(subjects.keys().map(|about| about.as_bytes().to_vec()));
    for told in history {
        arguments.extend([
            number(HistoryId::first_at(told.at).parts().0),
            serde_json::to_vec(&told.about).unwrap_or_default(),
            told.bytes.to_vec(),
            number(told.size()),
            number(told.about.len()),
        ]);
        let numbers = told.about.iter().filter_map(|about| subjects.get(about));
        arguments.extend(numbers.map(|known| number(*known)));
    }
}

/// `known`: the generation of the store and how many commits it has had at least.
pub(super) fn encode(keys: &Keys, lease: &Lease, known: (u64, u64), prepared: &Prepared<'_>) -> Encoded {
    let mut names = vec![
        keys.lease(),
        keys.cursor(),
        keys.last_mark(),
        keys.last_history(),
        keys.history_bytes(),
        keys.inbox(),
    ];
    let cursor = prepared.cursor.map(|moved| (moved.from.0, moved.to.0));
    let marks: usize = prepared.channels.values().map(|changes| changes.marks.len()).sum();
    let subjects = number_subjects(&prepared.history);
    let mut arguments = vec![
        lease.owner.clone().into_bytes(),
        number(lease.token),
        number(known.0),
        number(known.1),
        cursor.map(|(from, _)| number(from)).unwrap_or_default(),
        cursor.map(|(_, to)| number(to)).unwrap_or_default(),
        cursor
            .map(|(_, to)| format!("{}-0", to + 1).into_bytes())
            .unwrap_or_default(),
        number(prepared.writes.len()),
        number(prepared.channels.len()),
        number(marks),
        number(prepared.history.len()),
        number(subjects.len()),
    ];
    add_history(&prepared.history, &subjects, &mut arguments);
    for (kind, writes) in &prepared.writes {
        names.extend([keys.documents(*kind), keys.index(*kind)]);
        arguments.push(number(writes.len()));
        for write in writes {
            arguments.extend([
                write.key.id.clone().into_bytes(),
                write.expected.to_be_bytes().to_vec(),
                value(write),
            ]);
        }
    }
    for (channel, changes) in &prepared.channels {
        names.extend([keys.marks(channel), keys.marks_by_age(channel), keys.intents(channel)]);
        add_channel(changes, &mut arguments);
    }
    if !prepared.history.is_empty() {
        names.extend([keys.history(), keys.history_index(), keys.history_blocks()]);
    }
    Encoded { keys: names, arguments }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{Key, Kind};

    #[test]
    fn a_stored_document_reads_back_and_a_short_one_is_damage() {
        let write = DocumentWrite {
            key: Key::new(Kind::Sku, "a"),
            expected: 6,
            version: 7,
            bytes: Some(vec![0, 255]),
        };
        assert_eq!(
            document(Some(value(&write))),
            Ok(Versioned {
                version: 7,
                bytes: vec![0, 255]
            })
        );
        assert_eq!(document(None), Ok(Versioned::default()));
        assert!(matches!(document(Some(vec![0; 7])), Err(StoreError::Damaged(_))));
    }
}
