//! Which server is the primary now: the one address, what Sentinels say, or who has the slot.

use super::keys::Keys;
use super::link::Link;
use super::node::{Node, certificates};
use super::problem::{Next, Trouble, located};
use super::settings::{RedisPlace, RedisSettings};
use crate::store::StoreError;
use secrecy::ExposeSecret;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// To find the primary and to connect to it, with all that is asked on the way.
const FIND: Duration = Duration::from_secs(6);
/// From one node of a Cluster to the next that it names.
const MOST_HOPS: usize = 5;

/// How the primary is found.
pub(super) struct Route {
    kind: Kind,
    /// Whom to ask first: the one that answered last.
    first: AtomicUsize,
}

enum Kind {
    One(Box<Node>),
    Sentinel {
        sentinels: Vec<Node>,
        master: String,
        /// The manner of speaking to the servers.
        server: Box<Node>,
    },
    Cluster {
        nodes: Vec<Node>,
        /// A key of the merchant's slot.
        key: String,
    },
}

impl Route {
    /// Reads the settings; connects to nothing.
    pub(super) fn new(settings: &RedisSettings, keys: &Keys) -> Result<Self, StoreError> {
        let certificates = certificates(&settings.certificates)?;
        let kind = match &settings.place {
            RedisPlace::One(url) => {
                let node = Node::parse(url.expose_secret(), &settings.login, certificates)?;
                Kind::One(Box::new(node))
            }
            RedisPlace::Sentinel {
                sentinels,
                master,
                database,
                login,
            } => {
                let parse = |url: &String| Node::parse(url, login, certificates.clone());
                let sentinels = sentinels.iter().map(parse).collect::<Result<Vec<_>, _>>()?;
                let Some(sentinel) = sentinels.first() else {
                    return Err(none_named("sentinels"));
                };
                Kind::Sentinel {
                    server: Box::new(sentinel.clone().with(&settings.login, *database)),
                    master: master.clone(),
                    sentinels,
                }
            }
            RedisPlace::Cluster(nodes) => {
                let parse = |url: &String| Node::parse(url, &settings.login, certificates.clone());
                let nodes = nodes.iter().map(parse).collect::<Result<Vec<_>, _>>()?;
                if nodes.is_empty() {
                    return Err(none_named("cluster"));
                }
                if nodes.iter().any(|node| node.database() != 0) {
                    let text = "a Redis Cluster has database 0 only: take the number out of the addresses in `cluster` under [store]";
                    return Err(StoreError::Refused(text.to_owned()));
                }
                Kind::Cluster {
                    nodes,
                    key: keys.layout(),
                }
            }
        };
        Ok(Self {
            kind,
            first: AtomicUsize::new(0),
        })
    }

    /// Whether slots, and not an address, say who the primary is.
    pub(super) fn is_cluster(&self) -> bool {
        matches!(self.kind, Kind::Cluster { .. })
    }

    /// Whether it is one address that can't change.
    pub(super) fn is_one(&self) -> bool {
        matches!(self.kind, Kind::One(_))
    }

    /// What a person calls the place, behind the address of the primary; empty for one address.
    pub(super) fn title(&self) -> String {
        match &self.kind {
            Kind::One(_) => String::new(),
            Kind::Sentinel { master, .. } => format!(" (primary of {master})"),
            Kind::Cluster { .. } => " (Cluster)".to_owned(),
        }
    }

    /// Finds the primary and connects to it, once. `hint` is a node that another one named.
    pub(super) async fn find(&self, hint: Option<Node>) -> Result<Link, StoreError> {
        let finding = async {
            match &self.kind {
                Kind::One(node) => Link::open(node).await,
                Kind::Sentinel {
                    sentinels,
                    master,
                    server,
                } => self.by_sentinels(sentinels, master, server).await,
                Kind::Cluster { nodes, key } => self.by_slot(hint, nodes, key).await,
            }
        };
        let found = tokio::time::timeout(FIND, finding).await;
        found.unwrap_or_else(|_| {
            Err(StoreError::Unavailable(
                "redis: no primary was found in time".to_owned(),
            ))
        })
    }

    /// All of them, beginning with the one that answered last, until one leads to a primary.
    async fn by_sentinels(&self, sentinels: &[Node], master: &str, server: &Node) -> Result<Link, StoreError> {
        let mut last = none_named("sentinels");
        for place in self.in_turn(sentinels.len()) {
            let Some(sentinel) = sentinels.get(place) else { continue };
            match through(sentinel, master, server).await {
                Ok(link) => {
                    self.first.store(place, Ordering::Relaxed);
                    return Ok(link);
                }
                Err(error) => last = worse(last, error),
            }
        }
        Err(last)
    }

