//! Random lives with every action, as frames: refused or taken back, cut anywhere and made again
//! from their events. A failure names the seed.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test fails by panicking"
)]

#[expect(dead_code, reason = "each test uses its part")]
mod frame_rows;
mod lives;
mod random;

use frame_rows::{apply, apply_batches, batch, comes_back, picture, shown};
use lives::{grown, index};
use portfolio_core::frame::{FrameError, OnError};

const SEEDS: u64 = 120;

#[test]
fn lives_come_back_from_their_events() {
    let (mut accepted, mut refused, mut said) = (0, 0, std::collections::BTreeSet::new());
    for seed in 0..SEEDS {
        let (mut ledger, mut source) = grown(seed);
        let rows = source.rows(120);
        let applied = apply(&mut ledger, &rows, OnError::Record).unwrap();
        accepted += applied.receipts.rows;
        refused += applied.refused.rows;
        assert_eq!(applied.receipts.rows + applied.refused.rows, rows.len(), "seed {seed}");
        for row in frame_rows::told(&ledger) {
            said.insert(row.split(' ').nth(1).unwrap().to_owned());
        }
        assert_eq!(ledger.verify(), Ok(()), "seed {seed}");
        comes_back(&mut ledger, &format!("seed {seed}"));
    }
    assert_eq!(said.len(), 19, "{said:?}");
    assert!(accepted > refused, "{accepted} accepted, {refused} refused");
}

#[test]
fn a_refused_life_leaves_no_trace() {
    for seed in SEEDS..2 * SEEDS {
        let (mut ledger, mut source) = grown(seed);
        let mut again = ledger.replay().unwrap();
        let rows = source.rows(60);
        let before = picture(&mut ledger);
        // The last row is refused in any case; one that raises earlier takes all back as well.
        let mut good = Vec::new();
        let mut trial = ledger.replay().unwrap();
        let first = apply(&mut trial, &rows, OnError::Record).unwrap();
        let kept: std::collections::BTreeSet<usize> = shown(&first.receipts)
            .iter()
            .map(|row| row.split(' ').next().unwrap()[4..].parse().unwrap())
            .collect();
        good.extend(kept.iter().map(|&row| rows[row].clone()));
        good.push(format!("withdraw time={} amount=1000000000", source.time));
        let error = apply(&mut ledger, &good, OnError::Raise).unwrap_err();
        let FrameError::Row(error) = error else { panic!("seed {seed}: {error}") };
        assert_eq!(error.row, good.len() - 1, "seed {seed}: {error}");
        assert_eq!(picture(&mut ledger), before, "seed {seed}: {error}");
        assert_eq!(ledger.check_invariants(), Ok(()), "seed {seed}");
        // What comes next does not know that the frame was ever tried.
        for other in [&mut ledger, &mut again] {
            apply(other, &rows, OnError::Record).unwrap();
        }
        assert_eq!(picture(&mut ledger)[..2], picture(&mut again)[..2], "seed {seed}");
        assert_eq!(ledger.verify(), Ok(()), "seed {seed}");
    }
}

#[test]
fn a_life_means_the_same_however_it_is_cut() {
    for seed in 2 * SEEDS..3 * SEEDS {
        let (mut one, mut source) = grown(seed);
        let (mut cut, _) = grown(seed);
        let rows = source.rows(80);
        let whole = batch(&rows);
        let wanted =
            apply_batches(&mut one, std::slice::from_ref(&whole), OnError::Record).unwrap();
        let (mut batches, mut start) = (Vec::new(), 0);
        while start < rows.len() {
            let count = index(&mut source.random, 9).min(rows.len() - start);
            batches.push(whole.slice(start, count));
            start += count;
        }
        let found = apply_batches(&mut cut, &batches, OnError::Record).unwrap();
        assert_eq!(picture(&mut one), picture(&mut cut), "seed {seed}");
        assert_eq!(found.receipts.batches, wanted.receipts.batches, "seed {seed}");
        assert_eq!(found.refused.batches, wanted.refused.batches, "seed {seed}");
    }
}
