//! `[store]`: where state lives.

use super::problem::Problem;
use super::reader::{Fault, Section};
use super::root::Root;
use super::secret::secret_reference;
use super::store_redis::{KEYS, RedisChoice};
use super::tree::Node;
use super::value::{choice, text};
use omnistock_sdk::SecretReference;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Where state lives.
#[derive(Debug, Clone)]
pub enum StoreChoice {
    /// A database file in this folder; the default.
    Embedded {
        /// The folder. Unset in the file: `$STATE_DIRECTORY`, else `/var/lib/omnistock`.
        path: PathBuf,
    },
    /// A Redis.
    Redis(Box<RedisChoice>),
}

/// A secret of a section, with its place for the case that it can't be resolved.
#[derive(Debug, Clone)]
pub(super) struct SectionSecret {
    /// Such as `[store]`.
    pub(super) section: &'static str,
    pub(super) key: &'static str,
    pub(super) reference: SecretReference,
    pub(super) place: Problem,
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
    match kind {
        None => StoreChoice::Embedded { path: default },
        Some(Kind::Embedded) => {
            foreign(&section, KEYS, "redis");
            let path = section
                .read("path", text)
                .map_or(default, |path| root.folder.join(path));
            StoreChoice::Embedded { path }
        }
        Some(Kind::Redis) => StoreChoice::Redis(Box::new(RedisChoice::read(root, &section, default))),
    }
}

fn foreign(section: &Section, keys: &[&str], owner: &str) {
    for key in keys.iter().filter(|key| section.has(key)) {
        section.error_at(key, format!("`{key}` in [store] is for kind = \"{owner}\" only"));
    }
}

/// All secrets of the section that are references, right or wrong in what they refer to.
pub(super) fn secrets(root: Root) -> Vec<SectionSecret> {
    let keys = ["url", "password", "sentinel_password", "client_key"];
    let Some(entry) = root.table.get("store") else {
        return Vec::new();
    };
    let secret = |key: &'static str| {
        let node: &Node = entry.node.get(key).filter(|node| node.table().is_some())?;
        let severity = super::problem::Severity::Error;
        Some(SectionSecret {
            section: "[store]",
            key,
            reference: secret_reference(node).ok()?,
            place: root.sources.problem(node.place, severity, String::new(), None),
        })
    };
    keys.into_iter().filter_map(secret).collect()
}

/// What all keys begin with.
pub(super) fn prefix(node: &Node) -> Result<&str, Fault> {
    let prefix = text(node)?;
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_' || byte == b'-';
    if prefix.len() <= 64 && prefix.bytes().all(plain) {
        Ok(prefix)
    } else {
        Err(Fault::expected("at most 64 characters out of a-z, 0-9, _ and -", node))
    }
}
