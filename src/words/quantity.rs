//! A quantity of an article: a decimal with at most six digits behind the point.

use crate::Percent;
use crate::as_text::{Digits, as_text};
use rust_decimal::{Decimal, RoundingStrategy};
use std::fmt;
use std::ops::{Add, AddAssign, Neg, Sub, SubAssign};

/// Units of an article; may be negative (a location that was oversold).
///
/// Range −10¹² to 10¹², six decimals; arithmetic saturates at the bounds. Text form
/// has no trailing zeros, no exponent and no plus sign. Kept as a whole number of
/// millionths: adding and comparing is what a ledger does most.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Quantity(i64);

as_text!(Quantity, |quantity, take| match quantity.as_whole() {
    Some(units) => take(written(units).as_str()),
    None => take(&quantity.decimal().to_string()),
});

/// Whole units as text: 14 characters at most.
fn written(units: i64) -> Digits<20> {
    let mut text = Digits::new();
    text.whole(units.unsigned_abs());
    if units < 0 {
        text.mark(b'-');
    }
    text
}

/// A plain whole number of few digits, as most are.
fn whole(digits: &str) -> Option<i64> {
    let short = (1..=12).contains(&digits.len());
    let add = |units: i64, byte: u8| byte.is_ascii_digit().then(|| units * 10 + i64::from(byte - b'0'));
    short.then(|| digits.bytes().try_fold(0, add)).flatten()
}

/// Why a text is not a quantity.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ParseQuantityError {
    /// Not digits with at most one point.
    NotANumber,
    /// Beyond 10¹², or more than six decimals.
    OutOfRange,
}

impl fmt::Display for ParseQuantityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotANumber => "not a number",
            Self::OutOfRange => "outside ±1000000000000 or with more than six decimals",
        })
    }
}

impl std::error::Error for ParseQuantityError {}

/// Millionths in one.
const SCALE: i64 = 1_000_000;
const MOST: i64 = 1_000_000_000_000;
const BOUND: i64 = MOST * SCALE;
/// Millionths in the last digit that is kept, by the number of digits behind the point.
const STEPS: [i64; 7] = [1_000_000, 100_000, 10_000, 1_000, 100, 10, 1];

impl Quantity {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// One unit.
    pub const ONE: Self = Self(SCALE);
    /// The largest quantity.
    pub const MAX: Self = Self(BOUND);
    /// The smallest quantity.
    pub const MIN: Self = Self(-BOUND);

    /// A whole number of units.
    #[inline]
    pub fn whole(units: i64) -> Self {
        Self(units.clamp(-MOST, MOST) * SCALE)
    }

    /// Checks a decimal against range and precision.
    pub fn new(value: Decimal) -> Result<Self, ParseQuantityError> {
        let value = value.normalize();
        if value.scale() > 6 || value.abs() > Decimal::from(MOST) {
            return Err(ParseQuantityError::OutOfRange);
        }
        Ok(Self::saturating(value))
    }

    /// The nearest quantity: cut to six decimals downwards, clamped to the range.
    pub fn saturating(value: Decimal) -> Self {
        let limit = Decimal::from(MOST);
        let value = value
            .clamp(-limit, limit)
            .round_dp_with_strategy(6, RoundingStrategy::ToNegativeInfinity);
        let step = usize::try_from(value.scale()).ok().and_then(|digits| STEPS.get(digits));
        Self::bounded(value.mantissa() * i128::from(*step.unwrap_or(&1)))
    }

    /// The value in millionths, exactly.
    #[inline]
    pub fn millionths(self) -> i64 {
        self.0
    }

    /// So many millionths, clamped to the range.
    #[inline]
    pub fn of_millionths(millionths: i64) -> Self {
        Self(millionths.clamp(-BOUND, BOUND))
    }

    #[inline]
    fn bounded(millionths: i128) -> Self {
        let bound = i128::from(BOUND);
        Self(i64::try_from(millionths.clamp(-bound, bound)).unwrap_or_default())
    }

    /// The bare decimal, without trailing zeros.
    pub fn decimal(self) -> Decimal {
        if self.0 % SCALE == 0 {
            Decimal::from(self.0 / SCALE)
        } else {
            Decimal::new(self.0, 6).normalize()
        }
    }

