//! What a child of the process does before anything else.

use portfolio_core::journal::held_descriptors;
use pyo3::prelude::*;
use pyo3::types::IntoPyDict;

use crate::lock;

/// Has every child that Python forks begin as one.
pub(crate) fn watch(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let os = module.py().import("os")?;
    // Windows has no forks.
    let Ok(register) = os.getattr("register_at_fork") else { return Ok(()) };
    let told = [("after_in_child", wrap_pyfunction!(begin, module)?)];
    register.call((), Some(&told.into_py_dict(module.py())?))?;
    Ok(())
}

#[pyfunction]
fn begin(py: Python<'_>) -> PyResult<()> {
    lock::begin_process();
    let_go(py)
}

/// Lets go of the files of the parent's journals, which hold their locks, so that these are free
/// when the parent dies, whatever its children do. The descriptors stay those of their owners,
/// which close them; they lead nowhere from now on.
fn let_go(py: Python<'_>) -> PyResult<()> {
    let held = held_descriptors();
    if held.is_empty() {
        return Ok(());
    }
    let os = py.import("os")?;
    let nowhere = os.call_method1("open", (os.getattr("devnull")?, os.getattr("O_RDWR")?))?;
    for descriptor in held {
        os.call_method1("dup2", (&nowhere, descriptor, false))?;
    }
    os.call_method1("close", (nowhere,))?;
    Ok(())
}
