//! Division with half-even rounding, the only rounding of the ledger.
//!
//! Signs are split off first, because half-even treats both sides of zero alike; the rest is
//! unsigned. A product that leaves 128 bits is kept in 256, so nothing is lost before the one
//! rounding at the end.

use super::{LIMIT, Overflow};

/// `numerator / denominator`, rounded to the nearest integer, ties to the even one.
///
/// # Panics
///
/// When `denominator` is not greater than 0.
///
/// ```
/// use portfolio_core::numbers::div_half_even;
///
/// assert_eq!(div_half_even(25, 10), 2);
/// assert_eq!(div_half_even(35, 10), 4);
/// assert_eq!(div_half_even(-26, 10), -3);
/// ```
#[must_use]
#[inline]
#[expect(
    clippy::arithmetic_side_effects,
    reason = "the denominator is asserted to be positive, the remainder is smaller than it, and \
              a quotient that is rounded away from zero is at most half of i128::MAX"
)]
pub fn div_half_even(numerator: i128, denominator: i128) -> i128 {
    assert!(denominator > 0, "denominator {denominator} must be greater than 0");
    let quotient = numerator / denominator;
    let remainder = (numerator - quotient * denominator).unsigned_abs();
    if rounds_up(quotient.unsigned_abs(), remainder, denominator.unsigned_abs()) {
        quotient + numerator.signum()
    } else {
        quotient
    }
}

/// `a * b / c`, rounded to the nearest integer, ties to the even one.
///
/// The product is exact whatever its size.
///
/// # Errors
///
/// [`Overflow`] when the result reaches [`LIMIT`] on either side of zero.
///
/// # Panics
///
/// When `c` is not greater than 0.
///
/// ```
/// use portfolio_core::numbers::{LIMIT, Overflow, mul_div_half_even};
///
/// assert_eq!(mul_div_half_even(7, 5, 10), Ok(4)); // 3.5
/// assert_eq!(mul_div_half_even(LIMIT - 1, LIMIT - 1, LIMIT - 1), Ok(LIMIT - 1));
/// assert_eq!(mul_div_half_even(LIMIT - 1, 10, 1), Err(Overflow));
/// ```
#[inline]
pub fn mul_div_half_even(a: i128, b: i128, c: i128) -> Result<i128, Overflow> {
    assert!(c > 0, "divisor {c} must be greater than 0");
    let divisor = c.unsigned_abs();
    let (quotient, remainder) =
        divide_product(a.unsigned_abs(), b.unsigned_abs(), divisor).ok_or(Overflow)?;
    let increment = u128::from(rounds_up(quotient, remainder, divisor));
    let magnitude = quotient.checked_add(increment).ok_or(Overflow)?;
    with_sign(magnitude, (a < 0) != (b < 0))
}

/// The number of this magnitude and sign.
///
/// # Errors
///
/// [`Overflow`] when the magnitude reaches [`LIMIT`].
#[inline]
pub(super) fn with_sign(magnitude: u128, negative: bool) -> Result<i128, Overflow> {
    match i128::try_from(magnitude) {
        Ok(raw) if raw < LIMIT => Ok(if negative { raw.wrapping_neg() } else { raw }),
        _ => Err(Overflow),
    }
}

/// Quotient and remainder of `a * b / c`, or nothing when the quotient leaves 128 bits.
///
/// `c` must not be 0.
#[inline]
#[expect(clippy::arithmetic_side_effects, reason = "both callers pass a divisor above 0")]
pub(super) fn divide_product(a: u128, b: u128, c: u128) -> Option<(u128, u128)> {
    let product = match (u64::try_from(a), u64::try_from(b)) {
        (Ok(a), Ok(b)) => u128::from(a).wrapping_mul(u128::from(b)),
        _ => match a.checked_mul(b) {
            Some(product) => product,
            None => return divide_wide(widening_mul(a, b), c),
        },
    };
    let quotient = product / c;
    Some((quotient, product - quotient * c))
}

