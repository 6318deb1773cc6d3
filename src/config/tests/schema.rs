//! `omnistock schema` says what the reader does: the same keys, and of each the same kinds of values.

use super::World;
use super::json_schema::wrong;
use crate::config::problem::{Findings, Severity};
use crate::config::schema::{Form, INNER, Keys, SECTIONS};
use crate::config::schema_kinds::{self, Kind, Typed};
use crate::config::sources::Sources;
use crate::config::{document, json_schema};
use crate::registry::CONNECTORS;
use omnistock_sdk::testing::context;
use omnistock_sdk::{ConnectorContext, ConnectorSpec};
use omnistock_words::Basis;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;

/// A TOML text as JSON.
pub(super) fn parsed(text: &str) -> Option<Value> {
    let mut sources = Sources::default();
    let whole = sources.add("test".to_owned(), text.to_owned());
    document::parse(&sources, whole, &Findings::default()).map(|node| node.json())
}

fn complaint(text: &str) -> Option<String> {
    let schema = json_schema();
    wrong(&schema, &schema, &parsed(text).unwrap(), "")
}

#[test]
fn every_example_is_valid() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut seen = 0;
    for part in ["config", "packaging"] {
        for entry in std::fs::read_dir(folder.join(part)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "toml") {
                let text = std::fs::read_to_string(&path).unwrap();
                assert_eq!(complaint(&text), None, "{}", path.display());
                seen += 1;
            }
        }
    }
    assert!(seen >= 6, "{seen}");
}

#[test]
fn what_is_none_of_it_is_refused() {
    for text in [
        "[chanels.shop]",
        "[channels.Shop]",
        "[channels.shop]\nmax_show = 3",
        "[channels.shop]\nprice = { flor = \"1\" }",
        "[channels.shop]\nprice = { floor = 1.5 }",
        "[channels.shop]\nmode = \"lve\"",
        "[store]\nlease = \"1x\"",
        "[store]\npassword = \"hunter2\"",
        "[store]\nkind = \"redis\"\ncluster = \"redis://a\"",
        "[connectors.erp]\nkind = \"file\"\ncolumns = { sku = \"a\", quantty = \"b\" }",
        "[connectors.erp]\nkind = \"file\"\nurl = { env = \"X\" }",
        "[connectors.erp]\nkind = \"file\"\nbad_rows = { keep_first = \"1%\" }",
        "[connectors.shop]\nkind = \"woocommerce\"\nkey = \"ck_1\"",
        "[connectors.shop]\nkind = \"woocommerce\"\napi_key = { env = \"X\" }",
        "[connectors.shop]\nkind = \"woocomerce\"",
        "[[rules]]\nset = { mode = 5 }",
        "rules = 5",
    ] {
        assert!(complaint(text).is_some(), "{text}");
    }
    assert_eq!(
        complaint("[connectors.shop]\nkey = { env = \"X\" }\n"),
        None,
        "another file may say the kind"
    );
}

fn keys_of(properties: &Value) -> BTreeSet<&str> {
    properties.as_object().unwrap().keys().map(String::as_str).collect()
}

#[test]
fn the_schema_has_the_keys_of_the_reader_and_no_others() {
    let schema = json_schema();
    let sections: BTreeSet<&str> = SECTIONS.iter().map(|shape| shape.name).collect();
    assert_eq!(keys_of(&schema["properties"]), sections);
    for shape in SECTIONS.iter().filter(|shape| shape.name != "connectors") {
        let whole = &schema["properties"][shape.name];
        let table = match shape.form {
            Form::One => whole,
            Form::List => &whole["items"],
            Form::Named(_) => &whole["additionalProperties"],
        };
        assert_eq!(
            keys_of(&table["properties"]),
            shape.keys.names().collect(),
            "{}",
            shape.name
        );
    }
}

/// What a connector itself says that there is, when it is given something else.
fn own_keys(spec: &ConnectorSpec, basis: Option<Basis>) -> BTreeSet<String> {
    let context = ConnectorContext {
        basis,
        ..context("x", &[])
    };
    let problems = (spec.build)(context, json!({ "zzzzzzzzzz": 1 })).err().unwrap();
    let unknown = problems.iter().find(|problem| problem.key == "zzzzzzzzzz").unwrap();
    let own = unknown.help.as_deref().unwrap().strip_prefix("there are ").unwrap();
    own.split(", ").map(str::to_owned).collect()
}

#[test]
fn the_schema_has_the_own_keys_of_every_kind_of_connector() {
    let schema = json_schema();
    let tables = schema["properties"]["connectors"]["additionalProperties"]["anyOf"]
        .as_array()
        .unwrap();
    for spec in CONNECTORS {
        let of_kind = tables
            .iter()
            .filter(|table| table["properties"]["kind"]["const"] == spec.kind);
        let own = |table: &Value| keys_of(&table["properties"]).into_iter().map(str::to_owned).collect();
        let found: BTreeSet<BTreeSet<String>> = of_kind.map(own).collect();
        let (written, read) = (own_keys(spec, None), own_keys(spec, Some(Basis::Physical)));
        let other = written != read;
        let common = |sources: bool| {
            let all = crate::config::schema::CONNECTOR.names();
            let kept = all.filter(move |key| sources || !crate::config::schema::SOURCE.contains(key));
            kept.map(str::to_owned)
        };
        let expected: BTreeSet<BTreeSet<String>> = BTreeSet::from([
            written.into_iter().chain(common(!other)).collect(),
            read.into_iter().chain(common(true)).collect(),
        ]);
        assert_eq!(found, expected, "{}", spec.kind);
    }
}

