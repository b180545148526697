//! Reads cells of exported tables by row and column name.

use arrow_array::cast::AsArray;
use arrow_array::types::{Decimal128Type, Float64Type, TimestampMicrosecondType, UInt64Type};
use arrow_array::{Array, RecordBatch};
use arrow_schema::DataType;
use portfolio_core::export::TableSnapshot;

/// A cell of a table.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Cell {
    /// A fixed-point number: its raw units and its scale.
    Fixed(i128, u32),
    /// An id, a count or a time.
    Whole(i128),
    /// A text.
    Text(String),
    /// A double.
    Double(f64),
}

/// The cell of a row, counted from 0 over all batches; `None` outside the table and for a null.
pub(crate) fn cell(table: &TableSnapshot, row: usize, column: &str) -> Option<Cell> {
    let mut before = 0;
    for batch in &table.batches {
        if row < before + batch.num_rows() {
            return read(batch, row - before, column);
        }
        before += batch.num_rows();
    }
    None
}

fn read(batch: &RecordBatch, row: usize, column: &str) -> Option<Cell> {
    let array = batch.column_by_name(column).filter(|array| array.is_valid(row))?;
    Some(match array.data_type() {
        DataType::Decimal128(38, scale) => {
            let raw = array.as_primitive::<Decimal128Type>().value(row);
            Cell::Fixed(raw, u32::try_from(*scale).ok()?)
        }
        DataType::UInt64 => Cell::Whole(array.as_primitive::<UInt64Type>().value(row).into()),
        DataType::Timestamp(..) => {
            Cell::Whole(array.as_primitive::<TimestampMicrosecondType>().value(row).into())
        }
        DataType::Utf8View => Cell::Text(array.as_string_view().value(row).to_owned()),
        DataType::Float64 => Cell::Double(array.as_primitive::<Float64Type>().value(row)),
        _ => return None,
    })
}
