//! Products of several factors, rounded once: rates, contracts and prices together leave 128 bits.

use std::cmp::Ordering;

use super::round::{divide_digit, rounds_up, widening_mul, with_sign};
use super::{Money, Overflow, mul_div_half_even};

/// Digits of 64 bits that a product may have.
const DIGITS: usize = 10;

/// The product of some numbers over a divisor, rounded half-even once.
///
/// # Errors
/// [`Overflow`] when the result has more than 38 digits, or the product more than 640 bits.
///
/// # Panics
/// When the divisor is not greater than 0.
///
/// ```
/// use portfolio_core::numbers::{Overflow, ratio_half_even};
///
/// assert_eq!(ratio_half_even(&[7, 5, -1], 10), Ok(-4)); // -3.5
/// let large = 10_i128.pow(37);
/// assert_eq!(ratio_half_even(&[large, large, 100], large), Err(Overflow));
/// ```
pub fn ratio_half_even(factors: &[i128], divisor: i128) -> Result<i128, Overflow> {
    assert!(divisor > 0, "divisor {divisor} must be greater than 0");
    let (mut left, mut right) = (1_i128, 1_i128);
    for &factor in factors {
        if let Some(product) = left.checked_mul(factor) {
            left = product;
        } else if let Some(product) = right.checked_mul(factor) {
            right = product;
        } else {
            return divide_digits(factors, divisor.unsigned_abs());
        }
    }
    mul_div_half_even(left, right, divisor)
}

/// The product of some numbers over the product of others, all of them not negative, rounded down
/// once.
///
/// # Errors
/// [`Overflow`] when the result has more than 38 digits, or the product of the factors more than
/// 640 bits.
///
/// # Panics
/// When a divisor is not greater than 0, or a factor is negative.
///
/// ```
/// use portfolio_core::numbers::{Overflow, ratio_floor};
///
/// assert_eq!(ratio_floor(&[7, 5], &[2, 9]), Ok(1)); // 35 / 18
/// let large = 10_i128.pow(37);
/// assert_eq!(ratio_floor(&[large, large, 99], &[large, 10, large]), Ok(9));
/// assert_eq!(ratio_floor(&[large, large], &[7]), Err(Overflow));
/// ```
pub fn ratio_floor(factors: &[i128], divisors: &[i128]) -> Result<i128, Overflow> {
    assert!(divisors.iter().all(|&divisor| divisor > 0), "divisors {divisors:?} must be above 0");
    assert!(factors.iter().all(|&factor| factor >= 0), "factors {factors:?} must not be negative");
    let product = |numbers: &[i128]| {
        numbers
            .iter()
            .try_fold(1_u128, |product, number| product.checked_mul(number.unsigned_abs()))
    };
    if let (Some(over), Some(under)) = (product(factors), product(divisors)) {
        return with_sign(over.checked_div(under).ok_or(Overflow)?, false);
    }
    let (mut digits, _) = product_of(factors)?;
    // Rounded down by one divisor after the other is rounded down by their product.
    for divisor in divisors {
        digits = quotient_of(&digits, divisor.unsigned_abs())?.0;
    }
    with_sign(narrowed(&digits)?, false)
}

/// As [`ratio_half_even`] over the product of two divisors, which may leave 128 bits as well.
///
/// # Errors
/// As [`ratio_half_even`].
///
/// # Panics
/// When a divisor is not greater than 0.
///
/// ```
/// use portfolio_core::numbers::ratio_of_products;
///
/// let large = 10_i128.pow(37);
/// assert_eq!(ratio_of_products(&[large, large, 5], [large, large]), Ok(5));
/// ```
pub fn ratio_of_products(factors: &[i128], divisors: [i128; 2]) -> Result<i128, Overflow> {
    let [first, second] = divisors;
    if let Some(divisor) = first.checked_mul(second) {
        return ratio_half_even(factors, divisor);
    }
    assert!(first > 0 && second > 0, "divisors {divisors:?} must be greater than 0");
    divide_twice(factors, first.unsigned_abs(), second.unsigned_abs())
}

/// The same, digit by digit.
fn divide_twice(factors: &[i128], first: u128, second: u128) -> Result<i128, Overflow> {
    let (digits, negative) = product_of(factors)?;
    let (digits, rest) = quotient_of(&digits, first)?;
    let (digits, over) = quotient_of(&digits, second)?;
    let quotient = narrowed(&digits)?;
    // What is left is `over * first + rest`.
    let up = match against_half((over, second), (rest, first)) {
        Ordering::Less => false,
        Ordering::Equal => quotient % 2 == 1,
        Ordering::Greater => true,
    };
    with_sign(quotient.checked_add(u128::from(up)).ok_or(Overflow)?, negative)
}

