//! From a path and an environment to a configuration: the order in which everything is read and checked.

use super::locations::Locations;
use super::overriding::Declared;
use super::problem::{Findings, Problem, Severity};
use super::root::{Root, keep_sections};
use super::sources::{Sources, fragments, read};
use super::tree::{Table, Value};
use super::{
    Configuration, ConnectorConfiguration, Connectors, channels, connectors, document, environment, history, locations,
    merge, notify, rules, rules_csv, sense, server, store,
};
use crate::registry::CONNECTORS;
use omnistock_sdk::{ConnectorSpec, SecretResolver};
use omnistock_words::{ConnectorName, LocationName, Settings};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Reads and checks a configuration without building connectors: their own keys and secrets are not looked at.
/// Fails with all problems, warnings among them, sorted by place.
pub fn load(path: &Path, environment: &BTreeMap<String, String>) -> Result<Configuration, Vec<Problem>> {
    load_with(path, environment, CONNECTORS)
}

/// [`load`], then builds the connectors. What they find wrong is told in the same go: this is what `run` and
/// `check` use.
pub fn load_and_build(
    path: &Path,
    environment: &BTreeMap<String, String>,
    secrets: &Arc<dyn SecretResolver>,
) -> Result<(Configuration, Connectors), Vec<Problem>> {
    load_and_build_with(path, environment, secrets, CONNECTORS)
}

/// [`load`] with another registry.
pub(super) fn load_with(
    path: &Path,
    environment: &BTreeMap<String, String>,
    registry: &'static [ConnectorSpec],
) -> Result<Configuration, Vec<Problem>> {
    let (configuration, sources, findings) = assemble(path, environment, registry);
    finish(configuration, findings.into_problems(&sources))
}

/// [`load_and_build`] with another registry.
pub(super) fn load_and_build_with(
    path: &Path,
    environment: &BTreeMap<String, String>,
    secrets: &Arc<dyn SecretResolver>,
    registry: &'static [ConnectorSpec],
) -> Result<(Configuration, Connectors), Vec<Problem>> {
    let (configuration, sources, findings) = assemble(path, environment, registry);
    let (built, found) = configuration.build_all(secrets);
    let mut problems = findings.into_problems(&sources);
    problems.extend(found);
    let rank = |problem: &Problem| sources.rank(&problem.file);
    problems.sort_by_key(|problem| (rank(problem), problem.line, problem.column));
    Ok((finish(configuration, problems)?, built))
}

fn finish(mut configuration: Configuration, problems: Vec<Problem>) -> Result<Configuration, Vec<Problem>> {
    if problems.iter().any(|problem| problem.severity == Severity::Error) {
        return Err(problems);
    }
    configuration.warnings = problems;
    Ok(configuration)
}

/// Reads everything that can be read; usable only where the findings hold no error.
fn assemble(
    path: &Path,
    environment: &BTreeMap<String, String>,
    registry: &'static [ConnectorSpec],
) -> (Configuration, Sources, Findings) {
    let (findings, mut sources) = (Findings::default(), Sources::default());
    let (files, tree) = tree(path, &mut sources, &findings);
    // After a file that is no TOML every name it declares would seem undeclared: only the syntax is told.
    let readable = tree.is_some();
    let mut table = tree.unwrap_or_default();
    keep_sections(&mut table, &findings);
    if readable {
        table = environment::lay_over(table, environment, &mut sources, &findings);
    }
    rules_csv::read_files(&table, path, &mut sources, &findings);
    // Absolute: of a plain `omnistock.toml` the folder would be no name at all, which nothing can open.
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let folder = whole.parent().unwrap_or_else(|| Path::new("/")).to_owned();
    let root = Root {
        table: &table,
        sources: &sources,
        findings: &findings,
        folder: &folder,
    };
    let mut configuration = sections(root, files, environment, registry);
    configuration.declared = Arc::new(Declared {
        table: table.clone(),
        sources: sources.without_lists(),
        folder,
    });
    (configuration, sources, findings)
}

/// The merged files; `None` where one of them can't be read.
fn tree(path: &Path, sources: &mut Sources, findings: &Findings) -> (Vec<PathBuf>, Option<Table>) {
    let mut files = vec![path.to_owned()];
    match fragments(path) {
        Ok(found) => files.extend(found),
        Err((folder, error)) => {
            let place = sources.add(folder.display().to_string(), String::new());
            findings.error(place, format!("can't be read: {error}"));
        }
    }
    let mut merged = Some(Table::new());
    for file in &files {
        let name = file.display().to_string();
        let parsed = match read(file) {
            Ok(text) => {
                let place = sources.add(name, text);
                document::parse(sources, place, findings)
            }
            Err(error) => {
                let place = sources.add(name, String::new());
                findings.error(place, error);
                None
            }
        };
        merged = match (merged, parsed.map(|node| node.value)) {
            (Some(mut below), Some(Value::Table(above))) => {
                merge::merge(&mut below, above, "", sources, findings);
                Some(below)
            }
            _ => None,
        };
    }
    (files, merged)
}

