//! Batch runs (SPEC section 20): each rule by small examples, worked out by hand.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "what fails fails the test"
)]

#[path = "batch_runs/actions.rs"]
mod actions;
#[path = "batch_runs/cases.rs"]
mod cases;
#[path = "batch_runs/levels.rs"]
mod levels;
#[path = "batch_runs/made.rs"]
mod made;
#[path = "batch_runs/shown.rs"]
mod shown;
#[path = "batch_runs/tables.rs"]
mod tables;
#[path = "batch_runs/threads.rs"]
mod threads;
#[path = "batch_runs/times.rs"]
mod times;
