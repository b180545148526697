//! A closed trade and an open position as Python sees them. Scalars are made when they are asked
//! for.

use portfolio_core::columns::rows::TradeRow;
use portfolio_core::columns::text::TextView;
use portfolio_core::event::{Event, Side};
use portfolio_core::ledger::Ledger;
use portfolio_core::numbers::{Money, Overflow, Price};
use portfolio_core::positions::Position;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyMapping, PyMappingProxy};

use crate::account::AccountCore;
use crate::fault::{Fault, refused};
use crate::guard::Guarded;
use crate::scalars;
use crate::state;

/// A closed trade: the part of a position that one close took.
#[pyclass(frozen, module = "omega_portfolio._core")]
pub(crate) struct Trade {
    row: TradeRow,
    digits: u32,
    /// Where the texts of the row live.
    owner: Py<AccountCore>,
}

impl Trade {
    pub(crate) const fn new(row: &TradeRow, digits: u32, owner: Py<AccountCore>) -> Self {
        Self { row: *row, digits, owner }
    }

    /// Applies an event that may make trades, and answers them in order.
    pub(crate) fn made_by(
        owner: &Bound<'_, AccountCore>,
        event: &Event<'_>,
    ) -> PyResult<Vec<Self>> {
        let (py, core) = (owner.py(), owner.get());
        let act = |ledger: &mut Ledger| ledger.apply(event).map(|_| ledger.trades_made().to_vec());
        let rows = core.ledger.change(py, act)?.map_err(refused)?;
        let trade = |row| Self::new(row, core.currency.digits(), owner.clone().unbind());
        Ok(rows.iter().map(trade).collect())
    }

    /// The same for an event that makes two.
    pub(crate) fn two_made_by(
        owner: &Bound<'_, AccountCore>,
        event: &Event<'_>,
    ) -> PyResult<(Self, Self)> {
        let mut trades = Self::made_by(owner, event)?.into_iter();
        match (trades.next(), trades.next()) {
            (Some(first), Some(second)) => Ok((first, second)),
            _ => Err(Fault::violation("a pair was closed without two trades".to_owned()).into()),
        }
    }

    fn text(&self, py: Python<'_>, view: TextView) -> PyResult<String> {
        self.owner.get().text(py, view)
    }
}

#[pymethods]
impl Trade {
    /// Number of the trade, from 1.
    #[getter]
    fn trade_id(&self) -> u64 {
        self.row.trade_id
    }

    /// The position it was a part of.
    #[getter]
    fn position_id(&self) -> u64 {
        self.row.position_id
    }

    /// Symbol.
    #[getter]
    fn symbol(&self, py: Python<'_>) -> PyResult<String> {
        self.text(py, self.row.symbol)
    }

    /// `long` or `short`.
    #[getter]
    fn side(&self, py: Python<'_>) -> PyResult<String> {
        self.text(py, self.row.side)
    }

    /// The size closed.
    #[getter]
    fn size<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        scalars::size(py, self.row.size)
    }

    /// When the position was opened.
    #[getter]
    fn entry_time<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        scalars::datetime(py, self.row.entry_time)
    }

    /// Entry price of the position.
    #[getter]
    fn entry_price<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        scalars::price(py, self.row.entry_price)
    }

    /// When it was closed.
    #[getter]
    fn exit_time<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        scalars::datetime(py, self.row.exit_time)
    }

    /// Price of the close.
    #[getter]
    fn exit_price<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        scalars::price(py, self.row.exit_price)
    }

    /// Result before fees.
    #[getter]
    fn gross_pnl<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        scalars::money(py, self.row.gross_pnl, self.digits)
    }

    /// The part of the position's entry fee that this close takes.
    #[getter]
    fn entry_fee<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        scalars::money(py, self.row.entry_fee, self.digits)
    }

    /// Fee of the close.
    #[getter]
    fn exit_fee<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        scalars::money(py, self.row.exit_fee, self.digits)
    }

    /// The part of the position's swaps that this close takes.
    #[getter]
    fn swap<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        scalars::money(py, self.row.swap, self.digits)
    }

    /// Gross - entry fee - exit fee + swap.
    #[getter]
    fn net_pnl<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        scalars::money(py, self.row.net_pnl, self.digits)
    }

    /// What the size closed cost at its entry.
    #[getter]
    fn cost<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        scalars::money(py, self.row.cost, self.digits)
    }

    /// The worst result before fees on the way to the close, <= 0.
    #[getter]
    fn mae<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        scalars::money(py, self.row.mae, self.digits)
    }

    /// The best result before fees on the way to the close, >= 0.
    #[getter]
    fn mfe<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        scalars::money(py, self.row.mfe, self.digits)
    }

    /// What the rate of exchange made since the entry; a part of gross.
    #[getter]
    fn fx_pnl<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        scalars::money(py, self.row.fx_pnl, self.digits)
    }

    /// What slippage cost at entry and close; a part of gross.
    #[getter]
    fn slippage<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        scalars::money(py, self.row.slippage, self.digits)
    }

    /// Stop loss at entry; `None` when there was none.
    #[getter]
    fn stop_loss<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        scalars::level(py, self.row.stop_loss)
    }

    /// Take profit at the close; `None` when there was none.
    #[getter]
    fn take_profit<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        scalars::level(py, self.row.take_profit)
    }

    /// The tag given at the open.
    #[getter]
    fn tag(&self, py: Python<'_>) -> PyResult<String> {
        self.text(py, self.row.tag)
    }

    /// The reason given at the close.
    #[getter]
    fn reason(&self, py: Python<'_>) -> PyResult<String> {
        self.text(py, self.row.reason)
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let row = &self.row;
        let (symbol, side) = (self.symbol(py)?, self.side(py)?);
        Ok(format!(
            "Trade(trade_id={}, position_id={}, symbol={symbol:?}, side={side:?}, size={}, \
             entry_price={}, exit_price={}, net_pnl={})",
            row.trade_id, row.position_id, row.size, row.entry_price, row.exit_price, row.net_pnl
        ))
    }
}

