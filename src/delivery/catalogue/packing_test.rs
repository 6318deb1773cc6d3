//! Whatever is known of a listing, it is the same behind packing; and packing makes it small.

use super::*;
use crate::delivery::prices::PriceEntry;
use omnistock_engine::guard::Baseline;
use omnistock_planner::{
    Accepted, AcceptedPrice, ChangesLeft, Evidence, Gap, HeldPrice, Observed, ObservedPrice, ParkedPrice,
    PriceDocument, PriceTarget, Sent, SentPrice,
};
use omnistock_words::{ListingId, Money, Price, Sku, VendorLocation};
use proptest::option::of;
use proptest::prelude::*;

fn quantity() -> impl Strategy<Value = Quantity> {
    prop_oneof![
        (0_i64..9).prop_map(Quantity::whole),
        any::<i64>().prop_map(Quantity::of_millionths)
    ]
}

fn time() -> impl Strategy<Value = Millis> {
    prop_oneof![
        (0_i64..9_999).prop_map(|at| Millis(1_790_000_000_000 + at)),
        (0_i64..253_402_300_799_999).prop_map(Millis)
    ]
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z/]{0,9}[0-9]{1,20}", "\\PC{1,60}"]
}

fn money() -> impl Strategy<Value = Money> {
    let amount = (any::<i32>(), 0_u32..5);
    (amount, prop_oneof![Just("EUR"), Just("JPY")]).prop_map(|((digits, scale), currency)| {
        let amount = rust_decimal::Decimal::new(i64::from(digits), scale);
        Money::new(amount, currency.parse().unwrap()).unwrap()
    })
}

fn price() -> impl Strategy<Value = Price> {
    let some = Money::new(rust_decimal::Decimal::new(1990, 2), "EUR".parse().unwrap()).unwrap();
    let free = (money(), of(money())).prop_map(|(amount, compare_at)| Price { amount, compare_at });
    prop_oneof![Just(Price::plain(some)), free]
}

prop_compose! {
    fn numbers()(desired in of(quantity()), sent in of((quantity(), quantity(), time(), any::<u64>(), of(quantity()))),
                 accepted in of((quantity(), time(), time())), observed in of((of(quantity()), time(), time())),
                 evidence in of((of(quantity()), of(quantity()), any::<bool>(), any::<(u8, u8)>(), of(time()), of(time()))),
                 left in of((any::<i64>(), time()))) -> ListingDocument {
        let mut document = ListingDocument::new(ChannelName::new("shop").unwrap(), ListingId::new("7").unwrap(), None);
        document.desired = desired;
        document.sent = sent.map(|(quantity, target, at, token, expected)| Sent { quantity, target, at, token, expected });
        document.accepted = accepted.map(|(quantity, sent_at, at)| Accepted { quantity, sent_at, at });
        document.observed = observed.map(|(quantity, at, until)| Observed { quantity, at, until });
        document.evidence = evidence.map(|(replaced, first, matched, (undone, changes), since, last)| Evidence {
            replaced, first, matched, undone: undone.into(), changes: changes.into(), since, last,
        });
        document.changes_left = left.map(|(left, at)| ChangesLeft { left, at });
        document
    }
}

prop_compose! {
    fn seldom()(there in of((any::<bool>(), of(text()), of(text()))), unwritable in of(text()), parked in of((text(), time(), of(quantity()), any::<u64>())),
                dropped in of((time(), text())), held in of((text(), time(), quantity(), quantity(), of(text()))),
                drained in of((of(quantity()), time())), attempts in 0_u32..3, contended in 0_u32..3, not_before in of(time())) -> Seldom {
        Seldom {
            there: there.map(|(mapped, title, sku)| {
                let sku = sku.map(|text| Sku::new(text).unwrap());
                Box::new(There { mapped, sku, title, gtin: None })
            }),
            unwritable,
            parked: parked.map(|(reason, at, target, settings)| Parked { reason, at, target, settings }),
            dropped: dropped.map(|(at, reason)| Dropped { at, reason }),
            held: held.map(|(hold, since, from, quantity, rejected)| Held { hold, since, from, quantity, taken: from, rejected }),
            drained: drained.map(|(from, at)| Drained { from, at }),
            attempts, contended, not_before,
        }
    }
}

prop_compose! {
    fn priced()(desired in of(price()), sent in of((price(), time(), any::<u64>())), accepted in of((price(), time())),
                observed in of((proptest::collection::vec(price(), 0..3), time())), parked in of((text(), time(), price())),
                held in of((text(), time(), money(), money())), released in of(money()), flags in any::<(bool, bool)>(),
                counts in (0_u32..3, 0_u32..3), not_before in of(time())) -> PriceDocument {
        PriceDocument {
            desired,
            sent: sent.map(|(price, at, token)| SentPrice { price, at, token }),
            open: flags.0,
            accepted: accepted.map(|(price, at)| AcceptedPrice { price, at }),
            observed: observed.map(|(prices, at)| ObservedPrice { prices, at }),
            unknown: flags.1,
            parked: parked.map(|(reason, at, price)| ParkedPrice { reason, at, price, settings: 7 }),
            held: held.map(|(hold, since, from, to)| HeldPrice { hold, since, guard: "factor".to_owned(), from, to, rejected: None }),
            released,
            attempts: counts.0,
            undone: counts.1,
            not_before,
        }
    }
}

