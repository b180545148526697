//! From the outcomes of many runs to Arrow tables (rule R10).
//!
//! Columns are plain vectors until a chunk is full. A chunk ends where a run ends; where, depends
//! on nothing but the rows, so the chunks are the same for any number of threads. The vectors of a
//! chunk that is filled at once are handed over without a copy, and the times of the equity
//! history, which are the same for every run, are shared.

mod equity;
mod metrics;
mod states;
mod trades;

use std::sync::Arc;

use arrow_array::{
    ArrayRef, Decimal128Array, Float64Array, RecordBatch, StringViewArray,
    TimestampMicrosecondArray, UInt32Array,
};
use arrow_buffer::{NullBuffer, ScalarBuffer};
use arrow_schema::{DataType, Field, Schema, SchemaRef};

use super::outcome::{Keep, Numbers, Outcome, Recorded};
use super::pool::Stopped;
use crate::columns::schema::{Kind, View};
use crate::columns::text::TextPool;
use crate::export::TableSnapshot;
use equity::{EQUITY_CHUNK, EquityRows};
use metrics::MetricRows;
use states::{FinalRows, RejectedRows};
use trades::TradeRows;

/// The tables of some runs.
#[derive(Debug, Clone)]
pub struct Tables {
    /// The equity histories.
    pub equity: TableSnapshot,
    /// The trades.
    pub trades: TableSnapshot,
    /// A row of metrics a run.
    pub metrics: TableSnapshot,
    /// A row a run: what it is in the end.
    pub finals: TableSnapshot,
    /// What was rejected.
    pub rejected: TableSnapshot,
    /// How many runs are in: all that were asked for, unless they were cancelled.
    pub done: usize,
}

/// What the tables look like.
#[derive(Debug)]
pub(super) struct Shape<'k> {
    pub(super) keep: &'k Keep,
    /// The moments whose equity is kept.
    pub(super) recorded: &'k Recorded,
    /// Their times, again and again, enough for every chunk.
    times: ScalarBuffer<i64>,
    /// The symbols of the bars.
    symbols: &'k [String],
}

impl<'k> Shape<'k> {
    /// The shape of tables whose parts have at most so many runs.
    pub(super) fn new(
        keep: &'k Keep,
        recorded: &'k Recorded,
        symbols: &'k [String],
        part: usize,
    ) -> Self {
        let own = recorded.times.len();
        // Runs that do not fill a chunk, and then a part.
        let before = EQUITY_CHUNK.saturating_sub(1).checked_div(own).unwrap_or(0);
        let runs = before.saturating_add(part);
        Self { keep, recorded, times: ScalarBuffer::from(recorded.times.repeat(runs)), symbols }
    }

    const fn view(&self) -> View {
        if self.keep.exact { View::Exact } else { View::Float }
    }
}

/// Rows of a table, column by column.
trait Rows: Sized {
    /// The name of the table.
    const NAME: &'static str;
    /// So many rows are a chunk.
    const CHUNK: usize;

