//! `[server]`: who may call us.

use super::access::TokenChoice;
use super::reader::{Fault, Section};
use super::root::Root;
use super::tree::Node;
use super::value::{boolean, parsed};
use reqwest::Url;
use std::net::{Ipv4Addr, SocketAddr};

/// The listeners.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerSettings {
    /// Administration: command line, metrics, health. Default `127.0.0.1:8710`.
    pub admin: SocketAddr,
    /// Webhooks. Default `127.0.0.1:8711`.
    pub webhooks: SocketAddr,
    /// Where vendors reach the webhook listener; without it nothing is subscribed.
    pub public_url: Option<Url>,
    /// Who may use the admin listener from other machines.
    pub tokens: Vec<TokenChoice>,
    /// Whether programs on this machine need a token, too. Default `false`.
    pub require_tokens: bool,
}

impl Default for ServerSettings {
    fn default() -> Self {
        let local = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        Self {
            admin: local(8710),
            webhooks: local(8711),
            public_url: None,
            tokens: Vec::new(),
            require_tokens: false,
        }
    }
}

/// Reads `[server]`.
pub(super) fn server(root: Root) -> ServerSettings {
    let default = ServerSettings {
        tokens: super::access::tokens(root),
        ..ServerSettings::default()
    };
    let Some(section) = root.one("server") else {
        return default;
    };
    let address = |key: &str| section.read(key, |node| parsed(node, "an address and port like \"127.0.0.1:8710\""));
    let settings = ServerSettings {
        admin: address("admin").unwrap_or(default.admin),
        webhooks: address("webhooks").unwrap_or(default.webhooks),
        public_url: section.read("public_url", public_url),
        tokens: default.tokens,
        require_tokens: section.read("require_tokens", boolean).unwrap_or_default(),
    };
    if settings.require_tokens && settings.tokens.is_empty() {
        section.error_at(
            "require_tokens",
            "`require_tokens` in [server] leaves nobody who may ask: add [tokens.NAME]",
        );
    }
    if settings.admin == settings.webhooks && settings.admin.port() != 0 {
        same_address(&section, settings.admin);
    }
    settings
}

fn same_address(section: &Section, address: SocketAddr) {
    let key = if section.has("webhooks") { "webhooks" } else { "admin" };
    section.error_at(
        key,
        format!("`admin` and `webhooks` in [server] are both {address}: give each its own port"),
    );
}

fn public_url(node: &Node) -> Result<Url, Fault> {
    let expected = "an address like \"https://hooks.example.com\"";
    let url: Url = parsed(node, expected)?;
    let web = matches!(url.scheme(), "https" | "http") && url.host().is_some() && url.query().is_none();
    if web {
        Ok(url)
    } else {
        Err(Fault::expected(expected, node))
    }
}
