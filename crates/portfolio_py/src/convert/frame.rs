//! Price frames of other libraries: a table with `symbol` and `price`, or `symbol`, `bid` and
//! `ask`.

use arrow_array::RecordBatch;
use arrow_schema::Schema;
use portfolio_core::event::Quote;
use portfolio_core::import::{ImportError, fixed_column, text_column};
use portfolio_core::numbers::{FloatPolicy, Price};
use pyo3::prelude::*;

use super::number::{self, SCALE};
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
        return Err(Fault::frame(format!("column {name}"), problem, REMEDY).into());
    }
    match names.iter().find(|name| !present.contains(name)) {
        Some(name) => Err(Fault::frame(format!("column {name}"), "is missing", REMEDY).into()),
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
    let column = |name: &str| {
        let missing = || PyErr::from(Fault::frame(format!("column {name}"), "is missing", REMEDY));
        batch.column_by_name(name).ok_or_else(missing)
    };
    let prices = |name: &'static str| {
        let failed = |error| PyErr::from(fault(name, before, error));
        fixed_column(column(name)?, SCALE, policy).map_err(failed)
    };
    let symbols = text_column(column("symbol")?).map_err(|error| fault("symbol", before, error))?;
    let (bids, asks) = match names {
        [_, "bid", "ask"] => (prices("bid")?, prices("ask")?),
        _ => {
            let both = prices("price")?;
            (both.clone(), both)
        }
    };
    let price = |raw| Price::from_raw(raw).unwrap_or_default();
    let quotes = symbols.into_iter().zip(bids.into_iter().zip(asks));
    Ok(quotes
        .map(|(symbol, (bid, ask))| Quote { symbol, bid: price(bid), ask: price(ask) })
        .collect())
}

fn fault(name: &'static str, before: usize, error: ImportError) -> Fault {
    match error {
        ImportError::Null { row } => {
            let row = row.saturating_add(before);
            Fault::frame(
                format!("column {name}, row {row}: null"),
                "must not be null",
                "drop the row",
            )
        }
        ImportError::Type { found, wanted } => {
            let rule = format!("must be {wanted}");
            Fault::frame(format!("column {name}: {found}"), rule, "cast the column")
        }
        ImportError::Number { row, value, error } => {
            let row = row.saturating_add(before);
            let place = format!("column {name}, row {row}: {value}");
            number::fault("prices", place, error, SCALE)
        }
    }
}
