//! Reading lists whole: by rising id, so that what comes and goes meanwhile moves nothing out of sight.

use crate::client::{Call, Client};
use omnistock_sdk::ConnectorError;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

/// Records of one list; a database with more is read by nobody in time.
const MOST: usize = 5_000_000;

/// A record of a list.
pub(crate) trait Row: DeserializeOwned {
    /// Its id in the database.
    fn id(&self) -> i64;
}

/// A list that is read page by page.
pub(crate) struct List<'a> {
    pub(crate) client: &'a Client,
    pub(crate) page: usize,
    pub(crate) model: &'a str,
    pub(crate) domain: Vec<Value>,
    pub(crate) fields: Vec<&'a str>,
}

impl List<'_> {
    /// How many records there are now.
    pub(crate) async fn count(&self) -> Result<u64, ConnectorError> {
        let call = Call {
            model: self.model,
            method: "search_count",
            domain: Some(Value::Array(self.domain.clone())),
            named: Map::new(),
        };
        self.client.call(&call).await
    }

    /// All records that were there all the time. A short page doesn't end it: a server may have limits of its own.
    pub(crate) async fn read<R: Row>(&self) -> Result<Vec<R>, ConnectorError> {
        let (mut rows, mut last) = (Vec::new(), 0);
        loop {
            let page: Vec<R> = self.after(last).await?;
            let Some(end) = page.last().map(Row::id) else {
                return Ok(rows);
            };
            // Out of order, what comes next can't be told from what was.
            let mut before = last;
            for row in &page {
                if row.id() <= before {
                    return Err(ConnectorError::retry(format!(
                        "{}: records came out of order or twice",
                        self.model
                    )));
                }
                before = row.id();
            }
            last = end;
            rows.extend(page);
            if rows.len() > MOST {
                return Err(ConnectorError::operator(format!(
                    "{}: there are more than {MOST} records",
                    self.model
                )));
            }
        }
    }

    async fn after<R: Row>(&self, last: i64) -> Result<Vec<R>, ConnectorError> {
        let mut domain = self.domain.clone();
        domain.push(json!(["id", ">", last]));
        let named = json!({"fields": self.fields, "order": "id", "limit": self.page});
        let call = Call {
            model: self.model,
            method: "search_read",
            domain: Some(Value::Array(domain)),
            named: named.as_object().cloned().unwrap_or_default(),
        };
        let page: Vec<R> = self.client.call(&call).await?;
        if page.len() > self.page {
            let sent = page.len();
            return Err(ConnectorError::retry(format!(
                "{}: {sent} records came instead of at most {}",
                self.model, self.page
            )));
        }
        Ok(page)
    }

    /// The record that was made last, where there is any.
    pub(crate) async fn newest<R: Row>(&self) -> Result<Option<R>, ConnectorError> {
        let named = json!({"fields": self.fields, "order": "id desc", "limit": 1});
        let call = Call {
            model: self.model,
            method: "search_read",
            domain: Some(Value::Array(self.domain.clone())),
            named: named.as_object().cloned().unwrap_or_default(),
        };
        Ok(self.client.call::<Vec<R>>(&call).await?.into_iter().next())
    }
}
