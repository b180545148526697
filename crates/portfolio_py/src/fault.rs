//! From what went wrong to the exception of the Python tree, in one place.

use std::borrow::Cow;

use portfolio_core::batch::BatchError;
use portfolio_core::batch::pool::RunFailure;
use portfolio_core::frame::RowError;
use portfolio_core::ledger::image::ImageError;
use portfolio_core::refusal::{Code, Refusal};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyDict;

/// Code of `InvariantViolation`.
const INVARIANT_VIOLATION: u32 = 5001;
/// Code of `InvalidImage`.
const INVALID_IMAGE: u32 = 4057;

/// An argument that could not be taken, or a refusal of the ledger, in the words of the exception.
#[derive(Debug)]
pub(crate) struct Fault {
    code: u32,
    argument: Cow<'static, str>,
    value: String,
    rule: Cow<'static, str>,
    remedy: Cow<'static, str>,
}

impl Fault {
    pub(crate) fn new(
        code: Code,
        argument: &'static str,
        value: String,
        rule: impl Into<Cow<'static, str>>,
        remedy: &'static str,
    ) -> Self {
        let argument = Cow::Borrowed(argument);
        Self { code: code.number(), argument, value, rule: rule.into(), remedy: remedy.into() }
    }

    /// A frame whose columns or types are wrong, or that cannot be read.
    pub(crate) fn frame(
        argument: &'static str,
        value: String,
        rule: impl Into<Cow<'static, str>>,
        remedy: &'static str,
    ) -> Self {
        let argument = Cow::Borrowed(argument);
        Self {
            code: Code::InvalidFrame.number(),
            argument,
            value,
            rule: rule.into(),
            remedy: remedy.into(),
        }
    }

    /// A row of a frame of events.
    pub(crate) fn row(error: &RowError) -> Self {
        Self {
            code: error.code.number(),
            argument: "events".into(),
            value: error.place(),
            rule: error.rule.clone(),
            remedy: error.remedy.into(),
        }
    }

    /// A frame of a batch, or a cell of it.
    pub(crate) fn batch(error: &BatchError) -> Self {
        Self {
            code: error.code.number(),
            argument: error.frame.into(),
            value: error.place(),
            rule: error.rule.clone(),
            remedy: error.remedy.into(),
        }
    }

    /// The row of a run that was refused, or the run.
    pub(crate) fn run(failure: &RunFailure) -> Self {
        let rejected = &failure.rejected;
        Self {
            code: rejected.code.number(),
            argument: rejected.argument.into(),
            value: failure.place(),
            rule: rejected.rule.clone(),
            remedy: rejected.remedy.into(),
        }
    }

    /// The same for a row of a frame, whose column is the argument at fault.
    pub(crate) fn at_row(self, argument: &'static str, row: usize) -> Self {
        let value = format!("row {row}, column {}: {}", self.argument, self.value);
        Self { argument: argument.into(), value, ..self }
    }

    /// Bytes that are no portfolio.
    pub(crate) fn image(error: &ImageError) -> Self {
        Self {
            code: INVALID_IMAGE,
            argument: "data".into(),
            value: error.to_string(),
            rule: "is not what was written".into(),
            remedy: "pass the bytes as to_bytes() gave them".into(),
        }
    }

    /// A broken invariant.
    pub(crate) fn violation(details: String) -> Self {
        Self {
            code: INVARIANT_VIOLATION,
            argument: "portfolio".into(),
            value: details,
            rule: "an invariant is broken".into(),
            remedy: "stop using this portfolio and report the numbers".into(),
        }
    }
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        Self {
            code: refusal.code().number(),
            argument: refusal.argument().into(),
            value: refusal.value(),
            rule: refusal.rule(),
            remedy: refusal.remedy().into(),
        }
    }
}

impl From<Fault> for PyErr {
    fn from(fault: Fault) -> Self {
        Python::attach(|py| match exception(py, &fault) {
            Ok(error) => Self::from_value(error),
            Err(error) => error,
        })
    }
}

fn exception<'py>(py: Python<'py>, fault: &Fault) -> PyResult<Bound<'py, PyAny>> {
    static BY_CODE: PyOnceLock<Py<PyDict>> = PyOnceLock::new();
    let classes = BY_CODE.get_or_try_init(py, || {
        let classes = py.import("omega_portfolio.errors")?.getattr("by_code")?;
        Ok::<_, PyErr>(classes.cast_into::<PyDict>()?.unbind())
    })?;
    let class = classes.bind(py).as_any().get_item(fault.code)?;
    class.call1((fault.argument.as_ref(), &fault.value, fault.rule.as_ref(), fault.remedy.as_ref()))
}

/// The exception for a refusal of the ledger.
pub(crate) fn refused(refusal: Refusal) -> PyErr {
    Fault::from(refusal).into()
}

/// The exception for every call after one in which an invariant broke.
pub(crate) fn broken_before() -> PyErr {
    Fault::violation("an earlier call broke an invariant".to_owned()).into()
}
