//! Values of a block on one side of a bar: side by side, counted, or summed up.
#![expect(
    clippy::arithmetic_side_effects,
    reason = "vectors of doubles, which have no overflow; whole numbers are added by name"
)]

use fearless_simd::prelude::{Select, SimdBase, SimdMask};
use fearless_simd::{Simd, f64x8, mask64x8};

use super::count;
use super::lanes::{WIDE, mask, part, sum, whole};
use super::sums::Total;

/// Puts the values not above a bar side by side, in order; with `sign` -1 the negative ones of
/// those that then are not. Answers how many there are; the cells behind them hold anything.
#[inline(always)]
pub(super) fn sieve<S: Simd>(
    simd: S,
    values: &[f64],
    (bar, sign): (f64, f64),
    cells: &mut [f64],
) -> usize {
    let (chunks, rest) = values.as_chunks::<WIDE>();
    let (bars, mut packed) = (f64x8::splat(simd, bar), Packed { cells, used: 0 });
    for chunk in chunks {
        let values = f64x8::load_array_ref(simd, chunk) * sign;
        packed.put(values, values.simd_le(bars));
    }
    if !rest.is_empty() {
        let values = part(simd, rest, 0.0) * sign;
        packed.put(values, mask(simd, rest) & values.simd_le(bars));
    }
    packed.used
}

/// Puts the values not above a bar and those not below another one side by side, in order.
#[inline(always)]
pub(super) fn ends<S: Simd>(
    simd: S,
    values: &[f64],
    (low, high): (f64, f64),
    cells: &mut [f64],
) -> usize {
    let (chunks, rest) = values.as_chunks::<WIDE>();
    let (lows, highs) = (f64x8::splat(simd, low), f64x8::splat(simd, high));
    let mut packed = Packed { cells, used: 0 };
    for chunk in chunks {
        let values = f64x8::load_array_ref(simd, chunk);
        packed.put(values, values.simd_le(lows) | values.simd_ge(highs));
    }
    if !rest.is_empty() {
        let values = part(simd, rest, 0.0);
        packed.put(values, mask(simd, rest) & (values.simd_le(lows) | values.simd_ge(highs)));
    }
    packed.used
}

/// Puts the values above a bar side by side in the same way.
#[inline(always)]
pub(super) fn above<S: Simd>(simd: S, values: &[f64], bar: f64, cells: &mut [f64]) -> usize {
    let used = sieve(simd, values, (-bar.next_up(), -1.0), cells);
    for cell in cells.get_mut(..used).unwrap_or_default() {
        *cell = -*cell;
    }
    used
}

/// Values side by side.
struct Packed<'c> {
    cells: &'c mut [f64],
    used: usize,
}

impl Packed<'_> {
    /// All lanes are written; the place moves on only behind those that stay, so there is no way
    /// to guess.
    #[inline(always)]
    fn put<S: Simd>(&mut self, values: f64x8<S>, hits: mask64x8<S>) {
        let cells = self.cells.get_mut(self.used..).and_then(<[f64]>::first_chunk_mut::<WIDE>);
        if let Some(cells) = cells {
            values.compress(hits).store_array(cells);
        }
        let hits = hits.to_bitmask().count_ones();
        self.used = self.used.wrapping_add(usize::try_from(hits).unwrap_or(0));
    }
}

/// How many values are below a bar, and how many are not above it.
#[inline(always)]
pub(super) fn ranks<S: Simd>(simd: S, values: &[f64], bar: f64) -> (usize, usize) {
    let (chunks, rest) = values.as_chunks::<WIDE>();
    let (zero, one) = (f64x8::splat(simd, 0.0), f64x8::splat(simd, 1.0));
    let (bars, mut less, mut most) = (f64x8::splat(simd, bar), zero, zero);
    for chunk in chunks {
        let values = f64x8::load_array_ref(simd, chunk);
        less += values.simd_lt(bars).select(one, zero);
        most += values.simd_le(bars).select(one, zero);
    }
    if !rest.is_empty() {
        let values = part(simd, rest, f64::INFINITY);
        less += values.simd_lt(bars).select(one, zero);
        most += values.simd_le(bars).select(one, zero);
    }
    (whole(sum(less)), whole(sum(most)))
}

/// The value at a place of a few sorted ones, the highest one behind their end: the highest of
/// those that no more values are below than the place says.
#[inline(always)]
pub(super) fn nth_of_few<S: Simd>(simd: S, values: &[f64], place: usize) -> f64 {
    let (chunks, _) = values.as_chunks::<WIDE>();
    let (zero, one) = (f64x8::splat(simd, 0.0), f64x8::splat(simd, 1.0));
    let (place, none) = (f64x8::splat(simd, count(place)), f64x8::splat(simd, f64::NEG_INFINITY));
    let mut highest = none;
    for chunk in chunks {
        let (chunk, mut below) = (f64x8::load_array_ref(simd, chunk), zero);
        for &value in values {
            below += f64x8::splat(simd, value).simd_lt(chunk).select(one, zero);
        }
        highest = below.simd_le(place).select(chunk, none).max(highest);
    }
    highest.reduce_max()
}

/// Adds the values below a bar to a sum; the highest of them, and the lowest above it.
///
/// What an addition rounds away is carried, so that the sum does not tell in which order the values
/// came.
#[inline(always)]
pub(super) fn beside<S: Simd>(simd: S, values: &[f64], bar: f64, total: &mut Total) -> (f64, f64) {
    let (chunks, rest) = values.as_chunks::<WIDE>();
    let (zero, bars) = (f64x8::splat(simd, 0.0), f64x8::splat(simd, bar));
    let (none, every) = (f64x8::splat(simd, f64::NEG_INFINITY), f64x8::splat(simd, f64::INFINITY));
    let (mut sums, mut lost, mut below, mut above) = (zero, zero, none, every);
    for place in 0..=chunks.len() {
        let values = match chunks.get(place) {
            Some(chunk) => f64x8::load_array_ref(simd, chunk),
            None => part(simd, rest, bar),
        };
        let (lower, higher) = (values.simd_lt(bars), values.simd_gt(bars));
        let term = lower.select(values, zero);
        let next = sums + term;
        let taken = next - sums;
        lost += (sums - (next - taken)) + (term - taken);
        sums = next;
        below = lower.select(values, none).max(below);
        above = higher.select(values, every).min(above);
    }
    let (mut parts, mut rests) = ([0.0; WIDE], [0.0; WIDE]);
    sums.store_array(&mut parts);
    lost.store_array(&mut rests);
    parts.into_iter().chain(rests).for_each(|part| total.add(part));
    (below.reduce_max(), above.reduce_min())
}
