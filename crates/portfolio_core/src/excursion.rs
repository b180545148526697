//! How far the marks went for and against the open positions of a side (rule X1).
//!
//! Each position needs the highest and the lowest mark since its open, and a mark must cost the
//! same whatever the number of positions. So marks are not written to positions. Opens cut time
//! into epochs: a mark moves the two extremes of the epoch that is under way, and the next open
//! puts them on two stacks. An extreme that a later epoch beats is dropped there, because every
//! position that saw it has seen the later one as well; what a position saw is the first extreme
//! that is not of an epoch before its own.

use std::collections::TryReserveError;

use crate::numbers::{LIMIT, Price};

/// The highest price there is.
const MOST: Price = match Price::from_raw(LIMIT.wrapping_sub(1)) {
    Ok(most) => most,
    Err(_) => Price::ZERO,
};

/// The highest, or the lowest, mark of an epoch that is over.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Extreme {
    price: Price,
    epoch: u64,
    /// How many open positions look at it first. Without any it may go.
    positions: u64,
}

/// The marks that the open positions of a side saw.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Excursions {
    /// The highest mark of this epoch; 0 before its first one.
    high: Price,
    /// The lowest mark of this epoch; the highest price before its first one.
    low: Price,
    epoch: u64,
    /// Open positions of this epoch.
    fresh: u64,
    /// Of the epochs that are over; prices fall.
    highs: Vec<Extreme>,
    /// Of the epochs that are over; prices rise.
    lows: Vec<Extreme>,
}

/// Where the first extremes that a position saw stand on the two stacks; behind their ends when the
/// position is of this epoch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Seen {
    high: usize,
    low: usize,
}

impl Default for Excursions {
    fn default() -> Self {
        let (highs, lows) = (Vec::new(), Vec::new());
        Self { high: Price::ZERO, low: MOST, epoch: 0, fresh: 0, highs, lows }
    }
}

impl Excursions {
    /// A mark is set. Without an open position it does no harm: the next open starts anew.
    #[inline(always)]
    pub(crate) fn mark(&mut self, mark: Price) {
        if mark > self.high {
            self.high = mark;
        }
        if mark < self.low {
            self.low = mark;
        }
    }

    /// Makes room for an open beside others.
    ///
    /// # Errors
    /// When the allocator refuses; what positions saw has not changed then.
    #[inline]
    pub(crate) fn reserve(&mut self) -> Result<(), TryReserveError> {
        make_room(&mut self.highs)?;
        make_room(&mut self.lows)
    }

    /// A position is opened, the `first` one or one beside others; answers its epoch. Room was
    /// reserved.
    #[inline]
    pub(crate) fn enter(&mut self, first: bool) -> u64 {
        if first {
            self.highs.clear();
            self.lows.clear();
            self.fresh = 0;
            (self.high, self.low) = (Price::ZERO, MOST);
        } else if !self.high.is_zero() {
            self.next_epoch();
        }
        self.fresh = self.fresh.wrapping_add(1);
        self.epoch
    }

    #[inline]
    fn next_epoch(&mut self) {
        let (high, low) = (self.high, self.low);
        let positions = std::mem::take(&mut self.fresh);
        let extreme = Extreme { price: high, epoch: self.epoch, positions };
        push(&mut self.highs, extreme, |before| before <= high);
        push(&mut self.lows, Extreme { price: low, ..extreme }, |before| before >= low);
        (self.high, self.low) = (Price::ZERO, MOST);
        self.epoch = self.epoch.wrapping_add(1);
    }

    /// Where a position of an epoch looks.
    #[inline]
    pub(crate) fn seen(&self, epoch: u64) -> Seen {
        let earlier = |extreme: &Extreme| extreme.epoch < epoch;
        Seen { high: self.highs.partition_point(earlier), low: self.lows.partition_point(earlier) }
    }

