//! Scalars for Python: `Decimal` and `datetime`.

use portfolio_core::metrics::Metrics;
use portfolio_core::numbers::{Money, Price, Size, format_fixed};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyType};

/// A decimal from its text.
fn decimal<'py>(py: Python<'py>, text: &str) -> PyResult<Bound<'py, PyAny>> {
    static DECIMAL: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    DECIMAL.import(py, "decimal", "Decimal")?.call1((text,))
}

/// Money without zeros beyond the currency's digits.
pub(crate) fn money(py: Python<'_>, amount: Money, digits: u32) -> PyResult<Bound<'_, PyAny>> {
    decimal(py, &format_fixed(amount.raw(), Money::SCALE, digits))
}

/// A price without trailing zeros.
pub(crate) fn price(py: Python<'_>, price: Price) -> PyResult<Bound<'_, PyAny>> {
    decimal(py, &format_fixed(price.raw(), Price::SCALE, 0))
}

/// A protective level; `None` when there is none.
pub(crate) fn level(py: Python<'_>, level: Price) -> PyResult<Option<Bound<'_, PyAny>>> {
    if level.is_zero() { Ok(None) } else { price(py, level).map(Some) }
}

/// A size without trailing zeros.
pub(crate) fn size(py: Python<'_>, size: Size) -> PyResult<Bound<'_, PyAny>> {
    decimal(py, &format_fixed(size.raw(), Size::SCALE, 0))
}

/// An aware `datetime` in UTC.
pub(crate) fn datetime(py: Python<'_>, time: i64) -> PyResult<Bound<'_, PyAny>> {
    static EPOCH: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    static DELTA: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    let epoch = EPOCH.get_or_try_init(py, || {
        let module = py.import("datetime")?;
        let utc = module.getattr("timezone")?.getattr("utc")?;
        let epoch = module.getattr("datetime")?.call1((1970, 1, 1, 0, 0, 0, 0, utc))?;
        Ok::<_, PyErr>(epoch.unbind())
    })?;
    let since = DELTA.import(py, "datetime", "timedelta")?.call1((0, 0, time))?;
    epoch.bind(py).add(since)
}

/// The metrics by name; what is not defined is `None`.
pub(crate) fn metrics<'py>(
    py: Python<'py>,
    metrics: &Metrics,
    digits: u32,
) -> PyResult<Bound<'py, PyDict>> {
    let net_profit = metrics.net_profit.map(|amount| money(py, amount, digits)).transpose()?;
    let values = PyDict::new(py);
    values.set_item("net_profit", net_profit)?;
    values.set_item("total_return", metrics.total_return)?;
    values.set_item("cagr", metrics.cagr)?;
    values.set_item("max_drawdown", metrics.max_drawdown)?;
    values.set_item("sharpe_ratio", metrics.sharpe_ratio)?;
    values.set_item("trade_count", metrics.trade_count)?;
    values.set_item("win_rate", metrics.win_rate)?;
    values.set_item("profit_factor", metrics.profit_factor)?;
    Ok(values)
}
