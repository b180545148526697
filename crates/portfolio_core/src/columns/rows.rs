//! The rows of the append-only tables, cell by cell in the order of [`super::schema`].

use super::schema::{
    ACTIVITY_COLUMNS, CASH_LEDGER_COLUMNS, EQUITY_COLUMNS, LEDGER_COLUMNS, TRADE_COLUMNS, row_width,
};
use super::segment::{Cells, Row};
use super::text::TextView;
use crate::numbers::{Money, Price, Size};

/// A row of the equity history.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct EquityRow {
    /// Microseconds since the epoch.
    pub time: i64,
    /// Balance + unrealized.
    pub equity: Money,
    /// Cash.
    pub balance: Money,
    /// The open positions' result at the marks.
    pub unrealized: Money,
    /// Margin bound by the open positions.
    pub margin_used: Money,
    /// Value of longs and shorts together at the marks.
    pub gross_exposure: Money,
    /// Value of longs - value of shorts.
    pub net_exposure: Money,
}

impl Row for EquityRow {
    const WIDTH: usize = row_width(EQUITY_COLUMNS);

    #[inline(always)]
    fn put(&self, cells: &mut Cells) {
        cells.put(self.time);
        put_money(cells, self.equity);
        put_money(cells, self.balance);
        put_money_or_none(cells, self.unrealized);
        put_money_or_none(cells, self.margin_used);
        put_money_or_none(cells, self.gross_exposure);
        put_money_or_none(cells, self.net_exposure);
    }
}

/// A closed trade: the part of a position that one close took.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct TradeRow {
    /// Number of the trade, from 1.
    pub trade_id: u64,
    /// The position it was a part of.
    pub position_id: u64,
    /// Symbol.
    pub symbol: TextView,
    /// `long` or `short`.
    pub side: TextView,
    /// The size closed.
    pub size: Size,
    /// When the position was opened.
    pub entry_time: i64,
    /// The position's entry price.
    pub entry_price: Price,
    /// When it was closed.
    pub exit_time: i64,
    /// The fill of the close.
    pub exit_price: Price,
    /// Result before fees.
    pub gross_pnl: Money,
    /// The part of the position's entry fee that this close takes.
    pub entry_fee: Money,
    /// The fee of the close.
    pub exit_fee: Money,
    /// The part of the position's swaps that this close takes.
    pub swap: Money,
    /// Gross - entry fee - exit fee + swap.
    pub net_pnl: Money,
    /// What the size closed cost at its entry.
    pub cost: Money,
    /// The worst result of the size closed at its exit and the marks on the way, <= 0.
    pub mae: Money,
    /// The best one, >= 0.
    pub mfe: Money,
    /// What the move of the rate of exchange made of the gross result.
    pub fx_pnl: Money,
    /// What worse prices than asked for cost, >= 0.
    pub slippage: Money,
    /// The stop loss at entry; 0 = none.
    pub stop_loss: Price,
    /// The take profit at the close; 0 = none.
    pub take_profit: Price,
    /// The tag given at the open.
    pub tag: TextView,
    /// The reason given at the close.
    pub reason: TextView,
}

impl Row for TradeRow {
    const WIDTH: usize = row_width(TRADE_COLUMNS);

    #[inline(always)]
    fn put(&self, cells: &mut Cells) {
        cells.put(self.trade_id);
        cells.put(self.position_id);
        cells.put(self.symbol.bits());
        cells.put(self.side.bits());
        put_fixed9(cells, self.size.raw(), self.size.to_f64());
        cells.put(self.entry_time);
        put_fixed9(cells, self.entry_price.raw(), self.entry_price.to_f64());
        cells.put(self.exit_time);
        put_fixed9(cells, self.exit_price.raw(), self.exit_price.to_f64());
        put_money(cells, self.gross_pnl);
        put_money_or_none(cells, self.entry_fee);
        put_money_or_none(cells, self.exit_fee);
        put_money_or_none(cells, self.swap);
        put_money(cells, self.net_pnl);
        put_money(cells, self.cost);
        put_money_or_none(cells, self.mae);
        put_money_or_none(cells, self.mfe);
        put_money_or_none(cells, self.fx_pnl);
        put_money_or_none(cells, self.slippage);
        put_level(cells, self.stop_loss);
        put_level(cells, self.take_profit);
        cells.put_sparse(self.tag.bits());
        cells.put_sparse(self.reason.bits());
    }
}

