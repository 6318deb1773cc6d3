//! DESIGN §4.3 sentence by sentence, computed by hand: where units come from, what is short, carved places.

#[cfg(test)]
#[allow(clippy::too_many_lines, reason = "tables")]
mod cases {
    use crate::common::script::*;

    fn sourcing(rule: &str) -> omnistock_words::Settings {
        world(&format!(
            "
            source erp physical by_reference
            place berlin
            place hamburg
            place store
            channel shop berlin,hamburg {{\"sourcing\":\"{rule}\"}}
            channel all store,berlin,hamburg
            channel south store"
        ))
    }

    /// The ERP took the units off one of its figures: those that the statement speaks of have them off already.
    #[test]
    fn what_a_source_took_comes_off_its_figures_from_before_that() {
        let script = |what: &'static str, line: &str, from: &'static str| {
            let facts = format!(
                "stock erp 11:40 berlin:A=3 hamburg:A=9
              stock erp 11:45 berlin:A=3
              {line}"
            );
            (what, facts, from)
        };
        let cases = [
            script(
                "not off the newer figure, whatever the pool's order",
                "order shop/1 r1 open 11:41 1:A=2
              absorbed erp shop/1/1 2 11:45",
                "1: in 0 from [hamburg 2] short 0",
            ),
            script(
                "what was not stated goes by the pool's order",
                "order shop/1 r1 open 11:41 1:A=5
              absorbed erp shop/1/1 2 11:45",
                "1: in 0 from [hamburg 2 + berlin 3] short 0",
            ),
            script(
                "what the older figure doesn't have",
                "order shop/1 r1 open 11:41 1:A=10
              absorbed erp shop/1/1 10 11:45",
                "1: in 0 from [hamburg 9 + berlin 1] short 0",
            ),
            script(
                "of which no figure speaks yet",
                "order shop/1 r1 open 11:41 1:A=2
              absorbed erp shop/1/1 2 11:46",
                "1: in 0 from [berlin 2] short 0",
            ),
        ];
        for rule in ["priority", "most_stock", "single_location"] {
            for (what, facts, from) in cases.iter().take(if rule == "priority" { 4 } else { 1 }) {
                table(&sourcing(rule), &[(what, facts, &[("order shop/1", from)])]);
            }
        }
    }

    #[test]
    fn units_may_come_from_a_kept_row_of_nothing_once_some_came_there() {
        table(
            &sourcing("priority"),
            &[
                (
                    "the statement speaks of figures that the place has not had yet",
                    "stock erp 11:40 berlin:A=0 hamburg:A=9
              stock erp 11:45 hamburg:A=9
              move erp m1 berlin A 1 11:42
              order shop/1 r1 shipped 11:41 1:A=1,location=berlin
              absorbed erp shop/1/1 1 11:45",
                    &[("at berlin A", "0")],
                ),
                (
                    "a buyer's return",
                    "stock erp 11:40 berlin:A=0 hamburg:A=9
              stock erp 11:45 hamburg:A=9
              order shop/0 r1 returned 11:30 1:A=1,restock_location=berlin at=11:42
              order shop/1 r1 shipped 11:41 1:A=1,location=berlin
              absorbed erp shop/1/1 1 11:45",
                    &[("at berlin A", "0")],
                ),
            ],
        );
    }

    #[test]
    fn what_figures_hold_by_its_times_comes_off_the_others() {
        let settings = world(
            "
            source erp physical by_delay=5m
            place berlin
            place hamburg
            channel shop berlin,hamburg",
        );
        table(
            &settings,
            &[(
                "berlin's figure is from behind the import, hamburg's is not",
                "stock erp 11:40 berlin:A=3 hamburg:A=9
              stock erp 11:50 berlin:A=3
              order shop/1 r1 open 11:41 1:A=2",
                &[("order shop/1", "1: in 0 from [hamburg 2] short 0")],
            )],
        );
    }

    #[test]
    fn the_three_rules() {
        table(
            &sourcing("priority"),
            &[
                (
                    "in the order of the pool",
                    "stock erp 11:40 berlin:A=3 hamburg:A=9
              order shop/1 r1 open 11:50 1:A=5",
                    &[("order shop/1", "1: in 0 from [berlin 3 + hamburg 2] short 0")],
                ),
                (
                    "by time, then channel, order, line; contained quantities take no room",
                    "stock erp 11:40 berlin:A=3 hamburg:A=9
              order shop/2 r1 open 11:51 1:A=3
              order shop/1 r1 open 11:51 2:A=1 1:A=1
              order shop/0 r1 open 11:50 1:A=4
              absorbed erp shop/0/1 3 11:40",
                    &[
                        ("order shop/0", "1: in 3 from [berlin 1] short 0"),
                        (
                            "order shop/1",
                            "1: in 0 from [berlin 1] short 0; 2: in 0 from [berlin 1] short 0",
                        ),
                        ("order shop/2", "1: in 0 from [hamburg 3] short 0"),
                    ],
                ),
                (
                    "a pinned line takes nothing elsewhere and is short there",
                    "stock erp 11:40 berlin:A=3 hamburg:A=9
              order shop/1 r1 open 11:50 1:A=5,location=berlin",
                    &[
                        ("order shop/1", "1: in 0 from [berlin 3] short 2"),
                        ("shop A", "7"),
                        ("south A", "0"),
                        ("at hamburg A", "9"),
                    ],
                ),
                (
                    "reservations of a place come before lines",
                    "stock erp 11:40 berlin:A=3 hamburg:A=9
              reserve r A 2 berlin 13:00
              order shop/1 r1 open 11:30 1:A=3",
                    &[("order shop/1", "1: in 0 from [berlin 1 + hamburg 2] short 0")],
                ),
                (
                    "reservations of a channel behind them",
                    "stock erp 11:40 berlin:A=3 hamburg:A=9
              reserve r A 2 #shop 13:00
              order shop/1 r1 open 11:50 1:A=3",
                    &[
                        ("order shop/1", "1: in 0 from [berlin 3] short 0"),
                        ("at hamburg A", "7"),
                    ],
                ),
            ],
        );
        table(
            &sourcing("most_stock"),
            &[
                (
                    "most first, ties in the order of the pool",
                    "stock erp 11:40 berlin:A=4 hamburg:A=4
              order shop/1 r1 open 11:50 1:A=1
              order shop/2 r1 open 11:51 1:A=6",
                    &[
                        ("order shop/1", "1: in 0 from [berlin 1] short 0"),
                        ("order shop/2", "1: in 0 from [hamburg 4 + berlin 2] short 0"),
                    ],
                ),
                (
                    "pinned all the same",
                    "stock erp 11:40 berlin:A=3 hamburg:A=9
              order shop/1 r1 open 11:50 1:A=2,location=berlin",
                    &[("order shop/1", "1: in 0 from [berlin 2] short 0")],
                ),
            ],
        );
        table(
            &sourcing("single_location"),
            &[
                (
                    "one place for the whole line, in the order of the pool",
                    "stock erp 11:40 berlin:A=3 hamburg:A=9
              order shop/1 r1 open 11:50 1:A=5 2:A=3",
                    &[(
                        "order shop/1",
                        "1: in 0 from [hamburg 5] short 0; 2: in 0 from [berlin 3] short 0",
                    )],
                ),
                (
                    "one that fits nowhere goes by priority",
                    "stock erp 11:40 berlin:A=3 hamburg:A=9
              order shop/1 r1 open 11:50 1:A=10",
                    &[("order shop/1", "1: in 0 from [berlin 3 + hamburg 7] short 0")],
                ),
                (
                    "a line for itself, an order may be split",
                    "stock erp 11:40 berlin:A=3 hamburg:A=2
              order shop/1 r1 open 11:50 1:A=2 2:A=2",
                    &[(
                        "order shop/1",
                        "1: in 0 from [berlin 2] short 0; 2: in 0 from [hamburg 2] short 0",
                    )],
                ),
            ],
        );
    }

    #[test]
    fn what_is_short_lowers_every_pool_that_could_have_served_it() {
        table(
            &sourcing("priority"),
            &[
                (
                    "every pool with one of the places, and no other",
                    "stock erp 11:40 berlin:A=2 hamburg:A=1 store:A=6
              order shop/1 r1 open 11:50 1:A=5",
                    &[
                        ("shop A pool", "-2"),
                        ("all A pool", "4"),
                        ("south A pool", "6"),
                        ("order shop/1", "1: in 0 from [berlin 2 + hamburg 1] short 2"),
                    ],
                ),
                (
                    "recorded, never refused; the shortage is not taken from a place of another pool",
                    "stock erp 11:40 berlin:A=0 hamburg:A=0 store:A=6
              order shop/1 r1 open 11:50 1:A=5",
                    &[("at store A", "6"), ("all A", "1"), ("south A", "6"), ("refused", "")],
                ),
                (
                    "negative places eat nobody's stock",
                    "stock erp 11:40 berlin:A=-4 hamburg:A=9
              order shop/1 r1 open 11:50 1:A=2",
                    &[("shop A", "7"), ("at berlin A", "-4"), ("at hamburg A", "7")],
                ),
                (
                    "a movement below zero neither",
                    "stock erp 11:40 berlin:A=1 hamburg:A=9
              move erp m berlin A -5 11:45",
                    &[("shop A", "9"), ("at berlin A", "-4")],
                ),
                (
                    "not for sale serves nobody",
                    "stock erp 11:40 !berlin:A=4 hamburg:A=1
              order shop/1 r1 open 11:50 1:A=3",
                    &[("shop A pool", "-2"), ("at berlin A", "0")],
                ),
                (
                    "stock that comes fills what is short first",
                    "stock erp 11:40 berlin:A=0
              order shop/1 r1 open 11:50 1:A=3
              move erp m berlin A 5 11:55",
                    &[("shop A", "2")],
                ),
            ],
        );
    }

    fn carved(size: &str) -> omnistock_words::Settings {
        world(&format!(
            "
            source erp physical by_reference
            place berlin
            place hamburg
            place berlin_amazon part_of=berlin {size}
            place berlin_ebay part_of=berlin units=5 stop=1
            channel amazon berlin_amazon
            channel ebay berlin_ebay,hamburg
            channel over berlin_amazon,berlin,hamburg
            channel shop berlin"
        ))
    }

    #[test]
    fn carved_places() {
        table(
            &carved("units=30"),
            &[
                (
                    "separate, overflowing and shared pools by configuration alone",
                    "stock erp 11:40 berlin:A=100 hamburg:A=7",
                    &[
                        ("amazon A", "30"),
                        ("ebay A", "12"),
                        ("over A", "102"),
                        ("shop A", "65"),
                        ("at berlin A", "65"),
                        ("at berlin_amazon A", "30"),
                    ],
                ),
                (
                    "min of the units and what berlin can sell; in the order of names",
                    "stock erp 11:40 berlin:A=32 hamburg:A=7",
                    &[("amazon A", "30"), ("ebay A", "9"), ("shop A", "0")],
                ),
                (
                    "of the present stock, never used up by sales",
                    "stock erp 11:40 berlin:A=100
              order amazon/1 r1 open 11:50 1:A=20",
                    &[
                        ("amazon A", "30"),
                        ("shop A", "45"),
                        ("order amazon/1", "1: in 0 from [berlin 20] short 0"),
                    ],
                ),
                (
                    "a reservation at a carved place is one at berlin",
                    "stock erp 11:40 berlin:A=100
              reserve r A 30 berlin_amazon 13:00
              reserve s A 31 berlin_amazon 13:00",
                    &[
                        ("refused", "reservation s: at most 30 can be set aside"),
                        ("at berlin A", "35"),
                        ("amazon A", "30"),
                    ],
                ),
                (
                    "its own stop_at",
                    "stock erp 11:40 berlin:A=31 hamburg:A=7",
                    &[("ebay A", "7")],
                ),
                (
                    "what is short at berlin lowers its carved places too",
                    "stock erp 11:40 berlin:A=3
              order shop/1 r1 open 11:50 1:A=5",
                    &[("amazon A pool", "-2"), ("shop A pool", "-2"), ("over A pool", "-2")],
                ),
                (
                    "a negative berlin has nothing to carve",
                    "stock erp 11:40 berlin:A=-3",
                    &[("amazon A", "0"), ("at berlin A", "-3"), ("at berlin_amazon A", "0")],
                ),
                (
                    "figures of a carved place are refused, so are movements",
                    "stock erp 11:40 berlin:A=9 berlin_amazon:A=9
              move erp m berlin_amazon A 5 11:50",
                    &[
                        ("over A", "9"),
                        (
                            "refused",
                            "stock null: location `berlin_amazon` is carved out of another one and has no figures of its own; ignored; movement m: location `berlin_amazon` is carved out of another one and has no figures of its own; ignored",
                        ),
                    ],
                ),
                (
                    "what comes back to a carved place comes back to berlin",
                    "stock erp 11:40 berlin:A=40
              absorbed erp shop/1/1 2 11:40
              order shop/1 r1 returned 11:30 at=11:50 1:A=2,restock_location=berlin_amazon",
                    &[("at berlin A", "7")],
                ),
                (
                    "while berlin is read it may have been seen",
                    "stock erp 11:40 berlin:A=40 read_until=11:55
              absorbed erp shop/1/1 2 11:40
              order shop/1 r1 returned 11:30 at=11:50 1:A=2,restock_location=berlin_amazon",
                    &[("at berlin A", "5")],
                ),
            ],
        );
        table(
            &carved("share=30%"),
            &[(
                "a share of what berlin can sell, rounded down in its own unit",
                "stock erp 11:40 berlin:A=19 berlin:B=0.5",
                &[
                    ("amazon A", "5"),
                    ("shop A", "9"),
                    ("at berlin_amazon B", "0.1"),
                    ("at berlin B", "0"),
                ],
            )],
        );
        table(
            &carved("units=30 off"),
            &[(
                "a carved place that is off leaves it all to berlin",
                "stock erp 11:40 berlin:A=100",
                &[("amazon A", "0"), ("shop A", "95")],
            )],
        );
    }
}
