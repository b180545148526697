//! The orders of all runs, as columns.

use std::ops::Range;

use crate::event::{Side, Target};
use crate::numbers::{Price, Size};

/// What a row asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// An order that opens.
    Open,
    /// The end of positions.
    Close,
    /// Other levels.
    Modify,
    /// The end of resting orders.
    Cancel,
    /// A position of this size.
    Target,
}

/// What a size means (rule R7).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SizeRule {
    /// Units or lots.
    #[default]
    Units,
    /// Account money.
    Value,
    /// A fraction of the equity.
    Equity,
    /// A fraction of the equity that the stop loss puts at risk.
    Risk,
}

/// The type of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OrderType {
    /// Filled at the next open, or at the close.
    #[default]
    Market,
    /// Filled at its price or a better one.
    Limit,
    /// Filled at its price or a worse one.
    Stop,
}

/// Where a level is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LevelGiven {
    /// Nowhere: none in an open, the same as before in a modify.
    #[default]
    Nothing,
    /// At a price; 0 removes it in a modify.
    Price(Price),
    /// So far from the anchor.
    Distance(Price),
    /// So large a share of the anchor away, at scale 9.
    Rate(i128),
    /// Two of these: the row is refused, naming this column.
    Twice(&'static str),
}

impl LevelGiven {
    /// In an open a stop loss or take profit at 0 is none.
    #[must_use]
    pub const fn of_an_open(self) -> Self {
        match self {
            Self::Price(price) if price.is_zero() => Self::Nothing,
            other => other,
        }
    }

    /// In an open a trailing distance of 0 is none.
    #[must_use]
    pub const fn trailing_of_an_open(self) -> Self {
        match self {
            Self::Distance(distance) if distance.is_zero() => Self::Nothing,
            other => other,
        }
    }

    /// This, unless it is nothing.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        match self {
            Self::Nothing => other,
            given => given,
        }
    }
}

/// One row, with the overrides of its run already applied.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OrderRow<'a> {
    /// Its row in the frame.
    pub row: u64,
    /// Microseconds since the epoch.
    pub time: i64,
    /// A place in the symbols of the bars.
    pub symbol: u32,
    /// What it asks for.
    pub action: Action,
    /// Long or short; none where both are meant.
    pub side: Option<Side>,
    /// Size, amount or fraction, by `rule`, of either sign.
    pub size: Option<Size>,
    /// What `size` means.
    pub rule: SizeRule,
    /// Market, limit or stop.
    pub kind: OrderType,
    /// Of a limit or stop.
    pub price: Option<Price>,
    /// Stop loss.
    pub stop_loss: LevelGiven,
    /// Take profit.
    pub take_profit: LevelGiven,
    /// Trailing: a distance (`Price` is not used), or a rate.
    pub trailing: LevelGiven,
    /// Trigger of the break-even; 0 removes it in a modify.
    pub break_even: Option<Price>,
    /// Its offset.
    pub break_even_offset: Option<Price>,
    /// Partial targets.
    pub targets: &'a [Target],
    /// Time exit.
    pub exit_time: Option<i64>,
    /// Last moment of a resting order.
    pub expiry: Option<i64>,
    /// Group of orders.
    pub oco: &'a str,
    /// Tag.
    pub tag: &'a str,
    /// Whether an open is left out when the symbol is held.
    pub if_flat: bool,
}

/// Which rows a run has: places in the order of (run, time, row).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunRows {
    /// `None` when the orders have no run_id: all rows are of every run.
    pub run_id: Option<u32>,
    /// Places.
    pub places: Range<usize>,
}
