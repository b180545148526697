//! Applies a frame of one kind so many times, for a counter of instructions (`make instructions`).
//!
//! `instructions KIND EVENTS TIMES`; the frame is made once, so the difference between two numbers
//! of times is the cost of the events alone.
#![expect(
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a tool for the benches fails by panicking and says what it did"
)]

#[path = "../benches/shared/mod.rs"]
mod shared;

use shared::{Kind, apply, frame, new_ledger};

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let kind = match arguments[1].as_str() {
        "mixed" => Kind::Mixed,
        "mixed_with_fees" => Kind::MixedWithFees,
        "updates" => Kind::Updates,
        _ => Kind::Marks,
    };
    let [events, times] = [2, 3].map(|place| arguments[place].parse::<usize>().unwrap());
    let batches = [frame(kind, events)];
    let mut balance = None;
    for _ in 0..times {
        let mut ledger = new_ledger();
        apply(&mut ledger, &batches);
        balance = Some(ledger.account().balance);
    }
    println!("{kind:?}: {events} events, {times} times, balance {}", balance.unwrap());
}
