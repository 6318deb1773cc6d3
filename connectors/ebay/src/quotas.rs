//! The day's quotas: what eBay says is left of them.
//!
//! Its answers carry no limits. They are asked of the analytics interface now and then, and at the next opportunity
//! after a refusal; what it says goes to the daemon's buckets. The Trading API has few calls a day, and who has no
//! older listings needs none of them: so its calls are counted there, but held back here.

use crate::client::{ANALYTICS, Client};
use crate::login::Whose;
use crate::tally::{INVENTORY, ORDERS, TRADING};
use crate::wire::{Rate, RateLimits};
use omnistock_sdk::{CallKind, CallLimit, CallLimits, ConnectorError, ErrorClass, Learned, ListingLimit, learn, now};
use omnistock_words::Millis;
use reqwest::Method;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Asked again after this long.
const EVERY: Duration = Duration::from_mins(15);
/// In doubt, not before this long; as long no older listing is asked for behind a refusal.
pub(crate) const LEAST: Duration = Duration::from_mins(1);

const DAY: i64 = 86_400_000;

/// What the vendor gives an application a day, where it was not asked for more [documented].
const DEFAULTS: [(&str, u32); 3] = [(INVENTORY, 2_000_000), (TRADING, 5_000), (ORDERS, 100_000)];

/// The buckets; the vendor counts by application, so accounts share them.
pub(crate) fn limits() -> CallLimits {
    let listings: &[CallKind] = &[CallKind::Write, CallKind::Price, CallKind::Read];
    let calls = DEFAULTS.map(|(name, most)| {
        let kinds = if name == ORDERS {
            &[CallKind::Orders, CallKind::Order]
        } else {
            listings
        };
        let limit = CallLimit::window(name, most, DAY).of(kinds).of_application();
        // Which listings are older ones is not known to who asks for a call.
        if name == TRADING {
            limit.costs(0, 0, "calls")
        } else {
            limit
        }
    });
    CallLimits {
        calls: calls.into(),
        // A page may be revised 250 times a calendar day [the vendor's definition]; variations and prices count.
        per_listing: Some(ListingLimit {
            most: 250,
            per: DAY,
            of_parent: true,
            prices: true,
        }),
    }
}

/// What is left of one quota.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Left {
    limit: u32,
    remaining: u32,
    reset: Option<Millis>,
}

/// When eBay was asked, and whether its last answer may be untrue.
#[derive(Debug, Clone, Copy, Default)]
struct Clock {
    asked: Option<Instant>,
    doubted: bool,
}

#[derive(Default)]
struct Known {
    /// Of calls for listings and of calls for orders: what is told behind the one is of no use to the other.
    clocks: [Clock; 2],
    trading: Option<Left>,
    /// The Trading API refused a call for its quota: no other one is made before this instant.
    refused: Option<Instant>,
}

impl Known {
    fn clock(&mut self, kind: CallKind) -> &mut Clock {
        let [listings, orders] = &mut self.clocks;
        if kind == CallKind::Orders { orders } else { listings }
    }
}

/// What is known of the quotas.
#[derive(Default)]
pub(crate) struct Quotas(Mutex<Known>);

