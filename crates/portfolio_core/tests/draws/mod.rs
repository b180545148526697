//! What random runs of batches are drawn with.

use super::random::Random;

pub(crate) fn pick<T: Copy>(random: &mut Random, from: &[T]) -> T {
    from[usize::try_from(random.below(u64::try_from(from.len()).unwrap())).unwrap()]
}

pub(crate) fn chance(random: &mut Random, one_in: u64) -> bool {
    random.below(one_in) == 0
}

pub(crate) fn below(random: &mut Random, bound: i128) -> i128 {
    i128::from(random.below(u64::try_from(bound.max(1)).unwrap()))
}
