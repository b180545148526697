//! Falls from a peak, summed up.

use super::episodes::{Episode, Point, Track};
use super::sums::Total;
use super::{Value, count, finite, lanes, mean_duration};
use crate::history::Block;
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
    longest: i64,
    durations: i128,
    amount: i128,
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
            longest: 0,
            durations: 0,
            amount: 0,
            under: 0,
            seen: 0,
            pain: Total::default(),
            squares: Total::default(),
        }
    }

    /// Takes points; writes the fraction of each below its peak, and the lowest and highest value
    /// of each run.
    pub fn take(&mut self, block: &Block<'_>, falls: &mut [f64], ranges: &mut Vec<(f64, f64)>) {
        ranges.clear();
        let mut from = 0;
        for falls in falls.chunks_mut(RUN) {
            let run = block.slice(from, RUN);
            let range = lanes::range(run.values);
            self.take_run(&run, range, falls);
            ranges.push(range);
            from = from.saturating_add(run.len());
        }
        if let Some(last) = block.last() {
            self.last = last;
        }
        self.seen = self.seen.saturating_add(block.len());
        let [pain, squares] = lanes::pains(falls);
        self.pain.add(pain);
        self.squares.add(squares);
    }

    fn take_run(&mut self, run: &Block<'_>, (lowest, highest): (f64, f64), falls: &mut [f64]) {
        let Track { peak, valley } = self.track;
        if highest < peak.value && valley.is_some_and(|valley| lowest > valley.value) {
            // Under water throughout, and nowhere as deep as before.
            lanes::falls(run.values, peak.value, falls);
            self.under = self.under.saturating_add(run.len());
            return;
        }
        let mut share = 1.0 / peak.value;
        for ((row, &value), fall) in run.values.iter().enumerate().zip(falls) {
            let Track { peak, valley } = self.track;
            let new = value >= peak.value;
            // What lies between moves neither, and is not the deepest in money.
            if (new || valley.is_none_or(|valley| value <= valley.value))
                && let Some(point) = run.point(row)
            {
                self.step(point);
            }
            if new {
                share = 1.0 / value;
            }
            *fall = (value - self.track.peak.value) * share;
            self.under = self.under.wrapping_add(usize::from(*fall < 0.0));
        }
    }

    #[inline]
    fn step(&mut self, point: Point) {
        self.peak_exact = self.peak_exact.max(point.exact);
        self.amount = self.amount.max(self.peak_exact.saturating_sub(point.exact));
        if let Some(episode) = self.track.step(point) {
            self.end(&episode);
        }
    }

    fn end(&mut self, episode: &Episode) {
        self.ended = self.ended.saturating_add(1);
        self.depths.add(episode.depth());
        let length = episode.duration();
        self.longest = self.longest.max(length);
        self.durations = self.durations.saturating_add(i128::from(length));
        if self.deepest.is_none_or(|deepest| episode.depth() < deepest.depth()) {
            self.deepest = Some(*episode);
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
