//! Price frames of other libraries: a table with `symbol` and `price`, or `symbol`, `bid` and
//! `ask`.

use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::{DataType, Schema};
use portfolio_core::event::Quote;
use portfolio_core::import::{CellError, Numbers, Texts, WrongType};
use portfolio_core::numbers::{FloatPolicy, Price};
use pyo3::prelude::*;

use crate::fault::Fault;

const ONE_PRICE: [&str; 2] = ["symbol", "price"];
const TWO_PRICES: [&str; 3] = ["symbol", "bid", "ask"];
const REMEDY: &str = "pass symbol and price, or symbol, bid and ask";

/// The columns to read, after checking that they are there, once, with nothing else.
pub(crate) fn check_columns(schema: &Schema) -> PyResult<&'static [&'static str]> {
    let present: Vec<&str> = schema.fields().iter().map(|field| field.name().as_str()).collect();
    let two = present.contains(&"bid") || present.contains(&"ask");
    let names: &[&str] = if two { &TWO_PRICES } else { &ONE_PRICE };
    for name in &present {
        let found = present.iter().filter(|other| *other == name).count();
        let problem = match (found, names.contains(name)) {
            (1, true) => continue,
            (1, false) => "is not known here",
            _ => "stands twice",
        };
        return Err(Fault::frame("prices", format!("column {name}"), problem, REMEDY).into());
    }
    match names.iter().find(|name| !present.contains(name)) {
        Some(name) => {
            Err(Fault::frame("prices", format!("column {name}"), "is missing", REMEDY).into())
        }
        None => Ok(names),
    }
}

/// Reads the quotes of a batch; `before` rows came in earlier batches. Types and nulls are looked
/// at column by column, then the cells row by row.
pub(crate) fn read_batch<'a>(
    batch: &'a RecordBatch,
    names: &[&'static str],
    before: usize,
    policy: FloatPolicy,
) -> PyResult<Vec<Quote<'a>>> {
    let symbols = column(batch, "symbol")?;
    let texts = Texts::read(symbols).map_err(|wrong| wrong_type("symbol", &wrong))?;
    check_nulls(symbols, "symbol", before)?;
    let prices = |name: &'static str| read_prices(batch, name, before, policy);
    let (bid, ask) = match names {
        [_, "bid", "ask"] => (prices("bid")?, Some(prices("ask")?)),
        _ => (prices("price")?, None),
    };
    let mut quotes = Vec::with_capacity(batch.num_rows());
    for row in 0..batch.num_rows() {
        let text = texts.get(row).map_err(|error| cell("symbol", before, row, &error))?;
        let symbol = text.ok_or_else(|| cell("symbol", before, row, &CellError::Null))?;
        let first = bid.get(row, before)?;
        let second = ask.as_ref().map_or(Ok(first), |ask| ask.get(row, before))?;
        quotes.push(Quote { symbol, bid: first, ask: second });
    }
    Ok(quotes)
}

/// A column of prices without nulls.
struct Prices<'a> {
    name: &'static str,
    numbers: Numbers<'a>,
}

impl Prices<'_> {
    #[inline]
    fn get(&self, row: usize, before: usize) -> PyResult<Price> {
        match self.numbers.price(row) {
            Ok(Some(price)) => Ok(price),
            Ok(None) => Err(cell(self.name, before, row, &CellError::Null)),
            Err(error) => Err(cell(self.name, before, row, &error)),
        }
    }
}

fn column<'a>(batch: &'a RecordBatch, name: &str) -> PyResult<&'a ArrayRef> {
    let missing =
        || PyErr::from(Fault::frame("prices", format!("column {name}"), "is missing", REMEDY));
    batch.column_by_name(name).ok_or_else(missing)
}

fn read_prices<'a>(
    batch: &'a RecordBatch,
    name: &'static str,
    before: usize,
    policy: FloatPolicy,
) -> PyResult<Prices<'a>> {
    let array = column(batch, name)?;
    let numbers = Numbers::read(array, policy).map_err(|wrong| wrong_type(name, &wrong))?;
    check_nulls(array, name, before)?;
    Ok(Prices { name, numbers })
}

/// The first null of a column is named.
fn check_nulls(array: &ArrayRef, name: &'static str, before: usize) -> PyResult<()> {
    if array.logical_null_count() == 0 {
        return Ok(());
    }
    let all = *array.data_type() == DataType::Null;
    let row = (0..array.len()).find(|&row| all || array.is_null(row)).unwrap_or(0);
    Err(cell(name, before, row, &CellError::Null))
}

fn wrong_type(name: &str, wrong: &WrongType) -> PyErr {
    let rule = format!("must be {}", wrong.wanted);
    Fault::frame("prices", format!("column {name}: {}", wrong.found), rule, "cast the column")
        .into()
}

#[cold]
fn cell(name: &str, before: usize, row: usize, error: &CellError) -> PyErr {
    let row = row.saturating_add(before);
    let place = format!("column {name}, row {row}: {}", error.value());
    Fault::new(error.code(), "prices", place, error.rule(), error.remedy()).into()
}
