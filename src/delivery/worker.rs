//! One channel's worker: its memory, its loop, and when it wakes.

use super::articles::Articles;
use super::auditing::Auditing;
use super::call::{Ending, Job};
use super::catalogue::Catalogue;
use super::changes::Changes;
use super::falls::Falls;
use super::gather::changed;
use super::guard::Guarding;
use super::mapping::Mapped;
use super::marks::Marks;
use super::prices::Prices;
pub(super) use super::reading::Audit;
use super::sweep::Sweep;
use super::terms::{by_home, by_listing, milliseconds, stamp, vendor};
use super::throttle::Throttle;
use super::wish::Granted;
use super::{ChannelParts, Ended};
use crate::store::Lease;
use omnistock_planner::{Breaker, Fetched, Permit, RetryBudget, Vendor, WorkList};
use omnistock_sdk::{ChannelRole, Grouping, now};
use omnistock_words::{Millis, Settings};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// New SKUs that are looked at in one round, at most.
pub(super) const MOST_LOOKS: usize = 2_000;

/// Why a worker stops serving under this lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    Cancelled,
    Fenced,
    /// What is in memory is not what is in the store: begin anew.
    Again,
}

/// How many calls, how large.
pub(super) struct CallLimits {
    pub(super) write: usize,
    pub(super) read: usize,
    pub(super) grouping: Grouping,
    pub(super) calls: usize,
    /// So many listings at once go the vendor's way for many.
    pub(super) bulk: Option<usize>,
    /// Milliseconds from a yes to its read-back, at least.
    pub(super) settles: i64,
    /// Milliseconds after which an order is found for certain.
    pub(super) late: i64,
}

/// The memory of one channel's worker, under one lease.
#[expect(clippy::struct_excessive_bools, reason = "independent facts, named")]
pub(super) struct Worker {
    pub(super) parts: ChannelParts,
    pub(super) cancel: CancellationToken,
    pub(super) lease: Lease,
    pub(super) vendor: Vendor,
    pub(super) vendor_clock: super::vendor_clock::VendorClock,
    pub(super) limits: CallLimits,
    pub(super) catalogue: Catalogue,
    pub(super) work: WorkList,
    pub(super) changes: Changes,
    pub(super) guarding: Guarding,
    pub(super) prices: Prices,
    pub(super) auditing: Option<Auditing>,
    pub(super) falls_seen: Falls,
    pub(super) granted: Granted,
    pub(super) breaker: Breaker,
    /// Since when the log says that the channel is away.
    pub(super) away_since: Option<Millis>,
    pub(super) retries: RetryBudget,
    pub(super) in_flight: usize,
    pub(super) halves: VecDeque<Job>,
    pub(super) throttle: Throttle,
    pub(super) audit: Option<Audit>,
    pub(super) audit_at: Millis,
    pub(super) primed: bool,
    pub(super) orders: Option<Fetched>,
    pub(super) fetching: bool,
    pub(super) fetch_after: Millis,
    pub(super) fetch_failures: u32,
    pub(super) settings: Arc<Settings>,
    pub(super) stamp: u64,
    /// Some rule names listings: each has a promise of its own.
    pub(super) by_listing: bool,
    /// Some channel may show the last units.
    pub(super) by_home: bool,
    /// When it began: what waited before says nothing of the channel.
    pub(super) begun: Millis,
    pub(super) gate: bool,
    /// Numbers may fall before the gate is open and every listing was read.
    pub(super) falls: bool,
    pub(super) tasks: TaskTracker,
    pub(super) endings: mpsc::Sender<Ending>,
    pub(super) ended: mpsc::Receiver<Ending>,
    pub(super) marks: Marks,
    pub(super) sweep: Sweep,
    pub(super) articles: Articles,
    pub(super) mapped: Mapped,
}

/// Carries out what the planner says of one channel.
pub struct ChannelWorker {
    parts: ChannelParts,
}

impl ChannelWorker {
    /// A worker that does nothing until it runs.
    pub fn new(parts: ChannelParts) -> Self {
        Self { parts }
    }

