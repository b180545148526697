//! From Python values to the plain values of events.

pub(crate) mod bars;
pub(crate) mod batch;
pub(crate) mod configuration;
pub(crate) mod frame;
pub(crate) mod instrument;
pub(crate) mod number;
pub(crate) mod order;
pub(crate) mod prices;
pub(crate) mod protection;
pub(crate) mod terms;
pub(crate) mod text;
pub(crate) mod time;

use portfolio_core::event::Change;
use portfolio_core::numbers::{FloatPolicy, Money};
use portfolio_core::refusal::Code;
use portfolio_core::terms::SwapKind;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBool, PyInt};

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

/// `True` or `False`.
pub(crate) fn flag(argument: &'static str, value: &Bound<'_, PyAny>) -> PyResult<bool> {
    match value.cast::<PyBool>() {
        Ok(flag) => Ok(flag.is_true()),
        Err(_) => Err(wrong_type(argument, value, "must be a bool", "pass True or False").into()),
    }
}

/// Whether a table is wanted with all digits.
pub(crate) fn read_exact(value: &Bound<'_, PyAny>) -> PyResult<bool> {
    flag("exact", value)
}

/// Whether bars are what `Batch.prepared_bars` gave.
pub(crate) fn read_prepared(value: &Bound<'_, PyAny>) -> PyResult<bool> {
    flag("prepared", value)
}

/// An argument with a default: not given, or given (possibly as `None`).
pub(crate) struct Given<'py>(pub(crate) Option<Bound<'py, PyAny>>);

impl<'py> FromPyObject<'_, 'py> for Given<'py> {
    type Error = PyErr;

    fn extract(value: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        Ok(Self(Some(value.to_owned())))
    }
}

/// What a modify does with a part of a protection: left as it is (not given, or `UNSET`), removed
/// (`None`) or set.
pub(crate) fn change<R>(
    given: &Given<'_>,
    read: impl FnOnce(&Bound<'_, PyAny>) -> PyResult<R>,
) -> PyResult<Change<R>> {
    static UNSET: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let Some(value) = &given.0 else { return Ok(Change::Keep) };
    if value.is_none() {
        return Ok(Change::Remove);
    }
    let py = value.py();
    let unset = UNSET.get_or_try_init(py, || {
        py.import("omega_portfolio.sentinel")?.getattr("UNSET").map(Bound::unbind)
    })?;
    if value.is(unset) {
        return Ok(Change::Keep);
    }
    read(value).map(Change::Set)
}

/// The fee of a fill; the instrument's commission when there is none.
pub(crate) fn fee(
    given: Option<&Bound<'_, PyAny>>,
    policy: FloatPolicy,
) -> PyResult<Option<Money>> {
    given.map(|fee| number::money("fee", fee, policy)).transpose()
}

/// A whole number that 32 bits hold.
pub(crate) fn count(argument: &'static str, value: &Bound<'_, PyAny>) -> PyResult<u32> {
    let whole = value.is_instance_of::<PyInt>() && !value.is_instance_of::<PyBool>();
    let number = if whole { value.extract::<u32>().ok() } else { None };
    number.ok_or_else(|| {
        let rule = "must be a whole number from 0 to 2^32 - 1";
        wrong_type(argument, value, rule, "pass an int in this range").into()
    })
}

/// Which of a few words; `otherwise` when not given.
pub(crate) fn chosen<R: Copy>(
    argument: &'static str,
    given: &Given<'_>,
    code: Code,
    known: &[(&str, R)],
    otherwise: R,
) -> PyResult<R> {
    given.0.as_ref().map_or(Ok(otherwise), |value| word(argument, value, code, known))
}

/// Which of a few words; another one is refused with `code`.
pub(crate) fn word<R: Copy>(
    argument: &'static str,
    value: &Bound<'_, PyAny>,
    code: Code,
    known: &[(&str, R)],
) -> PyResult<R> {
    let given = text::text(argument, value, code)?;
    let found = known.iter().find(|(word, _)| *word == given);
    found.map(|(_, meaning)| *meaning).ok_or_else(|| {
        let words: Vec<_> = known.iter().map(|(word, _)| format!("'{word}'")).collect();
        let rule = format!("must be one of {}", words.join(", "));
        Fault::new(code, argument, describe(value), rule, "pass one of these words").into()
    })
}

/// The words for the way of the price within a bar.
/// The words for what a swap is counted in.
pub(crate) const SWAP_KINDS: [(&str, SwapKind); 3] =
    [("points", SwapKind::Points), ("rate", SwapKind::Rate), ("funding", SwapKind::Funding)];
