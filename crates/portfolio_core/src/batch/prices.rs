//! A column of prices without nulls, as narrow as it allows.

use arrow_buffer::ScalarBuffer;

use super::source::{Faults, Parts};
use crate::import::{CellError, Numbers, Quick};
use crate::numbers::{NumberError, Price};

/// Prices in the order of the rows, as narrow as they allow.
#[derive(Debug, Clone)]
pub enum Prices {
    /// All of them fit 64 bits.
    Narrow(ScalarBuffer<i64>),
    /// Some do not.
    Wide(ScalarBuffer<i128>),
    /// One for all rows.
    Same(Price),
}

impl Prices {
    /// The price of a row; nothing behind the end.
    #[inline]
    #[must_use]
    pub fn get(&self, row: usize) -> Option<Price> {
        match self {
            Self::Narrow(raws) => raws.get(row).map(|&raw| Price::from_nine_decimals(raw)),
            Self::Wide(raws) => raws.get(row).and_then(|&raw| Price::from_raw(raw).ok()),
            Self::Same(price) => Some(*price),
        }
    }

    /// The raw price of a row; nothing behind the end.
    #[inline]
    #[must_use]
    pub fn raw(&self, row: usize) -> Option<i128> {
        match self {
            Self::Narrow(raws) => raws.get(row).map(|&raw| i128::from(raw)),
            Self::Wide(raws) => raws.get(row).copied(),
            Self::Same(price) => Some(price.raw()),
        }
    }
}

/// Reads a column up to the first row at fault.
pub(super) fn prices(parts: &Parts<Numbers<'_>>, faults: &mut Faults) -> Prices {
    let mut raws = vec![0_i64; faults.limit];
    let (mut before, mut free) = (0_usize, raws.as_mut_slice());
    for (cells, rows) in &parts.readers {
        let Some((part, behind)) = free.split_at_mut_checked((*rows).min(free.len())) else {
            break;
        };
        match narrow(cells, part) {
            Ok(()) => {}
            Err(Stop::Cell(row, error)) => {
                faults.cell(before.saturating_add(row), parts.column, &error);
                break;
            }
            Err(Stop::Wide) => return wide(parts, faults),
        }
        before = before.saturating_add(part.len());
        free = behind;
    }
    Prices::Narrow(raws.into())
}

enum Stop {
    /// A number of more than 64 bits.
    Wide,
    Cell(usize, Box<CellError>),
}

fn narrow(cells: &Numbers<'_>, raws: &mut [i64]) -> Result<(), Stop> {
    let mut row = 0_usize;
    loop {
        let rest = raws.get_mut(row..).unwrap_or_default();
        row = row.saturating_add(cells.quick_run(row, rest));
        let Some(raw) = raws.get_mut(row) else { return Ok(()) };
        *raw = match cells.quick(row) {
            Quick::Short(raw) => raw,
            Quick::Null => return Err(Stop::Cell(row, Box::new(CellError::Null))),
            Quick::Ask => {
                let found = needed(cells, row).map_err(|error| Stop::Cell(row, error))?;
                i64::try_from(found).map_err(|_| Stop::Wide)?
            }
        };
        row = row.saturating_add(1);
    }
}

fn wide(parts: &Parts<Numbers<'_>>, faults: &mut Faults) -> Prices {
    let mut raws = Vec::with_capacity(faults.limit);
    parts.each(faults, |cells, row, _| {
        raws.push(needed(cells, row)?);
        Ok(())
    });
    Prices::Wide(raws.into())
}

fn needed(cells: &Numbers<'_>, row: usize) -> Result<i128, Box<CellError>> {
    cells.get(row, Price::SCALE)?.ok_or_else(|| Box::new(CellError::Null))
}

/// What each ask is above its bid.
pub(super) fn difference(bid: &Prices, ask: &Prices, faults: &mut Faults) -> Prices {
    if let (Prices::Narrow(bid), Prices::Narrow(ask)) = (bid, ask) {
        let pairs = bid.iter().zip(ask.iter());
        let narrow: Option<Vec<i64>> = pairs.map(|(bid, ask)| ask.checked_sub(*bid)).collect();
        if let Some(raws) = narrow {
            return Prices::Narrow(raws.into());
        }
    }
    let mut raws = Vec::with_capacity(faults.limit);
    for row in 0..faults.limit {
        let pair = ask.get(row).zip(bid.get(row));
        match pair.map(|(ask, bid)| ask.checked_sub(bid)) {
            Some(Ok(spread)) => raws.push(spread.raw()),
            Some(Err(_)) => {
                let value = ask.get(row).map_or_else(String::new, |ask| ask.to_string());
                let (scale, error) = (Price::SCALE, NumberError::OutOfRange);
                faults.cell(row, "ask", &CellError::Number { value, scale, error });
            }
            None => break,
        }
    }
    Prices::Wide(raws.into())
}
