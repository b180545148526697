//! The Float64 mirror: the double nearest to an exact value, ties to even.
//!
//! `raw as f64 / 1e18` rounds twice and misses the nearest double for a quarter of large values.
//! Here the quotient is bounded with integers: 10^18 = 5^18 * 2^18, so a multiplication by the
//! reciprocal of 5^18 gives its leading bits and a power of two does the rest. When both bounds
//! round to the same double, as they do 99 times in 100, so does the exact value between them;
//! otherwise the division is carried out.

/// The double nearest to `raw` units of 10^-9, ties to even.
///
/// It is right for every `i128`, and 0 gives positive zero.
///
/// ```
/// use portfolio_core::numbers::fixed9_to_f64;
///
/// assert_eq!(fixed9_to_f64(1_081_230_000), 1.08123);
/// assert_eq!(fixed9_to_f64(-1), -1e-9);
/// ```
#[must_use]
#[inline]
#[expect(
    clippy::float_arithmetic,
    clippy::as_conversions,
    clippy::cast_precision_loss,
    reason = "both operands are exact doubles, so the division rounds once"
)]
pub fn fixed9_to_f64(raw: i128) -> f64 {
    const EXACT_MAX: i64 = 1 << f64::MANTISSA_DIGITS;
    match i64::try_from(raw) {
        Ok(raw) if (-EXACT_MAX..=EXACT_MAX).contains(&raw) => raw as f64 / 1e9,
        _ => FIVE_POW_9.divide(raw),
    }
}

/// The double nearest to `raw` units of 10^-18, ties to even.
///
/// It is right for every `i128`, and 0 gives positive zero.
///
/// ```
/// use portfolio_core::numbers::fixed18_to_f64;
///
/// assert_eq!(fixed18_to_f64(100_000_000_000_000_000_000_000), 100_000.0);
/// assert_eq!(fixed18_to_f64(-100_000_000_000_000_000), -0.1);
/// ```
#[must_use]
#[inline]
pub fn fixed18_to_f64(raw: i128) -> f64 {
    FIVE_POW_18.divide(raw)
}

const FIVE_POW_9: PowerOfTen = PowerOfTen::new(9);
const FIVE_POW_18: PowerOfTen = PowerOfTen::new(18);

/// A power of ten as a divisor: its power of five, prepared for a division by multiplication.
struct PowerOfTen {
    /// 5^k, shifted so that the top bit is set.
    divisor: u64,
    /// floor(2^127 / divisor), which has its top bit set as well.
    reciprocal: u64,
    /// The biased exponent of the power of two that turns a quarter of `numerator / divisor` into
    /// the result, when the numerator had no leading zeros to begin with.
    exponent: u64,
}

impl PowerOfTen {
    #[expect(
        clippy::arithmetic_side_effects,
        clippy::as_conversions,
        clippy::cast_possible_truncation,
        reason = "evaluated by the compiler; the divisor is above 2^63, so the reciprocal fits"
    )]
    const fn new(decimals: u32) -> Self {
        let five = 5_u64.pow(decimals);
        let shift = five.leading_zeros();
        let divisor = five << shift;
        Self {
            divisor,
            reciprocal: ((1 << 127) / divisor as u128) as u64,
            // 10^k = divisor * 2^(k - shift), and a quarter is made whole again by 2^2.
            exponent: (1023 + 2 + shift - decimals) as u64,
        }
    }

    /// `raw` divided by the power of ten.
    #[inline]
    #[expect(
        clippy::float_arithmetic,
        clippy::float_cmp,
        clippy::as_conversions,
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        reason = "each bound is rounded once, by its conversion; the multiplication by a power \
                  of two far from both ends of the exponent is exact"
    )]
    fn divide(&self, raw: i128) -> f64 {
        let magnitude = raw.unsigned_abs();
        let (high, low) = ((magnitude >> 64) as u64, magnitude as u64);
        let (high, low, skipped) = if high == 0 { (low, 0, 64) } else { (high, low, 0) };
        let zeros = (high | 1).leading_zeros();
        let leading = high.wrapping_shl(zeros) | (low >> 1).wrapping_shr(63 ^ zeros);
        let zeros = zeros.wrapping_add(skipped);
        // Both factors are less than 1 too small, so their product is less than 2 * 2^64 too
        // small; with the bits cut off, a quarter of the quotient is less than 2 above `least`.
        let product = u128::from(leading).wrapping_mul(u128::from(self.reciprocal));
        let least = (product >> 65) as i64;
        let most = least.wrapping_add(2);
        let significand = if least as f64 == most as f64 {
            least as f64
        } else {
            self.quotient_quarter(magnitude.wrapping_shl(zeros)) as f64
        };
        let scale = self.exponent.wrapping_sub(u64::from(zeros)) << 52;
        let sign = u64::from(raw < 0) << 63;
        significand * f64::from_bits(scale | sign)
    }

    /// A quarter of the quotient, with its lowest bit set when anything was cut off.
    ///
    /// It has 61 bits or more, eight more than a double, so this bit does nothing in the
    /// rounding but break what would look like a tie.
    #[cold]
    #[expect(
        clippy::arithmetic_side_effects,
        clippy::as_conversions,
        clippy::cast_possible_truncation,
        reason = "the divisor is above 2^63, so the quotient has at most 65 bits"
    )]
    fn quotient_quarter(&self, numerator: u128) -> i64 {
        let divisor = u128::from(self.divisor);
        let quotient = numerator / divisor;
        let exact = quotient.is_multiple_of(4) && quotient * divisor == numerator;
        (quotient >> 2) as i64 | i64::from(!exact)
    }
}

