//! What blocks of doubles are summed up to, eight side by side, in the widest vectors that the
//! machine has. The order of the additions is part of the code, and nothing is rounded in another
//! way than one operation at a time, so no result depends on the machine.
#![expect(
    clippy::arithmetic_side_effects,
    reason = "vectors of doubles, which have no overflow; whole numbers are added by name"
)]

use std::sync::LazyLock;

use fearless_simd::prelude::{Select, SimdBase, SimdMask};
use fearless_simd::{Level, Simd, f64x8, mask64x8};

/// Sums that grow side by side, one for each place of a chunk.
pub(super) const WIDE: usize = 8;
/// The last one.
const LAST: usize = WIDE - 1;

static LEVEL: LazyLock<Level> = LazyLock::new(Level::new);

/// The vectors that this machine has.
pub(crate) fn level() -> Level {
    *LEVEL
}

/// All lanes by a rule, halved again and again.
#[inline(always)]
fn fold<S: Simd>(lanes: f64x8<S>, rule: impl Fn(f64, f64) -> f64) -> f64 {
    let (mut cells, mut width) = (lanes.to_array(), WIDE);
    while width > 1 {
        width /= 2;
        let (left, right) = cells.split_at_mut(width);
        for (one, other) in left.iter_mut().zip(right) {
            *one = rule(*one, *other);
        }
    }
    let [all, ..] = cells;
    all
}

#[inline(always)]
pub(super) fn sum<S: Simd>(lanes: f64x8<S>) -> f64 {
    fold(lanes, |one, other| one + other)
}

/// The smaller in one instruction; `f64::min` looks for NaN, which there is not.
#[inline(always)]
fn least(one: f64, other: f64) -> f64 {
    if one < other { one } else { other }
}

#[inline(always)]
fn most(one: f64, other: f64) -> f64 {
    if one > other { one } else { other }
}

/// A chunk that is not full, with a filler behind it.
#[inline(always)]
pub(super) fn part<S: Simd>(simd: S, rest: &[f64], filler: f64) -> f64x8<S> {
    let mut cells = [filler; WIDE];
    for (cell, value) in cells.iter_mut().zip(rest) {
        *cell = *value;
    }
    f64x8::load_array(simd, cells)
}

/// A bit for each value of a chunk that is not full.
#[inline(always)]
fn bits(rest: &[f64]) -> u64 {
    rest.iter().fold(0, |bits, _| bits << 1 | 1)
}

/// The first lanes of a chunk, and 0 in the others.
#[inline(always)]
pub(super) fn only<S: Simd>(simd: S, rest: &[f64], lanes: f64x8<S>) -> f64x8<S> {
    mask(simd, rest).select(lanes, f64x8::splat(simd, 0.0))
}

/// The lanes of the values of a chunk that is not full.
#[inline(always)]
pub(super) fn mask<S: Simd>(simd: S, rest: &[f64]) -> mask64x8<S> {
    mask64x8::from_bitmask(simd, bits(rest))
}

/// All lanes of a full chunk.
#[inline(always)]
fn all<S: Simd>(lanes: f64x8<S>) -> f64x8<S> {
    lanes
}

/// The lowest and highest value.
#[inline(always)]
pub(super) fn range<S: Simd>(simd: S, values: &[f64]) -> (f64, f64) {
    let (chunks, rest) = values.as_chunks::<WIDE>();
    let mut lows = f64x8::splat(simd, f64::INFINITY);
    let mut highs = f64x8::splat(simd, f64::NEG_INFINITY);
    for chunk in chunks {
        let chunk = f64x8::load_array_ref(simd, chunk);
        (lows, highs) = (chunk.min(lows), chunk.max(highs));
    }
    let (mut low, mut high) = (lows.reduce_min(), highs.reduce_max());
    for &value in rest {
        (low, high) = (least(value, low), most(value, high));
    }
    (low, high)
}

/// The sum.
#[inline(always)]
pub(super) fn total<S: Simd>(simd: S, values: &[f64]) -> f64 {
    let (chunks, rest) = values.as_chunks::<WIDE>();
    let mut sums = f64x8::splat(simd, 0.0);
    for chunk in chunks {
        sums += f64x8::load_array_ref(simd, chunk);
    }
    sum(sums + part(simd, rest, 0.0))
}

