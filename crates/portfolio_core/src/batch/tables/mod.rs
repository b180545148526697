//! From the outcomes of many runs to Arrow tables (rule R10).
//!
//! Columns are plain vectors until a chunk is full. A chunk ends where a run ends; where, depends
//! on nothing but the rows and the tiles, so the chunks are the same for any number of threads. The
//! vectors of a long run are handed over without a copy, and the times of the equity history, which
//! are the same for every run, are shared.

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
use equity::EquityRows;
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
    /// The shape of tables of so many runs.
    pub(super) fn new(
        keep: &'k Keep,
        recorded: &'k Recorded,
        symbols: &'k [String],
        runs: usize,
    ) -> Self {
        let own = recorded.times.len();
        // At most two chunks that are not full come together, and a run that fills them.
        let most = EquityRows::CHUNK.saturating_mul(2).checked_div(own).unwrap_or(0);
        let runs = most.saturating_add(1).min(runs);
        let times = if own >= EquityRows::LONG {
            recorded.times.clone()
        } else {
            ScalarBuffer::from(recorded.times.repeat(runs))
        };
        Self { keep, recorded, times, symbols }
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
    /// A run of so many rows is a chunk of its own.
    const LONG: usize = Self::CHUNK;

    fn new(shape: &Shape<'_>) -> Self;
    fn len(&self) -> usize;
    fn append(&mut self, more: Self);
    fn schema(shape: &Shape<'_>) -> SchemaRef;
    fn arrays(self, shape: &Shape<'_>) -> Result<Vec<ArrayRef>, Stopped>;
}

/// Rows of all tables, of runs that follow each other.
#[derive(Debug)]
pub(super) struct Part {
    equity: Chunks<EquityRows>,
    trades: Chunks<TradeRows>,
    metrics: MetricRows,
    finals: FinalRows,
    rejected: RejectedRows,
    runs: usize,
}

impl Part {
    pub(super) fn new(shape: &Shape<'_>) -> Self {
        Self {
            equity: Chunks::new(shape),
            trades: Chunks::new(shape),
            metrics: MetricRows::new(shape),
            finals: FinalRows::new(shape),
            rejected: RejectedRows::new(shape),
            runs: 0,
        }
    }

    /// Adds the run behind the last one.
    pub(super) fn add(&mut self, outcome: Outcome, shape: &Shape<'_>) -> Result<(), Stopped> {
        let Outcome { run_id, equity, trades, metrics, last, rejected } = outcome;
        self.equity.take(EquityRows::of(run_id, equity), shape)?;
        if let Some(trades) = trades {
            self.trades.take(TradeRows::of(run_id, trades), shape)?;
        }
        if let Some(metrics) = metrics {
            self.metrics.add(run_id, &metrics);
        }
        self.finals.add(run_id, last);
        self.rejected.add(run_id, rejected);
        self.runs = self.runs.saturating_add(1);
        Ok(())
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
        self.equity.join(part.equity, &self.shape)?;
        self.trades.join(part.trades, &self.shape)?;
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
#[derive(Debug)]
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

    /// Takes the rows behind the last ones.
    fn take(&mut self, rows: R, shape: &Shape<'_>) -> Result<(), Stopped> {
        let long = rows.len() >= R::LONG;
        if long {
            self.end(shape)?;
        }
        self.open.append(rows);
        if long || self.open.len() >= R::CHUNK { self.close(shape) } else { Ok(()) }
    }

    /// Takes the chunks behind the last ones.
    fn join(&mut self, more: Self, shape: &Shape<'_>) -> Result<(), Stopped> {
        if more.batches.is_empty() {
            self.open.append(more.open);
            return if self.open.len() >= R::CHUNK { self.close(shape) } else { Ok(()) };
        }
        self.end(shape)?;
        self.batches.extend(more.batches);
        self.rows = self.rows.saturating_add(more.rows);
        self.open = more.open;
        Ok(())
    }

    /// Ends the chunk that has rows.
    fn end(&mut self, shape: &Shape<'_>) -> Result<(), Stopped> {
        if self.open.len() > 0 { self.close(shape) } else { Ok(()) }
    }

    fn close(&mut self, shape: &Shape<'_>) -> Result<(), Stopped> {
        let rows = std::mem::replace(&mut self.open, R::new(shape));
        self.rows = self.rows.saturating_add(rows.len());
        let arrays = rows.arrays(shape)?;
        self.batches.push(RecordBatch::try_new(Arc::clone(&self.schema), arrays)?);
        Ok(())
    }

    fn finish(mut self, shape: &Shape<'_>) -> Result<TableSnapshot, Stopped> {
        self.end(shape)?;
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

/// The number of each run, as often as it has rows.
fn run_ids(runs: impl IntoIterator<Item = (u32, usize)>, rows: usize) -> ArrayRef {
    let mut column = Vec::with_capacity(rows);
    for (run_id, rows) in runs {
        column.resize(column.len().saturating_add(rows), run_id);
    }
    Arc::new(UInt32Array::new(ScalarBuffer::from(column), None))
}

/// The numbers of runs with a row each.
fn own_ids(run_ids: Vec<u32>) -> ArrayRef {
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
