//! What can happen to a portfolio: the one input of [`crate::ledger::Ledger::apply`].
//!
//! An event is plain data: numbers are fixed-point already, texts are borrowed. Whether it is
//! allowed is for the ledger to say.

pub use crate::account_events::{ChargeSwap, CloseBy, Convert, Dividend, Rollover, Split};
use crate::currency::Currency;
use crate::instrument::Instrument;
use crate::numbers::{Money, Price, Size};

/// The earliest time of an event: 0001-01-01 in microseconds.
pub const TIME_MIN: i64 = -62_135_596_800_000_000;
/// The latest: 9999-12-31T23:59:59.999999 in microseconds.
pub const TIME_MAX: i64 = 253_402_300_799_999_999;

/// Long or short.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Gains when the price rises; valued at the bid.
    Long,
    /// Gains when the price falls; valued at the ask.
    Short,
}

impl Side {
    /// Reads `long` / `buy` and `short` / `sell`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "long" | "buy" => Some(Self::Long),
            "short" | "sell" => Some(Self::Short),
            _ => None,
        }
    }

    /// The other side.
    #[inline]
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Long => Self::Short,
            Self::Short => Self::Long,
        }
    }

    /// What a gain of a long is on this side: the same, or as much of a loss.
    #[inline]
    #[must_use]
    pub const fn signed(self, gain: Money) -> Money {
        match self {
            Self::Long => gain,
            Self::Short => gain.negated(),
        }
    }

    /// `long` or `short`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Long => "long",
            Self::Short => "short",
        }
    }
}

