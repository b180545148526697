//! From Python values to the plain values of events.

pub(crate) mod configuration;
pub(crate) mod frame;
pub(crate) mod instrument;
pub(crate) mod number;
pub(crate) mod prices;
pub(crate) mod text;
pub(crate) mod time;

use portfolio_core::event::{Cash, Level};
use portfolio_core::numbers::{FloatPolicy, Money};
use portfolio_core::refusal::Code;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

use crate::fault::Fault;

/// A value as short text for a message: its `repr`, or its type when that fails.
pub(crate) fn describe(value: &Bound<'_, PyAny>) -> String {
    const LONGEST: usize = 80;
    let text = match value.repr() {
        Ok(text) => text.to_string_lossy().into_owned(),
        Err(_) => format!("<{}>", value.get_type()),
    };
    if text.chars().count() <= LONGEST {
        return text;
    }
    text.chars().take(LONGEST.saturating_sub(1)).chain(['…']).collect()
}

/// `InvalidArgument` for a value of a wrong type.
pub(crate) fn wrong_type(
    argument: &'static str,
    value: &Bound<'_, PyAny>,
    rule: &'static str,
    remedy: &'static str,
) -> Fault {
    Fault::new(Code::InvalidArgument, argument, describe(value), rule, remedy)
}

/// An argument with a default: not given, or given (possibly as `None`).
pub(crate) struct Given<'py>(pub(crate) Option<Bound<'py, PyAny>>);

impl<'py> FromPyObject<'_, 'py> for Given<'py> {
    type Error = PyErr;

    fn extract(value: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        Ok(Self(Some(value.to_owned())))
    }
}

/// A level that may be left as it is (not given, or `UNSET`), removed (`None`) or set.
pub(crate) fn level(
    argument: &'static str,
    given: &Given<'_>,
    policy: FloatPolicy,
) -> PyResult<Level> {
    static UNSET: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let Some(value) = &given.0 else { return Ok(Level::Keep) };
    if value.is_none() {
        return Ok(Level::Remove);
    }
    let py = value.py();
    let unset = UNSET.get_or_try_init(py, || {
        py.import("omega_portfolio.sentinel")?.getattr("UNSET").map(Bound::unbind)
    })?;
    if value.is(unset) {
        return Ok(Level::Keep);
    }
    number::price(argument, value, policy).map(Level::Set)
}

/// What is paid in or out.
pub(crate) fn cash(
    amount: &Bound<'_, PyAny>,
    time: &Bound<'_, PyAny>,
    policy: FloatPolicy,
) -> PyResult<Cash> {
    let amount = number::money("amount", amount, policy)?;
    Ok(Cash { amount, time: time::time("time", time)?, currency: None })
}

/// The fee of a fill, if one is given.
pub(crate) fn fee_or_none(given: &Given<'_>, policy: FloatPolicy) -> PyResult<Option<Money>> {
    given.0.as_ref().map(|fee| number::money("fee", fee, policy)).transpose()
}

/// Which of a few words of the configuration; the first when not given.
pub(crate) fn word(
    argument: &'static str,
    given: &Given<'_>,
    known: &[&str],
    rule: &'static str,
) -> PyResult<usize> {
    let Some(value) = &given.0 else { return Ok(0) };
    let given = text::text(argument, value, Code::InvalidConfiguration)?;
    known.iter().position(|word| *word == given).ok_or_else(|| {
        let remedy = "pass one of these words";
        Fault::new(Code::InvalidConfiguration, argument, describe(value), rule, remedy).into()
    })
}