impl Quotas {
    fn with<T>(&self, look: impl FnOnce(&mut Known) -> T) -> T {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A call was refused because there were too many.
    pub(crate) fn doubt(&self) {
        self.with(|known| known.clocks.iter_mut().for_each(|clock| clock.doubted = true));
    }

    /// The Trading API refused a call because there were too many.
    pub(crate) fn refused(&self) {
        self.doubt();
        self.with(|known| known.refused = Some(Instant::now() + LEAST));
    }

    /// Whether a refusal made what is known about calls of this kind doubtful.
    pub(crate) fn doubted(&self, kind: CallKind) -> bool {
        self.with(|known| known.clock(kind).doubted)
    }

    /// Whether eBay is to be asked now about calls of this kind; the next one is told no.
    fn due(&self, kind: CallKind) -> bool {
        self.with(|known| {
            let clock = known.clock(kind);
            let wait = if clock.doubted { LEAST } else { EVERY };
            let due = clock.asked.is_none_or(|asked| asked.elapsed() >= wait);
            if due {
                (clock.asked, clock.doubted) = (Some(Instant::now()), false);
            }
            due
        })
    }

    /// An error where nothing is left of the Trading API's quota: a call would only be refused.
    pub(crate) fn trading(&self) -> Result<(), ConnectorError> {
        let (left, refused) = self.with(|known| (known.trading, known.refused));
        let left = left.filter(|left| left.remaining == 0);
        if let Some(until) = left.and_then(|left| left.reset).filter(|until| *until > now()) {
            let wait = u64::try_from(until.since(now())).unwrap_or_default();
            let wait = Duration::from_millis(wait.clamp(1_000, 3_600_000));
            let words = format!("the day's calls of eBay's Trading API are used up until {until}");
            return Err(spent(wait, words));
        }
        let wait = refused.map(|until| until.saturating_duration_since(Instant::now()));
        wait.filter(|wait| !wait.is_zero()).map_or(Ok(()), |wait| {
            let words = "eBay's Trading API refused a call because there were too many".to_owned();
            Err(spent(wait, words))
        })
    }

    fn take(&self, answer: &RateLimits, kind: CallKind) {
        for (name, usual) in DEFAULTS {
            let Some(left) = left(answer, name) else { continue };
            if name == TRADING {
                self.with(|known| (known.trading, known.refused) = (Some(left), None));
            }
            tell_limit(name, usual, left);
            // What is left is told behind a call that counts for it: it says what of that is in the figure.
            if (name == ORDERS) == (kind == CallKind::Orders) {
                tell_left(name, left);
            }
        }
    }
}

/// Older listings wait so long, all others go on.
pub(crate) fn spent(wait: Duration, message: String) -> ConnectorError {
    ConnectorError {
        class: ErrorClass::Spent { after: Some(wait) },
        message,
    }
}

/// Of several resources of an API the one with the least left; of its windows the longest.
fn left(answer: &RateLimits, name: &str) -> Option<Left> {
    let api = |api: &str| match name {
        ORDERS => api.eq_ignore_ascii_case("fulfillment"),
        TRADING => api.eq_ignore_ascii_case("tradingapi") || api.eq_ignore_ascii_case("trading"),
        own => api.eq_ignore_ascii_case(own),
    };
    let apis = answer.limits.iter().filter(|limit| api(&limit.api));
    let rates = apis.flat_map(|limit| &limit.resources).flat_map(|resource| {
        let longest = resource.rates.iter().map(|rate| rate.window).max();
        let rates = resource.rates.iter();
        rates.filter(move |rate| Some(rate.window) == longest)
    });
    let least = rates.min_by_key(|rate: &&Rate| rate.remaining)?;
    Some(Left {
        limit: least.limit,
        remaining: least.remaining,
        reset: least.reset,
    })
}

fn tell_limit(name: &'static str, usual: u32, left: Left) {
    if left.limit != usual {
        let CallLimit { amount, per, burst, .. } = CallLimit::window(name, left.limit, DAY);
        learn(Learned::Rate {
            limit: name,
            amount,
            per,
            burst,
        });
    }
}

fn tell_left(name: &'static str, left: Left) {
    // As long as much is left the bucket's own pace is right; near the end of it the vendor's figure binds.
    if left.remaining < CallLimit::window(name, left.limit, DAY).burst {
        let reset = left.reset.map(|reset| reset.since(now()).clamp(0, DAY));
        learn(Learned::Left {
            limit: name,
            left: left.remaining,
            reset: reset.filter(|_| left.remaining == 0),
        });
    }
}

/// Asks what is left where it is time to, behind a call of this kind. What goes wrong with it harms nothing.
pub(crate) async fn look(client: &Client, kind: CallKind) {
    if !client.quotas.due(kind) {
        return;
    }
    for (whose, path) in [(Whose::Application, "rate_limit/"), (Whose::Seller, "user_rate_limit/")] {
        let path = format!("{ANALYTICS}/{path}");
        let answer = client.answer(whose, &Method::GET, &path, &[], None).await;
        // 204: there are none of this sort.
        match answer.and_then(|answer| {
            if answer.status == 204 {
                Ok(RateLimits { limits: vec![] })
            } else {
                answer.json()
            }
        }) {
            Ok(limits) => client.quotas.take(&limits, kind),
            Err(error) => tracing::debug!(%error, "eBay did not say what is left of its quotas"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use omnistock_sdk::learning;
    use serde_json::json;

    fn answer(api: &str, limit: u32, remaining: u32, reset: Millis) -> RateLimits {
        let day = json!({"count": 1, "limit": limit, "remaining": remaining, "reset": reset.to_string(), "timeWindow": 86_400});
        let minute = json!({"limit": 5, "remaining": 0, "timeWindow": 60});
        let other = json!({"limit": limit, "remaining": remaining + 9, "timeWindow": 86_400});
        serde_json::from_value(json!({"rateLimits": [
            {"apiName": api, "resources": [{"rates": [minute, day]}, {"rates": [other]}]},
            {"apiName": "browse", "resources": [{"rates": [{"limit": 1, "remaining": 0}]}]}
        ]}))
        .unwrap()
    }

    #[tokio::test]
    async fn what_ebay_says_is_left_goes_to_the_right_bucket() {
        let (quotas, soon) = (Quotas::default(), now().plus(3_600_000));
        let told = async |api, limit, remaining, kind| {
            learning(async { quotas.take(&answer(api, limit, remaining, soon), kind) })
                .await
                .1
        };
        assert_eq!(told("inventory", 2_000_000, 1_999_000, CallKind::Write).await, []);
        assert_eq!(
            told("inventory", 2_000_000, 0, CallKind::Orders).await,
            [],
            "a call of another bucket"
        );
        let spent = told("fulfillment", 100_000, 0, CallKind::Orders).await;
        assert!(
            matches!(spent.as_slice(), [Learned::Left { limit: ORDERS, left: 0, reset: Some(reset) }] if *reset > 3_000_000),
            "{spent:?}"
        );
        let more = told("inventory", 1_000, 900, CallKind::Read).await;
        assert!(
            matches!(
                more.as_slice(),
                [Learned::Rate {
                    limit: INVENTORY,
                    amount: 901,
                    burst: 100,
                    ..
                }]
            ),
            "{more:?}"
        );
        let larger = told("fulfillment", 1_000_000, 999_000, CallKind::Write).await;
        assert!(
            matches!(larger.as_slice(), [Learned::Rate { limit: ORDERS, .. }]),
            "a larger quota is for every call to know: {larger:?}"
        );
    }

    #[tokio::test]
    async fn a_spent_quota_of_the_trading_api_is_not_called_against() {
        let quotas = Quotas::default();
        assert!(quotas.trading().is_ok(), "nothing is known");
        quotas.take(&answer("tradingapi", 5_000, 0, now().plus(7_200_000)), CallKind::Read);
        let error = quotas.trading().unwrap_err();
        let wanted = |after| ErrorClass::Spent { after: Some(after) };
        assert_eq!(error.class, wanted(Duration::from_hours(1)));
        quotas.take(&answer("tradingapi", 5_000, 0, now().plus(-1)), CallKind::Read);
        assert!(quotas.trading().is_ok(), "its day is over");
    }

    #[tokio::test(start_paused = true)]
    async fn it_is_asked_seldom_and_in_doubt_after_a_minute_for_each_kind() {
        let quotas = Quotas::default();
        let due = |kind| quotas.due(kind);
        assert!(due(CallKind::Write) && !due(CallKind::Read), "both are of listings");
        assert!(due(CallKind::Orders) && !due(CallKind::Orders));
        quotas.doubt();
        assert!(!due(CallKind::Write) && quotas.doubted(CallKind::Write));
        tokio::time::advance(LEAST).await;
        assert!(due(CallKind::Orders) && quotas.doubted(CallKind::Write));
        assert!(due(CallKind::Write) && !quotas.doubted(CallKind::Write));
        tokio::time::advance(LEAST).await;
        assert!(!due(CallKind::Write));
        tokio::time::advance(EVERY).await;
        assert!(due(CallKind::Write));
    }

    #[tokio::test(start_paused = true)]
    async fn behind_a_refusal_the_trading_api_is_left_alone_for_a_minute_or_until_ebay_says_that_there_is_more() {
        let quotas = Quotas::default();
        let wanted = |after| ErrorClass::Spent { after: Some(after) };
        quotas.refused();
        assert_eq!(quotas.trading().unwrap_err().class, wanted(LEAST));
        tokio::time::advance(LEAST).await;
        assert!(quotas.trading().is_ok());
        quotas.refused();
        quotas.take(&answer("tradingapi", 5_000, 7, now()), CallKind::Read);
        assert!(quotas.trading().is_ok(), "there is some left");
    }
}
