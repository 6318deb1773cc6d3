//! Reservations that somebody waits for: decided once, and the answer kept by the commit that decides.
//!
//! The same request again, before or after a crash, finds its answer and changes nothing. Only the owner writes
//! these documents, so what it has read is what is there.

use super::Ledger;
use crate::history::{Person, decided_by_person};
use crate::intake::reservation::{PREFIX, ReservationRecord};
use crate::store::{CommitBatch, CommitError, DocumentWrite, Kind, Lease, Store, StoreError};
use omnistock_engine::{Asked, Complaint, Event, Wish};
use omnistock_words::{Millis, ReservationId, Sku};
use std::collections::BTreeMap;

/// Reservations looked at in one piece.
const PAGE: usize = 200;

struct Known {
    version: u64,
    record: Option<ReservationRecord>,
    changed: bool,
}

/// The reservations that a batch is about.
pub(super) struct Asking {
    known: BTreeMap<ReservationId, Known>,
    /// What was asked for and done.
    record: Vec<(Person, Sku)>,
    at: Millis,
}

fn asked(event: &Event) -> Option<(&ReservationId, &Asked)> {
    match event {
        Event::Reservation {
            id, asked: Some(asked), ..
        } => Some((id, asked)),
        _ => None,
    }
}

impl Asking {
    pub(super) async fn load(store: &dyn Store, events: &[Event]) -> Result<Self, StoreError> {
        let mut known = BTreeMap::new();
        let ids: Vec<&ReservationId> = events.iter().filter_map(asked).map(|(id, _)| id).collect();
        if ids.is_empty() {
            return Ok(Self::of(known));
        }
        let keys: Vec<_> = ids.iter().map(|id| ReservationRecord::key(id)).collect();
        for (id, stored) in ids.into_iter().zip(store.load(&keys).await?) {
            let record = ReservationRecord::decode(&stored)?;
            let version = stored.version;
            known.insert(
                id.clone(),
                Known {
                    version,
                    record,
                    changed: false,
                },
            );
        }
        Ok(Self::of(known))
    }

    fn of(known: BTreeMap<ReservationId, Known>) -> Self {
        Self {
            known,
            record: Vec::new(),
            at: Millis::MIN,
        }
    }

    /// Whether the event is to be applied: not where it was decided before, or where there is nothing to change.
    pub(super) fn admits(&self, event: &Event, now: Millis) -> bool {
        let Some((id, asked)) = asked(event) else { return true };
        let record = self.known.get(id).and_then(|known| known.record.as_ref());
        match asked.wish {
            Wish::Grant => record.is_none(),
            Wish::Confirm | Wish::Extend | Wish::Release => record.is_some_and(|record| record.live(now)),
        }
    }

    /// Keeps what came of an event that was applied.
    pub(super) fn answer(&mut self, event: &Event, complaints: &[Complaint], now: Millis) {
        let Event::Reservation {
            id,
            sku,
            location,
            channel,
            quantity,
            expires_at,
            asked: Some(asked),
        } = event
        else {
            return;
        };
        let Some(known) = self.known.get_mut(id) else { return };
        known.changed = true;
        let mut refused = complaints.iter().filter_map(|complaint| match complaint {
            Complaint::ReservationRefused { id: of, because, .. } if of == id => Some(because.to_string()),
            _ => None,
        });
        let refused = refused.next();
        self.at = now;
        if refused.is_none() {
            self.record
                .push((person(event, known.record.as_ref(), now), sku.clone()));
        }
        let record = known.record.get_or_insert_with(|| ReservationRecord {
            id: id.clone(),
            sku: sku.clone(),
            location: location.clone(),
            channel: channel.clone(),
            quantity: *quantity,
            expires_at: *expires_at,
            asked_at: asked.at,
            by: asked.by.clone(),
            sum: asked.sum.clone(),
            refused: None,
            confirmed_at: None,
            released_at: None,
            unchanged: None,
        });
        match (asked.wish, refused) {
            (Wish::Grant, refused) => record.refused = refused,
            (_, Some(refused)) => record.unchanged = Some((asked.at, refused)),
            (Wish::Release, None) => record.released_at = Some(now),
            (wish, None) => {
                record.expires_at = *expires_at;
                if wish == Wish::Confirm {
                    record.confirmed_at = record.confirmed_at.or(Some(now));
                }
            }
        }
    }

    /// Adds the answers, and the record of them, to the commit.
    pub(super) fn write(self, batch: &mut CommitBatch) {
        for (person, sku) in self.record {
            batch.history.extend(decided_by_person(person, &[sku], self.at));
        }
        for (id, known) in self.known.into_iter().filter(|(_, known)| known.changed) {
            batch.writes.push(DocumentWrite {
                key: ReservationRecord::key(&id),
                expected: known.version,
                version: known.version + 1,
                bytes: known.record.map(|record| record.encode()),
            });
        }
    }
}

/// What was done, for the record.
fn person(event: &Event, before: Option<&ReservationRecord>, now: Millis) -> Person {
    let Event::Reservation {
        id,
        sku,
        location,
        channel,
        quantity,
        expires_at,
        asked: Some(asked),
    } = event
    else {
        return Person::default();
    };
    let place = location.as_ref().map(|location| format!("at {location}"));
    let place = place.or_else(|| channel.as_ref().map(|channel| format!("for {channel}")));
    let decided = match asked.wish {
        Wish::Grant => format!(
            "{quantity} of {sku} set aside {}, until {expires_at}",
            place.unwrap_or_default()
        ),
        Wish::Confirm => format!("confirmed, until {expires_at}"),
        Wish::Extend => format!("until {expires_at}"),
        Wish::Release => "released".to_owned(),
    };
    let was = |record: &ReservationRecord| format!("{}, until {}", record.state(now).name(), record.expires_at);
    Person {
        what: format!("reservation {id}"),
        who: asked.by.clone(),
        before: before.map(was),
        decided,
        reason: asked.reason.clone(),
    }
}

impl Ledger {
    /// A page of reservations, when its time has come: those that ended long ago go.
    pub(super) async fn forget_reservations(&mut self, lease: &Lease, at: Millis) -> Result<(), CommitError> {
        let times = self.parts.times;
        let (last, after) = &mut self.upkeep.reservations;
        let pause = if after.is_some() { times.page } else { times.walk };
        if (0..pause).contains(&at.since(*last)) {
            return Ok(());
        }
        *last = at;
        let from = after.take().unwrap_or_else(|| PREFIX.to_owned());
        let page = self.parts.store.scan(Kind::Hold, Some(&from), PAGE).await?;
        let ours = page.iter().take_while(|(id, _)| id.starts_with(PREFIX));
        let mut batch = CommitBatch::default();
        for (_, stored) in ours.clone() {
            // One that can't be read stays: whoever asks for it is told.
            let Ok(Some(record)) = ReservationRecord::decode(stored) else {
                continue;
            };
            if record.over(at) {
                batch.writes.push(DocumentWrite {
                    key: ReservationRecord::key(&record.id),
                    expected: stored.version,
                    version: stored.version + 1,
                    bytes: None,
                });
            }
        }
        let next = ours.map(|(id, _)| id.clone()).last().filter(|_| page.len() == PAGE);
        if !batch.is_empty() {
            self.parts.store.commit(lease, &batch).await?;
        }
        self.upkeep.reservations.1 = next;
        Ok(())
    }
}
