//! Tokens of an admin user, or an API key.

use crate::settings::Credentials;
use crate::wire;
use omnistock_sdk::http::{self, Http, Token, Tokens, login_error};
use omnistock_sdk::{ConnectorError, ErrorClass, ExposeSecret, SecretString};
use reqwest::{Method, RequestBuilder};
use serde_json::json;

const PATH: &str = "/auth/user/emailpass";

/// What a request is allowed in with.
#[derive(Clone)]
pub(crate) struct Pass {
    token: http::Pass,
    basic: bool,
}

impl Pass {
    /// The request with its authorization.
    pub(crate) fn apply(&self, request: RequestBuilder) -> RequestBuilder {
        if self.basic {
            // The key is the user name, the password stays empty [documented; observed with and without colon].
            request.basic_auth(self.token.secret.expose_secret(), Some(""))
        } else {
            request.bearer_auth(self.token.secret.expose_secret())
        }
    }
}

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

    /// Which settings to look at when the server refuses us.
    pub(crate) fn settings(&self) -> &'static str {
        match self.credentials {
            Credentials::ApiKey(_) => "`api_key`: it must be a secret key (sk_…) that is not revoked",
            Credentials::Login { .. } => "`email` and `password`: they must be those of an admin user",
        }
    }

    /// A pass that was not refused yet. `refused` is the one that was; an API key can't be renewed.
    pub(crate) async fn pass(&self, http: &Http, refused: Option<&Pass>) -> Result<Option<Pass>, ConnectorError> {
        match &self.credentials {
            Credentials::ApiKey(key) => Ok(refused.is_none().then(|| Pass {
                token: http::Pass::fixed(key.clone()),
                basic: true,
            })),
            Credentials::Login { email, password } => {
                let login = fetch(http, email, password);
                let token = self.tokens.pass(refused.map(|pass| &pass.token), login).await?;
                Ok(Some(Pass { token, basic: false }))
            }
        }
    }
}

async fn fetch(http: &Http, email: &str, password: &SecretString) -> Result<Token, ConnectorError> {
    let body = json!({"email": email, "password": password.expose_secret()});
    let request = http.request(Method::POST, PATH).json(&body);
    let answer = http.send(request).await.map_err(|error| refused(&error))?;
    let token: wire::Token = answer.json().map_err(|error| refused(&error))?;
    let secret = token.token.map(SecretString::from).ok_or_else(|| {
        let advice = "the login needs a second factor or another provider; use `api_key` instead";
        ConnectorError::operator(format!("POST {PATH}: there is no token in the answer: {advice}"))
    })?;
    // It says nothing of its end.
    Ok(Token { secret, life: 0 })
}

fn refused(error: &ConnectorError) -> ConnectorError {
    let advice = if error.class == ErrorClass::Rejected {
        "; check `url`: the address of a Medusa server, without /admin"
    } else {
        "; check `url`, `email` and `password`"
    };
    login_error(error, &format!("POST {PATH}"), advice)
}
