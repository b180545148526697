//! What a portfolio starts with (SPEC section 2).

use portfolio_core::currency::Currency;
use portfolio_core::ledger::Configuration;
use portfolio_core::numbers::FloatPolicy;
use pyo3::prelude::*;

use super::{Given, number, text, word};

/// 1 at scale 9: no leverage.
const ONE: i128 = 1_000_000_000;

/// The configuration, and how floats are taken; `options` are currency, leverage, mode and floats.
/// The policy comes first because the numbers are read by it.
pub(crate) fn read_configuration(
    initial_balance: &Bound<'_, PyAny>,
    options: [Given<'_>; 4],
    capacity: Option<&Bound<'_, PyAny>>,
) -> PyResult<(Configuration, FloatPolicy)> {
    let [currency, leverage, mode, floats] = options;
    let rule = "must be 'nearest' or 'strict'";
    let policy = match word("floats", &floats, &["nearest", "strict"], rule)? {
        1 => FloatPolicy::Strict,
        _ => FloatPolicy::Nearest,
    };
    let initial_balance = number::money("initial_balance", initial_balance, policy)?;
    let currency =
        currency.0.map_or(Ok(Currency::USD), |code| text::currency("currency", &code))?;
    let leverage =
        leverage.0.map_or(Ok(ONE), |raw| number::fixed("leverage", &raw, number::SCALE, policy))?;
    word("mode", &mode, &["hedging"], "must be 'hedging'")?;
    let capacity = number::capacity(capacity)?;
    Ok((
        Configuration { currency, leverage, capacity, ..Configuration::new(initial_balance) },
        policy,
    ))
}
