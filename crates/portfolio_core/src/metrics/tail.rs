//! Order statistics of a long column: quantiles and means of the worst, from the few values that
//! can be among them.
//!
//! Values come block by block. A [`Lowest`] holds on to somewhat more than the wanted ones; when it
//! is full, the wanted ones are selected, and from then on only values below the worst of them are
//! looked at. So nothing is sorted, and a long history needs the memory of its tail only.

use fearless_simd::{Simd, dispatch};

use super::lanes::{self, WIDE};
use super::order::{self, Around, Spare};
use super::{count, sift};
use crate::history::{BLOCK_ROWS, History};

/// The most points that tell where the tails begin, and the fewest that are worth it.
const SAMPLE: (usize, usize) = (128, 4_096);
/// How much further on in its step each point is than the one before.
const SHIFT: usize = 7;

/// The lowest values of a column.
#[derive(Debug, Clone, Default)]
pub struct Lowest {
    wanted: usize,
    /// Values above it are not looked at. Whether a guess of it was high enough shows at the end
    /// ([`Lowest::is_enough`]).
    bound: Option<f64>,
    kept: Vec<f64>,
    seen: usize,
}

/// Where those values of a block are put that stay, and a chunk more.
#[derive(Debug, Clone)]
struct Sieve(Box<[f64; BLOCK_ROWS + WIDE]>);

impl Default for Sieve {
    fn default() -> Self {
        Self(Box::new([0.0; BLOCK_ROWS + WIDE]))
    }
}

impl Lowest {
    /// For the lowest `wanted` values, with the memory that it has.
    fn begin(&mut self, wanted: usize) {
        (self.wanted, self.bound, self.seen) = (wanted.max(1), None, 0);
        self.kept.clear();
    }

    /// Whether all wanted values were kept.
    #[must_use]
    fn is_enough(&self) -> bool {
        self.kept.len() >= self.wanted.min(self.seen)
    }

    fn bound(&self) -> f64 {
        self.bound.unwrap_or(f64::INFINITY)
    }

    /// Takes those of some values that may be wanted, or the negative ones with a sign of -1. There
    /// were so many values in front, of which the others may not.
    #[inline(always)]
    fn take<S: Simd>(
        &mut self,
        simd: S,
        values: &[f64],
        (sign, seen): (f64, usize),
        sieve: &mut Sieve,
    ) {
        let Sieve(cells) = sieve;
        let used = sift::sieve(simd, values, (self.bound(), sign), &mut **cells);
        self.kept.extend_from_slice(cells.get(..used).unwrap_or_default());
        self.seen = self.seen.saturating_add(seen);
        self.thin();
    }

    /// Throws away what is not wanted, when it is much.
    fn thin(&mut self) {
        if self.kept.len() > self.wanted.saturating_mul(2).saturating_add(BLOCK_ROWS) {
            let last = self.wanted.saturating_sub(1);
            let (_, bound, _) = self.kept.select_nth_unstable_by(last, f64::total_cmp);
            // One more that is equal to the last wanted one would change nothing.
            self.bound = Some(bound.next_down());
            self.kept.truncate(self.wanted);
        }
    }

    fn around(&self, place: usize, spare: &mut Spare) -> Option<Around> {
        dispatch!(lanes::level(), simd => Around::of(simd, &self.kept, place, spare))
    }

    /// The quantile at a share, linear between neighbours (type 7 of Hyndman and Fan 1996), and the
    /// mean of the worst share, the last of them by its fraction (Acerbi and Tasche 2002).
    fn quantile_and_mean(&self, share: f64, spare: &mut Spare) -> Option<(f64, f64)> {
        let last = self.seen.checked_sub(1)?;
        let mass = count(self.seen) * share;
        let (whole, rest) = split(mass, last);
        let found = self.around(whole, spare)?;
        // The quantile lies at the same place or at the one before.
        let (place, part) = split(count(last) * share, last);
        let (low, high) =
            if place < whole { (found.before(), found.at) } else { (found.at, found.next()) };
        Some((low + (high - low) * part, (found.sum_before() + found.at * rest) / mass))
    }

    /// The quantile at a share counted from below, when the highest values were kept as negative
    /// ones.
    fn upper_quantile(&self, share: f64, spare: &mut Spare) -> Option<f64> {
        let last = self.seen.checked_sub(1)?;
        let (below, part) = split(count(last) * share, last);
        let above = last.saturating_sub(below);
        let Some(before) = above.checked_sub(1) else {
            return self.around(0, spare).map(|highest| -highest.at);
        };
        let found = self.around(before, spare)?;
        let (high, low) = (found.at, found.next());
        Some(-low + (low - high) * part)
    }
}

