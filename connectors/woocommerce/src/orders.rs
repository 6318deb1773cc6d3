//! Orders: the back-fill of open ones, then what changed, then what was thrown away.
//!
//! A poll goes by the time of change, not by page number: an order that changes while we read moves
//! to the end and would pull its followers one place forward, past us. Each full page therefore
//! starts the next one at its last second. A poll begins `overlap` before the start of the last one,
//! so an order is seen even when its second, or a slow check-out, was still going on.

use crate::client::{answered_at, has_next};
use crate::connector::WooCommerce;
use crate::order_fact::{OPEN_STATUSES, fact};
use crate::wire::{self, print_gmt};
use async_trait::async_trait;
use omnistock_sdk::{ConnectorError, Cursor, OrderPage, OrderSource, now};
use omnistock_words::{Millis, OrderFact, OrderId};
use serde::{Deserialize, Serialize};

const FIELDS: &str = "id,status,date_created_gmt,date_modified_gmt,date_completed_gmt,line_items";

/// Lists are read one after the other; "any" status leaves trash out [observed], and asking for both at
/// once means different things to the vendor's two ways of storing orders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Pass {
    Backfill,
    Changed,
    Trashed,
}

/// Where reading stands; milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Place {
    pass: Pass,
    /// Orders of this second and later; none at the beginning of a back-fill.
    from: Option<i64>,
    /// Page within `from`, from 1.
    page: u32,
    /// Where this poll began.
    origin: i64,
    /// When this poll began, the shop's clock; none before its first answer.
    started: Option<i64>,
}

impl Place {
    const START: Self = Self {
        pass: Pass::Backfill,
        from: None,
        page: 1,
        origin: 0,
        started: None,
    };

    fn read(cursor: Option<&Cursor>) -> Result<Self, ConnectorError> {
        cursor.map_or(Ok(Self::START), |cursor| {
            serde_json::from_str(&cursor.0)
                .map_err(|error| ConnectorError::rejected(format!("not a place among these orders: {error}")))
        })
    }

    fn cursor(&self) -> Result<Cursor, ConnectorError> {
        serde_json::to_string(self)
            .map(Cursor)
            .map_err(|error| ConnectorError::retry(error.to_string()))
    }

    fn query(&self) -> Vec<(&'static str, String)> {
        // `after` means later than, so one second before is asked for.
        let after = self.from.map(|from| print_gmt(Millis(from).plus(-1_000)));
        let (order_by, bound, status) = match self.pass {
            Pass::Backfill => ("date", "after", Some(OPEN_STATUSES)),
            Pass::Changed => ("modified", "modified_after", None),
            Pass::Trashed => ("modified", "modified_after", Some("trash")),
        };
        let mut query = vec![
            ("orderby", order_by.to_owned()),
            ("order", "asc".to_owned()),
            ("per_page", "100".to_owned()),
            ("page", self.page.to_string()),
            ("dates_are_gmt", "true".to_owned()),
            ("_fields", FIELDS.to_owned()),
        ];
        query.extend(after.map(|after| (bound, after)));
        query.extend(status.map(|status| ("status", status.to_owned())));
        query
    }

    /// After a page with more behind it: on from its last second, or the next page of a second that fills pages.
    fn onward(self, orders: &[wire::Order]) -> Self {
        let key = |order: &wire::Order| {
            if self.pass == Pass::Backfill {
                order.date_created_gmt
            } else {
                order.date_modified_gmt
            }
        };
        let last = orders
            .iter()
            .filter_map(key)
            .max()
            .map(|at| at.0.div_euclid(1_000) * 1_000);
        match last {
            Some(last) if self.from.is_none_or(|from| last > from) => Self {
                from: Some(last),
                page: 1,
                ..self
            },
            _ => Self {
                page: self.page.saturating_add(1),
                ..self
            },
        }
    }

    /// After the last page of a pass.
    fn finish(self, overlap: i64) -> Self {
        let again = self.started.map_or(self.origin, |started| {
            Millis(started).plus(-overlap).0.div_euclid(1_000) * 1_000
        });
        match self.pass {
            Pass::Changed => Self {
                pass: Pass::Trashed,
                from: Some(self.origin),
                page: 1,
                ..self
            },
            Pass::Backfill | Pass::Trashed => Self {
                pass: Pass::Changed,
                from: Some(again),
                page: 1,
                origin: again,
                started: None,
            },
        }
    }
}

#[async_trait]
impl OrderSource for WooCommerce {
    fn names_listings(&self) -> bool {
        true
    }

    async fn orders(&self, cursor: Option<&Cursor>) -> Result<OrderPage, ConnectorError> {
        let mut place = Place::read(cursor)?;
        let seen = now();
        let query = place.query();
        let query: Vec<(&str, &str)> = query.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let answer = self.client.get("/orders", &query).await?;
        let orders: Vec<wire::Order> = answer.json()?;
        // The answer's time is later than the read; `overlap` is far more than a call takes, and `seen` bounds it from below.
        place.started = place.started.or(Some(answered_at(&answer).min(seen).0));
        let (next, more) = if has_next(&answer, place.page, orders.len()) {
            (place.onward(&orders), true)
        } else {
            (place.finish(self.overlap), place.pass != Pass::Trashed)
        };
        let facts = orders.iter().map(|order| fact(order, seen));
        Ok(OrderPage::of(facts, next.cursor()?, more))
    }

    async fn order(&self, order: &OrderId) -> Result<Option<OrderFact>, ConnectorError> {
        if !order.as_str().bytes().all(|byte| byte.is_ascii_digit()) {
            return Ok(None);
        }
        let seen = now();
        match self
            .client
            .get(&format!("/orders/{order}"), &[("_fields", FIELDS)])
            .await
        {
            Ok(answer) => Ok(fact(&answer.json()?, seen)?),
            // The vendor's own code, not any 404: a proxy's page must not look like a vanished order.
            Err(error) if error.message.contains("woocommerce_rest_shop_order_invalid_id") => Ok(None),
            Err(error) => Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn orders(seconds: &[i64]) -> Vec<wire::Order> {
        let order = |second: &i64| {
            let at = print_gmt(Millis(second * 1_000));
            serde_json::from_value(json!({"id": 1, "date_created_gmt": at, "date_modified_gmt": at, "line_items": []}))
                .unwrap()
        };
        seconds.iter().map(order).collect()
    }

    #[test]
    fn a_full_page_goes_on_from_its_last_second_and_never_stands_still() {
        let place = Place {
            pass: Pass::Changed,
            from: Some(10_000),
            page: 1,
            origin: 10_000,
            started: Some(99_000),
        };
        let next = place.onward(&orders(&[10, 11, 12]));
        assert_eq!((next.from, next.page), (Some(12_000), 1));
        let next = next.onward(&orders(&[12, 12, 12]));
        assert_eq!((next.from, next.page), (Some(12_000), 2));
        assert!(
            next.query()
                .contains(&("modified_after", "1970-01-01T00:00:11".to_owned()))
        );
    }

    #[test]
    fn a_poll_reads_changes_then_trash_and_starts_over_before_it_began() {
        let place = Place {
            pass: Pass::Changed,
            from: Some(12_000),
            page: 2,
            origin: 10_000,
            started: Some(99_500),
        };
        let trashed = place.finish(5_000);
        assert_eq!(
            (trashed.pass, trashed.from, trashed.page),
            (Pass::Trashed, Some(10_000), 1)
        );
        let again = trashed.finish(5_000);
        assert_eq!(
            (again.pass, again.from, again.started),
            (Pass::Changed, Some(94_000), None)
        );
    }
}
