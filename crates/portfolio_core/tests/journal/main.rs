//! The journal: what it promises, on a disk that breaks (SPEC section 21).
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::panic,
    clippy::print_stdout,
    reason = "a failed test stops here, its numbers are small, and it says what it visited"
)]

mod calls;
mod closing;
mod damage;
mod disk;
mod faults;
mod files;
mod golden;
mod hostile;
mod power;
#[path = "../random/mod.rs"]
mod random;
mod roads;
mod salvage;

/// Whether the tests take the hours that the full sizes need.
fn is_full() -> bool {
    std::env::var("CRASH_FULL").is_ok_and(|full| full == "1")
}
