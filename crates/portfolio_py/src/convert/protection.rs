//! What protects a position beside stop loss and take profit (SPEC Q1).

use portfolio_core::event::{BreakEven, Change, Modify, Protection, Target};
use portfolio_core::numbers::{FloatPolicy, Price};
use pyo3::prelude::*;
use pyo3::types::{PyList, PyListMethods, PyTuple};

use super::{Given, change, number, time, wrong_type};

type Value<'a, 'py> = &'a Bound<'py, PyAny>;

/// Protection that was read; an event borrows its targets from here.
pub(crate) struct Protected {
    trailing: Option<Price>,
    break_even: Option<BreakEven>,
    targets: Vec<Target>,
    exit_time: Option<i64>,
}

impl Protected {
    /// Reads what an open or an order says beside its levels.
    pub(crate) fn read(
        [trailing, break_even, targets, exit_time]: [Option<Value<'_, '_>>; 4],
        policy: FloatPolicy,
    ) -> PyResult<Self> {
        Ok(Self {
            trailing: trailing.map(|given| read_trailing(given, policy)).transpose()?,
            break_even: break_even.map(|given| read_break_even(given, policy)).transpose()?,
            targets: targets.map_or(Ok(Vec::new()), |given| read_targets(given, policy))?,
            exit_time: exit_time.map(|given| time::time("exit_time", given)).transpose()?,
        })
    }

    /// As an event takes it.
    pub(crate) fn borrow(&self) -> Protection<'_> {
        Protection {
            trailing: self.trailing,
            break_even: self.break_even,
            targets: &self.targets,
            exit_time: self.exit_time,
        }
    }
}

/// What a modify does with the protection of a position.
pub(crate) struct Changes {
    trailing: Change<Price>,
    break_even: Change<BreakEven>,
    targets: Change<Vec<Target>>,
    exit_time: Change<i64>,
}

impl Changes {
    /// Reads what a modify says beside the levels.
    pub(crate) fn read(given: &[Given<'_>; 4], policy: FloatPolicy) -> PyResult<Self> {
        let [trailing, break_even, targets, exit_time] = given;
        Ok(Self {
            trailing: change(trailing, |given| read_trailing(given, policy))?,
            break_even: change(break_even, |given| read_break_even(given, policy))?,
            targets: change(targets, |given| read_targets(given, policy))?,
            exit_time: change(exit_time, |given| time::time("exit_time", given))?,
        })
    }

    /// Adds them to an event. No targets at all is a removal.
    pub(crate) fn put_into<'a>(&'a self, modify: &mut Modify<'a>) {
        modify.trailing = self.trailing;
        modify.break_even = self.break_even;
        modify.targets = match &self.targets {
            Change::Keep => Change::Keep,
            Change::Remove => Change::Remove,
            Change::Set(targets) if targets.is_empty() => Change::Remove,
            Change::Set(targets) => Change::Set(targets),
        };
        modify.exit_time = self.exit_time;
    }
}

/// The items of a tuple or a list.
pub(crate) fn items<'py>(value: Value<'_, 'py>) -> Option<Bound<'py, PyTuple>> {
    match value.cast::<PyTuple>() {
        Ok(items) => Some(items.clone()),
        Err(_) => value.cast::<PyList>().ok().map(PyListMethods::to_tuple),
    }
}

/// The two items of a tuple or a list of two.
fn pair<'py>(value: Value<'_, 'py>) -> PyResult<Option<[Bound<'py, PyAny>; 2]>> {
    let Some(both) = items(value).filter(|both| both.len() == 2) else { return Ok(None) };
    Ok(Some([both.get_item(0)?, both.get_item(1)?]))
}

fn read_trailing(given: Value<'_, '_>, policy: FloatPolicy) -> PyResult<Price> {
    number::price("trailing", given, policy)
}

/// A pair of trigger and offset, or a trigger alone.
fn read_break_even(given: Value<'_, '_>, policy: FloatPolicy) -> PyResult<BreakEven> {
    let price = |value: &Bound<'_, PyAny>| number::price("break_even", value, policy);
    if let Some([trigger, offset]) = pair(given)? {
        return Ok(BreakEven { trigger: price(&trigger)?, offset: price(&offset)? });
    }
    if items(given).is_some() {
        let rule = "must be a trigger or a pair of trigger and offset";
        return Err(wrong_type("break_even", given, rule, "pass (trigger, offset)").into());
    }
    Ok(BreakEven { trigger: price(given)?, offset: Price::ZERO })
}

fn read_targets(given: Value<'_, '_>, policy: FloatPolicy) -> PyResult<Vec<Target>> {
    let wrong = || {
        let rule = "must be a sequence of pairs of price and size";
        wrong_type("targets", given, rule, "pass [(price, size), ...]")
    };
    let pairs = items(given).ok_or_else(wrong)?;
    let mut targets = Vec::with_capacity(pairs.len());
    for one in pairs.iter() {
        let [price, size] = pair(&one)?.ok_or_else(wrong)?;
        targets.push(Target {
            price: number::price("targets", &price, policy)?,
            size: number::size("targets", &size, policy)?,
        });
    }
    Ok(targets)
}
