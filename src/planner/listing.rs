//! What is durably known of one number at a channel: desired, sent, accepted and observed kept apart.

use crate::{ChangesLeft, Drained, Dropped, Evidence, Held, Parked, PriceDocument, There, Why};
use omnistock_words::{ChannelName, ListingId, LocationName, Millis, Quantity, Sku, VendorLocation};
use serde::{Deserialize, Serialize};

/// The schema that this version writes; it reads this one and the one before.
pub const SCHEMA: u32 = 1;

/// An instant so far behind a later one, in milliseconds, means that the clock was set back.
const CLOCK_SET_BACK: i64 = 60_000;

/// A number on the wire: written before the call is made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sent {
    /// The number in the vendor's meaning.
    pub quantity: Quantity,
    /// The promise it stands for (the same, where the vendor's number is what is available).
    pub target: Quantity,
    /// When the call was about to be made, our clock.
    pub at: Millis,
    /// The lease under which it was made.
    pub token: u64,
    /// The number it may replace and no other, where the vendor compares.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<Quantity>,
}

/// A number that the vendor said yes to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accepted {
    /// The number in the vendor's meaning.
    pub quantity: Quantity,
    /// When the call was about to be made, our clock: it took effect between this and `at`.
    pub sent_at: Millis,
    /// When the answer was there, our clock.
    pub at: Millis,
}

/// A number that was read back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Observed {
    /// As shown; `None`: the vendor does not count it.
    pub quantity: Option<Quantity>,
    /// When the read began, our clock: the number was true between this and `until`.
    pub at: Millis,
    /// When the answer was there, our clock.
    pub until: Millis,
}

/// One number at a channel. Its key is channel, listing and vendor location.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListingDocument {
    /// The schema it was written with.
    pub schema: u32,
    /// The channel.
    pub channel: ChannelName,
    /// The vendor's id.
    pub listing: ListingId,
    /// The vendor's location, where it has several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<VendorLocation>,
    /// The product that a variation belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<ListingId>,
    /// The SKU of ours that it sells: the vendor's, unless a person has said another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sku: Option<Sku>,
    /// What the vendor says of it, where it is mapped or not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub there: Option<Box<There>>,
    /// Our location, where the vendor has several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<LocationName>,
    /// Why it can't be written, and what to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unwritable: Option<String>,
    /// The promise, as of the last look.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub desired: Option<Quantity>,
    /// What was last put on the wire; with an open intent its outcome is not known yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sent: Option<Sent>,
    /// What was last said yes to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted: Option<Accepted>,
    /// Changes that the vendor's limit for one listing leaves; `None`: none was made, or there is no limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changes_left: Option<ChangesLeft>,
    /// What was last read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed: Option<Observed>,
    /// What was sent may or may not have taken effect.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unknown: bool,
    /// Kept aside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parked: Option<Parked>,
    /// Left alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dropped: Option<Dropped>,
    /// What tells later why it differs from what was written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Evidence>,
    /// Stopped by a guard.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<Held>,
    /// A person let the newest number out: no guard stops it until the channel shows it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub released: bool,
    /// Counted by the channel's ramp since the channel went live.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ramped: bool,
    /// Brought to zero on purpose: raised again behind a check only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drained: Option<Drained>,
    /// Failed attempts in a row.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub attempts: u32,
    /// Calls in a row that the vendor left undone because it shows another number than expected,
    /// without anything new in its answer.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub contended: u32,
    /// Not to be tried earlier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Millis>,
    /// Its price, where the vendor has one for this listing and prices are kept here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price: Option<Box<PriceDocument>>,
}

impl ListingDocument {
    /// A listing of which nothing but its key is known.
    pub fn new(channel: ChannelName, listing: ListingId, location: Option<VendorLocation>) -> Self {
        Self {
            schema: SCHEMA,
            channel,
            listing,
            location,
            parent: None,
            sku: None,
            there: None,
            place: None,
            unwritable: None,
            desired: None,
            sent: None,
            accepted: None,
            changes_left: None,
            observed: None,
            unknown: false,
            parked: None,
            dropped: None,
            evidence: None,
            held: None,
            released: false,
            ramped: false,
            drained: None,
            attempts: 0,
            contended: 0,
            not_before: None,
            price: None,
        }
    }

