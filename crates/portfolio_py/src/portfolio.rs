//! The class with the calls: reads arguments in the order of the signature, builds the event,
//! applies it.

use portfolio_core::columns::schema::View;
use portfolio_core::columns::text::TextView;
use portfolio_core::currency::Currency;
use portfolio_core::event::{Close, Event, Fee, Marks, Modify, Open, Protection, Receipt};
use portfolio_core::export::TableSnapshot;
use portfolio_core::ledger::{Account, Ledger};
use portfolio_core::numbers::{FloatPolicy, Money};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyMappingProxy};

use crate::analysis::{Question, view};
use crate::attribution::attribution;
use crate::convert::configuration::read_configuration;
use crate::convert::instrument::read_instrument;
use crate::convert::prices::Prices;
use crate::convert::{Given, cash, fee_or_none, level, number, text, time};
use crate::fault::refused;
use crate::frames::{self, Receipts};
use crate::guard::{self, Guarded};
use crate::margin::margin;
use crate::metrics::{self, Asked};
use crate::scalars;
use crate::state::{self, State};
use crate::table::{Table, arrow_error};
use crate::views::{self, Trade};

/// The compiled portfolio. `omega_portfolio.Portfolio` documents every call.
#[pyclass(frozen, subclass, module = "omega_portfolio._core")]
pub(crate) struct PortfolioCore {
    ledger: Guarded,
    policy: FloatPolicy,
    currency: Currency,
}

type Value<'a, 'py> = &'a Bound<'py, PyAny>;
type Answer<'py> = PyResult<Bound<'py, PyAny>>;

