//! Every metric's name, labels and unit, in one place. Others count; `/metrics` renders.
//!
//! Names here are without the prefix `omnistock_` and without `_total`, which the encoder adds.

use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

/// The content type of `/metrics`.
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The same without its parameters.
pub const MEDIA_TYPE: &str = "application/openmetrics-text";

/// Upper bounds of lags, seconds: from one call in a fast network to a feed of an hour.
const LAG_SECONDS: [f64; 14] = [
    0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 300.0, 900.0, 3_600.0,
];
/// Upper bounds of store latencies, seconds.
const STORE_SECONDS: [f64; 10] = [0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.0];

macro_rules! labels {
    ($(#[$doc:meta])* $name:ident { $($field:ident),+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
        #[allow(missing_docs, reason = "a label each; names are declared in the configuration, so they are few")]
        pub struct $name { $(pub $field: String),+ }

        impl $name {
            /// A label set.
            pub fn new($($field: impl Into<String>),+) -> Self {
                Self { $($field: $field.into()),+ }
            }
        }
    };
}

labels!(/// Of one channel.
    OfChannel { channel });
labels!(/// Of one channel, by what became of it.
    OfOutcome { channel, outcome });
labels!(/// Of one channel: `stage` is `accepted` or `observed`.
    OfStage { channel, stage });
labels!(/// Of one channel: `field` is `quantity` or `price`, `state` a listing state.
    OfState { channel, field, state });
labels!(/// Of one source.
    OfSource { source });
labels!(/// Of one source: `outcome` is `taken`, `refused`, or `old` (taken, but as of earlier than what was known).
    OfReport { source, outcome });
labels!(/// Of one source: `what` is `locations`, `channels` or `skus`.
    OfUnknown { source, what });
labels!(/// Of one connector that sends webhooks.
    OfConnector { connector });
labels!(/// Of one connector: `answer` is `accepted`, `repeated`, `unauthorized`, `bad_request` or `busy`. Unknown connectors are not counted.
    OfWebhook { connector, answer });
labels!(/// Of an order line; only the first few are named.
    OfLine { channel, order, line, sku });
labels!(/// Of one channel: `lag` is `order` or `push`.
    OfLag { channel, lag });
labels!(/// Of one channel's account: `limit` is the vendor's name for it.
    OfLimit { channel, limit });
labels!(/// By name, out of a fixed set.
    OfName { name });

type Lags = Family<OfStage, Histogram, fn() -> Histogram>;

/// All metrics of a daemon. Cheap to share behind an `Arc`; every field counts without a lock on the rest.
#[derive(Debug)]
#[allow(missing_docs, reason = "each is described once, where it is registered below")]
pub struct Metrics {
    registry: Registry,
    pub ready: Gauge,
    pub gate_open: Gauge,
    pub listings: Family<OfState, Gauge>,
    pub lag: Lags,
    pub calls: Family<OfOutcome, Counter>,
    pub updates: Family<OfOutcome, Counter>,
    pub retries: Family<OfChannel, Counter>,
    pub drift: Family<OfOutcome, Counter>,
    pub limits: Family<OfLimit, Gauge>,
    pub throttled: Family<OfChannel, Gauge>,
    pub orders: Family<OfChannel, Counter>,
    pub reports: Family<OfReport, Counter>,
    pub source_age: Family<OfSource, Gauge>,
    pub unknown: Family<OfUnknown, Gauge>,
    pub webhooks: Family<OfWebhook, Counter>,
    pub webhooks_silent: Family<OfConnector, Gauge>,
    pub holds: Gauge,
    pub inbox: Gauge,
    pub commit: Histogram,
    pub complaints: Family<OfName, Counter>,
    pub blind: Family<OfLag, Gauge>,
    pub overdue: Gauge,
    pub overdue_lines: Family<OfLine, Gauge>,
    pub forgotten: Counter,
    pub progress: Family<OfName, Gauge>,
}

fn lag_histogram() -> Histogram {
    Histogram::new(LAG_SECONDS)
}

impl Metrics {
    /// All at zero, registered under their names.
    pub fn new() -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("omnistock"),
            ready: Gauge::default(),
            gate_open: Gauge::default(),
            listings: Family::default(),
            lag: Family::new_with_constructor(lag_histogram as fn() -> Histogram),
            calls: Family::default(),
            updates: Family::default(),
            retries: Family::default(),
            drift: Family::default(),
            limits: Family::default(),
            throttled: Family::default(),
            orders: Family::default(),
            reports: Family::default(),
            source_age: Family::default(),
            unknown: Family::default(),
            webhooks: Family::default(),
            webhooks_silent: Family::default(),
            holds: Gauge::default(),
            inbox: Gauge::default(),
            commit: Histogram::new(STORE_SECONDS),
            complaints: Family::default(),
            blind: Family::default(),
            overdue: Gauge::default(),
            overdue_lines: Family::default(),
            forgotten: Counter::default(),
            progress: Family::default(),
        };
        metrics.register();
        metrics.register_upkeep();
        metrics
    }

    fn register(&mut self) {
        let r = &mut self.registry;
        r.register(
            "build",
            "Version of the daemon",
            Info::new([("version", env!("CARGO_PKG_VERSION"))]),
        );
        r.register("ready", "1 when work can be taken", self.ready.clone());
        r.register(
            "gate_open",
            "1 when every channel may be written",
            self.gate_open.clone(),
        );
        r.register("listings", "Listings by state", self.listings.clone());
        r.register(
            "lag_seconds",
            "From an order or report known to the channel's yes, or read back",
            self.lag.clone(),
        );
        r.register("calls", "Calls to a channel by outcome", self.calls.clone());
        r.register("updates", "Listings written by outcome", self.updates.clone());
        r.register("retries", "Calls that were a repetition", self.retries.clone());
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
        r.register(
            "inbox_entries",
            "Durable reports that wait to be applied",
            self.inbox.clone(),
        );
        r.register("commit_seconds", "Time of a commit in the store", self.commit.clone());
        r.register("complaints", "Facts set aside, by name", self.complaints.clone());
        r.register(
            "progress_timestamp_seconds",
            "When a loop last decided, Unix time",
            self.progress.clone(),
        );
    }

    fn register_upkeep(&mut self) {
        let r = &mut self.registry;
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
        r.register(
            "blind_milliseconds",
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

    /// The text format of Prometheus.
    pub fn render(&self) -> String {
        let mut rendered = String::new();
        match text::encode(&mut rendered, &self.registry) {
            Ok(()) => rendered,
            // Writing to a String can't fail; an end without metrics is still a valid answer.
            Err(_) => "# EOF\n".to_owned(),
        }
    }
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
        assert!(rendered.ends_with("# EOF\n"));
    }

    #[test]
    fn two_daemons_in_one_process_do_not_share_counts() {
        let (one, other) = (Metrics::new(), Metrics::new());
        one.holds.set(2);
        assert!(other.render().contains("omnistock_holds 0"));
    }
}
