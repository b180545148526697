//! What a book needs when its instrument has terms, or when its account is not a plain one: other
//! currencies, inverse contracts, grids of ticks and lots, models of margin and costs.
//!
//! A plain book has none of this and is valued in fewer steps; both ways give the same numbers.

use crate::book::Book;
use crate::currency::Currency;
use crate::event::Side;
use crate::instrument::Instrument;
use crate::numbers::{
    Money, Overflow, Price, Size, div_half_even, ratio_half_even, ratio_of_products,
};
use crate::terms::Terms;

/// One at scale 18.
const ONE18: i128 = 1_000_000_000_000_000_000;

/// The state and the prepared terms of such a book.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct General {
    /// The currency of its results (rule I10).
    pub(crate) profit: Currency,
    /// The currency of its margin before it is converted.
    pub(crate) margin_currency: Currency,
    /// Whether results are made in the base currency.
    pub(crate) inverse: bool,
    /// Whether its mark is a rate of exchange.
    pub(crate) pair: Option<(Currency, Currency)>,
    /// Steps of the price grid in a tick.
    pub(crate) tick: i128,
    /// Steps of the size grid in a lot step.
    pub(crate) lot: i128,
    /// What it adds to the account's totals.
    pub(crate) held: Valuation,
    /// The one position of a netting account; 0 = none.
    pub(crate) net: u64,
    /// What was traded, in account money, as far as a commission asks.
    pub(crate) traded: Money,
    /// Fills that took a random number.
    pub(crate) slipped: u64,
    /// The last moment of its calendar that was charged.
    pub(crate) last_rollover: Option<i64>,
    /// The next one; the end of all times without a swap.
    pub(crate) next_rollover: i64,
}

/// What a symbol adds to the account's totals, in account money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Valuation {
    /// Value above cost.
    pub(crate) unrealized: Money,
    /// Value of the longs.
    pub(crate) longs: Money,
    /// Value of the shorts.
    pub(crate) shorts: Money,
    /// Margin.
    pub(crate) margin: Money,
}

impl General {
    /// The general part of a book of an instrument.
    pub(crate) fn new(instrument: &Instrument, account: Currency) -> Self {
        let terms = instrument.terms.as_deref();
        let quote = instrument.quote_currency.unwrap_or(account);
        let base = terms.and_then(|terms| terms.base_currency);
        let inverse = terms.is_some_and(|terms| terms.inverse);
        let profit = base.filter(|_| inverse).unwrap_or(quote);
        let in_base = |terms: &Terms| terms.margin.as_ref().is_some_and(|margin| margin.in_base);
        let margin_currency = base.filter(|_| terms.is_some_and(in_base)).unwrap_or(profit);
        let steps = |raw: Option<i128>, decimals: u32| {
            let step = 10_i128.pow(9_u32.saturating_sub(decimals));
            raw.and_then(|raw| raw.checked_div(step)).unwrap_or(1)
        };
        let tick = terms.and_then(|terms| terms.tick_size).map(Price::raw);
        let lot = terms.and_then(|terms| terms.lot_step).map(Size::raw);
        Self {
            profit,
            margin_currency,
            inverse,
            pair: base.filter(|&base| base != quote).map(|base| (base, quote)),
            tick: steps(tick, instrument.price_decimals),
            lot: steps(lot, instrument.size_decimals),
            held: Valuation::default(),
            net: 0,
            traded: Money::ZERO,
            slipped: 0,
            last_rollover: None,
            next_rollover: i64::MAX,
        }
    }
}

impl Book {
    /// Whether the results are made in the base currency.
    #[inline]
    pub(crate) fn is_inverse(&self) -> bool {
        self.general.as_ref().is_some_and(|general| general.inverse)
    }

    /// The terms of the instrument, if it has any.
    pub(crate) fn terms(&self) -> Option<&Terms> {
        self.instrument.terms.as_deref()
    }

