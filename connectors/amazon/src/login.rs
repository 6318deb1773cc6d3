//! Access tokens (Login with Amazon): fetched with the seller's refresh token when first needed, and renewed before
//! they expire.
//!
//! Single flight: callers that find the same token refused or old wait for one login and share its result.

use crate::settings::{Credentials, Parts};
use crate::wire;
use omnistock_sdk::http::{Http, HttpSettings};
use omnistock_sdk::{ConnectorError, ErrorClass, ExposeSecret, SecretString};
use rand::Rng;
use reqwest::Method;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::Instant;

/// A token is renewed this long before it expires, and up to as much earlier again, so that daemons spread out.
const EARLY: Duration = Duration::from_mins(5);

/// What a request is allowed in with.
#[derive(Clone)]
pub(crate) struct Pass {
    /// The access token.
    pub(crate) token: SecretString,
    generation: u64,
    renew: Instant,
}

/// Hands out passes.
pub(crate) struct Login {
    http: Http,
    path: String,
    credentials: Credentials,
    current: Mutex<Option<Pass>>,
}

impl Login {
    /// With nothing fetched yet.
    pub(crate) fn new(parts: &Parts) -> Result<Self, ConnectorError> {
        let mut base = parts.credentials.login.clone();
        let path = base.path().to_owned();
        base.set_path("");
        let settings = HttpSettings {
            deadline: parts.deadline,
            most_body: 1 << 20,
            ..HttpSettings::new(base)
        };
        Ok(Self {
            http: Http::new(settings)?,
            path,
            credentials: parts.credentials.clone(),
            current: Mutex::new(None),
        })
    }

    /// A pass that was not refused yet; `refused` is the one that was.
    pub(crate) async fn pass(&self, refused: Option<&Pass>) -> Result<Pass, ConnectorError> {
        let mut current = self.current.lock().await;
        let old = refused.map_or(0, |pass| pass.generation);
        let now = Instant::now();
        let fresh = |pass: &&Pass| pass.generation > old && now < pass.renew;
        if let Some(pass) = current.as_ref().filter(fresh) {
            return Ok(pass.clone());
        }
        let generation = current.as_ref().map_or(0, |pass| pass.generation).max(old) + 1;
        let answer = self.fetch().await.map_err(|error| refused_login(&error))?;
        let life = Duration::from_secs(answer.expires_in.min(86_400));
        // A token that lives shorter than that is used for half its life.
        let early = (EARLY + EARLY * rand::rng().random_range(0..100) / 100).min(life / 2);
        let pass = Pass {
            token: SecretString::from(answer.access_token),
            generation,
            renew: now + life.saturating_sub(early),
        };
        *current = Some(pass.clone());
        Ok(pass)
    }

    async fn fetch(&self) -> Result<wire::Token, ConnectorError> {
        let form = [
            ("grant_type", "refresh_token"),
            ("refresh_token", self.credentials.refresh_token.expose_secret()),
            ("client_id", &self.credentials.client_id),
            ("client_secret", self.credentials.client_secret.expose_secret()),
        ];
        let answer = self
            .http
            .send(self.http.request(Method::POST, &self.path).form(&form))
            .await?;
        // The body may hold a token: it is not repeated.
        let unread = "there is no access token in the answer";
        serde_json::from_slice(&answer.body).map_err(|_| ConnectorError::unknown(unread))
    }
}

/// Nothing that follows a login was done yet, whatever happened to the login itself.
fn refused_login(error: &ConnectorError) -> ConnectorError {
    let (class, advice) = match &error.class {
        ErrorClass::Operator | ErrorClass::Rejected => (
            ErrorClass::Operator,
            "; check `client_id`, `client_secret` and `refresh_token`, and that the seller has not withdrawn the authorization",
        ),
        ErrorClass::Unknown => (ErrorClass::Retry { after: None }, ""),
        ErrorClass::Retry { after } => (ErrorClass::Retry { after: *after }, ""),
    };
    ConnectorError {
        class,
        message: format!("Login with Amazon: {}{advice}", error.message),
    }
}
