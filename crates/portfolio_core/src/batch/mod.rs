//! Many accounts over the same bars in one call (SPEC section 20).
//!
//! A run is a sequence of events, derived from shared bars, the run's orders and what its
//! parameters override; [`drive`] is the one place that says which events. Reading order:
//! [`bars`], [`orders`] and [`params`] read the frames, [`plan`] makes the runs, [`drive`] applies
//! one to a [`crate::ledger::Ledger`], [`outcome`] keeps what was asked for, [`pool`] does many at
//! once.

pub mod bars;
mod error;
pub mod orders;
mod overrides;
pub mod params;
pub mod plan;

pub use error::BatchError;
pub use overrides::{Fill, Overrides};
