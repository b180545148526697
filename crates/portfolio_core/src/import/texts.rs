//! Columns of text, without a copy of it.

use arrow_array::Array;
use arrow_array::cast::AsArray;
use arrow_buffer::{Buffer, ToByteSlice};
use arrow_schema::DataType;

use super::{CellError, Integers, Nulls, WrongType};
use crate::columns::text::{INLINE_MAX, ShortText};

/// A column of utf8, large utf8, utf8 view, or a dictionary of these.
///
/// # Examples
/// ```
/// use portfolio_core::import::Texts;
///
/// let column = arrow_array::StringArray::from(vec![Some("EURUSD"), None]);
/// let texts = Texts::read(&column)?;
/// assert_eq!(texts.get(0), Ok(Some("EURUSD")));
/// assert_eq!(texts.get(1), Ok(None));
/// # Ok::<(), portfolio_core::import::WrongType>(())
/// ```
#[derive(Debug, Clone)]
pub struct Texts<'a> {
    values: Values<'a>,
    nulls: Nulls<'a>,
}

#[derive(Debug, Clone)]
enum Values<'a> {
    None,
    Views(&'a [u128], &'a [Buffer]),
    Small(&'a [i32], &'a [u8]),
    Large(&'a [i64], &'a [u8]),
    Dictionary(Integers<'a>, Box<Texts<'a>>),
}

const NO_TEXT: CellError = CellError::Malformed { rule: "is not valid Unicode" };
const NOWHERE: CellError = CellError::Malformed { rule: "points outside of its column" };

impl<'a> Texts<'a> {
    /// A column that is not there: every row is null.
    pub const ABSENT: Self = Self { values: Values::None, nulls: Nulls(None) };

    /// Looks at a column.
    ///
    /// # Errors
    /// [`WrongType`].
    pub fn read(array: &'a dyn Array) -> Result<Self, WrongType> {
        let wrong = || WrongType { found: array.data_type().to_string(), wanted: "a text column" };
        let values = match array.data_type() {
            DataType::Null => Values::None,
            DataType::Utf8View => {
                let views = array.as_string_view();
                Values::Views(views.views(), views.data_buffers())
            }
            DataType::Utf8 => {
                let texts = array.as_string::<i32>();
                Values::Small(texts.value_offsets(), texts.value_data())
            }
            DataType::LargeUtf8 => {
                let texts = array.as_string::<i64>();
                Values::Large(texts.value_offsets(), texts.value_data())
            }
            DataType::Dictionary(..) => {
                let dictionary = array.as_any_dictionary();
                let texts = Self::read(dictionary.values()).map_err(|_| wrong())?;
                if matches!(texts.values, Values::Dictionary(..)) {
                    return Err(wrong());
                }
                Values::Dictionary(Integers::read(dictionary.keys())?, Box::new(texts))
            }
            _ => return Err(wrong()),
        };
        Ok(Self { values, nulls: Nulls::of(array) })
    }

    /// Whether the column is not there, or null throughout.
    #[inline]
    #[must_use]
    pub const fn is_absent(&self) -> bool {
        matches!(self.values, Values::None)
    }

    /// The bytes of a row; nothing for a null.
    ///
    /// # Errors
    /// [`CellError::Malformed`] when the row points outside of its column.
    #[inline]
    pub fn bytes(&self, row: usize) -> Result<Option<&'a [u8]>, Box<CellError>> {
        if self.nulls.is_null(row) {
            return Ok(None);
        }
        let place = |offset: i64| usize::try_from(offset).ok();
        let found = match &self.values {
            Values::None => return Ok(None),
            Values::Views(views, buffers) => view_bytes(views, buffers, row),
            Values::Small(offsets, data) => pair(offsets, row).and_then(|[start, end]| {
                data.get(place(i64::from(start))?..place(i64::from(end))?)
            }),
            Values::Large(offsets, data) => {
                pair(offsets, row).and_then(|[start, end]| data.get(place(start)?..place(end)?))
            }
            Values::Dictionary(keys, texts) => {
                let Some(key) = keys.get(row) else { return Ok(None) };
                let key = usize::try_from(key).map_err(|_| Box::new(NOWHERE))?;
                // Behind its end a column is null, and a dictionary is nothing.
                let known = texts.nulls.0.is_none_or(|nulls| key < nulls.len());
                return if known { texts.bytes(key) } else { Err(Box::new(NOWHERE)) };
            }
        };
        found.map(Some).ok_or_else(|| Box::new(NOWHERE))
    }

    /// The text of a row; nothing for a null.
    ///
    /// # Errors
    /// [`CellError::Malformed`] when the row points outside of its column or is no UTF-8.
    #[inline]
    pub fn get(&self, row: usize) -> Result<Option<&'a str>, Box<CellError>> {
        let Some(bytes) = self.bytes(row)? else { return Ok(None) };
        std::str::from_utf8(bytes).map(Some).map_err(|_| Box::new(NO_TEXT))
    }

    /// The bits of a view as they are, of a column of views. A short text that is padded with
    /// zeros, as it should be, is known by them.
    #[inline]
    #[must_use]
    pub fn view(&self, row: usize) -> Option<u128> {
        match &self.values {
            Values::Views(views, _) if !self.nulls.is_null(row) => views.get(row).copied(),
            _ => None,
        }
    }

    /// Whether a row has no text.
    #[inline]
    #[must_use]
    pub fn is_null(&self, row: usize) -> bool {
        self.is_absent() || self.nulls.is_null(row)
    }

    /// The text of a row for comparisons, when it is a short one.
    #[inline]
    #[must_use]
    pub fn short(&self, row: usize) -> Option<ShortText> {
        if let Values::Views(views, _) = &self.values {
            if self.nulls.is_null(row) {
                return None;
            }
            return views.get(row).and_then(|&bits| ShortText::foreign(bits));
        }
        ShortText::of(self.bytes(row).ok()??)
    }
}

