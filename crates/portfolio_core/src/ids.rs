//! From the id of a position to its row, in constant time: counted ids by place, ids chosen by
//! callers in a map.

use hashbrown::HashMap;

use crate::columns::segment::AllocationFailed;

/// The row number of a position that was closed.
pub(crate) const CLOSED: u32 = u32::MAX;
/// The row number that says: look in the map of chosen ids.
const CHOSEN: u32 = u32::MAX - 1;
/// From an id to a row: counted ids by place, ids chosen by the caller in a map.
#[derive(Debug)]
pub(crate) struct IdIndex {
    /// Counted ids up to this one are not by place: a fork has those of its open positions among
    /// the chosen ones, however many were closed before.
    base: u64,
    counted: Vec<u32>,
    chosen: HashMap<u64, u32>,
    pub(crate) next: u64,
    /// Chosen ids since the mark, as far as somebody may go back to it.
    given_since_mark: Vec<u64>,
    marked: bool,
}

/// The ids in use at some moment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct IdMark {
    counted: usize,
    next: u64,
    given: usize,
}

impl Default for IdIndex {
    fn default() -> Self {
        let (counted, chosen, given_since_mark) = (Vec::new(), HashMap::new(), Vec::new());
        Self { base: 0, counted, chosen, next: 1, given_since_mark, marked: false }
    }
}

impl IdIndex {
    #[inline]
    fn place(&self, position_id: u64) -> Option<usize> {
        let place = position_id.wrapping_sub(1).checked_sub(self.base)?;
        usize::try_from(place).ok()
    }

    /// The same ids, of which these are open, for a fork.
    pub(crate) fn fork(&self, open: impl ExactSizeIterator<Item = u64>) -> Self {
        let mut chosen = self.chosen.clone();
        let (mut base, mut counted) = (self.base, Vec::new());
        if self.counted.len() <= open.len().saturating_mul(8).saturating_add(64) {
            counted.clone_from(&self.counted);
        } else {
            let last = u64::try_from(self.counted.len()).unwrap_or(u64::MAX);
            base = base.saturating_add(last);
            chosen.extend(open.filter_map(|id| Some((id, self.row(id)?))));
        }
        let (next, given_since_mark) = (self.next, Vec::new());
        Self { base, counted, chosen, next, given_since_mark, marked: false }
    }

    #[inline]
    pub(crate) fn row(&self, position_id: u64) -> Option<u32> {
        let counted = self.place(position_id).and_then(|place| self.counted.get(place));
        let row = match counted {
            Some(&CHOSEN) | None => *self.chosen.get(&position_id)?,
            Some(&row) => row,
        };
        (row != CLOSED).then_some(row)
    }

    pub(crate) fn is_used(&self, position_id: u64) -> bool {
        position_id < self.next || self.chosen.contains_key(&position_id)
    }

    /// The counter may have to step over chosen ids, so room is made for them too.
    #[inline]
    pub(crate) fn reserve_one(&mut self) -> Result<(), AllocationFailed> {
        let refused = AllocationFailed { bytes: 0 };
        let more = self.chosen.len().saturating_add(1);
        self.counted.try_reserve(more).map_err(|_| refused)?;
        if self.marked {
            self.given_since_mark.try_reserve(1).map_err(|_| refused)?;
        }
        self.chosen.try_reserve(1).map_err(|_| refused)
    }

    pub(crate) fn insert(&mut self, position_id: u64, row: u32) {
        if position_id != self.next {
            self.chosen.insert(position_id, row);
            if self.marked {
                self.given_since_mark.push(position_id);
            }
            return;
        }
        self.counted.push(row);
        self.next = self.next.saturating_add(1);
        while self.chosen.contains_key(&self.next) {
            self.counted.push(CHOSEN);
            self.next = self.next.saturating_add(1);
        }
    }

    /// From here on, remembers the ids that come; marks may be nested.
    pub(crate) fn mark(&mut self) -> IdMark {
        self.marked = true;
        let given = self.given_since_mark.len();
        IdMark { counted: self.counted.len(), next: self.next, given }
    }

    /// Forgets all marks.
    pub(crate) fn unmark(&mut self) {
        self.given_since_mark.clear();
        self.marked = false;
    }

    /// Forgets the ids that came after a mark; the mark stays.
    pub(crate) fn rewind(&mut self, mark: IdMark) {
        let given = mark.given.min(self.given_since_mark.len());
        for id in self.given_since_mark.drain(given..) {
            self.chosen.remove(&id);
        }
        self.counted.truncate(mark.counted);
        self.next = mark.next;
    }

    #[inline]
    pub(crate) fn set(&mut self, position_id: u64, row: u32) {
        let place = self.place(position_id);
        let cell = place.and_then(|place| self.counted.get_mut(place));
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
