//! A round of a poll: so many pages, and whether they were the last. What says that all orders are known is said behind
//! the last page only: a round that ends before it goes on in the next one, from where it stopped.

use super::{OrderPoller, PAGES, PollError};
use crate::intake::deadline::{PAGE, within};
use crate::store::Lease;
use omnistock_sdk::{ConnectorError, Cursor, OrderPage, OrderSource, now};
use omnistock_words::Millis;
use std::sync::Arc;
use tokio::sync::mpsc;

/// A poll on its way.
#[derive(Debug, Clone)]
pub(super) struct Unended {
    /// When its first round began: what it says is as of then, however long it takes.
    began: Millis,
    /// Whether it reads all open orders.
    whole: bool,
    pages: u64,
    /// Behind the last page that was read again from the first open order.
    back: Option<Cursor>,
}

/// A place among the orders and its version in the store.
type Place = (u64, Option<Cursor>);

/// So many pages wait to become durable while the next one is fetched.
pub(super) const AHEAD: usize = 1;

/// Fetches a round of pages, one behind the other, as fast as they are taken.
pub(super) async fn fetch(
    who: &str,
    role: &dyn OrderSource,
    mut cursor: Option<Cursor>,
    fetched: mpsc::Sender<OrderPage>,
) -> Result<(), ConnectorError> {
    for _ in 0..PAGES {
        let page = page_of(who, role, cursor.as_ref()).await?;
        let more = page.more;
        cursor = Some(page.cursor.clone());
        if fetched.send(page).await.is_err() || !more {
            break;
        }
    }
    Ok(())
}

/// A page of orders of `who`.
pub(super) async fn page_of(
    who: &str,
    role: &dyn OrderSource,
    cursor: Option<&Cursor>,
) -> Result<OrderPage, ConnectorError> {
    let page = within(who, "a page of orders", PAGE, role.orders(cursor)).await?;
    // The same question gives the same page: there would be no end.
    if page.more && cursor == Some(&page.cursor) {
        let why = "it says that there are more orders, and not where";
        return Err(ConnectorError::retry(why));
    }
    Ok(page)
}

impl OrderPoller {
    /// One round. Whether it came to the last page; else the next round goes on.
    pub(super) async fn poll(&mut self, lease: &Lease) -> Result<bool, PollError> {
        let connector = Arc::clone(&self.connector);
        let Some(role) = connector.orders() else {
            return Ok(true);
        };
        let (mut version, mut cursor) = match self.cursor.take() {
            Some(known) => known,
            None => self.load_cursor().await?,
        };
        let mut poll = self.unended.take().unwrap_or_else(|| Unended {
            began: now(),
            whole: cursor.is_none() || self.anew,
            pages: 0,
            back: None,
        });
        self.ask_for_unclear().await?;
        let mut ended = false;
        if self.back_fill(&mut poll).await? {
            let kind = connector.manifest().kind;
            (version, cursor, ended) = self.read_on(lease, (kind, role), &mut poll, (version, cursor)).await?;
        }
        if !self.inbox.applied(self.appended).await {
            return Err(PollError::Ended);
        }
        self.appended = None;
        self.cursor = Some((version, cursor));
        if !ended {
            let (channel, pages) = (&self.channel, poll.pages);
            tracing::info!(%channel, "{pages} pages of orders were read and there are more: reading goes on");
            self.board
                .with(|numbers| (numbers.unended, numbers.error) = (pages, None));
            self.unended = Some(poll);
            return Ok(false);
        }
        self.ended(lease, &poll).await?;
        Ok(true)
    }

    /// As many pages as a round has: where the next one begins, and whether there is none. While some become durable the
    /// next ones are on their way; what was fetched before one failed is kept.
    async fn read_on(
        &mut self,
        lease: &Lease,
        (kind, role): (&str, &dyn OrderSource),
        poll: &mut Unended,
        (mut version, mut place): Place,
    ) -> Result<(u64, Option<Cursor>, bool), PollError> {
        let (fetched, mut pages) = mpsc::channel(AHEAD);
        let fetch = fetch(kind, role, place.clone(), fetched);
        let keep = async {
            let (mut saved, mut ended) = (place.clone(), false);
            while let Some(page) = pages.recv().await {
                (poll.pages, ended) = (poll.pages + 1, !page.more);
                self.put_aside(&page.orders, page.unclear)?;
                self.take_in(page.orders, poll.began).await?;
                place = Some(page.cursor);
                // Where the next page is there already its place is saved, and not this one's, too.
                let moved = self.aside.changed || saved != place;
                if let Some(cursor) = place.as_ref().filter(|_| moved && pages.is_empty()) {
                    version = self.save_cursor(lease, version, cursor).await?;
                    saved.clone_from(&place);
                }
            }
            Ok(ended)
        };
        let (ended, fetched) = tokio::try_join!(keep, async { Ok::<_, PollError>(fetch.await) })?;
        fetched?;
        Ok((version, place, ended))
    }

    /// The last page of a poll is in the ledgers.
    async fn ended(&mut self, lease: &Lease, poll: &Unended) -> Result<(), PollError> {
        let began = poll.began;
        self.board.with(|numbers| {
            numbers.polls += 1;
            numbers.last = Some(began);
            numbers.error = None;
            numbers.unended = 0;
        });
        self.fresh
            .send_modify(|fresh| (fresh.began, fresh.back_filled) = (Some(began), true));
        self.polled_first(lease, poll.whole, began).await
    }

    /// Every order that may still hold stock, from the first, where that is asked for; the cursor stays where it is.
    /// Whether that is done.
    async fn back_fill(&mut self, poll: &mut Unended) -> Result<bool, PollError> {
        let connector = Arc::clone(&self.connector);
        let Some(role) = connector.orders().filter(|_| self.anew) else {
            return Ok(true);
        };
        for _ in 0..PAGES {
            let page = page_of(connector.manifest().kind, role, poll.back.as_ref()).await?;
            poll.pages += 1;
            self.put_aside(&page.orders, page.unclear)?;
            self.take_in(page.orders, poll.began).await?;
            poll.back = Some(page.cursor);
            if !page.more {
                self.anew = false;
                return Ok(true);
            }
        }
        Ok(false)
    }
}
