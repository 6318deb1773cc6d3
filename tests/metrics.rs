//! What is written about metrics is what the daemon prints: the table, the alerts, the dashboard, the run-books.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test")]

use crate::support::merchant::{Merchant, until, usual};
use omnistock::server::metrics::{
    Metrics, OfChannel, OfConnector, OfDrift, OfLag, OfLimit, OfLine, OfName, OfNotified, OfNotifier, OfOutcome,
    OfReport, OfSource, OfState, OfUnknown, OfWebhook,
};
use std::collections::{BTreeMap, BTreeSet};

const TABLE: &str = include_str!("../docs/metrics.md");
const ALERTS: &str = include_str!("../docs/alerts.yml");
const DASHBOARD: &str = include_str!("../docs/dashboard.json");
const RUN_BOOKS: &str = include_str!("../docs/run-books.md");

/// As of a daemon at work: what nothing was counted of is not printed.
fn worked() -> Metrics {
    let metrics = Metrics::new();
    let (a, b) = ("shop", "x");
    metrics.listings.get_or_create(&OfState::new(a, b, b)).set(1);
    metrics.lags(a, "accepted", &[(20, 1)]);
    metrics.store_times(b, &[(std::time::Duration::from_millis(1), 1)]);
    metrics.drift.get_or_create(&OfDrift::new(a, b)).inc();
    metrics.retries.get_or_create(&OfChannel::new(a)).inc();
    for family in [&metrics.exposed, &metrics.withheld] {
        family.get_or_create(&OfChannel::new(a)).set(1.0);
    }
    for family in [&metrics.calls, &metrics.updates] {
        family.get_or_create(&OfOutcome::new(a, b)).inc();
    }
    metrics.limits.get_or_create(&OfLimit::new(a, b)).set(1);
    for family in [
        &metrics.throttled,
        &metrics.ramp,
        &metrics.failing,
        &metrics.breaker,
        &metrics.orders_gone,
        &metrics.orders_unclear,
        &metrics.articles_fallen,
    ] {
        family.get_or_create(&OfChannel::new(a)).set(1);
    }
    for family in [&metrics.orders, &metrics.orders_missed] {
        family.get_or_create(&OfChannel::new(a)).inc();
    }
    metrics.reports.get_or_create(&OfReport::new(a, b)).inc();
    for family in [&metrics.source_age, &metrics.source_stale] {
        family.get_or_create(&OfSource::new(a)).set(1);
    }
    metrics.unknown.get_or_create(&OfUnknown::new(a, b)).set(1);
    metrics.webhooks.get_or_create(&OfWebhook::new(a, b)).inc();
    metrics.webhooks_silent.get_or_create(&OfConnector::new(a)).set(1);
    metrics.complaints.get_or_create(&OfName::new(a)).inc();
    metrics.blind.get_or_create(&OfLag::new(a, b)).set(1.0);
    metrics.overdue_lines.get_or_create(&OfLine::new(a, b, b, b)).set(1);
    metrics.notifications.get_or_create(&OfNotified::new(a, b)).inc();
    metrics.notify_failing.get_or_create(&OfNotifier::new(a)).set(1);
    metrics.progress.get_or_create(&OfName::new(a)).set(1);
    metrics
}

/// Names with their kinds, as the daemon prints them.
fn printed() -> BTreeSet<(String, String)> {
    let rendered = worked().render();
    let kinds = rendered
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '));
    kinds.map(|(name, kind)| (name.to_owned(), kind.to_owned())).collect()
}

#[test]
fn the_table_is_what_the_daemon_prints() {
    let row = |line: &str| {
        let cells: Vec<&str> = line.strip_prefix("| `")?.split('|').map(str::trim).collect();
        Some((cells.first()?.trim_matches('`').to_owned(), (*cells.get(1)?).to_owned()))
    };
    let told: BTreeSet<(String, String)> = TABLE.lines().filter_map(row).collect();
    assert_eq!(told, printed());
}

#[test]
fn every_metric_that_alerts_and_dashboard_name_exists() {
    let known: BTreeSet<String> = printed().into_iter().map(|(name, _)| name).collect();
    for (file, text) in [("alerts.yml", ALERTS), ("dashboard.json", DASHBOARD)] {
        let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let named: BTreeSet<&str> = words.filter(|word| word.starts_with("omnistock_")).collect();
        assert!(named.len() >= 8, "{file}: {named:?}");
        for name in named {
            let ends = ["", "_bucket", "_sum", "_count"].into_iter();
            let found = ends
                .filter_map(|end| name.strip_suffix(end))
                .any(|name| known.contains(name));
            assert!(found, "{file} names {name}, which is not printed");
        }
    }
}

