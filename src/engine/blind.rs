//! Sales that a channel can't have seen yet: how fast the others sell, and how long it is blind.

use crate::{Documents, LineRecord, SkuDocument};
use omnistock_words::{ChannelName, ChannelPolicy, Millis, Quantity, Settings};
use rust_decimal::Decimal;

/// The shortest half-life: a burst counts within minutes.
const SHORT: i64 = 900_000;
/// The longest: a week.
const LONG: i64 = 604_800_000;
/// Orders are kept for at least so long.
const MONTH: i64 = 2_592_000_000;
const DAY: i64 = 86_400_000;
/// A rate rests on about this many orders where there are as many.
const ORDERS: usize = 8;
/// Half a unit in millionths: what is taken for sold where nothing was.
const HALF: i128 = 500_000;
/// Rates are kept in 2⁻²⁰ millionths of a unit a millisecond.
const FINE: u32 = 20;

/// 2³² halved k/64 times.
const POWERS: [u64; 64] = [
    4294967296, 4248701965, 4202935003, 4157661043, 4112874773, 4068570940, 4024744348, 3981389855, 3938502376,
    3896076880, 3854108391, 3812591987, 3771522796, 3730896002, 3690706840, 3650950594, 3611622603, 3572718252,
    3534232978, 3496162267, 3458501653, 3421246719, 3384393094, 3347936457, 3311872529, 3276197082, 3240905930,
    3205994934, 3171459999, 3137297074, 3103502151, 3070071267, 3037000500, 3004285971, 2971923842, 2939910317,
    2908241642, 2876914102, 2845924021, 2815267765, 2784941738, 2754942382, 2725266179, 2695909648, 2666869345,
    2638141863, 2609723834, 2581611923, 2553802834, 2526293303, 2499080105, 2472160047, 2445529972, 2419186755,
    2393127307, 2367348571, 2341847524, 2316621173, 2291666561, 2266980759, 2242560872, 2218404036, 2194507417,
    2170868212,
];

/// What is expected to be sold unseen, and from what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Blind {
    /// Units expected, in thousandths.
    pub(crate) expected: i64,
    /// Units that the others sell in a day, in thousandths.
    pub(crate) daily: i64,
    /// How long such a sale stays unseen, milliseconds: the mean over what the others sell.
    pub(crate) lag: i64,
}

/// How the channel offers the SKU.
#[derive(Clone, Copy)]
pub(crate) struct Seller<'a> {
    pub(crate) channel: &'a ChannelName,
    pub(crate) policy: &'a ChannelPolicy,
    /// Several listings each show it all: they don't see each other's sales either. Which of them
    /// sells is not known, so each is taken to miss all that its channel sells.
    pub(crate) several: bool,
}

/// Sales that `seller` can't have seen; `None` where a lag was never measured.
pub(crate) fn blind(
    settings: &Settings,
    documents: &Documents,
    document: &SkuDocument,
    seller: Seller<'_>,
    now: Millis,
) -> Option<Blind> {
    let push = documents.lags.get(seller.channel)?.push.max(0);
    let (mut sum, mut rates) = (0_i128, 0_i128);
    let others = settings.channels.keys();
    for other in others.filter(|other| seller.several || *other != seller.channel) {
        let lag = documents.lags.get(other)?.order.max(0).saturating_add(push);
        let rate = rate(document, other, now);
        rates = rates.saturating_add(rate);
        sum = sum.saturating_add(rate.saturating_mul(i128::from(lag)));
    }
    let lag = sum.checked_div(rates).unwrap_or_default();
    let factor = seller.policy.expected_sales.max(Decimal::ZERO);
    let thousandths = |millionths: i128| {
        let value = Decimal::new(i64::try_from(millionths >> FINE).unwrap_or(i64::MAX), 3);
        i64::try_from(value.saturating_mul(factor).ceil()).unwrap_or(i64::MAX)
    };
    Some(Blind {
        expected: thousandths(sum),
        daily: thousandths(rates.saturating_mul(i128::from(DAY))),
        lag: i64::try_from(lag).unwrap_or(i64::MAX),
    })
}

