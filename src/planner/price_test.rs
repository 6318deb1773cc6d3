//! What is done about a price, in which state it is, and what outcomes mean for it.

use super::*;
use crate::{
    AcceptedPrice, Class, HeldPrice, Next, ObservedPrice, ParkedPrice, PriceDocument, PriceVerdict, Risk, SentPrice,
    settle_price,
};
use omnistock_words::{ChannelName, ListingId, Money, Sku};
use proptest::prelude::*;

fn price(amount: &str) -> Price {
    Price::plain(Money::new(amount.parse().unwrap(), "EUR".parse().unwrap()).unwrap())
}

fn listing(change: impl FnOnce(&mut PriceDocument)) -> ListingDocument {
    let mut document = ListingDocument::new(ChannelName::new("shop").unwrap(), ListingId::new("7").unwrap(), None);
    document.sku = Some(Sku::new("A").unwrap());
    let mut known = PriceDocument {
        observed: Some(ObservedPrice {
            prices: vec![price("10")],
            at: Millis(100),
        }),
        ..PriceDocument::default()
    };
    change(&mut known);
    document.price = Some(Box::new(known));
    document
}

fn facts(document: &ListingDocument) -> PriceFacts<'_> {
    PriceFacts {
        mode: Mode::Live,
        gate: true,
        target: PriceTarget::Price(price("12")),
        document,
        suspect: false,
        settings: 1,
        now: Millis(1_000),
    }
}

fn yes(amount: &str, at: i64) -> AcceptedPrice {
    AcceptedPrice {
        price: price(amount),
        at: Millis(at),
    }
}

const WRITE: PriceAction = PriceAction::Write { drift: false };

#[test]
fn a_price_is_written_read_back_and_then_right() {
    let mut document = listing(|_| {});
    assert_eq!(decide_price(&facts(&document)), WRITE);
    assert_eq!(price_state(&facts(&document), false, true), ListingState::Pending);
    assert_eq!(price_state(&facts(&document), true, true), ListingState::InFlight);
    document = listing(|known| known.accepted = Some(yes("12", 200)));
    assert_eq!(
        decide_price(&facts(&document)),
        PriceAction::Nothing,
        "the read-back comes"
    );
    assert_eq!(price_state(&facts(&document), false, false), ListingState::Accepted);
    let known = document.price.as_mut().unwrap();
    assert!(known.observe(ObservedPrice {
        prices: vec![price("12.00")],
        at: Millis(300)
    }));
    assert_eq!(decide_price(&facts(&document)), PriceAction::Matches);
    assert_eq!(price_state(&facts(&document), false, false), ListingState::InSync);
}

#[test]
fn nothing_is_written_without_a_price_a_gate_or_the_right_to() {
    let document = listing(|_| {});
    let nothing = |facts: PriceFacts<'_>| assert_eq!(decide_price(&facts), PriceAction::Nothing, "{facts:?}");
    for target in [PriceTarget::Missing, PriceTarget::Unmanaged, PriceTarget::Unknown] {
        nothing(PriceFacts {
            target,
            ..facts(&document)
        });
    }
    for mode in [Mode::Observe, Mode::Shadow, Mode::Frozen] {
        nothing(PriceFacts {
            mode,
            ..facts(&document)
        });
    }
    nothing(PriceFacts {
        gate: false,
        ..facts(&document)
    });
    nothing(PriceFacts {
        suspect: true,
        ..facts(&document)
    });
    for mode in [Mode::DecreaseOnly, Mode::Draining] {
        let facts = PriceFacts {
            mode,
            ..facts(&document)
        };
        assert_eq!(decide_price(&facts), WRITE, "these modes are about numbers");
    }
    let mut bare = listing(|_| {});
    bare.price = None;
    nothing(facts(&bare));
    assert_eq!(price_state(&facts(&bare), false, false), ListingState::Excluded);
    let mut unmapped = listing(|_| {});
    unmapped.sku = None;
    nothing(facts(&unmapped));
}

#[test]
fn what_is_held_or_refused_stays_and_another_price_or_other_settings_are_tried() {
    let held = HeldPrice {
        hold: "h-1".to_owned(),
        since: Millis(1),
        guard: "factor".to_owned(),
        from: price("10").amount,
        to: price("12").amount,
        rejected: None,
    };
    let document = listing(|known| known.held = Some(held));
    assert_eq!(decide_price(&facts(&document)), PriceAction::Nothing);
    assert_eq!(price_state(&facts(&document), false, false), ListingState::Held);
    let parked = ParkedPrice {
        reason: "no".to_owned(),
        at: Millis(1),
        price: price("12"),
        settings: 1,
    };
    let document = listing(|known| known.parked = Some(parked));
    assert_eq!(decide_price(&facts(&document)), PriceAction::Nothing);
    assert_eq!(price_state(&facts(&document), false, false), ListingState::Parked);
    let mut other = facts(&document);
    other.settings = 2;
    assert_eq!(decide_price(&other), WRITE);
    other = facts(&document);
    other.target = PriceTarget::Price(price("13"));
    assert_eq!(decide_price(&other), WRITE);
    other.target = PriceTarget::Price(price("10"));
    assert_eq!(decide_price(&other), PriceAction::Matches, "shown anyway");
}

