//! Every column of every table, declared once: name, type, unit.
//!
//! The order here is the order of the cells in a row (see the row types in [`super::rows`]) and of
//! the columns that a user sees. No column is nullable: 0 in a level column and "" in a text column
//! mean that there is none.

use std::sync::{Arc, OnceLock};

use arrow_schema::{DataType, Field, Schema, SchemaRef, TimeUnit};

use crate::numbers::{Money, Price};

/// Which of the two forms of a number column is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    /// Float64, the double nearest to the exact value: for statistics and plots.
    Float,
    /// Decimal128: for equality and sums.
    Exact,
}

/// The type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Money at scale 18, stored exact (16 bytes) and as a double (8 bytes).
    Money,
    /// A price or a size at scale 9, stored exact (16 bytes) and as a double (8 bytes).
    Fixed9,
    /// Microseconds since the epoch, UTC.
    Time,
    /// An unsigned number, such as an id.
    Count,
    /// A string view of 16 bytes: inline up to 12 bytes, else into a shared block.
    Text,
}

impl Kind {
    /// Bytes of the cell or pair of cells of this kind in a row.
    #[must_use]
    pub const fn width(self) -> usize {
        match self {
            Self::Money | Self::Fixed9 => 24,
            Self::Time | Self::Count => 8,
            Self::Text => 16,
        }
    }

    /// The Arrow type of the column in a view.
    #[must_use]
    pub fn data_type(self, view: View) -> DataType {
        match (self, view) {
            (Self::Money | Self::Fixed9, View::Float) => DataType::Float64,
            (Self::Money, View::Exact) => DataType::Decimal128(38, scale(Money::SCALE)),
            (Self::Fixed9, View::Exact) => DataType::Decimal128(38, scale(Price::SCALE)),
            (Self::Time, _) => DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into())),
            (Self::Count, _) => DataType::UInt64,
            (Self::Text, _) => DataType::Utf8View,
        }
    }
}

fn scale(digits: u32) -> i8 {
    i8::try_from(digits).unwrap_or(i8::MAX)
}

/// A column: what it is called, what it holds, in which unit.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// The name that users see.
    pub name: &'static str,
    /// The type.
    pub kind: Kind,
    /// The unit, in words.
    pub unit: &'static str,
}

const fn column(name: &'static str, kind: Kind, unit: &'static str) -> Column {
    Column { name, kind, unit }
}

/// A table: its name and columns.
#[derive(Debug)]
pub struct TableSchema {
    /// The name of the table.
    pub name: &'static str,
    /// The columns in order.
    pub columns: &'static [Column],
    float: OnceLock<SchemaRef>,
    exact: OnceLock<SchemaRef>,
}

impl TableSchema {
    const fn new(name: &'static str, columns: &'static [Column]) -> Self {
        Self { name, columns, float: OnceLock::new(), exact: OnceLock::new() }
    }

    /// The Arrow schema of a view; built once.
    pub fn arrow(&self, view: View) -> SchemaRef {
        let cell = match view {
            View::Float => &self.float,
            View::Exact => &self.exact,
        };
        let build = || {
            let field =
                |column: &Column| Field::new(column.name, column.kind.data_type(view), false);
            Arc::new(Schema::new(self.columns.iter().map(field).collect::<Vec<_>>()))
        };
        Arc::clone(cell.get_or_init(build))
    }

    /// Bytes of one row.
    #[must_use]
    pub const fn row_width(&self) -> usize {
        row_width(self.columns)
    }

    /// Bytes of each cell in a row, in order; numbers have two.
    #[must_use]
    pub fn cell_widths(&self) -> Vec<usize> {
        let cells = |column: &Column| match column.kind {
            Kind::Money | Kind::Fixed9 => [Some(16), Some(8)],
            Kind::Time | Kind::Count | Kind::Text => [Some(column.kind.width()), None],
        };
        self.columns.iter().flat_map(cells).flatten().collect()
    }
}

