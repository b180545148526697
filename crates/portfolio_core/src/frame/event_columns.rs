//! The columns of the table of events while they are filled.
//!
//! A row has few of the cells that there may be, so only those are written; a column catches up
//! with the nulls that it missed when its next cell comes.

use std::sync::Arc;

use arrow_array::builder::{
    ArrayBuilder, Decimal128Builder, Float64Builder, StringViewBuilder,
    TimestampMicrosecondBuilder, UInt64Builder,
};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{ArrowError, Field, Schema};

use crate::columns::schema::{EVENT_COLUMNS, EVENT_COLUMNS_FILLED, EVENTS, Kind, View};
use crate::export::TableSnapshot;
use crate::numbers::{Money, Price, Size, fixed9_to_f64, fixed18_to_f64};

/// The places of the columns.
pub(super) mod at {
    use crate::columns::schema::EVENT_COLUMNS;

    #[expect(
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        clippy::panic,
        reason = "evaluated by the compiler, where each of them is a build error"
    )]
    const fn place(name: &str) -> usize {
        let mut place = 0;
        while place < EVENT_COLUMNS.len() {
            if same(EVENT_COLUMNS[place].name.as_bytes(), name.as_bytes()) {
                return place;
            }
            place += 1;
        }
        panic!("there is no such column")
    }

    #[expect(
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        reason = "evaluated by the compiler, where each of them is a build error"
    )]
    const fn same(left: &[u8], right: &[u8]) -> bool {
        let mut at = 0;
        while at < left.len() && at < right.len() && left[at] == right[at] {
            at += 1;
        }
        at == left.len() && at == right.len()
    }

    macro_rules! places {
        ($($constant:ident $name:literal)*) => {
            $(pub(in crate::frame) const $constant: usize = place($name);)*
        };
    }

    places! {
        EVENT "event" ACTION "action" TIME "time" SYMBOL "symbol" SIDE "side" SIZE "size"
        PRICE "price" BID "bid" ASK "ask" STOP_LOSS "stop_loss" TAKE_PROFIT "take_profit"
        POSITION_ID "position_id" FEE "fee" AMOUNT "amount" TAG "tag" REASON "reason"
        PRICE_DECIMALS "price_decimals" SIZE_DECIMALS "size_decimals"
        CONTRACT_SIZE "contract_size" LEVERAGE "leverage" QUOTE_CURRENCY "quote_currency"
        TERMS "terms" TRAILING "trailing" BREAK_EVEN "break_even"
        BREAK_EVEN_OFFSET "break_even_offset" TARGETS "targets" EXIT_TIME "exit_time"
        TYPE "type" EXPIRY "expiry" OCO "oco" ORDER_ID "order_id" OTHER_ID "other_id"
        OPEN "open" HIGH "high" LOW "low" CLOSE "close" SPREAD "spread" PATH "path"
        CURRENCY "currency" FROM_CURRENCY "from_currency" TO_CURRENCY "to_currency"
        RATE "rate" KIND "kind" LONG "long" SHORT "short" MULTIPLIER "multiplier"
        PAY_TIME "pay_time" NUMERATOR "numerator" DENOMINATOR "denominator"
    }
}

/// The rows so far; the last one is being filled.
pub(super) struct EventRows {
    columns: Vec<Cells>,
    rows: usize,
}

impl EventRows {
    pub(super) fn new(view: View) -> Self {
        let cells = |kind: Kind| match (kind, view) {
            (Kind::Count, _) => Cells::Count(UInt64Builder::new()),
            (Kind::Time, _) => Cells::Time(TimestampMicrosecondBuilder::new()),
            (Kind::Text, _) => Cells::Text(StringViewBuilder::new().with_deduplicate_strings()),
            (Kind::Money | Kind::Fixed9, View::Exact) => Cells::Exact(Decimal128Builder::new()),
            (Kind::Money, View::Float) => Cells::Float(Float64Builder::new(), fixed18_to_f64),
            (Kind::Fixed9, View::Float) => Cells::Float(Float64Builder::new(), fixed9_to_f64),
        };
        Self { columns: EVENT_COLUMNS.iter().map(|column| cells(column.kind)).collect(), rows: 0 }
    }

