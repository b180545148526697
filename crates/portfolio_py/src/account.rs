//! The base of the compiled portfolio: everything that is read from it.

use portfolio_core::columns::schema::View;
use portfolio_core::columns::text::TextView;
use portfolio_core::currency::Currency;
use portfolio_core::event::{Event, Receipt};
use portfolio_core::export::TableSnapshot;
use portfolio_core::ledger::{Account, Ledger};
use portfolio_core::numbers::{FloatPolicy, Money};
use pyo3::exceptions::PyKeyError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyMappingProxy, PyType};

use crate::analysis::{Question, view};
use crate::attribution::attribution;
use crate::convert::configuration::policy_word;
use crate::convert::{Given, number, read_exact};
use crate::fault::{Fault, refused};
use crate::guard::{self, Guarded, Held};
use crate::image;
use crate::margin::margin;
use crate::metrics::{self, Asked};
use crate::portfolio::PortfolioCore;
use crate::scalars;
use crate::state::{self, State};
use crate::table::{Table, arrow_error};
use crate::time_travel;
use crate::views;

/// What can be read from a portfolio. `omega_portfolio.Portfolio` documents every call; the classes
/// that stand on this one have those that change something.
#[pyclass(frozen, subclass, module = "omega_portfolio._core")]
pub(crate) struct AccountCore {
    pub(crate) ledger: Guarded,
    pub(crate) policy: FloatPolicy,
    pub(crate) currency: Currency,
}

type Value<'a, 'py> = &'a Bound<'py, PyAny>;
type Answer<'py> = PyResult<Bound<'py, PyAny>>;

impl AccountCore {
    /// Applies an event.
    #[inline]
    pub(crate) fn take(&self, py: Python<'_>, event: &Event<'_>) -> PyResult<Receipt> {
        self.ledger.change(py, |ledger| ledger.apply(event))?.map_err(refused)
    }

    /// The text of a view of this portfolio.
    pub(crate) fn text(&self, py: Python<'_>, view: TextView) -> PyResult<String> {
        self.ledger.with(py, |ledger| ledger.text(view))
    }

    fn account(&self, py: Python<'_>) -> PyResult<Account> {
        self.ledger.with(py, |ledger| *ledger.account())
    }

    fn amount<'py>(&self, py: Python<'py>, pick: fn(&Account) -> Money) -> Answer<'py> {
        scalars::money(py, pick(&self.account(py)?), self.currency.digits())
    }

    fn export(
        &self,
        py: Python<'_>,
        exact: bool,
        pick: impl FnOnce(&mut Ledger, View) -> Result<TableSnapshot, arrow_schema::ArrowError>,
    ) -> PyResult<Table> {
        let snapshot = self.ledger.with(py, |ledger| pick(ledger, view(exact)))?;
        Ok(Table::new(snapshot.map_err(arrow_error)?))
    }

    /// Asks the history as it is now; nobody waits for the answer.
    fn ask(&self, py: Python<'_>, question: &Question) -> PyResult<Table> {
        question.answer(py, &self.ledger.with(py, |ledger| ledger.history())?)
    }
}

#[pymethods]
#[expect(
    clippy::too_many_arguments,
    clippy::unused_self,
    reason = "the signatures are those of the Python interface, one parameter per argument"
)]
impl AccountCore {
    /// Derives every column again from the recorded events and checks all invariants.
    fn verify(&self, py: Python<'_>) -> PyResult<()> {
        py.detach(|| self.ledger.with_detached(guard::verify))
    }

    /// The account and its open positions at this moment.
    fn get_state(&self, py: Python<'_>) -> PyResult<State> {
        self.ledger.with(py, State::take)?
    }

    /// The open positions.
    #[pyo3(signature = (exact=false))]
    fn get_positions(
        &self,
        py: Python<'_>,
        #[pyo3(from_py_with = read_exact)] exact: bool,
    ) -> PyResult<Table> {
        self.export(py, exact, Ledger::open_positions)
    }

    /// The closed trades.
    #[pyo3(signature = (exact=false))]
    fn get_trades(
        &self,
        py: Python<'_>,
        #[pyo3(from_py_with = read_exact)] exact: bool,
    ) -> PyResult<Table> {
        self.export(py, exact, |ledger, view| ledger.trades(view))
    }

    /// The ledger postings.
    #[pyo3(signature = (exact=false))]
    fn get_ledger(
        &self,
        py: Python<'_>,
        #[pyo3(from_py_with = read_exact)] exact: bool,
    ) -> PyResult<Table> {
        self.export(py, exact, |ledger, view| ledger.postings(view))
    }