    /// The lowest and the highest of a price and of the marks that a position saw.
    #[inline]
    pub(crate) fn range(&self, seen: Seen, price: Price) -> (Price, Price) {
        let (low, high) = (self.low.min(price), self.high.max(price));
        (
            self.lows.get(seen.low).map_or(low, |before| before.price.min(low)),
            self.highs.get(seen.high).map_or(high, |before| before.price.max(high)),
        )
    }

    /// Ends the epoch, whatever it saw: positions that are opened from here on are apart from those
    /// that are open. Room was reserved.
    pub(crate) fn part(&mut self) {
        self.next_epoch();
    }

    /// Positions that were open when the epochs were parted see two marks; none was set since.
    pub(crate) fn mark_earlier(&mut self, low: Price, high: Price) {
        let epoch = self.epoch.wrapping_sub(1);
        let extreme = Extreme { price: high, epoch, positions: 0 };
        push(&mut self.highs, extreme, |before| before <= high);
        push(&mut self.lows, Extreme { price: low, ..extreme }, |before| before >= low);
    }

    /// Every mark that an open position has seen becomes another number; the others are gone, as
    /// all are when nothing is `held`.
    ///
    /// # Errors
    /// The first one that cannot be; some have changed then.
    pub(crate) fn scale<E>(
        &mut self,
        held: bool,
        number: impl Fn(Price) -> Result<Price, E>,
    ) -> Result<(), E> {
        if !held {
            // The next open is the first, and begins anew.
            (self.high, self.low) = (Price::ZERO, MOST);
        }
        self.highs.retain(|extreme| held && extreme.positions > 0);
        self.lows.retain(|extreme| held && extreme.positions > 0);
        let ends = [&mut self.high, &mut self.low];
        let stacks = self.highs.iter_mut().chain(&mut self.lows);
        for price in ends.into_iter().chain(stacks.map(|extreme| &mut extreme.price)) {
            // The two ends of all prices stand for no mark yet.
            if !price.is_zero() && *price != MOST {
                *price = number(*price)?;
            }
        }
        Ok(())
    }

    /// A position is closed whole, and others are still open.
    #[inline]
    pub(crate) fn leave(&mut self, seen: Seen) {
        match (self.highs.get_mut(seen.high), self.lows.get_mut(seen.low)) {
            (Some(high), Some(low)) => {
                high.positions = high.positions.wrapping_sub(1);
                low.positions = low.positions.wrapping_sub(1);
            }
            _ => self.fresh = self.fresh.wrapping_sub(1),
        }
    }
}

/// Room for one more extreme.
#[inline]
fn make_room(stack: &mut Vec<Extreme>) -> Result<(), TryReserveError> {
    if stack.len() < stack.capacity() { Ok(()) } else { grow(stack) }
}

/// A full stack first loses the extremes that nobody looks at any more, so that it never has more
/// room than a few times the number of open positions.
#[cold]
fn grow(stack: &mut Vec<Extreme>) -> Result<(), TryReserveError> {
    stack.retain(|extreme| extreme.positions > 0);
    if stack.len() < stack.capacity() / 2 { Ok(()) } else { stack.try_reserve(1) }
}

