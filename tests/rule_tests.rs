//! `[[test]]` on the real program: scenarios that `omnistock check` runs against the configuration that names them.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test")]

use serde_json::{Value, json};
use std::path::Path;
use std::process::{Command, Output};

const CONFIGURATION: &str = r#"
[connectors.erp]
kind = "file"
path = "stock-*.csv"
basis = "physical"
absorb = { by_delay = "30m" }
columns = { sku = "sku", quantity = "quantity", location = "location" }

[locations.berlin]

[channels.shop]
connector = "outlet"
locations = ["berlin"]
max_shown = 20

[connectors.outlet]
kind = "medusa"
url = "https://medusa.example.com"
api_key = { env = "RULE_TEST_KEY" }

[[test]]
scenario = "tests/campaign.json"
"#;

fn scenario(shown: &str) -> Value {
    json!({ "now": "2026-01-05T12:00:00Z",
        "events": [{ "type": "stock", "source": "erp", "as_of": "2026-01-05T11:35:00Z",
                     "rows": [{ "sku": "A", "location": "berlin", "quantity": "50" }] }],
        "ask": [{ "channel": "shop", "sku": "A" }],
        "expect": { "answers": [{ "quantity": shown }] } })
}

/// What `check` says with this scenario; `None`: there is no such file.
fn check(scenario: Option<&str>, arguments: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "shop/omnistock.toml", CONFIGURATION);
    if let Some(scenario) = scenario {
        write(folder.path(), "shop/tests/campaign.json", scenario);
    }
    // From another folder: the path is that of the configuration.
    Command::new(env!("CARGO_BIN_EXE_omnistock"))
        .args(["-c", "shop/omnistock.toml", "check"])
        .args(arguments)
        .current_dir(folder.path())
        .env("RULE_TEST_KEY", "x")
        .output()
        .unwrap()
}

fn write(folder: &Path, name: &str, text: &str) {
    let path = folder.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[test]
fn a_scenario_that_comes_out_as_expected_is_0() {
    let output = check(Some(&scenario("20").to_string()), &[]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert_eq!(said(&output), "0 errors, 0 warnings, 1 rule test passed\n");
}

#[test]
fn a_difference_is_1_and_readable() {
    let output = check(Some(&scenario("50").to_string()), &[]);
    assert_eq!(output.status.code(), Some(1), "{}", said(&output));
    let expected = "shop/omnistock.toml:22:12: failed: tests/campaign.json is not as expected\n      \
        /answers/0/quantity: expected \"50\", got \"20\"\n0 errors, 0 warnings, 1 failed\n";
    assert_eq!(String::from_utf8_lossy(&output.stdout), expected);
    let output = check(Some(&scenario("50").to_string()), &["--json"]);
    let found: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((output.status.code(), &found["failed"]), (Some(1), &json!(1)));
    assert_eq!(
        found["problems"][0]["differences"][0],
        "/answers/0/quantity: expected \"50\", got \"20\""
    );
}

#[test]
fn what_cannot_be_read_is_2_with_its_place() {
    let mut undeclared = scenario("20");
    undeclared["ask"][0]["channel"] = json!("shopp");
    for (scenario, sentence) in [
        (None, "shop/tests/campaign.json can't be read"),
        (Some("{ \"now\": 7 }".to_owned()), "shop/tests/campaign.json:1:"),
        (Some(undeclared.to_string()), "channel `shopp`"),
    ] {
        let output = check(scenario.as_deref(), &[]);
        let said = said(&output);
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(
            said.contains("shop/omnistock.toml:22:12: error: ") && said.contains(sentence),
            "{said}"
        );
    }
}

#[test]
fn a_test_that_expects_nothing_is_a_warning() {
    let mut idle = scenario("20");
    drop(idle.as_object_mut().unwrap().remove("expect"));
    let output = check(Some(&idle.to_string()), &[]);
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
    assert!(said(&output).contains("expects nothing"), "{}", said(&output));
}

#[test]
fn the_example_beside_the_reference_comes_out_as_it_says() {
    let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("config");
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [
        ("omnistock.toml", "reference.toml"),
        ("rules/items.csv", "rules/items.csv"),
        ("tests/black-friday.json", "tests/black-friday.json"),
    ] {
        write(
            folder.path(),
            name,
            &std::fs::read_to_string(config.join(text)).unwrap(),
        );
    }
    let output = Command::new(env!("CARGO_BIN_EXE_omnistock"))
        .args([
            "-c",
            "omnistock.toml",
            "evaluate",
            "--scenario",
            "tests/black-friday.json",
        ])
        .current_dir(folder.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", said(&output));
}
