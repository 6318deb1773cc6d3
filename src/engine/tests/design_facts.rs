//! DESIGN §4.1 sentence by sentence, computed by hand: positions, movements, orders.

#[cfg(test)]
#[allow(clippy::too_many_lines, reason = "tables")]
mod cases {
    use crate::common::script::*;

    const WORLD: &str = "
        source erp physical by_reference
        source wms physical by_reference
        place berlin source=erp
        place hamburg
        place depot off
        channel shop berlin,hamburg
        channel north hamburg";

    #[test]
    fn positions() {
        table(
            &world(WORLD),
            &[
                (
                    "a newer as_of replaces, higher or lower",
                    "stock erp 11:30 berlin:A=4
              stock erp 11:40 berlin:A=9",
                    &[("shop A", "9"), ("complaints", "0")],
                ),
                (
                    "an older one is ignored and counted",
                    "stock erp 11:40 berlin:A=9
              stock erp 11:39 berlin:A=4",
                    &[("shop A", "9"), ("complaints", "1")],
                ),
                (
                    "older than the complete snapshot that confirmed it, though newer than its own writing",
                    "stock erp 11:30 berlin:A=9
              stock erp 11:40 berlin:A=9
              stock erp 11:35 berlin:A=4 partial",
                    &[("shop A", "9"), ("complaints", "1")],
                ),
                (
                    "the same as_of with other content: the lower, counted; whichever comes first",
                    "stock erp 11:40 berlin:A=9
              stock erp 11:40 berlin:A=4
              stock erp 11:40 berlin:A=6",
                    &[("shop A", "4"), ("complaints", "2")],
                ),
                (
                    "the same as_of with the same content says nothing",
                    "stock erp 11:40 berlin:A=9
              stock erp 11:40 berlin:A=9.0",
                    &[("shop A", "9"), ("complaints", "0")],
                ),
                (
                    "the future is now, with a complaint: of two futures the lower counts",
                    "stock erp 2027-01-01T00:00:00Z berlin:A=8
              stock erp 2028-01-01T00:00:00Z berlin:A=9",
                    &[("shop A", "8"), ("complaints", "3")],
                ),
                (
                    "a future figure does not shut out what is true later: now is the newest",
                    "stock erp 2027-01-01T00:00:00Z berlin:A=8
              move erp m berlin A -1 11:59",
                    &[("shop A", "8")],
                ),
                (
                    "each location has one stock source",
                    "stock erp 11:40 berlin:A=9
              stock wms 11:50 berlin:A=1",
                    &[
                        ("shop A", "9"),
                        ("at berlin A", "9"),
                        (
                            "refused",
                            "stock null: wms reported berlin, which belongs to another source; ignored",
                        ),
                    ],
                ),
                (
                    "who reports a place without a source is its source",
                    "stock wms 11:50 hamburg:A=3",
                    &[("north A", "3")],
                ),
                (
                    "two rows of one place in one report: the lower",
                    "stock erp 11:40 berlin:A=9 berlin:A=2",
                    &[("shop A", "2"), ("complaints", "1")],
                ),
                (
                    "a row that is missing keeps its own as_of: a movement behind it still counts",
                    "stock erp 11:30 berlin:A=9 berlin:B=1
              stock erp 11:40 berlin:B=1
              move erp m berlin A -2 11:35",
                    &[("shop A", "7")],
                ),
                (
                    "a row that is present inherits the snapshot's as_of: the same movement is contained",
                    "stock erp 11:30 berlin:A=9 berlin:B=1
              stock erp 11:40 berlin:A=9 berlin:B=1
              move erp m berlin A -2 11:35",
                    &[("shop A", "9")],
                ),
                (
                    "a partial report proves no absence and confirms nobody else",
                    "stock erp 11:30 berlin:A=9 berlin:B=1
              stock erp 11:40 berlin:B=1 partial
              move erp m berlin A -2 11:35",
                    &[("shop A", "7"), ("shop B", "1")],
                ),
                (
                    "kept in the books, not for sale",
                    "stock erp 11:40 !berlin:A=9 hamburg:A=2",
                    &[("shop A", "2"), ("at berlin A", "0")],
                ),
                (
                    "a place that is off counts nowhere, also for orders pinned there",
                    "stock erp 11:40 berlin:A=9 depot:A=5
              order shop/1 r1 open 11:50 1:A=3,location=depot",
                    &[("shop A", "9"), ("at depot A", "0")],
                ),
            ],
        );
    }

