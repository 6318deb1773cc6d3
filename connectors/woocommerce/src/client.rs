//! Calls to the shop: address, credentials, and what its errors mean.

use crate::oauth::{Query, Signer, join};
use crate::settings::Parts;
use omnistock_sdk::http::{Answer, Http, HttpSettings};
use omnistock_sdk::{ConnectorError, ErrorClass, ExposeSecret, SecretString, now};
use omnistock_words::Millis;
use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, DATE};
use serde_json::Value;

/// The most that the vendor hands out or takes at once [observed: 101 is refused].
pub(crate) const PAGE: usize = 100;

enum Credentials {
    /// Over TLS only: the vendor doesn't look at it otherwise.
    Basic { key: SecretString, secret: SecretString },
    /// Over plain HTTP: the secret itself is never sent.
    Signed(Box<Signer>),
}

/// A client for one shop.
pub(crate) struct Client {
    http: Http,
    credentials: Credentials,
}

impl Client {
    /// For a shop at `parts.url`.
    pub(crate) fn new(parts: &Parts) -> Result<Self, ConnectorError> {
        let mut base = parts.url.clone();
        base.set_path(&format!("{}/wp-json/wc/v3", parts.url.path().trim_end_matches('/')));
        let credentials = if base.scheme() == "https" {
            Credentials::Basic {
                key: parts.key.clone(),
                secret: parts.secret.clone(),
            }
        } else {
            Credentials::Signed(Box::new(Signer::new(parts.key.clone(), &parts.secret)))
        };
        let settings = HttpSettings {
            deadline: parts.deadline,
            ..HttpSettings::new(base)
        };
        Ok(Self {
            http: Http::new(settings)?,
            credentials,
        })
    }

    /// Reads `path`.
    pub(crate) async fn get(&self, path: &str, query: &[(&str, &str)]) -> Result<Answer, ConnectorError> {
        self.call(Method::GET, path, query, None).await
    }

    /// Sends `body` to `path`.
    pub(crate) async fn send(&self, method: Method, path: &str, body: &Value) -> Result<Answer, ConnectorError> {
        self.call(method, path, &[], Some(body)).await
    }

    /// Deletes `path` for good.
    pub(crate) async fn delete(&self, path: &str) -> Result<Answer, ConnectorError> {
        self.call(Method::DELETE, path, &[("force", "true")], None).await
    }

    async fn call(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Result<Answer, ConnectorError> {
        let query: Query = query
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        let query = match &self.credentials {
            Credentials::Basic { .. } => query,
            Credentials::Signed(signer) => {
                let address = format!("{}{path}", self.http.base().as_str().trim_end_matches('/'));
                signer.sign(method.as_str(), &address, query, now())
            }
        };
        let target = if query.is_empty() {
            path.to_owned()
        } else {
            format!("{path}?{}", join(&query))
        };
        let mut request = self.http.request(method.clone(), &target);
        if let Credentials::Basic { key, secret } = &self.credentials {
            request = request.basic_auth(key.expose_secret(), Some(secret.expose_secret()));
        }
        if let Some(body) = body {
            request = request.header(CONTENT_TYPE, "application/json").body(body.to_string());
        }
        self.http
            .send(request)
            .await
            .map_err(|error| explain(error, &method, path))
    }
}

/// Names the call, and says what to do where only a person can.
fn explain(error: ConnectorError, method: &Method, path: &str) -> ConnectorError {
    // A page in place of the vendor's own error: there is no such interface behind the address.
    let page = error.message.contains("answer 404: ") && !error.message.contains("\"code\"");
    let no_route = page || error.message.contains("rest_no_route");
    let class = if no_route { ErrorClass::Operator } else { error.class };
    let advice = if no_route {
        "; check `url`, that WooCommerce is active and that permalinks are not \"Plain\""
    } else if class == ErrorClass::Operator {
        "; check `url`, `key` and `secret`: the key needs read/write permission of a user who may manage WooCommerce"
    } else {
        ""
    };
    ConnectorError {
        class,
        message: format!("{method} {path}: {}{advice}", error.message),
    }
}

/// How many pages there are; without the header, one more than this if it is full.
pub(crate) fn has_next(answer: &Answer, page: u32, rows: usize) -> bool {
    let total = answer
        .headers
        .get("x-wp-totalpages")
        .and_then(|value| value.to_str().ok())
        .and_then(|text| text.trim().parse::<u32>().ok());
    total.map_or(rows >= PAGE, |total| page < total)
}

/// How many rows there are in all, where the shop says so.
pub(crate) fn total(answer: &Answer) -> Option<usize> {
    let value = answer.headers.get("x-wp-total")?.to_str().ok()?;
    value.trim().parse().ok()
}

/// The shop's clock when it answered, never ahead of ours: a cursor that is too early costs a second look, a late one an order.
pub(crate) fn answered_at(answer: &Answer) -> Millis {
    let date = answer
        .headers
        .get(DATE)
        .and_then(|value| value.to_str().ok())
        .and_then(parse_date);
    date.unwrap_or(Millis::MAX).min(now())
}

/// An HTTP date, `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 §5.6.7).
fn parse_date(text: &str) -> Option<Millis> {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let mut words = text.split_ascii_whitespace().skip(1);
    let (day, month, year, time) = (words.next()?, words.next()?, words.next()?, words.next()?);
    let month = MONTHS.iter().position(|name| *name == month)? + 1;
    format!("{year}-{month:02}-{day:0>2}T{time}Z").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn http_dates_read() {
        assert_eq!(
            parse_date("Sun, 06 Nov 1994 08:49:37 GMT"),
            "1994-11-06T08:49:37Z".parse().ok()
        );
        for text in [
            "",
            "Sun",
            "Sun, 06 Foo 1994 08:49:37 GMT",
            "Sun, 99 Nov 1994 08:49:37 GMT",
        ] {
            assert_eq!(parse_date(text), None, "{text}");
        }
    }

    #[test]
    fn only_tls_carries_the_secret_and_a_folder_of_the_address_stays() {
        let client = |url: &str| {
            let (key, secret) = (SecretString::from("ck"), SecretString::from("cs"));
            let deadline = std::time::Duration::from_secs(1);
            Client::new(&Parts {
                url: url.parse().unwrap(),
                key,
                secret,
                webhook_secrets: Vec::new(),
                deadline,
                overlap: 0,
                currency: None,
            })
            .unwrap()
        };
        let (tls, plain) = (client("https://shop.test/sub/"), client("http://shop.test:8080"));
        assert!(matches!(tls.credentials, Credentials::Basic { .. }));
        assert_eq!(tls.http.base().as_str(), "https://shop.test/sub/wp-json/wc/v3");
        assert!(matches!(plain.credentials, Credentials::Signed(_)));
        assert_eq!(plain.http.base().as_str(), "http://shop.test:8080/wp-json/wc/v3");
    }

    #[test]
    fn a_shop_without_the_interface_is_a_matter_for_a_person() {
        let error = explain(
            ConnectorError::rejected("answer 404: {\"code\":\"rest_no_route\"}"),
            &Method::GET,
            "/orders",
        );
        assert_eq!(error.class, ErrorClass::Operator);
        assert!(error.message.contains("permalinks"), "{}", error.message);
    }
}