/// Start and end of a row.
#[inline]
fn pair<T: Copy>(offsets: &[T], row: usize) -> Option<[T; 2]> {
    offsets.get(row..)?.first_chunk::<2>().copied()
}

#[inline]
fn view_bytes<'a>(views: &'a [u128], buffers: &'a [Buffer], row: usize) -> Option<&'a [u8]> {
    let view = views.get(row..)?.first_chunk::<1>()?;
    let &[a, b, c, d, _, _, _, _, block, block1, block2, block3, s0, s1, s2, s3] =
        view[0].to_byte_slice().first_chunk::<16>()?;
    let number = |bytes| usize::try_from(u32::from_le_bytes(bytes)).ok();
    let length = number([a, b, c, d])?;
    if length <= INLINE_MAX {
        return view.to_byte_slice().get(4..4_usize.saturating_add(length));
    }
    let block = buffers.get(number([block, block1, block2, block3])?)?;
    let start = number([s0, s1, s2, s3])?;
    block.as_slice().get(start..start.saturating_add(length))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use arrow_array::types::Int8Type;
    use arrow_array::{
        ArrayRef, DictionaryArray, Int8Array, Int64Array, LargeStringArray, NullArray, StringArray,
        StringViewArray,
    };

    const LONG: &str = "a text of more than twelve bytes";

    #[test]
    fn texts_of_every_layout_come_in() {
        let texts = vec![Some("b"), None, Some(LONG), Some(""), Some("twelve bytes")];
        let dictionary: DictionaryArray<Int8Type> = texts.iter().copied().collect();
        let arrays: [ArrayRef; 4] = [
            Arc::new(StringArray::from(texts.clone())),
            Arc::new(LargeStringArray::from(texts.clone())),
            Arc::new(StringViewArray::from(texts.clone())),
            Arc::new(dictionary),
        ];
        for array in arrays {
            for array in [Arc::clone(&array), array.slice(0, 5)] {
                let read = Texts::read(&array).unwrap();
                for (row, text) in texts.iter().enumerate() {
                    assert_eq!(read.get(row), Ok(*text), "{:?}", array.data_type());
                    let short = text.filter(|text| text.len() <= 12);
                    let wanted = short.and_then(|text| ShortText::of(text.as_bytes()));
                    assert_eq!(read.short(row), wanted);
                }
            }
            let sliced = array.slice(2, 1);
            assert_eq!(Texts::read(&sliced).unwrap().get(0), Ok(Some(LONG)));
        }
        assert_eq!(Texts::read(&NullArray::new(1)).unwrap().get(0), Ok(None));
        assert_eq!(Texts::ABSENT.get(0), Ok(None));
        assert!(Texts::read(&Int64Array::from(vec![1])).is_err());
    }

    fn over(values: Values<'_>) -> Texts<'_> {
        Texts { values, nulls: Nulls(None) }
    }

    #[test]
    fn nothing_is_read_outside_of_a_column() {
        let nowhere = Err(Box::new(NOWHERE));
        let texts = over(Values::Small(&[0, 3, 1], b"abc"));
        assert_eq!((texts.get(0), texts.get(1)), (Ok(Some("abc")), nowhere.clone()));
        let texts = over(Values::Large(&[0, 1, 2, -1], b"A\xff"));
        assert_eq!((texts.get(0), texts.get(1)), (Ok(Some("A")), Err(Box::new(NO_TEXT))));
        assert_eq!((texts.get(2), texts.get(3)), (nowhere.clone(), nowhere.clone()));

        let blocks = [Buffer::from_slice_ref([b'x'; 20])];
        let views = [0x14_u128 | (7 << 64), 0x14 | (1 << 96), 0x14];
        let texts = over(Values::Views(&views, &blocks));
        assert_eq!((texts.get(0), texts.get(1)), (nowhere.clone(), nowhere.clone()));
        assert_eq!(texts.get(2), Ok(Some("xxxxxxxxxxxxxxxxxxxx")));
        assert_eq!((texts.short(0), texts.short(2)), (None, None));

        let keys = Int8Array::from(vec![0, 7, -1]);
        let with_null = StringArray::from(vec![Some("a"), None]);
        for values in [over(Values::Small(&[0, 1], b"a")), Texts::read(&with_null).unwrap()] {
            let keys = Integers::read(&keys).unwrap();
            let texts = over(Values::Dictionary(keys, Box::new(values)));
            assert_eq!(texts.get(0), Ok(Some("a")));
            assert_eq!((texts.get(1), texts.get(2)), (nowhere.clone(), nowhere.clone()));
        }
    }
}
