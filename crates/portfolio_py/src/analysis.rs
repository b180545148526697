//! Tables of statistics, for a portfolio and for a history alike: reads the arguments, and makes
//! the table without holding Python.

use portfolio_core::analysis::{GroupBy, RollingMetric, RollingOptions, TableError};
use portfolio_core::columns::schema::View;
use portfolio_core::export::TableSnapshot;
use portfolio_core::history::{History, Resample};
use portfolio_core::metrics::per_period;
use portfolio_core::refusal::Code;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyInt, PySequence, PyString};

use crate::convert::number::Bounds;
use crate::convert::{describe, number, text, wrong_type};
use crate::fault::Fault;
use crate::table::{Table, arrow_error};

type Value<'a, 'py> = &'a Bound<'py, PyAny>;

/// What a table is asked for, read from the arguments of its call.
pub(crate) enum Question {
    Rolling(RollingOptions),
    Drawdowns(Option<usize>, View, Resample),
    Monthly(Resample),
    Yearly(Resample),
    Trades(GroupBy, View),
}

impl Question {
    /// `window, names, periods_per_year, risk_free_rate, mar, resample`.
    pub(crate) fn rolling(arguments: [Value<'_, '_>; 6]) -> PyResult<Self> {
        let [window, names, periods_per_year, risk_free_rate, mar, resample] = arguments;
        let window = whole("window", window, 2, "must be an int of at least 2")?;
        let metrics = rolling_metrics(names)?;
        let periods_per_year =
            number::parameter("periods_per_year", periods_per_year, &Bounds::PERIODS)?;
        let risk_free = number::parameter("risk_free_rate", risk_free_rate, &Bounds::RATE)?;
        let asked = !mar.is_none();
        let mar = if asked { number::parameter("mar", mar, &Bounds::RATE)? } else { risk_free };
        let mar_per_period = per_period(mar, periods_per_year);
        Ok(Self::Rolling(RollingOptions {
            window,
            metrics,
            resample: read_resample(resample)?,
            periods_per_year,
            risk_free_per_period: per_period(risk_free, periods_per_year),
            mar_per_period,
            downside_per_period: if asked { mar_per_period } else { 0.0 },
        }))
    }

    /// `top, exact, resample`.
    pub(crate) fn drawdowns(
        top: Value<'_, '_>,
        exact: bool,
        resample: Value<'_, '_>,
    ) -> PyResult<Self> {
        let rule = "must be None or an int of at least 1";
        let top = if top.is_none() { None } else { Some(whole("top", top, 1, rule)?) };
        Ok(Self::Drawdowns(top, view(exact), read_resample(resample)?))
    }

    /// Returns of months.
    pub(crate) fn monthly(resample: Value<'_, '_>) -> PyResult<Self> {
        read_resample(resample).map(Self::Monthly)
    }

    /// Returns of years.
    pub(crate) fn yearly(resample: Value<'_, '_>) -> PyResult<Self> {
        read_resample(resample).map(Self::Yearly)
    }

    /// `by, exact`.
    pub(crate) fn trades(by: Value<'_, '_>, exact: bool) -> PyResult<Self> {
        let word = text::text("by", by, Code::InvalidArgument)?;
        let by = GroupBy::parse(word).ok_or_else(|| {
            let known = GroupBy::ALL.map(|(name, _)| name).join(", ");
            refused(
                "by",
                describe(by),
                format!("must be one of {known}"),
                "pass one of these words",
            )
        })?;
        Ok(Self::Trades(by, view(exact)))
    }

    /// Makes the table. A history shares its columns with whoever has them, so nobody waits.
    pub(crate) fn answer(&self, py: Python<'_>, history: &History) -> PyResult<Table> {
        py.detach(|| self.table(history)).map(Table::new).map_err(failed)
    }

    fn table(&self, history: &History) -> Result<TableSnapshot, TableError> {
        match self {
            Self::Rolling(options) => history.rolling_metrics(options),
            Self::Drawdowns(top, view, resample) => history.drawdowns(*top, *view, *resample),
            Self::Monthly(resample) => history.monthly_returns(*resample),
            Self::Yearly(resample) => history.yearly_returns(*resample),
            Self::Trades(by, view) => history.trade_analysis(*by, *view),
        }
    }
}

/// The view of `exact`.
pub(crate) const fn view(exact: bool) -> View {
    if exact { View::Exact } else { View::Float }
}

/// A resampling by its word; `None` is none.
pub(crate) fn read_resample(value: Value<'_, '_>) -> PyResult<Resample> {
    if value.is_none() {
        return Ok(Resample::None);
    }
    let word = text::text("resample", value, Code::InvalidArgument)?;
    Resample::parse(word).ok_or_else(|| {
        let rule = "must be None, '1h', '1d', '1w' or '1mo'";
        refused("resample", describe(value), rule.to_owned(), "pass one of these words")
    })
}

/// An `int` that is not below a bound; more than can be addressed is a number like any other.
fn whole(
    argument: &'static str,
    value: Value<'_, '_>,
    least: usize,
    rule: &'static str,
) -> PyResult<usize> {
    let int = value.is_instance_of::<PyInt>() && !value.is_instance_of::<PyBool>();
    if int && value.ge(least)? {
        return Ok(value.extract::<usize>().unwrap_or(usize::MAX));
    }
    Err(wrong_type(argument, value, rule, "pass a whole number").into())
}

/// The names of rolling metrics, each once.
fn rolling_metrics(names: Value<'_, '_>) -> PyResult<Vec<RollingMetric>> {
    let known = || RollingMetric::ALL.map(|(name, _)| name).join(", ");
    let wrong = |rule: &str| {
        let rule = format!("{rule}; known are {}", known());
        refused("names", describe(names), rule, "pass a sequence of these names, each once")
    };
    let text = names.is_instance_of::<PyString>() || names.is_instance_of::<PyBytes>();
    let sequence = if text { None } else { names.cast::<PySequence>().ok() };
    let sequence = sequence.ok_or_else(|| wrong("must be a sequence of names"))?;
    let mut metrics = Vec::new();
    for name in sequence.try_iter()? {
        let name = name?;
        let name = name.cast::<PyString>().map_err(|_| wrong("must be a sequence of names"))?;
        let metric = name.to_str().ok().and_then(RollingMetric::parse);
        match metric {
            Some(metric) if metrics.contains(&metric) => return Err(wrong("has a name twice")),
            Some(metric) => metrics.push(metric),
            None => return Err(wrong("has a name that is not known")),
        }
    }
    if metrics.is_empty() { Err(wrong("must not be empty")) } else { Ok(metrics) }
}

fn refused(argument: &'static str, value: String, rule: String, remedy: &'static str) -> PyErr {
    Fault::new(Code::InvalidArgument, argument, value, rule, remedy).into()
}

fn failed(error: TableError) -> PyErr {
    match error {
        TableError::OutOfRange { table, column } => {
            let (rule, remedy) = ("has more than 38 digits", "use smaller numbers");
            let value = format!("column {column}");
            Fault::new(Code::NumberOutOfRange, table, value, rule, remedy).into()
        }
        TableError::NoColumn { column } => {
            let (rule, remedy) = ("the trades have no such column", "pass trades that have it");
            refused("by", format!("'{column}'"), rule.to_owned(), remedy)
        }
        TableError::Arrow(error) => arrow_error(error),
    }
}
