//! What the runs are in the end, and what was rejected.

use std::sync::Arc;

use arrow_array::{ArrayRef, StringViewArray, UInt64Array};
use arrow_buffer::{NullBuffer, ScalarBuffer};
use arrow_schema::{DataType, Field, SchemaRef};

use super::{Rows, Shape, numbers, own_ids, schema_of, text_array, texts, times};
use crate::batch::outcome::{FinalState, Numbers, Rejected, append};
use crate::batch::pool::Stopped;
use crate::columns::schema::{Kind, View};
use crate::columns::text::TextPool;
use crate::numbers::Money;

#[derive(Debug)]
pub(super) struct FinalRows {
    run_id: Vec<u32>,
    states: Vec<FinalState>,
}

/// The counts of a state.
type Count = (&'static str, fn(&FinalState) -> u64);

const COUNTS: [Count; 5] = [
    ("event_count", |state| state.event_count),
    ("trade_count", |state| state.trade_count),
    ("open_count", |state| state.open_count),
    ("order_count", |state| state.order_count),
    ("ambiguous_count", |state| state.ambiguous_count),
];

/// The amounts of a state.
type Amount = (&'static str, fn(&FinalState) -> Money);

const AMOUNTS: [Amount; 6] = [
    ("balance", |state| state.balance),
    ("equity", |state| state.equity),
    ("unrealized_pnl", |state| state.unrealized),
    ("realized_pnl", |state| state.realized),
    ("margin_used", |state| state.margin_used),
    ("free_margin", |state| state.free_margin),
];

impl FinalRows {
    pub(super) fn add(&mut self, run_id: u32, state: FinalState) {
        self.run_id.push(run_id);
        self.states.push(state);
    }
}

impl Rows for FinalRows {
    const NAME: &'static str = "final";
    const CHUNK: usize = 65_536;

    fn new(_: &Shape<'_>) -> Self {
        Self { run_id: Vec::new(), states: Vec::new() }
    }

    fn len(&self) -> usize {
        self.run_id.len()
    }

    fn append(&mut self, more: Self) {
        append(&mut self.run_id, more.run_id);
        append(&mut self.states, more.states);
    }

    fn schema(shape: &Shape<'_>) -> SchemaRef {
        let money = Kind::Money.data_type(shape.view());
        let count = |(name, _): &Count| Field::new(*name, DataType::UInt64, false);
        let amount = |(name, _): &Amount| Field::new(*name, money.clone(), false);
        let fields = [Field::new("status", DataType::Utf8View, false)].into_iter();
        let fields = fields.chain(COUNTS.iter().map(count)).chain(AMOUNTS.iter().map(amount));
        let level = Field::new("margin_level", money.clone(), true);
        schema_of(fields.chain([level, Field::new("digest", DataType::Utf8View, true)]))
    }

    fn arrays(self, shape: &Shape<'_>) -> Result<Vec<ArrayRef>, Stopped> {
        let states = &self.states;
        let mut pool = TextPool::default();
        let status = |state: &FinalState| if state.failed { "failed" } else { "ok" };
        let status = texts(&mut pool, states.iter().map(status))?;
        let digest = |state: &'_ FinalState| state.digest.clone().unwrap_or_default();
        let digests: Vec<String> = states.iter().map(digest).collect();
        let digests = texts(&mut pool, digests.iter().map(String::as_str))?;
        let mut arrays = vec![own_ids(self.run_id), text_column(&pool, status, None)];
        for (_, count) in COUNTS {
            arrays.push(Arc::new(UInt64Array::from_iter_values(states.iter().map(count))));
        }
        let exact = shape.view() == View::Exact;
        for (_, amount) in AMOUNTS {
            let mut column = Numbers::new(exact);
            for state in states {
                column.push_money(amount(state).raw());
            }
            arrays.push(numbers(Kind::Money, column, None));
        }
        let mut levels = Numbers::new(exact);
        for state in states {
            levels.push_money(state.margin_level.unwrap_or_default().raw());
        }
        let known = states.iter().map(|state| state.margin_level.is_some());
        arrays.push(numbers(Kind::Money, levels, Some(known.collect())));
        let known = states.iter().map(|state| state.digest.is_some());
        arrays.push(text_column(&pool, digests, Some(known.collect())));
        Ok(arrays)
    }
}

fn text_column(pool: &TextPool, views: ScalarBuffer<u128>, nulls: Option<NullBuffer>) -> ArrayRef {
    let (views, blocks, _) = text_array(pool, views).into_parts();
    Arc::new(StringViewArray::new(views, blocks, nulls))
}

#[derive(Debug)]
pub(super) struct RejectedRows {
    run_id: Vec<u32>,
    rows: Vec<Rejected>,
}

impl RejectedRows {
    pub(super) fn add(&mut self, run_id: u32, rows: Vec<Rejected>) {
        self.run_id.resize(self.run_id.len().saturating_add(rows.len()), run_id);
        append(&mut self.rows, rows);
    }
}

impl Rows for RejectedRows {
    const NAME: &'static str = "rejected";
    const CHUNK: usize = 65_536;

    fn new(_: &Shape<'_>) -> Self {
        Self { run_id: Vec::new(), rows: Vec::new() }
    }

    fn len(&self) -> usize {
        self.run_id.len()
    }

    fn append(&mut self, more: Self) {
        append(&mut self.run_id, more.run_id);
        append(&mut self.rows, more.rows);
    }

    fn schema(_: &Shape<'_>) -> SchemaRef {
        let text = |name| Field::new(name, DataType::Utf8View, false);
        schema_of([
            Field::new("row", DataType::UInt64, true),
            Field::new("time", Kind::Time.data_type(View::Exact), false),
            text("symbol"),
            text("action"),
            Field::new("code", DataType::UInt64, false),
            text("error"),
            text("argument"),
            text("message"),
        ])
    }

    fn arrays(self, shape: &Shape<'_>) -> Result<Vec<ArrayRef>, Stopped> {
        let rows = &self.rows;
        let mut pool = TextPool::default();
        let symbol = |row: &Rejected| {
            let symbol = row.symbol.and_then(|symbol| usize::try_from(symbol).ok());
            symbol.and_then(|symbol| shape.symbols.get(symbol)).map_or("", String::as_str)
        };
        let symbols = texts(&mut pool, rows.iter().map(symbol))?;
        let actions = texts(&mut pool, rows.iter().map(|row| row.action))?;
        let names: Vec<String> = rows.iter().map(|row| format!("{:?}", row.code)).collect();
        let names = texts(&mut pool, names.iter().map(String::as_str))?;
        let arguments = texts(&mut pool, rows.iter().map(|row| row.argument))?;
        let messages: Vec<String> = rows.iter().map(ToString::to_string).collect();
        let messages = texts(&mut pool, messages.iter().map(String::as_str))?;
        let code = |row: &Rejected| u64::from(row.code.number());
        let text = |views| -> ArrayRef { text_column(&pool, views, None) };
        Ok(vec![
            own_ids(self.run_id),
            Arc::new(rows.iter().map(|row| row.row).collect::<UInt64Array>()),
            times(rows.iter().map(|row| row.time).collect(), None),
            text(symbols),
            text(actions),
            Arc::new(UInt64Array::from_iter_values(rows.iter().map(code))),
            text(names),
            text(arguments),
            text(messages),
        ])
    }
}