/// The sums of the first four powers of distances.
#[derive(Clone, Copy)]
struct Powers<S: Simd>([f64x8<S>; 4]);

impl<S: Simd> Powers<S> {
    #[inline(always)]
    fn new(simd: S) -> Self {
        Self([f64x8::splat(simd, 0.0); 4])
    }

    #[inline(always)]
    fn add(&mut self, apart: f64x8<S>) {
        let Self([ones, squares, cubes, fourths]) = self;
        let squared = apart * apart;
        *ones += apart;
        *squares += squared;
        *cubes += squared * apart;
        *fourths += squared * squared;
    }

    #[inline(always)]
    fn sums(self) -> [f64; 4] {
        self.0.map(sum)
    }
}

/// The sums of the first four powers of the distances from a middle.
#[inline(always)]
pub(super) fn powers<S: Simd>(simd: S, values: &[f64], middle: f64) -> [f64; 4] {
    let (chunks, rest) = values.as_chunks::<WIDE>();
    let mut powers = Powers::new(simd);
    for chunk in chunks {
        powers.add(f64x8::load_array_ref(simd, chunk) - middle);
    }
    if !rest.is_empty() {
        powers.add(part(simd, rest, middle) - middle);
    }
    powers.sums()
}

/// What the returns of a block are summed up to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sums {
    /// The first four powers of the distances from a middle.
    pub(super) powers: [f64; 4],
    /// The sum of the products of such distances of neighbours, the last one before the block with
    /// it.
    pub(super) product: f64,
    /// The lowest and the highest one.
    pub(super) range: (f64, f64),
    /// Those above 0.
    pub(super) gained: f64,
    /// Those below 0.
    pub(super) lost: f64,
    /// The squares of those below 0.
    pub(super) loss_squares: f64,
    /// How many are above 0.
    pub(super) gains: usize,
    /// How many are below 0.
    pub(super) losses: usize,
}

/// The same, while it grows.
struct Growing<S: Simd> {
    middle: f64x8<S>,
    zero: f64x8<S>,
    one: f64x8<S>,
    powers: Powers<S>,
    /// The last distances.
    before: f64x8<S>,
    products: f64x8<S>,
    range: (f64x8<S>, f64x8<S>),
    gained: f64x8<S>,
    lost: f64x8<S>,
    loss_squares: f64x8<S>,
    gains: f64x8<S>,
    losses: f64x8<S>,
}

impl<S: Simd> Growing<S> {
    #[inline(always)]
    fn new(simd: S, before: Option<f64>, middle: f64) -> Self {
        let every = {
            #[inline(always)]
            |value: f64| f64x8::splat(simd, value)
        };
        let zero = every(0.0);
        Self {
            middle: every(middle),
            zero,
            one: every(1.0),
            powers: Powers::new(simd),
            before: every(before.map_or(0.0, |before| before - middle)),
            products: zero,
            range: (every(f64::INFINITY), every(f64::NEG_INFINITY)),
            gained: zero,
            lost: zero,
            loss_squares: zero,
            gains: zero,
            losses: zero,
        }
    }

    /// Takes returns, of which the sums take the chosen ones, and the range all.
    #[inline(always)]
    fn add(&mut self, found: f64x8<S>, chosen: impl Fn(f64x8<S>) -> f64x8<S>) {
        let Self { zero, one, .. } = *self;
        self.range = (found.min(self.range.0), found.max(self.range.1));
        let apart = chosen(found - self.middle);
        self.powers.add(apart);
        self.products += apart * self.before.slide::<LAST>(apart);
        self.before = apart;
        let found = chosen(found);
        let below = found.min(zero);
        self.gained += found.max(zero);
        self.lost += below;
        self.loss_squares += below * below;
        self.gains += found.simd_gt(zero).select(one, zero);
        self.losses += found.simd_lt(zero).select(one, zero);
    }

    #[inline(always)]
    fn sums(self) -> Sums {
        Sums {
            powers: self.powers.sums(),
            product: sum(self.products),
            range: (self.range.0.reduce_min(), self.range.1.reduce_max()),
            gained: sum(self.gained),
            lost: sum(self.lost),
            loss_squares: sum(self.loss_squares),
            gains: whole(sum(self.gains)),
            losses: whole(sum(self.losses)),
        }
    }
}

