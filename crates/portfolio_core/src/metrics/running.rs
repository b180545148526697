//! What is known of a curve after each point, in a fixed number of figures.
//!
//! Points are taken once, in blocks; reading the figures costs the same after ten points and after
//! ten million.

use super::drawdown::Drawdowns;
use super::episodes::Point;
use super::log_ratio;
use super::moments::{Moments, Pairs};
use super::months::Months;
use super::sums::{Total, above, below, block_count, block_range, block_shares, block_sums};
use super::tail::Tails;
use crate::history::{Block, Start};

/// The figures.
#[derive(Debug, Clone)]
pub struct Running {
    target: f64,
    /// `E_0`.
    pub first: Option<Point>,
    /// `E_n`.
    pub last: Option<Point>,
    /// Points behind `E_0`.
    pub periods: usize,
    /// Whether a point was not above 0.
    pub ruined: bool,
    /// Of the returns.
    pub returns: Moments,
    /// Returns above 0, and their sum.
    pub gains: (usize, Total),
    /// Returns below 0, and their sum.
    pub losses: (usize, Total),
    /// Returns below the target.
    pub short: usize,
    /// Sum of squares of what returns lack to the target.
    pub lack_squares: Total,
    /// Sum of squares of the returns below 0.
    pub loss_squares: Total,
    /// Sum of what returns lack to the target.
    pub lacks: Total,
    /// Sum of what returns have above the target.
    pub surpluses: Total,
    /// A return and the next.
    pub neighbours: Pairs,
    /// The number of a point and the logarithm of its growth.
    pub trend: Pairs,
    /// Falls from peaks.
    pub drawdowns: Option<Drawdowns>,
    /// Calendar months.
    pub months: Months,
    /// Exposure over equity.
    pub exposure: Exposure,
    last_return: Option<f64>,
}

/// Sums of exposure over equity.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Exposure {
    /// Sum of the gross ones.
    pub gross: Total,
    /// The highest gross one.
    pub highest: f64,
    /// Sum of the net ones.
    pub net: Total,
}

/// Memory that blocks need, kept between them.
#[derive(Debug, Default)]
pub struct Scratch {
    /// The returns of a block, the last one before it in front.
    returns: Vec<f64>,
    falls: Vec<f64>,
    logs: Vec<f64>,
}

/// What is kept for figures that no sum gives.
#[derive(Debug)]
pub struct Kept {
    /// The tails of returns and falls.
    pub tails: Tails,
    /// All returns, where they are compared with a benchmark.
    pub returns: Option<Vec<f64>>,
}

impl Running {
    /// Before the first point; `target` is the minimum acceptable return of a period, and `start`
    /// is `E_0` where it is known before any row.
    #[must_use]
    pub fn new(target: f64, start: Option<Start>) -> Self {
        let mut running = Self {
            target,
            first: None,
            last: None,
            periods: 0,
            ruined: false,
            returns: Moments::default(),
            gains: (0, Total::default()),
            losses: (0, Total::default()),
            short: 0,
            lack_squares: Total::default(),
            loss_squares: Total::default(),
            lacks: Total::default(),
            surpluses: Total::default(),
            neighbours: Pairs::default(),
            trend: Pairs::default(),
            drawdowns: None,
            months: Months::default(),
            exposure: Exposure::default(),
            last_return: None,
        };
        if let Some(start) = start {
            let (exact, value) = (start.balance.raw(), start.balance.to_f64());
            running.begin(Point { time: start.time, exact, value });
        }
        running
    }

    fn begin(&mut self, point: Point) {
        self.first = Some(point);
        self.last = Some(point);
        self.ruined = point.value <= 0.0;
        self.drawdowns = Some(Drawdowns::from_start(point));
        self.months = Months::from_start(point.value);
    }

    /// Takes points behind those before. `kept` gets the columns that order statistics need.
    pub fn take(&mut self, block: &Block<'_>, scratch: &mut Scratch, kept: Option<&mut Kept>) {
        let mut block = *block;
        if block.is_empty() {
            return;
        }
        self.take_exposure(&block);
        if self.first.is_none()
            && let (Some((&time, times)), Some((&exact, exacts)), Some((&value, values))) =
                (block.times.split_first(), block.exact.split_first(), block.values.split_first())
        {
            self.begin(Point { time, exact, value });
            block = Block { times, exact: exacts, values, ..block };
        }
        let Some(before) = self.last.filter(|_| !block.is_empty()) else { return };
        if let (Some(&time), Some(&exact), Some(&value)) =
            (block.times.last(), block.exact.last(), block.values.last())
        {
            self.last = Some(Point { time, exact, value });
        }
        let (lowest, highest) = block_range(block.values);
        self.ruined |= lowest <= 0.0;
        if let Some(drawdowns) = &mut self.drawdowns {
            drawdowns.take(&block, &mut scratch.falls);
        }
        if !self.ruined {
            self.take_returns(&block, before.value, scratch);
            self.take_trend(&block, (lowest, highest), scratch);
            self.months.take(&block);
        }
        if let Some(kept) = kept {
            let returns = scratch.returns.get(1..).filter(|_| !self.ruined).unwrap_or_default();
            kept.tails.take(returns, &scratch.falls);
            if let Some(all) = &mut kept.returns {
                all.extend_from_slice(returns);
            }
        }
        self.periods = self.periods.saturating_add(block.len());
    }

