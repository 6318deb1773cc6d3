//! Tokens of an admin user: fetched when first needed, fetched anew once the server refuses one.
//!
//! Single flight: callers that find the same token refused wait for one login and share its result.

use crate::settings::Credentials;
use crate::wire;
use omnistock_sdk::http::Http;
use omnistock_sdk::{ConnectorError, ErrorClass, ExposeSecret, SecretString};
use reqwest::{Method, RequestBuilder};
use serde_json::json;
use tokio::sync::Mutex;

/// What a request is allowed in with.
#[derive(Clone)]
pub(crate) struct Pass {
    secret: SecretString,
    basic: bool,
    generation: u64,
}

impl Pass {
    /// The request with its authorization.
    pub(crate) fn apply(&self, request: RequestBuilder) -> RequestBuilder {
        if self.basic {
            // The key is the user name, the password stays empty [documented; observed with and without colon].
            request.basic_auth(self.secret.expose_secret(), Some(""))
        } else {
            request.bearer_auth(self.secret.expose_secret())
        }
    }
}

/// Hands out passes.
pub(crate) struct Login {
    credentials: Credentials,
    current: Mutex<Option<Pass>>,
}

impl Login {
    /// With nothing fetched yet.
    pub(crate) fn new(credentials: Credentials) -> Self {
        Self {
            credentials,
            current: Mutex::new(None),
        }
    }

    /// Which settings to look at when the server refuses us.
    pub(crate) fn settings(&self) -> &'static str {
        match self.credentials {
            Credentials::ApiKey(_) => "`api_key`: it must be a secret key (sk_…) that is not revoked",
            Credentials::Login { .. } => "`email` and `password`: they must be those of an admin user",
        }
    }

    /// A pass that was not refused yet. `refused` is the one that was; an API key can't be renewed.
    pub(crate) async fn pass(&self, http: &Http, refused: Option<&Pass>) -> Result<Option<Pass>, ConnectorError> {
        let (email, password) = match &self.credentials {
            Credentials::ApiKey(_) if refused.is_some() => return Ok(None),
            Credentials::ApiKey(key) => {
                return Ok(Some(Pass {
                    secret: key.clone(),
                    basic: true,
                    generation: 0,
                }));
            }
            Credentials::Login { email, password } => (email, password),
        };
        let mut current = self.current.lock().await;
        let old = refused.map_or(0, |pass| pass.generation);
        if let Some(pass) = current.as_ref().filter(|pass| pass.generation > old) {
            return Ok(Some(pass.clone()));
        }
        let secret = fetch(http, email, password).await?;
        let pass = Pass {
            secret,
            basic: false,
            generation: old + 1,
        };
        *current = Some(pass.clone());
        Ok(Some(pass))
    }
}

async fn fetch(http: &Http, email: &str, password: &SecretString) -> Result<SecretString, ConnectorError> {
    let body = json!({"email": email, "password": password.expose_secret()});
    let request = http.request(Method::POST, "/auth/user/emailpass").json(&body);
    let answer = http.send(request).await.map_err(|error| refused(&error))?;
    let token: wire::Token = answer.json().map_err(|error| refused(&error))?;
    token.token.map(SecretString::from).ok_or_else(|| {
        let advice = "the login needs a second factor or another provider; use `api_key` instead";
        ConnectorError::operator(format!(
            "POST /auth/user/emailpass: there is no token in the answer: {advice}"
        ))
    })
}

/// Nothing that follows a login was done yet, whatever happened to the login itself.
fn refused(error: &ConnectorError) -> ConnectorError {
    let (class, advice) = match &error.class {
        ErrorClass::Operator => (ErrorClass::Operator, "; check `url`, `email` and `password`"),
        ErrorClass::Rejected => (
            ErrorClass::Operator,
            "; check `url`: the address of a Medusa server, without /admin",
        ),
        ErrorClass::Unknown => (ErrorClass::Retry { after: None }, ""),
        ErrorClass::Retry { after } => (ErrorClass::Retry { after: *after }, ""),
    };
    ConnectorError {
        class,
        message: format!("POST /auth/user/emailpass: {}{advice}", error.message),
    }
}
