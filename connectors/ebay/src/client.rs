//! Calls to eBay: the right token and one renewal of it, what each call counts for, and what its errors mean.

use crate::auctions::Auctions;
use crate::login::{Credentials, Login, Whose};
use crate::marketplace::Marketplace;
use crate::quotas::Quotas;
use crate::settings::Parts;
use crate::tally::{self, INVENTORY, ORDERS, TRADING};
use omnistock_sdk::http::{Answer, Http, HttpSettings, Pass};
use omnistock_sdk::{ConnectorError, ErrorClass, ExposeSecret};
use reqwest::header::DATE;
use reqwest::{Method, RequestBuilder};
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

/// Where the interfaces are, behind the host.
pub(crate) const SELL_INVENTORY: &str = "/sell/inventory/v1";
/// Orders.
pub(crate) const SELL_FULFILLMENT: &str = "/sell/fulfillment/v1";
/// The seller's programs.
pub(crate) const SELL_ACCOUNT: &str = "/sell/account/v1";
/// Notifications.
pub(crate) const NOTIFICATION: &str = "/commerce/notification/v1";
/// Quotas.
pub(crate) const ANALYTICS: &str = "/developer/analytics/v1_beta";
/// The Trading API.
const TRADING_PATH: &str = "/ws/api.dll";
/// The version of the Trading API whose shapes are known here.
const TRADING_VERSION: &str = "1379";

/// Names and values of a query.
pub(crate) type Query<'a> = [(&'a str, &'a str)];

/// A client for one seller.
pub(crate) struct Client {
    http: Http,
    login: Login,
    /// Whose listings are ours.
    pub(crate) marketplace: Marketplace,
    /// What may still be used of the day's quotas.
    pub(crate) quotas: Quotas,
    /// What of the items is not ours to offer.
    pub(crate) auctions: Auctions,
}

/// The quota that a call counts for.
fn quota(path: &str) -> Option<&'static str> {
    let within = |start: &str| path.starts_with(start);
    if within(SELL_INVENTORY) {
        Some(INVENTORY)
    } else if within(SELL_FULFILLMENT) {
        Some(ORDERS)
    } else if within(TRADING_PATH) {
        Some(TRADING)
    } else {
        None
    }
}

impl Client {
    /// For the seller of `parts`.
    pub(crate) fn new(parts: &Parts) -> Result<Self, ConnectorError> {
        let settings = HttpSettings {
            deadline: parts.deadline,
            ..HttpSettings::new(parts.url.clone())
        };
        Ok(Self {
            http: Http::new(settings)?,
            login: Login::new(Credentials {
                client_id: parts.client_id.clone(),
                client_secret: parts.client_secret.clone(),
                refresh_token: parts.refresh_token.clone(),
            }),
            marketplace: parts.marketplace,
            quotas: Quotas::default(),
            auctions: Auctions::default(),
        })
    }

    /// Reads `path` with the seller's token.
    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str, query: &Query<'_>) -> Result<T, ConnectorError> {
        self.answer(Whose::Seller, &Method::GET, path, query, None)
            .await?
            .json()
    }

    /// Sends `body` to `path` with the seller's token.
    pub(crate) async fn post<T: DeserializeOwned>(&self, path: &str, body: &Value) -> Result<T, ConnectorError> {
        self.answer(Whose::Seller, &Method::POST, path, &[], Some(body))
            .await?
            .json()
    }

    /// A call of a Sell, Commerce or Developer API.
    pub(crate) async fn answer(
        &self,
        whose: Whose,
        method: &Method,
        path: &str,
        query: &Query<'_>,
        body: Option<&Value>,
    ) -> Result<Answer, ConnectorError> {
        let request = |pass: &Pass| {
            let mut request = self.request(method, path, query)?;
            request = request.bearer_auth(pass.secret.expose_secret());
            if let Some(body) = body {
                // The vendor's definition asks for both headers wherever there is a body.
                request = request.header("content-language", "en-US").json(body);
            }
            Ok(request)
        };
        let answer = self.allowed(whose, path, request).await;
        answer.map_err(|error| explain(&error, &format!("{method} {path}")))
    }

    /// A call of the Trading API: `body` is a whole document.
    pub(crate) async fn trade(
        &self,
        call: &str,
        body: &str,
        refused: Option<&Pass>,
    ) -> Result<(Answer, Pass), ConnectorError> {
        let pass = self.login.pass(&self.http, Whose::Seller, refused).await?;
        tally::count(TRADING);
        let request = self
            .http
            .request(Method::POST, TRADING_PATH)
            .header("x-ebay-api-iaf-token", pass.secret.expose_secret())
            .header("x-ebay-api-call-name", call)
            .header("x-ebay-api-siteid", self.marketplace.site.to_string())
            .header("x-ebay-api-compatibility-level", TRADING_VERSION)
            .header("content-type", "text/xml; charset=utf-8")
            .body(body.to_owned());
        let answer = self.http.send(request).await;
        match answer {
            Ok(answer) => Ok((answer, pass)),
            Err(error) => Err(explain(&self.noted(error), call)),
        }
    }

    /// The request; query and path as they are, encoded once.
    fn request(&self, method: &Method, path: &str, query: &Query<'_>) -> Result<RequestBuilder, ConnectorError> {
        let request = self.http.request(method.clone(), path);
        if query.is_empty() {
            return Ok(request);
        }
        let mut url = Url::parse("http://x/").map_err(|error| ConnectorError::rejected(error.to_string()))?;
        url.query_pairs_mut().extend_pairs(query);
        let encoded = url.query().unwrap_or_default();
        Ok(self.http.request(method.clone(), &format!("{path}?{encoded}")))
    }

    async fn allowed(
        &self,
        whose: Whose,
        path: &str,
        request: impl Fn(&Pass) -> Result<RequestBuilder, ConnectorError>,
    ) -> Result<Answer, ConnectorError> {
        let pass = self.login.pass(&self.http, whose, None).await?;
        quota(path).map(tally::count).unwrap_or_default();
        let error = match self.http.send(request(&pass)?).await {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        // A refused request was certainly not carried out, so even a write may go again.
        if !is(&error, 401) {
            return Err(self.noted(error));
        }
        let pass = self.login.pass(&self.http, whose, Some(&pass)).await?;
        quota(path).map(tally::count).unwrap_or_default();
        self.http.send(request(&pass)?).await.map_err(|error| self.noted(error))
    }

    /// Calls were refused because there were too many: what is left of the quotas is asked at the next opportunity.
    fn noted(&self, error: ConnectorError) -> ConnectorError {
        if is(&error, 429) {
            self.quotas.doubt();
        }
        error
    }
}

