//! The metrics of runs that follow each other, a row a run.

use std::sync::Arc;

use arrow_array::{ArrayRef, BooleanArray, DurationMicrosecondArray, Float64Array, UInt64Array};
use arrow_buffer::{BooleanBuffer, NullBuffer, ScalarBuffer};
use arrow_schema::{DataType, Field, SchemaRef, TimeUnit};

use super::{Rows, Shape, numbers, own_ids, schema_of, times};
use crate::batch::outcome::{Numbers, append};
use crate::batch::pool::Stopped;
use crate::columns::schema::{Kind as ColumnKind, View};
use crate::metrics::{Kind, Metrics, Value};
use crate::numbers::Money;

#[derive(Debug)]
pub(super) struct MetricRows {
    run_id: Vec<u32>,
    columns: Vec<MetricColumn>,
}

/// One metric of many runs.
#[derive(Debug)]
struct MetricColumn {
    kind: Kind,
    cells: Cells,
    defined: Vec<bool>,
}

#[derive(Debug)]
enum Cells {
    Money(Numbers),
    Floats(Vec<f64>),
    Counts(Vec<u64>),
    /// Times and durations.
    Whole(Vec<i64>),
    Flags(Vec<bool>),
}

impl MetricColumn {
    fn new(kind: Kind, exact: bool) -> Self {
        let cells = match kind {
            Kind::Money => Cells::Money(Numbers::new(exact)),
            Kind::Float => Cells::Floats(Vec::new()),
            Kind::Count => Cells::Counts(Vec::new()),
            Kind::Time | Kind::Duration => Cells::Whole(Vec::new()),
            Kind::Flag => Cells::Flags(Vec::new()),
        };
        Self { kind, cells, defined: Vec::new() }
    }

    fn push(&mut self, value: Option<Value>) {
        assert!(
            value.is_none_or(|value| value.kind() == self.kind),
            "{value:?} in a column of {:?}",
            self.kind
        );
        self.defined.push(value.is_some());
        match (&mut self.cells, value) {
            (Cells::Money(cells), Some(Value::Money(amount))) => cells.push_money(amount.raw()),
            (Cells::Money(cells), _) => cells.push_money(Money::ZERO.raw()),
            (Cells::Floats(cells), Some(Value::Float(value))) => cells.push(value),
            (Cells::Floats(cells), _) => cells.push(0.0),
            (Cells::Counts(cells), Some(Value::Count(count))) => {
                cells.push(u64::try_from(count).unwrap_or(u64::MAX));
            }
            (Cells::Counts(cells), _) => cells.push(0),
            (Cells::Whole(cells), Some(Value::Time(whole) | Value::Duration(whole))) => {
                cells.push(whole);
            }
            (Cells::Whole(cells), _) => cells.push(0),
            (Cells::Flags(cells), Some(Value::Flag(flag))) => cells.push(flag),
            (Cells::Flags(cells), _) => cells.push(false),
        }
    }

    fn append(&mut self, more: Self) {
        append(&mut self.defined, more.defined);
        match (&mut self.cells, more.cells) {
            (Cells::Money(cells), Cells::Money(more)) => cells.append(more),
            (Cells::Floats(cells), Cells::Floats(more)) => append(cells, more),
            (Cells::Counts(cells), Cells::Counts(more)) => append(cells, more),
            (Cells::Whole(cells), Cells::Whole(more)) => append(cells, more),
            (Cells::Flags(cells), Cells::Flags(more)) => append(cells, more),
            // A column has one kind, and both are the same column.
            (cells, more) => assert_eq!(
                std::mem::discriminant(cells),
                std::mem::discriminant(&more),
                "{more:?} behind {cells:?}"
            ),
        }
    }

    fn array(self) -> ArrayRef {
        let nulls = Some(NullBuffer::from(self.defined));
        match self.cells {
            Cells::Money(cells) => numbers(ColumnKind::Money, cells, nulls),
            Cells::Floats(cells) => Arc::new(Float64Array::new(ScalarBuffer::from(cells), nulls)),
            Cells::Counts(cells) => Arc::new(UInt64Array::new(ScalarBuffer::from(cells), nulls)),
            Cells::Whole(cells) if self.kind == Kind::Time => {
                times(ScalarBuffer::from(cells), nulls)
            }
            Cells::Whole(cells) => {
                Arc::new(DurationMicrosecondArray::new(ScalarBuffer::from(cells), nulls))
            }
            Cells::Flags(cells) => Arc::new(BooleanArray::new(BooleanBuffer::from(cells), nulls)),
        }
    }
}

impl MetricRows {
    pub(super) fn add(&mut self, run_id: u32, metrics: &Metrics) {
        self.run_id.push(run_id);
        assert_eq!(metrics.entries().len(), self.columns.len(), "every run has all metrics");
        for (column, (_, value)) in self.columns.iter_mut().zip(metrics.entries()) {
            column.push(*value);
        }
    }
}

impl Rows for MetricRows {
    const NAME: &'static str = "metrics";
    const CHUNK: usize = 65_536;

    fn new(shape: &Shape<'_>) -> Self {
        let column = |name| MetricColumn::new(Kind::of(name), shape.keep.exact);
        Self { run_id: Vec::new(), columns: Metrics::names().map(column).collect() }
    }

    fn len(&self) -> usize {
        self.run_id.len()
    }

    fn append(&mut self, more: Self) {
        append(&mut self.run_id, more.run_id);
        for (column, more) in self.columns.iter_mut().zip(more.columns) {
            column.append(more);
        }
    }

    fn schema(shape: &Shape<'_>) -> SchemaRef {
        let field = |name| Field::new(name, data_type(Kind::of(name), shape.view()), true);
        schema_of(Metrics::names().map(field))
    }

    fn arrays(self, _: &Shape<'_>) -> Result<Vec<ArrayRef>, Stopped> {
        let columns = self.columns.into_iter().map(MetricColumn::array);
        Ok([own_ids(self.run_id)].into_iter().chain(columns).collect())
    }
}

fn data_type(kind: Kind, view: View) -> DataType {
    match kind {
        Kind::Money => ColumnKind::Money.data_type(view),
        Kind::Float => DataType::Float64,
        Kind::Count => DataType::UInt64,
        Kind::Time => ColumnKind::Time.data_type(view),
        Kind::Duration => DataType::Duration(TimeUnit::Microsecond),
        Kind::Flag => DataType::Boolean,
    }
}
