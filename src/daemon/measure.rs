//! Boards into metrics, when somebody asks for them.

use super::aged::Aged;
use super::view::DaemonView;
use crate::delivery::ChannelBoard;
use crate::intake::GateKeeper;
use crate::server::metrics::{
    Metrics, OfChannel, OfConnector, OfDrift, OfLag, OfLimit, OfLine, OfName, OfNotified, OfNotifier, OfOutcome,
    OfReport, OfSource, OfState, OfUnknown, OfWebhook,
};
use crate::store::{Lease, Question};
use omnistock_sdk::now;
use omnistock_words::Quantity;
use prometheus_client::metrics::counter::Counter;
use rust_decimal::prelude::ToPrimitive;
use std::sync::Arc;
use std::time::Duration;

/// Brings a counter up to a total that only rises.
pub(super) fn raise(counter: &Counter, total: u64) {
    counter.inc_by(total.saturating_sub(counter.get()));
}

fn gauge(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

/// Takes over what the boards say now.
pub(super) fn measure(view: &DaemonView, metrics: &Metrics) {
    metrics.ready.set(i64::from(
        view.leading.stance.borrow().leads && view.house.ledger_board.error().is_none(),
    ));
    let life = view.life.load();
    let open =
        |(gate, _): &(Arc<GateKeeper>, Lease)| view.house.channels.keys().all(|name| gate.waits(name).is_empty());
    let open = life.gate.as_ref().is_some_and(open);
    metrics.gate_open.set(i64::from(open));
    metrics.holds.set(gauge(life.holds.list().len() as u64));
    for (name, (count, _)) in view.house.ledger_board.complaints() {
        raise(&metrics.complaints.get_or_create(&OfName::new(name)), count);
    }
    for (name, parts) in &view.house.channels {
        let totals = parts.board.totals();
        for (state, count) in parts.board.states() {
            let labels = OfState::new(name.as_str(), "quantity", state.name());
            metrics.listings.get_or_create(&labels).set(gauge(count));
        }
        for (state, count) in parts.board.price_states() {
            let labels = OfState::new(name.as_str(), "price", state.name());
            metrics.listings.get_or_create(&labels).set(gauge(count));
        }
        metrics.lags(name.as_str(), "accepted", &parts.board.lag.counts());
        figures(name.as_str(), &parts.board, metrics);
        let stopped = parts.board.stopped().is_some() || parts.board.store_error().is_some();
        let stopped = i64::from(stopped);
        metrics
            .failing
            .get_or_create(&OfChannel::new(name.as_str()))
            .set(stopped);
        let failed: u64 = totals.errors.iter().sum();
        let outcome = |outcome: &str| OfOutcome::new(name.as_str(), outcome);
        raise(&metrics.calls.get_or_create(&outcome("all")), totals.calls);
        raise(&metrics.calls.get_or_create(&outcome("failed")), failed);
        raise(&metrics.updates.get_or_create(&outcome("accepted")), totals.writes);
        let (limits, throttle) = parts.board.limits();
        let throttled = throttle.is_some_and(|throttle| throttle.until > now());
        let of = OfChannel::new(name.as_str());
        metrics.throttled.get_or_create(&of).set(i64::from(throttled));
        for limit in limits {
            let labels = OfLimit::new(name.as_str(), limit.name);
            metrics.limits.get_or_create(&labels).set(i64::from(limit.used));
        }
        if let Some(orders) = &parts.orders {
            raise(
                &metrics.orders.get_or_create(&OfChannel::new(name.as_str())),
                orders.totals().1,
            );
        }
    }
    raise(&metrics.applied, view.house.ledger_board.totals().0);
    if let Some(woke) = view.house.ledger_board.woke_at() {
        metrics
            .progress
            .get_or_create(&OfName::new("ledger"))
            .set(woke.0 / 1_000);
    }
    super::missing::measure(view, metrics);
    upkeep(view, metrics);
    sources(view, metrics);
    if life.gate.is_none() {
        // Who stands by works at nothing and reads no source: what its boards say is from its last term.
        metrics.progress.clear();
        metrics.source_age.clear();
        metrics.source_stale.clear();
    }
    webhooks(view, metrics);
    notifiers(view, metrics);
    store(view, metrics);
}

/// What a worker counts for metrics alone.
fn figures(name: &str, board: &ChannelBoard, metrics: &Metrics) {
    let (of, figures) = (OfChannel::new(name), board.figures());
    metrics.lags(name, "observed", &figures.observed);
    raise(&metrics.retries.get_or_create(&of), figures.retries);
    let open = i64::from(board.breaker_open());
    metrics.breaker.get_or_create(&of).set(open);
    for (class, count) in figures.drift {
        raise(&metrics.drift.get_or_create(&OfDrift::new(name, class)), count);
    }
    match board.ramp() {
        Some(ramp) => {
            let left = ramp.most.saturating_sub(ramp.changed);
            metrics.ramp.get_or_create(&of).set(left.into());
        }
        None => drop(metrics.ramp.remove(&of)),
    }
    // Shown, never decided by.
    let units = |units: Quantity| units.decimal().to_f64().unwrap_or_default();
    metrics.exposed.get_or_create(&of).set(units(figures.exposed));
    metrics.withheld.get_or_create(&of).set(units(figures.withheld));
}

fn store(view: &DaemonView, metrics: &Metrics) {
    for question in Question::ALL {
        metrics.store_times(question.name(), &view.house.store_times.counts(question));
    }
}

fn notifiers(view: &DaemonView, metrics: &Metrics) {
    for notifier in view.house.notifiers.load().iter() {
        let (name, counts) = (notifier.name(), notifier.board.counts());
        for (outcome, total) in [
            ("sent", counts.sent),
            ("failed", counts.failed),
            ("left_out", counts.left_out),
        ] {
            let labels = OfNotified::new(name, outcome);
            raise(&metrics.notifications.get_or_create(&labels), total);
        }
        let failing = i64::from(counts.failing_since.is_some());
        metrics
            .notify_failing
            .get_or_create(&OfNotifier::new(name))
            .set(failing);
    }
}

fn webhooks(view: &DaemonView, metrics: &Metrics) {
    for (name, board) in &view.house.webhooks {
        let totals = board.totals();
        for (answer, total) in [
            ("accepted", totals.accepted - totals.repeated),
            ("repeated", totals.repeated),
            ("unauthorized", totals.unauthorized),
            ("bad_request", totals.malformed),
            ("busy", totals.busy),
        ] {
            raise(
                &metrics.webhooks.get_or_create(&OfWebhook::new(name.as_str(), answer)),
                total,
            );
        }
        let silent = metrics
            .webhooks_silent
            .get_or_create(&OfConnector::new(name.as_str()))
            .clone();
        silent.set(i64::from(board.silence(now()).is_some()));
    }
}

fn upkeep(view: &DaemonView, metrics: &Metrics) {
    for (name, lags) in &view.house.measured.load().lags {
        for (which, lag) in [("order", lags.order), ("push", lags.push)] {
            let seconds = Duration::from_millis(u64::try_from(lag).unwrap_or_default()).as_secs_f64();
            metrics
                .blind
                .get_or_create(&OfLag::new(name.as_str(), which))
                .set(seconds);
        }
    }
    let overdue = view.house.ledger_board.overdue();
    metrics.overdue.set(gauge(overdue.count));
    metrics.overdue_lines.clear();
    for (sku, line) in overdue.named {
        let labels = OfLine::new(
            line.key.channel.as_str(),
            line.key.order.as_str(),
            line.line.as_str(),
            sku.as_str(),
        );
        let age = now().since(line.placed_at).max(0) / 1_000;
        metrics.overdue_lines.get_or_create(&labels).set(age);
    }
    raise(&metrics.forgotten, view.house.ledger_board.forgotten());
}

fn sources(view: &DaemonView, metrics: &Metrics) {
    let settings = view.house.settings.load();
    for (source, parts) in &view.house.sources {
        let name = source.as_str();
        if let Some(aged) = Aged::of(&settings, source, &parts.board, now()) {
            let of = OfSource::new(name);
            metrics.source_age.get_or_create(&of).set(aged.age / 1_000);
            metrics.source_stale.get_or_create(&of).set(i64::from(aged.is_stale()));
        }
        let (taken, refused) = (parts.board.taken_total(), parts.board.refusals().0);
        raise(&metrics.reports.get_or_create(&OfReport::new(name, "taken")), taken);
        raise(&metrics.reports.get_or_create(&OfReport::new(name, "refused")), refused);
        let old = parts.board.old_reports();
        raise(&metrics.reports.get_or_create(&OfReport::new(name, "old")), old);
        let (locations, channels) = parts.board.unknown();
        let unlisted = parts.board.not_listed().0;
        for (what, count) in [
            ("locations", locations.len() as u64),
            ("channels", channels.len() as u64),
            ("skus", unlisted),
        ] {
            metrics
                .unknown
                .get_or_create(&OfUnknown::new(name, what))
                .set(gauge(count));
        }
    }
}
