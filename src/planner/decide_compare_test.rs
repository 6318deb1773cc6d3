//! Vendors that compare: what is raised at once, and what waits for a fetch.

use super::*;

#[test]
fn a_comparing_raise_names_what_it_replaces() {
    let mut case = Case::new(WriteMeaning::Available).accepted(10, 60_000);
    case.vendor.compare_and_set = true;
    let compared = |shown| Action::Write {
        quantity: units(11),
        target: units(11),
        expected: Some(units(shown)),
        drift: false,
    };
    assert_eq!(case.number(11), compared(10));
    case.document.unknown = true;
    assert_eq!(
        case.number(11),
        Action::Read,
        "the old number is there, or the one that was sent"
    );
    let mut read = case.observed(8, 10);
    read.fresh = true;
    assert_eq!(
        read.number(11),
        Action::FetchOrdersFirst,
        "two are missing: a comparison with 8 would bless the sale of them away"
    );
    read.orders = Some(Fetched {
        begun: NOW.plus(-5),
        applied: NOW,
    });
    assert_eq!(read.number(11), compared(8));
}

#[test]
fn a_comparing_raise_goes_at_once_from_what_was_accepted_less_what_is_known() {
    let compared = |shown, drift| Action::Write {
        quantity: units(11),
        target: units(11),
        expected: Some(units(shown)),
        drift,
    };
    let read = |number| {
        let mut case = Case::new(WriteMeaning::Available)
            .accepted(10, 60_000)
            .observed(number, 10)
            .line("o", 2, LineStatus::Open, 30_000, 30_000);
        case.fresh = true;
        case.vendor.compare_and_set = true;
        case
    };
    assert_eq!(read(8).number(11), compared(8, false), "eight are left of ten");
    assert_eq!(read(9).number(11), compared(9, false), "somebody put one there");
    let mut one_less = read(7);
    assert_eq!(one_less.number(11), Action::FetchOrdersFirst, "a third was sold");
    one_less.orders = Some(Fetched {
        begun: NOW.plus(-5),
        applied: NOW,
    });
    assert_eq!(
        one_less.number(11),
        compared(7, false),
        "no order says so: asked once, not for ever"
    );
    let known = one_less.line("p", 1, LineStatus::Open, 5_000, 5_000);
    assert_eq!(known.number(11), compared(7, false), "the fetch brought it");
    let mut first = read(8);
    first.document.accepted = None;
    assert_eq!(
        first.number(11),
        Action::FetchOrdersFirst,
        "nobody knows what there was"
    );
}

#[test]
fn a_sale_behind_the_reading_explains_nothing_of_what_it_shows() {
    let read = |placed_ago| {
        let mut case = Case::new(WriteMeaning::Available)
            .accepted(8, 60_000)
            .observed(7, 10_000)
            .line("o", 1, LineStatus::Open, placed_ago, placed_ago);
        (case.fresh, case.vendor.compare_and_set) = (true, true);
        case
    };
    let raised = Action::Write {
        quantity: units(8),
        target: units(8),
        expected: Some(units(7)),
        drift: false,
    };
    assert_eq!(read(30_000).number(8), raised, "the sale that was read is known");
    assert_eq!(
        read(5_000).number(8),
        Action::FetchOrdersFirst,
        "the one that is known came later: another one was read"
    );
    let mut fetched = read(5_000);
    fetched.orders = Some(Fetched {
        begun: NOW.plus(-5),
        applied: NOW,
    });
    assert!(matches!(fetched.number(8), Action::Write { .. }), "asked once");
}

#[test]
fn a_fall_hides_what_was_sold_before_it_from_the_next_raise() {
    let fell = |to: i64, from: i64| {
        let mut case = Case::new(WriteMeaning::Available).accepted(to, 30_000);
        case.vendor.compare_and_set = true;
        case.document.sent = Some(Sent {
            quantity: units(to),
            target: units(to),
            expected: Some(units(from)),
            at: NOW.plus(-30_020),
            token: 1,
        });
        case
    };
    let raised = Action::Write {
        quantity: units(8),
        target: units(8),
        expected: Some(units(6)),
        drift: false,
    };
    let mut case = fell(6, 7);
    assert_eq!(
        case.number(8),
        Action::FetchOrdersFirst,
        "the seven were perhaps eight less one that nobody knows"
    );
    let fetched = |ago: i64| {
        Some(Fetched {
            begun: NOW.plus(-ago),
            applied: NOW.plus(-ago),
        })
    };
    case.orders = fetched(40_000);
    assert_eq!(case.number(8), Action::FetchOrdersFirst, "from before the fall");
    case.orders = fetched(20_000);
    assert_eq!(case.number(8), raised, "what was sold before the fall is known by now");
    assert_eq!(fell(6, 5).number(8), raised, "it rose, so it was looked for then");
    // No answer came, and six were read five seconds ago: ours, or what a sale of the seven left.
    let sent = NOW.plus(-30_020);
    case.document.accepted = Some(Accepted {
        quantity: units(6),
        sent_at: sent,
        at: NOW.plus(-5_000),
    });
    assert_eq!(case.number(8), Action::FetchOrdersFirst, "from before the reading");
    case.orders = fetched(4_000);
    assert_eq!(case.number(8), raised, "a sale of then is known by now");
}

#[test]
fn what_may_have_been_put_back_may_hide_a_sale_from_a_comparison() {
    let mut case = Case::new(WriteMeaning::Available)
        .accepted(10, 60_000)
        .observed(10, 10)
        .line("o", 2, LineStatus::Ended, 90_000, 30_000);
    case.fresh = true;
    case.vendor.compare_and_set = true;
    assert_eq!(
        case.number(12),
        Action::FetchOrdersFirst,
        "two put back, two sold, or neither"
    );
}
