//! Frames of events in few words: a row is a text such as `open time=1 symbol=ACME size=2`.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Decimal128Type, TimestampMicrosecondType, UInt64Type};
use arrow_array::{
    Array, ArrayRef, Decimal128Array, Int64Array, RecordBatch, StringViewArray, UInt64Array,
};
use arrow_schema::DataType;
use portfolio_core::columns::schema::View;
use portfolio_core::export::TableSnapshot;
use portfolio_core::frame::{Applied, EventFrame, FrameError, OnError};
use portfolio_core::ledger::{Configuration, Ledger};
use portfolio_core::numbers::{FloatPolicy, Money, format_fixed, parse_decimal};

const TIMES: [&str; 4] = ["time", "exit_time", "expiry", "pay_time"];
const MONEY: [&str; 3] = ["fee", "amount", "rate"];
const NUMBERS: [&str; 18] = [
    "size",
    "price",
    "bid",
    "ask",
    "stop_loss",
    "take_profit",
    "contract_size",
    "leverage",
    "trailing",
    "break_even",
    "break_even_offset",
    "open",
    "high",
    "low",
    "close",
    "spread",
    "long",
    "short",
];
const WHOLE: [&str; 4] = ["event", "price_decimals", "size_decimals", "multiplier"];
const IDS: [&str; 5] = ["position_id", "order_id", "other_id", "numerator", "denominator"];

/// The cells of a row: its action is the first word, and `_` in a value stands for a blank.
fn cells(row: &str) -> Vec<(&str, String)> {
    let mut words = row.split(' ').filter(|word| !word.is_empty());
    let action = ("action", words.next().unwrap().to_owned());
    let pairs = words.map(|word| word.split_once('=').unwrap_or_else(|| panic!("{word}: {row}")));
    let pairs = pairs.map(|(name, value)| (name, value.replace('_', " ")));
    let kept = |(name, value): (_, String)| match name {
        // These words have no blanks.
        "action" | "path" | "type" | "kind" | "terms" => (name, value.replace(' ', "_")),
        _ => (name, value),
    };
    [action].into_iter().chain(pairs).map(kept).collect()
}

fn decimals(cells: &[Option<String>], scale: u32) -> ArrayRef {
    let parse = |text: &String| parse_decimal(text, scale).unwrap();
    let raws: Decimal128Array = cells.iter().map(|cell| cell.as_ref().map(parse)).collect();
    Arc::new(raws.with_precision_and_scale(38, i8::try_from(scale).unwrap()).unwrap())
}

fn column(name: &str, cells: &[Option<String>]) -> ArrayRef {
    let whole = |cell: &Option<String>| cell.as_ref().map(|text| text.parse::<i64>().unwrap());
    if MONEY.contains(&name) {
        return decimals(cells, 18);
    }
    if NUMBERS.contains(&name) {
        return decimals(cells, 9);
    }
    if TIMES.contains(&name) || WHOLE.contains(&name) {
        return Arc::new(cells.iter().map(whole).collect::<Int64Array>());
    }
    if IDS.contains(&name) {
        let small = cells.iter().flatten().all(|text| !text.starts_with('-'));
        let number = |cell: &Option<String>| cell.as_ref().map(|text| text.parse::<u64>().unwrap());
        return if small {
            Arc::new(cells.iter().map(number).collect::<UInt64Array>())
        } else {
            Arc::new(cells.iter().map(whole).collect::<Int64Array>())
        };
    }
    Arc::new(cells.iter().map(Option::as_deref).collect::<StringViewArray>())
}

/// The rows as one batch with the columns that they have.
pub(crate) fn batch<S: AsRef<str>>(rows: &[S]) -> RecordBatch {
    let rows: Vec<_> = rows.iter().map(|row| cells(row.as_ref())).collect();
    let mut names: Vec<&str> = Vec::new();
    for (name, _) in rows.iter().flatten() {
        if !names.contains(name) {
            names.push(name);
        }
    }
    let arrays = names.iter().map(|name| {
        let cell = |row: &Vec<(&str, String)>| {
            row.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
        };
        (*name, column(name, &rows.iter().map(cell).collect::<Vec<_>>()), true)
    });
    RecordBatch::try_from_iter_with_nullable(arrays).unwrap()
}

