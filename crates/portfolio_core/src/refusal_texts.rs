//! What a refusal says: the rule that it breaks, and what to do about it.

use std::borrow::Cow;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::refusal::Refusal;

/// The longest text of a value in a message, in characters.
const VALUE_MAX: usize = 80;

/// A value as a message shows it: what is too long ends in an ellipsis.
pub(crate) fn shortened(text: String) -> String {
    if text.chars().count() <= VALUE_MAX {
        return text;
    }
    text.chars().take(VALUE_MAX.saturating_sub(1)).chain(['…']).collect()
}

/// A time as a message shows it: as a date where it is in the years 1 to 9999.
pub(crate) fn moment(time: i64) -> String {
    let Ok(at) = Timestamp::from_microsecond(time) else { return time.to_string() };
    let parts = if at.subsec_microsecond() == 0 { "%FT%T" } else { "%FT%T%.6f" };
    if TimeZone::UTC.to_datetime(at).year() < 1 {
        return time.to_string();
    }
    format!("{}+00:00", at.strftime(parts))
}

impl Refusal {
    /// The rule that it breaks.
    #[must_use]
    #[expect(
        clippy::match_same_arms,
        clippy::too_many_lines,
        reason = "one sentence a rule, grouped by the rules"
    )]
    pub fn rule(&self) -> Cow<'static, str> {
        match self {
            Self::TimeRunsBackwards { last, .. } => {
                format!("is before the last event's {}", moment(*last)).into()
            }
            Self::TimeOutOfRange { .. } => "is outside the years 1 to 9999".into(),
            Self::BarNotLater { last, .. } => {
                format!("is not after the symbol's last bar at {}", moment(*last)).into()
            }
            Self::PriceNegative { .. } => "must not be negative".into(),
            Self::OrderBeyondMarket { market, below, .. } => {
                let side = if *below { "above" } else { "below" };
                format!("is {side} the market's {market}").into()
            }
            Self::PositionNotFound { .. } | Self::OtherNotFound { .. } => {
                "no open position has this id".into()
            }
            Self::SymbolNotAllowed { rule, .. } | Self::TextNotAllowed { rule, .. } => {
                (*rule).into()
            }
            Self::SizeMustBePositive { .. }
            | Self::PriceMustBePositive { .. }
            | Self::LevelMustBePositive { .. }
            | Self::AmountMustBePositive { .. }
            | Self::InstrumentLeverageMustBePositive { .. }
            | Self::LeverageMustBePositive { .. } => "must be greater than 0".into(),
            Self::SizeOffGrid { decimals, .. }
            | Self::PriceOffGrid { decimals, .. }
            | Self::LevelOffGrid { decimals, .. } => {
                format!("the instrument has {decimals} decimals").into()
            }
            Self::SizeAboveHeld { held, .. } => format!("the position holds {held}").into(),
            Self::QuoteCrossed { .. } => "the bid is above the ask".into(),
            Self::SymbolTwice { .. } => "comes twice in one call".into(),
            Self::LevelOnWrongSide { market, below, .. } => {
                let side = if *below { "below" } else { "above" };
                format!("must be {side} the market's {market}").into()
            }
            Self::NothingToModify => "neither stop_loss nor take_profit is given".into(),
            Self::PositionIdZero => "an id is a whole number from 1 to 2^64 - 1".into(),
            Self::PositionIdUsed { .. } => "was used in this portfolio before".into(),
            Self::FeeIsZero => "a fee of 0 is no event".into(),
            Self::FundsNotFree { free, .. } => format!("is above the free margin of {free}").into(),
            Self::MarginNotFree { free, .. } => {
                format!("is above the free margin of {free} after the fee").into()
            }
            Self::ResultOutOfRange { .. } => "the result has more than 38 digits".into(),
            Self::DecimalsTooMany { .. } => "must be from 0 to 9".into(),
            Self::DigitsDoNotFitMoney { .. } => {
                "price, size and contract size have more than 18 decimals together".into()
            }
            Self::InstrumentRegisteredOtherwise { .. } => {
                "is registered with another definition".into()
            }
            Self::InitialBalanceNegative { .. } => "must not be negative".into(),
            Self::TooMany { .. } => "at most 4294967294 can be numbered".into(),
            Self::SettingNotAllowed { rule, .. }
            | Self::TermNotAllowed { rule, .. }
            | Self::ArgumentNotAllowed { rule, .. }
            | Self::ProtectionNotAllowed { rule, .. }
            | Self::BarNotAllowed { rule, .. } => (*rule).into(),
            Self::PriceOffTick { tick, .. } | Self::LevelOffTick { tick, .. } => {
                format!("must be a multiple of the tick {tick}").into()
            }
            Self::SizeOffStep { step, .. } => {
                format!("must be a multiple of the lot step {step}").into()
            }
            Self::SizeOutside { limit, above, .. } => {
                let (side, what) = if *above { ("above", "greatest") } else { ("below", "least") };
                format!("is {side} the {what} size {limit}").into()
            }
            Self::SymbolUnknown { .. } => "was never registered or used".into(),
            Self::RateMissing { .. } => "no marked pair leads to the account's currency".into(),
            Self::RateMustBePositive { .. } => "must be greater than 0".into(),
            Self::CashNotHeld { held, currency, .. } => {
                format!("is above the cash of {held} {}", currency.code()).into()
            }
            Self::TimeBeforeEvent { event, .. } => {
                format!("is before the event's {}", moment(*event)).into()
            }
            Self::RolloverOffSession { .. } => {
                "is no rollover of the instrument that is still to be charged".into()
            }
            Self::OrderNotFound { .. } => "no resting order has this id".into(),
            Self::Journal(error) => error.rule.clone().into(),
            Self::OutOfMemory { .. } => "the allocator refused".into(),
        }
    }

    /// What to do about it.
    #[must_use]
    pub const fn remedy(&self) -> &'static str {
        match self {
            Self::TimeRunsBackwards { .. } => "send events in the order of their times",
            Self::TimeOutOfRange { .. } => "pass microseconds since 1970-01-01 UTC",
            Self::PositionNotFound { .. } | Self::OtherNotFound { .. } => {
                "look at positions for the open ids"
            }
            Self::SymbolNotAllowed { .. } => "pass the symbol as your data source spells it",
            Self::TextNotAllowed { .. } => "pass a shorter plain text",
            Self::SizeMustBePositive { .. } => {
                "pass a positive size and choose the direction with side"
            }
            Self::SizeOffGrid { .. } => "round the size or register the instrument with more",
            Self::SizeAboveHeld { .. } => "pass at most what is held, or no size to close all",
            Self::PriceMustBePositive { .. } => "pass the price of the fill or quote",
            Self::PriceOffGrid { .. } | Self::LevelOffGrid { .. } => {
                "round the price or register the instrument with more"
            }
            Self::QuoteCrossed { .. } => "pass (bid, ask) in this order",
            Self::BarNotLater { .. } => "pass one bar per symbol and time, in the order of times",
            Self::PriceNegative { .. } => "pass ask - bid",
            Self::OrderBeyondMarket { .. } => "choose the other one of limit and stop",
            Self::SymbolTwice { .. } => "pass one quote per symbol",
            Self::LevelMustBePositive { .. } => "pass a price, or None for no level",
            Self::LevelOnWrongSide { .. } => "check the side, or close the position instead",
            Self::NothingToModify => "give at least one level, or None to remove it",
            Self::PositionIdZero => "leave position_id out to get the next number",
            Self::PositionIdUsed { .. } => "choose another id or leave it out",
            Self::AmountMustBePositive { .. } => "choose deposit or withdraw for the direction",
            Self::FeeIsZero => "leave the call out",
            Self::FundsNotFree { .. } => "withdraw less or close positions first",
            Self::MarginNotFree { .. } => "open less, deposit, or raise the leverage",
            Self::ResultOutOfRange { .. } => "use smaller numbers",
            Self::DecimalsTooMany { .. } => "pass the digits of the instrument's grid",
            Self::DigitsDoNotFitMoney { .. } => "give the instrument fewer decimals",
            Self::InstrumentLeverageMustBePositive { .. } | Self::LeverageMustBePositive { .. } => {
                "pass 1 for an account without leverage"
            }
            Self::InstrumentRegisteredOtherwise { .. } => {
                "register an instrument before its first use, and once"
            }
            Self::InitialBalanceNegative { .. } => "pass 0 or more",
            Self::TooMany { .. } => "split the work over several portfolios",
            Self::SettingNotAllowed { .. } => "choose another value or leave it out",
            Self::TermNotAllowed { .. } => "look up the terms of the instrument",
            Self::PriceOffTick { .. } | Self::LevelOffTick { .. } => {
                "round the price, or set off_grid='round'"
            }
            Self::SizeOffStep { .. } => "round the size, or set off_grid='round'",
            Self::SizeOutside { .. } => "pass a size that the instrument takes",
            Self::SymbolUnknown { .. } => "register the instrument first",
            Self::ArgumentNotAllowed { .. } => "look up what the call takes",
            Self::RateMissing { .. } => {
                "register the pair with its base currency and mark it first"
            }
            Self::RateMustBePositive { .. } => "pass what one unit buys, or leave it out",
            Self::CashNotHeld { .. } => "look at the cash that is held",
            Self::TimeBeforeEvent { .. } => "pass a time at or after the event's",
            Self::RolloverOffSession { .. } => "look at the rollover times of the instrument",
            Self::ProtectionNotAllowed { .. } => "look up what protects a position",
            Self::OrderNotFound { .. } => "look at the resting orders for their ids",
            Self::BarNotAllowed { .. } => "look at the data, or repair the bar",
            Self::Journal(error) => error.remedy,
            Self::OutOfMemory { .. } => "free memory or split the work",
        }
    }
}
