//! Leverage: the one divisor that almost every event needs, prepared once.

use super::round::{divide_product, rounds_up, with_sign};
use super::{LIMIT, Money, Overflow};

/// 1 at scale 9.
const ONE: i128 = 1_000_000_000;

/// How many times the margin a cost may be, above 0 and with 9 decimals.
///
/// ```
/// use portfolio_core::numbers::{Leverage, Money};
///
/// let leverage = Leverage::new(30_000_000_000)?;
/// assert_eq!(leverage.margin(Money::parse("3003").unwrap())?, Money::parse("100.1").unwrap());
/// assert_eq!(Leverage::ONE.margin(Money::ZERO), Ok(Money::ZERO));
/// # Ok::<(), portfolio_core::numbers::Overflow>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leverage {
    raw: i128,
    /// 1 / leverage is `numerator / denominator`, in lowest terms.
    numerator: u64,
    denominator: u128,
    /// The reciprocal of a denominator of at most 63 bits, shifted so that its top bit is set.
    reciprocal: Option<Reciprocal>,
}

impl Leverage {
    /// A leverage of 1: margin is cost.
    pub const ONE: Self = Self { raw: ONE, numerator: 1, denominator: 1, reciprocal: None };

    /// The leverage of `raw` units of 10^-9.
    ///
    /// # Errors
    /// [`Overflow`] when `raw` is not greater than 0 or reaches [`LIMIT`].
    ///
    /// ```
    /// use portfolio_core::numbers::{Leverage, Overflow};
    ///
    /// assert_eq!(Leverage::new(0), Err(Overflow));
    /// ```
    #[expect(clippy::arithmetic_side_effects, reason = "both are divided by what divides them")]
    pub fn new(raw: i128) -> Result<Self, Overflow> {
        if raw <= 0 || raw >= LIMIT {
            return Err(Overflow);
        }
        let common = greatest_common_divisor(raw.unsigned_abs(), ONE.unsigned_abs());
        let numerator = u64::try_from(ONE.unsigned_abs() / common).map_err(|_| Overflow)?;
        let denominator = raw.unsigned_abs() / common;
        let whole = numerator == 1 && denominator > 1;
        let reciprocal = Reciprocal::new(denominator).filter(|_| whole);
        Ok(Self { raw, numerator, denominator, reciprocal })
    }

    /// The leverage in units of 10^-9.
    #[inline]
    #[must_use]
    pub const fn raw(self) -> i128 {
        self.raw
    }

    /// Whether a margin is never more than its cost.
    pub(crate) const fn is_at_least_one(&self) -> bool {
        self.raw >= ONE
    }

    /// `cost / leverage`, rounded half-even once.
    ///
    /// # Errors
    /// [`Overflow`] beyond 38 digits.
    #[inline(always)]
    pub fn margin(&self, cost: Money) -> Result<Money, Overflow> {
        if self.denominator == 1 && self.numerator == 1 {
            return Ok(cost);
        }
        let magnitude = cost.raw().unsigned_abs();
        let quotient = match &self.reciprocal {
            Some(known) => known.divide_half_even(magnitude),
            None => self.divide_general(magnitude)?,
        };
        Money::from_raw(with_sign(quotient, cost.is_negative())?)
    }

    #[inline(never)]
    fn divide_general(&self, magnitude: u128) -> Result<u128, Overflow> {
        let numerator = u128::from(self.numerator);
        let (quotient, remainder) =
            divide_product(magnitude, numerator, self.denominator).ok_or(Overflow)?;
        let increment = u128::from(rounds_up(quotient, remainder, self.denominator));
        quotient.checked_add(increment).ok_or(Overflow)
    }
}

impl Default for Leverage {
    fn default() -> Self {
        Self::ONE
    }
}

fn greatest_common_divisor(mut a: u128, mut b: u128) -> u128 {
    while let Some(rest) = a.checked_rem(b) {
        (a, b) = (b, rest);
    }
    a
}

/// A divisor of at most 63 bits as its reciprocal (Moeller and Granlund, "Improved division by
/// invariant integers", 2011): two multiplications instead of a division of 128 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Reciprocal {
    plain: u64,
    /// The divisor, shifted left until its top bit is set.
    divisor: u64,
    shift: u32,
    /// floor((2^128 - 1) / divisor) - 2^64.
    inverse: u64,
}

impl Reciprocal {
    #[expect(clippy::arithmetic_side_effects, reason = "the divisor is not 0")]
    fn new(divisor: u128) -> Option<Self> {
        let plain = u64::try_from(divisor).ok().filter(|&divisor| divisor > 0)?;
        let shift = plain.leading_zeros();
        let divisor = plain << shift;
        let [low, _] = halves(u128::MAX / u128::from(divisor));
        (shift > 0).then_some(Self { plain, divisor, shift, inverse: low })
    }

