//! Order statistics of a long column: quantiles and means of the worst, from the few values that
//! can be among them.
//!
//! Values come block by block. A [`Lowest`] holds on to somewhat more than the wanted ones; when it
//! is full, the wanted ones are selected, and from then on only values below the worst of them are
//! looked at. So nothing is sorted, and a long history needs the memory of its tail only.

use super::count;
use super::sums::{Total, block_range};
use crate::history::History;

/// Points that tell where the tails begin.
const SAMPLE: usize = 4_096;

/// The lowest values of a column.
#[derive(Debug, Clone, Default)]
pub struct Lowest {
    wanted: usize,
    bound: Option<f64>,
    kept: Vec<f64>,
    used: usize,
    seen: usize,
}

impl Lowest {
    /// For the lowest `wanted` values.
    #[must_use]
    pub fn new(wanted: usize) -> Self {
        Self { wanted: wanted.max(1), ..Self::default() }
    }

    /// Takes a guess of the highest wanted value: those above it are not looked at. Whether the
    /// guess was high enough shows at the end ([`Lowest::is_enough`]).
    pub fn guess(&mut self, bound: f64) {
        self.bound = Some(bound);
    }

    /// Whether all wanted values were kept.
    #[must_use]
    pub fn is_enough(&self) -> bool {
        self.used >= self.wanted.min(self.seen)
    }

    /// Takes values; `sign` is -1 to keep the highest ones, as negative numbers.
    pub fn take(&mut self, values: &[f64], sign: f64) {
        self.seen = self.seen.saturating_add(values.len());
        let room = self.wanted.saturating_mul(2).saturating_add(values.len());
        if self.used.saturating_add(values.len()) > room {
            self.select();
        }
        let end = self.used.saturating_add(values.len());
        if self.kept.len() < end {
            self.kept.resize(end, 0.0);
        }
        let bound = self.bound.unwrap_or(f64::INFINITY);
        let mut used = self.used;
        for value in values.iter().map(|value| value * sign) {
            // Each value is written; the place moves on only behind those that stay.
            if let Some(cell) = self.kept.get_mut(used) {
                *cell = value;
            }
            used = used.wrapping_add(usize::from(value <= bound));
        }
        self.used = used;
    }

    fn select(&mut self) {
        let used = self.used;
        let kept = self.kept.get_mut(..used).unwrap_or_default();
        if self.wanted < kept.len() {
            let last = self.wanted.saturating_sub(1);
            let (_, bound, _) = kept.select_nth_unstable_by(last, f64::total_cmp);
            self.bound = Some(*bound);
            self.used = self.wanted;
        }
    }

    /// The lowest `places + 1` values, the last of them being the highest; the others in any
    /// order.
    fn partition(&mut self, place: usize) -> Option<(&[f64], f64)> {
        let kept = self.kept.get_mut(..self.used)?;
        if place >= kept.len() {
            return None;
        }
        let (below, at, _) = kept.select_nth_unstable_by(place, f64::total_cmp);
        Some((below, *at))
    }

    /// The value at a place of the sorted column, and the next one where there is one.
    fn neighbours(&mut self, place: usize) -> Option<(f64, f64)> {
        let (_, low) = self.partition(place)?;
        let rest = self.kept.get(place.saturating_add(1)..self.used).unwrap_or_default();
        let next = rest.iter().copied().fold(f64::INFINITY, f64::min);
        Some((low, if next.is_finite() { next } else { low }))
    }

    /// The quantile at a share, linear between neighbours (type 7 of Hyndman and Fan 1996).
    pub fn quantile(&mut self, share: f64) -> Option<f64> {
        let last = self.seen.checked_sub(1)?;
        let (below, part) = split(count(last) * share, last);
        let (low, high) = self.neighbours(below)?;
        Some(low + (high - low) * part)
    }

