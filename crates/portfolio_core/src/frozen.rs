//! The open positions as a snapshot.
//!
//! Columns that do not depend on marks are shared with the ledger and between snapshots until a
//! position is opened, closed or changed; mark prices and results are computed per snapshot.

use std::sync::{Arc, OnceLock};

use arrow_array::{ArrayRef, RecordBatch};
use arrow_buffer::Buffer;
use arrow_schema::ArrowError;

use crate::book::{Book, Holding};
use crate::columns::dense::{Column as Dense, buffer};
use crate::columns::positions::PositionColumns;
use crate::columns::schema::{Kind, POSITIONS, View};
use crate::columns::text::{TextBlocks, TextView};
use crate::event::Side;
use crate::export::{TableSnapshot, array};
use crate::ledger::Ledger;
use crate::numbers::{Money, Overflow, Price, Size, fixed9_to_f64, fixed18_to_f64};
use crate::positions::Position;

/// What the ledger keeps of its last snapshot, to share it with the next.
#[derive(Debug, Default)]
pub(crate) struct Last {
    statics: Option<Arc<Statics>>,
    /// The whole snapshot and after how many events it was made.
    whole: Option<(u64, FrozenPositions)>,
}

/// The open positions at one moment, from which a table is made in either view.
#[derive(Debug, Clone)]
pub struct FrozenPositions {
    statics: Arc<Statics>,
    marks: Arc<Computed>,
    results: Arc<Computed>,
    /// Cost and margin, where they follow rates and marks.
    moving: Option<[Arc<Computed>; 2]>,
}

/// The columns that do not depend on marks, in the order of the table; nothing where one does.
#[derive(Debug)]
struct Statics {
    columns: Vec<Option<Static>>,
    blocks: TextBlocks,
    rows: usize,
}

/// One such column; its arrays are made when first asked for.
#[derive(Debug)]
struct Static {
    kind: Kind,
    exact: Buffer,
    double: Buffer,
    exact_array: OnceLock<ArrayRef>,
    double_array: OnceLock<ArrayRef>,
}

/// A column of numbers that was computed; its doubles are made when first asked for.
#[derive(Debug)]
struct Computed {
    exact: Buffer,
    double: OnceLock<Buffer>,
    convert: fn(i128) -> f64,
}

impl Ledger {
    /// The open positions, valued at the marks, as they are now.
    ///
    /// # Errors
    /// [`Overflow`] when a position's value has more than 38 digits.
    pub fn freeze_positions(&mut self) -> Result<FrozenPositions, Overflow> {
        let events = self.account.events;
        match self.last_snapshot.whole.take() {
            Some((at, whole)) if at == events => {
                self.last_snapshot.whole = Some((at, whole.clone()));
                return Ok(whole);
            }
            _ => {}
        }
        let statics = self.static_columns();
        let (marks, results, moving) = if self.some_general() {
            let [marks, results, costs, margins] = self.value_rows_in_full()?;
            (marks, results, Some([costs, margins].map(|raw| Computed::new(raw, fixed18_to_f64))))
        } else {
            let (marks, results) = self.value_rows()?;
            (marks, results, None)
        };
        let frozen = FrozenPositions {
            statics,
            marks: Computed::new(marks, fixed9_to_f64),
            results: Computed::new(results, fixed18_to_f64),
            moving,
        };
        self.last_snapshot.whole = Some((events, frozen.clone()));
        Ok(frozen)
    }

    fn static_columns(&mut self) -> Arc<Statics> {
        let rows = self.positions.rows().len();
        let untouched = !self.positions.is_touched();
        match &self.last_snapshot.statics {
            Some(statics) if untouched && statics.rows == rows => return Arc::clone(statics),
            // Let go before the columns are brought up to date, so that none has to be copied.
            _ => self.last_snapshot.statics = None,
        }
        self.position_columns.sync(&mut self.positions, &self.books);
        let columns = statics_of(&mut self.position_columns);
        let blocks = self.texts.blocks().clone();
        let statics = Arc::new(Statics { columns, blocks, rows });
        self.last_snapshot.statics = Some(Arc::clone(&statics));
        statics
    }