    /// Quotient and remainder.
    #[inline]
    fn divide(&self, numerator: u128) -> (u128, u64) {
        let [low, high] = halves(numerator);
        // The quotient has two digits of 64 bits; the upper one is most often 0.
        let (upper, high) = if high < self.plain { (0, high) } else { self.divide_one(high) };
        let (lower, rest) = self.divide_two(high, low);
        ((u128::from(upper) << 64) | u128::from(lower), rest)
    }

    #[expect(clippy::arithmetic_side_effects, reason = "the divisor is not 0")]
    fn divide_one(&self, numerator: u64) -> (u64, u64) {
        (numerator / self.plain, numerator % self.plain)
    }

    /// Quotient and remainder of a number of two digits, the upper one below the divisor.
    #[inline]
    fn divide_two(&self, high: u64, low: u64) -> (u64, u64) {
        let shifted = ((u128::from(high) << 64) | u128::from(low)) << self.shift;
        let [low, high] = halves(shifted);
        // Algorithm 4 of the paper.
        let product = u128::from(self.inverse).wrapping_mul(u128::from(high));
        let [below, estimate] = halves(product.wrapping_add(shifted));
        let mut quotient = estimate.wrapping_add(1);
        let mut rest = low.wrapping_sub(quotient.wrapping_mul(self.divisor));
        if rest > below {
            quotient = quotient.wrapping_sub(1);
            rest = rest.wrapping_add(self.divisor);
        }
        if rest >= self.divisor {
            quotient = quotient.wrapping_add(1);
            rest = rest.wrapping_sub(self.divisor);
        }
        (quotient, rest >> self.shift)
    }

    /// The quotient, rounded half-even. The divisor is at least 2, so there is room to round up.
    #[inline(never)]
    fn divide_half_even(&self, numerator: u128) -> u128 {
        let (quotient, rest) = self.divide(numerator);
        let missing = self.plain.wrapping_sub(rest);
        let up = rest > missing || (rest == missing && quotient & 1 == 1);
        quotient.wrapping_add(u128::from(up))
    }
}

/// The low and the high half.
#[inline]
fn halves(value: u128) -> [u64; 2] {
    let half = |value: u128| u64::try_from(value & u128::from(u64::MAX)).unwrap_or(0);
    [half(value), half(value >> 64)]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert_eq, proptest};

    use super::*;
    use crate::numbers::{generators, mul_div_half_even};

    #[test]
    fn a_leverage_is_above_zero_and_in_range() {
        for raw in [0, -1, LIMIT, i128::MIN, i128::MAX] {
            assert_eq!(Leverage::new(raw), Err(Overflow));
        }
        assert_eq!(Leverage::new(ONE), Ok(Leverage::ONE));
        assert_eq!(Leverage::default(), Leverage::ONE);
        assert_eq!(Leverage::new(30 * ONE).unwrap().raw(), 30 * ONE);
    }

    #[test]
    fn small_quotients_round_half_even() {
        let margin = |leverage, cost| {
            let cost = Money::from_raw(cost).unwrap();
            Leverage::new(leverage).unwrap().margin(cost).unwrap().raw()
        };
        assert_eq!([margin(2 * ONE, 1), margin(2 * ONE, 3), margin(2 * ONE, 5)], [0, 2, 2]);
        assert_eq!([margin(3 * ONE, 1), margin(3 * ONE, 2), margin(3 * ONE, -2)], [0, 1, -1]);
        assert_eq!(margin(ONE / 2, 7), 14);
    }

    proptest! {
        #[test]
        fn the_margin_is_the_rounded_quotient(
            cost in generators::raw(), raw in generators::raw(), whole in 1_i128..1 << 40
        ) {
            for raw in [raw.abs().max(1), whole * ONE, whole] {
                let wanted = mul_div_half_even(cost, ONE, raw).and_then(Money::from_raw);
                let leverage = Leverage::new(raw).unwrap();
                prop_assert_eq!(leverage.margin(Money::from_raw(cost).unwrap()), wanted);
            }
        }

        #[test]
        fn a_reciprocal_divides(numerator in any::<u128>(), shift in 0_u32..128, divisor: u64) {
            let (numerator, divisor) = (numerator >> shift, u128::from(divisor.max(1)));
            let wanted = (numerator / divisor, numerator % divisor);
            match Reciprocal::new(divisor) {
                Some(known) => {
                    let (quotient, rest) = known.divide(numerator);
                    prop_assert_eq!((quotient, u128::from(rest)), wanted);
                }
                None => prop_assert_eq!(divisor >> 63, 1),
            }
        }
    }
}
