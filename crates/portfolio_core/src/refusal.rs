//! Why an event was not accepted: one variant per rule, in the order in which they are checked.
//!
//! A refusal is a value, not a panic: the state is as it was. Each has a stable code and says which
//! argument, which value, which rule, and what to do.

use std::error::Error;
use std::fmt;

use crate::currency::Currency;
use crate::journal::JournalError;
use crate::numbers::{Money, Price, Size, format_fixed};
use crate::refusal_texts::moment;

/// Stable numbers of the kinds of refusal; the same in every interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Code {
    /// No open position has this id.
    PositionNotFound = 4001,
    /// Free margin is not enough.
    InsufficientMargin = 4002,
    /// A size that cannot be.
    InvalidPositionSize = 4003,
    /// An id that was used before.
    DuplicatePositionId = 4004,
    /// A price that cannot be.
    InvalidPrice = 4005,
    /// A time that cannot be.
    InvalidTime = 4006,
    /// A stop loss that cannot be.
    InvalidStopLoss = 4007,
    /// A take profit that cannot be.
    InvalidTakeProfit = 4008,
    /// An amount that cannot be.
    InvalidAmount = 4009,
    /// A result or input of more than 38 digits.
    NumberOutOfRange = 4010,
    /// Text or a float that is no number.
    InvalidNumber = 4011,
    /// A symbol that cannot be.
    InvalidSymbol = 4012,
    /// A tag or reason that cannot be.
    InvalidText = 4013,
    /// An id that is no id.
    InvalidPositionId = 4014,
    /// A bid above the ask.
    CrossedQuote = 4015,
    /// A withdrawal above free margin.
    InsufficientFunds = 4016,
    /// An instrument that cannot be.
    InvalidInstrument = 4017,
    /// A symbol registered before, otherwise.
    InstrumentExists = 4018,
    /// Not long, short, buy or sell.
    InvalidSide = 4019,
    /// A configuration that cannot be.
    InvalidConfiguration = 4020,
    /// More positions or symbols than can be numbered.
    TooManyPositions = 4021,
    /// A currency that is not known.
    InvalidCurrency = 4022,
    /// A currency without a rate to the account's.
    MissingRate = 4025,
    /// Protection that cannot be.
    InvalidProtection = 4026,
    /// No resting order has this id.
    OrderNotFound = 4027,
    /// A rollover that is none, or was charged already.
    OffSessionRollover = 4028,
    /// A bar whose prices contradict each other.
    InvalidBar = 4029,
    /// A combination of arguments that no rule takes.
    InvalidArgument = 4024,
    /// A foreign table that cannot be taken.
    InvalidFrame = 4030,
    /// A journal that cannot be written.
    DurabilityError = 4050,
    /// A journal that somebody else writes.
    JournalLocked = 4051,
    /// A journal that is damaged.
    JournalCorrupt = 4052,
    /// A journal of a later version.
    JournalVersion = 4053,
    /// A file where a new journal should be.
    JournalExists = 4054,
    /// No journal.
    JournalNotFound = 4055,
    /// An event for a portfolio that was closed.
    PortfolioClosed = 4056,
    /// Bytes that are no portfolio.
    InvalidImage = 4057,
    /// The allocator refused.
    OutOfMemory = 4090,
}

impl Code {
    /// The number.
    #[must_use]
    #[expect(clippy::as_conversions, reason = "the discriminant of a field-less enum")]
    pub const fn number(self) -> u32 {
        self as u32
    }
}

