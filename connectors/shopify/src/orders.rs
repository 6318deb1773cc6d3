//! Orders: the back-fill of open ones, then what changed.
//!
//! The vendor's pages go on behind the last order seen (its time of change and its id), so an order that changes
//! meanwhile moves to the end and pushes no other out of sight. A poll begins `overlap` before the newest change
//! seen: what is found by a search may be found late.

use crate::catalogue::Width;
use crate::client::Client;
use crate::documents::{LINES, NEWEST, ORDER, ORDERS};
use crate::gid::gid;
use crate::order_fact::{fact, unreadable};
use crate::places::PlaceCache;
use crate::wire;
use omnistock_sdk::{ConnectorError, Cursor, OrderPage, Unclear, now};
use omnistock_words::{Millis, OrderFact, OrderId};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// Orders in one call, and what is told of each in it: with more, a query costs more than one may.
pub(crate) const PAGE: usize = 16;
const LINES_AT_ONCE: usize = 50;
const PARCELS_AT_ONCE: usize = 5;

/// What is told of a single order that did not fit. Of parcels there is no next page, so that as many as were asked for
/// may not be all; of a parcel's articles no next one is read.
const MOST_LINES: usize = 250;
const MOST_PARCELS: usize = 20;

/// Pages of 250 articles of one order at most.
const MOST_PAGES: usize = 40;

/// Orders whose goods may still be in the house. Archived ones are done with.
const OPEN: &str = "status:open AND NOT fulfillment_status:fulfilled";

/// Where to go on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Position {
    /// In the back-fill, which began when the newest change was `began`.
    Backfill { after: Option<String>, began: Millis },
    /// In a poll of what changed since `from`; the newest change seen in it.
    Changes {
        from: Millis,
        after: Option<String>,
        newest: Millis,
    },
    /// All up to `newest` was read once.
    Newest { newest: Millis },
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Changed {
    updated_at: Millis,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct MoreLines {
    updated_at: Millis,
    line_items: wire::Page<wire::Line>,
}

/// Reads orders.
pub(crate) struct OrderReader<'a> {
    pub(crate) client: &'a Client,
    pub(crate) places: &'a PlaceCache,
    pub(crate) width: &'a Width,
    pub(crate) overlap: i64,
}

impl OrderReader<'_> {
    /// The page at `cursor`.
    pub(crate) async fn page(&self, cursor: Option<&Cursor>) -> Result<OrderPage, ConnectorError> {
        let position = match cursor {
            None => Position::Backfill {
                after: None,
                began: self.newest().await?,
            },
            // From another version: everything once more costs calls, but no order.
            Some(cursor) => serde_json::from_str(&cursor.0).unwrap_or(Position::Changes {
                from: Millis(0),
                after: None,
                newest: Millis(0),
            }),
        };
        let position = match position {
            Position::Newest { newest } => Position::Changes {
                from: newest.plus(-self.overlap),
                after: None,
                newest,
            },
            other => other,
        };
        let (query, after) = match &position {
            Position::Backfill { after, .. } => (OPEN.to_owned(), after.clone()),
            Position::Changes { from, after, .. } => (changed_since(*from), after.clone()),
            Position::Newest { newest } => (changed_since(*newest), None),
        };
        let seen = now();
        let page = self.read(&query, after.as_deref()).await?;
        let last = page.nodes.iter().map(|order| order.updated_at).max();
        let next = next(position, last, page.next());
        let mut orders = Vec::with_capacity(page.nodes.len());
        for order in page.nodes {
            orders.push(self.understand(order, seen).await?.map(Some));
        }
        let more = !matches!(next, Position::Newest { .. });
        Ok(OrderPage::of(orders, cursor_of(&next), more))
    }

    /// One order; `None` when there is none of that id.
    pub(crate) async fn one(&self, order: &OrderId) -> Result<Option<OrderFact>, ConnectorError> {
        let Some(id) = gid("Order", order.as_str()) else {
            return Ok(None);
        };
        let seen = now();
        match self.whole(&id, LINES_AT_ONCE, PARCELS_AT_ONCE).await? {
            Some(order) => Ok(Some(self.understand(order, seen).await??)),
            None => Ok(None),
        }
    }

    async fn read(&self, query: &str, after: Option<&str>) -> Result<wire::Page<wire::Order>, ConnectorError> {
        loop {
            let variables = json!({"first": self.width.get(), "after": after, "query": query, "lines": LINES_AT_ONCE, "parcels": PARCELS_AT_ONCE});
            match self.client.ask(&ORDERS, &variables, "orders").await {
                Err(error) if self.width.halve(&error) => {}
                result => return result,
            }
        }
    }

    async fn whole(&self, id: &str, lines: usize, parcels: usize) -> Result<Option<wire::Order>, ConnectorError> {
        self.client
            .ask(&ORDER, &json!({"id": id, "lines": lines, "parcels": parcels}), "order")
            .await
    }

    /// The fact of an order; one with more articles or parcels than fit is asked for again by itself.
    async fn understand(&self, order: wire::Order, seen: Millis) -> Result<Result<OrderFact, Unclear>, ConnectorError> {
        let places = self.places.get(self.client).await?;
        if fits(&order) {
            return Ok(fact(&order, &places, seen));
        }
        let id = order.id;
        let gone = || {
            ConnectorError::retry(format!(
                "order {id} vanished, or changed again and again, while it was read"
            ))
        };
        let mut order = self.whole(&id, MOST_LINES, MOST_PARCELS).await?.ok_or_else(gone)?;
        if let Some(unclear) = cut_off(&order) {
            return Ok(Err(unclear));
        }
        for _ in 0..MOST_PAGES {
            let Some(after) = order.line_items.next() else {
                return Ok(fact(&order, &places, seen));
            };
            let more: Option<MoreLines> = self
                .client
                .ask(&LINES, &json!({"id": id, "after": after}), "order")
                .await?;
            let more = more
                .filter(|more| more.updated_at == order.updated_at)
                .ok_or_else(gone)?;
            order.line_items.nodes.extend(more.line_items.nodes);
            order.line_items.info = more.line_items.info;
        }
        let most = MOST_PAGES * MOST_LINES;
        Ok(Err(unreadable(&order, &format!("it has more than {most} lines"))))
    }

    /// When an order last changed, by the shop's clock; what changes during a back-fill changes later.
    async fn newest(&self) -> Result<Millis, ConnectorError> {
        let page: wire::Page<Changed> = self.client.ask(&NEWEST, &json!({}), "orders").await?;
        Ok(page.nodes.first().map_or(Millis(0), |order| order.updated_at))
    }
}

