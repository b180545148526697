//! Contract sizes, and the one product of different units.

use super::round::{divide_product, with_sign};
use super::{LIMIT, Money, Overflow, Price, Size, power_of_ten, ratio_half_even};

/// The units of the underlying in one unit of size, above 0 and with 9 decimals.
///
/// ```
/// use portfolio_core::numbers::Contract;
///
/// let standard_lot = Contract::new(100_000 * 10_i128.pow(9))?;
/// assert_eq!(standard_lot.decimals(), 0);
/// assert_eq!(Contract::default(), Contract::ONE);
/// # Ok::<(), portfolio_core::numbers::Overflow>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Contract {
    raw: i128,
    /// The contract size is `digits / divisor`, in lowest decimal terms.
    digits: i128,
    /// 10^`decimals`.
    divisor: u128,
    decimals: u32,
    /// The largest number that times `digits` is less than [`LIMIT`].
    factor_max: u128,
}

impl Contract {
    /// A contract size of 1.
    pub const ONE: Self = Self {
        raw: 1_000_000_000,
        digits: 1,
        divisor: 1,
        decimals: 0,
        factor_max: LIMIT.unsigned_abs().wrapping_sub(1),
    };

    /// The contract size of `raw` units of 10^-9.
    ///
    /// # Errors
    ///
    /// [`Overflow`] when `raw` is not greater than 0 or reaches [`LIMIT`].
    ///
    /// ```
    /// use portfolio_core::numbers::{Contract, Overflow};
    ///
    /// assert_eq!(Contract::new(500_000_000)?.decimals(), 1);
    /// assert_eq!(Contract::new(0), Err(Overflow));
    /// # Ok::<(), Overflow>(())
    /// ```
    #[expect(clippy::arithmetic_side_effects, reason = "digits is greater than 0, decimals too")]
    pub fn new(raw: i128) -> Result<Self, Overflow> {
        if raw <= 0 || raw >= LIMIT {
            return Err(Overflow);
        }
        let (mut digits, mut decimals) = (raw, 9);
        while decimals > 0 && digits % 10 == 0 {
            digits /= 10;
            decimals -= 1;
        }
        let divisor = power_of_ten(decimals).ok_or(Overflow)?.unsigned_abs();
        let factor_max = (LIMIT - 1).unsigned_abs() / digits.unsigned_abs();
        Ok(Self { raw, digits, divisor, decimals, factor_max })
    }

    /// The contract size in units of 10^-9.
    ///
    /// ```
    /// assert_eq!(portfolio_core::numbers::Contract::ONE.raw(), 1_000_000_000);
    /// ```
    #[must_use]
    #[inline]
    pub const fn raw(self) -> i128 {
        self.raw
    }

    /// The number of decimals without zeros at the end.
    ///
    /// ```
    /// use portfolio_core::numbers::Contract;
    ///
    /// assert_eq!(Contract::new(12_500_000_000)?.decimals(), 1); // 12.5
    /// # Ok::<(), portfolio_core::numbers::Overflow>(())
    /// ```
    #[must_use]
    #[inline]
    pub const fn decimals(self) -> u32 {
        self.decimals
    }

    /// The contract size as a fraction in lowest decimal terms.
    #[must_use]
    #[inline]
    pub(crate) fn fraction(&self) -> (i128, i128) {
        (self.digits, self.divisor.cast_signed())
    }

    /// `factor * digits` as money.
    #[inline(always)]
    fn scale(&self, factor: i128) -> Result<Money, Overflow> {
        if factor.unsigned_abs() > self.factor_max {
            return Err(Overflow);
        }
        Ok(Money(factor.wrapping_mul(self.digits)))
    }
}

impl Default for Contract {
    fn default() -> Self {
        Self::ONE
    }
}