/// An event.
#[derive(Debug, Clone, PartialEq)]
pub enum Event<'a> {
    /// Declares an instrument.
    RegisterInstrument(Instrument),
    /// Opens a position.
    Open(Open<'a>),
    /// Closes a position or a part of it.
    Close(Close<'a>),
    /// Changes protective levels.
    Modify(Modify<'a>),
    /// Rests an order.
    PlaceOrder(PlaceOrder<'a>),
    /// Takes a resting order back.
    CancelOrder(CancelOrder),
    /// Runs protection and orders over a bar of each symbol, and appends a row to the equity
    /// history.
    Bar(Bars<'a>),
    /// The same over quotes of one moment.
    Quotes(Marks<'a>),
    /// Sets marks.
    Mark(Marks<'a>),
    /// Sets marks and appends a row to the equity history.
    UpdateEquity(Marks<'a>),
    /// Charges a fee.
    Fee(Fee),
    /// Pays in.
    Deposit(Cash),
    /// Pays out.
    Withdraw(Cash),
    /// Closes two positions against each other.
    CloseBy(CloseBy),
    /// Exchanges cash of one currency for another.
    Convert(Convert),
    /// Charges a swap by hand.
    ChargeSwap(ChargeSwap<'a>),
    /// Charges the swap of one moment of the instrument's calendar.
    Rollover(Rollover<'a>),
    /// Pays a dividend to the longs, from the shorts.
    Dividend(Dividend<'a>),
    /// Splits the units of a symbol.
    Split(Split<'a>),
}

impl Event<'_> {
    /// Its time, if it has one; a mark without one happens at the last event's.
    #[must_use]
    pub fn time(&self, last: i64) -> Option<i64> {
        match self {
            Self::RegisterInstrument(_) => None,
            Self::Open(open) => Some(open.time),
            Self::Close(close) => Some(close.time),
            Self::Modify(modify) => Some(modify.time),
            Self::PlaceOrder(order) => Some(order.time),
            Self::CancelOrder(cancel) => Some(cancel.time),
            Self::Bar(bars) => Some(bars.time),
            Self::Mark(marks) | Self::UpdateEquity(marks) | Self::Quotes(marks) => {
                Some(marks.time.unwrap_or(last))
            }
            Self::Fee(fee) => Some(fee.time),
            Self::Deposit(cash) | Self::Withdraw(cash) => Some(cash.time),
            Self::CloseBy(close) => Some(close.time),
            Self::Convert(convert) => Some(convert.time),
            Self::ChargeSwap(swap) => Some(swap.time),
            Self::Rollover(rollover) => Some(rollover.time),
            Self::Dividend(dividend) => Some(dividend.time),
            Self::Split(split) => Some(split.time),
        }
    }
}

/// An open.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Open<'a> {
    /// Symbol; an unknown one gets the default instrument.
    pub symbol: &'a str,
    /// Long or short.
    pub side: Side,
    /// Units or lots, > 0.
    pub size: Size,
    /// The fill, > 0.
    pub price: Price,
    /// Microseconds since the epoch.
    pub time: i64,
    /// Stop loss, if any.
    pub stop_loss: Option<Price>,
    /// Take profit, if any.
    pub take_profit: Option<Price>,
    /// Fee of the fill, negative is a rebate; the instrument's commission if not given.
    pub fee: Option<Money>,
    /// A text of the caller's.
    pub tag: &'a str,
    /// An id chosen by the caller; otherwise the next number.
    pub position_id: Option<u64>,
    /// What else protects the position.
    pub protection: Protection<'a>,
}

/// What protects a position beside stop loss and take profit (rule Q1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Protection<'a> {
    /// The stop follows the market at this distance.
    pub trailing: Option<Price>,
    /// The stop moves to the entry once the market has moved.
    pub break_even: Option<BreakEven>,
    /// Parts that are closed on the way, nearest first.
    pub targets: &'a [Target],
    /// When the position is closed at the market.
    pub exit_time: Option<i64>,
}

impl Protection<'_> {
    /// Nothing beside stop loss and take profit.
    pub const NONE: Self = Self { trailing: None, break_even: None, targets: &[], exit_time: None };

    /// Whether there is nothing beside stop loss and take profit.
    #[inline]
    #[must_use]
    pub const fn is_none(&self) -> bool {
        self.trailing.is_none()
            && self.break_even.is_none()
            && self.targets.is_empty()
            && self.exit_time.is_none()
    }
}

/// When and where a stop moves to the entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BreakEven {
    /// How far the market has to be beyond the entry.
    pub trigger: Price,
    /// How far beyond the entry the stop goes.
    pub offset: Price,
}

/// A part of a position that is closed at a price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Target {
    /// Where.
    pub price: Price,
    /// How much.
    pub size: Size,
}

/// A close.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Close<'a> {
    /// Which position.
    pub position_id: u64,
    /// The fill, > 0.
    pub price: Price,
    /// Microseconds since the epoch.
    pub time: i64,
    /// How much; all if not given.
    pub size: Option<Size>,
    /// Fee of the fill, negative is a rebate; the instrument's commission if not given.
    pub fee: Option<Money>,
    /// A text of the caller's.
    pub reason: &'a str,
}

/// What a modify does with a part of a protection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Change<T> {
    /// Leaves it.
    #[default]
    Keep,
    /// Removes it.
    Remove,
    /// Sets it.
    Set(T),
}

impl<T> Change<T> {
    /// What is set, if anything.
    #[must_use]
    pub fn set(self) -> Option<T> {
        match self {
            Self::Set(value) => Some(value),
            Self::Keep | Self::Remove => None,
        }
    }

    /// What is there after the change.
    #[must_use]
    pub fn over(self, before: Option<T>) -> Option<T> {
        match self {
            Self::Keep => before,
            Self::Remove => None,
            Self::Set(value) => Some(value),
        }
    }
}

/// What a modify does with a level.
pub type Level = Change<Price>;

impl Modify<'_> {
    /// A modify that changes nothing yet.
    #[must_use]
    pub const fn new(position_id: u64, time: i64) -> Self {
        Self {
            position_id,
            time,
            stop_loss: Change::Keep,
            take_profit: Change::Keep,
            trailing: Change::Keep,
            break_even: Change::Keep,
            targets: Change::Keep,
            exit_time: Change::Keep,
        }
    }
}

/// A change of protective levels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Modify<'a> {
    /// Which position.
    pub position_id: u64,
    /// Microseconds since the epoch.
    pub time: i64,
    /// The stop loss.
    pub stop_loss: Level,
    /// The take profit.
    pub take_profit: Level,
    /// The trailing distance.
    pub trailing: Change<Price>,
    /// The break-even.
    pub break_even: Change<BreakEven>,
    /// The targets.
    pub targets: Change<&'a [Target]>,
    /// The exit time.
    pub exit_time: Change<i64>,
}

/// An order that rests until the market reaches it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PlaceOrder<'a> {
    /// Symbol; an unknown one gets the default instrument.
    pub symbol: &'a str,
    /// The side of its fill.
    pub side: Side,
    /// Units or lots, > 0.
    pub size: Size,
    /// Microseconds since the epoch.
    pub time: i64,
    /// At which price it is filled.
    pub kind: OrderKind,
    /// The last moment at which it may be filled.
    pub expiry: Option<i64>,
    /// Orders of one group cancel each other; "" is no group.
    pub oco: &'a str,
    /// Stop loss of the position, if any.
    pub stop_loss: Option<Price>,
    /// Take profit of the position, if any.
    pub take_profit: Option<Price>,
    /// What else protects the position.
    pub protection: Protection<'a>,
    /// A text of the caller's.
    pub tag: &'a str,
}

