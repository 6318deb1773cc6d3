//! DESIGN §4.2 sentence by sentence, computed by hand: when figures contain an order line.

#[cfg(test)]
#[allow(clippy::too_many_lines, reason = "tables")]
mod cases {
    use crate::common::script::*;

    fn berlin(source: &str) -> omnistock_words::Settings {
        world(&format!(
            "source erp {source}\n place berlin\n channel shop berlin\n bundle SET A=2 B=1"
        ))
    }

    #[test]
    fn by_reference_is_the_as_of_of_the_statement() {
        table(
            &berlin("physical by_reference"),
            &[
                (
                    "a line counts until stated, open or shipped",
                    "stock erp 11:40 berlin:A=10
              order shop/1 r1 open 11:30 1:A=2
              order shop/2 r2 shipped 11:30 1:A=3",
                    &[("shop A", "5")],
                ),
                (
                    "stated as of the figure",
                    "stock erp 11:40 berlin:A=10
              order shop/1 r1 open 11:30 1:A=2
              absorbed erp shop/1/1 2 11:40",
                    &[("shop A", "10"), ("order shop/1", "1: in 2 from [] short 0")],
                ),
                (
                    "stated as of a later figure than the one that is here",
                    "stock erp 11:40 berlin:A=10
              order shop/1 r1 open 11:30 1:A=2
              absorbed erp shop/1/1 2 11:41",
                    &[("shop A", "8"), ("order shop/1", "1: in 0 from [berlin 2] short 0")],
                ),
                (
                    "until that one is here",
                    "stock erp 11:40 berlin:A=10
              order shop/1 r1 open 11:30 1:A=2
              absorbed erp shop/1/1 2 11:41
              stock erp 11:41 berlin:A=8",
                    &[("shop A", "8")],
                ),
                (
                    "without an as_of it speaks of the newest figure at that point",
                    "stock erp 11:40 berlin:A=10
              order shop/1 r1 open 11:30 1:A=2
              absorbed erp shop/1/1 1
              stock erp 11:45 berlin:A=9",
                    &[("shop A", "8")],
                ),
                (
                    "it may precede its order; a part is a part",
                    "stock erp 11:40 berlin:A=10
              absorbed erp shop/1/1 1 11:40
              order shop/1 r1 open 11:30 1:A=3",
                    &[("shop A", "8"), ("order shop/1", "1: in 1 from [berlin 2] short 0")],
                ),
                (
                    "the newest wins, ties to the smaller",
                    "stock erp 11:40 berlin:A=10
              order shop/1 r1 open 11:30 1:A=3
              absorbed erp shop/1/1 3 11:36
              absorbed erp shop/1/1 2 11:38
              absorbed erp shop/1/1 1 11:38",
                    &[("shop A", "8")],
                ),
                (
                    "an explicit cancellation in the source takes it back",
                    "stock erp 11:40 berlin:A=10
              order shop/1 r1 open 11:30 1:A=3
              absorbed erp shop/1/1 3 11:36
              absorbed erp shop/1/1 0 11:39",
                    &[("shop A", "7")],
                ),
                (
                    "more than the line is the line",
                    "stock erp 11:40 berlin:A=10
              order shop/1 r1 open 11:30 1:A=3
              absorbed erp shop/1/1 9 11:40",
                    &[("shop A", "10")],
                ),
                (
                    "a revision that grows leaves the rest to count",
                    "stock erp 11:40 berlin:A=10
              order shop/1 r1 open 11:30 1:A=3
              absorbed erp shop/1/1 3 11:40
              order shop/1 r2 open 11:30 1:A=5",
                    &[("shop A", "8")],
                ),
                (
                    "a bundle's line: each part",
                    "stock erp 11:40 berlin:A=10 berlin:B=10
              order shop/1 r1 open 11:30 1:SET=3
              absorbed erp shop/1/1 2 11:40",
                    &[
                        ("shop A", "8"),
                        ("shop B", "9"),
                        ("order shop/1", "1: in 2 from [berlin 2 + berlin 1] short 0"),
                    ],
                ),
                (
                    "no status and no time makes it contained",
                    "stock erp 11:59 berlin:A=10
              order shop/1 r2 shipped 2025-01-05T11:30:00Z 1:A=3",
                    &[("shop A", "7")],
                ),
            ],
        );
    }