#[test]
fn every_alert_has_a_run_book_and_every_run_book_an_alert() {
    let alerts: BTreeSet<&str> = ALERTS
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- alert: "))
        .collect();
    let books: BTreeSet<&str> = RUN_BOOKS.lines().filter_map(|line| line.strip_prefix("## ")).collect();
    assert_eq!(alerts, books);
    for alert in alerts {
        assert!(
            ALERTS.contains(&format!("run-books.md#{}", alert.to_lowercase())),
            "{alert}"
        );
    }
}

/// What every daemon at work prints that has polled, written, and been sent a webhook.
const AT_WORK: [&str; 22] = [
    "build_info",
    "calls_total",
    "channel_stopped",
    "drift_total",
    "events_applied_total",
    "gate_open",
    "holds",
    "lag_seconds",
    "listings",
    "orders_forgotten_total",
    "orders_total",
    "overdue_lines",
    "progress_timestamp_seconds",
    "ready",
    "reports_total",
    "source_age_seconds",
    "source_stale",
    "throttled",
    "unknown",
    "updates_total",
    "webhooks_silent",
    "webhooks_total",
];

/// The labels of `name{a="1",b="2"}`, where it has some.
fn labels(text: &str) -> Vec<(&str, &str)> {
    let inner = text.split_once('{').and_then(|(_, rest)| rest.split_once('}'));
    let pairs = inner.map_or("", |(inner, _)| inner).split(',');
    pairs
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (name.trim(), value.trim_matches('"')))
        .collect()
}

/// By name what the table says: labels, and the sentence.
fn table() -> BTreeMap<&'static str, (BTreeSet<&'static str>, &'static str)> {
    let row = |line: &'static str| {
        let cells: Vec<&'static str> = line.strip_prefix("| `")?.split('|').map(str::trim).collect();
        let &[name, _, labels, said, ..] = cells.as_slice() else {
            return None;
        };
        let labels = labels.split(',').map(str::trim).filter(|label| !label.is_empty());
        Some((name.trim_matches('`'), (labels.collect(), said)))
    };
    TABLE.lines().filter_map(row).collect()
}

/// The row that a printed name belongs to.
fn family(name: &str) -> &str {
    let ends = ["_bucket", "_sum", "_count"].into_iter();
    let mut lags = ends.filter_map(|end| name.strip_suffix(end));
    lags.find(|name| table().contains_key(name)).unwrap_or(name)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_daemon_at_work_feeds_every_metric_with_the_labels_of_the_table() {
    let merchant = Merchant::open().await;
    let daemon = merchant.at_work().await;
    merchant.drop_stock(|index| Some(usual(index) + 1));
    merchant.settles(&daemon, |index| usual(index) + 1).await;
    assert_eq!(merchant.webhook("{}").map(|answer| answer.status < 500), Some(true));
    let mut body = String::new();
    let lacking = |body: &str| {
        let fed = |name: &str| {
            let name = format!("omnistock_{name}");
            let mut names = body.lines().filter_map(|line| line.split(['{', ' ']).next());
            names.any(|printed| family(printed) == name)
        };
        AT_WORK.into_iter().filter(|name| !fed(name)).collect::<Vec<_>>()
    };
    let whole = || {
        body = merchant.get("/metrics").unwrap().body;
        lacking(&body).is_empty()
    };
    until("every metric is fed", whole, || daemon.log()).await;
    let table = table();
    let mut values: BTreeSet<(String, String, String)> = BTreeSet::new();
    for line in body.lines().filter(|line| !line.starts_with('#')) {
        let name = family(line.split(['{', ' ']).next().unwrap());
        let (expected, _) = table.get(name).unwrap_or_else(|| panic!("{line}"));
        let given = labels(line).into_iter().filter(|(label, _)| *label != "le");
        let given: Vec<_> = given.collect();
        let names: BTreeSet<&str> = given.iter().map(|(label, _)| *label).collect();
        assert_eq!(names, *expected, "{line}");
        values.extend(
            given
                .iter()
                .map(|(label, value)| (name.to_owned(), (*label).to_owned(), (*value).to_owned())),
        );
    }
    // An alert on a label or a value that is never printed never fires.
    let mut looked_at = 0;
    for part in ALERTS.split("omnistock_").skip(1) {
        let name = part
            .split(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .next()
            .unwrap();
        if part.strip_prefix(name).is_none_or(|rest| !rest.starts_with('{')) {
            continue;
        }
        let row = format!("omnistock_{name}");
        let name = family(&row);
        let (known, said) = &table[name];
        for (label, value) in labels(part) {
            let printed = values.contains(&(name.to_owned(), label.to_owned(), value.to_owned()));
            let told = said.contains(&format!("`{value}`"));
            assert!(known.contains(label) && (printed || told), "{name} {label}={value}");
            looked_at += 1;
        }
    }
    assert!(looked_at >= 5, "{looked_at}");
}
