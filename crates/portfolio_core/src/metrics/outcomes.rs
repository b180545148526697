//! How long trades won or lost were held, and how many of them followed each other. Which ones won
//! is anybody's guess, so nothing here branches on it.

use fearless_simd::dispatch;

use super::lanes;

/// Rows whose lengths are added in 64 bits, when none of them is longer than [`SHORT`].
const ROWS: usize = 4_096;
/// Some 35 years in microseconds.
const SHORT: i64 = 1 << 50;

/// Trades above and below 0, and microseconds.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Outcomes {
    /// Trades above 0.
    pub(super) won: usize,
    /// Trades below 0.
    pub(super) lost: usize,
    /// The lengths of all, of those above 0, and of those below.
    pub(super) lengths: [i128; 3],
    /// The shortest and the longest.
    pub(super) range: Option<(i64, i64)>,
    /// Trades above 0, and trades below, that follow each other at the end.
    runs: (usize, usize),
    /// The most of both that did.
    pub(super) most: (usize, usize),
}

impl Outcomes {
    /// Takes trades behind those before.
    pub(super) fn take(&mut self, entries: &[i64], exits: &[i64], results: &[f64]) {
        let times = entries.chunks(ROWS).zip(exits.chunks(ROWS));
        for ((entries, exits), results) in times.zip(results.chunks(ROWS)) {
            dispatch!(lanes::level(), _ => self.take_lengths(entries, exits, results));
        }
        let (mut runs, mut most) = (self.runs, self.most);
        for &result in results {
            // A trade without a result is neither, and ends both.
            runs.0 = runs.0.wrapping_add(1) & all_bits(result > 0.0);
            runs.1 = runs.1.wrapping_add(1) & all_bits(result < 0.0);
            most = (most.0.max(runs.0), most.1.max(runs.1));
        }
        (self.runs, self.most) = (runs, most);
    }

    #[inline(always)]
    fn take_lengths(&mut self, entries: &[i64], exits: &[i64], results: &[f64]) {
        let (mut won, mut lost) = (0_u64, 0_u64);
        let (mut low, mut high) = self.range.unwrap_or((i64::MAX, i64::MIN));
        let mut sums = [0_i64; 3];
        for ((entry, exit), &result) in entries.iter().zip(exits).zip(results) {
            let length = exit.saturating_sub(*entry);
            (low, high) = (low.min(length), high.max(length));
            let (is_won, is_lost) = (result > 0.0, result < 0.0);
            won = won.wrapping_add(u64::from(is_won));
            lost = lost.wrapping_add(u64::from(is_lost));
            let [all, wins, losses] = &mut sums;
            *all = all.wrapping_add(length);
            *wins = wins.wrapping_add(if is_won { length } else { 0 });
            *losses = losses.wrapping_add(if is_lost { length } else { 0 });
        }
        self.won = self.won.saturating_add(usize::try_from(won).unwrap_or(usize::MAX));
        self.lost = self.lost.saturating_add(usize::try_from(lost).unwrap_or(usize::MAX));
        self.range = Some((low, high));
        let sums = if low > -SHORT && high < SHORT {
            sums.map(i128::from)
        } else {
            long_sums(entries, exits, results)
        };
        for (all, sum) in self.lengths.iter_mut().zip(sums) {
            *all = all.saturating_add(sum);
        }
    }
}

/// The sums of lengths that may be too long for 64 bits.
#[inline(never)]
fn long_sums(entries: &[i64], exits: &[i64], results: &[f64]) -> [i128; 3] {
    let mut sums = [0_i128; 3];
    for ((entry, exit), &result) in entries.iter().zip(exits).zip(results) {
        let length = i128::from(exit.saturating_sub(*entry));
        let chosen = [true, result > 0.0, result < 0.0];
        for (sum, chosen) in sums.iter_mut().zip(chosen) {
            *sum = sum.saturating_add(if chosen { length } else { 0 });
        }
    }
    sums
}

/// All bits, or none.
fn all_bits(all: bool) -> usize {
    usize::from(all).wrapping_neg()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_and_short_trades_add_up() {
        let results = [1.0, 2.0, -1.0, 0.0, 3.0, -2.0, -4.0, -0.5, 1.0];
        for scale in [1, 1 << 59] {
            let exits: Vec<i64> = (1..=9).map(|length| 5 + length * scale).collect();
            let mut whole = Outcomes::default();
            whole.take(&[5; 9], &exits, &results);
            let mut parts = Outcomes::default();
            parts.take(&[5; 4], &exits[..4], &results[..4]);
            parts.take(&[5; 5], &exits[4..], &results[4..]);
            for found in [whole, parts] {
                assert_eq!((found.won, found.lost, found.most), (4, 4, (2, 3)));
                let lengths = [45, 1 + 2 + 5 + 9, 3 + 6 + 7 + 8];
                assert_eq!(found.lengths, lengths.map(|sum| sum * i128::from(scale)));
                assert_eq!(found.range, Some((scale, 9 * scale)));
            }
        }
    }
}
