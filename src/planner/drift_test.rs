//! What an audit says of a number, from what is known of it.

use super::*;
use crate::{Accepted, Dropped, LineStatus, ListingDocument, Observed, OwnLine, Target, Vendor};
use omnistock_words::{ChannelName, LineId, ListingId, Mode, OrderId, Sku};

const NOW: Millis = Millis(10_000_000);

fn units(number: i64) -> Quantity {
    Quantity::whole(number)
}

/// We wrote five over three a minute ago, and the channel shows `there`; `ours` is what it should be.
fn document(there: i64) -> ListingDocument {
    let mut document = ListingDocument::new(ChannelName::new("shop").unwrap(), ListingId::new("7").unwrap(), None);
    document.sku = Some(Sku::new("A").unwrap());
    document.accepted = Some(Accepted {
        quantity: units(5),
        sent_at: NOW.plus(-60_000),
        at: NOW.plus(-59_900),
    });
    document.observed = Some(Observed {
        quantity: Some(units(there)),
        at: NOW.plus(-100),
        until: NOW,
    });
    let mut evidence = Evidence::default();
    evidence.written(Some(units(3)), false, NOW.plus(-60_000));
    document.evidence = Some(evidence);
    document
}

fn compared(write: WriteMeaning, document: &ListingDocument, ours: i64, lines: &[OwnLine]) -> Comparison {
    let vendor = Vendor {
        write,
        compare_and_set: false,
        grain: 1_000,
        skew: 1_000,
        decimals: 0,
        least: units(0),
        most: units(9_999),
        opens: false,
    };
    compare(&Facts {
        vendor: &vendor,
        mode: Mode::Live,
        gate: true,
        target: Target::Number(units(ours)),
        factor: Quantity::ONE,
        document,
        lines,
        sole: true,
        fresh: true,
        reserved: &[],
        reads: 0,
        since: NOW,
        orders: None,
        settings: 1,
        now: NOW,
    })
}

fn classed(document: &ListingDocument, ours: i64) -> Option<DriftClass> {
    let both = [WriteMeaning::Available, WriteMeaning::Gross];
    let found = both.map(|write| match compared(write, document, ours, &[]) {
        Comparison::Differs(class, _) => Some(class),
        Comparison::Equal | Comparison::Not => None,
    });
    assert_eq!(found[0], found[1]);
    found[0]
}

/// What is known once the first reading behind the yes showed `first`.
fn read_first(mut document: ListingDocument, first: i64, matched: bool) -> ListingDocument {
    let evidence = document.evidence.as_mut().unwrap();
    (evidence.first, evidence.matched) = (Some(units(first)), matched);
    document
}

#[test]
fn every_cause_is_told_apart() {
    assert_eq!(classed(&document(5), 5), None, "equal");
    assert_eq!(classed(&document(5), 4), Some(DriftClass::OurRule));
    assert_eq!(classed(&document(3), 5), Some(DriftClass::NotApplied));
    assert_eq!(
        classed(&read_first(document(3), 3, false), 5),
        Some(DriftClass::NotApplied)
    );
    assert_eq!(
        classed(&read_first(document(4), 4, false), 5),
        Some(DriftClass::VendorLimit)
    );
    assert_eq!(classed(&read_first(document(9), 5, true), 5), Some(DriftClass::Person));
    assert_eq!(
        classed(&read_first(document(3), 5, true), 5),
        Some(DriftClass::Person),
        "it was right"
    );
    let mut never = document(9);
    (never.accepted, never.evidence) = (None, None);
    assert_eq!(classed(&never, 5), Some(DriftClass::OurRule), "it was never ours");
}

#[test]
fn who_changes_it_again_and_again_is_a_program() {
    let mut document = read_first(document(9), 5, true);
    let evidence = document.evidence.as_mut().unwrap();
    for minutes in [30, 15] {
        evidence.written(Some(units(9)), true, NOW.plus(-minutes * 60_000));
        evidence.matched = true;
    }
    assert_eq!(evidence.since, Some(NOW.plus(-30 * 60_000)));
    assert_eq!(evidence.every(), Some(15 * 60_000));
    assert_eq!(classed(&document, 5), Some(DriftClass::AnotherWriter));
    // Days later it may be a person again.
    let evidence = document.evidence.as_mut().unwrap();
    evidence.written(Some(units(9)), true, NOW.plus(3 * 86_400_000));
    assert_eq!(evidence.changes, 1);
}

#[test]
fn a_known_sale_is_no_difference_and_what_is_left_alone_is_not_compared() {
    let line = OwnLine {
        order: OrderId::new("1").unwrap(),
        line: LineId::new("1").unwrap(),
        quantity: units(2),
        status: LineStatus::Open,
        placed_at: NOW.plus(-30_000),
        at: NOW.plus(-30_000),
    };
    let available = WriteMeaning::Available;
    assert_eq!(
        compared(available, &document(3), 3, std::slice::from_ref(&line)),
        Comparison::Equal
    );
    let Comparison::Differs(class, gap) = compared(available, &document(3), 2, &[line]) else {
        panic!("it differs")
    };
    assert_eq!((class, gap.ours, gap.there), (DriftClass::OurRule, units(2), units(3)));
    let mut left = document(9);
    let reason = String::new();
    left.dropped = Some(Dropped { at: NOW, reason });
    assert_eq!(compared(available, &left, 5, &[]), Comparison::Not);
}

#[test]
fn a_yes_that_comes_to_nothing_is_repeated_ever_more_seldom() {
    let mut document = document(3);
    let sent = |target| crate::Sent {
        quantity: units(target),
        target: units(target),
        at: NOW,
        token: 1,
        expected: None,
    };
    document.sent = Some(sent(5));
    assert_eq!(
        (document.undone(), document.again(units(5))),
        (0, None),
        "nothing was read behind it"
    );
    let mut pauses = Vec::new();
    for _ in 0..12 {
        let evidence = document.evidence.as_mut().unwrap();
        evidence.first = Some(units(3));
        let accepted = document.accepted.as_ref().unwrap().at;
        pauses.push(document.again(units(5)).unwrap().since(accepted) / 1_000);
        assert_eq!(document.again(units(4)), None, "another number goes at once");
        document.evidence.as_mut().unwrap().written(Some(units(3)), true, NOW);
    }
    assert_eq!(pauses, [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 600, 600]);
    assert_eq!(document.undone(), 0, "it was sent again, and not read yet");
    document.evidence.as_mut().unwrap().first = Some(units(4));
    document.observed.as_mut().unwrap().quantity = Some(units(4));
    assert_eq!(document.undone(), 0, "something came of it");
    document.evidence.as_mut().unwrap().written(Some(units(4)), false, NOW);
    assert_eq!(document.evidence.unwrap().undone, 0);
}

#[test]
fn what_another_program_or_the_vendor_would_win_again_is_not_offered_to_be_fixed() {
    let mut fixed: Vec<&str> = DriftClass::ALL
        .iter()
        .filter(|cause| cause.can_be_fixed())
        .map(|cause| cause.words())
        .collect();
    fixed.sort_unstable();
    assert_eq!(fixed, ["changed by person", "not applied", "our rule changed"]);
    assert_eq!(DriftClass::AnotherWriter.words(), "another writer");
    assert_eq!(DriftClass::VendorLimit.words(), "vendor limit");
}
