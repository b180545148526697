//! An append-only table: sealed segments and the one being filled.
//!
//! Growth: the first segment holds 4,096 rows (or the capacity hint), each next one twice as many,
//! up to about a million. Room is reserved before an event is committed, so an append cannot fail.

use std::marker::PhantomData;
use std::sync::Arc;

use super::schema::TableSchema;
use super::segment::{AllocationFailed, Row, Segment, Writer};

/// Rows of the first segment, unless somebody knows better.
pub(crate) const FIRST_ROWS: usize = 4_096;
const MOST_ROWS: usize = 1 << 20;
/// Rows of the first segment of a fork: most live for a few events.
const FORK_ROWS: usize = 64;

/// Segments and how many rows of each belong to a snapshot.
#[derive(Debug, Clone)]
pub struct Snapshot {
    /// The table's schema.
    pub schema: &'static TableSchema,
    /// The segments in order with their rows.
    pub parts: Vec<(Arc<Segment>, usize)>,
    /// Rows in all.
    pub rows: usize,
}

/// An append-only table of rows of one type.
#[derive(Debug)]
pub struct Table<R> {
    schema: &'static TableSchema,
    /// Segments that get no more rows here, and how many of theirs are this table's: the one that
    /// it was forked from may go on in the last of them.
    sealed: Vec<(Arc<Segment>, usize)>,
    /// Full segments with rows that are not published yet.
    pending: Vec<Writer>,
    writer: Option<Writer>,
    rows: usize,
    next_capacity: usize,
    row: PhantomData<R>,
}

impl<R: Row> Table<R> {
    /// An empty table; `capacity` is the number of rows that the first segment shall hold.
    #[must_use]
    pub fn new(schema: &'static TableSchema, capacity: Option<usize>) -> Self {
        let next_capacity = capacity.unwrap_or(FIRST_ROWS).max(1);
        Self {
            schema,
            sealed: Vec::new(),
            pending: Vec::new(),
            writer: None,
            rows: 0,
            next_capacity,
            row: PhantomData,
        }
    }

