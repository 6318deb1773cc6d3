//! Bulk operations: the answer to a query without pages, as a file of lines in which children name their parents.

use super::graph::{Failure, Node, Request};
use super::reads::{self, gid};
use super::shop::{Bulk, Shop};
use serde_json::{Map, Value, json};
use tokio::time::Instant;

/// At once, of one app in one shop [documented].
const MOST: usize = 5;

/// Begins one; the payload of the change.
pub(super) fn begin(shop: &mut Shop, query: &str) -> Result<Value, Failure> {
    let refused = |code: &str, message: &str| json!({"bulkOperation": null, "userErrors": [{"field": ["query"], "message": message, "code": code}]});
    let now = Instant::now();
    if shop.bulks.values().filter(|bulk| bulk.ready > now).count() >= MOST {
        return Ok(refused(
            "OPERATION_IN_PROGRESS",
            "A bulk query operation for this app and shop is already in progress.",
        ));
    }
    let request = match Request::read(query, json!({}), true) {
        Ok(request) if !request.mutation => request,
        Ok(_) => return Ok(refused("INVALID", "Bulk queries must not be mutations.")),
        Err(failure) => return Ok(refused("INVALID", &failure.message)),
    };
    let mut file = String::new();
    for field in &request.roots {
        let answer = reads::root(shop, &request, field)?;
        lines(&answer, None, &mut file);
    }
    let id = shop.next_id();
    shop.bulks.insert(
        id,
        Bulk {
            ready: now + shop.faults.bulk_time,
            file,
        },
    );
    Ok(
        json!({"bulkOperation": {"id": gid("BulkOperation", id), "status": "CREATED", "errorCode": null, "url": null}, "userErrors": []}),
    )
}

/// One row for each object of a list, below it those of the lists in it.
fn lines(connection: &Value, parent: Option<&Value>, file: &mut String) {
    for edge in connection.get("edges").and_then(Value::as_array).into_iter().flatten() {
        let Some(Value::Object(node)) = edge.get("node") else {
            continue;
        };
        let is_list = |value: &Value| value.get("edges").is_some();
        let mut row: Map<String, Value> = node
            .iter()
            .filter(|(_, value)| !is_list(value))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        if let Some(parent) = parent {
            row.insert("__parentId".to_owned(), parent.clone());
        }
        file.push_str(&Value::Object(row).to_string());
        file.push('\n');
        for list in node.values().filter(|value| is_list(value)) {
            lines(list, node.get("id"), file);
        }
    }
}

/// How far one is.
pub(super) fn node(shop: &Shop, id: u64) -> Option<Node> {
    let bulk = shop.bulks.get(&id)?;
    let ready = bulk.ready <= Instant::now();
    let url = (ready && !bulk.file.is_empty()).then(|| format!("{}/bulk/{id}.jsonl?Signature=made-up", shop.address));
    let status = if ready { "COMPLETED" } else { "RUNNING" };
    Some(
        reads::bare("BulkOperation", id)
            .leaf("status", status)
            .leaf("errorCode", Value::Null)
            .leaf("url", url),
    )
}
