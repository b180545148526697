//! Decimal text to raw units, exactly.
//!
//! The text is an optional sign, ASCII digits with at most one point and a digit on at least one
//! side of it, and an optional exponent: `e` or `E`, an optional sign, one to four digits.
//! Nothing else is a number here, and nothing is rounded.

use super::{LIMIT_DIGITS, NumberError, power_of_ten};

/// The raw units of a decimal text at a scale: `"1.5"` at scale 9 is 1,500,000,000.
///
/// It does not allocate, and its time is linear in the length of the text.
///
/// # Errors
///
/// In this order:
/// - [`NumberError::Syntax`] when the text is not of the form above,
/// - [`NumberError::TooManyDigits`] when a digit other than zero lies beyond the scale,
/// - [`NumberError::OutOfRange`] when the value reaches [`LIMIT`](super::LIMIT).
///
/// ```
/// use portfolio_core::numbers::{NumberError, parse_decimal};
///
/// assert_eq!(parse_decimal("1.08123", 9), Ok(1_081_230_000));
/// assert_eq!(parse_decimal("-25e-2", 9), Ok(-250_000_000));
/// assert_eq!(parse_decimal("0.5000", 1), Ok(5));
/// assert_eq!(parse_decimal("0.55", 1), Err(NumberError::TooManyDigits));
/// assert_eq!(parse_decimal("1e29", 9), Err(NumberError::OutOfRange));
/// assert_eq!(parse_decimal(" 1", 9), Err(NumberError::Syntax));
/// ```
#[inline]
pub fn parse_decimal(text: &str, scale: u32) -> Result<i128, NumberError> {
    match parse_short(text.as_bytes(), scale) {
        Some(raw) => Ok(raw),
        None => scan(text.as_bytes())?.to_raw(scale),
    }
}

/// The longest text without sign that is sure to stay below 10^18, and the largest scale that
/// then keeps the result below 10^36.
const SHORT_LENGTH: usize = 18;
const SHORT_SCALE: u32 = 18;

/// Plain short text, as nearly every price is; nothing when the full grammar has to look at it.
#[inline]
fn parse_short(text: &[u8], scale: u32) -> Option<i128> {
    let (negative, text) = split_sign(text);
    if text.len() > SHORT_LENGTH || scale > SHORT_SCALE {
        return None;
    }
    let (mut value, mut decimals) = (0_u64, 0_u32);
    let mut rest = text;
    while let Some((digit, tail)) = split_digit(rest) {
        value = value.wrapping_mul(10).wrapping_add(digit);
        rest = tail;
    }
    if let [b'.', fraction @ ..] = rest {
        rest = fraction;
        while let Some((digit, tail)) = split_digit(rest) {
            value = value.wrapping_mul(10).wrapping_add(digit);
            decimals = decimals.wrapping_add(1);
            rest = tail;
        }
    }
    if !rest.is_empty() || matches!(text, [] | [b'.']) {
        return None;
    }
    let unit = power_of_ten(scale.checked_sub(decimals)?)?;
    let magnitude = i128::from(value).wrapping_mul(unit);
    Some(if negative { magnitude.wrapping_neg() } else { magnitude })
}

/// A number as it is written: sign, digits before and after the point, exponent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Written<'a> {
    negative: bool,
    whole: &'a [u8],
    fraction: &'a [u8],
    exponent: i64,
}

/// Where the digits of a written number begin and end once outer zeros are left away.
#[derive(Debug, Clone, Copy)]
pub(super) struct Extent {
    skipped: usize,
    count: usize,
    /// The power of ten of the last digit that is not zero.
    pub(super) power: i64,
}

impl Written<'_> {
    /// The extent of the digits, or nothing when all of them are zero.
    pub(super) fn extent(&self) -> Option<Extent> {
        let digits = self.whole.iter().chain(self.fraction);
        let skipped = digits.clone().position(|digit| *digit != b'0')?;
        let trailing = digits.rev().position(|digit| *digit != b'0')?;
        let total = self.whole.len().saturating_add(self.fraction.len());
        Some(Extent {
            skipped,
            count: total.saturating_sub(skipped).saturating_sub(trailing),
            power: length(trailing)
                .saturating_sub(length(self.fraction.len()))
                .saturating_add(self.exponent),
        })
    }

    /// The digits of an extent as an integer; there must be at most 38 of them.
    pub(super) fn significand(&self, extent: Extent) -> i128 {
        let digits = self.whole.iter().chain(self.fraction).skip(extent.skipped);
        digits.take(extent.count).fold(0, |value: i128, digit| {
            value.wrapping_mul(10).wrapping_add(i128::from(digit.wrapping_sub(b'0')))
        })
    }

    /// The exact value in raw units.
    fn to_raw(self, scale: u32) -> Result<i128, NumberError> {
        let Some(extent) = self.extent() else {
            return Ok(0);
        };
        let power = extent.power.saturating_add(i64::from(scale));
        if power < 0 {
            return Err(NumberError::TooManyDigits);
        }
        if length(extent.count).saturating_add(power) > i64::from(LIMIT_DIGITS) {
            return Err(NumberError::OutOfRange);
        }
        let exponent = u32::try_from(power).map_err(|_| NumberError::OutOfRange)?;
        let unit = power_of_ten(exponent).ok_or(NumberError::OutOfRange)?;
        let magnitude = self.significand(extent).wrapping_mul(unit);
        Ok(if self.negative { magnitude.wrapping_neg() } else { magnitude })
    }
}

