//! A number that is written although it matches, because a person asks for it.

use super::*;
use crate::{Fetched, ListingDocument, Observed, Vendor};
use omnistock_words::{ChannelName, ListingId, Sku};

const NOW: Millis = Millis(1_000_000);

fn units(number: i64) -> Quantity {
    Quantity::whole(number)
}

/// What is done about seven that should be shown; five are read since it was asked for, or nothing.
fn forced(write: WriteMeaning, compares: bool, mode: Mode, read: bool, orders: Option<Fetched>) -> Action {
    let mut document = ListingDocument::new(ChannelName::new("shop").unwrap(), ListingId::new("7").unwrap(), None);
    document.sku = Some(Sku::new("A").unwrap());
    document.observed = Some(Observed {
        quantity: Some(units(5)),
        at: NOW.plus(if read { -20 } else { -900 }),
        until: NOW.plus(-10),
    });
    let vendor = Vendor {
        write,
        compare_and_set: compares,
        grain: 1,
        skew: 1,
        decimals: 0,
        least: units(0),
        most: units(9_999),
        opens: false,
    };
    force(&Facts {
        vendor: &vendor,
        mode,
        gate: true,
        target: Target::Number(units(7)),
        factor: Quantity::ONE,
        document: &document,
        lines: &[],
        sole: true,
        fresh: true,
        reserved: &[],
        reads: 1,
        since: NOW.plus(-100),
        orders,
        settings: 1,
        now: NOW,
    })
}

fn over(expected: Option<i64>, target: i64) -> Action {
    Action::Write {
        quantity: units(5),
        target: units(target),
        expected: expected.map(units),
        drift: false,
    }
}

#[test]
fn it_is_read_first_and_then_written_over_with_what_is_there() {
    let gross = |read| forced(WriteMeaning::Gross, false, Mode::Live, read, None);
    assert_eq!(
        gross(false),
        Action::Read,
        "what was read before it was asked for is too old"
    );
    assert_eq!(gross(true), over(None, 7));
    let draining = forced(WriteMeaning::Gross, false, Mode::Draining, true, None);
    assert_eq!(draining, over(None, 0));
}

#[test]
fn where_the_channel_compares_it_names_what_it_replaces() {
    let compared = forced(WriteMeaning::Available, true, Mode::Live, true, None);
    assert_eq!(compared, over(Some(5), 7));
}

#[test]
fn where_the_channel_counts_down_it_goes_behind_a_fetch_also_where_numbers_may_only_fall() {
    for mode in [Mode::Live, Mode::DecreaseOnly] {
        let asked = |begun: i64| {
            let fetched = Fetched {
                begun: NOW.plus(begun),
                applied: NOW.plus(-5),
            };
            forced(WriteMeaning::Available, false, mode, true, Some(fetched))
        };
        assert_eq!(asked(-90), Action::FetchOrdersFirst, "it began before the reading");
        assert_eq!(asked(-15), over(None, 7));
    }
}

#[test]
fn without_a_number_there_is_nothing_to_write() {
    assert!(
        Why::NoNumber.settled() && !Why::Gate.settled(),
        "a gate opens by itself"
    );
}
