//! Foreign Arrow columns as the engine's own numbers and texts: checked, exact, never guessing.
//!
//! Integers, floats and decimals of up to 128 bits become fixed-point numbers (floats under a
//! [`FloatPolicy`]); text comes as utf8, large utf8, utf8 view or a dictionary of these. A null or
//! a cell that cannot be taken is named by its row.

use std::fmt;

use arrow_array::Array;
use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Decimal32Type, Decimal64Type, Decimal128Type, Float16Type, Float32Type,
    Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type, UInt32Type,
    UInt64Type,
};
use arrow_schema::DataType;

use crate::numbers::{FloatPolicy, LIMIT, NumberError, float_to_fixed, format_fixed};

/// Why a column cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImportError {
    /// A null in a row.
    Null {
        /// The row, from 0.
        row: usize,
    },
    /// A column of a type that cannot be taken.
    Type {
        /// What it is.
        found: String,
        /// What it may be.
        wanted: &'static str,
    },
    /// A cell that is no number here.
    Number {
        /// The row, from 0.
        row: usize,
        /// The cell.
        value: String,
        /// What is wrong with it.
        error: NumberError,
    },
}

impl fmt::Display for ImportError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null { row } => write!(formatter, "row {row} is null"),
            Self::Type { found, wanted } => write!(formatter, "{found} is not {wanted}"),
            Self::Number { row, value, error } => write!(formatter, "row {row}: {value} {error}"),
        }
    }
}

impl std::error::Error for ImportError {}

fn check_nulls(array: &dyn Array) -> Result<(), ImportError> {
    if array.null_count() == 0 {
        return Ok(());
    }
    let row = (0..array.len()).find(|&row| array.is_null(row)).unwrap_or(0);
    Err(ImportError::Null { row })
}

/// A column of numbers as raw integers at a scale.
///
/// # Errors
/// [`ImportError`], naming the first row that cannot be taken.
///
/// # Examples
/// ```
/// use portfolio_core::import::fixed_column;
/// use portfolio_core::numbers::FloatPolicy;
///
/// let column = arrow_array::Float64Array::from(vec![1.5, 0.1]);
/// let raw = fixed_column(&column, 9, FloatPolicy::Strict)?;
/// assert_eq!(raw, [1_500_000_000, 100_000_000]);
/// # Ok::<(), portfolio_core::import::ImportError>(())
/// ```
pub fn fixed_column(
    array: &dyn Array,
    scale: u32,
    policy: FloatPolicy,
) -> Result<Vec<i128>, ImportError> {
    check_nulls(array)?;
    let target = Target { scale, policy };
    match array.data_type() {
        DataType::Int8 => target.integers::<Int8Type>(array),
        DataType::Int16 => target.integers::<Int16Type>(array),
        DataType::Int32 => target.integers::<Int32Type>(array),
        DataType::Int64 => target.integers::<Int64Type>(array),
        DataType::UInt8 => target.integers::<UInt8Type>(array),
        DataType::UInt16 => target.integers::<UInt16Type>(array),
        DataType::UInt32 => target.integers::<UInt32Type>(array),
        DataType::UInt64 => target.integers::<UInt64Type>(array),
        DataType::Float16 => target.floats::<Float16Type>(array),
        DataType::Float32 => target.floats::<Float32Type>(array),
        DataType::Float64 => target.floats::<Float64Type>(array),
        DataType::Decimal32(_, from) => target.decimals::<Decimal32Type>(array, *from),
        DataType::Decimal64(_, from) => target.decimals::<Decimal64Type>(array, *from),
        DataType::Decimal128(_, from) => target.decimals::<Decimal128Type>(array, *from),
        other => Err(ImportError::Type {
            found: other.to_string(),
            wanted: "an integer, float or decimal column",
        }),
    }
}

/// Where numbers go.
#[derive(Clone, Copy)]
struct Target {
    scale: u32,
    policy: FloatPolicy,
}

impl Target {
    fn each<T: ArrowPrimitiveType>(
        array: &dyn Array,
        convert: impl Fn(T::Native) -> Result<i128, NumberError>,
        show: impl Fn(T::Native) -> String,
    ) -> Result<Vec<i128>, ImportError> {
        let cells = array.as_primitive::<T>().values().iter().enumerate();
        cells
            .map(|(row, &cell)| {
                let failed = |error| ImportError::Number { row, value: show(cell), error };
                convert(cell).map_err(failed)
            })
            .collect()
    }

    fn integers<T>(self, array: &dyn Array) -> Result<Vec<i128>, ImportError>
    where
        T: ArrowPrimitiveType,
        i128: From<T::Native>,
    {
        let show = |cell| i128::from(cell).to_string();
        Self::each::<T>(array, |cell| rescale(i128::from(cell), 0, self.scale), show)
    }

