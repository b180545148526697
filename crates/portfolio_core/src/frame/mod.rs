//! Frames of events: a whole table in one call (SPEC section 11).
//!
//! [`EventFrame`] is a frame whose columns were looked at; [`Ledger::apply_frame`] turns its rows
//! into events, one after the other, and takes each through the ledger's door. Either all of them
//! are applied or none, or those that are refused are listed ([`OnError`]).
//!
//! Reading order: `columns` → `action` → `rows` → `run`; `error` for what is refused, `receipts`
//! for what comes back. `events` is the way out: all accepted events as such a frame.

mod action;
mod columns;
mod error;
mod events;
mod receipts;
mod rows;
mod run;
mod symbols;

pub use columns::EventFrame;
pub use error::{FrameError, RowError, ShapeError};
pub use run::{Applied, OnError};

#[cfg(doc)]
use crate::ledger::Ledger;
