//! The trades of a plain run, column by column in raw units.

/// Why a position was closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    TimeExit,
    StopLoss,
    TakeProfit,
}

impl Reason {
    pub(super) const fn text(self) -> &'static str {
        match self {
            Self::TimeExit => "time_exit",
            Self::StopLoss => "stop_loss",
            Self::TakeProfit => "take_profit",
        }
    }
}

/// A trade but for its money.
#[derive(Debug, Clone, Copy)]
pub(super) struct Trade {
    pub(super) position_id: u64,
    pub(super) long: bool,
    /// The row of the orders that opened it.
    pub(super) place: usize,
    pub(super) size: i64,
    /// Moments.
    pub(super) entry: usize,
    pub(super) exit: usize,
    pub(super) entry_price: i64,
    pub(super) exit_price: i64,
    /// 0 for none.
    pub(super) stop: i64,
    pub(super) target: i64,
    pub(super) reason: Reason,
}

/// Trades, and their money.
#[derive(Debug, Default)]
pub(super) struct Trades {
    pub(super) rows: Vec<Trade>,
    pub(super) gross: Vec<i128>,
    pub(super) entry_fee: Vec<i128>,
    pub(super) exit_fee: Vec<i128>,
    pub(super) net: Vec<i128>,
    pub(super) cost: Vec<i128>,
    pub(super) mae: Vec<i128>,
    pub(super) mfe: Vec<i128>,
}

impl Trades {
    pub(super) fn clear(&mut self) {
        self.rows.clear();
        for column in [
            &mut self.gross,
            &mut self.entry_fee,
            &mut self.exit_fee,
            &mut self.net,
            &mut self.cost,
            &mut self.mae,
            &mut self.mfe,
        ] {
            column.clear();
        }
    }
}
