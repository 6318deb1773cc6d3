//! What was captured from running shops, and how an answer of ours differs from it.
//!
//! `OMNISTOCK_SPECS` names the folder with the vendors' definitions; the captures lie beside it, in `vendors/captured`.

use serde_json::Value;
use std::path::Path;

/// The file, where there is one; says so where there is none.
pub(crate) fn captured(name: &str) -> Option<String> {
    let Some(specs) = std::env::var_os("OMNISTOCK_SPECS") else {
        eprintln!("the simulator was not compared with {name}: OMNISTOCK_SPECS is not set");
        return None;
    };
    let file = Path::new(&specs).join("../vendors/captured").join(name);
    Some(std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display())))
}

/// A call that was made to a running shop, and what came back.
#[derive(Debug)]
pub(crate) struct Sample {
    pub(crate) title: String,
    pub(crate) status: u16,
    /// None where the capture was cut off in the middle of it.
    pub(crate) body: Option<Value>,
}

/// The calls that have a heading of their own.
pub(crate) fn samples(text: &str) -> Vec<Sample> {
    let lines: Vec<&str> = text.lines().collect();
    let read = |(number, line): (usize, &&str)| {
        let title = line.strip_prefix("## ")?;
        let after = title.rsplit_once(" -> ").map(|(_, told)| told);
        let told = after
            .filter(|told| told.starts_with(|c: char| c.is_ascii_digit()))
            .unwrap_or(title);
        let status = |word: &str| word.parse().ok().filter(|status| (200..500).contains(status));
        Some(Sample {
            title: title.to_owned(),
            status: told
                .split_whitespace()
                .find_map(status)
                .unwrap_or_else(|| panic!("{title}")),
            body: lines.get(number + 1).and_then(|line| literal(line)),
        })
    };
    lines.iter().enumerate().filter_map(read).collect()
}

/// The rest of the only line that begins with this.
pub(crate) fn line<'a>(text: &'a str, begin: &str) -> &'a str {
    let found = text.lines().find_map(|line| line.strip_prefix(begin));
    found.unwrap_or_else(|| panic!("{begin} was not captured")).trim()
}

/// JSON, or the same as the script that captured it prints it.
pub(crate) fn literal(text: &str) -> Option<Value> {
    let printed = || {
        let json = text.replace('\'', "\"").replace(": True", ": true");
        json.replace(": False", ": false").replace(": None", ": null")
    };
    serde_json::from_str(text)
        .or_else(|_| serde_json::from_str(&printed()))
        .ok()
}

/// How closely to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    /// What the vendor has, we have, of the same type: captures of another version, or of some fields.
    Part,
    /// That, and nothing that the vendor has not, and the same words in the fields that are a code.
    Whole,
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number with a fraction",
        Value::Number(_) => "integer",
        Value::String(_) => "text",
        Value::Array(_) => "list",
        Value::Object(_) => "object",
    }
}

/// Fields whose very value has a meaning.
const WORDS: [&str; 9] = [
    "code",
    "message",
    "status",
    "type",
    "stock_status",
    "backorders",
    "key",
    "params",
    "json_error_code",
];

/// Each difference in a line; none where ours is as the vendor's.
pub(crate) fn differences(vendor: &Value, ours: &Value, look: Look) -> Vec<String> {
    let mut found = Vec::new();
    compare(vendor, ours, look, "", &mut found);
    found
}

fn compare(vendor: &Value, ours: &Value, look: Look, at: &str, found: &mut Vec<String>) {
    match (vendor, ours) {
        (Value::Object(theirs), Value::Object(ours)) => {
            for (name, value) in theirs {
                let at = format!("{at}/{name}");
                let Some(our) = ours.get(name) else {
                    found.push(format!("{at} is missing"));
                    continue;
                };
                let word = look == Look::Whole && WORDS.contains(&name.as_str());
                if word && value != our {
                    found.push(format!("{at} is {our}, the vendor's is {value}"));
                }
                compare(value, our, look, &at, found);
            }
            let more = ours.keys().filter(|name| !theirs.contains_key(*name));
            found.extend((more.filter(|_| look == Look::Whole)).map(|name| format!("{at}/{name} is our invention")));
        }
        (Value::Array(theirs), Value::Array(ours)) => {
            // Lists of what there is may be of any length; one entry per entry of the call is the vendor's promise.
            let counted = at.ends_with("/update") && theirs.len() != ours.len();
            if counted || theirs.is_empty() != ours.is_empty() {
                found.push(format!(
                    "{at} has {} entries, the vendor's {}",
                    ours.len(),
                    theirs.len()
                ));
            }
            for (number, (vendor, ours)) in theirs.iter().zip(ours).enumerate() {
                compare(vendor, ours, look, &format!("{at}/{number}"), found);
            }
        }
        _ if kind(vendor) == kind(ours) => {}
        _ => found.push(format!("{at} is {}, the vendor's is {}", kind(ours), kind(vendor))),
    }
}
