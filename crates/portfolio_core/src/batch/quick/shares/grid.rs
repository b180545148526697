//! The bars of many symbols as a grid of moments and symbols, found once for all runs.

use std::sync::OnceLock;

use arrow_buffer::ScalarBuffer;

use super::short::{Later, Short};
pub(super) use crate::batch::bars::index as place;
use crate::batch::bars::{BarTable, Prices};
use crate::batch::quick::facts::{self, is_multiple};

/// A grid has at most so many cells for each bar; sparser bars are not looked at as one.
pub(super) const SPARSE: usize = 4;

/// Grids of bars; made when first asked for.
#[derive(Debug, Clone, Default)]
pub(in crate::batch::quick) struct Facts {
    pub(super) grid: OnceLock<Option<Box<Grid>>>,
    pub(super) zeros: OnceLock<Vec<u32>>,
}

/// What runs ask of bars.
#[derive(Debug, Clone)]
pub(super) struct Grid {
    pub(super) symbols: Vec<Symbol>,
    pub(super) spread: Spread,
    /// The highest ask.
    pub(super) top: i64,
    /// Of each moment the last closes of all symbols, and the spreads if they are not all one;
    /// nothing when each moment has a bar of each symbol, in the order of the symbols.
    pub(super) carried: Option<(ScalarBuffer<i64>, ScalarBuffer<i64>)>,
    /// Closes, lows and highs once more, in 32 bits.
    pub(super) short: [Later; 3],
}

/// A symbol of the bars.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Symbol {
    /// The moment of its first bar, and that of its last.
    pub(super) first: usize,
    pub(super) last: usize,
}

/// Ask - bid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spread {
    /// Of all bars.
    Same(i64),
    /// Of each its own.
    Each,
}

/// Raw prices as slices.
#[derive(Debug, Clone, Copy)]
pub(super) struct Raw<'a> {
    pub(super) open: &'a [i64],
    pub(super) high: &'a [i64],
    pub(super) low: &'a [i64],
    pub(super) close: &'a [i64],
    /// Empty when all spreads are one.
    pub(super) spread: &'a [i64],
}

impl<'a> Raw<'a> {
    pub(super) fn of(bars: &'a BarTable) -> Option<Self> {
        let facts::Raw { open, high, low, close } = facts::Raw::of(bars)?;
        Some(Self {
            open,
            high,
            low,
            close,
            spread: match &bars.spread {
                Prices::Narrow(raws) => raws,
                Prices::Same(_) => &[],
                Prices::Wide(_) => return None,
            },
        })
    }
}

impl Facts {
    pub(super) fn grid(&self, bars: &BarTable) -> Option<&Grid> {
        self.grid.get_or_init(|| Grid::of(bars).map(Box::new)).as_deref()
    }

    /// How many zeros all raw prices of each symbol have at their ends.
    pub(super) fn zeros(&self, bars: &BarTable) -> Option<&[u32]> {
        let raw = Raw::of(bars)?;
        Some(self.zeros.get_or_init(|| zeros_of(bars, &raw)))
    }
}

fn zeros_of(bars: &BarTable, raw: &Raw<'_>) -> Vec<u32> {
    let same = match bars.spread {
        Prices::Same(spread) => i64::try_from(spread.raw()).unwrap_or(1),
        _ => 0,
    };
    let fewer = |mut zeros: u32, price: i64| {
        while zeros > 0 && !is_multiple(price, zeros) {
            zeros = zeros.saturating_sub(1);
        }
        zeros
    };
    let mut found = vec![fewer(9, same); bars.symbols.len()];
    for prices in [raw.open, raw.high, raw.low, raw.close, raw.spread] {
        for (&price, &symbol) in prices.iter().zip(bars.symbol.iter()) {
            if let Some(zeros) = found.get_mut(place(symbol)) {
                *zeros = fewer(*zeros, price);
            }
        }
    }
    found
}

impl Grid {
    fn of(bars: &BarTable) -> Option<Self> {
        let raw = Raw::of(bars)?;
        let spread = match &bars.spread {
            Prices::Same(spread) => Spread::Same(i64::try_from(spread.raw()).ok()?),
            Prices::Narrow(raws) => match raws.first() {
                Some(first) if raws.iter().all(|other| other == first) => Spread::Same(*first),
                _ => Spread::Each,
            },
            Prices::Wide(_) => return None,
        };
        let width = bars.symbols.len();
        let cells = width.checked_mul(bars.moments.len())?;
        if cells == 0 || cells > bars.symbol.len().checked_mul(SPARSE)? {
            return None;
        }
        let symbols = symbols_of(bars)?;
        let highest = |prices: &[i64]| prices.iter().copied().max().unwrap_or(0);
        let apart = match spread {
            Spread::Same(apart) => apart,
            Spread::Each => highest(raw.spread),
        };
        let top = highest(raw.high).checked_add(apart)?;
        // Each row has a place of its own then, so moments have as many rows as there are symbols.
        let in_order = |codes: &[u32]| codes.iter().zip(0..).all(|(&code, place)| code == place);
        let full = cells == bars.symbol.len() && bars.symbol.chunks_exact(width).all(in_order);
        let carried = if full {
            None
        } else {
            let spreads = if spread == Spread::Each { raw.spread } else { &[] };
            Some((carried(bars, raw.close, cells)?, carried(bars, spreads, cells)?))
        };
        Some(Self { symbols, spread, top, carried, short: <[Later; 3]>::default() })
    }

