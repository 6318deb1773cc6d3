//! Why a channel shows another number than it should: five classes, told from what is durably known of the
//! listing and from a reading that the worker has not acted upon.

use crate::{Facts, Gap, gap, shown};
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
    pub matched: bool,
    /// Changes by others, of one series.
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
        (self.replaced, self.first, self.matched) = (shown, None, false);
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
