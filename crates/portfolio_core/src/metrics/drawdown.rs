//! Falls from a peak, summed up.

use fearless_simd::Simd;

use super::episodes::{Episode, Point, Track};
use super::lanes::Pains;
use super::sums::Total;
use super::{Value, count, finite, lanes, mean_duration};
use crate::history::{Block, Exact};
use crate::numbers::Money;

/// Points that are looked at together: many such runs hold neither a new peak nor a new valley.
pub(super) const RUN: usize = 64;

/// Everything that drawdowns are summed up to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Drawdowns {
    track: Track,
    /// The highest amount, which doubles may not tell from others.
    peak_exact: i128,
    last: Point,
    ended: usize,
    depths: Total,
    deepest: Option<Episode>,
    /// Its depth.
    depth: f64,
    longest: i64,
    durations: i128,
    amount: i128,
    /// Not above the amount, and near.
    amount_bound: f64,
    under: usize,
    seen: usize,
    pain: Total,
    squares: Total,
}

impl Drawdowns {
    /// Before the first point of all has moved.
    #[must_use]
    pub fn from_start(start: Point) -> Self {
        Self {
            track: Track::from_start(start),
            peak_exact: start.exact,
            last: start,
            ended: 0,
            depths: Total::default(),
            deepest: None,
            depth: 0.0,
            longest: 0,
            durations: 0,
            amount: 0,
            amount_bound: 0.0,
            under: 0,
            seen: 0,
            pain: Total::default(),
            squares: Total::default(),
        }
    }

    /// Takes points; writes the fraction of each below its peak, and the lowest and highest value
    /// of each run.
    #[inline(always)]
    pub(super) fn take<S: Simd>(
        &mut self,
        simd: S,
        block: &Block<'_>,
        (falls, ranges): (&mut [f64], &mut Vec<(f64, f64)>),
    ) {
        ranges.clear();
        let (mut from, mut pains) = (0, Pains::new(simd));
        for falls in falls.chunks_mut(RUN) {
            let run = block.slice(from, RUN);
            let range = lanes::range(simd, run.values);
            self.take_run(simd, (&run, range), (falls, &mut pains));
            ranges.push(range);
            from = from.saturating_add(run.len());
        }
        if let Some(last) = block.last() {
            self.last = last;
        }
        self.seen = self.seen.saturating_add(block.len());
        let [pain, squares] = pains.sums();
        self.pain.add(pain);
        self.squares.add(squares);
    }

