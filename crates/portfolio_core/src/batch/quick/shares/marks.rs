//! What is held at the marks of a moment, and the marks that it has seen.

use super::account::{Account, Seen};
use super::grid::{Raw, Spread, place};
use super::short::Short;
use super::terms::Terms;
use super::wide;
use crate::batch::bars::BarTable;

/// What the longs and the shorts are worth.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Worth {
    pub(super) longs: i128,
    pub(super) shorts: i128,
}

/// Bids of all symbols; 0 before the first bar.
#[derive(Debug, Clone, Copy)]
pub(super) enum Bids<'a> {
    Raw(&'a [i64]),
    /// In units of so much, none of them above the last number.
    Short(i64, &'a [u32], u32),
}

impl<'a> Bids<'a> {
    /// The last closes at a moment.
    pub(super) fn at_close(terms: &Terms<'a>, moment: usize) -> Option<Self> {
        let grid = terms.grid;
        match terms.closes {
            Some(Short { unit, prices, highest }) => {
                Some(Self::Short(*unit, grid.line(prices, moment)?, *highest))
            }
            None => grid.closes(&terms.raw, moment).map(Self::Raw),
        }
    }
}

impl Account {
    /// What is held is worth at bids and spreads of all symbols; no spreads when all are one.
    #[inline]
    pub(super) fn worth(&self, terms: &Terms<'_>, bids: Bids<'_>, spreads: &[i64]) -> Worth {
        if self.open.is_empty() {
            return Worth { longs: 0, shorts: 0 };
        }
        let at_bids = |weights: &[i64]| match bids {
            Bids::Raw(prices) => product(weights, prices),
            Bids::Short(unit, prices, highest) => {
                short_product(weights, prices, highest).wrapping_mul(i128::from(unit))
            }
        };
        let longs = at_bids(&self.longs);
        if self.short_count == 0 {
            return Worth { longs, shorts: 0 };
        }
        let apart = match terms.grid.spread() {
            Spread::Each => product(&self.shorts, spreads),
            Spread::Same(0) => 0,
            Spread::Same(apart) => {
                let weights = self.shorts.iter().map(|&weight| i128::from(weight));
                weights.sum::<i128>().saturating_mul(i128::from(apart))
            }
        };
        Worth { longs, shorts: at_bids(&self.shorts).saturating_add(apart) }
    }
}

/// The sum of the products. The terms see to it that no sum comes near the limits.
#[inline]
fn product(weights: &[i64], prices: &[i64]) -> i128 {
    let pairs = weights.iter().zip(prices);
    pairs.fold(0, |sum, (&weight, &price)| sum.wrapping_add(wide(weight, price)))
}

/// The same for prices of 32 bits: the two halves of the weights by themselves, which are products
/// of 64 bits and so several at once, for as many as their sums of 64 bits have room for.
#[inline]
fn short_product(weights: &[i64], prices: &[u32], highest: u32) -> i128 {
    let many = u32::MAX.checked_div(highest).and_then(|many| usize::try_from(many).ok());
    let many = many.unwrap_or(usize::MAX).max(1);
    let blocks = weights.chunks(many).zip(prices.chunks(many));
    blocks.fold(0, |sum, (weights, prices)| {
        let (mut low, mut high) = (0_u64, 0_u64);
        for (weight, &price) in weights.iter().zip(prices) {
            let (weight, price) = (weight.cast_unsigned(), u64::from(price));
            low = low.wrapping_add((weight & u64::from(u32::MAX)).wrapping_mul(price));
            high = high.wrapping_add((weight >> 32).wrapping_mul(price));
        }
        sum.wrapping_add(i128::from(low)).wrapping_add(i128::from(high) << 32)
    })
}

/// The marks of all symbols where those of some moment are at other prices than their closes.
#[derive(Debug, Default)]
pub(super) struct Marks {
    bids: Vec<i64>,
    spreads: Vec<i64>,
}

impl Marks {
    /// What is held is worth at the opens of a moment.
    pub(super) fn at_open(
        &mut self,
        terms: &Terms<'_>,
        bars: &BarTable,
        (account, moment): (&Account, usize),
    ) -> Option<Worth> {
        let (grid, raw) = (terms.grid, &terms.raw);
        if grid.is_full() {
            let bids = grid.line(raw.open, moment)?;
            return Some(account.worth(terms, Bids::Raw(bids), grid.spreads(raw, moment)?));
        }
        let Self { bids, spreads } = self;
        bids.clear();
        spreads.clear();
        match moment.checked_sub(1) {
            Some(before) => {
                bids.extend_from_slice(grid.closes(raw, before)?);
                spreads.extend_from_slice(grid.spreads(raw, before)?);
            }
            None => bids.resize(grid.symbols().len(), 0),
        }
        for row in bars.rows(moment) {
            let symbol = place(*bars.symbol.get(row)?);
            *bids.get_mut(symbol)? = *raw.open.get(row)?;
            if let Some(spread) = spreads.get_mut(symbol) {
                *spread = *raw.spread.get(row)?;
            }
        }
        Some(account.worth(terms, Bids::Raw(bids), spreads))
    }
}

impl Seen {
    /// What is held sees the extremes of a moment (rule G8).
    pub(super) fn see(
        &mut self,
        terms: &Terms<'_>,
        bars: &BarTable,
        (shorts, moment): (&[i64], usize),
    ) -> Option<()> {
        let (grid, raw) = (terms.grid, &terms.raw);
        if let Some((lows, highs)) = terms.extremes {
            let lows = grid.line(&lows.prices, moment)?;
            let highs = grid.line(&highs.prices, moment)?;
            for (seen, &low) in self.short_lows.iter_mut().zip(lows) {
                *seen = low.min(*seen);
            }
            for (seen, &high) in self.short_highs.iter_mut().zip(highs) {
                *seen = high.max(*seen);
            }
            return Some(());
        }
        if grid.is_full() && grid.spread() != Spread::Each {
            let (lows, highs) = (grid.line(raw.low, moment)?, grid.line(raw.high, moment)?);
            for (seen, &low) in self.lows.iter_mut().zip(lows) {
                *seen = low.min(*seen);
            }
            for (seen, &high) in self.highs.iter_mut().zip(highs) {
                *seen = high.max(*seen);
            }
            return Some(());
        }
        for row in bars.rows(moment) {
            let symbol = place(*bars.symbol.get(row)?);
            self.see_one(raw, (row, symbol), *shorts.get(symbol)? > 0)?;
        }
        Some(())
    }

    fn see_one(&mut self, raw: &Raw<'_>, (row, symbol): (usize, usize), short: bool) -> Option<()> {
        let (mut low, mut high) = (*raw.low.get(row)?, *raw.high.get(row)?);
        if short && self.apart == 0 {
            // Of one spread for all it is left out here.
            let apart = raw.spread.get(row).copied().unwrap_or(0);
            (low, high) = (low.checked_add(apart)?, high.checked_add(apart)?);
        }
        let (least, most) = (self.lows.get_mut(symbol)?, self.highs.get_mut(symbol)?);
        (*least, *most) = (low.min(*least), high.max(*most));
        Some(())
    }
}
