//! Python bindings of `portfolio_core`: conversion of arguments and results, no business rule.
//!
//! [`account`] has the class from which everything is read; [`journal`], [`cash_events`],
//! [`market`] and [`portfolio`] stand on it and have the calls. [`convert`] turns Python values
//! into events, [`frames`] takes whole frames of events, [`history_of_bars`] of bars, [`history`]
//! a user's own curve and trades, [`analysis`] asks either for statistics; [`batch`] makes many
//! accounts, under the eyes of [`supervise`]; [`table`], [`batch_tables`], [`state`] and [`views`]
//! are what comes back, [`image`] makes portfolios of ledgers that are there, [`time_travel`] asks
//! for what was, [`fault`] maps refusals to exceptions, [`forks`] is how a child begins, and
//! [`capsule`] is the one file with `unsafe`.

mod account;
mod analysis;
mod attribution;
mod batch;
mod batch_tables;
mod capsule;
mod cash_events;
mod convert;
mod fault;
mod forks;
mod frames;
mod guard;
mod history;
mod history_of_bars;
mod image;
mod journal;
mod lock;
mod margin;
mod market;
mod metrics;
mod portfolio;
mod scalars;
mod state;
mod supervise;
mod table;
mod time_travel;
mod views;

use pyo3::prelude::*;

/// The compiled engine of `omega_portfolio`.
#[pymodule(gil_used = false)]
fn _core(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<account::AccountCore>()?;
    module.add_class::<journal::JournalCore>()?;
    module.add_class::<cash_events::CashCore>()?;
    module.add_class::<market::MarketCore>()?;
    module.add_class::<portfolio::PortfolioCore>()?;
    module.add_class::<history::HistoryCore>()?;
    module.add_class::<batch::BatchCore>()?;
    module.add_class::<batch_tables::BatchTables>()?;
    module.add_class::<table::Table>()?;
    module.add_class::<frames::Receipts>()?;
    module.add_class::<state::State>()?;
    module.add_class::<views::Trade>()?;
    module.add_class::<views::PositionView>()?;
    forks::watch(module)?;
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add("build", BUILD)?;
    Ok(())
}

/// How the module was built, for `backend_status()` and bug reports.
const BUILD: &str = match (cfg!(debug_assertions), cfg!(feature = "abi3")) {
    (false, false) => "release, one CPython version",
    (false, true) => "release, abi3",
    (true, false) => "debug, one CPython version",
    (true, true) => "debug, abi3",
};
