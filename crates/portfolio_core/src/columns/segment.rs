//! One raw allocation that holds the columns of a run of rows, filled by one writer while any
//! number of readers look.
//!
//! What it is: memory and publication. Column `k` of a segment with `capacity` rows starts at byte
//! `capacity * (sum of the widths before k)`; the capacity is a multiple of 64, so each column
//! starts on a 64-byte boundary. The writer fills a row past the published length and then stores
//! the new length with `Release`; readers load it with `Acquire` and only ever touch rows below it.
//! A published byte is never written again and a segment is never reallocated, so a buffer that was
//! handed out stays as it is for as long as anybody holds it.
//!
//! Memory starts as zeros. A cell that is 0 and was never written is left as it is: of a column
//! without a value, such as the stop losses of an account that uses none, no page is ever touched.
//!
//! What it is not: a table. Which column means what is in [`super::schema`], growth is in
//! [`super::table`].
#![expect(
    unsafe_code,
    reason = "append-only sharing between a writer and readers cannot be expressed in safe Rust"
)]

use std::fmt;
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arrow_buffer::Buffer;

pub use super::memory::AllocationFailed;
use super::memory::Block;

/// Rows of a segment come in multiples of this, so that every column starts on a 64-byte boundary.
pub const ROW_MULTIPLE: usize = 64;

mod sealed {
    /// Plain values of which every bit pattern is valid.
    pub trait Plain: Copy {
        /// Whether all bits are 0.
        fn is_zero(self) -> bool;
    }

    macro_rules! plain {
        ($($name:ty: $zero:expr),*) => {
            $(impl Plain for $name {
                #[inline]
                fn is_zero(self) -> bool {
                    let zero: fn($name) -> bool = $zero;
                    zero(self)
                }
            })*
        };
    }

    plain!(
        u8: |value| value == 0,
        u64: |value| value == 0,
        i64: |value| value == 0,
        f64: |value| value.to_bits() == 0,
        i128: |value| value == 0,
        u128: |value| value == 0
    );
}

/// A value that may stand in a cell: a plain number of 1, 8 or 16 bytes.
pub trait Cell: sealed::Plain {}
impl<T: sealed::Plain> Cell for T {}

/// A row that knows its width and how to lay out its cells.
pub trait Row {
    /// Bytes of one row: the sum of the widths of its columns.
    const WIDTH: usize;
    /// Puts every cell, in the order of the columns.
    fn put(&self, cells: &mut Cells);
}

/// The shared part of a segment: what readers hold.
pub struct Segment {
    block: Block,
    capacity: usize,
    row_width: usize,
    len: AtomicUsize,
}

impl Segment {
    /// Published rows. Rows below this number never change.
    #[must_use]
    pub fn len(&self) -> usize {
        self.len.load(Ordering::Acquire)
    }

    /// Whether no row is published yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Rows that fit.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// The first `rows` cells of the column that starts `prefix` bytes into a row and is `width`
    /// bytes wide, shared without a copy: the buffer keeps the segment alive.
    ///
    /// # Panics
    /// When the rows are not published or the column is not inside the row: both are bugs of the
    /// caller.
    #[must_use]
    pub fn column(self: &Arc<Self>, prefix: usize, width: usize, rows: usize) -> Buffer {
        assert!(rows <= self.len(), "{rows} rows asked of {} published", self.len());
        assert!(
            prefix.checked_add(width).is_some_and(|end| end <= self.row_width),
            "column {prefix}+{width} is outside a row of {}",
            self.row_width
        );
        let owner: Arc<Self> = Arc::clone(self);
        // SAFETY: prefix + width <= row_width and rows <= len <= capacity, so the range lies inside
        // the allocation of capacity * row_width bytes; its bytes are initialised (published) and
        // never written again; the Arc keeps the allocation alive.
        unsafe {
            let start = self.block.base().add(self.capacity.wrapping_mul(prefix));
            Buffer::from_custom_allocation(start, rows.wrapping_mul(width), owner)
        }
    }

