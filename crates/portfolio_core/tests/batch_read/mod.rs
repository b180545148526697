//! Frames in few words: a row is a text such as `time=1 symbol=ACME open=10`; `_` alone is null.

mod bars;
mod orders;
mod params;
mod refusals;
mod shuffled;

use std::sync::Arc;

use arrow_array::{
    Array, ArrayRef, BooleanArray, Decimal128Array, Int64Array, RecordBatch, StringViewArray,
};
use arrow_schema::{Field, Schema};
use portfolio_core::batch::BatchError;
use portfolio_core::batch::bars::BarTable;
use portfolio_core::batch::orders::{
    Action, LevelGiven, OrderRow, OrderTable, OrderType, SizeRule,
};
use portfolio_core::batch::params::ParamTable;
use portfolio_core::numbers::{FloatPolicy, Price, Size, parse_decimal};

const TEXTS: [&str; 11] = [
    "symbol",
    "action",
    "side",
    "size_rule",
    "type",
    "targets",
    "oco",
    "tag",
    "mode",
    "path",
    "fill",
];
const WHOLE: [&str; 4] = ["run_id", "time", "exit_time", "expiry"];

/// A frame of rows; a column is there when a row has it.
pub(crate) fn frame(rows: &[&str]) -> RecordBatch {
    let rows: Vec<Vec<(&str, &str)>> = rows.iter().map(|row| cells(row)).collect();
    let mut names: Vec<&str> = Vec::new();
    for (name, _) in rows.iter().flatten() {
        if !names.contains(name) {
            names.push(name);
        }
    }
    let cell = |row: &Vec<(&str, &str)>, name: &str| {
        let found = row.iter().find(|(other, _)| *other == name).map(|(_, value)| *value);
        found.filter(|value| *value != "_").map(str::to_owned)
    };
    let column = |name: &str| {
        let cells: Vec<Option<String>> = rows.iter().map(|row| cell(row, name)).collect();
        array(name, &cells)
    };
    batch(&names.iter().map(|name| (*name, column(name))).collect::<Vec<_>>())
}

fn cells(row: &str) -> Vec<(&str, &str)> {
    row.split(' ')
        .filter(|word| !word.is_empty())
        .map(|word| word.split_once('=').unwrap())
        .collect()
}

fn array(name: &str, cells: &[Option<String>]) -> ArrayRef {
    let cells = cells.iter().map(Option::as_deref);
    match name {
        _ if TEXTS.contains(&name) => Arc::new(cells.collect::<StringViewArray>()),
        _ if WHOLE.contains(&name) => {
            let whole = cells.map(|cell| cell.map(|text| text.parse::<i64>().unwrap()));
            Arc::new(whole.collect::<Int64Array>())
        }
        "if_flat" => {
            let flags = cells.map(|cell| cell.map(|text| text == "true"));
            Arc::new(flags.collect::<BooleanArray>())
        }
        _ => {
            let raws = cells.map(|cell| cell.map(|text| parse_decimal(text, 9).unwrap()));
            let raws: Decimal128Array = raws.collect();
            Arc::new(raws.with_precision_and_scale(38, 9).unwrap())
        }
    }
}

/// A batch of these columns, whose names may come twice.
pub(crate) fn batch(columns: &[(&str, ArrayRef)]) -> RecordBatch {
    let field =
        |(name, array): &(&str, ArrayRef)| Field::new(*name, array.data_type().clone(), true);
    let schema = Schema::new(columns.iter().map(field).collect::<Vec<_>>());
    let arrays = columns.iter().map(|(_, array)| Arc::clone(array)).collect();
    RecordBatch::try_new(Arc::new(schema), arrays).unwrap()
}

/// The batch with another column of a name, or one more.
pub(crate) fn with(batch: &RecordBatch, name: &str, array: ArrayRef) -> RecordBatch {
    let schema = batch.schema();
    let names = schema.fields().iter().map(|field| field.name().as_str());
    let mut columns: Vec<(&str, ArrayRef)> = names.zip(batch.columns().iter().cloned()).collect();
    match columns.iter_mut().find(|(other, _)| *other == name) {
        Some(column) => column.1 = array,
        None => columns.push((name, array)),
    }
    self::batch(&columns)
}

/// The batch cut behind these rows, with batches of no rows between.
pub(crate) fn cut(batch: &RecordBatch, places: &[usize]) -> Vec<RecordBatch> {
    let mut batches = vec![batch.slice(0, 0)];
    let mut start = 0;
    for &end in places.iter().chain([&batch.num_rows()]) {
        batches.push(batch.slice(start, end - start));
        batches.push(batch.slice(end, 0));
        start = end;
    }
    batches
}

type Refused = Box<BatchError>;

pub(crate) fn read_bars(batches: &[RecordBatch], only: Option<&str>) -> Result<BarTable, Refused> {
    BarTable::read(&batches[0].schema(), batches, FloatPolicy::Nearest, only)
}

/// Orders for bars of two symbols.
pub(crate) fn read_orders(batches: &[RecordBatch]) -> Result<OrderTable, Refused> {
    let rows = ["ACME", "EURUSD"]
        .map(|symbol| format!("time=0 symbol={symbol} open=10 high=12 low=8 close=11"));
    let bars = read_bars(&[frame(&rows.each_ref().map(String::as_str))], None).unwrap();
    OrderTable::read(&batches[0].schema(), batches, &bars, FloatPolicy::Nearest)
}

pub(crate) fn read_params(batch: &RecordBatch, labels: &[&str]) -> Result<ParamTable, Refused> {
    let labels: Vec<String> = labels.iter().map(|label| (*label).to_owned()).collect();
    let (schema, batches) = (batch.schema(), [batch.clone()]);
    ParamTable::read(&schema, &batches, &labels, FloatPolicy::Nearest)
}

pub(crate) fn price(text: &str) -> Price {
    Price::parse(text).unwrap()
}

pub(crate) fn size(text: &str) -> Size {
    Size::parse(text).unwrap()
}

/// A row of the orders without anything.
pub(crate) fn bare(row: u64, time: i64, action: Action) -> OrderRow<'static> {
    OrderRow {
        row,
        time,
        symbol: 0,
        action,
        side: None,
        size: None,
        rule: SizeRule::Units,
        kind: OrderType::Market,
        price: None,
        stop_loss: LevelGiven::Nothing,
        take_profit: LevelGiven::Nothing,
        trailing: LevelGiven::Nothing,
        break_even: None,
        break_even_offset: None,
        targets: &[],
        exit_time: None,
        expiry: None,
        oco: "",
        tag: "",
        if_flat: false,
    }
}
