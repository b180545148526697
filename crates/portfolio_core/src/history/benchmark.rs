//! The levels of a benchmark.

/// Levels in the order of time.
#[derive(Debug, Clone, Default)]
pub struct Benchmark {
    /// Microseconds since the epoch, increasing.
    pub times: Vec<i64>,
    /// Levels above 0.
    pub values: Vec<f64>,
}

/// A place in a benchmark.
#[derive(Debug)]
pub struct Cursor<'a> {
    benchmark: &'a Benchmark,
    row: usize,
}

impl Benchmark {
    /// A place before the first level.
    #[must_use]
    pub fn cursor(&self) -> Cursor<'_> {
        Cursor { benchmark: self, row: 0 }
    }
}

impl Cursor<'_> {
    /// The last level at or before a time that is not before the last one asked for.
    pub fn at(&mut self, time: i64) -> Option<f64> {
        while self.benchmark.times.get(self.row).is_some_and(|&next| next <= time) {
            self.row = self.row.saturating_add(1);
        }
        self.benchmark.values.get(self.row.checked_sub(1)?).copied()
    }
}
