//! Mean and central moments that are built block by block and merged.

use fearless_simd::dispatch;

use super::sums::block_sums_of_pairs;
use super::{count, finite, lanes};

/// Count, mean, and sums of powers of the distances from it (Chan, Golub and Le Veque 1983; Pebay
/// 2008).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moments {
    /// Values.
    pub seen: usize,
    /// Their mean; 0 without one.
    pub mean: f64,
    second: f64,
    third: f64,
    fourth: f64,
    /// The lowest; infinite without one.
    pub lowest: f64,
    /// The highest; infinite without one.
    pub highest: f64,
}

impl Default for Moments {
    fn default() -> Self {
        Self {
            seen: 0,
            mean: 0.0,
            second: 0.0,
            third: 0.0,
            fourth: 0.0,
            lowest: f64::INFINITY,
            highest: f64::NEG_INFINITY,
        }
    }
}

impl Moments {
    /// The moments of a few values.
    #[must_use]
    pub fn of(values: &[f64]) -> Self {
        if values.is_empty() {
            return Self::default();
        }
        dispatch!(lanes::level(), simd => {
            let rough = lanes::total(simd, values) / count(values.len());
            let (powers, range) = (lanes::powers(simd, values, rough), lanes::range(simd, values));
            Self::of_powers(values.len(), rough, powers, range)
        })
    }

    /// The moments of so many values from the sums of the powers of their distances from a rough
    /// mean.
    #[must_use]
    pub fn of_powers(seen: usize, rough: f64, sums: [f64; 4], range: (f64, f64)) -> Self {
        let (size, [first, second, third, fourth]) = (count(seen), sums);
        // The distances do not add up to 0, because the sum was rounded: the true mean is so far
        // from the rough one.
        let off = first / size;
        Self {
            seen,
            mean: rough + off,
            second: second - size * off * off,
            third: third - 3.0 * off * second + 2.0 * size * off * off * off,
            fourth: fourth - 4.0 * off * third + 6.0 * off * off * second
                - 3.0 * size * off * off * off * off,
            lowest: range.0,
            highest: range.1,
        }
    }

    /// Whether the mean lies so far from a rough one that the powers hold the distance and not the
    /// spread.
    #[must_use]
    pub fn is_far_from(&self, rough: f64) -> bool {
        let apart = self.mean - rough;
        apart * apart * count(self.seen) > self.second
    }

    /// Takes in the moments of other values.
    pub fn merge(&mut self, other: &Self) {
        if other.seen == 0 {
            return;
        }
        if self.seen == 0 {
            *self = *other;
            return;
        }
        let (left, right) = (count(self.seen), count(other.seen));
        let all = left + right;
        let apart = other.mean - self.mean;
        let step = apart / all;
        let product = left * right;
        let square = apart * step * product;
        let fourth = self.fourth
            + other.fourth
            + square * step * step * (left * left - product + right * right)
            + 6.0 * step * step * (left * left * other.second + right * right * self.second)
            + 4.0 * step * (left * other.third - right * self.third);
        let third = self.third
            + other.third
            + square * step * (left - right)
            + 3.0 * step * (left * other.second - right * self.second);
        self.fourth = fourth;
        self.third = third;
        self.second += other.second + square;
        self.mean += step * right;
        self.seen = self.seen.saturating_add(other.seen);
        self.lowest = self.lowest.min(other.lowest);
        self.highest = self.highest.max(other.highest);
    }

    /// Whether no two values differ.
    #[must_use]
    pub fn is_flat(&self) -> bool {
        self.lowest >= self.highest
    }

    /// The sample standard deviation; exactly 0 when all values are equal.
    #[must_use]
    pub fn deviation(&self) -> Option<f64> {
        match self.seen {
            0 | 1 => None,
            _ if self.is_flat() => Some(0.0),
            seen => finite((self.second / (count(seen) - 1.0)).sqrt()),
        }
    }

    /// Skewness of the population.
    #[must_use]
    pub fn population_skewness(&self) -> Option<f64> {
        if self.is_flat() {
            return None;
        }
        finite(count(self.seen).sqrt() * self.third / self.second.powf(1.5))
    }

    /// Kurtosis of the population; 3 for a normal one.
    #[must_use]
    pub fn population_kurtosis(&self) -> Option<f64> {
        if self.is_flat() {
            return None;
        }
        finite(count(self.seen) * self.fourth / (self.second * self.second))
    }

