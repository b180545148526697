//! From sums to the catalogue of metrics, group by group, in its order.

use super::moments::Moments;
use super::relative::compare;
use super::running::Running;
use super::tail::TailFigures;
use super::trades::Trades;
use super::{Options, Value, count, divided, finite, float, log_ratio, normal, span};
use crate::history::History;
use crate::numbers::{Money, Sum};

/// Microseconds of a Julian year (365.25 days).
const YEAR: i128 = 31_557_600_000_000;
/// Euler's constant.
const EULER_GAMMA: f64 = 0.577_215_664_901_532_9;

/// What only the whole history gives.
#[derive(Clone, Copy)]
pub(super) struct Whole<'a> {
    pub(super) tails: TailFigures,
    pub(super) returns: Option<&'a [f64]>,
    /// Microseconds with an open position.
    pub(super) exposed: i128,
    pub(super) turnover: Option<f64>,
}

/// What figures are made of.
pub(super) struct Sources<'a> {
    pub(super) history: &'a History,
    pub(super) options: &'a Options,
    pub(super) running: &'a Running,
    pub(super) trades: &'a Trades,
    /// Nothing when only figures are wanted that grow point by point.
    pub(super) kept: Option<Whole<'a>>,
    pub(super) levels: Option<&'a [f64]>,
}

