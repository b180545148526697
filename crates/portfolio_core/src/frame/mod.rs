//! Frames of events: a whole table in one call (SPEC section 11).
//!
//! [`EventFrame`] is a frame whose columns were looked at; [`Ledger::apply_frame`] turns its rows
//! into events, one after the other, and takes each through the ledger's door. Either all of them
//! are applied or none, or those that are refused are listed ([`OnError`]).
//!
//! Reading order: `columns` → `action` → `cells` → `rows` (with `protection`, `orders` and
//! `account` for more of them) → `group` → `run`; `error` for what is refused, `receipts` for what
//! comes back. `events` (with `event_columns`) is the way out: all accepted events as such a frame.

mod account;
mod action;
mod cells;
mod columns;
mod error;
mod event_columns;
mod events;
mod group;
mod orders;
mod protection;
mod receipts;
mod rows;
mod run;
mod symbols;
pub(crate) mod words;

pub use columns::EventFrame;
pub use error::{FrameError, RowError, ShapeError};
pub(crate) use protection::read_targets;
pub use run::{Applied, OnError};
pub use words::OrderType;

#[cfg(doc)]
use crate::ledger::Ledger;