/// Whether half-even adds one to a quotient with this remainder.
#[inline]
pub(super) fn rounds_up(quotient: u128, remainder: u128, denominator: u128) -> bool {
    // The distance to the next integer; unlike twice the remainder it cannot overflow.
    let missing = denominator.wrapping_sub(remainder);
    remainder > missing || (remainder == missing && quotient % 2 == 1)
}

/// The 256-bit product of two 128-bit numbers as `(high, low)`.
pub(super) fn widening_mul(a: u128, b: u128) -> (u128, u128) {
    let ((a_high, a_low), (b_high, b_low)) = (halves(a), halves(b));
    // Each partial product is at most (2^64 - 1)^2, which leaves room for two more halves.
    let low = a_low.wrapping_mul(b_low);
    let cross = a_high.wrapping_mul(b_low).wrapping_add(low >> 64);
    let (cross_high, cross_low) = halves(cross);
    let middle = a_low.wrapping_mul(b_high).wrapping_add(cross_low);
    let high = a_high.wrapping_mul(b_high).wrapping_add(cross_high).wrapping_add(middle >> 64);
    (high, (middle << 64) | halves(low).1)
}

/// Quotient and remainder of a 256-bit number, or nothing when the quotient leaves 128 bits.
///
/// This is Knuth's algorithm D with two 64-bit digits.
fn divide_wide((high, low): (u128, u128), divisor: u128) -> Option<(u128, u128)> {
    if high >= divisor {
        return None;
    }
    // With the top bit of the divisor set, an estimated digit is at most two too large.
    let shift = divisor.leading_zeros();
    let divisor = divisor.wrapping_shl(shift);
    let carried = low.checked_shr(128_u32.wrapping_sub(shift)).unwrap_or(0);
    let high = high.wrapping_shl(shift) | carried;
    let (low_high, low_low) = halves(low.wrapping_shl(shift));
    let (quotient_high, rest) = divide_digit(high, low_high, divisor);
    let (quotient_low, rest) = divide_digit(rest, low_low, divisor);
    Some(((quotient_high << 64) | quotient_low, rest.wrapping_shr(shift)))
}

/// One digit of a division: `(high * 2^64 + next) / divisor` and its remainder.
///
/// `high` must be less than `divisor` and the top bit of `divisor` must be set.
#[expect(clippy::arithmetic_side_effects, reason = "the top bit of the divisor is set")]
pub(super) fn divide_digit(high: u128, next: u128, divisor: u128) -> (u128, u128) {
    let (divisor_high, divisor_low) = halves(divisor);
    let mut digit = high / divisor_high;
    let mut rest = high % divisor_high;
    // The first estimate is at most 2^64 + 1, so its product with `divisor_low` fits in 128 bits;
    // once `rest` has more than 64 bits the estimate is right.
    while rest >> 64 == 0 && digit.wrapping_mul(divisor_low) > ((rest << 64) | next) {
        digit = digit.wrapping_sub(1);
        rest = rest.wrapping_add(divisor_high);
    }
    // The true remainder fits, so it may be computed modulo 2^128.
    let remainder = ((high << 64) | next).wrapping_sub(digit.wrapping_mul(divisor));
    (digit, remainder)
}

/// The upper and the lower 64 bits.
#[inline]
fn halves(value: u128) -> (u128, u128) {
    (value >> 64, value & u128::from(u64::MAX))
}

#[cfg(test)]
#[expect(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the reference works on 32-bit digits inside u64, where nothing overflows"
)]
mod tests {
    use std::cmp::Ordering;

    use proptest::prelude::{Strategy, any, prop_assert_eq, proptest};

    use super::{div_half_even, divide_product, divide_wide, mul_div_half_even, widening_mul};
    use crate::numbers::{LIMIT, Overflow, generators};

    /// A number of ten 32-bit digits, the lowest first: slow, simple and wide enough.
    type Digits = [u32; 10];

    fn to_digits(value: u128) -> Digits {
        std::array::from_fn(|index| if index < 4 { (value >> (32 * index)) as u32 } else { 0 })
    }

    fn to_u128(digits: &Digits) -> Option<u128> {
        let fits = digits[4..].iter().all(|digit| *digit == 0);
        fits.then(|| (0..4).fold(0, |sum, index| sum | (u128::from(digits[index]) << (32 * index))))
    }

