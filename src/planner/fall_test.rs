//! What explains a number that fell: a sale that may be in the reading does, one behind it, or none, does not.

use super::*;
use crate::{Accepted, Evidence, Fetched, LineStatus, ListingDocument, Observed, OwnLine, Target, Vendor};
use omnistock_words::{ChannelName, LineId, ListingId, Mode, OrderId, Sku};
use proptest::prelude::*;

const NOW: i64 = 1_000_000;

fn units(number: i64) -> Quantity {
    Quantity::whole(number)
}

fn vendor(write: WriteMeaning) -> Vendor {
    Vendor {
        write,
        compare_and_set: false,
        grain: 1_000,
        skew: 1_000,
        decimals: 0,
        least: units(0),
        most: units(9_999),
        opens: false,
    }
}

/// 10 were accepted 100 s ago and seen to be right; `shown` was read 50 s ago.
fn document(shown: i64) -> ListingDocument {
    let mut document = ListingDocument::new(ChannelName::new("shop").unwrap(), ListingId::new("7").unwrap(), None);
    document.sku = Some(Sku::new("A").unwrap());
    document.accepted = Some(Accepted {
        quantity: units(10),
        sent_at: Millis(NOW - 100_100),
        at: Millis(NOW - 100_000),
    });
    document.observed = Some(Observed {
        quantity: Some(units(shown)),
        at: Millis(NOW - 50_100),
        until: Millis(NOW - 50_000),
    });
    document.evidence = Some(Evidence {
        matched: true,
        ..Evidence::default()
    });
    document
}

fn sale(number: i64, ago: i64) -> OwnLine {
    OwnLine {
        order: OrderId::new("1").unwrap(),
        line: LineId::new("1").unwrap(),
        quantity: units(number),
        status: LineStatus::Open,
        placed_at: Millis(NOW - ago),
        at: Millis(NOW - ago),
    }
}

fn facts<'a>(
    vendor: &'a Vendor,
    document: &'a ListingDocument,
    lines: &'a [OwnLine],
    fetched: Option<i64>,
) -> Facts<'a> {
    let fetched = fetched.map(|ago| Fetched {
        begun: Millis(NOW - ago),
        applied: Millis(NOW - ago),
    });
    Facts {
        vendor,
        mode: Mode::Live,
        gate: true,
        target: Target::Number(units(10)),
        factor: Quantity::ONE,
        document,
        lines,
        sole: true,
        fresh: true,
        reserved: &[],
        reads: 1,
        since: Millis(NOW - 60_000),
        orders: fetched,
        settings: 0,
        now: Millis(NOW),
    }
}

fn found(document: &ListingDocument, lines: &[OwnLine], fetched: Option<i64>) -> Option<i64> {
    let vendor = vendor(WriteMeaning::Available);
    let found = unexplained(&facts(&vendor, document, lines, fetched))?;
    Some(found.units.to_string().parse().unwrap())
}

#[test]
fn a_fall_is_strange_once_orders_were_fetched_behind_it_and_none_explains_it() {
    let fell = document(8);
    assert_eq!(found(&fell, &[], None), None, "the sale may not be listed yet");
    assert_eq!(found(&fell, &[], Some(70_000)), None, "fetched before the reading");
    assert_eq!(found(&fell, &[], Some(40_000)), Some(2));
    assert_eq!(found(&fell, &[sale(2, 75_000)], Some(40_000)), None);
    assert_eq!(found(&fell, &[sale(1, 75_000)], Some(40_000)), Some(1));
    assert_eq!(
        found(&fell, &[sale(2, 50_050)], Some(40_000)),
        None,
        "perhaps in the reading"
    );
    assert_eq!(
        found(&fell, &[sale(2, 20_000)], Some(10_000)),
        Some(2),
        "sold behind it"
    );
    assert_eq!(
        found(&fell, &[sale(2, 150_000)], Some(40_000)),
        Some(2),
        "sold before the write"
    );
}

#[test]
fn what_was_sold_behind_or_in_the_reading_is_no_rise() {
    assert_eq!(found(&document(10), &[sale(2, 20_000)], None), None);
    assert_eq!(found(&document(10), &[sale(2, 50_050)], None), None);
    assert_eq!(found(&document(12), &[], None), Some(-2), "no order raises a number");
    assert_eq!(
        found(&document(10), &[sale(2, 75_000)], None),
        Some(-2),
        "somebody put it back"
    );
}

#[test]
fn what_was_never_right_or_is_not_certain_says_nothing() {
    let mut document = document(8);
    document.evidence = None;
    assert_eq!(
        found(&document, &[], Some(40_000)),
        None,
        "the yes was perhaps not carried out"
    );
    document.evidence = Some(Evidence {
        matched: true,
        ..Evidence::default()
    });
    document.unknown = true;
    assert_eq!(found(&document, &[], Some(40_000)), None, "a call is on its way");
    document.unknown = false;
    let gross = vendor(WriteMeaning::Gross);
    assert!(unexplained(&facts(&gross, &document, &[], Some(40_000))).is_none());
}

#[test]
fn an_order_that_comes_late_explains_it_even_after_the_next_write() {
    let (vendor, fell) = (vendor(WriteMeaning::Available), document(8));
    let strange = unexplained(&facts(&vendor, &fell, &[], Some(40_000))).unwrap();
    let mut written = fell.clone();
    written.accepted.as_mut().unwrap().at = Millis(NOW - 30_000);
    let (late, part) = ([sale(2, 60_000)], [sale(1, 60_000)]);
    assert!(strange.still(&facts(&vendor, &written, &late, None)).is_none());
    assert_eq!(
        strange.still(&facts(&vendor, &written, &part, None)).unwrap().units,
        units(1)
    );
    let behind = [sale(2, 10_000)];
    assert_eq!(
        strange.still(&facts(&vendor, &written, &behind, None)).unwrap().units,
        units(2)
    );
}

proptest! {
    /// However many sales are known: what is sold and shown less by as much is never strange.
    #[test]
    fn known_sales_are_never_strange(sales in proptest::collection::vec((1i64..4, 52_200i64..98_000), 0..3)) {
        let lines: Vec<OwnLine> = sales.iter().map(|(number, ago)| sale(*number, *ago)).collect();
        let sold: i64 = sales.iter().map(|(number, _)| number).sum();
        prop_assert_eq!(found(&document(10 - sold), &lines, Some(40_000)), None);
    }
}
