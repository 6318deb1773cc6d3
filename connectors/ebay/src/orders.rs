//! Orders: the back-fill of those that may still hold stock, then what changed, by the vendor's own clock.

use crate::client::{Client, SELL_FULFILLMENT, answered_at, is, says, segment};
use crate::login::Whose;
use crate::order_fact::{Places, fact};
use crate::orders_of::OrdersOf;
use crate::windows::{Next, PAGE, Window};
use crate::wire;
use omnistock_sdk::{ConnectorError, Cursor, OrderPage, now};
use omnistock_words::{Millis, OrderFact, OrderId};
use reqwest::Method;
use serde::{Deserialize, Serialize};

/// The vendor has orders of two years [its definition]; a little less is asked for, its clock may differ.
const OLDEST: i64 = 725 * 86_400_000;

/// Windows that are tried in one go: each is half of the one before.
const TRIES: u32 = 40;

/// Where reading stands. `newest` is the latest change that was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Position {
    /// In the back-fill, which began then.
    Backfill { window: Window, began: Option<Millis> },
    /// In a poll of several windows.
    Changes { window: Window, newest: Millis },
    /// All up to `newest` was read once.
    Newest { newest: Millis },
}

/// Reads orders.
pub(crate) struct OrderReader<'a> {
    pub(crate) client: &'a Client,
    pub(crate) places: &'a Places,
    pub(crate) of: &'a OrdersOf,
    pub(crate) overlap: i64,
}

/// What a window held.
struct Answered {
    orders: Vec<wire::Order>,
    total: u64,
    /// The vendor's clock.
    at: Millis,
}

impl OrderReader<'_> {
    /// The page at `cursor`.
    pub(crate) async fn page(&self, cursor: Option<&Cursor>) -> Result<OrderPage, ConnectorError> {
        let position = read(cursor);
        let (mut window, backfill) = match position {
            Position::Backfill { window, .. } => (window, true),
            Position::Changes { window, .. } => (window, false),
            Position::Newest { newest } => (Window::since(oldest().max(newest.plus(-self.overlap))), false),
        };
        let seen = now();
        for _ in 0..TRIES {
            let answer = self.ask(window, backfill).await?;
            let read = u64::try_from(answer.orders.len()).unwrap_or(u64::MAX);
            match window.next(answer.total, read, answer.at) {
                Next::Ask(smaller) => window = smaller,
                next => return self.told(position, next, answer, seen),
            }
        }
        Err(ConnectorError::unknown(
            "eBay announces more orders of one instant than it tells",
        ))
    }

    fn told(
        &self,
        position: Position,
        next: Next,
        answer: Answered,
        seen: Millis,
    ) -> Result<OrderPage, ConnectorError> {
        let last = answer.orders.iter().map(|order| order.modified).max();
        let next = match position {
            Position::Backfill { began, .. } => {
                let began = began.unwrap_or(answer.at);
                match next {
                    Next::Then(window) | Next::Ask(window) => Position::Backfill {
                        window,
                        began: Some(began),
                    },
                    Next::Done => Position::Changes {
                        window: Window::since(began.plus(-self.overlap)),
                        newest: began,
                    },
                }
            }
            Position::Changes { newest, .. } | Position::Newest { newest } => {
                let newest = last.map_or(newest, |last| last.max(newest));
                match next {
                    Next::Then(window) | Next::Ask(window) => Position::Changes { window, newest },
                    Next::Done => Position::Newest { newest },
                }
            }
        };
        let ours = answer.orders.into_iter().filter_map(|order| self.of.ours(order));
        let facts = ours.map(|order| fact(&order, self.places, seen).map(Some));
        let more = !matches!(next, Position::Newest { .. });
        Ok(OrderPage::of(facts, written(next)?, more))
    }

    async fn ask(&self, window: Window, backfill: bool) -> Result<Answered, ConnectorError> {
        let filter = if backfill {
            let created = window.filter("creationdate");
            format!("{created},orderfulfillmentstatus:{{NOT_STARTED|IN_PROGRESS}}")
        } else {
            window.filter("lastmodifieddate")
        };
        let (limit, offset) = (PAGE.to_string(), window.offset.to_string());
        let query = [
            ("filter", filter.as_str()),
            ("limit", limit.as_str()),
            ("offset", offset.as_str()),
        ];
        let path = format!("{SELL_FULFILLMENT}/order");
        let asked = now();
        let answer = self
            .client
            .answer(Whose::Seller, &Method::GET, &path, &query, None)
            .await?;
        let orders: wire::Orders = answer.json()?;
        Ok(Answered {
            orders: orders.all,
            total: orders.total,
            at: answered_at(&answer).unwrap_or(asked),
        })
    }

    /// One order; `None` where there is none of that id.
    pub(crate) async fn one(&self, order: &OrderId) -> Result<Option<OrderFact>, ConnectorError> {
        let id = order.as_str();
        if !id
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'!'))
        {
            return Ok(None);
        }
        let seen = now();
        let path = format!("{SELL_FULFILLMENT}/order/{}", segment(id));
        match self.client.get::<wire::Order>(&path, &[]).await {
            Ok(order) => self
                .of
                .ours(order)
                .map(|order| fact(&order, self.places, seen).map_err(ConnectorError::from))
                .transpose(),
            // The vendor's own answer, not any 404: a proxy's page must not look like a vanished order.
            Err(error) if says(&error, 32_100) => Ok(None),
            Err(error) if is(&error, 404) && error.message.contains("API_FULFILLMENT") => Ok(None),
            Err(error) => Err(error),
        }
    }
}

fn oldest() -> Millis {
    now().plus(-OLDEST)
}

fn read(cursor: Option<&Cursor>) -> Position {
    let start = Position::Backfill {
        window: Window::since(oldest()),
        began: None,
    };
    let Some(cursor) = cursor else { return start };
    // From another version: everything once more costs calls, but no order.
    serde_json::from_str(&cursor.0).unwrap_or(Position::Changes {
        window: Window::since(oldest()),
        newest: Millis(0),
    })
}

fn written(position: Position) -> Result<Cursor, ConnectorError> {
    let text = serde_json::to_string(&position);
    text.map(Cursor)
        .map_err(|error| ConnectorError::retry(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_back_and_a_strange_one_reads_all() {
        for position in [
            Position::Backfill {
                window: Window::since(Millis(5)),
                began: Some(Millis(7)),
            },
            Position::Changes {
                window: Window::since(Millis(5)),
                newest: Millis(9),
            },
            Position::Newest { newest: Millis(9) },
        ] {
            assert_eq!(read(Some(&written(position).unwrap())), position);
        }
        let strange = read(Some(&Cursor("7".to_owned())));
        assert!(
            matches!(strange, Position::Changes { newest: Millis(0), .. }),
            "{strange:?}"
        );
    }
}
