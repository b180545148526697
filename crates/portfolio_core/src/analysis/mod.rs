//! Statistics of a history as tables: rolling windows, drawdowns, calendar periods, groups of
//! trades.
//!
//! Each is made when somebody asks for it, in one batch with memory of its own. What is undefined
//! is null, never NaN, infinite or 0.
#![expect(
    clippy::float_arithmetic,
    reason = "statistics, not money: they read the doubles beside the exact columns"
)]

mod drawdowns;
mod periods;
mod rolling;
mod trade_groups;

pub use rolling::{RollingMetric, RollingOptions};
pub use trade_groups::GroupBy;

use std::fmt;
use std::sync::Arc;

use arrow_array::{
    Array, ArrayRef, Decimal128Array, DurationMicrosecondArray, Float64Array, RecordBatch,
    TimestampMicrosecondArray,
};
use arrow_schema::{ArrowError, Field, Schema};

use crate::columns::schema::{Kind, View};
use crate::export::TableSnapshot;
use crate::metrics::finite;
use crate::numbers::{Money, Overflow};

/// Why a table could not be made.
#[derive(Debug)]
pub enum TableError {
    /// An amount of the table has more than 38 digits.
    OutOfRange {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
    },
    /// The history lacks a column that the table is about.
    NoColumn {
        /// The column.
        column: &'static str,
    },
    /// The columns contradict their schema, which is a bug.
    Arrow(ArrowError),
}

impl fmt::Display for TableError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OutOfRange { table, column } => {
                write!(formatter, "{table}: {column} has more than 38 digits")
            }
            Self::NoColumn { column } => write!(formatter, "the trades have no column {column}"),
            Self::Arrow(error) => write!(formatter, "{error}"),
        }
    }
}

impl std::error::Error for TableError {}

impl From<ArrowError> for TableError {
    fn from(error: ArrowError) -> Self {
        Self::Arrow(error)
    }
}

/// A table that is being put together, column by column.
struct Columns {
    name: &'static str,
    view: View,
    fields: Vec<Field>,
    arrays: Vec<ArrayRef>,
}

impl Columns {
    const fn new(name: &'static str, view: View) -> Self {
        Self { name, view, fields: Vec::new(), arrays: Vec::new() }
    }

    /// A column without nulls.
    fn filled(self, name: &str, array: impl Array + 'static) -> Self {
        self.push(name, Arc::new(array), false)
    }

    /// A column that may have nulls.
    fn nullable(self, name: &str, array: impl Array + 'static) -> Self {
        self.push(name, Arc::new(array), true)
    }

    /// A column of money in the view of the table.
    fn money(self, name: &str, amounts: &[Money]) -> Self {
        let array = self.amounts(amounts.iter().map(|&amount| Some(amount)));
        self.push(name, array, false)
    }

    /// A column of money that is null throughout.
    fn no_money(self, name: &str, rows: usize) -> Self {
        let array = self.amounts((0..rows).map(|_| None));
        self.push(name, array, true)
    }

    fn amounts(&self, amounts: impl Iterator<Item = Option<Money>>) -> ArrayRef {
        match self.view {
            View::Exact => {
                let raw: Decimal128Array = amounts.map(|amount| amount.map(Money::raw)).collect();
                Arc::new(raw.with_data_type(Kind::Money.data_type(View::Exact)))
            }
            View::Float => {
                Arc::new(amounts.map(|amount| amount.map(Money::to_f64)).collect::<Float64Array>())
            }
        }
    }

    fn push(mut self, name: &str, array: ArrayRef, nullable: bool) -> Self {
        self.fields.push(Field::new(name, array.data_type().clone(), nullable));
        self.arrays.push(array);
        self
    }

    /// One batch, or none when there is no row.
    fn finish(self) -> Result<TableSnapshot, TableError> {
        let schema = Arc::new(Schema::new(self.fields));
        let batch = RecordBatch::try_new(Arc::clone(&schema), self.arrays)?;
        let rows = batch.num_rows();
        let batches = if rows == 0 { Vec::new() } else { vec![batch] };
        Ok(TableSnapshot { name: self.name, schema, batches, rows })
    }
}

/// Times in UTC.
fn times(times: impl IntoIterator<Item = Option<i64>>) -> TimestampMicrosecondArray {
    times.into_iter().collect::<TimestampMicrosecondArray>().with_timezone("UTC")
}

fn doubles(values: impl IntoIterator<Item = f64>) -> Float64Array {
    values.into_iter().map(Some).collect()
}

fn durations(durations: impl IntoIterator<Item = i64>) -> DurationMicrosecondArray {
    durations.into_iter().map(Some).collect()
}

#[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "counts far below 2^53")]
fn count(items: u64) -> f64 {
    items as f64
}

fn out_of_range(table: &'static str, column: &'static str) -> impl Fn(Overflow) -> TableError {
    move |Overflow| TableError::OutOfRange { table, column }
}