/// A count that was kept as a double.
#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "not more than the rows of a block"
)]
#[inline(always)]
pub(super) fn whole(count: f64) -> usize {
    count as usize
}

/// Each value over the one before it less 1, and what these returns are summed up to: the
/// additions find room beside the divisions, which are the longest steps. In front are the last
/// value and the last return before the block.
#[inline(always)]
pub(super) fn returns<S: Simd>(
    simd: S,
    (value, before): (f64, Option<f64>),
    values: &[f64],
    middle: f64,
    out: &mut [f64],
) -> Sums {
    let mut sums = Growing::new(simd, before, middle);
    let ((chunks, rest), (cells, cell_rest)) = (values.as_chunks(), out.as_chunks_mut::<WIDE>());
    let mut before = f64x8::splat(simd, value);
    for (chunk, cell) in chunks.iter().zip(cells) {
        let values = f64x8::load_array_ref(simd, chunk);
        let found = values / before.slide::<LAST>(values) - 1.0;
        before = values;
        found.store_array(cell);
        sums.add(found, all);
    }
    if !rest.is_empty() {
        let values = part(simd, rest, 1.0);
        let found = values / before.slide::<LAST>(values) - 1.0;
        let [first, ..] = found.to_array();
        for (cell, found) in cell_rest.iter_mut().zip(found.to_array()) {
            *cell = found;
        }
        // The range may see one of them twice.
        let found = mask(simd, rest).select(found, f64x8::splat(simd, first));
        sums.add(
            found,
            #[inline(always)]
            |lanes| only(simd, rest, lanes),
        );
    }
    sums.sums()
}

/// Values over those before them less 1, in place of these.
#[inline(always)]
pub(super) fn changes<S: Simd>(simd: S, values: &[f64], before: &mut [f64]) {
    let ((chunks, rest), (cells, cell_rest)) = (values.as_chunks(), before.as_chunks_mut::<WIDE>());
    for (chunk, cell) in chunks.iter().zip(cells) {
        let found = f64x8::load_array_ref(simd, chunk) / f64x8::load_array_ref(simd, cell) - 1.0;
        found.store_array(cell);
    }
    for (value, cell) in rest.iter().zip(cell_rest) {
        *cell = value / *cell - 1.0;
    }
}

/// What values lack to a bar, the squares of that, what they have above it, and how many lack
/// something.
#[inline(always)]
pub(super) fn lacks<S: Simd>(simd: S, values: &[f64], bar: f64) -> ([f64; 3], usize) {
    let (chunks, rest) = values.as_chunks::<WIDE>();
    let (zero, one) = (f64x8::splat(simd, 0.0), f64x8::splat(simd, 1.0));
    let [mut lacks, mut squares, mut surpluses, mut short] = [zero; 4];
    let mut add = {
        #[inline(always)]
        |values: f64x8<S>| {
            let apart = values - bar;
            let below = (-apart).max(zero);
            lacks += below;
            squares += below * below;
            surpluses += apart.max(zero);
            short += values.simd_lt(f64x8::splat(simd, bar)).select(one, zero);
        }
    };
    for chunk in chunks {
        add(f64x8::load_array_ref(simd, chunk));
    }
    if !rest.is_empty() {
        add(part(simd, rest, bar));
    }
    ([sum(lacks), sum(squares), sum(surpluses)], whole(sum(short)))
}

/// The sum of the absolute values of numbers not above 0, and the sum of the squares.
pub(super) struct Pains<S: Simd>([f64x8<S>; 2]);

impl<S: Simd> Pains<S> {
    /// The sums of nothing.
    #[inline(always)]
    pub(super) fn new(simd: S) -> Self {
        Self([f64x8::splat(simd, 0.0); 2])
    }

    #[inline(always)]
    fn add(&mut self, falls: f64x8<S>) {
        let Self([pains, squares]) = self;
        *pains -= falls;
        *squares += falls * falls;
    }

    /// Both sums.
    #[inline(always)]
    pub(super) fn sums(self) -> [f64; 2] {
        self.0.map(sum)
    }
}

