//! Calls to the interface: the token, one renewal of it, rates that are told, and what the vendor's errors mean.

use crate::limits::{Operation, Plan, tell};
use crate::login::Login;
use crate::settings::Parts;
use omnistock_sdk::http::{Answer, Http, HttpSettings, Pass};
use omnistock_sdk::{ConnectorError, ErrorClass, ExposeSecret};
use reqwest::{Method, RequestBuilder};
use serde_json::Value;
use std::fmt::Write;
use url::Url;

/// Names and values of a query; lists are one value, separated by commas.
pub(crate) type Query = Vec<(&'static str, String)>;

/// A client for one seller's account.
pub(crate) struct Client {
    http: Http,
    login: Login,
    seller: String,
    marketplaces: Vec<String>,
    plan: Plan,
}

/// One call, as it is put together anew for each attempt.
pub(crate) struct Call<'a> {
    pub(crate) operation: Operation,
    pub(crate) method: Method,
    pub(crate) path: &'a str,
    pub(crate) query: &'a Query,
    pub(crate) body: Option<&'a Value>,
}

impl Client {
    /// For the account of `parts`.
    pub(crate) fn new(parts: &Parts) -> Result<Self, ConnectorError> {
        let settings = HttpSettings {
            deadline: parts.deadline,
            ..HttpSettings::new(parts.base.clone())
        };
        Ok(Self {
            http: Http::new(settings)?,
            login: Login::new(parts)?,
            seller: parts.seller.clone(),
            marketplaces: parts.marketplaces.clone(),
            plan: parts.plan,
        })
    }

    /// The seller's id.
    pub(crate) fn seller(&self) -> &str {
        &self.seller
    }

    /// The stores that share one quantity.
    pub(crate) fn marketplaces(&self) -> &[String] {
        &self.marketplaces
    }

    /// The first store: prices are asked there.
    pub(crate) fn marketplace(&self) -> &str {
        self.marketplaces.first().map_or("", String::as_str)
    }

    /// `marketplaceIds` of a query: all stores.
    pub(crate) fn stores(&self) -> (&'static str, String) {
        ("marketplaceIds", self.marketplaces.join(","))
    }

    /// The path of a listing; `None` where its SKU can't be named in a path.
    pub(crate) fn item_path(&self, sku: &str) -> Option<String> {
        // Servers and clients take these for steps between folders, also where they are escaped.
        let named = !matches!(sku, "." | "..");
        named.then(|| format!("/listings/2021-08-01/items/{}/{}", escaped(&self.seller), escaped(sku)))
    }

    /// Reads.
    pub(crate) async fn get(&self, operation: Operation, path: &str, query: &Query) -> Result<Answer, ConnectorError> {
        let call = Call {
            operation,
            method: Method::GET,
            path,
            query,
            body: None,
        };
        self.call(&call).await
    }

    /// Makes a call. A token that the vendor calls expired is renewed once: the refused call was certainly not
    /// carried out, so that even a write may go again.
    pub(crate) async fn call(&self, call: &Call<'_>) -> Result<Answer, ConnectorError> {
        let pass = self.login.pass(None).await?;
        let error = match self.once(&pass, call).await {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        if expired(&error) {
            let fresh = self.login.pass(Some(&pass)).await?;
            return self.once(&fresh, call).await.map_err(|error| explain(&error, call));
        }
        Err(explain(&error, call))
    }

    async fn once(&self, pass: &Pass, call: &Call<'_>) -> Result<Answer, ConnectorError> {
        let mut request = self.http.request(call.method.clone(), call.path);
        request = request.header("x-amz-access-token", pass.secret.expose_secret());
        if !call.query.is_empty() {
            request = request.query(call.query);
        }
        if let Some(body) = call.body {
            request = request.json(body);
        }
        let answer = self.http.send(request).await?;
        tell(self.plan, call.operation, &answer.headers);
        Ok(answer)
    }

    /// A request for an address that an answer named. It carries no token.
    pub(crate) fn elsewhere(&self, method: Method, url: &str) -> Result<RequestBuilder, ConnectorError> {
        let url: Url = url
            .parse()
            .map_err(|_| ConnectorError::unknown("Amazon names an address for a document that is none"))?;
        self.http.elsewhere(method, &url)
    }

    /// Sends such a request. What Amazon signed into the address is not repeated: a refusal by the host of the documents
    /// is told by its number, without its words, which repeat the address.
    pub(crate) async fn send(&self, request: RequestBuilder) -> Result<Answer, ConnectorError> {
        let worded = self.http.send(request).await;
        worded.map_err(|error| match error.message.split_once(": ") {
            Some((status, _)) if status.starts_with("answer ") => ConnectorError {
                message: format!("{status} of the host of Amazon's documents"),
                ..error
            },
            _ => error,
        })
    }
}

/// Text as one segment of a path, or as a value in it.
pub(crate) fn escaped(text: &str) -> String {
    let mut into = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            into.push(char::from(byte));
        } else {
            // Writing into a text can't fail.
            write!(into, "%{byte:02X}").unwrap_or_default();
        }
    }
    into
}

/// Whether the vendor answered with this status.
pub(crate) fn is(error: &ConnectorError, status: u16) -> bool {
    error.message.contains(&format!("answer {status}: "))
}

/// Whether the vendor says by itself that what was asked for is not there; a page of somebody else doesn't.
pub(crate) fn absent(error: &ConnectorError) -> bool {
    is(error, 404) && error.message.contains("\"errors\"")
}

/// 403 with the words "The access token you provided has expired." [observed by others].
fn expired(error: &ConnectorError) -> bool {
    (is(error, 403) || is(error, 401)) && error.message.contains("expired")
}

/// Names the operation, and says what to do where only a person can.
fn explain(error: &ConnectorError, call: &Call<'_>) -> ConnectorError {
    let (class, advice) = if is(error, 401) || is(error, 403) {
        let roles = "; check `refresh_token` and `seller_id`, and that the application has the roles of the README and is authorized for this seller";
        (ErrorClass::Operator, roles)
    } else if error.class == ErrorClass::Operator || (is(error, 404) && !absent(error)) {
        (ErrorClass::Operator, "; check `region` and `base_url`")
    } else {
        (error.class.clone(), "")
    };
    ConnectorError {
        class,
        message: format!("{}: {}{advice}", call.operation.name, error.message),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn skus_are_one_segment_of_a_path() {
        assert_eq!(escaped("a/b c?d#e%2F"), "a%2Fb%20c%3Fd%23e%252F");
        assert_eq!(escaped("Größe-4½"), "Gr%C3%B6%C3%9Fe-4%C2%BD");
    }

    proptest! {
        #[test]
        fn an_escaped_text_has_nothing_that_a_path_is_cut_at(text in "\\PC{1,40}") {
            let escaped = escaped(&text);
            prop_assert!(!escaped.contains(['/', '?', '#', '&', ' ', ',']));
        }
    }
}