    fn floats<T>(self, array: &dyn Array) -> Result<Vec<i128>, ImportError>
    where
        T: ArrowPrimitiveType,
        f64: From<T::Native>,
    {
        let show = |cell| f64::from(cell).to_string();
        Self::each::<T>(
            array,
            |cell| float_to_fixed(f64::from(cell), self.scale, self.policy),
            show,
        )
    }

    fn decimals<T>(self, array: &dyn Array, from: i8) -> Result<Vec<i128>, ImportError>
    where
        T: ArrowPrimitiveType,
        i128: From<T::Native>,
    {
        let show = |cell| show_decimal(i128::from(cell), from);
        Self::each::<T>(array, |cell| rescale(i128::from(cell), from, self.scale), show)
    }
}

fn show_decimal(raw: i128, scale: i8) -> String {
    u32::try_from(scale)
        .map_or_else(|_| format!("{raw} at scale {scale}"), |scale| format_fixed(raw, scale, 0))
}

/// `raw * 10^(to - from)`, exactly.
fn rescale(raw: i128, from: i8, to: u32) -> Result<i128, NumberError> {
    let shift = i128::from(to).saturating_sub(i128::from(from));
    let power = |digits: i128| u32::try_from(digits).ok().and_then(|up| 10_i128.checked_pow(up));
    let scaled = if raw == 0 {
        0
    } else if shift >= 0 {
        let factor = power(shift).ok_or(NumberError::OutOfRange)?;
        raw.checked_mul(factor).ok_or(NumberError::OutOfRange)?
    } else {
        let divisor = power(shift.saturating_neg()).ok_or(NumberError::TooManyDigits)?;
        if raw.checked_rem(divisor) != Some(0) {
            return Err(NumberError::TooManyDigits);
        }
        raw.checked_div(divisor).ok_or(NumberError::TooManyDigits)?
    };
    if scaled.unsigned_abs() < LIMIT.unsigned_abs() {
        Ok(scaled)
    } else {
        Err(NumberError::OutOfRange)
    }
}

/// The values of a dictionary; one that is null may be there as long as no row uses it.
fn optional_texts(values: &dyn Array) -> Result<Vec<Option<&str>>, ImportError> {
    match values.data_type() {
        DataType::Utf8 => Ok(values.as_string::<i32>().iter().collect()),
        DataType::LargeUtf8 => Ok(values.as_string::<i64>().iter().collect()),
        DataType::Utf8View => Ok(values.as_string_view().iter().collect()),
        other => Err(ImportError::Type { found: other.to_string(), wanted: "a text column" }),
    }
}