    /// The equity history.
    #[pyo3(signature = (exact=false))]
    fn get_equity_curve(
        &self,
        py: Python<'_>,
        #[pyo3(from_py_with = read_exact)] exact: bool,
    ) -> PyResult<Table> {
        self.export(py, exact, |ledger, view| ledger.equity_curve(view))
    }

    /// The cash of each currency.
    #[pyo3(signature = (exact=false))]
    fn get_cash(
        &self,
        py: Python<'_>,
        #[pyo3(from_py_with = read_exact)] exact: bool,
    ) -> PyResult<Table> {
        self.export(py, exact, |ledger, view| ledger.cash(view))
    }

    /// The changes of foreign cash.
    #[pyo3(signature = (exact=false))]
    fn get_cash_ledger(
        &self,
        py: Python<'_>,
        #[pyo3(from_py_with = read_exact)] exact: bool,
    ) -> PyResult<Table> {
        self.export(py, exact, |ledger, view| ledger.cash_postings(view))
    }

    /// The margin of each symbol.
    #[pyo3(signature = (exact=false))]
    fn get_margin(
        &self,
        py: Python<'_>,
        #[pyo3(from_py_with = read_exact)] exact: bool,
    ) -> PyResult<Table> {
        self.export(py, exact, |ledger, view| ledger.margins(view))
    }

    /// Resting orders and protection.
    #[pyo3(signature = (exact=false))]
    fn get_orders(
        &self,
        py: Python<'_>,
        #[pyo3(from_py_with = read_exact)] exact: bool,
    ) -> PyResult<Table> {
        self.export(py, exact, |ledger, view| ledger.orders(view))
    }

    /// What became of orders, margin calls and stop-outs.
    #[pyo3(signature = (exact=false))]
    fn get_activity(
        &self,
        py: Python<'_>,
        #[pyo3(from_py_with = read_exact)] exact: bool,
    ) -> PyResult<Table> {
        self.export(py, exact, |ledger, view| ledger.activity(view))
    }

    /// All fills.
    #[pyo3(signature = (exact=false))]
    fn get_fills(
        &self,
        py: Python<'_>,
        #[pyo3(from_py_with = read_exact)] exact: bool,
    ) -> PyResult<Table> {
        let read = |ledger: &mut Ledger| ledger.fill_table(view(exact));
        let fills = py.detach(|| self.ledger.with_detached(read))?;
        // Events that were accepted once and are refused now are a broken invariant.
        Ok(Table::new(fills.map_err(Fault::violation)?))
    }

    /// All accepted events.
    #[pyo3(signature = (exact=true))]
    fn get_events(
        &self,
        py: Python<'_>,
        #[pyo3(from_py_with = read_exact)] exact: bool,
    ) -> PyResult<Table> {
        let read = |ledger: &mut Ledger| ledger.events_table(view(exact));
        let snapshot = py.detach(|| self.ledger.with_detached(read))?;
        Ok(Table::new(snapshot.map_err(arrow_error)?))
    }

    /// Rewrites each append-only table into one chunk.
    #[pyo3(signature = (capacity=Given(None)), text_signature = "($self, capacity=0)")]
    fn compact(&self, py: Python<'_>, capacity: Given<'_>) -> PyResult<()> {
        let rule = "must be an int of at least 0";
        let more = capacity.0.map_or(Ok(0), |capacity| number::rows(&capacity, rule))?;
        let done = py.detach(|| self.ledger.change_detached(|ledger| ledger.compact(more)))?;
        done.map_err(refused)
    }

