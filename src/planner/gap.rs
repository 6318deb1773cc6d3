//! What a number at the channel shows beside what it should: for channels that are not written.

use crate::decide::counted;
use crate::{Facts, Target, decide::fit, shown};
use omnistock_words::{Quantity, WriteMeaning};

/// Both in what may be promised: without what the vendor keeps apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    /// What it should show.
    pub ours: Quantity,
    /// What it shows.
    pub there: Quantity,
}

/// What the number shows beside what it should; `None` where either is not known. A sale that may or may
/// not be in what was read already is taken for the better of both.
pub fn gap(facts: &Facts<'_>) -> Option<Gap> {
    let Target::Number(target) = facts.target else {
        return None;
    };
    facts.document.sku.as_ref()?;
    match facts.vendor.write {
        WriteMeaning::Available => {
            let (ours, span) = (fit(target, facts.vendor), shown::shown(facts)?);
            let there = if (span.low..=span.high).contains(&ours) {
                ours
            } else {
                span.point
            };
            Some(Gap { ours, there })
        }
        WriteMeaning::Gross => {
            let read = facts.document.observed.as_ref();
            let seen = read.filter(|_| facts.document.confirmed())?.quantity?;
            let lines = facts.lines;
            let kept: Quantity = facts.reserved.iter().map(|line| counted(line, lines)).sum();
            let ours = fit(target + kept, facts.vendor) - kept;
            Some(Gap {
                ours,
                there: seen - kept,
            })
        }
    }
}
