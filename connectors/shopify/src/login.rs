//! Access tokens: a static one, or those of an app.

use crate::settings::Credentials;
use crate::wire;
use omnistock_sdk::http::{Http, Pass, Token, Tokens, login_error};
use omnistock_sdk::{ConnectorError, ExposeSecret, SecretString};
use reqwest::Method;

const PATH: &str = "/admin/oauth/access_token";

/// Hands out passes.
pub(crate) struct Login {
    credentials: Credentials,
    tokens: Tokens,
}

impl Login {
    /// With nothing fetched yet.
    pub(crate) fn new(credentials: Credentials) -> Self {
        Self {
            credentials,
            tokens: Tokens::default(),
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
        match &self.credentials {
            Credentials::Token(token) => Ok(refused.is_none().then(|| Pass::fixed(token.clone()))),
            Credentials::App {
                client_id,
                client_secret,
            } => {
                let login = fetch(http, client_id, client_secret);
                self.tokens.pass(refused, login).await.map(Some)
            }
        }
    }
}

async fn fetch(http: &Http, client_id: &str, client_secret: &SecretString) -> Result<Token, ConnectorError> {
    let form = [
        ("grant_type", "client_credentials"),
        ("client_id", client_id),
        ("client_secret", client_secret.expose_secret()),
    ];
    let request = http.request(Method::POST, PATH).form(&form);
    let answer = http.send(request).await.map_err(|error| refused(&error))?;
    let token: wire::Token = serde_json::from_slice(&answer.body).map_err(|_| {
        // The body may hold a token: it is not repeated.
        ConnectorError::operator(format!(
            "POST {PATH}: there is no access token in the answer; check `url`"
        ))
    })?;
    Ok(Token {
        secret: token.access_token.into(),
        life: token.expires_in,
    })
}

fn refused(error: &ConnectorError) -> ConnectorError {
    let advice = "; check `url`, `client_id` and `client_secret`, and that the app is installed in this shop";
    login_error(error, &format!("POST {PATH}"), advice)
}
