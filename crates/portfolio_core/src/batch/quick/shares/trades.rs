//! The trades of a run, in raw units.

/// Why a position, or a part of one, was closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    Reduce,
    Flip,
}

impl Reason {
    pub(super) const fn text(self) -> &'static str {
        match self {
            Self::Reduce => "reduce",
            Self::Flip => "flip",
        }
    }
}

/// A trade but for its money.
#[derive(Debug, Clone, Copy)]
pub(super) struct Trade {
    pub(super) position_id: u64,
    pub(super) symbol: usize,
    pub(super) long: bool,
    /// The row of the orders that opened the position.
    pub(super) place: usize,
    pub(super) size: i64,
    /// Moments.
    pub(super) entry: usize,
    pub(super) exit: usize,
    pub(super) entry_price: i64,
    pub(super) exit_price: i64,
    pub(super) reason: Reason,
}

/// Money of a trade: gross result, fee of the entry, fee of the exit, net result, cost, and the
/// worst and the best result on the way.
pub(super) type TradeMoney = [i128; 7];

/// Trades, and their money.
#[derive(Debug, Default)]
pub(super) struct Trades {
    pub(super) rows: Vec<Trade>,
    pub(super) money: Vec<TradeMoney>,
}

impl Trades {
    pub(super) fn clear(&mut self) {
        self.rows.clear();
        self.money.clear();
    }
}