    #[inline(always)]
    fn take_run<S: Simd>(
        &mut self,
        simd: S,
        (run, range): (&Block<'_>, (f64, f64)),
        (falls, pains): (&mut [f64], &mut Pains<S>),
    ) {
        let Track { peak, valley } = self.track;
        let (lowest, highest) = range;
        if highest >= peak.value {
            let highs = lanes::peaks(simd, run.values, peak.value, falls);
            self.take_peaks(run, highs);
            let (under, apart) = lanes::falls_from(simd, run.values, (falls, pains));
            self.under = self.under.saturating_add(under);
            self.take_rise(run, apart, hidden(highest, lowest));
            return;
        }
        // Under water throughout.
        lanes::falls(simd, run.values, peak.value, (falls, pains));
        self.under = self.under.saturating_add(run.len());
        if valley.is_some_and(|valley| lowest > valley.value) {
            return;
        }
        let Some(point) = run.point(lanes::place(simd, run.values, lowest)) else { return };
        if valley.is_none_or(|valley| lowest < valley.value) {
            self.track.valley = Some(point);
        }
        let apart = peak.value - lowest;
        let hidden = hidden(peak.value, lowest);
        if apart + hidden >= self.amount_bound {
            self.amount_bound = self.amount_bound.max(apart - hidden);
            let least = if are_distinct(run.exact, point.exact) {
                point.exact
            } else {
                run.exact.iter().fold(point.exact, i128::min)
            };
            self.amount = self.amount.max(self.peak_exact.saturating_sub(least));
        }
    }

    /// The deepest fall in money, in a run that reaches the peak, where doubles lie so far apart.
    /// They keep the order of the amounts, but may not tell two of them apart.
    fn take_rise(&mut self, run: &Block<'_>, apart: f64, hidden: f64) {
        let top = self.track.peak.exact;
        let distinct = are_distinct(run.exact, top);
        if apart + hidden < self.amount_bound || (distinct && apart <= 0.0) {
            let highest = if distinct { top } else { run.exact.iter().fold(top, i128::max) };
            self.peak_exact = self.peak_exact.max(highest);
            return;
        }
        for exact in run.exact.iter() {
            self.peak_exact = self.peak_exact.max(exact);
            self.amount = self.amount.max(self.peak_exact.saturating_sub(exact));
        }
        self.amount_bound = self.amount_bound.max(below(self.amount));
    }

    /// Takes a run that reaches the peak, by its stretches below one. A bit of `highs` tells that a
    /// row is not below the rows before it.
    fn take_peaks(&mut self, run: &Block<'_>, highs: u64) {
        let (mut seen, mut rest) = (0_usize, !highs);
        while seen < run.len() {
            let start = bit(rest).min(run.len());
            if start > seen {
                self.rise(run, seen, start);
            }
            let end = bit(!rest & u64::MAX.checked_shl(shift(start)).unwrap_or(0)).min(run.len());
            let stretch = run.values.get(start..end).unwrap_or_default();
            let low = self.track.valley.map_or(f64::INFINITY, |valley| valley.value);
            let first = |found: (f64, usize), (&value, row): (&f64, usize)| {
                if value < found.0 { (value, row) } else { found }
            };
            let (_, row) = stretch.iter().zip(start..).fold((low, usize::MAX), first);
            self.track.valley = run.point(row).or(self.track.valley);
            rest &= u64::MAX.checked_shl(shift(end)).unwrap_or(0);
            seen = end;
        }
    }

    /// Takes rows of which none is below the ones before.
    fn rise(&mut self, run: &Block<'_>, from: usize, to: usize) {
        if self.track.valley.is_some()
            && let Some(episode) = run.point(from).and_then(|point| self.track.step(point))
        {
            self.end(&episode);
        }
        let last = to.checked_sub(1).and_then(|row| run.point(row));
        self.track.peak = last.unwrap_or(self.track.peak);
    }

    fn end(&mut self, episode: &Episode) {
        self.ended = self.ended.saturating_add(1);
        let depth = episode.depth();
        self.depths.add(depth);
        let length = episode.duration();
        self.longest = self.longest.max(length);
        self.durations = self.durations.saturating_add(i128::from(length));
        if self.deepest.is_none() || depth < self.depth {
            (self.deepest, self.depth) = (Some(*episode), depth);
        }
    }

    /// The same with an episode that is still open counted up to the last point.
    fn closed(mut self) -> Self {
        if let Some(episode) = self.track.open(self.last.time) {
            self.end(&episode);
        }
        self
    }

    /// The results, when the first point is above 0.
    #[must_use]
    pub fn results(&self) -> Results {
        let all = self.closed();
        let size = count(self.seen);
        let some = self.seen > 0;
        let share = |total: f64| if some { finite(total / size) } else { None };
        let deepest = all.deepest;
        let time = |time: i64| Some(Value::Time(time));
        Results {
            deepest: deepest.map_or(0.0, |episode| episode.depth()),
            current: self.last.value / self.track.peak.value - 1.0,
            ended: all.ended,
            average: if all.ended > 0 { finite(all.depths.get() / count(all.ended)) } else { None },
            longest: deepest.map(|_| Value::Duration(all.longest)),
            average_duration: mean_duration(all.durations, all.ended),
            peak_time: deepest.and_then(|episode| time(episode.peak.time)),
            valley_time: deepest.and_then(|episode| time(episode.valley.time)),
            recovery_time: deepest.and_then(|episode| episode.recovery.and_then(time)),
            under_water: share(count(self.under)),
            pain: share(self.pain.get()),
            ulcer: share(self.squares.get()).map(f64::sqrt),
        }
    }

    /// The deepest fall in money; none beyond 38 digits.
    #[must_use]
    pub fn amount(&self) -> Option<Money> {
        Money::from_raw(self.amount).ok()
    }
}

/// The place of the lowest bit.
fn bit(bits: u64) -> usize {
    usize::try_from(bits.trailing_zeros()).unwrap_or(usize::MAX)
}

fn shift(row: usize) -> u32 {
    u32::try_from(row).unwrap_or(u32::MAX)
}

/// More than what the roundings of two ends and of their difference can hide.
fn hidden(top: f64, low: f64) -> f64 {
    (top.abs() + low.abs()) * (8.0 * f64::EPSILON)
}

/// Whether no two amounts up to this one are the same double: so small whole numbers are doubles
/// of their own after a division, too.
fn are_distinct(exact: Exact<'_>, raw: i128) -> bool {
    const APART: i128 = 1 << 51;
    matches!(exact, Exact::Whole(_, unit) if raw.abs() < APART.saturating_mul(unit))
}

/// A double that is not above raw money, and near.
#[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "rounded, then lowered")]
fn below(raw: i128) -> f64 {
    raw as f64 * 1e-18 * (1.0 - 8.0 * f64::EPSILON)
}

/// What drawdowns are summed up to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Results {
    /// Fraction, <= 0.
    pub deepest: f64,
    /// Fraction, <= 0.
    pub current: f64,
    /// Episodes, the open one too.
    pub ended: usize,
    /// Mean of their depths.
    pub average: Option<f64>,
    /// The longest episode.
    pub longest: Option<Value>,
    /// The mean episode.
    pub average_duration: Option<Value>,
    /// Of the deepest.
    pub peak_time: Option<Value>,
    /// Of the deepest.
    pub valley_time: Option<Value>,
    /// Of the deepest; none while it is open.
    pub recovery_time: Option<Value>,
    /// Share of the points below their peak.
    pub under_water: Option<f64>,
    /// Mean distance from the peak.
    pub pain: Option<f64>,
    /// Root of the mean square of it.
    pub ulcer: Option<f64>,
}

