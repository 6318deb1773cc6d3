//! The vendor, as far as anybody knows it: a shop on a loopback port, with what goes wrong at real ones.

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Method, Response, Uri};
use axum::response::IntoResponse;
use omnistock_sdk::simulated::{Server, Site, Trouble, WriteTrouble, cut_off};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

pub(crate) const KEY: &str = "key-of-the-toy-shop";
pub(crate) const READER: &str = "key-that-may-only-read";

/// An article: its SKU, and its stock where that is counted.
type Article = (Option<String>, Option<i64>);

#[derive(Default)]
pub(crate) struct Shop {
    pub(crate) articles: BTreeMap<u64, Article>,
    pub(crate) revoked: bool,
    pub(crate) every_call: Option<Trouble>,
    pub(crate) writes: Option<WriteTrouble>,
    pub(crate) most_units: Option<i64>,
    pub(crate) failing_sku: Option<String>,
}

impl Shop {
    pub(crate) fn by_sku(&mut self, sku: &str) -> (u64, &mut Article) {
        let found = self
            .articles
            .iter_mut()
            .find(|(_, (own, _))| own.as_deref() == Some(sku));
        found.map(|(id, article)| (*id, article)).unwrap()
    }

    fn answer(&mut self, method: &Method, uri: &Uri, key: &str, body: &[u8]) -> Response<Body> {
        if let Some(answer) = self
            .every_call
            .and_then(|trouble| trouble.answer(|| refused(500, "broken")))
        {
            return answer;
        }
        if self.revoked || ![KEY, READER].contains(&key) {
            return refused(401, "no such key");
        }
        match (method.as_str(), uri.path()) {
            ("GET", "/articles") => self.list(uri.query().unwrap_or_default()),
            ("PUT", "/stock") if key == READER => refused(403, "this key may only read"),
            ("PUT", "/stock") => self.set(&serde_json::from_slice::<Vec<Value>>(body).unwrap_or_default()),
            _ => refused(404, "no such page"),
        }
    }

    fn list(&self, query: &str) -> Response<Body> {
        let given = |name: &str| query.split('&').find_map(|pair| pair.strip_prefix(name));
        let numbers = |text: &str| text.split(',').map(|id| id.parse().unwrap_or(0)).collect::<Vec<u64>>();
        let ids = given("ids=").map(numbers);
        let after: u64 = given("after=").and_then(|id| id.parse().ok()).unwrap_or(0);
        let wanted = |id: &u64| ids.as_ref().map_or(*id > after, |ids| ids.contains(id));
        let rows = self.articles.iter().filter(|(id, _)| wanted(id)).take(100);
        let rows = rows.map(|(id, (sku, stock))| json!({"id": id, "sku": sku, "stock": stock}));
        axum::Json(json!({"articles": rows.collect::<Vec<_>>()})).into_response()
    }

    fn set(&mut self, entries: &[Value]) -> Response<Body> {
        if entries.len() > 100 {
            return refused(413, "at most 100 entries");
        }
        let results: Vec<Value> = entries.iter().map(|entry| self.entry(entry)).collect();
        axum::Json(json!({ "results": results })).into_response()
    }

    fn entry(&mut self, entry: &Value) -> Value {
        let id = entry["id"].as_str().and_then(|id| id.parse().ok()).unwrap_or(0_u64);
        let Some((sku, stock)) = self.articles.get_mut(&id) else {
            return json!({"error": "there is no such article"});
        };
        if self.failing_sku.is_some() && *sku == self.failing_sku {
            return json!({"error": "the article is being edited", "again": true});
        }
        // Without a word it cuts what it doesn't like, as real ones do.
        let given = entry["stock"].as_f64().map_or(0, |units| units as i64);
        *stock = Some(self.most_units.map_or(given, |most| given.min(most)));
        json!({ "stock": stock })
    }
}

fn refused(status: u16, error: &str) -> Response<Body> {
    let status = axum::http::StatusCode::from_u16(status).unwrap();
    (status, axum::Json(json!({ "error": error }))).into_response()
}

async fn call(
    State(site): State<Arc<Site<Shop>>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: axum::body::Bytes,
) -> Response<Body> {
    let key = headers
        .get("authorization")
        .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    let key = key.unwrap_or_default().to_owned();
    let writes = site.shop().writes.filter(|_| method == Method::PUT);
    let answer = move |shop: &mut Shop| shop.answer(&method, &uri, &key, &body);
    match writes {
        None => {}
        Some(WriteTrouble::NeverDone) => return hang(&site).await,
        Some(WriteTrouble::NeverAnswered) => {
            drop(answer(&mut site.shop()));
            return hang(&site).await;
        }
        Some(WriteTrouble::LandsLate(late)) => {
            site.later(late, move |shop| drop(answer(shop)));
            return hang(&site).await;
        }
    }
    let cuts = site.shop().every_call == Some(Trouble::CutOff);
    let answer = answer(&mut site.shop());
    if cuts { cut_off(answer).await } else { answer }
}

async fn hang(site: &Site<Shop>) -> Response<Body> {
    site.pause(Duration::from_mins(1)).await;
    refused(504, "no answer in time")
}

/// A running shop. Its port refuses connections once it is stopped or dropped.
pub(crate) async fn open() -> Server<Shop> {
    let routes = |site| Router::new().fallback(call).with_state(site);
    Server::open(0, |_| Shop::default(), routes).await.unwrap()
}
