//! Who takes units where, in the corners: sales that would have to make room, and reservations that end.

#[cfg(test)]
mod cases {
    use crate::common::facts::applied;
    use crate::common::script::*;
    use crate::common::{now, quantity};
    use omnistock_engine::{Documents, Offer, Place, Reason, explained, sellable};
    use omnistock_words::{Millis, Quantity, Settings};

    fn known(settings: &Settings, text: &str) -> Documents {
        let events = facts(text)
            .into_iter()
            .map(|fact| serde_json::from_value(fact).unwrap());
        applied(settings, &events.collect::<Vec<_>>())
    }

    const TWO_PLACES: &str = "source erp physical by_reference
        place berlin
        place hamburg
        channel shop berlin,hamburg
        channel north hamburg";

    /// `narrow` misses a unit that `wide` took: were `wide` served from its other place, `narrow` would have it.
    #[test]
    fn a_sale_that_could_make_room_keeps_units_elsewhere_from_others() {
        for before in [0, 1, 70] {
            let mut text = String::from(
                "source erp physical by_reference
                place one
                place two
                place three
                channel wide one,two
                channel narrow one
                channel second two
                channel far three\n",
            );
            let mut happened = String::from("stock erp 11:40 one:A=1 two:A=5 three:A=100\n");
            for n in 0..before {
                text += &format!("channel k{n} three\n");
                happened += &format!("order k{n}/1 r1 open 11:41 1:A=1\n");
            }
            happened += "order wide/1 r1 open 11:45 1:A=1
                order narrow/2 r1 open 11:46 1:A=1";
            let settings = world(&text);
            let events = facts(&happened);
            assert_eq!(answer(&settings, &events, "second A pool"), "4", "{before}");
            let there = (100 - before).to_string();
            assert_eq!(answer(&settings, &events, "far A pool"), there, "nobody there took it");
        }
    }

    #[test]
    fn what_is_short_of_one_channel_lowers_no_pool_that_only_another_reaches() {
        let settings = world(TWO_PLACES);
        table(
            &settings,
            &[(
                "three are missing at either place",
                "stock erp 11:40 berlin:A=0 hamburg:A=0
                 order shop/1 r1 open 11:45 1:A=1,location=berlin
                 order north/2 r1 open 11:46 1:A=2",
                &[("north A pool", "-2"), ("shop A pool", "-3")],
            )],
        );
    }

    #[test]
    fn a_place_that_nobody_declares_any_more_binds_a_line_to_nothing() {
        let settings = world(TWO_PLACES);
        let documents = known(
            &settings,
            "stock erp 11:40 berlin:A=5 hamburg:A=5
             order shop/1 r1 open 11:45 1:A=2,location=mars",
        );
        let left = sellable(
            &settings,
            &documents,
            &"berlin".parse().unwrap(),
            &"A".parse().unwrap(),
            now(),
        );
        assert_eq!(left, quantity("3"), "it comes from where the channel sells");
    }

    #[test]
    fn a_line_comes_from_the_place_of_its_own_reservation_as_far_as_that_goes() {
        table(
            &world(TWO_PLACES),
            &[
                (
                    "not from that of another",
                    "stock erp 11:40 berlin:A=5 hamburg:A=5
                     reserve r1 A 1 berlin 13:00
                     reserve r2 A 3 hamburg 13:00
                     order shop/1 r1 open 11:45 1:A=2,reservation=r2",
                    &[
                        ("order shop/1", "1: in 0 from [hamburg 2] short 0"),
                        ("at berlin A", "4"),
                    ],
                ),
                (
                    "the rest from elsewhere",
                    "stock erp 11:40 berlin:A=9 hamburg:A=5
                     reserve r2 A 3 hamburg 13:00
                     stock erp 11:44 partial hamburg:A=1
                     order shop/1 r1 open 11:45 1:A=3,reservation=r2",
                    &[("order shop/1", "1: in 0 from [hamburg 1 + berlin 2] short 0")],
                ),
            ],
        );
    }

    #[test]
    fn a_reservation_ends_in_the_moment_that_it_names() {
        let settings = world(TWO_PLACES);
        let documents = known(
            &settings,
            "stock erp 11:40 berlin:A=5 hamburg:A=5
             reserve r1 A 2 hamburg 13:00
             reserve r2 A 1 #north 13:00
             order shop/1 r1 open 11:45 1:A=1,reservation=r1",
        );
        let end: Millis = "2026-01-05T13:00:00Z".parse().unwrap();
        let left = |place: &str, at| {
            sellable(
                &settings,
                &documents,
                &place.parse().unwrap(),
                &"A".parse().unwrap(),
                at,
            )
        };
        assert_eq!(
            left("hamburg", end.plus(-1)),
            quantity("2"),
            "one to the line, two aside"
        );
        assert_eq!(left("berlin", end.plus(-1)), quantity("5"));
        assert_eq!(left("hamburg", end), quantity("5"));
        assert_eq!(
            left("berlin", end),
            quantity("4"),
            "the line is bound to nothing any more"
        );
    }

    #[test]
    fn a_place_says_what_is_ordered_and_what_is_set_aside() {
        let settings = world(TWO_PLACES);
        let documents = known(
            &settings,
            "stock erp 11:40 hamburg:A=9
             reserve r1 A 2 hamburg 13:00
             reserve r2 A 1 hamburg 13:00
             move erp m hamburg A -1 11:50
             order north/1 r1 open 11:45 1:A=1
             order north/2 r1 open 11:46 1:A=3",
        );
        let (north, sku) = ("north".parse().unwrap(), "A".parse().unwrap());
        let promise = explained(&settings, &documents, &north, &sku, Offer::default(), now());
        let Reason::Pool { places, short, .. } = &promise.steps[0].because else {
            panic!("{promise:?}")
        };
        let Place {
            quantity: figure,
            moved,
            ordered,
            reserved,
            sellable,
            ..
        } = &places[0];
        let found = [*figure, *moved, *ordered, *reserved, *sellable, *short];
        assert_eq!(found, [9, -1, 4, 3, 1, 0].map(Quantity::whole));
    }
}