    /// A price in steps of its grid, if it is on the tick.
    #[inline(always)]
    pub(crate) fn price_units(&self, price: Price) -> Option<i128> {
        let units = self.prices.units(price.raw());
        match &self.general {
            None => units,
            Some(general) => units.filter(|units| units.checked_rem(general.tick) == Some(0)),
        }
    }

    /// A size in steps of its grid, if it is on the lot step.
    #[inline(always)]
    pub(crate) fn size_units(&self, size: Size) -> Option<i128> {
        let units = self.sizes.units(size.raw());
        match &self.general {
            None => units,
            Some(general) => units.filter(|units| units.checked_rem(general.lot) == Some(0)),
        }
    }

    /// A step of the prices, in raw units.
    pub(crate) fn tick(&self) -> i128 {
        let step = self.prices.raw(1).unwrap_or(1);
        self.general.as_ref().map_or(step, |general| step.saturating_mul(general.tick))
    }

    /// A step of the sizes, in raw units.
    pub(crate) fn lot(&self) -> i128 {
        let step = self.sizes.raw(1).unwrap_or(1);
        self.general.as_ref().map_or(step, |general| step.saturating_mul(general.lot))
    }

    /// A price, rounded half-even to the tick.
    pub(crate) fn on_tick(&self, price: Price) -> Result<Price, Overflow> {
        let tick = self.tick();
        let ticks = div_half_even(price.raw(), tick);
        Price::from_raw(ticks.checked_mul(tick).ok_or(Overflow)?)
    }

    /// A size, rounded down to the lot step.
    pub(crate) fn on_lot(&self, size: Size) -> Size {
        let rest = size.raw().checked_rem(self.lot()).unwrap_or(0);
        Size::from_raw(size.raw().saturating_sub(rest)).unwrap_or(size)
    }

    /// What a size is worth at a price, native (rule I11).
    ///
    /// # Errors
    /// [`Overflow`] beyond 38 digits.
    #[inline]
    pub(crate) fn worth(&self, size: Size, price: Price) -> Result<Money, Overflow> {
        if self.is_inverse() { self.inverse_worth(size, price) } else { self.notional(size, price) }
    }

    fn inverse_worth(&self, size: Size, price: Price) -> Result<Money, Overflow> {
        if !price.is_positive() {
            return Ok(Money::ZERO);
        }
        let (digits, divisor) = self.contract.fraction();
        let divisors = [divisor, price.raw()];
        Money::from_raw(ratio_of_products(&[size.raw(), digits, ONE18], divisors)?)
    }

    /// What a side has gained when what it holds is worth so much, native (rule I11).
    #[inline]
    pub(crate) fn gain(&self, side: Side, worth: Money, cost: Money) -> Result<Money, Overflow> {
        let up = if self.is_inverse() { cost.checked_sub(worth) } else { worth.checked_sub(cost) };
        up.map(|gain| side.signed(gain))
    }

    /// The result of a size of a side at a price, native.
    #[inline]
    pub(crate) fn native_result(
        &self,
        side: Side,
        (size, cost): (Size, Money),
        price: Price,
    ) -> Result<Money, Overflow> {
        self.gain(side, self.worth(size, price)?, cost)
    }

    /// `size * contract * value * times`, rounded half-even to 18 decimals; the value has scale 9.
    pub(crate) fn underlying_times(
        &self,
        size: Size,
        value: i128,
        times: i128,
    ) -> Result<Money, Overflow> {
        let (digits, divisor) = self.contract.fraction();
        Money::from_raw(ratio_half_even(&[size.raw(), digits, value, times], divisor)?)
    }

    /// The price at which a size would have cost so much, rounded half-even to 9 decimals (rule
    /// P2).
    pub(crate) fn average_price(&self, size: Size, cost: Money) -> Result<Price, Overflow> {
        let (digits, divisor) = self.contract.fraction();
        let raw = if self.is_inverse() {
            ratio_of_products(&[size.raw(), digits, ONE18], [divisor, cost.raw()])?
        } else {
            ratio_of_products(&[cost.raw(), divisor], [size.raw(), digits])?
        };
        Price::from_raw(raw)
    }
}
