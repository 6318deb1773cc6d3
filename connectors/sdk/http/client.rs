//! The client itself. Every call has a deadline, every body a limit; an error says whether the
//! call can have taken effect.

use super::guard::{Forbidden, Guard};
use crate::{ConnectorError, ErrorClass, Learned, learn};
use bytes::{Bytes, BytesMut};
use reqwest::header::{HeaderMap, RETRY_AFTER};
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// Limits of a client.
#[derive(Debug, Clone)]
pub struct HttpSettings {
    /// Where the vendor's interface begins, without a trailing slash.
    pub base: Url,
    /// From connect to the last byte of the body.
    pub deadline: Duration,
    /// Largest body after decompression, bytes.
    pub most_body: usize,
}

impl HttpSettings {
    /// 30 seconds and 32 MiB.
    pub fn new(base: Url) -> Self {
        Self {
            base,
            deadline: Duration::from_secs(30),
            most_body: 32 << 20,
        }
    }
}

/// An answer with a 2xx status.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
}

impl Answer {
    /// The body as JSON. An answer that isn't JSON (a login page, a proxy's error) says so with its first words.
    pub fn json<T: serde::de::DeserializeOwned>(&self) -> Result<T, ConnectorError> {
        serde_json::from_slice(&self.body).map_err(|error| {
            ConnectorError::unknown(format!(
                "answer {} is not the JSON it should be ({error}): {}",
                self.status,
                excerpt(&self.body)
            ))
        })
    }
}

/// A client for one vendor system.
#[derive(Debug, Clone)]
pub struct Http {
    client: reqwest::Client,
    settings: HttpSettings,
}

fn excerpt(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let short: String = text
        .chars()
        .take(300)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    if short.trim().is_empty() {
        "(empty body)".to_owned()
    } else {
        short
    }
}

/// What it lacks is always the same.
const NO_CLIENT: &str =
    "no HTTP client: this machine may lack the certificates of authorities (Debian: apt-get install ca-certificates)";

impl Http {
    /// Builds a client: HTTP/1.1 and 2, gzip, no redirects, no proxy from the environment.
    pub fn new(settings: HttpSettings) -> Result<Self, ConnectorError> {
        // Installed once a process; a second time answers Err, which is fine.
        drop(rustls::crypto::ring::default_provider().install_default());
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .dns_resolver(Arc::new(Guard::new(&settings.base)))
            .connect_timeout(Duration::from_secs(10))
            .timeout(settings.deadline)
            .pool_idle_timeout(Duration::from_secs(30))
            .user_agent(concat!("omnistock/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| ConnectorError::operator(format!("{NO_CLIENT} ({})", Self::transport(&error).message)))?;
        Ok(Self { client, settings })
    }

    /// Where the vendor's interface begins.
    pub fn base(&self) -> &Url {
        &self.settings.base
    }

    /// A request builder; the address is `base` + `path` (which begins with a slash).
    pub fn request(&self, method: reqwest::Method, path: &str) -> reqwest::RequestBuilder {
        let base = self.settings.base.as_str().trim_end_matches('/');
        self.client.request(method, format!("{base}{path}"))
    }

    /// A request builder for an address that the vendor named in an answer, such as a file to fetch. It carries no
    /// credentials. Refused unless it is `https` and public, or at the host of the settings.
    pub fn elsewhere(&self, method: reqwest::Method, url: &Url) -> Result<reqwest::RequestBuilder, ConnectorError> {
        let same_origin = url.origin() == self.settings.base.origin();
        if url.scheme() != "https" && !same_origin {
            let host = url.host_str().unwrap_or_default();
            return Err(ConnectorError::operator(format!(
                "the vendor names an address at `{host}` that is not https: not connected"
            )));
        }
        Guard::new(&self.settings.base)
            .admits(url)
            .map_err(|forbidden| ConnectorError::operator(forbidden.to_string()))?;
        Ok(self.client.request(method, url.clone()))
    }

    /// Sends. 2xx is an answer; everything else an error by what has to happen next:
    /// not connected or 429: `Retry`; no or half an answer, 5xx: `Unknown`; 401, 403, redirects: `Operator`; other 4xx: `Rejected`.
    pub async fn send(&self, request: reqwest::RequestBuilder) -> Result<Answer, ConnectorError> {
        crate::learn::requested();
        let response = request.send().await.map_err(|error| Self::transport(&error))?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        crate::clock::note(&headers);
        let body = self.body(response).await?;
        if (200..300).contains(&status) {
            return Ok(Answer { status, headers, body });
        }
        Err(Self::refused(status, &headers, &body))
    }

    pub(super) async fn body(&self, mut response: reqwest::Response) -> Result<Bytes, ConnectorError> {
        let mut body = BytesMut::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| Self::transport(&error))? {
            if body.len() + chunk.len() > self.settings.most_body {
                let most = self.settings.most_body;
                return Err(ConnectorError::unknown(format!(
                    "the answer is larger than {most} bytes and was not read"
                )));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body.freeze())
    }

    pub(super) fn transport(error: &reqwest::Error) -> ConnectorError {
        // The chain tells "connection refused" apart from "no such host"; without the URL, which may hold keys.
        let mut message = String::new();
        let mut source: Option<&(dyn std::error::Error + 'static)> = std::error::Error::source(error);
        while let Some(cause) = source {
            if let Some(forbidden) = cause.downcast_ref::<Forbidden>() {
                return ConnectorError::operator(forbidden.to_string());
            }
            message = cause.to_string();
            source = cause.source();
        }
        if message.is_empty() {
            message = if error.is_timeout() {
                "no answer in time".to_owned()
            } else {
                "the connection broke".to_owned()
            };
        }
        let class = if error.is_connect() || error.is_builder() {
            ErrorClass::Retry { after: None }
        } else {
            ErrorClass::Unknown
        };
        ConnectorError { class, message }
    }

    pub(super) fn refused(status: u16, headers: &HeaderMap, body: &[u8]) -> ConnectorError {
        let after = headers
            .get(RETRY_AFTER)
            .and_then(|v| v.to_str().ok())
            .and_then(|v| v.trim().parse().ok());
        let after = after.map(|seconds: u64| Duration::from_secs(seconds.min(3_600)));
        let class = match status {
            429 => {
                let wish = after.map(|after| i64::try_from(after.as_millis()).unwrap_or(i64::MAX));
                learn(Learned::Throttled { after: wish });
                ErrorClass::Retry { after }
            }
            503 if after.is_some() => ErrorClass::Retry { after },
            401 | 403 | 300..400 => ErrorClass::Operator,
            400..500 => ErrorClass::Rejected,
            _ => ErrorClass::Unknown,
        };
        ConnectorError {
            class,
            message: format!("answer {status}: {}", excerpt(body)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_vendor_can_not_send_us_into_the_operators_own_network() {
        let http = Http::new(HttpSettings::new("https://shop.example.test".parse().unwrap())).unwrap();
        let ask = |url: &str| http.elsewhere(reqwest::Method::GET, &url.parse().unwrap());
        for refused in [
            "http://files.example.test/x",
            "https://10.0.0.1/x",
            "file:///etc/passwd",
        ] {
            assert_eq!(ask(refused).unwrap_err().class, ErrorClass::Operator, "{refused}");
        }
        let error = http.send(ask("https://localhost:9/x").unwrap()).await.unwrap_err();
        assert_eq!(error.class, ErrorClass::Operator, "{error}");
        assert!(error.message.contains("`localhost`"), "{error}");
    }
}
