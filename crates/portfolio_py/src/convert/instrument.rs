//! `omega_portfolio.Instrument` as the ledger takes it (SPEC section 3).

use portfolio_core::instrument::Instrument;
use portfolio_core::numbers::{Contract, FloatPolicy, Overflow};
use portfolio_core::refusal::Code;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBool, PyInt, PyType};

use super::terms::read_terms;
use super::{describe, number, text, wrong_type};
use crate::fault::Fault;

/// The definition that a caller gave.
pub(crate) fn read_instrument(
    given: &Bound<'_, PyAny>,
    policy: FloatPolicy,
) -> PyResult<Instrument> {
    static CLASS: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    let class = CLASS.import(given.py(), "omega_portfolio.instrument", "Instrument")?;
    if !given.is_instance(class)? {
        let rule = "must be an Instrument";
        let remedy = "pass omega_portfolio.Instrument(symbol, ...)";
        return Err(wrong_type("instrument", given, rule, remedy).into());
    }
    let symbol = given.getattr("symbol")?;
    let symbol = text::symbol(&symbol)?.to_owned();
    let price_decimals = decimals("price_decimals", &given.getattr("price_decimals")?)?;
    let size_decimals = decimals("size_decimals", &given.getattr("size_decimals")?)?;
    let size = given.getattr("contract_size")?;
    let raw = number::fixed("contract_size", &size, number::SCALE, policy)?;
    let contract = Contract::new(raw).map_err(|Overflow| {
        let rule = "must be greater than 0";
        let remedy = "pass the units of the underlying per 1 of size";
        PyErr::from(Fault::new(
            Code::InvalidInstrument,
            "contract_size",
            describe(&size),
            rule,
            remedy,
        ))
    })?;
    let quote = given.getattr("quote_currency")?;
    let quote_currency =
        if quote.is_none() { None } else { Some(text::currency("quote_currency", &quote)?) };
    let leverage = given.getattr("leverage")?;
    let leverage = if leverage.is_none() {
        None
    } else {
        Some(number::fixed("leverage", &leverage, number::SCALE, policy)?)
    };
    Ok(Instrument {
        symbol,
        price_decimals,
        size_decimals,
        contract,
        quote_currency,
        leverage,
        terms: read_terms(given, policy)?,
    })
}

fn decimals(argument: &'static str, value: &Bound<'_, PyAny>) -> PyResult<u32> {
    if !value.is_instance_of::<PyInt>() || value.is_instance_of::<PyBool>() {
        return Err(wrong_type(argument, value, "must be an int", "pass 0 to 9").into());
    }
    match value.extract::<u32>() {
        Ok(digits) if digits <= 9 => Ok(digits),
        _ => {
            let (rule, remedy) =
                ("must be from 0 to 9", "pass the digits of the instrument's grid");
            Err(Fault::new(Code::InvalidInstrument, argument, describe(value), rule, remedy).into())
        }
    }
}
