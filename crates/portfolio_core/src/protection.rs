//! What protects positions and orders beside stop loss and take profit (rules Q1 and Q2).
//!
//! Few positions have any of it, so it lives in a side table: a row only says where.

use crate::event::{BreakEven, Protection, Side, Target};
use crate::numbers::{Overflow, Price, Size};
use crate::positions::{Position, StopKind};

/// What protects a position or an order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Protected {
    /// The distance at which the stop follows the market.
    pub trailing: Option<Price>,
    /// When and where the stop moves to the entry.
    pub break_even: Option<BreakEven>,
    /// Parts that are closed on the way, in the order in which they were given.
    pub targets: Vec<Target>,
    /// When the position is closed at the market.
    pub exit_time: Option<i64>,
}

impl Protected {
    /// The protection of an event, kept.
    #[must_use]
    pub fn of(protection: &Protection<'_>) -> Self {
        Self {
            trailing: protection.trailing,
            break_even: protection.break_even,
            targets: protection.targets.to_vec(),
            exit_time: protection.exit_time,
        }
    }

    /// As an event says it.
    #[must_use]
    pub fn as_event(&self) -> Protection<'_> {
        Protection {
            trailing: self.trailing,
            break_even: self.break_even,
            targets: &self.targets,
            exit_time: self.exit_time,
        }
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.as_event().is_none()
    }

    /// With what is given in place of what is there (rule P2).
    #[must_use]
    pub fn replaced_by(&self, given: &Protection<'_>) -> Self {
        Self {
            trailing: given.trailing.or(self.trailing),
            break_even: given.break_even.or(self.break_even),
            targets: if given.targets.is_empty() {
                self.targets.clone()
            } else {
                given.targets.to_vec()
            },
            exit_time: given.exit_time.or(self.exit_time),
        }
    }

    /// The sum of the targets' sizes; nothing beyond the range of sizes.
    #[must_use]
    pub fn target_sizes(&self) -> Option<Size> {
        sum_of_sizes(&self.targets)
    }
}

/// The sum of sizes of targets; nothing beyond the range of sizes.
pub(crate) fn sum_of_sizes(targets: &[Target]) -> Option<Size> {
    let add = |sum: Size, target: &Target| sum.checked_add(target.size).ok();
    targets.iter().try_fold(Size::ZERO, add)
}

impl Position {
    /// Whether a stop is nearer to the market than the one there is, if any.
    #[inline]
    #[must_use]
    pub fn stop_is_nearer(&self, stop: Price) -> bool {
        match self.side {
            _ if self.stop_loss.is_zero() => true,
            Side::Long => stop > self.stop_loss,
            Side::Short => stop < self.stop_loss,
        }
    }

    /// Moves the stop when that is nearer to the market. What lies below 0 is no stop.
    pub(crate) fn tighten(&mut self, stop: Result<Price, Overflow>, kind: StopKind) {
        if let Ok(stop) = stop
            && stop.is_positive()
            && self.stop_is_nearer(stop)
        {
            (self.stop_loss, self.stop_kind) = (stop, kind);
        }
    }

    /// The stop at a distance from a price.
    pub(crate) const fn stop_at(&self, price: Price, distance: Price) -> Result<Price, Overflow> {
        match self.side {
            Side::Long => price.checked_sub(distance),
            Side::Short => price.checked_add(distance),
        }
    }
}

/// A step of the table, to be taken back.
#[derive(Debug, Clone)]
enum Step {
    /// A new place at the end.
    Pushed,
    /// A place that was free.
    Filled(u32),
    /// What a place held.
    Freed(u32, Protected),
    /// What a place held before something else.
    Replaced(u32, Protected),
}

/// The side table. Place 0 stands for no protection.
#[derive(Debug, Clone, Default)]
pub struct Protections {
    places: Vec<Option<Protected>>,
    free: Vec<u32>,
    /// What was done since the outermost mark that somebody may go back to.
    steps: Vec<Step>,
    marks: Vec<usize>,
}

/// The place in the vector of a place in the table.
fn at(place: u32) -> Option<usize> {
    usize::try_from(place.checked_sub(1)?).ok()
}

impl Protections {
    /// What is at a place, if anything.
    #[inline]
    #[must_use]
    pub fn get(&self, place: u32) -> Option<&Protected> {
        self.places.get(at(place)?)?.as_ref()
    }