    async fn by_slot(&self, hint: Option<Node>, nodes: &[Node], key: &str) -> Result<Link, StoreError> {
        let mut last = none_named("cluster");
        if let Some(hint) = hint {
            match owner(hint, key).await {
                Ok(link) => return Ok(link),
                Err(error) => last = error,
            }
        }
        for place in self.in_turn(nodes.len()) {
            let Some(node) = nodes.get(place) else { continue };
            match owner(node.clone(), key).await {
                Ok(link) => {
                    self.first.store(place, Ordering::Relaxed);
                    return Ok(link);
                }
                Err(error) => last = worse(last, error),
            }
        }
        Err(last)
    }

    fn in_turn(&self, count: usize) -> impl Iterator<Item = usize> + use<> {
        let first = self.first.load(Ordering::Relaxed);
        (0..count).map(move |step| (first + step) % count.max(1))
    }
}

fn none_named(key: &str) -> StoreError {
    StoreError::Refused(format!("`{key}` under [store] names no server"))
}

/// The complaint that tells more: one that can be mended by waiting says less than a refusal, and the
/// first thing that is wrong more than that the next one is not there either.
fn worse(before: StoreError, now: StoreError) -> StoreError {
    match (&before, &now) {
        (StoreError::Refused(text), StoreError::Unavailable(_)) if text.contains("names no server") => now,
        (StoreError::Unavailable(_), StoreError::Refused(_)) => now,
        (StoreError::Refused(text), StoreError::Refused(_)) if text.contains("names no server") => now,
        _ => before,
    }
}

/// A complaint about a question on the way, with the server that was asked.
fn on_the_way(trouble: Trouble, node: &Node) -> StoreError {
    located(trouble.error, &node.address())
}

/// Asks one Sentinel, and the server that it names whether it knows of its luck: a Sentinel may be
/// behind, and the old primary may be on its way to becoming a replica.
async fn through(sentinel: &Node, master: &str, server: &Node) -> Result<Link, StoreError> {
    let link = Link::open(sentinel).await?;
    let mut question = redis::cmd("SENTINEL");
    question.arg("GET-MASTER-ADDR-BY-NAME").arg(master);
    let at = sentinel.address();
    let named: Option<(String, u16)> = link.ask(question).await.map_err(|trouble| {
        if trouble.code == "ERR" {
            return StoreError::Refused(format!(
                "redis at {at} is no Sentinel: correct `sentinels` under [store], or write `url` instead"
            ));
        }
        on_the_way(trouble, sentinel)
    })?;
    let Some((host, port)) = named else {
        return Err(StoreError::Refused(format!(
            "the Sentinel at {at} knows no master `{master}`: correct `master` under [store]"
        )));
    };
    let Some(node) = server.at(&format!("{host}:{port}")) else {
        let text = format!("redis: the Sentinel at {at} names no usable address");
        return Err(StoreError::Unavailable(text));
    };
    let link = Link::open(&node).await?;
    let role: redis::Value = link
        .ask(redis::cmd("ROLE"))
        .await
        .map_err(|trouble| on_the_way(trouble, &node))?;
    if is_primary(&role) {
        return Ok(link);
    }
    let address = node.address();
    Err(StoreError::Unavailable(format!(
        "redis at {address} is no primary, though the Sentinel at {at} still says so: waiting for the fail-over"
    )))
}

/// `ROLE` begins with a word.
fn is_primary(role: &redis::Value) -> bool {
    let redis::Value::Array(parts) = role else { return false };
    match parts.first() {
        Some(redis::Value::BulkString(word)) => word == b"master",
        Some(redis::Value::SimpleString(word)) => word == "master",
        _ => false,
    }
}

/// Follows a Cluster's own words to the primary of a key: it answers, every other node says who does.
async fn owner(mut node: Node, key: &str) -> Result<Link, StoreError> {
    for _ in 0..MOST_HOPS {
        let link = Link::open(&node).await?;
        let mut question = redis::cmd("GET");
        question.arg(key);
        let answer: Result<redis::Value, Trouble> = link.ask(question).await;
        let Err(trouble) = answer else { return Ok(link) };
        match trouble.next {
            // It has the slot, and is giving it away: it says itself for which calls.
            Next::Aside(_) => return Ok(link),
            Next::Elsewhere(Some(ref address)) => match node.at(address) {
                Some(next) => node = next,
                None => return Err(on_the_way(trouble, &node)),
            },
            _ => return Err(on_the_way(trouble, &node)),
        }
    }
    let text = "redis: the nodes of the Cluster name each other in a circle: waiting for them to agree";
    Err(StoreError::Unavailable(text.to_owned()))
}
