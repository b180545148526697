//! Sums of several amounts of which only the result has to be in range.

use super::{LIMIT, Money, Overflow};

/// The bits of a term that go into the low part.
const LOW: i128 = 0xFFFF_FFFF_FFFF_FFFF;

/// A running sum that no order of terms can push out of range: it is kept in two parts of 64 and
/// more bits, which the sums of 2^62 terms fit.
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
    high: i128,
    low: i128,
}

impl Sum {
    /// The sum of nothing.
    pub const ZERO: Self = Self { high: 0, low: 0 };

    /// The sum of these amounts.
    #[inline]
    #[must_use]
    pub fn of(terms: &[Money]) -> Self {
        terms.iter().fold(Self::default(), |sum, &term| sum.plus(term))
    }

    /// The sum with one more term.
    #[inline]
    #[must_use]
    pub const fn plus(self, term: Money) -> Self {
        let raw = term.raw();
        Self { high: self.high.wrapping_add(raw >> 64), low: self.low.wrapping_add(raw & LOW) }
    }

    /// The sum with one term taken off.
    #[inline]
    #[must_use]
    pub const fn minus(self, term: Money) -> Self {
        self.plus(term.negated())
    }

    /// The sum as an amount.
    ///
    /// # Errors
    /// [`Overflow`] when it has 10^38 raw units or more.
    #[inline]
    pub const fn finish(self) -> Result<Money, Overflow> {
        let high = self.high.wrapping_add(self.low >> 64);
        // A high part of more than 64 bits stands for a number far beyond the limit.
        if high >> 63 != high >> 127 {
            return Err(Overflow);
        }
        Money::from_raw((high << 64) | (self.low & LOW))
    }

    /// The sum as an amount, or the nearest one when it is out of range.
    #[must_use]
    pub fn saturated(self) -> Money {
        let high = self.high.wrapping_add(self.low >> 64);
        let most = LIMIT.wrapping_sub(1);
        let nearest = if high < 0 { most.wrapping_neg() } else { most };
        self.finish().unwrap_or(Money::from_raw(nearest).unwrap_or_default())
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
