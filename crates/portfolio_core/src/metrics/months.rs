//! Returns of calendar months (UTC), compounded.

use super::sums::Total;
use crate::history::{Block, month_end};

/// Figures of the months that hold at least one return.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Months {
    /// Where the month under way began.
    base: f64,
    /// The last point.
    last: f64,
    /// The last microsecond of the month under way; none before the first return.
    end: Option<i64>,
    ended: Figures,
}

/// Of months that are over.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Figures {
    /// Months.
    pub seen: usize,
    /// Months above 0.
    pub positive: usize,
    /// The best one.
    pub best: f64,
    /// The worst one.
    pub worst: f64,
    /// Sum of all.
    pub sum: Total,
    /// Sum of those below 0.
    pub losses: Total,
}

impl Figures {
    fn add(&mut self, month: f64) {
        if self.seen == 0 {
            (self.best, self.worst) = (month, month);
        }
        self.seen = self.seen.saturating_add(1);
        self.positive = self.positive.saturating_add(usize::from(month > 0.0));
        self.best = self.best.max(month);
        self.worst = self.worst.min(month);
        self.sum.add(month);
        if month < 0.0 {
            self.losses.add(month);
        }
    }
}

impl Months {
    /// Before the first return.
    #[must_use]
    pub fn from_start(equity: f64) -> Self {
        Self { base: equity, last: equity, ..Self::default() }
    }

    /// Takes points above 0.
    pub fn take(&mut self, block: &Block<'_>) {
        let mut from = 0;
        while let Some(&time) = block.times.get(from) {
            let end = match self.end {
                Some(end) if time <= end => end,
                before => {
                    if before.is_some() {
                        self.ended.add(self.last / self.base - 1.0);
                        self.base = self.last;
                    }
                    month_end(time)
                }
            };
            self.end = Some(end);
            let rest = block.times.get(from..).unwrap_or_default();
            from = from.saturating_add(rest.partition_point(|&time| time <= end));
            let last = from.checked_sub(1).and_then(|row| block.values.get(row));
            self.last = last.copied().unwrap_or(self.last);
        }
    }

    /// The figures with the month under way.
    #[must_use]
    pub fn figures(&self) -> Figures {
        let mut figures = self.ended;
        if self.end.is_some() {
            figures.add(self.last / self.base - 1.0);
        }
        figures
    }
}
