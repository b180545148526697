//! Columns as another library may hand them out: any type, and buffers of any bytes.
//!
//! The bindings check what arrow calls the shape of an array (`ArrayData::validate`), and nothing
//! of what its buffers hold; so do these.

use std::sync::Arc;

use arrow_array::{Array, ArrayRef, RecordBatch, RecordBatchOptions, make_array, new_null_array};
use arrow_buffer::{Buffer, MutableBuffer};
use arrow_data::ArrayData;
use arrow_schema::{DataType, Field, Schema, TimeUnit};

use crate::bytes::Source;

/// What a text column often holds.
pub const WORDS: [&str; 64] = [
    "open",
    "close",
    "modify",
    "mark",
    "update",
    "fee",
    "deposit",
    "withdraw",
    "register",
    "bar",
    "order",
    "cancel",
    "quotes",
    "close_by",
    "convert",
    "swap",
    "rollover",
    "dividend",
    "split",
    "target",
    "A",
    "B",
    "NEW",
    "EURUSD",
    "long",
    "short",
    "buy",
    "sell",
    "limit",
    "stop",
    "market",
    "USD",
    "EUR",
    "JPY",
    "QQQ",
    "k",
    "key",
    "",
    "t",
    "points",
    "rate",
    "funding",
    "pessimistic",
    "optimistic",
    "ohlc",
    "olhc",
    "110:1",
    "110:0.5;120:0.5",
    "90:1",
    "110:1;",
    "nan:1",
    "1:1e99",
    "hedging",
    "netting",
    "units",
    "value",
    "equity",
    "risk",
    "\0",
    "\u{391}",
    "next_open",
    "00000000034555520000000000",
    "0",
    "00",
];

const UNITS: [TimeUnit; 4] =
    [TimeUnit::Second, TimeUnit::Millisecond, TimeUnit::Microsecond, TimeUnit::Nanosecond];

/// A batch of at most 16 rows with some of these columns.
pub fn batch(source: &mut Source<'_>, names: &[&str]) -> RecordBatch {
    let rows = source.below(17);
    let mut fields = Vec::new();
    let mut columns = Vec::new();
    let count = source.below(names.len() + 3);
    for place in 0..count {
        let name =
            if source.byte() < 200 { names[place % names.len()] } else { source.pick(names) };
        if source.byte() < 40 {
            continue;
        }
        let column = column(source, rows);
        fields.push(Field::new(name, column.data_type().clone(), true));
        columns.push(column);
    }
    let schema = Arc::new(Schema::new(fields));
    let options = RecordBatchOptions::new().with_row_count(Some(rows));
    RecordBatch::try_new_with_options(schema, columns, &options).expect("all are of one length")
}

fn column(source: &mut Source<'_>, rows: usize) -> ArrayRef {
    let kind = source.byte();
    let data = match kind {
        0..96 => words(source, rows),
        96..112 => texts(source, rows, &DataType::Utf8, 4),
        112..120 => texts(source, rows, &DataType::LargeUtf8, 8),
        120..136 => views(source, rows),
        136..144 => flags(source, rows),
        144..148 => return new_null_array(&DataType::Null, rows),
        _ => numbers(source, rows),
    };
    data.unwrap_or_else(|| new_null_array(&DataType::Null, rows))
}

/// An array over buffers that were not looked at; nothing when its shape is wrong.
fn array(kind: DataType, rows: usize, source: &mut Source<'_>, parts: Parts) -> Option<ArrayRef> {
    let nulls = if source.byte() < 96 { Some(Buffer::from(source.filled(3))) } else { None };
    let builder = ArrayData::builder(kind)
        .len(rows)
        .offset(parts.offset)
        .buffers(parts.buffers)
        .child_data(parts.children)
        .null_bit_buffer(nulls);
    // SAFETY: this is what the bindings get from the C data interface: the shape is checked right
    // after, and the readers of `portfolio_core::import`, which are under test, check the cells.
    let data = unsafe { builder.build_unchecked() };
    data.validate().ok()?;
    Some(make_array(data))
}

struct Parts {
    offset: usize,
    buffers: Vec<Buffer>,
    children: Vec<ArrayData>,
}

fn plain(buffers: Vec<Buffer>) -> Parts {
    Parts { offset: 0, buffers, children: Vec::new() }
}

