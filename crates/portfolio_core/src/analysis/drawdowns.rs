//! The times below a peak.

use super::{Columns, TableError, doubles, durations, out_of_range, times};
use crate::columns::schema::View;
use crate::export::TableSnapshot;
use crate::history::{Block, History, Resample};
use crate::numbers::Money;

const TABLE: &str = "drawdowns";

/// A point of the curve.
#[derive(Debug, Clone, Copy)]
struct Point {
    time: i64,
    exact: i128,
    value: f64,
}

/// From a peak to the first point that is not below it, or to the last point of all.
#[derive(Debug, Clone, Copy)]
struct Episode {
    peak: Point,
    valley: Point,
    recovery: Option<i64>,
    end: i64,
}

/// The episodes of a curve, point by point.
#[derive(Debug, Default)]
struct Episodes {
    done: Vec<Episode>,
    /// Whether the first point of all is above 0, without which there are no fractions.
    positive: bool,
    peak: Option<Point>,
    /// The lowest point below the peak; the first of equals.
    valley: Option<Point>,
}

impl History {
    /// The drawdowns, deepest first, those of equal depth by the time of their peak; at most `top`
    /// of them. There is none when the curve does not start above 0.
    ///
    /// # Errors
    /// [`TableError`] when the fall in money has more than 38 digits.
    ///
    /// # Examples
    /// ```
    /// use portfolio_core::columns::schema::View;
    /// use portfolio_core::history::{History, Resample};
    ///
    /// let table = History::default().drawdowns(Some(10), View::Exact, Resample::None)?;
    /// assert_eq!((table.rows, table.schema.fields().len()), (0, 6));
    /// # Ok::<(), portfolio_core::analysis::TableError>(())
    /// ```
    pub fn drawdowns(
        &self,
        top: Option<usize>,
        view: View,
        resample: Resample,
    ) -> Result<TableSnapshot, TableError> {
        let mut episodes = self.episodes(resample);
        episodes.sort_by(|one, other| {
            one.depth().total_cmp(&other.depth()).then(one.peak.time.cmp(&other.peak.time))
        });
        episodes.truncate(top.unwrap_or(usize::MAX));
        let amounts = episodes.iter().map(Episode::amount).collect::<Result<Vec<_>, _>>()?;
        Columns::new(TABLE, view)
            .filled("peak_time", times(episodes.iter().map(|episode| Some(episode.peak.time))))
            .filled("valley_time", times(episodes.iter().map(|episode| Some(episode.valley.time))))
            .nullable("recovery_time", times(episodes.iter().map(|episode| episode.recovery)))
            .filled("depth", doubles(episodes.iter().map(Episode::depth)))
            .money("amount", &amounts)
            .filled("duration", durations(episodes.iter().map(Episode::duration)))
            .finish()
    }

    fn episodes(&self, resample: Resample) -> Vec<Episode> {
        let mut episodes = Episodes::default();
        let mut last = None;
        if let Some(start) = &self.start {
            let (time, balance) = (start.time, start.balance);
            let point = Point { time, exact: balance.raw(), value: balance.to_f64() };
            episodes.take(point);
            last = Some(time);
        }
        self.points(resample, 0, |block, _| {
            episodes.take_block(&block);
            last = block.times.last().copied().or(last);
        });
        episodes.finish(last)
    }
}

impl Episodes {
    fn take_block(&mut self, block: &Block<'_>) {
        let points = block.times.iter().zip(block.exact).zip(block.values);
        for ((&time, &exact), &value) in points {
            self.take(Point { time, exact, value });
        }
    }

    #[inline]
    fn take(&mut self, point: Point) {
        match self.peak {
            None => {
                self.positive = point.value > 0.0;
                self.peak = Some(point);
            }
            Some(peak) if point.value >= peak.value => self.recover(peak, point),
            Some(_) if self.valley.is_none_or(|valley| point.value < valley.value) => {
                self.valley = Some(point);
            }
            Some(_) => {}
        }
    }

    /// A point that is not below the peak is the next peak.
    #[inline]
    fn recover(&mut self, peak: Point, point: Point) {
        if let Some(valley) = self.valley.take() {
            let (recovery, end) = (Some(point.time), point.time);
            self.done.push(Episode { peak, valley, recovery, end });
        }
        self.peak = Some(point);
    }

    fn finish(mut self, last: Option<i64>) -> Vec<Episode> {
        if let (Some(peak), Some(valley), Some(end)) = (self.peak, self.valley, last) {
            self.done.push(Episode { peak, valley, recovery: None, end });
        }
        if self.positive { self.done } else { Vec::new() }
    }
}

impl Episode {
    /// The fraction of the peak, below 0.
    fn depth(&self) -> f64 {
        self.valley.value / self.peak.value - 1.0
    }

    /// The same in money, above 0.
    fn amount(&self) -> Result<Money, TableError> {
        // Two stored numbers are at most 2 * 10^38 apart, which may leave 128 bits.
        let apart = self.peak.exact.saturating_sub(self.valley.exact);
        Money::from_raw(apart).map_err(out_of_range(TABLE, "amount"))
    }

    const fn duration(&self) -> i64 {
        self.end.saturating_sub(self.peak.time)
    }
}
