//! Prices for `mark` and `update_equity`: a mapping, or any Arrow table.

use arrow_array::RecordBatch;
use portfolio_core::event::Quote;
use portfolio_core::numbers::{FloatPolicy, Price};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyMapping, PyString, PyTuple};

use super::{describe, frame, number, text, wrong_type};
use crate::capsule::{read_frame, speaks_arrow};

/// Prices that were read; quotes borrow their symbols from here.
pub(crate) enum Prices<'py> {
    /// From a mapping.
    Items(Vec<(Bound<'py, PyString>, Price, Price)>),
    /// From an Arrow stream.
    Frame(Vec<RecordBatch>, &'static [&'static str]),
}

impl<'py> Prices<'py> {
    /// Reads what a caller gave; nothing given is no prices.
    pub(crate) fn read(prices: Option<&Bound<'py, PyAny>>, policy: FloatPolicy) -> PyResult<Self> {
        let Some(prices) = prices else { return Ok(Self::Items(Vec::new())) };
        if let Ok(items) = prices.cast::<PyDict>() {
            return Self::from_dict(items, policy);
        }
        if speaks_arrow(prices)? {
            let (schema, batches) = read_frame("prices", prices)?;
            return Ok(Self::Frame(batches, frame::check_columns(&schema)?));
        }
        let Ok(mapping) = prices.cast::<PyMapping>() else {
            let rule = "must be a mapping or an Arrow table";
            let remedy =
                "pass {symbol: price}, {symbol: (bid, ask)}, or a frame with these columns";
            return Err(wrong_type("prices", prices, rule, remedy).into());
        };
        let mut items = Vec::new();
        for pair in mapping.items()?.iter() {
            let (key, value) = pair.extract::<(Bound<'py, PyAny>, Bound<'py, PyAny>)>()?;
            items.push(item(&key, &value, policy)?);
        }
        Ok(Self::Items(items))
    }

    fn from_dict(dict: &Bound<'py, PyDict>, policy: FloatPolicy) -> PyResult<Self> {
        let mut items = Vec::with_capacity(dict.len());
        for (key, value) in dict.iter() {
            items.push(item(&key, &value, policy)?);
        }
        Ok(Self::Items(items))
    }

    /// The quotes in their order.
    pub(crate) fn quotes(&self, policy: FloatPolicy) -> PyResult<Vec<Quote<'_>>> {
        match self {
            Self::Items(items) => items
                .iter()
                .map(|(symbol, bid, ask)| {
                    Ok(Quote { symbol: symbol.to_str()?, bid: *bid, ask: *ask })
                })
                .collect(),
            Self::Frame(batches, names) => {
                let mut quotes = Vec::new();
                for batch in batches {
                    let more = frame::read_batch(batch, names, quotes.len(), policy)?;
                    quotes.extend(more);
                }
                Ok(quotes)
            }
        }
    }
}

/// A price or a pair of bid and ask.
fn item<'py>(
    key: &Bound<'py, PyAny>,
    value: &Bound<'py, PyAny>,
    policy: FloatPolicy,
) -> PyResult<(Bound<'py, PyString>, Price, Price)> {
    text::symbol(key)?;
    let symbol = key.cast::<PyString>()?.clone();
    let price = |value: &Bound<'py, PyAny>| number::price("prices", value, policy);
    let pair = if let Ok(pair) = value.cast::<PyTuple>() {
        pair.clone()
    } else if let Ok(pair) = value.cast::<PyList>() {
        pair.to_tuple()
    } else {
        let both = price(value)?;
        return Ok((symbol, both, both));
    };
    if pair.len() != 2 {
        let rule = format!("is no (bid, ask) of {}", describe(key));
        let code = portfolio_core::refusal::Code::InvalidArgument;
        let remedy = "pass one price, or a pair of bid and ask";
        return Err(crate::fault::Fault::new(code, "prices", describe(value), rule, remedy).into());
    }
    let bid = price(&pair.get_item(0)?)?;
    Ok((symbol, bid, price(&pair.get_item(1)?)?))
}