pub(crate) fn apply_batches(
    ledger: &mut Ledger,
    batches: &[RecordBatch],
    on_error: OnError,
) -> Result<Applied, FrameError> {
    let schema = batches[0].schema();
    let frame = EventFrame::read(&schema, batches, FloatPolicy::Nearest).unwrap();
    ledger.apply_frame(&frame, on_error, View::Exact, &mut || true)
}

pub(crate) fn apply<S: AsRef<str>>(
    ledger: &mut Ledger,
    rows: &[S],
    on_error: OnError,
) -> Result<Applied, FrameError> {
    apply_batches(ledger, &[batch(rows)], on_error)
}

/// Applies rows of which none is refused.
pub(crate) fn accept<S: AsRef<str>>(ledger: &mut Ledger, rows: &[S]) -> Vec<String> {
    let applied = apply(ledger, rows, OnError::Raise).unwrap_or_else(|error| panic!("{error}"));
    shown(&applied.receipts)
}

/// 10,000 USD with leverage 10.
pub(crate) fn configuration() -> Configuration {
    Configuration { leverage: 10_000_000_000, ..Configuration::new(Money::parse("10000").unwrap()) }
}

pub(crate) fn account() -> Ledger {
    Ledger::new(configuration()).unwrap()
}

fn cell(array: &dyn Array, row: usize) -> String {
    match array.data_type() {
        DataType::Decimal128(_, scale) => {
            let raw = array.as_primitive::<Decimal128Type>().value(row);
            format_fixed(raw, u32::try_from(*scale).unwrap(), 0)
        }
        DataType::UInt64 => array.as_primitive::<UInt64Type>().value(row).to_string(),
        DataType::Timestamp(..) => {
            array.as_primitive::<TimestampMicrosecondType>().value(row).to_string()
        }
        _ => array.as_string_view().value(row).replace(' ', "_"),
    }
}

/// The rows of a table, each as `column=cell` without the nulls; an event as a row of a frame.
pub(crate) fn shown(table: &TableSnapshot) -> Vec<String> {
    let mut rows = Vec::new();
    for batch in &table.batches {
        for row in 0..batch.num_rows() {
            let schema = batch.schema();
            let pairs = schema.fields().iter().zip(batch.columns());
            let there = pairs.filter(|(_, array)| array.is_valid(row));
            let texts = there.map(|(field, array)| match field.name().as_str() {
                "action" => cell(array, row),
                name => format!("{name}={}", cell(array, row)),
            });
            rows.push(texts.collect::<Vec<_>>().join(" "));
        }
    }
    rows
}

/// The accepted events as rows.
pub(crate) fn told(ledger: &Ledger) -> Vec<String> {
    shown(&ledger.events_table(View::Exact).unwrap())
}

/// Everything that an account shows.
pub(crate) fn picture(ledger: &mut Ledger) -> Vec<String> {
    let mut lines = vec![ledger.digest().unwrap(), format!("{:?}", ledger.account())];
    lines.push(ledger.rounded_count().to_string());
    let tables = [
        ledger.equity_curve(View::Exact),
        ledger.trades(View::Exact),
        ledger.postings(View::Exact),
        ledger.activity(View::Exact),
        ledger.cash_postings(View::Exact),
        ledger.orders(View::Exact),
        ledger.open_positions(View::Exact),
    ];
    for table in tables {
        let table = table.unwrap();
        lines.push(table.name.to_owned());
        lines.extend(shown(&table));
    }
    lines
}

/// Makes the account again from its events, and holds it against the first one.
pub(crate) fn comes_back(ledger: &mut Ledger, about: &str) {
    let events = ledger.events_table(View::Exact).unwrap();
    let mut again = Ledger::new(ledger.configuration().clone()).unwrap();
    let applied = apply_batches(&mut again, &events.batches, OnError::Raise)
        .unwrap_or_else(|error| panic!("{about}: {error}"));
    assert_eq!(applied.receipts.rows, events.rows, "{about}");
    let (left, right) = (picture(&mut again), picture(ledger));
    // Numbers are rounded once; the events have what they were rounded to.
    assert_eq!(left[3..], right[3..], "{about}");
    assert_eq!(left[..2], right[..2], "{about}");
    assert_eq!(told(&again), told(ledger), "{about}");
}
