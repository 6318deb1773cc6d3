//! Every metric's name, labels and unit, in one place. Others count; `/metrics` renders.
//!
//! Names here are without the prefix `omnistock_` and without `_total`, which the encoder adds.

mod labels;

pub use labels::*;

use prometheus_client::encoding::text;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use std::collections::HashMap;
use std::sync::atomic::AtomicU64;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// The content type of `/metrics`.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The same without its parameters.
pub const MEDIA_TYPE: &str = "text/plain";

/// Upper bounds of lags, seconds: from one call in a fast network to a feed of an hour.
const LAG_SECONDS: [f64; 14] = [
    0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 300.0, 900.0, 3_600.0,
];

/// Upper bounds of the store's answers, seconds: the store's own, so that none is counted beside its place.
const STORE_SECONDS: [f64; 14] = [
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 10.0,
];

type Lags = Family<OfStage, Histogram, fn() -> Histogram>;

/// All metrics of a daemon. Cheap to share behind an `Arc`; every field counts without a lock on the rest.
#[derive(Debug)]
#[allow(missing_docs, reason = "each is described once, where it is registered below")]
pub struct Metrics {
    registry: Registry,
    /// What of each channel's lags, and of the store's times, is in a histogram already.
    seen: Mutex<HashMap<String, Vec<u64>>>,
    pub ready: Gauge,
    pub gate_open: Gauge,
    pub listings: Family<OfState, Gauge>,
    pub lag: Lags,
    pub calls: Family<OfOutcome, Counter>,
    pub updates: Family<OfOutcome, Counter>,
    pub drift: Family<OfDrift, Counter>,
    pub retries: Family<OfChannel, Counter>,
    pub breaker: Family<OfChannel, Gauge>,
    pub exposed: Family<OfChannel, Gauge<f64, AtomicU64>>,
    pub withheld: Family<OfChannel, Gauge<f64, AtomicU64>>,
    pub store: Family<OfQuestion, Histogram, fn() -> Histogram>,
    pub limits: Family<OfLimit, Gauge>,
    pub throttled: Family<OfChannel, Gauge>,
    /// Listings that may still change in a channel's first hour.
    pub ramp: Family<OfChannel, Gauge>,
    pub orders: Family<OfChannel, Counter>,
    pub orders_missed: Family<OfChannel, Counter>,
    /// Orders that can't be understood.
    pub orders_unclear: Family<OfChannel, Gauge>,
    pub orders_gone: Family<OfChannel, Gauge>,
    pub articles_fallen: Family<OfChannel, Gauge>,
    pub reports: Family<OfReport, Counter>,
    pub source_age: Family<OfSource, Gauge>,
    pub source_stale: Family<OfSource, Gauge>,
    pub failing: Family<OfChannel, Gauge>,
    pub applied: Counter,
    pub unknown: Family<OfUnknown, Gauge>,
    pub webhooks: Family<OfWebhook, Counter>,
    pub webhooks_silent: Family<OfConnector, Gauge>,
    pub holds: Gauge,
    pub complaints: Family<OfName, Counter>,
    pub blind: Family<OfLag, Gauge<f64, AtomicU64>>,
    pub overdue: Gauge,
    pub overdue_lines: Family<OfLine, Gauge>,
    pub forgotten: Counter,
    pub notifications: Family<OfNotified, Counter>,
    pub notify_failing: Family<OfNotifier, Gauge>,
    pub progress: Family<OfName, Gauge>,
}

fn lag_histogram() -> Histogram {
    Histogram::new(LAG_SECONDS)
}

fn store_histogram() -> Histogram {
    Histogram::new(STORE_SECONDS)
}

