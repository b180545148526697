//! Performance metrics of a history (SPEC section 8): one pass over the curve, one over the trades.
//!
//! Statistics are doubles; money stays exact. What is undefined is `None`, never NaN, infinite or
//! 0. Reading order: [`Running`] takes the points of the curve, [`Trades`] the trades; `figures`
//! turns both into the catalogue; [`tail`] has what needs all values at once, [`relative`] what
//! needs a benchmark.
#![expect(
    clippy::float_arithmetic,
    reason = "statistics, not money: they read the doubles beside the exact columns"
)]

mod columns;
pub mod drawdown;
pub mod episodes;
mod exact;
pub mod exposure;
mod figures;
mod kinds;
mod lanes;
mod live;
pub mod moments;
pub mod months;
mod normal;
mod order;
mod outcomes;
pub mod relative;
pub mod running;
mod series;
mod sift;
pub mod sums;
pub mod tail;
pub mod trades;

pub(crate) use columns::{Columns, metrics_of};
pub use kinds::Kind;
pub(crate) use lanes::level;
pub use live::Live;
pub use running::Running;
pub use trades::Trades;

use std::sync::OnceLock;

use crate::history::{Benchmark, History, Resample};
use crate::numbers::{Money, mul_div_half_even};
use running::Kept;

/// What the metrics depend on besides the history.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// Periods of a year, finite and above 0.
    pub periods_per_year: f64,
    /// Annual effective rate, finite and above -1.
    pub risk_free_rate: f64,
    /// Annual minimum acceptable return, finite and above -1; `None` is the risk-free rate (and 0
    /// for the downside deviation).
    pub minimum_return: Option<f64>,
    /// The share of the worst, above 0 and below 1.
    pub confidence: f64,
    /// How the curve is thinned.
    pub resample: Resample,
    /// Annualised Sharpe ratios of all trials, for the deflated one.
    pub trials: Option<Vec<f64>>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            periods_per_year: 252.0,
            risk_free_rate: 0.0,
            minimum_return: None,
            confidence: 0.05,
            resample: Resample::None,
            trials: None,
        }
    }
}

impl Options {
    /// The risk-free rate of a period.
    #[must_use]
    pub fn risk_free_per_period(&self) -> f64 {
        per_period(self.risk_free_rate, self.periods_per_year)
    }

    /// The minimum acceptable return of a period.
    #[must_use]
    pub fn target_per_period(&self) -> f64 {
        per_period(self.minimum_return.unwrap_or(self.risk_free_rate), self.periods_per_year)
    }
}

/// An annual effective rate as one of a period.
#[must_use]
pub fn per_period(rate: f64, periods: f64) -> f64 {
    (rate.ln_1p() / periods).exp_m1()
}

/// A metric.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value {
    /// Exact money.
    Money(Money),
    /// A statistic.
    Float(f64),
    /// A count.
    Count(usize),
    /// Microseconds since the epoch.
    Time(i64),
    /// Microseconds.
    Duration(i64),
    /// Yes or no.
    Flag(bool),
}

/// The metrics in the order of the catalogue; what is not defined is `None`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Metrics(Vec<(&'static str, Option<Value>)>);

/// The metrics that need a benchmark.
const RELATIVE: [&str; 12] = [
    "beta",
    "alpha",
    "correlation",
    "r_squared",
    "tracking_error",
    "information_ratio",
    "treynor_ratio",
    "up_capture",
    "down_capture",
    "up_down_capture_ratio",
    "batting_average",
    "active_return",
];

impl Metrics {
    fn of(entries: Vec<(&'static str, Option<Value>)>) -> Self {
        Self(entries)
    }

    /// Names and values in order.
    #[must_use]
    pub fn entries(&self) -> &[(&'static str, Option<Value>)] {
        &self.0
    }

    /// All names in order.
    pub fn names() -> impl Iterator<Item = &'static str> {
        static NAMES: OnceLock<Vec<&'static str>> = OnceLock::new();
        let all = || metrics(&History::default(), &Options::default(), None);
        let names = NAMES.get_or_init(|| all().0.iter().map(|(name, _)| *name).collect());
        names.iter().copied()
    }

    /// A metric by name; the outer `None` means that there is no such metric.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<Option<Value>> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
    }
}

