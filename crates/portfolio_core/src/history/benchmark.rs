//! Levels of something else, such as an index, to compare a curve with: each holds from its time
//! on.

use super::error::{BadCell, HistoryError};
use super::source::{Cells, Frame, Holds, Source};

/// Names of a column of levels; one that goes by another name must be the only one.
const LEVELS: [&str; 4] = ["equity", "close", "price", "value"];

/// Levels in time.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Benchmark {
    /// Microseconds since the epoch, increasing.
    pub times: Vec<i64>,
    /// The level from each time on, above 0.
    pub values: Vec<f64>,
}

/// Goes through a benchmark once, with times that never decrease.
#[derive(Debug, Clone)]
pub struct Cursor<'a> {
    times: &'a [i64],
    values: &'a [f64],
    /// Levels at or before the last time that was asked for.
    passed: usize,
}

impl Benchmark {
    /// Reads `time` and a column of levels: the one that is named `equity`, `close`, `price` or
    /// `value` when there is exactly one of these, otherwise the only other column. The last level
    /// of a time counts.
    ///
    /// # Errors
    /// [`HistoryError`] as [`super::History::read`]; a level must be above 0.
    ///
    /// # Examples
    /// ```
    /// use std::sync::Arc;
    ///
    /// use arrow_array::{ArrayRef, Float64Array, Int64Array, RecordBatch};
    /// use portfolio_core::history::Benchmark;
    ///
    /// let time: ArrayRef = Arc::new(Int64Array::from(vec![10, 20]));
    /// let index: ArrayRef = Arc::new(Float64Array::from(vec![4_700.0, 4_712.5]));
    /// let batch = RecordBatch::try_from_iter([("time", time), ("index", index)]).unwrap();
    /// let benchmark = Benchmark::read((&batch.schema(), &[batch]))?;
    /// let mut cursor = benchmark.cursor();
    /// let levels = [9, 10, 19, 25].map(|time| cursor.at(time));
    /// assert_eq!(levels, [None, Some(4_700.0), Some(4_700.0), Some(4_712.5)]);
    /// # Ok::<(), Box<portfolio_core::history::HistoryError>>(())
    /// ```
    pub fn read(frame: Frame<'_>) -> Result<Self, Box<HistoryError>> {
        let source = Source { name: "benchmark", frame };
        source.require("time")?;
        let times = source.read("time", Holds::RisingTimes)?;
        let name = level_column(&source)?;
        let levels = source.read(name, Holds::Money)?;
        let (Some(Cells::Times(times)), Some(Cells::Numbers(levels))) = (times, levels) else {
            return Ok(Self::default());
        };
        let mut low = levels.exact.cells().zip(levels.double.cells()).enumerate();
        if let Some((row, (_, value))) = low.find(|(_, (exact, _))| *exact <= 0) {
            let bad = BadCell::new(row, value, "must be greater than 0", "correct the level");
            return Err(HistoryError::cell(source.name, name, &bad));
        }
        let following = times.cells().skip(1).map(Some).chain([None]);
        let rows = times.cells().zip(levels.double.cells()).zip(following);
        let last_of_time = rows.filter(|((time, _), next)| Some(*time) != *next);
        let (times, values) = last_of_time.map(|(row, _)| row).unzip();
        Ok(Self { times, values })
    }

    /// A cursor in front of the first level.
    #[must_use]
    pub fn cursor(&self) -> Cursor<'_> {
        Cursor { times: &self.times, values: &self.values, passed: 0 }
    }
}

impl Cursor<'_> {
    /// The last level at or before a time; nothing before the first. No time may be before the one
    /// that was asked for last.
    #[inline]
    pub fn at(&mut self, time: i64) -> Option<f64> {
        while self.times.get(self.passed).is_some_and(|&next| next <= time) {
            self.passed = self.passed.wrapping_add(1);
        }
        self.values.get(self.passed.checked_sub(1)?).copied()
    }
}

/// The name of the column that holds the levels.
fn level_column<'a>(source: &Source<'a>) -> Result<&'a str, Box<HistoryError>> {
    let known: Vec<&str> = source.names().filter(|name| LEVELS.contains(name)).collect();
    let others: Vec<&str> = source.names().filter(|name| *name != "time").collect();
    match (known.as_slice(), others.as_slice()) {
        ([name], _) | (_, [name]) => Ok(name),
        ([name, rest @ ..], _) if rest.iter().all(|other| other == name) => Ok(name),
        (_, []) => Err(HistoryError::column(source.name, "value", "is missing", "add the column")),
        _ => {
            let rule = "cannot be told from the others";
            let remedy = "pass time and one of equity, close, price, value";
            Err(HistoryError::column(source.name, &others.join(", "), rule, remedy))
        }
    }
}
