//! How everything stands, from the boards.

use super::aged::{Aged, oldest};
use super::view::{ChannelView, DaemonView, SourceView};
use crate::delivery::Gaps;
use crate::server::{
    ChannelStatus, Compared, Counted, Lag, LastReport, LimitStatus, RampStatus, ReportProblem, SourceStatus,
    StateCounts, Status, StoreLine, Throttled, Worst,
};
use omnistock_planner::{Usage, Waiting};
use omnistock_sdk::now;
use omnistock_words::{ChannelName, ConnectorName, Settings};
use std::collections::BTreeMap;
use std::time::Duration;

/// A question to the store that is not answered by then is no reason to keep people waiting.
const STORE: Duration = Duration::from_secs(1);

async fn store_line(view: &DaemonView) -> StoreLine {
    let mut line = ask_store(view).await;
    line.warnings.extend(view.leading.stance.borrow().losses());
    line.warnings.extend(view.leading.mirror.borrow().clone());
    line
}

async fn ask_store(view: &DaemonView) -> StoreLine {
    let warning = match tokio::time::timeout(STORE, view.house.store.status()).await {
        Ok(Ok(status)) => {
            return StoreLine {
                title: status.title,
                warnings: status.warnings,
                inbox: status.inbox,
            };
        }
        Ok(Err(error)) => error.to_string(),
        Err(_) => format!("no answer within {} s", STORE.as_secs()),
    };
    StoreLine {
        title: view.store_title.clone(),
        warnings: vec![warning],
        inbox: 0,
    }
}

/// The whole picture.
pub(super) async fn status(view: &DaemonView) -> Status {
    let settings = view.house.settings.load_full();
    let store = store_line(view).await;
    let channels: Vec<ChannelStatus> = view
        .house
        .channels
        .iter()
        .map(|(name, parts)| channel(view, &settings, name, parts))
        .collect();
    let sources: Vec<SourceStatus> = view
        .house
        .sources
        .iter()
        .map(|(name, parts)| source(view, &settings, name, parts))
        .collect();
    let attention = attention(view, &settings, &channels, &sources);
    let prices = prices(view);
    let next = next(&channels, &sources, &prices);
    // Not inside the struct: it would stay borrowed until the gates borrow it again, and between the two a new
    // stance waits for the first and keeps the second waiting, for ever.
    let standing = view.leading.stance.borrow().says.clone();
    Status {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        at: now(),
        started_at: view.started_at,
        attention,
        standing,
        gate: view.gates(),
        store,
        prices,
        channels,
        sources,
        notifiers: view.notifier_status(),
        complaints: view
            .house
            .ledger_board
            .complaints()
            .into_iter()
            .map(|(name, (count, _))| (name, count))
            .chain(old_reports(view))
            .collect(),
        next,
    }
}

/// Exports that came once more, or late: so many, where there are any.
fn old_reports(view: &DaemonView) -> Option<(String, u64)> {
    let sources = view.house.sources.values();
    let count: u64 = sources.map(|source| source.board.old_reports()).sum();
    (count > 0).then(|| ("old_report".to_owned(), count))
}

/// Prices of all channels by state: each channel's add up to its listings.
fn prices(view: &DaemonView) -> StateCounts {
    let mut counts = StateCounts::default();
    for parts in view.house.channels.values() {
        for (state, count) in parts.board.price_states() {
            counts.add(state, count);
        }
    }
    counts
}