    fn multiply(a: &Digits, b: &Digits) -> Digits {
        let mut product = [0; 10];
        for i in 0..4 {
            let mut carry = 0_u64;
            for j in 0..6 {
                carry += u64::from(product[i + j]) + u64::from(a[i]) * u64::from(b[j]);
                product[i + j] = carry as u32;
                carry >>= 32;
            }
        }
        product
    }

    fn compare(a: &Digits, b: &Digits) -> Ordering {
        a.iter().rev().cmp(b.iter().rev())
    }

    fn subtract(a: &Digits, b: &Digits) -> Digits {
        let mut borrow = 0_i64;
        std::array::from_fn(|index| {
            let digit = i64::from(a[index]) - i64::from(b[index]) + borrow;
            borrow = digit >> 32;
            digit as u32
        })
    }

    fn double(value: &Digits, bit: u32) -> Digits {
        let mut carry = bit;
        std::array::from_fn(|index| {
            let digit = (value[index] << 1) | carry;
            carry = value[index] >> 31;
            digit
        })
    }

    /// Division bit by bit.
    fn divide(numerator: &Digits, divisor: &Digits) -> (Digits, Digits) {
        let (mut quotient, mut remainder) = ([0; 10], [0; 10]);
        for index in (0..320).rev() {
            remainder = double(&remainder, (numerator[index / 32] >> (index % 32)) & 1);
            let fits = compare(&remainder, divisor) != Ordering::Less;
            if fits {
                remainder = subtract(&remainder, divisor);
            }
            quotient = double(&quotient, u32::from(fits));
        }
        (quotient, remainder)
    }

    fn reference(a: i128, b: i128, c: i128) -> Result<i128, Overflow> {
        let divisor = to_digits(c.unsigned_abs());
        let product = multiply(&to_digits(a.unsigned_abs()), &to_digits(b.unsigned_abs()));
        let (quotient, remainder) = divide(&product, &divisor);
        let up = match compare(&double(&remainder, 0), &divisor) {
            Ordering::Less => 0,
            Ordering::Equal => u128::from(quotient[0] & 1),
            Ordering::Greater => 1,
        };
        let magnitude = to_u128(&quotient).and_then(|value| value.checked_add(up));
        let value = magnitude.and_then(|value| i128::try_from(value).ok()).ok_or(Overflow)?;
        if value >= LIMIT {
            return Err(Overflow);
        }
        Ok(if (a < 0) == (b < 0) { value } else { -value })
    }

    fn positive() -> impl Strategy<Value = i128> {
        generators::raw().prop_map(|raw| raw.abs().max(1))
    }

    #[test]
    fn ties_go_to_the_even_quotient() {
        let cases = [
            (0, 10, 0),
            (4, 10, 0),
            (5, 10, 0),
            (6, 10, 1),
            (15, 10, 2),
            (25, 10, 2),
            (26, 10, 3),
            (-5, 10, 0),
            (-15, 10, -2),
            (-25, 10, -2),
            (-26, 10, -3),
            (1, 3, 0),
            (2, 3, 1),
            (7, 1, 7),
            (1, 2, 0),
            (3, 2, 2),
        ];
        for (numerator, denominator, expected) in cases {
            assert_eq!(div_half_even(numerator, denominator), expected, "{numerator}");
            assert_eq!(mul_div_half_even(numerator, 1, denominator), Ok(expected));
            assert_eq!(mul_div_half_even(-1, numerator, denominator), Ok(-expected));
        }
    }

    #[test]
    fn the_ends_of_the_range_are_divided_without_overflow() {
        assert_eq!(div_half_even(i128::MIN, 1), i128::MIN);
        assert_eq!(div_half_even(i128::MAX, 1), i128::MAX);
        assert_eq!(div_half_even(i128::MIN, i128::MAX), -1);
        assert_eq!(div_half_even(i128::MAX, 2), 1 << 126);
        assert_eq!(div_half_even(i128::MAX / 2, i128::MAX), 0);
        assert_eq!(div_half_even(i128::MAX / 2 + 1, i128::MAX), 1);
    }

