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
//! What it is not: a table. Which column means what is in [`super::schema`], growth is in
//! [`super::table`].
#![expect(
    unsafe_code,
    reason = "append-only sharing between a writer and readers cannot be expressed in safe Rust"
)]

use std::alloc::{Layout, alloc, dealloc};
use std::fmt;
use std::ptr::NonNull;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use arrow_buffer::Buffer;

/// Rows of a segment come in multiples of this, so that every column starts on a 64-byte boundary.
pub const ROW_MULTIPLE: usize = 64;

/// Segments of at least this many bytes ask for huge pages: most of the time of a first write into
/// fresh memory is spent in page faults, of which there are then 512 times fewer.
const HUGE_FROM: usize = 16 << 20;
const HUGE_PAGE: usize = 2 << 20;

/// A memory request that the allocator refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AllocationFailed {
    /// How many bytes were asked for.
    pub bytes: usize,
}

impl fmt::Display for AllocationFailed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "the allocator refused {} bytes", self.bytes)
    }
}

/// Asks the kernel for huge pages; it may decline, which changes nothing but speed.
#[cfg(all(target_os = "linux", not(miri)))]
fn prefer_huge_pages(base: NonNull<u8>, layout: Layout) {
    if layout.size() >= HUGE_FROM {
        // SAFETY: the range was just allocated and is the caller's; the advice changes no byte.
        unsafe { libc::madvise(base.as_ptr().cast(), layout.size(), libc::MADV_HUGEPAGE) };
    }
}

#[cfg(not(all(target_os = "linux", not(miri))))]
fn prefer_huge_pages(_base: NonNull<u8>, _layout: Layout) {}

mod sealed {
    /// Plain values of which every bit pattern is valid.
    pub trait Plain {}
    impl Plain for u8 {}
    impl Plain for u64 {}
    impl Plain for i64 {}
    impl Plain for f64 {}
    impl Plain for i128 {}
    impl Plain for u128 {}
}

/// A value that may stand in a cell: a plain number of 1, 8 or 16 bytes.
pub trait Cell: sealed::Plain + Copy {}
impl<T: sealed::Plain + Copy> Cell for T {}

/// A row that knows its width and how to lay out its cells.
pub trait Row {
    /// Bytes of one row: the sum of the widths of its columns.
    const WIDTH: usize;
    /// Puts every cell, in the order of the columns.
    fn put(&self, cells: &mut Cells);
}

/// The shared part of a segment: what readers hold.
pub struct Segment {
    base: NonNull<u8>,
    layout: Layout,
    capacity: usize,
    row_width: usize,
    len: AtomicUsize,
}

// SAFETY: the allocation is owned, rows below `len` are immutable, and only the one `Writer`
// touches rows at or past it.
unsafe impl Send for Segment {}
// SAFETY: as above; `len` is atomic and orders the row's bytes before the length that publishes
// them.
unsafe impl Sync for Segment {}

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
            let start = self.base.add(self.capacity.wrapping_mul(prefix));
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
        unsafe { std::slice::from_raw_parts(self.base.add(start).as_ptr(), len) }
    }
}

impl Drop for Segment {
    fn drop(&mut self) {
        // SAFETY: `base` came from `alloc` with this layout and is freed once, here.
        unsafe { dealloc(self.base.as_ptr(), self.layout) }
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
    row: usize,
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
        let align = if bytes >= HUGE_FROM { HUGE_PAGE } else { 64 };
        let layout = Layout::from_size_align(bytes, align).map_err(|_| refused(bytes))?;
        assert!(bytes > 0, "a row has at least one byte");
        // SAFETY: the layout has a non-zero size, as just asserted.
        let base = NonNull::new(unsafe { alloc(layout) }).ok_or(refused(bytes))?;
        prefer_huge_pages(base, layout);
        let len = AtomicUsize::new(0);
        Ok(Self { segment: Arc::new(Segment { base, layout, capacity, row_width, len }), row: 0 })
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

    /// Writes one row and publishes it.
    ///
    /// # Panics
    /// When the segment is full or the row's width is another than the segment's: bugs of the
    /// caller.
    #[inline]
    pub fn append<R: Row>(&mut self, row: &R) {
        assert!(self.row < self.segment.capacity && R::WIDTH == self.segment.row_width);
        let mut cells = Cells {
            base: self.segment.base,
            capacity: self.segment.capacity,
            row: self.row,
            row_width: R::WIDTH,
            prefix: 0,
        };
        row.put(&mut cells);
        assert!(cells.prefix == R::WIDTH, "a row puts all of its cells");
        self.row = self.row.wrapping_add(1);
        self.segment.len.store(self.row, Ordering::Release);
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
            let target = self.segment.base.add(start).as_ptr();
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
}

impl Cells {
    /// Writes the next cell of the row.
    ///
    /// # Panics
    /// When the row has no room for it: a bug of the row type.
    #[inline]
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
            writer.append(&Pair(value, i128::from(value) << 70));
        }
        let segment = Arc::clone(writer.segment());
        let wide = segment.column(8, 16, 10);
        let before = wide.as_slice().to_vec();
        for value in 10..128_i64 {
            writer.append(&Pair(value, -1));
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
                writer.append(&Pair(value, i128::from(value) * 3));
            }
            for reader in readers {
                reader.join().unwrap();
            }
        });
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
    fn an_impossible_size_is_refused() {
        assert!(Writer::allocate(16, usize::MAX).is_err());
        let refusal = Writer::allocate(1 << 20, 1 << 42).unwrap_err();
        assert!(refusal.to_string().contains("refused"));
    }

    #[test]
    #[should_panic(expected = "published")]
    fn unpublished_rows_cannot_be_asked_for() {
        let writer = Writer::allocate(16, 64).unwrap();
        let _ = writer.segment().column(0, 16, 1);
    }
}