fn attention(
    view: &DaemonView,
    settings: &Settings,
    channels: &[ChannelStatus],
    sources: &[SourceStatus],
) -> Vec<String> {
    let mut lines = view.obstacles();
    if view.leading.stance.borrow().rebuild.is_some() {
        lines.push("the store lost data and is being rebuilt".to_owned());
    }
    lines.extend(view.gate_attention());
    // A store that is away stops everybody: said once.
    let (obstacles, away) = (lines.clone(), view.leading.stance.borrow().trouble.is_some());
    let told = |reason: &str| {
        away && reason.starts_with("the store does not answer")
            || obstacles.iter().any(|obstacle| obstacle.ends_with(reason))
    };
    let held = super::holds::unanswered(view);
    if held > 0 {
        lines.push(format!("{held} held"));
    }
    let overdue = view.house.ledger_board.overdue();
    if let Some((sku, line)) = overdue.named.first() {
        let more = if overdue.count > 1 {
            format!(" and {} more", overdue.count - 1)
        } else {
            String::new()
        };
        lines.push(format!(
            "absorb_alarm: no figure contains {} of {sku} of order {} line {}, placed {}{more}",
            line.quantity, line.key, line.line, line.placed_at
        ));
    }
    lines.extend(view.house.ledger_board.mirror_error());
    for (name, board) in &view.house.webhooks {
        lines.extend(board.trouble().map(|trouble| format!("{name}: {trouble}")));
        let queued = view.house.connectors.get(name).is_some_and(|one| one.queue().is_some());
        let what = if queued { "message" } else { "webhook" };
        if let Some(silence) = board.silence(now()) {
            lines.push(format!(
                "{name}: no {what} since {}, longer than usual; polls found {} orders meanwhile",
                silence.since, silence.untold
            ));
        }
    }
    for notifier in view.notifier_status() {
        if let (Some(since), Some(why)) = (notifier.failing_since, notifier.last_error) {
            lines.push(format!(
                "notify {}: nothing gets through since {since}: {why}",
                notifier.name
            ));
        }
    }
    for source in sources {
        lines.extend(stale(view, settings, source));
        // Once a later report was taken over, the refusal needs no person any more.
        let taken = view
            .house
            .sources
            .get(&source.name)
            .and_then(|parts| parts.board.last());
        let newest = source.refused.first();
        if let Some(refused) = newest.filter(|refused| taken.is_none_or(|taken| taken.taken_at < refused.at)) {
            lines.push(format!("{} refused {}", source.name, refused.title));
        }
        if let Some(error) = source.last_error.as_ref().filter(|error| !told(&error.reason)) {
            lines.push(format!("{}: fails since {}: {}", source.name, error.at, error.reason));
        }
    }
    for channel in channels {
        lines.extend(troubles_of(view, settings, channel, told));
    }
    lines
}

/// What is wrong with a channel and was not `told` of all.
fn troubles_of(
    view: &DaemonView,
    settings: &Settings,
    channel: &ChannelStatus,
    told: impl Fn(&str) -> bool,
) -> Vec<String> {
    let waiting = channel.waiting.as_ref().filter(|waiting| !told(waiting)).cloned();
    let parts = view.house.channels.get(&channel.name);
    let clock = parts.and_then(|parts| parts.board.clock_trouble());
    let troubles = waiting.into_iter().chain(clock);
    let mut lines: Vec<String> = troubles.map(|trouble| format!("{}: {trouble}", channel.name)).collect();
    lines.extend(super::missing::attention(settings, channel));
    lines
}

/// A source whose figures are too old, and which does not say why by itself.
fn stale(view: &DaemonView, settings: &Settings, source: &SourceStatus) -> Option<String> {
    let board = &view.house.sources.get(&source.name)?.board;
    let aged = Aged::of(settings, &source.name, board, now()).filter(Aged::is_stale)?;
    Some(format!("{}: {aged}", source.name))
}

fn next(channels: &[ChannelStatus], sources: &[SourceStatus], prices: &StateCounts) -> Option<String> {
    let held = prices.held > 0 || channels.iter().any(|channel| channel.listings.held > 0);
    let command = if held || sources.iter().any(|source| !source.held.is_empty()) {
        "omnistock holds list"
    } else if prices.parked > 0 || channels.iter().any(|channel| channel.listings.parked > 0) {
        "omnistock parked list"
    } else if channels.iter().any(|channel| channel.listings.unmapped > 0) {
        "omnistock listings unmapped"
    } else if channels
        .iter()
        .filter_map(|channel| channel.orders.as_ref())
        .any(|orders| orders.gone > 0)
    {
        "omnistock orders list --leaks"
    } else {
        return None;
    };
    Some(command.to_owned())
}

