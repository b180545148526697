//! Floats to raw units.
//!
//! A float means its shortest decimal text that reads back as the same float, as `repr` prints
//! it in Python; 0.1 is a tenth. Multiplying by a power of ten and rounding is not that: for
//! half of all decimals between 10^6 and 10^12 it is off.

use super::parse::scan;
use super::{FloatPolicy, LIMIT, NumberError, div_half_even, power_of_ten};

/// At most 15 digits.
const COUNT_MAX: f64 = 1e15;
/// Adding and subtracting 1.5 * 2^52 leaves the nearest integer, ties to even.
const TO_INTEGER: f64 = 6_755_399_441_055_744.0;

/// The raw units at a scale of the shortest decimal of a float.
///
/// # Errors
///
/// - [`NumberError::NotFinite`] for NaN and the infinities,
/// - [`NumberError::OutOfRange`] when the value reaches [`LIMIT`](super::LIMIT),
/// - [`NumberError::RoundsToZero`] when a value other than zero would become 0,
/// - [`NumberError::TooManyDigits`] when the policy is [`FloatPolicy::Strict`] and a digit would
///   be lost.
///
/// ```
/// use portfolio_core::numbers::{FloatPolicy, NumberError, float_to_fixed};
///
/// assert_eq!(float_to_fixed(1.08123, 9, FloatPolicy::Strict), Ok(1_081_230_000));
/// assert_eq!(float_to_fixed(0.1 + 0.2, 9, FloatPolicy::Nearest), Ok(300_000_000));
/// let refused = float_to_fixed(0.1 + 0.2, 9, FloatPolicy::Strict);
/// assert_eq!(refused, Err(NumberError::TooManyDigits));
/// assert_eq!(float_to_fixed(5e-324, 9, FloatPolicy::Nearest), Err(NumberError::RoundsToZero));
/// ```
#[inline]
pub fn float_to_fixed(x: f64, scale: u32, policy: FloatPolicy) -> Result<i128, NumberError> {
    match nine_decimals(x).zip(scale.checked_sub(9).and_then(power_of_ten)) {
        Some((raw, unit)) if scale <= 18 => Ok(i128::from(raw).wrapping_mul(unit)),
        _ => large_to_fixed(x, scale, policy),
    }
}

/// Amounts of a million and more leave less room for decimals.
fn large_to_fixed(x: f64, scale: u32, policy: FloatPolicy) -> Result<i128, NumberError> {
    let count = counted(x, 1e4);
    match count.zip(scale.checked_sub(4).and_then(power_of_ten)) {
        Some((raw, unit)) if scale <= 18 => Ok(i128::from(raw).wrapping_mul(unit)),
        _ => shortest_to_fixed(x, scale, policy),
    }
}

/// The raw units at scale 9 when at most 15 significant digits make up the shortest decimal.
///
/// Two decimals of at most 15 digits are never the same float, so one that reads back as `x` is
/// the shortest. `count / 1e9` reads it back: both operands are exact and the division rounds.
#[inline(always)]
pub(crate) fn nine_decimals(x: f64) -> Option<i64> {
    counted(x, 1e9)
}

/// The same for another number of decimals; `unit` is the power of ten.
#[inline(always)]
#[expect(
    clippy::float_arithmetic,
    clippy::float_cmp,
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    reason = "the estimate is taken only when the exact comparison confirms it, and then it is \
              an integer of at most 15 digits"
)]
fn counted(x: f64, unit: f64) -> Option<i64> {
    let count = x * unit + TO_INTEGER - TO_INTEGER;
    (count.abs() <= COUNT_MAX && count / unit == x).then_some(count as i64)
}

