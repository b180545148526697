//! What can be wrong with a journal.

use std::error::Error;
use std::fmt;
use std::io;

use super::report::{Recovery, UNFINISHED, Verdict};
use crate::refusal::{Code, Refusal};

/// What is wrong, by its code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It cannot be written, or not by this process.
    Durability,
    /// Somebody else writes it.
    Locked,
    /// It is damaged, or no journal.
    Corrupt,
    /// A later version wrote it.
    Version,
    /// There is a file where a new one should be.
    Exists,
    /// There is none.
    NotFound,
    /// The portfolio was closed.
    Closed,
}

impl Fault {
    /// The code of the refusal.
    #[must_use]
    pub const fn code(self) -> Code {
        match self {
            Self::Durability => Code::DurabilityError,
            Self::Locked => Code::JournalLocked,
            Self::Corrupt => Code::JournalCorrupt,
            Self::Version => Code::JournalVersion,
            Self::Exists => Code::JournalExists,
            Self::NotFound => Code::JournalNotFound,
            Self::Closed => Code::PortfolioClosed,
        }
    }
}

/// Why a journal could not be opened, read or written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalError {
    /// What is wrong.
    pub fault: Fault,
    /// The file; of a portfolio without one, what it is.
    pub path: String,
    /// What is wrong with it, in words.
    pub rule: String,
    /// What to do.
    pub remedy: &'static str,
}

impl JournalError {
    /// The error of a file.
    pub fn new(fault: Fault, path: &str, rule: impl Into<String>, remedy: &'static str) -> Self {
        Self { fault, path: path.to_owned(), rule: rule.into(), remedy }
    }

    /// What the operating system said when a journal was written.
    #[must_use]
    pub fn unwritten(path: &str, doing: &str, error: &io::Error) -> Self {
        Self::new(
            Fault::Durability,
            path,
            format!("{doing} failed: {error}"),
            "the portfolio is read-only now; mend the disk and open the journal again",
        )
    }

    /// What the operating system said before there was a journal to write.
    #[must_use]
    pub fn not_begun(path: &str, doing: &str, error: &io::Error) -> Self {
        Self::new(
            Fault::Durability,
            path,
            format!("{doing} failed: {error}"),
            "take a path where this process may write",
        )
    }

    /// What every call gets after a first error.
    #[must_use]
    pub fn read_only(path: &str, reason: &str) -> Self {
        Self::new(
            Fault::Durability,
            path,
            format!("the portfolio is read-only: {reason}"),
            "open the journal again with open_journal",
        )
    }

    /// An event for a portfolio that was closed.
    #[must_use]
    pub fn closed() -> Self {
        Self::new(
            Fault::Closed,
            "closed",
            "takes no more events",
            "open its journal again with open_journal, or fork it",
        )
    }

    /// A snapshot or a flush of a portfolio without a journal.
    #[must_use]
    pub fn none() -> Self {
        Self::new(
            Fault::NotFound,
            "None",
            "this portfolio has no journal",
            "construct it with journal=, or keep to_bytes() in a file of your own",
        )
    }

    /// What the operating system said when a journal was opened or read.
    #[must_use]
    pub fn unread(path: &str, error: &io::Error) -> Self {
        match error.kind() {
            kind @ (io::ErrorKind::NotFound
            | io::ErrorKind::NotADirectory
            | io::ErrorKind::IsADirectory) => {
                let remedy = "check the path; a new journal is made by journal= of a portfolio";
                let other = kind == io::ErrorKind::IsADirectory;
                let rule = if other { "is no file" } else { "there is no such file" };
                Self::new(Fault::NotFound, path, rule, remedy)
            }
            _ => Self::new(
                Fault::Durability,
                path,
                format!("opening it failed: {error}"),
                "check the path and the rights of its file and folder",
            ),
        }
    }

    /// Somebody else writes it.
    #[must_use]
    pub fn locked(path: &str) -> Self {
        let remedy = "close the other portfolio first; inspect_journal reads without a lock";
        Self::new(Fault::Locked, path, "another portfolio writes it", remedy)
    }

    /// What was found is not what can be gone on with.
    #[must_use]
    pub fn unreadable(report: &Recovery) -> Self {
        let (fault, remedy) = match report.verdict {
            Verdict::Newer => (Fault::Version, "read it with a newer omega_portfolio"),
            _ if report.reason == UNFINISHED => {
                (Fault::Corrupt, "it has never held an event: remove it")
            }
            _ => {
                (Fault::Corrupt, "look at it with inspect_journal, then open it with salvage=True")
            }
        };
        Self::new(fault, &report.path, report.reason.clone(), remedy)
    }

    /// The argument that it is about.
    #[must_use]
    pub const fn argument(&self) -> &'static str {
        match self.fault {
            Fault::Closed => "portfolio",
            _ => "journal",
        }
    }
}

impl fmt::Display for JournalError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { fault, path, rule, remedy } = self;
        let (code, argument) = (fault.code().number(), self.argument());
        write!(formatter, "[{code}] {argument}={path}: {rule}; {remedy}")
    }
}

impl Error for JournalError {}

impl From<JournalError> for Refusal {
    fn from(error: JournalError) -> Self {
        Self::Journal(Box::new(error))
    }
}
