//! Who asks the admin listener, and what they may: programs on this machine everything, others what their token says.
//!
//! A proxy on this machine speaks for others: what it passes on comes from another machine, wherever the connection
//! begins. It is known by the headers that proxies set; one that sets none is met by `server.require_tokens`.
//!
//! Whoever changes something is in the record with their name. A name that a caller gives of themselves is kept
//! beside the one that the token proves.

use super::listener::Peer;
use super::{ApiError, ApiErrorKind};
use arc_swap::ArcSwap;
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

/// Headers that say that a request was passed on.
const PASSED_ON: [&str; 6] = [
    "forwarded",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-real-ip",
    "via",
];

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

/// Who may speak to the admin listener, beside programs on this machine. Copies share what is in force.
#[derive(Clone, Default)]
pub struct Access {
    tokens: Arc<ArcSwap<Vec<Token>>>,
    /// Programs on this machine need a token, too.
    always: bool,
}

impl Access {
    /// These tokens open it.
    pub fn new(tokens: Vec<Token>) -> Self {
        let tokens = Arc::new(ArcSwap::from_pointee(tokens));
        Self { tokens, always: false }
    }

    /// From now on these tokens open it, and no other; for every copy.
    pub fn replace(&self, tokens: Vec<Token>) {
        self.tokens.store(Arc::new(tokens));
    }

    /// Whether programs on this machine need a token, too.
    #[must_use]
    pub fn always(self, always: bool) -> Self {
        Self { always, ..self }
    }

    /// The token that this is. Checksums are compared, so that the time says nothing of the secret.
    fn find(&self, given: &str) -> Option<Token> {
        let sum = Sha256::digest(given.as_bytes());
        let same = |token: &&Token| Sha256::digest(token.secret.expose_secret().as_bytes()) == sum;
        self.tokens.load().iter().find(same).cloned()
    }

