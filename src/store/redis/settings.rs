//! How a Redis is reached: one server, by Sentinels, or a Cluster; as whom; with which certificates.

use secrecy::SecretString;
use std::path::PathBuf;
use std::time::Duration;

/// A Redis as configured.
#[derive(Debug, Clone)]
pub struct RedisSettings {
    /// Where it is.
    pub place: RedisPlace,
    /// The merchant's name in every key: 1 to 64 characters out of a-z, 0-9, `_` and `-`.
    pub prefix: String,
    /// As whom; stands before what is in an address.
    pub login: RedisLogin,
    /// For `rediss://` addresses.
    pub certificates: RedisCertificates,
    /// What an acknowledged change waits for beyond the primary's own answer.
    pub wait: Option<RedisWait>,
}

/// Where a Redis is.
#[derive(Debug, Clone)]
pub enum RedisPlace {
    /// One server: `redis://user:password@host:port/database`, `rediss://` with TLS, `unix:///path`.
    One(SecretString),
    /// The primary that Sentinels name.
    Sentinel {
        /// `redis://host:26379`; `rediss://` means TLS to the Sentinels and to the servers.
        sentinels: Vec<String>,
        /// The name that the Sentinels know it by.
        master: String,
        /// The number of the database.
        database: u32,
        /// As whom the Sentinels are asked.
        login: RedisLogin,
    },
    /// The primary that has the merchant's slot; any nodes to ask first.
    Cluster(Vec<String>),
}

/// A user and a password; what is unset is not sent.
#[derive(Debug, Clone, Default)]
pub struct RedisLogin {
    /// An ACL user; unset: `default`.
    pub username: Option<String>,
    /// Its password.
    pub password: Option<SecretString>,
}

/// Certificates of a TLS connection; what is unset is the system's, or not sent.
#[derive(Debug, Clone, Default)]
pub struct RedisCertificates {
    /// A file with the authorities to trust instead of the system's (PEM).
    pub authority: Option<PathBuf>,
    /// A file with our own certificate (PEM), for servers that want one.
    pub certificate: Option<PathBuf>,
    /// Its key (PEM).
    pub key: Option<SecretString>,
}

/// What an acknowledged change waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RedisWait {
    /// So many replicas have it (`WAIT`).
    pub replicas: u32,
    /// The primary and so many replicas have it on their disks (`WAITAOF`, Redis 7.2 and later).
    pub on_disk: bool,
    /// Otherwise, after so long, the change counts as unanswered.
    pub within: Duration,
}

impl RedisSettings {
    /// One server with all defaults.
    pub fn at(url: SecretString, prefix: impl Into<String>) -> Self {
        Self::of(RedisPlace::One(url), prefix)
    }

    /// A place with all defaults.
    pub fn of(place: RedisPlace, prefix: impl Into<String>) -> Self {
        Self {
            place,
            prefix: prefix.into(),
            login: RedisLogin::default(),
            certificates: RedisCertificates::default(),
            wait: None,
        }
    }
}
