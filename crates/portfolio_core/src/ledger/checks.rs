//! The checks of numbers that several events share: sizes, prices, levels, ids.

use super::{Ledger, Mode, Rounding};
use crate::book::Book;
use crate::general::General;
use crate::instrument::{Instrument, check_symbol};
use crate::numbers::{Leverage, Price, Size};
use crate::refusal::{LevelKind, Refusal, Refused};

/// An id is never 0.
#[inline]
pub(super) fn check_id(position_id: u64) -> Result<(), Refused> {
    if position_id == 0 { Err(Refusal::PositionIdZero.into()) } else { Ok(()) }
}

#[cold]
pub(super) fn not_found(position_id: u64) -> Refused {
    Refusal::PositionNotFound { position_id }.into()
}

/// Rules O1 and C1 for a size; answers its steps on the grid.
#[inline(always)]
pub(super) fn check_size(book: &Book, size: Size) -> Result<i128, Refused> {
    let units = if size.is_positive() { book.size_units(size) } else { None };
    units.ok_or_else(|| wrong_size(book, size))
}

#[cold]
fn wrong_size(book: &Book, size: Size) -> Refused {
    if !size.is_positive() {
        return Refusal::SizeMustBePositive { size }.into();
    }
    if book.sizes.units(size.raw()).is_some() {
        let step = Size::from_raw(book.lot()).unwrap_or_default();
        return Refusal::SizeOffStep { size, step }.into();
    }
    Refusal::SizeOffGrid { size, decimals: book.sizes.decimals() }.into()
}

/// Rules O1, C1 and K1 for a price; answers its steps on the grid.
#[inline(always)]
pub(super) fn check_price(
    book: &Book,
    argument: &'static str,
    price: Price,
) -> Result<i128, Refused> {
    let units = if price.is_positive() { book.price_units(price) } else { None };
    units.ok_or_else(|| wrong_price(book, argument, price))
}

#[cold]
fn wrong_price(book: &Book, argument: &'static str, price: Price) -> Refused {
    if !price.is_positive() {
        return Refusal::PriceMustBePositive { argument, price }.into();
    }
    if book.prices.units(price.raw()).is_some() {
        let tick = Price::from_raw(book.tick()).unwrap_or_default();
        return Refusal::PriceOffTick { argument, price, tick }.into();
    }
    Refusal::PriceOffGrid { argument, price, decimals: book.prices.decimals() }.into()
}

/// Rule O2 for one level by itself; answers its steps on the grid.
pub(super) fn check_level_alone(
    book: &Book,
    level: LevelKind,
    price: Price,
) -> Result<i128, Refused> {
    if !price.is_positive() {
        return Err(Refusal::LevelMustBePositive { level, price }.into());
    }
    let Some(units) = book.price_units(price) else {
        if book.prices.units(price.raw()).is_some() {
            let tick = Price::from_raw(book.tick()).unwrap_or_default();
            return Err(Refusal::LevelOffTick { level, price, tick }.into());
        }
        let decimals = book.prices.decimals();
        return Err(Refusal::LevelOffGrid { level, price, decimals }.into());
    };
    Ok(units)
}

/// Rule O2 for one level; answers its steps on the grid.
pub(super) fn check_level(
    book: &Book,
    level: LevelKind,
    price: Price,
    market: Price,
    below: bool,
) -> Result<i128, Refused> {
    let units = check_level_alone(book, level, price)?;
    if (below && price >= market) || (!below && price <= market) {
        return Err(Refusal::LevelOnWrongSide { level, price, market, below }.into());
    }
    Ok(units)
}

/// Rule I9 for the size of an open or an order.
pub(super) fn check_limits(book: &Book, size: Size) -> Result<(), Refused> {
    let Some(terms) = book.terms() else { return Ok(()) };
    match (terms.min_size, terms.max_size) {
        (Some(limit), _) if size < limit => {
            Err(Refusal::SizeOutside { size, limit, above: false }.into())
        }
        (_, Some(limit)) if size > limit => {
            Err(Refusal::SizeOutside { size, limit, above: true }.into())
        }
        _ => Ok(()),
    }
}

impl super::Configuration {
    /// Whether no book of the account is a plain one.
    pub(super) fn is_general(&self) -> bool {
        self.mode != Mode::Hedging || self.rounding != Rounding::Exact
    }
}

impl Ledger {
    /// The book of an instrument.
    pub(super) fn new_book(&self, instrument: Instrument, leverage: Leverage) -> Book {
        let account = self.configuration.currency;
        let foreign = instrument.quote_currency.is_some_and(|quote| quote != account);
        let general = self.general || foreign || instrument.terms.is_some();
        let general = general.then(|| Box::new(General::new(&instrument, account)));
        Book { general, ..Book::new(instrument, leverage) }
    }

    /// The book that an unregistered symbol would get.
    pub(super) fn default_book(&self, symbol: &str) -> Result<Book, Refused> {
        check_symbol(symbol)?;
        Ok(self.new_book(Instrument::default_for(symbol), self.leverage))
    }
}
