//! The answer of `calculate_margin`.

use portfolio_core::numbers::{FloatPolicy, Money};
use portfolio_core::refusal::Code;
use pyo3::prelude::*;

use crate::convert::{number, text};
use crate::fault::Fault;
use crate::guard::Guarded;

type Value<'a, 'py> = &'a Bound<'py, PyAny>;

/// Margin bound by a symbol or by all; with size and price, the margin that an open would need.
pub(crate) fn margin(
    py: Python<'_>,
    ledger: &Guarded,
    [symbol, size, price]: [Option<Value<'_, '_>>; 3],
    policy: FloatPolicy,
) -> PyResult<Money> {
    let symbol = symbol.map(text::symbol).transpose()?;
    let size = size.map(|size| number::size("size", size, policy)).transpose()?;
    let price = price.map(|price| number::price("price", price, policy)).transpose()?;
    let margin = match (symbol, size, price) {
        (symbol, None, None) => ledger.with(py, |ledger| ledger.margin_used(symbol))?,
        (Some(symbol), Some(size), Some(price)) => {
            ledger.with(py, |ledger| ledger.margin_needed(symbol, size, price))?
        }
        (None, _, _) => return Err(incomplete("symbol")),
        (_, None, _) => return Err(incomplete("size")),
        (_, _, None) => return Err(incomplete("price")),
    };
    margin.map_err(|refusal| Fault::from(refusal).into())
}

/// Size and price were not given together, or without a symbol.
fn incomplete(argument: &'static str) -> PyErr {
    let rule = "symbol, size and price belong together";
    let remedy = "pass all three for the margin of an open, or at most symbol for what is used";
    Fault::new(Code::InvalidArgument, argument, "None".to_owned(), rule, remedy).into()
}
