//! Statistics of the returns in a window that slides over them, each in the same time whatever the
//! window.
//!
//! Returns are cut into blocks as long as the window, so a window is the end of one block and the
//! beginning of the next. What is known of all ends of a block and of the beginning so far is
//! merged. Nothing is ever taken off a sum again, so no error of an earlier window stays behind.

use arrow_array::Float64Array;
use arrow_array::builder::Float64Builder;

use super::{Columns, TableError, count, finite, times};
use crate::columns::schema::View;
use crate::export::TableSnapshot;
use crate::history::{Curve, History, Resample};

/// A statistic of a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RollingMetric {
    /// Mean of the returns.
    MeanReturn,
    /// From the point before the window to its last.
    TotalReturn,
    /// Annualised standard deviation.
    Volatility,
    /// Annualised root of the mean square below the target.
    DownsideDeviation,
    /// Annualised mean above the risk-free rate over the standard deviation.
    SharpeRatio,
    /// Annualised mean above the target over the downside deviation.
    SortinoRatio,
    /// The highest return.
    BestReturn,
    /// The lowest return.
    WorstReturn,
}

impl RollingMetric {
    /// All of them, by name.
    pub const ALL: [(&'static str, Self); 8] = [
        ("mean_return", Self::MeanReturn),
        ("total_return", Self::TotalReturn),
        ("volatility", Self::Volatility),
        ("downside_deviation", Self::DownsideDeviation),
        ("sharpe_ratio", Self::SharpeRatio),
        ("sortino_ratio", Self::SortinoRatio),
        ("best_return", Self::BestReturn),
        ("worst_return", Self::WorstReturn),
    ];

    /// The metric of a name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(other, _)| *other == name).map(|(_, metric)| *metric)
    }

    /// The name of the metric.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(_, other)| *other == self).map_or("", |(name, _)| name)
    }
}

/// What a rolling table is made of.
#[derive(Debug, Clone, PartialEq)]
pub struct RollingOptions {
    /// Returns in a window, at least 2.
    pub window: usize,
    /// The columns in order.
    pub metrics: Vec<RollingMetric>,
    /// How the curve is thinned.
    pub resample: Resample,
    /// Periods of a year, finite and above 0.
    pub periods_per_year: f64,
    /// The risk-free rate of a period.
    pub risk_free_per_period: f64,
    /// The minimum acceptable return of a period.
    pub mar_per_period: f64,
    /// What the downside deviation measures from, as a return of a period.
    pub downside_per_period: f64,
}

/// What is known of a run of returns.
#[derive(Debug, Clone, Copy)]
struct Run {
    seen: u64,
    mean: f64,
    /// Sum of the squared distances from the mean.
    squares: f64,
    lowest: f64,
    highest: f64,
    /// How many are below the target, and the sum of their squared distances from it.
    below: u64,
    below_squares: f64,
    /// The same sum from what the downside deviation measures from.
    downside_squares: f64,
}

impl History {
    /// A row for each return: its time, and each metric over the window that ends there; null
    /// before the first whole window, where a metric is not defined, and throughout when some
    /// equity is 0 or less.
    ///
    /// # Errors
    /// [`TableError::Arrow`], which is a bug.
    ///
    /// # Examples
    /// ```
    /// use portfolio_core::analysis::{RollingMetric, RollingOptions};
    /// use portfolio_core::history::{History, Resample};
    ///
    /// let options = RollingOptions {
    ///     window: 20,
    ///     metrics: vec![RollingMetric::Volatility],
    ///     resample: Resample::Day,
    ///     periods_per_year: 252.0,
    ///     risk_free_per_period: 0.0,
    ///     mar_per_period: 0.0,
    ///     downside_per_period: 0.0,
    /// };
    /// let table = History::default().rolling_metrics(&options)?;
    /// assert_eq!((table.rows, table.schema.field(1).name().as_str()), (0, "volatility"));
    /// # Ok::<(), portfolio_core::analysis::TableError>(())
    /// ```
    pub fn rolling_metrics(&self, options: &RollingOptions) -> Result<TableSnapshot, TableError> {
        let curve = self.curve(options.resample);
        let after_start = curve.times.get(1..).unwrap_or_default();
        let stamps = times(after_start.iter().copied().map(Some));
        let table = Columns::new("rolling_metrics", View::Float).filled("time", stamps);
        let columns = rolling(&curve, options).into_iter().zip(&options.metrics);
        let add = |table: Columns, (column, metric): (Float64Array, &RollingMetric)| {
            table.nullable(metric.name(), column)
        };
        columns.fold(table, add).finish()
    }
}

