//! Sums of doubles: in lanes, so that several are added at once, and compensated, so that a long
//! history loses no digits.

/// Lanes that are added side by side.
const LANES: usize = 4;

/// The sums of a few terms of each pair of values of two blocks of one length.
#[inline(always)]
pub(super) fn block_sums_of_pairs<const N: usize>(
    left: &[f64],
    right: &[f64],
    terms: impl Fn(f64, f64) -> [f64; N],
) -> [f64; N] {
    let (lefts, left_rest) = left.as_chunks::<LANES>();
    let (rights, right_rest) = right.as_chunks::<LANES>();
    let mut lanes = [[0.0; LANES]; N];
    for ([a, b, c, d], [e, f, g, h]) in lefts.iter().zip(rights) {
        let found = [terms(*a, *e), terms(*b, *f), terms(*c, *g), terms(*d, *h)];
        for (sums, place) in lanes.iter_mut().zip(0..N) {
            for (sum, terms) in sums.iter_mut().zip(&found) {
                *sum += terms.get(place).copied().unwrap_or_default();
            }
        }
    }
    let mut sums = lanes.map(|[a, b, c, d]| (a + b) + (c + d));
    for (&left, &right) in left_rest.iter().zip(right_rest) {
        for (sum, term) in sums.iter_mut().zip(terms(left, right)) {
            *sum += term;
        }
    }
    sums
}

/// How many values of a block a rule holds for.
#[inline(always)]
pub(super) fn block_count(values: &[f64], rule: impl Fn(f64) -> bool) -> usize {
    // Counted in words as wide as the doubles and without a look at overflow, several at once.
    let hits = values.iter().fold(0_u64, |hits, &value| hits.wrapping_add(u64::from(rule(value))));
    usize::try_from(hits).unwrap_or(usize::MAX)
}

/// A running sum that carries what each addition rounds away (Neumaier 1974).
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Total {
    sum: f64,
    lost: f64,
}

impl Total {
    /// Adds a term.
    #[inline]
    pub fn add(&mut self, term: f64) {
        let sum = self.sum + term;
        let lost = if self.sum.abs() >= term.abs() {
            (self.sum - sum) + term
        } else {
            (term - sum) + self.sum
        };
        self.lost += lost;
        self.sum = sum;
    }

    /// The sum.
    #[must_use]
    pub fn get(self) -> f64 {
        self.sum + self.lost
    }
}

#[cfg(test)]
mod tests {
    use fearless_simd::dispatch;

    use super::super::lanes;
    use super::*;

    #[test]
    fn what_is_rounded_away_is_carried() {
        let mut total = Total::default();
        for term in [1.0, 1e100, 1.0, -1e100] {
            total.add(term);
        }
        assert_eq!(total.get().to_bits(), 2.0_f64.to_bits());
    }

    #[test]
    fn lanes_see_every_value() {
        for rows in [0_u32, 1, 3, 4, 5, 1_023, 1_024] {
            let values: Vec<f64> = (0..rows).map(f64::from).collect();
            let expected = f64::from(rows) * (f64::from(rows) - 1.0) / 2.0;
            let total = dispatch!(lanes::level(), simd => lanes::total(simd, &values));
            assert!((total - expected).abs() < 1e-9);
            let count = usize::try_from(rows).unwrap();
            assert_eq!(block_count(&values, |value| value >= 0.0), count);
            let [sum] = block_sums_of_pairs(&values, &values, |left, right| [left + right]);
            assert!((sum - 2.0 * expected).abs() < 1e-9);
            if let (Some(&first), Some(&last)) = (values.first(), values.last()) {
                let (low, high) = dispatch!(lanes::level(), simd => lanes::range(simd, &values));
                assert!(low.total_cmp(&first).is_eq() && high.total_cmp(&last).is_eq());
            }
        }
    }
}
