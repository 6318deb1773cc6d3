//! Why a channel shows another number than it should: five classes, told from what is durably known of the
//! listing and from a reading that the worker has not acted upon.

use crate::listing::is_zero;
use crate::{Facts, Gap, ListingDocument, gap, shown};
use omnistock_words::{Millis, Quantity, WriteMeaning};
use serde::{Deserialize, Serialize};

/// A change by others within this time of the one before belongs to the same series, milliseconds.
const SERIES: i64 = 24 * 3_600_000;

/// Why a number differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DriftClass {
    /// What was right was changed again and again: some program writes it, too.
    AnotherWriter,
    /// What was right was changed once.
    Person,
    /// The channel said yes and still shows what it showed before.
    NotApplied,
    /// The channel said yes and made another number of it.
    VendorLimit,
    /// The channel shows what we last wrote; it should be another number by now.
    OurRule,
}

impl DriftClass {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 5] = [
        Self::AnotherWriter,
        Self::Person,
        Self::NotApplied,
        Self::VendorLimit,
        Self::OurRule,
    ];

    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::AnotherWriter => "another writer",
            Self::Person => "changed by person",
            Self::NotApplied => "not applied",
            Self::VendorLimit => "vendor limit",
            Self::OurRule => "our rule changed",
        }
    }

    /// Whether writing the number again can help: another program, or the vendor's limit, would only win again.
    pub fn can_be_fixed(self) -> bool {
        matches!(self, Self::Person | Self::NotApplied | Self::OurRule)
    }
}

/// What is remembered of a listing, to tell later why it differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Evidence {
    /// What was shown before the last write.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replaced: Option<Quantity>,
    /// What was first read behind its yes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<Quantity>,
    /// It was seen to show what was written.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub matched: bool,
    /// Yeses in a row before the last one that came to nothing.
    #[serde(skip_serializing_if = "is_zero")]
    pub undone: u32,
    /// Changes by others, of one series.
    #[serde(skip_serializing_if = "is_zero")]
    pub changes: u32,
    /// When the series began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<Millis>,
    /// When its last change was seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<Millis>,
}

impl Evidence {
    /// A number goes out that replaces what is shown; with `drift` somebody else has changed that.
    pub fn written(&mut self, shown: Option<Quantity>, drift: bool, now: Millis) {
        if drift && self.matched {
            let goes_on = self.last.is_some_and(|last| now.since(last) <= SERIES);
            (self.changes, self.since) = if goes_on {
                (self.changes.saturating_add(1), self.since)
            } else {
                (1, Some(now))
            };
            self.last = Some(now);
        }
        // Where sales or another aim explain what is shown, the yes before may well have been kept.
        self.undone = if drift && self.came_to_nothing(shown) {
            self.undone.saturating_add(1)
        } else {
            0
        };
        (self.replaced, self.first, self.matched) = (shown, None, false);
    }
}

impl Evidence {
    /// Milliseconds between two changes by others of one series, on average; at least two of them tell.
    pub fn every(&self) -> Option<i64> {
        let between = i64::from(self.changes).checked_sub(1).filter(|between| *between > 0)?;
        Some(self.last?.since(self.since?) / between)
    }

    /// The last yes left `shown` as it was.
    fn came_to_nothing(&self, shown: Option<Quantity>) -> bool {
        !self.matched && shown.is_some() && self.replaced == shown && self.first == shown
    }
}

/// After one yes that came to nothing the same number goes out again so long after it, milliseconds; doubled each time.
const AGAIN: i64 = 1_000;
/// At most so long: also a vendor that counts changes by the day has room for that.
const MOST_AGAIN: i64 = 600_000;

impl ListingDocument {
    /// Yeses in a row that came to nothing, as far as was read: what was there before is still shown.
    pub fn undone(&self) -> u32 {
        let shown = self.observed.as_ref().and_then(|read| read.quantity);
        let nothing = self.evidence.filter(|evidence| evidence.came_to_nothing(shown));
        let asked = self.accepted.as_ref().map(|accepted| accepted.quantity);
        match nothing {
            Some(evidence) if self.confirmed() && asked.is_some_and(|asked| Some(asked) != shown) => {
                evidence.undone.saturating_add(1)
            }
            _ => 0,
        }
    }

    /// When this promise may go out once more, where it got a yes that came to nothing. Another promise may go at once.
    pub fn again(&self, target: Quantity) -> Option<Millis> {
        let undone = self.undone();
        let same = self.sent.as_ref().is_some_and(|sent| sent.target == target);
        let accepted = self.accepted.as_ref().filter(|_| same && undone > 0)?;
        let pause = AGAIN.saturating_mul(1 << undone.saturating_sub(1).min(20));
        Some(accepted.at.plus(pause.min(MOST_AGAIN)))
    }
}

/// What a comparison came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// It shows what it should.
    Equal,
    /// It does not.
    Differs(DriftClass, Gap),
    /// Nobody can tell, or it is not ours to compare.
    Not,
}

/// Compares what was read (`document.observed`, `reserved`) with what should be shown.
pub fn compare(facts: &Facts<'_>) -> Comparison {
    let document = facts.document;
    if document.unwritable.is_some() || document.dropped.is_some() || document.unknown || document.held.is_some() {
        return Comparison::Not;
    }
    match gap(facts) {
        None => Comparison::Not,
        Some(gap) if gap.ours == gap.there => Comparison::Equal,
        Some(gap) => Comparison::Differs(class(facts), gap),
    }
}

fn class(facts: &Facts<'_>) -> DriftClass {
    let document = facts.document;
    let read = document.observed.as_ref().and_then(|read| read.quantity);
    let (Some(there), Some(accepted)) = (read, document.accepted.as_ref()) else {
        return DriftClass::OurRule;
    };
    let kept = match facts.vendor.write {
        WriteMeaning::Gross => there == accepted.quantity,
        WriteMeaning::Available => shown::accepted(facts).is_some_and(|anchor| {
            let span = shown::since(anchor, facts);
            (span.low..=span.high).contains(&there)
        }),
    };
    if kept {
        return DriftClass::OurRule;
    }
    let evidence = document.evidence.unwrap_or_default();
    if evidence.changes >= 2 {
        return DriftClass::AnotherWriter;
    }
    if !evidence.matched {
        // Never seen to be right: what was there before stayed, or the channel made something else of it.
        let first = evidence.first.unwrap_or(there);
        if evidence.replaced == Some(there) && first == there {
            return DriftClass::NotApplied;
        }
        if evidence.first == Some(there) {
            return DriftClass::VendorLimit;
        }
    }
    DriftClass::Person
}

#[cfg(test)]
#[path = "drift_test.rs"]
mod tests;