    fn new(shape: &Shape<'_>) -> Self;
    fn len(&self) -> usize;
    fn append(&mut self, more: Self);
    fn schema(shape: &Shape<'_>) -> SchemaRef;
    fn arrays(self, shape: &Shape<'_>) -> Result<Vec<ArrayRef>, Stopped>;
}

/// Rows of all tables, of runs that follow each other.
#[derive(Debug)]
pub(super) struct Part {
    equity: EquityRows,
    trades: TradeRows,
    metrics: MetricRows,
    finals: FinalRows,
    rejected: RejectedRows,
    runs: usize,
}

impl Part {
    pub(super) fn new(shape: &Shape<'_>) -> Self {
        Self {
            equity: EquityRows::new(shape),
            trades: TradeRows::new(shape),
            metrics: MetricRows::new(shape),
            finals: FinalRows::new(shape),
            rejected: RejectedRows::new(shape),
            runs: 0,
        }
    }

    /// Adds the run behind the last one.
    pub(super) fn add(&mut self, outcome: Outcome) {
        let Outcome { run_id, equity, trades, metrics, last, rejected } = outcome;
        self.equity.add(run_id, equity);
        if let Some(trades) = trades {
            self.trades.add(run_id, trades);
        }
        if let Some(metrics) = metrics {
            self.metrics.add(run_id, &metrics);
        }
        self.finals.add(run_id, last);
        self.rejected.add(run_id, rejected);
        self.runs = self.runs.saturating_add(1);
    }
}

/// The tables while parts come in.
pub(super) struct Collected<'k> {
    shape: Shape<'k>,
    equity: Chunks<EquityRows>,
    trades: Chunks<TradeRows>,
    metrics: Chunks<MetricRows>,
    finals: Chunks<FinalRows>,
    rejected: Chunks<RejectedRows>,
    done: usize,
}

impl<'k> Collected<'k> {
    pub(super) fn new(shape: Shape<'k>) -> Self {
        Self {
            equity: Chunks::new(&shape),
            trades: Chunks::new(&shape),
            metrics: Chunks::new(&shape),
            finals: Chunks::new(&shape),
            rejected: Chunks::new(&shape),
            shape,
            done: 0,
        }
    }

    /// Takes the part behind the last one.
    pub(super) fn take(&mut self, part: Part) -> Result<(), Stopped> {
        self.equity.take(part.equity, &self.shape)?;
        self.trades.take(part.trades, &self.shape)?;
        self.metrics.take(part.metrics, &self.shape)?;
        self.finals.take(part.finals, &self.shape)?;
        self.rejected.take(part.rejected, &self.shape)?;
        self.done = self.done.saturating_add(part.runs);
        Ok(())
    }

    pub(super) fn finish(self) -> Result<Tables, Stopped> {
        let shape = &self.shape;
        Ok(Tables {
            equity: self.equity.finish(shape)?,
            trades: self.trades.finish(shape)?,
            metrics: self.metrics.finish(shape)?,
            finals: self.finals.finish(shape)?,
            rejected: self.rejected.finish(shape)?,
            done: self.done,
        })
    }
}

/// A table while its rows come in.
struct Chunks<R> {
    schema: SchemaRef,
    open: R,
    batches: Vec<RecordBatch>,
    rows: usize,
}

impl<R: Rows> Chunks<R> {
    fn new(shape: &Shape<'_>) -> Self {
        Self { schema: R::schema(shape), open: R::new(shape), batches: Vec::new(), rows: 0 }
    }

    fn take(&mut self, rows: R, shape: &Shape<'_>) -> Result<(), Stopped> {
        self.open.append(rows);
        if self.open.len() >= R::CHUNK { self.close(shape) } else { Ok(()) }
    }

    fn close(&mut self, shape: &Shape<'_>) -> Result<(), Stopped> {
        let rows = std::mem::replace(&mut self.open, R::new(shape));
        self.rows = self.rows.saturating_add(rows.len());
        let arrays = rows.arrays(shape)?;
        self.batches.push(RecordBatch::try_new(Arc::clone(&self.schema), arrays)?);
        Ok(())
    }

    fn finish(mut self, shape: &Shape<'_>) -> Result<TableSnapshot, Stopped> {
        if self.open.len() > 0 {
            self.close(shape)?;
        }
        let Self { schema, batches, rows, .. } = self;
        Ok(TableSnapshot { name: R::NAME, schema, batches, rows })
    }
}

fn run_id_field() -> Field {
    Field::new("run_id", DataType::UInt32, false)
}

fn schema_of(fields: impl IntoIterator<Item = Field>) -> SchemaRef {
    Arc::new(Schema::new([run_id_field()].into_iter().chain(fields).collect::<Vec<_>>()))
}

fn run_ids(run_ids: Vec<u32>) -> ArrayRef {
    Arc::new(UInt32Array::new(ScalarBuffer::from(run_ids), None))
}

fn times(times: ScalarBuffer<i64>, nulls: Option<NullBuffer>) -> ArrayRef {
    Arc::new(TimestampMicrosecondArray::new(times, nulls).with_timezone("UTC"))
}

/// Numbers of a kind; both forms of it are known to the kind alone.
fn numbers(kind: Kind, numbers: Numbers, nulls: Option<NullBuffer>) -> ArrayRef {
    match numbers {
        Numbers::Float(values) => Arc::new(Float64Array::new(ScalarBuffer::from(values), nulls)),
        Numbers::Exact(values) => Arc::new(
            Decimal128Array::new(ScalarBuffer::from(values), nulls)
                .with_data_type(kind.data_type(View::Exact)),
        ),
    }
}

/// A column of texts.
fn texts<'t>(
    pool: &mut TextPool,
    texts: impl Iterator<Item = &'t str>,
) -> Result<ScalarBuffer<u128>, Stopped> {
    let mut views = Vec::with_capacity(texts.size_hint().0);
    for text in texts {
        views.push(pool.view(text)?.bits());
    }
    Ok(ScalarBuffer::from(views))
}

/// Views of a pool as a column.
fn text_array(pool: &TextPool, views: ScalarBuffer<u128>) -> StringViewArray {
    pool.blocks().array(views)
}
