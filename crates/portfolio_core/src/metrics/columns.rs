//! The metrics of columns that lie side by side, for callers that have no tables.

use super::exposure::joined;
use super::figures::{Sources, Whole};
use super::running::Running;
use super::trades::Lines;
use super::{Metrics, Options, Scratch, Trades};
use crate::columns::segment::ROW_MULTIPLE;
use crate::history::{BLOCK_ROWS, Block, Column, EquityColumns, History, OpenPosition, Start};
use crate::numbers::Sum;

/// A curve without two points of one time, and its trades.
#[derive(Debug)]
pub(crate) struct Columns<'a> {
    /// The balance in front.
    pub(crate) start: Start,
    /// The points.
    pub(crate) curve: Block<'a>,
    /// The trades in the order of their exits.
    pub(crate) trades: Lines<'a>,
    /// What is open at the end.
    pub(crate) open: Vec<OpenPosition>,
    /// All fees charged.
    pub(crate) fees: Sum,
    /// What was traded over the equity.
    pub(crate) turnover: Option<f64>,
}

/// The figures of columns: the same as those of a ledger that has them.
pub(crate) fn metrics_of(
    columns: &Columns<'_>,
    options: &Options,
    scratch: &mut Scratch,
) -> Metrics {
    metrics_of_rows(columns, &[], options, scratch)
}

/// The same where a ledger has two rows for some of the points, which are given in order; its first
/// segment has room for a row of each point.
pub(crate) fn metrics_of_rows(
    columns: &Columns<'_>,
    doubled: &[usize],
    options: &Options,
    scratch: &mut Scratch,
) -> Metrics {
    let rows = columns.curve.len();
    scratch.kept.returns = None;
    let mut running = take(columns, doubled, (options, true), scratch);
    if !scratch.kept.tails.are_enough() {
        running = take(columns, doubled, (options, false), scratch);
    }
    let mut trades = Trades::default();
    trades.take_all(&columns.trades, &mut scratch.trades);
    let ends = running.first.zip(running.last).map(|(first, last)| (first.time, last.time));
    let spans = &mut scratch.spans;
    spans.clear();
    let times = columns.trades.entry_time.iter().zip(columns.trades.exit_time);
    spans.extend(times.map(|(&entry, &exit)| (entry, exit)));
    let open = columns.open.iter().map(|position| position.entry_time).min();
    let whole = Whole {
        tails: scratch.kept.tails.figures(options.confidence),
        returns: None,
        exposed: ends.map_or(0, |ends| joined(spans, open, ends)),
        turnover: columns.turnover,
    };
    let history = History {
        equity: EquityColumns {
            rows,
            gross_exposure: Some(Column::default()),
            net_exposure: Some(Column::default()),
            ..EquityColumns::default()
        },
        fees: Some(columns.fees),
        swaps: Some(Sum::ZERO),
        ..History::default()
    };
    let sources = Sources {
        history: &history,
        options,
        running: &running,
        trades: &trades,
        kept: Some(whole),
        levels: None,
    };
    Metrics::of(sources.figures())
}

fn take(
    columns: &Columns<'_>,
    doubled: &[usize],
    (options, guess): (&Options, bool),
    scratch: &mut Scratch,
) -> Running {
    let curve = &columns.curve;
    let Scratch { blocks, kept, .. } = scratch;
    let mut running = Running::new(options.target_per_period(), Some(columns.start));
    kept.tails.begin(curve.len().saturating_add(1), options.confidence);
    if guess {
        kept.tails.guess_from(curve.len(), std::iter::once(curve.values));
    }
    // In the blocks in which a table of the ledger gives them, the last point by itself.
    let mut from = 0_usize;
    let first = curve.len().checked_next_multiple_of(ROW_MULTIPLE).unwrap_or(usize::MAX);
    let mut rows = Rows { doubled, before: 0, points: curve.len(), first };
    while from < curve.len() {
        let block = curve.slice(from, rows.next(from));
        from = from.saturating_add(block.len());
        if from < curve.len() {
            running.take(&block, blocks, Some(kept));
        } else {
            let settled = block.len().saturating_sub(1);
            running.take(&block.slice(0, settled), blocks, Some(kept));
            running.take(&block.slice(settled, 1), blocks, Some(kept));
        }
    }
    running
}

/// Rows of a table of the ledger, block by block.
struct Rows<'a> {
    /// Points with two rows, from the next one on.
    doubled: &'a [usize],
    /// Rows of the blocks so far.
    before: usize,
    points: usize,
    /// Rows of the first segment.
    first: usize,
}

impl Rows<'_> {
    /// How many points end in the next block, when so many are in those before.
    fn next(&mut self, from: usize) -> usize {
        if self.doubled.is_empty() {
            return BLOCK_ROWS;
        }
        // Blocks end where the first segment does, too.
        let left = self.first.checked_sub(self.before).filter(|&left| left > 0);
        let end = self.before.saturating_add(left.unwrap_or(BLOCK_ROWS).min(BLOCK_ROWS));
        self.before = end;
        // A point ends at the row of its own number and of those before it that have two.
        let (all, mut ends) = (self.doubled, from);
        let past = |point: usize| all.partition_point(|&doubled| doubled <= point);
        while ends < self.points && ends.saturating_add(past(ends)) < end {
            ends = ends.saturating_add(1);
        }
        ends.saturating_sub(from)
    }
}