impl Metrics {
    /// All at zero, registered under their names.
    pub fn new() -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("omnistock"),
            seen: Mutex::default(),
            ready: Gauge::default(),
            gate_open: Gauge::default(),
            listings: Family::default(),
            lag: Family::new_with_constructor(lag_histogram as fn() -> Histogram),
            calls: Family::default(),
            updates: Family::default(),
            drift: Family::default(),
            retries: Family::default(),
            breaker: Family::default(),
            exposed: Family::default(),
            withheld: Family::default(),
            store: Family::new_with_constructor(store_histogram as fn() -> Histogram),
            limits: Family::default(),
            throttled: Family::default(),
            ramp: Family::default(),
            orders: Family::default(),
            orders_missed: Family::default(),
            orders_unclear: Family::default(),
            orders_gone: Family::default(),
            articles_fallen: Family::default(),
            reports: Family::default(),
            source_age: Family::default(),
            source_stale: Family::default(),
            failing: Family::default(),
            applied: Counter::default(),
            unknown: Family::default(),
            webhooks: Family::default(),
            webhooks_silent: Family::default(),
            holds: Gauge::default(),
            complaints: Family::default(),
            blind: Family::default(),
            overdue: Gauge::default(),
            overdue_lines: Family::default(),
            forgotten: Counter::default(),
            notifications: Family::default(),
            notify_failing: Family::default(),
            progress: Family::default(),
        };
        metrics.register();
        metrics.register_orders();
        metrics.register_upkeep();
        metrics
    }

    fn register(&mut self) {
        let r = &mut self.registry;
        let build = Family::<OfVersion, Gauge>::default();
        build.get_or_create(&OfVersion::new(env!("CARGO_PKG_VERSION"))).set(1);
        r.register("build_info", "1, with the version of the daemon", build);
        r.register("ready", "1 when work can be taken", self.ready.clone());
        let about = "1 when every channel may be written";
        r.register("gate_open", about, self.gate_open.clone());
        r.register("listings", "Listings by state", self.listings.clone());
        r.register(
            "lag_seconds",
            "From a change of a number to the channel's yes, and to the reading behind it",
            self.lag.clone(),
        );
        r.register("calls", "Calls to a channel by outcome", self.calls.clone());
        r.register("updates", "Listings written by outcome", self.updates.clone());
        r.register(
            "drift",
            "Differences found by reading back, by class",
            self.drift.clone(),
        );
        r.register("orders", "Order revisions applied", self.orders.clone());
        r.register("reports", "Reports of a source by outcome", self.reports.clone());
        r.register(
            "source_age_seconds",
            "Age of the newest figures of a source",
            self.source_age.clone(),
        );
        r.register(
            "source_stale",
            "1 while the newest figures of a source are older than its max_age",
            self.source_stale.clone(),
        );
        r.register(
            "channel_stopped",
            "1 while a channel is not written: a person has to mend something, or the store is away",
            self.failing.clone(),
        );
        r.register("events_applied", "Facts that are in the ledgers", self.applied.clone());
        r.register(
            "unknown",
            "Names of a source that nobody declared",
            self.unknown.clone(),
        );
        r.register("webhooks", "Webhooks by answer", self.webhooks.clone());
        r.register(
            "webhooks_silent",
            "1 while orders come by polls only and webhooks are silent for longer than usual",
            self.webhooks_silent.clone(),
        );
        r.register("holds", "Changes held by a guard", self.holds.clone());
        r.register("complaints", "Facts set aside, by name", self.complaints.clone());
        r.register(
            "progress_timestamp_seconds",
            "When a loop last decided, Unix time",
            self.progress.clone(),
        );
    }

    fn register_orders(&mut self) {
        let r = &mut self.registry;
        let about = "Orders that a full read found and neither polls nor webhooks had told of";
        r.register("orders_missed", about, self.orders_missed.clone());
        let about = "Open orders that take stock and that the channel does not have any more";
        r.register("orders_gone", about, self.orders_gone.clone());
        let about = "Orders that can't be understood: they are in no ledger";
        r.register("orders_unclear", about, self.orders_unclear.clone());
        let about = "Articles whose number fell without an order, where so many did that orders may be missing";
        r.register("articles_fallen", about, self.articles_fallen.clone());
    }

    fn register_upkeep(&mut self) {
        let r = &mut self.registry;
        r.register(
            "retries",
            "Calls to a channel that only repeat what failed",
            self.retries.clone(),
        );
        r.register(
            "breaker_open",
            "1 while a channel is asked seldom because its calls failed",
            self.breaker.clone(),
        );
        r.register(
            "oversell_exposure_units",
            "Units shown that do not exist",
            self.exposed.clone(),
        );
        r.register(
            "safety_stock_units",
            "Units that safety stock keeps back",
            self.withheld.clone(),
        );
        r.register(
            "store_seconds",
            "How long answers of the store took, by what was asked",
            self.store.clone(),
        );
        r.register(
            "notifications",
            "Messages of a notifier by outcome",
            self.notifications.clone(),
        );
        r.register(
            "notify_failing",
            "1 while no message of a notifier gets through",
            self.notify_failing.clone(),
        );
        r.register(
            "limit_used_per_mille",
            "How much of a limit of the vendor is used",
            self.limits.clone(),
        );
        r.register(
            "throttled",
            "1 while calls to a channel wait for a limit of the vendor",
            self.throttled.clone(),
        );
        let about = "Listings that may still change in the first hour after the channel went live";
        r.register("ramp_listings_left", about, self.ramp.clone());
        r.register(
            "blind_seconds",
            "From an order placed there to known here, or from a decision here to shown there, 95 of 100",
            self.blind.clone(),
        );
        r.register(
            "overdue_lines",
            "Order lines that no figure contains for longer than absorb_alarm",
            self.overdue.clone(),
        );
        r.register(
            "overdue_line_age_seconds",
            "Age of the first of them",
            self.overdue_lines.clone(),
        );
        r.register(
            "orders_forgotten",
            "Orders that ended long ago and left the ledgers",
            self.forgotten.clone(),
        );
    }

    /// Brings a channel's lags up to these counts, each with the upper end of its bucket in milliseconds.
    pub fn lags(&self, channel: &str, stage: &str, counts: &[(u64, u64)]) {
        let lag = self.lag.get_or_create(&OfStage::new(channel, stage)).clone();
        let counts = counts
            .iter()
            .map(|(bound, count)| (Duration::from_millis(*bound), *count));
        self.observe(format!("{channel} {stage}"), &lag, counts);
    }

    /// Brings the store's times up to these counts, each with the upper end of its bucket.
    pub fn store_times(&self, question: &str, counts: &[(Duration, u64)]) {
        let times = self.store.get_or_create(&OfQuestion::new(question)).clone();
        // No channel's name has a slash.
        self.observe(format!("store/{question}"), &times, counts.iter().copied());
    }

    fn observe(&self, name: String, into: &Histogram, counts: impl ExactSizeIterator<Item = (Duration, u64)>) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = seen.entry(name).or_default();
        seen.resize(counts.len(), 0);
        for (seen, (bound, count)) in seen.iter_mut().zip(counts) {
            for _ in 0..count.saturating_sub(*seen) {
                into.observe(bound.as_secs_f64());
            }
            *seen = (*seen).max(count);
        }
    }

    /// The text format of Prometheus.
    pub fn render(&self) -> String {
        let mut rendered = String::new();
        match text::encode(&mut rendered, &self.registry) {
            Ok(()) => classic(&rendered),
            // Writing to a String can't fail; an end without metrics is still a valid answer.
            Err(_) => String::new(),
        }
    }
}

