//! Reasons as texts: every part that is there is said, and nothing that is not.

#[cfg(test)]
mod cases {
    use omnistock_engine::{Place, Reason};
    use omnistock_words::{Millis, Quantity};

    fn place(name: &str, [moved, ordered, reserved, carved, sellable, counted]: [i64; 6]) -> Place {
        Place {
            location: name.parse().unwrap(),
            figure: None,
            quantity: Quantity::whole(9),
            moved: Quantity::whole(moved),
            ordered: Quantity::whole(ordered),
            reserved: Quantity::whole(reserved),
            carved: Quantity::whole(carved),
            sellable: Quantity::whole(sellable),
            counted: Quantity::whole(counted),
        }
    }

    #[test]
    fn a_place_says_what_came_off_its_figure() {
        assert_eq!(place("one", [0, 0, 0, 0, 9, 9]).to_string(), "one 9");
        assert_eq!(
            place("one", [-1, 4, 3, 0, 1, 1]).to_string(),
            "one 9; −4 ordered; −3 reserved; −1 moved"
        );
        assert_eq!(
            place("one", [2, 0, 0, 5, 6, 0]).to_string(),
            "one 9; −5 carved out; +2 moved; 0 counts"
        );
    }

    #[test]
    fn a_pool_names_its_places_and_what_is_short() {
        let pool = |places: &[&str], short: i64, ship_complete| {
            let reason = Reason::Pool {
                places: places.iter().map(|name| place(name, [0, 0, 0, 0, 9, 9])).collect(),
                short: Quantity::whole(short),
                ship_complete,
            };
            reason.to_string()
        };
        assert_eq!(pool(&["one", "two"], 0, false), "one 9 | two 9");
        assert_eq!(
            pool(&["one"], 2, true),
            "one 9; −2 sold and nowhere to be found; only the best place counts"
        );
        assert_eq!(pool(&[], 0, false), "no locations");
    }

    /// So many unseen sales are expected (thousandths), and so long they stay unseen (milliseconds).
    fn adaptive(expected: i64, lag: i64, most: i64, kept: Option<i64>) -> String {
        let reason = Reason::Adaptive {
            own: Quantity::ZERO,
            held: Quantity::whole(3),
            expected,
            chance: "1%".parse().unwrap(),
            daily: 12_045,
            lag,
            most: Quantity::whole(most),
            needed: Quantity::whole(2),
            kept: kept.map(Millis),
        };
        reason.to_string()
    }

    #[test]
    fn what_is_held_back_says_what_for_and_what_would_free_a_unit() {
        let begins = "−3 adaptive 1%: 0.500 unseen sales expected, since others sell 12.045 a day";
        for (expected, lag, most, says) in [
            (
                500,
                9_900,
                3,
                "9.9 s pass before it is seen here, up to 3 in all but 1% of cases; within 8.6 s it would be 1 less",
            ),
            (
                500,
                10_000,
                4,
                "10 s pass before it is seen here, up to 3 in all but 1% of cases; within 8.7 s it would be 1 less",
            ),
            (
                500,
                12_345,
                2,
                "12 s pass before it is seen here; 3 would be needed, 2 is its maximum",
            ),
        ] {
            assert_eq!(adaptive(expected, lag, most, None), format!("{begins} and {says}"));
        }
        assert!(adaptive(60_000, 1, 9, None).ends_with("; more than its maximum 9 would be needed"));
        assert!(adaptive(0, 1, 9, None).ends_with("0.0 s pass before it is seen here"));
        let later = adaptive(500, 1, 9, Some(0));
        assert!(
            later.ends_with("; 2 are needed now, fewer are held back from 1970-01-01T00:00:00Z on"),
            "{later}"
        );
    }

    #[test]
    fn units_of_the_article_come_before_those_of_the_channel() {
        let held = |own: i64, channel: i64| {
            let (own, channel) = (Quantity::whole(own), Quantity::whole(channel));
            Reason::Held { own, channel }.to_string()
        };
        assert_eq!(held(1, 2), "−1 of the article; −2 held back");
        assert_eq!(held(0, 2), "−2 held back");
    }

    #[test]
    fn units_of_the_listing_say_packs_and_factor_where_there_are_any() {
        let units = |pack: i64, factor: i64| {
            let (pack_size, factor) = (Quantity::whole(pack), Quantity::whole(factor));
            let reason = Reason::Units {
                decimals: 0,
                pack_size,
                factor,
            };
            reason.to_string()
        };
        assert_eq!(units(0, 1), "0 decimals, rounded down");
        assert_eq!(units(6, 2), "0 decimals, packs of 6, 2 in one, rounded down");
    }
}
