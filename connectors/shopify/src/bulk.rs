//! Bulk operations: the vendor reads the whole catalogue by itself and lays down a file of lines, which is fetched in parts.

use crate::client::Client;
use crate::documents::{BULK_BEGIN, BULK_LEVELS, BULK_PRICED_LEVELS, BULK_STATE};
use crate::wire;
use omnistock_sdk::ConnectorError;
use omnistock_sdk::http::{Http, HttpSettings};
use reqwest::Method;
use reqwest::header::CONTENT_RANGE;
use serde::Deserialize;
use serde_json::json;
use std::time::Duration;
use tokio::time::sleep;
use url::Url;

/// Bytes of the file that are fetched at once.
const PART: u64 = 4 << 20;

/// Between two looks at an operation that is not ready, and looks within one call of ours.
const PAUSE: Duration = Duration::from_secs(1);
const LOOKS: u32 = 5;

/// What was read of the file.
pub(crate) struct Part {
    /// Levels, in no order.
    pub(crate) levels: Vec<wire::Level>,
    /// The byte to go on from; `None` at the end.
    pub(crate) next: Option<u64>,
}

#[derive(Deserialize)]
struct Begun {
    #[serde(rename = "bulkOperation")]
    operation: Option<wire::BulkOperation>,
    #[serde(rename = "userErrors")]
    errors: Vec<wire::UserError>,
}

/// Has the vendor begin; the operation's id.
pub(crate) async fn begin(client: &Client, priced: bool) -> Result<String, ConnectorError> {
    let query = if priced { BULK_PRICED_LEVELS } else { BULK_LEVELS };
    let begun: Begun = client
        .ask(&BULK_BEGIN, &json!({ "query": query }), "bulkOperationRunQuery")
        .await?;
    if let Some(error) = begun.errors.first() {
        // Others of this app (five at once are allowed) are not ended for ours.
        let sentence = format!(
            "the shop's catalogue can't be read in bulk: {}: {}",
            error.code.as_deref().unwrap_or("error"),
            error.message
        );
        return Err(ConnectorError::retry(sentence));
    }
    begun
        .operation
        .map(|operation| operation.id)
        .ok_or_else(|| ConnectorError::retry("the shop did not say which bulk operation it began"))
}

/// The part of the file at `offset`; an empty one that goes on at the same place while the vendor is still at work.
pub(crate) async fn part(client: &Client, operation: &str, offset: u64) -> Result<Part, ConnectorError> {
    for look in 1..=LOOKS {
        let state: Option<wire::BulkOperation> = client
            .ask(&BULK_STATE, &json!({ "id": operation }), "bulkOperation")
            .await?;
        let Some(state) = state else {
            return Err(again("the shop does not know it any more"));
        };
        match (state.status.as_str(), state.url) {
            ("COMPLETED", Some(url)) => return fetch(&url, offset).await,
            // Nothing was found.
            ("COMPLETED", None) => {
                return Ok(Part {
                    levels: Vec::new(),
                    next: None,
                });
            }
            ("CREATED" | "RUNNING", _) if look < LOOKS => sleep(PAUSE).await,
            ("CREATED" | "RUNNING", _) => {}
            (status, _) => {
                return Err(again(&format!(
                    "it ended as {status} ({})",
                    state.error_code.as_deref().unwrap_or("no reason given")
                )));
            }
        }
    }
    Ok(Part {
        levels: Vec::new(),
        next: Some(offset),
    })
}

/// The pass has to begin anew: its cursor leads nowhere.
fn again(what: &str) -> ConnectorError {
    ConnectorError::rejected(format!(
        "the bulk operation that reads the catalogue: {what}; the catalogue is read again from its beginning"
    ))
}