/// Bytes of one row of these columns.
#[must_use]
pub const fn row_width(columns: &[Column]) -> usize {
    match columns.split_first() {
        None => 0,
        Some((first, rest)) => first.kind.width().wrapping_add(row_width(rest)),
    }
}

const ACCOUNT: &str = "account currency";
const QUOTE: &str = "quote currency per unit";
const LEVEL: &str = "quote currency per unit, 0 = none";
const UNITS: &str = "units or lots";
const UTC: &str = "microseconds since 1970-01-01 UTC";
const ID: &str = "id";
const NAME: &str = "text";

/// The equity history: one row per `update_equity`.
pub static EQUITY: TableSchema = TableSchema::new("equity", EQUITY_COLUMNS);
/// Columns of [`EQUITY`].
pub const EQUITY_COLUMNS: &[Column] = &[
    column("time", Kind::Time, UTC),
    column("equity", Kind::Money, ACCOUNT),
    column("balance", Kind::Money, ACCOUNT),
    column("unrealized_pnl", Kind::Money, ACCOUNT),
    column("margin_used", Kind::Money, ACCOUNT),
    column("gross_exposure", Kind::Money, ACCOUNT),
    column("net_exposure", Kind::Money, ACCOUNT),
];

/// The closed trades: one row per close, whole or partial.
pub static TRADES: TableSchema = TableSchema::new("trades", TRADE_COLUMNS);
/// Columns of [`TRADES`].
pub const TRADE_COLUMNS: &[Column] = &[
    column("trade_id", Kind::Count, ID),
    column("position_id", Kind::Count, ID),
    column("symbol", Kind::Text, NAME),
    column("side", Kind::Text, "long | short"),
    column("size", Kind::Fixed9, UNITS),
    column("entry_time", Kind::Time, UTC),
    column("entry_price", Kind::Fixed9, QUOTE),
    column("exit_time", Kind::Time, UTC),
    column("exit_price", Kind::Fixed9, QUOTE),
    column("gross_pnl", Kind::Money, ACCOUNT),
    column("entry_fee", Kind::Money, ACCOUNT),
    column("exit_fee", Kind::Money, ACCOUNT),
    column("swap", Kind::Money, ACCOUNT),
    column("net_pnl", Kind::Money, ACCOUNT),
    column("cost", Kind::Money, ACCOUNT),
    column("mae", Kind::Money, ACCOUNT),
    column("mfe", Kind::Money, ACCOUNT),
    column("fx_pnl", Kind::Money, ACCOUNT),
    column("slippage", Kind::Money, ACCOUNT),
    column("stop_loss", Kind::Fixed9, LEVEL),
    column("take_profit", Kind::Fixed9, LEVEL),
    column("tag", Kind::Text, NAME),
    column("reason", Kind::Text, NAME),
];

/// The ledger postings: one row per change of the balance.
pub static LEDGER: TableSchema = TableSchema::new("ledger", LEDGER_COLUMNS);
/// Columns of [`LEDGER`].
pub const LEDGER_COLUMNS: &[Column] = &[
    column("event", Kind::Count, "number of the event"),
    column("time", Kind::Time, UTC),
    column("kind", Kind::Text, "deposit, withdrawal, fee, realized_pnl, swap, dividend, split, fx"),
    column("symbol", Kind::Text, NAME),
    column("position_id", Kind::Count, "id, 0 = none"),
    column("amount", Kind::Money, ACCOUNT),
    column("balance", Kind::Money, ACCOUNT),
    column("residue", Kind::Money, ACCOUNT),
];

/// Changes of cash that is not of the account's currency.
pub static CASH_LEDGER: TableSchema = TableSchema::new("cash_ledger", CASH_LEDGER_COLUMNS);
/// Columns of [`CASH_LEDGER`].
pub const CASH_LEDGER_COLUMNS: &[Column] = &[
    column("event", Kind::Count, "number of the event"),
    column("time", Kind::Time, UTC),
    column("kind", Kind::Text, "deposit | withdrawal | conversion"),
    column("currency", Kind::Text, NAME),
    column("amount", Kind::Money, "its own currency"),
    column("rate", Kind::Money, "account currency per 1"),
    column("value", Kind::Money, ACCOUNT),
    column("balance", Kind::Money, "its own currency"),
];