/// A length as a signed number; no slice is longer than `isize::MAX`.
fn length(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Takes a text apart by the grammar of this module.
///
/// # Errors
///
/// [`NumberError::Syntax`].
pub(super) fn scan(text: &[u8]) -> Result<Written<'_>, NumberError> {
    let (negative, rest) = split_sign(text);
    let (whole, rest) = split_digits(rest);
    let (fraction, rest) = match rest {
        [b'.', rest @ ..] => split_digits(rest),
        _ => (<&[u8]>::default(), rest),
    };
    if whole.is_empty() && fraction.is_empty() {
        return Err(NumberError::Syntax);
    }
    let exponent = match rest {
        [] => 0,
        [b'e' | b'E', rest @ ..] => scan_exponent(rest)?,
        _ => return Err(NumberError::Syntax),
    };
    Ok(Written { negative, whole, fraction, exponent })
}

fn scan_exponent(text: &[u8]) -> Result<i64, NumberError> {
    let (negative, text) = split_sign(text);
    let (digits, rest) = split_digits(text);
    if !rest.is_empty() || !(1..=4).contains(&digits.len()) {
        return Err(NumberError::Syntax);
    }
    let exponent = digits.iter().fold(0_i64, |exponent, digit| {
        exponent.wrapping_mul(10).wrapping_add(i64::from(digit.wrapping_sub(b'0')))
    });
    Ok(if negative { exponent.wrapping_neg() } else { exponent })
}

#[inline]
fn split_sign(text: &[u8]) -> (bool, &[u8]) {
    match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    }
}

#[inline]
fn split_digit(text: &[u8]) -> Option<(u64, &[u8])> {
    let (first, rest) = text.split_first()?;
    let digit = first.wrapping_sub(b'0');
    (digit < 10).then_some((u64::from(digit), rest))
}

