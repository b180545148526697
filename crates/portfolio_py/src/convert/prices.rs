//! Quotes for `mark`, `update_equity` and `process_quotes`: a mapping, or any Arrow table.

use arrow_array::RecordBatch;
use portfolio_core::event::Quote;
use portfolio_core::numbers::{FloatPolicy, Price};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyMapping, PyString, PyTuple};

use super::frame::{self, Source};
use super::{describe, number, text, wrong_type};
use crate::capsule::{read_frame, speaks_arrow};

/// Prices that were read; quotes borrow their symbols from here.
pub(crate) enum Prices<'py> {
    /// From a mapping.
    Items(Vec<(Bound<'py, PyString>, Price, Price)>),
    /// From an Arrow stream.
    Frame(Source, Vec<RecordBatch>, &'static [&'static str]),
}

impl<'py> Prices<'py> {
    /// Reads what a caller gave; nothing given is no prices.
    pub(crate) fn read(
        argument: &'static str,
        prices: Option<&Bound<'py, PyAny>>,
        policy: FloatPolicy,
    ) -> PyResult<Self> {
        let Some(prices) = prices else { return Ok(Self::Items(Vec::new())) };
        // A subclass may have items of its own.
        if let Ok(items) = prices.cast_exact::<PyDict>() {
            return Self::from_dict(argument, items, policy);
        }
        if speaks_arrow(prices)? {
            let source = Source::quotes(argument);
            let (schema, batches) = read_frame(argument, prices)?;
            let names = frame::check_quotes(source, &schema, &batches)?;
            return Ok(Self::Frame(source, batches, names));
        }
        let Ok(mapping) = prices.cast::<PyMapping>() else {
            let rule = "must be a mapping or an Arrow table";
            let remedy =
                "pass {symbol: price}, {symbol: (bid, ask)}, or a frame with these columns";
            return Err(wrong_type(argument, prices, rule, remedy).into());
        };
        let mut items = Vec::new();
        for pair in mapping.items()?.iter() {
            let (key, value) = pair.extract::<(Bound<'py, PyAny>, Bound<'py, PyAny>)>()?;
            items.push(item(argument, &key, &value, policy)?);
        }
        Ok(Self::Items(items))
    }

    fn from_dict(
        argument: &'static str,
        dict: &Bound<'py, PyDict>,
        policy: FloatPolicy,
    ) -> PyResult<Self> {
        let mut items = Vec::with_capacity(dict.len());
        for (key, value) in dict.iter() {
            items.push(item(argument, &key, &value, policy)?);
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
            Self::Frame(source, batches, names) => {
                let mut quotes = Vec::new();
                for batch in batches {
                    let more = frame::read_batch(*source, batch, names, quotes.len(), policy)?;
                    quotes.extend(more);
                }
                Ok(quotes)
            }
        }
    }
}

/// A price or a pair of bid and ask.
fn item<'py>(
    argument: &'static str,
    key: &Bound<'py, PyAny>,
    value: &Bound<'py, PyAny>,
    policy: FloatPolicy,
) -> PyResult<(Bound<'py, PyString>, Price, Price)> {
    text::symbol(key)?;
    let symbol = key.cast::<PyString>()?.clone();
    let price = |value: &Bound<'py, PyAny>| number::price(argument, value, policy);
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
        return Err(crate::fault::Fault::new(code, argument, describe(value), rule, remedy).into());
    }
    let bid = price(&pair.get_item(0)?)?;
    Ok((symbol, bid, price(&pair.get_item(1)?)?))
}
