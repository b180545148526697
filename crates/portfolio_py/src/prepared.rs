//! A portfolio around a ledger that is there already: one that was read, forked or recovered.

use std::sync::{Mutex, PoisonError};

use portfolio_core::ledger::Ledger;
use portfolio_core::numbers::FloatPolicy;
use pyo3::prelude::*;
use pyo3::types::PyType;

use crate::account::AccountCore;
use crate::guard::Guarded;
use crate::portfolio::PortfolioCore;

/// A ledger on its way into the constructor of a class. It goes there in place of the initial
/// balance, so that the object is of that class, a subclass of Python's included.
#[pyclass(frozen, module = "omega_portfolio._core")]
pub(crate) struct Prepared {
    ledger: Mutex<Option<Ledger>>,
    policy: FloatPolicy,
}

impl Prepared {
    /// An object of a class, which is the compiled portfolio or stands on it.
    pub(crate) fn build<'py>(
        class: &Bound<'py, PyType>,
        ledger: Ledger,
        policy: FloatPolicy,
    ) -> PyResult<Bound<'py, PyAny>> {
        let prepared = Self { ledger: Mutex::new(Some(ledger)), policy };
        let base = class.py().get_type::<PortfolioCore>();
        base.call_method1("__new__", (class, prepared))
    }

    /// The account of a constructor that was given one of these, once.
    pub(crate) fn account_of(given: &Bound<'_, PyAny>) -> Option<AccountCore> {
        let prepared = given.cast::<Self>().ok()?.get();
        let mut place = prepared.ledger.lock().unwrap_or_else(PoisonError::into_inner);
        let ledger = place.take()?;
        let currency = ledger.configuration().currency;
        Some(AccountCore { ledger: Guarded::new(ledger), policy: prepared.policy, currency })
    }
}