    /// Runs until told to stop or until another daemon has taken over. Waits for a lease, for a store that
    /// is away, for a channel that does not answer: none of these ends it.
    pub async fn run(self, cancel: CancellationToken) -> Ended {
        if self.parts.connector.channel().is_none() {
            return Ended::NoChannel;
        }
        let mut lease = self.parts.lease.clone();
        loop {
            let held = tokio::select! {
                () = cancel.cancelled() => return Ended::Cancelled,
                held = lease.wait_for(Option::is_some) => held.ok().and_then(|held| held.clone()),
            };
            let Some(held) = held else { return Ended::Cancelled };
            // The worker's memory is large: one allocation instead of a copy on every poll's stack.
            let mut worker = Box::new(Worker::new(self.parts.clone(), held, cancel.clone()));
            match worker.serve().await {
                Stop::Cancelled => {
                    Box::pin(worker.stop()).await;
                    return Ended::Cancelled;
                }
                Stop::Fenced => {
                    tracing::warn!(channel = %self.parts.channel, "another daemon has taken over: the channel's worker stops");
                    return Ended::Fenced;
                }
                Stop::Again => sleep(Duration::from_millis(50)).await,
            }
        }
    }
}

impl Worker {
    fn new(parts: ChannelParts, lease: Lease, cancel: CancellationToken) -> Self {
        let manifest = parts.connector.manifest();
        let (write, read) = (manifest.max_write.max(1), manifest.max_read.max(1));
        let limits = CallLimits {
            write,
            read,
            grouping: manifest.grouping,
            calls: manifest.concurrency.max(1),
            bulk: parts.connector.channel().and_then(ChannelRole::bulk_from),
            late: parts.connector.orders().map_or(0, |orders| milliseconds(orders.late())),
            settles: parts
                .connector
                .channel()
                .map_or(0, |channel| milliseconds(channel.settles())),
        };
        let throttle = Throttle::new(&parts);
        let opens = parts.connector.articles().is_some();
        let (vendor, settings) = (vendor(manifest, parts.timings.skew, opens), parts.settings.load_full());
        let (endings, ended) = mpsc::channel(limits.calls + 2);
        let (gate, falls) = (*parts.gate.borrow(), *parts.falls.borrow());
        let prices = Prices::new(parts.connector.as_ref(), &settings, &parts.channel);
        Self {
            stamp: stamp(&settings),
            by_listing: by_listing(&settings),
            by_home: by_home(&settings),
            begun: now(),
            catalogue: Catalogue::new(Arc::clone(&parts.board), throttle.shares(), now()),
            parts,
            cancel,
            lease,
            vendor,
            vendor_clock: super::vendor_clock::VendorClock::default(),
            limits,
            work: WorkList::default(),
            changes: Changes::default(),
            guarding: Guarding::default(),
            prices,
            auditing: None,
            falls_seen: Falls::default(),
            granted: Granted::default(),
            breaker: Breaker::default(),
            away_since: None,
            retries: RetryBudget::default(),
            in_flight: 0,
            halves: VecDeque::new(),
            throttle,
            audit: Some(Audit::default()),
            audit_at: Millis::MAX,
            primed: false,
            orders: None,
            fetching: false,
            fetch_after: Millis::MIN,
            fetch_failures: 0,
            settings,
            gate,
            falls,
            tasks: TaskTracker::new(),
            endings,
            ended,
            marks: Marks::default(),
            sweep: Sweep::default(),
            articles: Articles::default(),
            mapped: Mapped::default(),
        }
    }

    async fn serve(&mut self) -> Stop {
        match self.load().await {
            Err(stop) => stop,
            Ok(()) => self.turn_until_stopped().await,
        }
    }

    async fn turn_until_stopped(&mut self) -> Stop {
        let (mut gate, mut lease) = (self.parts.gate.clone(), self.parts.lease.clone());
        let mut falls = self.parts.falls.clone();
        let (wake, cancel) = (self.parts.wake.clone(), self.cancel.clone());
        let mut applying = self.parts.applying.clone();
        self.parts.board.answers_finds(true);
        loop {
            if let Err(stop) = self.round().await {
                return stop;
            }
            let pause = self.pause();
            tokio::select! {
                () = cancel.cancelled() => return Stop::Cancelled,
                () = wake.notified() => self.marks.read_at = None,
                () = changed(&mut applying) => {
                    applying.borrow_and_update();
                    self.marks.read_at = None;
                }
                Some(ending) = self.ended.recv() => self.take(ending),
                () = changed(&mut gate) => self.gate_changed(*gate.borrow_and_update()),
                () = changed(&mut falls) => {
                    self.falls = *falls.borrow_and_update();
                    self.look_at_all();
                }
                () = changed(&mut lease) => {
                    if lease.borrow_and_update().as_ref() != Some(&self.lease) {
                        return Stop::Again;
                    }
                }
                () = sleep(pause) => {}
            }
            while let Ok(ending) = self.ended.try_recv() {
                self.take(ending);
            }
            self.gather(pause).await;
        }
    }