/// The cash of each currency.
pub static CASH: TableSchema = TableSchema::new("cash", CASH_COLUMNS);
/// Columns of [`CASH`].
pub const CASH_COLUMNS: &[Column] = &[
    column("currency", Kind::Text, NAME),
    column("amount", Kind::Money, "its own currency"),
    column("rate", Kind::Money, "account currency per 1"),
    column("cost", Kind::Money, ACCOUNT),
    column("value", Kind::Money, ACCOUNT),
    column("unrealized_pnl", Kind::Money, ACCOUNT),
    column("path", Kind::Text, "the symbols that the rate is made of"),
];

/// The margin of each symbol with an open position.
pub static MARGIN: TableSchema = TableSchema::new("margin", MARGIN_COLUMNS);
/// Columns of [`MARGIN`].
pub const MARGIN_COLUMNS: &[Column] = &[
    column("symbol", Kind::Text, NAME),
    column("model", Kind::Text, "leverage | rate | per_lot | tiers"),
    column("base", Kind::Text, "open | mark"),
    column("currency", Kind::Text, NAME),
    column("long_size", Kind::Fixed9, UNITS),
    column("short_size", Kind::Fixed9, UNITS),
    column("hedged_size", Kind::Fixed9, UNITS),
    column("basis", Kind::Money, "its own currency; sizes for per_lot"),
    column("margin_native", Kind::Money, "its own currency"),
    column("rate", Kind::Money, "account currency per 1"),
    column("margin", Kind::Money, ACCOUNT),
];

/// What happened to orders, and to the account by itself.
pub static ACTIVITY: TableSchema = TableSchema::new("activity", ACTIVITY_COLUMNS);
/// Columns of [`ACTIVITY`].
pub const ACTIVITY_COLUMNS: &[Column] = &[
    column("event", Kind::Count, "number of the event"),
    column("time", Kind::Time, UTC),
    column("kind", Kind::Text, "what happened"),
    column("order_id", Kind::Count, "id, 0 = none"),
    column("position_id", Kind::Count, "id, 0 = none"),
    column("symbol", Kind::Text, NAME),
    column("size", Kind::Fixed9, UNITS),
    column("price", Kind::Fixed9, QUOTE),
    column("detail", Kind::Text, NAME),
];

/// Every fill.
pub static FILLS: TableSchema = TableSchema::new("fills", FILL_COLUMNS);
/// Columns of [`FILLS`].
pub const FILL_COLUMNS: &[Column] = &[
    column("event", Kind::Count, "number of the event"),
    column("time", Kind::Time, UTC),
    column("position_id", Kind::Count, ID),
    column("order_id", Kind::Count, "id, 0 = none"),
    column("symbol", Kind::Text, NAME),
    column("side", Kind::Text, "buy | sell"),
    column("size", Kind::Fixed9, UNITS),
    column("price", Kind::Fixed9, QUOTE),
    column("fee", Kind::Money, ACCOUNT),
    column("realized", Kind::Money, ACCOUNT),
    column("liquidity", Kind::Text, "taker | maker"),
    column("reason", Kind::Text, NAME),
];

/// The account at moments that somebody asked for.
pub static MOMENTS: TableSchema = TableSchema::new("moments", MOMENT_COLUMNS);
/// Columns of [`MOMENTS`].
pub const MOMENT_COLUMNS: &[Column] = &[
    column("time", Kind::Time, UTC),
    column("seq", Kind::Count, "events so far"),
    column("equity", Kind::Money, ACCOUNT),
    column("balance", Kind::Money, ACCOUNT),
    column("unrealized_pnl", Kind::Money, ACCOUNT),
    column("margin_used", Kind::Money, ACCOUNT),
    column("gross_exposure", Kind::Money, ACCOUNT),
    column("net_exposure", Kind::Money, ACCOUNT),
    column("open_positions", Kind::Count, "positions"),
];