/// Puts an extreme on a stack in place of those that it beats, unless no position looks at it.
#[inline]
fn push(stack: &mut Vec<Extreme>, mut extreme: Extreme, beats: impl Fn(Price) -> bool) {
    while let Some(beaten) = stack.pop_if(|last| beats(last.price)) {
        extreme.positions = extreme.positions.wrapping_add(beaten.positions);
    }
    if extreme.positions > 0 {
        stack.push(extreme);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn price(raw: i128) -> Price {
        Price::from_raw(raw).unwrap()
    }

    fn enter(marks: &mut Excursions) -> u64 {
        marks.reserve().unwrap();
        marks.enter(false)
    }

    fn mark(marks: &mut Excursions, raws: &[i128]) {
        for &raw in raws {
            marks.mark(price(raw));
        }
    }

    fn leave(marks: &mut Excursions, epoch: u64) {
        marks.leave(marks.seen(epoch));
    }

    /// The extremes that a position saw, with its exit.
    fn range(marks: &Excursions, epoch: u64, exit: i128) -> (i128, i128) {
        let (low, high) = marks.range(marks.seen(epoch), price(exit));
        (low.raw(), high.raw())
    }

    #[test]
    fn each_position_saw_the_marks_since_its_open() {
        let mut marks = Excursions::default();
        marks.mark(price(1));
        let first = marks.enter(true);
        assert_eq!(range(&marks, first, 7), (7, 7), "the mark came before");
        assert_eq!(enter(&mut marks), first, "no mark between the two");
        mark(&mut marks, &[50, 90, 60]);
        let second = enter(&mut marks);
        assert_eq!((range(&marks, first, 70), range(&marks, second, 70)), ((50, 90), (70, 70)));
        mark(&mut marks, &[60, 80]);
        assert_eq!((range(&marks, first, 70), range(&marks, second, 70)), ((50, 90), (60, 80)));
        assert_eq!((range(&marks, first, 99), range(&marks, second, 55)), ((50, 99), (55, 80)));
        let third = enter(&mut marks);
        assert_eq!((marks.highs.len(), marks.lows.len()), (2, 2));
        mark(&mut marks, &[90, 40]);
        let fourth = enter(&mut marks);
        for epoch in [first, second, third] {
            assert_eq!(range(&marks, epoch, 70), (40, 90));
        }
        assert_eq!(range(&marks, fourth, 70), (70, 70));
        let all = |raw| Extreme { price: price(raw), epoch: third, positions: 4 };
        assert_eq!(marks.highs, [all(90)], "an equal one is enough");
        assert_eq!(marks.lows, [all(40)]);
    }

    #[test]
    fn the_highest_price_is_a_mark_too() {
        let mut marks = Excursions::default();
        let epoch = marks.enter(true);
        marks.mark(MOST);
        assert_eq!(range(&marks, epoch, 1), (1, MOST.raw()));
        enter(&mut marks);
        assert_eq!(range(&marks, epoch, MOST.raw()), (MOST.raw(), MOST.raw()));
    }

    #[test]
    fn the_first_open_starts_anew() {
        let mut marks = Excursions::default();
        let epoch = marks.enter(true);
        marks.mark(price(5));
        enter(&mut marks);
        marks.mark(price(6));
        assert_eq!(range(&marks, epoch, 5), (5, 6));
        let epoch = marks.enter(true);
        assert_eq!(range(&marks, epoch, 3), (3, 3));
        assert_eq!(marks.fresh, 1);
    }

    /// One position stays while the market falls and a thousand others come and go: their highs
    /// would pile up if closed positions were remembered.
    #[test]
    fn memory_goes_with_the_open_positions() {
        let mut marks = Excursions::default();
        let stays = marks.enter(true);
        let mut others = std::collections::VecDeque::new();
        for raw in (1..=1_000).rev() {
            marks.mark(price(raw));
            others.push_back(enter(&mut marks));
            if others.len() > 3 {
                leave(&mut marks, others.pop_front().unwrap());
            }
            assert_eq!(range(&marks, stays, raw), (raw, 1_000));
        }
        assert!(marks.highs.capacity() <= 16, "{}", marks.highs.capacity());
        assert_eq!(marks.lows.len(), 1);
        let looking: u64 = marks.highs.iter().map(|extreme| extreme.positions).sum();
        assert_eq!(looking + marks.fresh, 4);
    }

    #[test]
    fn a_clone_has_no_room_but_gets_it() {
        let mut marks = Excursions::default();
        let mut epochs = vec![marks.enter(true)];
        for raw in (1..=100).rev() {
            marks.mark(price(raw));
            epochs.push(enter(&mut marks));
        }
        let mut copy = marks.clone();
        assert_eq!(copy, marks);
        copy.mark(price(200));
        enter(&mut copy);
        assert_eq!((copy.highs.len(), marks.highs.len()), (1, 100));
        for (epoch, high) in epochs.into_iter().zip((1..=100).rev()) {
            assert_eq!(range(&marks, epoch, 1), (1, high));
            assert_eq!(range(&copy, epoch, 1), (1, 200));
        }
    }
}