fn sections(
    root: Root,
    files: Vec<PathBuf>,
    environment: &BTreeMap<String, String>,
    registry: &'static [ConnectorSpec],
) -> Configuration {
    let places = locations::read(root);
    let mut connectors = connectors::read(root, registry, &places.codes);
    let price_lists = channels::price_lists(root);
    let channels = channels::read(root, &places, &price_lists);
    for (name, channel) in &channels.settings {
        if let Some(connector) = connectors.configurations.get_mut(&channel.connector) {
            connector.channels.push(name.clone());
        }
    }
    let rules = rules::rules(root, &places, &channels.settings);
    let settings = Settings {
        factors: BTreeMap::new(),
        sources: connectors.sources,
        places: super::places::of(root, &places, &rules),
        rules: rules.rules.into(),
        bundles: rules::bundles(root).into(),
        locations: places.policies.clone(),
        channels: channels.settings,
        price_lists,
    };
    check_sources(root, &settings);
    sense::check(root, &places, &settings, &channels.declared_at);
    // Behind an error something may only seem unused.
    if !root.findings.has_errors() {
        warn_unused(root, &places, &settings, &connectors.configurations);
    }
    let store = store::store(root, environment);
    Configuration {
        history: history::history(root, &store),
        store,
        server: server::server(root),
        settings: Arc::new(settings),
        connectors: connectors.configurations,
        channels: channels.times,
        notify: notify::read(root),
        tests: super::rule_tests::read(root),
        warnings: Vec::new(),
        files,
        folder: root.folder.to_owned(),
        section_secrets: store::secrets(root).into_iter().chain(notify::secrets(root)).collect(),
        declared: Arc::default(),
    }
}

/// Who gives figures or prices must be a source.
fn check_sources(root: Root, settings: &Settings) {
    let lists = settings
        .price_lists
        .iter()
        .map(|(name, list)| ("price_lists", name.as_str(), "from", &list.from));
    let places = settings
        .locations
        .iter()
        .filter_map(|(name, location)| Some(("locations", name.as_str(), "source", location.source.as_ref()?)));
    for (section, name, key, connector) in lists
        .chain(places)
        .filter(|(.., connector)| !settings.sources.contains_key(*connector))
    {
        let Some(node) = root.entry(section, name).and_then(|entry| entry.node.get(key)) else {
            continue;
        };
        let message = format!("connector `{connector}` is no source: it states no `basis`");
        root.findings
            .error_with_help(node.place, message, format!("add `basis` to [connectors.{connector}]"));
    }
}

/// What is allowed, but looks like a mistake: things that nothing uses.
fn warn_unused(
    root: Root,
    places: &Locations,
    settings: &Settings,
    connectors: &BTreeMap<ConnectorName, ConnectorConfiguration>,
) {
    let by_channels = settings.channels.values().flat_map(|channel| &channel.policy.locations);
    let by_rules = settings
        .rules
        .iter()
        .filter_map(|rule| rule.set.locations.as_ref())
        .flatten();
    let mut used: BTreeSet<&LocationName> = by_channels.chain(by_rules).collect();
    let parents: Vec<&LocationName> = used
        .iter()
        .filter_map(|name| settings.locations.get(*name)?.part_of.as_ref())
        .collect();
    used.extend(parents);
    for (name, place) in places.declared_at.iter().filter(|(name, _)| !used.contains(name)) {
        let message = format!("location `{name}` is used by no channel");
        root.findings
            .warning(*place, message, "put it into a pool, or remove it");
    }
    for (name, connector) in connectors {
        let Some(place) = root.entry("connectors", name.as_str()).map(|entry| entry.key) else {
            continue;
        };
        if !connector.is_source && connector.channels.is_empty() {
            let message =
                format!("connector `{name}` is neither a source (it states no `basis`) nor used by a channel");
            root.findings
                .warning(place, message, "state its `basis`, or name it in a channel");
        }
        if let [first, second, ..] = connector.channels.as_slice() {
            let message = format!(
                "connector `{name}` is written by two channels, `{first}` and `{second}`: they overwrite each other"
            );
            root.findings.warning(place, message, "one channel for each connector");
        }
    }
}
