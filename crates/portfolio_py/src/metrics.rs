//! The arguments of the metrics, and the metrics as Python values.

use portfolio_core::history::{Benchmark, History, Resample};
use portfolio_core::metrics::{Metrics, Options, Value, metrics};
use portfolio_core::refusal::Code;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyString, PyTuple};

use crate::capsule::{read_frame, speaks_arrow};
use crate::convert::{describe, number, text, wrong_type};
use crate::fault::Fault;
use crate::scalars;

/// What the metrics depend on besides the history.
pub(crate) struct Asked {
    pub(crate) options: Options,
    pub(crate) benchmark: Option<Benchmark>,
}

impl Asked {
    /// Reads `periods_per_year`, `risk_free_rate`, `mar`, `benchmark`, `confidence`, `resample` and
    /// `trials`, in this order.
    pub(crate) fn read(given: &Bound<'_, PyTuple>) -> PyResult<Self> {
        let at = |place: usize| given.get_item(place);
        let periods_per_year = number::parameter("periods_per_year", &at(0)?, 0.0)?;
        let risk_free_rate = number::parameter("risk_free_rate", &at(1)?, -1.0)?;
        let minimum = at(2)?;
        let minimum_return = if minimum.is_none() {
            risk_free_rate
        } else {
            number::parameter("mar", &minimum, -1.0)?
        };
        let benchmark = at(3)?;
        let benchmark = if benchmark.is_none() { None } else { Some(read_benchmark(&benchmark)?) };
        let confidence = read_confidence(&at(4)?)?;
        let resample = read_resample(&at(5)?)?;
        let trials = at(6)?;
        let trials = if trials.is_none() { None } else { Some(read_trials(&trials)?) };
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

    /// All metrics of a history, computed without holding Python.
    pub(crate) fn all(&self, py: Python<'_>, history: &History) -> PyResult<Metrics> {
        self.check_start(history)?;
        Ok(py.detach(|| metrics(history, &self.options, self.benchmark.as_ref())))
    }
}

fn read_benchmark(value: &Bound<'_, PyAny>) -> PyResult<Benchmark> {
    if !speaks_arrow(value)? {
        let rule = "must be an Arrow table or None";
        let remedy = "pass a frame with the columns time and close, equity, price or value";
        return Err(wrong_type("benchmark", value, rule, remedy).into());
    }
    let (schema, batches) = read_frame("benchmark", value)?;
    let read = value.py().detach(|| Benchmark::read((&schema, &batches)));
    read.map_err(|error| {
        Fault::frame(error.frame, error.place(), error.rule.clone(), error.remedy).into()
    })
}

fn read_confidence(value: &Bound<'_, PyAny>) -> PyResult<f64> {
    let confidence = number::parameter("confidence", value, 0.0)?;
    if confidence < 1.0 {
        return Ok(confidence);
    }
    let rule = "must be above 0 and below 1";
    let remedy = "pass the share of the worst, such as 0.05";
    Err(Fault::new(Code::InvalidNumber, "confidence", describe(value), rule, remedy).into())
}

/// How the curve is thinned; `None` takes it as it is.
pub(crate) fn read_resample(value: &Bound<'_, PyAny>) -> PyResult<Resample> {
    if value.is_none() {
        return Ok(Resample::None);
    }
    let word = text::text("resample", value, Code::InvalidArgument)?;
    Resample::parse(word).ok_or_else(|| {
        let rule = "must be None, '1h', '1d', '1w' or '1mo'";
        let remedy = "pass one of these words";
        Fault::new(Code::InvalidArgument, "resample", describe(value), rule, remedy).into()
    })
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
    items.map(|item| number::parameter("trials", &item?, f64::NEG_INFINITY)).collect()
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

/// The refusal of a metric that there is not.
pub(crate) fn unknown(name: &Bound<'_, PyAny>) -> PyErr {
    let rule = "is not the name of a metric";
    let remedy = "pass one of the names of calculate_metrics()";
    Fault::new(Code::InvalidArgument, "name", describe(name), rule, remedy).into()
}
