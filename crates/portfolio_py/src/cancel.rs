//! A token that stops a batch from outside, from any thread.

use std::sync::atomic::{AtomicBool, Ordering};

use pyo3::prelude::*;

use crate::convert::wrong_type;

/// Stops the batches that it was passed to, and stays cancelled.
#[pyclass(frozen, module = "omega_portfolio._core")]
pub(crate) struct CancelToken {
    cancelled: AtomicBool,
}

impl CancelToken {
    /// Whether it was cancelled; it guards no other memory.
    pub(crate) fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Relaxed)
    }
}

#[pymethods]
impl CancelToken {
    #[new]
    const fn new() -> Self {
        Self { cancelled: AtomicBool::new(false) }
    }

    /// Asks for the end. What runs stops within a tenth of a second.
    fn cancel(&self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }

    /// Whether somebody has asked for the end.
    #[getter]
    fn cancelled(&self) -> bool {
        self.is_cancelled()
    }

    fn __repr__(&self) -> &'static str {
        if self.is_cancelled() { "CancelToken(cancelled)" } else { "CancelToken()" }
    }
}

/// The token of an argument, if there is one.
pub(crate) fn read_cancel(given: &Bound<'_, PyAny>) -> PyResult<Option<Py<CancelToken>>> {
    if given.is_none() {
        return Ok(None);
    }
    let token = given.cast::<CancelToken>().map_err(|_| {
        let rule = "must be a CancelToken or None";
        wrong_type("cancel", given, rule, "pass omega_portfolio.CancelToken()")
    })?;
    Ok(Some(token.clone().unbind()))
}
