//! Prices, sizes and money: fixed-point numbers whose unit is their type.

use std::fmt;

use super::{
    FloatPolicy, LIMIT, NumberError, Overflow, fixed9_to_f64, fixed18_to_f64, float_to_fixed,
    format_fixed, parse_decimal,
};

/// Declares a fixed-point type: what it is, its name and scale, and its way to a double.
macro_rules! fixed_point {
    ($what:literal, $name:ident, $scale:literal, $mirror:path) => {
        #[doc = $what]
        ///
        /// ```
        #[doc = concat!("use portfolio_core::numbers::", stringify!($name), ";")]
        ///
        #[doc = concat!("let value = ", stringify!($name), "::parse(\"0.10\")?;")]
        #[doc = concat!("assert_eq!(value.raw(), 10_i128.pow(", $scale, " - 1));")]
        /// assert_eq!(value.to_string(), "0.1");
        /// # Ok::<(), portfolio_core::numbers::NumberError>(())
        /// ```
        #[repr(transparent)]
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug)]
        pub struct $name(pub(super) i128);

        impl $name {
            /// The number of decimals.
            pub const SCALE: u32 = $scale;

            /// The number 0.
            pub const ZERO: Self = Self(0);

            /// The number of `raw` units of the last decimal.
            ///
            /// # Errors
            ///
            /// [`Overflow`] when `raw` reaches [`LIMIT`] on either side of zero.
            ///
            /// ```
            #[doc = concat!("use portfolio_core::numbers::{LIMIT, Overflow, ",
                                                stringify!($name), "};")]
            ///
            #[doc = concat!("assert!(", stringify!($name), "::from_raw(LIMIT - 1).is_ok());")]
            #[doc = concat!("assert_eq!(", stringify!($name),
                                                "::from_raw(-LIMIT), Err(Overflow));")]
            /// ```
            #[inline(always)]
            pub const fn from_raw(raw: i128) -> Result<Self, Overflow> {
                // Below 2^126 the top two bits are equal; that is less than the limit and the
                // answer in practice, and one instruction instead of two comparisons of 128 bits.
                if raw ^ (raw << 1) >= 0 || (-LIMIT < raw && raw < LIMIT) {
                    Ok(Self(raw))
                } else {
                    Err(Overflow)
                }
            }

            /// The number of so many units of 10^-9 and so few digits that it is in range.
            #[inline(always)]
            #[must_use]
            pub(crate) fn from_nine_decimals(nine: i64) -> Self {
                Self(i128::from(nine).wrapping_mul(const { 10_i128.pow($scale - 9) }))
            }

            /// The number in units of the last decimal.
            ///
            /// ```
            #[doc = concat!("use portfolio_core::numbers::", stringify!($name), ";")]
            ///
            #[doc = concat!("assert_eq!(", stringify!($name), "::from_raw(-5)?.raw(), -5);")]
            /// # Ok::<(), portfolio_core::numbers::Overflow>(())
            /// ```
            #[must_use]
            #[inline(always)]
            pub const fn raw(self) -> i128 {
                self.0
            }

            /// Whether the number is greater than 0.
            ///
            /// ```
            #[doc = concat!("use portfolio_core::numbers::", stringify!($name), ";")]
            ///
            #[doc = concat!("assert!(", stringify!($name), "::from_raw(1)?.is_positive());")]
            #[doc = concat!("assert!(!", stringify!($name), "::ZERO.is_positive());")]
            /// # Ok::<(), portfolio_core::numbers::Overflow>(())
            /// ```
            #[must_use]
            #[inline(always)]
            pub const fn is_positive(self) -> bool {
                self.0 > 0
            }

            /// Whether the number is 0.
            ///
            /// ```
            #[doc = concat!("use portfolio_core::numbers::", stringify!($name), ";")]
            ///
            #[doc = concat!("assert!(", stringify!($name), "::ZERO.is_zero());")]
            /// ```
            #[must_use]
            #[inline(always)]
            pub const fn is_zero(self) -> bool {
                self.0 == 0
            }

            /// Whether the number is less than 0.
            ///
            /// ```
            #[doc = concat!("use portfolio_core::numbers::", stringify!($name), ";")]
            ///
            #[doc = concat!("assert!(", stringify!($name), "::from_raw(-1)?.is_negative());")]
            #[doc = concat!("assert!(!", stringify!($name), "::ZERO.is_negative());")]
            /// # Ok::<(), portfolio_core::numbers::Overflow>(())
            /// ```
            #[must_use]
            #[inline(always)]
            pub const fn is_negative(self) -> bool {
                self.0 < 0
            }

            /// The sum.
            ///
            /// # Errors
            ///
            /// [`Overflow`] when it reaches [`LIMIT`] on either side of zero.
            ///
            /// ```
            #[doc = concat!("use portfolio_core::numbers::{LIMIT, Overflow, ",
                                                stringify!($name), "};")]
            ///
            #[doc = concat!("let (one, most) = (", stringify!($name), "::from_raw(1)?, ",
                                                stringify!($name), "::from_raw(LIMIT - 1)?);")]
            /// assert_eq!(one.checked_add(one)?.raw(), 2);
            /// assert_eq!(most.checked_add(one), Err(Overflow));
            /// # Ok::<(), Overflow>(())
            /// ```
            #[inline(always)]
            pub const fn checked_add(self, other: Self) -> Result<Self, Overflow> {
                // Two stored numbers that leave 128 bits come back on the other side of zero, and
                // there beyond the limit: 2 * 10^38 - 2^128 < -10^38.
                Self::from_raw(self.0.wrapping_add(other.0))
            }

            /// The difference.
            ///
            /// # Errors
            ///
            /// [`Overflow`] when it reaches [`LIMIT`] on either side of zero.
            ///
            /// ```
            #[doc = concat!("use portfolio_core::numbers::{LIMIT, Overflow, ",
                                                stringify!($name), "};")]
            ///
            #[doc = concat!("let (one, least) = (", stringify!($name), "::from_raw(1)?, ",
                                                stringify!($name), "::from_raw(1 - LIMIT)?);")]
            /// assert!(one.checked_sub(one)?.is_zero());
            /// assert_eq!(least.checked_sub(one), Err(Overflow));
            /// # Ok::<(), Overflow>(())
            /// ```
            #[inline(always)]
            pub const fn checked_sub(self, other: Self) -> Result<Self, Overflow> {
                // As for the sum.
                Self::from_raw(self.0.wrapping_sub(other.0))
            }

            /// The number with the other sign. The range is symmetric, so this cannot fail.
            ///
            /// ```
            #[doc = concat!("use portfolio_core::numbers::{Overflow, ", stringify!($name), "};")]
            ///
            #[doc = concat!("let three = ", stringify!($name), "::from_raw(3)?;")]
            /// assert_eq!(three.negated().raw(), -3);
            /// # Ok::<(), Overflow>(())
            /// ```
            #[inline(always)]
            #[must_use]
            pub const fn negated(self) -> Self {
                Self(self.0.wrapping_neg())
            }

            /// The exact value of a decimal text, see [`parse_decimal`].
            ///
            /// # Errors
            ///
            /// [`NumberError::Syntax`], [`NumberError::TooManyDigits`] or
            /// [`NumberError::OutOfRange`].
            ///
            /// ```
            #[doc = concat!("use portfolio_core::numbers::{NumberError, ",
                                                stringify!($name), "};")]
            ///
            #[doc = concat!("assert_eq!(", stringify!($name), "::parse(\"2\"), ",
                                                stringify!($name), "::from_int(2));")]
            #[doc = concat!("assert_eq!(", stringify!($name),
                                                "::parse(\"2 \"), Err(NumberError::Syntax));")]
            /// ```
            #[inline(always)]
            pub fn parse(text: &str) -> Result<Self, NumberError> {
                parse_decimal(text, Self::SCALE).map(Self)
            }

            /// A whole number.
            ///
            /// # Errors
            ///
            /// [`NumberError::OutOfRange`] when its raw units reach [`LIMIT`].
            ///
            /// ```
            #[doc = concat!("use portfolio_core::numbers::{NumberError, ",
                                                stringify!($name), "};")]
            ///
            #[doc = concat!("let value = ", stringify!($name), "::from_int(-7)?;")]
            /// assert_eq!(value.to_string(), "-7");
            #[doc = concat!("assert_eq!(", stringify!($name), "::from_int(i128::MAX), ",
                                                "Err(NumberError::OutOfRange));")]
            /// # Ok::<(), NumberError>(())
            /// ```
            #[inline(always)]
            pub fn from_int(value: i128) -> Result<Self, NumberError> {
                const UNIT: i128 = 10_i128.pow($scale);
                let raw = value.checked_mul(UNIT).ok_or(NumberError::OutOfRange)?;
                Ok(Self::from_raw(raw)?)
            }

            /// The value of the shortest decimal of a float, see [`float_to_fixed`].
            ///
            /// # Errors
            ///
            /// [`NumberError::NotFinite`], [`NumberError::OutOfRange`],
            /// [`NumberError::RoundsToZero`], or with [`FloatPolicy::Strict`]
            /// [`NumberError::TooManyDigits`].
            ///
            /// ```
            #[doc = concat!("use portfolio_core::numbers::{FloatPolicy, NumberError, ",
                                                stringify!($name), "};")]
            ///
            #[doc = concat!("let value = ", stringify!($name),
                                                "::from_f64(0.1, FloatPolicy::Strict)?;")]
            /// assert_eq!(value.to_string(), "0.1");
            #[doc = concat!("let refused = ", stringify!($name),
                                                "::from_f64(f64::NAN, FloatPolicy::Nearest);")]
            /// assert_eq!(refused, Err(NumberError::NotFinite));
            /// # Ok::<(), NumberError>(())
            /// ```
            #[inline(always)]
            pub fn from_f64(value: f64, policy: FloatPolicy) -> Result<Self, NumberError> {
                float_to_fixed(value, Self::SCALE, policy).map(Self)
            }

            /// The nearest double, ties to even.
            ///
            /// ```
            #[doc = concat!("use portfolio_core::numbers::", stringify!($name), ";")]
            ///
            #[doc = concat!("let tenth = ", stringify!($name), "::parse(\"0.1\")?;")]
            /// assert_eq!(tenth.to_f64(), 0.1);
            /// # Ok::<(), portfolio_core::numbers::NumberError>(())
            /// ```
            #[must_use]
            #[inline(always)]
            pub fn to_f64(self) -> f64 {
                $mirror(self.0)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&format_fixed(self.0, Self::SCALE, 0))
            }
        }
    };
}