fn untyped(title: &str, typed: &Typed, found: &mut Vec<String>) {
    let listed: Vec<&str> = typed
        .kinds
        .iter()
        .flat_map(|part| part.iter())
        .map(|(key, _)| *key)
        .collect();
    for key in typed.keys.names().filter(|key| !listed.contains(key)) {
        found.push(format!("{title}.{key} is not in schema_kinds.rs"));
    }
    for key in listed
        .iter()
        .filter(|key| !typed.keys.names().any(|name| name == **key))
    {
        found.push(format!("{title}.{key} is not in schema.rs"));
    }
    for (key, kind) in typed.kinds.iter().flat_map(|part| part.iter()) {
        tables(&format!("{title}.{key}"), *kind, found);
    }
}

fn tables(title: &str, kind: Kind, found: &mut Vec<String>) {
    match kind {
        Kind::Table(typed) => untyped(title, typed, found),
        Kind::List(inner) | Kind::Map(inner) => tables(title, *inner, found),
        Kind::Either(kinds) => kinds.iter().for_each(|kind| tables(title, *kind, found)),
        _ => {}
    }
}

#[test]
fn every_key_has_a_kind() {
    let mut found = Vec::new();
    for shape in SECTIONS {
        match schema_kinds::section(shape.name) {
            Some(typed) => untyped(shape.name, typed, &mut found),
            None => found.push(format!("[{}] is not in schema_kinds.rs", shape.name)),
        }
    }
    assert!(found.is_empty(), "{found:#?}");
    assert!(INNER.iter().flat_map(|keys| Keys::names(keys)).count() > 20);
}

/// Values of every type, and some of the right form.
const SAMPLES: &[&str] = &[
    "\"zzz\"",
    "\"5%\"",
    "7",
    "-1",
    "1.5",
    "true",
    "2026-11-27T00:00:00Z",
    "[\"zzz\"]",
    "[1]",
    "{ zzz = 1 }",
    "{ env = \"X\" }",
];

/// Samples that the schema takes for text: only the reader knows more of it.
const TEXTS: &[&str] = &["\"zzz\"", "\"5%\"", "[\"zzz\"]", "2026-11-27T00:00:00Z"];

/// A section with one key in its second line, and whatever else makes the reader look at it.
fn with(section: &str, form: Form, key: &str, value: &str) -> String {
    let head = match form {
        Form::One => format!("[{section}]"),
        Form::List => format!("[[{section}]]"),
        Form::Named(_) => format!("[{section}.x]"),
    };
    let rest: &[(&str, &str)] = match section {
        "connectors" => &[("kind", "\"file\""), ("basis", "\"physical\"")],
        "store" => &[("kind", "\"redis\"")],
        _ => &[],
    };
    let rest = rest
        .iter()
        .filter(|(other, _)| *other != key)
        .map(|(key, value)| format!("{key} = {value}\n"));
    format!("{head}\n{key} = {value}\n{}", rest.collect::<String>())
}

/// The keys of a table, and those of tables in it, as templates with `@` for the value.
fn paths(
    typed: &'static Typed,
    before: &str,
    after: &str,
    found: &mut Vec<(&'static str, String)>,
    top: Option<&'static str>,
) {
    for (key, kind) in typed.kinds.iter().flat_map(|part| part.iter()) {
        let (first, value) = match top {
            None => (*key, "@".to_owned()),
            Some(top) => (top, format!("{before}{key} = @{after}")),
        };
        found.push((first, value));
        let inner = match kind {
            Kind::Table(typed) => Some(*typed),
            Kind::Either(kinds) => kinds.iter().find_map(|kind| match kind {
                Kind::Table(typed) => Some(*typed),
                _ => None,
            }),
            _ => None,
        };
        let (Some(inner), true) = (inner, before.len() < 20) else {
            continue;
        };
        let before = if top.is_none() {
            "{ ".to_owned()
        } else {
            format!("{before}{key} = {{ ")
        };
        paths(inner, &before, &format!("{after} }}"), found, Some(first));
    }
}

#[test]
fn reader_and_schema_agree_on_what_each_key_may_hold() {
    let (schema, mut wrongly) = (json_schema(), Vec::new());
    for shape in SECTIONS {
        let mut found = Vec::new();
        paths(schema_kinds::section(shape.name).unwrap(), "", "", &mut found, None);
        for (key, value) in &found {
            for sample in SAMPLES {
                let text = with(shape.name, shape.form, key, &value.replace('@', sample));
                let refused = wrong(&schema, &schema, &parsed(&text).unwrap(), "");
                let told: Vec<String> = World::new(&text)
                    .problems()
                    .into_iter()
                    .filter(|problem| problem.line == 2 && problem.severity == Severity::Error)
                    .map(|problem| problem.message)
                    .collect();
                let of_type = told.iter().any(|message| message.contains(": expected "));
                if refused.is_some() && told.is_empty() {
                    wrongly.push(format!("only the schema refuses\n{text}{refused:?}"));
                } else if refused.is_none() && of_type && !TEXTS.contains(sample) {
                    wrongly.push(format!("only the reader refuses\n{text}{told:?}"));
                }
            }
        }
    }
    assert!(wrongly.is_empty(), "{}", wrongly.join("\n\n"));
}
