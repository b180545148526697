//! What runs leave behind.

use portfolio_core::batch::pool::Tables;
use pyo3::prelude::*;

use crate::table::Table;

/// The tables of some runs, whole runs only. They share their memory with whoever reads them.
#[pyclass(frozen, module = "omega_portfolio._core")]
pub(crate) struct BatchTables {
    equity: Table,
    trades: Table,
    metrics: Table,
    finals: Table,
    rejected: Table,
    done: usize,
    asked: usize,
}

impl BatchTables {
    /// The tables of so many runs that were asked for.
    pub(crate) fn new(tables: Tables, asked: usize) -> Self {
        Self {
            equity: Table::new(tables.equity),
            trades: Table::new(tables.trades),
            metrics: Table::new(tables.metrics),
            finals: Table::new(tables.finals),
            rejected: Table::new(tables.rejected),
            done: tables.done,
            asked,
        }
    }
}

#[pymethods]
impl BatchTables {
    /// The equity rows of all runs.
    #[getter]
    fn equity(&self) -> Table {
        self.equity.clone()
    }

    /// The closed trades of all runs.
    #[getter]
    fn trades(&self) -> Table {
        self.trades.clone()
    }

    /// The metrics, a row a run.
    #[getter]
    fn metrics(&self) -> Table {
        self.metrics.clone()
    }

    /// How each run ended, a row a run.
    #[getter(r#final)]
    fn finals(&self) -> Table {
        self.finals.clone()
    }

    /// What was refused.
    #[getter]
    fn rejected(&self) -> Table {
        self.rejected.clone()
    }

    /// How many runs are in.
    #[getter]
    const fn done(&self) -> usize {
        self.done
    }

    /// Whether all runs that were asked for are in.
    #[getter]
    const fn complete(&self) -> bool {
        self.done == self.asked
    }

    fn __len__(&self) -> usize {
        self.done
    }

    fn __repr__(&self) -> String {
        let state = if self.complete() { "" } else { ", stopped early" };
        format!("BatchTables({} of {} runs{state})", self.done, self.asked)
    }
}
