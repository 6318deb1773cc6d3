//! Layers: files merge, lists append, the environment wins; and no bytes make reading panic.

use super::World;
use crate::config::{RedisChoice, RedisPlaceChoice, StoreChoice, StoreUrl, load};
use omnistock_sdk::ExposeSecret;
use omnistock_words::{Absorb, Limit, Missing, Mode, Quantity, SafetyStock, Stale};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

const SHOP: &str = "
[connectors.shop]
kind = \"medusa\"
url = \"https://medusa.example.com\"
api_key = { env = \"KEY\" }
[locations.berlin]
[pools.all]
locations = [\"berlin\"]
[templates.market]
pool = \"all\"
safety_stock = { adaptive = \"1%\", max = 6 }
guard = { newly_zero = \"5%\" }
max_shown = 20
orders_every = \"10s\"
[channels.shop]
use = \"market\"
guard = { price_jump = \"50%\" }
";

pub(super) fn shop() -> World {
    World::new(SHOP).variable("KEY", "x")
}

pub(super) fn loaded(world: &World) -> crate::config::Configuration {
    match world.load() {
        Ok((configuration, _)) => configuration,
        Err(problems) => panic!("{}", crate::config::render(&problems)),
    }
}

#[test]
fn nothing_at_all_is_a_configuration_with_the_defaults() {
    let configuration = loaded(&World::new(""));
    assert!(matches!(&configuration.store, StoreChoice::Embedded { path } if path == Path::new("/var/lib/omnistock")));
    assert_eq!(configuration.server.admin.to_string(), "127.0.0.1:8710");
    assert_eq!(configuration.server.webhooks.to_string(), "127.0.0.1:8711");
    let under_systemd = loaded(&World::new("").variable("STATE_DIRECTORY", "/run/a:/run/b"));
    assert!(matches!(&under_systemd.store, StoreChoice::Embedded { path } if path == Path::new("/run/a")));
}

#[test]
fn a_channel_lies_over_its_template_key_by_key_and_guards_merge_inside() {
    let configuration = loaded(&shop());
    let policy = &configuration.settings.channels["shop"].policy;
    assert_eq!(policy.mode, Mode::Shadow, "the default of a new channel");
    assert_eq!(
        (policy.guard.newly_zero.to_string(), policy.guard.price_jump.to_string()),
        ("5%".into(), "50%".into())
    );
    let times = configuration.channels["shop"];
    assert_eq!(
        (times.orders_every, times.audit_every),
        (Duration::from_secs(10), Duration::from_mins(15))
    );
}

#[test]
fn files_merge_in_the_order_of_their_names_and_lists_append() {
    let rule = |mode: &str| format!("[[rules]]\nmatch = {{ sku = \"*\" }}\nset = {{ mode = \"{mode}\" }}\n");
    let world = World::new(&format!("{}{SHOP}", rule("live")))
        .variable("KEY", "x")
        .file("conf.d/20.toml", &rule("frozen"))
        .file(
            "conf.d/10.toml",
            &format!(
                "[locations.hamburg]\n[channels.shop]\nmode = \"live\"\n{}",
                rule("draining")
            ),
        )
        .file("conf.d/.30.toml", "not TOML")
        .file("conf.d/40.toml.bak", "not TOML");
    let configuration = loaded(&world);
    let modes: Vec<Option<Mode>> = configuration.settings.rules.iter().map(|rule| rule.set.mode).collect();
    assert_eq!(modes, [Some(Mode::Live), Some(Mode::Draining), Some(Mode::Frozen)]);
    assert_eq!(configuration.settings.channels["shop"].policy.mode, Mode::Live);
    let places: Vec<&str> = configuration
        .settings
        .rules
        .iter()
        .map(|rule| rule.place.as_str())
        .collect();
    assert_eq!(places, ["omnistock.toml:1", "conf.d/10.toml:4", "conf.d/20.toml:1"]);
    assert_eq!(configuration.files.len(), 3);
    let warned: Vec<&str> = configuration
        .warnings
        .iter()
        .map(|warning| warning.message.as_str())
        .collect();
    assert!(
        warned.contains(&"location `hamburg` is used by no channel"),
        "{warned:?}"
    );
}

#[test]
fn the_environment_wins_over_files_also_inside_tables() {
    let world = shop()
        .variable("OMNISTOCK__CHANNELS__SHOP__MAX_SHOWN", "7")
        .variable("OMNISTOCK__CHANNELS__SHOP__EXPECTED_SALES", "x1.5")
        .variable("OMNISTOCK__CHANNELS__SHOP__STOP_AT", "0.5")
        .variable("OMNISTOCK__CHANNELS__SHOP__LOCATIONS", "[\"hamburg\"]")
        .variable("OMNISTOCK__TEMPLATES__MARKET__SAFETY_STOCK__MAX", "9")
        .variable("OMNISTOCK__CONNECTORS__SHOP__URL", "http://127.0.0.1:9000")
        .variable("OMNISTOCK__SERVER__ADMIN", "127.0.0.1:0")
        .variable("OMNISTOCK_OTHER", "not ours")
        .file("conf.d/hamburg.toml", "[locations.hamburg]\n");
    let configuration = loaded(&world);
    let policy = &configuration.settings.channels["shop"].policy;
    assert_eq!(policy.max_shown, Some(Quantity::whole(7)));
    assert_eq!(policy.expected_sales.to_string(), "1.5");
    assert_eq!(
        policy.stop_at.unwrap().to_string(),
        "0.5",
        "what isn't exact as TOML is text"
    );
    assert_eq!(policy.locations[0].as_str(), "hamburg");
    assert!(matches!(policy.safety_stock, SafetyStock::Adaptive { max, .. } if max == Quantity::whole(9)));
    assert_eq!(configuration.connectors["shop"].table["url"], "http://127.0.0.1:9000");
    assert_eq!(configuration.server.admin.port(), 0);
}

#[test]
fn every_form_of_a_value_reads() {
    let world = World::new(
        "[connectors.erp]\nkind = \"file\"\nbasis = \"net_of_reserved\"\nabsorb = { by_delay = \"1h30m\" }\n\
         stale = { zero_after = \"6h\" }\nmissing = { zero_after = 3 }\nschedule = \"*/5 6-20 * * MON-FRI\"\ntimezone = \"UTC\"\n\
         path = \"stock.csv\"\ncolumns = { sku = \"sku\", quantity = \"quantity\" }\nlocation = \"berlin\"\n\
         [locations.berlin]\n[templates.market]\nlocations = [\"berlin\"]\nbackorder_limit = \"unlimited\"\nsafety_stock = \"5%\"\n\
         price = { list = \"retail\", add = \"-0.5\", floor = \"none\" }\n\
         [price_lists.retail]\nfrom = \"erp\"\ncurrency = \"EUR\"\ntax = \"net\"\n\
         [[rules]]\nmatch = { sku = \"*\" }\nset = { locations = [\"berlin\"], backorder_limit = \"2.5\" }\n",
    );
    let configuration = loaded(&world);
    let source = &configuration.settings.sources["erp"];
    assert_eq!(
        (source.absorb, source.stale),
        (Absorb::ByDelay(5_400_000), Stale::ZeroAfter(21_600_000))
    );
    assert_eq!(source.missing, Missing::ZeroAfter(3));
    let erp = &configuration.connectors["erp"];
    assert_eq!(
        (erp.every, erp.schedule.as_deref()),
        (None, Some("0 */5 6-20 * * MON-FRI"))
    );
    let limit = configuration.settings.rules[0].set.backorder_limit;
    assert_eq!(limit, Some(Limit::Units("2.5".parse().unwrap())));
}

#[test]
fn the_address_of_redis_may_be_a_secret() {
    let world =
        World::new("[store]\nkind = \"redis\"\nurl = { env = \"REDIS\" }\n").variable("REDIS", "redis://:pw@host");
    let configuration = loaded(&world);
    let StoreChoice::Redis(choice) = &configuration.store else {
        panic!("no redis")
    };
    let (RedisPlaceChoice::One(url), prefix) = (&choice.place, &choice.prefix) else {
        panic!("{choice:?}")
    };
    let secrets = crate::secrets::EnvironmentSecrets::new(world.environment.clone(), "");
    assert_eq!(url.resolve(&secrets).unwrap().expose_secret(), "redis://:pw@host");
    assert!(matches!(url, StoreUrl::Secret(_)) && prefix == "omnistock");
    assert_eq!(choice.lease.as_millis(), 1_500);
}

fn redis(text: &str) -> RedisChoice {
    match loaded(&World::new(&format!("[store]\nkind = \"redis\"\n{text}")).variable("SECRET", "x")).store {
        StoreChoice::Redis(choice) => *choice,
        StoreChoice::Embedded { .. } => panic!("no redis"),
    }
}

#[test]
fn redis_may_be_found_by_sentinels_or_be_a_cluster() {
    let choice = redis(
        "sentinels = [\"rediss://a:26379\", \"rediss://b:26379\"]\nmaster = \"shop\"\ndatabase = 3\n\
         username = \"u\"\npassword = { env = \"SECRET\" }\nsentinel_password = { env = \"SECRET\" }\n\
         certificate_authority = \"ca.pem\"\nwait = { replicas = 2 }\n",
    );
    let RedisPlaceChoice::Sentinels {
        sentinels,
        master,
        database,
        login,
    } = &choice.place
    else {
        panic!("{choice:?}")
    };
    assert_eq!(sentinels, &["rediss://a:26379", "rediss://b:26379"]);
    assert_eq!((master.as_str(), *database), ("shop", 3));
    assert!(login.username.is_none() && login.password.is_some());
    assert!(choice.login.username.as_deref() == Some("u") && choice.login.password.is_some());
    assert!(choice.certificate_authority.unwrap().ends_with("ca.pem"));
    let wait = choice.wait.unwrap();
    assert_eq!(
        (wait.replicas, wait.on_disk, wait.within.as_millis()),
        (2, false, 1_000)
    );
    let choice = redis("cluster = [\"redis://a:6379/\"]\nwait = { on_disk = true, within = \"250ms\" }\n");
    assert!(matches!(&choice.place, RedisPlaceChoice::Cluster(nodes) if nodes == &["redis://a:6379"]));
    assert_eq!(choice.wait.unwrap().within.as_millis(), 250);
}

#[test]
fn a_file_that_is_not_there_or_not_text_is_named() {
    let missing = load(Path::new("/nowhere/omnistock.toml"), &BTreeMap::new())
        .err()
        .unwrap();
    let said = missing[0].to_string();
    assert!(
        said.starts_with("/nowhere/omnistock.toml: error: can't be read: No such file"),
        "{said}"
    );
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("omnistock.toml");
    std::fs::write(&path, b"# fine\n# caf\xe9\n").unwrap();
    let said = load(&path, &BTreeMap::new()).err().unwrap()[0].to_string();
    assert!(said.ends_with("is not UTF-8 in line 2: save it as UTF-8"), "{said}");
}

#[test]
fn deep_nesting_is_told_and_not_followed() {
    for text in [
        format!("a = {}1{}", "[".repeat(20_000), "]".repeat(20_000)),
        format!("[{}a]", "a.".repeat(20_000)),
        format!("{}a = 1", "a.".repeat(20_000)),
        format!("[channels.shop]\n{}a = 1", "a.".repeat(20_000)),
    ] {
        assert!(!World::new(&text).problems().is_empty());
    }
}

/// Lines that come near to a configuration, so that more than the parser is tried.
fn any_line() -> impl Strategy<Value = String> {
    let section = prop_oneof![
        "connectors.shop",
        "channels.shop",
        "locations.berlin",
        "pools.all",
        "templates.t",
        "store",
        "server",
        "location_groups.g"
    ];
    let key = prop_oneof![
        "kind",
        "url",
        "basis",
        "absorb",
        "pool",
        "locations",
        "codes",
        "part_of",
        "units",
        "share",
        "price",
        "guard",
        "use",
        "members",
        "path",
        "columns",
        "mode",
        "match",
        "set",
        "[a-z_]{1,6}"
    ];
    let value = prop_oneof![
        "\"[a-z0-9@%{}.ä ]{0,8}\"",
        "-?[0-9]{1,3}",
        "[0-9].[0-9]",
        "true",
        "\\[\"berlin\", \"@g\"\\]",
        "\\{ list = \"x\", factor = 2 \\}",
        "\\{ env = \"KEY\" \\}",
        "\\{ adaptive = \"1%\" \\}",
        "2026-11-27T00:00:00Z",
        "\\[\\[\\], \\{\\}\\]",
    ];
    prop_oneof![
        1 => section.prop_map(|section| format!("[{section}]")),
        1 => prop_oneof![Just("[[rules]]".to_owned()), Just("[[bundles]]".to_owned())],
        5 => (key, value).prop_map(|(key, value)| format!("{key} = {value}")),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn no_bytes_make_reading_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), name in "[A-Z_0-9a-z.]{0,30}", value in "\\PC{0,30}") {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("omnistock.toml");
        std::fs::write(&path, bytes).unwrap();
        let environment = BTreeMap::from([(format!("OMNISTOCK__{name}"), value)]);
        if let Err(problems) = load(&path, &environment) {
            prop_assert!(!crate::config::render(&problems).is_empty());
        }
    }

    #[test]
    fn no_lines_make_reading_panic(lines in prop::collection::vec(any_line(), 0..25), value in "\\PC{0,20}") {
        let world = World::new(&lines.join("\n")).variable("KEY", "x").variable("OMNISTOCK__CHANNELS__SHOP__PRICE", &value);
        let problems = world.problems();
        let sorted = problems.windows(2).all(|pair| pair[0].file != pair[1].file || (pair[0].line, pair[0].column) <= (pair[1].line, pair[1].column));
        prop_assert!(sorted);
    }
}
