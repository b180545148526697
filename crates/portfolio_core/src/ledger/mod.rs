//! The ledger: the one door through which state changes.
//!
//! [`Ledger::apply`] takes an event, checks every rule of SPEC section 5 in order, and either
//! answers with a [`Refusal`] and has changed nothing, or commits. Each kind of event has a file of
//! its own with the same three steps: *plan* (pure: reads the state, computes every new number with
//! checked arithmetic), *reserve* (the only step that can lack memory), and
//! *commit* (plain stores that cannot fail).

mod account;
mod activity;
mod bars;
mod batch;
mod cash;
mod checks;
mod close;
mod close_by;
mod configuration;
mod corporate;
mod costs;
pub(crate) mod decode;
mod durable;
mod exchange;
mod fills;
mod flows;
mod fork;
mod full;
mod grids;
pub mod image;
mod invariants;
mod legs;
mod margin;
mod marks;
mod modify;
mod open;
mod orders;
mod posting;
mod protect;
mod rates;
mod record;
mod register;
mod replay;
mod rescale;
mod scope;
mod split;
mod state;
mod stop;
mod tables;
mod terms_codec;
mod time_travel;
mod value;

pub use account::Account;
pub use bars::BarsStopped;
pub use batch::BatchSize;
use checks::{check_id, check_level, check_price, check_size, not_found};
pub use configuration::{Configuration, Mode, OffGrid, Rounding};
pub use invariants::Violation;
use tables::Tables;
pub(crate) use terms_codec::{terms_bytes, terms_of};
pub use time_travel::Moment;

use std::collections::TryReserveError;

use hashbrown::HashMap;

use crate::book::Book;
use crate::columns::positions::PositionColumns;
use crate::columns::rows::TradeRow;
use crate::columns::segment::AllocationFailed;
use crate::columns::text::{TextPool, TextView};
use crate::event::{Event, Receipt, TIME_MAX, TIME_MIN};
use crate::eventlog::EventLog;
use crate::numbers::{Leverage, Overflow};
use crate::orders::Orders;
use crate::positions::Positions;
use crate::protection::Protections;
use crate::refusal::{Refusal, Refused};

