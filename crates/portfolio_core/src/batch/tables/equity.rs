//! The equity histories: the same times for each run.

use arrow_array::ArrayRef;
use arrow_schema::{Field, SchemaRef};

use super::{Rows, Shape, numbers, run_ids, schema_of, times};
use crate::batch::outcome::{EquityColumns, Numbers, append};
use crate::batch::pool::Stopped;
use crate::columns::schema::{Column, EQUITY_COLUMNS, Kind};

/// The columns that are kept: time and equity, or all of them.
fn columns(shape: &Shape<'_>) -> &'static [Column] {
    match shape.keep.equity_columns {
        EquityColumns::All => EQUITY_COLUMNS,
        EquityColumns::Equity => EQUITY_COLUMNS.get(..2).unwrap_or(EQUITY_COLUMNS),
    }
}

#[derive(Debug)]
pub(super) struct EquityRows {
    run_id: Vec<u32>,
    numbers: Vec<Numbers>,
}

impl EquityRows {
    /// The rows of a run.
    pub(super) fn of(run_id: u32, numbers: Vec<Numbers>, shape: &Shape<'_>) -> Self {
        match numbers.first().map(Numbers::len) {
            Some(rows) => Self { run_id: vec![run_id; rows], numbers },
            None => Self::new(shape),
        }
    }

    fn put(&mut self, numbers: Vec<Numbers>) {
        for (column, more) in self.numbers.iter_mut().zip(numbers) {
            column.append(more);
        }
    }
}

impl Rows for EquityRows {
    const NAME: &'static str = "equity";
    const CHUNK: usize = 65_536;
    const LONG: usize = 4_096;

    fn new(shape: &Shape<'_>) -> Self {
        let column = |_| Numbers::new(shape.keep.exact);
        let numbers = columns(shape).iter().skip(1).map(column).collect();
        Self { run_id: Vec::new(), numbers }
    }

    fn len(&self) -> usize {
        self.run_id.len()
    }

    fn append(&mut self, more: Self) {
        append(&mut self.run_id, more.run_id);
        self.put(more.numbers);
    }

    fn schema(shape: &Shape<'_>) -> SchemaRef {
        let view = shape.view();
        let field = |column: &Column| Field::new(column.name, column.kind.data_type(view), false);
        schema_of(columns(shape).iter().map(field))
    }

    fn arrays(self, shape: &Shape<'_>) -> Result<Vec<ArrayRef>, Stopped> {
        let rows = self.run_id.len();
        assert!(
            rows <= shape.times.len() && rows.checked_rem(shape.recorded.times.len()) == Some(0),
            "{rows} rows of runs that have {} each",
            shape.recorded.times.len()
        );
        let mut arrays = vec![run_ids(self.run_id), times(shape.times.slice(0, rows), None)];
        let money = |column| numbers(Kind::Money, column, None);
        arrays.extend(self.numbers.into_iter().map(money));
        Ok(arrays)
    }
}
