//! Falls from a peak, summed up.

use super::episodes::{Episode, Point, Track};
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
    longest: i64,
    durations: i128,
    amount: i128,
    /// The amount, roughly.
    amount_double: f64,
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
            amount_double: 0.0,
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

    fn take_run(&mut self, run: &Block<'_>, range: (f64, f64), falls: &mut [f64]) {
        self.take_amount(run, range);
        let Track { peak, valley } = self.track;
        let (lowest, highest) = range;
        if highest >= peak.value {
            return self.take_peaks(run, falls);
        }
        // Under water throughout.
        lanes::falls(run.values, peak.value, falls);
        self.under = self.under.saturating_add(run.len());
        if valley.is_none_or(|valley| lowest < valley.value) {
            self.track.valley = run.point(lanes::place(run.values, lowest));
        }
    }

    /// The deepest fall in money. Doubles tell first whether it can lie here; they keep the order
    /// of the amounts, but may not tell two of them apart.
    fn take_amount(&mut self, run: &Block<'_>, (lowest, highest): (f64, f64)) {
        let peak = self.track.peak.value;
        let top = highest.max(peak);
        // What the roundings of both ends and of the difference can hide, and more.
        let hidden = (top.abs() + lowest.abs()) * (8.0 * f64::EPSILON);
        let deep = top - lowest + hidden >= self.amount_double;
        if highest < peak {
            if let Some((least, _)) = ends(run.exact).filter(|_| deep) {
                self.deepen(self.peak_exact.saturating_sub(least));
            }
            return;
        }
        if deep {
            for exact in run.exact.iter() {
                self.peak_exact = self.peak_exact.max(exact);
                self.amount = self.amount.max(self.peak_exact.saturating_sub(exact));
            }
            self.deepen(self.amount);
        } else if let Some((_, most)) = ends(run.exact) {
            self.peak_exact = self.peak_exact.max(most);
        }
    }

    fn deepen(&mut self, amount: i128) {
        self.amount = self.amount.max(amount);
        self.amount_double = rough(self.amount);
    }

    /// Takes a run that reaches the peak, point by point. Where the peak and the valley are is only
    /// noted, because which points move them is anybody's guess.
    fn take_peaks(&mut self, run: &Block<'_>, falls: &mut [f64]) {
        const BEFORE: usize = usize::MAX;
        let (mut peak, mut valley) = (BEFORE, BEFORE);
        let mut top = self.track.peak.value;
        let mut low = self.track.valley.map_or(f64::INFINITY, |valley| valley.value);
        for ((row, &value), cell) in run.values.iter().enumerate().zip(&mut *falls) {
            let new = value >= top;
            if new && low < f64::INFINITY {
                self.move_to(run, peak, valley);
                if let Some(episode) = run.point(row).and_then(|point| self.track.step(point)) {
                    self.end(&episode);
                }
                valley = BEFORE;
            }
            peak = if new { row } else { peak };
            top = if new { value } else { top };
            let lower = !new && value < low;
            valley = if lower { row } else { valley };
            low = if lower { value } else { low };
            low = if new { f64::INFINITY } else { low };
            *cell = top;
        }
        self.move_to(run, peak, valley);
        self.under = self.under.saturating_add(lanes::falls_from(run.values, falls));
    }

    /// Moves the peak and the valley to rows of a run; to none beyond it.
    fn move_to(&mut self, run: &Block<'_>, peak: usize, valley: usize) {
        self.track.peak = run.point(peak).unwrap_or(self.track.peak);
        self.track.valley = run.point(valley).or(self.track.valley);
    }

    fn end(&mut self, episode: &Episode) {
        self.ended = self.ended.saturating_add(1);
        let depth = episode.depth();
        self.depths.add(depth);
        let length = episode.duration();
        self.longest = self.longest.max(length);
        self.durations = self.durations.saturating_add(i128::from(length));
        if self.deepest.is_none_or(|deepest| depth < deepest.depth()) {
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

/// The lowest and the highest of exact amounts.
fn ends(exact: Exact<'_>) -> Option<(i128, i128)> {
    match exact {
        Exact::Raw(raws) => {
            let first = *raws.first()?;
            Some(
                raws.iter().fold((first, first), |(low, high), &raw| (low.min(raw), high.max(raw))),
            )
        }
        Exact::Whole(wholes, unit) => {
            let (low, high) = lanes::range(wholes);
            let ends = [low, high];
            let ends = Exact::Whole(&ends, unit);
            ends.get(0).zip(ends.get(1))
        }
    }
}

/// Raw money as a double that is rounded twice.
#[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "rounded; see its use")]
fn rough(raw: i128) -> f64 {
    raw as f64 * 1e-18
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
