//! The vendor accounts of one term: everything that goes by one connector shares one.

use super::house::House;
use crate::delivery::{Account, Limited};
use crate::store::Lease;
use omnistock_sdk::{CallLimit, Connector, LimitScope};
use omnistock_words::{ChannelName, ConnectorName};
use std::collections::BTreeMap;
use std::sync::Arc;

/// By connector. Connectors of one kind share an account where the vendor limits the application.
pub(super) struct Accounts(BTreeMap<ConnectorName, Arc<Account>>);

impl Accounts {
    /// With `doubted` the store has lost something: nobody knows what was used of the limits.
    pub(super) fn new(house: &House, doubted: bool) -> Self {
        let mut shared: BTreeMap<String, Arc<Account>> = BTreeMap::new();
        let mut accounts = BTreeMap::new();
        for (name, connector) in &house.connectors {
            let limits = house.limits_of(name);
            let key = key(name, connector.manifest().kind, &limits);
            let make = || Account::new(&key, limits, Arc::clone(&house.store), doubted);
            let account = shared.entry(key.clone()).or_insert_with(make);
            accounts.insert(name.clone(), Arc::clone(account));
        }
        Self(accounts)
    }

    /// The account of the connector that writes a channel.
    pub(super) fn of_channel(&self, house: &House, channel: &ChannelName) -> Option<Arc<Account>> {
        let settings = house.configuration.settings.channels.get(channel)?;
        self.0.get(&settings.connector).cloned()
    }

    /// The connector for whoever reads it, within its account's limits.
    pub(super) fn limited(
        &self,
        name: &ConnectorName,
        connector: Arc<dyn Connector>,
        lease: &Lease,
    ) -> Arc<dyn Connector> {
        match self.0.get(name) {
            Some(account) => Limited::new(connector, Arc::clone(account), lease.clone()),
            None => connector,
        }
    }
}

/// The name under which the account is kept.
fn key(name: &ConnectorName, kind: &str, limits: &[CallLimit]) -> String {
    let application = limits.iter().any(|limit| limit.scope == LimitScope::Application);
    if application {
        format!("{kind} application")
    } else {
        name.to_string()
    }
}