    /// Rows appended so far.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows
    }

    /// Whether nothing was appended yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// Makes sure that the next `rows` appends need no memory.
    ///
    /// # Errors
    /// [`AllocationFailed`]; the table is as it was.
    #[inline]
    pub fn reserve(&mut self, rows: usize) -> Result<(), AllocationFailed> {
        match &self.writer {
            Some(writer) if writer.remaining() >= rows => Ok(()),
            None if rows == 0 => Ok(()),
            _ => self.grow(rows),
        }
    }

    /// A segment with less room than asked for is sealed short, so that one reservation is one
    /// segment.
    #[cold]
    fn grow(&mut self, rows: usize) -> Result<(), AllocationFailed> {
        let refused = |_| AllocationFailed { bytes: 0 };
        self.pending.try_reserve(1).map_err(refused)?;
        self.sealed.try_reserve(1).map_err(refused)?;
        // A hint is a hint: one that cannot be had falls back to the usual growth.
        let writer = Writer::allocate(R::WIDTH, self.next_capacity.max(rows))
            .or_else(|_| Writer::allocate(R::WIDTH, FIRST_ROWS.max(rows)))?;
        let doubled = self.next_capacity.saturating_mul(2).max(FIRST_ROWS);
        self.next_capacity = doubled.min(MOST_ROWS.max(FIRST_ROWS));
        match self.writer.replace(writer) {
            Some(full) if full.unpublished() > 0 => self.pending.push(full),
            Some(full) if !full.segment().is_empty() => {
                self.sealed.push(whole(&full));
            }
            _ => {}
        }
        Ok(())
    }

    /// Appends a row, which nobody sees before it is published.
    ///
    /// # Panics
    /// When no room was reserved: a bug of the caller.
    #[inline(always)]
    pub fn push(&mut self, row: &R) {
        self.push_like(row);
    }

    /// Appends a row of another type that puts the same cells, as a row does that borrows what
    /// others own.
    ///
    /// # Panics
    /// As [`Table::push`].
    #[inline(always)]
    pub fn push_like<Q: Row>(&mut self, row: &Q) {
        let writer = self.writer.as_mut();
        assert!(writer.is_some(), "an append is preceded by a reserve");
        if let Some(writer) = writer {
            writer.push(row);
            self.rows = self.rows.wrapping_add(1);
        }
    }

    /// Gives the memory of all rows back and goes on counting, for a table that is never read.
    pub fn forget(&mut self) {
        self.sealed.clear();
        self.pending.clear();
        self.writer = None;
        self.next_capacity = FORK_ROWS;
    }

    /// Lets readers see all rows.
    #[inline]
    pub fn publish(&mut self) {
        if !self.pending.is_empty() {
            self.publish_pending();
        }
        if let Some(writer) = &self.writer {
            writer.publish();
        }
    }

    #[cold]
    fn publish_pending(&mut self) {
        for full in self.pending.drain(..) {
            full.publish();
            self.sealed.push(whole(&full));
        }
    }

    /// A table with the same published rows that goes on by itself, in memory of its own.
    #[must_use]
    pub fn fork(&self) -> Self {
        Self {
            schema: self.schema,
            sealed: self.parts().collect(),
            pending: Vec::new(),
            writer: None,
            rows: self.parts().fold(0, |sum, (_, rows)| sum.saturating_add(rows)),
            next_capacity: FORK_ROWS,
            row: PhantomData,
        }
    }

    /// Takes back the rows that are not published.
    pub fn take_back(&mut self) {
        self.take_back_to(0);
    }

    /// Takes back all rows but the first ones, as far as they are not published.
    pub fn take_back_to(&mut self, rows: usize) {
        while let Some(writer) = &mut self.writer {
            let taken = writer.take_back(self.rows.saturating_sub(rows));
            self.rows = self.rows.saturating_sub(taken);
            if self.rows <= rows || self.pending.is_empty() {
                break;
            }
            // The segment began after the rows that stay; it is the only one without them.
            self.writer = self.pending.pop();
        }
    }

    /// Copies all rows into one segment, with room for so many more.
    ///
    /// # Errors
    /// [`AllocationFailed`]; the table is as it was.
    pub fn compact(&mut self, more: usize) -> Result<(), AllocationFailed> {
        let parts = self.snapshot().parts;
        let enough = self.writer.as_ref().is_some_and(|writer| writer.remaining() >= more);
        if parts.len() <= 1 && enough {
            return Ok(());
        }
        let mut writer = Writer::allocate(R::WIDTH, self.rows.saturating_add(more))?;
        let widths = self.schema.cell_widths();
        for (segment, rows) in parts {
            writer.append_rows(&segment, rows, &widths);
        }
        self.sealed.clear();
        self.writer = Some(writer);
        Ok(())
    }

    /// The table as it is now, shared.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        Snapshot { schema: self.schema, parts: self.parts().collect(), rows: self.rows }
    }

    /// The segments with published rows, and how many.
    fn parts(&self) -> impl Iterator<Item = (Arc<Segment>, usize)> {
        let open = self.pending.iter().chain(&self.writer).map(whole);
        self.sealed.iter().cloned().chain(open).filter(|(_, rows)| *rows > 0)
    }
}

/// The segment of a writer with all of its published rows.
fn whole(writer: &Writer) -> (Arc<Segment>, usize) {
    (Arc::clone(writer.segment()), writer.segment().len())
}

#[cfg(test)]
mod tests {
    use super::super::rows::EquityRow;
    use super::super::schema::EQUITY;
    use super::*;

    fn filled(rows: i64, capacity: Option<usize>) -> Table<EquityRow> {
        let mut table = Table::new(&EQUITY, capacity);
        for time in 0..rows {
            table.reserve(1).unwrap();
            table.push(&EquityRow { time, ..EquityRow::default() });
            table.publish();
        }
        table
    }

    #[test]
    fn segments_double_and_stop_growing() {
        let table = filled(4_096 * 7 + 1, None);
        let rows: Vec<usize> = table.snapshot().parts.iter().map(|(_, rows)| *rows).collect();
        assert_eq!(rows, [4_096, 8_192, 16_384, 1]);
        assert_eq!(table.len(), 28_673);
    }

    #[test]
    fn a_capacity_hint_gives_one_segment() {
        let table = filled(10_000, Some(10_000));
        assert_eq!(table.snapshot().parts.len(), 1);
        assert_eq!(filled(5, Some(usize::MAX)).len(), 5, "an impossible hint is no hint");
        assert!(filled(0, None).is_empty());
        assert!(filled(0, None).snapshot().parts.is_empty());
    }

    #[test]
    fn a_reservation_never_spans_segments() {
        let mut table = filled(63, Some(64));
        table.reserve(2).unwrap();
        table.push(&EquityRow::default());
        table.push(&EquityRow::default());
        table.publish();
        let rows: Vec<usize> = table.snapshot().parts.iter().map(|(_, rows)| *rows).collect();
        assert_eq!(rows, [63, 2]);
    }

