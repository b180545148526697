//! A user's own frame, column by column.

use arrow_array::{ArrayRef, RecordBatch, new_empty_array};
use arrow_schema::{DataType, Schema};

use super::cells::{self, BadColumn, Words};
use super::error::{BadCell, HistoryError};
use super::{Column, Pair, TextColumn};
use crate::columns::schema::Kind;
use crate::numbers::{Money, Price};

/// A frame: its schema and its batches.
pub type Frame<'a> = (&'a Schema, &'a [RecordBatch]);

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Holds {
    /// Times in any order.
    Times,
    /// Times that never decrease.
    RisingTimes,
    /// Money at scale 18.
    Money,
    /// Prices or sizes at scale 9.
    Fixed9,
    /// Text.
    Text(Words),
}

/// The cells of a column of a kind.
#[derive(Debug, Clone)]
pub(super) enum Cells {
    Times(Column<i64>),
    Numbers(Pair),
    Texts(TextColumn),
}

/// A frame that is being read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Source<'a> {
    /// What the caller calls it.
    pub(super) name: &'static str,
    pub(super) frame: Frame<'a>,
}

impl Holds {
    /// The kind of the column in a table.
    pub(super) const fn kind(self) -> Kind {
        match self {
            Self::Times | Self::RisingTimes => Kind::Time,
            Self::Money => Kind::Money,
            Self::Fixed9 => Kind::Fixed9,
            Self::Text(_) => Kind::Text,
        }
    }
}

impl<'a> Source<'a> {
    /// The names of all columns. One of type null is as if it were absent.
    pub(super) fn names(&self) -> impl Iterator<Item = &'a str> {
        let fields = self.frame.0.fields().iter();
        fields
            .filter(|field| *field.data_type() != DataType::Null)
            .map(|field| field.name().as_str())
    }

    /// Refuses a frame that lacks a column.
    pub(super) fn require(&self, name: &str) -> Result<(), Box<HistoryError>> {
        if self.names().any(|other| other == name) {
            return Ok(());
        }
        Err(HistoryError::column(self.name, name, "is missing", "add the column"))
    }

    /// The cells of a column, unless there is none of this name.
    pub(super) fn read(
        &self,
        name: &str,
        holds: Holds,
    ) -> Result<Option<Cells>, Box<HistoryError>> {
        match self.names().filter(|other| *other == name).count() {
            0 => return Ok(None),
            1 => {}
            _ => {
                let remedy = "pass each column once";
                return Err(HistoryError::column(self.name, name, "stands twice", remedy));
            }
        }
        let cells = match holds {
            Holds::Times => Cells::Times(Column::new(self.parts(name, cells::times)?)),
            Holds::RisingTimes => {
                let times = Column::new(self.parts(name, cells::times)?);
                check_rising(&times).map_err(|bad| HistoryError::cell(self.name, name, &bad))?;
                Cells::Times(times)
            }
            Holds::Money => Cells::Numbers(self.numbers(name, Money::SCALE)?),
            Holds::Fixed9 => Cells::Numbers(self.numbers(name, Price::SCALE)?),
            Holds::Text(words) => {
                let read = |array: &ArrayRef| cells::texts(array, words);
                Cells::Texts(TextColumn::new(self.parts(name, read)?))
            }
        };
        Ok(Some(cells))
    }

    fn numbers(&self, name: &str, scale: u32) -> Result<Pair, Box<HistoryError>> {
        let parts = self.parts(name, |array| cells::numbers(array, scale))?;
        let (exact, double) = parts.into_iter().unzip();
        Ok(Pair { exact: Column::new(exact), double: Column::new(double) })
    }

    /// What a column becomes, batch by batch. Its type is that of the schema, so that a frame
    /// without batches is checked as well.
    fn parts<T>(
        &self,
        name: &str,
        read: impl Fn(&ArrayRef) -> Result<T, BadColumn>,
    ) -> Result<Vec<T>, Box<HistoryError>> {
        let (schema, batches) = self.frame;
        let refused = |bad: BadColumn, before: usize| match bad {
            BadColumn::Type(wrong) => HistoryError::wrong_type(self.name, name, wrong),
            BadColumn::Cell(bad) => HistoryError::cell(self.name, name, &bad.behind(before)),
        };
        let null = |place: &usize| *schema.field(*place).data_type() == DataType::Null;
        let place = (0..schema.fields().len())
            .find(|place| schema.field(*place).name() == name && !null(place));
        let Some(place) = place else { return Ok(Vec::new()) };
        read(&new_empty_array(schema.field(place).data_type())).map_err(|bad| refused(bad, 0))?;
        let (mut parts, mut before) = (Vec::with_capacity(batches.len()), 0_usize);
        for array in batches.iter().filter_map(|batch| batch.columns().get(place)) {
            parts.push(read(array).map_err(|bad| refused(bad, before))?);
            before = before.saturating_add(array.len());
        }
        Ok(parts)
    }
}

/// Refuses the first time that is before the one above it.
fn check_rising(times: &Column<i64>) -> Result<(), Box<BadCell>> {
    let pairs = times.cells().zip(times.cells().skip(1));
    match pairs.enumerate().find(|(_, (time, next))| next < time) {
        Some((row, (_, time))) => {
            let rule = "must not be before the row above it";
            Err(BadCell::new(row.saturating_add(1), time, rule, "sort the rows by time"))
        }
        None => Ok(()),
    }
}
