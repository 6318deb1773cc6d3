//! Orders: a back-fill of all that may still hold stock, then everything that changed.
//!
//! Amazon tells what changed some two minutes late, and takes one question in three minutes: pages are as large as can be,
//! and a poll begins where the one before ended, less an overlap.

use crate::client::{Client, Query, absent, escaped};
use crate::limits::{GET_ORDER, SEARCH_ORDERS};
use crate::order_fact::{OPEN_STATUSES, fact};
use crate::wire;
use omnistock_sdk::{ConnectorError, Cursor, ErrorClass, OrderPage, now};
use omnistock_words::{Millis, OrderFact, OrderId};
use serde::{Deserialize, Serialize};

/// Orders in one answer, at most [the vendor's definition].
const PAGE: &str = "100";
/// Neither buyer nor recipient: no person is asked for.
const INCLUDED: &str = "FULFILLMENT,PACKAGES";
/// How far a back-fill reaches, milliseconds: older orders that are still open are dead ones.
const BACKFILL: i64 = 60 * 24 * 3_600_000;
/// A poll begins anew for a page that is refused once in so long, milliseconds: at their rate its pages take a while.
const ANEW: i64 = 3_600_000;

/// Where to go on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Position {
    /// In the back-fill: by their creation, the open ones only.
    backfill: bool,
    /// From then on.
    from: Millis,
    /// The next poll begins here, less the overlap: what this one certainly knew.
    until: Millis,
    /// The next page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    token: Option<String>,
    /// When a page was last refused, and the poll began anew for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    anew: Option<Millis>,
}

/// Reads orders.
pub(crate) struct OrderReader<'a> {
    pub(crate) client: &'a Client,
    pub(crate) overlap: i64,
    /// So late an order is found for certain, milliseconds.
    pub(crate) late: i64,
}

