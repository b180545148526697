//! When a row is carried out (rule R5).

use super::Fill;
use super::bars::{BarTable, index};
use super::orders::OrderRow;

/// A row of a run and when it is carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Due {
    /// So many moments come before it.
    pub(super) moments: usize,
    /// Its place among the rows of the run.
    pub(super) place: usize,
    /// The row of the bar that fills what it places; none when it cannot be carried out.
    pub(super) bar: Option<usize>,
    /// Whether it comes behind all that happens at the last of these moments.
    pub(super) late: bool,
}

/// The rows of a run in the order in which they are carried out; they come by time, then row.
pub(super) fn schedule<'a>(
    bars: &BarTable,
    fill: Fill,
    rows: impl Iterator<Item = OrderRow<'a>>,
) -> Vec<Due> {
    let mut passed = 0;
    let due = |(place, row): (usize, OrderRow<'_>)| {
        while bars.moments.get(passed).is_some_and(|&time| time <= row.time) {
            passed = passed.saturating_add(1);
        }
        let bar = bar_of(bars, fill, &row);
        let moments = match (fill, bar) {
            (Fill::Close, Some(bar)) => moment_of(bars, bar).saturating_add(1),
            _ => passed,
        };
        Due { moments, place, bar, late: fill == Fill::Close && bar.is_none() }
    };
    let mut due: Vec<Due> = rows.enumerate().map(due).collect();
    if fill == Fill::Close {
        // Rows of one moment stay by time, then row.
        due.sort_by_key(|due| (due.moments, due.late));
    }
    due
}

/// The moment of a row of the bars.
pub(super) fn moment_of(bars: &BarTable, row: usize) -> usize {
    bars.moment_of.get(row).map_or(usize::MAX, |&moment| index(moment))
}

/// The time of a row of the bars.
pub(super) fn time_of(bars: &BarTable, row: usize) -> i64 {
    bars.moments.get(moment_of(bars, row)).copied().unwrap_or(i64::MAX)
}

/// The bar that fills what a row places: the first one of its symbol behind the time, or at it
/// when closes fill. None before the first bar of the symbol, and behind the last.
fn bar_of(bars: &BarTable, fill: Fill, row: &OrderRow<'_>) -> Option<usize> {
    let own = bars.rows_of.get(index(row.symbol))?;
    let first = own.first()?;
    if row.time < time_of(bars, index(*first)) {
        return None;
    }
    let before = own.partition_point(|&bar| match fill {
        Fill::NextOpen => time_of(bars, index(bar)) <= row.time,
        Fill::Close => time_of(bars, index(bar)) < row.time,
    });
    own.get(before).map(|&bar| index(bar))
}