/// `size * price * contract`, exactly.
///
/// It is never rounded, on one condition: the decimals in use of size, price and contract size
/// are 18 or fewer together. An instrument is only registered when its grid keeps that, and its
/// sizes and prices are only taken on that grid. The condition is asserted in debug builds; a
/// release build drops the digits beyond money's 18 decimals when it is broken.
///
/// # Errors
///
/// [`Overflow`] when the result reaches [`LIMIT`] on either side of zero.
///
/// ```
/// use portfolio_core::numbers::{Contract, LIMIT, Overflow, Price, Size, notional};
///
/// let (size, price) = (Size::from_raw(100_000_000)?, Price::from_raw(1_081_230_000)?);
/// let standard_lot = Contract::new(100_000 * 10_i128.pow(9))?;
/// assert_eq!(notional(size, price, &standard_lot)?.to_string(), "10812.3");
/// let most = Size::from_raw(LIMIT - 1)?;
/// assert_eq!(notional(most, price, &Contract::ONE), Err(Overflow));
/// # Ok::<(), Overflow>(())
/// ```
#[inline(always)]
pub fn notional(size: Size, price: Price, contract: &Contract) -> Result<Money, Overflow> {
    match (i64::try_from(size.0), i64::try_from(price.0)) {
        (Ok(size), Ok(price)) if contract.decimals == 0 => {
            // At most 2^126, which is less than the limit.
            let product = i128::from(size).wrapping_mul(i128::from(price));
            if contract.digits == 1 { Ok(Money(product)) } else { contract.scale(product) }
        }
        _ => notional_wide(size, price, contract),
    }
}

/// The general case, out of the way of the usual one. The division comes first; on the grids of an
/// instrument it is exact, because the product of size and price has as many zeros at its end as
/// the contract size has decimals. A price that a split has made may be off them; then the whole
/// product is rounded half-even, once.
#[inline(never)]
fn notional_wide(size: Size, price: Price, contract: &Contract) -> Result<Money, Overflow> {
    let (quotient, remainder) =
        divide_product(size.0.unsigned_abs(), price.0.unsigned_abs(), contract.divisor)
            .ok_or(Overflow)?;
    if remainder != 0 {
        let (digits, divisor) = contract.fraction();
        return Money::from_raw(ratio_half_even(&[size.0, price.0, digits], divisor)?);
    }
    contract.scale(with_sign(quotient, size.is_negative() != price.is_negative())?)
}

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "the numbers are chosen to fit")]
mod tests {
    use proptest::prelude::{Strategy, any, prop_assert_eq, proptest};

    use super::{Contract, notional, notional_wide};
    use crate::numbers::{LIMIT, Money, Overflow, Price, Size, generators};

    const ONE: i128 = 1_000_000_000;

    fn notional_raw(size: i128, price: i128, contract: i128) -> Result<i128, Overflow> {
        let (size, price) = (Size::from_raw(size)?, Price::from_raw(price)?);
        notional(size, price, &Contract::new(contract)?).map(Money::raw)
    }

    #[test]
    fn contracts_know_their_decimals() {
        let cases = [(1, 9), (10, 8), (ONE / 2, 1), (ONE, 0), (100_000 * ONE, 0), (LIMIT - 1, 9)];
        for (raw, decimals) in cases {
            let contract = Contract::new(raw).unwrap();
            assert_eq!((contract.raw(), contract.decimals()), (raw, decimals));
        }
        for raw in [0, -1, LIMIT, i128::MIN, i128::MAX] {
            assert_eq!(Contract::new(raw), Err(Overflow));
        }
        assert_eq!(Contract::new(ONE), Ok(Contract::ONE));
        assert_eq!(Contract::default(), Contract::ONE);
    }

