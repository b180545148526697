//! The ledger: the one door through which state changes.
//!
//! [`Ledger::apply`] takes an event, checks every rule of SPEC section 5 in order, and either
//! answers with a [`Refusal`] and has changed nothing, or commits. Each kind of event has a file of
//! its own with the same three steps: *plan* (pure: reads the state, computes every new number with
//! checked arithmetic), *reserve* (the only step that can lack memory), and
//! *commit* (plain stores that cannot fail).

mod account;
mod cash;
mod close;
mod invariants;
mod margin;
mod marks;
mod modify;
mod open;
mod record;
mod register;
mod replay;

pub use account::Account;
pub use invariants::Violation;

use hashbrown::HashMap;

use crate::book::Book;
use crate::codec::Encoder;
use crate::columns::positions::PositionColumns;
use crate::columns::rows::{EquityRow, PostingRow, TradeRow};
use crate::columns::schema::{EQUITY, LEDGER, TRADES};
use crate::columns::segment::AllocationFailed;
use crate::columns::table::Table;
use crate::columns::text::{TextPool, TextView};
use crate::currency::Currency;
use crate::event::{Event, Receipt};
use crate::eventlog::EventLog;
use crate::instrument::{Instrument, check_symbol};
use crate::numbers::{Money, Overflow, Price, Size};
use crate::positions::Positions;
use crate::refusal::{LevelKind, Refusal};

/// 0001-01-01 in microseconds.
pub const TIME_MIN: i64 = -62_135_596_800_000_000;
/// 9999-12-31T23:59:59.999999 in microseconds.
pub const TIME_MAX: i64 = 253_402_300_799_999_999;

/// What a portfolio starts from.
#[derive(Debug, Clone, PartialEq)]
pub struct Configuration {
    /// The balance before the first event, not negative.
    pub initial_balance: Money,
    /// The account's currency.
    pub currency: Currency,
    /// The account's leverage at scale 9, > 0.
    pub leverage: i128,
    /// How many rows the equity history is expected to have; the first segment then holds them all.
    pub capacity: Option<usize>,
}

impl Configuration {
    /// The bytes that the digest starts with (SPEC section 9).
    #[must_use]
    pub fn canonical_bytes(&self) -> Vec<u8> {
        let mut bytes = b"omega_portfolio\x01".to_vec();
        let mut encoder = Encoder(&mut bytes);
        encoder.signed(self.initial_balance.raw());
        encoder.text(self.currency.code());
        encoder.natural(self.leverage);
        encoder.byte(0);
        bytes
    }
}

/// The append-only tables.
#[derive(Debug)]
pub(crate) struct Tables {
    pub(crate) equity: Table<EquityRow>,
    pub(crate) trades: Table<TradeRow>,
    pub(crate) postings: Table<PostingRow>,
}

