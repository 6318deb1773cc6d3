//! A connector, its registry entry and what it is given to build itself.

use crate::{
    ArticleRole, ChannelRole, ConnectorError, Manifest, OrderSource, PriceRole, QueueRole, SecretResolver,
    SettingProblem, StockSource, WebhookRole,
};
use async_trait::async_trait;
use omnistock_words::{Basis, CallLimits, ConnectorName, LocationName, VendorLocation};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

/// Code that speaks to one vendor system, in the roles it has.
#[async_trait]
pub trait Connector: Send + Sync + 'static {
    /// Facts of the vendor's interface.
    fn manifest(&self) -> &Manifest;

    /// What the vendor takes in how much time; the source of each figure is named beside it. None stated: what
    /// it takes is found out by its refusals. What answers tell is handed over with [`crate::learn`].
    fn limits(&self) -> CallLimits {
        CallLimits::default()
    }

    /// Its role as a source of stock, prices and order statements.
    fn stock(&self) -> Option<&dyn StockSource> {
        None
    }

    /// Its role as a source of orders.
    fn orders(&self) -> Option<&dyn OrderSource> {
        None
    }

    /// Its role as a channel that is written.
    fn channel(&self) -> Option<&dyn ChannelRole> {
        None
    }

    /// Its role as a channel that lists what it is told of, instead of having listings of its own.
    fn articles(&self) -> Option<&dyn ArticleRole> {
        None
    }

    /// Its role as a channel whose prices are written too.
    fn prices(&self) -> Option<&dyn PriceRole> {
        None
    }

    /// Its role as a sender of webhooks.
    fn webhooks(&self) -> Option<&dyn WebhookRole> {
        None
    }

    /// Its role as a vendor that lays messages down in a queue, which is read.
    fn queue(&self) -> Option<&dyn QueueRole> {
        None
    }

    /// Does what the connector really needs to do, without changing anything, and says what is wrong.
    async fn check(&self) -> Result<(), ConnectorError>;
}

/// One line of the registry.
pub struct ConnectorSpec {
    /// The `kind` in a configuration.
    pub kind: &'static str,
    /// One sentence for `omnistock connectors`.
    pub about: &'static str,
    /// Facts of the vendor's interface, the same for every connector of this kind.
    pub manifest: fn() -> Manifest,
    /// Builds it from its own keys of the table (keys that every connector has are taken out before).
    pub build: BuildConnector,
}

/// Builds a connector from its context and its own keys, or says everything that is wrong with them.
pub type BuildConnector = fn(ConnectorContext, serde_json::Value) -> Result<Arc<dyn Connector>, Vec<SettingProblem>>;

/// What a connector is given beside its own keys.
#[derive(Clone)]
pub struct ConnectorContext {
    /// Its name in the configuration.
    pub name: ConnectorName,
    /// What this vendor calls our locations.
    pub locations: LocationCodes,
    /// Turns references to secrets into secrets.
    pub secrets: Arc<dyn SecretResolver>,
    /// What its figures contain, where it is a source: it has to read figures of just that meaning.
    pub basis: Option<Basis>,
    /// Relative paths start here: the folder of the configuration file.
    pub folder: PathBuf,
}

/// What one vendor calls our locations (`[locations.X] codes`).
#[derive(Debug, Clone, Default)]
pub struct LocationCodes {
    declared: Vec<LocationName>,
    codes: BTreeMap<VendorLocation, LocationName>,
}

impl LocationCodes {
    /// All declared locations, and the codes given for this vendor.
    pub fn new(declared: Vec<LocationName>, codes: BTreeMap<VendorLocation, LocationName>) -> Self {
        Self { declared, codes }
    }

    /// Our name for a vendor's code: by `codes`, else the location of exactly that name that has no code of its own here.
    pub fn name(&self, code: &str) -> Option<LocationName> {
        if let Some(name) = self.codes.get(code) {
            return Some(name.clone());
        }
        let coded = |name: &LocationName| self.codes.values().any(|other| other == name);
        self.declared
            .iter()
            .find(|name| name.as_str() == code && !coded(name))
            .cloned()
    }

    /// The vendor's code for a location of ours.
    pub fn code(&self, name: &LocationName) -> String {
        let coded = self.codes.iter().find(|(_, other)| *other == name);
        coded.map_or_else(|| name.as_str().to_owned(), |(code, _)| code.as_str().to_owned())
    }
}

/// A vendor's place to go on from; opaque to all but its connector, durable.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor(pub String);
