//! Channels `c0`, `c1`, … over two places, and listings `L0`, `L1`, … of one SKU.

use super::facts::applied;
use super::*;
use omnistock_engine::{Documents, Lags, Offer, Promise, promise_listing};
use omnistock_words::{ChannelName, ListingId, Sku};

pub(crate) const PLACES_IN_POOL: [&str; 2] = ["one", "two"];

pub(crate) fn sku() -> Sku {
    "A".parse().unwrap()
}

pub(crate) fn counters(policies: &[ChannelPolicy], pools: &[&[&str]]) -> Settings {
    let mut s = merchant();
    places(&mut s, &PLACES_IN_POOL);
    for (index, policy) in policies.iter().enumerate() {
        channel(&mut s, &format!("c{index}"), pools[index % pools.len()], policy.clone());
    }
    s
}

pub(crate) fn documents(settings: &Settings, (one, two): (i64, i64), sold: &[i64]) -> Documents {
    let (one, two) = (one.to_string(), two.to_string());
    let mut events = vec![serde_json::from_value(stock(&[("A", "one", &one), ("A", "two", &two)])).unwrap()];
    for (id, units) in (1..).zip(sold) {
        events.push(serde_json::from_value(order("c0", id, &[("A", &units.to_string())])).unwrap());
    }
    let mut documents = applied(settings, &events);
    let lags = Lags {
        order: 600_000,
        push: 60_000,
    };
    documents.lags = settings
        .channels
        .keys()
        .map(|channel| (channel.clone(), lags))
        .collect();
    documents
}

pub(crate) fn listings(count: usize) -> Vec<ListingId> {
    (0..count).map(|n| format!("L{n}").parse().unwrap()).collect()
}

pub(crate) fn first() -> ChannelName {
    "c0".parse().unwrap()
}

pub(crate) fn offered(settings: &Settings, documents: &Documents, all: &[ListingId]) -> Vec<Promise> {
    let of = |listing| {
        promise_listing(
            settings,
            documents,
            &first(),
            &sku(),
            Offer {
                listing: Some(listing),
                all,
            },
            now(),
        )
    };
    all.iter().map(of).collect()
}