/// A column of texts, borrowed from it.
///
/// # Errors
/// [`ImportError`], naming the first null row.
pub fn text_column(array: &dyn Array) -> Result<Vec<&str>, ImportError> {
    check_nulls(array)?;
    Ok(match array.data_type() {
        DataType::Utf8 => array.as_string::<i32>().iter().flatten().collect(),
        DataType::LargeUtf8 => array.as_string::<i64>().iter().flatten().collect(),
        DataType::Utf8View => array.as_string_view().iter().flatten().collect(),
        DataType::Dictionary(_, values) if **values != DataType::Null => {
            let dictionary = array.as_any_dictionary();
            if array.is_empty() {
                return Ok(Vec::new());
            }
            if dictionary.values().is_empty() {
                return Err(ImportError::Null { row: 0 });
            }
            let values = optional_texts(dictionary.values())?;
            let keys = dictionary.normalized_keys().into_iter().enumerate();
            let text = |(row, key): (usize, usize)| {
                values.get(key).copied().flatten().ok_or(ImportError::Null { row })
            };
            return keys.map(text).collect();
        }
        other => {
            return Err(ImportError::Type { found: other.to_string(), wanted: "a text column" });
        }
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use arrow_array::{
        ArrayRef, BooleanArray, Decimal32Array, Decimal64Array, Decimal128Array, DictionaryArray,
        Float32Array, Float64Array, Int8Array, Int16Array, Int32Array, Int64Array,
        LargeStringArray, StringArray, StringViewArray, UInt8Array, UInt16Array, UInt32Array,
        UInt64Array,
    };

    const NEAREST: FloatPolicy = FloatPolicy::Nearest;

    #[test]
    fn numbers_of_every_width_come_in_exactly() {
        let decimal = |scale| Decimal128Array::from(vec![150]).with_precision_and_scale(38, scale);
        let arrays: Vec<(ArrayRef, i128)> = vec![
            (Arc::new(Int8Array::from(vec![-3])), -3_000_000_000),
            (Arc::new(UInt64Array::from(vec![u64::MAX])), i128::from(u64::MAX) * 1_000_000_000),
            (Arc::new(Float32Array::from(vec![0.25])), 250_000_000),
            (Arc::new(Float64Array::from(vec![1.08123])), 1_081_230_000),
            (Arc::new(decimal(2).unwrap()), 1_500_000_000),
            (Arc::new(decimal(10).unwrap()), 15),
            (Arc::new(decimal(-1).unwrap()), 1_500_000_000_000),
            (
                Arc::new(Decimal32Array::from(vec![7]).with_precision_and_scale(9, 0).unwrap()),
                7_000_000_000,
            ),
            (Arc::new(Decimal64Array::from(vec![7]).with_precision_and_scale(18, 9).unwrap()), 7),
        ];
        for (array, raw) in arrays {
            assert_eq!(fixed_column(&array, 9, NEAREST), Ok(vec![raw]), "{:?}", array.data_type());
        }
    }

    fn refused(array: &dyn Array, policy: FloatPolicy) -> (usize, NumberError) {
        match fixed_column(array, 9, policy) {
            Err(ImportError::Number { row, error, .. }) => (row, error),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn cells_that_cannot_be_taken_are_named() {
        let floats = Float64Array::from(vec![1.0, f64::NAN]);
        assert_eq!(refused(&floats, NEAREST), (1, NumberError::NotFinite));
        let floats = Float64Array::from(vec![0.1 + 0.2]);
        assert_eq!(refused(&floats, FloatPolicy::Strict), (0, NumberError::TooManyDigits));
        let fine = Decimal128Array::from(vec![10, 11]).with_precision_and_scale(38, 10).unwrap();
        assert_eq!(refused(&fine, NEAREST), (1, NumberError::TooManyDigits));
        let large = Decimal128Array::from(vec![10_i128.pow(37)]).with_precision_and_scale(38, 0);
        assert_eq!(refused(&large.unwrap(), NEAREST), (0, NumberError::OutOfRange));
        let nulls = Int64Array::from(vec![Some(1), None]);
        assert_eq!(fixed_column(&nulls, 9, NEAREST), Err(ImportError::Null { row: 1 }));
        let booleans = BooleanArray::from(vec![true]);
        let error = fixed_column(&booleans, 9, NEAREST).unwrap_err();
        assert!(error.to_string().contains("Boolean is not"), "{error}");
    }

    #[test]
    fn the_other_widths_come_in_too() {
        let arrays: [ArrayRef; 7] = [
            Arc::new(Int16Array::from(vec![2])),
            Arc::new(Int32Array::from(vec![2])),
            Arc::new(Int64Array::from(vec![2])),
            Arc::new(UInt8Array::from(vec![2])),
            Arc::new(UInt16Array::from(vec![2])),
            Arc::new(UInt32Array::from(vec![2])),
            Arc::new(Float32Array::from(vec![2.0])),
        ];
        for array in arrays {
            let raw = fixed_column(&array, 9, FloatPolicy::Strict);
            assert_eq!(raw, Ok(vec![2_000_000_000]), "{:?}", array.data_type());
        }
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

    #[test]
    fn errors_name_the_row_and_the_cell() {
        let text = |array: &dyn Array| fixed_column(array, 9, NEAREST).unwrap_err().to_string();
        assert_eq!(text(&Int64Array::from(vec![None, Some(1)])), "row 0 is null");
        let fine = Decimal128Array::from(vec![105]).with_precision_and_scale(38, 11).unwrap();
        assert_eq!(text(&fine), "row 0: 0.00000000105 has more decimals than can be kept");
        let large = Decimal128Array::from(vec![LIMIT - 1]).with_precision_and_scale(38, -2);
        let wanted =
            format!("row 0: {} at scale -2 has more than 38 digits at its scale", LIMIT - 1);
        assert_eq!(text(&large.unwrap()), wanted);
        let infinite = Float64Array::from(vec![1.0, f64::INFINITY]);
        assert_eq!(text(&infinite), "row 1: inf is not finite");
        let error = text_column(&Int64Array::from(vec![1])).unwrap_err().to_string();
        assert_eq!(error, "Int64 is not a text column");
    }

    #[test]
    fn texts_of_every_layout_come_in() {
        let dictionary: DictionaryArray<arrow_array::types::Int8Type> =
            vec!["b", "a", "b"].into_iter().collect();
        let arrays: [ArrayRef; 4] = [
            Arc::new(StringArray::from(vec!["b", "a", "b"])),
            Arc::new(LargeStringArray::from(vec!["b", "a", "b"])),
            Arc::new(StringViewArray::from(vec!["b", "a", "b"])),
            Arc::new(dictionary),
        ];
        for array in arrays {
            assert_eq!(text_column(&array).unwrap(), ["b", "a", "b"]);
        }
        let nulls = StringArray::from(vec![None, Some("a")]);
        assert_eq!(text_column(&nulls), Err(ImportError::Null { row: 0 }));
        assert!(text_column(&Int64Array::from(vec![1])).is_err());
    }
}