/// An event that was not accepted.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "the fields are the numbers that the variant's sentence is about")]
pub enum Refusal {
    /// An initial balance below zero.
    InitialBalanceNegative { amount: Money },
    /// The account's leverage is zero or negative.
    LeverageMustBePositive { leverage: i128 },
    /// The id 0.
    PositionIdZero,
    /// A tag or reason is too long or holds a NUL.
    TextNotAllowed { argument: &'static str, text: String, rule: &'static str },
    /// A modify changes nothing.
    NothingToModify,
    /// An event is earlier than the one before it.
    TimeRunsBackwards { time: i64, last: i64 },
    /// A time outside the years 1 to 9999.
    TimeOutOfRange { time: i64 },
    /// A bar is not later than the last one of its symbol.
    BarNotLater { time: i64, last: i64 },
    /// No open position has this id.
    PositionNotFound { position_id: u64 },
    /// A symbol is empty, too long or has characters that it must not have.
    SymbolNotAllowed { symbol: String, rule: &'static str },
    /// A quote's symbol comes twice in one call.
    SymbolTwice { symbol: String },
    /// An instrument has more than 9 decimals.
    DecimalsTooMany { argument: &'static str, value: u32 },
    /// An instrument's leverage is zero or negative.
    InstrumentLeverageMustBePositive { leverage: i128 },
    /// An instrument's digits do not fit money.
    DigitsDoNotFitMoney { price_decimals: u32, size_decimals: u32, contract_decimals: u32 },
    /// A symbol was registered with another definition.
    InstrumentRegisteredOtherwise { symbol: String },
    /// A size is zero or negative.
    SizeMustBePositive { size: Size },
    /// A size has more digits than its instrument.
    SizeOffGrid { size: Size, decimals: u32 },
    /// A close asks for more than is held.
    SizeAboveHeld { size: Size, held: Size },
    /// A price is zero or negative.
    PriceMustBePositive { argument: &'static str, price: Price },
    /// A price has more digits than its instrument.
    PriceOffGrid { argument: &'static str, price: Price, decimals: u32 },
    /// A spread is negative.
    PriceNegative { argument: &'static str, price: Price },
    /// A limit is on the worse side of the market, or a stop on the better one.
    OrderBeyondMarket { price: Price, market: Price, below: bool },
    /// A quote's bid is above its ask.
    QuoteCrossed { argument: &'static str, symbol: String, bid: Price, ask: Price },
    /// A level is zero or negative.
    LevelMustBePositive { level: LevelKind, price: Price },
    /// A level has more digits than its instrument.
    LevelOffGrid { level: LevelKind, price: Price, decimals: u32 },
    /// A level is at or beyond the market.
    LevelOnWrongSide { level: LevelKind, price: Price, market: Price, below: bool },
    /// An id that was used before.
    PositionIdUsed { position_id: u64 },
    /// An amount that must be above zero is not.
    AmountMustBePositive { argument: &'static str, amount: Money },
    /// A fee of zero.
    FeeIsZero,
    /// A withdrawal above free margin.
    FundsNotFree { amount: Money, free: Money },
    /// A result has more than 38 digits.
    ResultOutOfRange { argument: &'static str, value: String },
    /// An open needs more margin than is free.
    MarginNotFree { needed: Money, free: Money },
    /// More positions or symbols than can be numbered.
    TooMany { what: &'static str },
    /// A setting of the account that cannot be.
    SettingNotAllowed { argument: &'static str, value: String, rule: &'static str },
    /// A term of an instrument that cannot be.
    TermNotAllowed { argument: &'static str, value: String, rule: &'static str },
    /// A price is no multiple of the tick.
    PriceOffTick { argument: &'static str, price: Price, tick: Price },
    /// A level is no multiple of the tick.
    LevelOffTick { level: LevelKind, price: Price, tick: Price },
    /// A size is no multiple of the lot step.
    SizeOffStep { size: Size, step: Size },
    /// A size is below the least or above the greatest one.
    SizeOutside { size: Size, limit: Size, above: bool },
    /// No open position has the other id.
    OtherNotFound { other_id: u64 },
    /// A symbol that was never registered.
    SymbolUnknown { symbol: String },
    /// A combination of arguments, or a value, that no rule takes.
    ArgumentNotAllowed { argument: &'static str, value: String, rule: &'static str },
    /// A currency has no rate to the account's.
    RateMissing { argument: &'static str, currency: Currency, account: Currency },
    /// A rate of exchange is zero or negative.
    RateMustBePositive { rate: Money },
    /// More cash of a currency than is held.
    CashNotHeld { amount: Money, held: Money, currency: Currency },
    /// A time of an argument is before the event.
    TimeBeforeEvent { argument: &'static str, time: i64, event: i64 },
    /// A rollover that is none, or was charged already.
    RolloverOffSession { time: i64 },
    /// Protection that cannot be.
    ProtectionNotAllowed { argument: &'static str, value: String, rule: &'static str },
    /// No resting order has this id.
    OrderNotFound { order_id: u64 },
    /// A bar whose prices contradict each other.
    BarNotAllowed { argument: &'static str, price: Price, rule: &'static str },
    /// The journal does not take the event, or the portfolio takes none any more.
    Journal(Box<JournalError>),
    /// The allocator refused.
    OutOfMemory { bytes: usize },
}

/// Which protective level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LevelKind {
    /// Stop loss.
    StopLoss,
    /// Take profit.
    TakeProfit,
}

impl LevelKind {
    const fn name(self) -> &'static str {
        match self {
            Self::StopLoss => "stop_loss",
            Self::TakeProfit => "take_profit",
        }
    }

    const fn code(self) -> Code {
        match self {
            Self::StopLoss => Code::InvalidStopLoss,
            Self::TakeProfit => Code::InvalidTakeProfit,
        }
    }
}

impl Refusal {
    /// The kind of refusal.
    #[must_use]
    #[expect(clippy::match_same_arms, reason = "grouped by the rules they belong to")]
    pub const fn code(&self) -> Code {
        match self {
            Self::TimeRunsBackwards { .. }
            | Self::TimeOutOfRange { .. }
            | Self::BarNotLater { .. } => Code::InvalidTime,
            Self::PositionNotFound { .. } | Self::OtherNotFound { .. } => Code::PositionNotFound,
            Self::SymbolNotAllowed { .. } => Code::InvalidSymbol,
            Self::TextNotAllowed { .. } => Code::InvalidText,
            Self::SizeMustBePositive { .. }
            | Self::SizeOffGrid { .. }
            | Self::SizeAboveHeld { .. } => Code::InvalidPositionSize,
            Self::PriceMustBePositive { .. }
            | Self::PriceOffGrid { .. }
            | Self::PriceNegative { .. }
            | Self::OrderBeyondMarket { .. } => Code::InvalidPrice,
            Self::QuoteCrossed { .. } => Code::CrossedQuote,
            Self::SymbolTwice { .. } | Self::NothingToModify => Code::InvalidArgument,
            Self::LevelMustBePositive { level, .. }
            | Self::LevelOffGrid { level, .. }
            | Self::LevelOnWrongSide { level, .. } => level.code(),
            Self::PositionIdZero => Code::InvalidPositionId,
            Self::PositionIdUsed { .. } => Code::DuplicatePositionId,
            Self::AmountMustBePositive { .. }
            | Self::FeeIsZero
            | Self::InitialBalanceNegative { .. } => Code::InvalidAmount,
            Self::FundsNotFree { .. } => Code::InsufficientFunds,
            Self::MarginNotFree { .. } => Code::InsufficientMargin,
            Self::ResultOutOfRange { .. } => Code::NumberOutOfRange,
            Self::DecimalsTooMany { .. }
            | Self::DigitsDoNotFitMoney { .. }
            | Self::InstrumentLeverageMustBePositive { .. } => Code::InvalidInstrument,
            Self::InstrumentRegisteredOtherwise { .. } => Code::InstrumentExists,
            Self::LeverageMustBePositive { .. } => Code::InvalidConfiguration,
            Self::TooMany { .. } => Code::TooManyPositions,
            Self::SettingNotAllowed { .. } => Code::InvalidConfiguration,
            Self::TermNotAllowed { .. } => Code::InvalidInstrument,
            Self::PriceOffTick { .. } | Self::RateMustBePositive { .. } => Code::InvalidPrice,
            Self::LevelOffTick { level, .. } => level.code(),
            Self::SizeOffStep { .. } | Self::SizeOutside { .. } => Code::InvalidPositionSize,
            Self::SymbolUnknown { .. } => Code::InvalidSymbol,
            Self::ArgumentNotAllowed { .. } => Code::InvalidArgument,
            Self::RateMissing { .. } => Code::MissingRate,
            Self::CashNotHeld { .. } => Code::InsufficientFunds,
            Self::TimeBeforeEvent { .. } => Code::InvalidTime,
            Self::RolloverOffSession { .. } => Code::OffSessionRollover,
            Self::ProtectionNotAllowed { .. } => Code::InvalidProtection,
            Self::OrderNotFound { .. } => Code::OrderNotFound,
            Self::BarNotAllowed { .. } => Code::InvalidBar,
            Self::Journal(error) => error.fault.code(),
            Self::OutOfMemory { .. } => Code::OutOfMemory,
        }
    }

    /// The argument that is at fault.
    #[must_use]
    #[expect(clippy::match_same_arms, reason = "grouped by the rules they belong to")]
    pub const fn argument(&self) -> &'static str {
        match self {
            Self::TimeRunsBackwards { .. }
            | Self::TimeOutOfRange { .. }
            | Self::BarNotLater { .. } => "time",
            Self::OrderBeyondMarket { .. } => "price",
            Self::PositionNotFound { .. } | Self::PositionIdZero | Self::PositionIdUsed { .. } => {
                "position_id"
            }
            Self::SymbolNotAllowed { .. }
            | Self::SymbolTwice { .. }
            | Self::InstrumentRegisteredOtherwise { .. } => "symbol",
            Self::SizeMustBePositive { .. }
            | Self::SizeOffGrid { .. }
            | Self::SizeAboveHeld { .. }
            | Self::MarginNotFree { .. } => "size",
            Self::TextNotAllowed { argument, .. }
            | Self::PriceNegative { argument, .. }
            | Self::QuoteCrossed { argument, .. }
            | Self::PriceMustBePositive { argument, .. }
            | Self::PriceOffGrid { argument, .. }
            | Self::AmountMustBePositive { argument, .. }
            | Self::ResultOutOfRange { argument, .. }
            | Self::DecimalsTooMany { argument, .. } => argument,
            Self::LevelMustBePositive { level, .. }
            | Self::LevelOffGrid { level, .. }
            | Self::LevelOnWrongSide { level, .. } => level.name(),
            Self::NothingToModify => "stop_loss",
            Self::FeeIsZero | Self::FundsNotFree { .. } => "amount",
            Self::DigitsDoNotFitMoney { .. } => "contract_size",
            Self::InstrumentLeverageMustBePositive { .. } | Self::LeverageMustBePositive { .. } => {
                "leverage"
            }
            Self::InitialBalanceNegative { .. } => "initial_balance",
            Self::TooMany { what } => what,
            Self::SettingNotAllowed { argument, .. }
            | Self::TermNotAllowed { argument, .. }
            | Self::PriceOffTick { argument, .. }
            | Self::ArgumentNotAllowed { argument, .. }
            | Self::RateMissing { argument, .. }
            | Self::TimeBeforeEvent { argument, .. }
            | Self::ProtectionNotAllowed { argument, .. }
            | Self::BarNotAllowed { argument, .. } => argument,
            Self::LevelOffTick { level, .. } => level.name(),
            Self::SizeOffStep { .. } | Self::SizeOutside { .. } => "size",
            Self::OtherNotFound { .. } => "other_id",
            Self::SymbolUnknown { .. } => "symbol",
            Self::RateMustBePositive { .. } => "rate",
            Self::CashNotHeld { .. } => "amount",
            Self::RolloverOffSession { .. } => "time",
            Self::OrderNotFound { .. } => "order_id",
            Self::Journal(error) => error.argument(),
            Self::OutOfMemory { .. } => "memory",
        }
    }

    /// The value that is at fault, as text.
    #[must_use]
    #[expect(clippy::match_same_arms, reason = "grouped by the rules they belong to")]
    pub fn value(&self) -> String {
        match self {
            Self::TimeRunsBackwards { time, .. }
            | Self::TimeOutOfRange { time }
            | Self::BarNotLater { time, .. }
            | Self::TimeBeforeEvent { time, .. }
            | Self::RolloverOffSession { time } => moment(*time),
            Self::PositionNotFound { position_id } | Self::PositionIdUsed { position_id } => {
                position_id.to_string()
            }
            Self::SymbolNotAllowed { symbol, .. }
            | Self::SymbolTwice { symbol }
            | Self::InstrumentRegisteredOtherwise { symbol } => format!("{symbol:?}"),
            Self::TextNotAllowed { text, .. } => format!("{text:?}"),
            Self::SizeMustBePositive { size }
            | Self::SizeOffGrid { size, .. }
            | Self::SizeAboveHeld { size, .. } => size.to_string(),
            Self::PriceMustBePositive { price, .. }
            | Self::PriceNegative { price, .. }
            | Self::OrderBeyondMarket { price, .. }
            | Self::PriceOffGrid { price, .. }
            | Self::LevelMustBePositive { price, .. }
            | Self::LevelOffGrid { price, .. }
            | Self::LevelOnWrongSide { price, .. } => price.to_string(),
            Self::QuoteCrossed { symbol, bid, ask, .. } => format!("{symbol}: ({bid}, {ask})"),
            Self::NothingToModify => "UNSET".to_owned(),
            Self::PositionIdZero | Self::FeeIsZero => "0".to_owned(),
            Self::AmountMustBePositive { amount, .. }
            | Self::FundsNotFree { amount, .. }
            | Self::InitialBalanceNegative { amount } => amount.to_string(),
            Self::MarginNotFree { needed, .. } => format!("margin {needed}"),
            Self::ResultOutOfRange { value, .. } => value.clone(),
            Self::DecimalsTooMany { value, .. } => value.to_string(),
            Self::DigitsDoNotFitMoney { price_decimals, size_decimals, contract_decimals } => {
                format!("{price_decimals} + {size_decimals} + {contract_decimals} decimals")
            }
            Self::InstrumentLeverageMustBePositive { leverage }
            | Self::LeverageMustBePositive { leverage } => format_fixed(*leverage, 9, 0),
            Self::TooMany { .. } => "4294967295".to_owned(),
            Self::SettingNotAllowed { value, .. }
            | Self::TermNotAllowed { value, .. }
            | Self::ArgumentNotAllowed { value, .. }
            | Self::ProtectionNotAllowed { value, .. } => value.clone(),
            Self::PriceOffTick { price, .. }
            | Self::LevelOffTick { price, .. }
            | Self::BarNotAllowed { price, .. } => price.to_string(),
            Self::SizeOffStep { size, .. } | Self::SizeOutside { size, .. } => size.to_string(),
            Self::SymbolUnknown { symbol } => format!("{symbol:?}"),
            Self::RateMissing { currency, account, .. } => {
                format!("{}/{}", currency.code(), account.code())
            }
            Self::RateMustBePositive { rate } => rate.to_string(),
            Self::CashNotHeld { amount, .. } => amount.to_string(),
            Self::OrderNotFound { order_id } => order_id.to_string(),
            Self::OtherNotFound { other_id } => other_id.to_string(),
            Self::Journal(error) => error.path.clone(),
            Self::OutOfMemory { bytes } => format!("{bytes} bytes"),
        }
    }
}

/// A refusal on its way out. Refusals are rare and large; what is passed on from step to step is a
/// pointer, so that the way of an accepted event carries no room for them.
pub type Refused = Box<Refusal>;

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (code, argument, value) = (self.code().number(), self.argument(), self.value());
        write!(formatter, "[{code}] {argument}={value}: {}; {}", self.rule(), self.remedy())
    }
}

impl Error for Refusal {}
