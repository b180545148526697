//! What happens to an account beyond single fills: pairs, exchanges, swaps, corporate actions. A
//! part of [`crate::event`].

use crate::currency::Currency;
use crate::numbers::{Money, Price, Size};
use crate::terms::SwapKind;

/// Two positions of one symbol and of opposite sides, closed against each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CloseBy {
    /// The one that carries the fee.
    pub position_id: u64,
    /// The one whose entry price is the price of both closes.
    pub other_id: u64,
    /// Microseconds since the epoch.
    pub time: i64,
    /// How much; the smaller of both if not given.
    pub size: Option<Size>,
    /// Fee, negative is a rebate; the instrument's commission if not given.
    pub fee: Option<Money>,
}

/// An exchange of cash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Convert {
    /// How much of `from` is given up, > 0.
    pub amount: Money,
    /// What is given up.
    pub from: Currency,
    /// What is received.
    pub to: Currency,
    /// Microseconds since the epoch.
    pub time: i64,
    /// `to` per 1 of `from` at scale 18; that of the marks if not given.
    pub rate: Option<Money>,
}

/// A swap that is charged by hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChargeSwap<'a> {
    /// Symbol.
    pub symbol: &'a str,
    /// Microseconds since the epoch.
    pub time: i64,
    /// What the values are of.
    pub kind: SwapKind,
    /// What a long gets, at scale 9.
    pub long: i128,
    /// What a short gets, at scale 9.
    pub short: i128,
    /// How many days it counts for.
    pub multiplier: u32,
}

/// A rollover of the instrument's calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rollover<'a> {
    /// Symbol.
    pub symbol: &'a str,
    /// Its moment, in microseconds since the epoch.
    pub time: i64,
}

/// A dividend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dividend<'a> {
    /// Symbol.
    pub symbol: &'a str,
    /// Per unit, > 0, native, no grid.
    pub amount: Price,
    /// The ex date, in microseconds since the epoch.
    pub time: i64,
    /// When it is paid; at once if not given.
    pub pay_time: Option<i64>,
}

/// A split: so many new units for so many old ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Split<'a> {
    /// Symbol.
    pub symbol: &'a str,
    /// New units, 1 to 10^6.
    pub numerator: u32,
    /// Old units, 1 to 10^6.
    pub denominator: u32,
    /// Microseconds since the epoch.
    pub time: i64,
}
