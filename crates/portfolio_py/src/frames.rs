//! Frames of events: what `apply` reads, and what it answers.

use portfolio_core::columns::schema::View;
use portfolio_core::frame::{Applied, EventFrame, FrameError, OnError, ShapeError};
use portfolio_core::ledger::Ledger;
use portfolio_core::numbers::FloatPolicy;
use portfolio_core::refusal::{Code, Refusal};
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

use crate::analysis::view;
use crate::capsule::{Frame, read_frame, speaks_arrow};
use crate::convert::{Given, describe, read_exact, text, wrong_type};
use crate::fault::Fault;
use crate::guard::Guarded;
use crate::table::Table;

/// The receipts of a frame of events, as a table; the refused rows beside them.
#[pyclass(frozen, extends = Table, module = "omega_portfolio._core")]
pub(crate) struct Receipts {
    refused: Table,
}

#[pymethods]
impl Receipts {
    /// The rows that were refused.
    #[getter]
    fn refused(&self) -> Table {
        self.refused.clone()
    }
}

/// Reads a frame to its end, before the ledger is locked: the stream may be Python code that calls
/// the same portfolio. Then applies it without holding Python.
pub(crate) fn apply<'py>(
    py: Python<'py>,
    ledger: &Guarded,
    events: &Bound<'py, PyAny>,
    (on_error, exact): (&Given<'py>, &Given<'py>),
    policy: FloatPolicy,
) -> PyResult<Bound<'py, Receipts>> {
    if !speaks_arrow(events)? {
        let rule = "must be an Arrow table";
        let remedy = "pass a DataFrame, a pyarrow table, or another Arrow table; collect a query";
        return Err(wrong_type("events", events, rule, remedy).into());
    }
    let on_error = read_on_error(on_error)?;
    let view = view(exact.0.as_ref().map_or(Ok(false), read_exact)?);
    let frame = read_frame("events", events)?;
    let applied = py.detach(|| run(ledger, &frame, policy, on_error, view))?;
    let base = Table::new(applied.receipts);
    let receipts = Receipts { refused: Table::new(applied.refused) };
    Bound::new(py, PyClassInitializer::from(base).add_subclass(receipts))
}

fn run(
    ledger: &Guarded,
    (schema, batches): &Frame,
    policy: FloatPolicy,
    on_error: OnError,
    view: View,
) -> PyResult<Applied> {
    let frame = EventFrame::read(schema, batches, policy).map_err(|error| shape(&error))?;
    let mut interrupt = None;
    let mut go_on = || {
        interrupt = ledger.run_signal_handlers().err();
        interrupt.is_none()
    };
    let act = |ledger: &mut Ledger| ledger.apply_frame(&frame, on_error, view, &mut go_on);
    let applied = ledger.change_detached(act)?;
    applied.map_err(|error| match error {
        FrameError::Row(error) => Fault::row(&error).into(),
        FrameError::OutOfMemory { bytes } => Fault::from(Refusal::OutOfMemory { bytes }).into(),
        FrameError::Journal(error) => Fault::from(Refusal::Journal(error)).into(),
        FrameError::Stopped => {
            interrupt.take().unwrap_or_else(|| PyRuntimeError::new_err("stopped"))
        }
        FrameError::Answer(details) => PyRuntimeError::new_err(details),
    })
}

fn shape(error: &ShapeError) -> PyErr {
    let value = format!("column {}", error.column);
    Fault::frame("events", value, error.rule.clone(), error.remedy).into()
}

fn read_on_error(given: &Given<'_>) -> PyResult<OnError> {
    let Some(value) = &given.0 else { return Ok(OnError::Raise) };
    match text::text("on_error", value, Code::InvalidArgument)? {
        "raise" => Ok(OnError::Raise),
        "record" => Ok(OnError::Record),
        _ => {
            let rule = "must be 'raise' or 'record'";
            let remedy = "pass one of these words";
            Err(Fault::new(Code::InvalidArgument, "on_error", describe(value), rule, remedy).into())
        }
    }
}