    /// Bias-corrected skewness, G1 of Joanes and Gill 1998.
    #[must_use]
    pub fn skewness(&self) -> Option<f64> {
        let size = count(self.seen);
        let known = self.population_skewness().filter(|_| self.seen >= 3)?;
        finite((size * (size - 1.0)).sqrt() / (size - 2.0) * known)
    }

    /// Bias-corrected excess kurtosis, G2 of Joanes and Gill 1998.
    #[must_use]
    pub fn excess_kurtosis(&self) -> Option<f64> {
        let size = count(self.seen);
        let known = self.population_kurtosis().filter(|_| self.seen >= 4)? - 3.0;
        finite((size - 1.0) / ((size - 2.0) * (size - 3.0)) * ((size + 1.0) * known + 6.0))
    }
}

/// Means, squares and products of pairs, built and merged in the same way.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Pairs {
    seen: usize,
    mean_x: f64,
    mean_y: f64,
    square_x: f64,
    square_y: f64,
    product: f64,
    range_x: Range,
    range_y: Range,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Range {
    lowest: f64,
    highest: f64,
}

impl Default for Range {
    fn default() -> Self {
        Self { lowest: f64::INFINITY, highest: f64::NEG_INFINITY }
    }
}

impl Range {
    /// A part of the range that is flat only when all of it is: mostly a few values tell.
    fn of(values: &[f64]) -> Self {
        let Some(&first) = values.first() else { return Self::default() };
        let differs = |value: &f64| (value - first).abs() > 0.0;
        let other = values.iter().copied().find(differs).unwrap_or(first);
        Self { lowest: first.min(other), highest: first.max(other) }
    }

    /// Of a value in front, if any, and more behind it.
    fn of_ends(before: Option<f64>, values: &[f64]) -> Self {
        let mut range = Self::of(values);
        if let Some(value) = before {
            range.widen(Self { lowest: value, highest: value });
        }
        range
    }

    fn widen(&mut self, other: Self) {
        self.lowest = self.lowest.min(other.lowest);
        self.highest = self.highest.max(other.highest);
    }

    fn is_flat(self) -> bool {
        self.lowest >= self.highest
    }
}

impl Pairs {
    /// The pairs of two columns of one length.
    #[must_use]
    pub fn of(left: &[f64], right: &[f64]) -> Self {
        if left.is_empty() {
            return Self::default();
        }
        let size = count(left.len());
        let [sum_x, sum_y] = block_sums_of_pairs(left, right, |x, y| [x, y]);
        Self::around(left, right, (sum_x / size, sum_y / size))
    }

    /// The pairs of each value and the next; `sum` is roughly that of all of them. Each side has a
    /// middle of its own: one large value at an end would push a common one away.
    #[must_use]
    pub fn of_neighbours(values: &[f64], sum: f64) -> Self {
        let ends = values.split_first().zip(values.split_last());
        let Some(((first, later), (last, earlier))) = ends.filter(|_| values.len() > 1) else {
            return Self::default();
        };
        let size = count(later.len());
        let rough = ((sum - last) / size, (sum - first) / size);
        let found = Self::around(earlier, later, rough);
        // A value that dwarfs the sum of the others leaves nothing of it, and a middle far from the
        // values would take their digits.
        let (x, y) = (found.mean_x - rough.0, found.mean_y - rough.1);
        let is_near = x * x * size <= found.square_x && y * y * size <= found.square_y;
        if is_near { found } else { Self::of(earlier, later) }
    }

    fn around(left: &[f64], right: &[f64], (rough_x, rough_y): (f64, f64)) -> Self {
        let size = count(left.len());
        let [x, y, square_x, square_y, product] = block_sums_of_pairs(left, right, |x, y| {
            let (x, y) = (x - rough_x, y - rough_y);
            [x, y, x * x, y * y, x * y]
        });
        let (off_x, off_y) = (x / size, y / size);
        Self {
            seen: left.len(),
            mean_x: rough_x + off_x,
            mean_y: rough_y + off_y,
            square_x: square_x - size * off_x * off_x,
            square_y: square_y - size * off_y * off_y,
            product: product - size * off_x * off_y,
            range_x: Range::of(left),
            range_y: Range::of(right),
        }
    }