    /// Starts a row.
    pub(super) fn start(&mut self, number: u64, action: &str, time: Option<i64>) {
        self.rows = self.rows.wrapping_add(1);
        self.count(at::EVENT, number);
        self.text(at::ACTION, action);
        self.some_time(at::TIME, time);
    }

    pub(super) fn text(&mut self, place: usize, text: &str) {
        if let Some(Cells::Text(cells)) = self.next(place) {
            cells.append_value(text);
        }
    }

    pub(super) fn count(&mut self, place: usize, count: u64) {
        if let Some(Cells::Count(cells)) = self.next(place) {
            cells.append_value(count);
        }
    }

    pub(super) fn some_count(&mut self, place: usize, count: Option<u64>) {
        if let Some(count) = count {
            self.count(place, count);
        }
    }

    pub(super) fn some_time(&mut self, place: usize, time: Option<i64>) {
        if let Some(time) = time
            && let Some(Cells::Time(cells)) = self.next(place)
        {
            cells.append_value(time);
        }
    }

    /// A number by its raw units.
    pub(super) fn raw(&mut self, place: usize, raw: i128) {
        match self.next(place) {
            Some(Cells::Exact(cells)) => cells.append_value(raw),
            Some(Cells::Float(cells, mirror)) => cells.append_value(mirror(raw)),
            _ => {}
        }
    }

    pub(super) fn price(&mut self, place: usize, price: Price) {
        self.raw(place, price.raw());
    }

    pub(super) fn some_price(&mut self, place: usize, price: Option<Price>) {
        if let Some(price) = price {
            self.price(place, price);
        }
    }

    pub(super) fn size(&mut self, size: Option<Size>) {
        if let Some(size) = size {
            self.raw(at::SIZE, size.raw());
        }
    }

    pub(super) fn money(&mut self, place: usize, money: Money) {
        self.raw(place, money.raw());
    }

    /// A column whose next cell is that of the last row.
    fn next(&mut self, place: usize) -> Option<&mut Cells> {
        let cells = self.columns.get_mut(place)?;
        cells.fill_up(self.rows.wrapping_sub(1));
        Some(cells)
    }

    /// The table.
    pub(super) fn finish(self, view: View) -> Result<TableSnapshot, ArrowError> {
        let fields = EVENT_COLUMNS.iter().enumerate().map(|(place, column)| {
            let nullable = place >= EVENT_COLUMNS_FILLED;
            Field::new(column.name, column.kind.data_type(view), nullable)
        });
        let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        let columns = EVENT_COLUMNS.iter().zip(self.columns);
        let arrays = columns.map(|(column, mut cells)| {
            cells.fill_up(self.rows);
            let kind = column.kind.data_type(view);
            let array = cells.finish().to_data().into_builder().data_type(kind);
            array.build().map(arrow_array::make_array)
        });
        let batch = RecordBatch::try_new(Arc::clone(&schema), arrays.collect::<Result<_, _>>()?)?;
        Ok(TableSnapshot { name: EVENTS.name, schema, batches: vec![batch], rows: self.rows })
    }
}

/// A column that is being filled.
enum Cells {
    Count(UInt64Builder),
    Time(TimestampMicrosecondBuilder),
    Text(StringViewBuilder),
    Exact(Decimal128Builder),
    Float(Float64Builder, fn(i128) -> f64),
}

impl Cells {
    /// Appends nulls until there are so many cells.
    fn fill_up(&mut self, rows: usize) {
        let missing = |length: usize| rows.saturating_sub(length);
        match self {
            Self::Count(cells) => cells.append_nulls(missing(cells.len())),
            Self::Time(cells) => cells.append_nulls(missing(cells.len())),
            Self::Text(cells) => (0..missing(cells.len())).for_each(|_| cells.append_null()),
            Self::Exact(cells) => cells.append_nulls(missing(cells.len())),
            Self::Float(cells, _) => cells.append_nulls(missing(cells.len())),
        }
    }

    fn finish(self) -> ArrayRef {
        match self {
            Self::Count(mut cells) => ArrayBuilder::finish(&mut cells),
            Self::Time(mut cells) => ArrayBuilder::finish(&mut cells),
            Self::Text(mut cells) => ArrayBuilder::finish(&mut cells),
            Self::Exact(mut cells) => ArrayBuilder::finish(&mut cells),
            Self::Float(mut cells, _) => ArrayBuilder::finish(&mut cells),
        }
    }
}