    fn admit(&self, headers: &HeaderMap, peer: Option<Peer>, request: (&Method, &str)) -> Result<Caller, ApiError> {
        let bearer = headers.get(header::AUTHORIZATION).map(|value| {
            let text = value.to_str().unwrap_or_default();
            text.strip_prefix("Bearer ").unwrap_or_default().trim()
        });
        let passed_on = PASSED_ON.iter().any(|name| headers.contains_key(*name));
        let local = !passed_on && peer.is_none_or(|Peer(from)| from.to_canonical().is_loopback());
        let (name, role) = match bearer.map(|given| self.find(given)) {
            Some(Some(token)) => (token.name, token.role),
            Some(None) => return Err(unknown("this token is not known here")),
            None if local && !self.always => ("local".to_owned(), Role::Operator),
            None if request.1.starts_with("/health/") => ("anybody".to_owned(), Role::Viewer),
            None if local => return Err(unknown("a token is needed, as `server.require_tokens` says")),
            None => return Err(unknown("a token is needed from another machine")),
        };
        if role == Role::Viewer && !matches!(*request.0, Method::GET | Method::HEAD) {
            let error = ApiError::new(ApiErrorKind::Forbidden, format!("the token `{name}` may only read"));
            return Err(error.help("changes need a token with the role operator"));
        }
        let said = headers.get(USER_HEADER).and_then(|value| value.to_str().ok());
        let said = said.map(str::trim).filter(|said| !said.is_empty() && said.len() <= 64);
        Ok(Caller {
            shown: said.map_or_else(|| name.clone(), |said| format!("{said} ({name})")),
            proven: name,
        })
    }
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Caller {
    /// With the name that they give of themselves.
    shown: String,
    /// The name of the token, or `local`.
    proven: String,
}

fn unknown(sentence: &str) -> ApiError {
    let error = ApiError::new(ApiErrorKind::Unauthorized, sentence);
    error.help("send `Authorization: Bearer …` with a token of [tokens.NAME]; the command line takes OMNISTOCK_TOKEN")
}

tokio::task_local! {
    static CALLER: Caller;
}

fn asking<T>(of: impl FnOnce(&Caller) -> T) -> Option<T> {
    CALLER.try_with(of).ok()
}

/// Who makes the request that is being answered: the name of a token, `local`, and what they call themselves.
pub fn caller() -> String {
    asking(|caller| caller.shown.clone()).unwrap_or_else(|| "the daemon".to_owned())
}

/// The same without what they call themselves: who gives another name is still the same caller.
pub fn proven_caller() -> String {
    asking(|caller| caller.proven.clone()).unwrap_or_else(|| "the daemon".to_owned())
}

/// Refuses whom it does not know, and remembers the others for as long as they are answered.
pub(super) async fn known_callers(State(access): State<Arc<Access>>, request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<Peer>().copied();
    match access.admit(request.headers(), peer, (request.method(), request.uri().path())) {
        Ok(caller) => CALLER.scope(caller, next.run(request)).await,
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
    Some(if access.tokens.load().is_empty() {
        format!(
            "the admin listener is at {address}, and opens to nobody but this machine: \
             add [tokens.NAME], or set `server.admin` to a loopback address"
        )
    } else {
        format!(
            "the admin listener is at {address}, and tokens reach it unencrypted: \
             set it to a loopback address, with a proxy that speaks TLS before it, or close the port to others"
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
        asked_with(&access(), HeaderMap::new(), from, token, (method, path))
    }

    fn asked_with(
        access: &Access,
        mut headers: HeaderMap,
        from: &str,
        token: Option<&str>,
        request: (&Method, &str),
    ) -> Result<String, ApiErrorKind> {
        if let Some(token) = token {
            headers.insert(header::AUTHORIZATION, format!("Bearer {token}").parse().unwrap());
        }
        let peer = Some(Peer(from.parse().unwrap()));
        let admitted = access.admit(&headers, peer, request);
        admitted.map(|caller| caller.shown).map_err(|error| error.kind)
    }

    #[test]
    fn what_a_proxy_on_this_machine_passes_on_is_from_elsewhere() {
        let (sync, live) = ((&Method::POST, "/api/v1/sync"), (&Method::GET, "/health/live"));
        for name in PASSED_ON {
            let headers = || HeaderMap::from_iter([(name.parse().unwrap(), HeaderValue::from_static("127.0.0.1"))]);
            let ask = |token, request| asked_with(&access(), headers(), "127.0.0.1", token, request);
            assert_eq!(ask(None, sync), Err(ApiErrorKind::Unauthorized), "{name}");
            assert_eq!(ask(None, live), Ok("anybody".to_owned()), "{name}");
            let act = Some("act-0123456789abcdef");
            assert_eq!(ask(act, sync), Ok("checkout".to_owned()), "{name}");
        }
    }

    #[test]
    fn where_tokens_are_required_this_machine_needs_one_too() {
        let access = access().always(true);
        let ask = |token, request| asked_with(&access, HeaderMap::new(), "127.0.0.1", token, request);
        let (read, live) = ((&Method::GET, "/api/v1/status"), (&Method::GET, "/health/live"));
        assert_eq!(ask(None, read), Err(ApiErrorKind::Unauthorized));
        assert_eq!(ask(None, live), Ok("anybody".to_owned()));
        assert_eq!(ask(Some("see-0123456789abcdef"), read), Ok("prometheus".to_owned()));
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
    fn a_token_that_was_withdrawn_opens_nothing_any_more() {
        let access = access();
        let served = access.clone();
        access.replace(Vec::new());
        let read = (&Method::GET, "/api/v1/status");
        for token in ["see-0123456789abcdef", "act-0123456789abcdef"] {
            let asked = asked_with(&served, HeaderMap::new(), "10.0.0.5", Some(token), read);
            assert_eq!(asked, Err(ApiErrorKind::Unauthorized));
        }
    }

    #[test]
    fn who_says_their_name_is_kept_with_it() {
        let mut headers = HeaderMap::new();
        headers.insert(USER_HEADER, HeaderValue::from_static(" anna "));
        let caller = access().admit(&headers, None, (&Method::GET, "/")).unwrap();
        assert_eq!(
            (caller.shown.as_str(), caller.proven.as_str()),
            ("anna (local)", "local")
        );
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