fn split_digits(text: &[u8]) -> (&[u8], &[u8]) {
    let end = text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    text.split_at(end)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{Just, Strategy, any, prop_assert_eq, prop_oneof, proptest};

    use super::{parse_decimal, parse_short, scan};
    use crate::numbers::{LIMIT, NumberError, format_fixed, generators};

    #[test]
    fn texts_of_the_grammar_are_read() {
        let cases = [
            ("0", 0),
            ("-0", 0),
            ("+0.000", 0),
            ("1", 1_000_000_000),
            ("+1", 1_000_000_000),
            ("-1", -1_000_000_000),
            ("1.", 1_000_000_000),
            (".5", 500_000_000),
            ("-.5", -500_000_000),
            ("1.08123", 1_081_230_000),
            ("0.000000001", 1),
            ("0.0000000010000000000000000000", 1),
            ("000000000000000000000000000000000000000000001.5", 1_500_000_000),
            ("1e0", 1_000_000_000),
            ("1E2", 100_000_000_000),
            ("1e+2", 100_000_000_000),
            ("125e-3", 125_000_000),
            ("1.e1", 10_000_000_000),
            (".1e1", 1_000_000_000),
            ("1e-9", 1),
            ("1000e-0012", 1),
            ("0e9999", 0),
            ("0e-9999", 0),
            ("0.00000000000000000001e20", 1_000_000_000),
            ("100000000000000000000e-20", 1_000_000_000),
            ("99999999999999999999999999999.999999999", LIMIT - 1),
            ("-99999999999999999999999999999.999999999", 1 - LIMIT),
            ("99999999999999999999999999999999999999e-9", LIMIT - 1),
        ];
        for (text, expected) in cases {
            assert_eq!(parse_decimal(text, 9), Ok(expected), "{text}");
        }
    }

    #[test]
    fn everything_else_is_a_syntax_error() {
        let texts = [
            "",
            "+",
            "-",
            ".",
            "-.",
            "e1",
            ".e1",
            "1e",
            "1e+",
            "1e-",
            "1e12345",
            "1e00001",
            "1e1.0",
            "1e1e1",
            " 1",
            "1 ",
            "1\n",
            "1_000",
            "1,000",
            "1,5",
            "0x10",
            "1f",
            "nan",
            "NaN",
            "inf",
            "-inf",
            "Infinity",
            "++1",
            "+-1",
            "--1",
            "1-",
            "1.2.3",
            "1..2",
            "1.-2",
            "١",
            "1٢",
            "½",
            "1\0",
            "\u{2212}1",
            "1e\u{2212}1",
            "1d5",
        ];
        for text in texts {
            for scale in [0, 9, 18, 30] {
                assert_eq!(parse_decimal(text, scale), Err(NumberError::Syntax), "{text:?}");
            }
        }
    }

    #[test]
    fn no_digit_is_lost() {
        for text in ["0.0000000001", "1.0000000005", "1e-10", "1e-9999", "-0.12345678901"] {
            assert_eq!(parse_decimal(text, 9), Err(NumberError::TooManyDigits), "{text}");
        }
        assert_eq!(parse_decimal("0.5", 0), Err(NumberError::TooManyDigits));
        // A value that breaks both rules breaks the first.
        let both = format!("1{}.0000000001", "0".repeat(40));
        assert_eq!(parse_decimal(&both, 9), Err(NumberError::TooManyDigits));
    }

    #[test]
    fn the_limit_is_out_of_range() {
        let hundred_digits = "9".repeat(100);
        for text in ["1e29", "-1e29", "100000000000000000000000000000", "1e9999", &hundred_digits] {
            assert_eq!(parse_decimal(text, 9), Err(NumberError::OutOfRange), "{text}");
        }
        assert_eq!(parse_decimal("1e28", 9), Ok(LIMIT / 10));
        assert_eq!(parse_decimal("1", 38), Err(NumberError::OutOfRange));
        assert_eq!(parse_decimal("0.1", 38), Ok(LIMIT / 10));
        assert_eq!(parse_decimal("1", u32::MAX), Err(NumberError::OutOfRange));
        assert_eq!(parse_decimal("0", u32::MAX), Ok(0));
    }

    #[test]
    fn short_and_long_paths_meet() {
        assert_eq!(
            parse_short(b"999999999999999999", 18),
            Some((LIMIT / 100) / 10_i128.pow(18) * (10_i128.pow(18) - 1))
        );
        assert_eq!(parse_short(b"1000000000000000000", 18), None);
        assert_eq!(parse_short(b"1", 19), None);
        assert_eq!(parse_decimal("1", 19), Ok(10_i128.pow(19)));
    }

    /// Texts that are numbers or nearly so.
    fn nearly_decimal() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            Just("."),
            Just("-"),
            Just("+"),
            Just("e"),
            Just("E"),
            Just("0"),
            Just("00000"),
            Just("1"),
            Just("9"),
            Just("25"),
            Just("_"),
            Just(" "),
            Just("e-"),
            Just("99999999"),
        ];
        proptest::collection::vec(piece, 0..9).prop_map(|pieces| pieces.concat())
    }

    /// The grammar once more, read off the standard library's larger one.
    fn is_decimal(text: &str) -> bool {
        let allowed =
            text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E'));
        let exponent =
            text.split(['e', 'E']).nth(1).map_or("1", |part| part.trim_start_matches(['+', '-']));
        allowed && exponent.len() <= 4 && text.parse::<f64>().is_ok()
    }

    proptest! {
        #[test]
        fn formatted_numbers_come_back(
            raw in generators::raw(), scale in 0_u32..=37, zeros in 0_u32..30
        ) {
            prop_assert_eq!(parse_decimal(&format_fixed(raw, scale, zeros), scale), Ok(raw));
        }

        #[test]
        fn an_exponent_moves_the_point(raw in generators::raw(), scale in 0_u32..=37) {
            prop_assert_eq!(parse_decimal(&format!("{raw}e-{scale}"), scale), Ok(raw));
        }

        #[test]
        fn both_paths_agree(raw in any::<i64>(), shift in 0_u32..64, scale in 0_u32..=18) {
            let text = format_fixed(i128::from(raw >> shift), scale, 0);
            if let Some(short) = parse_short(text.as_bytes(), scale) {
                let long = scan(text.as_bytes()).and_then(|written| written.to_raw(scale));
                prop_assert_eq!(long, Ok(short));
            }
        }

        #[test]
        fn exactly_the_grammar_is_taken(text in nearly_decimal()) {
            let taken = parse_decimal(&text, 9) != Err(NumberError::Syntax);
            prop_assert_eq!(taken, is_decimal(&text), "{:?}", text);
        }

        #[test]
        fn no_text_panics(text in any::<String>(), scale in any::<u32>()) {
            let _ = parse_decimal(&text, scale);
        }
    }
}
