//! Whether an output holds what a rule test expects: objects by their given keys, lists in order,
//! with anything in between.

use serde_json::Value;

/// What of `expected` the output does not hold, one sentence each; empty: it holds all.
pub fn differences(expected: &Value, actual: &Value) -> Vec<String> {
    let mut found = Vec::new();
    compare("", expected, actual, &mut found);
    found
}

fn compare(path: &str, expected: &Value, actual: &Value, found: &mut Vec<String>) {
    match (expected, actual) {
        (Value::Object(wanted), Value::Object(given)) => {
            for (key, value) in wanted {
                compare(
                    &format!("{path}/{key}"),
                    value,
                    given.get(key).unwrap_or(&Value::Null),
                    found,
                );
            }
        }
        (Value::Array(wanted), Value::Array(given)) if wanted.len() == given.len() => {
            for (index, (value, other)) in wanted.iter().zip(given).enumerate() {
                compare(&format!("{path}/{index}"), value, other, found);
            }
        }
        (Value::Array(wanted), Value::Array(given)) => {
            let mut rest = given.iter();
            for (index, value) in wanted.iter().enumerate() {
                if !rest.any(|other| differences(value, other).is_empty()) {
                    found.push(format!("{path}/{index}: {value} is not there"));
                    return;
                }
            }
        }
        _ if expected == actual => {}
        _ => found.push(format!("{path}: expected {expected}, got {actual}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_subset_is_enough_and_a_difference_is_named() {
        let actual = json!({ "a": [{ "x": "1", "y": 2 }, { "x": "2" }], "b": null });
        assert_eq!(
            differences(&json!({ "a": [{ "x": "2" }], "b": null }), &actual),
            Vec::<String>::new()
        );
        assert_eq!(
            differences(&json!({ "a": [{ "x": "1" }, { "x": "3" }] }), &actual),
            ["/a/1/x: expected \"3\", got \"2\""]
        );
        assert_eq!(differences(&json!({ "a": [{ "x": "9" }] }), &actual).len(), 1);
    }
}
