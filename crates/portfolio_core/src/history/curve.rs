//! The points of an equity curve: the last row of each distinct time or bucket, with the starting
//! balance in front where there is one.

use super::{Column, History, Resample};
use crate::metrics::episodes::Point;

/// Rows that are looked at together, few enough to stay in the nearest cache.
pub(crate) const BLOCK_ROWS: usize = 1_024;

/// Exact money of points.
#[derive(Debug, Clone, Copy)]
pub enum Exact<'a> {
    /// As raw units.
    Raw(&'a [i128]),
    /// As doubles that are whole numbers of so many raw units.
    Whole(&'a [f64], i128),
}

impl<'a> Exact<'a> {
    /// The raw money of a point.
    #[inline]
    #[must_use]
    #[expect(clippy::as_conversions, clippy::cast_possible_truncation, reason = "a whole number")]
    pub fn get(&self, row: usize) -> Option<i128> {
        match self {
            Self::Raw(raws) => raws.get(row).copied(),
            Self::Whole(wholes, unit) => {
                wholes.get(row).map(|&whole| i128::from(whole as i64).wrapping_mul(*unit))
            }
        }
    }

    /// All of it in order.
    pub fn iter(&self) -> impl Iterator<Item = i128> + use<'a> {
        let (exact, rows) = (*self, self.len());
        (0..rows).filter_map(move |row| exact.get(row))
    }

    /// That of up to so many points from one on.
    #[must_use]
    fn slice(&self, from: usize, rows: usize) -> Self {
        match self {
            Self::Raw(raws) => Self::Raw(cut(raws, from, rows)),
            Self::Whole(wholes, unit) => Self::Whole(cut(wholes, from, rows), *unit),
        }
    }

    const fn len(&self) -> usize {
        match self {
            Self::Raw(raws) => raws.len(),
            Self::Whole(wholes, _) => wholes.len(),
        }
    }
}

fn cut<T>(column: &[T], from: usize, rows: usize) -> &[T] {
    let tail = column.get(from..).unwrap_or_default();
    tail.get(..rows).unwrap_or(tail)
}

/// A run of points: columns of one length.
#[derive(Debug, Clone, Copy)]
pub struct Block<'a> {
    /// Microseconds since the epoch, increasing.
    pub times: &'a [i64],
    /// Money.
    pub exact: Exact<'a>,
    /// The doubles nearest to that.
    pub values: &'a [f64],
    /// Gross exposure; empty where nobody knows.
    pub gross: &'a [f64],
    /// Net exposure; empty where nobody knows.
    pub net: &'a [f64],
}

/// All points in memory of their own.
#[derive(Debug, Clone, Default)]
pub struct Curve {
    /// Microseconds since the epoch, increasing; only the first two may be equal, when the first
    /// row came at the time of the start.
    pub times: Vec<i64>,
    /// Raw money.
    pub exact: Vec<i128>,
    /// The doubles nearest to that.
    pub values: Vec<f64>,
}

/// Points that had to be picked out of a block.
#[derive(Debug, Default)]
struct Picked {
    times: Vec<i64>,
    exact: Vec<i128>,
    values: Vec<f64>,
    gross: Vec<f64>,
    net: Vec<f64>,
}

impl Picked {
    fn clear(&mut self) {
        self.times.clear();
        self.exact.clear();
        self.values.clear();
        self.gross.clear();
        self.net.clear();
    }

    /// Appends a block whose rows are all points.
    fn append(&mut self, block: &Block<'_>) {
        self.times.extend_from_slice(block.times);
        self.exact.extend(block.exact.iter());
        self.values.extend_from_slice(block.values);
        self.gross.extend_from_slice(block.gross);
        self.net.extend_from_slice(block.net);
    }

    /// Appends the rows of a block that are points.
    fn pick(&mut self, block: &Block<'_>, is_last: impl Fn(usize) -> bool) {
        for row in (0..block.times.len()).filter(|&row| is_last(row)) {
            self.times.extend(block.times.get(row));
            self.exact.extend(block.exact.get(row));
            self.values.extend(block.values.get(row));
            self.gross.extend(block.gross.get(row));
            self.net.extend(block.net.get(row));
        }
    }

