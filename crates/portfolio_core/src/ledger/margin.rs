//! Questions about margin (rules M1 and M2); nothing changes.

use super::{Ledger, check_price, check_size, checked};
use crate::book::Book;
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
        checked(needed(book, size, price), "size", &size)
    }
}

fn needed(book: &Book, size: Size, price: Price) -> Result<Money, Overflow> {
    let cost = book.notional(size, price)?;
    let after = book.long.cost.checked_add(book.short.cost)?.checked_add(cost)?;
    book.leverage.margin(after)?.checked_sub(book.margin)
}
