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
    evaluate_with(CONFIGURATION, scenario)
}

fn evaluate_with(configuration: &str, scenario: &str) -> Output {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("omnistock.toml"), configuration).unwrap();
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

/// The example of the design, with a configuration that fits it, to the letter.
#[test]
fn the_example_of_the_design_comes_out_field_by_field() {
    let configuration = CONFIGURATION.replace(
        r#"mode = "live""#,
        "price = { list = \"retail\", floor = \"none\" }\nmax_shown = 2",
    ) + r#"
[price_lists.retail]
from = "erp"
currency = "EUR"
tax = "gross"

[[rules]]
match = { sku = "A" }
set = { stop_at = 1,
        max_shown = 20 }
"#;
    let mut example = scenario();
    example["events"][0]["complete"] = json!(true);
    example["events"][0]["basis"] = json!("physical");
    example["events"][1]["at"] = json!("2026-01-05T11:30:02Z");
    example["events"].as_array_mut().unwrap().push(json!(
        { "type": "price", "source": "erp", "list": "retail", "sku": "A", "amount": "19.90", "currency": "EUR" }));
    let output = evaluate_with(&configuration, &example.to_string());
    assert_eq!(output.status.code(), Some(0), "{}", complaint(&output));
    let answers: Value = serde_json::from_slice(&output.stdout).unwrap();
    let step = |step: &str, value: &str, because: &str| json!({ "step": step, "value": value, "because": because });
    let by = |mut step: Value, place: &str| {
        step["set_by"] = json!(place);
        step
    };
    let pool = "berlin 5.5 at 11:35 from erp; −1 at 11:40; −1 reserved until 13:00";
    let expected = json!({
        "answers": [
            { "channel": "shop", "sku": "A", "quantity": "3", "state": "in_stock",
              "price": { "amount": "19.90", "currency": "EUR" },
              "steps": [
                  by(step("pool", "3.5", pool), "omnistock.toml:17"),
                  step("bundle", "3.5", "unchanged"),
                  step("allocation", "3.5", "unchanged"),
                  step("safety_stock", "3.5", "unchanged"),
                  step("backorder", "3.5", "unchanged"),
                  by(step("stop_at", "3.5", "unchanged"), "omnistock.toml:28"),
                  step("sales_units", "3", "0 decimals, rounded down"),
                  by(step("max_shown", "3", "unchanged"), "omnistock.toml:29") ] },
            { "channel": "shop", "order": "1001", "lines": [{ "line": "1", "contained": "2", "sourced": [], "short": "0" }] },
            { "location": "berlin", "sku": "A", "sellable": "3.5" } ],
        "refused": [],
        "held": [] });
    assert_eq!(answers, expected, "{answers:#}");
}
