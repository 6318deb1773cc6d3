//! Who asks the admin listener, and what they may: programs on this machine everything, others what their token says.
//!
//! Whoever changes something is in the record with their name. A name that a caller gives of themselves is kept
//! beside the one that the token proves.

use super::listener::Peer;
use super::{ApiError, ApiErrorKind};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use omnistock_sdk::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use std::net::SocketAddr;
use std::sync::Arc;

/// The header with the name of the person at the command line.
pub const USER_HEADER: &str = "omnistock-user";

/// What a caller may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Read.
    Viewer,
    /// Read and change.
    Operator,
}

/// A token that opens the admin listener.
#[derive(Clone)]
pub struct Token {
    /// Its name in the configuration, and in the record.
    pub name: String,
    /// What it opens.
    pub role: Role,
    /// The secret.
    pub secret: SecretString,
}

/// Who may speak to the admin listener, beside programs on this machine.
#[derive(Clone, Default)]
pub struct Access {
    tokens: Vec<Token>,
}

impl Access {
    /// These tokens open it.
    pub fn new(tokens: Vec<Token>) -> Self {
        Self { tokens }
    }

    /// The token that this is. Checksums are compared, so that the time says nothing of the secret.
    fn find(&self, given: &str) -> Option<&Token> {
        let sum = Sha256::digest(given.as_bytes());
        let same = |token: &&Token| Sha256::digest(token.secret.expose_secret().as_bytes()) == sum;
        self.tokens.iter().find(same)
    }

    fn admit(&self, headers: &HeaderMap, peer: Option<Peer>, request: (&Method, &str)) -> Result<String, ApiError> {
        let bearer = headers.get(header::AUTHORIZATION).map(|value| {
            let text = value.to_str().unwrap_or_default();
            text.strip_prefix("Bearer ").unwrap_or_default().trim()
        });
        let local = peer.is_none_or(|Peer(from)| from.to_canonical().is_loopback());
        let (name, role) = match bearer.map(|given| self.find(given)) {
            Some(Some(token)) => (token.name.as_str(), token.role),
            Some(None) => return Err(unknown("this token is not known here")),
            None if local => ("local", Role::Operator),
            None if request.1.starts_with("/health/") => ("anybody", Role::Viewer),
            None => return Err(unknown("a token is needed from another machine")),
        };
        if role == Role::Viewer && !matches!(*request.0, Method::GET | Method::HEAD) {
            let error = ApiError::new(ApiErrorKind::Forbidden, format!("the token `{name}` may only read"));
            return Err(error.help("changes need a token with the role operator"));
        }
        let said = headers.get(USER_HEADER).and_then(|value| value.to_str().ok());
        let said = said.map(str::trim).filter(|said| !said.is_empty() && said.len() <= 64);
        Ok(said.map_or_else(|| name.to_owned(), |said| format!("{said} ({name})")))
    }
}

fn unknown(sentence: &str) -> ApiError {
    let error = ApiError::new(ApiErrorKind::Unauthorized, sentence);
    error.help("send `Authorization: Bearer …` with a token of [tokens.NAME]; the command line takes OMNISTOCK_TOKEN")
}

tokio::task_local! {
    static CALLER: String;
}

/// Who makes the request that is being answered: the name of a token, `local`, and what they call themselves.
pub fn caller() -> String {
    CALLER
        .try_with(Clone::clone)
        .unwrap_or_else(|_| "the daemon".to_owned())
}

