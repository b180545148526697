//! All accepted events as a frame, from their recorded bytes (rule E10).

use std::sync::Arc;

use arrow_array::builder::{
    ArrayBuilder, Decimal128Builder, Float64Builder, StringViewBuilder,
    TimestampMicrosecondBuilder, UInt64Builder,
};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{ArrowError, Field, Schema};

use crate::codec::Decoder;
use crate::columns::schema::{EVENT_COLUMNS, EVENT_COLUMNS_FILLED, EVENTS, Kind, View};
use crate::event::{Event, Level, Quote};
use crate::export::TableSnapshot;
use crate::instrument::Instrument;
use crate::ledger::Ledger;
use crate::ledger::decode::{QuotesKind, Recorded, RecordedEvents};
use crate::numbers::{Money, Price, Size, fixed9_to_f64, fixed18_to_f64};

impl Ledger {
    /// All accepted events in order. Applied to a fresh ledger of the same configuration they give
    /// the same digest (in the exact view).
    ///
    /// # Errors
    /// When an event has no row in a frame of events (orders, bars, quotes that are processed, and
    /// protection). When the recorded bytes are damaged, or the columns contradict their schema:
    /// bugs.
    pub fn events_table(&self, view: View) -> Result<TableSnapshot, ArrowError> {
        let mut rows = Rows::new(view);
        let (mut events, mut number, mut time) = (RecordedEvents::default(), 0_u64, 0_i64);
        let symbols = std::cell::OnceCell::new();
        let symbol_of = |id| symbols.get_or_init(|| self.position_symbols()).get(&id).copied();
        for chunk in self.event_chunks() {
            let mut decoder = Decoder(chunk);
            while !decoder.is_empty() {
                number = number.wrapping_add(1);
                let damaged = |_| {
                    ArrowError::ComputeError(format!("the bytes of event {number} are damaged"))
                };
                let recorded = events.next(&mut decoder, time, &symbol_of).map_err(damaged)?;
                time = rows.put(number, &recorded)?.unwrap_or(time);
            }
        }
        rows.finish(view)
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

/// The cells of one row by the place of their column; those that are left out are null.
#[derive(Default)]
struct Row<'a>([Option<Value<'a>>; EVENT_COLUMNS.len()]);

#[derive(Clone, Copy)]
enum Value<'a> {
    Count(u64),
    Time(i64),
    Text(&'a str),
    Raw(i128),
}

impl<'a> Row<'a> {
    fn with(mut self, name: &str, value: Option<Value<'a>>) -> Self {
        let place = EVENT_COLUMNS.iter().position(|column| column.name == name);
        if let Some(cell) = place.and_then(|place| self.0.get_mut(place)) {
            *cell = value;
        }
        self
    }

    fn text(self, name: &str, text: &'a str) -> Self {
        self.with(name, Some(Value::Text(text)))
    }

    fn count(self, name: &str, count: u64) -> Self {
        self.with(name, Some(Value::Count(count)))
    }

    fn size(self, name: &str, size: Size) -> Self {
        self.with(name, Some(Value::Raw(size.raw())))
    }

    fn price(self, name: &str, price: Option<Price>) -> Self {
        self.with(name, price.map(|price| Value::Raw(price.raw())))
    }

    fn level(self, name: &str, level: Level) -> Self {
        self.price(
            name,
            match level {
                Level::Keep => None,
                Level::Remove => Some(Price::ZERO),
                Level::Set(price) => Some(price),
            },
        )
    }

    fn money(self, name: &str, money: Money) -> Self {
        self.with(name, Some(Value::Raw(money.raw())))
    }
}

struct Rows {
    columns: Vec<Cells>,
    rows: usize,
}

