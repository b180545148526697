//! The orders of all runs, as columns.

use std::ops::Range;

use arrow_array::RecordBatch;
use arrow_schema::Schema;

use super::bars::BarTable;
use super::cells::{Moment, Notes, Numeric, TargetLists};
use super::error::BatchError;
use super::order_cells;
use super::row_order::RowOrder;
use crate::event::{Side, Target};
pub use crate::frame::OrderType;
use crate::numbers::{FloatPolicy, Price, Size};

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

/// A row that asks for a position of a size, as far as a target needs it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted {
    /// A place in the symbols of the bars.
    pub(super) symbol: u32,
    /// Raw.
    pub(super) size: i64,
    pub(super) rule: SizeRule,
}

/// Rows that may be targets, with what their run overrides.
#[derive(Debug, Clone)]
pub(super) struct Targets<'a> {
    pub(super) orders: &'a OrderTable,
    pub(super) places: Range<usize>,
    pub(super) size: Option<i64>,
    pub(super) rule: Option<SizeRule>,
}

impl Targets<'_> {
    /// The time of one of the rows; nothing behind the last.
    #[inline(always)]
    pub(super) fn time(&self, place: usize) -> Option<i64> {
        if place >= self.places.len() {
            return None;
        }
        let OrderTable { order, cells } = self.orders;
        cells.times.get(order.row(self.places.start.wrapping_add(place))).copied()
    }

    /// One of the rows; nothing when it is no target, or its size is a very large one.
    #[inline(always)]
    pub(super) fn get(&self, place: usize) -> Option<Wanted> {
        let OrderTable { order, cells } = self.orders;
        let row = order.row(self.places.start.wrapping_add(place));
        let Words { action, rule, .. } = *cells.words.get(row)?;
        if action != Action::Target {
            return None;
        }
        let symbol = if cells.symbols.is_empty() { 0 } else { *cells.symbols.get(row)? };
        let size = self.size.or_else(|| cells.size.narrow(row))?;
        Some(Wanted { symbol, size, rule: self.rule.unwrap_or(rule) })
    }
}

/// Which rows a run has: places in the order of (run, time, row).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunRows {
    /// `None` when the orders have no `run_id`: all rows are of every run.
    pub run_id: Option<u32>,
    /// Places.
    pub places: Range<usize>,
}

/// The orders of all runs (rule R2): of each column that there is, the cells of all rows.
#[derive(Debug, Clone, Default)]
pub struct OrderTable {
    pub(super) order: RowOrder,
    pub(super) cells: OrderCells,
}

/// The cells by row. Those that an action does not take are as if they were not there.
#[derive(Debug, Clone, Default)]
pub(super) struct OrderCells {
    pub(super) times: Vec<i64>,
    /// Empty when all rows have the one symbol that there is.
    pub(super) symbols: Vec<u32>,
    pub(super) words: Vec<Words>,
    pub(super) size: Numeric,
    pub(super) price: Numeric,
    pub(super) stop_loss: Group,
    pub(super) take_profit: Group,
    pub(super) trailing: Group,
    pub(super) break_even: Numeric,
    pub(super) break_even_offset: Numeric,
    pub(super) targets: TargetLists,
    pub(super) exit_time: Moment,
    pub(super) expiry: Moment,
    pub(super) oco: Notes,
    pub(super) tag: Notes,
}

/// What a row says in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Words {
    pub(super) action: Action,
    pub(super) side: Option<Side>,
    pub(super) rule: SizeRule,
    pub(super) kind: OrderType,
    pub(super) if_flat: bool,
}

/// The columns of a level, of which a row may have one.
#[derive(Debug, Clone, Default)]
pub(super) struct Group {
    pub(super) price: Numeric,
    pub(super) distance: Numeric,
    pub(super) rate: Numeric,
}

impl OrderTable {
    /// Reads the orders of batches of one schema, for these bars; floats are taken under a policy.
    ///
    /// # Errors
    /// [`BatchError`] for a column that is not known, is missing, comes twice or is of a type that
    /// cannot be taken, and for the first cell of the first row that cannot be taken.
    ///
    /// # Examples
    /// ```
    /// use std::sync::Arc;
    ///
    /// use arrow_array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};
    /// use portfolio_core::batch::bars::BarTable;
    /// use portfolio_core::batch::orders::OrderTable;
    /// use portfolio_core::numbers::FloatPolicy;
    ///
    /// let time: ArrayRef = Arc::new(Int64Array::from(vec![0, 60]));
    /// let price: ArrayRef = Arc::new(Float64Array::from(vec![1.5, 1.25]));
    /// let columns = ["open", "high", "low", "close"].map(|name| (name, Arc::clone(&price)));
    /// let first = [("time", Arc::clone(&time))];
    /// let batch = RecordBatch::try_from_iter(first.into_iter().chain(columns)).unwrap();
    /// let (schema, batches) = (batch.schema(), [batch]);
    /// let bars = BarTable::read(&schema, &batches, FloatPolicy::Nearest, Some("EURUSD"))?;
    ///
    /// let action: ArrayRef = Arc::new(StringArray::from(vec!["close", "open"]));
    /// let side: ArrayRef = Arc::new(StringArray::from(vec![None, Some("long")]));
    /// let columns = [("time", time), ("action", action), ("side", side)];
    /// let batch = RecordBatch::try_from_iter(columns).unwrap();
    /// let (schema, batches) = (batch.schema(), [batch]);
    /// let read = OrderTable::read(&schema, &batches, &bars, FloatPolicy::Nearest);
    /// let place = read.unwrap_err().place();
    /// assert_eq!(place, "row 1, column size: null");
    /// # Ok::<(), Box<portfolio_core::batch::BatchError>>(())
    /// ```
    pub fn read(
        schema: &Schema,
        batches: &[RecordBatch],
        bars: &BarTable,
        floats: FloatPolicy,
    ) -> Result<Self, Box<BatchError>> {
        let (cells, runs) = order_cells::read(schema, batches, &bars.symbols, floats)?;
        let order = RowOrder::of(&cells.times, runs.as_deref());
        Ok(Self { order, cells })
    }

