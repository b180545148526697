//! The trades of runs that follow each other.

use std::sync::Arc;

use arrow_array::{ArrayRef, UInt64Array};
use arrow_buffer::ScalarBuffer;
use arrow_schema::{Field, SchemaRef};
use hashbrown::HashMap;

use super::{Rows, Shape, numbers, run_ids, schema_of, text_array, times};
use crate::batch::outcome::{Numbers, TRADE_NUMBERS, TradeColumns, append};
use crate::batch::pool::Stopped;
use crate::columns::schema::{Column, Kind, TRADE_COLUMNS};
use crate::columns::text::{TextPool, TextView};
use crate::event::Side;

/// Runs and their trades, put together when a chunk is closed.
#[derive(Debug, Default)]
pub(super) struct TradeRows {
    runs: Vec<(u32, TradeColumns)>,
    rows: usize,
}

impl TradeRows {
    /// The trades of a run.
    pub(super) fn of(run_id: u32, columns: TradeColumns) -> Self {
        let rows = columns.len();
        let runs = if rows > 0 { vec![(run_id, columns)] } else { Vec::new() };
        Self { runs, rows }
    }

    /// A column of all runs; handed over as it is when there is only one.
    fn column<T: Copy>(&mut self, of: impl Fn(&mut TradeColumns) -> &mut Vec<T>) -> Vec<T> {
        if let [(_, only)] = self.runs.as_mut_slice() {
            return std::mem::take(of(only));
        }
        let mut column = Vec::with_capacity(self.rows);
        for (_, columns) in &mut self.runs {
            column.extend_from_slice(of(columns));
        }
        column
    }

    /// The same of texts, as views in a pool.
    fn texts(
        &self,
        pool: &mut TextPool,
        of: impl Fn(&TradeColumns) -> &[u32],
    ) -> Result<ScalarBuffer<u128>, Stopped> {
        let mut column = Vec::with_capacity(self.rows);
        let mut known: HashMap<&str, u128> = HashMap::new();
        for (_, columns) in &self.runs {
            let mut views = Vec::with_capacity(columns.words.texts().len());
            for text in columns.words.texts() {
                let view = match known.get(text.as_str()) {
                    Some(view) => *view,
                    None => *known.entry(text).or_insert(pool.view(text)?.bits()),
                };
                views.push(view);
            }
            let view = |word: &u32| {
                let view = usize::try_from(*word).ok().and_then(|word| views.get(word));
                view.copied().unwrap_or_default()
            };
            column.extend(of(columns).iter().map(view));
        }
        Ok(ScalarBuffer::from(column))
    }

    /// A column of numbers of all runs, in the same way.
    fn numbers(&mut self, place: usize, exact: bool) -> Numbers {
        let taken = |(_, columns): &mut (u32, TradeColumns)| {
            let column = columns.numbers.get_mut(place)?;
            Some(std::mem::replace(column, Numbers::new(exact)))
        };
        Numbers::joined(exact, self.rows, self.runs.iter_mut().filter_map(taken).collect())
    }
}

impl Rows for TradeRows {
    const NAME: &'static str = "trades";
    const CHUNK: usize = 4_096;

    fn new(_: &Shape<'_>) -> Self {
        Self::default()
    }

    fn len(&self) -> usize {
        self.rows
    }

    fn append(&mut self, more: Self) {
        self.rows = self.rows.saturating_add(more.rows);
        append(&mut self.runs, more.runs);
    }

    fn schema(shape: &Shape<'_>) -> SchemaRef {
        let view = shape.view();
        let field = |column: &Column| Field::new(column.name, column.kind.data_type(view), false);
        schema_of(TRADE_COLUMNS.iter().map(field))
    }

    fn arrays(mut self, shape: &Shape<'_>) -> Result<Vec<ArrayRef>, Stopped> {
        let mut pool = TextPool::default();
        let symbols = self.texts(&mut pool, |columns| &columns.symbol)?;
        let tags = self.texts(&mut pool, |columns| &columns.tag)?;
        let reasons = self.texts(&mut pool, |columns| &columns.reason)?;
        let words = |views| -> ArrayRef { Arc::new(text_array(&pool, views)) };
        let ids = |ids: Vec<u64>| -> ArrayRef {
            Arc::new(UInt64Array::new(ScalarBuffer::from(ids), None))
        };
        let side = |side: &Side| match side {
            Side::Long => TextView::LONG.bits(),
            Side::Short => TextView::SHORT.bits(),
        };
        let sides = self.runs.iter().flat_map(|(_, columns)| columns.side.iter().map(side));
        let runs = self.runs.iter().map(|(run_id, columns)| (*run_id, columns.len()));
        let runs = run_ids(runs, self.rows);
        let sides = words(sides.collect());
        let mut arrays = vec![
            runs,
            ids(self.column(|columns| &mut columns.trade_id)),
            ids(self.column(|columns| &mut columns.position_id)),
            words(symbols),
            sides,
        ];
        let (mut tag, mut reason) = (Some(tags), Some(reasons));
        let entries = self.column(|columns| &mut columns.entry_time);
        let exits = self.column(|columns| &mut columns.exit_time);
        let mut moments = [entries, exits].into_iter();
        let mut places = 0..TRADE_NUMBERS.len();
        for column in TRADE_COLUMNS.iter().skip(4) {
            let array = match column.kind {
                Kind::Time => moments.next().map(|column| times(ScalarBuffer::from(column), None)),
                Kind::Text if column.name == "tag" => tag.take().map(words),
                Kind::Text => reason.take().map(words),
                kind => places
                    .next()
                    .map(|place| numbers(kind, self.numbers(place, shape.keep.exact), None)),
            };
            arrays.extend(array);
        }
        Ok(arrays)
    }
}
