//! `[connectors]`: what every connector has; its own keys stay a table for the connector to read.

use super::locations::Codes;
use super::problem::{Problem, Severity, suggestion};
use super::reader::{Fault, Section};
use super::root::Root;
use super::schedule;
use super::schema::{BY_DELAY, Keys, SOURCE, SOURCE_GUARD, ZERO_AFTER};
use super::tree::{Entry, Node, Place, Value, json};
use super::value::{choice, choice_or, count, duration, instant, milliseconds, percent, text};
use jiff::tz::TimeZone;
use omnistock_sdk::{CallLimit, ConnectorSpec};
use omnistock_words::{
    Absorb, Basis, ChannelName, ConnectorName, LocationName, Missing, SourceGuard, SourcePolicy, Stale, VendorLocation,
};
use std::collections::BTreeMap;
use std::time::Duration;

/// How often a source is asked where its file says neither `every` nor `schedule`.
const EVERY: Duration = Duration::from_mins(1);

/// A configured connector before it is built.
#[derive(Clone)]
pub struct ConnectorConfiguration {
    /// Which code it is.
    pub kind: String,
    /// That code.
    pub spec: &'static ConnectorSpec,
    /// Whether it is a source: it states the `basis` of its figures.
    pub is_source: bool,
    /// The channels that it writes.
    pub channels: Vec<ChannelName>,
    /// How often a source is asked; `None` with a schedule, and for what is no source. Default one minute.
    pub every: Option<Duration>,
    /// When a source is asked: cron with six fields, seconds first.
    pub schedule: Option<String>,
    /// The time zone of the schedule.
    pub timezone: Option<TimeZone>,
    /// So many calls and no more, whatever the vendor takes; unset: only what the vendor takes.
    pub calls: Option<CallLimit>,
    /// Its own keys.
    pub table: serde_json::Value,
    /// What it calls our locations.
    pub codes: BTreeMap<VendorLocation, LocationName>,
    /// Where its own keys stand, dotted; empty for the connector itself.
    pub(super) places: BTreeMap<String, Problem>,
}

/// `[connectors.X]` with what the rest of the configuration needs of it.
pub(super) struct Read {
    pub(super) configurations: BTreeMap<ConnectorName, ConnectorConfiguration>,
    pub(super) sources: BTreeMap<ConnectorName, SourcePolicy>,
}

/// Reads all connectors.
pub(super) fn read(root: Root, registry: &'static [ConnectorSpec], codes: &Codes) -> Read {
    let mut read = Read {
        configurations: BTreeMap::new(),
        sources: BTreeMap::new(),
    };
    for (name, place, section) in root.named::<ConnectorName>("connectors") {
        let spec = kind(&section, registry);
        let is_source = section.has("basis");
        if is_source {
            read.sources.insert(name.clone(), source(&section));
            if spec.is_some_and(|spec| spec.kind == "file") {
                warn_without_orders(&section, place);
            }
        } else {
            refuse_source_keys(&section);
        }
        let Some(spec) = spec else { continue };
        let (every, schedule, timezone) = times(&section);
        let codes = codes.get(&name).cloned().unwrap_or_default();
        let places = places(root, &section);
        let table = json(section.own());
        let configuration = ConnectorConfiguration {
            kind: spec.kind.to_owned(),
            spec,
            is_source,
            channels: Vec::new(),
            every: every.or((is_source && schedule.is_none()).then_some(EVERY)),
            schedule,
            timezone,
            calls: section.read("calls", calls),
            table,
            codes,
            places,
        };
        read.configurations.insert(name, configuration);
    }
    read
}

/// `"2/s"`, `"90/m"`, `"5000/d"`.
fn calls(node: &Node) -> Result<CallLimit, Fault> {
    let wrong = || Fault::expected("calls in a time like \"2/s\", \"90/m\", \"3000/h\" or \"5000/d\"", node);
    let (amount, per) = text(node)?.split_once('/').ok_or_else(wrong)?;
    let amount: u32 = amount
        .trim()
        .parse()
        .ok()
        .filter(|amount| *amount > 0)
        .ok_or_else(wrong)?;
    let seconds = match per.trim() {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return Err(wrong()),
    };
    Ok(CallLimit::window(CallLimit::OF_SETTINGS, amount, seconds * 1_000))
}