    fn take_returns(&mut self, block: &Block<'_>, before: f64, scratch: &mut Scratch) {
        let all = &mut scratch.returns;
        all.clear();
        all.push(self.last_return.unwrap_or(f64::NAN));
        let first = block.values.first().map(|value| value / before - 1.0);
        all.extend(first);
        let following = block.values.iter().skip(1).zip(block.values);
        all.extend(following.map(|(after, before)| after / before - 1.0));
        let returns = all.get(1..).unwrap_or_default();
        let moments = match self.returns.seen {
            0 => Moments::of(returns),
            _ => Moments::near(returns, self.returns.mean),
        };
        self.returns.merge(&moments);
        let target = self.target;
        let [gained, lost, loss_squares] = block_sums(returns, |one| {
            let loss = below(one);
            [above(one), loss, loss * loss]
        });
        let gains = block_count(returns, |one| one > 0.0);
        let losses = block_count(returns, |one| one < 0.0);
        self.loss_squares.add(loss_squares);
        self.gains.0 = self.gains.0.saturating_add(gains);
        self.gains.1.add(gained);
        self.losses.0 = self.losses.0.saturating_add(losses);
        self.losses.1.add(lost);
        // To a target of 0 the losses are what lacks, and the gains are the surplus.
        let (lack, squares, surplus, short) = if target.abs() <= 0.0 {
            (-lost, loss_squares, gained, losses)
        } else {
            let [lack, squares, surplus] = block_sums(returns, |one| {
                let lack = above(target - one);
                [lack, lack * lack, above(one - target)]
            });
            (lack, squares, surplus, block_count(returns, |one| one < target))
        };
        self.short = self.short.saturating_add(short);
        self.lacks.add(lack);
        self.lack_squares.add(squares);
        self.surpluses.add(surplus);
        let sum = moments.mean * super::count(returns.len());
        self.neighbours.merge(&match self.last_return {
            Some(before) => Pairs::of_neighbours(all, before + sum),
            None => Pairs::of_neighbours(returns, sum),
        });
        self.last_return = returns.last().copied();
    }

    /// The regression of `ln(E_i / E_0)` on i.
    fn take_trend(&mut self, block: &Block<'_>, range: (f64, f64), scratch: &mut Scratch) {
        let start = self.first.map_or(1.0, |first| first.value);
        log_growth(block.values, start, range, &mut scratch.logs);
        self.trend.merge(&Pairs::beside_places(&scratch.logs, self.periods));
    }

    fn take_exposure(&mut self, block: &Block<'_>) {
        // Where a column is missing its sums stay 0, and nobody asks for them.
        let rows = block.len();
        let gross = if block.gross.len() == rows { block.gross } else { block.net };
        let net = if block.net.len() == rows { block.net } else { gross };
        if gross.len() == rows {
            let (gross, net, highest) = block_shares(gross, net, block.values);
            self.exposure.gross.add(gross);
            self.exposure.net.add(net);
            self.exposure.highest = self.exposure.highest.max(highest);
        }
    }
}

/// The logarithm of each value over a start.
///
/// Values near the first one go by the series of the inverse hyperbolic tangent, several at a time
/// (a quarter of the time of a call per value); seven terms are exact to the last digit below a
/// tenth.
fn log_growth(values: &[f64], start: f64, (lowest, highest): (f64, f64), logs: &mut Vec<f64>) {
    logs.clear();
    let Some(&first) = values.first() else { return };
    if lowest < 0.9 * first || highest > 1.1 * first {
        logs.extend(values.iter().map(|&value| log_ratio(value, start)));
        return;
    }
    let base = log_ratio(first, start);
    logs.extend(values.iter().map(|value| {
        let slope = (value - first) / (value + first);
        let square = slope * slope;
        let tail = square * (1.0 / 9.0 + square * (1.0 / 11.0 + square * (1.0 / 13.0)));
        let series = square * (1.0 / 3.0 + square * (1.0 / 5.0 + square * (1.0 / 7.0 + tail)));
        base + 2.0 * slope * (1.0 + series)
    }));
}
