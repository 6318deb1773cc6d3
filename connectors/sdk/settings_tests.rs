//! Tests of [`super::read_settings`].

use super::*;
use proptest::prelude::*;
use serde_json::json;
use std::collections::BTreeMap;

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Shop {
    url: String,
    key: SecretReference,
    retries: Option<u32>,
    columns: Columns,
    #[serde(default)]
    names: BTreeMap<String, String>,
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Columns {
    sku: String,
    quantity: Option<String>,
}

fn told(table: Value) -> Vec<String> {
    let problems = read_settings::<Shop>(table).unwrap_err();
    let line = |p: SettingProblem| format!("{}: {} [{}]", p.key, p.message, p.help.unwrap_or_default());
    problems.into_iter().map(line).collect()
}

#[test]
fn a_right_table_reads() {
    let table = json!({"url": "u", "key": {"credential": "c"}, "columns": {"sku": "s"}, "names": {"a.b": "c"}});
    let shop = read_settings::<Shop>(table).unwrap();
    assert_eq!(shop.key, SecretReference::Credential("c".into()));
}

#[test]
fn everything_wrong_is_told_in_one_go() {
    let table = json!({"ulr": "u", "retries": "many", "columns": {"sku": "s", "quantty": "q"}, "colour": 1});
    assert_eq!(
        told(table),
        [
            "colour: unknown setting `colour` [there are url, key, retries, columns, names]",
            "columns.quantty: unknown setting `columns.quantty` [did you mean `quantity`?]",
            "retries: invalid type: string \"many\", expected u32 []",
            "ulr: unknown setting `ulr` [did you mean `url`?]",
            "key: `key` is missing []",
        ]
    );
}

#[test]
fn a_wrong_required_value_is_told_once() {
    let told = told(json!({"url": 1.5, "key": {"env": "K"}, "columns": {"sku": "s"}}));
    assert_eq!(
        told,
        ["url: invalid type: floating point `1.5`, expected a string [write it in quotes]"]
    );
}

#[test]
fn a_plain_secret_is_refused_and_never_repeated() {
    for secret in [
        json!("cs_verysecret"),
        json!({"env": ["cs_verysecret"]}),
        json!(["cs_verysecret"]),
    ] {
        let told = told(json!({"url": "u", "key": secret, "columns": {"sku": "s"}})).join("\n");
        assert!(told.starts_with("key: ") && !told.contains("verysecret"), "{told}");
    }
    let told = told(json!({"url": "u", "key": {"file": "a", "env": "b"}, "columns": {"sku": "s"}}));
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told.concat().contains("exactly one of"), "{told:?}");
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[a-z.\\[]{0,6}".prop_map(Value::from)
    ];
    let key = prop_oneof![
        "url",
        "key",
        "columns",
        "sku",
        "retries",
        "names",
        "[a-z.\\[\\]0-9]{0,5}"
    ];
    leaf.prop_recursive(3, 24, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(key.clone(), inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_table_is_read_or_told(table in any_json()) {
        if let Err(problems) = read_settings::<Shop>(table) {
            prop_assert!(!problems.is_empty());
        }
    }
}
