//! A second portfolio with the same past (SPEC rule J12).
//!
//! What never changes is shared: segments of tables, blocks of texts, sealed events. What is true
//! now is copied, and is small: the account, a book per symbol, a row per open position. So a fork
//! costs the same whatever the length of the history.

use super::{Ledger, marks};
use crate::columns::positions::PositionColumns;
use crate::frozen::Last;
use crate::refusal::Refusal;

impl Ledger {
    /// An independent portfolio with the same history, without a journal.
    ///
    /// # Errors
    /// [`Refusal::OutOfMemory`].
    ///
    /// # Panics
    /// When a batch is under way: a bug of the caller.
    ///
    /// # Examples
    /// ```
    /// use portfolio_core::event::{Cash, Event};
    /// use portfolio_core::ledger::{Configuration, Ledger};
    /// use portfolio_core::numbers::Money;
    ///
    /// let mut ledger = Ledger::new(Configuration::new(Money::parse("1000").unwrap()))?;
    /// let mut what_if = ledger.fork()?;
    /// assert_eq!(what_if.digest()?, ledger.digest()?);
    ///
    /// let amount = Money::parse("7").unwrap();
    /// what_if.apply(&Event::Deposit(Cash { amount, time: 0, currency: None }))?;
    /// assert_eq!(what_if.account().balance.to_string(), "1007");
    /// assert_eq!(ledger.account().balance.to_string(), "1000");
    /// # Ok::<(), portfolio_core::refusal::Refusal>(())
    /// ```
    pub fn fork(&mut self) -> Result<Self, Refusal> {
        assert!(self.undo.is_none(), "a fork while a batch is under way");
        Ok(Self {
            configuration: self.configuration.clone(),
            account: self.account,
            books: self.books.clone(),
            symbols: self.symbols.clone(),
            positions: self.positions.fork(),
            protections: self.protections.clone(),
            orders: self.orders.clone(),
            position_columns: PositionColumns::default(),
            tables: self.tables.fork(),
            texts: self.texts.fork(),
            events: self.events.fork()?,
            last_trade: self.last_trade,
            made: self.made.clone(),
            receipt: self.receipt,
            last_snapshot: Last::default(),
            live: None,
            past: None,
            leverage: self.leverage,
            undo: None,
            door: None,
            scratch: marks::Scratch::default(),
            foreign: self.foreign.clone(),
            accrued: self.accrued.clone(),
            next_due: self.next_due,
            rounded: self.rounded,
            fills: self.fills.clone(),
            general: self.general,
            some_general: self.some_general,
        })
    }
}