    #[test]
    fn movements() {
        table(
            &world(WORLD),
            &[
                (
                    "counts if later than the position's as_of, not at it, not before",
                    "stock erp 11:40 berlin:A=9
              move erp a berlin A -1 11:39
              move erp b berlin A -2 11:40
              move erp c berlin A -3 11:41",
                    &[("shop A", "6")],
                ),
                (
                    "counts once, also behind a figure that contains it",
                    "stock erp 11:40 berlin:A=9
              move erp c berlin A -3 11:41
              move erp c berlin A -3 11:41
              stock erp 11:45 berlin:A=6
              move erp c berlin A -3 11:41",
                    &[("shop A", "6")],
                ),
                (
                    "one id with two contents: the smaller, counted, in either order",
                    "stock erp 11:40 berlin:A=9
              move erp c berlin A 2 11:41
              move erp c berlin A -3 11:42",
                    &[("shop A", "6"), ("complaints", "1")],
                ),
                (
                    "ids are those of their source",
                    "stock erp 11:40 berlin:A=9
              move erp c berlin A -3 11:41
              move wms c berlin A -2 11:41",
                    &[("shop A", "4")],
                ),
                (
                    "a movement from another system says when it is contained",
                    "stock erp 11:40 berlin:A=9
              move wms w berlin A -4 10:45 after=1h",
                    &[("shop A", "5")],
                ),
                (
                    "and is contained from then on",
                    "stock erp 11:45 berlin:A=9
              move wms w berlin A -4 10:45 after=1h",
                    &[("shop A", "9")],
                ),
                (
                    "before its figure: kept for it",
                    "move erp c berlin A -3 11:41
              stock erp 11:40 berlin:A=9",
                    &[("shop A", "6")],
                ),
                (
                    "between start and end of a paged read what lowers counts and what raises doesn't; behind its end both",
                    "stock erp 11:40 berlin:A=9 read_until=11:44
              move erp a berlin A -1 11:42
              move erp b berlin A 5 11:42
              move erp c berlin A 2 11:45
              move erp d berlin A -1 11:46",
                    &[("shop A", "9")],
                ),
                (
                    "what raises at the very end of the read may have been seen",
                    "stock erp 11:40 berlin:A=9 read_until=11:44
              move erp b berlin A 5 11:44",
                    &[("shop A", "9")],
                ),
                (
                    "a movement of the future happens now",
                    "stock erp 11:40 berlin:A=9
              move erp b berlin A -5 2027-01-01T00:00:00Z",
                    &[("shop A", "4"), ("complaints", "1")],
                ),
            ],
        );
    }

