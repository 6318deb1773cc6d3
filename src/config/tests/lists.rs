//! Rules in a list of their own: what a row means, where it says it stands, and how long many of them take.

use super::World;
use super::good::{loaded, shop};
use omnistock_words::{Limit, Millis, Mode, PolicyPatch, PriceFloor, Quantity, Rule, SafetyStock};
use std::time::Duration;

fn with(list: &str) -> World {
    let mut world = shop().file("items.csv", list);
    world.files[0].1 += "[[rules]]\ncsv = \"items.csv\"\n";
    world
}

fn rules(list: &str) -> Vec<Rule> {
    loaded(&with(list)).settings.rules.to_vec()
}

#[test]
fn rows_of_the_same_that_stand_together_are_one_rule_with_a_place_for_each_setting() {
    let list = "sku;channel;setting;value;reason\n\
        A;shop;max_shown;5;few\nA;shop;price.floor;4.90;\n\nA;*;stop_at;1;\nA;shop;mode;live;\n";
    let configuration = loaded(&with(list));
    let rules = &configuration.settings.rules;
    let places: Vec<&str> = rules.iter().map(|rule| rule.place.as_str()).collect();
    assert_eq!(places, ["items.csv:2", "items.csv:5", "items.csv:6"]);
    assert_eq!(rules[0].set.max_shown, Some(Quantity::whole(5)));
    assert!(matches!(&rules[0].set.price.floor, Some(PriceFloor::Amount(floor)) if floor.to_string() == "4.90"));
    assert_eq!(rules[0].channels.as_ref().unwrap()[0].as_str(), "shop");
    assert_eq!(rules[1].channels, None, "a star is all of them");
    assert_eq!(configuration.settings.places["rules.0.price.floor"], "items.csv:3");
    assert_eq!(configuration.settings.places["rules.0.max_shown.reason"], "few");
    assert!(!configuration.settings.places.contains_key("rules.0.max_shown"));
}

#[test]
fn a_column_named_as_a_setting_sets_it_where_its_cell_is_filled() {
    let list = "\u{feff}sku,max_shown,safety_stock,track,locations,backorder_limit,from\r\n\
        A,5,\"{ adaptive = \"\"1%\"\", max = 3 }\",false,\"[\"\"berlin\"\"]\",unlimited,2026-01-01T00:00:00Z\r\n\
        B*,,5%,,,,\r\n C ,,,,,,\r\n";
    let rules = rules(list);
    assert_eq!(rules.len(), 2, "what sets nothing is no rule");
    let set = &rules[0].set;
    assert!(matches!(set.safety_stock, Some(SafetyStock::Adaptive { max, .. }) if max == Quantity::whole(3)));
    assert_eq!((set.track, set.backorder_limit), (Some(false), Some(Limit::Unlimited)));
    assert_eq!(set.locations.as_ref().unwrap().len(), 1);
    assert_eq!(rules[0].from, Some("2026-01-01T00:00:00Z".parse::<Millis>().unwrap()));
    assert_eq!(rules[1].matches.sku.as_deref(), Some("B*"));
    assert!(matches!(rules[1].set.safety_stock, Some(SafetyStock::Share(_))));
    assert_eq!(rules[1].set.max_shown, None);
}

#[test]
fn a_list_stands_among_the_rules_where_it_is_named() {
    let mut world = with("sku;mode\nA;live\nB;live\n");
    let rule = |mode: &str| format!("[[rules]]\nmatch = {{ sku = \"*\" }}\nset = {{ mode = \"{mode}\" }}\n");
    world.files[0].1 = format!(
        "{}{}{}",
        rule("draining"),
        "[[rules]]\ncsv = \"items.csv\"\n",
        rule("frozen")
    ) + &shop().files[0].1;
    let settings = loaded(&world).settings;
    let modes: Vec<Option<Mode>> = settings.rules.iter().map(|rule| rule.set.mode).collect();
    assert_eq!(modes, [Mode::Draining, Mode::Live, Mode::Live, Mode::Frozen].map(Some));
    assert_eq!(settings.places["rules.3.mode"], "omnistock.toml:8");
}

#[test]
fn what_is_no_utf_8_is_shown_with_its_line_and_column() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("omnistock.toml");
    std::fs::write(&path, "[[rules]]\ncsv = \"items.csv\"\n").unwrap();
    std::fs::write(folder.path().join("items.csv"), b"sku;max_shown\nA;1\nB\xfc;2\n").unwrap();
    let problems = crate::config::load(&path, &super::BTreeMap::new()).err().unwrap();
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert!(problems[0].file.ends_with("/items.csv"));
    assert_eq!((problems[0].line, problems[0].column), (3, 2));
    assert!(
        problems[0].message.contains("save it as UTF-8"),
        "{}",
        problems[0].message
    );
}

#[test]
fn of_very_many_problems_the_first_are_shown_and_the_others_counted() {
    let rows: Vec<String> = (0..5_000).map(|index| format!("A{index};none\n")).collect();
    let problems = with(&format!("sku;max_shown\n{}", rows.concat())).problems();
    let listed = problems.iter().filter(|problem| problem.file == "items.csv");
    assert_eq!(listed.count(), 50);
    assert!(
        problems
            .iter()
            .any(|problem| problem.message == "4950 more problems in items.csv are not shown")
    );
}

#[test]
fn twenty_thousand_rows_are_read_and_found_without_a_walk() {
    let row = |index: usize| format!("SKU-{index};shop;max_shown;{};;\n", index % 90 + 1);
    let rows = (0..20_000).map(row).collect::<Vec<_>>().concat();
    let began = tokio::time::Instant::now();
    let settings = loaded(&with(&format!("sku;channel;setting;value;from;until\n{rows}"))).settings;
    assert_eq!(settings.rules.len(), 20_000);
    let read = began.elapsed();
    let mut found = 0;
    for index in 0..20_000 {
        settings.rules.likely(&format!("SKU-{index}"), None, |_, rule: &Rule| {
            assert_ne!(rule.set, PolicyPatch::default());
            found += 1;
        });
    }
    assert_eq!(found, 20_000, "each SKU is asked one rule");
    // Generous: without optimisation, beside other tests.
    assert!(read < Duration::from_secs(10), "{read:?}");
}
