//! What a batch is told beside its frames (SPEC section 20).

use portfolio_core::batch::Fill;
use portfolio_core::batch::outcome::{EquityColumns, Keep, Record};
use portfolio_core::batch::plan::{Batch, Costs, Run};
use portfolio_core::instrument::Instrument;
use portfolio_core::numbers::FloatPolicy;
use portfolio_core::refusal::Code;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyInt, PyString};

use super::instrument::read_instrument;
use super::protection::items;
use super::terms::{read_commission, read_slippage, read_swap};
use super::{Given, chosen, describe, flag, word, wrong_type};
use crate::fault::Fault;

type Value<'a, 'py> = &'a Bound<'py, PyAny>;

/// More threads than this are a slip of the pen.
const THREADS_MAX: usize = 1_024;

/// The instruments, in their order; none when not given.
pub(crate) fn read_instruments(
    given: &Given<'_>,
    policy: FloatPolicy,
) -> PyResult<Vec<Instrument>> {
    let Some(value) = &given.0 else { return Ok(Vec::new()) };
    let Some(all) = items(value) else {
        let rule = "must be a sequence of instruments";
        let remedy = "pass a list of omega_portfolio.Instrument";
        return Err(wrong_type("instruments", value, rule, remedy).into());
    };
    all.iter().map(|instrument| read_instrument(&instrument, policy)).collect()
}

/// The costs that every instrument has.
pub(crate) fn read_costs(
    [commission, slippage, swap]: [&Option<Bound<'_, PyAny>>; 3],
    policy: FloatPolicy,
) -> PyResult<Costs> {
    Ok(Costs {
        commission: commission.as_ref().map(|model| read_commission(model, policy)).transpose()?,
        slippage: slippage.as_ref().map(|model| read_slippage(model, policy)).transpose()?,
        swap: swap.as_ref().map(|model| read_swap(model, policy)).transpose()?,
    })
}

/// The columns of `params` that are carried along.
pub(crate) fn read_labels(given: &Given<'_>) -> PyResult<Vec<String>> {
    let Some(value) = &given.0 else { return Ok(Vec::new()) };
    let wrong = || {
        let rule = "must be a sequence of column names";
        PyErr::from(wrong_type("labels", value, rule, "pass a list of names out of params"))
    };
    let names = items(value).ok_or_else(wrong)?;
    let name = |name: Bound<'_, PyAny>| {
        let name = name.cast::<PyString>().map_err(|_| wrong())?;
        name.to_str().map(str::to_owned).map_err(|_| wrong())
    };
    names.iter().map(name).collect()
}

/// When a row is carried out.
pub(crate) fn read_fill(given: &Given<'_>) -> PyResult<Fill> {
    const FILLS: [(&str, Fill); 2] = [("next_open", Fill::NextOpen), ("close", Fill::Close)];
    let Some(value) = &given.0 else { return Ok(Fill::NextOpen) };
    word("fill", value, Code::InvalidArgument, &FILLS)
}

/// Which of a number of runs.
pub(crate) fn read_range(
    first: Value<'_, '_>,
    count: Value<'_, '_>,
    runs: usize,
) -> PyResult<std::ops::Range<usize>> {
    let start = at_most("first", first, runs)?;
    let count = at_most("count", count, runs.saturating_sub(start))?;
    Ok(start..start.saturating_add(count))
}

/// The run at a place.
pub(crate) fn read_run<'b>(batch: &'b Batch, place: Value<'_, '_>) -> PyResult<Run<'b>> {
    let found = whole("place", place)?.and_then(|place| batch.run(place));
    found.ok_or_else(|| {
        let rule = format!("must be from 0 and below {}", batch.len());
        refused("place", place, rule, "pass a place in batch.run_ids")
    })
}

fn at_most(argument: &'static str, value: Value<'_, '_>, most: usize) -> PyResult<usize> {
    match whole(argument, value)? {
        Some(number) if number <= most => Ok(number),
        _ => {
            let remedy = "stay within len(batch)";
            Err(refused(argument, value, format!("must be from 0 to {most}"), remedy))
        }
    }
}

