//! Documents in memory: what is measured, what changed, whose lines they are, and how long one waits for a source.

#[cfg(test)]
mod cases {
    use crate::common::facts::applied;
    use crate::common::script::*;
    use omnistock_engine::{DocumentKey, Documents, Lags, Measured, apply, needs, order_lines, overdue, own_lines};
    use omnistock_words::{Millis, Settings, Sku};

    const WORLD: &str = "source erp physical by_reference
        place one
        channel shop one
        channel market one
        bundle SET A=2 B=1";

    fn known(settings: &Settings, text: &str) -> Documents {
        let events = facts(text)
            .into_iter()
            .map(|fact| serde_json::from_value(fact).unwrap());
        applied(settings, &events.collect::<Vec<_>>())
    }

    fn sku(name: &str) -> Sku {
        name.parse().unwrap()
    }

    #[test]
    fn what_is_measured_is_handed_over_for_known_articles() {
        let lags = [("shop".parse().unwrap(), Lags { order: 7, push: 9 })].into();
        let measured = Measured {
            lags,
            last_units: ["A", "Z"].map(|name| (sku(name), "shop".parse().unwrap())).into(),
        };
        assert_eq!(Documents::measured(measured.lags.clone()).lags, measured.lags);
        let mut documents = known(&world(WORLD), "stock erp 11:40 one:A=5 one:B=1");
        measured.feed(&mut documents);
        assert_eq!(documents.lags, measured.lags);
        assert_eq!(documents.last_units.keys().collect::<Vec<_>>(), [&sku("A")]);
        Measured::default().feed(&mut documents);
        assert!(documents.lags.is_empty() && documents.last_units.is_empty());
    }

    #[test]
    fn changes_are_told_once_in_their_order_and_never_pile_up() {
        let settings = world(WORLD);
        let mut documents = known(
            &settings,
            "move erp 1 one B -1 11:41\nmove erp 2 one A -1 11:41\nmove erp 3 one B -1 11:41",
        );
        assert_eq!(documents.changed(), 3);
        let keys = ["B", "A", "B"].map(|name| DocumentKey::Sku(sku(name)));
        assert_eq!(documents.take_changed(), keys);
        assert_eq!(documents.changed(), 0);
        assert!(documents.holds(&keys[0]) && !documents.holds(&DocumentKey::Sku(sku("C"))));
        let moves = |count: usize| {
            let one = |n: usize| format!("move erp m{n} one {} -1 11:42\n", ["A", "B"][n % 2]);
            (0..count).map(one).collect::<Vec<_>>().concat()
        };
        let changed = known(&settings, &moves(300)).changed();
        assert!((2..=69).contains(&changed), "{changed} for two documents");
        assert_eq!(
            known(&settings, &moves(60)).changed(),
            60,
            "a few are left as they came"
        );
    }

    #[test]
    fn a_channels_own_lines_are_those_it_sold_itself() {
        let documents = known(
            &world(WORLD),
            "order shop/1 r1 open 11:45 1:SET=1 2:A=3
             order market/2 r1 open 11:46 1:A=4",
        );
        let own = |name: &str, channel: &str| -> Vec<String> {
            let (document, channel) = (documents.skus.get(name).unwrap(), channel.parse().unwrap());
            own_lines(document, &channel)
                .map(|own| format!("{}/{} {}", own.order, own.line, own.quantity))
                .collect()
        };
        assert_eq!(own("A", "shop"), ["1/2 3"], "what the bundle takes is the bundle's");
        assert_eq!(own("SET", "shop"), ["1/1 1"]);
        assert_eq!(own("A", "market"), ["2/1 4"]);
        assert_eq!(own("SET", "market"), Vec::<String>::new());
    }

    #[test]
    fn a_bundle_needs_its_parts() {
        let settings = world(WORLD);
        assert_eq!(needs(&settings, &sku("SET")), ["SET", "A", "B"].map(sku));
        assert_eq!(needs(&settings, &sku("A")), [sku("A")]);
    }

    #[test]
    fn what_is_carved_out_of_a_place_that_is_off_has_nothing() {
        let settings = world(
            "source erp physical by_reference
             place berlin off
             place hamburg
             place outlet part_of=berlin units=5
             channel shop outlet,hamburg",
        );
        let events = facts("stock erp 11:40 berlin:A=9 hamburg:A=2");
        assert_eq!(answer(&settings, &events, "shop A"), "2");
    }

