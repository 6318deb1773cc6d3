//! What an explanation says for people, to the letter: amounts, times, sources, and where the setting stands.

#[cfg(test)]
mod cases {
    use crate::common::now;
    use crate::common::script::*;
    use omnistock_engine::explain::{summary, told};
    use omnistock_engine::{Documents, Offer, apply, explained};
    use omnistock_words::{Millis, Settings};

    fn settings() -> Settings {
        let mut s = world(
            r#"
            source erp physical by_reference
            place hannover
            place s03 stop=1
            place s07 stop=1
            place s09
            channel ebay hannover,s03,s07,s09 {"safety_stock":{"units":"4"},"max_shown":"20"}
            channel shop hannover,s03,s07
            rule HOSE ebay {"stop_at":"1"}
            bundle SET HOSE=3 TAP=1"#,
        );
        for (key, place) in [
            ("channels.ebay.locations", "[pools.all]"),
            ("channels.ebay.safety_stock", "omnistock.toml:24"),
            ("channels.ebay.max_shown", "omnistock.toml:32"),
            ("locations.s03.stop_at", "stores.stop_at 1"),
            ("locations.s07.stop_at", "stores.stop_at 1"),
            ("rules.0.stop_at", "omnistock.toml:41"),
        ] {
            s.places.insert(key.to_owned(), place.to_owned());
        }
        s
    }

    /// Every reason of every step: `step value | text | set by`, and the sentence.
    fn lines(sku: &str, text: &str) -> (String, Vec<String>) {
        let (settings, mut documents) = (settings(), Documents::default());
        for event in facts(text) {
            let event = serde_json::from_value(event).unwrap();
            drop(apply(&settings, &mut documents, &event, now()));
        }
        let (channel, sku) = ("ebay".parse().unwrap(), sku.parse().unwrap());
        let promise = explained(&settings, &documents, &channel, &sku, Offer::default(), now());
        let clock = |at: Millis| at.to_string().get(11..19).unwrap().to_owned();
        let mut lines = Vec::new();
        for step in &promise.steps {
            for told in told((&settings, &documents), (&channel, &sku), &promise, step, now(), &clock) {
                let set_by = told.set_by.unwrap_or_default();
                lines.push(format!(
                    "{} {} | {} | {set_by}",
                    step.step.name(),
                    step.value,
                    told.text
                ));
            }
        }
        (summary(&promise).unwrap(), lines)
    }

    #[test]
    fn a_pool_place_by_place_and_the_settings_behind_it() {
        let (summary, lines) = lines(
            "HOSE",
            "stock erp 11:40:51 hannover:HOSE=8 s03:HOSE=2 s07:HOSE=2
             order shop/10211 r1 open 11:45 1:HOSE=1
             order shop/7HK r1 open 11:46 1:HOSE=1
             reserve r-77 HOSE 1 s07 13:00
             move erp m hannover HOSE 3 11:50",
        );
        assert_eq!(summary, "11 can be sold from hannover, s03, safety_stock takes 4.");
        assert_eq!(
            lines[..6],
            [
                "pool 11 | hannover 9: erp 8 at 11:40:51, +3 at 11:50:00, -2 orders shop 10211/1, shop 7HK/1 | [pools.all]",
                "pool 11 | s03 2: erp 2 at 11:40:51 | stores.stop_at 1",
                "pool 11 | s07 0: erp 2 at 11:40:51, -1 reserved r-77 until 13:00:00; 1 left | stores.stop_at 1",
                "pool 11 | s09 0: no figure | ",
                "bundle 11 | unchanged | ",
                "allocation 11 | unchanged | ",
            ]
        );
        let rest: Vec<&str> = lines[6..]
            .iter()
            .map(String::as_str)
            .filter(|line| !line.ends_with("| "))
            .collect();
        assert_eq!(
            rest,
            [
                "safety_stock 7 | −4 held back | omnistock.toml:24",
                "stop_at 7 | unchanged | omnistock.toml:41",
                "max_shown 7 | unchanged | omnistock.toml:32"
            ]
        );
    }

    #[test]
    fn a_bundle_speaks_of_the_part_that_allows_least() {
        let (summary, lines) = lines("SET", "stock erp 11:40 hannover:HOSE=20 hannover:TAP=40");
        assert_eq!(
            summary,
            "20 can be sold from hannover, bundle takes 14, safety_stock takes 4."
        );
        assert_eq!(lines[0], "pool 20 | hannover 20: erp 20 at 11:40:00 | [pools.all]");
        assert!(
            lines.contains(&"bundle 6 | limited by HOSE | ".to_owned()),
            "{lines:#?}"
        );
    }

    #[test]
    fn beyond_a_few_movements_and_reservations_are_summed_up() {
        let mut text = "stock erp 11:40 hannover:HOSE=50\n".to_owned();
        for (units, minute) in [(3, 51), (-2, 52), (1, 53), (-4, 54), (-1, 55)] {
            text.extend([format!("move erp m{minute} hannover HOSE {units} 11:{minute}\n")]);
        }
        text.extend((1..=5).map(|number| format!("reserve r{number} HOSE {number} hannover 13:0{number}\n")));
        let (summary, lines) = lines("HOSE", &text);
        assert_eq!(
            summary,
            "32 can be sold from hannover, safety_stock takes 4, max_shown takes 8."
        );
        assert_eq!(
            lines[0],
            "pool 32 | hannover 32: erp 50 at 11:40:00, +3 at 11:51:00, -2 at 11:52:00, +1 at 11:53:00, \
             -5 in 2 more movements, -1 reserved r1 until 13:01:00, -2 reserved r2 until 13:02:00, \
             -3 reserved r3 until 13:03:00, -9 in 2 more reservations | [pools.all]"
        );
    }

    #[test]
    fn many_are_counted_and_what_is_short_is_told() {
        let mut text = "stock erp 11:40 hannover:HOSE=5\n reserve r HOSE 2 #shop 13:00\n".to_owned();
        text.extend((1..=5).map(|order| format!("order shop/{order} r1 open 11:5{order} 1:HOSE=1\n")));
        let (summary, lines) = lines("HOSE", &text);
        assert_eq!(summary, "-2 can be sold.");
        assert_eq!(
            (lines[0].as_str(), lines[4].as_str()),
            (
                "pool -2 | hannover 0: erp 5 at 11:40:00, -5 orders shop 1/1, shop 2/1, shop 3/1 and 2 more | [pools.all]",
                "pool -2 | -2 sold and nowhere to be found | "
            )
        );
    }
}