/// The open positions.
pub static POSITIONS: TableSchema = TableSchema::new("positions", POSITION_COLUMNS);
/// Columns of [`POSITIONS`].
pub const POSITION_COLUMNS: &[Column] = &[
    column("position_id", Kind::Count, ID),
    column("symbol", Kind::Text, NAME),
    column("side", Kind::Text, "long | short"),
    column("size", Kind::Fixed9, UNITS),
    column("entry_time", Kind::Time, UTC),
    column("entry_price", Kind::Fixed9, QUOTE),
    column("stop_loss", Kind::Fixed9, LEVEL),
    column("take_profit", Kind::Fixed9, LEVEL),
    column("mark_price", Kind::Fixed9, QUOTE),
    column("cost", Kind::Money, ACCOUNT),
    column("unrealized_pnl", Kind::Money, ACCOUNT),
    column("margin", Kind::Money, ACCOUNT),
    column("entry_fee", Kind::Money, ACCOUNT),
    column("swap", Kind::Money, ACCOUNT),
    column("tag", Kind::Text, NAME),
];

/// Where the result came from: one row per position, and one for the account.
pub static ATTRIBUTION: TableSchema = TableSchema::new("attribution", ATTRIBUTION_COLUMNS);
/// Columns of [`ATTRIBUTION`].
pub const ATTRIBUTION_COLUMNS: &[Column] = &[
    column("position_id", Kind::Count, "id, 0 = the account"),
    column("symbol", Kind::Text, NAME),
    column("side", Kind::Text, "long | short"),
    column("status", Kind::Text, "open | closed | account"),
    column("price_pnl", Kind::Money, ACCOUNT),
    column("fx", Kind::Money, ACCOUNT),
    column("fee", Kind::Money, ACCOUNT),
    column("swap", Kind::Money, ACCOUNT),
    column("dividend", Kind::Money, ACCOUNT),
    column("cash", Kind::Money, ACCOUNT),
    column("rounding", Kind::Money, ACCOUNT),
    column("total", Kind::Money, ACCOUNT),
];

/// What a frame of events answers: one row per accepted row.
pub static RECEIPTS: TableSchema = TableSchema::new("receipts", RECEIPT_COLUMNS);
/// Columns of [`RECEIPTS`].
pub const RECEIPT_COLUMNS: &[Column] = &[
    column("row", Kind::Count, "row of the frame, from 0"),
    column("position_id", Kind::Count, "id, 0 = none"),
    column("order_id", Kind::Count, "id, 0 = none"),
    column("realized", Kind::Money, ACCOUNT),
    column("fee", Kind::Money, ACCOUNT),
    column("balance", Kind::Money, ACCOUNT),
];

