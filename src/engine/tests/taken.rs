//! What orders took since a moment, by which a number that is on its way has to be lowered.

#[cfg(test)]
mod cases {
    use crate::common::facts::applied;
    use crate::common::script::{facts, world};
    use crate::common::*;
    use omnistock_engine::guard::{Baseline, Kept, Look, newly_zero, taken, taken_since};
    use omnistock_engine::{Documents, Lags, Offer};
    use omnistock_words::Basis;
    use omnistock_words::{ChannelPolicy, Millis, Quantity, Settings, SourcePolicy};

    /// Units taken since 11:33, with and without the shop's own orders, and ever.
    #[test]
    fn only_orders_from_the_moment_on_and_the_channels_own_on_demand() {
        let mut settings = berlin(SourcePolicy::new(Basis::Physical));
        channel(&mut settings, "market", &["berlin"], ChannelPolicy::default());
        let facts = [
            at(30, &[("A", "berlin", "50")]),
            order("shop", 1, &[("A", "1")]),
            order("shop", 3, &[("A", "2")]),
            order("market", 2, &[("A", "4")]),
            order("market", 4, &[("A", "8")]),
        ];
        let events = facts.map(|fact| serde_json::from_value(fact).unwrap());
        let documents = applied(&settings, &events);
        let (shop, sku) = ("shop".parse().unwrap(), "A".parse().unwrap());
        let look = Look {
            settings: &settings,
            documents: &documents,
            channel: &shop,
            sku: &sku,
            offer: Offer::default(),
            factor: Quantity::ONE,
            now: now(),
        };
        let since: Millis = "2026-01-05T11:33:00Z".parse().unwrap();
        assert_eq!(
            taken_since(&look, since, true),
            quantity("10"),
            "placed at 11:33 and 11:34"
        );
        assert_eq!(
            taken_since(&look, since, false),
            quantity("8"),
            "without the shop's own"
        );
        assert_eq!(taken_since(&look, Millis::MIN, true), quantity("15"));
        assert_eq!(taken(&settings, &documents, &shop, &sku, now()), quantity("15"));
        assert_eq!(taken_since(&look, now(), true), Quantity::ZERO);
    }

    #[test]
    fn what_is_kept_falls_by_what_was_sold_since_in_units_of_the_listing() {
        let kept = |factor: &str| {
            let (quantity_, taken) = (quantity("10"), quantity("2"));
            let kept = Kept {
                quantity: quantity_,
                taken,
            };
            kept.lowered(quantity("7"), quantity(factor)).quantity
        };
        assert_eq!(kept("1"), quantity("5"));
        assert_eq!(kept("2"), quantity("7.5"), "a listing of two takes two units");
        // A factor that says nothing counts unit by unit.
        assert_eq!(kept("0"), quantity("5"));
        assert_eq!(kept("-2"), quantity("5"));
    }

    fn known(settings: &Settings, text: &str) -> Documents {
        let events = facts(text)
            .into_iter()
            .map(|fact| serde_json::from_value(fact).unwrap());
        applied(settings, &events.collect::<Vec<_>>())
    }

    /// What was ever taken of a SKU where `shop` sells from.
    fn at_shop(settings: &Settings, documents: &Documents, sku: &str, now: Millis) -> Quantity {
        taken(
            settings,
            documents,
            &"shop".parse().unwrap(),
            &sku.parse().unwrap(),
            now,
        )
    }

    const WORLD: &str = "source erp physical by_reference
        place one
        place two
        channel shop one
        channel market one
        channel apart two
        bundle SET A=2 B=1";

    #[test]
    fn a_bundle_counts_its_own_lines_and_what_others_take_of_its_parts() {
        let settings = world(WORLD);
        let documents = known(
            &settings,
            "stock erp 11:40 one:A=50 one:B=50
             order shop/1 r1 open 11:45 1:SET=3
             order market/2 r1 open 11:46 1:A=4",
        );
        assert_eq!(at_shop(&settings, &documents, "SET", now()), quantity("5"));
        assert_eq!(at_shop(&settings, &documents, "A", now()), quantity("10"));
    }