impl PortfolioCore {
    #[inline]
    fn take(&self, py: Python<'_>, event: &Event<'_>) -> PyResult<Receipt> {
        self.ledger.with(py, |ledger| ledger.apply(event))?.map_err(refused)
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
    clippy::needless_pass_by_value,
    clippy::similar_names,
    clippy::unused_self,
    reason = "the signatures are those of the Python interface, one parameter per argument"
)]
impl PortfolioCore {
    #[new]
    #[pyo3(
        signature = (initial_balance, *, currency=Given(None), leverage=Given(None),
                     mode=Given(None), floats=Given(None), capacity=None),
        text_signature = "(initial_balance, *, currency='USD', leverage=1, mode='hedging', \
                          floats='nearest', capacity=None)"
    )]
    fn new(
        initial_balance: Value<'_, '_>,
        currency: Given<'_>,
        leverage: Given<'_>,
        mode: Given<'_>,
        floats: Given<'_>,
        capacity: Option<Value<'_, '_>>,
    ) -> PyResult<Self> {
        let options = [currency, leverage, mode, floats];
        let (configuration, policy) = read_configuration(initial_balance, options, capacity)?;
        let currency = configuration.currency;
        let ledger = Ledger::new(configuration).map_err(refused)?;
        Ok(Self { ledger: Guarded::new(ledger), policy, currency })
    }

    /// Applies a whole frame of events.
    #[pyo3(
        signature = (events, *, on_error=Given(None), exact=false),
        text_signature = "($self, events, *, on_error='raise', exact=False)"
    )]
    fn apply<'py>(
        &self,
        py: Python<'py>,
        events: Value<'_, 'py>,
        on_error: Given<'py>,
        exact: bool,
    ) -> PyResult<Bound<'py, Receipts>> {
        frames::apply(py, &self.ledger, events, &on_error, (self.policy, view(exact)))
    }

    /// Declares an instrument.
    fn register_instrument(&self, py: Python<'_>, instrument: Value<'_, '_>) -> PyResult<()> {
        let instrument = read_instrument(instrument, self.policy)?;
        self.take(py, &Event::RegisterInstrument(instrument)).map(|_| ())
    }

    /// Opens a position and answers its id.
    #[pyo3(
        signature = (symbol, side, size, price, time, *, stop_loss=None, take_profit=None,
                     fee=Given(None), tag=Given(None), position_id=None),
        text_signature = "($self, symbol, side, size, price, time, *, stop_loss=None, \
                          take_profit=None, fee=0, tag='', position_id=None)"
    )]
    fn open_position(
        &self,
        py: Python<'_>,
        symbol: Value<'_, '_>,
        side: Value<'_, '_>,
        size: Value<'_, '_>,
        price: Value<'_, '_>,
        time: Value<'_, '_>,
        stop_loss: Option<Value<'_, '_>>,
        take_profit: Option<Value<'_, '_>>,
        fee: Given<'_>,
        tag: Given<'_>,
        position_id: Option<Value<'_, '_>>,
    ) -> PyResult<u64> {
        let policy = self.policy;
        let level = |argument, level: Option<Value<'_, '_>>| {
            level.map(|level| number::price(argument, level, policy)).transpose()
        };
        let open = Open {
            symbol: text::symbol(symbol)?,
            side: text::side(side)?,
            size: number::size("size", size, policy)?,
            price: number::price("price", price, policy)?,
            time: time::time("time", time)?,
            stop_loss: level("stop_loss", stop_loss)?,
            take_profit: level("take_profit", take_profit)?,
            fee: fee_or_none(&fee, self.policy)?,
            tag: text::note("tag", &tag)?,
            position_id: position_id.map(text::position_id).transpose()?,
            protection: Protection::NONE,
        };
        Ok(self.take(py, &Event::Open(open))?.position_id)
    }

    /// Closes a position, or a part of it, and answers the trade.
    #[pyo3(
        signature = (position_id, price, time, *, size=None, fee=Given(None), reason=Given(None)),
        text_signature = "($self, position_id, price, time, *, size=None, fee=0, reason='')"
    )]
    fn close_position(
        slf: &Bound<'_, Self>,
        position_id: Value<'_, '_>,
        price: Value<'_, '_>,
        time: Value<'_, '_>,
        size: Option<Value<'_, '_>>,
        fee: Given<'_>,
        reason: Given<'_>,
    ) -> PyResult<Trade> {
        let (py, core) = (slf.py(), slf.get());
        let close = Close {
            position_id: text::position_id(position_id)?,
            price: number::price("price", price, core.policy)?,
            time: time::time("time", time)?,
            size: size.map(|size| number::size("size", size, core.policy)).transpose()?,
            fee: fee_or_none(&fee, core.policy)?,
            reason: text::note("reason", &reason)?,
        };
        let event = Event::Close(close);
        let row =
            core.ledger.with(py, |ledger| ledger.apply(&event).map(|_| *ledger.last_trade()))?;
        let row = row.map_err(refused)?;
        Ok(Trade::new(&row, core.currency.digits(), slf.clone().unbind()))
    }

    /// Changes protective levels.
    #[pyo3(
        signature = (position_id, time, *, stop_loss=Given(None), take_profit=Given(None)),
        text_signature = "($self, position_id, time, *, stop_loss=..., take_profit=...)"
    )]
    fn modify_position(
        &self,
        py: Python<'_>,
        position_id: Value<'_, '_>,
        time: Value<'_, '_>,
        stop_loss: Given<'_>,
        take_profit: Given<'_>,
    ) -> PyResult<()> {
        let position_id = text::position_id(position_id)?;
        let mut modify = Modify::new(position_id, time::time("time", time)?);
        modify.stop_loss = level("stop_loss", &stop_loss, self.policy)?;
        modify.take_profit = level("take_profit", &take_profit, self.policy)?;
        self.take(py, &Event::Modify(modify)).map(|_| ())
    }

    /// Sets marks without a row in the equity history.
    #[pyo3(signature = (prices, *, time=None))]
    fn mark(
        &self,
        py: Python<'_>,
        prices: Value<'_, '_>,
        time: Option<Value<'_, '_>>,
    ) -> PyResult<()> {
        let prices = Prices::read(Some(prices), self.policy)?;
        let quotes = prices.quotes(self.policy)?;
        let time = time.map(|moment| time::time("time", moment)).transpose()?;
        self.take(py, &Event::Mark(Marks { time, quotes: &quotes })).map(|_| ())
    }

    /// Sets marks and appends a row to the equity history.
    #[pyo3(signature = (time, prices=None))]
    fn update_equity(
        &self,
        py: Python<'_>,
        time: Value<'_, '_>,
        prices: Option<Value<'_, '_>>,
    ) -> PyResult<()> {
        let time = Some(time::time("time", time)?);
        let prices = Prices::read(prices, self.policy)?;
        let quotes = prices.quotes(self.policy)?;
        self.take(py, &Event::UpdateEquity(Marks { time, quotes: &quotes })).map(|_| ())
    }

    /// Charges a fee that belongs to no fill.
    #[pyo3(signature = (amount, time, *, position_id=None))]
    fn charge_fee(
        &self,
        py: Python<'_>,
        amount: Value<'_, '_>,
        time: Value<'_, '_>,
        position_id: Option<Value<'_, '_>>,
    ) -> PyResult<()> {
        let fee = Fee {
            amount: number::money("amount", amount, self.policy)?,
            time: time::time("time", time)?,
            position_id: position_id.map(text::position_id).transpose()?,
        };
        self.take(py, &Event::Fee(fee)).map(|_| ())
    }

    /// Pays in.
    fn deposit(&self, py: Python<'_>, amount: Value<'_, '_>, time: Value<'_, '_>) -> PyResult<()> {
        self.take(py, &Event::Deposit(cash(amount, time, self.policy)?)).map(|_| ())
    }

    /// Pays out.
    fn withdraw(&self, py: Python<'_>, amount: Value<'_, '_>, time: Value<'_, '_>) -> PyResult<()> {
        self.take(py, &Event::Withdraw(cash(amount, time, self.policy)?)).map(|_| ())
    }

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
    fn get_positions(&self, py: Python<'_>, exact: bool) -> PyResult<Table> {
        self.export(py, exact, Ledger::open_positions)
    }

    /// The closed trades.
    #[pyo3(signature = (exact=false))]
    fn get_trades(&self, py: Python<'_>, exact: bool) -> PyResult<Table> {
        self.export(py, exact, |ledger, view| ledger.trades(view))
    }

    /// The ledger postings.
    #[pyo3(signature = (exact=false))]
    fn get_ledger(&self, py: Python<'_>, exact: bool) -> PyResult<Table> {
        self.export(py, exact, |ledger, view| ledger.postings(view))
    }

    /// The equity history.
    #[pyo3(signature = (exact=false))]
    fn get_equity_curve(&self, py: Python<'_>, exact: bool) -> PyResult<Table> {
        self.export(py, exact, |ledger, view| ledger.equity_curve(view))
    }

    /// All accepted events.
    #[pyo3(signature = (exact=true))]
    fn get_events(&self, py: Python<'_>, exact: bool) -> PyResult<Table> {
        let read = |ledger: &mut Ledger| ledger.events_table(view(exact));
        let snapshot = py.detach(|| self.ledger.with_detached(read))?;
        Ok(Table::new(snapshot.map_err(arrow_error)?))
    }

    /// Rewrites each append-only table into one chunk.
    #[pyo3(signature = (capacity=Given(None)), text_signature = "($self, capacity=0)")]
    fn compact(&self, py: Python<'_>, capacity: Given<'_>) -> PyResult<()> {
        let rule = "must be an int of at least 0";
        let more = capacity.0.map_or(Ok(0), |capacity| number::rows(&capacity, rule))?;
        let done = py.detach(|| self.ledger.with_detached(|ledger| ledger.compact(more)))?;
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
        exact: bool,
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

    fn _trade_analysis(&self, py: Python<'_>, by: Value<'_, '_>, exact: bool) -> PyResult<Table> {
        self.ask(py, &Question::trades(by, exact)?)
    }

    /// Where the result came from.
    fn _attribution(&self, py: Python<'_>, exact: bool) -> PyResult<Table> {
        attribution(py, &self.ledger, view(exact))
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
