//! One ledger behind one lock, and what happens when an invariant breaks inside.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;

use portfolio_core::ledger::Ledger;
use pyo3::prelude::*;
use pyo3::sync::MutexExt;

use crate::fault::Fault;

/// A ledger that several threads may call.
pub(crate) struct Guarded(Mutex<Ledger>);

impl Guarded {
    pub(crate) const fn new(ledger: Ledger) -> Self {
        Self(Mutex::new(ledger))
    }

    /// Runs `act` on the ledger. A thread that has to wait lets other Python threads run. When an
    /// invariant breaks, the lock stays poisoned and every later call says so.
    #[inline]
    pub(crate) fn with<R>(
        &self,
        py: Python<'_>,
        act: impl FnOnce(&mut Ledger) -> R,
    ) -> PyResult<R> {
        let Ok(mut ledger) = self.0.lock_py_attached(py) else { return Err(broken_before()) };
        caught(move || act(&mut ledger))
    }

    /// The same for a thread that has let go of Python, for work that takes long.
    pub(crate) fn with_detached<R>(&self, act: impl FnOnce(&mut Ledger) -> R) -> PyResult<R> {
        let Ok(mut ledger) = self.0.lock() else { return Err(broken_before()) };
        caught(move || act(&mut ledger))
    }
}

/// The guard is dropped inside, so that a panic poisons the lock.
fn caught<R>(act: impl FnOnce() -> R) -> PyResult<R> {
    catch_unwind(AssertUnwindSafe(act))
        .map_err(|payload| Fault::violation(message(payload.as_ref())).into())
}

fn broken_before() -> PyErr {
    Fault::violation("an earlier call broke an invariant".to_owned()).into()
}

fn message(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| payload.downcast_ref::<&str>().copied());
    text.unwrap_or("the engine stopped").to_owned()
}
