//! The ledger: the one door through which state changes.
//!
//! [`Ledger::apply`] takes an event, checks every rule of SPEC section 5 in order, and either
//! answers with a [`Refusal`] and has changed nothing, or commits. Each kind of event has a file of
//! its own with the same three steps: *plan* (pure: reads the state, computes every new number with
//! checked arithmetic), *reserve* (the only step that can lack memory), and
//! *commit* (plain stores that cannot fail).

mod account;
mod batch;
mod cash;
mod close;
mod configuration;
pub(crate) mod decode;
mod invariants;
mod margin;
mod marks;
mod modify;
mod open;
mod record;
mod register;
mod replay;

pub use account::Account;
pub use batch::BatchSize;
pub use configuration::{Configuration, Mode, OffGrid, Rounding};
pub use invariants::Violation;

use std::collections::TryReserveError;

use hashbrown::HashMap;

use crate::book::Book;
use crate::columns::positions::PositionColumns;
use crate::columns::rows::{EquityRow, PostingRow, TradeRow};
use crate::columns::schema::{EQUITY, LEDGER, TRADES};
use crate::columns::segment::AllocationFailed;
use crate::columns::table::Table;
use crate::columns::text::{TextPool, TextView};
use crate::event::{Event, Receipt, TIME_MAX, TIME_MIN};
use crate::eventlog::EventLog;
use crate::instrument::{Instrument, check_symbol};
use crate::numbers::{Leverage, Overflow, Price, Size};
use crate::positions::Positions;
use crate::refusal::{LevelKind, Refusal, Refused};

/// The append-only tables.
#[derive(Debug)]
pub(crate) struct Tables {
    pub(crate) equity: Table<EquityRow>,
    pub(crate) trades: Table<TradeRow>,
    pub(crate) postings: Table<PostingRow>,
}

impl Tables {
    /// Lets readers see all rows.
    #[inline]
    fn publish(&self) {
        self.equity.publish();
        self.trades.publish();
        self.postings.publish();
    }

    /// Copies each table into one segment with room for so many more rows.
    fn compact(&mut self, more: usize) -> Result<(), AllocationFailed> {
        self.equity.compact(more)?;
        self.trades.compact(more)?;
        self.postings.compact(more)
    }

    /// Takes back the rows that nobody has seen.
    fn take_back(&mut self) {
        self.equity.take_back();
        self.trades.take_back();
        self.postings.take_back();
    }
}

/// The state of one portfolio, its history and the door.
#[derive(Debug)]
pub struct Ledger {
    pub(crate) configuration: Configuration,
    pub(crate) account: Account,
    pub(crate) books: Vec<Book>,
    pub(crate) symbols: HashMap<Box<str>, u32>,
    pub(crate) positions: Positions,
    pub(crate) position_columns: PositionColumns,
    pub(crate) tables: Tables,
    pub(crate) texts: TextPool,
    pub(crate) events: EventLog,
    pub(crate) last_trade: TradeRow,
    /// What the last accepted event answered. It stays in its place: numbers of 128 bits that are
    /// moved right after they were written cost more than they took to compute.
    pub(crate) receipt: Receipt,
    pub(crate) last_snapshot: crate::frozen::Last,
    /// Metrics that grow with the history, as far as somebody has asked.
    pub(crate) live: Option<Box<crate::metrics::Live>>,
    /// The account's leverage, ready to divide by.
    leverage: Leverage,
    /// What a batch has changed so far, if one is under way.
    undo: Option<Box<batch::Undo>>,
    scratch: marks::Scratch,
}

impl Ledger {
    /// A portfolio before its first event.
    ///
    /// # Errors
    /// When the initial balance is negative or the leverage is not positive.
    pub fn new(configuration: Configuration) -> Result<Self, Refusal> {
        let initial = configuration.initial_balance;
        if initial.is_negative() {
            return Err(Refusal::InitialBalanceNegative { amount: initial });
        }
        let leverage = configuration.leverage;
        let prepared = Leverage::new(leverage)
            .map_err(|Overflow| Refusal::LeverageMustBePositive { leverage })?;
        let mut equity = Table::new(&EQUITY, configuration.capacity);
        if configuration.capacity.is_some() {
            equity.reserve(1)?;
        }
        Ok(Self {
            account: Account::new(initial),
            books: Vec::new(),
            symbols: HashMap::new(),
            positions: Positions::default(),
            position_columns: PositionColumns::default(),
            tables: Tables {
                equity,
                trades: Table::new(&TRADES, None),
                postings: Table::new(&LEDGER, None),
            },
            texts: TextPool::default(),
            events: EventLog::new(&configuration.canonical_bytes()?),
            last_trade: TradeRow::default(),
            receipt: Receipt::default(),
            last_snapshot: crate::frozen::Last::default(),
            live: None,
            scratch: marks::Scratch::default(),
            leverage: prepared,
            undo: None,
            configuration,
        })
    }

