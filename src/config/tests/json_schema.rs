//! As much of JSON Schema as `omnistock schema` uses; what it doesn't know makes a test fail.

use regex::Regex;
use serde_json::Value;
use std::cell::RefCell;
use std::collections::BTreeMap;

thread_local! {
    static PATTERNS: RefCell<BTreeMap<String, Regex>> = const { RefCell::new(BTreeMap::new()) };
}

/// What is wrong with a value, with its place.
pub(super) fn wrong(root: &Value, schema: &Value, value: &Value, at: &str) -> Option<String> {
    let rules = schema.as_object()?;
    rules
        .iter()
        .find_map(|(word, rule)| one(root, schema, word, rule, value, at).map(|what| format!("{at}: {what}")))
}

fn one(root: &Value, schema: &Value, word: &str, rule: &Value, value: &Value, at: &str) -> Option<String> {
    let inside = |rule: &Value, value: &Value, at: &str| wrong(root, rule, value, at);
    let said = |fine: bool| (!fine).then(|| format!("{value} against {word} {rule}"));
    match word {
        "$schema" | "$defs" | "title" | "description" | "format" => None,
        "$ref" => {
            let name = rule.as_str().unwrap().strip_prefix("#/$defs/").unwrap();
            inside(&root["$defs"][name], value, at)
        }
        "type" => said(match rule.as_str().unwrap() {
            "string" => value.is_string(),
            "integer" => value.is_i64(),
            "number" => value.is_number(),
            "boolean" => value.is_boolean(),
            "array" => value.is_array(),
            "object" => value.is_object(),
            other => panic!("type {other}"),
        }),
        "const" => said(value == rule),
        "enum" => said(rule.as_array().unwrap().contains(value)),
        "minimum" => said(value.as_i64().is_none_or(|value| value >= rule.as_i64().unwrap())),
        "maximum" => said(value.as_i64().is_none_or(|value| value <= rule.as_i64().unwrap())),
        "minLength" => said(value.as_str().is_none_or(|text| !text.is_empty())),
        "pattern" => said(value.as_str().is_none_or(|text| matches(rule.as_str().unwrap(), text))),
        "required" => said(
            rule.as_array()
                .unwrap()
                .iter()
                .all(|key| value.get(key.as_str().unwrap()).is_some()),
        ),
        "anyOf" => {
            let tried: Option<Vec<String>> = rule
                .as_array()
                .unwrap()
                .iter()
                .map(|rule| inside(rule, value, at))
                .collect();
            tried.map(|all| format!("none of: {}", all.join(" | ")))
        }
        "items" => {
            let members = value.as_array().into_iter().flatten().enumerate();
            members
                .into_iter()
                .find_map(|(index, member)| inside(rule, member, &format!("{at}[{index}]")))
        }
        "propertyNames" => value
            .as_object()?
            .keys()
            .find_map(|key| inside(rule, &key.as_str().into(), at)),
        "properties" => {
            let known = rule.as_object().unwrap().iter();
            known
                .into_iter()
                .find_map(|(key, rule)| inside(rule, value.get(key)?, &format!("{at}.{key}")))
        }
        "additionalProperties" => {
            let others = value
                .as_object()?
                .iter()
                .filter(|(key, _)| schema["properties"].get(key).is_none());
            others.into_iter().find_map(|(key, value)| match rule {
                Value::Bool(false) => Some(format!("unknown key {key}")),
                rule => inside(rule, value, &format!("{at}.{key}")),
            })
        }
        other => panic!("the checker doesn't know {other}"),
    }
}

/// The crate has no look-ahead; the one that the schema uses says "not empty".
fn matches(pattern: &str, text: &str) -> bool {
    let plain = pattern.replace("(?=.)", "");
    let fits = PATTERNS.with_borrow_mut(|known| {
        let pattern = known
            .entry(plain.clone())
            .or_insert_with(|| Regex::new(&plain).unwrap());
        pattern.is_match(text)
    });
    fits && (plain == pattern || !text.is_empty())
}
