//! Rows that wait for a bar of their symbol.

use super::grid::place;
use crate::batch::orders::{SizeRule, Wanted};

/// No row.
pub(super) const NONE: u32 = u32::MAX;

/// A row that waits for a bar of its symbol.
#[derive(Debug, Clone, Copy)]
pub(super) struct Waiting {
    pub(super) size: i64,
    /// Its place among the rows of the run.
    pub(super) place: u32,
    /// The place of the equity when it was carried out.
    equity: u32,
    /// The next one of its symbol.
    pub(super) next: u32,
    pub(super) rule: SizeRule,
}

/// Rows that wait, by symbol.
#[derive(Debug, Default)]
pub(super) struct Queue {
    rows: Vec<Waiting>,
    equities: Vec<i128>,
    /// The first and the last one of each symbol.
    ends: Vec<(u32, u32)>,
    pub(super) left: usize,
}

impl Queue {
    /// Nothing waits.
    pub(super) fn begin(&mut self, symbols: usize) {
        self.rows.clear();
        self.equities.clear();
        self.ends.clear();
        self.ends.resize(symbols, (NONE, NONE));
        self.left = 0;
    }

    /// The rows that are put in from here on are carried out at an equity.
    pub(super) fn at(&mut self, equity: i128) {
        if self.left == 0 {
            self.rows.clear();
            self.equities.clear();
        }
        self.equities.push(equity);
    }

    /// A row waits behind those of its symbol.
    #[inline]
    pub(super) fn push(&mut self, wanted: &Wanted, row: usize) -> Option<()> {
        let number = u32::try_from(self.rows.len()).ok().filter(|&number| number < NONE)?;
        let (first, last) = self.ends.get_mut(place(wanted.symbol))?;
        match self.rows.get_mut(place(*last)) {
            Some(before) => before.next = number,
            None => *first = number,
        }
        *last = number;
        let (size, rule) = (wanted.size, wanted.rule);
        let equity = u32::try_from(self.equities.len()).ok()?.checked_sub(1)?;
        let row = u32::try_from(row).ok()?;
        self.rows.push(Waiting { size, place: row, equity, next: NONE, rule });
        self.left = self.left.wrapping_add(1);
        Some(())
    }

    /// The equity at which a row was carried out.
    #[inline]
    pub(super) fn equity(&self, row: &Waiting) -> Option<i128> {
        self.equities.get(place(row.equity)).copied()
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