/// [`nine_decimals`] of many floats, up to the first that has none; answers how many there are.
///
/// A block has no branch, so that the compiler may take several floats with one instruction.
#[expect(
    clippy::float_arithmetic,
    clippy::float_cmp,
    reason = "as above: the estimate is taken only when the exact comparison confirms it"
)]
pub(crate) fn nine_decimals_run(values: &[f64], raws: &mut [i64]) -> usize {
    const AT_ONCE: usize = 16;
    let mut done = 0_usize;
    for (values, raws) in values.chunks_exact(AT_ONCE).zip(raws.chunks_exact_mut(AT_ONCE)) {
        let mut all = true;
        for (x, raw) in values.iter().zip(raws) {
            let shifted = x * 1e9 + TO_INTEGER;
            let count = shifted - TO_INTEGER;
            all &= count.abs() <= COUNT_MAX;
            all &= count / 1e9 == *x;
            // Floats next to TO_INTEGER are 1 apart, and so are their bits.
            *raw = shifted.to_bits().wrapping_sub(TO_INTEGER.to_bits()).cast_signed();
        }
        if !all {
            break;
        }
        done = done.saturating_add(AT_ONCE);
    }
    let rest = values.iter().zip(raws).skip(done);
    for (x, raw) in rest {
        let Some(nine) = nine_decimals(*x) else { return done };
        *raw = nine;
        done = done.saturating_add(1);
    }
    done
}

/// The general case, by way of the shortest text.
#[cold]
fn shortest_to_fixed(x: f64, scale: u32, policy: FloatPolicy) -> Result<i128, NumberError> {
    if !x.is_finite() {
        return Err(NumberError::NotFinite);
    }
    if x == 0.0 {
        return Ok(0);
    }
    let (significand, power) = shortest_decimal(x.abs())?;
    let power = power.saturating_add(i64::from(scale));
    let unit = u32::try_from(power.unsigned_abs()).ok().and_then(power_of_ten);
    let magnitude = if power >= 0 {
        let magnitude = unit.and_then(|unit| significand.checked_mul(unit));
        magnitude.filter(|magnitude| *magnitude < LIMIT).ok_or(NumberError::OutOfRange)?
    } else {
        // A shortest decimal has at most 17 digits, so beyond the table nothing is left of it.
        match unit.map_or(0, |unit| div_half_even(significand, unit)) {
            0 => return Err(NumberError::RoundsToZero),
            _ if policy == FloatPolicy::Strict => return Err(NumberError::TooManyDigits),
            rounded => rounded,
        }
    };
    Ok(if x < 0.0 { magnitude.wrapping_neg() } else { magnitude })
}

/// The shortest decimal that reads back as `x`, as an integer and a power of ten; of two that
/// are equally near, the even one.
///
/// The standard library takes the upper one: 2^-25 is 298023223876953125e-25, between ...12e-24
/// and ...13e-24, of which it prints the second.
fn shortest_decimal(x: f64) -> Result<(i128, i64), NumberError> {
    let (significand, power) = read(&format!("{x:e}"))?;
    // In the middle of two decimals, x is an odd number of halves of their last place.
    if lowest_bit(x) != power.saturating_sub(1) {
        return Ok((significand, power));
    }
    let decimals = usize::try_from(significand.ilog10()).map_err(|_| NumberError::OutOfRange)?;
    let even = format!("{x:.decimals$e}");
    // The float below a power of two is nearer than the one above: the even decimal for 2^-24 is
    // already read back as the float below.
    if even.parse() == Ok(x) { read(&even) } else { Ok((significand, power)) }
}

/// Significand and power of ten of the text of a float other than 0.
fn read(text: &str) -> Result<(i128, i64), NumberError> {
    let written = scan(text.as_bytes())?;
    let extent = written.extent().ok_or(NumberError::RoundsToZero)?;
    Ok((written.significand(extent), extent.power))
}

/// The power of two of the lowest bit that is set in a float other than 0.
fn lowest_bit(x: f64) -> i64 {
    const FRACTION_BITS: u32 = f64::MANTISSA_DIGITS - 1;
    let bits = x.abs().to_bits();
    let zeros = (bits | (1 << FRACTION_BITS)).trailing_zeros();
    // Subnormal numbers have the exponent of the smallest normal ones.
    let exponent = (bits >> FRACTION_BITS).max(1).cast_signed();
    exponent.wrapping_add(i64::from(zeros)).wrapping_sub(1075)
}