/// Accepted events as a frame. Only this table has nulls, where an event has no such cell; it is
/// made when somebody asks for it.
pub static EVENTS: TableSchema = TableSchema::new("events", EVENT_COLUMNS);
/// Columns of [`EVENTS`].
pub const EVENT_COLUMNS: &[Column] = &[
    column("event", Kind::Count, "number of the event"),
    column("action", Kind::Text, "what it is"),
    column("time", Kind::Time, UTC),
    column("symbol", Kind::Text, NAME),
    column("side", Kind::Text, "long | short"),
    column("size", Kind::Fixed9, UNITS),
    column("price", Kind::Fixed9, QUOTE),
    column("bid", Kind::Fixed9, QUOTE),
    column("ask", Kind::Fixed9, QUOTE),
    column("stop_loss", Kind::Fixed9, LEVEL),
    column("take_profit", Kind::Fixed9, LEVEL),
    column("position_id", Kind::Count, ID),
    column("fee", Kind::Money, ACCOUNT),
    column("amount", Kind::Money, ACCOUNT),
    column("tag", Kind::Text, NAME),
    column("reason", Kind::Text, NAME),
    column("price_decimals", Kind::Count, "digits"),
    column("size_decimals", Kind::Count, "digits"),
    column("contract_size", Kind::Fixed9, "units of the underlying per 1 of size"),
    column("leverage", Kind::Fixed9, "cost per margin"),
    column("quote_currency", Kind::Text, NAME),
    column("terms", Kind::Text, "hexadecimal digits"),
    column("trailing", Kind::Fixed9, LEVEL),
    column("break_even", Kind::Fixed9, LEVEL),
    column("break_even_offset", Kind::Fixed9, LEVEL),
    column("targets", Kind::Text, "price:size;price:size;..."),
    column("exit_time", Kind::Time, UTC),
    column("type", Kind::Text, "market | limit | stop"),
    column("expiry", Kind::Time, UTC),
    column("oco", Kind::Text, NAME),
    column("order_id", Kind::Count, ID),
    column("other_id", Kind::Count, ID),
    column("open", Kind::Fixed9, QUOTE),
    column("high", Kind::Fixed9, QUOTE),
    column("low", Kind::Fixed9, QUOTE),
    column("close", Kind::Fixed9, QUOTE),
    column("spread", Kind::Fixed9, QUOTE),
    column("path", Kind::Text, "pessimistic | optimistic | ohlc | olhc"),
    column("currency", Kind::Text, NAME),
    column("from_currency", Kind::Text, NAME),
    column("to_currency", Kind::Text, NAME),
    column("rate", Kind::Money, "to_currency per 1 of from_currency"),
    column("kind", Kind::Text, "points | rate | funding"),
    column("long", Kind::Fixed9, "what kind says"),
    column("short", Kind::Fixed9, "what kind says"),
    column("multiplier", Kind::Count, "days"),
    column("pay_time", Kind::Time, UTC),
    column("numerator", Kind::Count, "new units"),
    column("denominator", Kind::Count, "old units"),
];
/// How many columns of [`EVENTS`] have no nulls: the first ones.
pub const EVENT_COLUMNS_FILLED: usize = 2;

/// Resting orders, and what protects the positions; made when somebody asks for it. Only its time
/// has nulls.
pub static ORDERS: TableSchema = TableSchema::new("orders", ORDER_COLUMNS);
/// Columns of [`ORDERS`].
pub const ORDER_COLUMNS: &[Column] = &[
    column("order_id", Kind::Count, "number, 0 = protection of a position"),
    column("position_id", Kind::Count, "id, 0 = an order"),
    column("symbol", Kind::Text, NAME),
    column("side", Kind::Text, "long | short"),
    column("kind", Kind::Text, "market | limit | stop | stop_loss | take_profit | target | ..."),
    column("price", Kind::Fixed9, LEVEL),
    column("size", Kind::Fixed9, UNITS),
    column("time", Kind::Time, UTC),
    column("oco", Kind::Text, NAME),
    column("tag", Kind::Text, NAME),
];

/// The rows of a frame that were not accepted.
pub static REFUSED: TableSchema = TableSchema::new("refused", REFUSED_COLUMNS);
/// Columns of [`REFUSED`].
pub const REFUSED_COLUMNS: &[Column] = &[
    column("row", Kind::Count, "row of the frame, from 0"),
    column("code", Kind::Count, "code of the refusal"),
    column("message", Kind::Text, NAME),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemas_are_what_the_specification_says() {
        let schema = EQUITY.arrow(View::Exact);
        assert_eq!(schema.field(1).data_type(), &DataType::Decimal128(38, 18));
        assert_eq!(EQUITY.arrow(View::Float).field(1).data_type(), &DataType::Float64);
        assert_eq!(TRADES.arrow(View::Exact).field(4).data_type(), &DataType::Decimal128(38, 9));
        assert_eq!(LEDGER.arrow(View::Float).field(2).data_type(), &DataType::Utf8View);
        for table in [&EQUITY, &TRADES, &LEDGER, &POSITIONS, &ATTRIBUTION, &CASH, &MARGIN, &FILLS] {
            let schema = table.arrow(View::Float);
            assert!(schema.fields().iter().all(|field| !field.is_nullable()));
            assert_eq!(schema.fields().len(), table.columns.len());
        }
        assert_eq!(EQUITY.row_width(), 8 + 6 * 24);
    }
}