    #[test]
    fn the_limit_is_exclusive_after_rounding() {
        let largest = LIMIT - 1;
        assert_eq!(mul_div_half_even(largest, 1, 1), Ok(largest));
        assert_eq!(mul_div_half_even(LIMIT, 1, 1), Err(Overflow));
        assert_eq!(mul_div_half_even(-LIMIT, 1, 1), Err(Overflow));
        // 10^38 - 1, 10^38 - 1/4 and 10^38 - 4/9.
        let root = 10_i128.pow(19);
        assert_eq!(mul_div_half_even(root - 1, root + 1, 1), Ok(largest));
        assert_eq!(mul_div_half_even(2 * root - 1, 2 * root + 1, 4), Err(Overflow));
        assert_eq!(mul_div_half_even(3 * root - 2, -3 * root - 2, 9), Err(Overflow));
        // 10^38 - 4/5, on the other side of the tie.
        assert_eq!(mul_div_half_even(LIMIT / 4 * 5 - 1, 4, 5), Ok(largest));
        assert_eq!(mul_div_half_even(i128::MIN, i128::MIN, i128::MAX), Err(Overflow));
        assert_eq!(mul_div_half_even(i128::MIN, i128::MIN, 1), Err(Overflow));
        assert_eq!(mul_div_half_even(i128::MIN, 1, i128::MAX), Ok(-1));
    }

    #[test]
    fn a_quotient_of_128_bits_is_the_last_that_fits() {
        assert_eq!(divide_wide((2, 0), 3), Some((u128::MAX / 3 * 2, 2)));
        assert_eq!(divide_wide((3, 0), 3), None);
        assert_eq!(divide_wide(widening_mul(u128::MAX, 7), 7), Some((u128::MAX, 0)));
        // The first estimate of a digit is two too large here.
        let divisor = (1 << 127) | u128::from(u64::MAX);
        let product = widening_mul(divisor, u128::from(u64::MAX));
        assert_eq!(divide_wide(product, divisor), Some((u128::from(u64::MAX), 0)));
    }

    #[test]
    #[should_panic(expected = "denominator 0 must be greater than 0")]
    fn a_denominator_of_zero_is_a_broken_invariant() {
        let _ = div_half_even(1, 0);
    }

    #[test]
    #[should_panic(expected = "divisor -1 must be greater than 0")]
    fn a_negative_divisor_is_a_broken_invariant() {
        let _ = mul_div_half_even(1, 1, -1);
    }

    proptest! {
        #[test]
        fn division_agrees_with_the_reference(a in generators::raw(), c in positive()) {
            prop_assert_eq!(Ok(div_half_even(a, c)), reference(a, 1, c));
        }

        #[test]
        fn exact_ties_agree_with_the_reference(half in 1_i128..1 << 40, odd in any::<i64>()) {
            let numerator = (2 * i128::from(odd) + 1) * half;
            let quotient = div_half_even(numerator, 2 * half);
            prop_assert_eq!(Ok(quotient), reference(numerator, 1, 2 * half));
        }

        #[test]
        fn products_agree_with_the_reference(
            a in generators::raw(), b in generators::raw(), c in positive()
        ) {
            prop_assert_eq!(mul_div_half_even(a, b, c), reference(a, b, c));
        }

        #[test]
        fn shares_of_a_whole_agree_with_the_reference(
            a in generators::raw(), b in positive(), c in positive()
        ) {
            let (part, whole) = (b.min(c), b.max(c));
            prop_assert_eq!(mul_div_half_even(a, part, whole), reference(a, part, whole));
        }

        #[test]
        fn wide_products_divide_back(a in any::<u128>(), b in 1..u128::MAX, c in 1..u128::MAX) {
            prop_assert_eq!(divide_wide(widening_mul(a, b), b), Some((a, 0)));
            let (quotient, rest) = divide(&multiply(&to_digits(a), &to_digits(b)), &to_digits(c));
            let expected = to_u128(&quotient).zip(to_u128(&rest));
            prop_assert_eq!(divide_product(a, b, c), expected);
        }
    }
}