#[cfg(test)]
#[expect(
    clippy::arithmetic_side_effects,
    clippy::float_arithmetic,
    clippy::as_conversions,
    clippy::cast_precision_loss,
    clippy::excessive_precision,
    clippy::unreadable_literal,
    reason = "the tests build floats of every kind"
)]
mod tests {
    use proptest::prelude::{any, prop_assert_eq, prop_assume, proptest};

    use super::{float_to_fixed, lowest_bit, nine_decimals, shortest_to_fixed};
    use crate::numbers::{FloatPolicy, LIMIT, NumberError, fixed9_to_f64, parse_decimal};

    const NEAREST: FloatPolicy = FloatPolicy::Nearest;
    const STRICT: FloatPolicy = FloatPolicy::Strict;

    /// The shortest decimal of a positive float as text around the point: the first that reads
    /// back when it is rounded to one, two, three digits and so on.
    fn shortest_plain(x: f64) -> (String, String) {
        let texts = (0..17).map(|decimals| format!("{x:.decimals$e}"));
        let text = texts.into_iter().find(|text| text.parse() == Ok(x)).unwrap();
        let (digits, exponent) = text.split_once('e').unwrap();
        let digits = digits.replace('.', "");
        let point = exponent.parse::<i64>().unwrap() + 1;
        if point <= 0 {
            let zeros = "0".repeat(point.unsigned_abs().try_into().unwrap());
            return ("0".to_owned(), zeros + &digits);
        }
        let point = usize::try_from(point).unwrap();
        let digits = format!("{digits:0<point$}");
        let (whole, fraction) = digits.split_at(point);
        (whole.to_owned(), fraction.trim_end_matches('0').to_owned())
    }

    /// The rule in terms of text: the shortest decimal is cut at the scale, and what was cut off
    /// decides.
    fn reference(x: f64, scale: usize, policy: FloatPolicy) -> Result<i128, NumberError> {
        let (whole, fraction) = shortest_plain(x.abs());
        let (kept, cut) = fraction.split_at(fraction.len().min(scale));
        let kept = format!("{whole}{kept:0<scale$}").parse::<i128>();
        let kept = kept.map_err(|_| NumberError::OutOfRange)?;
        let up = if cut == "5" { kept % 2 == 1 } else { cut >= "5" };
        let magnitude = kept + i128::from(up);
        if magnitude >= LIMIT {
            return Err(NumberError::OutOfRange);
        }
        if magnitude == 0 && x != 0.0 {
            return Err(NumberError::RoundsToZero);
        }
        if policy == STRICT && !cut.is_empty() {
            return Err(NumberError::TooManyDigits);
        }
        Ok(if x < 0.0 { -magnitude } else { magnitude })
    }

    #[test]
    fn floats_mean_their_shortest_decimal() {
        let cases = [
            (0.0, 0),
            (-0.0, 0),
            (1.0, 1_000_000_000),
            (-1.0, -1_000_000_000),
            (0.1, 100_000_000),
            (1.08123, 1_081_230_000),
            (1e-9, 1),
            (-1e-9, -1),
            (0.3, 300_000_000),
            (100000.0, 100_000_000_000_000),
            (1000000.0, 1_000_000_000_000_000),
            // Multiplied by 1e9 and rounded, each of these is another number.
            (1234567.891234567, 1_234_567_891_234_567),
            (98765432.12345679, 98_765_432_123_456_790),
            (4503599627.370497, 4_503_599_627_370_497_000),
            (123456789012.34567, 123_456_789_012_345_670_000),
            (999999999999.9999, 999_999_999_999_999_900_000),
            (9007199254740993.0, 9_007_199_254_740_992_000_000_000),
            (1e28, LIMIT / 10),
            (-9.999999999999997e28, -99_999_999_999_999_970_000_000_000_000_000_000_000),
        ];
        for (x, expected) in cases {
            for policy in [NEAREST, STRICT] {
                assert_eq!(float_to_fixed(x, 9, policy), Ok(expected), "{x:e}");
            }
        }
    }

