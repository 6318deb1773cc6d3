//! What tests of connectors share: secrets that are their own names, and a context to build a connector from.
#![allow(
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "helpers of tests: a panic is how a test fails"
)]

use crate::{
    Connector, ConnectorContext, ConnectorSpec, LocationCodes, SecretReference, SecretResolver, SettingProblem,
};
use omnistock_words::{ConnectorName, LocationName, VendorLocation};
use secrecy::SecretString;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

/// A variable of this name is not set; every other `{ env = "x" }` is the secret `x`.
pub const UNSET: &str = "UNSET";

/// Resolves `{ env = "x" }` to the secret `x`, and nothing else.
#[derive(Debug, Clone, Copy)]
pub struct Names;

impl SecretResolver for Names {
    fn resolve(&self, reference: &SecretReference) -> Result<SecretString, String> {
        match reference {
            SecretReference::Env(name) if name != UNSET => Ok(SecretString::from(name.clone())),
            other => Err(format!("nothing at {other:?}")),
        }
    }
}

/// The context of a connector called `connector`, whose vendor calls our locations by these codes; an empty code
/// is none: the vendor's name has to equal ours.
pub fn context(connector: &str, codes: &[(&str, &str)]) -> ConnectorContext {
    let ours = |name: &str| LocationName::new(name).unwrap_or_else(|error| panic!("{name}: {error}"));
    let theirs = |code: &str| VendorLocation::new(code).unwrap_or_else(|error| panic!("{code}: {error}"));
    let given = codes.iter().filter(|(_, code)| !code.is_empty());
    let given: BTreeMap<_, _> = given.map(|(name, code)| (theirs(code), ours(name))).collect();
    ConnectorContext {
        name: ConnectorName::new(connector).unwrap_or_else(|error| panic!("{connector}: {error}")),
        locations: LocationCodes::new(codes.iter().map(|(name, _)| ours(name)).collect(), given),
        secrets: Arc::new(Names),
        basis: None,
        folder: PathBuf::new(),
    }
}

/// A connector as the daemon builds it. Panics with everything that is wrong with the table.
pub fn build(spec: &ConnectorSpec, context: ConnectorContext, table: Value) -> Arc<dyn Connector> {
    (spec.build)(context, table).unwrap_or_else(|problems| panic!("{problems:?}"))
}

/// The keys that a table is refused for, in the order in which they are told.
pub fn keys<T>(read: Result<T, Vec<SettingProblem>>) -> Vec<String> {
    let problems = read.err().unwrap_or_default();
    problems.into_iter().map(|problem| problem.key).collect()
}