    fn block(&self) -> Block<'_> {
        Block {
            times: &self.times,
            exact: Exact::Raw(&self.exact),
            values: &self.values,
            gross: &self.gross,
            net: &self.net,
        }
    }
}

/// One part of the curve as slices.
fn part_blocks(history: &History) -> impl Iterator<Item = Block<'_>> {
    let equity = &history.equity;
    let mut gross = equity.gross_exposure.as_ref().map(Column::parts);
    let mut net = equity.net_exposure.as_ref().map(Column::parts);
    let columns = equity.time.parts().zip(equity.equity.exact.parts());
    columns.zip(equity.equity.double.parts()).map(move |((times, exact), values)| Block {
        times,
        exact: Exact::Raw(exact),
        values,
        gross: gross.as_mut().and_then(Iterator::next).unwrap_or_default(),
        net: net.as_mut().and_then(Iterator::next).unwrap_or_default(),
    })
}

impl Block<'_> {
    /// Up to so many rows from a row on.
    #[must_use]
    pub fn slice(&self, from: usize, rows: usize) -> Self {
        Self {
            times: cut(self.times, from, rows),
            exact: self.exact.slice(from, rows),
            values: cut(self.values, from, rows),
            gross: cut(self.gross, from, rows),
            net: cut(self.net, from, rows),
        }
    }

    /// The last point.
    #[must_use]
    pub fn last(&self) -> Option<Point> {
        let row = self.len().checked_sub(1)?;
        self.point(row)
    }

    /// One of the points.
    #[inline]
    #[must_use]
    pub fn point(&self, row: usize) -> Option<Point> {
        let (time, value) = (*self.times.get(row)?, *self.values.get(row)?);
        Some(Point { time, exact: self.exact.get(row)?, value })
    }

    /// Rows.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.times.len()
    }

    /// Whether there is no row.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.times.is_empty()
    }
}

impl History {
    /// Goes through the points behind the first `skip` rows in blocks of 1,024, however
    /// the rows are stored and whichever of them are points, so that sums over the blocks depend on
    /// the points alone. The last row of all is a point too, though a later one of its time or
    /// bucket might replace it: it comes by itself, and `settled` is told which it is.
    pub fn points(&self, resample: Resample, skip: usize, mut take: impl FnMut(Block<'_>, bool)) {
        let mut picked = Picked::default();
        let mut seen = 0_usize;
        let mut parts = part_blocks(self).filter(|part| !part.is_empty()).peekable();
        while let Some(part) = parts.next() {
            let next_part = parts.peek().and_then(|next| next.times.first()).copied();
            let start = skip.saturating_sub(seen).min(part.len());
            seen = seen.saturating_add(part.len());
            let mut from = start;
            while from < part.len() {
                let room = BLOCK_ROWS.saturating_sub(picked.times.len());
                let block = part.slice(from, room);
                from = from.saturating_add(block.len());
                let next = part.times.get(from).copied().or(next_part);
                let (settled, last) = match next {
                    Some(_) => (block, None),
                    None => {
                        let settled = block.len().saturating_sub(1);
                        (block.slice(0, settled), Some(block.slice(settled, 1)))
                    }
                };
                let rest = block.times.get(1..).unwrap_or_default();
                let following = |row: usize| rest.get(row).copied().or(next);
                let ends = |row: usize| {
                    let end = block.times.get(row).map(|&time| resample.bucket_end(time));
                    following(row).is_some_and(|after| Some(after) > end)
                };
                let plain = resample == Resample::None
                    && increasing(block.times, rest)
                    && next.is_none_or(|next| block.times.last().is_some_and(|&one| one < next));
                let whole = last.is_some() || settled.len() == BLOCK_ROWS;
                if plain && whole && room == BLOCK_ROWS {
                    take(settled, true);
                } else if plain {
                    picked.append(&settled);
                } else {
                    picked.pick(&settled, ends);
                }
                let filled = picked.times.len();
                if filled == BLOCK_ROWS || (last.is_some() && filled > 0) {
                    take(picked.block(), true);
                    picked.clear();
                }
                if let Some(last) = last {
                    take(last, false);
                }
            }
        }
    }

    /// The time of the first point.
    #[must_use]
    pub fn first_time(&self, resample: Resample) -> Option<i64> {
        if let Some(start) = self.start {
            return Some(start.time);
        }
        let mut times = self.equity.time.cells();
        let first = times.next()?;
        let end = resample.bucket_end(first);
        Some(times.take_while(|&time| time <= end).last().unwrap_or(first))
    }

    /// All points in memory of their own, the starting balance in front.
    #[must_use]
    pub fn curve(&self, resample: Resample) -> Curve {
        let mut curve = Curve::default();
        if let Some(start) = &self.start
            && self.equity.rows > 0
        {
            curve.times.push(start.time);
            curve.exact.push(start.balance.raw());
            curve.values.push(start.balance.to_f64());
        }
        self.points(resample, 0, |block, _| {
            curve.times.extend_from_slice(block.times);
            curve.exact.extend(block.exact.iter());
            curve.values.extend_from_slice(block.values);
        });
        curve
    }
}

/// Whether each time is below the next.
fn increasing(times: &[i64], rest: &[i64]) -> bool {
    // Counting has no early way out, so several rows are compared at once.
    let wrong =
        |wrong: u64, (time, next): (&i64, &i64)| wrong.wrapping_add(u64::from(time >= next));
    times.iter().zip(rest).fold(0, wrong) == 0
}

#[cfg(test)]
mod tests {
    use super::super::{EquityColumns, Pair, Start};
    use super::*;
    use crate::numbers::Money;