/// The columns of the metrics.
fn rolling(curve: &Curve, options: &RollingOptions) -> Vec<Float64Array> {
    let values = curve.values.as_slice();
    let after = values.get(1..).unwrap_or_default();
    let (rows, window) = (after.len(), options.window.max(1));
    let mut columns: Vec<Float64Builder> =
        options.metrics.iter().map(|_| Float64Builder::with_capacity(rows)).collect();
    let ruined = values.iter().any(|&value| value <= 0.0);
    let empty = if ruined { rows } else { rows.min(window.saturating_sub(1)) };
    for column in &mut columns {
        column.append_nulls(empty);
    }
    if empty < rows {
        let returns: Vec<f64> =
            values.iter().zip(after).map(|(before, after)| after / before - 1.0).collect();
        let ends = values.iter().zip(values.iter().skip(window));
        let year = options.periods_per_year.sqrt();
        let mut totals = ends.map(|(before, last)| last / before - 1.0);
        let targets = (options.mar_per_period, options.downside_per_period);
        runs(&returns, window, targets, |run| {
            let total = totals.next().unwrap_or(f64::NAN);
            for (column, metric) in columns.iter_mut().zip(&options.metrics) {
                column.append_option(run.metric(*metric, total, options, year));
            }
        });
    }
    columns.iter_mut().map(Float64Builder::finish).collect()
}

/// Hands out what is known of each whole window, in order.
fn runs(returns: &[f64], window: usize, targets: (f64, f64), mut take: impl FnMut(&Run)) {
    // The runs from each return of the block before to its end.
    let mut ends = vec![Run::EMPTY; window];
    let mut blocks = returns.chunks(window).peekable();
    let mut first = true;
    while let Some(block) = blocks.next() {
        let mut beginning = Run::EMPTY;
        // The window that ends at a return begins one return behind its place in the block before.
        let before = ends.iter().skip(1).chain([&Run::EMPTY]);
        for (&value, end) in block.iter().zip(before) {
            beginning.add(value, targets);
            if !first || beginning.seen == whole(window) {
                take(&end.merged(&beginning));
            }
        }
        first = false;
        if blocks.peek().is_some() {
            let mut end = Run::EMPTY;
            for (&value, known) in block.iter().zip(&mut ends).rev() {
                end.add(value, targets);
                *known = end;
            }
        }
    }
}

fn whole(window: usize) -> u64 {
    u64::try_from(window).unwrap_or(u64::MAX)
}

impl Run {
    const EMPTY: Self = Self {
        seen: 0,
        mean: 0.0,
        squares: 0.0,
        lowest: f64::INFINITY,
        highest: f64::NEG_INFINITY,
        below: 0,
        below_squares: 0.0,
        downside_squares: 0.0,
    };

    /// Welford's recurrence keeps the digits that a plain sum of squares would lose.
    #[inline]
    fn add(&mut self, value: f64, (target, downside): (f64, f64)) {
        self.seen = self.seen.wrapping_add(1);
        let apart = value - self.mean;
        self.mean += apart / count(self.seen);
        self.squares += apart * (value - self.mean);
        self.lowest = self.lowest.min(value);
        self.highest = self.highest.max(value);
        let short = (value - target).min(0.0);
        self.below = self.below.wrapping_add(u64::from(value < target));
        self.below_squares += short * short;
        let fall = (value - downside).min(0.0);
        self.downside_squares += fall * fall;
    }

    /// Both runs as one (Chan, Golub and `LeVeque` 1983).
    #[inline]
    fn merged(&self, other: &Self) -> Self {
        if self.seen == 0 {
            return *other;
        }
        let (left, right) = (count(self.seen), count(other.seen));
        let (apart, share) = (other.mean - self.mean, right / (left + right));
        Self {
            seen: self.seen.wrapping_add(other.seen),
            mean: self.mean + apart * share,
            squares: self.squares + other.squares + apart * apart * left * share,
            lowest: self.lowest.min(other.lowest),
            highest: self.highest.max(other.highest),
            below: self.below.wrapping_add(other.below),
            below_squares: self.below_squares + other.below_squares,
            downside_squares: self.downside_squares + other.downside_squares,
        }
    }

    fn is_flat(&self) -> bool {
        self.lowest >= self.highest
    }

    /// The mean of equal values is that value.
    fn mean(&self) -> f64 {
        if self.is_flat() { self.lowest } else { self.mean }
    }

    fn deviation(&self) -> f64 {
        if self.is_flat() { 0.0 } else { (self.squares / (count(self.seen) - 1.0)).sqrt() }
    }

    fn root_mean(&self, squares: f64) -> f64 {
        (squares / count(self.seen)).sqrt()
    }

    /// A metric; `year` is the root of the periods of a year.
    #[inline]
    fn metric(
        &self,
        metric: RollingMetric,
        total: f64,
        options: &RollingOptions,
        year: f64,
    ) -> Option<f64> {
        let value = match metric {
            RollingMetric::MeanReturn => self.mean(),
            RollingMetric::TotalReturn => total,
            RollingMetric::Volatility => self.deviation() * year,
            RollingMetric::DownsideDeviation => self.root_mean(self.downside_squares) * year,
            RollingMetric::SharpeRatio if self.is_flat() => return None,
            RollingMetric::SharpeRatio => {
                (self.mean() - options.risk_free_per_period) / self.deviation() * year
            }
            RollingMetric::SortinoRatio if self.below == 0 => return None,
            RollingMetric::SortinoRatio => {
                let lacking = self.root_mean(self.below_squares);
                (self.mean() - options.mar_per_period) / lacking * year
            }
            RollingMetric::BestReturn => self.highest,
            RollingMetric::WorstReturn => self.lowest,
        };
        finite(value)
    }
}
