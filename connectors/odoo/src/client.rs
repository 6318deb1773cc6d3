//! Calls to the server by either interface: choosing it, logging in, and what its errors mean.

use crate::failure::{self, RpcError, Said};
use crate::settings::{Parts, Protocol};
use omnistock_sdk::http::{Answer, Http, HttpSettings};
use omnistock_sdk::{ConnectorError, ExposeSecret, SecretString, now};
use omnistock_words::Millis;
use reqwest::Method;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};
use tokio::sync::Mutex;

/// The first version that speaks JSON-2.
const JSON_2: i64 = 19;
/// From so long before its end on, a key is warned of, milliseconds.
const KEY_WARNING: i64 = 14 * 86_400_000;

/// One call of a method that takes a domain, and named arguments beside it.
pub(crate) struct Call<'a> {
    pub(crate) model: &'a str,
    pub(crate) method: &'static str,
    pub(crate) domain: Option<Value>,
    pub(crate) named: Map<String, Value>,
}

/// How this server is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Session {
    /// `/jsonrpc`, as this user.
    Rpc(i64),
    /// `/json/2`: the key says who we are.
    Json2,
}

/// A client for one database.
pub(crate) struct Client {
    http: Http,
    database: Option<String>,
    login: Option<String>,
    key: SecretString,
    key_expires: Option<Millis>,
    protocol: Protocol,
    context: Value,
    /// Held while logging in: callers share one login.
    session: Mutex<Option<Session>>,
}

#[derive(Deserialize)]
#[serde(bound = "T: DeserializeOwned")]
struct Envelope<T> {
    #[serde(default = "none")]
    result: Option<T>,
    #[serde(default)]
    error: Option<RpcError>,
}

fn none<T>() -> Option<T> {
    None
}

impl Client {
    /// For the server of `parts`.
    pub(crate) fn new(parts: &Parts) -> Result<Self, ConnectorError> {
        let settings = HttpSettings {
            deadline: parts.deadline,
            ..HttpSettings::new(parts.url.clone())
        };
        // Archived records count: they are told apart by their `active`.
        let mut context = json!({"active_test": false, "lang": "en_US", "tz": "UTC"});
        if let (Some(company), Some(context)) = (parts.company, context.as_object_mut()) {
            context.insert("allowed_company_ids".to_owned(), json!([company]));
        }
        Ok(Self {
            http: Http::new(settings)?,
            database: parts.database.clone(),
            login: parts.login.clone(),
            key: parts.key.clone(),
            key_expires: parts.key_expires,
            protocol: parts.protocol,
            context,
            session: Mutex::new(None),
        })
    }

    /// When the key ends, where that is known and near: one sentence.
    pub(crate) fn key_ends(&self) -> Option<String> {
        let at = self.key_expires?;
        let left = at.since(now());
        if left <= 0 {
            Some(format!(
                "the API key ended at {at} (`key_expires`): make a new one in Odoo and put it where `key` says"
            ))
        } else {
            let days = left / 86_400_000;
            let soon = format!(
                "the API key ends at {at}, in {days} days: make a new one in Odoo, put it where `key` says, and set `key_expires`"
            );
            (left <= KEY_WARNING).then_some(soon)
        }
    }

    /// What to look at when the server refuses us.
    fn credentials(&self) -> String {
        let ended = self.key_expires.filter(|at| *at <= now());
        let ended = ended.map_or(String::new(), |at| format!(" (it ended at {at} by `key_expires`)"));
        format!(
            "check `key`{ended}, `login` and `database`: API keys end after at most three months and with their user"
        )
    }

    /// Calls, with the context added; a session that ended is renewed once.
    pub(crate) async fn call<T: DeserializeOwned>(&self, call: &Call<'_>) -> Result<T, ConnectorError> {
        let session = self.session().await?;
        match self.once(session, call).await {
            Err(Trouble::Said(said)) if said.session_ended() => {
                *self.session.lock().await = None;
                let session = self.session().await?;
                self.once(session, call)
                    .await
                    .map_err(|trouble| self.explain(call, trouble))
            }
            Ok(answer) => Ok(answer),
            Err(trouble) => Err(self.explain(call, trouble)),
        }
    }

    fn explain(&self, call: &Call<'_>, trouble: Trouble) -> ConnectorError {
        let place = format!("{}.{}", call.model, call.method);
        match trouble {
            Trouble::Said(said) => failure::failed(&place, &said, &self.credentials()),
            Trouble::Transport(error) => failure::transport(&place, &error, &self.credentials()),
        }
    }

    async fn session(&self) -> Result<Session, ConnectorError> {
        let mut session = self.session.lock().await;
        if let Some(session) = *session {
            return Ok(session);
        }
        let json_2 = match self.protocol {
            Protocol::Json2 => true,
            Protocol::JsonRpc => false,
            Protocol::Auto => self.speaks_json_2().await?,
        };
        let fresh = if json_2 {
            Session::Json2
        } else {
            Session::Rpc(self.log_in().await?)
        };
        *session = Some(fresh);
        Ok(fresh)
    }