    /// The whole part when there is no fraction.
    pub fn as_whole(self) -> Option<i64> {
        (self.0 % SCALE == 0).then_some(self.0 / SCALE)
    }

    /// Rounds towards minus infinity to `decimals` digits (0 to 6).
    #[must_use]
    #[inline]
    pub fn floor(self, decimals: u32) -> Self {
        let step = usize::try_from(decimals).ok().and_then(|digits| STEPS.get(digits));
        step.map_or(self, |step| Self(self.0 - self.0.rem_euclid(*step)))
    }

    /// The largest multiple of `step` that is not above; unchanged where `step` is not positive.
    #[must_use]
    #[inline]
    pub fn floor_to(self, step: Self) -> Self {
        if !step.is_positive() {
            return self;
        }
        Self::bounded(i128::from(self.0) - i128::from(self.0.rem_euclid(step.0)))
    }

    /// How many whole times `step` fits; zero where `step` is not positive.
    #[must_use]
    #[inline]
    pub fn times(self, step: Self) -> Self {
        if !step.is_positive() {
            return Self::ZERO;
        }
        Self::bounded(i128::from(self.0.div_euclid(step.0)) * i128::from(SCALE))
    }

    /// The product, saturating, cut to six decimals downwards.
    #[must_use]
    #[inline]
    pub fn multiply(self, factor: Decimal) -> Self {
        if factor == Decimal::ONE {
            return self;
        }
        match self.decimal().checked_mul(factor) {
            Some(value) => Self::saturating(value),
            None if self.is_negative() == factor.is_sign_negative() => Self::MAX,
            None => Self::MIN,
        }
    }

    /// The share of it, saturating, cut to six decimals downwards.
    #[must_use]
    #[inline]
    pub fn share(self, share: Percent) -> Self {
        let percent = share.decimal();
        let step = usize::try_from(percent.scale())
            .ok()
            .and_then(|digits| STEPS.get(digits));
        match step {
            // At most 10¹⁸ times 10¹².
            Some(step) => {
                let product = i128::from(self.0) * percent.mantissa() * i128::from(*step);
                Self::bounded(product.div_euclid(i128::from(100 * SCALE)))
            }
            None => self.multiply(share.factor()),
        }
    }

    /// The value, or zero when it is below.
    #[must_use]
    #[inline]
    pub fn positive(self) -> Self {
        self.max(Self::ZERO)
    }

    /// Greater than zero.
    #[inline]
    pub fn is_positive(self) -> bool {
        self > Self::ZERO
    }

    /// Less than zero.
    #[inline]
    pub fn is_negative(self) -> bool {
        self < Self::ZERO
    }

    /// Exactly zero.
    #[inline]
    pub fn is_zero(self) -> bool {
        self == Self::ZERO
    }
}

impl Add for Quantity {
    type Output = Self;
    #[inline]
    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0).clamp(-BOUND, BOUND))
    }
}

impl Sub for Quantity {
    type Output = Self;
    #[inline]
    fn sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0).clamp(-BOUND, BOUND))
    }
}

impl Neg for Quantity {
    type Output = Self;
    #[inline]
    fn neg(self) -> Self {
        Self(-self.0)
    }
}

impl AddAssign for Quantity {
    #[inline]
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl SubAssign for Quantity {
    #[inline]
    fn sub_assign(&mut self, other: Self) {
        *self = *self - other;
    }
}

impl std::iter::Sum for Quantity {
    #[inline]
    fn sum<I: Iterator<Item = Self>>(values: I) -> Self {
        values.fold(Self::ZERO, Add::add)
    }
}

impl std::str::FromStr for Quantity {
    type Err = ParseQuantityError;