    /// Keeps a protection and answers its place: 0 for none.
    pub fn put(&mut self, protected: Protected) -> u32 {
        if protected.is_none() {
            return 0;
        }
        if let Some(place) = self.free.pop() {
            if let Some(cell) = at(place).and_then(|at| self.places.get_mut(at)) {
                *cell = Some(protected);
            }
            self.note(Step::Filled(place));
            return place;
        }
        self.places.push(Some(protected));
        self.note(Step::Pushed);
        u32::try_from(self.places.len()).unwrap_or(0)
    }

    /// Puts a protection in place of another one and answers where it is now.
    pub fn replace(&mut self, place: u32, protected: Protected) -> u32 {
        if place == 0 {
            return self.put(protected);
        }
        if protected.is_none() {
            self.remove(place);
            return 0;
        }
        let cell = at(place).and_then(|at| self.places.get_mut(at));
        if let Some(before) = cell.and_then(|cell| cell.replace(protected)) {
            self.note(Step::Replaced(place, before));
        }
        place
    }

    /// Frees a place.
    pub fn remove(&mut self, place: u32) {
        let cell = at(place).and_then(|at| self.places.get_mut(at));
        if let Some(before) = cell.and_then(Option::take) {
            self.free.push(place);
            self.note(Step::Freed(place, before));
        }
    }

    fn note(&mut self, step: Step) {
        if !self.marks.is_empty() {
            self.steps.push(step);
        }
    }

    /// From here on remembers what is done, until [`Protections::commit`] or
    /// [`Protections::rewind`]. Marks may be nested.
    pub(crate) fn begin(&mut self) {
        self.marks.push(self.steps.len());
    }

    /// Forgets the last mark.
    pub(crate) fn commit(&mut self) {
        self.marks.pop();
        if self.marks.is_empty() {
            self.steps.clear();
        }
    }

    /// Goes back to the last mark.
    pub(crate) fn rewind(&mut self) {
        let Some(mark) = self.marks.pop() else { return };
        while self.steps.len() > mark {
            let Some(step) = self.steps.pop() else { break };
            self.take_back(step);
        }
    }

    fn take_back(&mut self, step: Step) {
        let (place, content) = match step {
            Step::Pushed => {
                self.places.pop();
                return;
            }
            Step::Filled(place) => {
                self.free.push(place);
                (place, None)
            }
            Step::Freed(place, before) => {
                self.free.pop();
                (place, Some(before))
            }
            Step::Replaced(place, before) => (place, Some(before)),
        };
        if let Some(cell) = at(place).and_then(|at| self.places.get_mut(at)) {
            *cell = content;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trailing(raw: i128) -> Protected {
        Protected { trailing: Some(Price::from_raw(raw).unwrap()), ..Protected::default() }
    }

    fn seen(table: &Protections) -> Vec<Option<i128>> {
        let distance = |place| table.get(place)?.trailing.map(Price::raw);
        (0..6).map(distance).collect()
    }

    #[test]
    fn places_are_used_again() {
        let mut table = Protections::default();
        assert_eq!(table.put(Protected::default()), 0, "no protection has no place");
        assert_eq!([table.put(trailing(1)), table.put(trailing(2))], [1, 2]);
        table.remove(1);
        table.remove(1);
        assert_eq!([table.put(trailing(3)), table.put(trailing(4))], [1, 3]);
        assert_eq!(table.replace(2, trailing(5)), 2);
        assert_eq!(table.replace(3, Protected::default()), 0);
        assert_eq!(seen(&table), [None, Some(3), Some(5), None, None, None]);
    }

    #[test]
    fn a_rewound_table_is_as_it_was() {
        let mut table = Protections::default();
        let places = [table.put(trailing(1)), table.put(trailing(2)), table.put(trailing(3))];
        table.remove(places[1]);
        let before = seen(&table);
        table.begin();
        table.put(trailing(4));
        table.put(trailing(5));
        let middle = seen(&table);
        table.begin();
        table.replace(1, trailing(6));
        table.remove(1);
        table.remove(4);
        table.put(trailing(7));
        table.rewind();
        assert_eq!(seen(&table), middle);
        table.begin();
        table.remove(3);
        table.commit();
        assert_eq!(table.get(3), None);
        table.rewind();
        assert_eq!(seen(&table), before);
        assert!(table.steps.is_empty() && table.marks.is_empty());
        assert_eq!([table.put(trailing(8)), table.put(trailing(9))], [2, 4], "free places too");
    }
}