#[cfg(test)]
#[expect(
    clippy::arithmetic_side_effects,
    clippy::float_cmp,
    reason = "doubles are compared for being the same, and the numbers are chosen to fit"
)]
mod tests {
    use proptest::prelude::{any, prop_assert_eq, proptest};

    use super::{PowerOfTen, fixed9_to_f64, fixed18_to_f64};
    use crate::numbers::{LIMIT, format_fixed, generators};

    /// The standard library reads decimal text with correct rounding.
    fn reference(raw: i128, scale: u32) -> f64 {
        format_fixed(raw, scale, 0).parse().unwrap()
    }

    #[track_caller]
    fn check(raw: i128) {
        for raw in [raw, raw.wrapping_neg()] {
            assert_eq!(fixed9_to_f64(raw).to_bits(), reference(raw, 9).to_bits(), "{raw}");
            assert_eq!(fixed18_to_f64(raw).to_bits(), reference(raw, 18).to_bits(), "{raw}");
        }
    }

    #[test]
    fn zero_is_positive_zero() {
        assert_eq!(fixed9_to_f64(0).to_bits(), 0);
        assert_eq!(fixed18_to_f64(0).to_bits(), 0);
    }

    #[test]
    fn round_amounts_are_exact() {
        assert_eq!(fixed18_to_f64(100_000 * 10_i128.pow(18)), 100_000.0);
        assert_eq!(fixed18_to_f64(1), 1e-18);
        assert_eq!(fixed9_to_f64(1), 1e-9);
        assert_eq!(fixed9_to_f64(LIMIT - 1), 1e29);
        assert_eq!(fixed18_to_f64(1 - LIMIT), -1e20);
    }

    #[test]
    fn powers_and_their_neighbours_are_nearest() {
        for bit in 0..127 {
            for offset in -3..=3 {
                check((1_i128 << bit).wrapping_add(offset));
            }
        }
        for exponent in 0..=38 {
            for offset in -3..=3 {
                check(10_i128.pow(exponent) + offset);
            }
        }
        check(i128::MAX);
        check(i128::MIN);
    }

    proptest! {
        #[test]
        fn every_stored_number_is_nearest(raw in generators::raw()) {
            prop_assert_eq!(fixed9_to_f64(raw), reference(raw, 9));
            prop_assert_eq!(fixed18_to_f64(raw), reference(raw, 18));
        }

        #[test]
        fn every_power_divides_alike(raw in generators::raw(), decimals in 1_u32..=27) {
            prop_assert_eq!(PowerOfTen::new(decimals).divide(raw), reference(raw, decimals));
        }

        /// Half-way between two doubles, and one raw unit to either side.
        #[test]
        fn ties_go_to_the_even_double(
            bits in any::<u64>(), shift in 0_u32..18, offset in -1_i128..=1
        ) {
            let odd = i128::from((bits >> 11) | (1 << 53) | 1);
            let tie = (odd * 5_i128.pow(18)) << shift;
            prop_assert_eq!(fixed18_to_f64(tie + offset), reference(tie + offset, 18));
            let tie = (odd * 5_i128.pow(9)) << (2 * shift);
            prop_assert_eq!(fixed9_to_f64(tie + offset), reference(tie + offset, 9));
        }

        /// As near to a tie as a quotient without remainder can be.
        #[test]
        fn no_bit_of_an_exact_quotient_is_lost(
            bits in any::<u64>(), shift in 0_u32..18, offset in -1_i128..=1
        ) {
            let odd = i128::from((bits >> 11) | (1 << 53) | 1);
            let near = (odd << 10) + offset;
            let raw = (near * 5_i128.pow(18)) << shift;
            prop_assert_eq!(fixed18_to_f64(raw), reference(raw, 18));
            let raw = (near * 5_i128.pow(9)) << (2 * shift);
            prop_assert_eq!(fixed9_to_f64(raw), reference(raw, 9));
        }
    }
}
