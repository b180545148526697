//! Columns of whole numbers: ids, counts, digits.

use arrow_array::Array;
use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type,
    UInt32Type, UInt64Type,
};
use arrow_schema::DataType;

use super::{CellError, Nulls, WrongType};
use crate::refusal::Code;

/// A column of integers of any width.
///
/// # Examples
/// ```
/// use portfolio_core::import::Integers;
///
/// let column = arrow_array::Int32Array::from(vec![7, 0]);
/// let integers = Integers::read(&column)?;
/// assert_eq!(integers.id(0), Ok(Some(7)));
/// assert!(integers.id(1).is_err());
/// # Ok::<(), portfolio_core::import::WrongType>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Integers<'a> {
    values: Values<'a>,
    nulls: Nulls<'a>,
}

#[derive(Debug, Clone, Copy)]
enum Values<'a> {
    None,
    UInt64(&'a [u64]),
    Int64(&'a [i64]),
    Other(&'a dyn Array, fn(&dyn Array, usize) -> Option<i128>),
}

impl<'a> Integers<'a> {
    /// A column that is not there: every row is null.
    pub const ABSENT: Self = Self { values: Values::None, nulls: Nulls(None) };

    /// Looks at a column.
    ///
    /// # Errors
    /// [`WrongType`].
    pub fn read(array: &'a dyn Array) -> Result<Self, WrongType> {
        let values = match array.data_type() {
            DataType::Null => Values::None,
            DataType::UInt64 => Values::UInt64(array.as_primitive::<UInt64Type>().values()),
            DataType::Int64 => Values::Int64(array.as_primitive::<Int64Type>().values()),
            DataType::Int8 => Values::Other(array, cell::<Int8Type>),
            DataType::Int16 => Values::Other(array, cell::<Int16Type>),
            DataType::Int32 => Values::Other(array, cell::<Int32Type>),
            DataType::UInt8 => Values::Other(array, cell::<UInt8Type>),
            DataType::UInt16 => Values::Other(array, cell::<UInt16Type>),
            DataType::UInt32 => Values::Other(array, cell::<UInt32Type>),
            other => {
                let wanted = "a column of integers";
                return Err(WrongType { found: other.to_string(), wanted });
            }
        };
        Ok(Self { values, nulls: Nulls::of(array) })
    }

    /// The number of a row; nothing for a null.
    #[inline]
    #[must_use]
    pub fn get(&self, row: usize) -> Option<i128> {
        if self.nulls.is_null(row) {
            return None;
        }
        match self.values {
            Values::None => None,
            Values::UInt64(values) => values.get(row).map(|&value| i128::from(value)),
            Values::Int64(values) => values.get(row).map(|&value| i128::from(value)),
            Values::Other(array, cell) => cell(array, row),
        }
    }

    /// The id of a row; nothing for a null.
    ///
    /// # Errors
    /// [`CellError::Whole`].
    #[inline]
    pub fn id(&self, row: usize) -> Result<Option<u64>, Box<CellError>> {
        let Some(value) = self.get(row) else { return Ok(None) };
        match u64::try_from(value) {
            Ok(id) if id > 0 => Ok(Some(id)),
            _ => Err(Box::new(CellError::Whole {
                value: value.to_string(),
                code: Code::InvalidPositionId,
                rule: "an id is a whole number from 1 to 2^64 - 1",
                remedy: "pass the id that a receipt gave",
            })),
        }
    }

    /// The digits of a grid in a row; nothing for a null.
    ///
    /// # Errors
    /// [`CellError::Whole`].
    pub fn digits(&self, row: usize) -> Result<Option<u32>, Box<CellError>> {
        let Some(value) = self.get(row) else { return Ok(None) };
        match u32::try_from(value) {
            Ok(digits) if digits <= 9 => Ok(Some(digits)),
            _ => Err(Box::new(CellError::Whole {
                value: value.to_string(),
                code: Code::InvalidInstrument,
                rule: "must be from 0 to 9",
                remedy: "pass the digits of the instrument's grid",
            })),
        }
    }
}

fn cell<T>(array: &dyn Array, row: usize) -> Option<i128>
where
    T: ArrowPrimitiveType,
    i128: From<T::Native>,
{
    array.as_primitive::<T>().values().get(row).map(|&value| i128::from(value))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use arrow_array::{
        ArrayRef, Float64Array, Int8Array, Int16Array, Int32Array, Int64Array, NullArray,
        UInt8Array, UInt16Array, UInt32Array, UInt64Array,
    };

    #[test]
    fn every_width_comes_in() {
        let arrays: [ArrayRef; 8] = [
            Arc::new(Int8Array::from(vec![Some(7), None])),
            Arc::new(Int16Array::from(vec![Some(7), None])),
            Arc::new(Int32Array::from(vec![Some(7), None])),
            Arc::new(Int64Array::from(vec![Some(7), None])),
            Arc::new(UInt8Array::from(vec![Some(7), None])),
            Arc::new(UInt16Array::from(vec![Some(7), None])),
            Arc::new(UInt32Array::from(vec![Some(7), None])),
            Arc::new(UInt64Array::from(vec![Some(7), None])),
        ];
        for array in arrays {
            let integers = Integers::read(&array).unwrap();
            assert_eq!((integers.get(0), integers.get(1)), (Some(7), None));
            assert_eq!((integers.id(0), integers.digits(1)), (Ok(Some(7)), Ok(None)));
        }
        assert_eq!(Integers::read(&NullArray::new(1)).unwrap().get(0), None);
        assert_eq!(Integers::ABSENT.id(3), Ok(None));
        assert!(Integers::read(&Float64Array::from(vec![1.0])).is_err());
    }

    #[test]
    fn ids_and_digits_have_their_ranges() {
        let column = Int64Array::from(vec![0, -1, 10]);
        let integers = Integers::read(&column).unwrap();
        let code = |row| integers.id(row).unwrap_err().code().number();
        assert_eq!([code(0), code(1)], [4014, 4014]);
        assert_eq!(integers.digits(0), Ok(Some(0)));
        assert_eq!(integers.digits(2).unwrap_err().code().number(), 4017);
    }
}