    /// A published range of a one-byte-wide segment.
    ///
    /// # Panics
    /// When the range is not published.
    #[must_use]
    pub fn bytes(&self, start: usize, len: usize) -> &[u8] {
        let end = start.checked_add(len);
        assert!(self.row_width == 1 && end.is_some_and(|end| end <= self.len()));
        // SAFETY: the range is published, hence initialised, inside the allocation and immutable
        // while borrowed.
        unsafe { std::slice::from_raw_parts(self.block.base().add(start).as_ptr(), len) }
    }
}

impl fmt::Debug for Segment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Segment({} of {} rows)", self.len(), self.capacity)
    }
}

/// The one handle that may append to its segment.
#[derive(Debug)]
pub struct Writer {
    segment: Arc<Segment>,
    /// Rows written; those at and past the published length can still be taken back.
    row: usize,
    /// Rows from here on were never written: all of their bytes are 0.
    untouched: usize,
}

impl Writer {
    /// Allocates a segment of at least `rows` rows of `row_width` bytes and returns its only
    /// writer.
    ///
    /// # Errors
    /// [`AllocationFailed`] when the allocator refuses or the size does not fit the address space.
    ///
    /// # Panics
    /// When a row has no bytes: a bug of the caller.
    pub fn allocate(row_width: usize, rows: usize) -> Result<Self, AllocationFailed> {
        let refused = |bytes| AllocationFailed { bytes };
        let capacity =
            rows.max(1).checked_next_multiple_of(ROW_MULTIPLE).ok_or(refused(usize::MAX))?;
        let bytes = capacity.checked_mul(row_width).ok_or(refused(usize::MAX))?;
        let (block, len) = (Block::zeroed(bytes)?, AtomicUsize::new(0));
        let segment = Arc::new(Segment { block, capacity, row_width, len });
        Ok(Self { segment, row: 0, untouched: 0 })
    }

    /// The part that readers share.
    #[must_use]
    pub fn segment(&self) -> &Arc<Segment> {
        &self.segment
    }

    /// Rows that still fit.
    #[must_use]
    pub fn remaining(&self) -> usize {
        self.segment.capacity.saturating_sub(self.row)
    }

    /// Writes one row, which readers do not see before it is published.
    ///
    /// # Panics
    /// When the segment is full or the row's width is another than the segment's: bugs of the
    /// caller.
    #[inline(always)]
    pub fn push<R: Row>(&mut self, row: &R) {
        assert!(self.row < self.segment.capacity && R::WIDTH == self.segment.row_width);
        let mut cells = Cells {
            base: self.segment.block.base(),
            capacity: self.segment.capacity,
            row: self.row,
            row_width: R::WIDTH,
            prefix: 0,
            untouched: self.row >= self.untouched,
        };
        row.put(&mut cells);
        assert!(cells.prefix == R::WIDTH, "a row puts all of its cells");
        self.row = self.row.wrapping_add(1);
    }

    /// Lets readers see all rows that were written.
    #[inline]
    pub fn publish(&self) {
        self.segment.len.store(self.row, Ordering::Release);
    }

    /// Rows that are not published yet.
    #[must_use]
    pub fn unpublished(&self) -> usize {
        self.row.saturating_sub(self.segment.len())
    }

    /// Takes back the last rows, of those that are not published; answers how many.
    pub fn take_back(&mut self, rows: usize) -> usize {
        let rows = rows.min(self.unpublished());
        self.untouched = self.untouched.max(self.row);
        self.row = self.row.saturating_sub(rows);
        rows
    }

    /// Copies published rows of another segment behind the rows of this one, column by column, and
    /// publishes them; `widths` are those of the cells.
    ///
    /// # Panics
    /// When they do not fit, or the cells do not make up the row: bugs of the caller.
    pub fn append_rows(&mut self, from: &Segment, rows: usize, widths: &[usize]) {
        assert!(rows <= self.remaining() && rows <= from.len());
        assert!(from.row_width == self.segment.row_width && self.untouched <= self.row);
        let mut prefix = 0_usize;
        for &width in widths {
            let next = prefix.wrapping_add(width);
            assert!(next <= self.segment.row_width, "a cell outside the row");
            let start = self.row.wrapping_mul(width);
            let target = self.segment.capacity.wrapping_mul(prefix).wrapping_add(start);
            // SAFETY: both ranges lie inside their allocations, as asserted; the source is
            // published and never written again, the target is past the published length and in
            // another allocation.
            unsafe {
                let source = from.block.base().add(from.capacity.wrapping_mul(prefix));
                let target = self.segment.block.base().add(target);
                source.copy_to_nonoverlapping(target, rows.wrapping_mul(width));
            }
            prefix = next;
        }
        assert!(prefix == self.segment.row_width, "the cells make up the row");
        self.row = self.row.wrapping_add(rows);
        self.publish();
    }

