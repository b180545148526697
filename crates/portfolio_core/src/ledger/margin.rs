//! Questions about margin (rules M1 and M2); nothing changes.

use super::{Ledger, check_price, check_size, checked};
use crate::book::{Book, Holding};
use crate::numbers::{Money, Overflow, Price, Size};
use crate::refusal::{Refusal, Refused};

impl Ledger {
    /// The margin that a symbol binds, or all symbols together; a symbol that was never used binds
    /// none.
    ///
    /// # Errors
    /// When the text cannot be a symbol.
    pub fn margin_used(&self, symbol: Option<&str>) -> Result<Money, Refusal> {
        let Some(symbol) = symbol else { return Ok(self.account.margin_used) };
        match self.book(symbol) {
            Some(book) => Ok(book.margin),
            None => {
                let book = self.default_book(symbol).map_err(|refused| *refused)?;
                Ok(book.margin)
            }
        }
    }

    /// The margin that opening a position would need on top of what its symbol binds.
    ///
    /// # Errors
    /// When the symbol, the size or the price cannot be.
    pub fn margin_needed(&self, symbol: &str, size: Size, price: Price) -> Result<Money, Refusal> {
        self.needed_for(symbol, size, price).map_err(|refused| *refused)
    }

    fn needed_for(&self, symbol: &str, size: Size, price: Price) -> Result<Money, Refused> {
        let fresh;
        let book = match self.book(symbol) {
            Some(book) => book,
            None => {
                fresh = self.default_book(symbol)?;
                &fresh
            }
        };
        check_size(book, size)?;
        check_price(book, "price", price)?;
        if book.general.is_none() {
            return checked(needed(book, size, price), "size", &size);
        }
        self.check_rates(book)?;
        checked(self.needed_in_full(book, size, price), "size", &size)
    }

    /// Rule W3 for a question.
    fn check_rates(&self, book: &Book) -> Result<(), Refused> {
        let Some(general) = &book.general else { return Ok(()) };
        for currency in [general.profit, general.margin_currency] {
            if self.rate(currency).is_err() {
                let (argument, account) = ("symbol", self.configuration.currency);
                return Err(Refusal::RateMissing { argument, currency, account }.into());
            }
        }
        Ok(())
    }

    /// The margin that a long would need; of a hedged model a short may need less.
    fn needed_in_full(&self, book: &Book, size: Size, price: Price) -> Result<Money, Overflow> {
        let (bid, ask) = if book.is_marked() { (book.bid, book.ask) } else { (price, price) };
        let marked = Book { bid, ask, ..book.clone() };
        let added = book.worth(size, price)?;
        let long = Holding {
            size: book.long.size.checked_add(size)?,
            cost: book.long.cost.checked_add(added)?,
            unrealized: Money::ZERO,
        };
        self.margin_of(&marked, &long, &book.short)?.margin.checked_sub(book.margin)
    }
}

fn needed(book: &Book, size: Size, price: Price) -> Result<Money, Overflow> {
    let cost = book.notional(size, price)?;
    let after = book.long.cost.checked_add(book.short.cost)?.checked_add(cost)?;
    book.leverage.margin(after)?.checked_sub(book.margin)
}
