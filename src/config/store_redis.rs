//! `[store]` with `kind = "redis"`: one server, Sentinels or a Cluster; as whom, and what is waited for.

use super::reader::{Fault, Section};
use super::root::Root;
use super::schema::WAIT;
use super::secret::{PLAIN_IN_URL, secret_reference};
use super::tree::Node;
use super::value::{boolean, count, duration, text};
use omnistock_sdk::{SecretReference, SecretResolver, SecretString};
use reqwest::Url;
use std::path::PathBuf;
use std::time::Duration;

/// The keys that belong to it.
pub(super) const KEYS: &[&str] = &[
    "url",
    "sentinels",
    "master",
    "database",
    "sentinel_username",
    "sentinel_password",
    "cluster",
    "prefix",
    "username",
    "password",
    "certificate_authority",
    "client_certificate",
    "client_key",
    "wait",
    "lease",
];
/// The line is hidden by these words.
const IN_THE_OPEN: &str = ": a password never stands in the configuration; ";
/// Keys that only a fail-over by Sentinels needs.
const OF_SENTINELS: &[&str] = &["master", "database", "sentinel_username", "sentinel_password"];
/// Below the time in which a server has to answer at all.
const LONGEST_WAIT: Duration = Duration::from_secs(4);

/// How long a leader may be silent, unless said.
const LEASE: Duration = Duration::from_millis(1_500);
/// Below it a busy machine would lose its lease by being busy.
const SHORTEST_LEASE: Duration = Duration::from_millis(500);
/// Above it a take-over would take longer than any channel should wait.
const LONGEST_LEASE: Duration = Duration::from_mins(1);

/// A Redis as configured.
#[derive(Debug, Clone)]
pub struct RedisChoice {
    /// Where it is.
    pub place: RedisPlaceChoice,
    /// What all keys begin with.
    pub prefix: String,
    /// As whom.
    pub login: LoginChoice,
    /// A file with the authorities to trust.
    pub certificate_authority: Option<PathBuf>,
    /// A file with our own certificate.
    pub client_certificate: Option<PathBuf>,
    /// Its key.
    pub client_key: Option<SecretReference>,
    /// What an acknowledged change waits for.
    pub wait: Option<WaitChoice>,
    /// How long a leader may be silent before a standby takes over.
    pub lease: Duration,
    /// A folder of this machine: how far the store has come is written down there.
    pub path: PathBuf,
}

/// Where a Redis is.
#[derive(Debug, Clone)]
pub enum RedisPlaceChoice {
    /// One server.
    One(StoreUrl),
    /// The primary that Sentinels name.
    Sentinels {
        /// Their addresses.
        sentinels: Vec<String>,
        /// What they call it.
        master: String,
        /// The number of its database.
        database: u32,
        /// As whom they are asked.
        login: LoginChoice,
    },
    /// Nodes of a Cluster.
    Cluster(Vec<String>),
}

/// The address of a Redis.
#[derive(Debug, Clone)]
pub enum StoreUrl {
    /// As given.
    Given(SecretString),
    /// A secret that holds it.
    Secret(SecretReference),
}

/// A user, and where its password is.
#[derive(Debug, Clone, Default)]
pub struct LoginChoice {
    /// The user.
    pub username: Option<String>,
    /// Its password.
    pub password: Option<SecretReference>,
}

/// What an acknowledged change waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WaitChoice {
    /// So many replicas.
    pub replicas: u32,
    /// Disks, not only memory.
    pub on_disk: bool,
    /// At most so long.
    pub within: Duration,
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

fn lease(node: &Node) -> Result<Duration, Fault> {
    let lease = duration(node)?;
    if (SHORTEST_LEASE..=LONGEST_LEASE).contains(&lease) {
        Ok(lease)
    } else {
        Err(Fault::expected("500ms to 60s, such as \"1500ms\"", node))
    }
}

