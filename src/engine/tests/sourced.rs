//! Who takes units where, in the corners: sales that would have to make room, and reservations that end.

#[cfg(test)]
mod cases {
    use crate::common::facts::applied;
    use crate::common::script::*;
    use crate::common::{now, quantity};
    use omnistock_engine::{Documents, Offer, Place, Reason, explained, promise, sellable};
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
                text.extend([format!("channel k{n} three\n")]);
                happened.extend([format!("order k{n}/1 r1 open 11:41 1:A=1\n")]);
            }
            happened += "order wide/1 r1 open 11:45 1:A=1
                order narrow/2 r1 open 11:46 1:A=1";
            let settings = world(&text);
            let documents = known(&settings, &happened);
            let shown = |channel: &str| {
                let (channel, sku) = (channel.parse().unwrap(), "A".parse().unwrap());
                promise(&settings, &documents, &channel, &sku, now()).quantity
            };
            assert_eq!(shown("second"), Some(quantity("4")), "{before}");
            assert_eq!(
                shown("far"),
                Some(Quantity::whole(100 - before)),
                "nobody there took it"
            );
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

    /// Only a figure of the stating source can have the units off already.
    #[test]
    fn what_one_source_took_is_not_looked_for_in_the_figures_of_another() {
        let settings = world(
            "source erp physical by_reference
             source wms physical by_reference
             place berlin source=erp
             place hamburg source=wms
             place store source=wms
             channel shop berlin,hamburg,store",
        );
        table(
            &settings,
            &[(
                "the store's newer figure has them off, hamburg's may not",
                "stock erp 11:40 berlin:A=5
                 stock wms 11:40 hamburg:A=5 store:A=5
                 stock wms 11:45 partial store:A=5
                 order shop/1 r1 open 11:41 1:A=2
                 absorbed wms shop/1/1 2 11:45",
                &[("order shop/1", "1: in 0 from [hamburg 2] short 0")],
            )],
        );
    }

    #[test]
    fn a_row_of_nothing_that_is_kept_delays_no_statement_unless_units_came_there() {
        let all = "1: in 2 from [] short 0";
        let case = |what: &'static str, came: &str, from: &'static str| {
            let text = format!(
                "stock erp 11:40 berlin:A=0 hamburg:A=9
                 stock erp 11:45 hamburg:A=9
                 order shop/1 r1 open 11:41 1:A=2
                 absorbed erp shop/1/1 2 11:45
                 {came}"
            );
            (what, text, from)
        };
        for (what, text, expected) in [
            case("nothing came", "", all),
            case("units left", "move erp m berlin A -1 11:46", all),
            case("they came elsewhere", "move erp m hamburg A 1 11:46", all),
            case("they came before", "move erp m berlin A 1 11:39", all),
            case(
                "they came",
                "move erp m berlin A 1 11:46",
                "1: in 0 from [berlin 1 + hamburg 1] short 0",
            ),
            case(
                "a buyer's return elsewhere",
                "order shop/0 r1 returned 11:30 1:A=1,restock_location=hamburg at=11:46",
                all,
            ),
            case(
                "a return of the moment that the figure is of",
                "order shop/0 r1 returned 11:30 1:A=1,restock_location=berlin at=11:40",
                all,
            ),
            case(
                "a return",
                "order shop/0 r1 returned 11:30 1:A=1,restock_location=berlin at=11:46",
                "1: in 0 from [hamburg 2] short 0",
            ),
        ] {
            table(&world(TWO_PLACES), &[(what, &text, &[("order shop/1", expected)])]);
        }
    }

    #[test]
    fn a_figure_of_zero_delays_a_statement() {
        table(
            &world(TWO_PLACES),
            &[(
                "berlin may have had them",
                "stock erp 11:40 berlin:A=0 hamburg:A=9
                 stock erp 11:45 partial hamburg:A=9
                 order shop/1 r1 open 11:41 1:A=2
                 absorbed erp shop/1/1 2 11:45",
                &[("shop A", "7")],
            )],
        );
    }

    #[test]
    fn reports_without_revisions_count_in_the_order_of_their_arrival() {
        table(
            &world(TWO_PLACES),
            &[(
                "the second says less",
                "stock erp 11:20 berlin:A=9
                 order shop/1 r- open 11:30 1:A=5
                 order shop/1 r- open 11:30 1:A=2",
                &[("shop A", "7")],
            )],
        );
    }
}
