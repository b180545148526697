//! The value at a place of a sorted column, without sorting it: what lies on the wrong side of a
//! guess is left out, many values at once, until a few are left.

use fearless_simd::Simd;

use super::lanes::WIDE;
use super::sums::Total;
use super::{count, sift};
use crate::history::BLOCK_ROWS;

/// Values that are told apart one by one.
const FEW: usize = 48;
/// Guesses are medians and the like of so many values.
const SAMPLE: usize = 2 * WIDE;
/// Most columns need five guesses; one that is made to mislead them is sorted out at last.
const GUESSES: usize = 40;

/// Memory for values that are left.
#[derive(Debug, Clone, Default)]
pub(super) struct Spare([Vec<f64>; 2]);

/// The value at a place.
#[inline(always)]
pub(super) fn nth<S: Simd>(
    simd: S,
    values: &[f64],
    mut place: usize,
    spare: &mut Spare,
) -> Option<f64> {
    let Spare([left, next]) = spare;
    for cells in [&mut *left, next] {
        cells.resize(cells.len().max(values.len().saturating_add(WIDE)), 0.0);
    }
    left.get_mut(..values.len())?.copy_from_slice(values);
    let mut rows = values.len();
    for _ in 0..GUESSES {
        if rows <= FEW {
            break;
        }
        let all = left.get(..rows)?;
        let guess = guess(simd, all, place);
        let (less, most) = sift::ranks(simd, all, guess);
        if place >= less && place < most {
            return Some(guess);
        }
        rows = if place < less {
            sift::sieve(simd, all, (guess.next_down(), 1.0), next)
        } else {
            place = place.saturating_sub(most);
            sift::above(simd, all, guess, next)
        };
        std::mem::swap(left, next);
    }
    let few = left.get_mut(..rows).filter(|few| place < few.len())?;
    Some(*few.select_nth_unstable_by(place, f64::total_cmp).1)
}

/// A value that is about as high among a few ones as the place is among all.
#[inline(always)]
fn guess<S: Simd>(simd: S, values: &[f64], place: usize) -> f64 {
    let step = values.len() / SAMPLE;
    let mut sample = [f64::INFINITY; SAMPLE];
    for (cell, value) in sample.iter_mut().zip(values.iter().step_by(step.max(1))) {
        *cell = *value;
    }
    sift::nth_of_few(simd, &sample, place.checked_div(step).unwrap_or(0))
}

/// A value of a column, and what lies around it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Around {
    place: usize,
    /// The value.
    pub(super) at: f64,
    /// Values below it, and their sum.
    less: (usize, f64),
    /// Values not above it.
    most: usize,
    below: f64,
    above: f64,
}

impl Around {
    /// The value at a place of the sorted column; none beyond its end.
    #[inline(always)]
    pub(super) fn of<S: Simd>(
        simd: S,
        values: &[f64],
        place: usize,
        spare: &mut Spare,
    ) -> Option<Self> {
        let at = nth(simd, values, place, spare)?;
        let (less, most) = sift::ranks(simd, values, at);
        let (mut sum, mut below, mut above) = (Total::default(), f64::NEG_INFINITY, f64::INFINITY);
        for block in values.chunks(BLOCK_ROWS) {
            let ends = sift::beside(simd, block, at, &mut sum);
            (below, above) = (below.max(ends.0), above.min(ends.1));
        }
        Some(Self { place, at, less: (less, sum.get()), most, below, above })
    }

    /// The value at the place before.
    pub(super) fn before(&self) -> f64 {
        if self.less.0 < self.place { self.at } else { self.below }
    }

    /// The value at the next place; the same one where there is none.
    pub(super) fn next(&self) -> f64 {
        let last = self.place.saturating_add(1) < self.most || self.above.is_infinite();
        if last { self.at } else { self.above }
    }

    /// The sum of the values at all places before.
    pub(super) fn sum_before(&self) -> f64 {
        let (less, sum) = self.less;
        sum + self.at * count(self.place.saturating_sub(less))
    }
}

#[cfg(test)]
mod tests {
    use fearless_simd::dispatch;

    use super::super::lanes;
    use super::*;

    /// Numbers of which many are equal, in no order.
    fn mixed(rows: u64, kinds: u64) -> Vec<f64> {
        let mixed = (0..rows).map(|row| (row.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 33) % kinds);
        mixed.map(|value| f64::from(u32::try_from(value).unwrap()) - 10.0).collect()
    }

    #[test]
    fn every_place_of_columns_with_and_without_equal_values() {
        for (rows, kinds) in
            [(1, 1), (7, 3), (48, 9), (333, 1), (500, 2), (1_000, 40), (2_000, 1 << 30)]
        {
            let values = mixed(rows, kinds);
            let mut sorted = values.clone();
            sorted.sort_by(f64::total_cmp);
            let mut spare = Spare::default();
            for place in (0..sorted.len()).step_by(3) {
                let found = dispatch!(lanes::level(), simd => {
                    Around::of(simd, &values, place, &mut spare)
                });
                let found = found.unwrap();
                let get = |place: usize| sorted.get(place).copied();
                assert_eq!(Some(found.at), get(place));
                assert_eq!(Some(found.next()), get(place + 1).or(get(place)));
                if place > 0 {
                    assert_eq!(Some(found.before()), get(place - 1));
                }
                let sum: f64 = sorted[..place].iter().sum();
                assert!((found.sum_before() - sum).abs() <= sum.abs() * 1e-12);
            }
            let beyond = dispatch!(lanes::level(), simd => {
                nth(simd, &values, values.len(), &mut spare)
            });
            assert_eq!(beyond, None);
        }
    }
}
