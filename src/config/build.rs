//! Building connectors: their own keys and secrets are read here, and what is wrong is told with its place.

use super::connectors::ConnectorConfiguration;
use super::problem::{Problem, Severity};
use super::schema;
use super::secret::is_about_plain_secret;
use super::{Configuration, Connectors};
use omnistock_sdk::{Connector, ConnectorContext, LocationCodes, Role, SecretResolver, SettingProblem, nearest};
use omnistock_words::{ChannelName, ConnectorName};
use std::sync::Arc;

impl Configuration {
    /// Builds what can be built, and collects what is wrong with the rest.
    pub(super) fn build_all(&self, secrets: &Arc<dyn SecretResolver>) -> (Connectors, Vec<Problem>) {
        let (mut built, mut problems) = (Connectors::new(), Vec::new());
        for (name, connector) in &self.connectors {
            let context = self.context(name, connector, secrets);
            match (connector.spec.build)(context, connector.table.clone()) {
                Ok(role) => {
                    problems.extend(without_role(name, connector, role.as_ref()));
                    problems.extend(self.without_prices(name, connector, role.as_ref()));
                    drop(built.insert(name.clone(), role));
                }
                Err(found) => problems.extend(found.into_iter().map(|found| placed(name, connector, &found))),
            }
        }
        for secret in &self.section_secrets {
            if let Err(message) = secrets.resolve(&secret.reference) {
                problems.push(Problem {
                    message: format!("`{}` in {}: {message}", secret.key, secret.section),
                    ..secret.place.clone()
                });
            }
        }
        (built, problems)
    }

    /// A channel for which prices are made, of a kind that can't write them: its stock is kept right all the same.
    fn without_prices(
        &self,
        name: &ConnectorName,
        connector: &ConnectorConfiguration,
        built: &dyn Connector,
    ) -> Option<Problem> {
        if built.prices().is_some() || built.channel().is_none() {
            return None;
        }
        let listed = |channel: &&ChannelName| {
            let channel = self.settings.channels.get(*channel);
            channel.is_some_and(|channel| channel.policy.price.list.is_some())
        };
        let channel = connector.channels.iter().find(listed)?;
        let message = format!(
            "the prices of channel `{channel}` are not written: kind \"{}\" writes stock only in this version",
            connector.kind
        );
        let problem = placed(name, connector, &SettingProblem::new("", message));
        Some(Problem {
            severity: Severity::Warning,
            help: Some("set them in the channel itself, or take `price` out of its settings".to_owned()),
            ..problem
        })
    }

    fn context(
        &self,
        name: &ConnectorName,
        connector: &ConnectorConfiguration,
        secrets: &Arc<dyn SecretResolver>,
    ) -> ConnectorContext {
        let declared = self.settings.locations.keys().cloned().collect();
        ConnectorContext {
            name: name.clone(),
            locations: LocationCodes::new(declared, connector.codes.clone()),
            secrets: Arc::clone(secrets),
            basis: self.settings.sources.get(name).map(|source| source.basis),
            folder: self.folder.clone(),
        }
    }
}

/// A role that the configuration gives a connector, but that its kind doesn't have in this version.
fn without_role(name: &ConnectorName, connector: &ConnectorConfiguration, built: &dyn Connector) -> Option<Problem> {
    let missing = match connector.channels.first() {
        Some(channel) if built.channel().is_none() && connector.is_source && writes(connector) => {
            format!(
                "channel `{channel}` can't be written: with `basis` this connector reads; make another one without `basis` that writes"
            )
        }
        Some(channel) if built.channel().is_none() => {
            format!(
                "channel `{channel}` can't be written: kind \"{}\" is no channel in this version",
                connector.kind
            )
        }
        _ if connector.is_source && built.stock().is_none() => {
            format!(
                "`basis` makes it a source, but kind \"{}\" reports no stock in this version",
                connector.kind
            )
        }
        _ => return None,
    };
    Some(placed(name, connector, &SettingProblem::new("", missing)))
}

/// Whether its kind can be a channel at all.
fn writes(connector: &ConnectorConfiguration) -> bool {
    (connector.spec.manifest)().facts.roles.contains(&Role::Channel)
}

/// A connector's finding at the nearest place that its key has in a file.
fn placed(name: &ConnectorName, connector: &ConnectorConfiguration, found: &SettingProblem) -> Problem {
    let mut key = found.key.as_str();
    let place = loop {
        match connector.places.get(key) {
            Some(place) => break Some(place),
            None if key.is_empty() => break None,
            None => key = key.rfind(['.', '[']).and_then(|end| key.get(..end)).unwrap_or_default(),
        }
    };
    let (message, help) = worded(name, found);
    let mut problem = place.cloned().unwrap_or_else(|| Problem {
        file: format!("[connectors.{name}]"),
        line: 0,
        column: 0,
        length: 0,
        excerpt: None,
        severity: Severity::Error,
        message: String::new(),
        help: None,
    });
    let looks_secret = ["secret", "password", "token", "key"]
        .iter()
        .any(|word| last(&found.key).contains(word));
    let shows_value = problem.excerpt.as_ref().is_some_and(|line| !line.contains('{'));
    if is_about_plain_secret(&message) || (looks_secret && shows_value) {
        problem.excerpt = None;
    }
    Problem {
        message,
        help,
        ..problem
    }
}

/// The sentence with the connector's name; an unknown key may also be meant for a key that all connectors have.
fn worded(name: &ConnectorName, found: &SettingProblem) -> (String, Option<String>) {
    let unknown = omnistock_sdk::unknown_setting(&found.key);
    if found.message == unknown {
        let own = found.help.as_deref().and_then(suggested);
        let mut candidates: Vec<&str> = own.into_iter().collect();
        if !found.key.contains('.') {
            for key in schema::CONNECTOR.names() {
                candidates.push(key);
            }
        }
        let near = nearest(last(&found.key), candidates.into_iter());
        let message = match near {
            Some(near) => format!("{unknown} in [connectors.{name}]; did you mean `{near}`?"),
            None => format!("{unknown} in [connectors.{name}]"),
        };
        let help = if own.is_some() {
            None
        } else {
            found.help.clone().filter(|_| near.is_none())
        };
        return (message, help);
    }
    let message = if found.message == format!("`{}` is missing", last(&found.key)) {
        format!("[connectors.{name}] needs `{}`", found.key)
    } else if found.key.is_empty() {
        format!("[connectors.{name}]: {}", found.message)
    } else {
        format!("`{}` in [connectors.{name}]: {}", found.key, found.message)
    };
    (message, found.help.clone())
}

/// The name inside "did you mean `…`?".
fn suggested(help: &str) -> Option<&str> {
    help.strip_prefix("did you mean `")?.strip_suffix("`?")
}

fn last(key: &str) -> &str {
    key.rsplit('.').next().unwrap_or(key)
}