    /// The symbols.
    pub(super) fn symbols(&self) -> &[Symbol] {
        &self.symbols
    }

    /// No price is above it.
    pub(super) const fn top(&self) -> i64 {
        self.top
    }

    pub(super) const fn spread(&self) -> Spread {
        self.spread
    }

    /// Whether each moment has a bar of each symbol, in the order of the symbols.
    pub(super) const fn is_full(&self) -> bool {
        self.carried.is_none()
    }

    /// Whether all symbols see the extremes of every moment, at one spread.
    fn has_extremes(&self) -> bool {
        self.is_full() && self.spread != Spread::Each
    }

    /// The last closes of all symbols, moment by moment.
    fn carried_closes<'a>(&'a self, raw: &Raw<'a>) -> &'a [i64] {
        self.carried.as_ref().map_or(raw.close, |(closes, _)| closes)
    }

    /// The last closes in 32 bits, once many runs ask for them.
    pub(super) fn short_closes(&self, raw: &Raw<'_>) -> Option<&Short> {
        let [closes, ..] = &self.short;
        closes.get(self.carried_closes(raw))
    }

    /// Lows and highs in 32 bits, likewise, if all symbols see those of every moment.
    pub(super) fn short_extremes(&self, raw: &Raw<'_>) -> Option<(&Short, &Short)> {
        if !self.has_extremes() {
            return None;
        }
        let [_, lows, highs] = &self.short;
        lows.get(raw.low).zip(highs.get(raw.high))
    }

    /// All that is asked for in 32 bits, as if many runs had asked: closes, lows and highs.
    pub(super) fn all_short(&self, raw: &Raw<'_>) -> [Option<&Short>; 3] {
        let [closes, lows, highs] = &self.short;
        let closes = closes.now(self.carried_closes(raw));
        if self.has_extremes() {
            [closes, lows.now(raw.low), highs.now(raw.high)]
        } else {
            [closes, None, None]
        }
    }

    /// The last closes of all symbols at a moment; 0 before the first bar.
    pub(super) fn closes<'a>(&'a self, raw: &Raw<'a>, moment: usize) -> Option<&'a [i64]> {
        self.line(self.carried_closes(raw), moment)
    }

    /// Their spreads, unless all are one.
    pub(super) fn spreads<'a>(&'a self, raw: &Raw<'a>, moment: usize) -> Option<&'a [i64]> {
        match self.spread {
            Spread::Same(_) => Some(&[]),
            Spread::Each => {
                let spreads = self.carried.as_ref().map_or(raw.spread, |(_, spreads)| spreads);
                self.line(spreads, moment)
            }
        }
    }

    /// The cells of a moment in a column of a full grid.
    pub(super) fn line<'a, T>(&self, column: &'a [T], moment: usize) -> Option<&'a [T]> {
        let start = moment.checked_mul(self.symbols.len())?;
        column.get(start..start.checked_add(self.symbols.len())?)
    }
}

/// The symbols of bars, all of which have rows.
pub(super) fn symbols_of(bars: &BarTable) -> Option<Vec<Symbol>> {
    let moment = |row: Option<&u32>| Some(place(*bars.moment_of.get(place(*row?))?));
    let symbol =
        |rows: &[u32]| Some(Symbol { first: moment(rows.first())?, last: moment(rows.last())? });
    bars.rows_of.iter().map(symbol).collect()
}

/// The cells of a column by moment and symbol; where there is no bar, the one before.
fn carried(bars: &BarTable, column: &[i64], cells: usize) -> Option<ScalarBuffer<i64>> {
    let mut found = Vec::new();
    if column.is_empty() {
        return Some(found.into());
    }
    found.try_reserve_exact(cells).ok()?;
    let mut now = vec![0; bars.symbols.len()];
    for moment in 0..bars.moments.len() {
        for row in bars.rows(moment) {
            *now.get_mut(place(*bars.symbol.get(row)?))? = *column.get(row)?;
        }
        found.extend_from_slice(&now);
    }
    Some(found.into())
}
