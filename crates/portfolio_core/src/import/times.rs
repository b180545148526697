//! Columns of times as microseconds since the epoch.

use arrow_array::Array;
use arrow_array::cast::AsArray;
use arrow_array::types::{
    ArrowPrimitiveType, Date32Type, Date64Type, TimestampMicrosecondType, TimestampMillisecondType,
    TimestampNanosecondType, TimestampSecondType,
};
use arrow_schema::{DataType, TimeUnit};

use super::{CellError, Integers, Nulls, WrongType};
use crate::event::{TIME_MAX, TIME_MIN};

const MICROSECONDS_PER_DAY: i64 = 86_400_000_000;

/// A column of timestamps of any unit and zone, of dates, or of whole microseconds.
///
/// # Examples
/// ```
/// use portfolio_core::import::Times;
///
/// let column = arrow_array::TimestampNanosecondArray::from(vec![2_000, 2_001]);
/// let times = Times::read(&column)?;
/// assert_eq!(times.get(0), Ok(Some(2)));
/// assert!(times.get(1).is_err());
/// # Ok::<(), portfolio_core::import::WrongType>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Times<'a> {
    values: Values<'a>,
    nulls: Nulls<'a>,
}

#[derive(Debug, Clone, Copy)]
enum Values<'a> {
    Micros(&'a [i64]),
    /// Times of another unit: so many microseconds each.
    Coarse(&'a [i64], i64),
    /// Times of another unit: so many to a microsecond.
    Fine(&'a [i64], i64),
    Days(&'a [i32]),
    Whole(Integers<'a>),
}

impl<'a> Times<'a> {
    /// A column that is not there: every row is null.
    pub const ABSENT: Self = Self { values: Values::Whole(Integers::ABSENT), nulls: Nulls(None) };

    /// Looks at a column. A timestamp counts from the epoch in UTC whatever its zone; one without
    /// a zone is taken as UTC.
    ///
    /// # Errors
    /// [`WrongType`].
    pub fn read(array: &'a dyn Array) -> Result<Self, WrongType> {
        let values = match array.data_type() {
            DataType::Timestamp(TimeUnit::Second, _) => {
                Values::Coarse(native::<TimestampSecondType>(array), 1_000_000)
            }
            DataType::Timestamp(TimeUnit::Millisecond, _) => {
                Values::Coarse(native::<TimestampMillisecondType>(array), 1_000)
            }
            DataType::Timestamp(TimeUnit::Microsecond, _) => {
                Values::Micros(native::<TimestampMicrosecondType>(array))
            }
            DataType::Timestamp(TimeUnit::Nanosecond, _) => {
                Values::Fine(native::<TimestampNanosecondType>(array), 1_000)
            }
            DataType::Date64 => Values::Coarse(native::<Date64Type>(array), 1_000),
            DataType::Date32 => Values::Days(array.as_primitive::<Date32Type>().values()),
            other => Values::Whole(Integers::read(array).map_err(|_| WrongType {
                found: other.to_string(),
                wanted: "a timestamp, date or integer column",
            })?),
        };
        Ok(Self { values, nulls: Nulls::of(array) })
    }

    /// The time of a row; nothing for a null.
    ///
    /// # Errors
    /// [`CellError::Time`].
    #[inline]
    pub fn get(&self, row: usize) -> Result<Option<i64>, Box<CellError>> {
        if self.nulls.is_null(row) {
            return Ok(None);
        }
        if let Values::Micros(values) = self.values
            && let Some(&time) = values.get(row)
            && is_allowed(time)
        {
            return Ok(Some(time));
        }
        self.get_other(row)
    }

    fn get_other(&self, row: usize) -> Result<Option<i64>, Box<CellError>> {
        let outside = "is outside the years 1 to 9999";
        let failed =
            |value: i128, rule| Box::new(CellError::Time { value: value.to_string(), rule });
        let (value, micros) = match self.values {
            Values::Micros(values) => {
                let Some(&value) = values.get(row) else { return Ok(None) };
                (i128::from(value), Some(value))
            }
            Values::Coarse(values, each) => {
                let Some(&value) = values.get(row) else { return Ok(None) };
                (i128::from(value), value.checked_mul(each))
            }
            Values::Fine(values, each) => {
                let Some(&value) = values.get(row) else { return Ok(None) };
                if value.checked_rem(each) != Some(0) {
                    let rule = "has a remainder below one microsecond";
                    return Err(failed(i128::from(value), rule));
                }
                (i128::from(value), value.checked_div(each))
            }
            Values::Days(values) => {
                let Some(&value) = values.get(row) else { return Ok(None) };
                (i128::from(value), i64::from(value).checked_mul(MICROSECONDS_PER_DAY))
            }
            Values::Whole(integers) => {
                let Some(value) = integers.get(row) else { return Ok(None) };
                (value, i64::try_from(value).ok())
            }
        };
        micros.filter(|&time| is_allowed(time)).map(Some).ok_or_else(|| failed(value, outside))
    }
}

#[inline]
fn is_allowed(time: i64) -> bool {
    (TIME_MIN..=TIME_MAX).contains(&time)
}

fn native<T: ArrowPrimitiveType<Native = i64>>(array: &dyn Array) -> &[i64] {
    array.as_primitive::<T>().values()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use arrow_array::{
        ArrayRef, Date32Array, Date64Array, Int32Array, Int64Array, NullArray, StringArray,
        TimestampMicrosecondArray, TimestampMillisecondArray, TimestampNanosecondArray,
        TimestampSecondArray, UInt64Array,
    };

    #[test]
    fn times_of_every_unit_come_in() {
        let arrays: [ArrayRef; 9] = [
            Arc::new(TimestampSecondArray::from(vec![86_400])),
            Arc::new(TimestampMillisecondArray::from(vec![86_400_000]).with_timezone("UTC")),
            Arc::new(TimestampMicrosecondArray::from(vec![MICROSECONDS_PER_DAY])),
            Arc::new(
                TimestampNanosecondArray::from(vec![MICROSECONDS_PER_DAY * 1_000])
                    .with_timezone("Europe/Berlin"),
            ),
            Arc::new(Date32Array::from(vec![1])),
            Arc::new(Date64Array::from(vec![86_400_000])),
            Arc::new(Int64Array::from(vec![MICROSECONDS_PER_DAY])),
            Arc::new(UInt64Array::from(vec![86_400_000_000_u64])),
            Arc::new(Int64Array::from(vec![MICROSECONDS_PER_DAY])),
        ];
        for array in arrays {
            let times = Times::read(&array).unwrap();
            assert_eq!(times.get(0), Ok(Some(MICROSECONDS_PER_DAY)), "{:?}", array.data_type());
            assert_eq!(times.get(1), Ok(None), "behind the end");
        }
        assert_eq!(Times::read(&Int32Array::from(vec![5])).unwrap().get(0), Ok(Some(5)));
        assert_eq!(Times::read(&NullArray::new(1)).unwrap().get(0), Ok(None));
        assert_eq!(Times::ABSENT.get(0), Ok(None));
    }

    #[test]
    fn what_is_no_time_says_why() {
        let rule = |array: &dyn Array| Times::read(array).unwrap().get(0).unwrap_err().rule();
        assert!(rule(&TimestampNanosecondArray::from(vec![-1])).contains("remainder"));
        let outside = "is outside the years 1 to 9999";
        assert_eq!(rule(&TimestampSecondArray::from(vec![i64::MAX])), outside);
        assert_eq!(rule(&UInt64Array::from(vec![u64::MAX])), outside);
        assert!(Times::read(&StringArray::from(vec!["2024-01-02"])).is_err());
    }
}
