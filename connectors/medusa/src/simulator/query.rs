//! Queries as the vendor understands them: repeated names, comparison in brackets, paging, chosen fields.

use serde_json::{Map, Value};
use url::form_urlencoded;

/// A decoded query.
pub(super) struct Query(Vec<(String, String)>);

/// A page: which rows, as the query says.
pub(super) struct Paging {
    pub(super) limit: usize,
    pub(super) offset: usize,
}

impl Query {
    pub(super) fn new(raw: &str) -> Self {
        Self(form_urlencoded::parse(raw.as_bytes()).into_owned().collect())
    }

    /// Where a field with this start is asked for, these are asked for too.
    pub(super) fn with(&self, start: &str, more: &str) -> Self {
        let more = |(name, value): &(String, String)| {
            let asked = name == "fields" && value.split(',').any(|field| field.starts_with(start));
            let value = if asked { format!("{value}{more}") } else { value.clone() };
            (name.clone(), value)
        };
        Self(self.0.iter().map(more).collect())
    }

    pub(super) fn one(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// All values of `name` and `name[]`; none: not filtered.
    pub(super) fn all(&self, name: &str) -> Option<Vec<&str>> {
        let listed = format!("{name}[]");
        let values: Vec<&str> = self
            .0
            .iter()
            .filter(|(key, _)| key == name || *key == listed)
            .map(|(_, value)| value.as_str())
            .collect();
        (!values.is_empty()).then_some(values)
    }

    /// Whether `value` passes the filter `name`.
    pub(super) fn admits(&self, name: &str, value: &str) -> bool {
        self.all(name).is_none_or(|allowed| allowed.contains(&value))
    }

    /// Limit and offset with the vendor's defaults; `None` for what it fails on.
    pub(super) fn paging(&self, default: usize) -> Option<Paging> {
        let number = |name: &str, default: usize| self.one(name).map_or(Some(default), |text| text.parse().ok());
        Some(Paging {
            limit: number("limit", default)?,
            offset: number("offset", 0)?,
        })
    }

    /// Only the fields asked for, and `id`. Unknown ones are ignored. `whole` names what comes complete anyway.
    pub(super) fn project(&self, row: Value, whole: &[&str]) -> Value {
        let Some(fields) = self.one("fields") else { return row };
        let paths: Vec<&str> = fields.split(',').map(str::trim).chain(["id"]).collect();
        pick(row, &paths, whole)
    }
}

fn pick(value: Value, paths: &[&str], whole: &[&str]) -> Value {
    match value {
        Value::Array(rows) => rows.into_iter().map(|row| pick(row, paths, whole)).collect(),
        Value::Object(fields) => {
            let mut kept = Map::new();
            for (name, value) in fields {
                let asked = paths.iter().any(|path| path.trim_start_matches('*') == name);
                let inner: Vec<&str> = paths
                    .iter()
                    .filter_map(|path| path.strip_prefix(name.as_str())?.strip_prefix('.'))
                    .collect();
                if asked || inner.contains(&"*") || (whole.contains(&name.as_str()) && !inner.is_empty()) {
                    kept.insert(name, value);
                } else if !inner.is_empty() {
                    kept.insert(name, pick(value, &inner, &[]));
                }
            }
            Value::Object(kept)
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_what_was_asked_for_comes() {
        let row = json!({"id": "1", "sku": "A", "title": "x", "location_levels": [{"location_id": "l", "stocked_quantity": 1, "reserved_quantity": 2}]});
        let query = Query::new("fields=sku,location_levels.stocked_quantity,bogus");
        assert_eq!(
            query.project(row.clone(), &[]),
            json!({"id": "1", "sku": "A", "location_levels": [{"stocked_quantity": 1}]})
        );
        assert_eq!(
            Query::new("fields=id,*location_levels").project(row.clone(), &[])["location_levels"],
            row["location_levels"]
        );
        assert_eq!(Query::new("").project(row.clone(), &[]), row);
    }

    #[test]
    fn names_repeat_with_and_without_brackets() {
        let query = Query::new("id%5B%5D=a&id[]=b&limit=-1");
        assert_eq!(query.all("id"), Some(vec!["a", "b"]));
        assert!(query.admits("id", "b") && !query.admits("id", "c") && query.admits("sku", "c"));
        assert!(query.paging(20).is_none());
    }
}
