//! Sums of several amounts of which only the result has to be in range.

use super::{LIMIT, Money, Overflow};

/// A running sum that no order of terms can push out of range: a number of 192 bits, which the sums
/// of 2^62 terms fit.
///
/// ```
/// use portfolio_core::numbers::{LIMIT, Money, Overflow, Sum};
///
/// let most = Money::from_raw(LIMIT - 1)?;
/// let sum = Sum::of(&[most, most, most.negated()]);
/// assert_eq!(sum.finish(), Ok(most));
/// assert_eq!(Sum::of(&[most, most]).finish(), Err(Overflow));
/// # Ok::<(), Overflow>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sum {
    high: i64,
    low: u128,
}

impl Sum {
    /// The sum of nothing.
    pub const ZERO: Self = Self { high: 0, low: 0 };

    /// The sum of these amounts.
    #[inline(always)]
    #[must_use]
    pub fn of(terms: &[Money]) -> Self {
        terms.iter().fold(Self::default(), |sum, &term| sum.plus(term))
    }

    /// The sum with one more term.
    #[inline(always)]
    #[must_use]
    pub const fn plus(self, term: Money) -> Self {
        let raw = term.raw();
        let (low, carry) = self.low.overflowing_add(raw.cast_unsigned());
        let high = self.high.wrapping_sub(if raw < 0 { 1 } else { 0 });
        Self { high: high.wrapping_add(if carry { 1 } else { 0 }), low }
    }

    /// The sum with one term taken off.
    #[inline(always)]
    #[must_use]
    pub const fn minus(self, term: Money) -> Self {
        self.plus(term.negated())
    }

    /// The sum of two sums.
    #[inline(always)]
    #[must_use]
    pub const fn plus_sum(self, other: Self) -> Self {
        let (low, carry) = self.low.overflowing_add(other.low);
        let high = self.high.wrapping_add(other.high);
        Self { high: high.wrapping_add(if carry { 1 } else { 0 }), low }
    }

    /// The difference of two sums.
    #[inline]
    #[must_use]
    pub const fn minus_sum(self, other: Self) -> Self {
        let (low, borrow) = self.low.overflowing_sub(other.low);
        let high = self.high.wrapping_sub(other.high);
        Self { high: high.wrapping_sub(if borrow { 1 } else { 0 }), low }
    }

    /// The sum as an amount.
    ///
    /// # Errors
    /// [`Overflow`] when it has 10^38 raw units or more.
    #[inline(always)]
    pub const fn finish(self) -> Result<Money, Overflow> {
        let raw = self.low.cast_signed();
        // The high part of a number of 128 bits is nothing but its sign.
        if self.high == if raw < 0 { -1 } else { 0 } { Money::from_raw(raw) } else { Err(Overflow) }
    }

    /// The sum as an amount, or the nearest one when it is out of range.
    #[inline(always)]
    #[must_use]
    pub fn saturated(self) -> Money {
        self.finish().unwrap_or_else(|Overflow| {
            let most = LIMIT.wrapping_sub(1);
            let nearest = if self.high < 0 { most.wrapping_neg() } else { most };
            Money::from_raw(nearest).unwrap_or_default()
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::generators::raw;
    use super::*;

    fn money(raw: i128) -> Money {
        Money::from_raw(raw).unwrap()
    }

    proptest! {
        #[test]
        fn only_the_result_has_to_be_in_range(terms in prop::collection::vec(raw(), 0..8)) {
            // The reference adds digits above and below 10^20 apart.
            let part = 10_i128.pow(20);
            let high: i128 = terms.iter().map(|term| term / part).sum();
            let low: i128 = terms.iter().map(|term| term % part).sum();
            let whole = high.checked_mul(part).and_then(|high| high.checked_add(low));
            let wanted = whole.filter(|whole| whole.abs() < LIMIT).map(money).ok_or(Overflow);
            let amounts: Vec<Money> = terms.iter().map(|&term| money(term)).collect();
            prop_assert_eq!(Sum::of(&amounts).finish(), wanted);
            let back = amounts.iter().fold(Sum::of(&amounts), |sum, &term| sum.minus(term));
            prop_assert_eq!(back.finish(), Ok(Money::ZERO));
            let (some, others) = amounts.split_at(amounts.len() / 2);
            let less = Sum::of(&amounts).minus_sum(Sum::of(some));
            prop_assert_eq!(less, Sum::of(others));
        }
    }

    #[test]
    fn a_sum_out_of_range_saturates_on_its_side() {
        let most = money(LIMIT - 1);
        assert_eq!(Sum::of(&[most, most, most, most]).saturated(), most);
        assert_eq!(Sum::of(&[most.negated(), most.negated()]).saturated(), most.negated());
        assert_eq!(Sum::of(&[most, most.negated(), money(-5)]).saturated(), money(-5));
        assert_eq!(Sum::default().finish(), Ok(Money::ZERO));
    }
}
