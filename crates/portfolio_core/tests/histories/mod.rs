//! Histories and tables for the tests.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Decimal128Type, DurationMicrosecondType, Float64Type, Int32Type, TimestampMicrosecondType,
    UInt64Type,
};
use arrow_array::{
    Array, ArrayRef, Decimal128Array, Float64Array, RecordBatch, StringViewArray,
    TimestampMicrosecondArray,
};
use arrow_schema::{DataType, SchemaRef};
use portfolio_core::export::TableSnapshot;
use portfolio_core::numbers::Money;

/// A frame with columns of one length.
pub(crate) fn frame(columns: Vec<(&str, ArrayRef)>) -> RecordBatch {
    RecordBatch::try_from_iter(columns).unwrap()
}

/// The same rows in batches that end at these places.
pub(crate) fn cut(batch: &RecordBatch, ends: &[usize]) -> (SchemaRef, Vec<RecordBatch>) {
    let (mut batches, mut from) = (vec![], 0);
    for &end in ends.iter().chain([&batch.num_rows()]) {
        let end = end.clamp(from, batch.num_rows());
        batches.push(batch.slice(from, end - from));
        from = end;
    }
    (batch.schema(), batches)
}

pub(crate) fn times(values: &[i64]) -> ArrayRef {
    Arc::new(TimestampMicrosecondArray::from(values.to_vec()).with_timezone("UTC"))
}

pub(crate) fn floats(values: &[f64]) -> ArrayRef {
    Arc::new(Float64Array::from(values.to_vec()))
}

/// Amounts at scale 18.
pub(crate) fn amounts(values: &[&str]) -> ArrayRef {
    let raw = values.iter().map(|text| Some(money(text).raw()));
    Arc::new(raw.collect::<Decimal128Array>().with_data_type(DataType::Decimal128(38, 18)))
}

pub(crate) fn texts(values: &[&str]) -> ArrayRef {
    Arc::new(StringViewArray::from_iter_values(values))
}

pub(crate) fn money(text: &str) -> Money {
    Money::parse(text).unwrap()
}

/// All cells of a column as text; a null is `null`.
pub(crate) fn column(table: &TableSnapshot, name: &str) -> Vec<String> {
    let arrays = table.batches.iter().map(|batch| batch.column_by_name(name).unwrap());
    arrays.flat_map(|array| (0..array.len()).map(|row| cell(array, row))).collect()
}

fn cell(array: &ArrayRef, row: usize) -> String {
    if array.is_null(row) {
        return "null".to_owned();
    }
    match array.data_type() {
        DataType::Decimal128(..) => array.as_primitive::<Decimal128Type>().value_as_string(row),
        DataType::Duration(_) => {
            array.as_primitive::<DurationMicrosecondType>().value(row).to_string()
        }
        DataType::Float64 => array.as_primitive::<Float64Type>().value(row).to_string(),
        DataType::Int32 => array.as_primitive::<Int32Type>().value(row).to_string(),
        DataType::Timestamp(..) => {
            array.as_primitive::<TimestampMicrosecondType>().value(row).to_string()
        }
        DataType::UInt64 => array.as_primitive::<UInt64Type>().value(row).to_string(),
        DataType::Utf8View => array.as_string_view().value(row).to_owned(),
        other => panic!("{other}"),
    }
}
