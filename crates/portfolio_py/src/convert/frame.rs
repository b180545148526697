//! Price frames of other libraries: a table with `symbol` and `price`, or `symbol`, `bid` and
//! `ask`.

use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::{DataType, Schema};
use portfolio_core::event::Quote;
use portfolio_core::import::{CellError, Numbers, Texts, WrongType};
use portfolio_core::numbers::{FloatPolicy, Price};
use pyo3::prelude::*;

use super::number::SCALE;
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

/// Reads the quotes of a batch; `before` rows came in earlier batches.
pub(crate) fn read_batch<'a>(
    batch: &'a RecordBatch,
    names: &[&'static str],
    before: usize,
    policy: FloatPolicy,
) -> PyResult<Vec<Quote<'a>>> {
    let symbols = read_symbols(column(batch, "symbol")?, before)?;
    let prices = |name: &'static str| read_prices(column(batch, name)?, name, before, policy);
    let (bids, asks) = match names {
        [_, "bid", "ask"] => (prices("bid")?, prices("ask")?),
        _ => {
            let both = prices("price")?;
            (both.clone(), both)
        }
    };
    let quotes = symbols.into_iter().zip(bids.into_iter().zip(asks));
    Ok(quotes.map(|(symbol, (bid, ask))| Quote { symbol, bid, ask }).collect())
}

fn column<'a>(batch: &'a RecordBatch, name: &str) -> PyResult<&'a ArrayRef> {
    let missing =
        || PyErr::from(Fault::frame("prices", format!("column {name}"), "is missing", REMEDY));
    batch.column_by_name(name).ok_or_else(missing)
}

fn read_symbols(array: &ArrayRef, before: usize) -> PyResult<Vec<&str>> {
    let failed = |row: usize, error: &CellError| PyErr::from(cell("symbol", before, row, error));
    let texts = Texts::read(array).map_err(|wrong| wrong_type("symbol", &wrong))?;
    (0..array.len())
        .map(|row| {
            let text = texts.get(row).map_err(|error| failed(row, &error))?;
            text.ok_or_else(|| failed(row, &CellError::Null))
        })
        .collect()
}

fn read_prices(
    array: &ArrayRef,
    name: &'static str,
    before: usize,
    policy: FloatPolicy,
) -> PyResult<Vec<Price>> {
    let failed = |row: usize, error: &CellError| PyErr::from(cell(name, before, row, error));
    let numbers = Numbers::read(array, policy).map_err(|wrong| wrong_type(name, &wrong))?;
    let missing = (0..array.len()).find(|&row| array.is_null(row));
    if let Some(row) = missing.or((*array.data_type() == DataType::Null).then_some(0)) {
        return Err(failed(row, &CellError::Null));
    }
    (0..array.len())
        .map(|row| {
            let raw = numbers.get(row, SCALE).map_err(|error| failed(row, &error))?;
            let raw = raw.ok_or_else(|| failed(row, &CellError::Null))?;
            Price::from_raw(raw).map_err(|overflow| {
                let error = overflow.into();
                failed(row, &CellError::Number { value: raw.to_string(), scale: SCALE, error })
            })
        })
        .collect()
}

fn wrong_type(name: &str, wrong: &WrongType) -> PyErr {
    let rule = format!("must be {}", wrong.wanted);
    Fault::frame("prices", format!("column {name}: {}", wrong.found), rule, "cast the column")
        .into()
}

fn cell(name: &str, before: usize, row: usize, error: &CellError) -> Fault {
    let row = row.saturating_add(before);
    let place = format!("column {name}, row {row}: {}", error.value());
    Fault::new(error.code(), "prices", place, error.rule(), error.remedy())
}
