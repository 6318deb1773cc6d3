//! Goes through the orders in the store, page by page, up to a limit; what it could not tell of is counted.

use super::explain::away;
use crate::server::ApiError;
use crate::store::{Kind, Store};
use omnistock_engine::{OrderDocument, OrderKey};
use omnistock_words::{ChannelName, OrderId, OrderStatus};

/// Orders looked at together.
const PAGE: usize = 200;

/// A walk on its way.
pub(super) struct Walk {
    prefix: Option<String>,
    after: Option<String>,
    most: usize,
    looked: usize,
    ended: bool,
    /// Orders that can't be read.
    pub(super) unreadable: u64,
}

impl Walk {
    /// Through all orders, or a channel's, until so many were looked at.
    pub(super) fn new(channel: Option<&ChannelName>, most: usize) -> Self {
        let prefix = channel.map(|channel| format!("{channel}/"));
        Self {
            after: prefix.clone(),
            prefix,
            most,
            looked: 0,
            ended: false,
            unreadable: 0,
        }
    }

    /// How many were looked at, where that were not all.
    pub(super) fn cut(&self) -> Option<u64> {
        (!self.ended).then_some(self.looked as u64)
    }

    /// Those of the next page that may be open; `None`: that was the last one.
    pub(super) async fn next(&mut self, store: &dyn Store) -> Result<Option<Vec<(OrderKey, OrderDocument)>>, ApiError> {
        if self.ended || self.looked >= self.most {
            return Ok(None);
        }
        let mut page = store
            .scan(Kind::Order, self.after.as_deref(), PAGE)
            .await
            .map_err(|error| away(&error))?;
        self.ended = page.len() < PAGE;
        if let Some(prefix) = &self.prefix {
            let ours = page.iter().take_while(|(id, _)| id.starts_with(prefix)).count();
            self.ended |= ours < page.len();
            page.truncate(ours);
        }
        self.looked += page.len();
        self.after = page.last().map(|(id, _)| id.clone());
        let mut orders = Vec::new();
        for (id, stored) in page {
            match key_of(&id).zip(OrderDocument::decode(&stored.bytes).ok()) {
                Some(order) if may_be_open(&order.1) => orders.push(order),
                Some(_) => {}
                None => self.unreadable += 1,
            }
        }
        Ok(Some(orders))
    }
}

fn key_of(id: &str) -> Option<OrderKey> {
    let (channel, order) = id.split_once('/')?;
    Some(OrderKey {
        channel: ChannelName::new(channel).ok()?,
        order: OrderId::new(order).ok()?,
    })
}

fn may_be_open(order: &OrderDocument) -> bool {
    let lines = || order.lines.iter().map(|line| line.status.unwrap_or(order.status));
    order.cancelled.is_none() && lines().any(|status| status != OrderStatus::Cancelled)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::memory::Memory;
    use crate::store::{CommitBatch, DocumentWrite, Key};
    use std::time::Duration;

    async fn walked(store: &Memory, channel: Option<&str>, most: usize) -> (Option<u64>, u64) {
        let channel = channel.map(|name| name.parse().unwrap());
        let mut walk = Walk::new(channel.as_ref(), most);
        while walk.next(store).await.unwrap().is_some() {}
        (walk.cut(), walk.unreadable)
    }

    #[tokio::test]
    async fn a_walk_says_where_it_was_cut_and_what_it_could_not_read() {
        let store = Memory::new();
        let lease = store.acquire("own", Duration::from_mins(5)).await.unwrap().unwrap();
        let good = OrderDocument::default().encode();
        let write = |channel: &str, number: usize, bytes: &[u8]| DocumentWrite {
            key: Key::new(Kind::Order, format!("{channel}/{number:05}")),
            expected: 0,
            version: 1,
            bytes: Some(bytes.to_vec()),
        };
        let mut writes: Vec<_> = (0..2 * PAGE).map(|number| write("shop", number, &good)).collect();
        writes.push(write("market", 1, b"no order"));
        let batch = CommitBatch {
            writes,
            ..CommitBatch::default()
        };
        store.commit(&lease, &batch).await.unwrap();
        assert_eq!(walked(&store, None, 3 * PAGE).await, (None, 1));
        assert_eq!(walked(&store, None, PAGE).await, (Some(PAGE as u64), 1));
        assert_eq!(walked(&store, Some("market"), PAGE).await, (None, 1));
        assert_eq!(walked(&store, Some("shop"), PAGE).await, (Some(PAGE as u64), 0));
        assert_eq!(walked(&store, Some("shop"), 3 * PAGE).await, (None, 0));
    }
}
