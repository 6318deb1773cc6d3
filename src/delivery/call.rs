//! Calls to the vendor and to the order poller: each ends within its deadline, with what became of it.

use super::account::Pass;
use super::catalogue::Index;
use super::price_call::{self, PriceDone, PriceJob};
use crate::store::Right;
use omnistock_sdk::{
    Connector, ConnectorError, Cursor, ItemOutcome, ListingPage, ListingReading, ListingReference, PricedPage,
    WriteItem, learning, now, watching_clock,
};
use omnistock_words::Millis;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// A call that is to be made.
#[derive(Debug, Clone)]
pub(super) enum Job {
    /// Sets numbers.
    Write(Vec<(Index, WriteItem)>),
    /// Reads numbers.
    Read(Vec<(Index, ListingReference)>),
    /// Reads a page of the catalogue.
    Page(Option<Cursor>),
    /// The same, with what its listings ask.
    PricedPage(Option<Cursor>),
    /// Reads a page for an audit alone.
    Audit(Option<Cursor>),
    /// Sets or reads prices.
    Price(PriceJob),
}

impl Job {
    /// The first so many listings of the call, and the others.
    pub(super) fn split(self, at: usize) -> (Self, Self) {
        match self {
            Self::Write(mut items) => {
                let rest = items.split_off(at.min(items.len()));
                (Self::Write(items), Self::Write(rest))
            }
            Self::Read(mut items) => {
                let rest = items.split_off(at.min(items.len()));
                (Self::Read(items), Self::Read(rest))
            }
            Self::Price(PriceJob::Write(mut items)) => {
                let rest = items.split_off(at.min(items.len()));
                (Self::Price(PriceJob::Write(items)), Self::Price(PriceJob::Write(rest)))
            }
            Self::Price(PriceJob::Read(mut items)) => {
                let rest = items.split_off(at.min(items.len()));
                (Self::Price(PriceJob::Read(items)), Self::Price(PriceJob::Read(rest)))
            }
            page @ (Self::Page(_) | Self::PricedPage(_) | Self::Audit(_)) => (page.clone(), page),
        }
    }
}

/// What became of a call.
pub(super) enum Done {
    /// Numbers were set, or not.
    Written {
        /// What was sent.
        items: Vec<(Index, WriteItem)>,
        /// One outcome per item, or an error of the whole.
        result: Result<Vec<ItemOutcome>, ConnectorError>,
    },
    /// Numbers that were not sent, because the lease may be somebody else's by now.
    NotSent(Vec<(Index, WriteItem)>),
    /// Numbers were read, or not.
    Read {
        /// What was asked for.
        items: Vec<(Index, ListingReference)>,
        /// What is shown.
        result: Result<Vec<ListingReading>, ConnectorError>,
    },
    /// A page of the catalogue.
    Page(Result<ListingPage, ConnectorError>),
    /// The same, with what its listings ask.
    PricedPage(Result<PricedPage, ConnectorError>),
    /// A page for an audit alone.
    Audit(Result<ListingPage, ConnectorError>),
    /// Prices were set or read, or not.
    Price(PriceDone),
    /// Orders were fetched: when that began.
    Fetched(Result<Millis, String>),
}

/// Something that ended, and when, our clock.
pub(super) struct Ending {
    pub(super) done: Done,
    pub(super) at: Millis,
    /// How far the vendor's clock was ahead by its answers, milliseconds; none had a date: `None`.
    pub(super) ahead: Option<i64>,
}

fn late(deadline: Duration) -> ConnectorError {
    ConnectorError::unknown(format!("no answer within {} s", deadline.as_secs()))
}

/// Makes one call. A connector without the role answers with an error for the operator. A write begins only
/// while the lease is certainly ours; what remains possible is a call that is on the wire already when it ends.
pub(super) async fn perform(
    connector: Arc<dyn Connector>,
    job: Job,
    mut pass: Pass,
    right: &Right,
    deadline: Duration,
) -> Ending {
    let may = pass.holds();
    let ((done, told), ahead) = watching_clock(learning(call(connector, job, may, right, deadline))).await;
    pass.told(told);
    // The call counts as used from its answer on.
    drop(pass);
    Ending { done, at: now(), ahead }
}

async fn call(connector: Arc<dyn Connector>, job: Job, may: bool, right: &Right, deadline: Duration) -> Done {
    let slept = || ConnectorError::retry("not asked: the time for it is over");
    match (connector.channel(), job) {
        (_, Job::Write(items)) if !may || !right.holds() => Done::NotSent(items),
        (_, Job::Read(items)) if !may => Done::Read {
            items,
            result: Err(slept()),
        },
        (_, Job::Page(_)) if !may => Done::Page(Err(slept())),
        (_, Job::PricedPage(_)) if !may => Done::PricedPage(Err(slept())),
        (_, Job::Audit(_)) if !may => Done::Audit(Err(slept())),
        (_, Job::Price(PriceJob::Read(items))) if !may => Done::Price(PriceDone::Read(items, Err(slept()))),
        (_, Job::Price(job)) => {
            let right = may && right.holds();
            Done::Price(price_call::perform(&*connector, job, right, deadline).await)
        }
        (_, Job::PricedPage(cursor)) => {
            let page = async {
                match connector.prices() {
                    Some(role) => role.priced_page(cursor.as_ref()).await,
                    None => Err(ConnectorError::operator("this connector can't read prices")),
                }
            };
            Done::PricedPage(timeout(deadline, page).await.unwrap_or_else(|_| Err(late(deadline))))
        }
        (Some(channel), Job::Write(items)) => {
            let sent: Vec<WriteItem> = items.iter().map(|(_, item)| item.clone()).collect();
            let result = timeout(deadline, channel.write(&sent))
                .await
                .unwrap_or_else(|_| Err(late(deadline)));
            Done::Written { items, result }
        }
        (Some(channel), Job::Read(items)) => {
            let asked: Vec<ListingReference> = items.iter().map(|(_, reference)| reference.clone()).collect();
            let result = timeout(deadline, channel.read(&asked))
                .await
                .unwrap_or_else(|_| Err(late(deadline)));
            Done::Read { items, result }
        }
        (Some(channel), Job::Page(cursor)) => {
            let page = timeout(deadline, channel.catalogue(cursor.as_ref())).await;
            Done::Page(page.unwrap_or_else(|_| Err(late(deadline))))
        }
        (Some(channel), Job::Audit(cursor)) => {
            let page = timeout(deadline, channel.catalogue(cursor.as_ref())).await;
            Done::Audit(page.unwrap_or_else(|_| Err(late(deadline))))
        }
        (None, Job::Write(items)) => Done::Written {
            items,
            result: Err(without_channel()),
        },
        (None, Job::Read(items)) => Done::Read {
            items,
            result: Err(without_channel()),
        },
        (None, Job::Page(_)) => Done::Page(Err(without_channel())),
        (None, Job::Audit(_)) => Done::Audit(Err(without_channel())),
    }
}

fn without_channel() -> ConnectorError {
    ConnectorError::operator("this connector can't be written")
}