    #[test]
    fn what_others_take_elsewhere_does_not_count() {
        let settings = world(WORLD);
        let documents = known(
            &settings,
            "stock erp 11:40 one:A=50 two:A=50
             order apart/1 r1 open 11:45 1:A=1
             order market/2 r1 open 11:45 1:A=2
             order market/3 r1 open 11:45 1:A=4,location=two
             order shop/4 r1 open 11:45 1:A=8,location=two
             order apart/5 r1 open 11:45 1:A=16,location=one",
        );
        assert_eq!(at_shop(&settings, &documents, "A", now()), quantity("26"));
    }

    #[test]
    fn reservations_count_here_and_until_they_expire() {
        let settings = world(WORLD);
        let documents = known(
            &settings,
            "stock erp 11:40 one:A=50 two:A=50
             order market/1 r1 open 11:45 1:A=1
             reserve r1 A 2 one 13:00
             reserve r2 A 4 two 13:00
             reserve r3 A 8 #market 13:00
             reserve r4 A 16 #apart 13:00",
        );
        assert_eq!(at_shop(&settings, &documents, "A", now()), quantity("11"));
        let later = "2026-01-05T13:00:00Z".parse().unwrap();
        assert_eq!(at_shop(&settings, &documents, "A", later), quantity("1"));
    }

    /// What a guard keeps of five published units when so much was taken since.
    fn kept_of_five(settings: &Settings, documents: &Documents, since: &str) -> Option<Quantity> {
        let (shop, sku) = ("shop".parse().unwrap(), "A".parse().unwrap());
        let look = Look {
            settings,
            documents,
            channel: &shop,
            sku: &sku,
            offer: Offer::default(),
            factor: Quantity::ONE,
            now: now(),
        };
        let base = Baseline {
            quantity: quantity("5"),
            spare: Quantity::ZERO,
            taken: Quantity::ZERO,
        };
        newly_zero(&look, &base, quantity(since), |promise| promise.quantity).map(|kept| kept.quantity)
    }

    #[test]
    fn a_zero_that_nothing_explains_keeps_what_known_orders_leave() {
        let settings = world(WORLD);
        let documents = known(&settings, "stock erp 11:40 one:A=0");
        assert_eq!(kept_of_five(&settings, &documents, "0"), Some(quantity("5")));
        assert_eq!(kept_of_five(&settings, &documents, "2"), Some(quantity("3")));
        assert_eq!(kept_of_five(&settings, &documents, "5"), None);
    }

    /// Five were there and five are ordered: the zero is right by the figures under the channel's own policy too.
    #[test]
    fn what_the_figures_alone_would_say_knows_lags_home_and_sources() {
        let sold = "order shop/1 r1 open 11:45 1:A=5";
        let five = &format!("stock erp 11:40 one:A=5\n{sold}");
        let shop = |policy: &str| world(&WORLD.replace("channel shop one", &format!("channel shop one {policy}")));
        let adaptive = shop(r#"{"safety_stock":{"adaptive":{"chance":"1%","max":"5"}}}"#);
        let mut documents = known(&adaptive, five);
        assert_eq!(
            kept_of_five(&adaptive, &documents, "0"),
            Some(quantity("5")),
            "never measured"
        );
        let lags = Lags { order: 0, push: 0 };
        documents.lags = adaptive
            .channels
            .keys()
            .map(|channel| (channel.clone(), lags))
            .collect();
        assert_eq!(kept_of_five(&adaptive, &documents, "0"), None);
        let home = shop(r#"{"home":true,"safety_stock":{"units":"5"}}"#);
        let mut documents = known(&home, five);
        documents.last_units = [("A".parse().unwrap(), "shop".parse().unwrap())].into();
        assert_eq!(kept_of_five(&home, &documents, "0"), None);
        let stale = world(&WORLD.replace("by_reference", "by_reference max_age=10m zero_after=10m"));
        let documents = known(&stale, &format!("{five}\nstock erp 11:58 one:A=5"));
        assert_eq!(kept_of_five(&stale, &documents, "0"), None);
        let documents = known(&stale, "stock erp 11:58 one:A=0");
        assert_eq!(kept_of_five(&stale, &documents, "0"), Some(quantity("5")), "fresh");
        let documents = known(&stale, "stock erp 11:40 one:A=0");
        assert_eq!(
            kept_of_five(&stale, &documents, "0"),
            Some(quantity("5")),
            "it said zero itself"
        );
    }
}
