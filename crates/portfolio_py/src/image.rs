//! Portfolios as bytes, and forks: objects that begin with a ledger.

use portfolio_core::journal::Journal;
use portfolio_core::ledger::Ledger;
use portfolio_core::ledger::image::{self, ImageError};
use portfolio_core::numbers::FloatPolicy;
use portfolio_core::refusal::Refusal;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyType};

use crate::account::{AccountCore, live, live_with};
use crate::fault::{Fault, refused};
use crate::guard::caught;

/// A portfolio without a journal has this salt.
const NO_SALT: [u8; 16] = [0; 16];

/// The byte of an image that says what becomes of floats.
const fn byte(policy: FloatPolicy) -> u8 {
    match policy {
        FloatPolicy::Nearest => 0,
        FloatPolicy::Strict => 1,
    }
}

/// The portfolio as one block of bytes.
pub(crate) fn write<'py>(py: Python<'py>, core: &AccountCore) -> PyResult<Bound<'py, PyBytes>> {
    let write = |ledger: &mut Ledger| {
        let salt = ledger.journal().map_or(NO_SALT, Journal::salt);
        ledger.to_image(salt, byte(core.policy))
    };
    let bytes = py.detach(|| core.ledger.with_detached(write))?.map_err(refused)?;
    Ok(PyBytes::new(py, &bytes))
}

/// A portfolio of a class from such a block.
pub(crate) fn read<'py>(
    class: &Bound<'py, PyType>,
    data: &Bound<'py, PyBytes>,
) -> PyResult<Bound<'py, PyAny>> {
    let bytes = data.as_bytes();
    let read = class.py().detach(|| caught(|| image::read(bytes)))?;
    let found = read.map_err(|error| match error {
        ImageError::OutOfMemory => refused(Refusal::OutOfMemory { bytes: bytes.len() }),
        error => Fault::image(&error).into(),
    })?;
    let policy = if found.floats == 0 { FloatPolicy::Nearest } else { FloatPolicy::Strict };
    live(class, found.ledger, policy)
}

/// An independent portfolio with the same history, of the same class.
pub(crate) fn fork<'py>(slf: &Bound<'py, AccountCore>) -> PyResult<Bound<'py, PyAny>> {
    let core = slf.get();
    let held = core.ledger.fork(slf.py())?;
    live_with(&slf.as_any().get_type(), held, (core.currency, core.policy))
}