/// An open position at one moment.
#[pyclass(frozen, module = "omega_portfolio._core")]
pub(crate) struct PositionView {
    position: Position,
    symbol: String,
    tag: String,
    mark: Price,
    cost: Money,
    unrealized: Money,
    margin: Money,
    digits: u32,
}

impl PositionView {
    /// All open positions in row order.
    fn all(ledger: &Ledger, digits: u32) -> Result<Vec<Self>, Overflow> {
        let valued = ledger.valued_positions()?.into_iter();
        Ok(valued
            .map(|valued| Self {
                position: valued.position,
                symbol: valued.symbol.to_owned(),
                tag: ledger.text(valued.position.tag),
                mark: valued.mark_price,
                cost: valued.cost,
                unrealized: valued.unrealized,
                margin: valued.margin,
                digits,
            })
            .collect())
    }
}

/// The open positions by id, in row order: a read-only snapshot.
pub(crate) fn positions<'py>(
    py: Python<'py>,
    ledger: &Guarded,
    digits: u32,
) -> PyResult<Bound<'py, PyMappingProxy>> {
    let views = ledger.with(py, |ledger| PositionView::all(ledger, digits))?;
    let positions = PyDict::new(py);
    for view in views.map_err(|Overflow| state::too_large("unrealized_pnl"))? {
        positions.set_item(view.position.position_id, Bound::new(py, view)?)?;
    }
    Ok(PyMappingProxy::new(py, positions.cast::<PyMapping>()?))
}

#[pymethods]
impl PositionView {
    /// Its id.
    #[getter]
    fn position_id(&self) -> u64 {
        self.position.position_id
    }

    /// Symbol.
    #[getter]
    fn symbol(&self) -> &str {
        &self.symbol
    }

    /// `long` or `short`.
    #[getter]
    fn side(&self) -> &'static str {
        self.position.side.name()
    }

    /// What is held.
    #[getter]
    fn size<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        scalars::size(py, self.position.size)
    }

    /// When it was opened.
    #[getter]
    fn entry_time<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        scalars::datetime(py, self.position.entry_time)
    }

    /// The price it was opened at.
    #[getter]
    fn entry_price<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        scalars::price(py, self.position.entry_price)
    }

    /// Stop loss; `None` when there is none.
    #[getter]
    fn stop_loss<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        scalars::level(py, self.position.stop_loss)
    }

    /// Take profit; `None` when there is none.
    #[getter]
    fn take_profit<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        scalars::level(py, self.position.take_profit)
    }

    /// The price it is valued at: the bid for a long, the ask for a short.
    #[getter]
    fn mark_price<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        scalars::price(py, self.mark)
    }

    /// What it cost, in account money at the rate of now.
    #[getter]
    fn cost<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        scalars::money(py, self.cost, self.digits)
    }

    /// Result at the mark.
    #[getter]
    fn unrealized_pnl<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        scalars::money(py, self.unrealized, self.digits)
    }

    /// Margin of this position alone.
    #[getter]
    fn margin<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        scalars::money(py, self.margin, self.digits)
    }

    /// Fees charged to it that no trade has taken yet.
    #[getter]
    fn entry_fee<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        scalars::money(py, self.position.entry_fee, self.digits)
    }

    /// Swaps of it that no trade has taken yet.
    #[getter]
    fn swap<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        scalars::money(py, self.position.swap, self.digits)
    }

    /// The tag given at the open.
    #[getter]
    fn tag(&self) -> &str {
        &self.tag
    }

    fn __repr__(&self) -> String {
        let position = &self.position;
        let side = match position.side {
            Side::Long => "long",
            Side::Short => "short",
        };
        format!(
            "PositionView(position_id={}, symbol={:?}, side={side:?}, size={}, entry_price={}, \
             unrealized_pnl={})",
            position.position_id, self.symbol, position.size, position.entry_price, self.unrealized
        )
    }
}