impl RedisChoice {
    pub(super) fn read(root: Root, section: &Section, state: PathBuf) -> Self {
        let path = |key: &str| section.read(key, text).map(|path| root.folder.join(path));
        let place = place(section);
        let choice = Self {
            prefix: section
                .read("prefix", super::store::prefix)
                .unwrap_or("omnistock")
                .to_owned(),
            login: login(section, "username", "password"),
            certificate_authority: path("certificate_authority"),
            client_certificate: path("client_certificate"),
            client_key: section.read("client_key", hidden),
            wait: wait(section),
            lease: section.read("lease", lease).unwrap_or(LEASE),
            path: path("path").unwrap_or(state),
            place,
        };
        choice.check(section);
        choice
    }

    /// Whether TLS is spoken; `None` where a secret says so.
    fn is_secure(&self) -> Option<bool> {
        use omnistock_sdk::ExposeSecret;
        match &self.place {
            RedisPlaceChoice::One(StoreUrl::Given(url)) => Some(url.expose_secret().starts_with("rediss:")),
            RedisPlaceChoice::One(StoreUrl::Secret(_)) => None,
            RedisPlaceChoice::Sentinels { sentinels: urls, .. } | RedisPlaceChoice::Cluster(urls) => {
                Some(urls.iter().any(|url| url.starts_with("rediss:")))
            }
        }
    }

    fn check(&self, section: &Section) {
        if self.is_secure() == Some(false) {
            for key in ["certificate_authority", "client_certificate", "client_key"] {
                if section.has(key) {
                    let message = format!("`{key}` in [store] is for addresses that begin with rediss:// only");
                    section.error_at(key, message);
                }
            }
        }
        for (one, other) in [
            ("client_certificate", "client_key"),
            ("client_key", "client_certificate"),
        ] {
            if section.has(one) && !section.has(other) {
                section.error_at(one, format!("`{one}` in [store] needs `{other}`"));
            }
        }
        if let RedisPlaceChoice::One(StoreUrl::Given(url)) = &self.place {
            use omnistock_sdk::ExposeSecret;
            let named = Url::parse(url.expose_secret()).is_ok_and(|url| !url.username().is_empty());
            if named && section.has("username") {
                section.error_at(
                    "username",
                    "the user stands in `url` and in `username` in [store]: keep one",
                );
            }
        }
    }
}

/// One of three; what is missing is one server, as most have it.
fn place(section: &Section) -> RedisPlaceChoice {
    let given: Vec<&str> = ["url", "sentinels", "cluster"]
        .into_iter()
        .filter(|key| section.has(key))
        .collect();
    if let [first, others @ ..] = given.as_slice() {
        for other in others {
            let message =
                format!("`{other}` in [store] can't stand beside `{first}`: it is one server, Sentinels or a Cluster");
            section.error_at(other, message);
        }
    }
    if !section.has("sentinels") {
        for key in OF_SENTINELS.iter().filter(|key| section.has(key)) {
            let rest = if *key == "database" {
                "; elsewhere the number stands at the end of `url`"
            } else {
                ""
            };
            let message = format!("`{key}` in [store] belongs to `sentinels`{rest}");
            section.error_at(key, message);
        }
    }
    match given.first() {
        Some(&"sentinels") => RedisPlaceChoice::Sentinels {
            sentinels: addresses(section, "sentinels"),
            master: section
                .require("master", "what the Sentinels call the primary", text)
                .unwrap_or_default()
                .to_owned(),
            database: section.read("database", |node| count(node, 0, 16_383)).unwrap_or(0),
            login: login(section, "sentinel_username", "sentinel_password"),
        },
        Some(&"cluster") => RedisPlaceChoice::Cluster(addresses(section, "cluster")),
        _ => {
            let url = section.require("url", "its address, such as \"redis://127.0.0.1:6379/0\"", url);
            RedisPlaceChoice::One(url.unwrap_or_else(|| StoreUrl::Given(String::new().into())))
        }
    }
}

fn login(section: &Section, username: &str, password: &str) -> LoginChoice {
    LoginChoice {
        username: section.read(username, text).map(str::to_owned),
        password: section.read(password, hidden),
    }
}

/// A reference; what stands there in the open is not shown again.
fn hidden(node: &Node) -> Result<SecretReference, Fault> {
    secret_reference(node).map_err(|_| {
        Fault::new(format!(
            "{IN_THE_OPEN}write {{ credential = \"…\" }}, {{ file = \"…\" }} or {{ env = \"…\" }}"
        ))
    })
}

