//! What is known of a curve after each point, in a fixed number of figures.
//!
//! Points are taken once, in blocks; reading the figures costs the same after ten points and after
//! ten million.

use fearless_simd::{Level, Simd, dispatch};

use super::drawdown::{Drawdowns, RUN};
use super::episodes::Point;
use super::lanes::{self, WIDE};
use super::moments::{Moments, Pairs};
use super::months::Months;
use super::series::{Middle, Runs};
use super::sums::Total;
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
        self.take_at(lanes::level(), block, scratch, kept);
    }

    /// The same in vectors of a level.
    fn take_at(
        &mut self,
        level: Level,
        block: &Block<'_>,
        scratch: &mut Scratch,
        kept: Option<&mut Kept>,
    ) {
        let mut block = both_exposures(block);
        if self.first.is_none()
            && let Some(point) = block.point(0)
        {
            self.begin(point);
            if let (Some(gross), Some(net)) = (block.gross.first(), block.net.first()) {
                let (gross, net) = (gross / point.value, net / point.value);
                self.exposure.add([gross, net, gross]);
            }
            block = block.slice(1, usize::MAX);
        }
        if !block.is_empty() {
            dispatch!(level, simd => self.take_points(simd, &block, scratch, kept));
        }
    }

    #[inline(always)]
    fn take_points<S: Simd>(
        &mut self,
        simd: S,
        block: &Block<'_>,
        scratch: &mut Scratch,
        kept: Option<&mut Kept>,
    ) {
        let Some(before) = self.last else { return };
        self.last = block.last();
        let falls = cells(&mut scratch.falls, block.len());
        if let Some(drawdowns) = &mut self.drawdowns {
            drawdowns.take(simd, block, (falls, &mut scratch.ranges));
        }
        let range = whole(&scratch.ranges);
        self.ruined |= range.0 <= 0.0;
        let mut returns: &[f64] = &[];
        if !self.ruined {
            self.take_returns(simd, block.values, before.value, scratch);
            self.take_runs(simd, block, &scratch.ranges, range);
            self.months.take(block);
            returns = scratch.returns.get(1..=block.len()).unwrap_or_default();
        }
        if let Some(kept) = kept {
            let falls = scratch.falls.get(..block.len()).unwrap_or_default();
            kept.tails.take(simd, returns, falls);
            if let Some(all) = &mut kept.returns {
                all.extend_from_slice(returns);
            }
        }
        self.periods = self.periods.saturating_add(block.len());
    }

    #[inline(always)]
    fn take_returns<S: Simd>(
        &mut self,
        simd: S,
        values: &[f64],
        first: f64,
        scratch: &mut Scratch,
    ) {
        let rows = values.len();
        let Some(last) = values.last() else { return };
        let all = cells(&mut scratch.returns, rows.saturating_add(1));
        let middle = match self.returns.seen {
            0 => log_ratio(*last, first) / count(rows),
            _ => self.returns.mean,
        };
        if let Some((front, out)) = all.split_first_mut() {
            *front = self.last_return.unwrap_or(f64::NAN);
            let sums = lanes::returns(simd, (first, self.last_return), values, middle, out);
            self.take_sums(simd, all, middle, &sums);
        }
    }

    /// Takes the returns of a block, that of the last block in front, and their sums.
    #[inline(always)]
    fn take_sums<S: Simd>(&mut self, simd: S, all: &[f64], middle: f64, sums: &lanes::Sums) {
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
            lanes::lacks(simd, returns, target)
        };
        self.short = self.short.saturating_add(short);
        self.lacks.add(lack);
        self.lack_squares.add(squares);
        self.surpluses.add(surplus);
        let pairs = if self.last_return.is_some() { all } else { returns };
        let known = (middle, sums.powers);
        let found = Pairs::of_products(returns, self.last_return, known, sums.product);
        self.neighbours.merge(&found.unwrap_or_else(|| {
            let sum = moments.mean * count(returns.len());
            Pairs::of_neighbours(pairs, self.last_return.unwrap_or(0.0) + sum)
        }));
        self.last_return = returns.last().copied();
    }

    /// What is taken run by run: the regression of `ln(E_i / E_0)` on i, and exposures.
    #[inline(always)]
    fn take_runs<S: Simd>(
        &mut self,
        simd: S,
        block: &Block<'_>,
        ranges: &[(f64, f64)],
        range: (f64, f64),
    ) {
        let start = self.first.map_or(1.0, |first| first.value);
        let Some(&first) = block.values.first() else { return };
        // Logarithms of neighbours lie close together, so the first one is a good shift.
        let rough = log_ratio(first, start);
        let mut place = (1.0 - count(block.len())) / 2.0;
        let mut runs = Runs::new(simd, first);
        let mut from = 0;
        for ranges in ranges.chunks(WIDE) {
            let middles = Middle::of(simd, ranges, first);
            for middle in middles.into_iter().take(ranges.len()) {
                let run = block.slice(from, RUN);
                runs.add(run.values, [run.gross, run.net], middle, place);
                place += count(RUN);
                from = from.saturating_add(RUN);
            }
        }
        let (slopes, shares) = runs.sums();
        let size = (block.len(), self.periods);
        self.trend.merge(&Pairs::beside_places(size, rough, slopes, range));
        self.exposure.add(shares);
    }
}

