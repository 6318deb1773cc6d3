//! The vendor's own definition: read from its block YAML, and held against calls and answers.

use omnistock_medusa::simulator::Exchange;
use serde_json::{Map, Value};
use std::path::Path;

/// A line without its indentation, and how deep it stands.
type Line<'a> = (usize, &'a str);

/// The definition.
pub(crate) struct Definition(Value);

/// What became of an exchange.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Held {
    /// It has the shape that the definition gives.
    Yes,
    /// The definition of this version knows no such call.
    Unknown,
}

impl Definition {
    /// `OMNISTOCK_SPECS` names the folder with the vendors' definitions; `None`, and a sentence, where it is not set.
    pub(crate) fn read() -> Option<Self> {
        let Ok(folder) = std::env::var("OMNISTOCK_SPECS") else {
            eprintln!("nothing was held to the vendor's definition: OMNISTOCK_SPECS is not set");
            return None;
        };
        let file = Path::new(&folder).join("medusa/admin-openapi-2.0.0.yaml");
        let text = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        Some(Self(parse(&text)))
    }

    fn at<'a>(&'a self, value: &'a Value) -> &'a Value {
        let reference = value.get("$ref").and_then(Value::as_str);
        let target = reference.and_then(|reference| self.0.pointer(reference.trim_start_matches('#')));
        target.unwrap_or(value)
    }

    /// Where the definition speaks of this path.
    fn path(&self, path: &str) -> Option<&Value> {
        let parts: Vec<&str> = path.split('/').collect();
        let same = |template: &str| {
            let own: Vec<&str> = template.split('/').collect();
            own.len() == parts.len()
                && own
                    .iter()
                    .zip(&parts)
                    .all(|(own, part)| own == part || own.starts_with('{'))
        };
        let paths = self.0.get("paths")?.as_object()?;
        paths
            .get(path)
            .or_else(|| paths.iter().find(|(template, _)| same(template)).map(|(_, of)| of))
    }

    /// Holds a call and its answer to the definition; what is wrong with it otherwise.
    pub(crate) fn hold(&self, exchange: &Exchange) -> Result<Held, String> {
        let Some(of) = self
            .path(&exchange.path)
            .and_then(|of| of.get(exchange.method.to_lowercase()))
        else {
            return Ok(Held::Unknown);
        };
        let json = "/content/application~1json/schema";
        if let (Some(body), Some(schema)) = (
            &exchange.body,
            of.get("requestBody").and_then(|body| body.pointer(json)),
        ) {
            self.shape(schema, body, true, "body")?;
        }
        let answer = of.pointer(&format!("/responses/{}", exchange.status));
        let answer = answer.ok_or_else(|| format!("status {} is not in the definition", exchange.status))?;
        if let Some(schema) = self.at(answer).pointer(json) {
            // Who asks for some fields gets some.
            let whole = !exchange.query.contains("fields=");
            self.shape(schema, &exchange.answer, whole, "answer")?;
        }
        Ok(Held::Yes)
    }

    fn shape(&self, schema: &Value, value: &Value, whole: bool, path: &str) -> Result<(), String> {
        let schema = self.at(schema);
        // Null stands for "none" in fields that the definition calls texts.
        if value.is_null() {
            return Ok(());
        }
        let list = |name: &str| {
            schema
                .get(name)
                .and_then(Value::as_array)
                .map(Vec::as_slice)
                .unwrap_or_default()
        };
        for part in list("allOf") {
            self.shape(part, value, whole, path)?;
        }
        let choices: Vec<&Value> = list("oneOf").iter().chain(list("anyOf")).collect();
        if !choices.is_empty() && !choices.iter().any(|one| self.shape(one, value, whole, path).is_ok()) {
            return Err(format!("{path} is none of what it may be: {value}"));
        }
        let right = match schema.get("type").and_then(Value::as_str) {
            Some("object") => value.is_object(),
            Some("array") => value.is_array(),
            Some("string") => value.is_string(),
            Some("number" | "integer") => value.is_number(),
            Some("boolean") => value.is_boolean(),
            _ => true,
        };
        if !right {
            return Err(format!(
                "{path} is {value}, but {}",
                schema.get("type").cloned().unwrap_or_default()
            ));
        }
        let known = list("enum");
        if !known.is_empty() && !known.contains(value) {
            return Err(format!("{path} is {value}, which is none of {known:?}"));
        }
        if let Some(members) = value.as_object().filter(|_| whole) {
            let missing = list("required")
                .iter()
                .filter_map(Value::as_str)
                .find(|name| !members.contains_key(*name));
            // A line's detail names its own line as `item`: the real server leaves that out, too. The totals of an order
            // are not simulated: nobody here reads them.
            let left_out = |name: &str| path.ends_with("detail") && name == "item" || path.ends_with("summary");
            if let Some(name) = missing.filter(|name| !left_out(name)) {
                return Err(format!("{path}.{name} is missing"));
            }
        }
        for (name, of) in schema
            .get("properties")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
        {
            if let Some(member) = value.get(name) {
                self.shape(of, member, whole, &format!("{path}.{name}"))?;
            }
        }
        let items = schema.get("items").zip(value.as_array());
        items.map_or(Ok(()), |(of, rows)| {
            rows.iter()
                .try_for_each(|row| self.shape(of, row, whole, &format!("{path}[]")))
        })
    }
}

