//! The open positions: one row each, found by id in constant time.
//!
//! A position that is closed leaves its row to the last one, so closing costs the same whatever the
//! number of positions. Rows are kept as values because an event reads and writes all of a
//! position; the columns that users see are brought up to date from the touched rows when somebody
//! looks ([`crate::columns::positions`]).

use hashbrown::{HashMap, TryReserveError};

use crate::columns::text::TextView;
use crate::event::Side;
use crate::numbers::{Money, Price, Size};

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
    /// Margin of this position alone.
    pub margin: Money,
    /// Fees charged to it that no trade has taken yet.
    pub entry_fee: Money,
    /// The tag given at the open.
    pub tag: TextView,
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

/// The open positions.
#[derive(Debug, Default)]
pub struct Positions {
    rows: Vec<Position>,
    index: IdIndex,
    touched: Touched,
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
    pub fn reserve_one(&mut self) -> Result<(), TryReserveError> {
        self.rows.try_reserve(1).map_err(|_| TryReserveError::CapacityOverflow)?;
        self.index.reserve_one()
    }

    /// Appends a position whose id is not in use.
    #[inline]
    pub fn insert(&mut self, position: Position) {
        let row = u32::try_from(self.rows.len()).unwrap_or(CLOSED);
        self.index.insert(position.position_id, row);
        self.touched.add(row);
        self.rows.push(position);
    }

    /// Overwrites the row of an open position.
    #[inline]
    pub fn update(&mut self, row: u32, position: Position) {
        self.touched.add(row);
        if let Some(cell) = usize::try_from(row).ok().and_then(|row| self.rows.get_mut(row)) {
            *cell = position;
        }
    }

    /// Removes a row; the last one moves into its place.
    #[inline]
    pub fn remove(&mut self, row: u32) {
        let place = usize::try_from(row).unwrap_or(usize::MAX);
        if place >= self.rows.len() {
            return;
        }
        let gone = self.rows.swap_remove(place);
        self.index.set(gone.position_id, CLOSED);
        if let Some(moved) = self.rows.get(place) {
            self.index.set(moved.position_id, row);
            self.touched.add(row);
        }
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

/// The row number of a position that was closed.
const CLOSED: u32 = u32::MAX;
/// The row number that says: look in the map of chosen ids.
const CHOSEN: u32 = u32::MAX - 1;
/// Rows that can be open at once.
pub const ROWS_MAX: usize = 0xFFFF_FFFE;

/// From an id to a row: counted ids by place, ids chosen by the caller in a map.
#[derive(Debug)]
struct IdIndex {
    counted: Vec<u32>,
    chosen: HashMap<u64, u32>,
    next: u64,
}

impl Default for IdIndex {
    fn default() -> Self {
        Self { counted: Vec::new(), chosen: HashMap::new(), next: 1 }
    }
}

impl IdIndex {
    fn place(position_id: u64) -> Option<usize> {
        usize::try_from(position_id.checked_sub(1)?).ok()
    }

    #[inline]
    fn row(&self, position_id: u64) -> Option<u32> {
        let counted = Self::place(position_id).and_then(|place| self.counted.get(place));
        let row = match counted {
            Some(&CHOSEN) | None => *self.chosen.get(&position_id)?,
            Some(&row) => row,
        };
        (row != CLOSED).then_some(row)
    }

    fn is_used(&self, position_id: u64) -> bool {
        position_id < self.next || self.chosen.contains_key(&position_id)
    }

    /// The counter may have to step over chosen ids, so room is made for them too.
    fn reserve_one(&mut self) -> Result<(), TryReserveError> {
        let more = self.chosen.len().saturating_add(1);
        self.counted.try_reserve(more).map_err(|_| TryReserveError::CapacityOverflow)?;
        self.chosen.try_reserve(1)
    }

    fn insert(&mut self, position_id: u64, row: u32) {
        if position_id != self.next {
            self.chosen.insert(position_id, row);
            return;
        }
        self.counted.push(row);
        self.next = self.next.saturating_add(1);
        while self.chosen.contains_key(&self.next) {
            self.counted.push(CHOSEN);
            self.next = self.next.saturating_add(1);
        }
    }

    fn set(&mut self, position_id: u64, row: u32) {
        let cell = Self::place(position_id).and_then(|place| self.counted.get_mut(place));
        match cell {
            Some(cell) if *cell != CHOSEN => *cell = row,
            // Not `insert`, which may grow the map even when it holds the key.
            _ => {
                if let Some(known) = self.chosen.get_mut(&position_id) {
                    *known = row;
                }
            }
        }
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
            margin: Money::ZERO,
            entry_fee: Money::ZERO,
            tag: TextView::EMPTY,
        }
    }

    fn open(positions: &mut Positions, position_id: u64) {
        positions.reserve_one().unwrap();
        positions.insert(position(position_id));
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
        positions.update(0, position(1));
        assert_eq!(positions.take_touched(), Some(vec![0]));
        (0..=TOUCHED_MAX).for_each(|_| positions.update(0, position(1)));
        assert_eq!(positions.take_touched(), None, "too many: all");
        assert_eq!(positions.take_touched(), Some(vec![]));
    }
}
