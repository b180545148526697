//! What a portfolio starts with (SPEC section 2).

use portfolio_core::event::Path;
use portfolio_core::ledger::{Configuration, Mode, OffGrid, Rounding};
use portfolio_core::numbers::FloatPolicy;
use portfolio_core::refusal::Code;
use pyo3::prelude::*;

use super::{Given, chosen, number, text};

/// What a caller may say beside the initial balance.
pub(crate) struct Options<'py> {
    pub(crate) currency: Given<'py>,
    pub(crate) leverage: Given<'py>,
    pub(crate) mode: Given<'py>,
    pub(crate) floats: Given<'py>,
    pub(crate) capacity: Option<Bound<'py, PyAny>>,
    pub(crate) rounding: Given<'py>,
    pub(crate) off_grid: Given<'py>,
    pub(crate) margin_call: Option<Bound<'py, PyAny>>,
    pub(crate) stop_out: Option<Bound<'py, PyAny>>,
    pub(crate) path: Given<'py>,
    pub(crate) pivot: Given<'py>,
}

/// The configuration, and how floats are taken. The policy comes first because the numbers are
/// read by it.
pub(crate) fn read_configuration(
    initial_balance: &Bound<'_, PyAny>,
    options: &Options<'_>,
) -> PyResult<(Configuration, FloatPolicy)> {
    let policy = read_policy(&options.floats)?;
    let mut configuration =
        Configuration::new(number::money("initial_balance", initial_balance, policy)?);
    if let Some(code) = &options.currency.0 {
        configuration.currency = text::currency("currency", code)?;
    }
    if let Some(leverage) = &options.leverage.0 {
        configuration.leverage = number::fixed("leverage", leverage, number::SCALE, policy)?;
    }
    configuration.mode = chosen("mode", &options.mode, CODE, &MODES, Mode::Hedging)?;
    configuration.capacity = number::capacity(options.capacity.as_ref())?;
    configuration.rounding =
        chosen("rounding", &options.rounding, CODE, &ROUNDINGS, Rounding::Exact)?;
    configuration.off_grid =
        chosen("off_grid", &options.off_grid, CODE, &OFF_GRID, OffGrid::Refuse)?;
    let percent = |argument, given: &Option<Bound<'_, PyAny>>| {
        let given = given.as_ref();
        given.map(|level| number::fixed(argument, level, number::SCALE, policy)).transpose()
    };
    configuration.margin_call = percent("margin_call", &options.margin_call)?;
    configuration.stop_out = percent("stop_out", &options.stop_out)?;
    configuration.path = chosen("path", &options.path, CODE, &Path::WORDS, Path::Pessimistic)?;
    if let Some(code) = &options.pivot.0 {
        configuration.pivot = text::currency("pivot", code)?;
    }
    Ok((configuration, policy))
}

/// How floats are taken.
pub(crate) fn read_policy(floats: &Given<'_>) -> PyResult<FloatPolicy> {
    chosen("floats", floats, CODE, &FLOATS, FloatPolicy::Nearest)
}

/// The word for it.
pub(crate) fn policy_word(policy: FloatPolicy) -> &'static str {
    FLOATS.iter().find(|(_, known)| *known == policy).map_or("nearest", |(word, _)| word)
}

const CODE: Code = Code::InvalidConfiguration;
const FLOATS: [(&str, FloatPolicy); 2] =
    [("nearest", FloatPolicy::Nearest), ("strict", FloatPolicy::Strict)];
const MODES: [(&str, Mode); 2] = [("hedging", Mode::Hedging), ("netting", Mode::Netting)];
const ROUNDINGS: [(&str, Rounding); 2] = [("exact", Rounding::Exact), ("cents", Rounding::Cents)];
const OFF_GRID: [(&str, OffGrid); 2] = [("refuse", OffGrid::Refuse), ("round", OffGrid::Round)];
