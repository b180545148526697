//! Tables as text, to be compared with what was worked out on paper.

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Decimal128Type, DurationMicrosecondType, Float64Type, TimestampMicrosecondType, UInt32Type,
    UInt64Type,
};
use arrow_array::{Array, RecordBatch};
use arrow_schema::{DataType, TimeUnit};
use portfolio_core::export::TableSnapshot;
use portfolio_core::numbers::format_fixed;

/// A row a line, the cells of these columns with blanks between them; a null is `-`, "" is `''`.
pub(crate) fn shown(table: &TableSnapshot, columns: &str) -> Vec<String> {
    let mut lines = Vec::new();
    for batch in &table.batches {
        for row in 0..batch.num_rows() {
            let cells = columns.split_whitespace().map(|name| cell(batch, name, row));
            lines.push(cells.collect::<Vec<String>>().join(" "));
        }
    }
    assert_eq!(lines.len(), table.rows);
    lines
}

fn cell(batch: &RecordBatch, name: &str, row: usize) -> String {
    let array = batch.column_by_name(name).unwrap_or_else(|| panic!("no column {name}"));
    if array.is_null(row) {
        return "-".to_owned();
    }
    match array.data_type() {
        DataType::Decimal128(_, scale) => {
            let raw = array.as_primitive::<Decimal128Type>().value(row);
            format_fixed(raw, u32::try_from(*scale).unwrap(), 0)
        }
        DataType::Float64 => array.as_primitive::<Float64Type>().value(row).to_string(),
        DataType::UInt64 => array.as_primitive::<UInt64Type>().value(row).to_string(),
        DataType::UInt32 => array.as_primitive::<UInt32Type>().value(row).to_string(),
        DataType::Boolean => array.as_boolean().value(row).to_string(),
        DataType::Utf8View => match array.as_string_view().value(row) {
            "" => "''".to_owned(),
            text => text.to_owned(),
        },
        DataType::Timestamp(TimeUnit::Microsecond, Some(zone)) if &**zone == "UTC" => {
            array.as_primitive::<TimestampMicrosecondType>().value(row).to_string()
        }
        DataType::Duration(TimeUnit::Microsecond) => {
            array.as_primitive::<DurationMicrosecondType>().value(row).to_string()
        }
        other => panic!("a column of type {other}"),
    }
}