/// A ledger posting: one change of the balance.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct PostingRow {
    /// Number of the event that caused it.
    pub event: u64,
    /// Time of that event.
    pub time: i64,
    /// What it is: one of the constants of [`TextView`].
    pub kind: TextView,
    /// Symbol, empty for postings of the account.
    pub symbol: TextView,
    /// Position, 0 = none.
    pub position_id: u64,
    /// What the balance got.
    pub amount: Money,
    /// The balance after it.
    pub balance: Money,
    /// What is left over of amounts that were rounded, after it.
    pub residue: Money,
}

impl Row for PostingRow {
    const WIDTH: usize = row_width(LEDGER_COLUMNS);

    #[inline(always)]
    fn put(&self, cells: &mut Cells) {
        cells.put(self.event);
        cells.put(self.time);
        cells.put(self.kind.bits());
        cells.put(self.symbol.bits());
        cells.put(self.position_id);
        put_money(cells, self.amount);
        put_money(cells, self.balance);
        put_money_or_none(cells, self.residue);
    }
}

/// A change of cash that is not of the account's currency.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct CashRow {
    /// Number of the event that caused it.
    pub event: u64,
    /// Time of that event.
    pub time: i64,
    /// What it is: one of the constants of [`TextView`].
    pub kind: TextView,
    /// The currency's code.
    pub currency: TextView,
    /// What the cash got, in its own currency.
    pub amount: Money,
    /// The rate of exchange of the marks.
    pub rate: Money,
    /// What that was worth in account money.
    pub value: Money,
    /// The cash after it.
    pub balance: Money,
}

impl Row for CashRow {
    const WIDTH: usize = row_width(CASH_LEDGER_COLUMNS);

    fn put(&self, cells: &mut Cells) {
        cells.put(self.event);
        cells.put(self.time);
        cells.put(self.kind.bits());
        cells.put(self.currency.bits());
        put_money(cells, self.amount);
        put_money(cells, self.rate);
        put_money(cells, self.value);
        put_money(cells, self.balance);
    }
}

/// Something that happened to an order or to the account by itself.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct ActivityRow {
    /// Number of the event that caused it.
    pub event: u64,
    /// When.
    pub time: i64,
    /// What it is: one of the constants of [`TextView`].
    pub kind: TextView,
    /// The order, 0 = none.
    pub order_id: u64,
    /// The position, 0 = none.
    pub position_id: u64,
    /// Symbol, empty for the account.
    pub symbol: TextView,
    /// How much.
    pub size: Size,
    /// Where.
    pub price: Price,
    /// Why.
    pub detail: TextView,
}

impl Row for ActivityRow {
    const WIDTH: usize = row_width(ACTIVITY_COLUMNS);

    fn put(&self, cells: &mut Cells) {
        cells.put(self.event);
        cells.put(self.time);
        cells.put(self.kind.bits());
        cells.put(self.order_id);
        cells.put(self.position_id);
        cells.put(self.symbol.bits());
        put_fixed9(cells, self.size.raw(), self.size.to_f64());
        put_fixed9(cells, self.price.raw(), self.price.to_f64());
        cells.put(self.detail.bits());
    }
}

#[inline(always)]
fn put_money(cells: &mut Cells, money: Money) {
    cells.put(money.raw());
    cells.put(money.to_f64());
}

/// An amount that is often 0.
#[inline(always)]
fn put_money_or_none(cells: &mut Cells, money: Money) {
    cells.put_sparse(money.raw());
    cells.put_sparse(if money.is_zero() { 0.0 } else { money.to_f64() });
}

#[inline(always)]
fn put_level(cells: &mut Cells, level: Price) {
    cells.put_sparse(level.raw());
    cells.put_sparse(if level.is_zero() { 0.0 } else { level.to_f64() });
}

#[inline(always)]
fn put_fixed9(cells: &mut Cells, raw: i128, double: f64) {
    cells.put(raw);
    cells.put(double);
}
