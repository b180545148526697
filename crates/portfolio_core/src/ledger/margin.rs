//! Questions about margin (rules M1 and M2); nothing changes.

use super::rates::Assumed;
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
        // What has no mark is asked for as if the open had set it (rules A5 and W4).
        let assumed = self.find_symbol(symbol).map(|index| (index, price));
        self.check_rates(book, assumed)?;
        checked(self.needed_in_full(book, (size, price), assumed), "size", &size)
    }

    /// Rule W3 for a question.
    fn check_rates(&self, book: &Book, assumed: Assumed) -> Result<(), Refused> {
        let Some(general) = &book.general else { return Ok(()) };
        for currency in [general.profit, general.margin_currency] {
            if self.rate_assuming(currency, assumed).is_none() {
                let (argument, account) = ("symbol", self.configuration.currency);
                return Err(Refusal::RateMissing { argument, currency, account }.into());
            }
        }
        Ok(())
    }

    /// The margin that a long would need; of a hedged model a short may need less.
    fn needed_in_full(
        &self,
        book: &Book,
        (size, price): (Size, Price),
        assumed: Assumed,
    ) -> Result<Money, Overflow> {
        let (bid, ask) = if book.is_marked() { (book.bid, book.ask) } else { (price, price) };
        let marked = Book { bid, ask, ..book.clone() };
        let added = book.worth(size, price)?;
        let long = Holding {
            size: book.long.size.checked_add(size)?,
            cost: book.long.cost.checked_add(added)?,
            unrealized: Money::ZERO,
        };
        let (_, native, code) = self.margin_before_rate(&marked, &long, &book.short)?;
        let rate = self.rate_assuming(code, assumed).ok_or(Overflow)?;
        native.at_rate(rate)?.checked_sub(book.margin)
    }
}

fn needed(book: &Book, size: Size, price: Price) -> Result<Money, Overflow> {
    let cost = book.notional(size, price)?;
    let after = book.long.cost.checked_add(book.short.cost)?.checked_add(cost)?;
    book.leverage.margin(after)?.checked_sub(book.margin)
}
