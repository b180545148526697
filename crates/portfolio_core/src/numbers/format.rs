//! Raw units to plain decimal text.

/// The decimal text of `raw` units of 10^-`scale`.
///
/// It has no exponent and no zeros at the end beyond `digits_min` decimals, and is padded with
/// zeros up to these. [`parse_decimal`](super::parse_decimal) reads it back.
///
/// ```
/// use portfolio_core::numbers::format_fixed;
///
/// assert_eq!(format_fixed(100_000_000_000_000_000_000_000, 18, 2), "100000.00");
/// assert_eq!(format_fixed(-50_000_000, 9, 0), "-0.05");
/// assert_eq!(format_fixed(7_000_000_000, 9, 0), "7");
/// ```
#[must_use]
pub fn format_fixed(raw: i128, scale: u32, digits_min: u32) -> String {
    let scale = index(scale);
    let digits_min = index(digits_min);
    let width = scale.saturating_add(1);
    let mut text = format!("{:0>width$}", raw.unsigned_abs());
    // There is a digit before the point, because the text is padded to one more than the scale.
    let point = text.len().saturating_sub(scale);
    let zeros = text.bytes().rev().take_while(|byte| *byte == b'0').count();
    let decimals = scale.saturating_sub(zeros).max(digits_min);
    let padding = decimals.saturating_sub(scale);
    text.truncate(point.saturating_add(decimals));
    text.extend(std::iter::repeat_n('0', padding));
    if decimals > 0 {
        text.insert(point, '.');
    }
    if raw < 0 {
        text.insert(0, '-');
    }
    text
}

/// A count of decimals as a length.
fn index(decimals: u32) -> usize {
    usize::try_from(decimals).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop_assert, prop_assert_eq, proptest};

    use super::format_fixed;
    use crate::numbers::{LIMIT, generators};

    #[test]
    fn numbers_are_plain_and_short() {
        let cases = [
            (0, 9, 0, "0"),
            (0, 9, 2, "0.00"),
            (0, 0, 0, "0"),
            (0, 0, 3, "0.000"),
            (1, 9, 0, "0.000000001"),
            (-1, 9, 0, "-0.000000001"),
            (10, 9, 0, "0.00000001"),
            (-50_000_000, 9, 0, "-0.05"),
            (-50_000_000, 9, 2, "-0.05"),
            (-50_000_000, 9, 4, "-0.0500"),
            (1_500_000_000, 9, 0, "1.5"),
            (1_500_000_000, 9, 2, "1.50"),
            (1_500_000_000, 9, 12, "1.500000000000"),
            (100_000_000_000, 9, 0, "100"),
            (100_000_000_000, 9, 2, "100.00"),
            (42, 0, 0, "42"),
            (100, 0, 0, "100"),
            (100, 0, 1, "100.0"),
            (LIMIT - 1, 18, 2, "99999999999999999999.999999999999999999"),
            (1 - LIMIT, 0, 0, "-99999999999999999999999999999999999999"),
            (1, 38, 0, "0.00000000000000000000000000000000000001"),
            (i128::MIN, 0, 0, "-170141183460469231731687303715884105728"),
        ];
        for (raw, scale, digits_min, expected) in cases {
            assert_eq!(format_fixed(raw, scale, digits_min), expected);
        }
    }

    proptest! {
        #[test]
        fn the_form_holds_for_every_number(
            raw in generators::raw(), scale in 0_u8..=38, digits_min in 0_u8..=20
        ) {
            let text = format_fixed(raw, scale.into(), digits_min.into());
            let unsigned = text.strip_prefix('-').unwrap_or(&text);
            prop_assert_eq!(text.starts_with('-'), raw < 0);
            let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
            prop_assert!(whole == "0" || !whole.starts_with('0'));
            let (scale, digits_min) = (usize::from(scale), usize::from(digits_min));
            prop_assert!(fraction.len() >= digits_min);
            prop_assert!(fraction.len() == digits_min || !fraction.ends_with('0'));
            let (kept, padding) = fraction.split_at(fraction.len().min(scale));
            prop_assert!(padding.bytes().all(|byte| byte == b'0'));
            let digits = format!("{whole}{kept:0<scale$}");
            prop_assert_eq!(digits.parse::<u128>().unwrap(), raw.unsigned_abs());
        }
    }
}
