//! What is known of a curve after each point, in a fixed number of figures.
//!
//! Points are taken once, in blocks; reading the figures costs the same after ten points and after
//! ten million.

use super::drawdown::Drawdowns;
use super::drawdown::RUN;
use super::episodes::Point;
use super::lanes::{self, Slopes};
use super::moments::{Moments, Pairs, RAMP};
use super::months::Months;
use super::sums::{Total, block_count};
use super::tail::Tails;
use super::{count, log_ratio};
use crate::history::{BLOCK_ROWS, Block, Start};

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
    /// The point before each one of the block.
    before: Vec<f64>,
    /// The returns of a block, the last one before it in front.
    returns: Vec<f64>,
    falls: Vec<f64>,
    /// The lowest and highest value of each run.
    ranges: Vec<(f64, f64)>,
}

/// The first cells of a column that grows to what is asked for.
fn cells(column: &mut Vec<f64>, rows: usize) -> &mut [f64] {
    if column.len() < rows {
        column.resize(rows.max(BLOCK_ROWS), 0.0);
    }
    column.get_mut(..rows).unwrap_or_default()
}

/// What is kept for figures that no sum gives.
#[derive(Debug, Default)]
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
            && let Some(point) = block.point(0)
        {
            self.begin(point);
            let Block { gross, net, .. } = block;
            block = Block { gross, net, ..block.slice(1, usize::MAX) };
        }
        let Some(before) = self.last.filter(|_| !block.is_empty()) else { return };
        self.last = block.last();
        let falls = cells(&mut scratch.falls, block.len());
        if let Some(drawdowns) = &mut self.drawdowns {
            drawdowns.take(&block, falls, &mut scratch.ranges);
        }
        let (lowest, highest) = whole(&scratch.ranges);
        self.ruined |= lowest <= 0.0;
        let mut returns: &[f64] = &[];
        if !self.ruined {
            self.take_returns(block.values, before.value, scratch);
            self.take_trend(block.values, &scratch.ranges, (lowest, highest));
            self.months.take(&block);
            returns = scratch.returns.get(1..=block.len()).unwrap_or_default();
        }
        if let Some(kept) = kept {
            kept.tails.take(returns, scratch.falls.get(..block.len()).unwrap_or_default());
            if let Some(all) = &mut kept.returns {
                all.extend_from_slice(returns);
            }
        }
        self.periods = self.periods.saturating_add(block.len());
    }

    fn take_returns(&mut self, values: &[f64], first: f64, scratch: &mut Scratch) {
        let rows = values.len();
        let before = cells(&mut scratch.before, rows);
        if let (Some((front, rest)), Some(last)) = (before.split_first_mut(), values.last()) {
            *front = first;
            rest.copy_from_slice(values.get(..rest.len()).unwrap_or_default());
            let all = cells(&mut scratch.returns, rows.saturating_add(1));
            let middle = match self.returns.seen {
                0 => log_ratio(*last, first) / count(rows),
                _ => self.returns.mean,
            };
            let out = all.get_mut(1..).unwrap_or_default();
            let sums = lanes::returns(before, values, middle, out);
            if let Some(front) = all.first_mut() {
                *front = self.last_return.unwrap_or(f64::NAN);
            }
            self.take_sums(all, middle, &sums);
        }
    }

    /// Takes the returns of a block, that of the last block in front, and their sums.
    fn take_sums(&mut self, all: &[f64], middle: f64, sums: &lanes::Sums) {
        let returns = all.get(1..).unwrap_or_default();
        let near = Moments::of_powers(returns.len(), middle, sums.powers, sums.range);
        let moments = if near.is_far_from(middle) { Moments::of(returns) } else { near };
        self.returns.merge(&moments);
        self.loss_squares.add(sums.loss_squares);
        self.gains.0 = self.gains.0.saturating_add(sums.gains);
        self.gains.1.add(sums.gained);
        self.losses.0 = self.losses.0.saturating_add(sums.losses);
        self.losses.1.add(sums.lost);
        // To a target of 0 the losses are what lacks, and the gains are the surplus.
        let target = self.target;
        let ([lack, squares, surplus], short) = if target.abs() <= 0.0 {
            ([-sums.lost, sums.loss_squares, sums.gained], sums.losses)
        } else {
            (lanes::lacks(returns, target), block_count(returns, |one| one < target))
        };
        self.short = self.short.saturating_add(short);
        self.lacks.add(lack);
        self.lack_squares.add(squares);
        self.surpluses.add(surplus);
        let pairs = if self.last_return.is_some() { all } else { returns };
        let (earlier, later) = (pairs, pairs.get(1..).unwrap_or_default());
        let product = lanes::products(earlier, later, (middle, middle));
        let found = Pairs::of_products(returns, self.last_return, (middle, sums.powers), product);
        self.neighbours.merge(&found.unwrap_or_else(|| {
            let sum = moments.mean * count(returns.len());
            Pairs::of_neighbours(pairs, self.last_return.unwrap_or(0.0) + sum)
        }));
        self.last_return = returns.last().copied();
    }

    /// The regression of `ln(E_i / E_0)` on i.
    fn take_trend(&mut self, values: &[f64], ranges: &[(f64, f64)], range: (f64, f64)) {
        let start = self.first.map_or(1.0, |first| first.value);
        let Some(&first) = values.first() else { return };
        // Logarithms of neighbours lie close together, so the first one is a good shift.
        let rough = log_ratio(first, start);
        let middle = (count(values.len()) - 1.0) / 2.0;
        let mut slopes = Slopes::ZERO;
        for ((run, places), &(low, high)) in values.chunks(RUN).zip(RAMP.chunks(RUN)).zip(ranges) {
            let half = (low + high) * 0.5;
            if (high - low) * 32.0 <= half {
                let base = log_ratio(half, start) - rough;
                lanes::add_logs(run, places, (half, middle), base, &mut slopes);
            } else {
                for (value, place) in run.iter().zip(places) {
                    slopes.add(log_ratio(*value, start) - rough, place - middle);
                }
            }
        }
        let size = (values.len(), self.periods);
        self.trend.merge(&Pairs::beside_places(size, rough, slopes.sums(), range));
    }

    fn take_exposure(&mut self, block: &Block<'_>) {
        // Where a column is missing its sums stay 0, and nobody asks for them.
        let rows = block.len();
        let gross = if block.gross.len() == rows { block.gross } else { block.net };
        let net = if block.net.len() == rows { block.net } else { gross };
        if gross.len() == rows {
            let (gross, net, highest) = lanes::shares(gross, net, block.values);
            self.exposure.gross.add(gross);
            self.exposure.net.add(net);
            self.exposure.highest = self.exposure.highest.max(highest);
        }
    }
}

/// The lowest and highest value of all runs.
fn whole(ranges: &[(f64, f64)]) -> (f64, f64) {
    ranges.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), one| {
        (low.min(one.0), high.max(one.1))
    })
}