/// What the metrics take from the tails.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct TailFigures {
    /// The lower quantile of the returns.
    pub quantile: Option<f64>,
    /// The mean of the worst returns.
    pub mean: Option<f64>,
    /// The upper quantile of the returns.
    pub upper: Option<f64>,
    /// The mean of the deepest falls.
    pub falls: Option<f64>,
}

/// The tails that the metrics need.
#[derive(Debug, Clone, Default)]
pub struct Tails {
    /// The lowest returns.
    losses: Lowest,
    /// The highest returns, as negative numbers.
    gains: Lowest,
    /// The deepest falls.
    falls: Lowest,
    sieves: [Sieve; 2],
    sample: [Vec<f64>; 3],
    spare: Spare,
}

impl Tails {
    /// Begins anew, for at most so many points, and so large a share of them.
    pub fn begin(&mut self, points: usize, share: f64) {
        let (whole, _) = split(count(points) * share, points);
        for tail in [&mut self.losses, &mut self.gains, &mut self.falls] {
            tail.begin(whole.saturating_add(3));
        }
    }

    /// Guesses where the tails begin from the points of a history.
    pub fn guess(&mut self, history: &History) {
        self.guess_from(history.equity.rows, history.equity.equity.double.parts());
    }

    /// Guesses where the tails begin from points that were taken at about equal distances. Their
    /// running peak is not above the true one, so their falls are not deeper, and the guess errs on
    /// the side of keeping more.
    pub fn guess_from<'a>(&mut self, rows: usize, parts: impl Iterator<Item = &'a [f64]>) {
        let wanted = (rows / 16).clamp(SAMPLE.0, SAMPLE.1);
        let Some(step) = rows.checked_div(wanted).filter(|&step| step >= 4) else { return };
        let [before, after, peaks] = &mut self.sample;
        for column in [&mut *before, after, peaks] {
            column.clear();
        }
        // Steps of one length might always meet the same hour.
        let most = step.saturating_sub(1);
        let stride = SHIFT.checked_rem(most).unwrap_or(0);
        let (mut from, mut peak) = (0_usize, f64::MIN_POSITIVE);
        for part in parts {
            for chunk in part.chunks_exact(step) {
                if let Some([one, other]) = chunk.get(from..).and_then(<[f64]>::first_chunk::<2>) {
                    before.push(*one);
                    after.push(*other);
                    peak = peak.max(*other);
                    peaks.push(peak);
                }
                from = from.saturating_add(stride);
                from = if from >= most { from.saturating_sub(most) } else { from };
            }
        }
        dispatch!(lanes::level(), simd => {
            lanes::changes(simd, after, before);
            lanes::changes(simd, after, peaks);
        });
        let (returns, falls, size) = (&*before, &*peaks, after.len());
        let place = |tail: &Lowest| {
            let share = tail.wanted.saturating_mul(size).checked_div(rows).unwrap_or(0);
            // Four standard deviations of the rank in the sample, and some.
            let place = share.saturating_add(share.isqrt().saturating_mul(4)).saturating_add(8);
            Some(place).filter(|&place| place < size)
        };
        let spare = &mut self.spare;
        let mut nth = |values: &[f64], place: usize| nth(values, place, spare);
        let last = size.saturating_sub(1);
        // The highest values are kept as negative ones.
        let high = |place: usize| last.saturating_sub(place);
        self.losses.bound = place(&self.losses).and_then(|place| nth(returns, place));
        self.gains.bound =
            place(&self.gains).and_then(|place| nth(returns, high(place))).map(|bound| -bound);
        self.falls.bound = place(&self.falls).and_then(|place| nth(falls, place));
    }

    /// Whether no guess was too low.
    #[must_use]
    pub fn are_enough(&self) -> bool {
        self.losses.is_enough() && self.gains.is_enough() && self.falls.is_enough()
    }

    /// What the metrics take from the tails.
    pub fn figures(&mut self, share: f64) -> TailFigures {
        let spare = &mut self.spare;
        let lower = self.losses.quantile_and_mean(share, spare);
        TailFigures {
            quantile: lower.map(|(quantile, _)| quantile),
            mean: lower.map(|(_, mean)| mean),
            upper: self.gains.upper_quantile(1.0 - share, spare),
            falls: self.falls.quantile_and_mean(share, spare).map(|(_, mean)| mean),
        }
    }

    /// Takes a block.
    #[inline(always)]
    pub(super) fn take<S: Simd>(&mut self, simd: S, returns: &[f64], falls: &[f64]) {
        let [ends, sieve] = &mut self.sieves;
        for block in returns.chunks(BLOCK_ROWS) {
            let (bars, Sieve(cells)) = ((self.losses.bound(), -self.gains.bound()), &mut *ends);
            let used = sift::ends(simd, block, bars, &mut **cells);
            let ends = cells.get(..used).unwrap_or_default();
            self.losses.take(simd, ends, (1.0, block.len()), sieve);
            self.gains.take(simd, ends, (-1.0, block.len()), sieve);
        }
        for block in falls.chunks(BLOCK_ROWS) {
            // The deepest falls lie together, so most blocks hold none of them.
            let (lowest, _) = lanes::range(simd, block);
            let deep = if lowest <= self.falls.bound() { block } else { &[] };
            self.falls.take(simd, deep, (1.0, block.len()), sieve);
        }
    }
}

