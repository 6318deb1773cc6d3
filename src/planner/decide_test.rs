//! The decision about one listing: what is written, read, waited for, or left alone.

use super::*;
use crate::{Accepted, Fetched, ListingDocument, Observed, Parked, Sent};
use omnistock_words::{ChannelName, LineId, ListingId, OrderId, Sku};

const NOW: Millis = Millis(1_000_000);

struct Case {
    vendor: Vendor,
    document: ListingDocument,
    lines: Vec<OwnLine>,
    reserved: Vec<Reserved>,
    mode: Mode,
    fresh: bool,
    orders: Option<Fetched>,
}

fn units(number: i64) -> Quantity {
    Quantity::whole(number)
}

impl Case {
    fn new(write: WriteMeaning) -> Self {
        let mut document = ListingDocument::new(ChannelName::new("shop").unwrap(), ListingId::new("7").unwrap(), None);
        document.sku = Some(Sku::new("A").unwrap());
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
        Self {
            vendor,
            document,
            lines: vec![],
            reserved: vec![],
            mode: Mode::Live,
            fresh: false,
            orders: None,
        }
    }

    /// A number that was accepted `ago` milliseconds before now.
    fn accepted(mut self, number: i64, ago: i64) -> Self {
        self.document.accepted = Some(Accepted {
            quantity: units(number),
            sent_at: NOW.plus(-ago - 20),
            at: NOW.plus(-ago),
        });
        self
    }

    fn observed(mut self, number: i64, ago: i64) -> Self {
        self.document.observed = Some(Observed {
            quantity: Some(units(number)),
            at: NOW.plus(-ago - 20),
            until: NOW.plus(-ago),
        });
        self
    }

    fn line(mut self, name: &str, number: i64, status: LineStatus, placed_ago: i64, ago: i64) -> Self {
        self.lines.push(OwnLine {
            order: OrderId::new(name).unwrap(),
            line: LineId::new(name).unwrap(),
            quantity: units(number),
            status,
            placed_at: NOW.plus(-placed_ago),
            at: NOW.plus(-ago),
        });
        self
    }

    fn reserved(mut self, order: Option<&str>, line: &str, number: i64) -> Self {
        let order = order.map(|order| OrderId::new(order).unwrap());
        self.reserved.push(Reserved {
            order,
            line: LineId::new(line).unwrap(),
            quantity: units(number),
        });
        self
    }

    fn ask(&self, target: Target) -> Action {
        decide(&Facts {
            vendor: &self.vendor,
            mode: self.mode,
            gate: true,
            target,
            factor: Quantity::ONE,
            document: &self.document,
            lines: &self.lines,
            sole: true,
            fresh: self.fresh,
            reserved: &self.reserved,
            reads: 0,
            since: NOW.plus(-50),
            orders: self.orders,
            settings: 1,
            now: NOW,
        })
    }

    fn number(&self, target: i64) -> Action {
        self.ask(Target::Number(units(target)))
    }
}

fn write(quantity: i64, target: i64) -> Action {
    Action::Write {
        quantity: units(quantity),
        target: units(target),
        expected: None,
        drift: false,
    }
}

const MATCHES: Action = Action::Nothing(Why::Matches { verify: false });
const FETCHED: Option<Fetched> = Some(Fetched {
    begun: Millis(NOW.0 - 40),
    applied: Millis(NOW.0 - 10),
});

#[test]
fn a_sale_behind_the_write_needs_no_call() {
    let case = Case::new(WriteMeaning::Available).accepted(10, 60_000);
    assert_eq!(case.number(10), MATCHES);
    let case = case.line("o", 2, LineStatus::Open, 30_000, 30_000);
    assert_eq!(case.number(8), MATCHES, "the vendor has taken it off itself");
    assert_eq!(case.number(7), write(7, 7), "one was sold elsewhere");
}

#[test]
fn a_sale_before_the_write_was_wiped_out_by_it() {
    let case = Case::new(WriteMeaning::Available)
        .accepted(10, 60_000)
        .line("o", 2, LineStatus::Open, 90_000, 90_000);
    assert_eq!(case.number(8), write(8, 8));
}