/// The format that every tool reads: counters are named as their samples are, and nothing marks the end.
fn classic(open: &str) -> String {
    let (mut rendered, mut help) = (String::with_capacity(open.len()), None);
    for line in open.lines() {
        if let Some(about) = line.strip_prefix("# HELP ") {
            help = about.split_once(' ');
        } else if let Some((name, kind)) = line.strip_prefix("# TYPE ").and_then(|about| about.split_once(' ')) {
            let end = if kind == "counter" { "_total" } else { "" };
            if let Some((_, help)) = help.take() {
                rendered.extend(["# HELP ", name, end, " ", help, "\n"]);
            }
            rendered.extend(["# TYPE ", name, end, " ", kind, "\n"]);
        } else if !line.starts_with('#') {
            rendered.extend([line, "\n"]);
        }
    }
    rendered
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_counted_is_rendered_under_its_name() {
        let metrics = Metrics::new();
        metrics.calls.get_or_create(&OfOutcome::new("shop", "ok")).inc_by(3);
        metrics
            .listings
            .get_or_create(&OfState::new("shop", "quantity", "in_sync"))
            .set(41);
        metrics
            .lag
            .get_or_create(&OfStage::new("shop", "accepted"))
            .observe(0.02);
        let rendered = metrics.render();
        for line in [
            "omnistock_calls_total{channel=\"shop\",outcome=\"ok\"} 3",
            "omnistock_listings{channel=\"shop\",field=\"quantity\",state=\"in_sync\"} 41",
            "omnistock_lag_seconds_bucket{le=\"0.025\",channel=\"shop\",stage=\"accepted\"} 1",
            "omnistock_ready 0",
        ] {
            assert!(
                rendered.lines().any(|there| there == line),
                "{line} is missing in\n{rendered}"
            );
        }
        assert!(rendered.contains("# TYPE omnistock_calls_total counter\n") && !rendered.contains("# EOF"));
    }

    #[test]
    fn lags_are_taken_over_once() {
        let metrics = Metrics::new();
        metrics.lags("shop", "accepted", &[(20, 3), (900, 1)]);
        metrics.lags("shop", "observed", &[(20, 1)]);
        metrics.lags("shop", "accepted", &[(20, 4), (900, 1)]);
        let rendered = metrics.render();
        let bucket = "omnistock_lag_seconds_bucket{le=\"0.025\",channel=\"shop\",stage=\"accepted\"} 4";
        let all = "omnistock_lag_seconds_count{channel=\"shop\",stage=\"accepted\"} 5";
        assert!(rendered.contains(bucket) && rendered.contains(all), "{rendered}");
    }

    #[test]
    fn two_daemons_in_one_process_do_not_share_counts() {
        let (one, other) = (Metrics::new(), Metrics::new());
        one.holds.set(2);
        assert!(other.render().contains("omnistock_holds 0"));
    }
}
