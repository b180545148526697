//! A curve against a benchmark.

use super::moments::{Moments, Pairs};
use super::sums::{Total, block_count};
use super::{Options, count, finite, log_ratio};

/// Figures of returns `r` beside those of a benchmark `b`.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Relative {
    /// Slope of r on b.
    pub beta: Option<f64>,
    /// Jensen's alpha, annualised.
    pub alpha: Option<f64>,
    /// Pearson.
    pub correlation: Option<f64>,
    /// Its square.
    pub r_squared: Option<f64>,
    /// Deviation of r - b, annualised.
    pub tracking_error: Option<f64>,
    /// Mean over deviation of r - b, annualised.
    pub information_ratio: Option<f64>,
    /// Growth while b rose, over its own.
    pub up_capture: Option<f64>,
    /// Growth while b fell, over its own.
    pub down_capture: Option<f64>,
    /// The one over the other.
    pub up_down_capture_ratio: Option<f64>,
    /// Share of the periods with r > b.
    pub batting_average: Option<f64>,
    /// Growth of the benchmark per year by periods.
    pub benchmark_annual: Option<f64>,
}

/// Compares returns with the levels of a benchmark at the same points, `b_0` included.
#[must_use]
pub fn compare(returns: &[f64], levels: &[f64], options: &Options) -> Relative {
    let steps = levels.iter().zip(levels.iter().skip(1));
    let benchmark: Vec<f64> = steps.map(|(before, after)| after / before - 1.0).collect();
    let (mut pairs, mut apart) = (Pairs::default(), Moments::default());
    let mut better = 0_usize;
    for (r, b) in returns.chunks(1_024).zip(benchmark.chunks(1_024)) {
        pairs.merge(&Pairs::of(r, b));
        let differences: Vec<f64> = r.iter().zip(b).map(|(r, b)| r - b).collect();
        apart.merge(&Moments::of(&differences));
        better = better.saturating_add(block_count(&differences, |one| one > 0.0));
    }
    let year = options.periods_per_year;
    let free = options.risk_free_per_period();
    let beta = pairs.slope_on_right();
    let excess = |beta: f64| pairs.mean_left() - free - beta * (pairs.mean_right() - free);
    let deviation = apart.deviation();
    let steady = deviation.filter(|_| !apart.is_flat());
    let capture = |rising| capture(returns, &benchmark, year, rising);
    let (up, down) = (capture(true), capture(false));
    let correlation = pairs.correlation();
    let ends = levels.first().zip(levels.last());
    let growth = ends.map(|(first, last)| log_ratio(*last, *first));
    let periods = count(benchmark.len());
    let some = !benchmark.is_empty();
    Relative {
        beta,
        alpha: beta.and_then(|beta| finite((excess(beta).ln_1p() * year).exp_m1())),
        correlation,
        r_squared: correlation.map(|one| one * one),
        tracking_error: deviation.and_then(|one| finite(one * year.sqrt())),
        information_ratio: steady.and_then(|one| finite(apart.mean / one * year.sqrt())),
        up_capture: up,
        down_capture: down,
        up_down_capture_ratio: up
            .zip(down.filter(|&down| down != 0.0))
            .and_then(|(up, down)| finite(up / down)),
        batting_average: if some { finite(count(better) / periods) } else { None },
        benchmark_annual: growth
            .filter(|_| some)
            .and_then(|growth| finite((growth * (year / periods)).exp_m1())),
    }
}

/// Annualised geometric growth over the periods in which the benchmark rose (or fell), over the
/// benchmark's own.
fn capture(returns: &[f64], benchmark: &[f64], year: f64, rising: bool) -> Option<f64> {
    let (mut own, mut other, mut seen) = (Total::default(), Total::default(), 0_usize);
    let mut lost = false;
    for (&r, &b) in returns.iter().zip(benchmark) {
        if (rising && b > 0.0) || (!rising && b < 0.0) {
            lost |= r <= -1.0;
            own.add(if r > -1.0 { r.ln_1p() } else { 0.0 });
            other.add(b.ln_1p());
            seen = seen.saturating_add(1);
        }
    }
    if seen == 0 {
        return None;
    }
    let scale = year / count(seen);
    let annual = |sum: Total| (sum.get() * scale).exp_m1();
    // A return that rounds to -1 leaves nothing of what was there.
    let own_growth = if lost { -1.0 } else { finite(annual(own))? };
    finite(own_growth / finite(annual(other)).filter(|&growth| growth != 0.0)?)
}