    /// The key of the document in the store.
    pub fn id(&self) -> String {
        document_id(&self.channel, &self.listing, self.location.as_ref())
    }

    /// Takes a reading over. One that began before the last accepted write was answered says
    /// nothing of what is shown now and is ignored: `false`.
    pub fn observe(&mut self, observed: Observed) -> bool {
        // Nothing is known from the future: the clock was set back, and the reading is what counts.
        let ahead = |at: Millis| at.since(observed.until) > CLOCK_SET_BACK;
        self.accepted.take_if(|accepted| ahead(accepted.at));
        self.observed.take_if(|old| ahead(old.at));
        let outdated = self.accepted.as_ref().is_some_and(|accepted| observed.at < accepted.at)
            || self.observed.as_ref().is_some_and(|old| observed.at < old.at);
        if outdated {
            return false;
        }
        let counted = |observed: &Observed| observed.quantity.is_some();
        if counted(&observed) && self.observed.as_ref().is_some_and(|old| !counted(old)) {
            // Somebody turned counting on: what was refused for that reason may go now.
            self.parked = None;
        }
        if let (Some(evidence), Some(_)) = (&mut self.evidence, &self.accepted) {
            evidence.first = evidence.first.or(observed.quantity);
        }
        self.observed = Some(observed);
        true
    }

    /// Takes over that nothing is left to do about it, for this reason; true where that changes the
    /// document. A reading (`fresh`) ends what was unknown, and what the channel shows anyway is not
    /// kept aside for having been refused once: nothing would ever be sent that could free it.
    pub fn settled(&mut self, why: Why, fresh: bool) -> bool {
        let known = self.unknown && fresh;
        if known {
            self.took_effect();
        }
        self.unknown &= !fresh;
        let shown = matches!(why, Why::Matches { .. }) && self.parked.take().is_some();
        known || shown
    }

    /// A number whose call got no answer is read: it counts as accepted, or a sale of it would later be missed
    /// against the number before. Between the call and the reading it may have been sold from.
    fn took_effect(&mut self) {
        let (Some(sent), Some(read)) = (&self.sent, &self.observed) else {
            return;
        };
        if read.quantity == Some(sent.quantity) && read.at >= sent.at {
            self.accepted = Some(Accepted {
                quantity: sent.quantity,
                sent_at: sent.at,
                at: read.at,
            });
        }
    }

    /// Whether the last thing known of it is a reading, not an answer to a write.
    pub fn confirmed(&self) -> bool {
        match (&self.accepted, &self.observed) {
            (_, None) => false,
            (None, Some(_)) => true,
            (Some(accepted), Some(observed)) => observed.at >= accepted.at,
        }
    }
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "the shape that serde asks for")]
pub(crate) fn is_zero(number: &u32) -> bool {
    *number == 0
}

fn escape(into: &mut String, text: &str) {
    for character in text.chars() {
        match character {
            '%' => into.push_str("%25"),
            '/' => into.push_str("%2F"),
            other => into.push(other),
        }
    }
}

/// What the ids of a channel's listings begin with.
pub fn document_prefix(channel: &ChannelName) -> String {
    format!("{channel}/")
}

/// The id of a listing's document: two numbers never share one, a channel's ids share a prefix.
pub fn document_id(channel: &ChannelName, listing: &ListingId, location: Option<&VendorLocation>) -> String {
    let mut id = document_prefix(channel);
    escape(&mut id, listing.as_str());
    if let Some(location) = location {
        id.push('/');
        escape(&mut id, location.as_str());
    }
    id
}

#[cfg(test)]
#[path = "listing_test.rs"]
mod tests;