/// The same bytes at an address that suits 128 bits.
fn aligned(bytes: &[u8]) -> Buffer {
    let mut room = MutableBuffer::new(bytes.len());
    room.extend_from_slice(bytes);
    room.into()
}

/// A dictionary of known words; a key may point nowhere.
fn words(source: &mut Source<'_>, rows: usize) -> Option<ArrayRef> {
    let values = arrow_array::StringArray::from(WORDS.to_vec()).into_data();
    let wide = source.byte() > 240;
    let (key, width) = if wide { (DataType::Int32, 4) } else { (DataType::UInt8, 1) };
    let kind = DataType::Dictionary(Box::new(key), Box::new(DataType::Utf8));
    let keys = aligned(&source.filled(rows * width));
    let parts = Parts { offset: 0, buffers: vec![keys], children: vec![values] };
    array(kind, rows, source, parts)
}

/// Texts whose offsets may be anything that passes for a shape.
fn texts(source: &mut Source<'_>, rows: usize, kind: &DataType, width: usize) -> Option<ArrayRef> {
    let mut offsets = Vec::new();
    let mut at = 0_i64;
    for _ in 0..=rows {
        let step = i64::from(source.byte());
        let offset = if step > 250 { at - step * 1_000_003 } else { at };
        offsets.extend_from_slice(&offset.to_le_bytes()[..width]);
        at += step % 24;
    }
    let length = usize::try_from(at).unwrap_or(0);
    let length = if source.byte() > 250 { length / 2 } else { length };
    let values = Buffer::from(source.filled(length));
    array(kind.clone(), rows, source, plain(vec![aligned(&offsets), values]))
}

fn views(source: &mut Source<'_>, rows: usize) -> Option<ArrayRef> {
    let mut views = Vec::new();
    for _ in 0..rows {
        let length = source.byte();
        if length < 200 {
            let text = source.pick(&WORDS).as_bytes();
            let text = &text[..text.len().min(12)];
            let mut view = u32::try_from(text.len()).unwrap_or(0).to_le_bytes().to_vec();
            view.extend_from_slice(text);
            view.resize(16, 0);
            views.extend_from_slice(&view);
        } else {
            views.extend_from_slice(&source.filled(16));
        }
    }
    let data = Buffer::from(source.filled(32));
    array(DataType::Utf8View, rows, source, plain(vec![aligned(&views), data]))
}

fn flags(source: &mut Source<'_>, rows: usize) -> Option<ArrayRef> {
    let bits = Buffer::from(source.filled(3));
    array(DataType::Boolean, rows, source, plain(vec![bits]))
}

fn numbers(source: &mut Source<'_>, rows: usize) -> Option<ArrayRef> {
    let small = source.byte() < 160;
    let kind = match source.below(17) {
        0..5 => DataType::Int8,
        5 => DataType::UInt8,
        6 => DataType::Int16,
        7 => DataType::UInt32,
        8 => DataType::Int64,
        9 => DataType::UInt64,
        10 => DataType::Float64,
        11 => DataType::Float32,
        12 => DataType::Decimal128(38, source.byte() as i8 % 39),
        13 => DataType::Decimal64(18, source.byte() as i8 % 19),
        14 => DataType::Decimal32(9, source.byte() as i8 % 10),
        15 => DataType::Timestamp(source.pick(&UNITS), None),
        _ => source
            .pick(
                &[
                    DataType::Decimal256(60, 9),
                    DataType::Date32,
                    DataType::Time64(TimeUnit::Microsecond),
                ]
                .each_ref(),
            )
            .clone(),
    };
    let width = kind.primitive_width()?;
    let mut bytes = Vec::with_capacity(rows * width);
    for _ in 0..rows {
        if small {
            let value = i64::from(source.byte() as i8);
            let mut cell = match kind {
                DataType::Float64 => (value as f64 / 4.0).to_le_bytes().to_vec(),
                DataType::Float32 => (value as f32 / 4.0).to_le_bytes().to_vec(),
                _ => value.to_le_bytes().to_vec(),
            };
            cell.resize(width.max(8), if value < 0 { 0xFF } else { 0 });
            bytes.extend_from_slice(&cell[..width]);
        } else {
            bytes.extend_from_slice(&source.filled(width));
        }
    }
    array(kind, rows, source, plain(vec![aligned(&bytes)]))
}
