//! The full read of a channel's orders, once a day and when somebody asks: every order that may still hold stock, from
//! the first. What polls by change have missed comes in and is counted, and open orders of ours that the channel does not
//! have any more are named.
//!
//! It goes on page by page between polls, so that nobody who waits for fresh orders waits for it. Its report is durable;
//! a crash before that begins it anew.

use super::round::page_of;
use super::{OrderPoller, PAGES, PollError};
use crate::intake::deadline::{PAGE, within};
use crate::intake::order_board::{FullReport, MissedOrder};
use crate::store::{CommitBatch, DocumentWrite, Key, Kind, Lease, StoreError, Versioned};
use omnistock_engine::OrderDocument;
use omnistock_sdk::{Cursor, OrderPage, now};
use omnistock_words::{FulfilledBy, Millis, OrderFact, OrderId, OrderLineFact, OrderStatus, Sku};
use std::collections::{BTreeMap, BTreeSet, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

/// Orders of ours that are looked at together.
const LOOKED: usize = 200;
/// Ids of listed orders that are remembered, at most: where there are more, nothing is said to be gone.
const LISTED: usize = 200_000;
/// Orders that the list lacks and the channel is asked for one by one, at most.
const ASKED: usize = 500;
/// Missed orders and lost ones that a report names, at most.
const NAMED: usize = 20;
/// Before a full read that failed is begun anew.
const AGAIN: Duration = Duration::from_mins(10);

/// A full read on its way.
#[derive(Clone, Default)]
pub(super) struct FullRead {
    report: FullReport,
    listed: HashSet<OrderId>,
    stage: Stage,
}

#[derive(Clone)]
enum Stage {
    /// The channel's list is read.
    Listing { cursor: Option<Cursor>, pages: usize },
    /// Our open orders are compared with it, behind this id.
    Looking {
        after: String,
        lacking: VecDeque<(OrderId, OrderStatus)>,
    },
    /// The channel is asked for those that the list lacks.
    Asking { lacking: VecDeque<(OrderId, OrderStatus)> },
}

impl Default for Stage {
    fn default() -> Self {
        Self::Listing { cursor: None, pages: 0 }
    }
}

/// When the next one is due, and what is known of the last.
#[derive(Clone)]
pub(super) struct FullTimes {
    /// Between two of them.
    pub(super) every: Duration,
    /// An order that is younger may not be listed yet.
    pub(super) grace: Duration,
    due: Option<Millis>,
    version: u64,
}

impl FullTimes {
    pub(super) fn new(every: Duration, grace: Duration) -> Self {
        Self {
            every,
            grace,
            due: None,
            version: 0,
        }
    }
}

fn milliseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX / 4)
}

impl OrderPoller {
    fn report_key(&self) -> Key {
        Key::new(Kind::Channel, format!("{}/full_read", self.channel))
    }

    /// Whether the full read goes on at once.
    pub(super) fn reads_all(&self) -> bool {
        self.full.is_some()
    }

    /// The first poll of a life is over. One from the first order was a full read itself.
    pub(super) async fn polled_first(&mut self, lease: &Lease, whole: bool, began: Millis) -> Result<(), PollError> {
        if self.full_times.due.is_some() {
            return Ok(());
        }
        let stored = self.store.load(&[self.report_key()]).await?.into_iter().next();
        let stored = stored.unwrap_or_default();
        self.full_times.version = stored.version;
        // One that can't be read is made anew.
        let known: Option<FullReport> = serde_json::from_slice(&stored.bytes).ok();
        if let (None, true) = (&known, whole) {
            let report = FullReport {
                at: began,
                ..FullReport::default()
            };
            return self.end(lease, report).await;
        }
        let at = known.as_ref().map(|report| report.at);
        self.board.with(|numbers| numbers.full = known.unwrap_or_default());
        self.full_times.due = Some(at.map_or(began, |at| at.plus(milliseconds(self.full_times.every))));
        Ok(())
    }

    /// Begins a full read where one is due or asked for, and takes one step of it.
    pub(super) async fn go_on_reading(&mut self, lease: &Lease) {
        let now = now();
        if self.full.is_none() {
            let asked = self.all.take(now);
            if !asked && self.full_times.due.is_none_or(|due| due > now) {
                return;
            }
            let report = FullReport {
                at: now,
                ..FullReport::default()
            };
            self.full = Some(FullRead {
                report,
                ..FullRead::default()
            });
        }
        let Some(full) = self.full.take() else { return };
        let next = self.step(lease, full).await;
        if !matches!(next, Ok(Some(_))) {
            self.board.with(|numbers| numbers.listing = 0);
        }
        match next {
            Ok(next) => self.full = next,
            Err(error) => {
                self.full_times.due = Some(now.plus(milliseconds(AGAIN.min(self.full_times.every))));
                tracing::warn!(channel = %self.channel, "the full read of orders did not come to its end: {error}");
            }
        }
    }