/// How `over * first + rest` compares to half of `first * second`; `over` is less than `second`,
/// `rest` less than `first`.
fn against_half((over, second): (u128, u128), (rest, first): (u128, u128)) -> Ordering {
    // The divisors are less than 2^127. Twice the rest is less than two of `first`.
    let (over, rest) = (over.wrapping_mul(2), rest.wrapping_mul(2));
    match over.cmp(&second) {
        Ordering::Equal => rest.cmp(&0),
        Ordering::Less if second.wrapping_sub(over) == 1 => rest.cmp(&first),
        order => order,
    }
}

/// The same, digit by digit.
fn divide_digits(factors: &[i128], divisor: u128) -> Result<i128, Overflow> {
    let (digits, negative) = product_of(factors)?;
    let (digits, rest) = quotient_of(&digits, divisor)?;
    let quotient = narrowed(&digits)?;
    let up = rounds_up(quotient, rest, divisor);
    with_sign(quotient.checked_add(u128::from(up)).ok_or(Overflow)?, negative)
}

/// The digits of a product, and whether it is negative.
fn product_of(factors: &[i128]) -> Result<([u64; DIGITS], bool), Overflow> {
    let mut digits = [0_u64; DIGITS];
    if let Some(first) = digits.first_mut() {
        *first = 1;
    }
    let mut negative = false;
    for factor in factors {
        negative ^= *factor < 0;
        digits = multiplied(&digits, factor.unsigned_abs())?;
    }
    Ok((digits, negative))
}

/// Quotient and remainder of a number of several digits.
fn quotient_of(digits: &[u64; DIGITS], divisor: u128) -> Result<([u64; DIGITS], u128), Overflow> {
    // With the top bit of the divisor set, an estimated digit is at most two too large.
    let shift = divisor.leading_zeros();
    let digits = multiplied(digits, 1_u128.wrapping_shl(shift))?;
    let divisor = divisor.wrapping_shl(shift);
    let mut quotient = [0_u64; DIGITS];
    let mut rest = 0_u128;
    for (to, &digit) in quotient.iter_mut().zip(&digits).rev() {
        let (next, left) = divide_digit(rest, u128::from(digit), divisor);
        rest = left;
        *to = low_digit(next);
    }
    Ok((quotient, rest.wrapping_shr(shift)))
}

/// The number of some digits.
fn narrowed(digits: &[u64; DIGITS]) -> Result<u128, Overflow> {
    let [low, high, above @ ..] = digits;
    if above.iter().any(|&digit| digit != 0) {
        return Err(Overflow);
    }
    Ok((u128::from(*high) << 64) | u128::from(*low))
}

/// A number of several digits times one of two digits.
fn multiplied(digits: &[u64; DIGITS], factor: u128) -> Result<[u64; DIGITS], Overflow> {
    let mut product = [0_u64; DIGITS];
    let mut carry = 0_u128;
    for (to, &digit) in product.iter_mut().zip(digits) {
        let (high, low) = widening_mul(u128::from(digit), factor);
        let (low, over) = low.overflowing_add(carry);
        *to = low_digit(low);
        // The high part is below 2^64, so it has room for the carry.
        let high = high.wrapping_add(u128::from(over));
        carry = (high << 64) | (low >> 64);
    }
    if carry == 0 { Ok(product) } else { Err(Overflow) }
}

fn low_digit(value: u128) -> u64 {
    u64::try_from(value & u128::from(u64::MAX)).unwrap_or(0)
}

/// Whether `a * b < c * d`; only `a` may be negative.
#[must_use]
pub fn product_is_less(a: i128, b: i128, c: i128, d: i128) -> bool {
    let left = widening_mul(a.unsigned_abs(), b.unsigned_abs());
    let right = widening_mul(c.unsigned_abs(), d.unsigned_abs());
    if a < 0 { left != (0, 0) || right != (0, 0) } else { left < right }
}

impl Money {
    /// 1, and the rate of a currency to itself.
    pub const ONE: Self = Self(1_000_000_000_000_000_000);

    /// The amount times a rate of exchange at scale 18, rounded half-even once.
    ///
    /// # Errors
    /// [`Overflow`] beyond 38 digits.
    ///
    /// ```
    /// use portfolio_core::numbers::Money;
    ///
    /// let (amount, rate) = (Money::parse("3").unwrap(), Money::parse("1.1").unwrap());
    /// assert_eq!(amount.at_rate(rate), Ok(Money::parse("3.3").unwrap()));
    /// ```
    #[inline]
    pub fn at_rate(self, rate: Self) -> Result<Self, Overflow> {
        if rate == Self::ONE {
            return Ok(self);
        }
        Self::from_raw(mul_div_half_even(self.0, rate.0, Self::ONE.0)?)
    }

