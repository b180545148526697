//! Order statistics of a long column: quantiles and means of the worst, from the few values that
//! can be among them.
//!
//! Values come block by block. A [`Lowest`] holds on to somewhat more than the wanted ones; when it
//! is full, the wanted ones are selected, and from then on only values below the worst of them are
//! looked at. So nothing is sorted, and a long history needs the memory of its tail only.

use super::sums::Total;
use super::{count, lanes};
use crate::history::{BLOCK_ROWS, History};

/// The most points that tell where the tails begin, and the fewest that are worth it.
const SAMPLE: (usize, usize) = (128, 4_096);

/// The lowest values of a column.
#[derive(Debug, Clone, Default)]
pub struct Lowest {
    wanted: usize,
    /// Values above it are not looked at.
    bound: Option<f64>,
    kept: Vec<f64>,
    seen: usize,
}

/// Where those values of a block are put that stay.
#[derive(Debug, Clone)]
struct Sieve {
    cells: Box<[f64; BLOCK_ROWS]>,
    used: usize,
}

impl Default for Sieve {
    fn default() -> Self {
        Self { cells: Box::new([0.0; BLOCK_ROWS]), used: 0 }
    }
}

impl Sieve {
    /// Each value is written; the place moves on only behind those that stay, so there is no way
    /// to guess.
    #[inline(always)]
    fn put(&mut self, value: f64, bound: f64) {
        if let Some(cell) = self.cells.get_mut(self.used % BLOCK_ROWS) {
            *cell = value;
        }
        self.used = self.used.wrapping_add(usize::from(value <= bound));
    }
}

impl Lowest {
    /// For the lowest `wanted` values, with the memory that it has.
    fn begin(&mut self, wanted: usize) {
        (self.wanted, self.bound, self.seen) = (wanted.max(1), None, 0);
        self.kept.clear();
    }

    /// Takes a guess of the highest wanted value: those above it are not looked at. Whether the
    /// guess was high enough shows at the end ([`Lowest::is_enough`]).
    fn guess(&mut self, bound: f64) {
        self.bound = Some(bound);
    }

    /// Whether all wanted values were kept.
    #[must_use]
    fn is_enough(&self) -> bool {
        self.kept.len() >= self.wanted.min(self.seen)
    }

    fn bound(&self) -> f64 {
        self.bound.unwrap_or(f64::INFINITY)
    }

    /// Takes what a sieve has kept of so many values.
    fn take(&mut self, sieve: &mut Sieve, seen: usize) {
        self.seen = self.seen.saturating_add(seen);
        self.kept.extend_from_slice(sieve.cells.get(..sieve.used).unwrap_or_default());
        sieve.used = 0;
        if self.kept.len() > self.wanted.saturating_mul(2).saturating_add(BLOCK_ROWS) {
            let last = self.wanted.saturating_sub(1);
            let (_, bound, _) = self.kept.select_nth_unstable_by(last, f64::total_cmp);
            // One more that is equal to the last wanted one would change nothing.
            self.bound = Some(bound.next_down());
            self.kept.truncate(self.wanted);
        }
    }

    /// The lowest `places + 1` values, the last of them being the highest; the others in any
    /// order.
    fn partition(&mut self, place: usize) -> Option<(&[f64], f64)> {
        if place >= self.kept.len() {
            return None;
        }
        let (below, at, _) = self.kept.select_nth_unstable_by(place, f64::total_cmp);
        Some((below, *at))
    }

    /// The value at a place of the sorted column, and the next one where there is one.
    fn neighbours(&mut self, place: usize) -> Option<(f64, f64)> {
        let (_, low) = self.partition(place)?;
        let rest = self.kept.get(place.saturating_add(1)..).unwrap_or_default();
        let next = rest.iter().copied().fold(f64::INFINITY, f64::min);
        Some((low, if next.is_finite() { next } else { low }))
    }

    /// The quantile at a share, linear between neighbours (type 7 of Hyndman and Fan 1996), and the
    /// mean of the worst share, the last of them by its fraction (Acerbi and Tasche 2002).
    pub fn quantile_and_mean(&mut self, share: f64) -> Option<(f64, f64)> {
        let last = self.seen.checked_sub(1)?;
        let mass = count(self.seen) * share;
        let (whole, rest) = split(mass, last);
        let (under, at) = self.partition(whole)?;
        let mut sum = Total::default();
        for &value in under {
            sum.add(value);
        }
        sum.add(at * rest);
        // The quantile lies at the same place or at the one before.
        let (place, part) = split(count(last) * share, last);
        let (low, high) = if place.checked_add(1) == Some(whole) {
            (under.iter().copied().fold(f64::NEG_INFINITY, f64::max), at)
        } else {
            self.neighbours(place)?
        };
        Some((low + (high - low) * part, sum.get() / mass))
    }

