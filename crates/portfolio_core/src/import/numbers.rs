//! Columns of numbers as raw integers at a scale.

use arrow_array::Array;
use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Decimal32Type, Decimal64Type, Decimal128Type, Float16Type, Float32Type,
    Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type, UInt32Type,
    UInt64Type,
};
use arrow_schema::DataType;

use super::{CellError, Nulls, WrongType};
use crate::numbers::{
    FloatPolicy, LIMIT, NumberError, Price, float_to_fixed, format_fixed, nine_decimals,
    nine_decimals_run,
};

/// A column of integers, floats or decimals of up to 128 bits.
///
/// # Examples
/// ```
/// use portfolio_core::import::Numbers;
/// use portfolio_core::numbers::FloatPolicy;
///
/// let column = arrow_array::Float64Array::from(vec![Some(1.5), None]);
/// let numbers = Numbers::read(&column, FloatPolicy::Strict)?;
/// assert_eq!(numbers.get(0, 9), Ok(Some(1_500_000_000)));
/// assert_eq!(numbers.get(1, 9), Ok(None));
/// # Ok::<(), portfolio_core::import::WrongType>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Numbers<'a> {
    values: Values<'a>,
    nulls: Nulls<'a>,
    policy: FloatPolicy,
}

/// What [`Numbers::quick`] knows of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quick {
    /// It has no number.
    Null,
    /// Its number at scale 9.
    Short(i64),
    /// [`Numbers::get`] has to be asked.
    Ask,
}