    /// The part of the amount that `part` is of `whole`, rounded half-even once.
    ///
    /// # Errors
    /// [`Overflow`] beyond 38 digits.
    ///
    /// # Panics
    /// When the whole is not greater than 0.
    #[inline]
    pub fn share(self, part: i128, whole: i128) -> Result<Self, Overflow> {
        if part == whole || self.is_zero() {
            return Ok(self);
        }
        Self::from_raw(mul_div_half_even(self.0, part, whole)?)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop_assert_eq, proptest};

    use super::*;
    use crate::numbers::{LIMIT, generators};

    #[test]
    fn wide_products_are_exact() {
        let most = LIMIT - 1;
        assert_eq!(ratio_half_even(&[most, most, 7, 1], 7), Err(Overflow));
        assert_eq!(ratio_half_even(&[i128::MAX, i128::MAX, i128::MAX], i128::MAX), Err(Overflow));
        assert_eq!(ratio_half_even(&[most, 3, 5], 15), Ok(most));
        assert_eq!(divide_digits(&[most, most, 1], most.unsigned_abs()), Ok(most));
        assert_eq!(ratio_half_even(&[], 2), Ok(0));
        let odd = [most, i128::MAX];
        assert_eq!(ratio_of_products(&[most, i128::MAX, 7], odd), Ok(7));
        assert_eq!(ratio_of_products(&[most, most, most], [10, 10]), Err(Overflow));
        assert!(product_is_less(-1, 1, 0, 5) && !product_is_less(0, 1, 0, 5));
        assert!(product_is_less(most, most, most, i128::MAX));
        assert_eq!(Money::ONE.share(1, 3).unwrap().raw(), 333_333_333_333_333_333);
    }

    proptest! {
        #[test]
        fn digits_agree_with_the_product_of_two(
            a in generators::raw(), b in generators::raw(), c in generators::raw(), small: u32
        ) {
            let c = c.abs().max(1);
            let wanted = mul_div_half_even(a, b, c);
            prop_assert_eq!(divide_digits(&[a, b], c.unsigned_abs()), wanted);
            prop_assert_eq!(ratio_half_even(&[a, b], c), wanted);
            // A factor that is divided away again changes nothing.
            let small = i128::from(small.max(1));
            if let Some(divisor) = c.checked_mul(small) {
                prop_assert_eq!(divide_digits(&[a, small, b], divisor.unsigned_abs()), wanted);
            }
        }

        #[test]
        fn rounded_down_is_not_above(
            a in generators::raw(), b in generators::raw(), c in generators::raw(), small: u32
        ) {
            let [a, b, c] = [a.abs(), b.abs(), c.abs().max(1)];
            let small = i128::from(small.max(1));
            let floor = ratio_floor(&[a, b, small], &[c, small]);
            prop_assert_eq!(ratio_floor(&[b, a], &[c]), floor);
            // Half-even is one above it, or the same.
            match (mul_div_half_even(a, b, c), floor) {
                (Ok(near), Ok(floor)) => proptest::prop_assert!((0..=1).contains(&(near - floor))),
                (near, floor) => prop_assert_eq!(floor.is_err(), near.is_err()),
            }
            if let (Some(over), Some(under)) = (a.checked_mul(small), c.checked_mul(small)) {
                prop_assert_eq!(ratio_floor(&[a, small], &[c]).ok(), Some(over / c));
                prop_assert_eq!(ratio_floor(&[a], &[c, small]).ok(), Some(a / under));
            }
        }

        #[test]
        fn two_divisors_are_their_product(
            a in generators::raw(), c in generators::raw(), small in 1..20_i128, least in 1..20_i128
        ) {
            let c = c.abs().max(1);
            let [one, other] = [small, least].map(i128::unsigned_abs);
            prop_assert_eq!(divide_twice(&[a], one, other), ratio_half_even(&[a], small * least));
            prop_assert_eq!(ratio_of_products(&[a, small, c], [c, small]), Ok(a));
            prop_assert_eq!(ratio_of_products(&[a, 1], [c, 1]), ratio_half_even(&[a], c));
        }

        #[test]
        fn less_is_less(a: i64, b: u32, c: u64, d: u32) {
            let [a, b, c, d] = [i128::from(a), i128::from(b), i128::from(c), i128::from(d)];
            prop_assert_eq!(product_is_less(a, b, c, d), a * b < c * d);
        }

        #[test]
        fn rates_convert(amount in generators::raw(), rate in any::<u64>()) {
            let rate = Money::from_raw(i128::from(rate)).unwrap();
            let amount = Money::from_raw(amount).unwrap();
            let wanted = mul_div_half_even(amount.raw(), rate.raw(), 10_i128.pow(18));
            prop_assert_eq!(amount.at_rate(rate), wanted.and_then(Money::from_raw));
        }
    }
}
