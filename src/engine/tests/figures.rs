//! What reports of stock leave in the documents: which figure stays, what is missing, and what is to be stored.

#[cfg(test)]
mod cases {
    use crate::common::now;
    use crate::common::quantity;
    use crate::common::script::*;
    use omnistock_engine::{Documents, Position, apply, missing, promise};
    use omnistock_words::{Millis, Quantity, Settings};

    fn settings(missing: &str) -> Settings {
        world(&format!(
            "source erp physical by_reference {missing}
             source wms physical by_reference {missing}
             place alpha
             place one
             channel shop alpha,one"
        ))
    }

    fn tell(settings: &Settings, documents: &mut Documents, text: &str) {
        for fact in facts(text) {
            let event = serde_json::from_value(fact).unwrap();
            drop(apply(settings, documents, &event, now()));
        }
    }

    fn known(text: &str) -> Documents {
        let mut documents = Documents::default();
        tell(&settings(""), &mut documents, text);
        documents
    }

    fn position(documents: &Documents, place: &str, source: &str) -> Position {
        let document = documents.skus.get("A").unwrap();
        let found = document.position(&place.parse().unwrap(), &source.parse().unwrap());
        found.unwrap().clone()
    }

    fn at(minute: u32) -> Millis {
        format!("2026-01-05T11:{minute:02}:00Z").parse().unwrap()
    }

    #[test]
    fn a_new_place_moves_no_figure_to_another_source() {
        let documents = known(
            "stock erp 11:40 one:A=5
             stock wms 11:41 partial one:A=7
             stock wms 11:50 partial alpha:A=1 one:A=3",
        );
        assert_eq!(position(&documents, "one", "erp").quantity, quantity("5"));
        assert_eq!(position(&documents, "one", "wms").quantity, quantity("3"));
        assert_eq!(position(&documents, "alpha", "wms").quantity, quantity("1"));
    }

    #[test]
    fn a_figure_as_old_as_the_whole_report_is_not_missing_in_it_and_an_older_one_is() {
        for (minute, missing) in [(39, true), (40, false), (41, false)] {
            let documents = known(&format!(
                "stock erp 11:40 one:B=5\nstock erp 11:{minute} partial one:A=7"
            ));
            assert_eq!(position(&documents, "one", "erp").missing, missing, "{minute}");
        }
    }

    #[test]
    fn of_two_figures_of_one_instant_the_lower_stays_and_the_longer_read() {
        for (second, units, until) in [
            ("partial one:A=4", "4", None),
            ("partial one:A=6", "5", None),
            ("read_until=11:43 partial one:A=5", "5", Some(43)),
        ] {
            let mut documents = known("stock erp 11:40 partial one:A=5");
            drop(documents.take_changed());
            tell(&settings(""), &mut documents, &format!("stock erp 11:40 {second}"));
            let found = position(&documents, "one", "erp");
            assert_eq!(
                (found.quantity, found.read_until),
                (quantity(units), until.map(at)),
                "{second}"
            );
            let changes = units == "4" || until.is_some();
            assert_eq!(
                documents.take_changed().is_empty(),
                !changes,
                "{second}: it is stored where it changed"
            );
        }
    }

    #[test]
    fn movements_up_to_the_figure_are_forgotten() {
        let moved = |minute| {
            let documents = known(&format!(
                "stock erp 11:30 one:A=5
                 move erp m one A 1 11:{minute}
                 stock erp 11:40 partial one:A=6"
            ));
            documents.skus.get("A").unwrap().movements.len()
        };
        assert_eq!([moved(39), moved(40), moved(41)], [0, 0, 1]);
    }