/// How far values lie below a peak, as fractions of it.
#[inline(always)]
pub(super) fn falls<S: Simd>(
    simd: S,
    values: &[f64],
    peak: f64,
    (out, pains): (&mut [f64], &mut Pains<S>),
) {
    let share = 1.0 / peak;
    let ((chunks, rest), (cells, cell_rest)) = (values.as_chunks(), out.as_chunks_mut::<WIDE>());
    for (chunk, cell) in chunks.iter().zip(cells) {
        let falls = (f64x8::load_array_ref(simd, chunk) - peak) * share;
        falls.store_array(cell);
        pains.add(falls);
    }
    if !rest.is_empty() {
        let falls = (part(simd, rest, peak) - peak) * share;
        for (cell, fall) in cell_rest.iter_mut().zip(falls.to_array()) {
            *cell = fall;
        }
        pains.add(falls);
    }
}

/// Writes the highest value up to each one, from one in front on; answers a bit for each of at
/// most 64 values that is not below those before it.
#[inline(always)]
pub(super) fn peaks<S: Simd>(simd: S, values: &[f64], top: f64, out: &mut [f64]) -> u64 {
    let ((chunks, rest), (cells, cell_rest)) = (values.as_chunks(), out.as_chunks_mut::<WIDE>());
    let (none, mut top) = (f64x8::splat(simd, f64::NEG_INFINITY), f64x8::splat(simd, top));
    let (mut bits, mut from) = (0_u64, 0_u32);
    let mut climb = {
        #[inline(always)]
        |values: f64x8<S>| {
            // Each lane sees one more, then two more, then four.
            let two = values.max(none.slide::<7>(values));
            let four = two.max(none.slide::<6>(two));
            let peaks = four.max(none.slide::<4>(four)).max(top);
            bits |= values.simd_ge(peaks).to_bitmask() << from;
            from += 8;
            let [.., last] = peaks.to_array();
            top = f64x8::splat(simd, last);
            peaks
        }
    };
    for (chunk, cell) in chunks.iter().zip(cells) {
        climb(f64x8::load_array_ref(simd, chunk)).store_array(cell);
    }
    if !rest.is_empty() {
        let peaks = climb(part(simd, rest, f64::NEG_INFINITY));
        for (cell, peak) in cell_rest.iter_mut().zip(peaks.to_array()) {
            *cell = peak;
        }
    }
    bits
}

/// How far values lie below the peaks in the cells, as fractions of these, which take their
/// places; answers how many are below, and how far at most.
#[inline(always)]
pub(super) fn falls_from<S: Simd>(
    simd: S,
    values: &[f64],
    (peaks, pains): (&mut [f64], &mut Pains<S>),
) -> (usize, f64) {
    let (zero, one) = (f64x8::splat(simd, 0.0), f64x8::splat(simd, 1.0));
    let (mut under, mut apart) = (zero, zero);
    let mut add = {
        #[inline(always)]
        |values: f64x8<S>, peaks: f64x8<S>| {
            let below = values - peaks;
            apart = below.min(apart);
            under += below.simd_lt(zero).select(one, zero);
            let falls = below * (one / peaks);
            pains.add(falls);
            falls
        }
    };
    let ((chunks, rest), (cells, cell_rest)) = (values.as_chunks(), peaks.as_chunks_mut::<WIDE>());
    for (chunk, cell) in chunks.iter().zip(cells) {
        let peaks = f64x8::load_array_ref(simd, cell);
        add(f64x8::load_array_ref(simd, chunk), peaks).store_array(cell);
    }
    if !rest.is_empty() {
        let falls = add(part(simd, rest, 1.0), part(simd, cell_rest, 1.0));
        for (cell, fall) in cell_rest.iter_mut().zip(falls.to_array()) {
            *cell = fall;
        }
    }
    (whole(sum(under)), -apart.reduce_min())
}

/// The first place of a value not above a bar, of at most 64; beyond the end where there is none.
#[inline(always)]
pub(super) fn place<S: Simd>(simd: S, values: &[f64], bar: f64) -> usize {
    let (chunks, rest) = values.as_chunks::<WIDE>();
    let (bars, mut hits) = (f64x8::splat(simd, bar), 0_u64);
    if !rest.is_empty() {
        hits = part(simd, rest, f64::INFINITY).simd_le(bars).to_bitmask();
    }
    for chunk in chunks.iter().rev() {
        hits = hits << WIDE | f64x8::load_array_ref(simd, chunk).simd_le(bars).to_bitmask();
    }
    usize::try_from(hits.trailing_zeros()).unwrap_or(usize::MAX)
}
