//! A frame of the caller, column by column, and the first of its cells that cannot be taken.
//!
//! A column is read to its end before the next one is looked at. That is quick, and what is
//! refused is still the first cell at fault of the first row that has one: where a column stops,
//! the columns behind it are read only up to the row above.

use arrow_array::{Array, RecordBatch, new_empty_array};
use arrow_schema::{DataType, Schema};

use super::error::BatchError;
use crate::import::{CellError, Flags, Integers, Numbers, Texts, Times, WrongType};
use crate::numbers::FloatPolicy;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holds {
    Times,
    Texts,
    Numbers,
    Integers,
    Flags,
}

/// A frame that is being read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Source<'a> {
    /// What the caller calls it.
    pub(super) name: &'static str,
    pub(super) schema: &'a Schema,
    pub(super) batches: &'a [RecordBatch],
}

/// The readers of a column, batch by batch.
#[derive(Debug)]
pub(super) struct Parts<R> {
    pub(super) column: &'static str,
    /// Each with its number of rows.
    pub(super) readers: Vec<(R, usize)>,
}

/// The first row at fault so far.
#[derive(Debug)]
pub(super) struct Faults {
    frame: &'static str,
    /// The rows above it; all rows while there is none.
    pub(super) limit: usize,
    found: Option<Box<BatchError>>,
}

impl Holds {
    fn check(self, array: &dyn Array) -> Result<(), WrongType> {
        match self {
            Self::Times => Times::read(array).map(|_| ()),
            Self::Texts => Texts::read(array).map(|_| ()),
            Self::Numbers => Numbers::read(array, FloatPolicy::Nearest).map(|_| ()),
            Self::Integers => Integers::read(array).map(|_| ()),
            Self::Flags => Flags::read(array).map(|_| ()),
        }
    }
}

impl<'a> Source<'a> {
    /// Rows in all batches.
    pub(super) fn rows(&self) -> usize {
        self.batches.iter().map(RecordBatch::num_rows).fold(0, usize::saturating_add)
    }

    /// The names of all columns, in order. One of type null is as if it were absent.
    pub(super) fn names(&self) -> impl Iterator<Item = &'a str> {
        let fields = self.schema.fields().iter();
        fields
            .filter(|field| *field.data_type() != DataType::Null)
            .map(|field| field.name().as_str())
    }

    /// Whether there is a column of this name with values.
    pub(super) fn has(&self, name: &str) -> bool {
        self.names().any(|other| other == name)
    }

    /// A column that is not what it must be.
    #[cold]
    pub(super) fn fault<T>(
        &self,
        column: &str,
        rule: &'static str,
        remedy: &'static str,
    ) -> Result<T, Box<BatchError>> {
        Err(BatchError::column(self.name, column, rule, remedy))
    }

    /// Refuses a frame that lacks a column.
    pub(super) fn require(&self, name: &str) -> Result<(), Box<BatchError>> {
        if self.has(name) { Ok(()) } else { self.fault(name, "is missing", "add the column") }
    }

    /// Refuses columns that are not known, and those that come twice, in the order of the frame.
    pub(super) fn check_names(&self, known: impl Fn(&str) -> bool) -> Result<(), Box<BatchError>> {
        for name in self.names() {
            if !known(name) {
                return self.fault(name, "is not known here", "rename or drop the column");
            }
            if self.names().filter(|other| *other == name).count() > 1 {
                return self.fault(name, "stands twice", "pass each column once");
            }
        }
        Ok(())
    }

    /// Refuses a type that a column does not take. The types are those of the schema, so that a
    /// frame without batches is checked as well.
    pub(super) fn check_type(&self, name: &str, holds: Holds) -> Result<(), Box<BatchError>> {
        let Some(place) = self.place(name) else { return Ok(()) };
        let empty = new_empty_array(self.schema.field(place).data_type());
        holds.check(&empty).map_err(|wrong| BatchError::wrong_type(self.name, name, wrong))
    }

    /// Refuses a column of nulls, where nulls are none of the types.
    pub(super) fn check_values(&self, name: &str) -> Result<(), Box<BatchError>> {
        let mut fields = self.schema.fields().iter();
        if fields.any(|field| field.name() == name && *field.data_type() == DataType::Null) {
            let wrong = WrongType { found: "Null".to_owned(), wanted: "of values" };
            return Err(BatchError::wrong_type(self.name, name, wrong));
        }
        Ok(())
    }

    fn place(&self, name: &str) -> Option<usize> {
        let mut fields = self.schema.fields().iter();
        fields.position(|field| field.name() == name && *field.data_type() != DataType::Null)
    }

    /// The readers of a column; nothing when it is not there.
    pub(super) fn read<R>(
        &self,
        column: &'static str,
        reader: impl Fn(&'a dyn Array) -> Result<R, WrongType>,
    ) -> Result<Option<Parts<R>>, Box<BatchError>> {
        let Some(place) = self.place(column) else { return Ok(None) };
        let mut readers = Vec::with_capacity(self.batches.len());
        for array in self.batches.iter().filter_map(|batch| batch.columns().get(place)) {
            let read = reader(array).map_err(|wrong| self.wrong_type(column, wrong))?;
            readers.push((read, array.len()));
        }
        Ok(Some(Parts { column, readers }))
    }

    #[cold]
    fn wrong_type(&self, column: &str, wrong: WrongType) -> Box<BatchError> {
        BatchError::wrong_type(self.name, column, wrong)
    }

    /// No row is at fault so far.
    pub(super) fn faults(&self) -> Faults {
        Faults { frame: self.name, limit: self.rows(), found: None }
    }
}

impl<R> Parts<R> {
    /// Takes the cells above the first row at fault, one after the other: by the reader, the row
    /// in its batch, and the row over all of them.
    #[inline(always)]
    pub(super) fn each(
        &self,
        faults: &mut Faults,
        mut take: impl FnMut(&R, usize, usize) -> Result<(), Box<CellError>>,
    ) {
        let mut before = 0_usize;
        for (reader, rows) in &self.readers {
            let rows = (*rows).min(faults.limit.saturating_sub(before));
            for row in 0..rows {
                let place = before.saturating_add(row);
                if let Err(error) = take(reader, row, place) {
                    faults.cell(place, self.column, &error);
                    return;
                }
            }
            before = before.saturating_add(rows);
        }
    }
}

impl Faults {
    /// A cell that cannot be taken, if it is above what was found before.
    #[cold]
    pub(super) fn cell(&mut self, row: usize, column: &str, error: &CellError) {
        if row < self.limit {
            self.limit = row;
            self.found = Some(BatchError::cell(self.frame, row, column, error));
        }
    }

    /// The first row at fault, unless there is none.
    pub(super) fn check(self) -> Result<(), Box<BatchError>> {
        self.found.map_or(Ok(()), Err)
    }
}
