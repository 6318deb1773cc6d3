//! What came of a reservation that was asked for through our own interface.
//!
//! Written by the commit that changes the ledger, so that after a crash there is the answer and the units, or
//! neither. It is kept for a day after its end: who lost the answer asks again with the same key and gets it.

use crate::store::{Key, Kind, StoreError, Versioned};
use omnistock_words::{ChannelName, LocationName, Millis, Quantity, ReservationId, Sku};
use serde::{Deserialize, Serialize};

/// The layout that this program writes.
const SCHEMA: u32 = 1;
/// Before the ids, among the documents of their kind.
pub const PREFIX: &str = "reservation/";
/// Kept so long after its end, milliseconds.
pub(super) const KEPT: i64 = 86_400_000;

/// How a reservation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReservationState {
    /// Its units are set aside.
    Held,
    /// The same, and the buyer has bought.
    Confirmed,
    /// Its time has passed.
    Expired,
    /// It was given back.
    Released,
    /// Nothing was ever set aside.
    Refused,
}

impl ReservationState {
    /// As people write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Confirmed => "confirmed",
            Self::Expired => "expired",
            Self::Released => "released",
            Self::Refused => "refused",
        }
    }
}

/// A reservation as it was asked for, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReservationRecord {
    /// Our id of it.
    pub id: ReservationId,
    /// The article.
    pub sku: Sku,
    /// At this place …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<LocationName>,
    /// … or for this channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<ChannelName>,
    /// Units.
    pub quantity: Quantity,
    /// Gone from this instant on.
    pub expires_at: Millis,
    /// When it was asked for.
    pub asked_at: Millis,
    /// By whom.
    pub by: String,
    /// What was asked, as a checksum.
    pub sum: String,
    /// Why it was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
    /// When the buyer had bought.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmed_at: Option<Millis>,
    /// When it was given back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub released_at: Option<Millis>,
    /// Why its last change was refused, and when; it stays as it was before that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unchanged: Option<(Millis, String)>,
}

#[derive(Serialize, Deserialize)]
struct Document {
    v: u32,
    d: ReservationRecord,
}

impl ReservationRecord {
    /// Where the store has it.
    pub fn key(id: &ReservationId) -> Key {
        Key::new(Kind::Hold, format!("{PREFIX}{id}"))
    }

    /// How it stands at an instant.
    pub fn state(&self, now: Millis) -> ReservationState {
        match self {
            Self { refused: Some(_), .. } => ReservationState::Refused,
            Self {
                released_at: Some(_), ..
            } => ReservationState::Released,
            _ if self.expires_at <= now => ReservationState::Expired,
            Self {
                confirmed_at: Some(_), ..
            } => ReservationState::Confirmed,
            _ => ReservationState::Held,
        }
    }

    /// Whether its units are set aside at an instant.
    pub fn live(&self, now: Millis) -> bool {
        matches!(self.state(now), ReservationState::Held | ReservationState::Confirmed)
    }

    /// Whether nobody will ask for it any more.
    pub(super) fn over(&self, now: Millis) -> bool {
        let end = match self.state(now) {
            ReservationState::Refused => self.asked_at,
            ReservationState::Released => self.released_at.unwrap_or(self.expires_at),
            _ => self.expires_at,
        };
        now.since(end) >= KEPT
    }

    /// As the store keeps it.
    pub fn encode(&self) -> Vec<u8> {
        serde_json::to_vec(&Document {
            v: SCHEMA,
            d: self.clone(),
        })
        .unwrap_or_default()
    }

    /// Out of the store; `None` where there is none.
    ///
    /// # Errors
    /// It is damaged, or a newer program wrote it.
    pub fn decode(stored: &Versioned) -> Result<Option<Self>, StoreError> {
        if stored.bytes.is_empty() {
            return Ok(None);
        }
        let damaged = |what: String| StoreError::Damaged(format!("a reservation can't be read: {what}"));
        let document: Document = serde_json::from_slice(&stored.bytes).map_err(|error| damaged(error.to_string()))?;
        if document.v > SCHEMA {
            return Err(damaged("a newer program wrote it: start that one".to_owned()));
        }
        Ok(Some(document.d))
    }
}
