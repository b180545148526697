//! The bars that all runs share.

use std::ops::Range;

use crate::numbers::Price;

/// Prices in the order of the rows, as narrow as they allow.
#[derive(Debug, Clone)]
pub enum Prices {
    /// All of them fit 64 bits.
    Narrow(Vec<i64>),
    /// Some do not.
    Wide(Vec<i128>),
    /// One for all rows.
    Same(Price),
}

/// Bars of all symbols, by time, imported once (rule R1).
#[derive(Debug, Clone)]
pub struct BarTable {
    /// Symbols in order of first appearance.
    pub symbols: Vec<String>,
    /// The times, strictly increasing.
    pub moments: Vec<i64>,
    /// First row of each moment, and the number of rows behind the last.
    pub starts: Vec<usize>,
    /// Symbol of each row, a place in `symbols`.
    pub symbol: Vec<u32>,
    /// First bid.
    pub open: Prices,
    /// Highest bid.
    pub high: Prices,
    /// Lowest bid.
    pub low: Prices,
    /// Last bid.
    pub close: Prices,
    /// Ask - bid.
    pub spread: Prices,
    /// The rows of each symbol, ascending.
    pub rows_of: Vec<Vec<usize>>,
    /// The moment of each row.
    pub moment_of: Vec<u32>,
}

impl BarTable {
    /// The rows of a moment.
    #[must_use]
    pub fn rows(&self, moment: usize) -> Range<usize> {
        let at = |place: usize| self.starts.get(place).copied().unwrap_or(self.symbol.len());
        at(moment)..at(moment.saturating_add(1))
    }
}
