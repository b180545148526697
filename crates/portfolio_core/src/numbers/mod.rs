//! Exact numbers: integers with a fixed number of decimals and the unit in the type.
//!
//! A price and a size have 9 decimals, money has 18, so that `price * size` is money without
//! rounding. Every stored value lies strictly between `-LIMIT` and `LIMIT`, the range of 38
//! decimal digits; nothing wraps, and a result outside is [`Overflow`].
//!
//! These are all the operations there are:
//!
//! | operation | result | rounding | refused with |
//! |---|---|---|---|
//! | `checked_add`, `checked_sub` of one unit | that unit | none | [`Overflow`] |
//! | `negated` | that unit | none | nothing |
//! | [`Sum`] of [`Money`], only the result in range | [`Money`] | none | [`Overflow`] |
//! | [`notional`]: size * price * contract size | [`Money`] | none | [`Overflow`] |
//! | [`Leverage::margin`]: money / leverage | [`Money`] | half-even, once | [`Overflow`] |
//! | [`div_half_even`]: integer / integer | integer | half-even, once | nothing |
//! | [`mul_div_half_even`]: product / integer | integer | half-even, once | [`Overflow`] |
//! | [`ratio_half_even`]: product / integer | integer | half-even, once | [`Overflow`] |
//! | [`ratio_floor`]: product / product | integer | down, once | [`Overflow`] |
//! | [`ratio_of_products`]: product / product of two | integer | half-even, once | [`Overflow`] |
//! | `at_rate`, `share` of [`Money`] | [`Money`] | half-even, once | [`Overflow`] |
//! | `parse`, `from_int`, [`parse_decimal`] | a unit, raw units | none | [`NumberError`] |
//! | `from_f64`, [`float_to_fixed`] | a unit, raw units | half-even or none | [`NumberError`] |
//! | `to_f64`, [`fixed9_to_f64`], [`fixed18_to_f64`] | the nearest double | half-even | nothing |
//! | `Display`, [`format_fixed`] | text | none | nothing |
//!
//! There is no operation on two different units except [`notional`], no division without a
//! rounding in its name, and no float anywhere but at the entry (`float`) and at the exit
//! (`mirror`).

mod contract;
mod fixed;
mod float;
mod format;
mod leverage;
mod mirror;
mod parse;
mod round;
mod sum;
mod wide;

use std::error::Error;
use std::fmt;

pub use contract::{Contract, notional};
pub use fixed::{Money, Price, Size};
pub use float::float_to_fixed;
pub(crate) use float::{nine_decimals, nine_decimals_run};
pub use format::format_fixed;
pub use leverage::Leverage;
pub use mirror::{fixed9_to_f64, fixed18_to_f64};
pub use parse::parse_decimal;
pub use round::{div_half_even, mul_div_half_even};
pub use sum::Sum;
pub use wide::{product_is_less, ratio_floor, ratio_half_even, ratio_of_products};

/// The exclusive bound of the absolute value of a stored number: 10^38 raw units.
///
/// ```
/// use portfolio_core::numbers::{LIMIT, Money};
///
/// assert!(Money::from_raw(LIMIT - 1).is_ok());
/// assert!(Money::from_raw(LIMIT).is_err());
/// ```
pub const LIMIT: i128 = 10_i128.pow(LIMIT_DIGITS);

/// The number of decimal digits below [`LIMIT`].
const LIMIT_DIGITS: u32 = 38;

/// 10^0 to 10^38.
static POWERS_OF_TEN: [i128; 39] = powers_of_ten();

#[expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "evaluated by the compiler, where an overflow or a bad index is a build error"
)]
const fn powers_of_ten() -> [i128; 39] {
    let mut powers = [1; 39];
    let mut exponent = 1;
    while exponent < powers.len() {
        powers[exponent] = powers[exponent - 1] * 10;
        exponent += 1;
    }
    powers
}

/// 10^`exponent`, or nothing when it is above [`LIMIT`].
#[inline]
fn power_of_ten(exponent: u32) -> Option<i128> {
    POWERS_OF_TEN.get(usize::try_from(exponent).ok()?).copied()
}

