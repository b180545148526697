//! The metrics of columns that lie side by side, for callers that have no tables.

use super::exposure::joined;
use super::figures::{Sources, Whole};
use super::running::Running;
use super::trades::Lines;
use super::{Metrics, Options, Scratch, Trades};
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
    let rows = columns.curve.len();
    scratch.kept.returns = None;
    let mut running = take(columns, options, true, scratch);
    if !scratch.kept.tails.are_enough() {
        running = take(columns, options, false, scratch);
    }
    let mut trades = Trades::default();
    trades.take_all(&columns.trades, &mut scratch.trades);
    let ends = running.first.zip(running.last).map(|(first, last)| (first.time, last.time));
    let Lines { entry_time, exit_time, .. } = columns.trades;
    let spans = entry_time.iter().copied().zip(exit_time.iter().copied()).rev();
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

fn take(columns: &Columns<'_>, options: &Options, guess: bool, scratch: &mut Scratch) -> Running {
    let curve = &columns.curve;
    let Scratch { blocks, kept, .. } = scratch;
    let mut running = Running::new(options.target_per_period(), Some(columns.start));
    kept.tails.begin(curve.len().saturating_add(1), options.confidence);
    if guess {
        kept.tails.guess_from(curve.len(), std::iter::once(curve.values));
    }
    // In the blocks in which a table of the ledger gives them, the last point by itself.
    let mut from = 0_usize;
    while from < curve.len() {
        let block = curve.slice(from, BLOCK_ROWS);
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
