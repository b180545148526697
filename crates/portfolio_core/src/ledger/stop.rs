//! Why a step in the middle of an event cannot be.

use std::collections::TryReserveError;

use crate::columns::segment::AllocationFailed;
use crate::numbers::Overflow;
use crate::refusal::{Refusal, Refused};

/// A number out of range, which the event names, or a refusal with its own name.
#[derive(Debug)]
pub(super) enum Stop {
    Overflow,
    /// A number out of range in a leg that closes, inside a fill that opens.
    Closing,
    Refused(Refused),
}

impl Stop {
    /// The refusal; a number out of range names an argument of the event.
    #[cold]
    pub(super) fn named(self, argument: &'static str, value: &dyn ToString) -> Refused {
        match self {
            Self::Overflow | Self::Closing => {
                Refusal::ResultOutOfRange { argument, value: value.to_string() }.into()
            }
            Self::Refused(refused) => refused,
        }
    }

    /// The same for a leg that closes.
    pub(super) fn closing(self) -> Self {
        match self {
            Self::Overflow => Self::Closing,
            other => other,
        }
    }
}

impl From<Overflow> for Stop {
    fn from(Overflow: Overflow) -> Self {
        Self::Overflow
    }
}

impl From<Refused> for Stop {
    fn from(refused: Refused) -> Self {
        Self::Refused(refused)
    }
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal.into())
    }
}

impl From<AllocationFailed> for Stop {
    fn from(failed: AllocationFailed) -> Self {
        Self::Refused(failed.into())
    }
}

impl From<TryReserveError> for Stop {
    fn from(failed: TryReserveError) -> Self {
        Self::Refused(failed.into())
    }
}
