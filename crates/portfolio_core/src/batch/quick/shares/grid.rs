//! The bars of many symbols as a grid of moments and symbols, found once for all runs.

use std::sync::OnceLock;

use crate::batch::bars::{BarTable, Prices};
use crate::batch::quick::facts::is_multiple;

/// A grid has at most so many cells for each bar; sparser bars are not looked at as one.
const SPARSE: usize = 4;

/// So many prices are looked at for a guess.
const SOME: usize = 4_096;

/// Grids of bars; made when first asked for.
#[derive(Debug, Clone, Default)]
pub(in crate::batch::quick) struct Facts {
    grid: OnceLock<Option<Box<Grid>>>,
    zeros: OnceLock<Vec<u32>>,
}

/// What runs ask of bars.
#[derive(Debug, Clone)]
pub(super) struct Grid {
    symbols: Vec<Symbol>,
    spread: Spread,
    /// The highest ask.
    top: i64,
    /// Of each moment the last closes of all symbols, and the spreads if they are not all one;
    /// nothing when each moment has a bar of each symbol, in the order of the symbols.
    carried: Option<(Vec<i64>, Vec<i64>)>,
    /// The last closes once more, where they fit 32 bits: half as much to read.
    short: Option<Short>,
}

/// Prices in units of so much.
#[derive(Debug, Clone)]
struct Short {
    unit: i64,
    prices: Vec<u32>,
    highest: u32,
}

/// The last closes of all symbols at a moment; 0 before the first bar.
#[derive(Debug, Clone, Copy)]
pub(super) enum Closes<'a> {
    Raw(&'a [i64]),
    /// In units of so much, none of them above the last number.
    Short(i64, &'a [u32], u32),
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
        Some(Self {
            open: narrow(&bars.open)?,
            high: narrow(&bars.high)?,
            low: narrow(&bars.low)?,
            close: narrow(&bars.close)?,
            spread: match &bars.spread {
                Prices::Narrow(raws) => raws,
                Prices::Same(_) => &[],
                Prices::Wide(_) => return None,
            },
        })
    }
}

fn narrow(prices: &Prices) -> Option<&[i64]> {
    match prices {
        Prices::Narrow(raws) => Some(raws),
        _ => None,
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
        for (&price, &symbol) in prices.iter().zip(&bars.symbol) {
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
        let mut symbols = Vec::with_capacity(width);
        for rows in &bars.rows_of {
            let moment = |row: Option<&usize>| usize::try_from(*bars.moment_of.get(*row?)?).ok();
            let (first, last) = (moment(rows.first())?, moment(rows.last())?);
            symbols.push(Symbol { first, last });
        }
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
        let closes = carried.as_ref().map_or(raw.close, |(closes, _)| closes);
        let short = shortened(closes);
        Some(Self { symbols, spread, top, carried, short })
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

    /// The last closes of all symbols at a moment; 0 before the first bar.
    pub(super) fn closes<'a>(&'a self, raw: &Raw<'a>, moment: usize) -> Option<Closes<'a>> {
        match &self.short {
            Some(Short { unit, prices, highest }) => {
                Some(Closes::Short(*unit, self.line(prices, moment)?, *highest))
            }
            None => self.raw_closes(raw, moment).map(Closes::Raw),
        }
    }

    /// The same in raw units.
    pub(super) fn raw_closes<'a>(&'a self, raw: &Raw<'a>, moment: usize) -> Option<&'a [i64]> {
        self.line(self.carried.as_ref().map_or(raw.close, |(closes, _)| closes), moment)
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

/// The cells of a column by moment and symbol; where there is no bar, the one before.
fn carried(bars: &BarTable, column: &[i64], cells: usize) -> Option<Vec<i64>> {
    let mut found = Vec::new();
    if column.is_empty() {
        return Some(found);
    }
    found.try_reserve_exact(cells).ok()?;
    let mut now = vec![0; bars.symbols.len()];
    for moment in 0..bars.moments.len() {
        for row in bars.rows(moment) {
            *now.get_mut(place(*bars.symbol.get(row)?))? = *column.get(row)?;
        }
        found.extend_from_slice(&now);
    }
    Some(found)
}

/// Prices in the largest power of ten that all are multiples of, if they fit 32 bits then.
fn shortened(prices: &[i64]) -> Option<Short> {
    // The largest one for some is mostly that for all.
    let some = prices.iter().take(SOME);
    let guess = some.fold(9, |mut zeros, &price| {
        while zeros > 0 && !is_multiple(price, zeros) {
            zeros = zeros.saturating_sub(1);
        }
        zeros
    });
    // Divisions by constants: several times as fast as one by a variable.
    (0..=guess).rev().find_map(|zeros| match zeros {
        9 => in_units::<1_000_000_000>(prices),
        8 => in_units::<100_000_000>(prices),
        7 => in_units::<10_000_000>(prices),
        6 => in_units::<1_000_000>(prices),
        5 => in_units::<100_000>(prices),
        4 => in_units::<10_000>(prices),
        3 => in_units::<1_000>(prices),
        2 => in_units::<100>(prices),
        1 => in_units::<10>(prices),
        _ => in_units::<1>(prices),
    })
}

/// Prices in units of so much, if they are multiples of it that fit 32 bits.
fn in_units<const UNIT: i64>(prices: &[i64]) -> Option<Short> {
    let (mut found, mut highest) = (Vec::new(), 0);
    found.try_reserve_exact(prices.len()).ok()?;
    for &price in prices {
        let quotient = price.checked_div(UNIT)?;
        let exact = quotient.wrapping_mul(UNIT) == price;
        let short = u32::try_from(quotient).ok().filter(|_| exact)?;
        found.push(short);
        highest = highest.max(short);
    }
    Some(Short { unit: UNIT, prices: found, highest })
}

/// A number of 32 bits as a place.
pub(super) fn place(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