/// The state of one portfolio, its history and the door.
#[derive(Debug)]
pub struct Ledger {
    pub(crate) configuration: Configuration,
    pub(crate) account: Account,
    pub(crate) books: Vec<Book>,
    pub(crate) symbols: HashMap<Box<str>, u32>,
    pub(crate) symbol_texts: Vec<TextView>,
    pub(crate) positions: Positions,
    pub(crate) position_columns: PositionColumns,
    pub(crate) tables: Tables,
    pub(crate) texts: TextPool,
    pub(crate) events: EventLog,
    pub(crate) last_trade: TradeRow,
    pub(crate) last_snapshot: crate::frozen::Last,
    planned_marks: Vec<marks::PlannedMark>,
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
        if configuration.leverage <= 0 {
            let leverage = configuration.leverage;
            return Err(Refusal::LeverageMustBePositive { leverage });
        }
        let mut equity = Table::new(&EQUITY, configuration.capacity);
        if configuration.capacity.is_some() {
            equity.reserve(1)?;
        }
        Ok(Self {
            account: Account::new(initial),
            books: Vec::new(),
            symbols: HashMap::new(),
            symbol_texts: Vec::new(),
            positions: Positions::default(),
            position_columns: PositionColumns::default(),
            tables: Tables {
                equity,
                trades: Table::new(&TRADES, None),
                postings: Table::new(&LEDGER, None),
            },
            texts: TextPool::default(),
            events: EventLog::new(&configuration.canonical_bytes()),
            last_trade: TradeRow::default(),
            last_snapshot: crate::frozen::Last::default(),
            planned_marks: Vec::new(),
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
    /// use portfolio_core::event::{Event, Open, Side};
    /// use portfolio_core::ledger::{Configuration, Ledger};
    /// use portfolio_core::numbers::{Money, Price, Size};
    ///
    /// let mut ledger = Ledger::new(Configuration {
    ///     initial_balance: Money::parse("1000").unwrap(),
    ///     currency: Currency::USD,
    ///     leverage: 1_000_000_000,
    ///     capacity: None,
    /// })?;
    /// let open = Open {
    ///     symbol: "ACME",
    ///     side: Side::Long,
    ///     size: Size::parse("3").unwrap(),
    ///     price: Price::parse("100.10").unwrap(),
    ///     time: 0,
    ///     stop_loss: None,
    ///     take_profit: None,
    ///     fee: Money::parse("0.35").unwrap(),
    ///     tag: "",
    ///     position_id: None,
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
        let receipt = match event {
            Event::RegisterInstrument(instrument) => self.register(instrument),
            Event::Open(open) => self.open(open),
            Event::Close(close) => self.close(close),
            Event::Modify(modify) => self.modify(modify),
            Event::Mark(marks) => self.mark(marks),
            Event::UpdateEquity(marks) => self.update_equity(marks),
            Event::Fee(fee) => self.fee(fee),
            Event::Deposit(cash) => self.deposit(cash),
            Event::Withdraw(cash) => self.withdraw(cash),
        }?;
        debug_assert!(self.check_account().is_ok(), "{:?}", self.check_account());
        Ok(receipt)
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

    #[inline]
    fn book_at_mut(&mut self, index: u32) -> Option<&mut Book> {
        self.books.get_mut(usize::try_from(index).ok()?)
    }

    /// Rule T3.
    #[inline]
    fn check_time(&self, time: i64) -> Result<(), Refusal> {
        if time < self.account.last_time && self.account.has_time {
            return Err(Refusal::TimeRunsBackwards { time, last: self.account.last_time });
        }
        if !(TIME_MIN..=TIME_MAX).contains(&time) {
            return Err(Refusal::TimeOutOfRange { time });
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

impl From<std::collections::TryReserveError> for Refusal {
    fn from(_: std::collections::TryReserveError) -> Self {
        Self::OutOfMemory { bytes: 0 }
    }
}

/// A result beyond 38 digits, named after the argument that made it.
fn out_of_range(argument: &'static str, value: &dyn ToString) -> Refusal {
    Refusal::ResultOutOfRange { argument, value: value.to_string() }
}

/// Turns an overflow into the refusal that names an argument.
#[inline]
fn checked<T>(
    result: Result<T, Overflow>,
    argument: &'static str,
    value: &dyn ToString,
) -> Result<T, Refusal> {
    result.map_err(|Overflow| out_of_range(argument, value))
}

/// An id is never 0.
#[inline]
fn check_id(position_id: u64) -> Result<(), Refusal> {
    if position_id == 0 { Err(Refusal::PositionIdZero) } else { Ok(()) }
}

/// Rules O1 and C1 for a size; answers its steps on the grid.
#[inline]
fn check_size(book: &Book, size: Size) -> Result<i128, Refusal> {
    if !size.is_positive() {
        return Err(Refusal::SizeMustBePositive { size });
    }
    let decimals = book.sizes.decimals();
    book.sizes.units(size.raw()).ok_or(Refusal::SizeOffGrid { size, decimals })
}

/// Rules O1, C1 and K1 for a price; answers its steps on the grid.
#[inline]
fn check_price(book: &Book, argument: &'static str, price: Price) -> Result<i128, Refusal> {
    if !price.is_positive() {
        return Err(Refusal::PriceMustBePositive { argument, price });
    }
    let decimals = book.prices.decimals();
    book.prices.units(price.raw()).ok_or(Refusal::PriceOffGrid { argument, price, decimals })
}

/// Rule O2 for one level; answers its steps on the grid.
#[inline]
fn check_level(
    book: &Book,
    level: LevelKind,
    price: Price,
    market: Price,
    below: bool,
) -> Result<i128, Refusal> {
    if !price.is_positive() {
        return Err(Refusal::LevelMustBePositive { level, price });
    }
    let decimals = book.prices.decimals();
    let off_grid = Refusal::LevelOffGrid { level, price, decimals };
    let units = book.prices.units(price.raw()).ok_or(off_grid)?;
    if (below && price >= market) || (!below && price <= market) {
        return Err(Refusal::LevelOnWrongSide { level, price, market, below });
    }
    Ok(units)
}

/// The book that an unregistered symbol would get.
fn default_book(symbol: &str, account_leverage: i128) -> Result<Book, Refusal> {
    check_symbol(symbol)?;
    Ok(Book::new(Instrument::default_for(symbol), account_leverage))
}
