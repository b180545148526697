//! What statistics are computed from: an equity curve and closed trades as columns, whoever made
//! them.
//!
//! A [`History`] shares the columns of a ledger ([`Ledger::history`]) or holds those of a user's
//! own frames ([`History::read`]). It never changes. Columns come in parts, one per segment or
//! batch; no figure depends on where they are cut.

mod benchmark;
mod calendar;
mod cells;
mod curve;
mod error;
mod read;
mod source;

pub use benchmark::{Benchmark, Cursor};
pub use calendar::{Resample, hour_of, month_end, month_of, weekday_of};
pub(crate) use curve::BLOCK_ROWS;
pub use curve::{Block, Curve, Exact};
pub use error::HistoryError;
pub use read::{Given, GivenTable};
pub use source::Frame;

use std::sync::Arc;

use arrow_array::StringViewArray;
use arrow_buffer::{ArrowNativeType, ScalarBuffer};

use crate::columns::schema::View;
use crate::columns::segment::Segment;
use crate::columns::table::Snapshot;
use crate::columns::text::{TextBlocks, TextView};
use crate::export::{cell, placed};
use crate::ledger::Ledger;
use crate::numbers::{Money, Overflow, Sum};
use crate::positions::Position;

/// A column of plain values, in parts.
#[derive(Debug, Clone, Default)]
pub struct Column<T: ArrowNativeType>(Vec<ScalarBuffer<T>>);

impl<T: ArrowNativeType> Column<T> {
    /// A column of these parts.
    #[must_use]
    pub fn new(parts: Vec<ScalarBuffer<T>>) -> Self {
        Self(parts)
    }

    /// The parts in order.
    pub fn parts(&self) -> impl Iterator<Item = &[T]> + Clone {
        self.0.iter().map(AsRef::as_ref)
    }

    /// One of the parts; nothing behind the last.
    #[must_use]
    pub fn part(&self, place: usize) -> &[T] {
        self.0.get(place).map(AsRef::as_ref).unwrap_or_default()
    }

    /// All values in order.
    #[must_use]
    pub fn cells(&self) -> Cells<'_, T> {
        self.iter_from(0)
    }

    /// The values behind the first `skip` ones; parts before them are not gone through.
    #[must_use]
    pub fn iter_from(&self, mut skip: usize) -> Cells<'_, T> {
        let mut later = self.0.iter();
        for part in later.by_ref() {
            match part.get(skip..) {
                Some(rest) if !rest.is_empty() => return Cells { part: rest.iter(), later },
                _ => skip = skip.saturating_sub(part.len()),
            }
        }
        Cells { part: [].iter(), later }
    }
}

/// The values of a column, part after part.
#[derive(Debug, Clone)]
pub struct Cells<'a, T: ArrowNativeType> {
    part: std::slice::Iter<'a, T>,
    later: std::slice::Iter<'a, ScalarBuffer<T>>,
}

impl<T: ArrowNativeType> Iterator for Cells<'_, T> {
    type Item = T;

    #[inline]
    fn next(&mut self) -> Option<T> {
        self.part.next().copied().or_else(|| self.next_part())
    }
}

impl<T: ArrowNativeType> Cells<'_, T> {
    #[cold]
    fn next_part(&mut self) -> Option<T> {
        let part = self.later.find(|part| !part.is_empty())?;
        self.part = part.iter();
        self.part.next().copied()
    }
}

/// A column of numbers: exact, and the doubles nearest to that.
#[derive(Debug, Clone, Default)]
pub struct Pair {
    /// Raw integers at the column's scale.
    pub exact: Column<i128>,
    /// The doubles.
    pub double: Column<f64>,
}

/// A column of text, in parts.
#[derive(Debug, Clone, Default)]
pub struct TextColumn(Vec<StringViewArray>);

impl TextColumn {
    /// A column of these parts.
    #[must_use]
    pub fn new(parts: Vec<StringViewArray>) -> Self {
        Self(parts)
    }

    /// The parts in order.
    #[must_use]
    pub fn parts(&self) -> &[StringViewArray] {
        &self.0
    }