    #[test]
    fn digits_beyond_the_scale_round_half_even_or_are_refused() {
        let cases = [
            (1.0000000005, 1_000_000_000),
            (1.0000000015, 1_000_000_002),
            (1.0000000025, 1_000_000_002),
            (-1.0000000025, -1_000_000_002),
            (1.00000000250001, 1_000_000_003),
            (0.1 + 0.2, 300_000_000),
            (1.0 / 3.0, 333_333_333),
            (6e-10, 1),
            (1.5e-9, 2),
            (2.5e-9, 2),
            (f64::EPSILON + 1.0, 1_000_000_000),
        ];
        for (x, expected) in cases {
            assert_eq!(float_to_fixed(x, 9, NEAREST), Ok(expected), "{x:e}");
            assert_eq!(float_to_fixed(x, 9, STRICT), Err(NumberError::TooManyDigits), "{x:e}");
        }
    }

    #[test]
    fn what_is_no_number_here_is_refused() {
        let cases = [
            (f64::NAN, NumberError::NotFinite),
            (-f64::NAN, NumberError::NotFinite),
            (f64::INFINITY, NumberError::NotFinite),
            (f64::NEG_INFINITY, NumberError::NotFinite),
            (1e29, NumberError::OutOfRange),
            (-1e29, NumberError::OutOfRange),
            (1e38, NumberError::OutOfRange),
            (1e308, NumberError::OutOfRange),
            (f64::MAX, NumberError::OutOfRange),
            (f64::MIN, NumberError::OutOfRange),
            (5e-10, NumberError::RoundsToZero),
            (-4e-10, NumberError::RoundsToZero),
            (1e-40, NumberError::RoundsToZero),
            (5e-324, NumberError::RoundsToZero),
            (-2.2250738585072014e-308, NumberError::RoundsToZero),
        ];
        for (x, expected) in cases {
            for policy in [NEAREST, STRICT] {
                assert_eq!(float_to_fixed(x, 9, policy), Err(expected), "{x:e}");
            }
        }
    }

    #[test]
    fn other_scales_follow_the_same_rule() {
        assert_eq!(float_to_fixed(0.1, 18, STRICT), Ok(100_000_000_000_000_000));
        assert_eq!(float_to_fixed(1e-18, 18, STRICT), Ok(1));
        assert_eq!(float_to_fixed(5e-19, 18, NEAREST), Err(NumberError::RoundsToZero));
        assert_eq!(float_to_fixed(1e20, 18, STRICT), Err(NumberError::OutOfRange));
        assert_eq!(
            float_to_fixed(99999999999999980000.0, 18, STRICT),
            Ok(LIMIT - 2 * 10_i128.pow(22))
        );
        assert_eq!(float_to_fixed(2.5, 0, NEAREST), Ok(2));
        assert_eq!(float_to_fixed(3.0, 0, STRICT), Ok(3));
        assert_eq!(float_to_fixed(1.25, 1, NEAREST), Ok(12));
        assert_eq!(float_to_fixed(1.0, 19, STRICT), Ok(10_i128.pow(19)));
        assert_eq!(float_to_fixed(1.0, 37, STRICT), Ok(10_i128.pow(37)));
        for (x, scale) in [(10.0, 37), (1.0, 38), (1e6, 38), (1.0, 39), (1.0, u32::MAX)] {
            assert_eq!(float_to_fixed(x, scale, STRICT), Err(NumberError::OutOfRange));
        }
        assert_eq!(float_to_fixed(0.0, u32::MAX, STRICT), Ok(0));
    }

    #[test]
    fn of_two_shortest_decimals_the_even_one_is_meant() {
        // Each is in the middle of two decimals of 17 digits.
        let cases = [
            (139284669010881.125, 139_284_669_010_881_120_000_000),
            (98220598144814.125, 98_220_598_144_814_120_000_000),
            (98220598144814.375, 98_220_598_144_814_380_000_000),
            (-1337554640136265.25, -1_337_554_640_136_265_200_000_000),
            (-1337554640136265.75, -1_337_554_640_136_265_800_000_000),
        ];
        for (x, expected) in cases {
            assert_eq!(float_to_fixed(x, 9, STRICT), Ok(expected), "{x:e}");
        }
        let power = 2.0_f64.powi(-25);
        assert_eq!(float_to_fixed(power, 24, STRICT), Ok(29_802_322_387_695_312));
        // 59604644775390625e-24: the even decimal, ...062, reads back as the float below.
        let power = 2.0_f64.powi(-24);
        assert_eq!(float_to_fixed(power, 23, STRICT), Ok(5_960_464_477_539_063));
    }