type Entries = Vec<(&'static str, Option<Value>)>;

impl Sources<'_> {
    pub(super) fn figures(&self) -> Entries {
        let mut entries = Vec::with_capacity(128);
        self.sample(&mut entries);
        self.returns(&mut entries);
        self.risk(&mut entries);
        self.drawdown(&mut entries);
        self.trades.figures(&mut |name, value| entries.push((name, value)));
        self.benchmark(&mut entries);
        self.exposure(&mut entries);
        entries
    }

    /// Microseconds from the first point to the last.
    fn length(&self) -> Option<i128> {
        let (first, last) = self.running.first.zip(self.running.last)?;
        Some(i128::from(last.time).saturating_sub(i128::from(first.time)))
    }

    /// Figures of single returns: none without one, and none after a ruin.
    fn sound(&self) -> Option<&Moments> {
        let running = self.running;
        if running.ruined || running.periods == 0 { None } else { Some(&running.returns) }
    }

    fn sample(&self, entries: &mut Entries) {
        let Running { first, last, periods, ruined, .. } = self.running;
        let short = self.length().is_some_and(|length| length < YEAR);
        let money = |raw: i128| Money::from_raw(raw).ok().map(Value::Money);
        entries.extend([
            ("start_time", first.map(|point| Value::Time(point.time))),
            ("end_time", last.map(|point| Value::Time(point.time))),
            ("period_count", Some(Value::Count(*periods))),
            ("initial_equity", first.and_then(|point| money(point.exact))),
            ("final_equity", last.and_then(|point| money(point.exact))),
            ("ruined", Some(Value::Flag(*ruined))),
            ("short_sample", Some(Value::Flag(short))),
        ]);
    }

    /// `E_n / E_0` of a start above 0.
    fn growth(&self) -> Option<f64> {
        let (first, last) = self.running.first.zip(self.running.last)?;
        if self.running.periods == 0 || first.value <= 0.0 {
            return None;
        }
        finite(last.value / first.value)
    }

    /// Change of equity without deposits and withdrawals.
    fn net_profit(&self) -> Option<Money> {
        let (first, last) = self.running.first.zip(self.running.last)?;
        if self.running.periods == 0 {
            return None;
        }
        let (first, last) = (Money::from_raw(first.exact).ok()?, Money::from_raw(last.exact).ok()?);
        self.history.net_withdrawals.plus(last).minus(first).finish().ok()
    }

    fn compounded(&self, exponent: f64) -> Option<f64> {
        let (first, last) = self.running.first.zip(self.running.last)?;
        self.growth().filter(|&growth| growth > 0.0)?;
        finite((log_ratio(last.value, first.value) * exponent).exp_m1())
    }

    fn years(&self) -> Option<f64> {
        let length = self.length().filter(|&length| length > 0)?;
        Some(span(length) / span(YEAR))
    }

    fn cagr(&self) -> Option<f64> {
        self.compounded(1.0 / self.years()?)
    }

    fn annualized_return(&self) -> Option<f64> {
        self.compounded(self.options.periods_per_year / count(self.running.periods))
    }

    fn returns(&self, entries: &mut Entries) {
        let running = self.running;
        let sound = self.sound();
        let size = count(running.periods);
        let of = |pick: fn(&Moments) -> f64| sound.map(pick);
        let mean = |(seen, sum): (usize, super::sums::Total)| {
            sound.filter(|_| seen > 0).map(|_| sum.get() / count(seen))
        };
        let months = sound.map(|_| running.months.figures());
        let share = months.map(|months| count(months.positive) / count(months.seen));
        let trend = sound.and_then(|_| running.trend.correlation());
        entries.extend([
            ("total_return", float(self.growth().map(|growth| growth - 1.0))),
            ("net_profit", self.net_profit().map(Value::Money)),
            ("cagr", float(self.cagr())),
            ("annualized_return", float(self.annualized_return())),
            ("mean_return", float(of(|moments| moments.mean))),
            ("geometric_mean_return", float(self.compounded(1.0 / size))),
            ("best_return", float(of(|moments| moments.highest))),
            ("worst_return", float(of(|moments| moments.lowest))),
            ("positive_period_ratio", float(sound.map(|_| count(running.gains.0) / size))),
            ("average_positive_return", float(mean(running.gains))),
            ("average_negative_return", float(mean(running.losses))),
            ("best_month", float(months.map(|months| months.best))),
            ("worst_month", float(months.map(|months| months.worst))),
            ("positive_month_ratio", float(share)),
            ("stability", float(trend.map(|trend| trend * trend))),
        ]);
    }

    fn risk(&self, entries: &mut Entries) {
        let running = self.running;
        let sound = self.sound();
        let size = count(running.periods);
        let root = self.options.periods_per_year.sqrt();
        let mean = sound.map(|moments| moments.mean);
        let root_mean = |squares: super::sums::Total| sound.map(|_| (squares.get() / size).sqrt());
        let lacking = root_mean(running.lack_squares);
        let downside = match self.options.minimum_return {
            Some(_) => lacking,
            None => root_mean(running.loss_squares),
        };
        let above = mean.map(|mean| mean - self.options.target_per_period());
        let short = sound.filter(|_| running.short > 0);
        let sortino = divided(above, short.and(lacking)).map(|ratio| ratio * root);
        let lacks = short.map(|_| running.lacks.get());
        let months = sound.map(|_| running.months.figures());
        let pain = months.map(|months| -months.losses.get());
        let sharpe = Sharpe::of(self);
        let annual = |one: Option<f64>| float(one.map(|one| one * root));
        entries.extend([
            ("volatility", annual(sound.and_then(Moments::deviation))),
            ("downside_deviation", annual(downside)),
            ("skewness", float(sound.and_then(Moments::skewness))),
            ("excess_kurtosis", float(sound.and_then(Moments::excess_kurtosis))),
            ("sharpe_ratio", annual(sharpe.ratio)),
            ("sharpe_ratio_std_error", annual(sharpe.error())),
            ("probabilistic_sharpe_ratio", float(sharpe.above(0.0))),
            ("deflated_sharpe_ratio", float(sharpe.deflated(self.options))),
            ("minimum_track_record_length", float(sharpe.record(self.options.confidence))),
            ("sortino_ratio", float(sortino)),
            ("omega_ratio", float(divided(sound.map(|_| running.surpluses.get()), lacks))),
            ("gain_to_pain_ratio", float(divided(months.map(|one| one.sum.get()), pain))),
        ]);
        self.tails(entries);
        let neighbours = sound.filter(|_| running.periods >= 3);
        let related = neighbours.and_then(|_| running.neighbours.correlation());
        entries.push(("autocorrelation", float(related)));
    }

    fn tails(&self, entries: &mut Entries) {
        let Some(kept) = self.kept else { return };
        let tails = self.sound().map(|_| kept.tails).unwrap_or_default();
        let ratio = divided(tails.upper.map(f64::abs), tails.quantile.map(f64::abs));
        entries.extend([
            ("value_at_risk", float(tails.quantile)),
            ("expected_shortfall", float(tails.mean)),
            ("tail_ratio", float(ratio)),
        ]);
    }

    fn drawdown(&self, entries: &mut Entries) {
        let rising = self.running.first.is_some_and(|first| first.value > 0.0);
        let drawdowns = self.running.drawdowns.as_ref();
        let amount = drawdowns.and_then(super::drawdown::Drawdowns::amount);
        let results = drawdowns.filter(|_| rising).map(super::drawdown::Drawdowns::results);
        let all = results.as_ref();
        let ulcer = all.and_then(|all| all.ulcer);
        let fall = all.map(|all| -all.deepest);
        let excess = self.cagr().map(|cagr| cagr - self.options.risk_free_rate);
        let lost = amount.filter(|amount| amount.is_positive()).map(Money::to_f64);
        let recovery = divided(self.net_profit().map(Money::to_f64), lost);
        entries.extend([
            ("max_drawdown", float(all.map(|all| all.deepest))),
            ("max_drawdown_amount", amount.map(Value::Money)),
            ("current_drawdown", float(all.map(|all| all.current))),
            ("drawdown_count", Some(Value::Count(all.map_or(0, |all| all.ended)))),
            ("average_drawdown", float(all.and_then(|all| all.average))),
            ("max_drawdown_duration", all.and_then(|all| all.longest)),
            ("average_drawdown_duration", all.and_then(|all| all.average_duration)),
            ("max_drawdown_peak_time", all.and_then(|all| all.peak_time)),
            ("max_drawdown_valley_time", all.and_then(|all| all.valley_time)),
            ("max_drawdown_recovery_time", all.and_then(|all| all.recovery_time)),
            ("time_under_water", float(all.and_then(|all| all.under_water))),
            ("pain_index", float(all.and_then(|all| all.pain))),
            ("ulcer_index", float(ulcer)),
        ]);
        if let Some(kept) = self.kept {
            let mean = all.and(kept.tails.falls);
            entries.push(("conditional_drawdown_at_risk", float(mean)));
        }
        entries.extend([
            ("calmar_ratio", float(divided(self.cagr(), fall))),
            ("martin_ratio", float(divided(excess, ulcer))),
            ("recovery_factor", float(recovery)),
        ]);
    }

    fn benchmark(&self, entries: &mut Entries) {
        let returns = self.kept.and_then(|kept| kept.returns);
        let both = self.sound().and(returns).zip(self.levels);
        let found = both.map(|(returns, levels)| compare(returns, levels, self.options));
        let found = found.unwrap_or_default();
        let annual = self.sound().and_then(|_| self.annualized_return());
        let excess = annual.map(|annual| annual - self.options.risk_free_rate);
        let active = annual.zip(found.benchmark_annual).map(|(own, other)| own - other);
        entries.extend([
            ("beta", float(found.beta)),
            ("alpha", float(found.alpha)),
            ("correlation", float(found.correlation)),
            ("r_squared", float(found.r_squared)),
            ("tracking_error", float(found.tracking_error)),
            ("information_ratio", float(found.information_ratio)),
            ("treynor_ratio", float(divided(excess, found.beta))),
            ("up_capture", float(found.up_capture)),
            ("down_capture", float(found.down_capture)),
            ("up_down_capture_ratio", float(found.up_down_capture_ratio)),
            ("batting_average", float(found.batting_average)),
            ("active_return", float(active)),
        ]);
    }

    fn exposure(&self, entries: &mut Entries) {
        let (running, equity) = (self.running, &self.history.equity);
        let sums = &running.exposure;
        let sound = !running.ruined && running.first.is_some();
        let points = count(running.periods) + 1.0;
        let gross = equity.gross_exposure.as_ref().filter(|_| sound);
        let net = equity.net_exposure.as_ref().filter(|_| sound);
        if let Some(kept) = self.kept {
            let length = self.length().filter(|&length| length > 0);
            let share = length.map(|length| span(kept.exposed) / span(length));
            entries.push(("exposure_time", float(share)));
        }
        entries.extend([
            ("average_gross_exposure", float(gross.map(|_| sums.gross.get() / points))),
            ("max_gross_exposure", float(gross.map(|_| sums.highest))),
            ("average_net_exposure", float(net.map(|_| sums.net.get() / points))),
        ]);
        if let Some(kept) = self.kept {
            let turnover = kept.turnover.filter(|_| sound);
            entries.push(("turnover", float(turnover)));
            entries.push(("annualized_turnover", float(divided(turnover, self.years()))));
        }
        let fees = self.history.fees.or_else(|| self.trades.fees());
        let fees = fees.and_then(|fees: Sum| fees.finish().ok());
        let swaps = self.history.swaps.unwrap_or(self.trades.swaps()).finish().ok();
        let slippage = self.trades.slippage().and_then(|sum| sum.finish().ok());
        let costs = fees.zip(swaps).and_then(|(fees, swaps)| fees.checked_sub(swaps).ok());
        let costs = divided(costs.map(Money::to_f64), self.trades.gross_gains());
        entries.extend([
            ("total_commission", fees.map(Value::Money)),
            ("total_swap", swaps.map(Value::Money)),
            ("total_slippage", slippage.map(Value::Money)),
            ("cost_ratio", float(costs)),
        ]);
    }
}