/// Why a text, an integer or a float is not taken as a number.
///
/// ```
/// use portfolio_core::numbers::{NumberError, Price};
///
/// assert_eq!(Price::parse("1,5"), Err(NumberError::Syntax));
/// assert_eq!(Price::parse("0.0000000001"), Err(NumberError::TooManyDigits));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NumberError {
    /// The text is not a decimal number.
    Syntax,
    /// A digit other than zero lies beyond the last decimal.
    TooManyDigits,
    /// The float is NaN or infinite.
    NotFinite,
    /// The float is not zero but its rounded value is.
    RoundsToZero,
    /// The value has [`LIMIT`] raw units or more.
    OutOfRange,
}

impl fmt::Display for NumberError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Syntax => "is not a decimal number",
            Self::TooManyDigits => "has more decimals than can be kept",
            Self::NotFinite => "is not finite",
            Self::RoundsToZero => "is not zero but would round to zero",
            Self::OutOfRange => "has more than 38 digits at its scale",
        })
    }
}

impl Error for NumberError {}

impl From<Overflow> for NumberError {
    fn from(_: Overflow) -> Self {
        Self::OutOfRange
    }
}

/// A result has [`LIMIT`] raw units or more.
///
/// ```
/// use portfolio_core::numbers::{LIMIT, Money, Overflow};
///
/// assert_eq!(Money::from_raw(-LIMIT), Err(Overflow));
/// assert_eq!(Overflow.to_string(), "the result has more than 38 digits at its scale");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Overflow;

impl fmt::Display for Overflow {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the result has more than 38 digits at its scale")
    }
}

impl Error for Overflow {}

/// What happens to the digits of a float beyond the last decimal.
///
/// ```
/// use portfolio_core::numbers::{FloatPolicy, NumberError, Price};
///
/// let third = 1.0 / 3.0;
/// assert_eq!(Price::from_f64(third, FloatPolicy::Nearest)?.raw(), 333_333_333);
/// assert_eq!(Price::from_f64(third, FloatPolicy::Strict), Err(NumberError::TooManyDigits));
/// # Ok::<(), NumberError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FloatPolicy {
    /// The value is rounded half-even to the scale.
    #[default]
    Nearest,
    /// The value is refused.
    Strict,
}

/// Generators that the property tests of this module share.
#[cfg(test)]
mod generators {
    use proptest::prelude::{Strategy, any};

    use super::LIMIT;

    /// Stored values of every magnitude: each bit length is about as likely as any other.
    pub(super) fn raw() -> impl Strategy<Value = i128> {
        (any::<i128>(), 0_u32..128).prop_map(|(bits, shift)| (bits >> shift) % LIMIT)
    }
}

#[cfg(test)]
mod tests {
    use super::{
        FloatPolicy, LIMIT, NumberError, Overflow, POWERS_OF_TEN, power_of_ten, powers_of_ten,
    };

    #[test]
    fn the_table_of_powers_is_complete() {
        for exponent in 0..=38 {
            assert_eq!(power_of_ten(exponent), Some(10_i128.pow(exponent)));
        }
        assert_eq!(powers_of_ten(), POWERS_OF_TEN);
        assert_eq!(power_of_ten(38), Some(LIMIT));
        assert_eq!(power_of_ten(39), None);
        assert_eq!(power_of_ten(u32::MAX), None);
    }

    #[test]
    fn every_error_has_its_own_text() {
        let errors = [
            NumberError::Syntax,
            NumberError::TooManyDigits,
            NumberError::NotFinite,
            NumberError::RoundsToZero,
            NumberError::OutOfRange,
        ];
        let texts: std::collections::BTreeSet<String> =
            errors.iter().map(ToString::to_string).collect();
        assert_eq!(texts.len(), errors.len());
        assert!(!texts.contains(&Overflow.to_string()));
        assert_eq!(NumberError::from(Overflow), NumberError::OutOfRange);
    }

    #[test]
    fn floats_are_rounded_unless_asked_otherwise() {
        assert_eq!(FloatPolicy::default(), FloatPolicy::Nearest);
    }
}