    #[test]
    fn the_lowest_bit_is_found_in_every_float() {
        let cases = [
            (1.0, 0),
            (-1.0, 0),
            (3.0, 0),
            (12.0, 2),
            (0.75, -2),
            (5e-324, -1074),
            (1e-323, -1073),
            (f64::MIN_POSITIVE, -1022),
            (f64::MAX, 971),
        ];
        for (x, expected) in cases {
            assert_eq!(lowest_bit(x), expected, "{x:e}");
        }
    }

    #[test]
    fn the_quick_path_ends_at_fifteen_digits() {
        assert_eq!(nine_decimals(1e6), Some(1_000_000_000_000_000));
        assert_eq!(nine_decimals(-999999.999999999), Some(-999_999_999_999_999));
        assert_eq!(nine_decimals(1000000.000000001), None);
        assert_eq!(nine_decimals(1e300), None);
        assert_eq!(nine_decimals(f64::NAN), None);
        assert_eq!(nine_decimals(f64::INFINITY), None);
        assert_eq!(nine_decimals(1e-10), None);
    }
    proptest! {
        #[test]
        fn every_finite_float_follows_the_rule(bits in any::<u64>(), scale in 0_usize..=20) {
            let x = f64::from_bits(bits);
            // Powers of two have their own test: nearest digits may not read back there.
            prop_assume!(x.is_finite() && bits << 12 != 0);
            for policy in [NEAREST, STRICT] {
                let result = float_to_fixed(x, scale.try_into()?, policy);
                prop_assert_eq!(result, reference(x, scale, policy), "{:e}", x);
            }
        }

        #[test]
        fn usual_floats_follow_the_rule(
            significand in 1_i64..10_i64.pow(17), decimals in 0_i32..20, scale in 0_usize..=20
        ) {
            let x = format!("{significand}e-{decimals}").parse::<f64>()?;
            for policy in [NEAREST, STRICT] {
                let result = float_to_fixed(-x, scale.try_into()?, policy);
                prop_assert_eq!(result, reference(-x, scale, policy), "{:e}", x);
            }
        }

        #[test]
        fn decimals_between_a_million_and_a_trillion_survive(
            count in 10_i64.pow(11)..10_i64.pow(17), decimals in 5_u32..=9
        ) {
            // At most 15 digits, so the text is the shortest of its float.
            let text = format!("{}e-{decimals}", count / 100);
            let x = text.parse::<f64>()?;
            prop_assert_eq!(float_to_fixed(x, 9, STRICT), parse_decimal(&text, 9));
        }

        #[test]
        fn both_paths_agree(count in -10_i64.pow(15)..=10_i64.pow(15), shift in 0_u32..50) {
            let x = (count >> shift) as f64 / 1e9;
            let quick = nine_decimals(x).map(i128::from);
            prop_assert_eq!(quick, Some(i128::from(count >> shift)));
            prop_assert_eq!(shortest_to_fixed(x, 9, STRICT).ok(), quick);
        }

        #[test]
        fn large_amounts_take_both_paths_to_the_same(
            count in 10_i64.pow(9)..=10_i64.pow(15), decimals in 0_u32..=6
        ) {
            let x = format!("-{count}e-{decimals}").parse::<f64>()?;
            for scale in [3, 4, 9, 18, 19] {
                let wanted = shortest_to_fixed(x, scale, NEAREST);
                prop_assert_eq!(float_to_fixed(x, scale, NEAREST), wanted);
            }
        }

        #[test]
        fn a_mirrored_number_of_15_digits_comes_back(raw in -10_i128.pow(15)..10_i128.pow(15)) {
            prop_assert_eq!(float_to_fixed(fixed9_to_f64(raw), 9, STRICT), Ok(raw));
        }
    }
}