    #[test]
    fn a_row_is_zero_once_as_many_whole_reports_lack_it_and_each_change_is_stored() {
        let settings = settings("missing=2");
        let mut documents = Documents::default();
        tell(&settings, &mut documents, "stock erp 11:40 one:A=5 one:B=1");
        for (report, left, stored) in [
            ("stock erp 11:41 one:B=1", "5", true),
            ("stock erp 11:41 one:B=1", "5", false),
            ("stock erp 11:42 one:B=1", "0", true),
            ("stock erp 11:43 one:B=1", "0", false),
        ] {
            drop(documents.take_changed());
            tell(&settings, &mut documents, report);
            assert_eq!(position(&documents, "one", "erp").quantity, quantity(left), "{report}");
            let changed = format!("{:?}", documents.take_changed());
            assert_eq!(changed.contains("\"A\""), stored, "{report}: {changed}");
        }
        assert_eq!(position(&documents, "one", "erp").as_of, at(40), "its age stays");
    }

    #[test]
    fn of_two_whole_reports_of_one_instant_the_lower_sum_is_compared_with() {
        for (first, second) in [("one:A=5 one:B=5", "one:A=3"), ("one:A=3", "one:A=5 one:B=5")] {
            let documents = known(&format!("stock erp 11:40 {first}\nstock erp 11:40 {second}"));
            let source = documents.sources.get("erp").unwrap();
            assert_eq!((source.rows, source.total), (1, Quantity::whole(3)), "{first}");
        }
    }

    #[test]
    fn of_two_sources_at_a_place_the_newer_counts_and_of_one_instant_the_lower() {
        for (erp, wms, counts) in [
            ("11:40 one:A=5", "11:40 one:A=7", "5"),
            ("11:40 one:A=7", "11:40 one:A=5", "5"),
            ("11:41 one:A=7", "11:40 one:A=5", "7"),
            ("11:40 one:A=5", "11:41 one:A=7", "7"),
        ] {
            let events = facts(&format!("stock erp {erp}\nstock wms {wms}"));
            assert_eq!(answer(&settings(""), &events, "at one A"), counts, "{erp} {wms}");
        }
    }

    #[test]
    fn a_figure_that_whole_reports_had_dropped_before_it_came_counts_as_they_say() {
        for (rule, counts) in [("missing=2", "0"), ("missing=3", "5"), ("", "5")] {
            let events = facts(
                "stock erp 11:41 one:B=5
                 stock erp 11:42 one:B=5
                 stock erp 11:40 partial one:A=5",
            );
            assert_eq!(answer(&settings(rule), &events, "at one A"), counts, "{rule}");
        }
    }

    #[test]
    fn a_number_may_only_fall_where_a_figure_of_the_pool_is_too_old_and_its_source_says_so() {
        for (rule, minute, only) in [
            ("stale=only_decrease max_age=10m", 40, true),
            ("stale=only_decrease max_age=10m", 50, false),
            ("stale=only_decrease max_age=10m", 55, false),
            ("stale=only_decrease", 40, false),
            ("max_age=10m", 40, false),
        ] {
            let settings = settings(rule);
            for text in [
                format!("stock erp 11:{minute} partial one:A=5\nstock erp 11:59 partial alpha:A=5"),
                format!("stock erp 11:{minute} partial alpha:A=5\nstock erp 11:59 partial one:A=5"),
            ] {
                let mut documents = Documents::default();
                tell(&settings, &mut documents, &text);
                let promise = promise(
                    &settings,
                    &documents,
                    &"shop".parse().unwrap(),
                    &"A".parse().unwrap(),
                    now(),
                );
                assert_eq!(promise.only_decrease, only, "{rule} {text}");
            }
        }
    }

    #[test]
    fn a_read_that_ends_as_it_begins_took_no_time_and_a_figure_of_now_is_fine() {
        let until = |text: &str| {
            position(
                &known(&format!("stock erp 11:40 read_until={text} one:A=5")),
                "one",
                "erp",
            )
            .read_until
        };
        assert_eq!([until("11:39"), until("11:40")], [None, None]);
        assert_eq!([until("11:41"), until("12:30")], [Some(at(41)), Some(now())]);
        let mut documents = Documents::default();
        for (minute, complaints) in [("12:00", 0), ("12:01", 1)] {
            let fact = facts(&format!("stock erp {minute} one:A=5")).remove(0);
            let told = apply(
                &settings(""),
                &mut documents,
                &serde_json::from_value(fact).unwrap(),
                now(),
            );
            assert_eq!(told.len(), complaints, "{minute}: {told:?}");
        }
    }

