//! Levels in order, each with the number of the position or order that waits for it.

use std::collections::BTreeSet;

/// Levels in raw units of a price, in order.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Levels(BTreeSet<(i128, u64)>);

impl Levels {
    pub(super) fn insert(&mut self, level: i128, id: u64) {
        self.0.insert((level, id));
    }

    pub(super) fn remove(&mut self, level: i128, id: u64) {
        self.0.remove(&(level, id));
    }

    /// The lowest level.
    pub(super) fn lowest(&self) -> Option<i128> {
        self.0.first().map(|&(level, _)| level)
    }

    /// The highest level.
    pub(super) fn highest(&self) -> Option<i128> {
        self.0.last().map(|&(level, _)| level)
    }

    /// All between two levels, both included, in order.
    pub(crate) fn within(&self, low: i128, high: i128) -> impl Iterator<Item = (i128, u64)> {
        let range = (low <= high).then(|| self.0.range((low, 0)..=(high, u64::MAX)));
        range.into_iter().flatten().copied()
    }

    /// The lowest level between two, with the lowest number that waits for it.
    pub(crate) fn first_rising(&self, low: i128, high: i128) -> Option<(i128, u64)> {
        if low > high {
            return None;
        }
        self.0.range((low, 0)..=(high, u64::MAX)).next().copied()
    }

    /// The highest level between two, with the lowest number that waits for it.
    pub(crate) fn first_falling(&self, low: i128, high: i128) -> Option<(i128, u64)> {
        if low > high {
            return None;
        }
        let (level, _) = self.0.range((low, 0)..=(high, u64::MAX)).next_back()?;
        self.0.range((*level, 0)..).next().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_on_the_way_has_the_lowest_number() {
        let mut levels = Levels::default();
        for (level, id) in [(10, 3), (10, 1), (20, 9), (20, 2), (30, 5)] {
            levels.insert(level, id);
        }
        assert_eq!(levels.first_falling(0, 25), Some((20, 2)));
        assert_eq!(levels.first_falling(11, 19), None);
        assert_eq!(levels.first_rising(10, 25), Some((10, 1)));
        assert_eq!(levels.first_rising(25, 10), None);
        assert_eq!(levels.first_falling(25, 10), None);
        assert_eq!(levels.within(10, 20).count(), 4);
        assert_eq!(levels.within(20, 10).count(), 0);
        assert_eq!((levels.lowest(), levels.highest()), (Some(10), Some(30)));
        levels.remove(30, 5);
        assert_eq!(levels.highest(), Some(20));
    }
}
