//! What is held of each symbol: sums of size and cost per side, marks, and what follows from them.
//!
//! Valuing a symbol costs the same whatever the number of its positions, because only the sums
//! enter.

use std::sync::Arc;

use crate::columns::text::TextView;
use crate::event::Side;
use crate::excursion::Excursions;
use crate::general::General;
use crate::instrument::Instrument;
use crate::numbers::{Contract, Leverage, Money, Overflow, Price, Size, notional};

/// The grid of an instrument's prices or sizes: multiples of 10^-decimals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grid {
    decimals: u32,
}

impl Grid {
    /// The grid of so many decimals, at most 9.
    #[must_use]
    pub const fn new(decimals: u32) -> Self {
        Self { decimals }
    }

    /// Digits after the point.
    #[must_use]
    pub const fn decimals(self) -> u32 {
        self.decimals
    }

    /// How many steps of the grid a raw value at scale 9 is; `None` when it lies between two.
    #[inline(always)]
    #[must_use]
    pub fn units(self, raw: i128) -> Option<i128> {
        if self.decimals == 9 {
            return Some(raw);
        }
        match i64::try_from(raw) {
            Ok(small) => self.units_small(small).map(i128::from),
            Err(_) => self.units_wide(raw),
        }
    }

    #[cold]
    fn units_wide(self, raw: i128) -> Option<i128> {
        let step = self.step()?;
        let units = raw.checked_div(step)?;
        (units.checked_mul(step)? == raw).then_some(units)
    }

    /// Divisions by constants: several times as fast as one by a variable.
    #[inline(never)]
    fn units_small(self, raw: i64) -> Option<i64> {
        macro_rules! by {
            ($step:literal) => {
                if raw % $step == 0 { Some(raw / $step) } else { None }
            };
        }
        match self.decimals {
            9 => Some(raw),
            8 => by!(10),
            7 => by!(100),
            6 => by!(1_000),
            5 => by!(10_000),
            4 => by!(100_000),
            3 => by!(1_000_000),
            2 => by!(10_000_000),
            1 => by!(100_000_000),
            _ => by!(1_000_000_000),
        }
    }

    /// The raw value at scale 9 of so many steps; `None` when it is out of range.
    #[must_use]
    pub fn raw(self, units: u128) -> Option<i128> {
        i128::try_from(units).ok()?.checked_mul(self.step()?)
    }

    fn step(self) -> Option<i128> {
        10_i128.checked_pow(9_u32.checked_sub(self.decimals)?)
    }
}

/// What is held on one side.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Holding {
    /// Sum of sizes.
    pub size: Size,
    /// Sum of costs, positive for both sides.
    pub cost: Money,
    /// What the size is worth above its cost at the mark.
    pub unrealized: Money,
}

/// The book of one symbol.
#[derive(Debug, Clone, PartialEq)]
pub struct Book {
    /// Where longs are valued; 0 = no mark yet.
    pub bid: Price,
    /// Where shorts are valued; 0 = no mark yet.
    pub ask: Price,
    /// Longs.
    pub long: Holding,
    /// Shorts.
    pub short: Holding,
    /// Margin of the open positions.
    pub margin: Money,
    /// Marks that the open longs saw.
    pub(crate) long_marks: Excursions,
    /// Marks that the open shorts saw.
    pub(crate) short_marks: Excursions,
    /// Grid of prices.
    pub prices: Grid,
    /// Grid of sizes.
    pub sizes: Grid,
    /// The leverage that applies.
    pub leverage: Leverage,
    /// The symbol as text for columns.
    pub symbol_text: TextView,
    /// Units of the underlying per 1 of size.
    pub contract: Contract,
    /// What an instrument with terms, or an account that is not plain, needs beyond all this.
    pub(crate) general: Option<Box<General>>,
    /// The time of its last bar.
    pub(crate) last_bar: Option<i64>,
    /// The instrument.
    pub instrument: Arc<Instrument>,
}

impl Book {
    /// An empty book; `leverage` is the instrument's own or else the account's.
    #[must_use]
    pub fn new(instrument: Instrument, leverage: Leverage) -> Self {
        Self {
            prices: Grid::new(instrument.price_decimals),
            sizes: Grid::new(instrument.size_decimals),
            leverage,
            contract: instrument.contract,
            general: None,
            last_bar: None,
            instrument: Arc::new(instrument),
            symbol_text: TextView::EMPTY,
            bid: Price::ZERO,
            ask: Price::ZERO,
            long: Holding::default(),
            short: Holding::default(),
            margin: Money::ZERO,
            long_marks: Excursions::default(),
            short_marks: Excursions::default(),
        }
    }