    /// Whether the server is 19 or later; one that has no `/jsonrpc` any more is later still.
    async fn speaks_json_2(&self) -> Result<bool, ConnectorError> {
        let place = "asking for the version";
        match self.service::<Value>("common", "version", json!([])).await {
            Ok(version) => {
                let major = version.pointer("/server_version_info/0").and_then(major);
                let unknown = || {
                    ConnectorError::operator(format!(
                        "{place}: the answer names no version; check `url`, or set `protocol`"
                    ))
                };
                major.map(|major| major >= JSON_2).ok_or_else(unknown)
            }
            Err(Trouble::Transport(error))
                if error.message.starts_with("answer 404: ") && !error.message.contains('<') =>
            {
                Ok(true)
            }
            Err(Trouble::Transport(error)) => Err(failure::transport(place, &error, &self.credentials())),
            Err(Trouble::Said(said)) => Err(failure::failed(place, &said, &self.credentials())),
        }
    }

    async fn log_in(&self) -> Result<i64, ConnectorError> {
        let arguments = json!([self.database, self.login, self.key.expose_secret(), {}]);
        let answer: Value = match self.service("common", "authenticate", arguments).await {
            Ok(answer) => answer,
            Err(Trouble::Said(said)) => return Err(failure::failed("logging in", &said, &self.credentials())),
            Err(Trouble::Transport(error)) => {
                return Err(failure::transport("logging in", &error, &self.credentials()));
            }
        };
        let refused = || ConnectorError::operator(format!("logging in: Odoo answers false: {}", self.credentials()));
        answer.as_i64().filter(|uid| *uid > 0).ok_or_else(refused)
    }

    async fn service<T: DeserializeOwned>(&self, service: &str, method: &str, arguments: Value) -> Result<T, Trouble> {
        let body = json!({"jsonrpc": "2.0", "method": "call", "id": 1,
                          "params": {"service": service, "method": method, "args": arguments}});
        let answer = self
            .http
            .send(self.http.request(Method::POST, "/jsonrpc").json(&body))
            .await?;
        let envelope: Envelope<T> = answer.json()?;
        match (envelope.error, envelope.result) {
            (Some(error), _) => Err(Trouble::Said(Said::rpc(&error))),
            (None, Some(result)) => Ok(result),
            (None, None) => Err(Trouble::Transport(ConnectorError::retry(
                "the answer has neither a result nor an error",
            ))),
        }
    }

    async fn once<T: DeserializeOwned>(&self, session: Session, call: &Call<'_>) -> Result<T, Trouble> {
        let mut named = call.named.clone();
        named.insert("context".to_owned(), self.context.clone());
        match session {
            Session::Rpc(uid) => {
                // By position: the argument was called `args` before 16.
                let domain: Vec<&Value> = call.domain.iter().collect();
                let (key, database) = (self.key.expose_secret(), &self.database);
                let arguments = json!([database, uid, key, call.model, call.method, domain, named]);
                self.service("object", "execute_kw", arguments).await
            }
            Session::Json2 => {
                named.extend(call.domain.iter().map(|domain| ("domain".to_owned(), domain.clone())));
                Ok(self.json_2(call, &named).await?.json()?)
            }
        }
    }

    async fn json_2(&self, call: &Call<'_>, named: &Map<String, Value>) -> Result<Answer, Trouble> {
        let path = format!("/json/2/{}/{}", call.model, call.method);
        let request = self
            .http
            .request(Method::POST, &path)
            .bearer_auth(self.key.expose_secret());
        let request = match &self.database {
            Some(database) => request.header("X-Odoo-Database", database),
            None => request,
        };
        match self.http.send(request.json(named)).await {
            Ok(answer) => Ok(answer),
            Err(error) => Err(match said(&error) {
                Some(said) => Trouble::Said(said),
                None => Trouble::Transport(error),
            }),
        }
    }
}

/// Odoo's own words in a refused JSON-2 call; too many calls are for the client to wait out.
fn said(error: &ConnectorError) -> Option<Said> {
    let (status, body) = error.message.strip_prefix("answer ")?.split_once(": ")?;
    (status != "429" && body.trim_start().starts_with('{'))
        .then(|| Said::body(body))
        .flatten()
}

/// 17 of `17`, and of `"saas~17"`.
pub(crate) fn major(value: &Value) -> Option<i64> {
    let text = || value.as_str()?.rsplit('~').next()?.parse().ok();
    value.as_i64().or_else(text)
}

/// Why a call gave no answer.
enum Trouble {
    /// Odoo says so.
    Said(Said),
    /// Something else does.
    Transport(ConnectorError),
}

impl From<ConnectorError> for Trouble {
    fn from(error: ConnectorError) -> Self {
        Self::Transport(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_a_number_or_a_hosted_one() {
        assert_eq!(major(&json!(18)), Some(18));
        assert_eq!(major(&json!("saas~17")), Some(17));
        assert_eq!(major(&json!("x")), None);
    }

    #[test]
    fn words_are_taken_from_json_only() {
        let of = |message: &str| said(&ConnectorError::rejected(message));
        assert_eq!(
            of("answer 422: {\"name\": \"builtins.TypeError\"}").unwrap().name,
            "builtins.TypeError"
        );
        assert_eq!(of("answer 502: <html>"), None);
        assert_eq!(of("answer 429: {\"name\": \"x\"}"), None);
    }
}