    #[test]
    fn a_source_that_nobody_declares_says_nothing() {
        let documents = known("stock other 11:40 one:A=5\nabsorbed other shop/1/1 1 11:40");
        assert!(documents.sources.is_empty() && documents.skus.get("A").is_none());
        assert!(documents.orders.iter().next().is_none());
    }

    #[test]
    fn what_has_to_be_loaded_first_is_the_order_then_every_article_it_touches_or_touched() {
        let settings = world(
            "source erp physical by_reference
             place one
             channel shop one
             bundle SET A=1 B=2",
        );
        let mut documents = Documents::default();
        let lacks = |documents: &Documents, fact: &str| {
            let event = serde_json::from_value(facts(fact).remove(0)).unwrap();
            format!("{:?}", missing(&settings, documents, &event))
        };
        let names = |found: &str, wanted: &[&str]| {
            for sku in ["A", "B", "C", "SET"] {
                assert_eq!(
                    found.contains(&format!("\"{sku}\"")),
                    wanted.contains(&sku),
                    "{sku} in {found}"
                );
            }
        };
        names(&lacks(&documents, "stock erp 11:40 one:A=5 one:C=1"), &["A", "C"]);
        names(&lacks(&documents, "move erp m one B -3 11:45"), &["B"]);
        let sold = "order shop/7 r1 open 11:45 1:SET=1 2:C=1";
        let first = lacks(&documents, sold);
        assert!(first.contains("Order("), "{first}");
        names(&first, &[]);
        let empty = "order shop/7 r0 open 11:45";
        tell(&settings, &mut documents, empty);
        names(&lacks(&documents, sold), &["SET", "A", "B", "C"]);
        tell(&settings, &mut documents, "stock erp 11:40 one:A=5 one:C=1");
        names(&lacks(&documents, sold), &["SET", "B"]);
    }

    #[test]
    fn a_scenario_with_names_that_nobody_declares_is_refused_with_these_names() {
        let told = |event: &str| {
            let scenario = serde_json::json!({ "now": crate::common::NOW, "events": facts(event), "ask": [] });
            let scenario = serde_json::from_value(scenario).unwrap();
            omnistock_engine::evaluate::evaluate(&settings(""), &scenario)
                .unwrap_err()
                .to_string()
        };
        for (event, name) in [
            ("stock other 11:40 one:A=5", "source `other`"),
            ("absorbed other shop/1/1 1 11:40", "source `other`"),
            ("stock erp 11:40 three:A=5", "location `three`"),
            ("order nobody/1 r1 open 11:40 1:A=1", "channel `nobody`"),
            ("order shop/1 r1 open 11:40 1:A=1,location=three", "location `three`"),
            ("price erp retail A 1.00 EUR", "price list `retail`"),
        ] {
            assert!(told(event).contains(name), "{event}: {}", told(event));
        }
    }

    #[test]
    fn a_source_knows_its_newest_figure_and_its_last_whole_reports() {
        let source = |text: &str| known(text).sources.get("erp").unwrap().clone();
        let text = "stock erp 11:40 partial one:A=5\nstock erp 11:39 partial one:B=5";
        assert_eq!(source(text).newest, Some(at(40)));
        let newer = format!("{text}\nstock erp 11:41 partial one:A=5");
        assert_eq!(source(&newer).newest, Some(at(41)));
        let many = |count: u32| (1..=count).map(|n| format!("stock erp 10:{:02}:{:02} one:A=5\n", n / 60, n % 60));
        let kept = |count| source(&many(count).collect::<Vec<_>>().concat()).snapshots.len();
        assert_eq!([kept(63), kept(64), kept(65)], [63, 64, 64]);
    }
}