    /// The mean of the worst share, the last of them by its fraction (Acerbi and Tasche 2002).
    pub fn mean(&mut self, share: f64) -> Option<f64> {
        let last = self.seen.checked_sub(1)?;
        let mass = count(self.seen) * share;
        let (whole, rest) = split(mass, last);
        let (below, at) = self.partition(whole)?;
        let mut sum = Total::default();
        for &value in below {
            sum.add(value);
        }
        sum.add(at * rest);
        Some(sum.get() / mass)
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
#[derive(Debug, Clone)]
pub struct Tails {
    /// The lowest returns.
    pub losses: Lowest,
    /// The highest returns.
    pub gains: Lowest,
    /// The deepest falls.
    pub falls: Lowest,
}

impl Tails {
    /// For at most so many points, and so large a share of them.
    #[must_use]
    pub fn new(points: usize, share: f64) -> Self {
        let (whole, _) = split(count(points) * share, points);
        let lowest = Lowest::new(whole.saturating_add(3));
        Self { losses: lowest.clone(), gains: lowest.clone(), falls: lowest }
    }

    /// Guesses where the tails begin from points that were taken at equal distances. Their running
    /// peak is not above the true one, so their falls are not deeper, and the guess errs on the
    /// side of keeping more.
    pub fn guess(&mut self, history: &History) {
        let rows = history.equity.rows;
        if rows < SAMPLE.saturating_mul(16) {
            return;
        }
        let Some(step) = rows.checked_div(SAMPLE) else { return };
        let (mut returns, mut falls, mut peak) = (Vec::new(), Vec::new(), f64::MIN_POSITIVE);
        for part in history.equity.equity.double.parts() {
            for pair in part.chunks(step).filter_map(|chunk| chunk.first_chunk::<2>()) {
                let [before, after] = pair;
                returns.push(after / before - 1.0);
                peak = peak.max(*after);
                falls.push(after / peak - 1.0);
            }
        }
        let mut gains: Vec<f64> = returns.iter().map(|one| -one).collect();
        for (tail, sample) in [
            (&mut self.losses, &mut returns),
            (&mut self.gains, &mut gains),
            (&mut self.falls, &mut falls),
        ] {
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
        TailFigures {
            quantile: self.losses.quantile(share),
            mean: self.losses.mean(share),
            upper: self.gains.upper_quantile(1.0 - share),
            falls: self.falls.mean(share),
        }
    }

    /// Takes a block.
    pub fn take(&mut self, returns: &[f64], falls: &[f64]) {
        self.losses.take(returns, 1.0);
        self.gains.take(returns, -1.0);
        // The deepest falls lie together, so most blocks hold none of them.
        let (lowest, _) = block_range(falls);
        if self.falls.bound.is_none_or(|bound| lowest <= bound) {
            self.falls.take(falls, 1.0);
        } else {
            self.falls.seen = self.falls.seen.saturating_add(falls.len());
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
        let mut tails = Tails::new(values.len(), share);
        values.chunks(1_000).for_each(|block| tails.take(block, block));
        tails
    }

    #[test]
    fn a_small_column_by_hand() {
        let mut tails = tails(&[4.0, 1.0, 3.0, 2.0, 5.0], 0.3);
        near(tails.losses.quantile(0.3), 2.2);
        near(tails.losses.mean(0.3), (1.0 + 2.0 * 0.5) / 1.5);
        near(tails.gains.upper_quantile(0.7), 3.8);
        let mut whole = Lowest::new(9);
        whole.take(&[4.0, 5.0], -1.0);
        near(whole.upper_quantile(1.0), 5.0);
        near(whole.upper_quantile(0.0), 4.0);
    }

    #[test]
    fn without_values_there_is_no_tail() {
        let mut none = Lowest::new(3);
        assert_eq!(
            (none.quantile(0.05), none.mean(0.05), none.upper_quantile(0.95)),
            (None, None, None)
        );
        none.take(&[7.0], 1.0);
        near(none.quantile(0.05), 7.0);
        near(none.mean(0.05), 7.0);
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
                let mut tails = tails(&values, share);
                near(tails.losses.quantile(share), f64::from(rows - 1) * share);
                let mass = f64::from(rows) * share;
                let whole = mass.floor();
                let sum = whole * (whole - 1.0) / 2.0 + (mass - whole) * whole;
                near(tails.falls.mean(share), sum / mass);
                near(tails.gains.upper_quantile(1.0 - share), f64::from(rows - 1) * (1.0 - share));
            }
        }
    }
}