impl OrderReader<'_> {
    /// The page at `cursor`.
    pub(crate) async fn page(&self, cursor: Option<&Cursor>) -> Result<OrderPage, ConnectorError> {
        let seen = now();
        // From another version: everything once more costs calls, but no order.
        let position: Option<Position> = cursor.and_then(|cursor| serde_json::from_str(&cursor.0).ok());
        let position = position.unwrap_or(Position {
            backfill: true,
            from: seen.plus(-BACKFILL),
            until: seen,
            token: None,
            anew: None,
        });
        let answer = match self.read(&position).await {
            // The token is a day old, or of another question: this poll once more from its beginning. Refused again, it
            // is for a person to see.
            Err(error) if may_begin_anew(&position, &error, seen) => {
                tracing::warn!(%error, "Amazon refuses the next page of orders: all pages are read again");
                let again = Position {
                    token: None,
                    anew: Some(seen),
                    ..position
                };
                return Ok(OrderPage::of([], cursor_of(&again), true));
            }
            other => other?,
        };
        let token = answer.pagination.and_then(|pagination| pagination.next_token);
        let known = if position.backfill {
            answer.created_before
        } else {
            answer.last_updated_before
        };
        let known = known.unwrap_or(seen.plus(-self.late)).min(seen);
        let next = next(&position, token, known, self.overlap);
        let facts = answer.orders.iter().map(|order| fact(order, seen));
        Ok(OrderPage::of(facts, cursor_of(&next), next.token.is_some()))
    }

    /// One order; `None` when there is none of that id, or it was sold in another store of the seller.
    pub(crate) async fn one(&self, order: &OrderId) -> Result<Option<OrderFact>, ConnectorError> {
        let id = order.as_str();
        if !id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') {
            return Ok(None);
        }
        let seen = now();
        let path = format!("/orders/2026-01-01/orders/{}", escaped(id));
        let query = vec![("includedData", INCLUDED.to_owned())];
        match self.client.get(GET_ORDER, &path, &query).await {
            Ok(answer) => {
                let order = answer.json::<wire::OneOrder>()?.order;
                let store = order.sales_channel.marketplace_id.as_ref();
                if store.is_none_or(|store| self.client.marketplaces().contains(store)) {
                    Ok(fact(&order, seen)?)
                } else {
                    Ok(None)
                }
            }
            Err(error) if absent(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn read(&self, position: &Position) -> Result<wire::Orders, ConnectorError> {
        let mut query: Query = vec![
            self.client.stores(),
            ("maxResultsPerPage", PAGE.to_owned()),
            ("includedData", INCLUDED.to_owned()),
        ];
        if position.backfill {
            query.push(("createdAfter", position.from.to_string()));
            query.push(("fulfillmentStatuses", OPEN_STATUSES.to_owned()));
        } else {
            query.push(("lastUpdatedAfter", position.from.to_string()));
        }
        query.extend(position.token.clone().map(|token| ("paginationToken", token)));
        self.client
            .get(SEARCH_ORDERS, "/orders/2026-01-01/orders", &query)
            .await?
            .json()
    }
}

fn may_begin_anew(position: &Position, error: &ConnectorError, seen: Millis) -> bool {
    let lately = position.anew.is_some_and(|anew| (0..ANEW).contains(&seen.since(anew)));
    position.token.is_some() && error.class == ErrorClass::Rejected && !lately
}

/// Behind a page: its next one, or the next poll, which begins `overlap` before what was certainly known.
fn next(position: &Position, token: Option<String>, known: Millis, overlap: i64) -> Position {
    // The first page of a poll decides how far that poll knew.
    let until = if position.token.is_none() {
        known
    } else {
        position.until
    };
    if token.is_some() {
        return Position {
            until,
            token,
            ..position.clone()
        };
    }
    Position {
        backfill: false,
        from: until.plus(-overlap),
        until,
        token: None,
        anew: position.anew,
    }
}

fn cursor_of(position: &Position) -> Cursor {
    // Plain numbers and texts: there is nothing that could fail to be written.
    Cursor(serde_json::to_string(position).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    const CHANGES: Position = Position {
        backfill: false,
        from: Millis(1_000),
        until: Millis(1_300),
        token: None,
        anew: None,
    };

    #[test]
    fn a_poll_of_several_pages_knows_what_its_first_page_knew() {
        let token = Some("t".to_owned());
        let second = next(&CHANGES, token.clone(), Millis(5_000), 300);
        assert_eq!(
            (second.from, second.until, &second.token),
            (Millis(1_000), Millis(5_000), &token)
        );
        let ended = next(&second, None, Millis(9_000), 300);
        assert_eq!((ended.from, ended.token), (Millis(4_700), None));
    }

    #[test]
    fn a_back_fill_is_followed_by_everything_since_what_its_first_page_knew() {
        let backfill = Position {
            backfill: true,
            ..CHANGES
        };
        let second = next(&backfill, Some("t".to_owned()), Millis(9_000), 300);
        let ended = next(&second, None, Millis(11_000), 300);
        assert_eq!((ended.backfill, ended.from), (false, Millis(8_700)));
    }

    #[test]
    fn a_poll_begins_anew_for_a_refused_page_once_in_an_hour() {
        let refused = ConnectorError::rejected("answer 400: no such page");
        let anew = |anew: Option<i64>, token: Option<&str>, error: &ConnectorError| {
            let position = Position {
                anew: anew.map(Millis),
                token: token.map(str::to_owned),
                ..CHANGES
            };
            may_begin_anew(&position, error, Millis(2 * ANEW))
        };
        assert!(anew(None, Some("t"), &refused));
        assert!(!anew(Some(ANEW + 1), Some("t"), &refused));
        assert!(
            anew(Some(ANEW), Some("t"), &refused),
            "a day behind an outage it may again"
        );
        assert!(!anew(None, None, &refused));
        assert!(!anew(None, Some("t"), &ConnectorError::retry("later")));
    }
}