    /// Margin bound by a symbol or by all; with size and price, the margin that an open would need.
    #[pyo3(signature = (symbol=None, *, size=None, price=None))]
    fn calculate_margin<'py>(
        &self,
        py: Python<'py>,
        symbol: Option<Value<'_, 'py>>,
        size: Option<Value<'_, 'py>>,
        price: Option<Value<'_, 'py>>,
    ) -> Answer<'py> {
        let margin = margin(py, &self.ledger, [symbol, size, price], self.policy)?;
        scalars::money(py, margin, self.currency.digits())
    }

    fn _metrics<'py>(
        &self,
        py: Python<'py>,
        periods_per_year: Value<'_, 'py>,
        risk_free_rate: Value<'_, 'py>,
        mar: Value<'_, 'py>,
        benchmark: Value<'_, 'py>,
        confidence: Value<'_, 'py>,
        resample: Value<'_, 'py>,
        trials: Value<'_, 'py>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let rates = [periods_per_year, risk_free_rate, mar];
        let asked = Asked::read(rates, [benchmark, confidence, resample, trials])?;
        let history = self.ledger.with(py, |ledger| ledger.history())?;
        metrics::to_dict(py, &asked.all(py, &history)?, self.currency.digits())
    }

    fn _metric<'py>(
        &self,
        py: Python<'py>,
        name: Value<'_, 'py>,
        periods_per_year: Value<'_, 'py>,
        risk_free_rate: Value<'_, 'py>,
        mar: Value<'_, 'py>,
        benchmark: Value<'_, 'py>,
        confidence: Value<'_, 'py>,
        resample: Value<'_, 'py>,
        trials: Value<'_, 'py>,
    ) -> PyResult<Option<Bound<'py, PyAny>>> {
        let word = metrics::read_name(name)?;
        let rates = [periods_per_year, risk_free_rate, mar];
        let asked = Asked::read(rates, [benchmark, confidence, resample, trials])?;
        let found = self.ledger.with(py, |ledger| asked.one(ledger, word))??;
        found.map(|value| metrics::to_python(py, value, self.currency.digits())).transpose()
    }

    fn _rolling_metrics(
        &self,
        py: Python<'_>,
        window: Value<'_, '_>,
        names: Value<'_, '_>,
        periods_per_year: Value<'_, '_>,
        risk_free_rate: Value<'_, '_>,
        mar: Value<'_, '_>,
        resample: Value<'_, '_>,
    ) -> PyResult<Table> {
        let arguments = [window, names, periods_per_year, risk_free_rate, mar, resample];
        self.ask(py, &Question::rolling(arguments)?)
    }

    fn _drawdowns(
        &self,
        py: Python<'_>,
        top: Value<'_, '_>,
        #[pyo3(from_py_with = read_exact)] exact: bool,
        resample: Value<'_, '_>,
    ) -> PyResult<Table> {
        self.ask(py, &Question::drawdowns(top, exact, resample)?)
    }

    fn _monthly_returns(&self, py: Python<'_>, resample: Value<'_, '_>) -> PyResult<Table> {
        self.ask(py, &Question::monthly(resample)?)
    }

    fn _yearly_returns(&self, py: Python<'_>, resample: Value<'_, '_>) -> PyResult<Table> {
        self.ask(py, &Question::yearly(resample)?)
    }

    fn _trade_analysis(
        &self,
        py: Python<'_>,
        by: Value<'_, '_>,
        #[pyo3(from_py_with = read_exact)] exact: bool,
    ) -> PyResult<Table> {
        self.ask(py, &Question::trades(by, exact)?)
    }

    /// Where the result came from.
    fn _attribution(
        &self,
        py: Python<'_>,
        #[pyo3(from_py_with = read_exact)] exact: bool,
    ) -> PyResult<Table> {
        attribution(py, &self.ledger, view(exact))
    }

    /// The account and its open positions after an earlier event.
    #[pyo3(signature = (time=None, *, seq=None))]
    fn state_at(
        &self,
        py: Python<'_>,
        time: Option<Value<'_, '_>>,
        seq: Option<Value<'_, '_>>,
    ) -> PyResult<State> {
        time_travel::state_at(py, self, time, seq)
    }

    /// The account at many times.
    #[pyo3(signature = (times, exact=false))]
    fn asof_states(
        &self,
        py: Python<'_>,
        times: Value<'_, '_>,
        #[pyo3(from_py_with = read_exact)] exact: bool,
    ) -> PyResult<Table> {
        time_travel::asof_states(py, self, times, view(exact))
    }

    /// An independent portfolio with the same history.
    fn fork<'py>(slf: &Bound<'py, Self>) -> Answer<'py> {
        image::fork(slf)
    }

    /// The portfolio as one block of bytes.
    fn to_bytes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        image::write(py, self)
    }

    /// A portfolio of this class from such a block.
    #[classmethod]
    fn _from_bytes<'py>(class: &Bound<'py, PyType>, data: &Bound<'py, PyBytes>) -> Answer<'py> {
        image::read(class, data)
    }

    /// The event whose bytes have a place in them.
    fn _event_at(&self, py: Python<'_>, place: usize) -> PyResult<Table> {
        let read = |ledger: &mut Ledger| ledger.event_at(place, View::Exact);
        let snapshot = py.detach(|| self.ledger.with_detached(read))?;
        Ok(Table::new(snapshot.map_err(arrow_error)?))
    }

    /// The contract size of a symbol that is known.
    fn _contract_size<'py>(&self, py: Python<'py>, symbol: &str) -> Answer<'py> {
        let find = |ledger: &mut Ledger| ledger.book(symbol).map(|book| book.contract);
        let found = self.ledger.with(py, find)?;
        scalars::contract(py, found.ok_or_else(|| PyKeyError::new_err(symbol.to_owned()))?)
    }

    /// The canonical bytes of configuration and events.
    fn _event_bytes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let bytes = self.ledger.with(py, |ledger| ledger.event_bytes())?.map_err(refused)?;
        Ok(PyBytes::new(py, &bytes))
    }

    /// Cash.
    #[getter]
    fn balance<'py>(&self, py: Python<'py>) -> Answer<'py> {
        self.amount(py, |account| account.balance)
    }

    /// Balance + unrealized result.
    #[getter]
    fn equity<'py>(&self, py: Python<'py>) -> Answer<'py> {
        self.amount(py, |account| account.equity)
    }

    /// Result of the open positions at the marks.
    #[getter]
    fn unrealized_pnl<'py>(&self, py: Python<'py>) -> Answer<'py> {
        self.amount(py, |account| account.unrealized)
    }

    /// Gross results of all closes.
    #[getter]
    fn realized_pnl<'py>(&self, py: Python<'py>) -> Answer<'py> {
        self.amount(py, |account| account.realized)
    }

    /// Margin bound by the open positions.
    #[getter]
    fn margin_used<'py>(&self, py: Python<'py>) -> Answer<'py> {
        self.amount(py, |account| account.margin_used)
    }

    /// Equity - margin used.
    #[getter]
    fn free_margin<'py>(&self, py: Python<'py>) -> Answer<'py> {
        self.amount(py, Account::free_margin)
    }

    /// Equity in percent of the margin used; `None` without margin.
    #[getter]
    fn margin_level<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        state::margin_level(py, &self.account(py)?)
    }

    /// Fills within a bar whose order is not known.
    #[getter]
    fn ambiguous_count(&self, py: Python<'_>) -> PyResult<u64> {
        self.ledger.with(py, |ledger| ledger.ambiguous_count())
    }

    /// Numbers that were rounded to their grid.
    #[getter]
    fn rounded_count(&self, py: Python<'_>) -> PyResult<u64> {
        self.ledger.with(py, |ledger| ledger.rounded_count())
    }

    /// What rounding has left to book.
    #[getter]
    fn residue<'py>(&self, py: Python<'py>) -> Answer<'py> {
        scalars::money(py, self.account(py)?.residue, 0)
    }

    /// The open positions by id, in row order: a read-only snapshot.
    #[getter(positions)]
    fn position_views<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyMappingProxy>> {
        views::positions(py, &self.ledger, self.currency.digits())
    }

    /// Time of the last event; `None` before the first.
    #[getter]
    fn time<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        state::last_time(py, &self.account(py)?)
    }

    /// Accepted events.
    #[getter(events)]
    fn accepted(&self, py: Python<'_>) -> PyResult<u64> {
        Ok(self.account(py)?.events)
    }

    /// Code of the account's currency.
    #[getter]
    fn currency(&self) -> &str {
        self.currency.code()
    }

    /// `rust`.
    #[getter]
    fn backend(&self) -> &'static str {
        "rust"
    }

    /// Hash of all events and the state.
    #[getter]
    fn digest(&self, py: Python<'_>) -> PyResult<String> {
        self.ledger.with(py, Ledger::digest)?.map_err(refused)
    }
}

/// A portfolio of Python around a ledger that was made elsewhere: an empty one whose ledger is
/// replaced before anybody else has seen it.
pub(crate) fn live<'py>(
    class: &Bound<'py, PyAny>,
    ledger: Ledger,
    policy: FloatPolicy,
) -> PyResult<Bound<'py, PyAny>> {
    let currency = ledger.configuration().currency;
    live_with(class, Held::own(ledger), (currency, policy))
}

/// The same around what a fork starts with.
pub(crate) fn live_with<'py>(
    class: &Bound<'py, PyAny>,
    held: Held,
    (currency, policy): (Currency, FloatPolicy),
) -> PyResult<Bound<'py, PyAny>> {
    let py = class.py();
    let options = PyDict::new(py);
    options.set_item("currency", currency.code())?;
    options.set_item("floats", policy_word(policy))?;
    // Not a call of the class: one of Python's that stands on it may have another constructor.
    let base = py.get_type::<PortfolioCore>();
    let portfolio = base.call_method("__new__", (class, 0), Some(&options))?;
    let account = portfolio.cast::<AccountCore>()?.get();
    account.ledger.put(py, held)?;
    Ok(portfolio)
}