fn channel(view: &DaemonView, settings: &Settings, name: &ChannelName, parts: &ChannelView) -> ChannelStatus {
    let board = &parts.board;
    let totals = board.totals();
    let mut listings = StateCounts::default();
    for (state, count) in board.states() {
        listings.add(state, count);
    }
    let lag = board
        .lag
        .quantile(500)
        .zip(board.lag.quantile(990))
        .map(|(p50_ms, p99_ms)| Lag { p50_ms, p99_ms });
    let orders_error = parts.orders.as_ref().and_then(|orders| orders.last().1);
    let waiting = board.stopped().or_else(|| board.store_error()).or(orders_error);
    let (limits, throttle) = board.limits();
    // A standby has nothing to wait for.
    let waits = view.gate().and_then(|_| view.closed(name)).unwrap_or_default();
    ChannelStatus {
        name: name.clone(),
        mode: settings
            .channels
            .get(name)
            .map(|channel| channel.policy.mode)
            .unwrap_or_default(),
        listings,
        lag,
        calls: totals.calls,
        errors: totals.errors.iter().sum(),
        last_error: board.last_error().map(|(at, reason)| ReportProblem {
            title: name.to_string(),
            at,
            reason,
        }),
        waiting: waiting.or_else(|| waits.first().cloned()),
        limits: limits.into_iter().map(limit).collect(),
        throttled: throttle.filter(|throttle| throttle.until > now()).map(throttled),
        ramp: board.ramp().map(|ramp| RampStatus {
            most: ramp.most,
            changed: ramp.changed,
            until: ramp.until,
        }),
        steered: super::steering_view::steered(&view.house, name),
        drained: board.drained(),
        compared: board.compared().map(compared),
        orders: super::missing::orders(parts),
    }
}

/// What a channel that is not written shows beside what it should.
fn compared(gaps: Gaps) -> Compared {
    Compared {
        equal: gaps.equal,
        up: gaps.up,
        down: gaps.down,
        to_zero: gaps.to_zero,
        excess: gaps.excess,
        missing: gaps.missing,
        worst: gaps.worst.map(|worst| Worst {
            listing: worst.listing,
            sku: worst.sku,
            ours: worst.ours,
            there: worst.there,
        }),
    }
}

fn limit(usage: Usage) -> LimitStatus {
    LimitStatus {
        name: usage.name.to_owned(),
        stated: usage.stated,
        used_per_mille: usage.used,
        eased: usage.eased,
    }
}

/// Why calls wait, in words.
pub(super) fn throttled(waiting: Waiting) -> Throttled {
    let reason = match waiting.limit {
        Some(limit) => format!("waits for the limit of the vendor: {limit}"),
        None => "the vendor asked for a pause".to_owned(),
    };
    Throttled {
        until: waiting.until,
        reason,
    }
}

fn counted(names: BTreeMap<String, u64>) -> Counted {
    Counted {
        count: names.len() as u64,
        examples: names.into_keys().take(5).collect(),
    }
}

fn source(view: &DaemonView, settings: &Settings, name: &ConnectorName, parts: &SourceView) -> SourceStatus {
    let board = &parts.board;
    let life = view.life.load();
    let held = life
        .holds
        .list()
        .into_iter()
        .filter(|held| held.source == *name)
        .map(|held| ReportProblem {
            title: held.title,
            at: held.since,
            reason: held.findings.join("; "),
        });
    let refused = board
        .refusals()
        .1
        .into_iter()
        .rev()
        .take(5)
        .map(|refusal| ReportProblem {
            title: refusal.title,
            at: refusal.at,
            reason: refusal.reason,
        });
    let (locations, channels) = board.unknown();
    let (unlisted, examples) = board.not_listed();
    let mut unknown = BTreeMap::from([
        ("locations".to_owned(), counted(locations)),
        ("channels".to_owned(), counted(channels)),
        (
            "skus".to_owned(),
            Counted {
                count: unlisted,
                examples: examples.into_iter().take(5).collect(),
            },
        ),
    ]);
    unknown.retain(|_, counted| counted.count > 0);
    let limit = oldest(settings, name);
    let aged = Aged::of(settings, name, board, now());
    SourceStatus {
        name: name.clone(),
        last: board.last().map(|last| LastReport {
            title: last.title,
            as_of: last.as_of,
            rows: last.rows,
        }),
        complete_as_of: aged.map(|aged| aged.as_of),
        stale: aged.is_some_and(|aged| aged.is_stale()),
        cutover: view.house.ledger_board.cutovers().get(name).copied(),
        limit_seconds: limit.and_then(|limit| u64::try_from(limit / 1_000).ok()),
        held: held.collect(),
        refused: refused.collect(),
        unknown,
        last_error: board.trouble().map(|(since, reason)| ReportProblem {
            title: name.to_string(),
            at: since,
            reason,
        }),
    }
}