    /// Whether a mark was ever set.
    #[inline]
    #[must_use]
    pub const fn is_marked(&self) -> bool {
        self.bid.is_positive()
    }

    /// Whether a position is open.
    #[inline(always)]
    #[must_use]
    pub const fn holds_any(&self) -> bool {
        !(self.long.size.is_zero() && self.short.size.is_zero())
    }

    /// The price at which a side is valued.
    #[inline(always)]
    #[must_use]
    pub const fn mark(&self, side: Side) -> Price {
        // A choice between two places, not between two ways: sides come in no order that a
        // processor could guess.
        *match side {
            Side::Long => &self.bid,
            Side::Short => &self.ask,
        }
    }

    /// The holding of a side.
    #[inline(always)]
    #[must_use]
    pub const fn holding(&self, side: Side) -> &Holding {
        match side {
            Side::Long => &self.long,
            Side::Short => &self.short,
        }
    }

    /// The holding of a side, to be changed.
    #[inline(always)]
    #[must_use]
    pub const fn holding_mut(&mut self, side: Side) -> &mut Holding {
        match side {
            Side::Long => &mut self.long,
            Side::Short => &mut self.short,
        }
    }

    /// The marks that the open positions of a side saw.
    #[inline(always)]
    pub(crate) const fn marks(&self, side: Side) -> &Excursions {
        match side {
            Side::Long => &self.long_marks,
            Side::Short => &self.short_marks,
        }
    }

    /// The same, to be changed.
    #[inline(always)]
    pub(crate) const fn marks_mut(&mut self, side: Side) -> &mut Excursions {
        match side {
            Side::Long => &mut self.long_marks,
            Side::Short => &mut self.short_marks,
        }
    }

    /// Value of the open positions above their cost at the marks (rule A3).
    ///
    /// # Errors
    /// [`Overflow`] beyond 38 digits.
    #[inline]
    pub const fn unrealized(&self) -> Result<Money, Overflow> {
        self.long.unrealized.checked_add(self.short.unrealized)
    }

    /// `size * price * contract size`, exact.
    ///
    /// # Errors
    /// [`Overflow`] beyond 38 digits.
    #[inline(always)]
    pub fn notional(&self, size: Size, price: Price) -> Result<Money, Overflow> {
        notional(size, price, &self.contract)
    }

    /// What a size of a side is worth above its cost at a price.
    ///
    /// # Errors
    /// [`Overflow`] beyond 38 digits.
    #[inline(always)]
    pub fn result(
        &self,
        side: Side,
        size: Size,
        cost: Money,
        price: Price,
    ) -> Result<Money, Overflow> {
        Ok(side.signed(self.notional(size, price)?.checked_sub(cost)?))
    }

    /// A holding that was changed, valued at the mark of its side.
    ///
    /// # Errors
    /// [`Overflow`] beyond 38 digits.
    #[inline(always)]
    pub fn valued(
        &self,
        side: Side,
        size: Size,
        cost: Money,
        mark: Price,
    ) -> Result<Holding, Overflow> {
        let unrealized = self.result(side, size, cost, mark)?;
        // Both sides together are a figure of the symbol and have to be in range as well.
        self.holding(side.other()).unrealized.checked_add(unrealized)?;
        Ok(Holding { size, cost, unrealized })
    }

    /// The margin of the symbol when a side has a cost (rule M1).
    ///
    /// # Errors
    /// [`Overflow`] beyond 38 digits.
    #[inline(always)]
    pub fn margin_with(&self, side: Side, cost: Money) -> Result<Money, Overflow> {
        self.leverage.margin(self.holding(side.other()).cost.checked_add(cost)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grids_accept_their_multiples_only() {
        for decimals in 0..=9 {
            let grid = Grid::new(decimals);
            let step = 10_i128.pow(9 - decimals);
            for raw in [step, -7 * step, step << 80, 0] {
                assert_eq!(grid.units(raw), Some(raw / step));
                if decimals < 9 {
                    assert_eq!(grid.units(raw + 1), None);
                }
            }
            assert_eq!(grid.raw(123), Some(123 * step));
            assert_eq!(grid.decimals(), decimals);
        }
        assert_eq!(Grid::new(0).raw(u128::MAX), None);
    }

    #[test]
    fn margin_counts_both_sides_and_rounds_once() {
        let leverage = Leverage::new(3_000_000_000).unwrap();
        let mut book = Book::new(Instrument::default_for("X"), leverage);
        book.short.cost = Money::from_raw(1).unwrap();
        let margin = |raw| {
            let cost = Money::from_raw(raw).unwrap();
            book.margin_with(Side::Long, cost).unwrap().raw()
        };
        assert_eq!([margin(0), margin(1), margin(299)], [0, 1, 100]);
    }
}
