//! Sums of doubles: in lanes, so that several are added at once, and compensated, so that a long
//! history loses no digits.

/// Lanes that are added side by side.
const LANES: usize = 4;

/// The sums of a few terms of each value of a block.
#[inline(always)]
pub(super) fn block_sums<const N: usize>(
    values: &[f64],
    terms: impl Fn(f64) -> [f64; N],
) -> [f64; N] {
    let (chunks, rest) = values.as_chunks::<LANES>();
    let mut lanes = [[0.0; LANES]; N];
    for chunk in chunks {
        let found = chunk.map(&terms);
        for (sums, place) in lanes.iter_mut().zip(0..N) {
            for (sum, terms) in sums.iter_mut().zip(&found) {
                *sum += terms.get(place).copied().unwrap_or_default();
            }
        }
    }
    let mut sums = lanes.map(|[a, b, c, d]| (a + b) + (c + d));
    for &value in rest {
        for (sum, term) in sums.iter_mut().zip(terms(value)) {
            *sum += term;
        }
    }
    sums
}

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

/// Two columns over a third, added up, and the highest share of the first.
#[inline(always)]
pub(super) fn block_shares(gross: &[f64], net: &[f64], all: &[f64]) -> (f64, f64, f64) {
    let (gross, gross_rest) = gross.as_chunks::<LANES>();
    let (net, net_rest) = net.as_chunks::<LANES>();
    let (all, all_rest) = all.as_chunks::<LANES>();
    let (mut of_gross, mut of_net, mut highest) = ([0.0; LANES], [0.0; LANES], [0.0; LANES]);
    for ((gross, net), all) in gross.iter().zip(net).zip(all) {
        let sums = of_gross.iter_mut().zip(&mut of_net).zip(&mut highest);
        for (((of_gross, of_net), highest), ((gross, net), all)) in
            sums.zip(gross.iter().zip(net).zip(all))
        {
            // One division for both, which is the longest step.
            let share = 1.0 / all;
            let of_all = gross * share;
            *of_gross += of_all;
            *of_net += net * share;
            *highest = if of_all > *highest { of_all } else { *highest };
        }
    }
    let (mut sum, mut net) = (of_gross.iter().sum::<f64>(), of_net.iter().sum::<f64>());
    let mut most = highest.iter().copied().fold(0.0, f64::max);
    for ((of_gross, of_net), all) in gross_rest.iter().zip(net_rest).zip(all_rest) {
        sum += of_gross / all;
        net += of_net / all;
        most = f64::max(most, of_gross / all);
    }
    (sum, net, most)
}

/// The value, or 0 below it: twice the value halved, so nothing is rounded, and no way to guess.
#[inline(always)]
pub(super) fn above(value: f64) -> f64 {
    (value + value.abs()) * 0.5
}

/// The value, or 0 above it.
#[inline(always)]
pub(super) fn below(value: f64) -> f64 {
    (value - value.abs()) * 0.5
}

/// How many values of a block a rule holds for.
#[inline(always)]
pub(super) fn block_count(values: &[f64], rule: impl Fn(f64) -> bool) -> usize {
    // Counted in words as wide as the doubles and without a look at overflow, several at once.
    let hits = values.iter().fold(0_u64, |hits, &value| hits.wrapping_add(u64::from(rule(value))));
    usize::try_from(hits).unwrap_or(usize::MAX)
}

/// The lowest and highest value of a block.
#[inline]
pub(super) fn block_range(values: &[f64]) -> (f64, f64) {
    const WIDE: usize = 2 * LANES;
    let (chunks, rest) = values.as_chunks::<WIDE>();
    let mut lowest = [f64::INFINITY; WIDE];
    let mut highest = [f64::NEG_INFINITY; WIDE];
    for chunk in chunks {
        for ((low, high), &value) in lowest.iter_mut().zip(&mut highest).zip(chunk) {
            // Written so that it is one instruction; `f64::min` looks for NaN, which there is not.
            *low = if value < *low { value } else { *low };
            *high = if value > *high { value } else { *high };
        }
    }
    let low = lowest.iter().chain(rest).copied().fold(f64::INFINITY, f64::min);
    (low, highest.iter().chain(rest).copied().fold(f64::NEG_INFINITY, f64::max))
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
    fn halves_of_a_line_are_exact() {
        for value in [1.0_f64, 0.1, 5e-324, 1e-300, 0.0, 3.7e300] {
            assert!(above(value).total_cmp(&value).is_eq() && below(value).abs() <= 0.0);
            assert!(below(-value).total_cmp(&-value).is_eq() || value <= 0.0);
            assert!(above(-value).abs() <= 0.0);
        }
    }

    #[test]
    fn lanes_see_every_value() {
        for rows in [0_u32, 1, 3, 4, 5, 1_023, 1_024] {
            let values: Vec<f64> = (0..rows).map(f64::from).collect();
            let expected = f64::from(rows) * (f64::from(rows) - 1.0) / 2.0;
            let [sum] = block_sums(&values, |value| [value]);
            assert!((sum - expected).abs() < 1e-9);
            let count = usize::try_from(rows).unwrap();
            assert_eq!(block_count(&values, |value| value >= 0.0), count);
            let [sum] = block_sums_of_pairs(&values, &values, |left, right| [left + right]);
            assert!((sum - 2.0 * expected).abs() < 1e-9);
            if let (Some(&first), Some(&last)) = (values.first(), values.last()) {
                let (low, high) = block_range(&values);
                assert!(low.total_cmp(&first).is_eq() && high.total_cmp(&last).is_eq());
            }
        }
    }
}