    /// Looks, plans, commits, launches: in this order, so that what is launched is durable.
    async fn round(&mut self) -> Result<(), Stop> {
        self.settings_changed();
        self.take_mapping().await;
        self.decided();
        self.grant_wishes();
        self.answer_finds();
        self.look_at_told();
        self.go_on_auditing().await?;
        self.tell_articles(now()).await?;
        self.tell_falls(now());
        let mut planned = Vec::new();
        if self.primed || self.falls {
            self.take_marks().await?;
            self.take_price_turns(now());
            self.go_on_sweeping();
            let room = if self.throttle.waits(now()) {
                0
            } else {
                self.room(now())
            };
            let queued = room.saturating_mul(self.throttle.span(&self.limits, self.work.len(), now()));
            let skus = self.work.take(now(), MOST_LOOKS, queued);
            planned = self.look(skus).await?;
            let report = self.whole_report();
            let released = self.judge(now());
            planned.retain(|write| !released.contains(&write.sku));
            planned.extend(self.look(released).await?);
            self.judge_prices(report, now());
        }
        let jobs = self.plan(planned);
        self.commit().await?;
        self.guarding.answer();
        self.granted.answer();
        self.secure(&jobs).await?;
        self.launch(jobs);
        self.catalogue.rest(now());
        let failing = self.breaker.is_open() && self.breaker.failures() > 0;
        self.parts
            .board
            .set_waiting(self.work.len() + self.sweep.waiting(), failing);
        Ok(())
    }

    fn settings_changed(&mut self) {
        let settings = self.parts.settings.load_full();
        if !Arc::ptr_eq(&settings, &self.settings) {
            self.stamp = stamp(&settings);
            self.by_listing = by_listing(&settings);
            self.by_home = by_home(&settings);
            self.settings = settings;
            self.take_approvals();
            self.price_settings_changed(now());
            self.articles_changed(now());
            self.look_at_all();
        }
        self.follow_mode(now());
    }

    fn gate_changed(&mut self, open: bool) {
        if open != self.gate {
            self.gate = open;
            self.look_at_all();
        }
    }

    /// Whether numbers may only fall: the gate is closed for nothing but its listings.
    pub(super) fn only_falls(&self) -> bool {
        self.falls && !(self.gate && self.primed)
    }

    /// How many calls may be made now.
    pub(super) fn room(&self, now: Millis) -> usize {
        let free = self.limits.calls.saturating_sub(self.in_flight);
        match self.breaker.permit(now) {
            Permit::Go if self.breaker.is_open() => free.min(1),
            Permit::Go => free,
            Permit::Wait(_) | Permit::Probing => 0,
        }
    }

    /// Whether somebody waits for orders, and the channel can be asked for them.
    pub(super) fn may_fetch(&self, now: Millis) -> bool {
        let audited = self.auditing.as_ref().and_then(Auditing::orders_from);
        let wanted = audited.is_some_and(|from| self.orders.is_none_or(|orders| orders.begun < from));
        (wanted || self.work.wants_orders()) && !self.fetching && self.breaker.permit(now) == Permit::Go
    }

    /// Waits for calls on their way and stores what became of them; what does not end in time stays
    /// an open intent, which the next start takes as unknown.
    async fn stop(mut self: Box<Self>) {
        let (limit, quiet) = (self.parts.timings.stop, CancellationToken::new());
        self.cancel = quiet;
        let finish = async {
            while self.in_flight > 0 {
                let Some(ending) = self.ended.recv().await else { break };
                self.take(ending);
            }
            self.commit().await
        };
        if timeout(limit, finish).await.is_err() {
            tracing::warn!(channel = %self.parts.channel, calls = self.in_flight, "calls on their way were left: the next start looks their outcome up");
        }
    }
}