/// The kind of an order, with its price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderKind {
    /// Filled at the next open or quote.
    Market,
    /// Filled at this price or a better one.
    Limit(Price),
    /// Filled at this price or a worse one.
    Stop(Price),
}

/// A resting order to be taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CancelOrder {
    /// Which order.
    pub order_id: u64,
    /// Microseconds since the epoch.
    pub time: i64,
}

/// The way of a price within a bar (SPEC section 18).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Path {
    /// Whatever is worse came first.
    #[default]
    Pessimistic,
    /// Whatever is better came first.
    Optimistic,
    /// Open, high, low, close.
    Ohlc,
    /// Open, low, high, close.
    Olhc,
}

impl Path {
    /// The words for them.
    pub const WORDS: [(&'static str, Self); 4] = [
        ("pessimistic", Self::Pessimistic),
        ("optimistic", Self::Optimistic),
        ("ohlc", Self::Ohlc),
        ("olhc", Self::Olhc),
    ];

    /// Its byte in recorded events.
    #[must_use]
    pub const fn byte(self) -> u8 {
        match self {
            Self::Pessimistic => 0,
            Self::Optimistic => 1,
            Self::Ohlc => 2,
            Self::Olhc => 3,
        }
    }

    /// The path of a byte.
    #[must_use]
    pub const fn of_byte(byte: u8) -> Option<Self> {
        match byte {
            0 => Some(Self::Pessimistic),
            1 => Some(Self::Optimistic),
            2 => Some(Self::Ohlc),
            3 => Some(Self::Olhc),
            _ => None,
        }
    }
}

/// A bar of a symbol: bid prices, and the spread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bar<'a> {
    /// Symbol; an unknown one gets the default instrument.
    pub symbol: &'a str,
    /// First bid.
    pub open: Price,
    /// Highest bid.
    pub high: Price,
    /// Lowest bid.
    pub low: Price,
    /// Last bid.
    pub close: Price,
    /// Ask - bid.
    pub spread: Price,
}

/// What is asked for where this is bid: the sum of two that are in range together.
#[inline]
pub(crate) fn ask_of(bid: Price, spread: Price) -> Price {
    bid.checked_add(spread).unwrap_or(bid)
}

/// Bars of one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bars<'a> {
    /// Microseconds since the epoch.
    pub time: i64,
    /// The portfolio's if not given.
    pub path: Option<Path>,
    /// The bars, each symbol once.
    pub bars: &'a [Bar<'a>],
}

/// A quote of a symbol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quote<'a> {
    /// Symbol; an unknown one gets the default instrument.
    pub symbol: &'a str,
    /// Where longs are valued.
    pub bid: Price,
    /// Where shorts are valued; not below the bid.
    pub ask: Price,
}

/// Quotes of one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Marks<'a> {
    /// Microseconds since the epoch; the last event's if not given.
    pub time: Option<i64>,
    /// The quotes, each symbol once.
    pub quotes: &'a [Quote<'a>],
}

/// A fee that belongs to no fill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fee {
    /// How much; negative is a rebate, never 0.
    pub amount: Money,
    /// Microseconds since the epoch.
    pub time: i64,
    /// The position it is charged to, if any.
    pub position_id: Option<u64>,
}

impl Cash {
    /// An amount of the account's currency.
    #[must_use]
    pub const fn new(amount: Money, time: i64) -> Self {
        Self { amount, time, currency: None }
    }
}

/// A deposit or a withdrawal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cash {
    /// How much, > 0.
    pub amount: Money,
    /// Microseconds since the epoch.
    pub time: i64,
    /// Of which currency; the account's if not given.
    pub currency: Option<Currency>,
}

/// What an accepted event answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Receipt {
    /// The position opened, closed, modified or charged; 0 = none.
    pub position_id: u64,
    /// The order that was placed or cancelled; 0 = none.
    pub order_id: u64,
    /// The gross result of a close.
    pub realized: Money,
    /// The fee posted.
    pub fee: Money,
    /// The balance after the event.
    pub balance: Money,
}
