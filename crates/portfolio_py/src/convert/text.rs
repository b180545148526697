//! Symbols, tags, sides and ids (SPEC T4, T5).

use portfolio_core::currency::Currency;
use portfolio_core::event::Side;
use portfolio_core::instrument::check_text;
use portfolio_core::refusal::Code;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyInt, PyString};

use super::{Given, describe, wrong_type};
use crate::fault::Fault;

/// The text of a `str`; one that is no Unicode is refused with `code`.
pub(crate) fn text<'a>(
    argument: &'static str,
    value: &'a Bound<'_, PyAny>,
    code: Code,
) -> PyResult<&'a str> {
    let Ok(string) = value.cast::<PyString>() else {
        return Err(wrong_type(argument, value, "must be a str", "pass text").into());
    };
    string.to_str().map_err(|_| {
        let remedy = "decode the text properly first";
        Fault::new(code, argument, describe(value), "is not valid Unicode", remedy).into()
    })
}

/// A symbol; its characters are for the ledger to check.
pub(crate) fn symbol<'a>(value: &'a Bound<'_, PyAny>) -> PyResult<&'a str> {
    text("symbol", value, Code::InvalidSymbol)
}

/// A tag or a reason, empty when not given.
pub(crate) fn note<'a>(argument: &'static str, value: &'a Given<'_>) -> PyResult<&'a str> {
    let Some(value) = &value.0 else { return Ok("") };
    let note = text(argument, value, Code::InvalidText)?;
    check_text(argument, note).map_err(Fault::from)?;
    Ok(note)
}

/// `long`, `buy`, `short` or `sell`.
pub(crate) fn side(value: &Bound<'_, PyAny>) -> PyResult<Side> {
    let word = text("side", value, Code::InvalidSide)?;
    Side::parse(word).ok_or_else(|| {
        let rule = "must be 'long', 'buy', 'short' or 'sell'";
        Fault::new(Code::InvalidSide, "side", describe(value), rule, "pass one of these words")
            .into()
    })
}

/// The text of a currency's code.
pub(crate) fn code<'a>(argument: &'static str, value: &'a Bound<'_, PyAny>) -> PyResult<&'a str> {
    text(argument, value, Code::InvalidCurrency)
}

/// A currency code.
pub(crate) fn currency(argument: &'static str, value: &Bound<'_, PyAny>) -> PyResult<Currency> {
    let code = code(argument, value)?;
    Currency::parse(code).ok_or_else(|| {
        let rule = "is not a known currency";
        let remedy = "pass an ISO 4217 code such as 'USD'";
        Fault::new(Code::InvalidCurrency, argument, describe(value), rule, remedy).into()
    })
}

/// A position id.
#[inline]
pub(crate) fn position_id(argument: &'static str, value: &Bound<'_, PyAny>) -> PyResult<u64> {
    let remedy = "pass the id that open_position gave";
    id(argument, value, Code::InvalidPositionId, remedy)
}

/// The id of an order.
pub(crate) fn order_id(value: &Bound<'_, PyAny>) -> PyResult<u64> {
    id("order_id", value, Code::InvalidArgument, "pass the id that place_order gave")
}

#[inline]
fn id(
    argument: &'static str,
    value: &Bound<'_, PyAny>,
    code: Code,
    remedy: &'static str,
) -> PyResult<u64> {
    if !value.is_instance_of::<PyInt>() || value.is_instance_of::<PyBool>() {
        return Err(wrong_type(argument, value, "must be an int", remedy).into());
    }
    match value.extract::<u64>() {
        Ok(id) if id > 0 => Ok(id),
        _ => {
            let rule = "an id is a whole number from 1 to 2^64 - 1";
            Err(Fault::new(code, argument, describe(value), rule, remedy).into())
        }
    }
}
