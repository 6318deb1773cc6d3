//! What reports of stock leave in the documents: which figure stays, what is missing, and what is to be stored.

#[cfg(test)]
mod cases {
    use crate::common::now;
    use crate::common::quantity;
    use crate::common::script::*;
    use omnistock_engine::{Documents, Position, apply};
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
}
