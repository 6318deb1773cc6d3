//! Sales that a channel can't have seen yet: how fast the others sell, and how long it is blind.

use crate::{Documents, LineRecord, SkuDocument};
use omnistock_words::{ChannelName, ChannelPolicy, Millis, Settings};
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
    4_294_967_296,
    4_248_701_965,
    4_202_935_003,
    4_157_661_043,
    4_112_874_773,
    4_068_570_940,
    4_024_744_348,
    3_981_389_855,
    3_938_502_376,
    3_896_076_880,
    3_854_108_391,
    3_812_591_987,
    3_771_522_796,
    3_730_896_002,
    3_690_706_840,
    3_650_950_594,
    3_611_622_603,
    3_572_718_252,
    3_534_232_978,
    3_496_162_267,
    3_458_501_653,
    3_421_246_719,
    3_384_393_094,
    3_347_936_457,
    3_311_872_529,
    3_276_197_082,
    3_240_905_930,
    3_205_994_934,
    3_171_459_999,
    3_137_297_074,
    3_103_502_151,
    3_070_071_267,
    3_037_000_500,
    3_004_285_971,
    2_971_923_842,
    2_939_910_317,
    2_908_241_642,
    2_876_914_102,
    2_845_924_021,
    2_815_267_765,
    2_784_941_738,
    2_754_942_382,
    2_725_266_179,
    2_695_909_648,
    2_666_869_345,
    2_638_141_863,
    2_609_723_834,
    2_581_611_923,
    2_553_802_834,
    2_526_293_303,
    2_499_080_105,
    2_472_160_047,
    2_445_529_972,
    2_419_186_755,
    2_393_127_307,
    2_367_348_571,
    2_341_847_524,
    2_316_621_173,
    2_291_666_561,
    2_266_980_759,
    2_242_560_872,
    2_218_404_036,
    2_194_507_417,
    2_170_868_212,
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
    let sales = recent(document, now);
    let (mut sum, mut rates) = (0_i128, 0_i128);
    let others = settings.channels.keys();
    for other in others.filter(|other| seller.several || *other != seller.channel) {
        let lag = documents.lags.get(other)?.order.max(0).saturating_add(push);
        let rate = rate(&sales, other);
        rates = rates.saturating_add(rate);
        sum = sum.saturating_add(rate.saturating_mul(i128::from(lag)));
    }
    let lag = divided(sum, rates);
    let factor = seller.policy.expected_sales;
    let thousandths = |millionths: i128| {
        let millionths = i64::try_from(millionths >> FINE).unwrap_or(i64::MAX);
        if factor == Decimal::ONE {
            return millionths / 1_000 + i64::from(millionths % 1_000 > 0);
        }
        let value = Decimal::new(millionths, 3).saturating_mul(factor.max(Decimal::ZERO));
        i64::try_from(value.ceil()).unwrap_or(i64::MAX)
    };
    Some(Blind {
        expected: thousandths(sum),
        daily: thousandths(rates.saturating_mul(i128::from(DAY))),
        lag: i64::try_from(lag).unwrap_or(i64::MAX),
    })
}

/// A sale of the last month.
struct Sale<'a> {
    channel: &'a ChannelName,
    /// Milliseconds ago.
    age: i64,
    millionths: i64,
}

/// The sales of the last month, the newest first.
fn recent(document: &SkuDocument, now: Millis) -> Vec<Sale<'_>> {
    let lines = document.lines.iter().rev();
    let sale = |line| {
        let LineRecord { channel, placed_at, .. }: &LineRecord = line;
        Sale {
            channel,
            age: now.since(*placed_at),
            millionths: line.quantity.millionths(),
        }
    };
    lines
        .take_while(|line| now.since(line.placed_at) <= MONTH)
        .filter(|line| line.takes_stock())
        .map(sale)
        .collect()
}

/// What is taken for the rate where nothing was sold in a month.
const NEVER: i128 = (HALF << FINE) / (MONTH + DAY + time(LONG)) as i128;

/// The quotient, rounded towards zero; nothing where there is no divisor. Numbers of the usual size are
/// divided by the processor itself.
fn divided(one: i128, other: i128) -> i128 {
    match (u64::try_from(one), u64::try_from(other)) {
        (Ok(one), Ok(other)) => one.checked_div(other).map_or(0, i128::from),
        _ => one.checked_div(other).unwrap_or_default(),
    }
}