/// The Sharpe ratio of a period, and how sure it is (Lo 2002, Mertens 2002, Bailey and Lopez de
/// Prado 2012 and 2014).
struct Sharpe {
    ratio: Option<f64>,
    /// Variance of the ratio times n - 1.
    spread: Option<f64>,
    periods: f64,
}

impl Sharpe {
    fn of(sources: &Sources<'_>) -> Self {
        let sound = sources.sound().filter(|moments| !moments.is_flat());
        let free = sources.options.risk_free_per_period();
        let excess = sound.map(|moments| moments.mean - free);
        let ratio = divided(excess, sound.and_then(Moments::deviation));
        let shape = sound.filter(|moments| moments.seen >= 3).and_then(|moments| {
            Some((moments.population_skewness()?, moments.population_kurtosis()?))
        });
        let spread = ratio.zip(shape).and_then(|(ratio, (skew, kurtosis))| {
            finite(1.0 - skew * ratio + (kurtosis - 1.0) / 4.0 * ratio * ratio)
        });
        Self { ratio, spread, periods: count(sources.running.periods) }
    }

    fn error(&self) -> Option<f64> {
        let spread = self.spread.filter(|&spread| spread >= 0.0)?;
        finite((spread / (self.periods - 1.0)).sqrt())
    }

    /// How probable it is that the true ratio is above one of a period.
    fn above(&self, bar: f64) -> Option<f64> {
        let error = self.error().filter(|&error| error > 0.0)?;
        let distance = finite((self.ratio? - bar) / error)?;
        Some(normal::share_below(distance))
    }

    /// The same above what the best of all trials would reach by luck.
    fn deflated(&self, options: &Options) -> Option<f64> {
        let trials = options.trials.as_deref().filter(|trials| trials.len() >= 2)?;
        let size = count(trials.len());
        let spread = Moments::of(trials).deviation()? / options.periods_per_year.sqrt();
        let best = normal::quantile(1.0 - 1.0 / size)?;
        let next = normal::quantile(1.0 - 1.0 / (size * std::f64::consts::E))?;
        self.above(spread * ((1.0 - EULER_GAMMA) * best + EULER_GAMMA * next))
    }

    /// Periods until the ratio is above 0 at a confidence.
    fn record(&self, confidence: f64) -> Option<f64> {
        let ratio = self.ratio.filter(|&ratio| ratio > 0.0)?;
        let distance = normal::quantile(1.0 - confidence)? / ratio;
        finite(1.0 + self.spread? * distance * distance)
    }
}