fn wait(section: &Section) -> Option<WaitChoice> {
    let inner = section.inner("wait", &WAIT)?;
    let on_disk = inner.read("on_disk", boolean).unwrap_or(false);
    let replicas = inner.read("replicas", |node| count(node, 0, 16)).unwrap_or(0);
    if replicas == 0 && !on_disk && !inner.has("replicas") && !inner.has("on_disk") {
        inner.need(
            "replicas",
            "how many replicas must have a change before it is acknowledged",
        );
    } else if replicas == 0 && !on_disk {
        inner.error_at(
            "replicas",
            "`wait` of [store] waits for nothing: take it out, or name 1 replica or more",
        );
    }
    let within = inner.read("within", |node| {
        let within = duration(node)?;
        if within <= LONGEST_WAIT {
            Ok(within)
        } else {
            Err(Fault::expected("at most \"4s\"", node))
        }
    });
    Some(WaitChoice {
        replicas,
        on_disk,
        within: within.unwrap_or(Duration::from_secs(1)),
    })
}

fn url(node: &Node) -> Result<StoreUrl, Fault> {
    if node.table().is_some() {
        return secret_reference(node).map(StoreUrl::Secret);
    }
    let expected = "redis://HOST:PORT/DATABASE, rediss://… or unix:///path";
    let url = address(node, expected, &["redis", "rediss", "unix", "redis+unix"])?;
    Ok(StoreUrl::Given(url.as_str().to_owned().into()))
}

fn address(node: &Node, expected: &str, schemes: &[&str]) -> Result<Url, Fault> {
    let url = Url::parse(text(node)?).map_err(|_| Fault::new(format!(": expected an address like {expected}")))?;
    if !schemes.contains(&url.scheme()) {
        return Err(Fault::new(format!(
            ": expected an address like {expected}, found {}://…",
            url.scheme()
        )));
    }
    if url.password().is_some() {
        return Err(Fault::new(PLAIN_IN_URL));
    }
    Ok(url)
}

fn has_password(node: &Node) -> bool {
    let url = text(node).ok().and_then(|text| Url::parse(text).ok());
    url.is_some_and(|url| url.password().is_some())
}

/// Servers of one kind: all with TLS or all without, without users and without databases.
fn addresses(section: &Section, key: &str) -> Vec<String> {
    let expected = "redis://HOST:PORT or rediss://HOST:PORT";
    let member = |node: &Node| {
        let url = address(node, expected, &["redis", "rediss"])?;
        if !url.username().is_empty() {
            return Err(Fault::new(": a user stands in a key of its own, not in an address"));
        }
        if url.host().is_none() || !["", "/"].contains(&url.path()) || url.query().is_some() {
            return Err(Fault::new(format!(
                ": expected an address like {expected} without anything behind it"
            )));
        }
        Ok(url.as_str().trim_end_matches('/').to_owned())
    };
    let nodes = section.list(key).unwrap_or_default();
    let open: Vec<&Node> = nodes.iter().filter(|node| has_password(node)).collect();
    if !open.is_empty() {
        // Nothing else is said of the list: it would show the line.
        let own = if key == "sentinels" {
            "sentinel_password"
        } else {
            "password"
        };
        let fault = Fault::new(format!("{IN_THE_OPEN}write {own} = {{ credential = \"…\" }}"));
        for node in open {
            section.fault(key, node, &fault);
        }
        return Vec::new();
    }
    let mut found = Vec::new();
    for node in nodes {
        match member(node) {
            Ok(url) => found.push(url),
            Err(fault) => section.fault(key, node, &fault),
        }
    }
    let secure = found.iter().filter(|url| url.starts_with("rediss:")).count();
    if secure != 0 && secure != found.len() {
        section.error_at(
            key,
            format!("`{key}` in [store]: either all addresses begin with rediss:// or none"),
        );
    }
    if section.has(key) && nodes.is_empty() {
        section.error_at(
            key,
            format!("`{key}` in [store] is empty: name at least one, better all"),
        );
    }
    found
}
