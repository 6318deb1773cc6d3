//! Files and environment → typed, checked settings, or everything that is wrong with them in one go.
//!
//! `file` and `conf.d/*.toml` beside it are merged, `OMNISTOCK__SECTION__KEY` is laid over them, and every
//! section is read by the schema. Nothing is taken that has no effect: what isn't known is an error.
//! Secrets are references until connectors are built.

mod access;
mod build;
mod channels;
mod connectors;
mod document;
mod environment;
mod history;
mod list_file;
mod load;
mod locations;
mod merge;
mod notify;
mod overriding;
mod places;
mod policy;
mod problem;
mod reader;
mod remarks;
mod root;
mod rule_tests;
mod rules;
mod rules_columns;
mod rules_csv;
mod schedule;
mod schema;
mod schema_json;
mod schema_kinds;
mod schema_policy;
mod secret;
mod sense;
mod server;
mod sources;
mod store;
mod store_redis;
#[cfg(test)]
mod tests;
mod tree;
mod value;

pub use access::TokenChoice;
pub use channels::ChannelTimes;
pub use connectors::ConnectorConfiguration;
pub use history::HistorySettings;
pub use load::{load, load_and_build};
pub use notify::address as notify_address;
pub use notify::{Least, NotifySettings, NotifyUrl, NotifyWay};
pub use problem::{Problem, Severity, render};
pub use rule_tests::RuleTest;
pub use schema_json::json_schema;
pub use server::ServerSettings;
pub use store::StoreChoice;
pub use store_redis::{LoginChoice, RedisChoice, RedisPlaceChoice, StoreUrl, WaitChoice};

use omnistock_sdk::Connector;
use omnistock_words::{ChannelName, ConnectorName, Settings};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

/// Connectors that were built, by name.
pub type Connectors = BTreeMap<ConnectorName, Arc<dyn Connector>>;

/// A configuration without errors.
#[derive(Clone)]
pub struct Configuration {
    /// Where state lives.
    pub store: StoreChoice,
    /// The listeners.
    pub server: ServerSettings,
    /// How long what happened is kept.
    pub history: HistorySettings,
    /// What the engine goes by.
    pub settings: Arc<Settings>,
    /// What intake and delivery build; a connector that is used by nothing is among them.
    pub connectors: BTreeMap<ConnectorName, ConnectorConfiguration>,
    /// How often each channel is looked at.
    pub channels: BTreeMap<ChannelName, ChannelTimes>,
    /// Whom to tell what needs a person.
    pub notify: Vec<NotifySettings>,
    /// Scenarios that `check` runs.
    pub tests: Vec<RuleTest>,
    /// What is allowed, but looks like a mistake.
    pub warnings: Vec<Problem>,
    /// The files that were read, in their order.
    pub files: Vec<PathBuf>,
    /// The folder of the first file: relative paths start here.
    pub folder: PathBuf,
    /// Secrets of `[store]` and `[[notify]]`, for those that can't be resolved.
    section_secrets: Vec<store::SectionSecret>,
    /// What overrides may refer to.
    declared: Arc<overriding::Declared>,
}

/// The environment of this process; what is no text is left out.
pub fn process_environment() -> BTreeMap<String, String> {
    let text = |(key, value): (std::ffi::OsString, std::ffi::OsString)| {
        Some((key.into_string().ok()?, value.into_string().ok()?))
    };
    std::env::vars_os().filter_map(text).collect()
}
