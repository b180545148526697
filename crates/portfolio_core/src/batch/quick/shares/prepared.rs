//! The grid of bars as columns of prepared ones.

use std::sync::OnceLock;

use arrow_array::types::{Int64Type, UInt32Type};
use arrow_buffer::ScalarBuffer;
use arrow_schema::ArrowError;

use super::grid::{Facts, Grid, Raw, SPARSE, Spread, symbols_of};
use super::short::{Later, Short};
use crate::batch::BatchError;
use crate::batch::bars::BarTable;
use crate::batch::prepared::{Columns, Given, check, fault};

/// The columns of what moments without a bar carry on.
const CARRIED: [&str; 2] = ["grid_closes", "grid_spreads"];
/// The columns of the prices in 32 bits.
const SHORT: [&str; 3] = ["short_closes", "short_lows", "short_highs"];

impl Facts {
    /// Finds what was not found yet, and writes all of it.
    pub(in crate::batch::quick) fn write(
        &self,
        bars: &BarTable,
        columns: &mut Columns,
    ) -> Result<(), ArrowError> {
        let zeros = self.zeros(bars).unwrap_or_default();
        columns.numbers::<UInt32Type>("grid_zeros", &zeros.to_vec().into())?;
        let grid = Raw::of(bars).zip(self.grid(bars));
        let numbers = grid.map(|(_, grid)| {
            let (each, spread) = match grid.spread {
                Spread::Same(spread) => (0, spread),
                Spread::Each => (1, 0),
            };
            [each, spread, grid.top, i64::from(grid.is_full())]
        });
        columns.few("grid", numbers)?;
        let carried = grid.and_then(|(_, grid)| grid.carried.clone());
        let (closes, spreads) = carried.unwrap_or_else(|| (Vec::new().into(), Vec::new().into()));
        for (name, values) in CARRIED.into_iter().zip([&closes, &spreads]) {
            columns.numbers::<Int64Type>(name, values)?;
        }
        let short = grid.map_or([None; 3], |(raw, grid)| grid.all_short(&raw));
        for (name, short) in SHORT.into_iter().zip(short) {
            let numbers = short.map(|short| [short.unit, i64::from(short.highest)]);
            columns.few(&format!("{name}_in"), numbers)?;
            let none = Vec::new().into();
            columns.numbers::<UInt32Type>(name, short.map_or(&none, |short| &short.prices))?;
        }
        Ok(())
    }

    /// What was written.
    pub(in crate::batch::quick) fn read(
        bars: &BarTable,
        given: Given<'_>,
    ) -> Result<Self, Box<BatchError>> {
        let zeros = given.numbers::<UInt32Type>("grid_zeros")?;
        let raw = Raw::of(bars);
        let symbols = if raw.is_some() { bars.symbols.len() } else { 0 };
        check("grid_zeros", zeros.len() == symbols)?;
        let grid = match (given.few("grid")?, raw) {
            (None, _) => {
                given.none::<Int64Type>(&CARRIED)?;
                for name in SHORT {
                    check(name, Short::read(name, 0, given)?.is_none())?;
                }
                None
            }
            (Some(numbers), Some(raw)) => Some(Grid::read(bars, &raw, numbers, given)?),
            (Some(_), None) => return Err(nonsense()),
        };
        Ok(Self { grid: grid.map(Box::new).into(), zeros: zeros.to_vec().into() })
    }
}

fn nonsense() -> Box<BatchError> {
    fault("grid", "says what no bars are")
}

impl Grid {
    fn read(
        bars: &BarTable,
        raw: &Raw<'_>,
        [each, spread, top, full]: [i64; 4],
        given: Given<'_>,
    ) -> Result<Self, Box<BatchError>> {
        let spread = match each {
            0 => Spread::Same(spread),
            1 if !raw.spread.is_empty() => Spread::Each,
            _ => return Err(nonsense()),
        };
        let rows = bars.symbol.len();
        let cells = bars.symbols.len().checked_mul(bars.moments.len());
        let most = rows.saturating_mul(SPARSE);
        let cells = cells.filter(|&cells| cells > 0 && cells <= most).ok_or_else(nonsense)?;
        let symbols = symbols_of(bars).ok_or_else(nonsense)?;
        let carried = match full {
            1 if cells == rows => {
                given.none::<Int64Type>(&CARRIED)?;
                None
            }
            0 => {
                let [closes, spreads] = CARRIED;
                let wanted = if spread == Spread::Each { cells } else { 0 };
                let [closes, spreads] =
                    [(closes, cells), (spreads, wanted)].map(|(name, count)| {
                        let values = given.numbers::<Int64Type>(name)?;
                        check(name, values.len() == count).map(|()| values)
                    });
                let (closes, spreads) = (closes?, spreads?);
                Some((closes, spreads))
            }
            _ => return Err(nonsense()),
        };
        let [closes, lows, highs] = SHORT.map(|name| Short::read(name, cells, given));
        let short = [closes?, lows?, highs?].map(Later::known);
        Ok(Self { symbols, spread, top, carried, short })
    }
}

impl Short {
    fn read(name: &str, cells: usize, given: Given<'_>) -> Result<Option<Self>, Box<BatchError>> {
        let Some([unit, highest]) = given.few(&format!("{name}_in"))? else {
            return given.none::<UInt32Type>(&[name]).map(|()| None);
        };
        let highest = u32::try_from(highest).ok().filter(|_| unit > 0);
        let highest = highest.ok_or_else(|| fault(name, "is in units of nothing"))?;
        let prices: ScalarBuffer<u32> = given.numbers::<UInt32Type>(name)?;
        check(name, prices.len() == cells)?;
        Ok(Some(Self { unit, prices, highest }))
    }
}

impl Later {
    /// Short prices that are there from the first time on, or are known not to be.
    fn known(short: Option<Short>) -> Self {
        Self { asked: OnceLock::from(()), made: short.into() }
    }
}
