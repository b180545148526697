//! Performance metrics over the equity history and the trades (SPEC section 8).
//!
//! Statistics are doubles; money stays exact. What is undefined is `None`, never NaN, infinite or
//! 0.
#![expect(
    clippy::float_arithmetic,
    reason = "statistics, not money: they read the doubles beside the exact columns"
)]

use crate::columns::schema::{EQUITY, TRADES};
use crate::export::{double_money, exact_money, times};
use crate::ledger::Ledger;
use crate::numbers::{Money, Sum};

/// Microseconds of a Julian year (365.25 days).
const MICROSECONDS_PER_YEAR: f64 = 31_557_600_000_000.0;

/// The metrics.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Metrics {
    /// `E_n - E_0 - deposits + withdrawals`, exact.
    pub net_profit: Option<Money>,
    /// `E_n / E_0 - 1`.
    pub total_return: Option<f64>,
    /// Compound growth per calendar year.
    pub cagr: Option<f64>,
    /// The deepest fall from a peak, <= 0.
    pub max_drawdown: Option<f64>,
    /// Annualised mean over standard deviation of the excess returns.
    pub sharpe_ratio: Option<f64>,
    /// Closed trades.
    pub trade_count: usize,
    /// Share of trades with a net result above 0.
    pub win_rate: Option<f64>,
    /// Sum of gains / sum of losses.
    pub profit_factor: Option<f64>,
}

/// Equity at distinct times: the initial balance, then the last row of each time.
struct Curve {
    values: Vec<f64>,
    first_time: i64,
    last_time: i64,
}

impl Ledger {
    /// Computes the metrics. `periods_per_year` is finite and above 0, `risk_free_rate` is annual
    /// and above -1.
    #[must_use]
    pub fn metrics(&self, periods_per_year: f64, risk_free_rate: f64) -> Metrics {
        let mut metrics = Metrics { trade_count: self.tables.trades.len(), ..Metrics::default() };
        let snapshot = self.tables.trades.snapshot();
        let results = exact_money(&snapshot, &TRADES, "net_pnl");
        (metrics.win_rate, metrics.profit_factor) = trade_ratios(&results);
        let equity = self.tables.equity.snapshot();
        let Some(&last) = exact_money(&equity, &EQUITY, "equity").last() else {
            return metrics;
        };
        let initial = self.configuration.initial_balance;
        let last = Money::from_raw(last).ok();
        let gained = last.map(|last| self.account.net_withdrawals.plus(last).minus(initial));
        metrics.net_profit = gained.and_then(|gained| gained.finish().ok());
        let curve = self.curve();
        if !initial.is_positive() {
            return metrics;
        }
        let (first, end) = (initial.to_f64(), curve.values.last().copied().unwrap_or_default());
        metrics.total_return = finite(end / first - 1.0);
        metrics.max_drawdown = Some(max_drawdown(&curve.values));
        let years = span(&curve) / MICROSECONDS_PER_YEAR;
        if years > 0.0 && end > 0.0 {
            metrics.cagr = finite((end / first).powf(1.0 / years) - 1.0);
        }
        metrics.sharpe_ratio = sharpe(&curve.values, periods_per_year, risk_free_rate);
        metrics
    }

    fn curve(&self) -> Curve {
        let equity = self.tables.equity.snapshot();
        let stamps = times(&equity, &EQUITY, "time");
        let doubles = double_money(&equity, &EQUITY, "equity");
        let mut values = Vec::with_capacity(doubles.len().saturating_add(1));
        values.push(self.configuration.initial_balance.to_f64());
        let following = stamps.iter().skip(1).map(Some).chain([None]);
        for ((time, value), next) in stamps.iter().zip(doubles).zip(following) {
            if next != Some(time) {
                values.push(value);
            }
        }
        let last_time = stamps.last().copied().unwrap_or(self.account.first_time);
        Curve { values, first_time: self.account.first_time, last_time }
    }
}

#[expect(
    clippy::as_conversions,
    clippy::cast_precision_loss,
    reason = "a span of at most 9,999 years in microseconds; the double nearest to it is meant"
)]
fn span(curve: &Curve) -> f64 {
    (i128::from(curve.last_time).wrapping_sub(i128::from(curve.first_time))) as f64
}

#[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "counts far below 2^53")]
fn count(items: usize) -> f64 {
    items as f64
}

/// A result beyond the doubles is as undefined as one without a value.
fn finite(value: f64) -> Option<f64> {
    value.is_finite().then_some(value)
}

fn max_drawdown(values: &[f64]) -> f64 {
    let mut peak = f64::MIN;
    let mut worst = 0.0_f64;
    for &value in values {
        peak = peak.max(value);
        worst = worst.min(value / peak - 1.0);
    }
    worst
}

fn sharpe(values: &[f64], periods_per_year: f64, risk_free_rate: f64) -> Option<f64> {
    if values.len() < 3 || values.iter().any(|&value| value <= 0.0) {
        return None;
    }
    let risk_free = (1.0 + risk_free_rate).powf(1.0 / periods_per_year) - 1.0;
    let pairs = values.iter().zip(values.iter().skip(1));
    let returns: Vec<f64> = pairs.map(|(before, after)| after / before - 1.0).collect();
    let lowest = returns.iter().copied().fold(f64::INFINITY, f64::min);
    let highest = returns.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if lowest >= highest {
        return None;
    }
    // Welford's recurrence keeps the digits that a plain sum of squares would lose.
    let (mut seen, mut mean, mut squares) = (0.0, 0.0, 0.0);
    for value in &returns {
        seen += 1.0;
        let off = value - mean;
        mean += off / seen;
        squares += off * (value - mean);
    }
    let deviation = (squares / (seen - 1.0)).sqrt();
    finite((mean - risk_free) / deviation * periods_per_year.sqrt())
}

/// Win rate and profit factor. Sums beyond 38 digits have no ratio.
fn trade_ratios(results: &[i128]) -> (Option<f64>, Option<f64>) {
    if results.is_empty() {
        return (None, None);
    }
    let (mut gains, mut losses) = (Sum::default(), Sum::default());
    for result in results.iter().filter_map(|&result| Money::from_raw(result).ok()) {
        let side = if result.is_positive() { &mut gains } else { &mut losses };
        *side = side.plus(result);
    }
    let wins = results.iter().filter(|&&result| result > 0).count();
    let rate = count(wins) / count(results.len());
    let factor = match (gains.finish(), losses.finish()) {
        (Ok(gains), Ok(losses)) if losses.is_negative() => Some(gains.to_f64() / -losses.to_f64()),
        _ => None,
    };
    (Some(rate), factor)
}
