//! What a listing's document takes over, and what it ignores.

use super::*;
use proptest::prelude::*;

fn document() -> ListingDocument {
    ListingDocument::new(ChannelName::new("shop").unwrap(), ListingId::new("7").unwrap(), None)
}

#[test]
fn a_document_survives_its_text() {
    let mut document = document();
    document.sent = Some(Sent {
        quantity: Quantity::ONE,
        target: Quantity::ONE,
        at: Millis(5),
        token: 3,
        expected: None,
    });
    document.observed = Some(Observed {
        quantity: None,
        at: Millis(1),
        until: Millis(2),
    });
    let text = serde_json::to_string(&document).unwrap();
    assert_eq!(serde_json::from_str::<ListingDocument>(&text).unwrap(), document);
    let bare = r#"{"schema":1,"channel":"shop","listing":"7"}"#;
    assert_eq!(serde_json::from_str::<ListingDocument>(bare).unwrap(), self::document());
}

#[test]
fn a_number_that_is_read_counts_as_accepted_though_its_call_got_no_answer() {
    let read = |number: i64, at: i64| {
        let mut document = document();
        document.accepted = Some(Accepted {
            quantity: Quantity::whole(43),
            sent_at: Millis(1),
            at: Millis(2),
        });
        document.sent = Some(Sent {
            quantity: Quantity::whole(50),
            target: Quantity::whole(50),
            at: Millis(10),
            token: 3,
            expected: None,
        });
        document.unknown = true;
        document.observe(Observed {
            quantity: Some(Quantity::whole(number)),
            at: Millis(at),
            until: Millis(at + 1),
        });
        assert!(document.settled(Why::Matches { verify: false }, true) && !document.unknown);
        assert!(document.confirmed());
        document
            .accepted
            .map(|accepted| (accepted.quantity, accepted.sent_at, accepted.at))
    };
    assert_eq!(read(50, 20), Some((Quantity::whole(50), Millis(10), Millis(20))));
    let before = Some((Quantity::whole(43), Millis(1), Millis(2)));
    assert_eq!(read(43, 20), before, "it never took effect");
    assert_eq!(read(50, 5), before, "it was there before the call");
}

#[test]
fn what_the_channel_shows_anyway_is_not_parked() {
    let parked = Parked {
        reason: "no".to_owned(),
        at: Millis(5),
        target: Some(Quantity::ZERO),
        settings: 1,
    };
    let refused = || ListingDocument {
        parked: Some(parked.clone()),
        unknown: true,
        ..document()
    };
    let mut shown = refused();
    assert!(shown.settled(Why::Matches { verify: false }, true));
    assert_eq!(shown, document());
    assert!(!shown.settled(Why::Matches { verify: false }, true), "nothing new");
    let mut kept = refused();
    assert!(!kept.settled(Why::Parked, false));
    assert_eq!(kept, refused(), "not read, and refused for this very number");
}

#[test]
fn a_reading_from_before_the_write_is_ignored() {
    let mut document = document();
    document.accepted = Some(Accepted {
        quantity: Quantity::ONE,
        sent_at: Millis(10),
        at: Millis(20),
    });
    let reading = |at| Observed {
        quantity: Some(Quantity::ZERO),
        at: Millis(at),
        until: Millis(at + 5),
    };
    assert!(!document.observe(reading(19)));
    assert!(!document.confirmed());
    assert!(document.observe(reading(20)));
    assert!(document.confirmed());
    assert!(document.observe(reading(30)));
    assert!(
        !document.observe(reading(25)),
        "an older reading does not replace a newer one"
    );
}

#[test]
fn a_clock_that_was_set_back_does_not_hide_readings_for_ever() {
    let mut document = document();
    document.accepted = Some(Accepted {
        quantity: Quantity::ONE,
        sent_at: Millis(3_600_000),
        at: Millis(3_600_000),
    });
    assert!(document.observe(Observed {
        quantity: Some(Quantity::ZERO),
        at: Millis(10),
        until: Millis(20)
    }));
    assert!(document.confirmed());
}

proptest! {
    #[test]
    fn two_numbers_never_share_an_id(
        a in ("[a-z_]{1,3}", "[/%25Fa]{1,4}", proptest::option::of("[/%25Fa]{1,4}")),
        b in ("[a-z_]{1,3}", "[/%25Fa]{1,4}", proptest::option::of("[/%25Fa]{1,4}")),
    ) {
        let id = |key: &(String, String, Option<String>)| {
            let location = key.2.as_ref().map(|text| VendorLocation::new(text).unwrap());
            document_id(&ChannelName::new(&key.0).unwrap(), &ListingId::new(&key.1).unwrap(), location.as_ref())
        };
        prop_assert_eq!(id(&a) == id(&b), a == b);
        prop_assert!(id(&a).starts_with(&document_prefix(&ChannelName::new(&a.0).unwrap())));
    }
}
