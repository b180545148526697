//! What a portfolio was at earlier moments.

use std::panic::resume_unwind;

use portfolio_core::columns::schema::View;
use portfolio_core::ledger::{Ledger, Moment, Violation};
use portfolio_core::refusal::Code;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyByteArray, PyBytes, PyInt, PyString};

use crate::account::AccountCore;
use crate::convert::{describe, time, wrong_type};
use crate::fault::Fault;
use crate::state::State;
use crate::table::{Table, arrow_error};

type Value<'a, 'py> = &'a Bound<'py, PyAny>;

/// Events that were accepted once and are refused now end the use of the portfolio.
fn sound<R>(found: Result<R, Violation>) -> R {
    found.unwrap_or_else(|violation| resume_unwind(Box::new(violation.to_string())))
}

const SEQ_RULE: &str = "must be a whole number from 0 to the number of events";
const SEQ_REMEDY: &str = "pass how many events had happened, at most portfolio.events";

fn seq(value: Value<'_, '_>) -> PyResult<u64> {
    let whole = value.is_instance_of::<PyInt>() && !value.is_instance_of::<PyBool>();
    let number = if whole { value.extract::<u64>().ok() } else { None };
    number.ok_or_else(|| wrong_type("seq", value, SEQ_RULE, SEQ_REMEDY).into())
}

/// The account and its open positions after an event.
pub(crate) fn state_at(
    py: Python<'_>,
    core: &AccountCore,
    time: Option<Value<'_, '_>>,
    seq: Option<Value<'_, '_>>,
) -> PyResult<State> {
    let moment = match (time, seq) {
        (Some(time), None) => Moment::Time(time::time("time", time)?),
        (None, Some(seq)) => Moment::Seq(self::seq(seq)?),
        (given, _) => {
            let value = given.map_or_else(|| "None".to_owned(), describe);
            let (rule, remedy) = ("needs either time or seq", "pass one of the two");
            return Err(Fault::new(Code::InvalidArgument, "time", value, rule, remedy).into());
        }
    };
    let look = |ledger: &mut Ledger| sound(ledger.at(moment, State::take));
    let found = py.detach(|| core.ledger.with_detached(look))?;
    found.unwrap_or_else(|| {
        let value = seq.map_or_else(String::new, describe);
        Err(Fault::new(Code::InvalidArgument, "seq", value, SEQ_RULE, SEQ_REMEDY).into())
    })
}

/// The account at many times.
pub(crate) fn asof_states(
    py: Python<'_>,
    core: &AccountCore,
    times: Value<'_, '_>,
    view: View,
) -> PyResult<Table> {
    let times = read_times(times)?;
    let look = |ledger: &mut Ledger| sound(ledger.moments(&times, view));
    let found = py.detach(|| core.ledger.with_detached(look))?;
    Ok(Table::new(found.map_err(arrow_error)?))
}

fn read_times(times: Value<'_, '_>) -> PyResult<Vec<i64>> {
    let no_list = || {
        let rule = "must be several times";
        wrong_type("times", times, rule, "pass a list or a column of times")
    };
    let text = times.is_instance_of::<PyString>()
        || times.is_instance_of::<PyBytes>()
        || times.is_instance_of::<PyByteArray>();
    if text {
        return Err(no_list().into());
    }
    let each = times.try_iter().map_err(|_| no_list())?;
    each.map(|item| time::time("times", &item?)).collect()
}
