//! Resting orders and protection as a table (rule Q6), made when somebody asks.

use std::sync::Arc;

use arrow_array::builder::StringViewBuilder;
use arrow_array::{
    ArrayRef, Decimal128Array, Float64Array, RecordBatch, TimestampMicrosecondArray, UInt64Array,
};
use arrow_schema::{ArrowError, Field, Schema};

use crate::columns::schema::{Kind, ORDERS, View};
use crate::event::{OrderKind, Side};
use crate::export::TableSnapshot;
use crate::ledger::Ledger;
use crate::numbers::{Price, Size, fixed9_to_f64};
use crate::positions::Position;

/// A row of the table.
struct Row {
    order_id: u64,
    position_id: u64,
    symbol: String,
    side: Side,
    kind: &'static str,
    price: Price,
    size: Size,
    time: Option<i64>,
    oco: String,
    tag: String,
}

impl Ledger {
    /// The resting orders by number.
    pub fn orders_resting(&self) -> impl Iterator<Item = &super::Order> {
        self.orders.iter()
    }

    /// How often a bar did not say what came first (rule G9).
    #[must_use]
    pub fn ambiguous_count(&self) -> u64 {
        self.orders.ambiguous
    }

    /// Resting orders by number, then the protection of each position by its number.
    ///
    /// # Errors
    /// When the columns contradict their schema, which is a bug.
    pub fn orders(&self, view: View) -> Result<TableSnapshot, ArrowError> {
        let mut rows: Vec<Row> = self.orders.iter().map(|order| self.order_row(order)).collect();
        let mut positions: Vec<&Position> = self.positions.rows().iter().collect();
        positions.sort_unstable_by_key(|position| position.position_id);
        for position in positions {
            self.protection_rows(position, &mut rows);
        }
        table(&rows, view)
    }

    fn symbol_name(&self, symbol: u32) -> String {
        let place = usize::try_from(symbol).unwrap_or(usize::MAX);
        self.books.get(place).map(|book| book.instrument.symbol.clone()).unwrap_or_default()
    }

    fn order_row(&self, order: &super::Order) -> Row {
        Row {
            order_id: order.order_id,
            position_id: 0,
            symbol: self.symbol_name(order.symbol),
            side: order.side,
            kind: match order.kind {
                OrderKind::Market => "market",
                OrderKind::Limit(_) => "limit",
                OrderKind::Stop(_) => "stop",
            },
            price: order.price(),
            size: order.size,
            time: order.expiry,
            oco: order.group.as_deref().unwrap_or_default().to_owned(),
            tag: self.text(order.tag),
        }
    }

    fn protection_rows(&self, position: &Position, rows: &mut Vec<Row>) {
        let mut put = |kind, price, size, time| {
            rows.push(Row {
                order_id: 0,
                position_id: position.position_id,
                symbol: self.symbol_name(position.symbol),
                side: position.side,
                kind,
                price,
                size,
                time,
                oco: String::new(),
                tag: self.text(position.tag),
            });
        };
        let levels = [("stop_loss", position.stop_loss), ("take_profit", position.take_profit)];
        for (kind, level) in levels.into_iter().filter(|(_, level)| level.is_positive()) {
            put(kind, level, position.size, None);
        }
        let Some(protected) = self.protections.get(position.protection) else { return };
        for target in &protected.targets {
            put("target", target.price, target.size, None);
        }
        if let Some(distance) = protected.trailing {
            put("trailing", distance, position.size, None);
        }
        if let Some(break_even) = protected.break_even {
            put("break_even", break_even.trigger, position.size, None);
        }
        if let Some(time) = protected.exit_time {
            put("exit_time", Price::ZERO, position.size, Some(time));
        }
    }
}

fn table(rows: &[Row], view: View) -> Result<TableSnapshot, ArrowError> {
    let fields = ORDERS.columns.iter().map(|column| {
        Field::new(column.name, column.kind.data_type(view), column.kind == Kind::Time)
    });
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let count = |cell: fn(&Row) -> u64| -> ArrayRef {
        Arc::new(UInt64Array::from_iter_values(rows.iter().map(cell)))
    };
    let text = |cell: fn(&Row) -> &str| -> ArrayRef {
        let mut cells = StringViewBuilder::new();
        for row in rows {
            cells.append_value(cell(row));
        }
        Arc::new(cells.finish())
    };
    let fixed = |cell: fn(&Row) -> i128| -> ArrayRef {
        let raws = rows.iter().map(cell);
        match view {
            View::Exact => Arc::new(
                Decimal128Array::from_iter_values(raws)
                    .with_data_type(Kind::Fixed9.data_type(view)),
            ),
            View::Float => Arc::new(Float64Array::from_iter_values(raws.map(fixed9_to_f64))),
        }
    };
    let times: TimestampMicrosecondArray = rows.iter().map(|row| row.time).collect();
    let columns = vec![
        count(|row| row.order_id),
        count(|row| row.position_id),
        text(|row| &row.symbol),
        text(|row| row.side.name()),
        text(|row| row.kind),
        fixed(|row| row.price.raw()),
        fixed(|row| row.size.raw()),
        Arc::new(times.with_timezone("UTC")),
        text(|row| &row.oco),
        text(|row| &row.tag),
    ];
    let batch = RecordBatch::try_new(Arc::clone(&schema), columns)?;
    Ok(TableSnapshot { name: ORDERS.name, schema, batches: vec![batch], rows: rows.len() })
}
