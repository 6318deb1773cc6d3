//! `[store]` and `[server]`: where state lives and who may call us.

use super::reader::{Fault, Section};
use super::root::Root;
use super::secret::secret_reference;
use super::tree::Node;
use super::value::{choice, duration, parsed, text};
use omnistock_sdk::{SecretReference, SecretResolver, SecretString};
use reqwest::Url;
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

/// Where state lives.
#[derive(Debug, Clone)]
pub enum StoreChoice {
    /// A database file in this folder; the default.
    Embedded {
        /// The folder. Unset in the file: `$STATE_DIRECTORY`, else `/var/lib/omnistock`.
        path: PathBuf,
    },
    /// A Redis.
    Redis {
        /// Its address, perhaps with a password.
        url: StoreUrl,
        /// What all keys begin with.
        prefix: String,
        /// How long a leader may be silent before a standby takes over.
        lease: Duration,
        /// A folder of this machine: how far the store has come is written down there.
        path: PathBuf,
    },
}

/// How long a leader may be silent, unless said.
const LEASE: Duration = Duration::from_millis(1_500);
/// Below it a busy machine would lose its lease by being busy.
const SHORTEST_LEASE: Duration = Duration::from_millis(500);
/// Above it a take-over would take longer than any channel should wait.
const LONGEST_LEASE: Duration = Duration::from_mins(1);

/// The address of a Redis.
#[derive(Debug, Clone)]
pub enum StoreUrl {
    /// As given.
    Given(SecretString),
    /// A secret that holds it.
    Secret(SecretReference),
}

impl StoreUrl {
    /// The address, or one sentence that says why there is none.
    pub fn resolve(&self, secrets: &dyn SecretResolver) -> Result<SecretString, String> {
        match self {
            Self::Given(url) => Ok(url.clone()),
            Self::Secret(reference) => secrets.resolve(reference),
        }
    }
}

/// The listeners.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerSettings {
    /// Administration: command line, metrics, health. Default `127.0.0.1:8710`.
    pub admin: SocketAddr,
    /// Webhooks. Default `127.0.0.1:8711`.
    pub webhooks: SocketAddr,
    /// Where vendors reach the webhook listener; without it nothing is subscribed.
    pub public_url: Option<Url>,
}

impl Default for ServerSettings {
    fn default() -> Self {
        let local = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        Self {
            admin: local(8710),
            webhooks: local(8711),
            public_url: None,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Embedded,
    Redis,
}

/// Reads `[store]`.
pub(super) fn store(root: Root, environment: &BTreeMap<String, String>) -> StoreChoice {
    let state = environment
        .get("STATE_DIRECTORY")
        .and_then(|folders| folders.split(':').next())
        .filter(|f| !f.is_empty());
    let default = PathBuf::from(state.unwrap_or("/var/lib/omnistock"));
    let Some(section) = root.one("store") else {
        return StoreChoice::Embedded { path: default };
    };
    let kinds = [("embedded", Kind::Embedded), ("redis", Kind::Redis)];
    // With a faulty kind nobody knows which keys belong to it.
    let kind = if section.has("kind") {
        section.read("kind", |node| choice(node, &kinds))
    } else {
        Some(Kind::Embedded)
    };
    let foreign = |keys: &[&str], owner: &str| {
        for key in keys.iter().filter(|key| section.has(key)) {
            section.error_at(key, format!("`{key}` in [store] is for kind = \"{owner}\" only"));
        }
    };
    let path = section
        .read("path", text)
        .map_or(default, |path| root.folder.join(path));
    match kind {
        None => StoreChoice::Embedded { path },
        Some(Kind::Embedded) => {
            foreign(&["url", "prefix", "lease"], "redis");
            StoreChoice::Embedded { path }
        }
        Some(Kind::Redis) => {
            let url = section.require("url", "its address, such as \"redis://127.0.0.1:6379/0\"", store_url);
            let prefix = section.read("prefix", store_prefix).unwrap_or("omnistock").to_owned();
            let lease = section.read("lease", store_lease).unwrap_or(LEASE);
            StoreChoice::Redis {
                url: url.unwrap_or_else(|| StoreUrl::Given(String::new().into())),
                prefix,
                lease,
                path,
            }
        }
    }
}

fn store_url(node: &Node) -> Result<StoreUrl, Fault> {
    if node.table().is_some() {
        return secret_reference(node).map(StoreUrl::Secret);
    }
    let expected = "redis://HOST:PORT/DATABASE, rediss://… or unix:///path";
    let url = Url::parse(text(node)?).map_err(|_| Fault::new(format!(": expected an address like {expected}")))?;
    if !["redis", "rediss", "unix", "redis+unix"].contains(&url.scheme()) {
        return Err(Fault::new(format!(
            ": expected an address like {expected}, found {}://…",
            url.scheme()
        )));
    }
    if url.password().is_some() {
        return Err(Fault::new(super::secret::PLAIN_IN_URL));
    }
    Ok(StoreUrl::Given(url.as_str().to_owned().into()))
}

fn store_lease(node: &Node) -> Result<Duration, Fault> {
    let lease = duration(node)?;
    if (SHORTEST_LEASE..=LONGEST_LEASE).contains(&lease) {
        Ok(lease)
    } else {
        Err(Fault::expected("500ms to 60s, such as \"1500ms\"", node))
    }
}

fn store_prefix(node: &Node) -> Result<&str, Fault> {
    let prefix = text(node)?;
    let plain = prefix.len() <= 64
        && prefix
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    if plain {
        Ok(prefix)
    } else {
        Err(Fault::expected(
            "at most 64 characters out of a-z, A-Z, 0-9, _ and -",
            node,
        ))
    }
}

/// Reads `[server]`.
pub(super) fn server(root: Root) -> ServerSettings {
    let default = ServerSettings::default();
    let Some(section) = root.one("server") else {
        return default;
    };
    let address = |key: &str| section.read(key, |node| parsed(node, "an address and port like \"127.0.0.1:8710\""));
    let settings = ServerSettings {
        admin: address("admin").unwrap_or(default.admin),
        webhooks: address("webhooks").unwrap_or(default.webhooks),
        public_url: section.read("public_url", public_url),
    };
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
