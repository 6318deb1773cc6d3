//! The files of `config/`: they load, and the reference names every setting.

use super::World;
use crate::config::schema::{INNER, Keys, SECTIONS};
use crate::config::{Least, StoreChoice};
use omnistock_words::{Carve, ChannelName, LocationName, Mode, PriceFloor, Quantity, SafetyStock, Stale};
use std::time::Duration;

const REFERENCE: &str = include_str!("../../../config/reference.toml");

/// Its secrets come from the environment.
fn reference() -> World {
    let text = REFERENCE.replace("{ file = \"secrets/shop-secret\" }", "{ env = \"shop-secret\" }");
    let text = text.replace("{ credential = ", "{ env = ");
    let mut world = World::new(&text).file("rules/items.csv", include_str!("../../../config/rules/items.csv"));
    for name in [
        "shop-key",
        "shop-secret",
        "SHOP_WEBHOOK_SECRET",
        "outlet-key",
        "night-token",
    ] {
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
    let [night] = configuration.notify.as_slice() else {
        panic!("one [[notify]]")
    };
    assert_eq!((night.name.as_str(), night.min), ("night", Least::Page));
    assert_eq!((night.after, night.most_per_hour), (Duration::from_mins(5), 20));
}

#[test]
fn the_list_of_the_reference_means_what_it_says() {
    let (configuration, _) = reference().load().unwrap();
    let settings = &configuration.settings;
    let [.., cables, brushes, _, boxes] = settings.rules.as_slice() else {
        panic!("the list has four rules")
    };
    assert_eq!(cables.place, "rules/items.csv:2");
    let reason = |index: usize| settings.places.get(&format!("rules.{index}.max_shown.reason"));
    assert_eq!(reason(3).unwrap(), "the supplier delivers in fives");
    assert_eq!(cables.set.max_shown, Some(Quantity::whole(5)));
    assert!(matches!(&cables.set.price.floor, Some(PriceFloor::Amount(_))));
    assert_eq!(brushes.channels.as_ref().unwrap()[0].as_str(), "shop");
    assert_eq!(boxes.matches.listing.as_deref(), Some("BOX-12-1"));
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

/// A line of the reference in its section (`file` and so on for a connector's own), commented out or not.
struct Line {
    section: String,
    kind: String,
    text: String,
}

impl Line {
    fn key(&self) -> &str {
        self.text.split_once('=').unwrap().0.trim()
    }
}

/// The lines with a key, also those that are commented out.
fn lines() -> Vec<Line> {
    let (mut found, mut section, mut kind) = (Vec::new(), String::new(), String::new());
    for line in REFERENCE.lines() {
        let line = line.strip_prefix("# ").unwrap_or(line);
        if let Some(title) = line.strip_prefix('[') {
            let name = title.trim_start_matches('[').split([']', '.']).next().unwrap();
            (section, kind) = (name.to_owned(), String::new());
        } else if let Some((key, rest)) = line.split_once('=')
            && key.trim().bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
        {
            if section == "connectors" && key.trim() == "kind" {
                rest.split('"').nth(1).unwrap().clone_into(&mut kind);
            }
            found.push(Line {
                section: section.clone(),
                kind: kind.clone(),
                text: line.to_owned(),
            });
        }
    }
    found
}

#[test]
fn every_own_key_of_every_kind_of_connector_stands_in_the_reference() {
    let schema = crate::config::json_schema();
    let lines = lines();
    for table in schema["properties"]["connectors"]["additionalProperties"]["anyOf"]
        .as_array()
        .unwrap()
    {
        let kind = table["properties"]["kind"]["const"].as_str().unwrap();
        let there: Vec<&str> = lines.iter().filter(|line| line.kind == kind).map(Line::key).collect();
        let all = table["properties"].as_object().unwrap().keys();
        let own = all.filter(|key| !crate::config::schema::CONNECTOR.names().any(|name| name == *key));
        let missing: Vec<&String> = own.filter(|key| !there.contains(&key.as_str())).collect();
        assert!(
            missing.is_empty(),
            "kind = {kind:?} of config/reference.toml lacks {missing:?}"
        );
    }
}

#[test]
fn what_is_commented_out_in_the_reference_would_be_taken() {
    let schema = crate::config::json_schema();
    for line in lines() {
        let (section, kind) = (&line.section, &line.kind);
        let head = match section.as_str() {
            "store" | "server" | "history" => format!("[{section}]"),
            "rules" | "bundles" | "notify" | "test" => format!("[[{section}]]"),
            _ => format!("[{section}.x]"),
        };
        let kind = if kind.is_empty() || line.key() == "kind" {
            String::new()
        } else {
            format!("kind = {kind:?}\n")
        };
        let text = format!("{head}\n{kind}{}\n", line.text);
        let parsed = super::schema::parsed(&text).unwrap_or_else(|| panic!("{text}"));
        assert_eq!(super::json_schema::wrong(&schema, &schema, &parsed, ""), None, "{text}");
    }
}

/// Long enough for every vendor.
const SECRET: &str = "4f1c0a9b7d2e3f5a6b8c9d0e1f2a3b4c5d6e7f80";

#[test]
fn the_other_examples_load_without_a_word() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("config");
    let mut seen = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.extension().is_none_or(|extension| extension != "toml") || name == "reference.toml" {
            continue;
        }
        let text = std::fs::read_to_string(&path)
            .unwrap()
            .replace("{ credential = ", "{ env = ");
        let secrets = text
            .split("{ env = \"")
            .skip(1)
            .map(|rest| rest.split('"').next().unwrap());
        let world = secrets.fold(World::new(&text), |world, name| world.variable(name, SECRET));
        let problems = world.problems();
        assert!(problems.is_empty(), "{name}\n{}", crate::config::render(&problems));
        seen.push((name, text.lines().count()));
    }
    let lines = |wanted: &str| seen.iter().find(|(name, _)| name == wanted).map(|(_, lines)| *lines);
    for name in [
        "file-and-woocommerce.toml",
        "odoo-shop-and-marketplaces.toml",
        "three-daemons-on-a-cluster.toml",
    ] {
        assert!(lines(name).is_some(), "{name}");
    }
    assert!(lines("two-warehouses-and-stores.toml").unwrap() < 80);
}
