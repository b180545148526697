//! Bars for `process_bar` and `process_bars`: a mapping, or any Arrow table.

use std::ops::Range;

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use portfolio_core::event::{Bar, Bars, Path};
use portfolio_core::import::{CellError, Numbers, Times};
use portfolio_core::numbers::{FloatPolicy, Price};
use portfolio_core::refusal::Code;
use pyo3::prelude::*;
use pyo3::types::{PyMapping, PyString};

use super::frame::Source;
use super::protection::items;
use super::{describe, number, text, word, wrong_type};
use crate::capsule::{Frame, read_frame, speaks_arrow};
use crate::fault::Fault;

type Value<'a, 'py> = &'a Bound<'py, PyAny>;

/// Names of the prices of a bar; the last one may be left out.
const PRICES: [&str; 5] = ["open", "high", "low", "close", "spread"];
const OF_A_MOMENT: &[&str] = &["symbol", "open", "high", "low", "close"];
const OF_A_HISTORY: &[&str] = &["time", "symbol", "open", "high", "low", "close"];
const SPREAD: &[&str] = &["spread"];

/// A frame of bars.
pub(crate) const SOURCE: Source = Source {
    argument: "bars",
    remedy: "pass symbol, open, high, low, close and maybe spread; process_bars also time",
};

/// Bars of one moment that were read; an event borrows their symbols from here.
pub(crate) enum GivenBars<'py> {
    /// From a mapping.
    Items(Vec<(Bound<'py, PyString>, [Price; 5])>),
    /// From an Arrow stream.
    Frame(Vec<RecordBatch>),
}

impl<'py> GivenBars<'py> {
    /// Reads what a caller gave.
    pub(crate) fn read(given: Value<'_, 'py>, policy: FloatPolicy) -> PyResult<Self> {
        if speaks_arrow(given)? {
            let (schema, batches) = read_frame(SOURCE.argument, given)?;
            check(&schema, &batches, OF_A_MOMENT)?;
            return Ok(Self::Frame(batches));
        }
        let Ok(mapping) = given.cast::<PyMapping>() else {
            let rule = "must be a mapping or an Arrow table";
            let remedy = "pass {symbol: (open, high, low, close)}, or a frame with these columns";
            return Err(wrong_type("bars", given, rule, remedy).into());
        };
        let mut bars = Vec::new();
        for pair in mapping.items()?.iter() {
            let (key, value) = pair.extract::<(Bound<'py, PyAny>, Bound<'py, PyAny>)>()?;
            text::symbol(&key)?;
            bars.push((key.cast::<PyString>()?.clone(), read_bar(&key, &value, policy)?));
        }
        Ok(Self::Items(bars))
    }

    /// The bars in their order.
    pub(crate) fn bars(&self, policy: FloatPolicy) -> PyResult<Vec<Bar<'_>>> {
        match self {
            Self::Items(items) => {
                items.iter().map(|(symbol, prices)| Ok(bar(symbol.to_str()?, *prices))).collect()
            }
            Self::Frame(batches) => {
                let mut bars = Vec::new();
                for batch in batches {
                    read_batch(batch, policy, &mut bars, |_| Ok(()))?;
                }
                Ok(bars)
            }
        }
    }
}

const fn bar(symbol: &str, [open, high, low, close, spread]: [Price; 5]) -> Bar<'_> {
    Bar { symbol, open, high, low, close, spread }
}

/// A tuple or a list of four or five prices, or a mapping with their names.
fn read_bar(
    symbol: Value<'_, '_>,
    value: Value<'_, '_>,
    policy: FloatPolicy,
) -> PyResult<[Price; 5]> {
    let wrong = || {
        let rule = format!("is no (open, high, low, close) of {}", describe(symbol));
        let remedy = "pass these four prices, and the spread if there is one";
        PyErr::from(Fault::new(Code::InvalidArgument, "bars", describe(value), rule, remedy))
    };
    let given: Vec<Bound<'_, PyAny>> = if let Some(prices) = items(value) {
        prices.iter().collect()
    } else if let Ok(named) = value.cast::<PyMapping>() {
        let known = PRICES.iter().filter(|name| named.contains(**name).unwrap_or(false));
        let found = known.map(|name| named.get_item(*name)).collect::<PyResult<Vec<_>>>()?;
        let complete = found.len() == 5 || !named.contains("spread")?;
        if found.len() != named.len()? || !complete {
            return Err(wrong());
        }
        found
    } else {
        return Err(wrong());
    };
    if given.len() != 4 && given.len() != 5 {
        return Err(wrong());
    }
    let mut prices = [Price::ZERO; 5];
    for (price, value) in prices.iter_mut().zip(&given) {
        *price = number::price("bars", value, policy)?;
    }
    Ok(prices)
}

