//! The calls for cash, fees, swaps, dividends and splits.

use portfolio_core::event::{Event, Fee};
use pyo3::prelude::*;

use crate::account::AccountCore;
use crate::convert::{cash, number, text, time};

/// What changes an account without a fill.
#[pyclass(frozen, subclass, extends = AccountCore, module = "omega_portfolio._core")]
pub(crate) struct CashCore;

type Value<'a, 'py> = &'a Bound<'py, PyAny>;

/// Applies an event that answers nothing.
fn take(slf: &Bound<'_, CashCore>, event: &Event<'_>) -> PyResult<()> {
    slf.as_super().get().take(slf.py(), event).map(|_| ())
}

#[pymethods]
impl CashCore {
    /// Charges a fee that belongs to no fill.
    #[pyo3(signature = (amount, time, *, position_id=None))]
    fn charge_fee(
        slf: &Bound<'_, Self>,
        amount: Value<'_, '_>,
        time: Value<'_, '_>,
        position_id: Option<Value<'_, '_>>,
    ) -> PyResult<()> {
        let fee = Fee {
            amount: number::money("amount", amount, slf.as_super().get().policy)?,
            time: time::time("time", time)?,
            position_id: position_id.map(|id| text::position_id("position_id", id)).transpose()?,
        };
        take(slf, &Event::Fee(fee))
    }

    /// Pays in.
    #[pyo3(signature = (amount, time, *, currency=None))]
    fn deposit(
        slf: &Bound<'_, Self>,
        amount: Value<'_, '_>,
        time: Value<'_, '_>,
        currency: Option<Value<'_, '_>>,
    ) -> PyResult<()> {
        let policy = slf.as_super().get().policy;
        take(slf, &Event::Deposit(cash(amount, time, currency, policy)?))
    }

    /// Pays out.
    #[pyo3(signature = (amount, time, *, currency=None))]
    fn withdraw(
        slf: &Bound<'_, Self>,
        amount: Value<'_, '_>,
        time: Value<'_, '_>,
        currency: Option<Value<'_, '_>>,
    ) -> PyResult<()> {
        let policy = slf.as_super().get().policy;
        take(slf, &Event::Withdraw(cash(amount, time, currency, policy)?))
    }
}
