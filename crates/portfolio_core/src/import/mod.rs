//! Foreign Arrow columns, cell by cell, as the engine's own values: checked, exact, never guessing.
//!
//! A column is looked at once, when a reader is made over it ([`Numbers`], [`Integers`], [`Times`],
//! [`Texts`], [`Flags`]); then any row can be asked for. Nothing is converted before it is asked
//! for, so a frame is never held twice. The readers trust no buffer: an offset, a key or a view
//! that points nowhere, and bytes that are no text, are errors of the cell and not a reason to look
//! elsewhere.

mod error;
mod flags;
mod integers;
mod numbers;
mod texts;
mod times;

pub use error::{CellError, WrongType, number_rule};
pub use flags::Flags;
pub use integers::Integers;
pub use numbers::{Numbers, Quick};
pub use texts::Texts;
pub use times::Times;

use arrow_array::Array;
use arrow_buffer::NullBuffer;

/// Which rows of a column have no value.
#[derive(Debug, Clone, Copy)]
struct Nulls<'a>(Option<&'a NullBuffer>);

impl<'a> Nulls<'a> {
    fn of(array: &'a dyn Array) -> Self {
        Self(array.nulls().filter(|nulls| nulls.null_count() > 0))
    }

    /// A row behind the end is null too.
    #[inline]
    fn is_null(self, row: usize) -> bool {
        self.0.is_some_and(|nulls| row >= nulls.len() || nulls.is_null(row))
    }
}