    /// Twenty lines took one to twenty minutes to be contained: nineteen of twenty at most nineteen.
    #[test]
    fn twice_what_is_usual_is_waited_for_a_source() {
        let settings = world(WORLD);
        let lines = |count: u32| {
            let mut text = String::new();
            for n in 1..=count {
                text.extend([format!(
                    "order shop/{n} r1 open 10:30 1:A=1\nabsorbed erp shop/{n}/1 1 10:{}\n",
                    30 + n
                )]);
            }
            text + "stock erp 11:10 one:A=99\norder shop/late r1 open 11:20 1:A=1"
        };
        let begun: Millis = "2026-01-05T11:20:00Z".parse().unwrap();
        let waits = |count, minutes: i64| {
            let documents = known(&settings, &lines(count));
            overdue(&settings, &documents, &sku("A"), begun.plus(minutes * 60_000)).len()
        };
        assert_eq!([waits(20, 37), waits(20, 39)], [0, 1]);
        assert_eq!([waits(5, 9), waits(5, 11)], [0, 1]);
        assert_eq!(waits(4, 600), 0, "four are not enough to say what is usual");
    }

    /// What is complained of, and whether the article has to be stored.
    fn tell(settings: &Settings, documents: &mut Documents, fact: &str, now: Millis) -> (String, bool) {
        drop(documents.take_changed());
        let event = serde_json::from_value(facts(fact).remove(0)).unwrap();
        let complaints = format!("{:?}", apply(settings, documents, &event, now));
        (complaints, !documents.take_changed().is_empty())
    }

    #[test]
    fn a_reservation_is_stored_once_and_forgotten_in_the_moment_that_it_ends() {
        let settings = world(WORLD);
        let mut documents = known(&settings, "stock erp 11:40 one:A=9");
        let held = |documents: &Documents| documents.skus.get("A").unwrap().reservations.len();
        let end: Millis = "2026-01-05T13:00:00Z".parse().unwrap();
        let mut told = |fact, at| tell(&settings, &mut documents, fact, at).1;
        assert!(told("reserve r A 2 one 13:00", end.plus(-9)));
        assert!(!told("reserve r A 2 one 13:00", end.plus(-8)));
        assert!(!told("reserve q A 0 one 14:00", end.plus(-1)));
        assert!(told("reserve q A 0 one 14:00", end), "the first has ended");
        assert_eq!(held(&documents), 0);
        drop(tell(&settings, &mut documents, "reserve s A 2 one 14:00", end));
        let (why, stored) = tell(&settings, &mut documents, "reserve s A 2 one 13:00", end);
        assert!(why.contains("Expired") && !stored, "{why}");
        assert_eq!(held(&documents), 1, "what was set aside stays");
    }

    #[test]
    fn a_reservation_needs_a_place_or_a_channel_that_is_there() {
        let settings = world(WORLD);
        let mut documents = known(&settings, "stock erp 11:40 one:A=9");
        for target in ["mars", "#nobody"] {
            let (why, stored) = tell(
                &settings,
                &mut documents,
                &format!("reserve r A 2 {target} 13:00"),
                crate::common::now(),
            );
            assert!(why.contains("NoTarget") && !stored, "{target}: {why}");
        }
    }

    #[test]
    fn a_price_that_is_known_changes_nothing() {
        let settings = world(&format!("{WORLD}\nlist retail gross EUR"));
        let mut documents = Documents::default();
        for (amount, stored) in [("9.90", true), ("9.90", false), ("9.80", true)] {
            let fact = format!("price erp retail A {amount} EUR");
            assert_eq!(
                tell(&settings, &mut documents, &fact, crate::common::now()).1,
                stored,
                "{amount}"
            );
        }
    }

    #[test]
    fn a_line_is_open_until_figures_contain_all_of_it() {
        let settings = world(WORLD);
        for (units, open) in [(1, true), (2, false)] {
            let documents = known(
                &settings,
                &format!(
                    "stock erp 11:40 one:A=9\norder shop/1 r1 open 11:30 1:A=2\nabsorbed erp shop/1/1 {units} 11:40"
                ),
            );
            let key = documents.orders.iter().next().unwrap().0.clone();
            let lines = order_lines(&settings, &documents, &key, crate::common::now());
            assert_eq!(lines[0].open, open, "{lines:?}");
        }
    }
}
