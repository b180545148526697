//! Episodes of a drawdown, point by point (SPEC S8).
//!
//! An episode begins at the last point that was not below any before it, ends at the first point
//! that is not below the peak, or is still open.

/// A point in time.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Point {
    /// Microseconds since the epoch.
    pub time: i64,
    /// Raw money.
    pub exact: i128,
    /// The double nearest to it.
    pub value: f64,
}

/// From a peak to the first point that is not below it, or to the last point of all.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Episode {
    /// The peak.
    pub peak: Point,
    /// The first lowest point.
    pub valley: Point,
    /// When it ended; none while it is open.
    pub recovery: Option<i64>,
    /// The time of its last point.
    pub end: i64,
}

impl Episode {
    /// The fraction of the peak, below 0.
    #[must_use]
    pub fn depth(&self) -> f64 {
        self.valley.value / self.peak.value - 1.0
    }

    /// Microseconds from the peak to the end.
    #[must_use]
    pub const fn duration(&self) -> i64 {
        self.end.saturating_sub(self.peak.time)
    }
}

/// The peak so far, and the lowest point below it. Points are compared as doubles.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Track {
    /// The last point that was not below any before it.
    pub peak: Point,
    /// The first lowest point behind it that is below it.
    pub valley: Option<Point>,
}

impl Track {
    /// At the first point of all.
    #[must_use]
    pub const fn from_start(start: Point) -> Self {
        Self { peak: start, valley: None }
    }

    /// Takes the next point; answers the episode that it ends.
    #[inline]
    pub fn step(&mut self, point: Point) -> Option<Episode> {
        if point.value >= self.peak.value {
            let peak = std::mem::replace(&mut self.peak, point);
            let valley = self.valley.take()?;
            return Some(Episode { peak, valley, recovery: Some(point.time), end: point.time });
        }
        if self.valley.is_none_or(|valley| point.value < valley.value) {
            self.valley = Some(point);
        }
        None
    }

    /// The episode that is still open at the last point.
    #[must_use]
    pub fn open(&self, end: i64) -> Option<Episode> {
        Some(Episode { peak: self.peak, valley: self.valley?, recovery: None, end })
    }
}
