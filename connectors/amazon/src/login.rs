//! Access tokens (Login with Amazon): fetched with the seller's refresh token.

use crate::settings::{Credentials, Parts};
use crate::wire;
use omnistock_sdk::http::{Http, HttpSettings, Pass, Token, Tokens, login_error};
use omnistock_sdk::{ConnectorError, ExposeSecret};
use reqwest::Method;

/// Hands out passes.
pub(crate) struct Login {
    http: Http,
    path: String,
    credentials: Credentials,
    tokens: Tokens,
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
            tokens: Tokens::default(),
        })
    }

    /// A pass that was not refused yet; `refused` is the one that was.
    pub(crate) async fn pass(&self, refused: Option<&Pass>) -> Result<Pass, ConnectorError> {
        self.tokens.pass(refused, self.fetch()).await
    }

    async fn fetch(&self) -> Result<Token, ConnectorError> {
        let form = [
            ("grant_type", "refresh_token"),
            ("refresh_token", self.credentials.refresh_token.expose_secret()),
            ("client_id", &self.credentials.client_id),
            ("client_secret", self.credentials.client_secret.expose_secret()),
        ];
        let request = self.http.request(Method::POST, &self.path).form(&form);
        let answer = self.http.send(request).await.map_err(|error| refused(&error))?;
        // The body may hold a token: it is not repeated.
        let token: wire::Token = serde_json::from_slice(&answer.body)
            .map_err(|_| ConnectorError::retry("Login with Amazon: there is no access token in the answer"))?;
        Ok(Token {
            secret: token.access_token.into(),
            life: token.expires_in,
        })
    }
}

fn refused(error: &ConnectorError) -> ConnectorError {
    let advice = "; check `client_id`, `client_secret` and `refresh_token`, and that the seller has not withdrawn the authorization";
    login_error(error, "Login with Amazon", advice)
}