    /// Mark price and result of each row in raw units, read from the dense columns.
    fn value_rows(&self) -> Result<(Vec<i128>, Vec<i128>), Overflow> {
        let columns = &self.position_columns;
        let rows = columns.size.values().len();
        let (mut marks, mut results) = (Vec::with_capacity(rows), Vec::with_capacity(rows));
        let held = columns.size.values().iter().zip(columns.cost.values());
        let whose = columns.symbol_index.values().iter().zip(columns.side.values());
        for ((&size, &cost), (&symbol, &side)) in held.zip(whose) {
            let (size, cost) = (Size::from_raw(size)?, Money::from_raw(cost)?);
            let short = side == TextView::SHORT.bits();
            let side = if short { Side::Short } else { Side::Long };
            let (_, mark, result) = self.value(symbol, side, size, cost)?;
            marks.push(mark.raw());
            results.push(result.raw());
        }
        Ok((marks, results))
    }

    /// Mark price, result, cost and margin of each row in raw units.
    fn value_rows_in_full(&self) -> Result<[Vec<i128>; 4], Overflow> {
        let rows = self.positions.rows();
        let mut columns = [(); 4].map(|()| Vec::with_capacity(rows.len()));
        for position in rows {
            let Valued { mark, unrealized, cost, margin, .. } = self.value_in_full(position)?;
            let cells = [mark.raw(), unrealized.raw(), cost.raw(), margin.raw()];
            columns.iter_mut().zip(cells).for_each(|(column, cell)| column.push(cell));
        }
        Ok(columns)
    }

    /// What a position is worth in account money, at its mark and the rates of now.
    pub(crate) fn value_in_full(&self, position: &Position) -> Result<Valued<'_>, Overflow> {
        let Position { symbol, side, size, cost, .. } = *position;
        let place = usize::try_from(symbol).unwrap_or(usize::MAX);
        let book = self.books.get(place).ok_or(Overflow)?;
        let (mark, rate) = (book.mark(side), self.profit_rate(book)?);
        let native = book.native_result(side, (size, cost), mark)?;
        let own = Holding { size, cost, unrealized: Money::ZERO };
        let (long, short) = match side {
            Side::Long => (own, Holding::default()),
            Side::Short => (Holding::default(), own),
        };
        let margin = self.margin_of(book, &long, &short)?.margin;
        let unrealized = native.at_rate(rate)?;
        Ok(Valued { book, mark, native, unrealized, cost: cost.at_rate(rate)?, margin })
    }

    #[inline]
    fn value(
        &self,
        symbol: u32,
        side: Side,
        size: Size,
        cost: Money,
    ) -> Result<(&Book, Price, Money), Overflow> {
        let place = usize::try_from(symbol).unwrap_or(usize::MAX);
        let book = self.books.get(place).ok_or(Overflow)?;
        let mark = book.mark(side);
        Ok((book, mark, book.result(side, size, cost, mark)?))
    }

    /// Each open position with what its symbol adds to it, in row order.
    ///
    /// # Errors
    /// [`Overflow`] when a position's value has more than 38 digits.
    pub fn valued_positions(&self) -> Result<Vec<ValuedPosition<'_>>, Overflow> {
        let value = |position: &Position| {
            let valued = self.value_in_full(position)?;
            let Valued { book, mark: mark_price, unrealized, cost, margin, .. } = valued;
            let symbol = book.instrument.symbol.as_str();
            let position = *position;
            Ok(ValuedPosition { position, symbol, mark_price, unrealized, cost, margin })
        };
        self.positions.rows().iter().map(value).collect()
    }
}

/// What a position is worth.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Valued<'l> {
    pub(crate) book: &'l Book,
    pub(crate) mark: Price,
    /// Its result before it is converted.
    pub(crate) native: Money,
    pub(crate) unrealized: Money,
    pub(crate) cost: Money,
    pub(crate) margin: Money,
}

/// An open position, valued.
#[derive(Debug, Clone, Copy)]
pub struct ValuedPosition<'l> {
    /// The position itself.
    pub position: Position,
    /// Name of its symbol.
    pub symbol: &'l str,
    /// The price it is valued at.
    pub mark_price: Price,
    /// Its result at that price.
    pub unrealized: Money,
    /// Its cost in account money.
    pub cost: Money,
    /// Margin of this position alone.
    pub margin: Money,
}

