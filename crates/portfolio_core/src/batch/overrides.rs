//! What a run overrides (rule R3).

use super::orders::{Action, LevelGiven, OrderRow, SizeRule};
use crate::event::{Path, Side};
use crate::ledger::Mode;
use crate::numbers::{Money, Price, Size};
use crate::terms::{Commission, Slippage};

/// When a row is carried out (rule R5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Fill {
    /// At its own time: what it places is filled at the next open.
    #[default]
    NextOpen,
    /// Right after the first bar at or behind its time, and filled at its close.
    Close,
}

/// What a run overrides; whatever is not there stays as it is.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Overrides {
    /// Size of opens and targets.
    pub size: Option<Size>,
    /// What it means.
    pub rule: Option<SizeRule>,
    /// Side of opens.
    pub side: Option<Side>,
    /// Stop loss of opens; a price of 0 takes it away.
    pub stop_loss: LevelGiven,
    /// Take profit of opens; a price of 0 takes it away.
    pub take_profit: LevelGiven,
    /// Trailing of opens; a distance of 0 takes it away.
    pub trailing: LevelGiven,
    /// Trigger of the break-even of opens; 0 takes it away.
    pub break_even: Option<Price>,
    /// Its offset.
    pub break_even_offset: Option<Price>,
    /// The balance before the first event, not negative.
    pub initial_balance: Option<Money>,
    /// The account's leverage at scale 9, > 0.
    pub leverage: Option<i128>,
    /// How fills of one symbol become positions.
    pub mode: Option<Mode>,
    /// The way of a price within a bar.
    pub path: Option<Path>,
    /// When rows are carried out.
    pub fill: Option<Fill>,
    /// The margin level of a margin call, in percent at scale 9, > 0.
    pub margin_call: Option<i128>,
    /// The margin level at which positions are closed, in percent at scale 9, > 0.
    pub stop_out: Option<i128>,
    /// Of every instrument, instead of its own.
    pub commission: Option<Commission>,
    /// Of every instrument, instead of its own.
    pub slippage: Option<Slippage>,
}

impl Overrides {
    /// A row as the run has it.
    #[must_use]
    pub fn apply<'a>(&self, mut row: OrderRow<'a>) -> OrderRow<'a> {
        if matches!(row.action, Action::Open | Action::Target) {
            row.size = self.size.or(row.size);
            row.rule = self.rule.unwrap_or(row.rule);
        }
        if row.action == Action::Open {
            row.side = self.side.or(row.side);
            row.stop_loss = self.stop_loss.or(row.stop_loss).of_an_open();
            row.take_profit = self.take_profit.or(row.take_profit).of_an_open();
            row.trailing = self.trailing.or(row.trailing).trailing_of_an_open();
            if self.break_even.is_some_and(Price::is_zero) {
                // What takes the trigger away takes the row's offset with it.
                row.break_even_offset = None;
            }
            row.break_even = present(self.break_even, row.break_even);
            row.break_even_offset = present(self.break_even_offset, row.break_even_offset);
        }
        row
    }
}

/// In an open a break-even at 0, and an offset of 0, are none.
fn present(overriding: Option<Price>, given: Option<Price>) -> Option<Price> {
    overriding.or(given).filter(|price| !price.is_zero())
}
