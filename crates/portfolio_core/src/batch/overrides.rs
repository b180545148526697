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
    pub fn apply<'a>(&self, row: OrderRow<'a>) -> OrderRow<'a> {
        match row.action {
            Action::Open => OrderRow {
                side: self.side.or(row.side),
                stop_loss: self.stop_loss.or(row.stop_loss).of_an_open(),
                take_profit: self.take_profit.or(row.take_profit).of_an_open(),
                trailing: self.trailing.or(row.trailing).trailing_of_an_open(),
                break_even: present(self.break_even, row.break_even),
                break_even_offset: present(self.break_even_offset, self.offset_of(&row)),
                ..self.sized(row)
            },
            Action::Target => self.sized(row),
            Action::Close | Action::Modify | Action::Cancel => row,
        }
    }

    /// The offset of a row, which goes with a break-even that is taken away.
    fn offset_of(&self, row: &OrderRow<'_>) -> Option<Price> {
        row.break_even_offset.filter(|_| self.break_even != Some(Price::ZERO))
    }

    fn sized<'a>(&self, row: OrderRow<'a>) -> OrderRow<'a> {
        OrderRow { size: self.size.or(row.size), rule: self.rule.unwrap_or(row.rule), ..row }
    }
}

/// In an open a break-even at 0, and an offset of 0, are none.
fn present(overriding: Option<Price>, given: Option<Price>) -> Option<Price> {
    overriding.or(given).filter(|price| !price.is_zero())
}