    #[test]
    fn by_status_is_the_time_of_the_status_that_the_basis_contains() {
        table(
            &berlin("physical by_status"),
            &[
                (
                    "physical: shipped",
                    "stock erp 11:40 berlin:A=10
              order shop/1 r1 open 11:30 1:A=1
              order shop/2 r1 shipped 11:30 at=11:40 1:A=2
              order shop/3 r1 shipped 11:30 at=11:41 1:A=4",
                    &[("shop A", "5")],
                ),
                (
                    "its own at, else placed_at",
                    "stock erp 11:40 berlin:A=10
              order shop/1 r1 shipped 11:40 1:A=1
              order shop/2 r1 shipped 11:41 1:A=2",
                    &[("shop A", "8")],
                ),
                (
                    "a report of one basis may differ from its source's",
                    "stock erp 11:40 berlin:A=10 basis=net_of_orders
              order shop/1 r1 open 11:30 1:A=1",
                    &[("shop A", "10")],
                ),
                (
                    "a line's own status",
                    "stock erp 11:40 berlin:A=10
              order shop/1 r1 open 11:30 at=11:35 1:A=1,status=shipped 2:A=2",
                    &[("shop A", "8")],
                ),
                (
                    "what grew after it was shipped was not shipped then",
                    "stock erp 11:40 berlin:A=10
              order shop/1 r1 shipped 11:30 at=11:35 1:A=2
              order shop/1 r2 shipped 11:30 at=11:50 1:A=3",
                    &[("shop A", "7")],
                ),
            ],
        );
        table(
            &berlin("net_of_reserved by_status"),
            &[(
                "net of reserved: open is not set aside",
                "stock erp 11:40 berlin:A=10
              order shop/1 r1 open 11:30 1:A=1
              order shop/2 r1 shipped 11:30 1:A=2",
                &[("shop A", "9")],
            )],
        );
        table(
            &berlin("net_of_orders by_status"),
            &[
                (
                    "net of orders: any, from its time on",
                    "stock erp 11:40 berlin:A=10
              order shop/1 r1 open 11:40 1:A=1
              order shop/2 r1 open 11:41 1:A=2",
                    &[("shop A", "8")],
                ),
                (
                    "an edit does not date the order anew",
                    "stock erp 11:40 berlin:A=10
              order shop/1 r1 open 11:30 at=11:30 1:A=2
              order shop/1 r2 open 11:30 at=11:50 1:A=1",
                    &[("shop A", "10")],
                ),
            ],
        );
    }

    #[test]
    fn by_delay_and_never() {
        table(
            &berlin("physical by_delay=30m"),
            &[
                (
                    "placed_at + delay",
                    "stock erp 11:40 berlin:A=10
              order shop/1 r1 open 11:10 1:A=1
              order shop/2 r1 open 11:11 1:A=2",
                    &[("shop A", "8")],
                ),
                (
                    "whatever its status says",
                    "stock erp 11:40 berlin:A=10
              order shop/1 r5 shipped 11:10 at=11:55 1:A=1",
                    &[("shop A", "10")],
                ),
                (
                    "statements say nothing here",
                    "stock erp 11:40 berlin:A=10
              order shop/2 r1 open 11:11 1:A=2
              absorbed erp shop/2/1 2 11:40",
                    &[("shop A", "8")],
                ),
            ],
        );
        table(
            &berlin("physical never"),
            &[(
                "ends only by cancellation",
                "stock erp 11:59 berlin:A=10
              order shop/1 r1 shipped 2020-01-01T00:00:00Z 1:A=1
              absorbed erp shop/1/1 1
              order shop/2 r1 open 11:11 1:A=2
              order shop/2 r2 cancelled 11:11 1:A=2",
                &[("shop A", "9")],
            )],
        );
    }

