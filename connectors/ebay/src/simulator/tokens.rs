//! Consent and tokens: what the vendor hands out, for whom, and until when.

use axum::http::HeaderMap;
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use tokio::time::Instant;
use url::form_urlencoded;

use super::server::json_answer;

pub(super) const CLIENT_ID: &str = "merchant-omnistock-PRD-0123456789ab";
pub(super) const CLIENT_SECRET: &str = "PRD-c0ffee5ec4e7-cert-of-the-simulator";
pub(super) const REFRESH_TOKEN: &str = "v^1.1#i^1#c0ffee5ec4e7-consent-of-the-seller";

/// Tokens of the application in a day, at most.
const APPLICATION_TOKENS: u64 = 1_000;

const BASE: &str = "https://api.ebay.com/oauth/api_scope";

/// Who a token is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    Seller,
    Application,
}

pub(super) struct Tokens {
    /// What the seller consented to, without the address in front; empty: the consent is over.
    pub(super) consented: BTreeSet<String>,
    live: BTreeMap<String, (Owner, Instant)>,
    life: Duration,
    made: u64,
    /// Tokens that were handed out, by whose they are.
    pub(super) minted: (u64, u64),
    /// The day since 1970, and the application's tokens in it.
    today: (i64, u64),
}

impl Tokens {
    pub(super) fn new(life: Duration) -> Self {
        let consented = crate::login::SCOPES.map(str::to_owned);
        Self {
            consented: consented.into(),
            live: BTreeMap::new(),
            life,
            made: 0,
            minted: (0, 0),
            today: (0, 0),
        }
    }

    pub(super) fn expire(&mut self) {
        self.live.clear();
    }

    /// Whose token this is, where it is good.
    pub(super) fn owner(&self, token: &str) -> Option<Owner> {
        let (owner, until) = self.live.get(token)?;
        (*until > Instant::now()).then_some(*owner)
    }

    pub(super) fn bearer(&self, headers: &HeaderMap) -> Option<Owner> {
        let value = headers.get("authorization")?.to_str().ok()?;
        self.owner(value.strip_prefix("Bearer ")?)
    }

    /// Whether the application may have one more token on this day.
    fn one_more(&mut self, today: i64) -> bool {
        if self.today.0 != today {
            self.today = (today, 0);
        }
        self.today.1 += 1;
        self.today.1 <= APPLICATION_TOKENS
    }

    /// `POST /identity/v1/oauth2/token`.
    pub(super) fn mint(&mut self, headers: &HeaderMap, body: &[u8], today: i64) -> Response {
        let refused = |status, error: &str, words: &str| {
            json_answer(status, &json!({"error": error, "error_description": words}))
        };
        let basic = format!("Basic {}", STANDARD.encode(format!("{CLIENT_ID}:{CLIENT_SECRET}")));
        if headers.get("authorization").and_then(|value| value.to_str().ok()) != Some(basic.as_str()) {
            return refused(401, "invalid_client", "client authentication failed");
        }
        let form: BTreeMap<String, String> = form_urlencoded::parse(body).into_owned().collect();
        let field = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
        let scopes: Vec<&str> = field("scope")
            .split(' ')
            .filter_map(|scope| scope.strip_prefix(BASE))
            .collect();
        let owner = match field("grant_type") {
            "client_credentials" if scopes == [""] => Owner::Application,
            "refresh_token" if field("refresh_token") != REFRESH_TOKEN || self.consented.is_empty() => {
                let words = "the provided authorization refresh token is invalid or was issued to another client";
                return refused(400, "invalid_grant", words);
            }
            "refresh_token"
                if scopes
                    .iter()
                    .all(|scope| self.consented.contains(scope.trim_start_matches('/'))) =>
            {
                Owner::Seller
            }
            "client_credentials" | "refresh_token" => {
                let words =
                    "The requested scope is invalid, unknown, malformed, or exceeds the scope granted to the client";
                return refused(400, "invalid_scope", words);
            }
            _ => return refused(400, "unsupported_grant_type", "grant type in request is not supported"),
        };
        match owner {
            Owner::Seller => self.minted.0 += 1,
            Owner::Application if !self.one_more(today) => {
                let words = "The maximum number of access tokens of this application and day was handed out.";
                return refused(429, "too_many_requests", words);
            }
            Owner::Application => self.minted.1 += 1,
        }
        self.made += 1;
        let token = format!("v^1.1#i^1#t^c0ffee5ec4e7{:08}", self.made);
        self.live.insert(token.clone(), (owner, Instant::now() + self.life));
        let kind = if owner == Owner::Seller {
            "User Access Token"
        } else {
            "Application Access Token"
        };
        json_answer(
            200,
            &json!({"access_token": token, "expires_in": self.life.as_secs(), "token_type": kind}),
        )
    }
}