    /// Applies an event: all of it, or nothing.
    ///
    /// # Errors
    /// The refusal of the first rule that fails; the state is then as it was.
    ///
    /// # Panics
    /// When an invariant is broken, which is a bug of this crate; the message has the numbers.
    ///
    /// # Examples
    /// ```
    /// use portfolio_core::currency::Currency;
    /// use portfolio_core::event::{Event, Open, Protection, Side};
    /// use portfolio_core::ledger::{Configuration, Ledger};
    /// use portfolio_core::numbers::{Money, Price, Size};
    ///
    /// let mut ledger = Ledger::new(Configuration::new(Money::parse("1000").unwrap()))?;
    /// let open = Open {
    ///     symbol: "ACME",
    ///     side: Side::Long,
    ///     size: Size::parse("3").unwrap(),
    ///     price: Price::parse("100.10").unwrap(),
    ///     time: 0,
    ///     stop_loss: None,
    ///     take_profit: None,
    ///     fee: Some(Money::parse("0.35").unwrap()),
    ///     tag: "",
    ///     position_id: None,
    ///     protection: Protection::NONE,
    /// };
    /// let receipt = ledger.apply(&Event::Open(open))?;
    /// assert_eq!(receipt.position_id, 1);
    /// assert_eq!(ledger.account().equity, Money::parse("999.65").unwrap());
    ///
    /// let too_much = Open { size: Size::parse("30").unwrap(), ..open };
    /// let refusal = ledger.apply(&Event::Open(too_much)).unwrap_err();
    /// assert_eq!(refusal.code().number(), 4002);
    /// # Ok::<(), portfolio_core::refusal::Refusal>(())
    /// ```
    #[inline]
    pub fn apply(&mut self, event: &Event<'_>) -> Result<Receipt, Refusal> {
        self.apply_unpublished(event, None).map_err(|refused| *refused)?;
        self.tables.publish();
        Ok(self.receipt)
    }

    /// Applies an event whose rows nobody sees before they are published; `symbol` is the index of
    /// the symbol of an open or of a single quote where the caller knows it.
    #[inline]
    fn apply_unpublished(&mut self, event: &Event<'_>, symbol: Option<u32>) -> Result<(), Refused> {
        match event {
            Event::RegisterInstrument(instrument) => self.register(instrument),
            Event::Open(open) => self.open(open, symbol),
            Event::Close(close) => self.close(close),
            Event::Modify(modify) => self.modify(modify),
            Event::Mark(marks) => self.mark(marks, symbol),
            Event::UpdateEquity(marks) => self.update_equity(marks, symbol),
            Event::Fee(fee) => self.fee(fee),
            Event::Deposit(cash) => self.deposit(cash),
            Event::Withdraw(cash) => self.withdraw(cash),
        }?;
        debug_assert!(self.check_account().is_ok(), "{:?}", self.check_account());
        Ok(())
    }

    /// Rewrites each append-only table into one segment, with room for so many more rows. It costs
    /// one copy of the table, and its memory twice until the old snapshots are gone.
    ///
    /// # Errors
    /// [`Refusal::OutOfMemory`]; a table that was not yet rewritten is as it was.
    pub fn compact(&mut self, more: usize) -> Result<(), Refusal> {
        Ok(self.tables.compact(more)?)
    }

    /// Balance, equity, margin and the rest of the account.
    #[inline]
    #[must_use]
    pub fn account(&self) -> &Account {
        &self.account
    }

    /// What the portfolio started from.
    #[must_use]
    pub fn configuration(&self) -> &Configuration {
        &self.configuration
    }

    /// The open positions.
    #[must_use]
    pub fn positions(&self) -> &Positions {
        &self.positions
    }

    /// The books in the order of registration.
    #[must_use]
    pub fn books(&self) -> &[Book] {
        &self.books
    }

    /// The book of a symbol, if it was registered or used.
    #[must_use]
    pub fn book(&self, symbol: &str) -> Option<&Book> {
        self.find_symbol(symbol).and_then(|index| self.book_at(index))
    }

    /// The index of a symbol, if it was registered or used.
    #[inline]
    #[must_use]
    pub fn symbol_index(&self, symbol: &str) -> Option<u32> {
        self.find_symbol(symbol)
    }

    /// Which quote of the last event was at fault when it was refused, from 0; the number of its
    /// quotes when only all of them together were.
    #[must_use]
    pub(crate) fn refused_quote(&self) -> usize {
        self.scratch.refused_at()
    }

    /// The trade of the last close.
    #[must_use]
    pub fn last_trade(&self) -> &TradeRow {
        &self.last_trade
    }

    /// The text of a view that came from this ledger.
    #[must_use]
    pub fn text(&self, view: TextView) -> String {
        self.texts.blocks().text(view)
    }

    #[inline]
    fn find_symbol(&self, symbol: &str) -> Option<u32> {
        self.symbols.get(symbol).copied()
    }

