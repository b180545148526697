//! A history: a user's own frames, of which every statistic can be asked.

use portfolio_core::currency::Currency;
use portfolio_core::history::{Frame, History, HistoryError};
use portfolio_core::numbers::FloatPolicy;
use portfolio_core::refusal::Refusal;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::analysis::{Question, view};
use crate::capsule::{self, read_frame, speaks_arrow};
use crate::convert::{Given, number, read_exact, text, wrong_type};
use crate::fault::{Fault, refused};
use crate::metrics::{self, Asked};
use crate::table::{Table, arrow_error};

type Value<'a, 'py> = &'a Bound<'py, PyAny>;

/// The compiled history. `omega_portfolio.History` documents every call.
#[pyclass(frozen, subclass, module = "omega_portfolio._core")]
pub(crate) struct HistoryCore {
    history: History,
    currency: Currency,
}

#[pymethods]
#[expect(
    clippy::too_many_arguments,
    clippy::unused_self,
    reason = "the signatures are those of the Python interface, one parameter per argument"
)]
impl HistoryCore {
    /// The arguments are read in their order; then what is in the frames.
    #[new]
    #[pyo3(
        signature = (equity, trades=None, *, initial_balance=None, currency=Given(None)),
        text_signature = "(equity, trades=None, *, initial_balance=None, currency='USD')"
    )]
    fn new(
        py: Python<'_>,
        equity: Value<'_, '_>,
        trades: Option<Value<'_, '_>>,
        initial_balance: Option<Value<'_, '_>>,
        currency: Given<'_>,
    ) -> PyResult<Self> {
        let equity = own_frame("equity", equity)?;
        let trades = trades.map(|trades| own_frame("trades", trades)).transpose()?;
        let balance = |balance| number::money("initial_balance", balance, FloatPolicy::Nearest);
        let initial_balance = initial_balance.map(balance).transpose()?;
        if let Some(amount) = initial_balance.filter(|amount| amount.is_negative()) {
            return Err(refused(Refusal::InitialBalanceNegative { amount }));
        }
        let currency =
            currency.0.map_or(Ok(Currency::USD), |code| text::currency("currency", &code))?;
        let read = || {
            let trades = trades.as_ref().map(parts);
            History::read(parts(&equity), trades, initial_balance)
        };
        let history = py.detach(read).map_err(|error| frame_error(&error))?;
        Ok(Self { history, currency })
    }

    /// The curve.
    #[pyo3(signature = (exact=false))]
    fn get_equity_curve(&self, #[pyo3(from_py_with = read_exact)] exact: bool) -> PyResult<Table> {
        let table = self.history.given.equity.table(view(exact));
        table.map(Table::new).map_err(arrow_error)
    }

    /// The trades.
    #[pyo3(signature = (exact=false))]
    fn get_trades(&self, #[pyo3(from_py_with = read_exact)] exact: bool) -> PyResult<Table> {
        let table = self.history.given.trades.table(view(exact));
        table.map(Table::new).map_err(arrow_error)
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
        metrics::to_dict(py, &asked.all(py, &self.history)?, self.currency.digits())
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
        let found = asked.all(py, &self.history)?.get(word).flatten();
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
        Question::rolling(arguments)?.answer(py, &self.history)
    }

    fn _drawdowns(
        &self,
        py: Python<'_>,
        top: Value<'_, '_>,
        #[pyo3(from_py_with = read_exact)] exact: bool,
        resample: Value<'_, '_>,
    ) -> PyResult<Table> {
        Question::drawdowns(top, exact, resample)?.answer(py, &self.history)
    }

    fn _monthly_returns(&self, py: Python<'_>, resample: Value<'_, '_>) -> PyResult<Table> {
        Question::monthly(resample)?.answer(py, &self.history)
    }

    fn _yearly_returns(&self, py: Python<'_>, resample: Value<'_, '_>) -> PyResult<Table> {
        Question::yearly(resample)?.answer(py, &self.history)
    }

    fn _trade_analysis(
        &self,
        py: Python<'_>,
        by: Value<'_, '_>,
        #[pyo3(from_py_with = read_exact)] exact: bool,
    ) -> PyResult<Table> {
        Question::trades(by, exact)?.answer(py, &self.history)
    }

    /// Code of the currency of all amounts.
    #[getter]
    fn currency(&self) -> &str {
        self.currency.code()
    }

    /// `rust`.
    #[getter]
    fn backend(&self) -> &'static str {
        "rust"
    }
}

/// Reads a frame to its end.
pub(crate) fn own_frame(argument: &'static str, source: Value<'_, '_>) -> PyResult<capsule::Frame> {
    if speaks_arrow(source)? {
        return read_frame(argument, source);
    }
    let remedy = "pass a DataFrame, a pyarrow table, or another Arrow table; collect a query";
    Err(wrong_type(argument, source, "must be an Arrow table", remedy).into())
}

/// A frame as the core takes it.
pub(crate) fn parts((schema, batches): &capsule::Frame) -> Frame<'_> {
    (schema, batches)
}

/// The exception for a frame that cannot be taken.
pub(crate) fn frame_error(error: &HistoryError) -> PyErr {
    Fault::frame(error.frame, error.place(), error.rule.clone(), error.remedy).into()
}