fn kind(section: &Section, registry: &'static [ConnectorSpec]) -> Option<&'static ConnectorSpec> {
    let kinds: Vec<&str> = registry.iter().map(|spec| spec.kind).collect();
    let kind = section.require("kind", &format!("one of {}", kinds.join(", ")), text)?;
    let spec = registry.iter().find(|spec| spec.kind == kind);
    if spec.is_none() {
        let rest = suggestion(kind, &kinds, "there are");
        let place = section.entry("kind").map_or(section.place, |entry| entry.node.place);
        section.findings.error(
            place,
            format!("unknown connector kind `{}`{rest}", super::tree::shorten(kind)),
        );
    }
    spec
}

fn refuse_source_keys(section: &Section) {
    let Some(key) = SOURCE.iter().find(|key| section.has(key)) else {
        return;
    };
    let message = format!(
        "{} needs `basis`: `{key}` is for sources, and a source states what its figures contain",
        section.title
    );
    let place = section.entry(key).map_or(section.place, |entry| entry.key);
    section.findings.error_with_help(
        place,
        message,
        "basis = \"physical\", \"net_of_reserved\" or \"net_of_orders\"",
    );
}

fn warn_without_orders(section: &Section, place: Place) {
    let by_reference = section
        .entry("absorb")
        .is_none_or(|entry| matches!(&entry.node.value, Value::Text(text) if text == "by_reference"));
    if by_reference && !section.own().any(|(key, _)| key == "orders") {
        let message = format!(
            "{} has no `orders` list, which absorb = \"by_reference\" goes by: no order is ever known to be contained",
            section.title
        );
        section.findings.warning(
            place,
            message,
            "give it `orders = { path = …, columns = … }`, or set `absorb`",
        );
    }
}

fn source(section: &Section) -> SourcePolicy {
    let bases = [
        ("physical", Basis::Physical),
        ("net_of_reserved", Basis::NetOfReserved),
        ("net_of_orders", Basis::NetOfOrders),
    ];
    let basis = section
        .read("basis", |node| choice(node, &bases))
        .unwrap_or(Basis::Physical);
    let mut policy = SourcePolicy::new(basis);
    policy.absorb = absorb(section);
    policy.max_age = section.read("max_age", milliseconds);
    policy.stale = stale(section);
    policy.missing = missing(section);
    policy.guard = guard(section);
    policy.confirm_after = section
        .read("confirm_after", milliseconds)
        .unwrap_or(policy.confirm_after);
    policy.cutover = section.read("cutover", instant);
    policy.absorb_alarm = section.read("absorb_alarm", milliseconds);
    policy
}

/// A word, or a table of one key.
fn tagged<T: Copy + Default>(
    section: &Section,
    key: &str,
    words: &[(&'static str, T)],
    keys: &'static Keys,
    of_table: impl FnOnce(&Section) -> Option<T>,
) -> T {
    let given = match section.entry(key) {
        Some(entry) if entry.node.table().is_some() => section.inner(key, keys).and_then(|table| of_table(&table)),
        Some(_) => section.read(key, |node| {
            choice_or(node, words, &format!("{{ {} = … }}", keys.names().collect::<String>()))
        }),
        None => None,
    };
    given.unwrap_or_default()
}

fn absorb(section: &Section) -> Absorb {
    let words = [
        ("by_reference", Absorb::ByReference),
        ("by_status", Absorb::ByStatus),
        ("never", Absorb::Never),
    ];
    let delay = |section: &Section| {
        section
            .require("by_delay", "the time, such as \"30m\"", milliseconds)
            .map(Absorb::ByDelay)
    };
    tagged(section, "absorb", &words, &BY_DELAY, delay)
}

fn stale(section: &Section) -> Stale {
    let words = [("keep", Stale::Keep), ("only_decrease", Stale::OnlyDecrease)];
    let zero = |section: &Section| {
        section
            .require("zero_after", "the time, such as \"6h\"", milliseconds)
            .map(Stale::ZeroAfter)
    };
    tagged(section, "stale", &words, &ZERO_AFTER, zero)
}

fn missing(section: &Section) -> Missing {
    let words = [("keep", Missing::Keep)];
    let zero = |section: &Section| {
        section
            .require("zero_after", "a number of complete snapshots", |node| {
                count(node, 1, 1_000)
            })
            .map(Missing::ZeroAfter)
    };
    tagged(section, "missing", &words, &ZERO_AFTER, zero)
}

fn guard(section: &Section) -> SourceGuard {
    let default = SourceGuard::default();
    let Some(guard) = section.inner("guard", &SOURCE_GUARD) else {
        return default;
    };
    SourceGuard {
        rows_missing: guard.read("rows_missing", percent).unwrap_or(default.rows_missing),
        total_drop: guard.read("total_drop", percent).unwrap_or(default.total_drop),
        newly_zero: guard.read("newly_zero", percent).unwrap_or(default.newly_zero),
    }
}

fn times(section: &Section) -> (Option<Duration>, Option<String>, Option<TimeZone>) {
    if section.has("every") && section.has("schedule") {
        section.error_at(
            "schedule",
            format!("{} has both `every` and `schedule`: keep one of them", section.title),
        );
    }
    if section.has("timezone") && !section.has("schedule") {
        section.error_at(
            "timezone",
            format!("`timezone` in {} has no effect without `schedule`", section.title),
        );
    }
    let every = section.read("every", duration);
    let schedule = section.read("schedule", |node| schedule::check(text(node)?).map_err(Fault::new));
    let timezone = section.read("timezone", |node| {
        TimeZone::get(text(node)?).map_err(|_| Fault::expected("a time zone like \"Europe/Berlin\"", node))
    });
    (every, schedule, timezone)
}

/// Where a connector's own keys stand, for the problems that it finds itself.
fn places(root: Root, section: &Section) -> BTreeMap<String, Problem> {
    let mut found = BTreeMap::new();
    found.insert(String::new(), section.place);
    for (key, entry) in section.own() {
        collect(key.clone(), entry, &mut found);
    }
    let problem = |place| root.sources.problem(place, Severity::Error, String::new(), None);
    found.into_iter().map(|(key, place)| (key, problem(place))).collect()
}

fn collect(path: String, entry: &Entry, found: &mut BTreeMap<String, Place>) {
    collect_inside(&path, &entry.node, found);
    found.insert(path, entry.key);
}

fn collect_inside(path: &str, node: &Node, found: &mut BTreeMap<String, Place>) {
    for (key, entry) in node.table().into_iter().flatten() {
        collect(format!("{path}.{key}"), entry, found);
    }
    for (index, member) in node.members().into_iter().flatten().enumerate() {
        let path = format!("{path}[{index}]");
        collect_inside(&path, member, found);
        found.insert(path, member.place);
    }
}
