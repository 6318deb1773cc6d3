//! Questions to a running daemon: one deadline, a bounded answer, and sentences that say which
//! address was tried.

use super::Failure;
use super::address::{base, in_the_clear};
use crate::server::{ApiError, USER_HEADER};
use omnistock_sdk::{ExposeSecret, SecretString};
use reqwest::{Method, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::time::Duration;

/// For the whole of a question and its answer.
const DEADLINE: Duration = Duration::from_secs(10);
/// 10,000 explanations fit.
const MOST_BODY: usize = 64 << 20;

/// A client of the admin listener.
pub(super) struct Client {
    http: reqwest::Client,
    address: String,
    /// From the environment, for a daemon on another machine.
    token: Option<SecretString>,
    /// Who sits here, for the record.
    user: Option<String>,
}

impl Client {
    /// For the daemon at `address` (`host:port`, or `https://host:port`).
    pub(super) fn new(address: String) -> Result<Self, Failure> {
        let text = |name: &str| std::env::var(name).ok().filter(|text| !text.is_empty());
        let token = text("OMNISTOCK_TOKEN").map(SecretString::from);
        if token.is_some() && in_the_clear(&address) {
            return Err(Failure::usage(format!(
                "OMNISTOCK_TOKEN is not sent to {address} unencrypted, where others could read it: put a proxy with TLS \
                 before that daemon and use --admin https://HOST, or a tunnel: \
                 `ssh -L 8710:127.0.0.1:8710 HOST` and --admin 127.0.0.1:8710"
            )));
        }
        // Installed once a process; a second time answers Err, which is fine.
        drop(rustls::crypto::ring::default_provider().install_default());
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(DEADLINE)
            .build()
            .map_err(|cause| {
                let (why, mend) = (root(&cause), "Debian: apt-get install ca-certificates");
                Failure::usage(format!(
                    "this machine lacks the certificates of authorities ({mend}): {why}"
                ))
            })?;
        let user = text("SUDO_USER").or_else(|| text("USER")).or_else(|| text("LOGNAME"));
        Ok(Self {
            http,
            address,
            token,
            user: user.filter(|user| user.len() <= 64 && user.bytes().all(|byte| byte.is_ascii_graphic())),
        })
    }

    /// A read.
    pub(super) async fn get<T: DeserializeOwned>(&self, path: &str, query: &[(&str, &str)]) -> Result<T, Failure> {
        self.send(self.request(Method::GET, path).query(query)).await
    }

    /// A change.
    pub(super) async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &(impl Serialize + ?Sized),
    ) -> Result<T, Failure> {
        self.send(self.request(Method::POST, path).json(body)).await
    }

    /// An end.
    pub(super) async fn delete<T: DeserializeOwned>(&self, path: &str) -> Result<T, Failure> {
        self.send(self.request(Method::DELETE, path)).await
    }

    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let mut request = self.http.request(method, format!("{}{path}", base(&self.address)));
        if let Some(token) = &self.token {
            request = request.bearer_auth(token.expose_secret());
        }
        if let Some(user) = &self.user {
            request = request.header(USER_HEADER, user);
        }
        request
    }

    async fn send<T: DeserializeOwned>(&self, request: reqwest::RequestBuilder) -> Result<T, Failure> {
        let mut response = request.send().await.map_err(|error| self.transport(&error))?;
        let status = response.status();
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.transport(&error))? {
            if body.len() + chunk.len() > MOST_BODY {
                return Err(Failure::no(format!(
                    "the answer of {} is larger than {MOST_BODY} bytes",
                    self.address
                )));
            }
            body.extend_from_slice(&chunk);
        }
        if status.is_success() {
            return serde_json::from_slice(&body).map_err(|_| self.stranger(status));
        }
        match serde_json::from_slice::<ApiError>(&body) {
            Ok(error) => Err(refused(status, error)),
            Err(_) => Err(self.stranger(status)),
        }
    }

    fn transport(&self, error: &reqwest::Error) -> Failure {
        let address = &self.address;
        if error.is_builder() {
            return Failure::usage(format!(
                "`{address}` is no address: use HOST:PORT as in --admin 127.0.0.1:8710, or https://HOST"
            ));
        }
        if error.is_timeout() {
            let seconds = DEADLINE.as_secs();
            return Failure::unreachable(format!(
                "the daemon on {address} did not answer within {seconds} s: look at its log with `journalctl -u omnistock`"
            ));
        }
        let cause = root(error);
        Failure::unreachable(format!(
            "no daemon answers on {address} ({cause}): start it with `systemctl start omnistock` or name its address with --admin"
        ))
    }

    fn stranger(&self, status: StatusCode) -> Failure {
        Failure::unreachable(format!(
            "what answers on {} ({}) is not this version of omnistock: name the daemon's admin address with --admin",
            self.address,
            status.as_u16()
        ))
    }
}

/// The last cause: "Connection refused" rather than "error sending request".
fn root(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}

/// A wrong request is a matter of usage; everything else is the daemon's no.
fn refused(status: StatusCode, error: ApiError) -> Failure {
    let message = match error.help {
        Some(help) => format!("{}: {help}", error.error),
        None => error.error,
    };
    if status == StatusCode::BAD_REQUEST {
        Failure::usage(message)
    } else {
        Failure::no(message)
    }
}

/// One part of a path: everything but letters, digits and `-_.~` is escaped.
pub(super) fn segment(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            escaped.extend(["%", &format!("{byte:02X}")]);
        }
    }
    escaped
}