/// The state of one portfolio, its history and the door.
#[derive(Debug)]
pub struct Ledger {
    pub(crate) configuration: Configuration,
    pub(crate) account: Account,
    pub(crate) books: Vec<Book>,
    pub(crate) symbols: HashMap<Box<str>, u32>,
    pub(crate) positions: Positions,
    pub(crate) protections: Protections,
    pub(crate) orders: Orders,
    pub(crate) position_columns: PositionColumns,
    pub(crate) tables: Tables,
    pub(crate) texts: TextPool,
    pub(crate) events: EventLog,
    pub(crate) last_trade: TradeRow,
    /// The trades of the event under way, or of the last one, but for a plain close.
    made: Vec<TradeRow>,
    /// What the last accepted event answered. It stays in its place: numbers of 128 bits that are
    /// moved right after they were written cost more than they took to compute.
    pub(crate) receipt: Receipt,
    pub(crate) last_snapshot: crate::frozen::Last,
    /// Metrics that grow with the history, as far as somebody has asked.
    pub(crate) live: Option<Box<crate::metrics::Live>>,
    /// What it was at earlier moments, as far as somebody has asked.
    past: Option<Box<time_travel::Past>>,
    /// The account's leverage, ready to divide by.
    leverage: Leverage,
    /// What a batch has changed so far, if one is under way.
    undo: Option<Box<batch::Undo>>,
    scratch: marks::Scratch,
    /// Cash and rates of other currencies.
    pub(crate) foreign: rates::Foreign,
    /// What will be charged or paid as time goes by.
    pub(crate) accrued: flows::Accrued,
    /// When the first of that is due.
    next_due: i64,
    /// Numbers of calls that were rounded to their grids.
    rounded: u64,
    /// Every fill, when somebody wants to know.
    fills: Option<Vec<fills::Fill>>,
    /// Whether every new book is a general one.
    general: bool,
    /// Whether there may be a general book.
    some_general: bool,
    /// Its journal, or that it was closed; most ledgers have neither.
    door: Option<Box<durable::Door>>,
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
        configuration.check()?;
        Ok(Self {
            account: Account::new(initial),
            books: Vec::new(),
            symbols: HashMap::new(),
            positions: Positions::default(),
            protections: Protections::default(),
            orders: Orders::default(),
            position_columns: PositionColumns::default(),
            tables: Tables::new(&configuration)?,
            texts: TextPool::default(),
            events: EventLog::new(&configuration.canonical_bytes()?),
            last_trade: TradeRow::default(),
            made: Vec::new(),
            receipt: Receipt::default(),
            last_snapshot: crate::frozen::Last::default(),
            live: None,
            past: None,
            scratch: marks::Scratch::default(),
            leverage: prepared,
            undo: None,
            foreign: rates::Foreign::default(),
            accrued: flows::Accrued::default(),
            next_due: flows::NEVER,
            rounded: 0,
            fills: None,
            general: configuration.is_general(),
            some_general: false,
            door: None,
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
        if self.door.is_some() {
            return self.apply_durably(event).map_err(|refused| *refused);
        }
        self.apply_unpublished(event, None).map_err(|refused| *refused)?;
        self.tables.publish();
        Ok(self.receipt)
    }

    /// Applies an event whose rows nobody sees before they are published; `symbol` is the index of
    /// the symbol of an open or of a single quote where the caller knows it.
    #[inline]
    fn apply_unpublished(&mut self, event: &Event<'_>, symbol: Option<u32>) -> Result<(), Refused> {
        if !self.made.is_empty() {
            self.made.clear();
        }
        if self.configuration.off_grid == OffGrid::Round {
            self.apply_rounded(event, symbol)?;
        } else if self.has_due(event) {
            self.apply_after_flows(event, symbol)?;
        } else {
            self.dispatch(event, symbol)?;
        }
        debug_assert!(self.check_account().is_ok(), "{:?}", self.check_account());
        Ok(())
    }

    /// Applies an event before which nothing is due.
    #[inline]
    fn dispatch(&mut self, event: &Event<'_>, symbol: Option<u32>) -> Result<(), Refused> {
        match event {
            Event::RegisterInstrument(instrument) => self.register(instrument),
            Event::Open(open) => self.open(open, symbol),
            Event::Close(close) => self.close(close),
            Event::Modify(modify) => self.modify(modify),
            Event::PlaceOrder(order) => self.place_order(order),
            Event::CancelOrder(cancel) => self.cancel_order(cancel),
            Event::Bar(bars) => self.bar(bars),
            Event::Quotes(quotes) => self.quotes(quotes),
            Event::Mark(marks) => self.mark(marks, symbol),
            Event::UpdateEquity(marks) => self.update_equity(marks, symbol),
            Event::Fee(fee) => self.fee(fee),
            Event::Deposit(cash) => self.deposit(cash),
            Event::Withdraw(cash) => self.withdraw(cash),
            Event::CloseBy(close) => self.close_by(close),
            Event::Convert(convert) => self.convert_cash(convert),
            Event::ChargeSwap(swap) => self.charge_swap(swap),
            Event::Rollover(rollover) => self.rollover(rollover),
            Event::Dividend(dividend) => self.dividend(dividend),
            Event::Split(split) => self.split(split),
        }
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

    /// The trades that the last event made, in order, when it was one that may make several: bars,
    /// quotes, two positions against each other, a fill in a netting account. That of a close is
    /// [`Self::last_trade`].
    #[must_use]
    pub fn trades_made(&self) -> &[TradeRow] {
        &self.made
    }

    /// The text of a view that came from this ledger.
    #[must_use]
    pub fn text(&self, view: TextView) -> String {
        self.texts.blocks().text(view)
    }

    /// Whether there may be a general book.
    pub(crate) const fn some_general(&self) -> bool {
        self.some_general
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

    /// What comes before the rules of an event by itself (T3, and the flows of Z8), for an
    /// interface whose next rule is its own to ask: whether the code of a currency is known (rules
    /// W8 and W9). Nothing changes.
    ///
    /// # Errors
    /// [`Refusal::TimeRunsBackwards`], [`Refusal::TimeOutOfRange`], and a flow out of range.
    pub fn check_moment(&mut self, time: i64) -> Result<(), Refusal> {
        let asked = self.check_writable().and_then(|()| self.check_time(time));
        let charged = asked.and_then(|()| {
            self.begin_scope()?;
            let charged = self.run_flows(time, None);
            self.rewind_scope();
            charged
        });
        charged.map_err(|refused| *refused)
    }

    /// Rule T3.
    #[inline]
    fn check_time(&self, time: i64) -> Result<(), Refused> {
        if time < self.account.last_time && self.account.has_time {
            return Err(Refusal::TimeRunsBackwards { time, last: self.account.last_time }.into());
        }
        Self::check_range(time)
    }

    /// Rule T1.
    #[inline]
    fn check_range(time: i64) -> Result<(), Refused> {
        if (TIME_MIN..=TIME_MAX).contains(&time) {
            return Ok(());
        }
        Err(Refusal::TimeOutOfRange { time }.into())
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
