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

use omnistock_sdk::simulated::{Server, Site};
use records::World;
use server::Office;
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

/// Shared by the server, its tasks and who holds the simulator.
type Shared = Site<Office>;

/// A running server. Dropping it stops it too, without waiting.
pub struct Simulator {
    shared: Server<Office>,
}

impl Simulator {
    /// Opens the office. Fails where the port is taken.
    pub async fn start(settings: SimulatorSettings) -> std::io::Result<Self> {
        let shared = Server::open(settings.port, |_| Office::new(settings.version), server::routes).await?;
        Ok(Self { shared })
    }

    /// Closes it and waits until its port is free again, 10 seconds at most.
    pub async fn stop(&self) {
        self.shared.stop().await;
    }

    /// Its address, as in `url = "…"`.
    pub fn url(&self) -> Url {
        self.shared.url()
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
        self.shared.shop().key_ended = true;
    }

    /// What was called and what went wrong so far.
    pub fn counters(&self) -> Counters {
        self.shared.shop().counters.clone()
    }

    /// Changes what goes wrong from now on.
    pub fn set_faults(&self, faults: Faults) {
        self.shared.shop().faults = faults;
    }

    /// Does this to the database when the next page of quants was read, before the page after it.
    pub fn while_paging(&self, act: impl FnOnce(&mut Books<'_>) + Send + 'static) {
        self.shared.shop().while_paging = Some(Box::new(|world| act(&mut Books(world))));
    }

    /// Works in the database, as its users do.
    pub fn books<T>(&self, act: impl FnOnce(&mut Books<'_>) -> T) -> T {
        act(&mut Books(&mut self.shared.shop().world))
    }
}

/// The database in the hands of its users.
pub struct Books<'a>(&'a mut World);