    #[inline]
    fn book_at(&self, index: u32) -> Option<&Book> {
        self.books.get(usize::try_from(index).ok()?)
    }

    /// A book to be changed; a batch keeps what it was.
    #[inline]
    fn book_at_mut(&mut self, index: u32) -> Option<&mut Book> {
        let book = self.books.get_mut(usize::try_from(index).ok()?)?;
        if let Some(undo) = &mut self.undo {
            undo.keep_book(index, book);
        }
        Some(book)
    }

    /// Rule T3.
    #[inline]
    fn check_time(&self, time: i64) -> Result<(), Refused> {
        if time < self.account.last_time && self.account.has_time {
            return Err(Refusal::TimeRunsBackwards { time, last: self.account.last_time }.into());
        }
        if !(TIME_MIN..=TIME_MAX).contains(&time) {
            return Err(Refusal::TimeOutOfRange { time }.into());
        }
        Ok(())
    }
}

impl From<AllocationFailed> for Refusal {
    fn from(failed: AllocationFailed) -> Self {
        Self::OutOfMemory { bytes: failed.bytes }
    }
}

impl From<hashbrown::TryReserveError> for Refusal {
    fn from(_: hashbrown::TryReserveError) -> Self {
        Self::OutOfMemory { bytes: 0 }
    }
}

impl From<TryReserveError> for Refusal {
    fn from(_: TryReserveError) -> Self {
        Self::OutOfMemory { bytes: 0 }
    }
}

impl From<AllocationFailed> for Refused {
    fn from(failed: AllocationFailed) -> Self {
        Self::new(failed.into())
    }
}

impl From<hashbrown::TryReserveError> for Refused {
    fn from(failed: hashbrown::TryReserveError) -> Self {
        Self::new(failed.into())
    }
}

impl From<TryReserveError> for Refused {
    fn from(failed: TryReserveError) -> Self {
        Self::new(failed.into())
    }
}

/// A result beyond 38 digits, named after the argument that made it.
#[cold]
fn out_of_range(argument: &'static str, value: &dyn ToString) -> Refused {
    Refusal::ResultOutOfRange { argument, value: value.to_string() }.into()
}

/// Turns an overflow into the refusal that names an argument.
#[inline(always)]
fn checked<T>(
    result: Result<T, Overflow>,
    argument: &'static str,
    value: &dyn ToString,
) -> Result<T, Refused> {
    result.map_err(|Overflow| out_of_range(argument, value))
}

/// An id is never 0.
#[inline]
fn check_id(position_id: u64) -> Result<(), Refused> {
    if position_id == 0 { Err(Refusal::PositionIdZero.into()) } else { Ok(()) }
}

#[cold]
fn not_found(position_id: u64) -> Refused {
    Refusal::PositionNotFound { position_id }.into()
}

/// Rules O1 and C1 for a size; answers its steps on the grid.
#[inline(always)]
fn check_size(book: &Book, size: Size) -> Result<i128, Refused> {
    let units = if size.is_positive() { book.sizes.units(size.raw()) } else { None };
    units.ok_or_else(|| wrong_size(book, size))
}

#[cold]
fn wrong_size(book: &Book, size: Size) -> Refused {
    if !size.is_positive() {
        return Refusal::SizeMustBePositive { size }.into();
    }
    Refusal::SizeOffGrid { size, decimals: book.sizes.decimals() }.into()
}

/// Rules O1, C1 and K1 for a price; answers its steps on the grid.
#[inline(always)]
fn check_price(book: &Book, argument: &'static str, price: Price) -> Result<i128, Refused> {
    let units = if price.is_positive() { book.prices.units(price.raw()) } else { None };
    units.ok_or_else(|| wrong_price(book, argument, price))
}

#[cold]
fn wrong_price(book: &Book, argument: &'static str, price: Price) -> Refused {
    if !price.is_positive() {
        return Refusal::PriceMustBePositive { argument, price }.into();
    }
    Refusal::PriceOffGrid { argument, price, decimals: book.prices.decimals() }.into()
}

/// Rule O2 for one level; answers its steps on the grid.
fn check_level(
    book: &Book,
    level: LevelKind,
    price: Price,
    market: Price,
    below: bool,
) -> Result<i128, Refused> {
    if !price.is_positive() {
        return Err(Refusal::LevelMustBePositive { level, price }.into());
    }
    let Some(units) = book.prices.units(price.raw()) else {
        let decimals = book.prices.decimals();
        return Err(Refusal::LevelOffGrid { level, price, decimals }.into());
    };
    if (below && price >= market) || (!below && price <= market) {
        return Err(Refusal::LevelOnWrongSide { level, price, market, below }.into());
    }
    Ok(units)
}

/// The book that an unregistered symbol would get.
fn default_book(symbol: &str, account_leverage: Leverage) -> Result<Book, Refused> {
    check_symbol(symbol)?;
    Ok(Book::new(Instrument::default_for(symbol), account_leverage))
}
