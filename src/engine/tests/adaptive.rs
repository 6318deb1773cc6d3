//! Adaptive safety stock: who is blind to whom, why so much is held back, and who shows the last units.

#[cfg(test)]
mod cases {
    use crate::common::offers::*;
    use crate::common::*;
    use omnistock_engine::{Documents, Lags, Offer, Shown, explained, promise, promises};
    use omnistock_words::{ChannelName, ChannelPolicy, Millis, Percent, SafetyStock, SameSku, Settings};

    #[test]
    fn listings_that_each_show_all_are_blind_to_each_other() {
        let adaptive = SafetyStock::Adaptive {
            chance: Percent::whole(1),
            max: quantity("9"),
        };
        let policy = ChannelPolicy {
            safety_stock: adaptive,
            ..ChannelPolicy::default()
        };
        let settings = counters(std::slice::from_ref(&policy), &[&PLACES_IN_POOL]);
        let documents = documents(&settings, (40, 0), &[2, 2, 2]);
        let shown = |settings: &Settings, count| offered(settings, &documents, &listings(count))[0].quantity.unwrap();
        assert_eq!(shown(&settings, 1), quantity("34"), "alone nothing is sold unseen");
        assert!(shown(&settings, 2) < quantity("34"));
        let split = counters(
            &[ChannelPolicy {
                same_sku: SameSku::Split,
                ..policy
            }],
            &[&PLACES_IN_POOL],
        );
        assert_eq!(
            [shown(&split, 1), shown(&split, 2), shown(&split, 3)].map(|n| n.to_string()),
            ["34", "17", "12"]
        );
    }

    #[test]
    fn what_is_held_back_says_why_and_does_not_swing() {
        let adaptive = SafetyStock::Adaptive {
            chance: Percent::whole(1),
            max: quantity("9"),
        };
        let settings = counters(
            &[
                ChannelPolicy::default(),
                ChannelPolicy {
                    safety_stock: adaptive,
                    ..ChannelPolicy::default()
                },
            ],
            &[&PLACES_IN_POOL],
        );
        let mut documents = documents(&settings, (40, 0), &[2, 2, 2]);
        let channel: ChannelName = "c1".parse().unwrap();
        let ask = |documents: &Documents, now| explained(&settings, documents, &channel, &sku(), Offer::default(), now);
        let first = ask(&documents, now());
        let because = first.steps[3].because.to_string();
        for text in [
            "unseen sales expected",
            "others sell",
            "660 s pass",
            "in all but 1% of cases",
            "it would be 1 less",
        ] {
            assert!(because.contains(text), "{because}");
        }
        let held = first.held.unwrap();
        assert!(held.units.is_positive());
        documents.held.insert((channel.clone(), sku()), held);
        documents
            .lags
            .values_mut()
            .for_each(|lags| *lags = Lags { order: 1_000, push: 0 });
        let soon = ask(&documents, now().plus(599_999));
        assert_eq!(soon.quantity, first.quantity);
        assert!(
            soon.steps[3].because.to_string().contains("fewer are held back from"),
            "{}",
            soon.steps[3].because
        );
        assert!(ask(&documents, held.lower_from).quantity > first.quantity);
        assert_eq!(
            promise(&settings, &documents, &channel, &sku(), held.lower_from)
                .held
                .unwrap()
                .units,
            quantity("0")
        );
    }

    #[test]
    fn the_home_channel_shows_the_last_units_once_the_others_are_at_zero_for_long_enough() {
        let home = ChannelPolicy {
            home: true,
            safety_stock: units("9"),
            ..ChannelPolicy::default()
        };
        let settings = counters(
            &[
                ChannelPolicy {
                    safety_stock: units("9"),
                    ..ChannelPolicy::default()
                },
                home,
            ],
            &[&PLACES_IN_POOL],
        );
        let mut documents = documents(&settings, (5, 0), &[]);
        let other = first();
        let last = |documents: &Documents, since: &[(ChannelName, i64)]| {
            let shown = |channel: &ChannelName| {
                let ago = since.iter().find(|(dark, _)| dark == channel);
                ago.map_or(Shown::Some, |(_, ago)| Shown::ZeroSince(now().plus(-ago)))
            };
            omnistock_engine::last_units(&settings, documents, &sku(), shown, now())
        };
        assert_eq!(last(&documents, &[]), None, "never confirmed at zero");
        let only = |lists: Shown, rival: Shown| {
            let shown = |channel: &ChannelName| if channel.as_str() == "c1" { lists } else { rival };
            omnistock_engine::last_units(&settings, &documents, &sku(), shown, now())
        };
        assert!(only(Shown::Some, Shown::Unlisted).is_some(), "nobody else sells it");
        assert_eq!(
            only(Shown::Unlisted, Shown::ZeroSince(Millis(0))),
            None,
            "it does not sell it itself"
        );
        assert_eq!(last(&documents, &[(other.clone(), 659_999)]), None);
        let found = last(&documents, &[(other.clone(), 660_000)]);
        assert_eq!(found.as_ref().map(ChannelName::as_str), Some("c1"));
        let shown = |documents: &Documents| {
            promises(&settings, documents, &sku(), now())
                .into_iter()
                .map(|(_, promise)| promise.quantity.unwrap().to_string())
                .collect::<Vec<_>>()
        };
        assert_eq!(shown(&documents), ["0", "0"]);
        documents.last_units.insert(sku(), found.unwrap());
        assert_eq!(shown(&documents), ["0", "5"]);
        documents.lags.remove(&other);
        assert_eq!(
            last(&documents, &[(other, 660_000)]),
            None,
            "a lag that was never measured"
        );
    }
}
