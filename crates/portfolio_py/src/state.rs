//! The account at one moment.

use std::collections::HashMap;

use portfolio_core::columns::schema::View;
use portfolio_core::frozen::FrozenPositions;
use portfolio_core::ledger::{Account, Ledger};
use portfolio_core::numbers::{Money, Overflow, format_fixed};
use portfolio_core::refusal::Code;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::fault::Fault;
use crate::scalars;
use crate::table::{Table, arrow_error, ipc_stream};

/// The account at one moment: its totals and the open positions. It never changes.
#[pyclass(frozen, module = "omega_portfolio._core")]
pub(crate) struct State {
    account: Account,
    digits: u32,
    positions: Table,
    frozen: FrozenPositions,
}

/// A total of more than 38 digits.
pub(crate) fn too_large(name: &'static str) -> PyErr {
    let rule = "has more than 38 digits";
    Fault::new(Code::NumberOutOfRange, name, "the account".to_owned(), rule, "use smaller numbers")
        .into()
}

/// Margin level in percent, if it exists.
pub(crate) fn margin_level<'py>(
    py: Python<'py>,
    account: &Account,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    account.margin_level().map(|level| scalars::money(py, level, 0)).transpose()
}

/// Time of the last event, if there was one.
pub(crate) fn last_time<'py>(
    py: Python<'py>,
    account: &Account,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    account.has_time.then(|| scalars::datetime(py, account.last_time)).transpose()
}

impl State {
    pub(crate) fn take(ledger: &mut Ledger) -> PyResult<Self> {
        let frozen = ledger.freeze_positions().map_err(|Overflow| too_large("unrealized_pnl"))?;
        let table = frozen.table(View::Float).map_err(arrow_error)?;
        let digits = ledger.configuration().currency.digits();
        Ok(Self { account: *ledger.account(), digits, positions: Table::new(table), frozen })
    }

    /// The scalars as text, for the schema of the IPC stream.
    fn metadata(&self, py: Python<'_>) -> PyResult<HashMap<String, String>> {
        let account = &self.account;
        let money = |amount: Money| format_fixed(amount.raw(), Money::SCALE, self.digits);
        let time = match last_time(py, account)? {
            Some(time) => time.call_method0("isoformat")?.extract()?,
            None => String::new(),
        };
        let level = account
            .margin_level()
            .map_or(String::new(), |level| format_fixed(level.raw(), Money::SCALE, 0));
        let pairs = [
            ("balance", money(account.balance)),
            ("equity", money(account.equity)),
            ("margin_used", money(account.margin_used)),
            ("free_margin", money(account.free_margin())),
            ("margin_level", level),
            ("unrealized_pnl", money(account.unrealized)),
            ("realized_pnl", money(account.realized)),
            ("time", time),
            ("events", account.events.to_string()),
        ];
        Ok(pairs.into_iter().map(|(name, text)| (name.to_owned(), text)).collect())
    }
}

#[pymethods]
impl State {
    /// Cash.
    #[getter]
    fn balance<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        scalars::money(py, self.account.balance, self.digits)
    }

    /// Balance + unrealized result.
    #[getter]
    fn equity<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        scalars::money(py, self.account.equity, self.digits)
    }

    /// Margin bound by the open positions.
    #[getter]
    fn margin_used<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        scalars::money(py, self.account.margin_used, self.digits)
    }

    /// Equity - margin used.
    #[getter]
    fn free_margin<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        scalars::money(py, self.account.free_margin(), self.digits)
    }

    /// Equity in percent of the margin used; `None` without margin.
    #[getter]
    fn margin_level<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        margin_level(py, &self.account)
    }

    /// Result of the open positions at the marks.
    #[getter]
    fn unrealized_pnl<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        scalars::money(py, self.account.unrealized, self.digits)
    }

    /// Gross results of all closes.
    #[getter]
    fn realized_pnl<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        scalars::money(py, self.account.realized, self.digits)
    }

    /// Time of the last event; `None` before the first.
    #[getter]
    fn time<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        last_time(py, &self.account)
    }

    /// Accepted events.
    #[getter]
    fn events(&self) -> u64 {
        self.account.events
    }

    /// The open positions, numbers as Float64.
    #[getter]
    fn positions(&self) -> Table {
        self.positions.clone()
    }

    /// The open positions, numbers as Decimal128.
    #[getter]
    fn positions_exact(&self) -> PyResult<Table> {
        Ok(Table::new(self.frozen.table(View::Exact).map_err(arrow_error)?))
    }

    /// The exact positions as an Arrow IPC stream, the scalars in its metadata.
    fn to_ipc<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let table = self.frozen.table(View::Exact).map_err(arrow_error)?;
        let schema = table.schema.as_ref().clone().with_metadata(self.metadata(py)?);
        ipc_stream(py, &schema, &table.batches)
    }

    fn __repr__(&self) -> String {
        let money = |amount: Money| format_fixed(amount.raw(), Money::SCALE, self.digits);
        let account = &self.account;
        format!(
            "State(balance={}, equity={}, margin_used={}, unrealized_pnl={}, events={})",
            money(account.balance),
            money(account.equity),
            money(account.margin_used),
            money(account.unrealized),
            account.events,
        )
    }
}
