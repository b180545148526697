//! How long something was held, and how much was traded.

use super::finite;
use super::sums::Total;
use crate::columns::text::TextView;
use crate::history::{History, Resample};

/// Time with an open position between two times.
///
/// Trades of a ledger come in the order of their exits, so their spans are joined from the last one
/// back; those of a user's frame are put into that order first.
#[must_use]
pub fn time_exposed(
    history: &History,
    (from, to): (i64, i64),
    spans: &mut Vec<(i64, i64)>,
) -> i128 {
    let trades = &history.trades;
    spans.clear();
    spans.extend(trades.entry_time.cells().zip(trades.exit_time.cells()));
    if !spans.is_sorted_by_key(|&(_, exit)| exit) {
        spans.sort_unstable_by_key(|&(_, exit)| exit);
    }
    let open = history.open.iter().map(|position| position.entry_time).min();
    joined(spans.iter().rev().copied(), open, (from, to))
}

/// What spans cover between two times, with one that is open. They come in the order of their ends,
/// the last one first.
#[must_use]
pub fn joined(
    spans: impl Iterator<Item = (i64, i64)>,
    open: Option<i64>,
    (from, to): (i64, i64),
) -> i128 {
    let open = open.map(|entry| (entry, i64::MAX));
    // What is joined so far: at first nothing, at the end of time.
    let (mut exposed, mut start, mut end) = (0_i128, i64::MAX, i64::MAX);
    for (entry, exit) in open.into_iter().chain(spans) {
        let span = (entry.max(from), exit.min(to));
        if span.0 >= span.1 {
            continue;
        }
        if span.1 < start {
            // The lengths of spans that lie apart are not longer than all of time.
            exposed = exposed.wrapping_add(i128::from(end).wrapping_sub(i128::from(start)));
            (start, end) = span;
        }
        start = start.min(span.0);
    }
    exposed.wrapping_add(i128::from(end).wrapping_sub(i128::from(start)))
}

/// Notional of each fill over the equity that ends its period, added up; none where costs, results
/// or sides are not known. Fills behind the last point do not count.
#[must_use]
pub fn turnover(history: &History, resample: Resample, last: i64) -> Option<f64> {
    let trades = &history.trades;
    if trades.rows == 0 && history.open.is_empty() {
        return Some(0.0);
    }
    let (cost, gross) = (trades.cost.as_ref()?, trades.gross_pnl.as_ref()?);
    let sides = trades.side.as_ref()?.equals(TextView::LONG, 0);
    let sides = sides.map(|long| if long { 1.0 } else { -1.0 });
    let held = history.open.iter().map(|one| (one.entry_time, one.cost));
    let entries = trades.entry_time.cells().zip(cost.double.cells()).chain(held);
    let results = gross.double.cells().zip(sides).map(|(gross, side)| gross * side);
    let proceeds = cost.double.cells().zip(results).map(|(cost, result)| cost + result);
    let exits = trades.exit_time.cells().zip(proceeds);
    let curve = match resample {
        Resample::None => None,
        thinner => Some(history.curve(thinner)),
    };
    // A starting balance ends no period.
    let first = usize::from(history.start.is_some());
    let parts = || match &curve {
        Some(curve) => {
            let times = curve.times.get(first..).unwrap_or_default();
            vec![(times, curve.values.get(first..).unwrap_or_default())]
        }
        None => history.equity.time.parts().zip(history.equity.equity.double.parts()).collect(),
    };
    let mut sum = Total::default();
    let opened = add_shares(&mut sum, entries, last, parts());
    let closed = add_shares(&mut sum, exits, last, parts());
    opened.and(closed)?;
    finite(sum.get())
}

/// Adds up notional over equity; nothing when a fill has none.
fn add_shares(
    sum: &mut Total,
    fills: impl Iterator<Item = (i64, f64)> + Clone,
    last: i64,
    parts: Vec<(&[i64], &[f64])>,
) -> Option<()> {
    let mut equity = Equity { parts: parts.into_iter().rev().collect(), stride: 0 };
    let mut add = |(time, traded): (i64, f64)| {
        if time <= last {
            sum.add(traded / equity.at(time)?);
        }
        Some(())
    };
    // Mostly they are in order already.
    if fills.clone().is_sorted_by_key(|(time, _)| time) {
        return fills.into_iter().try_for_each(add);
    }
    let mut fills: Vec<_> = fills.collect();
    fills.sort_by_key(|&(time, _)| time);
    fills.into_iter().try_for_each(&mut add)
}

/// The equity of the first row at or after a time (of equal times the last row), for times that
/// come in order.
struct Equity<'a> {
    /// Of the parts the next one is at the end.
    parts: Vec<(&'a [i64], &'a [f64])>,
    /// Rows that were stepped over the last time: fills often come at equal distances.
    stride: usize,
}

impl Equity<'_> {
    fn at(&mut self, time: i64) -> Option<f64> {
        while let Some((times, values)) = self.parts.last_mut() {
            let before = reach(times, self.stride, |next| next < time);
            self.stride = before;
            *times = times.get(before..).unwrap_or_default();
            *values = values.get(before..).unwrap_or_default();
            if !times.is_empty() {
                break;
            }
            self.parts.pop();
        }
        let found = self.parts.last().and_then(|(times, _)| times.first()).copied()?;
        // The rows of that time may go on in the next part.
        let mut value = None;
        for (times, values) in self.parts.iter().rev() {
            let rows = reach(times, 1, |next| next == found);
            value = rows.checked_sub(1).and_then(|row| values.get(row)).copied().or(value);
            if rows < times.len() {
                break;
            }
        }
        value
    }
}

/// How many rows in front a rule holds for: as many as guessed, or else found in steps that double,
/// so that what is near is found soon.
fn reach(times: &[i64], guess: usize, rule: impl Fn(i64) -> bool) -> usize {
    let holds = |row: usize| times.get(row).is_some_and(|&next| rule(next));
    if !holds(guess) && guess.checked_sub(1).is_none_or(holds) {
        return guess.min(times.len());
    }
    let mut far = 1_usize;
    while times.get(far.saturating_sub(1)).is_some_and(|&next| rule(next)) {
        far = far.saturating_mul(2);
    }
    times.get(..far).unwrap_or(times).partition_point(|&next| rule(next))
}
