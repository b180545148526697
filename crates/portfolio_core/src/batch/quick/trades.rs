//! The trades of a plain run, in its units.

/// Why a position was closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    TimeExit,
    StopLoss,
    TakeProfit,
}

impl Reason {
    pub(super) const ALL: [Self; 3] = [Self::TimeExit, Self::StopLoss, Self::TakeProfit];

    pub(super) const fn text(self) -> &'static str {
        match self {
            Self::TimeExit => "time_exit",
            Self::StopLoss => "stop_loss",
            Self::TakeProfit => "take_profit",
        }
    }
}

/// A trade.
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
    pub(super) gross: i128,
    pub(super) entry_fee: i128,
    pub(super) exit_fee: i128,
    pub(super) cost: i128,
    pub(super) mae: i128,
    pub(super) mfe: i128,
}

impl Trade {
    /// The result after both fees.
    pub(super) const fn net(&self) -> i128 {
        // None of them comes near the bounds.
        self.gross.wrapping_sub(self.entry_fee).wrapping_sub(self.exit_fee)
    }
}