    /// The pairs of each value and the next from the sum of the products of their distances from a
    /// rough mean and from the first two of `sums`, those of the powers of all values. `before` is
    /// the value in front of them, if any. None when an end or the mean would take digits away.
    #[must_use]
    pub fn of_products(
        values: &[f64],
        before: Option<f64>,
        (rough, sums): (f64, [f64; 4]),
        product: f64,
    ) -> Option<Self> {
        let (first, last) = (values.first()?, values.last()?);
        let [sum, squares, ..] = sums;
        let apart = |value: f64| (value - rough, (value - rough) * (value - rough));
        let ((end, end_square), (start, start_square)) = (apart(*last), apart(*first));
        let front = before.map_or((0.0, 0.0), apart);
        let (later, later_squares) = match before {
            Some(_) => (sum, squares),
            None => (sum - start, squares - start_square),
        };
        let size = count(values.len().checked_sub(usize::from(before.is_none()))?);
        let (off_x, off_y) = ((sum - end + front.0) / size, later / size);
        let found = Self {
            seen: values.len().saturating_sub(usize::from(before.is_none())),
            mean_x: rough + off_x,
            mean_y: rough + off_y,
            square_x: squares - end_square + front.1 - size * off_x * off_x,
            square_y: later_squares - size * off_y * off_y,
            product: product - size * off_x * off_y,
            range_x: Range::of_ends(before, values.split_last()?.1),
            range_y: match before {
                Some(_) => Range::of(values),
                None => Range::of(values.get(1..)?),
            },
        };
        let steep = squares * 0.5;
        let sound = end_square < steep && (before.is_some() || start_square < steep);
        let near = size * off_x * off_x < found.square_x && size * off_y * off_y < found.square_y;
        Some(found).filter(|_| sound && near)
    }

    /// Values beside the whole numbers from `from` on, from the sums of their distances from a
    /// rough mean, of the squares, and of the products with the distances of the places from their
    /// middle.
    #[must_use]
    pub fn beside_places(
        (seen, from): (usize, usize),
        rough: f64,
        [off, square, product]: [f64; 3],
        (lowest, highest): (f64, f64),
    ) -> Self {
        if seen == 0 {
            return Self::default();
        }
        let size = count(seen);
        let off = off / size;
        Self {
            seen,
            mean_x: rough + off,
            mean_y: count(from) + (size - 1.0) / 2.0,
            square_x: square - size * off * off,
            square_y: size * (size * size - 1.0) / 12.0,
            // It needs no correction, because the places add up to 0.
            product,
            range_x: Range { lowest, highest },
            range_y: Range { lowest: count(from), highest: count(from) + size - 1.0 },
        }
    }

    /// Takes in other pairs.
    pub fn merge(&mut self, other: &Self) {
        if other.seen == 0 {
            return;
        }
        if self.seen == 0 {
            *self = *other;
            return;
        }
        let (left, right) = (count(self.seen), count(other.seen));
        let share = right / (left + right);
        let (x, y) = (other.mean_x - self.mean_x, other.mean_y - self.mean_y);
        self.square_x += other.square_x + x * x * left * share;
        self.square_y += other.square_y + y * y * left * share;
        self.product += other.product + x * y * left * share;
        self.mean_x += x * share;
        self.mean_y += y * share;
        self.seen = self.seen.saturating_add(other.seen);
        self.range_x.widen(other.range_x);
        self.range_y.widen(other.range_y);
    }

    /// Pearson's correlation; none when a side is flat or there are fewer than two pairs.
    #[must_use]
    pub fn correlation(&self) -> Option<f64> {
        if self.seen < 2 || self.range_x.is_flat() || self.range_y.is_flat() {
            return None;
        }
        let related = self.product / (self.square_x.sqrt() * self.square_y.sqrt());
        finite(related).map(|one| one.clamp(-1.0, 1.0))
    }

    /// Covariance over the variance of the right side; none when that is flat.
    #[must_use]
    pub fn slope_on_right(&self) -> Option<f64> {
        if self.seen < 2 || self.range_y.is_flat() {
            return None;
        }
        finite(self.product / self.square_y)
    }

    /// The mean of the left side.
    #[must_use]
    pub fn mean_left(&self) -> f64 {
        self.mean_x
    }

    /// The mean of the right side.
    #[must_use]
    pub fn mean_right(&self) -> f64 {
        self.mean_y
    }
}
