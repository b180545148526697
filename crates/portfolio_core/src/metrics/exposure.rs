//! How long something was held, and how much was traded.

use super::finite;
use super::sums::Total;
use crate::history::{History, Resample, day_of};

/// Time with an open position between two times.
///
/// Trades of a ledger come in the order of their exits, so their spans are joined from the last one
/// back; those of a user's frame are put into that order first.
#[must_use]
pub fn time_exposed(history: &History, from: i64, to: i64) -> i128 {
    let trades = &history.trades;
    let mut spans: Vec<(i64, i64)> =
        trades.entry_time.iter().zip(trades.exit_time.iter()).collect();
    if !spans.is_sorted_by_key(|&(_, exit)| exit) {
        spans.sort_unstable_by_key(|&(_, exit)| exit);
    }
    let open = history.open.iter().map(|position| position.entry_time).min();
    spans.extend(open.map(|entry| (entry, i64::MAX)));
    let (mut exposed, mut joined): (i128, Option<(i64, i64)>) = (0, None);
    let length =
        |(start, end): (i64, i64)| i128::from(end).saturating_sub(i128::from(start)).max(0);
    for &(entry, exit) in spans.iter().rev() {
        let span = (entry.max(from), exit.min(to));
        if span.0 >= span.1 {
            continue;
        }
        joined = match joined {
            Some((start, end)) if span.1 >= start => Some((start.min(span.0), end)),
            before => {
                exposed = exposed.saturating_add(before.map_or(0, length));
                Some(span)
            }
        };
    }
    exposed.saturating_add(joined.map_or(0, length))
}

/// Traded notional of each day over the equity at its end, added up; none where costs, results or
/// sides are not known. Fills behind the last point do not count.
#[must_use]
pub fn turnover(history: &History, resample: Resample, last: i64) -> Option<f64> {
    let trades = &history.trades;
    let (cost, gross) = (trades.cost.as_ref()?, trades.gross_pnl.as_ref()?);
    let sides = trades.side.as_ref()?.iter().map(|side| if side == "long" { 1.0 } else { -1.0 });
    let entries = || trades.entry_time.iter().chain(history.open.iter().map(|one| one.entry_time));
    let mut days = Days::new(entries().min()?, last);
    let costs = || cost.double.iter();
    let held = history.open.iter().map(|one| one.cost);
    entries().zip(costs().chain(held)).for_each(|(time, cost)| days.add(time, cost));
    let results = gross.double.iter().zip(sides).map(|(gross, side)| gross * side);
    let proceeds = costs().zip(results).map(|(cost, result)| cost + result);
    trades.exit_time.iter().zip(proceeds).for_each(|(time, traded)| days.add(time, traded));
    finite(days.over_equity(history, resample))
}

/// Traded notional by day.
struct Days {
    first: i64,
    last: i64,
    traded: Vec<f64>,
}

impl Days {
    fn new(first: i64, last: i64) -> Self {
        let days = day_of(last).saturating_sub(day_of(first)).saturating_add(1);
        let days = usize::try_from(days).unwrap_or(0);
        Self { first: day_of(first), last, traded: vec![0.0; days] }
    }

    fn add(&mut self, time: i64, traded: f64) {
        let day = usize::try_from(day_of(time).saturating_sub(self.first)).ok();
        if time <= self.last
            && let Some(cell) = day.and_then(|day| self.traded.get_mut(day))
        {
            *cell += traded;
        }
    }

    fn over_equity(&self, history: &History, resample: Resample) -> f64 {
        let curve = match resample {
            Resample::None => None,
            thinner => Some(history.curve(thinner)),
        };
        let parts = match &curve {
            Some(curve) => vec![(curve.times.as_slice(), curve.values.as_slice())],
            None => history.equity.time.parts().zip(history.equity.equity.double.parts()).collect(),
        };
        let mut equity = Equity::new(history, parts);
        let mut sum = Total::default();
        for (day, &traded) in (self.first..).zip(&self.traded).filter(|(_, traded)| **traded != 0.0)
        {
            sum.add(traded / equity.at_end_of(day));
        }
        sum.get()
    }
}

/// The last point at or before the end of a day, for days that come in order.
struct Equity<'a> {
    parts: Vec<(&'a [i64], &'a [f64])>,
    value: f64,
}

impl<'a> Equity<'a> {
    fn new(history: &History, parts: Vec<(&'a [i64], &'a [f64])>) -> Self {
        let first = parts.iter().find_map(|(_, values)| values.first()).copied();
        let start = history.start.map(|start| start.balance.to_f64());
        // Of the parts the next one is at the end.
        let parts = parts.into_iter().rev().collect();
        Self { parts, value: start.or(first).unwrap_or_default() }
    }

    fn at_end_of(&mut self, day: i64) -> f64 {
        while let Some((times, values)) = self.parts.last_mut() {
            let rows = reach(times, |&time| day_of(time) <= day);
            self.value =
                rows.checked_sub(1).and_then(|row| values.get(row)).copied().unwrap_or(self.value);
            *times = times.get(rows..).unwrap_or_default();
            *values = values.get(rows..).unwrap_or_default();
            if !times.is_empty() {
                break;
            }
            self.parts.pop();
        }
        self.value
    }
}

/// How many rows in front a rule holds for, found in steps that double: what is near is found soon.
fn reach(times: &[i64], rule: impl Fn(&i64) -> bool) -> usize {
    let mut far = 1_usize;
    while times.get(far.saturating_sub(1)).is_some_and(&rule) {
        far = far.saturating_mul(2);
    }
    let near = times.get(..far).unwrap_or(times);
    near.partition_point(rule)
}
