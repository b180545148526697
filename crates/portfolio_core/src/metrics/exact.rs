//! Exact sums of money columns.

use fearless_simd::dispatch;

use super::lanes;
use crate::numbers::{Money, Sum};

/// Rows that are added without a look at the range, when none of them has more bits than
/// [`NARROW`]: so their sum is in range.
const ROWS: usize = 4_096;
/// Far more than any money of a trade.
const NARROW: i128 = 1 << 112;

/// A cell of a money column, which holds nothing out of range.
#[inline(always)]
pub(super) fn money(raw: i128) -> Money {
    Money::from_raw(raw).unwrap_or_default()
}

/// At least as many bits as an amount has.
#[inline(always)]
const fn bits(raw: i128) -> i128 {
    raw ^ (raw >> 127)
}

/// The sum of all cells.
pub(super) fn sum(column: &[i128]) -> Sum {
    let mut all = Sum::ZERO;
    for rows in column.chunks(ROWS) {
        let (mut sum, mut used) = (0_i128, 0_i128);
        for &raw in rows {
            sum = sum.wrapping_add(raw);
            used |= bits(raw);
        }
        all = if used < NARROW {
            all.plus(money(sum))
        } else {
            rows.iter().fold(all, |sum, &raw| sum.plus(money(raw)))
        };
    }
    all
}

/// The sum of the cells above 0, and of those below.
pub(super) fn signed(column: &[i128]) -> (Sum, Sum) {
    let mut all = (Sum::ZERO, Sum::ZERO);
    for rows in column.chunks(ROWS) {
        let (mut gains, mut losses, mut used) = (0_i128, 0_i128, 0_i128);
        for &raw in rows {
            let sign = raw >> 127;
            gains = gains.wrapping_add(raw & !sign);
            losses = losses.wrapping_add(raw & sign);
            used |= bits(raw);
        }
        all = if used < NARROW {
            (all.0.plus(money(gains)), all.1.plus(money(losses)))
        } else {
            rows.iter().fold(all, |(gains, losses), &raw| {
                (gains.plus(money(raw.max(0))), losses.plus(money(raw.min(0))))
            })
        };
    }
    all
}

/// The lowest and the highest cell, and the ends of a range. The doubles, which keep the order,
/// tell which few cells can be these.
pub(super) fn range(
    column: &[i128],
    doubles: &[f64],
    (mut low, mut high): (i128, i128),
) -> (i128, i128) {
    let (lowest, highest) = dispatch!(lanes::level(), simd => lanes::range(simd, doubles));
    for (&raw, &double) in column.iter().zip(doubles) {
        if double <= lowest || double >= highest {
            (low, high) = (low.min(raw), high.max(raw));
        }
    }
    (low, high)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numbers::LIMIT;

    #[test]
    fn sums_of_narrow_and_wide_columns() {
        let most = LIMIT - 1;
        let columns: [Vec<i128>; 4] = [
            vec![],
            vec![5, -7, 0, 1 << 111, -(1 << 111), -1],
            vec![most, most, -most, 3, most, -most, -most, -most],
            (0..10_000_i128).map(|row| (row - 3_000) << 90).collect(),
        ];
        for column in &columns {
            let slow = |pick: fn(i128) -> i128| {
                column.iter().fold(Sum::ZERO, |sum, &raw| sum.plus(money(pick(raw))))
            };
            assert_eq!(sum(column), slow(|raw| raw));
            assert_eq!(signed(column), (slow(|raw| raw.max(0)), slow(|raw| raw.min(0))));
            let ends = (column.iter().min().copied(), column.iter().max().copied());
            let doubles: Vec<f64> = column.iter().map(|&raw| money(raw).to_f64()).collect();
            if let (Some(low), Some(high)) = ends {
                assert_eq!(range(column, &doubles, (low, low)), (low, high));
            }
        }
    }
}
