//! Who may speak to the admin listener: programs, not pages in a browser.
//!
//! A page on another site can make a browser send requests to a loopback address; DNS rebinding
//! even lets it read the answers. Both are told apart by headers that browsers always set: a
//! rebound request carries a host *name*, a cross-site one an `Origin`. So hosts must be IP
//! addresses or `localhost`, and nothing with an `Origin` is served (there are no pages yet).

use super::{ApiError, ApiErrorKind};
use axum::extract::Request;
use axum::http::{HeaderMap, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::net::{IpAddr, SocketAddr};

/// Refuses what comes from a browser.
pub(super) async fn programs_only(request: Request, next: Next) -> Response {
    match refusal(request.headers()) {
        Some(error) => error.into_response(),
        None => next.run(request).await,
    }
}

fn refusal(headers: &HeaderMap) -> Option<ApiError> {
    let forbidden = |error: &str| ApiError::new(ApiErrorKind::Forbidden, error);
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if headers.contains_key(header::ORIGIN) || text("sec-fetch-site").is_some_and(|site| site != "none") {
        return Some(forbidden("requests of web pages are refused").help("use the command line or a program"));
    }
    // A page can't know a token, and who has one may come through a proxy with a name.
    if headers.contains_key(header::AUTHORIZATION) {
        return None;
    }
    let host = text("host").unwrap_or_default();
    let known = host.parse::<SocketAddr>().is_ok() || bare(host).is_some_and(is_plain_host);
    (!known).then(|| {
        forbidden("the Host header must be an IP address or localhost").help("address the daemon by IP address")
    })
}

/// The host without its port and brackets.
fn bare(host: &str) -> Option<&str> {
    if let Some(rest) = host.strip_prefix('[') {
        return rest.strip_suffix(']');
    }
    match host.split_once(':') {
        Some((name, port)) => port.parse::<u16>().is_ok().then_some(name),
        None => Some(host),
    }
}

fn is_plain_host(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect()
    }

    #[test]
    fn programs_that_use_an_address_pass() {
        for host in [
            "127.0.0.1:8710",
            "127.0.0.1",
            "localhost:8710",
            "LOCALHOST",
            "[::1]:8710",
            "[::1]",
            "10.0.0.5:80",
        ] {
            assert_eq!(refusal(&headers(&[("host", host)])), None, "{host}");
        }
    }

    #[test]
    fn rebound_names_and_pages_do_not() {
        for host in [
            "evil.example:8710",
            "127.0.0.1.evil.example",
            "localhost.evil.example",
            "",
            "localhost:",
            "a:b:c",
        ] {
            assert!(refusal(&headers(&[("host", host)])).is_some(), "{host}");
        }
        assert!(refusal(&HeaderMap::new()).is_some());
        for (name, value) in [
            ("origin", "http://127.0.0.1:8710"),
            ("origin", "null"),
            ("sec-fetch-site", "cross-site"),
        ] {
            assert!(
                refusal(&headers(&[("host", "127.0.0.1"), (name, value)])).is_some(),
                "{name} {value}"
            );
        }
    }
}
