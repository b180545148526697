//! Rows that wait for a bar of their symbol.

use super::grid::place;
use crate::batch::orders::Wanted;

/// No row.
pub(super) const NONE: u32 = u32::MAX;

/// A row that waits for a bar of its symbol.
#[derive(Debug, Clone, Copy)]
pub(super) struct Waiting {
    pub(super) wanted: Wanted,
    /// Its place among the rows of the run.
    pub(super) place: usize,
    /// The equity when it was carried out.
    pub(super) equity: i128,
    /// The next one of its symbol.
    pub(super) next: u32,
}

/// Rows that wait, by symbol.
#[derive(Debug, Default)]
pub(super) struct Queue {
    rows: Vec<Waiting>,
    /// The first and the last one of each symbol.
    ends: Vec<(u32, u32)>,
    pub(super) left: usize,
}

impl Queue {
    /// Nothing waits.
    pub(super) fn begin(&mut self, symbols: usize) {
        self.rows.clear();
        self.ends.clear();
        self.ends.resize(symbols, (NONE, NONE));
        self.left = 0;
    }

    /// A row waits behind those of its symbol.
    #[inline]
    pub(super) fn push(&mut self, wanted: Wanted, place_of: usize, equity: i128) -> Option<()> {
        if self.left == 0 {
            self.rows.clear();
        }
        let number = u32::try_from(self.rows.len()).ok().filter(|&number| number < NONE)?;
        let (first, last) = self.ends.get_mut(place(wanted.symbol))?;
        match self.rows.get_mut(place(*last)) {
            Some(before) => before.next = number,
            None => *first = number,
        }
        *last = number;
        self.rows.push(Waiting { wanted, place: place_of, equity, next: NONE });
        self.left = self.left.checked_add(1)?;
        Some(())
    }

    /// The first row of a symbol, or [`NONE`]; its rows wait no longer.
    #[inline]
    pub(super) fn take(&mut self, symbol: usize) -> Option<u32> {
        let ends = self.ends.get_mut(symbol)?;
        Some(std::mem::replace(ends, (NONE, NONE)).0)
    }

    /// A row that was taken, which does not count any more.
    #[inline]
    pub(super) fn row(&mut self, number: u32) -> Option<Waiting> {
        self.left = self.left.checked_sub(1)?;
        self.rows.get(place(number)).copied()
    }
}
