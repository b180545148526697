//! Where the result came from, as a table.

use portfolio_core::columns::schema::View;
use portfolio_core::ledger::Ledger;
use pyo3::prelude::*;

use crate::fault::Fault;
use crate::guard::Guarded;
use crate::table::{Table, arrow_error};

/// The table in a view. The postings are read under the lock, without holding Python.
pub(crate) fn attribution(py: Python<'_>, ledger: &Guarded, view: View) -> PyResult<Table> {
    let read = |ledger: &mut Ledger| ledger.attribution();
    let attribution = py.detach(|| ledger.with_detached(read))?.map_err(Fault::from)?;
    Ok(Table::new(attribution.table(view).map_err(arrow_error)?))
}