/// What a channel sells of the SKU: an average that forgets by half in the time of the last eight
/// orders, drawn towards the month's; at least what the last quarter of an hour shows.
fn rate(sales: &[Sale<'_>], channel: &ChannelName) -> i128 {
    let own = || sales.iter().filter(|sale| sale.channel == channel);
    let month: i128 = own().map(|sale| i128::from(sale.millionths)).sum();
    if month == 0 {
        return NEVER;
    }
    let eighth = own().nth(ORDERS - 1).map_or(LONG, |sale| sale.age);
    let half_life = eighth.clamp(SHORT, LONG);
    // As if half a unit had been sold in the time that it takes at the month's rate.
    let prior = divided(HALF.saturating_mul(i128::from(MONTH + DAY)), HALF + month);
    let slow = divided(
        (weighed(own(), half_life) + HALF) << FINE,
        prior + i128::from(time(half_life)),
    );
    let fast = divided(weighed(own(), SHORT) << FINE, i128::from(time(SHORT)));
    slow.max(fast)
}

/// The time over which an average with this half-life looks: the half-life ÷ ln 2.
const fn time(half_life: i64) -> i64 {
    half_life.saturating_mul(1_442_695) / 1_000_000
}

/// Millionths of units sold, each sale the less the older it is.
fn weighed<'a>(sales: impl Iterator<Item = &'a Sale<'a>>, half_life: i64) -> i128 {
    let weigh = |sale: &Sale<'_>| {
        let steps = usize::try_from(sale.age.max(0).saturating_mul(64) / half_life.max(1));
        let steps = steps.unwrap_or(usize::MAX);
        let weight = POWERS.get(steps % 64).copied().unwrap_or_default() >> (steps / 64).min(63);
        (i128::from(sale.millionths) * i128::from(weight)) >> 32
    };
    sales.map(weigh).sum()
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
            quantity: omnistock_words::Quantity::ONE,
            status: OrderStatus::Open,
            at: NOW,
            open_at: NOW,
            left_at: None,
            fulfilled_by: omnistock_words::FulfilledBy::Merchant,
            statements: crate::Few::new(),
            extra: None,
        };
        SkuDocument {
            lines: (1..=count).rev().map(line).collect(),
            ..SkuDocument::default()
        }
    }

    /// Units in a day.
    fn daily(document: &SkuDocument) -> i128 {
        (rate(&recent(document, NOW), &"shop".parse().unwrap()) * i128::from(DAY) / 1_000_000) >> FINE
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
        let earlier = |line: &LineRecord| LineRecord {
            placed_at: line.placed_at.plus(-3 * DAY),
            ..line.clone()
        };
        let later = SkuDocument {
            lines: burst.lines.iter().map(earlier).collect(),
            ..SkuDocument::default()
        };
        assert!(daily(&later) <= 5, "{}", daily(&later));
        assert_eq!(daily(&SkuDocument::default()), 0);
        assert!(rate(&[], &"shop".parse().unwrap()) > 0);
    }

    /// The average by its definition, in millionths a millisecond: weights halve with each half-life.
    #[allow(
        clippy::float_arithmetic,
        clippy::cast_precision_loss,
        reason = "the definition once more"
    )]
    fn defined(gap: i64, count: i64, half_life: i64) -> f64 {
        let weights: f64 = (1..=count)
            .map(|n| 0.5_f64.powf((n * gap) as f64 / half_life as f64))
            .sum();
        let prior = 0.5 * (31 * DAY) as f64 / (0.5 + count as f64);
        (weights + 0.5) * 1_000_000.0 / (prior + half_life as f64 / std::f64::consts::LN_2)
    }

    #[test]
    #[allow(
        clippy::float_arithmetic,
        clippy::cast_precision_loss,
        reason = "within a thousandth"
    )]
    fn the_average_is_that_of_its_definition() {
        const HOURS: i64 = DAY / 24;
        // Seven orders are too few to say how fast it has to forget.
        for (gap, count, half_life) in [
            (12 * HOURS, 8, 96 * HOURS),
            (12 * HOURS, 9, 96 * HOURS),
            (12 * HOURS, 7, LONG),
        ] {
            let found = rate(&recent(&sold(gap, count), NOW), &"shop".parse().unwrap()) as f64 / f64::from(1 << FINE);
            let defined = defined(gap, count, half_life);
            let bound = if half_life == LONG { 0.02 } else { 0.001 };
            assert!((found / defined - 1.0).abs() < bound, "{count}: {found} for {defined}");
        }
        // Half a unit in a month, a day and what a week's half-life looks back.
        assert_eq!(rate(&[], &"shop".parse().unwrap()), 147);
    }

    #[test]
    fn what_was_never_sold_is_expected_by_the_time_that_nobody_sees_it_rounded_up() {
        let plain = |name: &str| omnistock_words::ChannelSettings {
            connector: name.parse().unwrap(),
            template: None,
            policy: ChannelPolicy::default(),
        };
        let mut settings = Settings::default();
        for name in ["shop", "market"] {
            settings.channels.insert(name.parse().unwrap(), plain(name));
        }
        let channel = "shop".parse().unwrap();
        let seller = Seller {
            channel: &channel,
            policy: &ChannelPolicy::default(),
            several: false,
        };
        for (lag, expected) in [(0, 0), (1_000_000, 1), (10_000_000, 2)] {
            let lags = crate::Lags { order: lag, push: 0 };
            let lags = ["shop", "market"].map(|name| (name.parse().unwrap(), lags)).into();
            let found = blind(
                &settings,
                &Documents::measured(lags),
                &SkuDocument::default(),
                seller,
                NOW,
            );
            let wanted = Blind {
                expected,
                daily: 13,
                lag,
            };
            assert_eq!(found, Some(wanted));
        }
    }
}
