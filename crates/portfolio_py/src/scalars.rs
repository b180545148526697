//! Scalars for Python: `Decimal` and `datetime`.

use portfolio_core::numbers::{Contract, Money, Price, Size, format_fixed};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyType;

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

/// A contract size without trailing zeros.
pub(crate) fn contract(py: Python<'_>, contract: Contract) -> PyResult<Bound<'_, PyAny>> {
    decimal(py, &format_fixed(contract.raw(), Size::SCALE, 0))
}

/// An aware `datetime` in UTC.
pub(crate) fn datetime(py: Python<'_>, time: i64) -> PyResult<Bound<'_, PyAny>> {
    static EPOCH: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let epoch = EPOCH.get_or_try_init(py, || {
        let module = py.import("datetime")?;
        let utc = module.getattr("timezone")?.getattr("utc")?;
        let epoch = module.getattr("datetime")?.call1((1970, 1, 1, 0, 0, 0, 0, utc))?;
        Ok::<_, PyErr>(epoch.unbind())
    })?;
    epoch.bind(py).add(timedelta(py, time)?)
}

/// A `timedelta` of so many microseconds.
pub(crate) fn timedelta(py: Python<'_>, length: i64) -> PyResult<Bound<'_, PyAny>> {
    static DELTA: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    DELTA.import(py, "datetime", "timedelta")?.call1((0, 0, length))
}