    #[test]
    fn unpublished_rows_are_taken_back() {
        let mut table = filled(10, None);
        table.reserve(5_000).unwrap();
        for _ in 0..5_000 {
            table.push(&EquityRow::default());
        }
        assert_eq!(table.len(), 5_010);
        table.take_back();
        assert_eq!(table.len(), 10);
        table.push(&EquityRow { time: 10, ..EquityRow::default() });
        table.publish();
        assert_eq!(times(&table), (0..11).collect::<Vec<i64>>());
    }

    #[test]
    fn rows_are_taken_back_over_segments() {
        let mut table = filled(60, Some(64));
        for time in 60..9_000 {
            table.reserve(1).unwrap();
            table.push(&EquityRow { time, ..EquityRow::default() });
        }
        assert_eq!((table.len(), table.pending.len()), (9_000, 2));
        table.take_back_to(70);
        assert_eq!((table.len(), table.pending.len()), (70, 1));
        for time in 70..5_000 {
            table.reserve(1).unwrap();
            table.push(&EquityRow { time, ..EquityRow::default() });
        }
        table.publish();
        assert_eq!(times(&table), (0..5_000).collect::<Vec<i64>>());
        table.take_back_to(10);
        assert_eq!(table.len(), 5_000, "published rows stay");
        let mut table = filled(60, Some(64));
        for time in 60..9_000 {
            table.reserve(1).unwrap();
            table.push(&EquityRow { time, ..EquityRow::default() });
        }
        table.take_back();
        assert_eq!((table.len(), table.pending.len()), (60, 0));
        table.publish();
        assert_eq!(times(&table), (0..60).collect::<Vec<i64>>());
    }

    #[test]
    fn a_fork_and_its_origin_do_not_see_each_other() {
        for rows in [0, 1, 4_096, 9_000] {
            let mut table = filled(rows, None);
            let before = table.snapshot();
            let mut fork = table.fork();
            for time in 0..200 {
                table.reserve(1).unwrap();
                table.push(&EquityRow { time: -time, ..EquityRow::default() });
                fork.reserve(1).unwrap();
                fork.push(&EquityRow { time: 1_000_000 + time, ..EquityRow::default() });
            }
            assert_eq!(times(&fork.fork()), (0..rows).collect::<Vec<i64>>(), "not published");
            table.publish();
            fork.publish();
            let with = |more: &mut dyn Iterator<Item = i64>| (0..rows).chain(more).collect();
            let (ours, theirs): (Vec<i64>, Vec<i64>) =
                (with(&mut (0..200).map(|time| -time)), with(&mut (1_000_000..1_000_200)));
            assert_eq!((times(&table), times(&fork)), (ours.clone(), theirs.clone()));
            fork.compact(10).unwrap();
            table.compact(10).unwrap();
            assert_eq!((times(&table), times(&fork)), (ours, theirs));
            assert_eq!(before.parts.iter().map(|part| part.1).sum::<usize>(), before.rows);
        }
    }

    fn times(table: &Table<EquityRow>) -> Vec<i64> {
        let parts = table.snapshot().parts;
        parts
            .iter()
            .flat_map(|(segment, rows)| segment.column(0, 8, *rows).typed_data::<i64>().to_vec())
            .collect()
    }

    #[test]
    fn a_compacted_table_is_one_segment_and_old_snapshots_stay() {
        let mut table = filled(20_000, None);
        let before = table.snapshot();
        table.compact(100).unwrap();
        assert_eq!(table.snapshot().parts.len(), 1);
        table.reserve(100).unwrap();
        for time in 20_000..20_100 {
            table.push(&EquityRow { time, ..EquityRow::default() });
        }
        table.publish();
        assert_eq!(table.snapshot().parts.len(), 1, "the room asked for is there");
        assert_eq!(times(&table), (0..20_100).collect::<Vec<i64>>());
        assert_eq!(before.parts.iter().map(|(_, rows)| rows).sum::<usize>(), 20_000);
        let place = table.snapshot().parts[0].0.column(0, 8, 1).as_ptr();
        table.compact(0).unwrap();
        assert_eq!(table.snapshot().parts[0].0.column(0, 8, 1).as_ptr(), place, "nothing to do");
        let mut empty = filled(0, None);
        empty.compact(10).unwrap();
        assert!(empty.snapshot().parts.is_empty());
    }
}