    /// For each text behind the first `skip` ones, whether it is the one of a view that holds all
    /// of it.
    pub(crate) fn equals(
        &self,
        text: TextView,
        mut skip: usize,
    ) -> impl Iterator<Item = bool> + Clone {
        self.0.iter().flat_map(move |part| {
            let from = skip.min(part.views().len());
            skip = skip.saturating_sub(from);
            let views = part.views().get(from..).unwrap_or_default();
            views.iter().map(move |&view| view == text.bits())
        })
    }

    /// All texts in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.iter_from(0)
    }

    /// The texts behind the first `skip` ones.
    pub fn iter_from(&self, mut skip: usize) -> impl Iterator<Item = &str> {
        self.0.iter().flat_map(move |part| {
            let rows = part.views().len();
            let from = skip.min(rows);
            skip = skip.saturating_sub(from);
            (from..rows).map(|row| part.value(row))
        })
    }
}

/// The equity curve: rows in the order of time; of equal times the last one counts.
#[derive(Debug, Clone, Default)]
pub struct EquityColumns {
    /// Rows.
    pub rows: usize,
    /// Microseconds since the epoch, never decreasing.
    pub time: Column<i64>,
    /// Money at scale 18.
    pub equity: Pair,
    /// Gross exposure as doubles.
    pub gross_exposure: Option<Column<f64>>,
    /// Net exposure as doubles.
    pub net_exposure: Option<Column<f64>>,
}

/// The closed trades. What a user's frame lacks is `None`.
#[derive(Debug, Clone, Default)]
pub struct TradeColumns {
    /// Rows.
    pub rows: usize,
    /// Microseconds since the epoch.
    pub entry_time: Column<i64>,
    /// Microseconds since the epoch; of a ledger never decreasing.
    pub exit_time: Column<i64>,
    /// Result after all fees, money at scale 18.
    pub net_pnl: Pair,
    /// Result before fees.
    pub gross_pnl: Option<Pair>,
    /// Fees of the entry.
    pub entry_fee: Option<Pair>,
    /// Fee of the exit.
    pub exit_fee: Option<Pair>,
    /// Size * entry price * contract size.
    pub cost: Option<Pair>,
    /// Worst result while open, <= 0.
    pub mae: Option<Pair>,
    /// Best result while open, >= 0.
    pub mfe: Option<Pair>,
    /// Swaps, negative is paid.
    pub swap: Option<Pair>,
    /// What slippage cost, >= 0.
    pub slippage: Option<Pair>,
    /// Entry price.
    pub entry_price: Option<Pair>,
    /// Stop loss at entry; 0 = none.
    pub stop_loss: Option<Pair>,
    /// `long` or `short`.
    pub side: Option<TextColumn>,
    /// Symbol.
    pub symbol: Option<TextColumn>,
    /// Tag of the open.
    pub tag: Option<TextColumn>,
    /// Reason of the close.
    pub reason: Option<TextColumn>,
}

/// What is still open.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OpenPosition {
    /// When it was opened.
    pub entry_time: i64,
    /// Cost of what is left, as a double.
    pub cost: f64,
}

/// The balance that a history starts from, before its first row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Start {
    /// The time of the first event.
    pub time: i64,
    /// The initial balance.
    pub balance: Money,
}

/// An equity curve with its trades.
#[derive(Debug, Clone, Default)]
pub struct History {
    /// The starting balance; without one the first row of the curve is the start.
    pub start: Option<Start>,
    /// The curve.
    pub equity: EquityColumns,
    /// The trades.
    pub trades: TradeColumns,
    /// What is open at the end.
    pub open: Vec<OpenPosition>,
    /// Withdrawals - deposits.
    pub net_withdrawals: Sum,
    /// All fees charged; `None` where only those of the trades are known.
    pub fees: Option<Sum>,
    /// All swaps, those of open positions included; `None` where only those of the trades are
    /// known.
    pub swaps: Option<Sum>,
    /// The frames that it was read from.
    pub given: Given,
}

impl Ledger {
    /// The history as it is now, sharing the ledger's columns.
    #[must_use]
    pub fn history(&self) -> History {
        let open = self.positions.rows().iter().map(|position| OpenPosition {
            entry_time: position.entry_time,
            // What is beyond the range of money has the cost it was bought for.
            cost: self.cost_now(position).unwrap_or(position.cost).to_f64(),
        });
        History { open: open.collect(), ..self.columns() }
    }

