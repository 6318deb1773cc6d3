//! What the vendor takes in how much time: a bucket for each operation, and what its answers tell of them.
//!
//! All figures are the default plan of the vendor's definitions. The header of an answer tells the rate that the
//! account and the application have together; it never tells what is left.

use omnistock_sdk::{CallKind, CallLimit, CallLimits, Learned, learn};
use reqwest::header::HeaderMap;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

/// The header that tells a rate.
const RATE: &str = "x-amzn-ratelimit-limit";

/// An operation of the vendor's interface.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Operation {
    /// As the vendor calls it.
    pub(crate) name: &'static str,
    /// The bucket that the daemon keeps for it, and what that holds at once; `None`: it is called too seldom.
    pub(crate) bucket: Option<(&'static str, u32)>,
}

const PATCH_BURST: u32 = 5;
const SEARCH_BURST: u32 = 5;
const FEED_BURST: u32 = 15;
const ORDERS_BURST: u32 = 20;
const ORDER_BURST: u32 = 30;
const DEPOT_BURST: u32 = 2;

pub(crate) const PATCH: Operation = operation("patchListingsItem", Some(("patches", PATCH_BURST)));
pub(crate) const SEARCH: Operation = operation("searchListingsItems", Some(("searches", SEARCH_BURST)));
pub(crate) const GET_ITEM: Operation = operation("getListingsItem", None);
pub(crate) const CREATE_FEED: Operation = operation("createFeed", Some(("feeds", FEED_BURST)));
pub(crate) const CREATE_DOCUMENT: Operation = operation("createFeedDocument", None);
pub(crate) const GET_FEED: Operation = operation("getFeed", None);
pub(crate) const GET_FEEDS: Operation = operation("getFeeds", None);
pub(crate) const GET_DOCUMENT: Operation = operation("getFeedDocument", None);
pub(crate) const SEARCH_ORDERS: Operation = operation("searchOrders", Some(("orders", ORDERS_BURST)));
pub(crate) const GET_ORDER: Operation = operation("getOrder", Some(("order", ORDER_BURST)));
pub(crate) const SUMMARIES: Operation = operation("getInventorySummaries", Some(("depot", DEPOT_BURST)));

const fn operation(name: &'static str, bucket: Option<(&'static str, u32)>) -> Operation {
    Operation { name, bucket }
}

/// How many calls the vendor takes before its answers have told of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Plan {
    /// The default plan of its definitions.
    #[default]
    Default,
    /// Its sandbox: 5 calls a second of each operation, 15 at once [documented].
    Sandbox,
}

impl Plan {
    /// Of a bucket: this much of the default plan, or the sandbox's.
    fn rate(self, name: &'static str, amount: u32, per: i64, burst: u32) -> CallLimit {
        match self {
            Self::Default => CallLimit::rate(name, amount, per, burst),
            Self::Sandbox => CallLimit::rate(name, 5, SECOND, SANDBOX_BURST),
        }
    }

    /// How many calls there may be at once, whatever rate is told: no answer tells that.
    fn burst(self, default: u32) -> u32 {
        match self {
            Self::Default => default,
            Self::Sandbox => SANDBOX_BURST,
        }
    }
}

const SANDBOX_BURST: u32 = 15;

const SECOND: i64 = 1_000;

/// The buckets. A change counts by the listing, since each goes by a call of its own; with `application_rate` also
/// against what the application may do for all its sellers.
pub(crate) fn limits(plan: Plan, application_rate: Option<u32>) -> CallLimits {
    const CHANGES: &[CallKind] = &[CallKind::Write, CallKind::Price];
    let mut calls = vec![
        plan.rate("patches", 5, SECOND, PATCH_BURST)
            .of(CHANGES)
            .costs(0, 1, "changes"),
        plan.rate("searches", 5, SECOND, SEARCH_BURST).of(&[CallKind::Read]),
        // 0.0083 and 0.0056 a second, rounded in the vendor's favour.
        plan.rate("feeds", 1, 121 * SECOND, FEED_BURST).of(&[CallKind::Bulk]),
        plan.rate("orders", 1, 179 * SECOND, ORDERS_BURST)
            .of(&[CallKind::Orders]),
        plan.rate("order", 1, 2 * SECOND, ORDER_BURST).of(&[CallKind::Order]),
        plan.rate("depot", 2, SECOND, DEPOT_BURST).of(&[CallKind::Stock]),
    ];
    if let Some(rate) = application_rate {
        let all = CallLimit::rate("application", rate, SECOND, rate).of(CHANGES);
        calls.push(all.costs(0, 1, "changes of all sellers").of_application());
    }
    CallLimits {
        calls,
        per_listing: None,
    }
}

/// Hands over what an answer tells of the operation's rate.
pub(crate) fn tell(plan: Plan, operation: Operation, headers: &HeaderMap) {
    let Some((limit, burst)) = operation.bucket else { return };
    let told = headers.get(RATE).and_then(|value| value.to_str().ok()).and_then(period);
    if let Some(per) = told {
        learn(Learned::Rate {
            limit,
            amount: 1,
            per,
            burst: plan.burst(burst),
        });
    }
}

/// Milliseconds from one call to the next, rounded up; what is no rate tells nothing.
fn period(rate: &str) -> Option<i64> {
    let rate: Decimal = rate
        .trim()
        .parse()
        .ok()
        .filter(|rate: &Decimal| rate.is_sign_positive())?;
    let per = Decimal::from(1_000).checked_div(rate)?.ceil().to_i64()?;
    (1..=86_400_000).contains(&per).then_some(per)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_rate_is_never_taken_for_more_than_it_is() {
        for (rate, per) in [
            ("5.0", 200),
            ("0.0056", 178_572),
            ("3", 334),
            (" 10 ", 100),
            ("100000", 1),
        ] {
            assert_eq!(period(rate), Some(per), "{rate}");
        }
        for none in ["", "string", "0", "0.0", "-1", "NaN", "0.000000001"] {
            assert_eq!(period(none), None, "{none}");
        }
    }

    #[test]
    fn every_operation_that_tells_its_rate_has_a_bucket_of_that_name_and_size() {
        let calls = limits(Plan::Default, Some(7)).calls;
        for operation in [PATCH, SEARCH, CREATE_FEED, SEARCH_ORDERS, GET_ORDER, SUMMARIES] {
            let (name, burst) = operation.bucket.unwrap();
            assert!(
                calls.iter().any(|limit| (limit.name, limit.burst) == (name, burst)),
                "{name}"
            );
        }
        assert_eq!(limits(Plan::Default, None).calls.len() + 1, calls.len());
        assert_eq!(calls[0].stated, "5 changes/s");
    }

    #[test]
    fn the_sandbox_takes_five_calls_a_second_of_each() {
        let calls = limits(Plan::Sandbox, None).calls;
        assert_eq!(calls.len(), 6);
        assert!(
            calls
                .iter()
                .all(|limit| (limit.amount, limit.per, limit.burst) == (5, 1_000, 15))
        );
    }

    proptest! {
        #[test]
        fn no_header_is_too_strange(rate in ".{0,20}") {
            prop_assert!(period(&rate).is_none_or(|per| per > 0));
        }
    }
}