    #[test]
    fn notional_is_exact_in_every_lane() {
        let most = i128::from(i64::MAX);
        let cases = [
            (ONE, ONE, ONE, ONE * ONE),
            (-ONE, ONE, ONE, -ONE * ONE),
            (0, ONE, ONE, 0),
            (1, 1, ONE, 1),
            (ONE, ONE, 2 * ONE, 2 * ONE * ONE),
            (most, most, ONE, most * most),
            (i128::from(i64::MIN), i128::from(i64::MIN), ONE, 1 << 126),
            (100_000_000, 1_081_230_000, 100_000 * ONE, 10_812_300_000_000_000 * 1_000_000),
            (ONE, 1_500_000_000, ONE / 2, 750_000_000 * ONE),
            (-ONE, 1_500_000_000, ONE / 100, -15_000_000 * ONE),
            // Operands beyond 64 bits.
            (LIMIT / 100, 10, ONE, LIMIT / 10),
            (LIMIT / 10, 1, 9 * ONE, LIMIT / 10 * 9),
            // The product leaves 128 bits before the division.
            (LIMIT / 10, 1000, ONE / 1000, LIMIT / 10),
            (LIMIT / 10, -ONE, 1, -LIMIT / 10),
            (LIMIT / 10, ONE, 7, LIMIT / 10 * 7),
        ];
        for (size, price, contract, expected) in cases {
            assert_eq!(
                notional_raw(size, price, contract),
                Ok(expected),
                "{size} {price} {contract}"
            );
            assert_eq!(notional_raw(price, size, contract), Ok(expected));
        }
    }

    #[test]
    fn notional_is_refused_at_the_limit() {
        let cases = [
            (LIMIT / 2, 2, ONE),
            (LIMIT / 2, -2, ONE),
            (LIMIT - 1, LIMIT - 1, ONE),
            (LIMIT - 1, LIMIT - 1, LIMIT / ONE * ONE),
            (10_i128.pow(18), 10_i128.pow(18), 100 * ONE),
            (-(10_i128.pow(18)), 10_i128.pow(18), 100 * ONE),
            (LIMIT / 10, ONE, 10 * ONE / ONE),
            (LIMIT / 10, 100 * ONE, 1),
        ];
        for (size, price, contract) in cases {
            assert_eq!(
                notional_raw(size, price, contract),
                Err(Overflow),
                "{size} {price} {contract}"
            );
        }
    }

    #[test]
    fn a_product_off_the_grid_is_rounded_half_even() {
        // Tenths: 0.1, 0.5, 0.6, 1.5, -1.5; and halves of odd products.
        for (size, price, contract, rounded) in [
            (1, 1, ONE / 10, 0),
            (1, 5, ONE / 10, 0),
            (2, 3, ONE / 10, 1),
            (3, 5, ONE / 10, 2),
            (-3, 5, ONE / 10, -2),
            (1_000_000_003, 32_667_333_333, ONE / 2, 16_333_666_715_501_000_000),
        ] {
            assert_eq!(notional_raw(size, price, contract), Ok(rounded), "{size} * {price}");
        }
    }

    /// A number of a grid: how many steps of 10^-decimals, and the decimals.
    fn on_grid(decimals_max: u32) -> impl Strategy<Value = (i128, u32)> {
        (generators::raw(), 0..=decimals_max)
            .prop_map(|(raw, decimals)| (raw / step(decimals), decimals))
    }

    fn step(decimals: u32) -> i128 {
        10_i128.pow(9 - decimals)
    }

    proptest! {
        #[test]
        fn notional_is_the_product_of_whole_steps(
            size in on_grid(9), price in on_grid(5), contract in on_grid(4)
        ) {
            let contract = (contract.0.abs().max(1), contract.1);
            // Every factor is whole, so a product that overflows is beyond the limit.
            let unit = 10_i128.pow(18 - size.1 - price.1 - contract.1);
            let product = size.0.checked_mul(price.0);
            let product = product.and_then(|product| product.checked_mul(contract.0));
            let product = product.and_then(|product| product.checked_mul(unit));
            let expected = product.filter(|raw| raw.abs() < LIMIT).ok_or(Overflow);
            let raw = |(steps, decimals): (i128, u32)| steps * step(decimals);
            prop_assert_eq!(notional_raw(raw(size), raw(price), raw(contract)), expected);
        }

        #[test]
        fn both_lanes_agree(size in any::<i64>(), price in any::<i64>(), whole in 1_i128..1 << 62) {
            let [size, price] = [size, price].map(i128::from);
            let (size, price) = (Size::from_raw(size)?, Price::from_raw(price)?);
            let contract = Contract::new(whole * ONE)?;
            prop_assert_eq!(
                notional(size, price, &contract),
                notional_wide(size, price, &contract)
            );
        }
    }
}
