//! What a promise says beside its number: what more could be shown, and the stock behind it where listings differ.

#[cfg(test)]
mod cases {
    use crate::common::script::*;
    use crate::common::{now, quantity};
    use omnistock_engine::{Documents, Promise, apply, promise};

    /// Ten units at one place, on a channel with this policy.
    fn promised(policy: &str) -> Promise {
        let settings = world(&format!(
            "source erp physical by_reference
             place one
             channel shop one {policy}"
        ));
        let mut documents = Documents::default();
        for event in facts("stock erp 11:40 one:A=10") {
            let event = serde_json::from_value(event).unwrap();
            drop(apply(&settings, &mut documents, &event, now()));
        }
        let (shop, sku) = ("shop".parse().unwrap(), "A".parse().unwrap());
        promise(&settings, &documents, &shop, &sku, now())
    }

    #[test]
    fn what_a_cap_leaves_unshown_is_to_spare() {
        for (policy, shown, spare) in [
            ("", "10", "0"),
            (r#"{"max_shown":"4"}"#, "4", "6"),
            (r#"{"max_shown":"20"}"#, "10", "0"),
        ] {
            let promise = promised(policy);
            assert_eq!(promise.quantity, Some(quantity(shown)), "{policy}");
            assert_eq!(promise.spare, quantity(spare), "{policy}");
        }
    }

    #[test]
    fn the_stock_behind_is_told_only_where_listings_share_it() {
        assert_eq!(promised("").stock, None);
        let split = promised(r#"{"same_sku":"split"}"#);
        assert!(split.stock.is_some(), "{split:?}");
    }
}
