//! From columns to Arrow: immutable snapshots as record batches, without copying a column.
//!
//! A [`TableSnapshot`] holds the shared segments (or the shared dense columns) and the text blocks
//! of one moment. Its batches point into them; the engine goes on writing behind the published
//! length.

use std::sync::Arc;

use arrow_array::{
    ArrayRef, Decimal128Array, Float64Array, RecordBatch, TimestampMicrosecondArray, UInt64Array,
};
use arrow_buffer::{Buffer, ScalarBuffer};
use arrow_schema::{ArrowError, SchemaRef};

use crate::columns::schema::{Column, Kind, TableSchema, View};
use crate::columns::table::Snapshot;
use crate::columns::text::TextBlocks;
use crate::ledger::Ledger;
use crate::numbers::Overflow;

/// A table at one moment in one view.
#[derive(Debug, Clone)]
pub struct TableSnapshot {
    /// The table's name.
    pub name: &'static str,
    /// The Arrow schema of the view.
    pub schema: SchemaRef,
    /// The batches, one per segment.
    pub batches: Vec<RecordBatch>,
    /// Rows in all.
    pub rows: usize,
}

impl Ledger {
    /// The equity history.
    ///
    /// # Errors
    /// Only when the columns contradict their schema, which is a bug.
    pub fn equity_curve(&self, view: View) -> Result<TableSnapshot, ArrowError> {
        export(&self.tables.equity.snapshot(), self.texts.blocks(), view)
    }

    /// The closed trades.
    ///
    /// # Errors
    /// As [`Ledger::equity_curve`].
    pub fn trades(&self, view: View) -> Result<TableSnapshot, ArrowError> {
        export(&self.tables.trades.snapshot(), self.texts.blocks(), view)
    }

    /// The ledger postings.
    ///
    /// # Errors
    /// As [`Ledger::equity_curve`].
    pub fn postings(&self, view: View) -> Result<TableSnapshot, ArrowError> {
        export(&self.tables.postings.snapshot(), self.texts.blocks(), view)
    }

    /// The open positions, valued at the marks.
    ///
    /// # Errors
    /// When a value has more than 38 digits.
    pub fn open_positions(&mut self, view: View) -> Result<TableSnapshot, ArrowError> {
        let failed = |Overflow| ArrowError::ComputeError(Overflow.to_string());
        self.freeze_positions().map_err(failed)?.table(view)
    }
}

/// The batches of a snapshot, without a copy.
///
/// # Errors
/// Only when the columns contradict their schema, which is a bug.
pub(crate) fn export(
    snapshot: &Snapshot,
    blocks: &TextBlocks,
    view: View,
) -> Result<TableSnapshot, ArrowError> {
    let schema = snapshot.schema.arrow(view);
    let mut batches = Vec::with_capacity(snapshot.parts.len());
    for (segment, rows) in &snapshot.parts {
        let mut arrays = Vec::with_capacity(snapshot.schema.columns.len());
        for (column, prefix) in placed(snapshot.schema) {
            let (start, width) = cell(column.kind, prefix, view);
            let values = segment.column(start, width, *rows);
            arrays.push(array(column.kind, view, values, *rows, blocks));
        }
        batches.push(RecordBatch::try_new(Arc::clone(&schema), arrays)?);
    }
    Ok(TableSnapshot { name: snapshot.schema.name, schema, batches, rows: snapshot.rows })
}

/// The columns of a table with the bytes before each in a row.
pub(crate) fn placed(schema: &TableSchema) -> impl Iterator<Item = (&Column, usize)> {
    schema.columns.iter().scan(0_usize, |prefix, column| {
        let start = *prefix;
        *prefix = start.saturating_add(column.kind.width());
        Some((column, start))
    })
}

/// Where in a row the cell of a view is, and how wide: the exact number comes first, its double
/// behind it.
pub(crate) fn cell(kind: Kind, prefix: usize, view: View) -> (usize, usize) {
    match (kind, view) {
        (Kind::Money | Kind::Fixed9, View::Exact) | (Kind::Text, _) => (prefix, 16),
        (Kind::Money | Kind::Fixed9, View::Float) => (prefix.saturating_add(16), 8),
        (Kind::Time | Kind::Count, _) => (prefix, 8),
    }
}

/// An array over the values of a column in a view.
pub(crate) fn array(
    kind: Kind,
    view: View,
    values: Buffer,
    rows: usize,
    blocks: &TextBlocks,
) -> ArrayRef {
    match (kind, view) {
        (Kind::Money | Kind::Fixed9, View::Exact) => Arc::new(
            Decimal128Array::new(ScalarBuffer::new(values, 0, rows), None)
                .with_data_type(kind.data_type(view)),
        ),
        (Kind::Money | Kind::Fixed9, View::Float) => {
            Arc::new(Float64Array::new(ScalarBuffer::new(values, 0, rows), None))
        }
        (Kind::Time, _) => Arc::new(
            TimestampMicrosecondArray::new(ScalarBuffer::new(values, 0, rows), None)
                .with_timezone("UTC"),
        ),
        (Kind::Count, _) => Arc::new(UInt64Array::new(ScalarBuffer::new(values, 0, rows), None)),
        (Kind::Text, _) => Arc::new(blocks.array(ScalarBuffer::new(values, 0, rows))),
    }
}

/// All exact cells of a money column.
pub(crate) fn exact_money(snapshot: &Snapshot, schema: &TableSchema, name: &str) -> Vec<i128> {
    cells(snapshot, schema, name, View::Exact)
}

/// All numbers of a column of ids or counts.
pub(crate) fn counts(snapshot: &Snapshot, schema: &TableSchema, name: &str) -> Vec<u64> {
    cells(snapshot, schema, name, View::Exact)
}

/// All views of a text column.
pub(crate) fn text_views(snapshot: &Snapshot, schema: &TableSchema, name: &str) -> Vec<u128> {
    cells(snapshot, schema, name, View::Exact)
}

/// All cells of a column in a view.
pub(crate) fn cells<T: arrow_buffer::ArrowNativeType>(
    snapshot: &Snapshot,
    schema: &TableSchema,
    name: &str,
    view: View,
) -> Vec<T> {
    let mut values = Vec::with_capacity(snapshot.rows);
    for (column, prefix) in placed(schema).filter(|(column, _)| column.name == name) {
        let (start, width) = cell(column.kind, prefix, view);
        for (segment, rows) in &snapshot.parts {
            values.extend_from_slice(segment.column(start, width, *rows).typed_data::<T>());
        }
    }
    values
}