/// In the vendor's search language; whole seconds.
fn changed_since(from: Millis) -> String {
    let second: String = from.to_string().chars().take(19).collect();
    format!("updated_at:>='{second}Z'")
}

/// Whether all articles and parcels of an order came with it. The vendor lists parcels without saying that there are more.
fn fits(order: &wire::Order) -> bool {
    let parcels = order.fulfillments.len() < PARCELS_AT_ONCE
        && order
            .fulfillments
            .iter()
            .all(|parcel| !parcel.fulfillment_line_items.info.more);
    let tasks = order
        .fulfillment_orders
        .as_ref()
        .is_none_or(|tasks| !tasks.info.more && tasks.nodes.iter().all(|task| !task.line_items.info.more));
    parcels && tasks && !order.line_items.info.more
}

/// What left the house in parcels that can't all be read would be counted as not left, or not at all.
fn cut_off(order: &wire::Order) -> Option<Unclear> {
    let much = if order.fulfillments.len() >= MOST_PARCELS {
        format!("{MOST_PARCELS} parcels or more")
    } else if order
        .fulfillments
        .iter()
        .any(|parcel| parcel.fulfillment_line_items.info.more)
    {
        format!("a parcel with more than {MOST_LINES} lines")
    } else {
        return None;
    };
    Some(unreadable(order, &format!("it has {much}, which can't be read whole")))
}

fn next(position: Position, last: Option<Millis>, after: Option<String>) -> Position {
    match (position, after) {
        (Position::Backfill { began, .. }, Some(after)) => Position::Backfill {
            after: Some(after),
            began,
        },
        // What changed since it began is read at once.
        (Position::Backfill { began, .. }, None) => Position::Changes {
            from: began,
            after: None,
            newest: began,
        },
        (Position::Changes { from, newest, .. }, after) => {
            let newest = last.map_or(newest, |last| last.max(newest));
            match after {
                Some(after) => Position::Changes {
                    from,
                    after: Some(after),
                    newest,
                },
                None => Position::Newest { newest },
            }
        }
        (newest, _) => newest,
    }
}

fn cursor_of(position: &Position) -> Cursor {
    // Plain numbers and texts: there is nothing that could fail to be written.
    Cursor(serde_json::to_string(position).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_back_fill_ends_with_what_changed_since_it_began() {
        let backfill = Position::Backfill {
            after: None,
            began: Millis(700),
        };
        let second = next(backfill, Some(Millis(900)), Some("c1".to_owned()));
        assert_eq!(
            second,
            Position::Backfill {
                after: Some("c1".to_owned()),
                began: Millis(700)
            }
        );
        assert_eq!(
            next(second, Some(Millis(950)), None),
            Position::Changes {
                from: Millis(700),
                after: None,
                newest: Millis(700)
            }
        );
    }

    #[test]
    fn a_poll_remembers_the_newest_change_over_its_pages() {
        let poll = Position::Changes {
            from: Millis(100),
            after: None,
            newest: Millis(500),
        };
        let second = next(poll, Some(Millis(800)), Some("c1".to_owned()));
        assert_eq!(
            next(second, Some(Millis(900)), None),
            Position::Newest { newest: Millis(900) }
        );
        let idle = Position::Changes {
            from: Millis(100),
            after: None,
            newest: Millis(500),
        };
        assert_eq!(next(idle, None, None), Position::Newest { newest: Millis(500) });
    }

    #[test]
    fn a_cursor_reads_back_and_a_time_is_written_in_the_vendors_way() {
        for position in [
            Position::Backfill {
                after: Some("x".to_owned()),
                began: Millis(7),
            },
            Position::Changes {
                from: Millis(1),
                after: None,
                newest: Millis(2),
            },
            Position::Newest { newest: Millis(9) },
        ] {
            assert_eq!(
                serde_json::from_str::<Position>(&cursor_of(&position).0).unwrap(),
                position
            );
        }
        assert_eq!(
            changed_since("2026-01-05T12:00:00.750Z".parse().unwrap()),
            "updated_at:>='2026-01-05T12:00:00Z'"
        );
    }
}