    #[test]
    fn orders() {
        table(
            &world(WORLD),
            &[
                (
                    "a revision that moves the purchase replaces the line, among lines of other orders",
                    "stock erp 11:40 hamburg:A=20
              order shop/1 r1 open 11:50 1:A=5
              order shop/2 r1 open 11:51 1:A=4
              order shop/3 r1 open 11:52 1:A=3
              order shop/2 r2 open 11:53 1:A=2
              order shop/2 r3 open 11:49 1:A=1
              order shop/3 r2 cancelled 11:54 1:A=3",
                    &[("shop A", "14"), ("at hamburg A", "14"), ("complaints", "0")],
                ),
                (
                    "the highest revision decides, whatever comes last",
                    "stock erp 11:40 berlin:A=9
              order shop/1 r3 open 11:45 1:A=2
              order shop/1 r1 open 11:45 1:A=7",
                    &[("shop A", "7"), ("complaints", "1")],
                ),
                (
                    "open after cancelled",
                    "stock erp 11:40 berlin:A=9
              order shop/1 r2 cancelled 11:45 1:A=2
              order shop/1 r3 open 11:45 1:A=2",
                    &[("shop A", "7")],
                ),
                (
                    "a cancel may come before its order, with a revision",
                    "stock erp 11:40 berlin:A=9
              order shop/1 r2 cancelled 11:45
              order shop/1 r1 open 11:45 1:A=2",
                    &[("shop A", "9")],
                ),
                (
                    "a cancel without a revision is final, before or after",
                    "stock erp 11:40 berlin:A=9
              order shop/1 r- cancelled 11:45
              order shop/1 r8 open 11:45 1:A=2
              order shop/2 r8 open 11:45 1:A=3
              order shop/2 r- cancelled 11:46
              order shop/2 r9 open 11:47 1:A=3",
                    &[("shop A", "9")],
                ),
                (
                    "two reports of one revision: the one that takes more",
                    "stock erp 11:40 berlin:A=9
              order shop/1 r1 open 11:45 1:A=2
              order shop/1 r1 open 11:45 1:A=3
              order shop/1 r1 open 11:45 1:A=1",
                    &[("shop A", "6"), ("complaints", "2")],
                ),
                (
                    "orders of different channels are different orders",
                    "stock erp 11:40 berlin:A=9 hamburg:A=9
              order shop/1 r1 open 11:45 1:A=2
              order north/1 r1 open 11:45 1:A=3",
                    &[("at berlin A", "7"), ("at hamburg A", "6")],
                ),
                (
                    "a dropped line, a line that changes its article",
                    "stock erp 11:40 berlin:A=9 berlin:B=9
              order shop/1 r1 open 11:45 1:A=2 2:A=1
              order shop/1 r2 open 11:45 1:B=2",
                    &[("shop A", "9"), ("shop B", "7")],
                ),
                (
                    "a line may stand elsewhere than its order",
                    "stock erp 11:40 berlin:A=9
              order shop/1 r1 open 11:45 1:A=2,status=cancelled 2:A=3",
                    &[
                        ("shop A", "6"),
                        (
                            "order shop/1",
                            "1: in 0 from [] short 0; 2: in 0 from [berlin 3] short 0",
                        ),
                    ],
                ),
                (
                    "fulfilled by others never touches own stock, nor when it comes back",
                    "stock erp 11:40 berlin:A=9
              order shop/1 r1 open 11:45 1:A=2,fulfilled_by=channel 2:A=3,fulfilled_by=other
              order shop/2 r1 returned 11:45 1:A=2,fulfilled_by=channel,restock_location=berlin",
                    &[("shop A", "9")],
                ),
                (
                    "a line without an article is kept and takes nothing",
                    "stock erp 11:40 berlin:A=9
              order shop/1 r1 open 11:45 1:=2 2:A=1",
                    &[
                        ("shop A", "8"),
                        ("complaints", "1"),
                        (
                            "order shop/1",
                            "1: in 0 from [] short 0; 2: in 0 from [berlin 1] short 0",
                        ),
                    ],
                ),
                (
                    "a return is a movement that ends at the next figure of the place",
                    "stock erp 11:40 berlin:A=7
              order shop/1 r1 shipped 11:30 at=11:35 1:A=2
              absorbed erp shop/1/1 2 11:40
              order shop/1 r2 returned 11:30 at=11:50 1:A=2,restock_location=hamburg
              stock erp 11:55 berlin:A=7 partial",
                    &[("shop A", "9"), ("at hamburg A", "2")],
                ),
                (
                    "the place's figure contains it",
                    "stock erp 11:40 berlin:A=7
              absorbed erp shop/1/1 2 11:40
              order shop/1 r2 returned 11:30 at=11:50 1:A=2,restock_location=berlin
              stock erp 11:55 berlin:A=9",
                    &[("shop A", "9")],
                ),
                (
                    "a later edit of the returned order does not bring it back twice",
                    "stock erp 11:40 berlin:A=7
              absorbed erp shop/1/1 2 11:40
              order shop/1 r2 returned 11:30 at=11:50 1:A=2,restock_location=berlin
              stock erp 11:55 berlin:A=9
              order shop/1 r3 returned 11:30 at=11:58 1:A=2,restock_location=berlin",
                    &[("shop A", "9")],
                ),
                (
                    "nothing comes back without a place",
                    "stock erp 11:40 berlin:A=7
              absorbed erp shop/1/1 2 11:40
              order shop/1 r2 returned 11:30 at=11:50 1:A=2",
                    &[("shop A", "7")],
                ),
                (
                    "a negative quantity is none, and told",
                    "stock erp 11:40 berlin:A=7
              order shop/1 r1 open 11:50 1:A=-3",
                    &[("shop A", "7"), ("complaints", "1")],
                ),
            ],
        );
    }

    #[test]
    fn bundle_lines_keep_the_composition_of_their_first_recording() {
        use crate::common::now;
        use omnistock_engine::{Documents, apply, promise};
        let (was, is) = (
            world(&format!("{WORLD}\n bundle SET A=2 B=1")),
            world(&format!("{WORLD}\n bundle SET A=5")),
        );
        let events = facts(
            "stock erp 11:40 berlin:A=30 berlin:B=30
             order shop/1 r1 open 11:45 1:SET=3",
        );
        let again = facts("order shop/1 r2 open 11:45 1:SET=4");
        let mut documents = Documents::default();
        for (settings, events) in [(&was, &events), (&is, &again)] {
            for event in events {
                let event = serde_json::from_value(event.clone()).unwrap();
                drop(apply(settings, &mut documents, &event, now()));
            }
        }
        let shown = |sku: &str| {
            let promise = promise(&is, &documents, &"shop".parse().unwrap(), &sku.parse().unwrap(), now());
            promise.quantity.unwrap().to_string()
        };
        assert_eq!((shown("A"), shown("B")), ("22".to_owned(), "26".to_owned()));
    }
}