#[test]
fn what_overlaps_is_read_unless_the_number_is_below_anything_possible() {
    let case = Case::new(WriteMeaning::Available)
        .accepted(10, 60_000)
        .line("o", 2, LineStatus::Open, 60_500, 60_500);
    assert_eq!(case.number(8), Action::Read);
    assert_eq!(case.number(10), Action::Read);
    assert_eq!(case.number(7), write(7, 7));
    assert_eq!(case.number(12), Action::FetchOrdersFirst);
    let cancelled =
        Case::new(WriteMeaning::Available)
            .accepted(10, 60_000)
            .line("o", 2, LineStatus::Ended, 90_000, 30_000);
    assert_eq!(cancelled.number(12), Action::Read, "the vendor may have put it back");
    let mut read = cancelled.observed(12, 10);
    read.fresh = true;
    assert_eq!(read.number(12), MATCHES);
}

#[test]
fn a_raise_waits_for_a_fetch_begun_behind_its_cause() {
    let mut case = Case::new(WriteMeaning::Available).accepted(10, 60_000);
    assert_eq!(case.number(11), Action::FetchOrdersFirst);
    case.orders = Some(Fetched {
        begun: NOW.plus(-60),
        applied: NOW.plus(-10),
    });
    assert_eq!(
        case.number(11),
        Action::FetchOrdersFirst,
        "begun before the cause was known"
    );
    case.orders = FETCHED;
    assert_eq!(case.number(11), write(11, 11));
}

#[test]
fn below_expected_is_a_sale_not_seen_until_a_fetch_says_otherwise() {
    let mut case = Case::new(WriteMeaning::Available).accepted(10, 60_000).observed(9, 10);
    case.fresh = true;
    case.orders = Some(Fetched {
        begun: NOW.plus(-40),
        applied: NOW.plus(-35),
    });
    assert_eq!(case.number(10), Action::FetchOrdersFirst);
    case.orders = Some(Fetched {
        begun: NOW.plus(-5),
        applied: NOW,
    });
    assert_eq!(
        case.number(10),
        Action::Write {
            quantity: units(10),
            target: units(10),
            expected: None,
            drift: true
        }
    );
    let case = case.line("o", 1, LineStatus::Open, 5_000, 5_000);
    assert_eq!(
        case.number(9),
        Action::Nothing(Why::Matches { verify: false }),
        "the fetch explained it"
    );
}

#[test]
fn an_edit_upwards_is_written_over_at_once() {
    let case = Case::new(WriteMeaning::Available).accepted(10, 60_000).observed(50, 10);
    assert_eq!(
        case.number(10),
        Action::Write {
            quantity: units(10),
            target: units(10),
            expected: None,
            drift: true
        }
    );
}

#[test]
fn after_an_unknown_outcome_the_newest_number_goes_again() {
    let mut case = Case::new(WriteMeaning::Available).accepted(10, 60_000);
    case.document.unknown = true;
    case.document.sent = Some(Sent {
        quantity: units(7),
        target: units(7),
        at: NOW.plus(-1_000),
        token: 1,
        expected: None,
    });
    assert_eq!(case.number(7), write(7, 7), "nothing lower is possible");
    assert_eq!(
        case.number(8),
        Action::FetchOrdersFirst,
        "7 may be shown: it may be a raise"
    );
    case.orders = FETCHED;
    assert_eq!(case.number(8), write(8, 8));
    let mut read = case.observed(8, 10);
    read.fresh = true;
    read.orders = Some(Fetched {
        begun: NOW.plus(-5),
        applied: NOW,
    });
    assert_eq!(read.number(8), write(8, 8), "7 may still land");
    read.document.sent = Some(Sent {
        quantity: units(8),
        target: units(8),
        at: NOW.plus(-1_000),
        token: 1,
        expected: None,
    });
    assert_eq!(read.number(8), MATCHES, "whether it lands once more or not");
    read.fresh = false;
    read.mode = Mode::Frozen;
    assert_eq!(read.number(8), Action::Read);
}

#[test]
fn gross_adds_what_is_set_aside_for_orders_we_know() {
    let mut case = Case::new(WriteMeaning::Gross)
        .observed(10, 10)
        .line("o1", 3, LineStatus::Open, 90_000, 90_000)
        .line("gone", 4, LineStatus::Ended, 90_000, 5_000)
        .reserved(Some("o1"), "o1", 3)
        .reserved(Some("unseen"), "x", 2)
        .reserved(None, "gone", 4);
    assert_eq!(case.number(7), Action::Read, "always from a fresh reading");
    case.fresh = true;
    assert_eq!(case.number(7), MATCHES, "7 + 3 = 10");
    assert_eq!(case.number(6), write(9, 6));
    assert_eq!(
        case.number(9),
        write(12, 9),
        "no unseen sale can be wiped out: no fetch"
    );
    case.mode = Mode::DecreaseOnly;
    assert_eq!(case.number(9), Action::Nothing(Why::OnlyDecrease));
}

