//! One store to ask, and a way to close it and open it again.

use super::redis_server::{Persistence, RedisServer};
use omnistock::store::redis::RedisSettings;
use omnistock::store::{Store, StoreSettings, memory::Memory, open};
use std::sync::Arc;

#[derive(Debug, Clone, Copy)]
pub(crate) enum Which {
    Memory,
    Embedded,
    Redis,
}

enum Place {
    Memory,
    Embedded(tempfile::TempDir),
    Redis(RedisServer),
    /// Somebody else's, in part.
    Shared(Box<RedisSettings>),
}

pub(crate) struct Backend {
    pub(crate) store: Arc<dyn Store>,
    place: Place,
}

async fn open_at(place: &Place) -> Arc<dyn Store> {
    let settings = match place {
        Place::Memory => StoreSettings::Memory,
        Place::Embedded(folder) => StoreSettings::Embedded {
            path: folder.path().join("state"),
        },
        Place::Redis(server) => StoreSettings::Redis(Box::new(RedisSettings::at(server.url().into(), "shop"))),
        Place::Shared(settings) => StoreSettings::Redis(settings.clone()),
    };
    open(&settings, tokio::runtime::Handle::current()).await.unwrap()
}

impl Backend {
    pub(crate) async fn start(which: Which) -> Self {
        let place = match which {
            Which::Memory => Place::Memory,
            Which::Embedded => Place::Embedded(tempfile::tempdir().unwrap()),
            Which::Redis => Place::Redis(RedisServer::keeping(Persistence::Nothing)),
        };
        Self {
            store: open_at(&place).await,
            place,
        }
    }

    /// A merchant of its own on what is there.
    pub(crate) async fn share(settings: RedisSettings) -> Self {
        let place = Place::Shared(Box::new(settings));
        Self {
            store: open_at(&place).await,
            place,
        }
    }

    /// Closes the store and opens it again on what it has written. Memory is kept by its holder.
    pub(crate) async fn reopen(&mut self) {
        if !matches!(self.place, Place::Memory) {
            self.store = Arc::new(Memory::new());
            self.store = open_at(&self.place).await;
        }
    }
}
