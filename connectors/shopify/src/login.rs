//! Access tokens: a static one, or those of an app, fetched when needed and renewed before they expire.
//!
//! Single flight: callers that find the same token refused or old wait for one login and share its result.

use crate::settings::Credentials;
use crate::wire;
use omnistock_sdk::http::Http;
use omnistock_sdk::{ConnectorError, ErrorClass, ExposeSecret, SecretString};
use rand::Rng;
use reqwest::Method;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::Instant;

const PATH: &str = "/admin/oauth/access_token";

/// A token is renewed this long before it expires, and up to as much earlier again, so that daemons spread out.
const EARLY: Duration = Duration::from_mins(5);

/// Tokens of apps are good for a day [the vendor's documentation]; one that claims more is renewed after that.
const LONGEST: Duration = Duration::from_hours(24);

/// What a request is allowed in with.
#[derive(Clone)]
pub(crate) struct Pass {
    /// The access token.
    pub(crate) token: SecretString,
    generation: u64,
    renew: Option<Instant>,
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

    /// Which settings to look at when the vendor refuses us.
    pub(crate) fn settings(&self) -> &'static str {
        match self.credentials {
            Credentials::Token(_) => {
                "`token`: it must be an access token (shpat_…) of an app that is installed in this shop"
            }
            Credentials::App { .. } => {
                "`client_id` and `client_secret`: they must be those of an app that is installed in this shop"
            }
        }
    }

    /// A pass that was not refused yet. `refused` is the one that was; a static token can't be renewed.
    pub(crate) async fn pass(&self, http: &Http, refused: Option<&Pass>) -> Result<Option<Pass>, ConnectorError> {
        let (client_id, client_secret) = match &self.credentials {
            Credentials::Token(_) if refused.is_some() => return Ok(None),
            Credentials::Token(token) => {
                return Ok(Some(Pass {
                    token: token.clone(),
                    generation: 0,
                    renew: None,
                }));
            }
            Credentials::App {
                client_id,
                client_secret,
            } => (client_id, client_secret),
        };
        let mut current = self.current.lock().await;
        let old = refused.map_or(0, |pass| pass.generation);
        let now = Instant::now();
        let fresh = |pass: &&Pass| pass.generation > old && pass.renew.is_none_or(|renew| now < renew);
        if let Some(pass) = current.as_ref().filter(fresh) {
            return Ok(Some(pass.clone()));
        }
        let generation = current.as_ref().map_or(0, |pass| pass.generation).max(old) + 1;
        let answer = fetch(http, client_id, client_secret).await?;
        let life = Duration::from_secs(answer.expires_in).min(LONGEST);
        // A token that lives shorter than that is used for half its life.
        let early = (EARLY + EARLY * rand::rng().random_range(0..100) / 100).min(life / 2);
        let renew = (!life.is_zero()).then(|| now + life.saturating_sub(early));
        let pass = Pass {
            token: SecretString::from(answer.access_token),
            generation,
            renew,
        };
        *current = Some(pass.clone());
        Ok(Some(pass))
    }
}

async fn fetch(http: &Http, client_id: &str, client_secret: &SecretString) -> Result<wire::Token, ConnectorError> {
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", client_id),
        ("client_secret", client_secret.expose_secret()),
    ];
    let request = http.request(Method::POST, PATH).form(&form);
    let answer = http.send(request).await.map_err(|error| refused(&error))?;
    serde_json::from_slice(&answer.body).map_err(|_| {
        // The body may hold a token: it is not repeated.
        ConnectorError::operator(format!(
            "POST {PATH}: there is no access token in the answer; check `url`"
        ))
    })
}

/// Nothing that follows a login was done yet, whatever happened to the login itself.
fn refused(error: &ConnectorError) -> ConnectorError {
    let (class, advice) = match &error.class {
        ErrorClass::Operator | ErrorClass::Rejected => (
            ErrorClass::Operator,
            "; check `url`, `client_id` and `client_secret`, and that the app is installed in this shop",
        ),
        ErrorClass::Unknown => (ErrorClass::Retry { after: None }, ""),
        ErrorClass::Retry { after } => (ErrorClass::Retry { after: *after }, ""),
    };
    ConnectorError {
        class,
        message: format!("POST {PATH}: {}{advice}", error.message),
    }
}