    /// Appends a run of bytes to a one-byte-wide segment and publishes it; returns where it starts.
    ///
    /// # Panics
    /// When they do not fit: a bug of the caller.
    pub fn append_bytes(&mut self, bytes: &[u8]) -> usize {
        assert!(self.segment.row_width == 1 && bytes.len() <= self.remaining());
        let start = self.row;
        // SAFETY: the target range lies inside the allocation and past the published length, so
        // nobody else reads or writes it; source and target cannot overlap because the target is
        // not reachable as a slice.
        unsafe {
            let target = self.segment.block.base().add(start).as_ptr();
            std::ptr::copy_nonoverlapping(bytes.as_ptr(), target, bytes.len());
        }
        self.row = start.wrapping_add(bytes.len());
        self.segment.len.store(self.row, Ordering::Release);
        start
    }
}

/// The cells of the row that is being written.
#[derive(Debug)]
pub struct Cells {
    base: NonNull<u8>,
    capacity: usize,
    row: usize,
    row_width: usize,
    prefix: usize,
    /// Whether every byte of the row is still 0.
    untouched: bool,
}

impl Cells {
    /// Writes the next cell of the row.
    ///
    /// # Panics
    /// When the row has no room for it: a bug of the row type.
    #[inline(always)]
    pub fn put<T: Cell>(&mut self, value: T) {
        let width = size_of::<T>();
        let next = self.prefix.wrapping_add(width);
        assert!(next <= self.row_width, "a cell outside the row");
        let column = self.capacity.wrapping_mul(self.prefix);
        let offset = column.wrapping_add(self.row.wrapping_mul(width));
        // SAFETY: prefix + width <= row_width and row < capacity, so the cell lies inside the
        // allocation; it is past the published length, so no reader looks at it; capacity is a
        // multiple of 64, so the address is aligned for T.
        unsafe { self.base.add(offset).cast::<T>().write(value) }
        self.prefix = next;
    }

    /// Leaves the next cell of the row as it is, which nobody will look at.
    #[inline(always)]
    pub fn skip<T: Cell>(&mut self) {
        self.prefix = self.prefix.wrapping_add(size_of::<T>());
    }

