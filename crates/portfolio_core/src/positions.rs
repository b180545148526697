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
use crate::numbers::{Money, Price, Size};

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
    /// Swaps charged to it that no trade has taken yet.
    pub swap: Money,
    /// What worse prices than asked for have cost, as far as no trade has taken it.
    pub slippage: Money,
    /// The rate of its profit currency at its open, at scale 18.
    pub entry_rate: Money,
    /// What set the stop loss.
    pub stop_kind: StopKind,
    /// The place of what else protects it ([`crate::protection::Protections`]); 0 = nothing.
    pub protection: u32,
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

/// What is needed to go back.
#[derive(Debug, Default)]
struct Before {
    batch: Option<Batch>,
    /// What the scopes under way have changed, step by step.
    steps: Vec<Step>,
    scopes: usize,
}

/// The positions as they were at some moment, as far as they have changed since.
#[derive(Debug)]
struct Batch {
    /// How many rows there were, and what the changed ones among them held.
    rows: u32,
    changed: Images<Position>,
    ids: IdMark,
}

/// A step that can be taken back.
#[derive(Debug)]
enum Step {
    /// A row held this.
    Set(u32, Position),
    /// A row came.
    Pushed,
    /// The last row went.
    Popped(Position),
}

/// Where a scope began.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ScopeMark {
    steps: usize,
    ids: IdMark,
}

/// Steps that one fill takes at most.
const STEPS: usize = 4;

impl Before {
    /// Keeps what a row held; of a batch only if it was there before, later ones just go.
    #[inline]
    fn keep(&mut self, row: u32, position: &Position) {
        if let Some(batch) = &mut self.batch
            && row < batch.rows
        {
            batch.changed.keep(row, position);
        }
    }

    fn step(&mut self, step: Step) {
        if self.scopes > 0 {
            self.steps.push(step);
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
        if let Some(before) = &mut self.before {
            before.step(Step::Pushed);
        }
    }

    /// Overwrites the row of an open position.
    #[inline]
    pub fn update(&mut self, row: u32, position: &Position) {
        self.touched.add(row);
        if let Some(cell) = usize::try_from(row).ok().and_then(|row| self.rows.get_mut(row)) {
            if let Some(before) = &mut self.before {
                before.keep(row, cell);
                before.step(Step::Set(row, *cell));
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
            before.step(Step::Set(row, *cell));
        }
        *cell = last;
        self.index.set(last.position_id, row);
        self.index.set(gone, CLOSED);
        self.touched.add(row);
        if let Some(before) = &mut self.before {
            let row = u32::try_from(self.rows.len().saturating_sub(1)).unwrap_or(CLOSED);
            before.keep(row, &last);
            before.step(Step::Popped(last));
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
        let batch = Some(Batch { rows, changed, ids: self.index.mark() });
        self.before = Some(Box::new(Before { batch, ..Before::default() }));
        Ok(())
    }

    /// Forgets what was before.
    pub fn keep(&mut self) {
        self.before = None;
        self.index.unmark();
    }

    /// Begins a scope, of any number in each other: what is changed in it can be taken back.
    ///
    /// # Errors
    /// When the allocator refuses.
    pub(crate) fn begin_scope(&mut self) -> Result<ScopeMark, TryReserveError> {
        let before = self.before.get_or_insert_default();
        before.steps.try_reserve(STEPS)?;
        before.scopes = before.scopes.wrapping_add(1);
        Ok(ScopeMark { steps: before.steps.len(), ids: self.index.mark() })
    }

    /// Makes room for the steps of one more fill.
    ///
    /// # Errors
    /// When the allocator refuses.
    pub(crate) fn reserve_steps(&mut self) -> Result<(), TryReserveError> {
        self.before.as_mut().map_or(Ok(()), |before| before.steps.try_reserve(STEPS))
    }

    /// Ends the innermost scope; what it changed stays, as a part of the scope around it.
    pub(crate) fn commit_scope(&mut self) {
        let Some(before) = &mut self.before else { return };
        before.scopes = before.scopes.wrapping_sub(1);
        if before.scopes == 0 {
            before.steps.clear();
            if before.batch.is_none() {
                self.index.unmark();
            }
        }
    }

    /// Ends the innermost scope; everything is as it was where it began.
    pub(crate) fn rewind_scope(&mut self, mark: ScopeMark) {
        self.index.rewind(mark.ids);
        let Some(mut before) = self.before.take() else { return };
        for step in before.steps.drain(mark.steps.min(before.steps.len())..).rev() {
            let (row, image) = match step {
                Step::Pushed => {
                    self.rows.pop();
                    continue;
                }
                Step::Popped(image) => {
                    self.rows.push(image);
                    (u32::try_from(self.rows.len().saturating_sub(1)).unwrap_or(CLOSED), image)
                }
                Step::Set(row, image) => {
                    let place = usize::try_from(row).ok();
                    if let Some(cell) = place.and_then(|place| self.rows.get_mut(place)) {
                        *cell = image;
                    }
                    (row, image)
                }
            };
            self.index.set(image.position_id, row);
            self.touched.add(row);
        }
        self.before = Some(before);
        self.commit_scope();
    }

    /// Goes back to where [`Positions::remember`] was called.
    pub fn rewind(&mut self) {
        let Some(before) = self.before.take().and_then(|before| before.batch) else { return };
        self.index.rewind(before.ids);
        self.index.unmark();
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

    /// The same positions, for a fork; its columns are still to be written.
    pub(crate) fn fork(&self) -> Self {
        let index = self.index.fork(self.rows.iter().map(|row| row.position_id));
        let touched = Touched { rows: Vec::new(), all: true };
        Self { rows: self.rows.clone(), index, touched, before: None }
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
            swap: Money::ZERO,
            slippage: Money::ZERO,
            entry_rate: Money::ONE,
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
    fn nested_scopes_go_back_step_by_step() {
        let mut positions = Positions::default();
        (1..=5).for_each(|id| open(&mut positions, id));
        let ids = |positions: &Positions| -> Vec<u64> {
            positions.rows().iter().map(|row| row.position_id).collect()
        };
        let close = |positions: &mut Positions, id| {
            positions.remove(positions.find(id).unwrap().0);
        };
        let outer = positions.begin_scope().unwrap();
        close(&mut positions, 2);
        open(&mut positions, 6);
        open(&mut positions, 90);
        assert_eq!(ids(&positions), [1, 5, 3, 4, 6, 90]);
        let inner = positions.begin_scope().unwrap();
        for id in [6, 1, 90, 3] {
            close(&mut positions, id);
        }
        open(&mut positions, 7);
        open(&mut positions, 91);
        close(&mut positions, 91);
        positions.rewind_scope(inner);
        assert_eq!(ids(&positions), [1, 5, 3, 4, 6, 90]);
        assert_eq!(positions.next_id(), 7);
        assert!(positions.is_used(90) && !positions.is_used(91));
        for (row, id) in [1, 5, 3, 4, 6, 90].into_iter().enumerate() {
            assert_eq!(positions.find(id).unwrap().0, u32::try_from(row).unwrap());
        }
        let inner = positions.begin_scope().unwrap();
        close(&mut positions, 90);
        open(&mut positions, 7);
        let _ = inner;
        positions.commit_scope();
        positions.rewind_scope(outer);
        assert_eq!((ids(&positions), positions.next_id()), (vec![1, 2, 3, 4, 5], 6));
        assert!(!positions.is_used(90) && positions.find(2).unwrap().0 == 1);
        open(&mut positions, 6);
        assert_eq!(positions.find(6).unwrap().0, 5);
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
