//! One address with the manner of speaking to it: user, database, certificates, dead peers.

use super::problem::{problem, unusable_url};
use super::settings::{RedisCertificates, RedisLogin};
use crate::store::StoreError;
use redis::io::tcp::{TcpSettings, socket2::TcpKeepalive};
use redis::{Client, ClientTlsConfig, ConnectionAddr, ConnectionInfo, IntoConnectionInfo, ProtocolVersion};
use redis::{RedisConnectionInfo, TlsCertificates};
use secrecy::ExposeSecret;
use std::path::Path;
use std::time::Duration;

/// An idle connection is probed after so long, then as often until the third probe without an answer.
const PROBE: Duration = Duration::from_secs(5);
/// What was sent and is not even received by the other machine's network after so long ends the connection.
const UNRECEIVED: Duration = Duration::from_secs(5);

/// How a certificate begins in a PEM file.
const BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";

/// A server that can be connected to.
#[derive(Clone)]
pub(super) struct Node {
    information: ConnectionInfo,
    certificates: Option<TlsCertificates>,
}

/// The certificates, or which file is wrong.
pub(super) fn certificates(settings: &RedisCertificates) -> Result<Option<TlsCertificates>, StoreError> {
    let read = |path: &Path, key: &str| {
        let refused = |what: &str| {
            let path = path.display();
            StoreError::Refused(format!("`{key}` under [store]: {path} {what}"))
        };
        let bytes = std::fs::read(path).map_err(|problem| refused(&format!("can't be read: {problem}")))?;
        let begins = bytes.windows(BEGIN.len()).any(|window| window == BEGIN);
        begins
            .then_some(bytes)
            .ok_or_else(|| refused("holds no certificate: it must be a PEM file"))
    };
    let authority = settings.authority.as_deref();
    let root_cert = authority.map(|path| read(path, "certificate_authority")).transpose()?;
    let client_tls = match (&settings.certificate, &settings.key) {
        (Some(path), Some(key)) => Some(ClientTlsConfig {
            client_cert: read(path, "client_certificate")?,
            client_key: key.expose_secret().as_bytes().to_vec(),
        }),
        _ => None,
    };
    let any = root_cert.is_some() || client_tls.is_some();
    Ok(any.then_some(TlsCertificates { client_tls, root_cert }))
}

/// RESP3, so that a connection that dies while idle is noticed at once.
fn manner(given: &RedisConnectionInfo, login: &RedisLogin) -> RedisConnectionInfo {
    let mut manner = given.clone().set_protocol(ProtocolVersion::RESP3);
    if let Some(username) = &login.username {
        manner = manner.set_username(username);
    }
    if let Some(password) = &login.password {
        manner = manner.set_password(password.expose_secret());
    }
    manner
}

fn sockets() -> TcpSettings {
    let keepalive = TcpKeepalive::new()
        .with_time(PROBE)
        .with_interval(PROBE)
        .with_retries(3);
    TcpSettings::default()
        .set_nodelay(true)
        .set_keepalive(keepalive)
        .set_user_timeout(UNRECEIVED)
}

impl Node {
    /// Reads an address; says nothing of what it was, because there may be a password in it.
    pub(super) fn parse(
        url: &str,
        login: &RedisLogin,
        certificates: Option<TlsCertificates>,
    ) -> Result<Self, StoreError> {
        let information = url.into_connection_info().map_err(|_| unusable_url())?;
        let manner = manner(information.redis_settings(), login);
        let information = information.set_redis_settings(manner).set_tcp_settings(sockets());
        Ok(Self {
            information,
            certificates,
        })
    }

    /// As whom and with which database, for a node that was found from another kind of node.
    pub(super) fn with(mut self, login: &RedisLogin, database: u32) -> Self {
        let fresh = RedisConnectionInfo::default().set_db(i64::from(database));
        self.information = self.information.set_redis_settings(manner(&fresh, login));
        self
    }

    /// The number of its database.
    pub(super) fn database(&self) -> i64 {
        self.information.redis_settings().db()
    }

    /// Another address spoken to in the same manner: `host:port`; without a host, this one's.
    pub(super) fn at(&self, address: &str) -> Option<Self> {
        let (host, port) = address.rsplit_once(':')?;
        let port = port.parse().ok()?;
        let own = match self.information.addr() {
            ConnectionAddr::Tcp(host, _) | ConnectionAddr::TcpTls { host, .. } => host.as_str(),
            _ => "localhost",
        };
        let host = if host.is_empty() { own } else { host }.to_owned();
        let address = match self.information.addr() {
            ConnectionAddr::TcpTls { .. } => ConnectionAddr::TcpTls {
                host,
                port,
                insecure: false,
                tls_params: None,
            },
            _ => ConnectionAddr::Tcp(host, port),
        };
        Some(Self {
            information: self.information.clone().set_addr(address),
            certificates: self.certificates.clone(),
        })
    }

    /// `host:port`, without user and password.
    pub(super) fn address(&self) -> String {
        self.information.addr().to_string()
    }

    /// What connects to it.
    pub(super) fn client(&self) -> Result<Client, StoreError> {
        let secure = matches!(self.information.addr(), ConnectionAddr::TcpTls { .. });
        let client = match &self.certificates {
            Some(certificates) if secure => Client::build_with_tls(self.information.clone(), certificates.clone())
                .map_err(|error| {
                    StoreError::Refused(format!(
                        "the certificates under [store] are not usable: {error}: they must be PEM files"
                    ))
                }),
            _ => Client::open(self.information.clone()).map_err(|error| problem(&error)),
        };
        if secure {
            // Nobody else may have chosen one; a second choice is refused and changes nothing.
            drop(rustls::crypto::ring::default_provider().install_default());
        }
        client
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(url: &str) -> Node {
        Node::parse(url, &RedisLogin::default(), None).unwrap()
    }

    #[test]
    fn another_address_keeps_the_manner() {
        for (url, moved, expected) in [
            ("redis://a:1", "b:2", Some("b:2")),
            ("rediss://a:1", ":2", Some("a:2")),
            ("redis://a:1", "::1:2", Some("::1:2")),
            ("redis://a:1", "b", None),
            ("redis://a:1", "b:x", None),
        ] {
            let other = node(url).at(moved);
            assert_eq!(other.as_ref().map(Node::address).as_deref(), expected, "{moved}");
            let secure =
                |node: &Node| matches!(node.information.addr(), ConnectionAddr::TcpTls { insecure: false, .. });
            assert!(other.is_none_or(|other| secure(&other) == url.starts_with("rediss")));
        }
    }

    #[test]
    fn a_login_of_its_own_stands_before_the_address() {
        let login = RedisLogin {
            username: Some("narrow".to_owned()),
            password: None,
        };
        let node = Node::parse("redis://wide:secret@a:1/3", &login, None).unwrap();
        let settings = node.information.redis_settings();
        assert_eq!(
            (settings.username(), settings.password(), node.database()),
            (Some("narrow"), Some("secret"), 3)
        );
        let other = node.with(&RedisLogin::default(), 5);
        assert_eq!(other.information.redis_settings().password(), None);
        assert_eq!(other.database(), 5);
    }
}
