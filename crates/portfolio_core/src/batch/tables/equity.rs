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

/// Runs and their columns, put together when a chunk is closed.
#[derive(Debug, Default)]
pub(super) struct EquityRows {
    runs: Vec<(u32, Vec<Numbers>)>,
    rows: usize,
}

impl EquityRows {
    /// The rows of a run.
    pub(super) fn of(run_id: u32, numbers: Vec<Numbers>) -> Self {
        match numbers.first().map(Numbers::len) {
            Some(rows) if rows > 0 => Self { runs: vec![(run_id, numbers)], rows },
            _ => Self::default(),
        }
    }

    /// A column of all runs.
    fn numbers(&mut self, place: usize, exact: bool) -> Numbers {
        let taken = |(_, numbers): &mut (u32, Vec<Numbers>)| {
            Some(std::mem::replace(numbers.get_mut(place)?, Numbers::new(exact)))
        };
        Numbers::joined(exact, self.rows, self.runs.iter_mut().filter_map(taken).collect())
    }
}

impl Rows for EquityRows {
    const NAME: &'static str = "equity";
    const CHUNK: usize = 65_536;
    const LONG: usize = 4_096;

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
        schema_of(columns(shape).iter().map(field))
    }

    fn arrays(mut self, shape: &Shape<'_>) -> Result<Vec<ArrayRef>, Stopped> {
        let (rows, own) = (self.rows, shape.recorded.times.len());
        assert!(
            rows <= shape.times.len() && rows.checked_rem(own) == Some(0),
            "{rows} rows of runs that have {own} each"
        );
        let runs = self.runs.iter().map(|(run_id, _)| (*run_id, own));
        let mut arrays = vec![run_ids(runs, rows), times(shape.times.slice(0, rows), None)];
        for place in 0..columns(shape).len().saturating_sub(1) {
            let column = self.numbers(place, shape.keep.exact);
            arrays.push(numbers(Kind::Money, column, None));
        }
        Ok(arrays)
    }
}