fn statics_of(columns: &mut PositionColumns) -> Vec<Option<Static>> {
    fn plain<T: Copy + arrow_buffer::ArrowNativeType>(column: &mut Dense<T>) -> (Buffer, Buffer) {
        let values = buffer(column.share());
        (values.clone(), values)
    }
    fn pair(exact: &mut Dense<i128>, double: &mut Dense<f64>) -> (Buffer, Buffer) {
        (buffer(exact.share()), buffer(double.share()))
    }
    let buffers = [
        Some(plain(&mut columns.position_id)),
        Some(plain(&mut columns.symbol)),
        Some(plain(&mut columns.side)),
        Some(pair(&mut columns.size, &mut columns.size_double)),
        Some(plain(&mut columns.entry_time)),
        Some(pair(&mut columns.entry_price, &mut columns.entry_price_double)),
        Some(pair(&mut columns.stop_loss, &mut columns.stop_loss_double)),
        Some(pair(&mut columns.take_profit, &mut columns.take_profit_double)),
        None,
        Some(pair(&mut columns.cost, &mut columns.cost_double)),
        None,
        Some(pair(&mut columns.margin, &mut columns.margin_double)),
        Some(pair(&mut columns.entry_fee, &mut columns.entry_fee_double)),
        Some(pair(&mut columns.swap, &mut columns.swap_double)),
        Some(plain(&mut columns.tag)),
    ];
    let kinds = POSITIONS.columns.iter().map(|column| column.kind);
    let column = |(kind, buffers): (Kind, Option<(Buffer, Buffer)>)| {
        let (exact, double) = buffers?;
        let (exact_array, double_array) = (OnceLock::new(), OnceLock::new());
        Some(Static { kind, exact, double, exact_array, double_array })
    };
    kinds.zip(buffers).map(column).collect()
}

impl Static {
    fn array(&self, view: View, statics: &Statics) -> ArrayRef {
        let (values, kept) = match view {
            View::Exact => (&self.exact, &self.exact_array),
            View::Float => (&self.double, &self.double_array),
        };
        let make = || array(self.kind, view, values.clone(), statics.rows, &statics.blocks);
        Arc::clone(kept.get_or_init(make))
    }
}

impl Computed {
    fn new(exact: Vec<i128>, convert: fn(i128) -> f64) -> Arc<Self> {
        Arc::new(Self { exact: Buffer::from_vec(exact), double: OnceLock::new(), convert })
    }

    fn values(&self, view: View) -> Buffer {
        if view == View::Exact {
            return self.exact.clone();
        }
        let compute = || {
            let exact = self.exact.typed_data::<i128>();
            Buffer::from_vec(exact.iter().map(|&raw| (self.convert)(raw)).collect::<Vec<f64>>())
        };
        self.double.get_or_init(compute).clone()
    }
}

impl FrozenPositions {
    /// The table in a view.
    ///
    /// # Errors
    /// Only when the columns contradict their schema, which is a bug.
    pub fn table(&self, view: View) -> Result<TableSnapshot, ArrowError> {
        let (schema, rows) = (POSITIONS.arrow(view), self.statics.rows);
        let pairs = POSITIONS.columns.iter().zip(&self.statics.columns);
        let moving = |name: &str| {
            let [costs, margins] = self.moving.as_ref()?;
            match name {
                "cost" => Some(costs),
                "margin" => Some(margins),
                _ => None,
            }
        };
        let arrays = pairs.map(|(column, part)| match (moving(column.name), part) {
            (Some(values), _) => {
                array(column.kind, view, values.values(view), rows, &self.statics.blocks)
            }
            (None, Some(part)) => part.array(view, &self.statics),
            (None, None) => {
                let mark = column.kind == Kind::Fixed9;
                let values = if mark { &self.marks } else { &self.results }.values(view);
                array(column.kind, view, values, rows, &self.statics.blocks)
            }
        });
        let batch = RecordBatch::try_new(Arc::clone(&schema), arrays.collect())?;
        Ok(TableSnapshot { name: POSITIONS.name, schema, batches: vec![batch], rows })
    }
}
