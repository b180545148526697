//! Why a frame, or a row of it, was not accepted.

use std::borrow::Cow;
use std::fmt;

use crate::import::CellError;
use crate::journal::JournalError;
use crate::refusal::{Code, Refusal};
use crate::refusal_texts::shortened;

/// A frame that is refused before any row of it is looked at (rule E2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShapeError {
    /// The column at fault.
    pub column: String,
    /// What is wrong with it.
    pub rule: Cow<'static, str>,
    /// What to do about it.
    pub remedy: &'static str,
}

/// A row that is refused (rule E7).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowError {
    /// The row, from 0 over the whole stream.
    pub row: usize,
    /// The column at fault.
    pub column: &'static str,
    /// The code of the refusal.
    pub code: Code,
    /// The value at fault.
    pub value: String,
    /// The rule that it breaks.
    pub rule: Cow<'static, str>,
    /// What to do about it.
    pub remedy: &'static str,
    /// Whether the data contradicts itself, so that no row of it can be trusted.
    pub malformed: bool,
}

/// Why nothing of a frame was applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FrameError {
    /// A row was refused.
    Row(Box<RowError>),
    /// The allocator refused.
    OutOfMemory {
        /// How many bytes were asked for; 0 when it is not known.
        bytes: usize,
    },
    /// The caller asked to stop.
    Stopped,
    /// The journal does not take it.
    Journal(Box<JournalError>),
    /// The answer contradicts its schema, which is a bug.
    Answer(String),
}

impl RowError {
    /// A cell that cannot be taken.
    #[cold]
    pub(super) fn cell(row: usize, column: &'static str, error: &CellError) -> Box<Self> {
        Box::new(Self {
            row,
            column,
            code: error.code(),
            value: error.value().to_owned(),
            rule: error.rule(),
            remedy: error.remedy(),
            malformed: matches!(error, CellError::Malformed { .. }),
        })
    }

    /// An event that the ledger refused.
    #[cold]
    pub(super) fn refused(row: usize, column: &'static str, refusal: &Refusal) -> Box<Self> {
        Box::new(Self {
            row,
            column,
            code: refusal.code(),
            value: refusal.value(),
            rule: refusal.rule(),
            remedy: refusal.remedy(),
            malformed: false,
        })
    }

    /// Where it stands and what it is, as the value of an exception.
    #[must_use]
    pub fn place(&self) -> String {
        format!("row {}, column {}: {}", self.row, self.column, self.value)
    }
}

impl fmt::Display for RowError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (code, place) = (self.code.number(), shortened(self.place()));
        write!(formatter, "[{code}] events={place}: {}; {}", self.rule, self.remedy)
    }
}

impl fmt::Display for FrameError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Row(error) => write!(formatter, "{error}"),
            Self::OutOfMemory { bytes } => write!(formatter, "the allocator refused {bytes} bytes"),
            Self::Stopped => formatter.write_str("stopped"),
            Self::Journal(error) => write!(formatter, "{error}"),
            Self::Answer(details) => formatter.write_str(details),
        }
    }
}

impl std::error::Error for FrameError {}

impl From<Box<RowError>> for FrameError {
    fn from(error: Box<RowError>) -> Self {
        Self::Row(error)
    }
}

impl From<arrow_schema::ArrowError> for FrameError {
    fn from(error: arrow_schema::ArrowError) -> Self {
        Self::Answer(error.to_string())
    }
}

impl From<std::collections::TryReserveError> for FrameError {
    fn from(_: std::collections::TryReserveError) -> Self {
        Self::OutOfMemory { bytes: 0 }
    }
}

impl From<crate::columns::segment::AllocationFailed> for FrameError {
    fn from(failed: crate::columns::segment::AllocationFailed) -> Self {
        Self::OutOfMemory { bytes: failed.bytes }
    }
}

impl fmt::Display for ShapeError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "column {}: {}; {}", self.column, self.rule, self.remedy)
    }
}

impl std::error::Error for ShapeError {}