/// Block YAML as the vendor generates it: mappings, lists, plain and quoted scalars; texts in blocks are left empty.
fn parse(text: &str) -> Value {
    let lines: Vec<Line<'_>> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| (line.len() - line.trim_start().len(), line.trim()))
        .collect();
    block(&lines)
}

fn scalar(text: &str) -> Value {
    let quoted = |mark: char| text.strip_prefix(mark).and_then(|rest| rest.strip_suffix(mark));
    match text {
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        "[]" => Value::Array(Vec::new()),
        "{}" => Value::Object(Map::new()),
        _ => match quoted('\'').or_else(|| quoted('"')) {
            Some(inner) => Value::from(inner),
            None => text.parse::<i64>().map_or_else(|_| Value::from(text), Value::from),
        },
    }
}

/// Key and what stands behind it in the same line.
fn entry(text: &str) -> Option<(String, &str)> {
    let (key, rest) = text
        .strip_suffix(':')
        .map(|key| (key, ""))
        .or_else(|| text.split_once(": "))?;
    Some((key.trim_matches(['\'', '"']).to_owned(), rest.trim()))
}

/// How many lines from here on stand deeper than `depth`.
fn deeper(lines: &[Line<'_>], depth: usize) -> usize {
    lines.iter().take_while(|(own, _)| *own > depth).count()
}

fn value(rest: &str, below: &[Line<'_>]) -> Value {
    match rest {
        "" => block(below),
        "|" | "|-" | ">" | ">-" => Value::from(""),
        rest => scalar(rest),
    }
}

fn block(lines: &[Line<'_>]) -> Value {
    let Some((depth, first)) = lines.first().copied() else {
        return Value::Null;
    };
    let (mut list, mut members, mut rest) = (Vec::new(), Map::new(), lines);
    while let Some(((_, text), below)) = rest.split_first() {
        let count = deeper(below, depth);
        let (own, next) = below.split_at(count);
        if let Some(item) = text.strip_prefix("- ") {
            // The item's first line stands as deep as its others.
            let mut item_lines = vec![(depth + 2, item)];
            item_lines.extend_from_slice(own);
            let is_mapping = entry(item).is_some() && !item.starts_with(['\'', '"']);
            list.push(if is_mapping { block(&item_lines) } else { scalar(item) });
        } else if let Some((key, rest)) = entry(text) {
            members.insert(key, value(rest, own));
        }
        rest = next;
    }
    if first.starts_with("- ") {
        Value::Array(list)
    } else {
        Value::Object(members)
    }
}

#[test]
fn a_definition_is_read_as_it_is_written() {
    let read = parse(concat!(
        "a:\n  b: text: with a colon\n  'c':\n    - one\n    - name: x\n      schema:\n        type: number\n",
        "  d: >-\n    long\n    text\n  e: 7\n  f:\n    $ref: '#/x'\n",
    ));
    let expected = serde_json::json!({"a": {"b": "text: with a colon", "c": ["one", {"name": "x", "schema": {"type": "number"}}],
        "d": "", "e": 7, "f": {"$ref": "#/x"}}});
    assert_eq!(read, expected);
}
