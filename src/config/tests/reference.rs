//! The files of `config/`: they load, and the reference names every setting.

use super::World;
use crate::config::schema::{INNER, Keys, SECTIONS};
use crate::config::{Severity, StoreChoice};
use omnistock_words::{Carve, ChannelName, LocationName, Mode, PriceFloor, Quantity, SafetyStock, Stale};
use std::time::Duration;

const REFERENCE: &str = include_str!("../../../config/omnistock.toml");

/// The secrets that the reference names.
fn reference() -> World {
    let text = REFERENCE.replace("{ file = \"secrets/shop-secret\" }", "{ env = \"SHOP_SECRET\" }");
    let text = text.replace("{ credential = \"shop-key\" }\n", "{ env = \"SHOP_KEY\" }\n");
    let text = text.replace("{ credential = \"outlet-key\" }", "{ env = \"OUTLET_KEY\" }");
    let mut world = World::new(&text);
    for name in ["SHOP_KEY", "SHOP_SECRET", "SHOP_WEBHOOK_SECRET", "OUTLET_KEY"] {
        world = world.variable(name, "x");
    }
    world
}

#[test]
fn the_reference_loads_without_a_warning() {
    let (configuration, connectors) = reference()
        .load()
        .unwrap_or_else(|problems| panic!("{}", crate::config::render(&problems)));
    let warnings: Vec<&str> = configuration
        .warnings
        .iter()
        .map(|warning| warning.message.as_str())
        .collect();
    assert_eq!(warnings, Vec::<&str>::new());
    assert_eq!(connectors.len(), 3);
}

#[test]
fn the_reference_means_what_it_says() {
    let (configuration, _) = reference().load().unwrap();
    assert!(matches!(&configuration.store, StoreChoice::Embedded { path } if path.ends_with("state")));
    assert_eq!(
        configuration.server.public_url.as_ref().unwrap().as_str(),
        "https://hooks.example.com/"
    );
    let erp = &configuration.connectors["erp"];
    assert_eq!(
        (erp.every, erp.schedule.as_deref()),
        (Some(Duration::from_secs(15)), None)
    );
    assert_eq!(erp.codes.len(), 1);
    assert!(erp.table.get("every").is_none() && erp.table.get("path").is_some());
    let calls = configuration.connectors["shop"].calls.as_ref().unwrap();
    assert_eq!((calls.stated.as_str(), calls.burst), ("10 calls/s", 1));
    let settings = &configuration.settings;
    let source = &settings.sources["erp"];
    assert_eq!((source.max_age, source.stale), (Some(600_000), Stale::OnlyDecrease));
    assert_eq!(source.cutover.unwrap().to_string(), "2025-12-31T23:00:00Z");
    assert_eq!(
        settings.locations["s01"].stop_at,
        Some(Quantity::ONE),
        "the group's default"
    );
    assert_eq!(
        settings.locations["berlin_outlet"].carve,
        Some(Carve::Units(Quantity::whole(30)))
    );
    let shop = &settings.channels["shop"];
    let names: Vec<&str> = shop.policy.locations.iter().map(LocationName::as_str).collect();
    assert_eq!(names, ["berlin", "hamburg", "s01"]);
    assert_eq!(
        (shop.policy.mode, shop.policy.max_shown),
        (Mode::Live, Some(Quantity::whole(50)))
    );
    assert!(matches!(shop.policy.safety_stock, SafetyStock::Adaptive { max, .. } if max == Quantity::whole(6)));
    let compared = shop.policy.price.compare_at.as_ref().unwrap();
    assert_eq!(
        (compared.list.as_str(), compared.factor.to_string()),
        ("retail", "1.10".to_owned())
    );
    let retail = &settings.price_lists[&compared.list];
    assert_eq!(retail.tax_rate.unwrap().to_string(), "19%");
    assert!(matches!(&shop.policy.price.floor, Some(PriceFloor::List { list, .. }) if list.as_str() == "cost"));
    let medusa = &settings.channels["medusa"];
    assert_eq!(
        (medusa.connector.as_str(), medusa.policy.mode),
        ("outlet", Mode::Shadow)
    );
    let pilot = &settings.rules[2];
    assert!(pilot.place.starts_with("omnistock.toml:"), "{}", pilot.place);
    let channels: Vec<&str> = pilot
        .channels
        .as_ref()
        .unwrap()
        .iter()
        .map(ChannelName::as_str)
        .collect();
    assert_eq!(channels, ["medusa", "shop"]);
    assert_eq!(settings.bundles["SET-1"].len(), 2);
}

#[test]
fn every_key_stands_in_the_reference() {
    let named = |key: &str| {
        REFERENCE.lines().any(|line| {
            line.split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
                .any(|word| word == key)
        })
    };
    let keys = SECTIONS.iter().map(|shape| shape.keys).chain(INNER.iter().copied());
    let missing: Vec<&str> = keys.flat_map(Keys::names).filter(|key| !named(key)).collect();
    assert!(missing.is_empty(), "{missing:?}");
    for shape in SECTIONS {
        assert!(REFERENCE.contains(&format!("[{}", shape.name)), "{}", shape.name);
    }
}

#[test]
fn the_other_examples_load_without_a_word() {
    let small = include_str!("../../../config/file-and-woocommerce.toml").replace("credential", "env");
    let both = include_str!("../../../config/medusa-and-woocommerce.toml");
    let names = [
        "shop-key",
        "shop-secret",
        "shop-webhook",
        "MEDUSA_API_KEY",
        "WOO_KEY",
        "WOO_SECRET",
        "WOO_WEBHOOK_SECRET",
    ];
    for text in [small.as_str(), both] {
        let world = names
            .iter()
            .fold(World::new(text), |world, name| world.variable(name, "x"));
        let problems = world.problems();
        assert!(problems.is_empty(), "{}", crate::config::render(&problems));
        assert!(problems.iter().all(|problem| problem.severity == Severity::Warning));
    }
}
