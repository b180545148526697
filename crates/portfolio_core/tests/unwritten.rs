//! Frames that a journal does not take: nothing of them has happened. A failure names the seed.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[expect(dead_code, reason = "each test uses its part")]
mod frame_rows;
#[expect(dead_code, reason = "each test uses its part")]
mod full_disk;
mod lives;
mod random;

use frame_rows::{apply, picture};
use lives::{grown, index};
use portfolio_core::frame::{FrameError, OnError};
use portfolio_core::journal::Fault;

const SEEDS: u64 = 150;

#[test]
fn a_frame_that_is_not_written_has_not_happened() {
    let mut refused = 0;
    for seed in 0..SEEDS {
        let (mut ledger, mut source) = grown(seed);
        for _ in 0..6 {
            let count = index(&mut source.random, 30) + 1;
            let rows = source.rows(count);
            if rows.is_empty() {
                continue;
            }
            let before = picture(&mut ledger);
            full_disk::attach(&mut ledger);
            match apply(&mut ledger, &rows, OnError::Record) {
                Err(FrameError::Journal(error)) => {
                    assert_eq!(error.fault, Fault::Durability, "seed {seed}");
                    refused += 1;
                }
                Err(error) => panic!("seed {seed}: {error}"),
                Ok(_) => {}
            }
            assert_eq!(picture(&mut ledger), before, "seed {seed}");
            ledger.detach();
            apply(&mut ledger, &rows, OnError::Record).unwrap();
        }
        ledger.verify().unwrap_or_else(|violation| panic!("seed {seed}: {violation}"));
    }
    assert!(refused > 500, "{refused} refused frames are enough to see something");
}
