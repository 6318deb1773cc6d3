//! Orders: a back-fill of all that may still hold stock, then everything that changed.
//!
//! `updated_at` moves with every change that matters: placing, cancelling, packing, shipping, delivering,
//! edits, returns, finishing, archiving [observed on 2.21.2].

use crate::client::{Client, Query, is};
use crate::order_fact::{OPEN_STATUSES, fact};
use crate::wire;
use omnistock_sdk::{ConnectorError, Cursor, OrderPage, now};
use omnistock_words::{Millis, OrderFact, OrderId};
use serde::{Deserialize, Serialize};

/// Orders in one call. The server sends each line with all its fields, about 2 KB, whatever is asked for.
const PAGE: usize = 100;

/// No field of a person among them. Each is named: without `items.detail.quantity` the answer for one order lacks `items.quantity` [observed].
const FIELDS: &str = "id,status,created_at,updated_at,canceled_at,is_draft_order,items.id,items.variant_sku,items.quantity,\
                      items.detail.quantity,items.detail.fulfilled_quantity,items.detail.shipped_quantity,items.detail.delivered_quantity,\
                      items.detail.return_received_quantity,items.detail.return_dismissed_quantity,\
                      fulfillments.created_at,fulfillments.shipped_at,fulfillments.delivered_at,fulfillments.canceled_at";

/// A place in the orders by time of change, and how many of that very instant were read: orders that
/// change while pages are read move to the end, so that a plain offset would leap over others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Place {
    from: Millis,
    offset: usize,
}

/// Where to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Position {
    /// In the back-fill, which began when the newest change was `began`.
    Backfill { place: Place, began: Millis },
    /// In a poll of several pages.
    Changes { place: Place },
    /// All up to `newest` was read once.
    Newest { newest: Millis },
}

/// Reads orders.
pub(crate) struct OrderReader<'a> {
    pub(crate) client: &'a Client,
    pub(crate) overlap: i64,
}

impl OrderReader<'_> {
    /// The page at `cursor`.
    pub(crate) async fn page(&self, cursor: Option<&Cursor>) -> Result<OrderPage, ConnectorError> {
        let start = Place {
            from: Millis(0),
            offset: 0,
        };
        let position = match cursor {
            None => Position::Backfill {
                place: start,
                began: self.newest().await?,
            },
            // From another version: everything once more costs calls, but no order.
            Some(cursor) => serde_json::from_str(&cursor.0).unwrap_or(Position::Changes { place: start }),
        };
        let (place, open_only) = match position {
            Position::Backfill { place, .. } => (place, true),
            Position::Changes { place } => (place, false),
            Position::Newest { newest } => (
                Place {
                    from: newest.plus(-self.overlap),
                    offset: 0,
                },
                false,
            ),
        };
        let seen = now();
        let orders = self.read(place, open_only).await?;
        let last = orders.last().map(|order| order.updated_at);
        let next = next(position, place, last.unwrap_or(place.from), orders.len());
        let more = !matches!(next, Position::Newest { .. }) || open_only;
        let facts = orders.iter().map(|order| fact(order, seen));
        Ok(OrderPage::of(facts, cursor_of(next), more))
    }

    /// One order; `None` when there is none of that id, or only a draft.
    pub(crate) async fn one(&self, order: &OrderId) -> Result<Option<OrderFact>, ConnectorError> {
        let id = order.as_str();
        if !id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
            return Ok(None);
        }
        let seen = now();
        let query = vec![("fields", FIELDS.to_owned())];
        match self
            .client
            .get::<wire::OneOrder>(&format!("/admin/orders/{id}"), &query)
            .await
        {
            Ok(answer) => Ok(fact(&answer.order, seen)?),
            Err(error) if is(&error, 404) && error.message.contains("not_found") => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn read(&self, place: Place, open_only: bool) -> Result<Vec<wire::Order>, ConnectorError> {
        let mut query: Query = vec![
            ("updated_at[$gte]", place.from.to_string()),
            ("order", "updated_at".to_owned()),
            ("fields", FIELDS.to_owned()),
            ("limit", PAGE.to_string()),
            ("offset", place.offset.to_string()),
        ];
        if open_only {
            query.extend(OPEN_STATUSES.iter().map(|status| ("status[]", (*status).to_owned())));
        }
        Ok(self.client.get::<wire::Orders>("/admin/orders", &query).await?.orders)
    }

    /// When an order last changed, by the shop's clock; what changes during a back-fill changes later.
    async fn newest(&self) -> Result<Millis, ConnectorError> {
        let query = vec![
            ("order", "-updated_at".to_owned()),
            ("limit", "1".to_owned()),
            ("fields", "id,updated_at".to_owned()),
        ];
        let answer: wire::Newest = self.client.get("/admin/orders", &query).await?;
        Ok(answer.orders.first().map_or(Millis(0), |order| order.updated_at))
    }
}

fn next(position: Position, place: Place, last: Millis, read: usize) -> Position {
    if read >= PAGE {
        let offset = if last > place.from { 0 } else { place.offset + read };
        let place = Place {
            from: last.max(place.from),
            offset,
        };
        return match position {
            Position::Backfill { began, .. } => Position::Backfill { place, began },
            Position::Changes { .. } | Position::Newest { .. } => Position::Changes { place },
        };
    }
    match position {
        Position::Backfill { began, .. } => Position::Newest { newest: began },
        Position::Changes { place } => Position::Newest {
            newest: last.max(place.from),
        },
        Position::Newest { newest } => Position::Newest {
            newest: last.max(newest),
        },
    }
}

fn cursor_of(position: Position) -> Cursor {
    // Plain numbers and texts: there is nothing that could fail to be written.
    Cursor(serde_json::to_string(&position).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Place = Place {
        from: Millis(1_000),
        offset: 0,
    };

    #[test]
    fn a_full_page_goes_on_at_its_last_instant() {
        let changes = Position::Changes { place: START };
        assert_eq!(
            next(changes, START, Millis(1_500), PAGE),
            Position::Changes {
                place: Place {
                    from: Millis(1_500),
                    offset: 0
                }
            }
        );
        // A page full of one instant would come again for ever.
        assert_eq!(
            next(changes, START, Millis(1_000), PAGE),
            Position::Changes {
                place: Place {
                    from: Millis(1_000),
                    offset: PAGE
                }
            }
        );
    }

    #[test]
    fn the_end_of_a_back_fill_reads_what_changed_since_it_began() {
        let backfill = Position::Backfill {
            place: START,
            began: Millis(700),
        };
        assert_eq!(
            next(backfill, START, Millis(2_000), 3),
            Position::Newest { newest: Millis(700) }
        );
    }

    #[test]
    fn polls_that_find_nothing_stay_where_they_are() {
        let idle = Position::Newest { newest: Millis(5_000) };
        let place = Place {
            from: Millis(2_000),
            offset: 0,
        };
        assert_eq!(next(idle, place, place.from, 0), idle);
        assert_eq!(
            next(idle, place, Millis(6_000), 2),
            Position::Newest { newest: Millis(6_000) }
        );
    }

    #[test]
    fn a_cursor_reads_back() {
        for position in [
            Position::Backfill {
                place: START,
                began: Millis(7),
            },
            Position::Changes { place: START },
            Position::Newest { newest: Millis(9) },
        ] {
            assert_eq!(
                serde_json::from_str::<Position>(&cursor_of(position).0).unwrap(),
                position
            );
        }
    }
}
