//! The trades of a run, column by column in raw units.

use crate::event::Side;

/// Money of a trade: gross result, fee of the entry, fee of the exit, net result, cost, and the
/// worst and the best result on the way.
pub(super) type TradeMoney = [i128; 7];

/// A trade.
#[derive(Debug, Clone, Copy)]
pub(super) struct Trade {
    pub(super) position_id: u64,
    pub(super) symbol: usize,
    pub(super) side: Side,
    /// The row of the orders that opened the position.
    pub(super) place: usize,
    pub(super) size: i64,
    /// Moments.
    pub(super) entry: usize,
    pub(super) exit: usize,
    pub(super) entry_price: i64,
    pub(super) exit_price: i64,
    /// Whether the position was turned, and not only reduced.
    pub(super) flip: bool,
    pub(super) money: TradeMoney,
}

/// Trades.
#[derive(Debug, Default)]
pub(super) struct Trades {
    pub(super) position_id: Vec<u64>,
    pub(super) symbol: Vec<u32>,
    pub(super) side: Vec<Side>,
    pub(super) place: Vec<usize>,
    pub(super) size: Vec<i64>,
    pub(super) entry: Vec<usize>,
    pub(super) exit: Vec<usize>,
    pub(super) entry_price: Vec<i64>,
    pub(super) exit_price: Vec<i64>,
    pub(super) flip: Vec<bool>,
    pub(super) money: [Vec<i128>; 7],
}

impl Trades {
    pub(super) fn clear(&mut self) {
        self.position_id.clear();
        self.symbol.clear();
        self.side.clear();
        self.place.clear();
        self.size.clear();
        self.entry.clear();
        self.exit.clear();
        self.entry_price.clear();
        self.exit_price.clear();
        self.flip.clear();
        self.money.iter_mut().for_each(Vec::clear);
    }

    /// Makes room for so many; nothing when there is none.
    pub(super) fn reserve(&mut self, rows: usize) -> Option<()> {
        self.position_id.try_reserve(rows).ok()?;
        self.symbol.try_reserve(rows).ok()?;
        self.side.try_reserve(rows).ok()?;
        self.place.try_reserve(rows).ok()?;
        self.flip.try_reserve(rows).ok()?;
        for column in [&mut self.size, &mut self.entry_price, &mut self.exit_price] {
            column.try_reserve(rows).ok()?;
        }
        for column in [&mut self.entry, &mut self.exit] {
            column.try_reserve(rows).ok()?;
        }
        self.money.iter_mut().try_for_each(|column| column.try_reserve(rows).ok())
    }

    #[inline]
    pub(super) fn push(&mut self, trade: &Trade) {
        self.position_id.push(trade.position_id);
        self.symbol.push(u32::try_from(trade.symbol).unwrap_or(u32::MAX));
        self.side.push(trade.side);
        self.place.push(trade.place);
        self.size.push(trade.size);
        self.entry.push(trade.entry);
        self.exit.push(trade.exit);
        self.entry_price.push(trade.entry_price);
        self.exit_price.push(trade.exit_price);
        self.flip.push(trade.flip);
        for (column, money) in self.money.iter_mut().zip(trade.money) {
            column.push(money);
        }
    }

    pub(super) const fn len(&self) -> usize {
        self.position_id.len()
    }
}