impl Rows {
    fn new(view: View) -> Self {
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

    /// Puts the rows of an event and answers its time.
    fn put(&mut self, number: u64, recorded: &Recorded<'_>) -> Result<Option<i64>, ArrowError> {
        let other = || ArrowError::InvalidArgumentError(format!("event {number} has no row"));
        match recorded {
            Recorded::Event(event) => {
                let (time, row) = row_of(event).ok_or_else(other)?;
                self.append(number, time, row);
                Ok(time)
            }
            Recorded::Bars { .. } => Err(other()),
            Recorded::Quotes { kind, time, quotes } => {
                let action = match kind {
                    QuotesKind::Mark => "mark",
                    QuotesKind::Update => "update",
                    QuotesKind::Process => return Err(other()),
                };
                if quotes.is_empty() {
                    self.append(number, Some(*time), Row::default().text("action", action));
                }
                for Quote { symbol, bid, ask } in quotes {
                    let row = Row::default().text("action", action).text("symbol", symbol);
                    let row = row.price("bid", Some(*bid)).price("ask", Some(*ask));
                    self.append(number, Some(*time), row);
                }
                Ok(Some(*time))
            }
        }
    }

    fn append(&mut self, number: u64, time: Option<i64>, row: Row<'_>) {
        let row = row.count("event", number).with("time", time.map(Value::Time));
        for (cells, value) in self.columns.iter_mut().zip(row.0) {
            cells.append(value);
        }
        self.rows = self.rows.wrapping_add(1);
    }

    fn finish(self, view: View) -> Result<TableSnapshot, ArrowError> {
        let fields = EVENT_COLUMNS.iter().enumerate().map(|(place, column)| {
            let nullable = place >= EVENT_COLUMNS_FILLED;
            Field::new(column.name, column.kind.data_type(view), nullable)
        });
        let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        let columns = EVENT_COLUMNS.iter().zip(self.columns);
        let arrays = columns.map(|(column, cells)| {
            let array = cells.finish();
            let kind = column.kind.data_type(view);
            array.to_data().into_builder().data_type(kind).build().map(arrow_array::make_array)
        });
        let batch = RecordBatch::try_new(Arc::clone(&schema), arrays.collect::<Result<_, _>>()?)?;
        Ok(TableSnapshot { name: EVENTS.name, schema, batches: vec![batch], rows: self.rows })
    }
}

impl Cells {
    fn append(&mut self, value: Option<Value<'_>>) {
        match (self, value) {
            (Self::Count(cells), Some(Value::Count(value))) => cells.append_value(value),
            (Self::Count(cells), _) => cells.append_null(),
            (Self::Time(cells), Some(Value::Time(value))) => cells.append_value(value),
            (Self::Time(cells), _) => cells.append_null(),
            (Self::Text(cells), Some(Value::Text(value))) => cells.append_value(value),
            (Self::Text(cells), _) => cells.append_null(),
            (Self::Exact(cells), Some(Value::Raw(value))) => cells.append_value(value),
            (Self::Exact(cells), _) => cells.append_null(),
            (Self::Float(cells, mirror), Some(Value::Raw(value))) => {
                cells.append_value(mirror(value));
            }
            (Self::Float(cells, _), _) => cells.append_null(),
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

/// Time and cells of an event that is no quote, if it has a row.
fn row_of<'a>(event: &'a Event<'_>) -> Option<(Option<i64>, Row<'a>)> {
    let row = Row::default();
    Some(match event {
        Event::RegisterInstrument(instrument) => (None, register_row(instrument)),
        Event::Open(open) if open.protection.is_none() => {
            let row = row.text("action", "open").text("symbol", open.symbol);
            let row = row.text("side", open.side.name()).size("size", open.size);
            let row = row.price("price", Some(open.price)).price("stop_loss", open.stop_loss);
            let row = row
                .price("take_profit", open.take_profit)
                .money("fee", open.fee.unwrap_or(Money::ZERO));
            let row =
                row.with("position_id", open.position_id.filter(|&id| id != 0).map(Value::Count));
            (Some(open.time), row.text("tag", open.tag))
        }
        Event::Close(close) => {
            let row = row.text("action", "close").count("position_id", close.position_id);
            let row = row.with("size", close.size.map(|size| Value::Raw(size.raw())));
            let row = row
                .price("price", Some(close.price))
                .money("fee", close.fee.unwrap_or(Money::ZERO));
            (Some(close.time), row.text("reason", close.reason))
        }
        Event::Modify(modify) => {
            let row = row.text("action", "modify").count("position_id", modify.position_id);
            let row = row.level("stop_loss", modify.stop_loss);
            (Some(modify.time), row.level("take_profit", modify.take_profit))
        }
        Event::Fee(fee) => {
            let row = row.text("action", "fee").money("fee", fee.amount);
            (Some(fee.time), row.with("position_id", fee.position_id.map(Value::Count)))
        }
        Event::Deposit(cash) => {
            (Some(cash.time), row.text("action", "deposit").money("amount", cash.amount))
        }
        Event::Withdraw(cash) => {
            (Some(cash.time), row.text("action", "withdraw").money("amount", cash.amount))
        }
        Event::CloseBy(close) => {
            let row = row.text("action", "close_by").count("position_id", close.position_id);
            let row = row.with("size", close.size.map(|size| Value::Raw(size.raw())));
            (Some(close.time), row.money("fee", close.fee.unwrap_or(Money::ZERO)))
        }
        Event::Convert(convert) => {
            (Some(convert.time), row.text("action", "convert").money("amount", convert.amount))
        }
        Event::ChargeSwap(swap) => {
            (Some(swap.time), row.text("action", "swap").text("symbol", swap.symbol))
        }
        Event::Rollover(rollover) => {
            (Some(rollover.time), row.text("action", "rollover").text("symbol", rollover.symbol))
        }
        Event::Dividend(dividend) => {
            let row = row.text("action", "dividend").text("symbol", dividend.symbol);
            (Some(dividend.time), row.price("price", Some(dividend.amount)))
        }
        Event::Split(split) => {
            (Some(split.time), row.text("action", "split").text("symbol", split.symbol))
        }
        Event::Mark(marks) => (marks.time, row.text("action", "mark")),
        Event::UpdateEquity(marks) => (marks.time, row.text("action", "update")),
        Event::Open(_)
        | Event::PlaceOrder(_)
        | Event::CancelOrder(_)
        | Event::Bar(_)
        | Event::Quotes(_) => return None,
    })
}

fn register_row(instrument: &Instrument) -> Row<'_> {
    let quote = instrument.quote_currency.as_ref().map(|currency| Value::Text(currency.code()));
    Row::default()
        .text("action", "register")
        .text("symbol", &instrument.symbol)
        .count("price_decimals", u64::from(instrument.price_decimals))
        .count("size_decimals", u64::from(instrument.size_decimals))
        .with("contract_size", Some(Value::Raw(instrument.contract.raw())))
        .with("leverage", instrument.leverage.map(Value::Raw))
        .with("quote_currency", quote)
}
