//! Columns of yes and no.

use arrow_array::cast::AsArray;
use arrow_array::{Array, BooleanArray};
use arrow_schema::DataType;

use super::WrongType;

/// A column of booleans.
///
/// # Examples
/// ```
/// use portfolio_core::import::Flags;
///
/// let column = arrow_array::BooleanArray::from(vec![Some(true), None]);
/// let flags = Flags::read(&column)?;
/// assert_eq!((flags.get(0), flags.get(1)), (Some(true), None));
/// # Ok::<(), portfolio_core::import::WrongType>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Flags<'a>(Option<&'a BooleanArray>);

impl<'a> Flags<'a> {
    /// A column that is not there: every row is null.
    pub const ABSENT: Self = Self(None);

    /// Looks at a column.
    ///
    /// # Errors
    /// [`WrongType`].
    pub fn read(array: &'a dyn Array) -> Result<Self, WrongType> {
        match array.data_type() {
            DataType::Null => Ok(Self::ABSENT),
            DataType::Boolean => Ok(Self(Some(array.as_boolean()))),
            other => Err(WrongType { found: other.to_string(), wanted: "a boolean column" }),
        }
    }

    /// The answer of a row; nothing for a null, and behind the end.
    #[inline]
    #[must_use]
    pub fn get(&self, row: usize) -> Option<bool> {
        let array = self.0.filter(|array| row < array.len() && !array.is_null(row))?;
        Some(array.value(row))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::{Int64Array, NullArray};

    #[test]
    fn yes_no_and_nothing_come_in() {
        let column = BooleanArray::from(vec![None, Some(true), Some(false), None]);
        let sliced = column.slice(1, 3);
        let flags = Flags::read(&sliced).unwrap();
        let read = [0, 1, 2, 3].map(|row| flags.get(row));
        assert_eq!(read, [Some(true), Some(false), None, None]);
        assert_eq!(Flags::read(&NullArray::new(1)).unwrap().get(0), None);
        assert!(Flags::read(&Int64Array::from(vec![1])).is_err());
    }
}
