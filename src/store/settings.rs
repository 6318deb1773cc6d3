//! Which store, as configured, and the one place that opens it.

use super::embedded::Embedded;
use super::memory::Memory;
use super::redis::{RedisSettings, RedisStore};
use super::{Store, StoreError};
use std::path::PathBuf;
use std::sync::Arc;
use tokio::runtime::Handle;

/// Where state lives.
#[derive(Debug, Clone)]
pub enum StoreSettings {
    /// A database file in a folder of this machine; needs no server.
    Embedded {
        /// The folder; created when missing.
        path: PathBuf,
    },
    /// A Redis 7.0 or later.
    Redis(Box<RedisSettings>),
    /// Lost at the end of the process.
    Memory,
}

/// Opens the store. What webhooks append goes by way of `door`, and waits for nothing that others do elsewhere.
///
/// # Errors
/// [`StoreError::Refused`] when it can't be used as configured (the sentence says what to do),
/// [`StoreError::Unavailable`] when its server does not answer.
pub async fn open(settings: &StoreSettings, door: Handle) -> Result<Arc<dyn Store>, StoreError> {
    match settings {
        StoreSettings::Embedded { path } => {
            let path = path.clone();
            // A migration may take long; it must not hold up a worker of the runtime.
            let opened = tokio::task::spawn_blocking(move || Embedded::open(&path)).await;
            let opened = opened.map_err(|problem| StoreError::Unavailable(format!("opening it failed: {problem}")))?;
            Ok(Arc::new(opened?))
        }
        StoreSettings::Redis(settings) => Ok(Arc::new(RedisStore::open_with(settings, Some(door)).await?)),
        StoreSettings::Memory => Ok(Arc::new(Memory::new())),
    }
}