/// What a channel sells of the SKU: an average that forgets by half in the time of the last eight
/// orders, drawn towards the month's; at least what the last quarter of an hour shows.
fn rate(document: &SkuDocument, channel: &ChannelName, now: Millis) -> i128 {
    let recent = || {
        let lines = document.lines.iter().rev();
        lines
            .take_while(|line| now.since(line.placed_at) <= MONTH)
            .filter(|line| line.channel == *channel && line.takes_stock())
    };
    let month: i128 = recent().map(|line| i128::from(line.quantity.millionths())).sum();
    if month == 0 {
        return (HALF << FINE) / i128::from(MONTH + DAY + time(LONG));
    }
    let eighth = recent().nth(ORDERS - 1).map_or(LONG, |line| now.since(line.placed_at));
    let half_life = eighth.clamp(SHORT, LONG);
    // As if half a unit had been sold in the time that it takes at the month's rate.
    let prior = HALF.saturating_mul(i128::from(MONTH + DAY)) / (HALF + month);
    let slow = ((weighed(recent(), half_life, now) + HALF) << FINE) / (prior + i128::from(time(half_life)));
    let fast = (weighed(recent(), SHORT, now) << FINE) / i128::from(time(SHORT));
    slow.max(fast)
}

/// The time over which an average with this half-life looks: the half-life ÷ ln 2.
fn time(half_life: i64) -> i64 {
    half_life.saturating_mul(1_442_695) / 1_000_000
}

/// Millionths of units sold, each sale the less the older it is.
fn weighed<'a>(lines: impl Iterator<Item = &'a LineRecord>, half_life: i64, now: Millis) -> i128 {
    let weigh = |line: &LineRecord| {
        let steps = usize::try_from(now.since(line.placed_at).max(0).saturating_mul(64) / half_life.max(1));
        let steps = steps.unwrap_or(usize::MAX);
        let weight = POWERS.get(steps % 64).copied().unwrap_or_default() >> (steps / 64).min(63);
        (i128::from(Quantity::millionths(line.quantity)) * i128::from(weight)) >> 32
    };
    lines.map(weigh).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use omnistock_words::OrderStatus;

    const NOW: Millis = Millis(1_000_000_000_000);

    /// One unit every `gap` milliseconds, `count` times, the last one `gap` ago.
    fn sold(gap: i64, count: i64) -> SkuDocument {
        let line = |n: i64| LineRecord {
            placed_at: NOW.plus(-n * gap),
            channel: "shop".parse().unwrap(),
            order: n.to_string().parse().unwrap(),
            line: "1".parse().unwrap(),
            quantity: Quantity::ONE,
            part: crate::Part::Whole,
            status: OrderStatus::Open,
            at: NOW,
            open_at: NOW,
            left_at: None,
            location: None,
            fulfilled_by: omnistock_words::FulfilledBy::Merchant,
            reservation: None,
            restock_location: None,
            statements: Vec::new(),
        };
        SkuDocument {
            lines: (1..=count).rev().map(line).collect(),
            ..SkuDocument::default()
        }
    }

    /// Units in a day.
    fn daily(document: &SkuDocument) -> i128 {
        (rate(document, &"shop".parse().unwrap(), NOW) * i128::from(DAY) / 1_000_000) >> FINE
    }

    #[test]
    fn a_steady_seller_is_measured_within_a_fifth() {
        for (gap, count, truth) in [(60_000, 400, 1_440), (3_600_000, 400, 24), (4 * 3_600_000, 180, 6)] {
            let measured = daily(&sold(gap, count));
            assert!((measured - truth).abs() * 5 <= truth, "{measured} for {truth}");
        }
    }

    #[test]
    fn a_burst_counts_at_once_and_is_forgotten_again() {
        let burst = sold(10_000, 12);
        assert!(daily(&burst) > 500, "{}", daily(&burst));
        let mut later = burst.clone();
        for line in &mut later.lines {
            line.placed_at = line.placed_at.plus(-3 * DAY);
        }
        assert!(daily(&later) <= 5, "{}", daily(&later));
        assert_eq!(daily(&SkuDocument::default()), 0);
        assert!(rate(&SkuDocument::default(), &"shop".parse().unwrap(), NOW) > 0);
    }
}
