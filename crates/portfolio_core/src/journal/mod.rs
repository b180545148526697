//! The journal: every accepted event of a portfolio in a file (SPEC section 21).

mod error;

pub use error::{Fault, JournalError};