#[test]
fn an_unknown_outcome_means_the_newest_again_and_where_nothing_goes_out_a_reading() {
    let document = listing(|known| {
        known.unknown = true;
        known.accepted = Some(yes("12", 50));
    });
    assert_eq!(decide_price(&facts(&document)), WRITE);
    let paused = PriceFacts {
        mode: Mode::Shadow,
        ..facts(&document)
    };
    assert_eq!(decide_price(&paused), PriceAction::Read);
    let unread = listing(|known| known.observed = None);
    assert_eq!(decide_price(&facts(&unread)), PriceAction::Read);
}

#[test]
fn another_writer_is_overwritten_and_a_vendor_that_never_keeps_it_is_parked() {
    let foreign = listing(|known| known.accepted = Some(yes("12", 50)));
    assert_eq!(decide_price(&facts(&foreign)), PriceAction::Write { drift: true });
    let stubborn = listing(|known| {
        known.accepted = Some(yes("12", 50));
        known.undone = MOST_UNDONE;
    });
    let PriceAction::Park(reason) = decide_price(&facts(&stubborn)) else {
        panic!("parked");
    };
    assert!(reason.contains("12 EUR") && reason.contains("shows 10 EUR"), "{reason}");
}

fn sent() -> PriceDocument {
    PriceDocument {
        sent: Some(SentPrice {
            price: price("12"),
            at: Millis(100),
            token: 1,
        }),
        open: true,
        ..PriceDocument::default()
    }
}

#[test]
fn every_outcome_has_its_row() {
    let failed = |class, items| {
        let reason = "no".to_owned();
        let verdict = PriceVerdict::Failed { class, reason, items };
        settle_price(&sent(), verdict, 9, (1_000, u32::MAX), Millis(200))
    };
    let (document, next) = failed(Class::Retry { after: Some(5_000) }, 3);
    assert_eq!(
        (next, document.attempts, document.open),
        (Next::LookAt(Millis(5_200)), 1, false)
    );
    let wait = PriceAction::Wait { until: Millis(5_200) };
    assert_eq!(
        decide_price(&facts(&listing(|known| known.not_before = document.not_before))),
        wait
    );
    let (document, next) = failed(Class::Unknown, 1);
    assert_eq!(
        (next, document.unknown, document.open),
        (Next::LookAt(Millis(1_200)), true, false)
    );
    assert_eq!(failed(Class::Rejected, 2), (sent(), Next::Bisect));
    let (document, next) = failed(Class::Rejected, 1);
    let parked = document.parked.unwrap();
    assert_eq!((next, parked.price, parked.settings), (Next::Parked, price("12"), 9));
    let (document, next) = failed(Class::Operator, 1);
    assert_eq!((next, document.attempts), (Next::Stop, 0));
    let applied = |answered: &str| {
        let answered = Some(price(answered));
        settle_price(
            &sent(),
            PriceVerdict::Applied { price: answered },
            9,
            (0, 0),
            Millis(200),
        )
    };
    let (document, next) = applied("12");
    assert_eq!((next, document.open), (Next::ReadBack { at_once: false }, false));
    assert_eq!(document.accepted, Some(yes("12", 200)));
    assert_eq!(applied("11.99").1, Next::ReadBack { at_once: true });
}

#[test]
fn a_price_goes_behind_every_number_of_its_age() {
    assert!(Risk::Price.turn(Millis(0)) > Risk::Increase.turn(Millis(0)));
    assert!(
        Risk::Price.turn(Millis(0)) < Risk::Increase.turn(Millis(60_000)),
        "and does not starve"
    );
}

proptest! {
    #[test]
    fn it_is_never_written_where_its_state_says_that_it_is_not_to_be(
        target in 0usize..5, mode in 0usize..6, seen in 0usize..3, flags in any::<[bool; 7]>(), undone in 0u32..6,
    ) {
        let modes = [Mode::Observe, Mode::Shadow, Mode::Live, Mode::DecreaseOnly, Mode::Frozen, Mode::Draining];
        let targets = [PriceTarget::Price(price("12")), PriceTarget::Price(price("10")), PriceTarget::Missing,
            PriceTarget::Unmanaged, PriceTarget::Unknown];
        let [gate, suspect, held, parked, unknown, accepted, priced] = flags;
        let mut document = listing(|known| {
            known.unknown = unknown;
            known.undone = undone;
            if seen == 0 { known.observed = None; }
            if accepted { known.accepted = Some(yes("12", if seen == 1 { 50 } else { 500 })); }
            known.held = held.then(|| HeldPrice { hold: "h".to_owned(), since: Millis(1), guard: "factor".to_owned(),
                from: price("10").amount, to: price("12").amount, rejected: None });
            known.parked = parked.then(|| ParkedPrice { reason: "no".to_owned(), at: Millis(1), price: price("12"), settings: 1 });
        });
        if !priced { document.price = None; }
        let facts = PriceFacts { mode: modes[mode], gate, target: targets[target], suspect, ..facts(&document) };
        let (action, state) = (decide_price(&facts), price_state(&facts, false, false));
        let still = matches!(state, ListingState::Held | ListingState::Paused | ListingState::Excluded
            | ListingState::Unmapped | ListingState::InSync);
        if matches!(action, PriceAction::Write { .. }) {
            prop_assert!(gate && !suspect && !matches!(state, ListingState::Held | ListingState::Paused
                | ListingState::Excluded | ListingState::Unmapped), "{state:?}");
        }
        if still && state != ListingState::InSync {
            prop_assert!(matches!(action, PriceAction::Nothing | PriceAction::Read), "{action:?} {state:?}");
        }
    }
}