/// Whether eBay answered with this status.
pub(crate) fn is(error: &ConnectorError, status: u16) -> bool {
    error.message.contains(&format!("answer {status}: "))
}

/// Whether an error of this number stands in the answer.
pub(crate) fn says(error: &ConnectorError, number: u32) -> bool {
    let message = error.message.replace(' ', "");
    let at = |form: String| message.contains(&form);
    at(format!("\"errorId\":{number},")) || at(format!("\"errorId\":{number}}}"))
}

/// When eBay answered, by its own clock, whole seconds.
pub(crate) fn answered_at(answer: &Answer) -> Option<omnistock_words::Millis> {
    let text = answer.headers.get(DATE)?.to_str().ok()?;
    let at = httpdate::parse_http_date(text).ok()?;
    let since = at.duration_since(std::time::UNIX_EPOCH).ok()?;
    i64::try_from(since.as_millis()).ok().map(omnistock_words::Millis)
}

/// Names the call, and says what to do where only a person can.
fn explain(error: &ConnectorError, call: &str) -> ConnectorError {
    let (class, advice) = if is(error, 401) {
        (
            ErrorClass::Operator,
            "; check `refresh_token`: the seller has to consent again",
        )
    } else if is(error, 403) {
        let advice = "; the seller's consent or the application does not include this: check `refresh_token`";
        (ErrorClass::Operator, advice)
    } else if is(error, 404) && !error.message.contains("errorId") {
        (ErrorClass::Operator, "; there is no such interface: check `base_url`")
    } else if error.class == ErrorClass::Operator && !error.message.contains('`') {
        (ErrorClass::Operator, "; check `base_url`")
    } else {
        (error.class.clone(), "")
    };
    ConnectorError {
        class,
        message: format!("{call}: {}{advice}", error.message),
    }
}

/// A part of a path, encoded.
pub(crate) fn segment(text: &str) -> String {
    let Ok(mut url) = Url::parse("http://x/") else {
        return String::new();
    };
    if let Ok(mut parts) = url.path_segments_mut() {
        parts.pop_if_empty().push(text);
    }
    url.path().trim_start_matches('/').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_a_person_can_mend_names_what_to_look_at() {
        for (message, class, wanted) in [
            ("answer 401: no", ErrorClass::Operator, "`refresh_token`"),
            ("answer 403: no", ErrorClass::Operator, "`refresh_token`"),
            ("answer 404: <html>", ErrorClass::Operator, "`base_url`"),
            (
                r#"answer 404: {"errors":[{"errorId":25713}]}"#,
                ErrorClass::Rejected,
                "",
            ),
        ] {
            let told = explain(&ConnectorError::rejected(message), "GET /x");
            assert_eq!(told.class, class, "{message}");
            assert!(told.message.contains(wanted), "{}", told.message);
        }
    }

    #[test]
    fn an_error_is_known_by_its_whole_number() {
        let error = ConnectorError::rejected(r#"answer 404: {"errors": [{"errorId": 25713, "message": "x"}]}"#);
        assert!(says(&error, 25_713) && !says(&error, 2_571) && !says(&error, 257_130));
        assert!(says(&ConnectorError::rejected(r#"{"errorId":7}"#), 7));
    }

    #[test]
    fn a_part_of_a_path_stays_one() {
        assert_eq!(segment("12-34567-89012"), "12-34567-89012");
        assert_eq!(segment("a/b?c"), "a%2Fb%3Fc");
    }
}
