//! What orders took since a moment, by which a number that is on its way has to be lowered.

#[cfg(test)]
mod cases {
    use crate::common::facts::applied;
    use crate::common::*;
    use omnistock_engine::Offer;
    use omnistock_engine::guard::{Kept, Look, taken, taken_since};
    use omnistock_words::Basis;
    use omnistock_words::{ChannelPolicy, Millis, Quantity, SourcePolicy};

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
    }
}