#[derive(Debug, Clone, Copy)]
enum Values<'a> {
    /// All rows are null.
    None,
    Float64(&'a [f64]),
    Decimal128(&'a [i128], i8),
    Int64(&'a [i64]),
    /// The other widths, by way of their arrays.
    Other(&'a dyn Array, fn(&dyn Array, usize) -> Option<Number>),
}

/// A number of any width.
#[derive(Clone, Copy)]
enum Number {
    Float(f64),
    Decimal(i128, i8),
}

impl<'a> Numbers<'a> {
    /// A column that is not there: every row is null.
    pub const ABSENT: Self =
        Self { values: Values::None, nulls: Nulls(None), policy: FloatPolicy::Nearest };

    /// Looks at a column; floats are taken under a policy.
    ///
    /// # Errors
    /// [`WrongType`].
    pub fn read(array: &'a dyn Array, policy: FloatPolicy) -> Result<Self, WrongType> {
        let values = match array.data_type() {
            DataType::Null => Values::None,
            DataType::Float64 => Values::Float64(array.as_primitive::<Float64Type>().values()),
            DataType::Decimal128(_, scale) => {
                Values::Decimal128(array.as_primitive::<Decimal128Type>().values(), *scale)
            }
            DataType::Int64 => Values::Int64(array.as_primitive::<Int64Type>().values()),
            DataType::Int8 => Values::Other(array, whole::<Int8Type>),
            DataType::Int16 => Values::Other(array, whole::<Int16Type>),
            DataType::Int32 => Values::Other(array, whole::<Int32Type>),
            DataType::UInt8 => Values::Other(array, whole::<UInt8Type>),
            DataType::UInt16 => Values::Other(array, whole::<UInt16Type>),
            DataType::UInt32 => Values::Other(array, whole::<UInt32Type>),
            DataType::UInt64 => Values::Other(array, whole::<UInt64Type>),
            DataType::Float16 => Values::Other(array, float::<Float16Type>),
            DataType::Float32 => Values::Other(array, float::<Float32Type>),
            DataType::Decimal32(..) => Values::Other(array, decimal::<Decimal32Type>),
            DataType::Decimal64(..) => Values::Other(array, decimal::<Decimal64Type>),
            other => {
                let wanted = "an integer, float or decimal column of at most 128 bits";
                return Err(WrongType { found: other.to_string(), wanted });
            }
        };
        Ok(Self { values, nulls: Nulls::of(array), policy })
    }

    /// The number of a row at scale 9 when it is quickly had: a double of at most 15 digits and 9
    /// decimals, as prices and amounts are.
    #[inline(always)]
    #[must_use]
    pub fn quick(&self, row: usize) -> Quick {
        if matches!(self.values, Values::None) || self.nulls.is_null(row) {
            return Quick::Null;
        }
        if let Values::Float64(values) = self.values
            && let Some(raw) = values.get(row).and_then(|&value| nine_decimals(value))
        {
            return Quick::Short(raw);
        }
        Quick::Ask
    }

    /// Numbers at scale 9 of the rows from one on, for as long as they are quickly had; answers
    /// how many these are. Of a column with nulls it is none.
    #[must_use]
    pub fn quick_run(&self, from: usize, raws: &mut [i64]) -> usize {
        let Values::Float64(values) = self.values else { return 0 };
        match self.nulls.0 {
            None => nine_decimals_run(values.get(from..).unwrap_or_default(), raws),
            Some(_) => 0,
        }
    }

    /// The price of a row; nothing for a null.
    ///
    /// # Errors
    /// [`CellError::Number`].
    #[inline(always)]
    pub fn price(&self, row: usize) -> Result<Option<Price>, Box<CellError>> {
        match self.quick(row) {
            Quick::Null => Ok(None),
            Quick::Short(raw) => Ok(Some(Price::from_nine_decimals(raw))),
            Quick::Ask => self.price_any(row),
        }
    }

    #[inline(never)]
    fn price_any(&self, row: usize) -> Result<Option<Price>, Box<CellError>> {
        let Some(raw) = self.get(row, Price::SCALE)? else { return Ok(None) };
        Price::from_raw(raw).map(Some).map_err(|overflow| {
            let (value, error) = (raw.to_string(), overflow.into());
            Box::new(CellError::Number { value, scale: Price::SCALE, error })
        })
    }

    /// The raw number of a row at a scale; nothing for a null.
    ///
    /// # Errors
    /// [`CellError::Number`].
    #[inline]
    pub fn get(&self, row: usize, scale: u32) -> Result<Option<i128>, Box<CellError>> {
        if self.nulls.is_null(row) {
            return Ok(None);
        }
        let number = match self.values {
            Values::None => return Ok(None),
            Values::Float64(values) => values.get(row).map(|&value| Number::Float(value)),
            Values::Decimal128(values, from) => {
                values.get(row).map(|&value| Number::Decimal(value, from))
            }
            Values::Int64(values) => {
                values.get(row).map(|&value| Number::Decimal(i128::from(value), 0))
            }
            Values::Other(array, cell) => cell(array, row),
        };
        number.map(|number| self.convert(number, scale)).transpose()
    }

    fn convert(&self, number: Number, scale: u32) -> Result<i128, Box<CellError>> {
        let raw = match number {
            Number::Float(value) => float_to_fixed(value, scale, self.policy),
            Number::Decimal(value, from) => rescale(value, from, scale),
        };
        raw.map_err(|error| Box::new(CellError::Number { value: show(number), scale, error }))
    }
}

fn whole<T>(array: &dyn Array, row: usize) -> Option<Number>
where
    T: ArrowPrimitiveType,
    i128: From<T::Native>,
{
    let value = array.as_primitive::<T>().values().get(row)?;
    Some(Number::Decimal(i128::from(*value), 0))
}

fn float<T>(array: &dyn Array, row: usize) -> Option<Number>
where
    T: ArrowPrimitiveType,
    f64: From<T::Native>,
{
    let value = array.as_primitive::<T>().values().get(row)?;
    Some(Number::Float(f64::from(*value)))
}

fn decimal<T>(array: &dyn Array, row: usize) -> Option<Number>
where
    T: ArrowPrimitiveType,
    i128: From<T::Native>,
{
    let scale = match array.data_type() {
        DataType::Decimal32(_, scale) | DataType::Decimal64(_, scale) => *scale,
        _ => return None,
    };
    let value = array.as_primitive::<T>().values().get(row)?;
    Some(Number::Decimal(i128::from(*value), scale))
}

#[cold]
fn show(number: Number) -> String {
    match number {
        Number::Float(value) => format!("{value:?}"),
        Number::Decimal(raw, scale) => u32::try_from(scale).map_or_else(
            |_| format!("{raw}e{}", i16::from(scale).wrapping_neg()),
            |scale| format_fixed(raw, scale, 0),
        ),
    }
}

/// `raw * 10^(to - from)`, exactly.
#[inline]
fn rescale(raw: i128, from: i8, to: u32) -> Result<i128, NumberError> {
    let scaled = if i128::from(from) == i128::from(to) { raw } else { moved(raw, from, to)? };
    if scaled.unsigned_abs() < LIMIT.unsigned_abs() {
        Ok(scaled)
    } else {
        Err(NumberError::OutOfRange)
    }
}

fn moved(raw: i128, from: i8, to: u32) -> Result<i128, NumberError> {
    let shift = i128::from(to).saturating_sub(i128::from(from));
    let power = |digits: i128| u32::try_from(digits).ok().and_then(|up| 10_i128.checked_pow(up));
    if raw == 0 {
        return Ok(0);
    }
    if shift >= 0 {
        let factor = power(shift).ok_or(NumberError::OutOfRange)?;
        return raw.checked_mul(factor).ok_or(NumberError::OutOfRange);
    }
    let divisor = power(shift.saturating_neg()).ok_or(NumberError::TooManyDigits)?;
    if raw.checked_rem(divisor) != Some(0) {
        return Err(NumberError::TooManyDigits);
    }
    raw.checked_div(divisor).ok_or(NumberError::TooManyDigits)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use arrow_array::{
        ArrayRef, BooleanArray, Decimal32Array, Decimal64Array, Decimal128Array, Float16Array,
        Float32Array, Float64Array, Int8Array, Int16Array, Int32Array, Int64Array, NullArray,
        UInt8Array, UInt16Array, UInt32Array, UInt64Array,
    };

    const NEAREST: FloatPolicy = FloatPolicy::Nearest;

    fn all(array: &dyn Array, policy: FloatPolicy) -> Result<Vec<Option<i128>>, Box<CellError>> {
        let numbers = Numbers::read(array, policy).unwrap();
        (0..array.len()).map(|row| numbers.get(row, 9)).collect()
    }

    #[test]
    fn numbers_of_every_width_come_in_exactly() {
        let decimal = |scale| Decimal128Array::from(vec![150]).with_precision_and_scale(38, scale);
        let arrays: Vec<(ArrayRef, i128)> = vec![
            (Arc::new(Int8Array::from(vec![-3])), -3_000_000_000),
            (Arc::new(Int16Array::from(vec![2])), 2_000_000_000),
            (Arc::new(Int32Array::from(vec![2])), 2_000_000_000),
            (Arc::new(Int64Array::from(vec![2])), 2_000_000_000),
            (Arc::new(UInt8Array::from(vec![2])), 2_000_000_000),
            (Arc::new(UInt16Array::from(vec![2])), 2_000_000_000),
            (Arc::new(UInt32Array::from(vec![2])), 2_000_000_000),
            (Arc::new(UInt64Array::from(vec![u64::MAX])), i128::from(u64::MAX) * 1_000_000_000),
            (Arc::new(Float16Array::from_iter_values([0.25].map(half))), 250_000_000),
            (Arc::new(Float32Array::from(vec![0.25])), 250_000_000),
            (Arc::new(Float64Array::from(vec![1.08123])), 1_081_230_000),
            (Arc::new(decimal(2).unwrap()), 1_500_000_000),
            (Arc::new(decimal(9).unwrap()), 150),
            (Arc::new(decimal(10).unwrap()), 15),
            (Arc::new(decimal(-1).unwrap()), 1_500_000_000_000),
            (
                Arc::new(Decimal32Array::from(vec![7]).with_precision_and_scale(9, 0).unwrap()),
                7_000_000_000,
            ),
            (Arc::new(Decimal64Array::from(vec![7]).with_precision_and_scale(18, 9).unwrap()), 7),
        ];
        for (array, raw) in arrays {
            assert_eq!(all(&array, NEAREST), Ok(vec![Some(raw)]), "{:?}", array.data_type());
        }
    }

    fn half(value: f32) -> <Float16Type as ArrowPrimitiveType>::Native {
        <Float16Type as ArrowPrimitiveType>::Native::from_f32(value)
    }

    #[test]
    fn nulls_and_absent_columns_have_no_value() {
        assert_eq!(all(&Int64Array::from(vec![None, Some(1)]), NEAREST).unwrap()[0], None);
        assert_eq!(all(&NullArray::new(2), NEAREST), Ok(vec![None, None]));
        assert_eq!(Numbers::ABSENT.get(7, 9), Ok(None));
        let sliced = Float64Array::from(vec![Some(1.0), None, Some(3.0)]).slice(1, 2);
        assert_eq!(all(&sliced, NEAREST), Ok(vec![None, Some(3_000_000_000)]));
    }

    #[test]
    fn cells_that_cannot_be_taken_say_why() {
        let refused = |array: &dyn Array, policy| {
            let error = all(array, policy).unwrap_err();
            (error.value().to_owned(), error.rule().into_owned(), error.code().number())
        };
        let floats = Float64Array::from(vec![1.0, f64::NAN]);
        assert_eq!(refused(&floats, NEAREST), ("NaN".into(), "is not finite".into(), 4011));
        let floats = Float64Array::from(vec![0.1 + 0.2]);
        let beyond = "has digits beyond 9 decimals";
        let refusal = refused(&floats, FloatPolicy::Strict);
        assert_eq!(refusal, ("0.30000000000000004".into(), beyond.into(), 4011));
        let fine = Decimal128Array::from(vec![105]).with_precision_and_scale(38, 11).unwrap();
        assert_eq!(refused(&fine, NEAREST), ("0.00000000105".into(), beyond.into(), 4011));
        let large = Decimal128Array::from(vec![LIMIT - 1]).with_precision_and_scale(38, -2);
        let (value, _, code) = refused(&large.unwrap(), NEAREST);
        assert_eq!((value, code), (format!("{}e2", LIMIT - 1), 4010));
        let wrong = BooleanArray::from(vec![true]);
        let error = Numbers::read(&wrong, NEAREST).unwrap_err();
        assert_eq!(error.found, "Boolean");
    }

    #[test]
    fn scales_are_moved_exactly_or_not_at_all() {
        let out_of_range = Err(NumberError::OutOfRange);
        for (raw, from, to, wanted) in [
            (0, -128, 18, Ok(0)),
            (0, 127, 0, Ok(0)),
            (1, -20, 18, out_of_range),
            (1, -19, 18, Ok(10_i128.pow(37))),
            (10, -19, 18, out_of_range),
            (99, -128, 0, out_of_range),
            (10_i128.pow(37), 38, 1, Ok(1)),
            (10_i128.pow(37), 38, 0, Err(NumberError::TooManyDigits)),
            (1, 127, 0, Err(NumberError::TooManyDigits)),
            (LIMIT - 1, 9, 9, Ok(LIMIT - 1)),
            (LIMIT, 9, 9, out_of_range),
            (-LIMIT, 9, 9, out_of_range),
            (i128::MIN, 18, 18, out_of_range),
            (i128::MIN, 10, 9, Err(NumberError::TooManyDigits)),
        ] {
            assert_eq!(rescale(raw, from, to), wanted, "{raw} from {from} to {to}");
        }
    }
}