/// Memory that figures need, kept by callers that ask for those of many histories.
#[derive(Debug, Default)]
pub struct Scratch {
    blocks: running::Scratch,
    kept: Kept,
    trades: trades::Scratch,
    spans: Vec<(i64, i64)>,
}

/// The figures of a history, all of them.
#[must_use]
pub fn metrics(history: &History, options: &Options, benchmark: Option<&Benchmark>) -> Metrics {
    metrics_with(history, options, benchmark, &mut Scratch::default())
}

/// The same with memory that is there already.
#[must_use]
pub fn metrics_with(
    history: &History,
    options: &Options,
    benchmark: Option<&Benchmark>,
    scratch: &mut Scratch,
) -> Metrics {
    let Scratch { blocks, kept, trades: columns, spans } = scratch;
    kept.returns = benchmark.map(|_| Vec::with_capacity(history.equity.rows));
    let mut running = run(history, options, true, (blocks, kept));
    if !kept.tails.are_enough() {
        // A curve that a few points of it do not tell of.
        running = run(history, options, false, (blocks, kept));
    }
    let mut trades = Trades::default();
    trades.take(&history.trades, columns);
    let ends = running.first.zip(running.last).map(|(first, last)| (first.time, last.time));
    let whole = figures::Whole {
        tails: kept.tails.figures(options.confidence),
        returns: kept.returns.as_deref(),
        exposed: ends.map_or(0, |ends| exposure::time_exposed(history, ends, spans)),
        turnover: ends.and_then(|(_, last)| exposure::turnover(history, options.resample, last)),
    };
    let levels = benchmark.map(|benchmark| levels(history, options, benchmark));
    let sources = figures::Sources {
        history,
        options,
        running: &running,
        trades: &trades,
        kept: Some(whole),
        levels: levels.as_deref(),
    };
    Metrics::of(sources.figures())
}

/// Takes all points; with a guess of where the tails begin, or without.
fn run(
    history: &History,
    options: &Options,
    guess: bool,
    (blocks, kept): (&mut running::Scratch, &mut Kept),
) -> Running {
    let rows = history.equity.rows;
    let mut running = Running::new(options.target_per_period(), history.start.filter(|_| rows > 0));
    kept.tails.begin(rows.saturating_add(1), options.confidence);
    if guess && options.resample == Resample::None {
        kept.tails.guess(history);
    }
    if let Some(returns) = &mut kept.returns {
        returns.clear();
    }
    history.points(options.resample, 0, |block, _| {
        running.take(&block, blocks, Some(kept));
    });
    running
}

/// The benchmark at each point.
fn levels(history: &History, options: &Options, benchmark: &Benchmark) -> Vec<f64> {
    let rows = history.equity.rows;
    let mut cursor = benchmark.cursor();
    let mut levels = Vec::with_capacity(rows.saturating_add(1));
    let start = history.start.filter(|_| rows > 0);
    levels.extend(start.and_then(|start| cursor.at(start.time)));
    history.points(options.resample, 0, |block, _| {
        levels.extend(block.times.iter().filter_map(|&time| cursor.at(time)));
    });
    levels
}

#[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "counts far below 2^53")]
fn count(items: usize) -> f64 {
    items as f64
}

/// A span of at most 9,999 years in microseconds.
#[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "the nearest double")]
fn span(microseconds: i128) -> f64 {
    microseconds as f64
}

/// The logarithm of how many times a start a value above 0 is, with all digits of small changes.
fn log_ratio(value: f64, start: f64) -> f64 {
    let ratio = value / start;
    if ratio > 0.5 && ratio < 2.0 { ((value - start) / start).ln_1p() } else { ratio.ln() }
}

/// A result beyond the doubles is as undefined as one without a value.
#[inline]
pub(crate) fn finite(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}

/// A statistic as a metric.
fn float(value: Option<f64>) -> Option<Value> {
    value.and_then(finite).map(Value::Float)
}

/// A quotient; none of nothing, or by 0.
fn divided(left: Option<f64>, right: Option<f64>) -> Option<f64> {
    finite(left? / right.filter(|right| *right != 0.0)?)
}

/// The mean of so many durations, rounded half-even; none of nothing.
fn mean_duration(sum: i128, items: usize) -> Option<Value> {
    let items = i128::try_from(items).ok().filter(|&items| items > 0)?;
    let mean = mul_div_half_even(sum, 1, items).ok()?;
    i64::try_from(mean).ok().map(Value::Duration)
}