    async fn step(&mut self, lease: &Lease, full: FullRead) -> Result<Option<FullRead>, PollError> {
        let FullRead {
            mut report,
            mut listed,
            stage,
        } = full;
        let stage = match stage {
            Stage::Listing { cursor, pages } => self.list(cursor.as_ref(), pages, &mut report, &mut listed).await?,
            Stage::Looking { after, lacking } => self.look(after, lacking, &mut report, &listed).await?,
            Stage::Asking { mut lacking } => {
                let Some(order) = lacking.pop_front() else {
                    self.told(&report);
                    self.end(lease, report).await?;
                    return Ok(None);
                };
                self.ask(order, &mut report).await?;
                Stage::Asking { lacking }
            }
        };
        Ok(Some(FullRead { report, listed, stage }))
    }

    /// One page of the channel's list.
    async fn list(
        &mut self,
        cursor: Option<&Cursor>,
        pages: usize,
        report: &mut FullReport,
        listed: &mut HashSet<OrderId>,
    ) -> Result<Stage, PollError> {
        let connector = Arc::clone(&self.connector);
        let nothing = || Stage::Asking {
            lacking: VecDeque::new(),
        };
        let Some(role) = connector.orders() else {
            return Ok(nothing());
        };
        let page = page_of(connector.manifest().kind, role, cursor).await?;
        report.listed += (page.orders.len() + page.unclear.len()) as u64;
        for order in ids(&page) {
            if listed.len() <= LISTED {
                listed.insert(order);
            }
        }
        self.put_aside(&page.orders, page.unclear)?;
        self.take_missed(page.orders, report).await?;
        if page.more {
            let pages = pages + 1;
            if pages.is_multiple_of(PAGES) {
                tracing::info!(channel = %self.channel, "a full read of orders is long: {pages} pages so far");
                self.board.with(|numbers| numbers.listing = pages as u64);
            }
            return Ok(Stage::Listing {
                cursor: Some(page.cursor),
                pages,
            });
        }
        // Which ones are not listed can't be told.
        Ok(if listed.len() > LISTED {
            nothing()
        } else {
            Stage::Looking {
                after: format!("{}/", self.channel),
                lacking: VecDeque::new(),
            }
        })
    }

    /// Takes in what the ledgers do not have.
    async fn take_missed(&mut self, orders: Vec<OrderFact>, report: &mut FullReport) -> Result<(), PollError> {
        let keys: Vec<Key> = orders
            .iter()
            .map(|order| Key::order(&self.channel, &order.order))
            .collect();
        let stored = self.store.load(&keys).await?;
        let since = report.at.plus(-milliseconds(self.full_times.grace));
        let mut news = Vec::new();
        for (order, stored) in orders.into_iter().zip(stored) {
            let known = decoded(&stored);
            let revision = |revision: Option<omnistock_words::Revision>| revision.map(|revision| revision.number);
            // A line may be one of our SKU by now.
            let ours = self.inbox.ours(&self.channel, order.clone());
            let same = |known: &OrderDocument| {
                let alike = alike(&known.lines, &ours.lines);
                let told = (revision(known.revision), known.status) == (revision(order.revision), order.status);
                told && alike && order.revision.is_some() || known.cancelled.is_some()
            };
            if known.as_ref().is_some_and(same) {
                continue;
            }
            let reported = known.is_some_and(|known| known.revision.is_some() || known.cancelled.is_some());
            if !reported && !self.seen.contains_key(&order.order) && order.placed_at < since {
                missed(report, &ours);
            }
            // Also where a poll or a webhook told just this, when its lines were not known to be ours.
            self.seen.remove(&order.order);
            self.doubted.uncertain(&order.order);
            news.push(order);
        }
        if !news.is_empty() {
            self.take_in(news, report.at).await?;
        }
        Ok(())
    }

    /// Open orders of ours that were not listed, some at a time.
    async fn look(
        &self,
        after: String,
        mut lacking: VecDeque<(OrderId, OrderStatus)>,
        report: &mut FullReport,
        listed: &HashSet<OrderId>,
    ) -> Result<Stage, PollError> {
        let page = self.store.scan(Kind::Order, Some(&after), LOOKED).await?;
        let prefix = format!("{}/", self.channel);
        let since = report.at.plus(-milliseconds(self.full_times.grace));
        for (id, stored) in &page {
            let Some(order) = id.strip_prefix(&prefix).and_then(|id| OrderId::new(id).ok()) else {
                return Ok(Stage::Asking { lacking });
            };
            let open = decoded(stored).filter(|known| known.placed_at < since && may_leak(known));
            let Some(known) = open.filter(|_| !listed.contains(&order)) else {
                continue;
            };
            if lacking.len() < ASKED {
                lacking.push_back((order, known.status));
            } else {
                report.unasked += 1;
            }
        }
        Ok(match page.last() {
            Some((id, _)) if page.len() == LOOKED => Stage::Looking {
                after: id.clone(),
                lacking,
            },
            _ => Stage::Asking { lacking },
        })
    }

