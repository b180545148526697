//! The times below a peak.

use super::{Columns, TableError, doubles, durations, out_of_range, times};
use crate::columns::schema::View;
use crate::export::TableSnapshot;
use crate::history::{History, Resample};
use crate::metrics::episodes::{Episode, Point, Track};
use crate::numbers::Money;

const TABLE: &str = "drawdowns";

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
        let amounts = episodes.iter().map(amount).collect::<Result<Vec<_>, _>>()?;
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
        let start = self.start.as_ref().map(|start| {
            let (time, exact) = (start.time, start.balance.raw());
            Point { time, exact, value: start.balance.to_f64() }
        });
        let (mut first, mut track, mut last) = (start, start.map(Track::from_start), start);
        let mut episodes = Vec::new();
        self.points(resample, 0, |block, _| {
            let points = block.times.iter().zip(block.exact.iter()).zip(block.values);
            for ((&time, exact), &value) in points {
                let point = Point { time, exact, value };
                first = first.or(Some(point));
                episodes.extend(track.get_or_insert(Track::from_start(point)).step(point));
                last = Some(point);
            }
        });
        // Without a start above 0 there are no fractions.
        if first.is_none_or(|first| first.value <= 0.0) {
            return Vec::new();
        }
        let open = track.zip(last).and_then(|(track, last)| track.open(last.time));
        episodes.extend(open);
        episodes
    }
}

/// The fall in money, above 0.
fn amount(episode: &Episode) -> Result<Money, TableError> {
    // Two stored numbers are at most 2 * 10^38 apart, which may leave 128 bits.
    let apart = episode.peak.exact.saturating_sub(episode.valley.exact);
    Money::from_raw(apart).map_err(out_of_range(TABLE, "amount"))
}