#[cfg(test)]
mod tests {
    use fearless_simd::dispatch;

    use super::*;

    const CENT: i128 = 10_000_000_000_000_000;

    /// A walk in cents with so much drift; often it stands still.
    fn walk(rows: u64, drift: i64) -> Vec<i64> {
        let mixed = (0..rows).map(|row| row.wrapping_mul(0x9E37_79B9_7F4A_7C15));
        let steps = mixed.map(|mixed| (mixed ^ (mixed >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9));
        let steps = steps.map(|mixed| match mixed >> 61 {
            0..=3 => 0,
            _ => i64::try_from(mixed >> 40 & 0xFFFF).unwrap() % 21 - 10 + drift,
        });
        let add = |last: &mut i64, step: i64| {
            *last += step;
            Some(*last)
        };
        steps.scan(100_000, add).collect()
    }

    /// Point by point, as the rules say it.
    struct Plain {
        track: Track,
        peak: i128,
        amount: i128,
        ended: Vec<Episode>,
        falls: Vec<f64>,
    }

    impl Plain {
        fn of(start: Point, points: &[Point]) -> Self {
            let (track, ended, falls) = (Track::from_start(start), vec![], vec![]);
            let mut plain = Self { track, peak: start.exact, amount: 0, ended, falls };
            for &point in points {
                plain.peak = plain.peak.max(point.exact);
                plain.amount = plain.amount.max(plain.peak - point.exact);
                plain.ended.extend(plain.track.step(point));
                let peak = plain.track.peak.value;
                plain.falls.push((point.value - peak) * (1.0 / peak));
            }
            plain.ended.extend(points.last().and_then(|last| plain.track.open(last.time)));
            plain
        }
    }

    fn compare(exact: Exact<'_>, values: &[f64]) {
        let times: Vec<i64> = (0..).take(values.len()).collect();
        let all = Block { times: &times, exact, values, gross: &[], net: &[] };
        let start = all.point(0).unwrap();
        let points: Vec<Point> = (0..all.len()).filter_map(|row| all.point(row)).collect();
        let plain = Plain::of(start, &points);
        let mut found = Drawdowns::from_start(start);
        let (mut falls, mut ranges) = (vec![0.0; values.len()], vec![]);
        let (mut from, mut rows) = (0, 1);
        while from < all.len() {
            let block = all.slice(from, rows);
            let falls = falls.get_mut(from..from + block.len()).unwrap();
            dispatch!(lanes::level(), simd => found.take(simd, &block, (falls, &mut ranges)));
            from += rows;
            rows = rows * 5 % 997 + 1;
        }
        let bits = |falls: &[f64]| falls.iter().map(|fall| fall.to_bits()).collect::<Vec<u64>>();
        assert_eq!(bits(&falls), bits(&plain.falls));
        assert_eq!(found.amount, plain.amount);
        let results = found.results();
        assert_eq!(results.ended, plain.ended.len());
        let longest = plain.ended.iter().map(Episode::duration).max();
        assert_eq!(results.longest, longest.map(Value::Duration));
        let lower = |one: Option<Episode>, other: &Episode| match one {
            Some(one) if one.depth() <= other.depth() => Some(one),
            _ => Some(*other),
        };
        let deepest = plain.ended.iter().fold(None, lower);
        assert_eq!(results.peak_time, deepest.map(|one| Value::Time(one.peak.time)));
        assert_eq!(results.valley_time, deepest.map(|one| Value::Time(one.valley.time)));
        assert_eq!(results.recovery_time, deepest.and_then(|one| one.recovery.map(Value::Time)));
        let under = plain.falls.iter().filter(|&&fall| fall < 0.0).count();
        assert_eq!(results.under_water, Some(count(under) / count(values.len())));
    }

    #[test]
    fn runs_give_what_points_give() {
        for drift in [-9, -1, 0, 1, 5, 11] {
            let cents = walk(5_000, drift);
            let raws: Vec<i128> = cents.iter().map(|&cents| i128::from(cents) * CENT).collect();
            let money = |raw: &i128| Money::from_raw(*raw).unwrap().to_f64();
            let values: Vec<f64> = raws.iter().map(money).collect();
            compare(Exact::Raw(&raws), &values);
            let wholes: Vec<f64> = values.iter().map(|value| (value * 100.0).round()).collect();
            compare(Exact::Whole(&wholes, CENT), &values);
            // So much money that a double holds many amounts.
            let raws: Vec<i128> =
                cents.iter().map(|&cents| i128::from(cents - 50_000) + 10_i128.pow(24)).collect();
            let values: Vec<f64> = raws.iter().map(money).collect();
            compare(Exact::Raw(&raws), &values);
        }
    }
}