    /// Whether the channel still has an order that its list lacks.
    async fn ask(&mut self, (order, status): (OrderId, OrderStatus), report: &mut FullReport) -> Result<(), PollError> {
        let connector = Arc::clone(&self.connector);
        let Some(role) = connector.orders() else { return Ok(()) };
        match within(connector.manifest().kind, "an order", PAGE, role.order(&order)).await? {
            None => {
                report.gone_count += 1;
                if report.gone.len() < FullReport::MOST_GONE {
                    report.gone.push(order);
                }
            }
            Some(fact) => {
                let since = report.at.plus(-milliseconds(self.full_times.grace));
                if fact.status != status && fact.at.is_some_and(|at| at < since) {
                    missed(report, &fact);
                }
                self.take_in(vec![fact], report.at).await?;
            }
        }
        Ok(())
    }

    /// Says what was found, with what to do.
    fn told(&self, report: &FullReport) {
        let channel = &self.channel;
        if report.missed > 0 {
            let skus: BTreeSet<&Sku> = report.named.iter().flat_map(|order| &order.skus).collect();
            let skus: Vec<&str> = skus.into_iter().take(NAMED).map(Sku::as_str).collect();
            let orders: Vec<&str> = report.named.iter().map(|order| order.order.as_str()).collect();
            tracing::warn!(%channel, orders = orders.join(" "), skus = skus.join(" "),
                "{} orders or changes of orders were missed by polls and webhooks; they are in the ledgers now", report.missed);
        }
        if report.gone_count > 0 {
            let orders: Vec<&str> = report.gone.iter().take(NAMED).map(OrderId::as_str).collect();
            tracing::warn!(%channel, orders = orders.join(" "),
                "{} open orders are not in the channel any more and still take stock: `omnistock orders list --leaks` shows what would mend it",
                report.gone_count);
        }
    }

    async fn end(&mut self, lease: &Lease, report: FullReport) -> Result<(), PollError> {
        let expected = self.full_times.version;
        let write = DocumentWrite {
            key: self.report_key(),
            expected,
            version: expected + 1,
            bytes: Some(serde_json::to_vec(&report).map_err(|error| StoreError::Damaged(error.to_string()))?),
        };
        let batch = CommitBatch {
            writes: vec![write],
            ..CommitBatch::default()
        };
        if let Err(error) = self.store.commit(lease, &batch).await {
            // Whatever became of it: the next one begins with what is stored.
            self.full_times.due = None;
            return Err(error.into());
        }
        self.full_times.version = expected + 1;
        if self.inbox.applied(self.appended).await {
            self.fresh.send_modify(|fresh| fresh.all = Some(report.at));
        }
        self.full_times.due = Some(report.at.plus(milliseconds(self.full_times.every)));
        self.board.read_whole(report);
        Ok(())
    }
}

/// All orders that the channel has named.
fn ids(page: &OrderPage) -> impl Iterator<Item = OrderId> {
    let unclear = page.unclear.iter();
    let unclear = unclear.filter_map(|unclear| OrderId::new(&*unclear.order).ok());
    page.orders.iter().map(|order| order.order.clone()).chain(unclear)
}

fn decoded(stored: &Versioned) -> Option<OrderDocument> {
    OrderDocument::decode(&stored.bytes)
        .ok()
        .filter(|_| !stored.bytes.is_empty())
}

fn missed(report: &mut FullReport, order: &OrderFact) {
    report.missed += 1;
    if report.named.len() < NAMED {
        let skus: BTreeSet<Sku> = order.lines.iter().filter_map(|line| line.sku.clone()).collect();
        report.named.push(MissedOrder {
            order: order.order.clone(),
            placed_at: order.placed_at,
            skus: skus.into_iter().take(NAMED).collect(),
        });
    }
}

/// What was handed over has left, whether its order is kept or not; what is open and has no order never will.
fn may_leak(order: &OrderDocument) -> bool {
    let mut lines = order.lines.iter();
    order.cancelled.is_none()
        && lines.any(|line| {
            line.status.unwrap_or(order.status) == OrderStatus::Open
                && line.fulfilled_by == FulfilledBy::Merchant
                && line.quantity.is_positive()
                && line.sku.is_some()
        })
}
/// Whether both speak of the same units. A line that the shop names no article for any more is what it was.
fn alike(known: &[OrderLineFact], told: &[OrderLineFact]) -> bool {
    let told: BTreeMap<_, _> = told.iter().map(|line| (&line.line, line)).collect();
    let same = |line: &OrderLineFact| {
        let told = told.get(&line.line);
        told.is_some_and(|told| {
            line.quantity.positive() == told.quantity.positive() && (told.sku.is_none() || told.sku == line.sku)
        })
    };
    told.len() == known.len() && known.iter().all(same)
}
