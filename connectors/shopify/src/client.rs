//! Calls to the shop: the token and one renewal of it, the vendor's bucket of costs, and what its errors mean.
//!
//! The vendor answers 200 to nearly everything; what went wrong stands in `errors`, whose codes decide here.

use crate::documents::Document;
use crate::login::Login;
use crate::settings::Parts;
use crate::throttle::Throttle;
use crate::wire::{CallError, Cost, Envelope};
use omnistock_sdk::http::{Answer, Http, HttpSettings, Pass};
use omnistock_sdk::{ConnectorError, ErrorClass, ExposeSecret};
use reqwest::Method;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// The version that really served a call.
const SERVED: &str = "x-shopify-api-version";

/// After a refusal for cost, however full the bucket is said to be: others may drink from it.
const LEAST_PAUSE: Duration = Duration::from_secs(1);

/// A client for one shop.
pub(crate) struct Client {
    http: Http,
    login: Login,
    throttle: Throttle,
    path: String,
    version: String,
    /// The version that served the last call, where it was not the one that was asked for; told of already.
    warned: Mutex<Option<String>>,
}

impl Client {
    /// For the shop of `parts`.
    pub(crate) fn new(parts: &Parts) -> Result<Self, ConnectorError> {
        let settings = HttpSettings {
            deadline: parts.deadline,
            ..HttpSettings::new(parts.url.clone())
        };
        Ok(Self {
            http: Http::new(settings)?,
            login: Login::new(parts.credentials.clone()),
            throttle: Throttle::new(Instant::now()),
            path: format!("/admin/api/{}/graphql.json", parts.version),
            version: parts.version.clone(),
            warned: Mutex::new(None),
        })
    }

    /// Asks, and reads the member `field` of the answer's data as `T`. `Retry` and `Operator` mean that nothing was done.
    pub(crate) async fn ask<T: DeserializeOwned>(
        &self,
        document: &Document,
        variables: &Value,
        field: &str,
    ) -> Result<T, ConnectorError> {
        self.ask_of(document, variables, field, 1).await
    }

    /// The same of a document whose cost is that of one object, times `objects`.
    pub(crate) async fn ask_of<T: DeserializeOwned>(
        &self,
        document: &Document,
        variables: &Value,
        field: &str,
        objects: usize,
    ) -> Result<T, ConnectorError> {
        let (reserved, wait) = self
            .throttle
            .reserve(document.name, document.cost, objects, Instant::now())
            .map_err(|wait| ConnectorError {
                class: ErrorClass::Retry { after: Some(wait) },
                message: format!(
                    "{}: the shop's bucket of query costs is empty; it is asked again when it has filled",
                    document.name
                ),
            })?;
        if !wait.is_zero() {
            sleep(wait).await;
        }
        let answer = self.send(document, variables).await?;
        self.look_at_version(&answer);
        let mut envelope: Envelope = answer.json()?;
        let cost = envelope.extensions.cost.take();
        if let Some(cost) = &cost {
            self.throttle.learn(document.name, reserved, cost, Instant::now());
        }
        if let Some(error) = self.refusal(document, &envelope.errors, cost.as_ref()) {
            return Err(error);
        }
        // Null is an answer ("there is none"); a member that is missing is none: it must not pass for an empty shop.
        let Some(data) = envelope.data.get_mut(field).map(Value::take) else {
            return Err(ConnectorError::unknown(format!(
                "{}: the answer has no `{field}`",
                document.name
            )));
        };
        serde_json::from_value(data).map_err(|error| {
            ConnectorError::unknown(format!(
                "{}: the answer is not of the shape of version {}: {error}",
                document.name, self.version
            ))
        })
    }

