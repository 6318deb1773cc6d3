//! The vendor's own definitions (`OpenAPI` 3, JSON), held against calls and answers.

use omnistock_ebay::simulator::Exchange;
use serde_json::Value;
use std::path::Path;

/// Where each interface begins, and its definition.
const FILES: [(&str, &str); 5] = [
    ("/sell/inventory/v1", "sell_inventory_v1_oas3.json"),
    ("/sell/fulfillment/v1", "sell_fulfillment_v1_oas3.json"),
    ("/sell/account/v1", "sell_account_v1_oas3.json"),
    ("/commerce/notification/v1", "commerce_notification_v1_oas3.json"),
    ("/developer/analytics/v1_beta", "developer_analytics_v1_beta_oas3.json"),
];

/// Statuses that an interface answers before it looks at a call: the definitions don't list them for each.
const BEFORE: [u16; 4] = [401, 403, 404, 429];

/// What no definition has: tokens, and the Trading API, whose answers are XML.
const ELSEWHERE: [&str; 2] = ["/identity/", "/ws/api.dll"];

/// The definitions.
pub(crate) struct Definitions(Vec<(&'static str, Value)>);

/// Parameters: their name, whether they are there.
type Given<'a> = dyn Fn(&str, &str) -> bool + 'a;

impl Definitions {
    /// `OMNISTOCK_SPECS` names the folder with the vendors' definitions; `None`, and a sentence, where it is not set.
    pub(crate) fn read() -> Option<Self> {
        let Ok(folder) = std::env::var("OMNISTOCK_SPECS") else {
            eprintln!("nothing was held to eBay's definitions: OMNISTOCK_SPECS is not set");
            return None;
        };
        let read = |(prefix, file): (&'static str, &str)| {
            let file = Path::new(&folder).join("ebay").join(file);
            let text = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
            (prefix, serde_json::from_str(&text).unwrap())
        };
        Some(Self(FILES.into_iter().map(read).collect()))
    }

    /// Holds a call and its answer; what is wrong with it otherwise. False: no definition has it, nor has to.
    pub(crate) fn hold(&self, exchange: &Exchange) -> Result<bool, String> {
        if ELSEWHERE.iter().any(|start| exchange.path.starts_with(start)) {
            return Ok(false);
        }
        let found = self.0.iter().find(|(prefix, _)| exchange.path.starts_with(prefix));
        if found.is_none() && exchange.status == 404 {
            return Ok(false);
        }
        let (prefix, definition) = found.ok_or("there is no definition of it")?;
        let path = exchange.path.strip_prefix(prefix).unwrap_or_default();
        let of = at_path(definition, path).ok_or_else(|| format!("the definition has no {path}"))?;
        let of = of
            .get(exchange.method.to_lowercase())
            .ok_or("the definition has no such method")?;
        parameters(of, exchange)?;
        let json = "/content/application~1json/schema";
        let wanted = of.get("requestBody").and_then(|body| body.pointer(json));
        if let (Some(schema), Some(body)) = (wanted, &exchange.body) {
            shape(definition, schema, body, "body")?;
        }
        let answer = of.pointer(&format!("/responses/{}", exchange.status));
        if answer.is_none() && BEFORE.contains(&exchange.status) {
            return Ok(true);
        }
        let answer = answer.ok_or_else(|| format!("status {} is not in the definition", exchange.status))?;
        // Of 207 the definition has no shape: it is that of 200.
        let shaped = answer
            .pointer(json)
            .or_else(|| of.pointer("/responses/200")?.pointer(json));
        if let (Some(schema), Some(body)) = (shaped, exchange.answer.as_ref().filter(|_| exchange.status < 300)) {
            shape(definition, schema, body, "answer")?;
        }
        Ok(true)
    }
}

fn at_path<'a>(definition: &'a Value, path: &str) -> Option<&'a Value> {
    let parts: Vec<&str> = path.split('/').collect();
    let same = |template: &str| {
        let own: Vec<&str> = template.split('/').collect();
        own.len() == parts.len()
            && own
                .iter()
                .zip(&parts)
                .all(|(own, part)| own == part || own.starts_with('{'))
    };
    let paths = definition.get("paths")?.as_object()?;
    paths
        .get(path)
        .or_else(|| paths.iter().find(|(template, _)| same(template)).map(|(_, of)| of))
}

/// Required parameters are there, and there is none that the definition doesn't have.
fn parameters(of: &Value, exchange: &Exchange) -> Result<(), String> {
    let list = of
        .get("parameters")
        .and_then(Value::as_array)
        .cloned()
        .unwrap_or_default();
    let asked: Vec<&str> = exchange
        .query
        .split('&')
        .filter_map(|pair| pair.split('=').next())
        .filter(|name| !name.is_empty())
        .collect();
    let given: &Given<'_> = &|place, name| match place {
        "query" => asked.contains(&name),
        "header" => exchange.headers.iter().any(|own| own.eq_ignore_ascii_case(name)),
        _ => true,
    };
    let text = |parameter: &Value, name: &str| {
        parameter
            .get(name)
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned()
    };
    for parameter in &list {
        let (place, name) = (text(parameter, "in"), text(parameter, "name"));
        if parameter.get("required") == Some(&Value::Bool(true)) && !given(&place, &name) {
            return Err(format!("the {place} parameter {name} is missing"));
        }
    }
    let known = |name: &&&str| {
        list.iter()
            .any(|one| text(one, "in") == "query" && text(one, "name") == **name)
    };
    match asked.iter().find(|name| !known(name)) {
        Some(name) => Err(format!("the definition has no query parameter {name}")),
        None => Ok(()),
    }
}

fn shape(definition: &Value, schema: &Value, value: &Value, path: &str) -> Result<(), String> {
    let reference = schema.get("$ref").and_then(Value::as_str);
    let schema = reference
        .and_then(|reference| definition.pointer(reference.trim_start_matches('#')))
        .unwrap_or(schema);
    let kind = schema.get("type").and_then(Value::as_str).unwrap_or_default();
    let right = match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        _ => true,
    };
    if !right {
        return Err(format!("{path} is {value}, but {kind}"));
    }
    let properties = schema.get("properties").and_then(Value::as_object);
    if let (Some(members), Some(known)) = (value.as_object(), properties) {
        for (name, member) in members {
            // The vendor's definitions list every member: one that is not there was misspelt.
            let of = known
                .get(name)
                .ok_or_else(|| format!("{path}.{name} is not in the definition"))?;
            shape(definition, of, member, &format!("{path}.{name}"))?;
        }
    }
    let rows = schema.get("items").zip(value.as_array());
    rows.map_or(Ok(()), |(of, rows)| {
        rows.iter()
            .try_for_each(|row| shape(definition, of, row, &format!("{path}[]")))
    })
}