/// Refuses whom it does not know, and remembers the others for as long as they are answered.
pub(super) async fn known_callers(State(access): State<Arc<Access>>, request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<Peer>().copied();
    match access.admit(request.headers(), peer, (request.method(), request.uri().path())) {
        Ok(name) => CALLER.scope(name, next.run(request)).await,
        Err(error) => {
            let unauthorized = error.kind == ApiErrorKind::Unauthorized;
            let mut response = error.into_response();
            if unauthorized {
                let headers = response.headers_mut();
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            response
        }
    }
}

/// What an operator should know of this address for the admin listener; none for loopback.
pub fn exposure_warning(address: SocketAddr, access: &Access) -> Option<String> {
    if address.ip().is_loopback() {
        return None;
    }
    Some(if access.tokens.is_empty() {
        format!(
            "the admin listener is at {address}, and opens to nobody but this machine: \
             add [tokens.NAME], or set `server.admin` to a loopback address"
        )
    } else {
        format!(
            "the admin listener is at {address}, and tokens reach it unencrypted: \
             put a proxy with TLS before it, or close the port to others"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn access() -> Access {
        let token = |name: &str, role, secret: &str| Token {
            name: name.to_owned(),
            role,
            secret: SecretString::from(secret),
        };
        Access::new(vec![
            token("prometheus", Role::Viewer, "see-0123456789abcdef"),
            token("checkout", Role::Operator, "act-0123456789abcdef"),
        ])
    }

    fn asked(from: &str, token: Option<&str>, method: &Method, path: &str) -> Result<String, ApiErrorKind> {
        let mut headers = HeaderMap::new();
        if let Some(token) = token {
            headers.insert(header::AUTHORIZATION, format!("Bearer {token}").parse().unwrap());
        }
        let peer = Some(Peer(from.parse().unwrap()));
        access()
            .admit(&headers, peer, (method, path))
            .map_err(|error| error.kind)
    }

    #[test]
    fn this_machine_needs_no_token_and_others_do() {
        for from in ["127.0.0.1", "::1", "::ffff:127.0.0.1"] {
            assert_eq!(asked(from, None, &Method::POST, "/api/v1/sync"), Ok("local".to_owned()));
        }
        for from in ["10.0.0.5", "2001:db8::1", "::ffff:10.0.0.5"] {
            let refused = Err(ApiErrorKind::Unauthorized);
            assert_eq!(asked(from, None, &Method::GET, "/api/v1/status"), refused);
            assert_eq!(asked(from, Some("wrong"), &Method::GET, "/api/v1/status"), refused);
            assert!(asked(from, None, &Method::GET, "/health/ready").is_ok());
        }
    }

    #[test]
    fn a_viewer_reads_and_an_operator_changes() {
        let (see, act) = (Some("see-0123456789abcdef"), Some("act-0123456789abcdef"));
        for from in ["10.0.0.5", "127.0.0.1"] {
            assert_eq!(asked(from, see, &Method::GET, "/metrics"), Ok("prometheus".to_owned()));
            let refused = Err(ApiErrorKind::Forbidden);
            assert_eq!(asked(from, see, &Method::POST, "/api/v1/sync"), refused);
            assert_eq!(asked(from, see, &Method::DELETE, "/api/v1/reservations/r"), refused);
            assert_eq!(
                asked(from, act, &Method::POST, "/api/v1/sync"),
                Ok("checkout".to_owned())
            );
        }
        let wrong = Err(ApiErrorKind::Unauthorized);
        assert_eq!(asked("127.0.0.1", Some("wrong"), &Method::GET, "/metrics"), wrong);
    }

    #[test]
    fn who_says_their_name_is_kept_with_it() {
        let mut headers = HeaderMap::new();
        headers.insert(USER_HEADER, HeaderValue::from_static(" anna "));
        let name = access().admit(&headers, None, (&Method::GET, "/")).unwrap();
        assert_eq!(name, "anna (local)");
    }

    #[test]
    fn only_a_public_admin_address_is_warned_of() {
        let public = "0.0.0.0:8710".parse().unwrap();
        assert_eq!(exposure_warning("127.0.0.1:8710".parse().unwrap(), &access()), None);
        assert_eq!(exposure_warning("[::1]:8710".parse().unwrap(), &access()), None);
        assert!(exposure_warning(public, &access()).unwrap().contains("unencrypted"));
        let none = exposure_warning(public, &Access::default()).unwrap();
        assert!(none.contains("0.0.0.0:8710") && none.contains("nobody but this machine"));
    }
}