async fn fetch(url: &str, offset: u64) -> Result<Part, ConnectorError> {
    let url: Url = url.parse().map_err(|_| again("its file has no address"))?;
    let path = url
        .query()
        .map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()));
    let mut base = url;
    base.set_path("");
    base.set_query(None);
    let http = Http::new(HttpSettings::new(base))?;
    // The address is signed and needs no token of ours, so none is shown to whoever keeps the file.
    let range = format!("bytes={offset}-{}", offset.saturating_add(PART - 1));
    let answer = http
        .send(
            http.request(Method::GET, &path)
                .header("range", range)
                .header("accept-encoding", "identity"),
        )
        .await?;
    if answer.status != 206 && offset > 0 {
        return Err(again("its file is not handed out in parts"));
    }
    let length = u64::try_from(answer.body.len()).unwrap_or(u64::MAX);
    let total = answer
        .headers
        .get(CONTENT_RANGE)
        .and_then(|value| value.to_str().ok()?.rsplit('/').next()?.parse::<u64>().ok());
    let whole = answer.status != 206 || total.map_or(length < PART, |total| offset.saturating_add(length) >= total);
    read(&answer.body, offset, whole)
}

/// Lines up to the last whole one; `whole`: nothing comes behind.
fn read(body: &[u8], offset: u64, whole: bool) -> Result<Part, ConnectorError> {
    let end = if whole {
        body.len()
    } else {
        body.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1)
    };
    if end == 0 && !whole {
        return Err(again("its file has a line without an end"));
    }
    let mut levels = Vec::new();
    for line in body
        .get(..end)
        .unwrap_or_default()
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
    {
        let row: serde_json::Value =
            serde_json::from_slice(line).map_err(|error| again(&format!("a line of its file is no JSON: {error}")))?;
        // A location's own row says nothing that its levels don't.
        if row.get("item").is_some() {
            levels.push(
                serde_json::from_value(row)
                    .map_err(|error| again(&format!("a line of its file is no level: {error}")))?,
            );
        }
    }
    let next = (!whole).then(|| offset.saturating_add(u64::try_from(end).unwrap_or(u64::MAX)));
    Ok(Part { levels, next })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn file(rows: usize) -> String {
        let mut text = "{\"id\":\"gid://shopify/Location/1\"}\n".to_owned();
        for row in 0..rows {
            let level = json!({"id": format!("gid://shopify/InventoryLevel/{row}?inventory_item_id={row}"),
                "item": {"id": format!("gid://shopify/InventoryItem/{row}"), "sku": format!("S-{row}"), "tracked": true},
                "location": {"id": "gid://shopify/Location/1"}, "quantities": [{"name": "available", "quantity": row}],
                "__parentId": "gid://shopify/Location/1"});
            text.push_str(&level.to_string());
            text.push('\n');
        }
        text
    }

    #[test]
    fn a_file_that_is_cut_off_in_a_line_goes_on_with_that_line() {
        let text = file(3);
        let cut = text.len() - 10;
        let first = read(&text.as_bytes()[..cut], 100, false).unwrap();
        assert_eq!(first.levels.len(), 2);
        let from = usize::try_from(first.next.unwrap() - 100).unwrap();
        let rest = read(&text.as_bytes()[from..], 100, true).unwrap();
        assert_eq!((rest.levels.len(), rest.next), (1, None));
    }

    #[test]
    fn a_line_without_an_end_or_without_sense_is_an_error() {
        assert!(read(b"{\"item\":", 0, false).is_err());
        assert!(read(b"{\"item\":", 0, true).is_err());
        assert!(read(b"{\"item\":7}\n", 0, true).is_err());
        assert_eq!(read(b"", 0, true).unwrap().levels.len(), 0);
    }

    proptest! {
        #[test]
        fn parts_of_any_size_make_up_the_whole(rows in 0usize..20, size in 400usize..900) {
            let text = file(rows);
            let (mut offset, mut found) = (0usize, 0);
            loop {
                let end = (offset + size).min(text.len());
                let part = read(&text.as_bytes()[offset..end], u64::try_from(offset).unwrap(), end == text.len()).unwrap();
                found += part.levels.len();
                match part.next {
                    Some(next) => offset = usize::try_from(next).unwrap(),
                    None => break,
                }
            }
            prop_assert_eq!(found, rows);
        }
    }
}
