//! A client of the tests' own: it signs by itself and shows answers as they came.

use omnistock_sdk::http::{Http, HttpSettings, hmac_sha256_base64};
use omnistock_sdk::{ConnectorError, SecretString, now};
use omnistock_woocommerce::simulator::Simulator;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};

static CALLS: AtomicU64 = AtomicU64::new(0);

fn encode(text: &str) -> String {
    text.bytes().fold(String::new(), |mut all, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            all.push(char::from(byte));
        } else {
            write!(all, "%{byte:02X}").unwrap();
        }
        all
    })
}

/// Calls a simulated shop.
pub(crate) struct Caller {
    http: Http,
    base: String,
    secret: String,
    key: &'static str,
}

impl Caller {
    pub(crate) fn new(shop: &Simulator) -> Self {
        let base = format!("{}wp-json/wc/v3", shop.url());
        let http = Http::new(HttpSettings::new(base.parse().unwrap())).unwrap();
        Self {
            http,
            base,
            secret: format!("{}&", shop.secret()),
            key: shop.key(),
        }
    }

    pub(crate) fn target(&self, method: &str, path: &str, query: &[(&str, &str)]) -> String {
        let nonce = format!("n{}", CALLS.fetch_add(1, Ordering::Relaxed));
        let time = (now().0 / 1_000).to_string();
        let oauth = [
            ("oauth_consumer_key", self.key),
            ("oauth_nonce", &nonce),
            ("oauth_signature_method", "HMAC-SHA256"),
            ("oauth_timestamp", &time),
        ];
        let mut pairs: Vec<String> = query
            .iter()
            .chain(&oauth)
            .map(|(name, value)| format!("{name}={}", encode(value)))
            .collect();
        pairs.sort();
        let query = pairs.join("&");
        let text = format!(
            "{method}&{}&{}",
            encode(&format!("{}{path}", self.base)),
            encode(&query)
        );
        let signature = hmac_sha256_base64(&SecretString::from(self.secret.clone()), text.as_bytes());
        format!("{path}?{query}&oauth_signature={}", encode(&signature))
    }

    pub(crate) async fn go(&self, method: &str, target: &str, body: &str) -> Result<Value, ConnectorError> {
        let request = self
            .http
            .request(method.parse().unwrap(), target)
            .header("content-type", "application/json")
            .body(body.to_owned());
        self.http.send(request).await?.json()
    }

    pub(crate) async fn call(
        &self,
        method: &str,
        path: &str,
        query: &[(&str, &str)],
        body: Value,
    ) -> Result<Value, ConnectorError> {
        self.go(method, &self.target(method, path, query), &body.to_string())
            .await
    }

    /// The answer, whatever it says.
    #[allow(clippy::disallowed_methods, reason = "the shop is ours, so its answers are small")]
    pub(crate) async fn raw(&self, method: &str, target: &str, body: &str) -> Answer {
        let request = self
            .http
            .request(method.parse().unwrap(), target)
            .header("content-type", "application/json")
            .body(body.to_owned());
        let answer = request.send().await.unwrap();
        let text = |(name, value): (&reqwest::header::HeaderName, &reqwest::header::HeaderValue)| {
            (name.to_string(), value.to_str().unwrap().to_owned())
        };
        Answer {
            status: answer.status().as_u16(),
            headers: answer.headers().iter().map(text).collect(),
            body: serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap(),
        }
    }
}

/// An answer as it came.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Names in lower case.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Value,
}
