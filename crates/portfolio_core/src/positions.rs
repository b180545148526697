//! The open positions: one row each, found by id in constant time.
//!
//! A position that is closed leaves its row to the last one, so closing costs the same whatever the
//! number of positions. Rows are kept as values because an event reads and writes all of a
//! position; the columns that users see are brought up to date from the touched rows when somebody
//! looks ([`crate::columns::positions`]).

use std::collections::TryReserveError;

use crate::columns::segment::AllocationFailed;
use crate::columns::text::TextView;
use crate::event::Side;
use crate::ids::{CLOSED, IdIndex, IdMark};
use crate::images::Images;
use crate::numbers::{Money, Overflow, Price, Size};

/// What set the stop of a position where it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StopKind {
    /// The caller.
    #[default]
    Own,
    /// It follows the market.
    Trailing,
    /// It moved to the entry.
    BreakEven,
}

/// An open position.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Position {
    /// Its id, never 0.
    pub position_id: u64,
    /// Index of its instrument.
    pub symbol: u32,
    /// Long or short.
    pub side: Side,
    /// What is held, > 0.
    pub size: Size,
    /// When it was opened.
    pub entry_time: i64,
    /// The fill it was opened at.
    pub entry_price: Price,
    /// Stop loss now; 0 = none.
    pub stop_loss: Price,
    /// Stop loss at entry; 0 = none.
    pub initial_stop: Price,
    /// Take profit; 0 = none.
    pub take_profit: Price,
    /// Size * entry price * contract size, > 0.
    pub cost: Money,
    /// Fees charged to it that no trade has taken yet.
    pub entry_fee: Money,
    /// The tag given at the open.
    pub tag: TextView,
    /// When it was opened among the marks that its side of the book saw.
    pub epoch: u64,
    /// What set the stop loss.
    pub stop_kind: StopKind,
    /// The place of what else protects it ([`crate::protection::Protections`]); 0 = nothing.
    pub protection: u32,
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

/// Which rows differ from the columns that were last handed out.
#[derive(Debug, Default)]
pub struct Touched {
    rows: Vec<u32>,
    all: bool,
}

/// Beyond this many touched rows the columns are simply written again.
const TOUCHED_MAX: usize = 1_024;

impl Touched {
    fn add(&mut self, row: u32) {
        if self.rows.len() < TOUCHED_MAX {
            self.rows.push(row);
        } else {
            self.all = true;
        }
    }

    /// The touched rows, or `None` for all of them; and forgets them.
    pub fn take(&mut self) -> Option<Vec<u32>> {
        let rows = std::mem::take(&mut self.rows);
        if std::mem::take(&mut self.all) { None } else { Some(rows) }
    }
}

/// Rows that can be open at once.
pub const ROWS_MAX: usize = 0xFFFF_FFFE;

/// The open positions.
#[derive(Debug, Default)]
pub struct Positions {
    rows: Vec<Position>,
    index: IdIndex,
    touched: Touched,
    before: Option<Box<Before>>,
}

/// The positions as they were at some moment, as far as they have changed since.
#[derive(Debug)]
struct Before {
    /// How many rows there were, and what the changed ones among them held.
    rows: u32,
    changed: Images<Position>,
    ids: IdMark,
}

impl Before {
    /// Keeps what a row held, if it was there before; rows that came later just go.
    #[inline]
    fn keep(&mut self, row: u32, position: &Position) {
        if row < self.rows {
            self.changed.keep(row, position);
        }
    }
}

impl Positions {
    /// All rows in order.
    #[inline]
    #[must_use]
    pub fn rows(&self) -> &[Position] {
        &self.rows
    }

    /// The row of an open position.
    #[inline]
    #[must_use]
    pub fn find(&self, position_id: u64) -> Option<(u32, &Position)> {
        let row = self.index.row(position_id)?;
        Some((row, self.rows.get(usize::try_from(row).ok()?)?))
    }

    /// The id that an open without one will get.
    #[must_use]
    pub fn next_id(&self) -> u64 {
        self.index.next
    }

    /// Whether an id is or was in use.
    #[must_use]
    pub fn is_used(&self, position_id: u64) -> bool {
        self.index.is_used(position_id)
    }

    /// Makes room for one more position.
    ///
    /// # Errors
    /// When the allocator refuses; nothing has changed then.
    #[inline]
    pub fn reserve_one(&mut self) -> Result<(), AllocationFailed> {
        self.rows.try_reserve(1).map_err(|_| AllocationFailed { bytes: 0 })?;
        self.index.reserve_one()
    }

    /// Appends a position whose id is not in use.
    #[inline]
    pub fn insert(&mut self, position: &Position) {
        let row = u32::try_from(self.rows.len()).unwrap_or(CLOSED);
        self.index.insert(position.position_id, row);
        self.touched.add(row);
        self.rows.push(*position);
    }

    /// Overwrites the row of an open position.
    #[inline]
    pub fn update(&mut self, row: u32, position: &Position) {
        self.touched.add(row);
        if let Some(cell) = usize::try_from(row).ok().and_then(|row| self.rows.get_mut(row)) {
            if let Some(before) = &mut self.before {
                before.keep(row, cell);
            }
            *cell = *position;
        }
    }

