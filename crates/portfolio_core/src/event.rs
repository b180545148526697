//! What can happen to a portfolio: the one input of [`crate::ledger::Ledger::apply`].
//!
//! An event is plain data: numbers are fixed-point already, texts are borrowed. Whether it is
//! allowed is for the ledger to say.

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
    Modify(Modify),
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
    /// Fee of the fill; negative is a rebate.
    pub fee: Money,
    /// A text of the caller's.
    pub tag: &'a str,
    /// An id chosen by the caller; otherwise the next number.
    pub position_id: Option<u64>,
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
    /// Fee of the fill; negative is a rebate.
    pub fee: Money,
    /// A text of the caller's.
    pub reason: &'a str,
}

/// What a modify does with a level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Level {
    /// Leaves it.
    #[default]
    Keep,
    /// Removes it.
    Remove,
    /// Sets it.
    Set(Price),
}

/// A change of protective levels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Modify {
    /// Which position.
    pub position_id: u64,
    /// Microseconds since the epoch.
    pub time: i64,
    /// The stop loss.
    pub stop_loss: Level,
    /// The take profit.
    pub take_profit: Level,
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

/// A deposit or a withdrawal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cash {
    /// How much, > 0.
    pub amount: Money,
    /// Microseconds since the epoch.
    pub time: i64,
}

/// What an accepted event answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Receipt {
    /// The position opened, closed, modified or charged; 0 = none.
    pub position_id: u64,
    /// The gross result of a close.
    pub realized: Money,
    /// The fee posted.
    pub fee: Money,
    /// The balance after the event.
    pub balance: Money,
}
