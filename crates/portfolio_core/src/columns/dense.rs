//! A dense, mutable column that can be handed out: copied only when it is changed while somebody
//! still holds it.

use std::sync::Arc;

use arrow_buffer::{ArrowNativeType, Buffer, ToByteSlice};
use bytes::Bytes;

/// Values of one column of the open positions.
///
/// While nobody holds a snapshot the values are plainly owned and a change costs nothing extra. A
/// snapshot moves them behind an `Arc` (no copy); the first change after that takes them back when
/// the snapshot is gone, else copies them.
#[derive(Debug)]
pub enum Column<T> {
    /// Nobody else looks.
    Owned(Vec<T>),
    /// Handed out at least once since the last change.
    Shared(Arc<Vec<T>>),
}

impl<T> Default for Column<T> {
    fn default() -> Self {
        Self::Owned(Vec::new())
    }
}

/// Keeps the shared values alive inside an Arrow buffer.
struct Owner<T>(Arc<Vec<T>>);

impl<T: ArrowNativeType> AsRef<[u8]> for Owner<T> {
    fn as_ref(&self) -> &[u8] {
        self.0.to_byte_slice()
    }
}

impl<T: Copy> Column<T> {
    /// The values.
    #[inline]
    #[must_use]
    pub fn values(&self) -> &[T] {
        match self {
            Self::Owned(values) => values,
            Self::Shared(values) => values,
        }
    }

    /// The values, to be changed; a copy is made when a snapshot still holds them.
    #[inline]
    pub fn values_mut(&mut self) -> &mut Vec<T> {
        if let Self::Shared(shared) = self {
            let values = std::mem::take(shared);
            *self = Self::Owned(Arc::try_unwrap(values).unwrap_or_else(|held| held.to_vec()));
        }
        match self {
            Self::Owned(values) => values,
            // Just made owned; a copy of shared values is what `make_mut` would give as well.
            Self::Shared(values) => Arc::make_mut(values),
        }
    }

    /// The values as they are now, shared without a copy.
    pub fn share(&mut self) -> Arc<Vec<T>> {
        if let Self::Owned(values) = self {
            *self = Self::Shared(Arc::new(std::mem::take(values)));
        }
        match self {
            Self::Shared(values) => Arc::clone(values),
            Self::Owned(values) => Arc::new(values.clone()),
        }
    }

    /// Overwrites the value of a row that exists, if it is another.
    #[inline]
    pub fn set(&mut self, row: usize, value: T)
    where
        T: PartialEq,
    {
        if self.values().get(row) == Some(&value) {
            return;
        }
        if let Some(cell) = self.values_mut().get_mut(row) {
            *cell = value;
        }
    }
}

/// An Arrow buffer over shared values, without a copy.
#[must_use]
pub fn buffer<T: ArrowNativeType>(values: Arc<Vec<T>>) -> Buffer {
    Buffer::from(Bytes::from_owner(Owner(values)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_keeps_its_values_and_a_free_column_is_not_copied() {
        let mut column = Column::<i128>::default();
        column.values_mut().extend([1, 2, 3]);
        let place = column.values().as_ptr();
        let shared = column.share();
        assert_eq!(shared.as_ptr(), place, "sharing does not copy");
        column.set(0, 9);
        assert_eq!(*shared, [1, 2, 3], "the snapshot stays");
        assert_eq!(column.values(), [9, 2, 3]);
        let place = column.values().as_ptr();
        drop(column.share());
        column.set(1, 8);
        assert_eq!(column.values().as_ptr(), place, "a dead snapshot costs no copy");
        assert_eq!(column.values(), [9, 8, 3]);
    }

    #[test]
    fn buffers_share_the_allocation() {
        let mut column = Column::<u64>::default();
        column.values_mut().extend([4, 5]);
        let shared = column.share();
        let place = shared.as_ptr().cast::<u8>();
        let made = buffer(shared);
        assert_eq!(made.as_ptr(), place);
        assert_eq!(made.typed_data::<u64>(), [4, 5]);
        assert!(buffer(Column::<i128>::default().share()).is_empty());
    }
}
