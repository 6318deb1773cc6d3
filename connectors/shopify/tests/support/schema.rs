//! Holds documents, variables and answers to the vendor's own schema.

use apollo_compiler::executable::{Selection, SelectionSet};
use apollo_compiler::request::coerce_variable_values;
use apollo_compiler::schema::ExtendedType;
use apollo_compiler::validation::Valid;
use apollo_compiler::{ExecutableDocument, Schema, ast::Type};
use omnistock_shopify::simulator::Exchange;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

/// The vendor's schema of a version; `None`, and a sentence, where `OMNISTOCK_SPECS` is not set.
pub(crate) fn schema(version: &str) -> Option<Arc<Valid<Schema>>> {
    // It is long: each program reads it once.
    static READ: Mutex<BTreeMap<String, Arc<Valid<Schema>>>> = Mutex::new(BTreeMap::new());
    let Ok(folder) = std::env::var("OMNISTOCK_SPECS") else {
        eprintln!("nothing was held to the vendor's schema: OMNISTOCK_SPECS is not set");
        return None;
    };
    let mut read = READ.lock().unwrap();
    if let Some(schema) = read.get(version) {
        return Some(Arc::clone(schema));
    }
    let file = Path::new(&folder).join(format!("shopify/admin-{version}.graphql"));
    let text = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    // What the vendor publishes is not ours to validate.
    let schema = Schema::parse(text, &file).unwrap_or_else(|error| panic!("{}: {}", file.display(), error.errors));
    let schema = Arc::new(Valid::assume_valid(schema));
    read.insert(version.to_owned(), Arc::clone(&schema));
    Some(schema)
}

/// Every exchange, against the schema of its version; says how many.
pub(crate) fn hold(version: &str, exchanges: &[Exchange]) {
    let Some(schema) = schema(version) else { return };
    for exchange in exchanges {
        if let Err(complaint) = holds(&schema, exchange) {
            panic!(
                "{version}: {complaint}\n{}\n{}\n{}",
                exchange.query, exchange.variables, exchange.answer
            );
        }
    }
    eprintln!("{} exchanges hold to the vendor's schema {version}", exchanges.len());
    omnistock_conformance::table::validated("shopify", exchanges.len());
}

/// What is wrong with one exchange.
pub(crate) fn holds(schema: &Valid<Schema>, exchange: &Exchange) -> Result<(), String> {
    let document = ExecutableDocument::parse_and_validate(schema, &exchange.query, "query.graphql")
        .map_err(|error| error.errors.to_string())?;
    let operation = document.operations.get(None).map_err(|error| format!("{error:?}"))?;
    let variables: apollo_compiler::response::JsonMap =
        serde_json::from_value(exchange.variables.clone()).map_err(|error| error.to_string())?;
    coerce_variable_values(schema, operation, &variables).map_err(|error| format!("{error:?}"))?;
    if let Some(query) = exchange
        .variables
        .get("query")
        .and_then(Value::as_str)
        .filter(|_| exchange.query.contains("bulkOperationRunQuery"))
    {
        ExecutableDocument::parse_and_validate(schema, query, "bulk.graphql")
            .map_err(|error| error.errors.to_string())?;
    }
    if let Some(errors) = exchange.answer.get("errors") {
        let coded = |error: &Value| error["message"].is_string() && error["extensions"]["code"].is_string();
        let all = errors
            .as_array()
            .is_some_and(|errors| !errors.is_empty() && errors.iter().all(coded));
        return if all {
            Ok(())
        } else {
            Err("errors without message and code".to_owned())
        };
    }
    let costs = &exchange.answer["extensions"]["cost"];
    if !costs["requestedQueryCost"].is_u64() || !costs["throttleStatus"]["currentlyAvailable"].is_u64() {
        return Err("an answer without costs".to_owned());
    }
    object(
        schema,
        &document,
        &operation.selection_set,
        &exchange.answer["data"],
        "data",
    )
}

fn object(
    schema: &Schema,
    document: &ExecutableDocument,
    selected: &SelectionSet,
    value: &Value,
    path: &str,
) -> Result<(), String> {
    let members = value.as_object().ok_or_else(|| format!("{path} is no object"))?;
    let mut known = Vec::new();
    selection(schema, document, selected, value, path, &mut known)?;
    match members.keys().find(|name| !known.contains(*name)) {
        Some(name) => Err(format!("{path}.{name} was not asked for")),
        None => Ok(()),
    }
}

fn selection(
    schema: &Schema,
    document: &ExecutableDocument,
    selected: &SelectionSet,
    value: &Value,
    path: &str,
    known: &mut Vec<String>,
) -> Result<(), String> {
    for one in &selected.selections {
        match one {
            Selection::Field(field) => {
                let name = field.response_key().to_string();
                let path = format!("{path}.{name}");
                let member = value.get(&name).ok_or_else(|| format!("{path} is missing"))?;
                typed(
                    schema,
                    document,
                    &field.definition.ty,
                    &field.selection_set,
                    member,
                    &path,
                )?;
                known.push(name);
            }
            Selection::InlineFragment(fragment) => {
                selection(schema, document, &fragment.selection_set, value, path, known)?;
            }
            Selection::FragmentSpread(spread) => {
                let fragment = spread.fragment_def(document).ok_or("an unknown fragment")?;
                selection(schema, document, &fragment.selection_set, value, path, known)?;
            }
        }
    }
    Ok(())
}

fn typed(
    schema: &Schema,
    document: &ExecutableDocument,
    ty: &Type,
    selected: &SelectionSet,
    value: &Value,
    path: &str,
) -> Result<(), String> {
    if value.is_null() {
        return if ty.is_non_null() {
            Err(format!("{path} is null, but {ty}"))
        } else {
            Ok(())
        };
    }
    if ty.is_list() {
        let values = value.as_array().ok_or_else(|| format!("{path} is no list, but {ty}"))?;
        let mut each = values.iter().enumerate();
        return each.try_for_each(|(index, value)| {
            typed(
                schema,
                document,
                ty.item_type(),
                selected,
                value,
                &format!("{path}[{index}]"),
            )
        });
    }
    let name = ty.inner_named_type();
    match schema.types.get(name) {
        Some(ExtendedType::Enum(kinds)) => {
            let good = value.as_str().is_some_and(|value| kinds.values.contains_key(value));
            if good {
                Ok(())
            } else {
                Err(format!("{path} is {value}, which {name} has not"))
            }
        }
        Some(ExtendedType::Scalar(_)) | None => {
            let good = match name.as_str() {
                "Int" => value.as_i64().is_some_and(|value| i32::try_from(value).is_ok()),
                "Float" => value.is_number(),
                "Boolean" => value.is_boolean(),
                "DateTime" => value
                    .as_str()
                    .is_some_and(|value| value.parse::<omnistock_words::Millis>().is_ok()),
                "URL" => value.as_str().is_some_and(|value| value.starts_with("http")),
                _ => value.is_string(),
            };
            if good {
                Ok(())
            } else {
                Err(format!("{path} is {value}, which is no {name}"))
            }
        }
        Some(_) => object(schema, document, selected, value, path),
    }
}
