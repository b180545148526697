//! The arguments of the metrics, and the metrics as Python values.

use portfolio_core::history::{Benchmark, History};
use portfolio_core::ledger::Ledger;
use portfolio_core::metrics::{Metrics, Options, Value, metrics};
use portfolio_core::refusal::Code;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyString};

use crate::analysis::read_resample;
use crate::convert::number::Bounds;
use crate::convert::{Given, describe, number, text, wrong_type};
use crate::fault::Fault;
use crate::history::{frame_error, own_frame, parts};
use crate::scalars;

/// What the metrics depend on besides the history.
pub(crate) struct Asked {
    pub(crate) options: Options,
    pub(crate) benchmark: Option<Benchmark>,
}

impl Asked {
    /// Reads the rates (`periods_per_year`, `risk_free_rate`, `mar`), then `benchmark`,
    /// `confidence`, `resample` and `trials`, in this order.
    pub(crate) fn read(
        [periods, risk_free, minimum]: [&Bound<'_, PyAny>; 3],
        [benchmark, confidence, resample, trials]: [&Bound<'_, PyAny>; 4],
    ) -> PyResult<Self> {
        let periods_per_year = read_periods(periods)?;
        let risk_free_rate = read_risk_free(risk_free)?;
        let minimum_return = read_minimum(minimum)?;
        let benchmark = if benchmark.is_none() { None } else { Some(read_benchmark(benchmark)?) };
        let confidence = read_confidence(confidence)?;
        let resample = read_resample(resample)?;
        let trials = if trials.is_none() { None } else { Some(read_trials(trials)?) };
        let options = Options {
            periods_per_year,
            risk_free_rate,
            minimum_return,
            confidence,
            resample,
            trials,
        };
        Ok(Self { options, benchmark })
    }

    /// Refuses a benchmark that begins after the history.
    pub(crate) fn check_start(&self, history: &History) -> PyResult<()> {
        let Some(benchmark) = &self.benchmark else { return Ok(()) };
        let first = history.first_time(self.options.resample);
        if let Some(first) = first
            && benchmark.times.first().is_none_or(|&start| start > first)
        {
            let start = benchmark.times.first().map_or("none".to_owned(), ToString::to_string);
            let value = format!("column time: {start}");
            let rule = format!("must be at or before the first point of equity, {first}");
            let remedy = "pass a benchmark that starts early enough, or drop equity before it";
            return Err(Fault::frame("benchmark", value, rule, remedy).into());
        }
        Ok(())
    }

    /// One metric of a ledger as it is now; nothing when there is none of this name.
    pub(crate) fn one(&self, ledger: &mut Ledger, name: &str) -> PyResult<Option<Value>> {
        if self.benchmark.is_some() {
            self.check_start(&ledger.columns())?;
        }
        Ok(ledger.metric(name, &self.options, self.benchmark.as_ref()).flatten())
    }

    /// All metrics of a history, computed without holding Python.
    pub(crate) fn all(&self, py: Python<'_>, history: &History) -> PyResult<Metrics> {
        self.check_start(history)?;
        Ok(py.detach(|| metrics(history, &self.options, self.benchmark.as_ref())))
    }
}

/// The options that need no frame and no other trials: `periods_per_year`, `risk_free_rate`, `mar`,
/// `confidence` and `resample`, each with its default.
pub(crate) fn read_options(
    [periods, risk_free, minimum, confidence, resample]: [&Given<'_>; 5],
) -> PyResult<Options> {
    let mut options = Options::default();
    if let Some(value) = &periods.0 {
        options.periods_per_year = read_periods(value)?;
    }
    if let Some(value) = &risk_free.0 {
        options.risk_free_rate = read_risk_free(value)?;
    }
    if let Some(value) = &minimum.0 {
        options.minimum_return = read_minimum(value)?;
    }
    if let Some(value) = &confidence.0 {
        options.confidence = read_confidence(value)?;
    }
    if let Some(value) = &resample.0 {
        options.resample = read_resample(value)?;
    }
    Ok(options)
}

fn read_periods(value: &Bound<'_, PyAny>) -> PyResult<f64> {
    number::parameter("periods_per_year", value, &Bounds::PERIODS)
}

fn read_risk_free(value: &Bound<'_, PyAny>) -> PyResult<f64> {
    number::parameter("risk_free_rate", value, &Bounds::RATE)
}

fn read_minimum(value: &Bound<'_, PyAny>) -> PyResult<Option<f64>> {
    let rate = |value| number::parameter("mar", value, &Bounds::RATE);
    if value.is_none() { Ok(None) } else { rate(value).map(Some) }
}

fn read_confidence(value: &Bound<'_, PyAny>) -> PyResult<f64> {
    number::parameter("confidence", value, &Bounds::SHARE)
}

fn read_benchmark(value: &Bound<'_, PyAny>) -> PyResult<Benchmark> {
    let frame = own_frame("benchmark", value)?;
    let read = value.py().detach(|| Benchmark::read(parts(&frame)));
    read.map_err(|error| frame_error(&error))
}

fn read_trials(value: &Bound<'_, PyAny>) -> PyResult<Vec<f64>> {
    let rule = "must be a sequence of numbers or None";
    let remedy = "pass the annualised Sharpe ratios of all trials";
    let no_sequence = || PyErr::from(wrong_type("trials", value, rule, remedy));
    let word = value.is_instance_of::<PyString>()
        || value.is_instance_of::<PyBytes>()
        || value.is_instance_of::<PyDict>();
    if word || !value.hasattr("__len__")? {
        return Err(no_sequence());
    }
    let items = value.try_iter().map_err(|_| no_sequence())?;
    items.map(|item| number::parameter("trials", &item?, &Bounds::RATIO)).collect()
}

/// The metrics by name; what is not defined is `None`.
pub(crate) fn to_dict<'py>(
    py: Python<'py>,
    metrics: &Metrics,
    digits: u32,
) -> PyResult<Bound<'py, PyDict>> {
    let values = PyDict::new(py);
    for (name, value) in metrics.entries() {
        values.set_item(name, value.map(|value| to_python(py, value, digits)).transpose()?)?;
    }
    Ok(values)
}

/// A metric as a `Decimal`, `float`, `int`, `datetime`, `timedelta` or `bool`.
pub(crate) fn to_python(py: Python<'_>, value: Value, digits: u32) -> PyResult<Bound<'_, PyAny>> {
    match value {
        Value::Money(amount) => scalars::money(py, amount, digits),
        Value::Float(value) => Ok(value.into_pyobject(py)?.into_any()),
        Value::Count(items) => Ok(items.into_pyobject(py)?.into_any()),
        Value::Time(time) => scalars::datetime(py, time),
        Value::Duration(length) => scalars::timedelta(py, length),
        Value::Flag(flag) => Ok(flag.into_pyobject(py)?.to_owned().into_any()),
    }
}

/// The name of a metric, which may not exist.
pub(crate) fn read_name<'a>(name: &'a Bound<'_, PyAny>) -> PyResult<&'a str> {
    let word = text::text("name", name, Code::InvalidArgument)?;
    if Metrics::names().any(|known| known == word) { Ok(word) } else { Err(unknown(name)) }
}

/// The refusal of a metric that there is not.
fn unknown(name: &Bound<'_, PyAny>) -> PyErr {
    let rule = "is not the name of a metric";
    let remedy = "pass one of the names of calculate_metrics()";
    Fault::new(Code::InvalidArgument, "name", describe(name), rule, remedy).into()
}