prop_compose! {
    fn known()(target in prop_oneof![price().prop_map(PriceTarget::Price), Just(PriceTarget::Missing), Just(PriceTarget::Unmanaged), Just(PriceTarget::Unknown)],
               gap in of(text()), passed in of(money()), since in of(time())) -> PriceEntry {
        PriceEntry { target, gap, busy: false, suspect: false, passed, since }
    }
}

prop_compose! {
    fn course()(times in (of(time()), of(time())), counts in any::<(u32, u32, u32, u64)>(), flags in any::<[bool; 8]>(),
                base in of((quantity(), quantity(), quantity())), gap in of((quantity(), quantity())),
                states in (0_usize..10, 0_usize..10, 0_usize..6), target in prop_oneof![quantity().prop_map(Target::Number), Just(Target::Untracked), Just(Target::Unknown)],
                mut document in numbers().boxed()) -> Entry {
        (document.unknown, document.released, document.ramped) = (flags[0], flags[1], flags[7]);
        let mut entry = Entry::new(document, counts.3);
        (entry.pending, entry.gone, entry.passed, entry.forced, entry.drained) = (flags[2], flags[3], flags[4], flags[5], flags[6]);
        (entry.asked_at, entry.read_due) = times;
        (entry.reads, entry.missing, entry.withheld) = (counts.0, counts.1, counts.2);
        entry.base = base.map(|(quantity, spare, taken)| Baseline { quantity, spare, taken });
        entry.gap = gap.map(|(ours, there)| Box::new(Gap { ours, there }));
        let state = |place: usize| ListingState::ALL.get(place).copied();
        (entry.state, entry.price_state) = (state(states.0), state(states.1));
        (entry.mode, entry.target) = (MODES[states.2], target);
        entry
    }
}

prop_compose! {
    fn entry()(mut entry in course().boxed(), seldom in of(seldom().boxed()), price in of(priced().boxed()), known in of(known().boxed()),
               names in (text(), of(text()), of(text()), of("[a-z]{1,9}"), of(text()))) -> Entry {
        let document = &mut entry.document;
        let (listing, location, parent, place, sku) = names;
        document.listing = ListingId::new(listing).unwrap();
        document.location = location.map(|text| VendorLocation::new(text).unwrap());
        document.parent = parent.map(|text| ListingId::new(text).unwrap());
        document.place = place.map(|text| LocationName::new(text).unwrap());
        document.sku = sku.map(|text| Sku::new(text).unwrap());
        if let Some(seldom) = seldom {
            (document.unwritable, document.parked, document.dropped) = (seldom.unwritable, seldom.parked, seldom.dropped);
            (document.held, document.drained, document.not_before) = (seldom.held, seldom.drained, seldom.not_before);
            (document.attempts, document.contended, document.there) = (seldom.attempts, seldom.contended, seldom.there);
        }
        document.price = price.map(Box::new);
        entry.price = known.map(Box::new);
        entry.id = entry.document.id();
        entry
    }
}

fn packed(packer: &mut Packer, entry: &Entry) -> Vec<u8> {
    if let Some(sku) = &entry.document.sku {
        packer.book.acquire(sku);
    }
    packer.pack(entry).unwrap()
}

proptest! {
    #[test]
    fn nothing_is_lost_by_packing(entries in proptest::collection::vec(entry().boxed(), 1..6)) {
        let mut packer = Packer::default();
        let records: Vec<_> = entries.iter().map(|entry| packed(&mut packer, entry)).collect();
        for (entry, record) in entries.iter().zip(&records) {
            prop_assert_eq!(packer.id(record), Some(entry.id.clone()));
            let unpacked = packer.unpack(record).unwrap();
            // Digits behind the point of an amount, too, which do not count as a difference.
            prop_assert_eq!(format!("{unpacked:?}"), format!("{entry:?}"));
        }
    }
}

#[test]
fn what_something_is_going_on_with_is_not_packed() {
    let document = ListingDocument::new(ChannelName::new("shop").unwrap(), ListingId::new("7").unwrap(), None);
    let mut packer = Packer::default();
    let mut entry = Entry::new(document, 1);
    assert!(packer.pack(&entry).is_some());
    entry.busy = true;
    assert!(packer.pack(&entry).is_none());
    entry.busy = false;
    entry.document.channel = ChannelName::new("other").unwrap();
    assert!(packer.pack(&entry).is_none(), "its id would be another one");
}
