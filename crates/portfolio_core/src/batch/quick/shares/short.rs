//! Prices in 32 bits: half as much to read.

use std::sync::OnceLock;

use arrow_buffer::ScalarBuffer;

use crate::batch::quick::facts::is_multiple;

/// So many prices are looked at for a guess.
const SOME: usize = 4_096;

/// Prices in units of so much.
#[derive(Debug, Clone)]
pub(super) struct Short {
    pub(super) unit: i64,
    pub(super) prices: ScalarBuffer<u32>,
    pub(super) highest: u32,
}

/// Short prices for those who come again: making them takes longer than one run gains by them.
#[derive(Debug, Clone, Default)]
pub(super) struct Later {
    pub(super) asked: OnceLock<()>,
    pub(super) made: OnceLock<Option<Short>>,
}

impl Later {
    /// The short prices, if these are; nothing at the first time.
    pub(super) fn get(&self, prices: &[i64]) -> Option<&Short> {
        if self.asked.set(()).is_ok() {
            return None;
        }
        self.made.get_or_init(|| shortened(prices)).as_ref()
    }

    /// The same for one who knows that many come.
    pub(super) fn now(&self, prices: &[i64]) -> Option<&Short> {
        self.asked.get_or_init(|| ());
        self.made.get_or_init(|| shortened(prices)).as_ref()
    }
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

/// Prices in units of so much, if they are multiples of it that are below the most of 32 bits.
fn in_units<const UNIT: i64>(prices: &[i64]) -> Option<Short> {
    let (mut found, mut highest) = (Vec::new(), 0);
    found.try_reserve_exact(prices.len()).ok()?;
    for &price in prices {
        let quotient = price.checked_div(UNIT)?;
        let exact = quotient.wrapping_mul(UNIT) == price;
        let short = u32::try_from(quotient).ok().filter(|&short| exact && short < u32::MAX)?;
        found.push(short);
        highest = highest.max(short);
    }
    Some(Short { unit: UNIT, prices: found.into(), highest })
}
