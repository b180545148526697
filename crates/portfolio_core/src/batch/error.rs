//! Why the frames of a batch were not taken.

use std::borrow::Cow;
use std::fmt;

use crate::import::{CellError, WrongType};
use crate::refusal::{Code, Refusal};
use crate::refusal_texts::shortened;

/// A frame that is refused before anything runs: the column at fault, and the row when it is a
/// cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchError {
    /// Which frame: `bars`, `orders` or `params`.
    pub frame: &'static str,
    /// The run of the row, when the frame says it.
    pub run: Option<u32>,
    /// The row at fault, from 0 over the whole stream.
    pub row: Option<u64>,
    /// The column at fault.
    pub column: String,
    /// The code of the refusal.
    pub code: Code,
    /// The value at fault; empty when it is the column as a whole.
    pub value: String,
    /// The rule that it breaks.
    pub rule: Cow<'static, str>,
    /// What to do about it.
    pub remedy: &'static str,
}

impl BatchError {
    /// A column that is not what it must be.
    #[cold]
    #[must_use]
    pub fn column(
        frame: &'static str,
        column: &str,
        rule: &'static str,
        remedy: &'static str,
    ) -> Box<Self> {
        Box::new(Self {
            frame,
            run: None,
            row: None,
            column: column.to_owned(),
            code: Code::InvalidFrame,
            value: String::new(),
            rule: rule.into(),
            remedy,
        })
    }

    /// A column of a type that cannot be taken.
    #[cold]
    #[must_use]
    pub fn wrong_type(frame: &'static str, column: &str, wrong: WrongType) -> Box<Self> {
        let rule = format!("must be {}", wrong.wanted).into();
        let found = Self::column(frame, column, "", "cast the column");
        Box::new(Self { value: wrong.found, rule, ..*found })
    }

    /// A cell that cannot be taken.
    #[cold]
    #[must_use]
    pub fn cell(frame: &'static str, row: usize, column: &str, error: &CellError) -> Box<Self> {
        let found = Self::column(frame, column, "", error.remedy());
        Box::new(Self {
            row: u64::try_from(row).ok(),
            code: error.code(),
            value: error.value().to_owned(),
            rule: error.rule(),
            ..*found
        })
    }

    /// A cell that a rule of the account refuses whatever else there is.
    #[cold]
    #[must_use]
    pub fn refused(frame: &'static str, row: usize, column: &str, refusal: &Refusal) -> Box<Self> {
        let found = Self::column(frame, column, "", refusal.remedy());
        Box::new(Self {
            row: u64::try_from(row).ok(),
            code: refusal.code(),
            value: refusal.value(),
            rule: refusal.rule(),
            ..*found
        })
    }

    /// The same, of a row of this run.
    #[must_use]
    pub fn of_run(self, run: Option<u32>) -> Self {
        Self { run, ..self }
    }

    /// The same, as what is wrong with the frame.
    #[must_use]
    pub fn of_frame(self) -> Self {
        Self { code: Code::InvalidFrame, ..self }
    }

    /// Where it stands and what it is, as the value of an exception.
    #[must_use]
    pub fn place(&self) -> String {
        let mut place = String::new();
        if let Some(run) = self.run {
            place = format!("run {run}, ");
        }
        if let Some(row) = self.row {
            place = format!("{place}row {row}, ");
        }
        place = format!("{place}column {}", self.column);
        if self.value.is_empty() && self.row.is_none() {
            return place;
        }
        format!("{place}: {}", self.value)
    }
}

impl fmt::Display for BatchError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (code, frame, place) = (self.code.number(), self.frame, shortened(self.place()));
        write!(formatter, "[{code}] {frame}={place}: {}; {}", self.rule, self.remedy)
    }
}

impl std::error::Error for BatchError {}