/// The value at a place of the sorted column.
fn nth(values: &[f64], place: usize, spare: &mut Spare) -> Option<f64> {
    dispatch!(lanes::level(), simd => order::nth(simd, values, place, spare))
}

/// The whole number below, at most `most`, and what is left over.
#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a place in a column, which is not negative and far below 2^53"
)]
fn split(value: f64, most: usize) -> (usize, f64) {
    let whole = (value.floor() as usize).min(most);
    (whole, value - count(whole))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(found: Option<f64>, wanted: f64) {
        let found = found.unwrap();
        assert!((found - wanted).abs() <= wanted.abs() * 1e-14, "{found} is not {wanted}");
    }

    /// Both tails of a column that comes in blocks.
    fn tails(values: &[f64], share: f64) -> Tails {
        let mut tails = Tails::default();
        tails.begin(values.len(), share);
        for block in values.chunks(1_000) {
            dispatch!(lanes::level(), simd => tails.take(simd, block, block));
        }
        tails
    }

    #[test]
    fn a_small_column_by_hand() {
        let mut small = tails(&[4.0, 1.0, 3.0, 2.0, 5.0], 0.3);
        let figures = small.figures(0.3);
        near(figures.quantile, 2.2);
        near(figures.mean, (1.0 + 2.0 * 0.5) / 1.5);
        near(figures.upper, 3.8);
        near(small.gains.upper_quantile(1.0, &mut Spare::default()), 5.0);
    }

    #[test]
    fn the_upper_ends() {
        let whole = tails(&[4.0, 5.0], 0.9);
        near(whole.gains.upper_quantile(1.0, &mut Spare::default()), 5.0);
        near(whole.gains.upper_quantile(0.0, &mut Spare::default()), 4.0);
    }

    #[test]
    fn without_values_there_is_no_tail() {
        assert_eq!(tails(&[], 0.05).figures(0.05), TailFigures::default());
        let one = tails(&[7.0], 0.05).figures(0.05);
        for found in [one.quantile, one.mean, one.upper, one.falls] {
            near(found, 7.0);
        }
    }

    /// Numbers 0 to `rows` - 1: up, down, and mixed.
    fn orders(rows: u32) -> [Vec<f64>; 3] {
        let up: Vec<f64> = (0..rows).map(f64::from).collect();
        // The number of rows is a prime, so the multiplier goes through all numbers once.
        let mixed = (0..u64::from(rows)).map(|row| row * 2_654_435_761 % u64::from(rows));
        let mixed = mixed.map(|value| f64::from(u32::try_from(value).unwrap())).collect();
        [up.iter().rev().copied().collect(), up, mixed]
    }

    #[test]
    fn a_long_column_in_any_order_keeps_its_tail() {
        let rows = 100_003;
        for values in orders(rows) {
            for share in [0.01, 0.05, 0.5, 0.99] {
                let found = tails(&values, share).figures(share);
                near(found.quantile, f64::from(rows - 1) * share);
                let mass = f64::from(rows) * share;
                let whole = mass.floor();
                let sum = whole * (whole - 1.0) / 2.0 + (mass - whole) * whole;
                near(found.falls, sum / mass);
                near(found.mean, sum / mass);
                near(found.upper, f64::from(rows - 1) * (1.0 - share));
            }
        }
    }
}
