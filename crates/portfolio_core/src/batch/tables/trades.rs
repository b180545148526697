//! The trades of runs that follow each other.

use std::sync::Arc;

use arrow_array::{ArrayRef, UInt64Array};
use arrow_buffer::ScalarBuffer;
use arrow_schema::{Field, SchemaRef};

use super::{Rows, Shape, numbers, run_ids, schema_of, text_array, texts, times};
use crate::batch::outcome::{Numbers, TradeColumns, append};
use crate::batch::pool::Stopped;
use crate::columns::schema::{Column, Kind, TRADE_COLUMNS};
use crate::columns::text::{TextPool, TextView};
use crate::event::Side;

#[derive(Debug)]
pub(super) struct TradeRows {
    run_id: Vec<u32>,
    columns: TradeColumns,
}

impl TradeRows {
    /// The trades of a run.
    pub(super) fn of(run_id: u32, columns: TradeColumns) -> Self {
        Self { run_id: vec![run_id; columns.len()], columns }
    }

    fn put(&mut self, more: TradeColumns) {
        let columns = &mut self.columns;
        if columns.is_empty() {
            *columns = more;
            return;
        }
        // The texts have other places here.
        let mut places = Vec::with_capacity(more.words.texts().len());
        places.extend(more.words.texts().iter().map(|text| columns.words.place(text)));
        let place = |word: u32| {
            let place = usize::try_from(word).ok().and_then(|word| places.get(word));
            place.copied().unwrap_or(u32::MAX)
        };
        columns.symbol.extend(more.symbol.into_iter().map(place));
        columns.tag.extend(more.tag.into_iter().map(place));
        columns.reason.extend(more.reason.into_iter().map(place));
        append(&mut columns.trade_id, more.trade_id);
        append(&mut columns.position_id, more.position_id);
        append(&mut columns.side, more.side);
        append(&mut columns.entry_time, more.entry_time);
        append(&mut columns.exit_time, more.exit_time);
        for (column, more) in columns.numbers.iter_mut().zip(more.numbers) {
            column.append(more);
        }
    }
}

impl Rows for TradeRows {
    const NAME: &'static str = "trades";
    const CHUNK: usize = 4_096;

    fn new(shape: &Shape<'_>) -> Self {
        Self { run_id: Vec::new(), columns: TradeColumns::new(shape.keep.exact) }
    }

    fn len(&self) -> usize {
        self.run_id.len()
    }

    fn append(&mut self, more: Self) {
        append(&mut self.run_id, more.run_id);
        self.put(more.columns);
    }

    fn schema(shape: &Shape<'_>) -> SchemaRef {
        let view = shape.view();
        let field = |column: &Column| Field::new(column.name, column.kind.data_type(view), false);
        schema_of(TRADE_COLUMNS.iter().map(field))
    }

    fn arrays(self, _: &Shape<'_>) -> Result<Vec<ArrayRef>, Stopped> {
        let columns = self.columns;
        let mut pool = TextPool::default();
        let words = texts(&mut pool, columns.words.texts().iter().map(String::as_str))?;
        let words = |places: Vec<u32>| -> ArrayRef {
            let word = |place: u32| {
                let view = usize::try_from(place).ok().and_then(|place| words.get(place));
                view.copied().unwrap_or_default()
            };
            Arc::new(text_array(&pool, places.into_iter().map(word).collect()))
        };
        let ids = |ids: Vec<u64>| -> ArrayRef {
            Arc::new(UInt64Array::new(ScalarBuffer::from(ids), None))
        };
        let side = |side: Side| match side {
            Side::Long => TextView::LONG.bits(),
            Side::Short => TextView::SHORT.bits(),
        };
        let sides = columns.side.into_iter().map(side).collect();
        let mut arrays = vec![
            run_ids(self.run_id),
            ids(columns.trade_id),
            ids(columns.position_id),
            words(columns.symbol),
            Arc::new(text_array(&pool, sides)),
        ];
        let (mut tag, mut reason) = (Some(columns.tag), Some(columns.reason));
        let mut moments = [columns.entry_time, columns.exit_time].into_iter();
        let mut values = columns.numbers.into_iter();
        for column in TRADE_COLUMNS.iter().skip(4) {
            let array = match column.kind {
                Kind::Time => moments.next().map(|column| times(ScalarBuffer::from(column), None)),
                Kind::Text if column.name == "tag" => tag.take().map(words),
                Kind::Text => reason.take().map(words),
                kind => values.next().map(|column: Numbers| numbers(kind, column, None)),
            };
            arrays.extend(array);
        }
        Ok(arrays)
    }
}