impl Exposure {
    fn add(&mut self, [gross, net, highest]: [f64; 3]) {
        self.gross.add(gross);
        self.net.add(net);
        self.highest = self.highest.max(highest);
    }
}

/// Where one exposure is missing the other one takes its place, and nobody asks for it; without
/// both there are no sums.
fn both_exposures<'a>(block: &Block<'a>) -> Block<'a> {
    let rows = block.len();
    let gross = if block.gross.len() == rows { block.gross } else { block.net };
    let net = if block.net.len() == rows { block.net } else { gross };
    if gross.len() == rows {
        Block { gross, net, ..*block }
    } else {
        Block { gross: &[], net: &[], ..*block }
    }
}

/// The lowest and highest value of all runs.
fn whole(ranges: &[(f64, f64)]) -> (f64, f64) {
    ranges.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), one| {
        (low.min(one.0), high.max(one.1))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::Exact;
    use crate::numbers::Money;

    /// All that this machine has, the plainest first.
    fn levels() -> Vec<Level> {
        let best = lanes::level();
        let mut all = vec![Level::baseline(), best];
        #[cfg(target_arch = "x86_64")]
        all.extend(
            [
                best.as_sse4_2().map(Level::Sse4_2),
                best.as_avx2().map(Level::Avx2),
                best.as_avx512().map(Level::Avx512),
            ]
            .into_iter()
            .flatten(),
        );
        all
    }

    /// All figures of a walk with steps of up to so many cents, every bit of them.
    fn figures(level: Level, steps: u64, target: f64) -> String {
        let rows = 5_000_u64;
        let mixed = |row: u64| row.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 33;
        let step = |row: u64| match row / 7 % 3 {
            0 => 0,
            _ => i128::from(mixed(row) % (2 * steps + 1)) - i128::from(steps),
        };
        let walk = (0..rows).scan(1_000_000_i128, |cents, row| {
            *cents = (*cents + step(row)).max(100);
            Some(*cents * 10_i128.pow(16))
        });
        let raws: Vec<i128> = walk.collect();
        let values: Vec<f64> =
            raws.iter().map(|&raw| Money::from_raw(raw).unwrap().to_f64()).collect();
        let net: Vec<f64> =
            values.iter().zip(0..rows).map(|(value, row)| value * count_of(mixed(row))).collect();
        let gross: Vec<f64> = net.iter().map(|net| net.abs()).collect();
        let times: Vec<i64> = (0..).step_by(3_600_000_000).take(values.len()).collect();
        let exact = Exact::Raw(&raws);
        let all = Block { times: &times, exact, values: &values, gross: &gross, net: &net };
        let mut running = Running::new(target, None);
        let (mut scratch, mut kept) = (Scratch::default(), Kept::default());
        kept.tails.begin(values.len(), 0.05);
        let (mut from, mut size) = (0, 1);
        while from < all.len() {
            let block = all.slice(from, size);
            running.take_at(level, &block, &mut scratch, Some(&mut kept));
            from += size;
            size = (size * 11 + 5).min(BLOCK_ROWS);
        }
        assert!(!running.ruined && running.periods > 4_000);
        format!("{running:?} {:?}", kept.tails.figures(0.05))
    }

    fn count_of(mixed: u64) -> f64 {
        count(usize::try_from(mixed % 5).unwrap()) - 2.0
    }

    #[test]
    fn every_level_gives_the_same_bits() {
        let levels = levels();
        // Runs that are near, wide and far around their middles.
        for (steps, target) in [(20, 0.0), (5_000, 1e-4), (60_000, 0.0)] {
            let plain = figures(levels[0], steps, target);
            for &level in &levels {
                assert_eq!(figures(level, steps, target), plain, "{level:?}");
            }
        }
    }
}
