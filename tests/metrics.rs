//! What is written about metrics is what the daemon prints: the table, the alerts, the dashboard, the run-books.
#![allow(clippy::unwrap_used, reason = "a test")]

use omnistock::server::metrics::{
    Metrics, OfChannel, OfConnector, OfDrift, OfLag, OfLimit, OfLine, OfName, OfNotified, OfNotifier, OfOutcome,
    OfReport, OfSource, OfState, OfUnknown, OfWebhook,
};
use std::collections::BTreeSet;

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
        &metrics.failing,
        &metrics.breaker,
        &metrics.orders_gone,
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
