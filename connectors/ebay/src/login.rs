//! Access tokens: the seller's, by the consent that was given once, and the application's own.
//!
//! The vendor hands out 1,000 application tokens a day: none is fetched while an old one will do.

use crate::wire;
use omnistock_sdk::http::{Http, Pass, Token, Tokens, login_error};
use omnistock_sdk::{ConnectorError, ExposeSecret, SecretString};
use reqwest::Method;

const PATH: &str = "/identity/v1/oauth2/token";

/// What every application may see.
const BASE: &str = "https://api.ebay.com/oauth/api_scope";

/// What the seller has to consent to. The vendor refuses a token for more than was consented to, and says so.
pub(crate) const SCOPES: [&str; 4] = [
    "sell.inventory",
    "sell.fulfillment.readonly",
    "sell.account.readonly",
    "commerce.notification.subscription",
];

/// Whose token it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whose {
    /// The seller's: listings, orders.
    Seller,
    /// The application's: public keys, destinations, quotas.
    Application,
}

/// Who we are.
pub(crate) struct Credentials {
    /// The application.
    pub(crate) client_id: String,
    /// Its secret.
    pub(crate) client_secret: SecretString,
    /// The seller's consent.
    pub(crate) refresh_token: SecretString,
}

/// Hands out passes.
pub(crate) struct Login {
    credentials: Credentials,
    seller: Tokens,
    application: Tokens,
}

impl Login {
    /// With nothing fetched yet.
    pub(crate) fn new(credentials: Credentials) -> Self {
        Self {
            credentials,
            seller: Tokens::default(),
            application: Tokens::default(),
        }
    }

    /// A pass that was not refused yet; `refused` is the one that was.
    pub(crate) async fn pass(&self, http: &Http, whose: Whose, refused: Option<&Pass>) -> Result<Pass, ConnectorError> {
        let tokens = match whose {
            Whose::Seller => &self.seller,
            Whose::Application => &self.application,
        };
        tokens.pass(refused, self.fetch(http, whose)).await
    }

    async fn fetch(&self, http: &Http, whose: Whose) -> Result<Token, ConnectorError> {
        let own = &self.credentials;
        let scopes: Vec<String> = SCOPES.iter().map(|scope| format!("{BASE}/{scope}")).collect();
        let scopes = scopes.join(" ");
        let form = match whose {
            Whose::Seller => vec![
                ("grant_type", "refresh_token"),
                ("refresh_token", own.refresh_token.expose_secret()),
                ("scope", scopes.as_str()),
            ],
            Whose::Application => vec![("grant_type", "client_credentials"), ("scope", BASE)],
        };
        let request = http
            .request(Method::POST, PATH)
            .basic_auth(&own.client_id, Some(own.client_secret.expose_secret()))
            .form(&form);
        let answer = http.send(request).await.map_err(|error| refused(&error))?;
        // The body may hold a token: it is not repeated. Nothing that follows a login was done yet.
        let token: wire::Token = serde_json::from_slice(&answer.body)
            .map_err(|_| ConnectorError::retry(format!("POST {PATH}: there is no access token in the answer")))?;
        Ok(Token {
            secret: token.access_token.into(),
            life: token.expires_in,
        })
    }
}

/// What a person has to do, by what the vendor says.
fn refused(error: &ConnectorError) -> ConnectorError {
    let says = |word: &str| error.message.contains(word);
    let advice = if says("invalid_grant") {
        "; the consent is over (it lasts 18 months, and ends when the seller changes name or password): let the seller \
         consent again and replace `refresh_token`"
    } else if says("invalid_scope") {
        "; the seller did not consent to all that is needed (`sell.inventory`, `sell.fulfillment.readonly`, \
         `sell.account.readonly`, `commerce.notification.subscription`): consent again and replace `refresh_token`"
    } else if says("invalid_client") {
        "; check `client_id` and `client_secret`: they must be of the same keyset"
    } else {
        "; check `base_url`, `client_id` and `client_secret`"
    };
    login_error(error, &format!("POST {PATH}"), advice)
}

#[cfg(test)]
mod tests {
    use super::*;
    use omnistock_sdk::ErrorClass;

    #[test]
    fn each_refusal_says_what_a_person_has_to_do() {
        for (body, wanted) in [
            (r#"answer 400: {"error":"invalid_grant"}"#, "`refresh_token`"),
            (r#"answer 400: {"error":"invalid_scope"}"#, "`sell.inventory`"),
            (r#"answer 401: {"error":"invalid_client"}"#, "`client_secret`"),
            ("answer 404: <html>", "`base_url`"),
        ] {
            let error = refused(&ConnectorError::rejected(body));
            assert_eq!(error.class, ErrorClass::Operator, "{body}");
            assert!(error.message.contains(wanted), "{}", error.message);
        }
        let lost = refused(&ConnectorError::unknown("no answer in time"));
        assert_eq!(lost.class, ErrorClass::Retry { after: None }, "nothing was done yet");
    }
}