    /// The cost of a position in account money, at the rate of now as in the table of positions.
    fn cost_now(&self, position: &Position) -> Result<Money, Overflow> {
        let place = usize::try_from(position.symbol).unwrap_or(usize::MAX);
        let book = self.books().get(place).ok_or(Overflow)?;
        position.cost.at_rate(self.profit_rate(book)?)
    }

    /// The history without what is open.
    #[must_use]
    pub fn columns(&self) -> History {
        History {
            start: self.start(),
            equity: equity_columns(&Shared::new(self, self.tables.equity.snapshot())),
            trades: trade_columns(&Shared::new(self, self.tables.trades.snapshot())),
            open: Vec::new(),
            net_withdrawals: self.account.net_withdrawals,
            fees: Some(self.account.fees),
            swaps: Some(self.account.swaps),
            given: Given::default(),
        }
    }

    /// The first point, which there is when there is a row.
    pub(crate) fn start(&self) -> Option<Start> {
        if self.tables.equity.is_empty() {
            return None;
        }
        let (time, balance) = (self.account.first_time, self.configuration.initial_balance);
        Some(Start { time, balance })
    }
}

/// Columns by name, of a ledger or of a user's frame; nothing for one that is not there.
trait Named {
    fn rows(&self) -> usize;
    fn times(&self, name: &str) -> Option<Column<i64>>;
    fn pair(&self, name: &str) -> Option<Pair>;
    fn doubles(&self, name: &str) -> Option<Column<f64>>;
    fn text(&self, name: &str) -> Option<TextColumn>;
}

fn equity_columns(table: &impl Named) -> EquityColumns {
    EquityColumns {
        rows: table.rows(),
        time: table.times("time").unwrap_or_default(),
        equity: table.pair("equity").unwrap_or_default(),
        gross_exposure: table.doubles("gross_exposure"),
        net_exposure: table.doubles("net_exposure"),
    }
}

fn trade_columns(table: &impl Named) -> TradeColumns {
    TradeColumns {
        rows: table.rows(),
        entry_time: table.times("entry_time").unwrap_or_default(),
        exit_time: table.times("exit_time").unwrap_or_default(),
        net_pnl: table.pair("net_pnl").unwrap_or_default(),
        gross_pnl: table.pair("gross_pnl"),
        entry_fee: table.pair("entry_fee"),
        exit_fee: table.pair("exit_fee"),
        cost: table.pair("cost"),
        mae: table.pair("mae"),
        mfe: table.pair("mfe"),
        swap: table.pair("swap"),
        slippage: table.pair("slippage"),
        entry_price: table.pair("entry_price"),
        stop_loss: table.pair("stop_loss"),
        side: table.text("side"),
        symbol: table.text("symbol"),
        tag: table.text("tag"),
        reason: table.text("reason"),
    }
}

/// The columns of a table of the ledger, by name.
struct Shared {
    snapshot: Snapshot,
    blocks: TextBlocks,
}

impl Shared {
    fn new(ledger: &Ledger, snapshot: Snapshot) -> Self {
        Self { snapshot, blocks: ledger.texts.blocks().clone() }
    }

    fn column<T: ArrowNativeType>(&self, name: &str, view: View) -> Option<Column<T>> {
        let (column, prefix) =
            placed(self.snapshot.schema).find(|(column, _)| column.name == name)?;
        let (start, width) = cell(column.kind, prefix, view);
        debug_assert_eq!(width, size_of::<T>(), "{name} has cells of another width");
        let part = |(segment, rows): &(Arc<Segment>, usize)| {
            ScalarBuffer::new(segment.column(start, width, *rows), 0, *rows)
        };
        Some(Column(self.snapshot.parts.iter().map(part).collect()))
    }
}

impl Named for Shared {
    fn rows(&self) -> usize {
        self.snapshot.rows
    }

    fn times(&self, name: &str) -> Option<Column<i64>> {
        self.column(name, View::Exact)
    }

    fn pair(&self, name: &str) -> Option<Pair> {
        let exact = self.column(name, View::Exact)?;
        Some(Pair { exact, double: self.column(name, View::Float)? })
    }

    fn doubles(&self, name: &str) -> Option<Column<f64>> {
        self.column(name, View::Float)
    }

    fn text(&self, name: &str) -> Option<TextColumn> {
        let views = self.column::<u128>(name, View::Exact)?;
        Some(TextColumn(views.0.into_iter().map(|part| self.blocks.array(part)).collect()))
    }
}
