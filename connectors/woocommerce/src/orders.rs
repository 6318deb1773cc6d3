//! Orders: the back-fill of open ones, then what changed, then what was thrown away.
//!
//! A poll goes by the time of change, not by page number: an order that changes while we read moves
//! to the end and would pull its followers one place forward, past us. Each full page therefore
//! starts the next one at its last second. A poll covers what changed since `overlap` before the start of the last one,
//! so an order is seen even when its second, or a slow check-out, was still going on. Where that is more than a page, it
//! begins with what is newer than all that was seen, and reads the rest behind it: new orders wait for no old ones.

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
    /// What changed before the first of [`Pass::Changed`], where that did not begin at the origin.
    Earlier,
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
    /// The newest second of a change that was seen.
    #[serde(default)]
    newest: Option<i64>,
    /// Where this poll began to read; what changed before it, and up to this second, is read behind.
    #[serde(default)]
    split: Option<i64>,
    /// Behind the earlier ones, on from here: the end of what was read before them.
    #[serde(default)]
    end: Option<i64>,
    /// What changed was more than a page.
    #[serde(default)]
    long: bool,
}

impl Place {
    const START: Self = Self {
        pass: Pass::Backfill,
        from: None,
        page: 1,
        origin: 0,
        started: None,
        newest: None,
        split: None,
        end: None,
        long: false,
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
            Pass::Changed | Pass::Earlier => ("modified", "modified_after", None),
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

    /// The last second of a page, by what the pass goes by.
    fn last(&self, orders: &[wire::Order]) -> Option<i64> {
        let key = |order: &wire::Order| {
            if self.pass == Pass::Backfill {
                order.date_created_gmt
            } else {
                order.date_modified_gmt
            }
        };
        let last = orders.iter().filter_map(key).max();
        last.map(|at| at.0.div_euclid(1_000) * 1_000)
    }

    /// Behind a page that the shop gave then, and whether the poll goes on; `full`: the pass has more behind it.
    fn behind(mut self, orders: &[wire::Order], full: bool, given: Millis, overlap: i64) -> (Self, bool) {
        let last = self.last(orders);
        if matches!(self.pass, Pass::Changed | Pass::Earlier) {
            self.long |= full;
            self.newest = self.newest.max(last);
        }
        if !full {
            if self.pass == Pass::Changed {
                // A date to come is no end of what was read.
                self.end = last.or(self.from).map(|last| last.min(given.0));
            }
            return (self.finish(overlap), self.pass != Pass::Trashed);
        }
        if self.pass == Pass::Earlier && last > self.split {
            // What follows was read at the beginning, but for orders that have changed since.
            let joined = Self {
                pass: Pass::Changed,
                from: self.end.or(self.split),
                page: 1,
                split: None,
                ..self
            };
            return (joined, true);
        }
        (self.onward(last), true)
    }

    /// Where the next poll begins.
    fn again(&self, overlap: i64) -> i64 {
        self.started.map_or(self.origin, |started| {
            Millis(started).plus(-overlap).0.div_euclid(1_000) * 1_000
        })
    }

    /// After a page with more behind it: on from its last second, or the next page of a second that fills pages.
    fn onward(self, last: Option<i64>) -> Self {
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
        let again = self.again(overlap);
        let from_origin = |pass| Self {
            pass,
            from: Some(self.origin),
            page: 1,
            ..self
        };
        match self.pass {
            Pass::Changed if self.split.is_some() => from_origin(Pass::Earlier),
            Pass::Changed | Pass::Earlier => from_origin(Pass::Trashed),
            Pass::Backfill | Pass::Trashed => {
                let split = self.newest.filter(|newest| self.long && *newest > again);
                Self {
                    pass: Pass::Changed,
                    from: Some(split.unwrap_or(again)),
                    page: 1,
                    origin: again,
                    started: None,
                    newest: self.newest,
                    split,
                    end: None,
                    long: false,
                }
            }
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
        let given = answered_at(&answer).min(seen);
        place.started = place.started.or(Some(given.0));
        let full = has_next(&answer, place.page, orders.len());
        let (next, more) = place.behind(&orders, full, given, self.overlap);
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

    const CHANGED: Place = Place {
        pass: Pass::Changed,
        from: Some(10_000),
        page: 1,
        origin: 10_000,
        started: Some(99_500),
        ..Place::START
    };

    /// Behind a page with orders of these seconds, which the shop gave in second 120.
    fn behind(place: Place, seconds: &[i64], full: bool) -> (Place, bool) {
        place.behind(&orders(seconds), full, Millis(120_000), 5_000)
    }

    #[test]
    fn a_full_page_goes_on_from_its_last_second_and_never_stands_still() {
        let (next, more) = behind(CHANGED, &[10, 11, 12], true);
        assert_eq!((next.from, next.page, more), (Some(12_000), 1, true));
        let (next, _) = behind(next, &[12, 12, 12], true);
        assert_eq!((next.from, next.page), (Some(12_000), 2));
        assert!(
            next.query()
                .contains(&("modified_after", "1970-01-01T00:00:11".to_owned()))
        );
    }

    #[test]
    fn a_poll_reads_changes_then_trash_and_starts_over_before_it_began() {
        let (trashed, more) = behind(CHANGED, &[12], false);
        assert_eq!((trashed.pass, trashed.from, more), (Pass::Trashed, Some(10_000), true));
        let (again, more) = behind(trashed, &[], false);
        assert_eq!((again.pass, again.from, more), (Pass::Changed, Some(94_000), false));
        assert_eq!((again.started, again.split), (None, None), "one page needs no order");
    }

    /// The poll behind one that read more than a page, up to second 98.
    fn behind_a_long_one() -> Place {
        let read = behind(CHANGED, &[90, 96], true).0;
        let read = behind(read, &[97, 98], false).0;
        let (next, more) = behind(read, &[], false);
        assert_eq!((next.from, next.origin, more), (Some(98_000), 94_000, false));
        Place {
            started: CHANGED.started.map(|started| started + 5_000),
            ..next
        }
    }

    #[test]
    fn where_much_changed_the_newest_comes_first_and_the_rest_behind_it() {
        let (earlier, more) = behind(behind_a_long_one(), &[98, 113], false);
        assert_eq!((earlier.pass, earlier.from, more), (Pass::Earlier, Some(94_000), true));
        let (further, _) = behind(earlier, &[94, 98], true);
        assert_eq!(
            (further.pass, further.from),
            (Pass::Earlier, Some(98_000)),
            "a second may go on"
        );
        let (joined, more) = behind(further, &[98, 99], true);
        assert_eq!(
            (joined.pass, joined.from, more),
            (Pass::Changed, Some(113_000), true),
            "what changed meanwhile"
        );
        let (trashed, more) = behind(joined, &[113, 114], false);
        assert_eq!((trashed.pass, trashed.from, more), (Pass::Trashed, Some(94_000), true));
        let (again, _) = behind(trashed, &[], false);
        assert_eq!(again.split, Some(114_000), "much changed in this one, too");
    }

    #[test]
    fn the_rest_is_read_to_its_end_whatever_dates_say() {
        // The list ends with the earlier ones: all that changed meanwhile was among them.
        let (earlier, _) = behind(behind_a_long_one(), &[], false);
        let (trashed, _) = behind(earlier, &[94, 99], false);
        assert_eq!((earlier.pass, trashed.pass), (Pass::Earlier, Pass::Trashed));
        let joined = behind(earlier, &[98, 99], true).0;
        assert_eq!(joined.from, Some(98_000), "nothing was newer");
        // A date to come: what changed while the shop gave the page lies before it.
        let (strange, _) = behind(behind_a_long_one(), &[999], false);
        assert_eq!(behind(strange, &[98, 99], true).0.from, Some(120_000));
        // All that was seen is older than what is read again: there is nothing to begin with.
        let old = behind(behind(CHANGED, &[11, 12], true).0, &[12], false).0;
        let (next, _) = behind(old, &[], false);
        assert_eq!((next.from, next.split), (Some(94_000), None));
    }

    #[test]
    fn a_place_of_an_earlier_version_is_understood() {
        let stored = r#"{"pass":"changed","from":10000,"page":1,"origin":10000,"started":99500}"#;
        assert_eq!(Place::read(Some(&Cursor(stored.to_owned()))).unwrap(), CHANGED);
    }
}