    /// A history whose equity is the row's number, cut into parts of these lengths.
    fn history(times: &[i64], cuts: &[usize]) -> History {
        let mut equity = EquityColumns { rows: times.len(), ..EquityColumns::default() };
        let (mut time, mut exact, mut double) = (vec![], vec![], vec![]);
        let mut from = 0;
        for cut in cuts {
            let rows = from..from + cut;
            from += cut;
            time.push(times[rows.clone()].to_vec().into());
            exact.push(rows.clone().map(|row| i128::try_from(row).unwrap()).collect());
            double.push(rows.map(|row| f64::from(u32::try_from(row).unwrap())).collect());
        }
        assert_eq!(from, times.len());
        equity.time = Column::new(time);
        equity.equity = Pair { exact: Column::new(exact), double: Column::new(double) };
        History { equity, ..History::default() }
    }

    #[test]
    fn the_last_row_of_a_time_is_the_point() {
        let times = [1, 1, 2, 3, 3, 3];
        for cuts in [&[6][..], &[1, 5], &[2, 0, 2, 2], &[1, 1, 1, 1, 1, 1]] {
            let curve = history(&times, cuts).curve(Resample::None);
            assert_eq!((curve.times, curve.exact), (vec![1, 2, 3], vec![1, 2, 5]), "{cuts:?}");
        }
    }

    #[test]
    fn a_start_stands_in_front() {
        let mut curve = history(&[5, 9], &[2]);
        curve.start = Some(Start { time: 5, balance: Money::from_raw(70).unwrap() });
        assert_eq!(curve.curve(Resample::None).times, [5, 5, 9]);
        assert_eq!(curve.curve(Resample::Day).exact, [70, 1]);
        curve.equity = EquityColumns::default();
        assert!(curve.curve(Resample::None).times.is_empty(), "no row, no point");
    }

    #[test]
    fn points_come_in_blocks_and_the_last_one_apart() {
        let times: Vec<i64> = (0..3_000).collect();
        let curve = history(&times, &[1_500, 1_500]);
        let mut blocks = vec![];
        curve.points(Resample::None, 0, |block, settled| blocks.push((block.len(), settled)));
        assert_eq!(blocks.iter().map(|(rows, _)| rows).sum::<usize>(), 3_000);
        assert_eq!(blocks.last(), Some(&(1, false)));
        assert_eq!(blocks.iter().filter(|(_, settled)| !settled).count(), 1);
        let mut late = vec![];
        curve.points(Resample::None, 2_990, |block, _| late.extend_from_slice(block.times));
        assert_eq!(late, times[2_990..]);
    }
}