    async fn send(&self, document: &Document, variables: &Value) -> Result<Answer, ConnectorError> {
        let Some(pass) = self.login.pass(&self.http, None).await? else {
            return Err(ConnectorError::operator(format!(
                "there is no way to log in; check {}",
                self.login.settings()
            )));
        };
        let error = match self.once(&pass, document, variables).await {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        // A refused request was certainly not carried out, so even a write may go again.
        if is(&error, 401)
            && let Some(fresh) = self.login.pass(&self.http, Some(&pass)).await?
        {
            return self
                .once(&fresh, document, variables)
                .await
                .map_err(|error| self.explain(&error, document));
        }
        Err(self.explain(&error, document))
    }

    async fn once(&self, pass: &Pass, document: &Document, variables: &Value) -> Result<Answer, ConnectorError> {
        let body = json!({"query": document.text, "operationName": document.name, "variables": variables});
        let request = self.http.request(Method::POST, &self.path);
        let request = request
            .header("x-shopify-access-token", pass.secret.expose_secret())
            .json(&body);
        self.http.send(request).await
    }

    /// Names the call, and says what to do where only a person can.
    fn explain(&self, error: &ConnectorError, document: &Document) -> ConnectorError {
        let (class, advice) = if is(error, 401) || is(error, 403) {
            (ErrorClass::Operator, format!("; check {}", self.login.settings()))
        } else if is(error, 404) {
            (
                ErrorClass::Operator,
                "; check `url`: the shop's own address, NAME.myshopify.com".to_owned(),
            )
        } else if is(error, 402) || is(error, 423) {
            (
                ErrorClass::Operator,
                "; the shop is frozen or locked: its owner has to settle that with Shopify".to_owned(),
            )
        } else if is(error, 430) {
            (ErrorClass::Retry { after: None }, String::new())
        } else if error.class == ErrorClass::Operator {
            (ErrorClass::Operator, "; check `url`".to_owned())
        } else {
            (error.class.clone(), String::new())
        };
        ConnectorError {
            class,
            message: format!("{}: {}{advice}", document.name, error.message),
        }
    }

    /// What the vendor's own errors of the whole call mean.
    fn refusal(&self, document: &Document, errors: &Value, cost: Option<&Cost>) -> Option<ConnectorError> {
        if errors.is_null() || errors.as_array().is_some_and(Vec::is_empty) {
            return None;
        }
        let first: CallError = errors
            .get(0)
            .cloned()
            .and_then(|error| serde_json::from_value(error).ok())
            .unwrap_or_else(|| {
                let message = errors
                    .as_str()
                    .unwrap_or("the shop refused the call without a reason")
                    .to_owned();
                CallError {
                    message,
                    ..CallError::default()
                }
            });
        let code = first.extensions.code.as_str();
        let (class, advice) = match code {
            "THROTTLED" => {
                let after = self
                    .throttle
                    .until(cost.and_then(|cost| cost.requested), Instant::now())
                    .max(LEAST_PAUSE);
                (ErrorClass::Retry { after: Some(after) }, String::new())
            }
            "ACCESS_DENIED" => (
                ErrorClass::Operator,
                "; grant the app this scope and install it again".to_owned(),
            ),
            "SHOP_INACTIVE" => (ErrorClass::Operator, "; the shop is not active".to_owned()),
            "MAX_COST_EXCEEDED" | "MAX_INPUT_SIZE_EXCEEDED" => (ErrorClass::Rejected, String::new()),
            // Our own document does not fit this version: no listing is to blame, so none is parked for it.
            "BAD_REQUEST"
            | "INVALID_VARIABLE"
            | "INVALID_FIELD_ARGUMENTS"
            | "undefinedField"
            | "argumentLiteralsIncompatible"
            | "GRAPHQL_PARSE_FAILED" => (
                ErrorClass::Operator,
                format!("; check `version` ({}) and tell the makers of omnistock", self.version),
            ),
            // INTERNAL_SERVER_ERROR, TIMEOUT and whatever is new.
            _ => (ErrorClass::Unknown, String::new()),
        };
        let code = if code.is_empty() { "error" } else { code };
        Some(ConnectorError {
            class,
            message: format!("{}: {code}: {}{advice}", document.name, excerpt(&first.message)),
        })
    }

    /// A version that is retired is served as the oldest that is not: things may then mean something else.
    fn look_at_version(&self, answer: &Answer) {
        let Some(served) = answer.headers.get(SERVED).and_then(|value| value.to_str().ok()) else {
            return;
        };
        let mut warned = self.warned.lock().unwrap_or_else(PoisonError::into_inner);
        if served == self.version {
            *warned = None;
            return;
        }
        if warned.as_deref() != Some(served) {
            *warned = Some(served.to_owned());
            tracing::warn!(asked = %self.version, served, "Shopify serves another version than was asked for; set `version` to one that it still has");
        }
    }

    /// The version that served a call where it was not the one that was asked for.
    pub(crate) fn other_version(&self) -> Option<String> {
        self.warned.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The version that is asked for.
    pub(crate) fn version(&self) -> &str {
        &self.version
    }
}

/// The vendor's words, in a length that fits a log.
fn excerpt(text: &str) -> String {
    text.chars()
        .take(300)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

/// Whether the vendor answered with this status.
fn is(error: &ConnectorError, status: u16) -> bool {
    error.message.contains(&format!("answer {status}: "))
}

/// Whether a query was refused because it would cost more than one may: less at once is asked for then.
pub(crate) fn too_dear(error: &ConnectorError) -> bool {
    error.class == ErrorClass::Rejected && error.message.contains("MAX_COST_EXCEEDED")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::documents::SET;
    use crate::settings::Credentials;
    use omnistock_sdk::SecretString;

    fn client() -> Client {
        Client::new(&Parts {
            url: "http://127.0.0.1:9".parse().unwrap(),
            credentials: Credentials::Token(SecretString::from("shpat_x")),
            version: "2026-04".to_owned(),
            webhook_secrets: Vec::new(),
            deadline: Duration::from_secs(1),
            overlap: 0,
            bulk_above: 0,
            prices: true,
            compare_at: false,
        })
        .unwrap()
    }

    #[tokio::test]
    async fn each_code_of_a_whole_call_has_its_class() {
        let client = client();
        let class = |code: &str| {
            let errors = json!([{"message": "no", "extensions": {"code": code}}]);
            client.refusal(&SET, &errors, None).unwrap().class
        };
        assert!(matches!(class("THROTTLED"), ErrorClass::Retry { after: Some(_) }));
        for code in [
            "ACCESS_DENIED",
            "BAD_REQUEST",
            "INVALID_VARIABLE",
            "INVALID_FIELD_ARGUMENTS",
            "SHOP_INACTIVE",
        ] {
            assert_eq!(class(code), ErrorClass::Operator, "{code}");
        }
        for code in ["MAX_COST_EXCEEDED", "MAX_INPUT_SIZE_EXCEEDED"] {
            assert_eq!(class(code), ErrorClass::Rejected, "{code}");
        }
        for code in ["INTERNAL_SERVER_ERROR", "TIMEOUT", "", "SOMETHING_NEW"] {
            assert_eq!(class(code), ErrorClass::Unknown, "{code}");
        }
    }

    #[tokio::test]
    async fn errors_of_any_shape_are_errors_and_none_is_none() {
        let client = client();
        assert!(client.refusal(&SET, &Value::Null, None).is_none());
        assert!(client.refusal(&SET, &json!([]), None).is_none());
        let text = client.refusal(&SET, &json!("Not Found"), None).unwrap();
        assert!(text.message.contains("Not Found"), "{text}");
        assert_eq!(
            client.refusal(&SET, &json!([7]), None).unwrap().class,
            ErrorClass::Unknown
        );
    }
}