    /// Writes the next cell of the row, which is often 0.
    ///
    /// # Panics
    /// As [`Cells::put`].
    #[inline(always)]
    pub fn put_sparse<T: Cell>(&mut self, value: T) {
        if self.untouched && value.is_zero() {
            self.prefix = self.prefix.wrapping_add(size_of::<T>());
        } else {
            self.put(value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Pair(i64, i128);
    impl Row for Pair {
        const WIDTH: usize = 24;
        fn put(&self, cells: &mut Cells) {
            cells.put(self.0);
            cells.put(self.1);
        }
    }

    #[test]
    fn a_buffer_keeps_its_bytes_while_the_writer_goes_on() {
        let mut writer = Writer::allocate(Pair::WIDTH, 100).unwrap();
        for value in 0..10_i64 {
            writer.push(&Pair(value, i128::from(value) << 70));
        }
        writer.publish();
        let segment = Arc::clone(writer.segment());
        let wide = segment.column(8, 16, 10);
        let before = wide.as_slice().to_vec();
        for value in 10..128_i64 {
            writer.push(&Pair(value, -1));
            writer.publish();
        }
        drop(writer);
        drop(segment);
        assert_eq!(wide.as_slice(), before);
        assert_eq!(wide.typed_data::<i128>()[9], 9_i128 << 70);
        assert_eq!(wide.as_ptr().align_offset(64), 0);
    }

    /// Looks at the published rows until there are 2,000 of them.
    fn watch(segment: &Arc<Segment>) {
        let mut seen = 0;
        while seen < 2_000 {
            seen = segment.len();
            let (left, right) = (segment.column(0, 8, seen), segment.column(8, 16, seen));
            let last = left.typed_data::<i64>().last().zip(right.typed_data::<i128>().last());
            if let Some((&small, &wide)) = last {
                assert_eq!(i128::from(small) * 3, wide);
                assert_eq!(usize::try_from(small).unwrap() + 1, seen);
            }
            std::thread::yield_now();
        }
    }

    #[test]
    fn readers_in_other_threads_see_whole_rows_only() {
        let mut writer = Writer::allocate(Pair::WIDTH, 2_000).unwrap();
        let segment = Arc::clone(writer.segment());
        std::thread::scope(|scope| {
            let readers = [(); 2].map(|()| scope.spawn(|| watch(&segment)));
            for value in 0..2_000_i64 {
                writer.push(&Pair(value, i128::from(value) * 3));
                writer.publish();
            }
            for reader in readers {
                reader.join().unwrap();
            }
        });
    }

    /// A row of which every cell may be 0.
    struct Sparse(i64, i128);
    impl Row for Sparse {
        const WIDTH: usize = 24;
        fn put(&self, cells: &mut Cells) {
            cells.put_sparse(self.0);
            cells.put_sparse(self.1);
        }
    }

    #[test]
    fn rows_that_are_taken_back_leave_nothing_behind() {
        let mut writer = Writer::allocate(Sparse::WIDTH, 64).unwrap();
        writer.push(&Sparse(1, 1));
        writer.publish();
        for value in 2..10 {
            writer.push(&Sparse(value, -1));
        }
        assert_eq!(writer.segment().len(), 1, "not published");
        writer.take_back(usize::MAX);
        assert_eq!(writer.remaining(), 63);
        for value in [0, 7, 0, 0] {
            writer.push(&Sparse(value, 0));
        }
        writer.publish();
        let segment = writer.segment();
        assert_eq!(segment.column(0, 8, 5).typed_data::<i64>(), [1, 0, 7, 0, 0]);
        assert_eq!(segment.column(8, 16, 5).typed_data::<i128>(), [1, 0, 0, 0, 0]);
    }

    #[test]
    fn segments_of_every_size_start_as_zeros() {
        for rows in [64, 4_096, 1 << 20] {
            let mut writer = Writer::allocate(Sparse::WIDTH, rows).unwrap();
            writer.push(&Sparse(0, 0));
            writer.push(&Sparse(3, 0));
            writer.publish();
            let segment = Arc::clone(writer.segment());
            assert_eq!(segment.column(0, 8, 2).typed_data::<i64>(), [0, 3]);
            assert_eq!(segment.column(8, 16, 2).as_ptr().align_offset(64), 0);
        }
    }

    #[test]
    fn rows_are_copied_behind_those_of_another_segment() {
        let mut both = Writer::allocate(Pair::WIDTH, 5).unwrap();
        for values in [0..2, 2..5] {
            let mut part = Writer::allocate(Pair::WIDTH, 64).unwrap();
            values.for_each(|value| part.push(&Pair(value, 2 * i128::from(value))));
            part.publish();
            both.append_rows(part.segment(), part.segment().len(), &[8, 16]);
        }
        assert_eq!(both.segment().column(0, 8, 5).typed_data::<i64>(), [0, 1, 2, 3, 4]);
        assert_eq!(both.segment().column(8, 16, 5).typed_data::<i128>(), [0, 2, 4, 6, 8]);
    }

    #[test]
    fn bytes_are_appended_and_read_back() {
        let mut writer = Writer::allocate(1, 64).unwrap();
        assert_eq!(writer.append_bytes(b"hello"), 0);
        assert_eq!(writer.append_bytes(b"world"), 5);
        assert_eq!(writer.segment().bytes(5, 5), b"world");
        assert_eq!(writer.remaining(), 54);
        assert!(format!("{:?}", writer.segment()).contains("10 of 64"));
    }

    #[test]
    #[should_panic(expected = "published")]
    fn unpublished_rows_cannot_be_asked_for() {
        let writer = Writer::allocate(16, 64).unwrap();
        let _ = writer.segment().column(0, 16, 1);
    }
}
