//! Why a column or a cell cannot be taken, in the words of a refusal.

use std::borrow::Cow;

use crate::numbers::NumberError;
use crate::refusal::Code;

/// A column of a type that cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrongType {
    /// What it is.
    pub found: String,
    /// What it may be.
    pub wanted: &'static str,
}

/// A cell that cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CellError {
    /// There must be a value.
    Null,
    /// The column contradicts itself there, which no value explains.
    Malformed {
        /// In which way.
        rule: &'static str,
    },
    /// It is no number here.
    Number {
        /// The cell.
        value: String,
        /// The decimals there may be.
        scale: u32,
        /// What is wrong with it.
        error: NumberError,
    },
    /// It is no time.
    Time {
        /// The cell.
        value: String,
        /// The rule that it breaks.
        rule: &'static str,
    },
    /// It is no id, or no number of the kind that is wanted.
    Whole {
        /// The cell.
        value: String,
        /// The code of the refusal.
        code: Code,
        /// The rule that it breaks.
        rule: &'static str,
        /// What to do about it.
        remedy: &'static str,
    },
    /// It is text, but none that is wanted.
    Text {
        /// The cell.
        value: String,
        /// The code of the refusal.
        code: Code,
        /// The rule that it breaks.
        rule: &'static str,
        /// What to do about it.
        remedy: &'static str,
    },
}

impl CellError {
    /// The code of the refusal.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::Null | Self::Malformed { .. } => Code::InvalidFrame,
            Self::Number { error: NumberError::OutOfRange, .. } => Code::NumberOutOfRange,
            Self::Number { .. } => Code::InvalidNumber,
            Self::Time { .. } => Code::InvalidTime,
            Self::Whole { code, .. } | Self::Text { code, .. } => *code,
        }
    }

    /// The cell, as text.
    #[must_use]
    pub fn value(&self) -> &str {
        match self {
            Self::Null => "null",
            Self::Malformed { .. } => "malformed",
            Self::Number { value, .. }
            | Self::Time { value, .. }
            | Self::Whole { value, .. }
            | Self::Text { value, .. } => value,
        }
    }

    /// The rule that it breaks.
    #[must_use]
    pub fn rule(&self) -> Cow<'static, str> {
        match self {
            Self::Null => "must not be null".into(),
            Self::Number { scale, error, .. } => number_rule(*error, *scale).0,
            Self::Malformed { rule }
            | Self::Time { rule, .. }
            | Self::Whole { rule, .. }
            | Self::Text { rule, .. } => (*rule).into(),
        }
    }

    /// What to do about it.
    #[must_use]
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Null => "fill the cell or drop the row",
            Self::Malformed { .. } => "build the column again",
            Self::Number { scale, error, .. } => number_rule(*error, *scale).1,
            Self::Time { .. } => "pass timestamps of whole microseconds in the years 1 to 9999",
            Self::Whole { remedy, .. } | Self::Text { remedy, .. } => remedy,
        }
    }
}

/// Rule and remedy of a number that cannot be taken at a scale.
#[must_use]
pub fn number_rule(error: NumberError, scale: u32) -> (Cow<'static, str>, &'static str) {
    let remedy = match error {
        NumberError::Syntax => {
            "write digits with at most one point, like 1.08123, and no blanks or separators"
        }
        NumberError::TooManyDigits => "round it to the scale first",
        NumberError::NotFinite => "pass a finite number",
        NumberError::RoundsToZero => "pass 0 if 0 is meant",
        NumberError::OutOfRange => "use a smaller number",
    };
    let rule = match error {
        NumberError::TooManyDigits => format!("has digits beyond {scale} decimals").into(),
        other => other.to_string().into(),
    };
    (rule, remedy)
}
