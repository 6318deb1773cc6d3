//! DESIGN §4.1 on reservations, sentence by sentence, computed by hand.

#[cfg(test)]
#[allow(clippy::too_many_lines, reason = "tables")]
mod cases {
    use crate::common::script::*;

    fn places() -> omnistock_words::Settings {
        world(
            "
            source erp physical by_reference
            place berlin safety=2
            place hamburg stop=3
            channel shop berlin
            channel all berlin,hamburg
            bundle SET A=1",
        )
    }

    #[test]
    fn granted_replaced_refused_and_gone() {
        let s = places();
        table(
            &s,
            &[
                (
                    "refused where more than sellable after what the place holds back; nothing changes",
                    "stock erp 11:40 berlin:A=10
              reserve r A 8 berlin 13:00
              reserve r A 9 berlin 13:00",
                    &[
                        ("at berlin A", "2"),
                        ("shop A", "0"),
                        ("refused", "reservation r: at most 8 can be set aside"),
                    ],
                ),
                (
                    "a place at or below its limit gives nothing",
                    "stock erp 11:40 hamburg:A=3
              reserve r A 1 hamburg 13:00",
                    &[("refused", "reservation r: at most 0 can be set aside")],
                ),
                (
                    "gone when it ends now, kept a second before",
                    "stock erp 11:40 berlin:A=10
              reserve r A 3 berlin 12:00
              reserve s A 2 berlin 12:00:01",
                    &[("at berlin A", "8"), ("refused", "")],
                ),
                (
                    "zero releases, another quantity replaces",
                    "stock erp 11:40 berlin:A=10
              reserve r A 3 berlin 13:00
              reserve r A 5 berlin 13:00
              reserve s A 2 berlin 13:00
              reserve s A 0 berlin 13:00",
                    &[("at berlin A", "5")],
                ),
                (
                    "a negative one is refused and releases nothing",
                    "stock erp 11:40 berlin:A=10
              reserve r A 3 berlin 13:00
              reserve r A -3 berlin 13:00",
                    &[
                        ("at berlin A", "7"),
                        ("refused", "reservation r: fewer than none can't be set aside"),
                    ],
                ),
                (
                    "what is held stays when there is less by now, also longer, and no unit more",
                    "stock erp 11:40 berlin:A=7
              reserve r A 3 berlin 12:30
              reserve s A 2 berlin 12:30
              stock erp 11:50 berlin:A=6
              reserve r A 3 berlin 13:00
              reserve s A 2 berlin 13:00
              reserve r A 4 berlin 13:00",
                    &[
                        ("at berlin A", "1"),
                        ("refused", "reservation r: at most 2 can be set aside"),
                    ],
                ),
                (
                    "at another place it is another one, and needs room there",
                    "stock erp 11:40 berlin:A=7 hamburg:A=3
              reserve r A 3 berlin 12:30
              reserve r A 3 hamburg 12:30",
                    &[
                        ("at berlin A", "4"),
                        ("refused", "reservation r: at most 0 can be set aside"),
                    ],
                ),
                (
                    "for a channel: its whole units; taken behind all lines",
                    "stock erp 11:40 berlin:A=10.9
              reserve r A 9 #shop 13:00
              reserve r A 8 #shop 13:00",
                    &[
                        ("refused", "reservation r: at most 8 can be set aside"),
                        ("at berlin A", "2.9"),
                        ("shop A", "0"),
                    ],
                ),
                (
                    "what is set aside for one channel is gone for the other",
                    "stock erp 11:40 berlin:A=10 hamburg:A=9
              reserve r A 4 #shop 13:00",
                    &[("all A", "13"), ("shop A", "4")],
                ),
                (
                    "nothing known, nothing set aside; a bundle never",
                    "reserve r A 1 #shop 13:00
              reserve s SET 1 #shop 13:00",
                    &[(
                        "refused",
                        "reservation r: no stock figure is known yet; reservation s: a bundle can't be set aside; reserve its parts",
                    )],
                ),
            ],
        );
    }

    #[test]
    fn lines_consume_them() {
        table(
            &places(),
            &[
                (
                    "a line consumes it as far as it goes, in either order",
                    "stock erp 11:40 berlin:A=10
              reserve r A 3 berlin 13:00
              order shop/1 r1 open 11:50 1:A=5,reservation=r
              order shop/2 r1 open 11:51 1:A=1,reservation=s
              reserve s A 3 berlin 13:00",
                    &[("at berlin A", "2")],
                ),
                (
                    "the line's units need no second room",
                    "stock erp 11:40 berlin:A=8
              order shop/2 r1 open 11:51 1:A=6,reservation=s
              reserve s A 6 berlin 13:00",
                    &[("at berlin A", "2"), ("refused", "")],
                ),
                (
                    "a cancelled line gives it back to the reservation",
                    "stock erp 11:40 berlin:A=10
              reserve r A 3 berlin 13:00
              order shop/1 r1 open 11:50 1:A=2,reservation=r
              order shop/1 r2 cancelled 11:50 1:A=2,reservation=r",
                    &[("at berlin A", "7")],
                ),
                (
                    "a contained line has consumed it all the same",
                    "stock erp 11:40 berlin:A=8
              reserve r A 3 berlin 13:00
              order shop/1 r1 open 11:30 1:A=2,reservation=r
              absorbed erp shop/1/1 2 11:40",
                    &[("at berlin A", "7")],
                ),
                (
                    "a line takes its reserved units where they lie",
                    "stock erp 11:40 berlin:A=10 hamburg:A=9
              reserve r A 4 hamburg 13:00
              order all/1 r1 open 11:50 1:A=6,reservation=r",
                    &[
                        ("order all/1", "1: in 0 from [hamburg 4 + berlin 2] short 0"),
                        ("at hamburg A", "5"),
                        ("at berlin A", "8"),
                    ],
                ),
            ],
        );
    }
}
