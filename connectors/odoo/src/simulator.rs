//! A faithful fake of an Odoo server on a real loopback HTTP server: both interfaces, of 14 to 19.
//!
//! It behaves as 18.0 was observed to: errors come with status 200 by JSON-RPC, a wrong key
//! authenticates as `false`, quants that reach zero are deleted, times are UTC to the second. What it keeps
//! grows with what happens; it lives for a test.

mod domain;
mod goods;
mod records;
mod server;
mod trade;

pub use omnistock_sdk::simulated::Trouble;
pub use server::{Counters, Faults};

use records::World;
use server::Office;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use url::Url;

/// How a simulated server starts.
#[derive(Debug, Clone)]
pub struct SimulatorSettings {
    /// Its loopback port; 0 takes a free one.
    pub port: u16,
    /// Odoo's major version, 14 to 19.
    pub version: i64,
}

impl Default for SimulatorSettings {
    fn default() -> Self {
        Self { port: 0, version: 18 }
    }
}

/// Shared by the server and the control interface.
struct Shared {
    office: Mutex<Office>,
    stopping: CancellationToken,
}

impl Shared {
    fn office(&self) -> MutexGuard<'_, Office> {
        self.office.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A running server. Dropping it stops it too, without waiting.
pub struct Simulator {
    shared: Arc<Shared>,
    tasks: TaskTracker,
    url: Url,
}

impl Drop for Simulator {
    fn drop(&mut self) {
        self.shared.stopping.cancel();
    }
}

impl Simulator {
    /// Opens the office. Fails where the port is taken.
    pub async fn start(settings: SimulatorSettings) -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, settings.port)).await?;
        let address: SocketAddr = listener.local_addr()?;
        let url: Url = format!("http://{address}").parse().map_err(std::io::Error::other)?;
        let shared = Arc::new(Shared {
            office: Mutex::new(Office::new(settings.version)),
            stopping: CancellationToken::new(),
        });
        let tasks = TaskTracker::new();
        tasks.spawn(server::serve(listener, Arc::clone(&shared)));
        tasks.close();
        Ok(Self { shared, tasks, url })
    }

    /// Closes it and waits until its port is free again, 10 seconds at most.
    pub async fn stop(&self) {
        self.shared.stopping.cancel();
        drop(tokio::time::timeout(Duration::from_secs(10), self.tasks.wait()).await);
    }

    /// Its address, as in `url = "…"`.
    pub fn url(&self) -> Url {
        self.url.clone()
    }

    /// The database's name.
    pub fn database(&self) -> &'static str {
        server::DATABASE
    }

    /// The user's name.
    pub fn login(&self) -> &'static str {
        server::LOGIN
    }

    /// The user's API key, good until [`Self::end_key`].
    pub fn key(&self) -> &'static str {
        server::KEY
    }

    /// The key ends, as each does after three months.
    pub fn end_key(&self) {
        self.shared.office().key_ended = true;
    }

    /// What was called and what went wrong so far.
    pub fn counters(&self) -> Counters {
        self.shared.office().counters.clone()
    }

    /// Changes what goes wrong from now on.
    pub fn set_faults(&self, faults: Faults) {
        self.shared.office().faults = faults;
    }

    /// Does this to the database when the next page of quants was read, before the page after it.
    pub fn while_paging(&self, act: impl FnOnce(&mut Books<'_>) + Send + 'static) {
        self.shared.office().while_paging = Some(Box::new(|world| act(&mut Books(world))));
    }

    /// Works in the database, as its users do.
    pub fn books<T>(&self, act: impl FnOnce(&mut Books<'_>) -> T) -> T {
        act(&mut Books(&mut self.shared.office().world))
    }
}

/// The database in the hands of its users.
pub struct Books<'a>(&'a mut World);