    #[test]
    fn several_sources() {
        let two = |erp: &str, wms: &str| {
            world(&format!(
                "
                source erp physical {erp}
                source wms physical {wms}
                place berlin source=erp
                place hamburg source=wms
                channel shop berlin,hamburg
                channel north hamburg"
            ))
        };
        let both = "stock erp 11:40 berlin:A=10
                    stock wms 11:20 hamburg:A=5
                    order shop/1 r1 shipped 11:00 at=11:30 1:A=2";
        for absorb in ["by_status", "by_delay=30m"] {
            table(
                &two(absorb, absorb),
                &[
                    ("by_status and by_delay wait for all of them", both, &[("shop A", "13")]),
                    (
                        "until all are there",
                        &format!("{both}\n stock wms 11:30 hamburg:A=5"),
                        &[("shop A", "15")],
                    ),
                    (
                        "a pinned line waits for its place alone",
                        &format!("{both},location=berlin"),
                        &[("shop A", "15")],
                    ),
                    (
                        "a channel of one place alone",
                        "stock erp 11:10 berlin:A=10
                    stock wms 11:40 hamburg:A=5
                    order north/1 r1 shipped 11:00 at=11:30 1:A=2",
                        &[("north A", "5")],
                    ),
                ],
            );
        }
        table(
            &two("by_reference", "by_reference"),
            &[
                (
                    "statements of all sources add up",
                    &format!(
                        "{both}
              absorbed erp shop/1/1 1 11:40
              absorbed wms shop/1/1 1 11:20"
                    ),
                    &[("shop A", "15")],
                ),
                (
                    "to at most the line",
                    &format!(
                        "{both}
              absorbed erp shop/1/1 2 11:40
              absorbed wms shop/1/1 2 11:20"
                    ),
                    &[("shop A", "15"), ("order shop/1", "1: in 2 from [] short 0")],
                ),
                (
                    "each as of its own figures",
                    &format!(
                        "{both}
              absorbed erp shop/1/1 1 11:40
              absorbed wms shop/1/1 1 11:40"
                    ),
                    &[("shop A", "14")],
                ),
            ],
        );
        let moved = world(
            "
            source erp physical by_delay=30m
            source wms physical by_delay=30m
            place berlin
            channel shop berlin",
        );
        let took_over = {
            let mut settings = moved.clone();
            settings.locations.get_mut("berlin").unwrap().source = Some("wms".parse().unwrap());
            settings
        };
        table(
            &moved,
            &[(
                "two sources at one place: the newer counts, the line waits for both",
                "stock erp 11:00 berlin:A=9
             stock wms 11:50 berlin:A=7
             order shop/1 r1 open 11:10 1:A=2",
                &[("shop A", "5")],
            )],
        );
        // The old source's figure stays in the ledger of a place that was handed over; it waits for nobody.
        let events: Vec<_> =
            facts("stock erp 11:00 berlin:A=9\n stock wms 11:50 berlin:A=7\n order shop/1 r1 open 11:10 1:A=2");
        let mut documents = omnistock_engine::Documents::default();
        for (settings, event) in [(&moved, &events[0]), (&took_over, &events[1]), (&took_over, &events[2])] {
            let event = serde_json::from_value(event.clone()).unwrap();
            drop(omnistock_engine::apply(
                settings,
                &mut documents,
                &event,
                crate::common::now(),
            ));
        }
        let promise = omnistock_engine::promise(
            &took_over,
            &documents,
            &"shop".parse().unwrap(),
            &"A".parse().unwrap(),
            crate::common::now(),
        );
        assert_eq!(promise.quantity.unwrap().to_string(), "7");
    }

    #[test]
    fn before_the_cutover_only_a_status_that_the_basis_contains() {
        for absorb in ["by_reference", "never", "by_delay=1m"] {
            table(
                &berlin(&format!("physical {absorb} cutover=11:20")),
                &[
                    (
                        "shipped before the figure",
                        "stock erp 11:40 berlin:A=10
                  order shop/1 r1 shipped 11:10 1:A=2",
                        &[("shop A", "10")],
                    ),
                    (
                        "open",
                        "stock erp 11:40 berlin:A=10
                  order shop/1 r1 open 11:10 1:A=2",
                        &[("shop A", "8")],
                    ),
                    (
                        "shipped after the figure",
                        "stock erp 11:40 berlin:A=10
                  order shop/1 r1 shipped 11:10 at=11:41 1:A=2",
                        &[("shop A", "8")],
                    ),
                ],
            );
        }
        table(
            &berlin("net_of_orders by_reference cutover=11:20"),
            &[(
                "net of orders contains the open ones",
                "stock erp 11:40 berlin:A=10
              order shop/1 r1 open 11:10 1:A=2
              order shop/2 r1 open 11:20 1:A=3",
                &[("shop A", "7")],
            )],
        );
    }
}