/// The number of threads; as many as the machine lets run at once when not given.
pub(crate) fn read_threads(given: Option<Value<'_, '_>>) -> PyResult<usize> {
    let Some(value) = given else {
        // Where the machine does not say, one thread does the work as well.
        return Ok(std::thread::available_parallelism().map_or(1, usize::from).min(THREADS_MAX));
    };
    match whole("threads", value)? {
        Some(threads) if (1..=THREADS_MAX).contains(&threads) => Ok(threads),
        _ => {
            let rule = format!("must be from 1 to {THREADS_MAX}");
            Err(refused("threads", value, rule, "pass None for all cores"))
        }
    }
}

/// A whole number; nothing when it is negative or cannot be addressed.
fn whole(argument: &'static str, value: Value<'_, '_>) -> PyResult<Option<usize>> {
    if value.is_instance_of::<PyInt>() && !value.is_instance_of::<PyBool>() {
        return Ok(value.extract::<usize>().ok());
    }
    Err(wrong_type(argument, value, "must be an int", "pass a whole number").into())
}

fn refused(
    argument: &'static str,
    value: Value<'_, '_>,
    rule: String,
    remedy: &'static str,
) -> PyErr {
    Fault::new(Code::InvalidArgument, argument, describe(value), rule, remedy).into()
}

/// What of a run is kept.
pub(crate) struct Wanted<'py> {
    pub(crate) record: Given<'py>,
    pub(crate) equity_columns: Given<'py>,
    pub(crate) trades: Given<'py>,
    pub(crate) metrics: Given<'py>,
    pub(crate) exact: Given<'py>,
    pub(crate) digest: Given<'py>,
    pub(crate) on_error: Given<'py>,
}

impl Wanted<'_> {
    /// Reads the words and flags in the order of the signature.
    pub(crate) fn read(&self) -> PyResult<Keep> {
        const RECORDS: [(&str, Record); 3] =
            [("bar", Record::Bar), ("1d", Record::Day), ("none", Record::None)];
        const COLUMNS: [(&str, EquityColumns); 2] =
            [("equity", EquityColumns::Equity), ("all", EquityColumns::All)];
        const ON_ERROR: [(&str, bool); 2] = [("record", false), ("raise", true)];
        Ok(Keep {
            record: chosen("record", &self.record, Code::InvalidArgument, &RECORDS, Record::Bar)?,
            equity_columns: chosen(
                "equity_columns",
                &self.equity_columns,
                Code::InvalidArgument,
                &COLUMNS,
                EquityColumns::Equity,
            )?,
            trades: given_flag("trades", &self.trades, true)?,
            metrics: given_flag("metrics", &self.metrics, true)?,
            exact: given_flag("exact", &self.exact, false)?,
            digest: given_flag("digest", &self.digest, false)?,
            stop_at_rejected: chosen(
                "on_error",
                &self.on_error,
                Code::InvalidArgument,
                &ON_ERROR,
                false,
            )?,
        })
    }
}

/// `True` or `False`.
fn given_flag(argument: &'static str, given: &Given<'_>, otherwise: bool) -> PyResult<bool> {
    given.0.as_ref().map_or(Ok(otherwise), |value| flag(argument, value))
}

/// Somebody who wants to know how far the runs are.
pub(crate) fn read_progress(given: Value<'_, '_>) -> PyResult<Py<PyAny>> {
    if given.is_callable() {
        return Ok(given.clone().unbind());
    }
    let (rule, remedy) = ("must be callable or None", "pass a function of the number of runs done");
    Err(wrong_type("progress", given, rule, remedy).into())
}

/// Something that says whether the runs are to end: a token of `omega_portfolio`, or any other
/// object with a flag of that name.
pub(crate) fn read_cancel(given: Value<'_, '_>) -> PyResult<Py<PyAny>> {
    match given.getattr_opt("cancelled")? {
        Some(flag) if flag.is_instance_of::<PyBool>() => Ok(given.clone().unbind()),
        _ => {
            let (rule, remedy) =
                ("must be a CancelToken or None", "pass omega_portfolio.CancelToken()");
            Err(wrong_type("cancel", given, rule, remedy).into())
        }
    }
}

/// Whether the end was asked for.
pub(crate) fn is_cancelled(token: &Bound<'_, PyAny>) -> PyResult<bool> {
    token.getattr("cancelled")?.is_truthy()
}