#[test]
fn gross_reads_again_when_a_young_order_is_not_in_the_reading() {
    let mut case = Case::new(WriteMeaning::Gross)
        .observed(10, 10)
        .line("o1", 3, LineStatus::Open, 5, 5);
    case.fresh = true;
    assert_eq!(case.number(7), Action::Read);
    assert_eq!(
        case.reserved(None, "o1", 9).number(7),
        MATCHES,
        "no more than the line is counted"
    );
}

#[test]
fn modes_allow_what_they_say() {
    let mut case = Case::new(WriteMeaning::Available).accepted(10, 60_000);
    for mode in [Mode::Observe, Mode::Shadow, Mode::Frozen] {
        case.mode = mode;
        assert_eq!(case.number(0), Action::Nothing(Why::Paused));
    }
    case.mode = Mode::DecreaseOnly;
    case.orders = FETCHED;
    assert_eq!(case.number(11), Action::Nothing(Why::OnlyDecrease));
    assert_eq!(case.number(9), write(9, 9));
    case.mode = Mode::Draining;
    assert_eq!(case.number(9), write(0, 0));
}

#[test]
fn what_is_not_known_is_never_written() {
    let case = Case::new(WriteMeaning::Available).accepted(10, 60_000);
    assert_eq!(case.ask(Target::Unknown), Action::Nothing(Why::NoNumber));
    assert_eq!(case.ask(Target::Untracked), Action::Nothing(Why::NoNumber));
    assert_eq!(
        Case::new(WriteMeaning::Available).number(3),
        Action::Read,
        "nothing is known of what is shown"
    );
}

#[test]
fn parked_is_tried_again_when_something_changes() {
    let mut case = Case::new(WriteMeaning::Available).accepted(10, 60_000);
    let parked = |settings| {
        Some(Parked {
            reason: "no".to_owned(),
            at: NOW,
            target: Some(units(4)),
            settings,
        })
    };
    case.document.parked = parked(1);
    assert_eq!(case.number(4), Action::Nothing(Why::Parked));
    assert_eq!(case.number(3), write(3, 3));
    case.document.parked = parked(0);
    assert_eq!(case.number(4), write(4, 4));
}

#[test]
fn a_listing_that_is_not_counted_is_parked_after_a_look() {
    let mut case = Case::new(WriteMeaning::Available).observed(0, 10);
    case.document.observed = Some(Observed {
        quantity: None,
        at: NOW.plus(-9),
        until: NOW,
    });
    assert_eq!(case.number(4), Action::Read);
    case.fresh = true;
    assert!(matches!(case.number(4), Action::Park(_)));
}

#[test]
fn a_listing_that_writing_opens_is_written_also_with_zero() {
    let mut case = Case::new(WriteMeaning::Available);
    case.vendor.opens = true;
    case.document.observed = Some(Observed {
        quantity: None,
        at: NOW.plus(-9),
        until: NOW,
    });
    assert_eq!((case.number(4), case.number(0)), (write(4, 4), write(0, 0)));
    case.mode = Mode::DecreaseOnly;
    assert_eq!(case.number(4), Action::Nothing(Why::OnlyDecrease));
    case.mode = Mode::Shadow;
    assert_eq!(case.number(4), Action::Nothing(Why::Paused));
}

#[test]
fn the_number_is_as_the_vendor_takes_it_and_waits_its_turn() {
    let mut case = Case::new(WriteMeaning::Available).accepted(10, 60_000);
    assert_eq!(case.ask(Target::Number("-3".parse().unwrap())), write_for(0, "-3"));
    assert_eq!(case.ask(Target::Number("2.9".parse().unwrap())), write_for(2, "2.9"));
    case.document.not_before = Some(NOW.plus(5));
    assert_eq!(case.number(2), Action::Wait { until: NOW.plus(5) });
}

fn write_for(quantity: i64, target: &str) -> Action {
    Action::Write {
        quantity: units(quantity),
        target: target.parse().unwrap(),
        expected: None,
        drift: false,
    }
}

#[path = "decide_compare_test.rs"]
mod compare;
