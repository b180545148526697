//! Many accounts over the same bars in one call (SPEC section 20).
//!
//! A run is a sequence of events, derived from shared bars, the run's orders and what its
//! parameters override; [`drive`] is the one place that says which events. Reading order:
//! [`bars`], [`orders`] and [`params`] read the frames, [`plan`] makes the runs, [`drive`] applies
//! one to a [`crate::ledger::Ledger`], [`outcome`] keeps what was asked for, [`pool`] does many at
//! once; `fingerprint` is the hash of all that decides results.
//!
//! Under the readers: `source` (a frame column by column, and its first cell at fault), `error`;
//! `moments`, `symbols`, `prices` and `rules` of the bars; `order_cells`, `param_cells`, `cells`,
//! `words` and `row_order` of the other two; `overrides` is what a run changes in a row. `prepared`
//! hands the bars to other processes.

mod actions;
pub mod bars;
mod cells;
pub mod drive;
mod error;
mod fingerprint;
mod kept;
mod levels;
mod moments;
mod order_cells;
pub mod orders;
pub mod outcome;
mod overrides;
mod param_cells;
pub mod params;
pub mod plan;
pub mod pool;
mod prepared;
mod prices;
pub mod quick;
mod row_order;
mod rules;
mod sizes;
mod source;
mod symbols;
mod tables;
mod tags;
mod times;
mod words;

pub use error::BatchError;
pub use overrides::{Fill, Overrides};