    /// The quantile at a share counted from below, when the highest values were kept as negative
    /// ones.
    pub fn upper_quantile(&mut self, share: f64) -> Option<f64> {
        let last = self.seen.checked_sub(1)?;
        let (below, part) = split(count(last) * share, last);
        let above = last.saturating_sub(below);
        let Some(before) = above.checked_sub(1) else {
            return self.partition(0).map(|(_, highest)| -highest);
        };
        let (high, low) = self.neighbours(before)?;
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
        let [returns, gains, falls] = &mut self.sample;
        returns.clear();
        gains.clear();
        falls.clear();
        let mut peak = f64::MIN_POSITIVE;
        for (place, chunk) in parts.flat_map(|part| part.chunks_exact(step)).enumerate() {
            // Steps of one length might always meet the same hour.
            let from = place.wrapping_mul(7).checked_rem(step.saturating_sub(1)).unwrap_or(0);
            if let Some([before, after]) = chunk.get(from..).and_then(<[f64]>::first_chunk::<2>) {
                let one = after / before - 1.0;
                returns.push(one);
                gains.push(-one);
                peak = peak.max(*after);
                falls.push(after / peak - 1.0);
            }
        }
        for (tail, sample) in
            [(&mut self.losses, returns), (&mut self.gains, gains), (&mut self.falls, falls)]
        {
            let share = tail.wanted.saturating_mul(sample.len()).checked_div(rows).unwrap_or(0);
            // Four standard deviations of the rank in the sample, and some.
            let place = share.saturating_add(share.isqrt().saturating_mul(4)).saturating_add(8);
            if place < sample.len() {
                let (_, bound, _) = sample.select_nth_unstable_by(place, f64::total_cmp);
                tail.guess(*bound);
            }
        }
    }

    /// Whether no guess was too low.
    #[must_use]
    pub fn are_enough(&self) -> bool {
        self.losses.is_enough() && self.gains.is_enough() && self.falls.is_enough()
    }

    /// What the metrics take from the tails.
    pub fn figures(&mut self, share: f64) -> TailFigures {
        let lower = self.losses.quantile_and_mean(share);
        TailFigures {
            quantile: lower.map(|(quantile, _)| quantile),
            mean: lower.map(|(_, mean)| mean),
            upper: self.gains.upper_quantile(1.0 - share),
            falls: self.falls.quantile_and_mean(share).map(|(_, mean)| mean),
        }
    }

    /// Takes a block.
    pub fn take(&mut self, returns: &[f64], falls: &[f64]) {
        let [low, high] = &mut self.sieves;
        for block in returns.chunks(BLOCK_ROWS) {
            let (least, most) = (self.losses.bound(), self.gains.bound());
            for &value in block {
                low.put(value, least);
                high.put(-value, most);
            }
            self.losses.take(low, block.len());
            self.gains.take(high, block.len());
        }
        for block in falls.chunks(BLOCK_ROWS) {
            let bound = self.falls.bound();
            // The deepest falls lie together, so most blocks hold none of them.
            let (lowest, _) = lanes::range(block);
            if lowest <= bound {
                for &fall in block {
                    low.put(fall, bound);
                }
            }
            self.falls.take(low, block.len());
        }
    }
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
        values.chunks(1_000).for_each(|block| tails.take(block, block));
        tails
    }

    #[test]
    fn a_small_column_by_hand() {
        let mut small = tails(&[4.0, 1.0, 3.0, 2.0, 5.0], 0.3);
        let figures = small.figures(0.3);
        near(figures.quantile, 2.2);
        near(figures.mean, (1.0 + 2.0 * 0.5) / 1.5);
        near(figures.upper, 3.8);
        near(small.gains.upper_quantile(1.0), 5.0);
    }

    #[test]
    fn the_upper_ends() {
        let mut whole = tails(&[4.0, 5.0], 0.9);
        near(whole.gains.upper_quantile(1.0), 5.0);
        near(whole.gains.upper_quantile(0.0), 4.0);
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