/// The columns of the prices, the spread where there is one.
struct Prices<'a>([Option<Numbers<'a>>; 5]);

impl<'a> Prices<'a> {
    fn read(batch: &'a RecordBatch, before: usize, policy: FloatPolicy) -> PyResult<Self> {
        let mut columns = [const { None }; 5];
        for (column, name) in columns.iter_mut().zip(PRICES) {
            if name != "spread" || batch.column_by_name(name).is_some() {
                *column = Some(SOURCE.numbers(batch, name, before, policy)?);
            }
        }
        Ok(Self(columns))
    }

    fn get(&self, row: usize, before: usize) -> PyResult<[Price; 5]> {
        let mut prices = [Price::ZERO; 5];
        for ((price, column), name) in prices.iter_mut().zip(&self.0).zip(PRICES) {
            if let Some(column) = column {
                *price = SOURCE.price(column, name, row, before)?;
            }
        }
        Ok(prices)
    }
}

/// The columns are there, once, with nothing else, of the right types and without nulls.
fn check(
    schema: &SchemaRef,
    batches: &[RecordBatch],
    needed: &'static [&'static str],
) -> PyResult<()> {
    SOURCE.check_columns(schema, needed, SPREAD)?;
    SOURCE.check_cells(schema, batches, needed)?;
    SOURCE.check_cells(schema, batches, SPREAD)
}

/// Appends the bars of a batch; `clock` reads the time of a row before its bar.
fn read_batch<'a>(
    batch: &'a RecordBatch,
    policy: FloatPolicy,
    bars: &mut Vec<Bar<'a>>,
    mut clock: impl FnMut(usize) -> PyResult<()>,
) -> PyResult<()> {
    let before = bars.len();
    let symbols = SOURCE.texts(batch, "symbol", before)?;
    let prices = Prices::read(batch, before, policy)?;
    for row in 0..batch.num_rows() {
        clock(row)?;
        let symbol = SOURCE.text(&symbols, "symbol", row, before)?;
        bars.push(bar(symbol, prices.get(row, before)?));
    }
    Ok(())
}

/// The bars of a whole frame, and which of them are of one time.
pub(crate) struct History<'a> {
    bars: Vec<Bar<'a>>,
    moments: Vec<(i64, Range<usize>)>,
}

/// Reads a frame with a time column to its end.
pub(crate) fn read_history(given: Value<'_, '_>) -> PyResult<Frame> {
    if !speaks_arrow(given)? {
        let rule = "must be an Arrow table";
        let remedy = "pass a DataFrame, a pyarrow table, or another Arrow table; collect a query";
        return Err(wrong_type("bars", given, rule, remedy).into());
    }
    let frame = read_frame(SOURCE.argument, given)?;
    check(&frame.0, &frame.1, OF_A_HISTORY)?;
    Ok(frame)
}

impl<'a> History<'a> {
    /// Reads the cells; Python is not needed for it.
    pub(crate) fn read(batches: &'a [RecordBatch], policy: FloatPolicy) -> PyResult<Self> {
        let mut history = Self { bars: Vec::new(), moments: Vec::new() };
        let Self { bars, moments } = &mut history;
        for batch in batches {
            let before = bars.len();
            let times = SOURCE.times(batch, "time", before)?;
            read_batch(batch, policy, bars, |row| read_time(&times, row, before, moments))?;
        }
        Ok(history)
    }

    /// One event for each time.
    pub(crate) fn events(&self, path: Option<Path>) -> Vec<Bars<'_>> {
        let moments = self.moments.iter();
        let bars = |range: &Range<usize>| self.bars.get(range.clone()).unwrap_or_default();
        moments.map(|(time, range)| Bars { time: *time, path, bars: bars(range) }).collect()
    }

    /// The row of a bar of an event.
    pub(crate) fn row(&self, event: usize, bar: usize) -> usize {
        self.moments.get(event).map_or(0, |(_, range)| range.start.saturating_add(bar))
    }
}

/// Adds a row to the bars of its time.
fn read_time(
    times: &Times<'_>,
    row: usize,
    before: usize,
    moments: &mut Vec<(i64, Range<usize>)>,
) -> PyResult<()> {
    let time = times.get(row).map_err(|error| SOURCE.cell("time", before, row, &error))?;
    let time = time.ok_or_else(|| SOURCE.cell("time", before, row, &CellError::Null))?;
    let place = before.saturating_add(row);
    let after = place.saturating_add(1);
    match moments.last_mut() {
        Some((last, range)) if *last == time => range.end = after,
        _ => moments.push((time, place..after)),
    }
    Ok(())
}

/// The way of the price within a bar; the portfolio's when not given.
pub(crate) fn read_path(given: Option<Value<'_, '_>>) -> PyResult<Option<Path>> {
    given.map(|path| word("path", path, Code::InvalidArgument, &Path::WORDS)).transpose()
}
