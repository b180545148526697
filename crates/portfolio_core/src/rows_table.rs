//! Small tables that are made when somebody asks: columns of plain values, in the order of their
//! schema.

use std::sync::Arc;

use arrow_array::{
    ArrayRef, Decimal128Array, Float64Array, RecordBatch, StringViewArray,
    TimestampMicrosecondArray, UInt64Array,
};
use arrow_schema::ArrowError;

use crate::columns::schema::{Kind, TableSchema, View};
use crate::export::TableSnapshot;
use crate::numbers::{fixed9_to_f64, fixed18_to_f64};

/// A table that is being filled, row by row.
#[derive(Debug)]
pub(crate) struct RowsTable {
    schema: &'static TableSchema,
    columns: Vec<Column>,
}

/// The values of one column. A time may be missing.
#[derive(Debug)]
enum Column {
    Numbers(Vec<i128>),
    Counts(Vec<u64>),
    Times(Vec<Option<i64>>),
    Texts(Vec<String>),
}

/// The cells of one row, in the order of the columns.
#[derive(Debug)]
pub(crate) struct Cells<'t> {
    table: &'t mut RowsTable,
    next: usize,
}

impl RowsTable {
    /// An empty table.
    pub(crate) fn new(schema: &'static TableSchema) -> Self {
        let column = |kind| match kind {
            Kind::Money | Kind::Fixed9 => Column::Numbers(Vec::new()),
            Kind::Count => Column::Counts(Vec::new()),
            Kind::Time => Column::Times(Vec::new()),
            Kind::Text => Column::Texts(Vec::new()),
        };
        Self { schema, columns: schema.columns.iter().map(|it| column(it.kind)).collect() }
    }

    /// The table in a view.
    ///
    /// # Errors
    /// When a row lacks a cell: a bug of the caller.
    pub(crate) fn finish(self, view: View) -> Result<TableSnapshot, ArrowError> {
        let schema = self.schema.arrow(view);
        let kinds = self.schema.columns.iter().map(|column| column.kind);
        let arrays = self.columns.into_iter().zip(kinds);
        let arrays: Vec<ArrayRef> = arrays.map(|(column, kind)| column.array(kind, view)).collect();
        let rows = arrays.first().map_or(0, |array| array.len());
        let batch = RecordBatch::try_new(Arc::clone(&schema), arrays)?;
        Ok(TableSnapshot { name: self.schema.name, schema, batches: vec![batch], rows })
    }
}

impl Column {
    fn array(self, kind: Kind, view: View) -> ArrayRef {
        match (self, view) {
            (Self::Numbers(values), View::Exact) => {
                Arc::new(Decimal128Array::from(values).with_data_type(kind.data_type(view)))
            }
            (Self::Numbers(values), View::Float) => {
                let double = if kind == Kind::Money { fixed18_to_f64 } else { fixed9_to_f64 };
                Arc::new(Float64Array::from_iter_values(values.into_iter().map(double)))
            }
            (Self::Counts(values), _) => Arc::new(UInt64Array::from(values)),
            (Self::Times(values), _) => {
                Arc::new(TimestampMicrosecondArray::from(values).with_timezone("UTC"))
            }
            (Self::Texts(values), _) => Arc::new(StringViewArray::from_iter_values(values)),
        }
    }
}

impl<'t> Cells<'t> {
    /// The next row of a table.
    pub(crate) fn new(table: &'t mut RowsTable) -> Self {
        Self { table, next: 0 }
    }

    fn column(&mut self) -> Option<&mut Column> {
        let column = self.table.columns.get_mut(self.next);
        self.next = self.next.wrapping_add(1);
        column
    }

    /// A number in units of its last decimal.
    pub(crate) fn number(&mut self, raw: i128) -> &mut Self {
        if let Some(Column::Numbers(values)) = self.column() {
            values.push(raw);
        }
        self
    }

    /// A count or an id.
    pub(crate) fn count(&mut self, count: u64) -> &mut Self {
        if let Some(Column::Counts(values)) = self.column() {
            values.push(count);
        }
        self
    }

    /// A time.
    pub(crate) fn time(&mut self, time: i64) -> &mut Self {
        self.time_or_none(Some(time))
    }

    /// A time that may be missing.
    pub(crate) fn time_or_none(&mut self, time: Option<i64>) -> &mut Self {
        if let Some(Column::Times(values)) = self.column() {
            values.push(time);
        }
        self
    }

    /// A text.
    pub(crate) fn text(&mut self, text: &str) -> &mut Self {
        if let Some(Column::Texts(values)) = self.column() {
            values.push(text.to_owned());
        }
        self
    }
}