    /// Digits with an optional minus and one point; no exponent, no spaces, no grouping.
    fn from_str(text: &str) -> Result<Self, ParseQuantityError> {
        let digits = text.strip_prefix('-').unwrap_or(text);
        if let Some(units) = whole(digits) {
            return Ok(Self::whole(if digits.len() == text.len() { units } else { -units }));
        }
        let plain = !digits.is_empty()
            && digits.len() <= 40
            && digits.bytes().all(|b| b.is_ascii_digit() || b == b'.')
            && digits.bytes().filter(|b| *b == b'.').count() <= 1
            && digits.bytes().any(|b| b.is_ascii_digit());
        if !plain {
            return Err(ParseQuantityError::NotANumber);
        }
        let value = Decimal::from_str_exact(text).map_err(|_| ParseQuantityError::OutOfRange)?;
        Self::new(value)
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.as_whole() {
            Some(units) => f.pad(written(units).as_str()),
            None => f.pad(&self.decimal().to_string()),
        }
    }
}

impl fmt::Debug for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn text_has_no_trailing_zeros_and_no_exponent() {
        for (text, printed) in [
            ("5.50", "5.5"),
            ("-0", "0"),
            ("007", "7"),
            ("1000000000000", "1000000000000"),
            (".5", "0.5"),
        ] {
            assert_eq!(text.parse::<Quantity>().unwrap().to_string(), printed);
        }
        assert_eq!(Quantity::MAX.to_string(), "1000000000000");
        assert_eq!(Quantity::MIN.to_string(), "-1000000000000");
    }

    #[test]
    fn what_is_no_plain_number_is_refused() {
        for text in [
            "", "-", ".", "1,5", "1e3", "+1", " 1", "1 ", "1.2.3", "NaN", "1_000", "0x1", "--1",
        ] {
            assert_eq!(
                text.parse::<Quantity>(),
                Err(ParseQuantityError::NotANumber),
                "{text:?}"
            );
        }
        for text in ["1000000000001", "0.0000001", "99999999999999999999999999999999999999"] {
            assert_eq!(
                text.parse::<Quantity>(),
                Err(ParseQuantityError::OutOfRange),
                "{text:?}"
            );
        }
    }

    #[test]
    fn rounding_goes_down_also_below_zero() {
        let quantity: Quantity = "-1.5".parse().unwrap();
        assert_eq!(quantity.floor(0).to_string(), "-2");
        assert_eq!(
            "8.5"
                .parse::<Quantity>()
                .unwrap()
                .floor_to(Quantity::whole(3))
                .to_string(),
            "6"
        );
        assert_eq!(
            "10".parse::<Quantity>()
                .unwrap()
                .times("0.3".parse().unwrap())
                .to_string(),
            "33"
        );
    }

    proptest! {
        #[test]
        fn a_share_is_the_product_with_its_factor(a in -1_000_000_000_000i64..1_000_000_000_000, percent in 0u32..200_000_000, scale in 0u32..7) {
            let quantity = Quantity::of_millionths(a);
            let percent: Percent = format!("{}%", Decimal::new(i64::from(percent).min(1_000_000 * 10_i64.pow(scale)), scale)).parse().unwrap();
            prop_assert_eq!(quantity.share(percent), quantity.multiply(percent.factor()));
        }

        #[test]
        fn arithmetic_never_leaves_the_range(a in any::<i64>(), b in any::<i64>(), scale in 0u32..20) {
            let a = Quantity::saturating(Decimal::new(a, scale));
            let b = Quantity::saturating(Decimal::new(b, scale));
            for value in [a + b, a - b, -a, a.multiply(b.decimal()), a.floor_to(b), a.times(b)] {
                prop_assert!(value <= Quantity::MAX && value >= Quantity::MIN);
                prop_assert_eq!(value.to_string().parse::<Quantity>().unwrap(), value);
                prop_assert_eq!((Quantity::saturating(value.decimal()), value.decimal().scale()), (value, value.decimal().normalize().scale()));
            }
            let limit = Quantity::MAX.decimal();
            prop_assert_eq!((a + b).decimal(), (a.decimal() + b.decimal()).clamp(-limit, limit));
            prop_assert_eq!(a.cmp(&b), a.decimal().cmp(&b.decimal()));
            for digits in 0..7 {
                let floor = a.decimal().round_dp_with_strategy(digits, RoundingStrategy::ToNegativeInfinity);
                prop_assert_eq!(a.floor(digits).decimal(), floor.max(-limit));
            }
        }
    }
}