    /// The rows of each run, by `run_id`; all rows at once when the orders have no `run_id`.
    #[must_use]
    pub fn runs(&self) -> &[RunRows] {
        &self.order.runs
    }

    /// The number of rows.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.cells.times.len()
    }

    /// Whether there is no row.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.cells.times.is_empty()
    }

    /// The tag of the row at a place.
    pub(super) fn tag(&self, place: usize) -> &str {
        self.cells.tag.get(self.order.row(place))
    }

    /// The row at a place, without overrides.
    ///
    /// # Panics
    /// For a place behind the last row, which no run has.
    #[must_use]
    #[expect(clippy::indexing_slicing, reason = "a place that no run has is a broken invariant")]
    pub fn row(&self, place: usize) -> OrderRow<'_> {
        let row = self.order.row(place);
        let cells = &self.cells;
        let words = cells.words[row];
        let mut order = OrderRow {
            row: u64::try_from(row).unwrap_or(u64::MAX),
            time: cells.times[row],
            symbol: cells.symbols.get(row).copied().unwrap_or(0),
            action: words.action,
            side: words.side,
            size: cells.size.size(row),
            rule: words.rule,
            kind: words.kind,
            price: None,
            stop_loss: LevelGiven::Nothing,
            take_profit: LevelGiven::Nothing,
            trailing: LevelGiven::Nothing,
            break_even: None,
            break_even_offset: None,
            targets: &[],
            exit_time: None,
            expiry: None,
            oco: "",
            tag: cells.tag.get(row),
            if_flat: words.if_flat,
        };
        if matches!(words.action, Action::Open | Action::Modify) {
            cells.add_levels(row, &mut order);
        }
        if words.action == Action::Open {
            cells.add_entry(row, &mut order);
        }
        order
    }
}

impl OrderCells {
    /// What an open and a modify take.
    #[inline]
    fn add_levels(&self, row: usize, order: &mut OrderRow<'_>) {
        let is_open = order.action == Action::Open;
        let names = ["stop_loss_distance", "stop_loss_rate"];
        order.stop_loss = self.stop_loss.get(row, is_open, names);
        let names = ["take_profit_distance", "take_profit_rate"];
        order.take_profit = self.take_profit.get(row, is_open, names);
        order.trailing = self.trailing.get(row, is_open, ["trailing", "trailing_rate"]);
        order.break_even = self.break_even.price(row);
        order.break_even_offset = self.break_even_offset.price(row);
    }

    /// What only an open takes.
    #[inline]
    fn add_entry<'a>(&'a self, row: usize, order: &mut OrderRow<'a>) {
        let is_set = |price: &Price| !price.is_zero();
        order.price = self.price.price(row);
        order.break_even = order.break_even.filter(is_set);
        order.break_even_offset = order.break_even_offset.filter(is_set);
        order.targets = self.targets.get(row);
        order.exit_time = self.exit_time.get(row);
        order.expiry = self.expiry.get(row);
        order.oco = self.oco.get(row);
    }
}

impl Group {
    /// Where the level of a row is. In an open a stop loss, take profit or trailing at 0 is none.
    #[inline]
    fn get(&self, row: usize, is_open: bool, [distance, rate]: [&'static str; 2]) -> LevelGiven {
        let price = self.price.price(row).map(LevelGiven::Price);
        let price = price.filter(|price| !is_open || price.of_an_open() != LevelGiven::Nothing);
        let is_trailing = distance == "trailing";
        let kept = |given: &LevelGiven| {
            !(is_open && is_trailing) || given.trailing_of_an_open() != LevelGiven::Nothing
        };
        let second = self.distance.price(row).map(LevelGiven::Distance).filter(kept);
        let third = self.rate.raw(row).map(LevelGiven::Rate);
        match (price, second, third) {
            (None, None, None) => LevelGiven::Nothing,
            (Some(given), None, None) | (None, Some(given), None) | (None, None, Some(given)) => {
                given
            }
            (Some(_), Some(_), _) => LevelGiven::Twice(distance),
            (_, _, Some(_)) => LevelGiven::Twice(rate),
        }
    }
}
