//! Why a user's own frames were not taken as a history.

use std::borrow::Cow;
use std::fmt;

use crate::import::{CellError, WrongType};
use crate::refusal::Code;

/// A frame that cannot be taken: the column at fault, and the row when it is a cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryError {
    /// Which frame: `equity`, `trades` or `benchmark`.
    pub frame: &'static str,
    /// The column at fault.
    pub column: String,
    /// The row at fault, from 0 over the whole stream.
    pub row: Option<usize>,
    /// The value at fault; empty when it is the column as a whole.
    pub value: String,
    /// The rule that it breaks.
    pub rule: Cow<'static, str>,
    /// What to do about it.
    pub remedy: &'static str,
}

impl HistoryError {
    /// A column that is not what it must be.
    #[cold]
    pub(super) fn column(
        frame: &'static str,
        column: &str,
        rule: &'static str,
        remedy: &'static str,
    ) -> Box<Self> {
        let (column, value) = (column.to_owned(), String::new());
        Box::new(Self { frame, column, row: None, value, rule: rule.into(), remedy })
    }

    /// A column of a type that cannot be taken.
    #[cold]
    pub(super) fn wrong_type(frame: &'static str, column: &str, wrong: WrongType) -> Box<Self> {
        let rule = format!("must be {}", wrong.wanted).into();
        let (column, value) = (column.to_owned(), wrong.found);
        Box::new(Self { frame, column, row: None, value, rule, remedy: "cast the column" })
    }

    /// A cell that cannot be taken.
    #[cold]
    pub(super) fn cell(frame: &'static str, column: &str, bad: &BadCell) -> Box<Self> {
        let (row, value) = (Some(bad.row), bad.value.clone());
        let (column, rule, remedy) = (column.to_owned(), bad.rule.clone(), bad.remedy);
        Box::new(Self { frame, column, row, value, rule, remedy })
    }

    /// The code of the refusal: whatever is wrong in a frame, it is the frame that is refused.
    #[must_use]
    pub const fn code(&self) -> Code {
        Code::InvalidFrame
    }

    /// Where it stands and what it is, as the value of an exception.
    #[must_use]
    pub fn place(&self) -> String {
        let (column, value) = (&self.column, &self.value);
        match self.row {
            Some(row) => format!("column {column}, row {row}: {value}"),
            None if value.is_empty() => format!("column {column}"),
            None => format!("column {column}: {value}"),
        }
    }
}

impl fmt::Display for HistoryError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (code, frame, place) = (self.code().number(), self.frame, self.place());
        write!(formatter, "[{code}] {frame}={place}: {}; {}", self.rule, self.remedy)
    }
}

impl std::error::Error for HistoryError {}

/// A cell that cannot be taken, by its row.
#[derive(Debug)]
pub(super) struct BadCell {
    pub(super) row: usize,
    pub(super) value: String,
    pub(super) rule: Cow<'static, str>,
    pub(super) remedy: &'static str,
}

impl BadCell {
    /// A cell that breaks a rule of its own.
    #[cold]
    pub(super) fn new(
        row: usize,
        value: impl fmt::Display,
        rule: &'static str,
        remedy: &'static str,
    ) -> Box<Self> {
        Box::new(Self { row, value: value.to_string(), rule: rule.into(), remedy })
    }

    /// A cell that a reader could not take.
    #[cold]
    pub(super) fn of(row: usize, error: &CellError) -> Box<Self> {
        let (rule, remedy) = (error.rule(), error.remedy());
        Box::new(Self { row, value: error.value().to_owned(), rule, remedy })
    }

    /// The same cell, counted from another row.
    pub(super) fn behind(mut self: Box<Self>, rows: usize) -> Box<Self> {
        self.row = self.row.saturating_add(rows);
        self
    }
}