    /// Removes a row; the last one moves into its place.
    #[inline]
    pub fn remove(&mut self, row: u32) {
        let place = usize::try_from(row).unwrap_or(usize::MAX);
        let Some(&last) = self.rows.last() else { return };
        let Some(cell) = self.rows.get_mut(place) else { return };
        let gone = cell.position_id;
        if let Some(before) = &mut self.before {
            before.keep(row, cell);
        }
        *cell = last;
        self.index.set(last.position_id, row);
        self.index.set(gone, CLOSED);
        self.touched.add(row);
        if let Some(before) = &mut self.before {
            let row = u32::try_from(self.rows.len().saturating_sub(1)).unwrap_or(CLOSED);
            before.keep(row, &last);
        }
        self.rows.pop();
    }

    /// From here on, remembers what so many changes change, until [`Positions::keep`] or
    /// [`Positions::rewind`].
    ///
    /// # Errors
    /// When the allocator refuses.
    pub fn remember(&mut self, changes: usize) -> Result<(), TryReserveError> {
        // A removal changes two rows.
        let changed = Images::new(self.rows.len(), changes.saturating_mul(2))?;
        let rows = u32::try_from(self.rows.len()).unwrap_or(CLOSED);
        self.before = Some(Box::new(Before { rows, changed, ids: self.index.mark() }));
        Ok(())
    }

    /// Forgets what was before.
    pub fn keep(&mut self) {
        self.before = None;
        self.index.unmark();
    }

    /// Goes back to where [`Positions::remember`] was called.
    pub fn rewind(&mut self) {
        let Some(before) = self.before.take() else { return };
        self.index.rewind(before.ids);
        self.rows.truncate(usize::try_from(before.rows).unwrap_or(usize::MAX));
        let mut images = before.changed.into_images();
        // Rows that were removed at the end come back in their order.
        images.sort_unstable_by_key(|(row, _)| *row);
        for (row, image) in images {
            match usize::try_from(row).ok().and_then(|place| self.rows.get_mut(place)) {
                Some(cell) => *cell = image,
                None => self.rows.push(image),
            }
        }
        for (row, position) in self.rows.iter().enumerate() {
            self.index.set(position.position_id, u32::try_from(row).unwrap_or(CLOSED));
        }
        self.touched.all = true;
    }

    /// Whether a row was written since the touched rows were last taken. A removed last row is not
    /// a touched one: the number of rows tells.
    #[must_use]
    pub fn is_touched(&self) -> bool {
        self.touched.all || !self.touched.rows.is_empty()
    }

    /// The rows touched since this was last asked.
    pub fn take_touched(&mut self) -> Option<Vec<u32>> {
        self.touched.take()
    }

    /// Breaks a row on purpose, to show that the invariants see it.
    #[cfg(test)]
    pub(crate) fn rows_mut(&mut self) -> &mut Vec<Position> {
        &mut self.rows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn position(position_id: u64) -> Position {
        Position {
            position_id,
            symbol: 0,
            side: Side::Long,
            size: Size::ZERO,
            entry_time: 0,
            entry_price: Price::ZERO,
            stop_loss: Price::ZERO,
            initial_stop: Price::ZERO,
            take_profit: Price::ZERO,
            cost: Money::ZERO,
            entry_fee: Money::ZERO,
            tag: TextView::EMPTY,
            epoch: 0,
            stop_kind: StopKind::Own,
            protection: 0,
        }
    }

    fn open(positions: &mut Positions, position_id: u64) {
        positions.reserve_one().unwrap();
        positions.insert(&position(position_id));
    }

    #[test]
    fn the_last_row_fills_the_gap() {
        let mut positions = Positions::default();
        (1..=4).for_each(|id| open(&mut positions, id));
        positions.remove(positions.find(2).unwrap().0);
        let ids: Vec<u64> = positions.rows().iter().map(|row| row.position_id).collect();
        assert_eq!(ids, [1, 4, 3]);
        assert_eq!(positions.find(4).unwrap().0, 1);
        assert!(positions.find(2).is_none() && positions.is_used(2));
        positions.remove(99);
        assert_eq!(positions.rows().len(), 3);
    }

    #[test]
    fn chosen_ids_are_stepped_over() {
        let mut positions = Positions::default();
        open(&mut positions, 2);
        open(&mut positions, u64::MAX);
        assert_eq!(positions.next_id(), 1);
        open(&mut positions, 1);
        assert_eq!(positions.next_id(), 3, "2 was chosen already");
        open(&mut positions, 3);
        assert_eq!(positions.find(2).unwrap().0, 0);
        positions.remove(0);
        assert!(positions.find(2).is_none() && positions.is_used(2));
        assert_eq!(positions.find(3).unwrap().0, 0);
        positions.remove(positions.find(u64::MAX).unwrap().0);
        assert!(positions.is_used(u64::MAX) && !positions.is_used(7));
        assert!(positions.find(0).is_none() && positions.is_used(0));
    }

    #[test]
    fn touched_rows_are_told_once() {
        let mut positions = Positions::default();
        open(&mut positions, 1);
        assert_eq!(positions.take_touched(), Some(vec![0]));
        positions.update(0, &position(1));
        assert_eq!(positions.take_touched(), Some(vec![0]));
        (0..=TOUCHED_MAX).for_each(|_| positions.update(0, &position(1)));
        assert_eq!(positions.take_touched(), None, "too many: all");
        assert_eq!(positions.take_touched(), Some(vec![]));
    }
}