fixed_point!("A price in quote currency per unit, with 9 decimals.", Price, 9, fixed9_to_f64);
fixed_point!("A size in units or lots, with 9 decimals.", Size, 9, fixed9_to_f64);
fixed_point!("An amount of account currency, with 18 decimals.", Money, 18, fixed18_to_f64);

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop_assert_eq, proptest};

    use super::{Money, Price, Size};
    use crate::numbers::{FloatPolicy, LIMIT, NumberError, Overflow, generators};

    const ONE: i128 = 1_000_000_000;

    #[test]
    fn sums_stay_inside_the_limit() {
        let [least, one, most] = [1 - LIMIT, 1, LIMIT - 1].map(|raw| Money::from_raw(raw).unwrap());
        assert_eq!(most.checked_add(one), Err(Overflow));
        assert_eq!(most.checked_add(most), Err(Overflow));
        assert_eq!(least.checked_sub(most), Err(Overflow));
        assert_eq!(least.checked_sub(one), Err(Overflow));
        assert_eq!(least.checked_add(most), Ok(Money::ZERO));
        assert_eq!(least.negated(), most);
        assert_eq!(Money::from_raw(i128::MIN), Err(Overflow));
        assert_eq!(Money::from_raw(i128::MAX), Err(Overflow));
    }

    #[test]
    fn each_type_has_its_scale() {
        assert_eq!((Price::SCALE, Size::SCALE, Money::SCALE), (9, 9, 18));
        assert_eq!(Price::from_int(2).unwrap().raw(), 2 * ONE);
        assert_eq!(Size::from_int(-2).unwrap().raw(), -2 * ONE);
        assert_eq!(Money::from_int(2).unwrap().raw(), 2 * ONE * ONE);
        assert_eq!(Money::from_int(LIMIT / ONE / ONE), Err(NumberError::OutOfRange));
        assert_eq!(Price::from_int(i128::MIN), Err(NumberError::OutOfRange));
        assert_eq!(Size::parse("0.25").unwrap().to_f64().to_bits(), 0.25_f64.to_bits());
        assert_eq!(Money::from_f64(1e-18, FloatPolicy::Strict).unwrap().raw(), 1);
        assert_eq!(Price::from_raw(-50_000_000).unwrap().to_string(), "-0.05");
        assert_eq!(Price::default(), Price::ZERO);
    }

    proptest! {
        #[test]
        fn order_is_that_of_the_numbers(a in generators::raw(), b in generators::raw()) {
            let (left, right) = (Money::from_raw(a)?, Money::from_raw(b)?);
            prop_assert_eq!(left.cmp(&right), a.cmp(&b));
            prop_assert_eq!(left.is_positive(), a > 0);
            prop_assert_eq!(left.is_negative(), a < 0);
            prop_assert_eq!(left.is_zero(), a == 0);
            let below = left.checked_sub(right).is_ok_and(Money::is_negative);
            prop_assert_eq!(below, a < b && a.abs_diff(b) < LIMIT.unsigned_abs());
            prop_assert_eq!(Money::parse(&left.to_string()), Ok(left));
        }
    }
}
