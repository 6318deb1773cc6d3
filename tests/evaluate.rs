//! `omnistock evaluate` on the real program: the engine as a calculator, without daemon or store.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "a test")]

use serde_json::{Value, json};
use std::process::{Command, Output};

const CONFIGURATION: &str = r#"
[connectors.erp]
kind = "file"
path = "stock-*.csv"
basis = "physical"
columns = { sku = "sku", quantity = "quantity", location = "location" }

[connectors.shop]
kind = "woocommerce"
url = "https://shop.example.com"
key = { env = "NOT_SET_ANYWHERE" }
secret = { env = "NOT_SET_ANYWHERE" }

[locations.berlin]

[channels.shop]
locations = ["berlin"]
mode = "live"
"#;

fn scenario() -> Value {
    json!({ "now": "2026-01-05T12:00:00Z",
        "events": [
            { "type": "stock", "source": "erp", "as_of": "2026-01-05T11:35:00Z",
              "rows": [{ "sku": "A", "location": "berlin", "quantity": "5.5" }] },
            { "type": "order", "channel": "shop", "order": "1001", "revision": 1, "status": "open",
              "placed_at": "2026-01-05T11:30:00Z", "lines": [{ "line": "1", "sku": "A", "quantity": "2" }] },
            { "type": "absorbed", "source": "erp", "channel": "shop", "order": "1001", "line": "1", "quantity": "2" },
            { "type": "movement", "source": "erp", "id": "m-1", "sku": "A", "location": "berlin", "quantity": "-1",
              "at": "2026-01-05T11:40:00Z" },
            { "type": "reservation", "id": "r-1", "sku": "A", "location": "berlin", "quantity": "1",
              "expires_at": "2026-01-05T13:00:00Z" } ],
        "ask": [{ "channel": "shop", "sku": "A" }, { "channel": "shop", "order": "1001" },
                { "location": "berlin", "sku": "A" }] })
}

fn evaluate(scenario: &str) -> Output {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("omnistock.toml"), CONFIGURATION).unwrap();
    std::fs::write(folder.path().join("scenario.json"), scenario).unwrap();
    Command::new(env!("CARGO_BIN_EXE_omnistock"))
        .args(["-c", "omnistock.toml", "evaluate", "--scenario", "scenario.json"])
        .current_dir(folder.path())
        .output()
        .unwrap()
}

fn complaint(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn a_scenario_is_answered_with_its_steps_and_no_secret_is_needed() {
    let output = evaluate(&scenario().to_string());
    assert_eq!(output.status.code(), Some(0), "{}", complaint(&output));
    let answers: Value = serde_json::from_slice(&output.stdout).unwrap();
    let answers = &answers["answers"];
    assert_eq!(answers[0]["quantity"], "3");
    assert_eq!(answers[0]["state"], "in_stock");
    assert_eq!(answers[0]["steps"][0]["step"], "pool");
    assert_eq!(answers[0]["steps"][0]["value"], "3.5");
    assert_eq!(answers[1]["lines"][0]["contained"], "2");
    assert_eq!(answers[2]["sellable"], "3.5");
}

#[test]
fn what_is_not_as_expected_is_exit_1_and_named() {
    let mut expecting = scenario();
    expecting["expect"] = json!({ "answers": [{ "quantity": "4" }] });
    let output = evaluate(&expecting.to_string());
    assert_eq!(output.status.code(), Some(1));
    let complaint = complaint(&output);
    assert!(
        complaint.contains("/answers/0") && complaint.contains(r#""quantity":"4""#),
        "{complaint}"
    );
}

#[test]
fn undeclared_names_and_broken_scenarios_are_exit_2_with_their_place() {
    let mut foreign = scenario();
    foreign["ask"] = json!([{ "channel": "shopp", "sku": "A" }]);
    let output = evaluate(&foreign.to_string());
    assert_eq!(output.status.code(), Some(2));
    assert!(complaint(&output).contains("shopp"), "{}", complaint(&output));

    let output = evaluate("{ \"now\": \"2026-01-05T12:00:00Z\",\n  \"events\": [ {\"type\": \"stok\"} ] }");
    assert_eq!(output.status.code(), Some(2));
    let complaint = complaint(&output);
    assert!(
        complaint.contains("scenario.json:2:") && complaint.contains("stok"),
        "{complaint}"
    );
}
