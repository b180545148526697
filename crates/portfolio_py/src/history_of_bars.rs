//! `process_bars`: a whole frame of bars, without a step of Python in between.

use portfolio_core::ledger::{BarsStopped, Ledger};
use portfolio_core::refusal::Refusal;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

use crate::account::AccountCore;
use crate::convert::bars::{History, read_history, read_path};
use crate::fault::Fault;

/// Reads the frame to its end, before the ledger is locked, and applies it without holding Python.
/// Answers the number of trades.
pub(crate) fn process(
    py: Python<'_>,
    core: &AccountCore,
    bars: &Bound<'_, PyAny>,
    path: Option<&Bound<'_, PyAny>>,
) -> PyResult<usize> {
    let (_, batches) = read_history(bars)?;
    // The cells are asked before the path: arguments are read in their order.
    let path = read_path(path);
    py.detach(|| {
        let history = History::read(&batches, core.policy)?;
        let path = path?;
        let events = history.events(path);
        let mut interrupt = None;
        let mut go_on = || {
            interrupt = core.ledger.run_signal_handlers().err();
            interrupt.is_none()
        };
        let act = |ledger: &mut Ledger| ledger.apply_bars(&events, &mut go_on);
        core.ledger.change_detached(act)?.map_err(|stopped| match stopped {
            BarsStopped::Refused { moment, bar, refusal } => {
                refused(history.row(moment, bar), refusal)
            }
            BarsStopped::Journal(error) => Fault::from(Refusal::Journal(error)).into(),
            BarsStopped::Stopped => {
                interrupt.take().unwrap_or_else(|| PyRuntimeError::new_err("stopped"))
            }
        })
    })
}

fn refused(row: usize, refusal: Refusal) -> PyErr {
    Fault::from(refusal).at_row("bars", row).into()
}
