//! What blocks of doubles are summed up to, many side by side, in loops that the compiler makes
//! vectors of. The order of the additions is part of the code, so no result depends on the machine.

/// Sums that grow side by side, one for each place of a chunk.
const WIDE: usize = 64;

type Lanes = [f64; WIDE];

/// All lanes by a rule, halved again and again.
#[inline(always)]
fn fold(mut lanes: Lanes, rule: impl Fn(f64, f64) -> f64) -> f64 {
    let mut width = WIDE;
    while width > 1 {
        width /= 2;
        let (left, right) = lanes.split_at_mut(width);
        for (one, other) in left.iter_mut().zip(right) {
            *one = rule(*one, *other);
        }
    }
    let [all, ..] = lanes;
    all
}

#[inline(always)]
fn sum(lanes: &Lanes) -> f64 {
    fold(*lanes, |one, other| one + other)
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

/// The lowest and highest value.
pub(super) fn range(values: &[f64]) -> (f64, f64) {
    let (runs, rest) = values.as_chunks::<WIDE>();
    let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
    for run in runs {
        (low, high) = (least(fold(*run, least), low), most(fold(*run, most), high));
    }
    for &value in rest {
        (low, high) = (least(value, low), most(value, high));
    }
    (low, high)
}

/// The sum.
pub(super) fn total(values: &[f64]) -> f64 {
    let mut sums = [0.0; WIDE];
    for chunk in values.chunks(WIDE) {
        for (sum, value) in sums.iter_mut().zip(chunk) {
            *sum += value;
        }
    }
    sum(&sums)
}

/// The sums of the first four powers of the distances from a middle.
pub(super) fn powers(values: &[f64], middle: f64) -> [f64; 4] {
    let (mut ones, mut squares) = ([0.0; WIDE], [0.0; WIDE]);
    let (mut cubes, mut fourths) = ([0.0; WIDE], [0.0; WIDE]);
    for chunk in values.chunks(WIDE) {
        let low = ones.iter_mut().zip(&mut squares);
        let sums = low.zip(cubes.iter_mut().zip(&mut fourths));
        for (((one, square), (cube, fourth)), value) in sums.zip(chunk) {
            let apart = value - middle;
            let squared = apart * apart;
            *one += apart;
            *square += squared;
            *cube += squared * apart;
            *fourth += squared * squared;
        }
    }
    [sum(&ones), sum(&squares), sum(&cubes), sum(&fourths)]
}

/// What the returns of a block are summed up to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sums {
    /// The first four powers of the distances from a middle.
    pub(super) powers: [f64; 4],
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

#[inline(always)]
fn count(hits: [u64; WIDE]) -> usize {
    let sum = hits.into_iter().fold(0_u64, u64::wrapping_add);
    usize::try_from(sum).unwrap_or(usize::MAX)
}

/// Each value over the one before it less 1, and what these returns are summed up to: the
/// additions find room beside the divisions, which are the longest steps.
pub(super) fn returns(before: &[f64], values: &[f64], middle: f64, out: &mut [f64]) -> Sums {
    let (mut ones, mut squares) = ([0.0; WIDE], [0.0; WIDE]);
    let (mut cubes, mut fourths) = ([0.0; WIDE], [0.0; WIDE]);
    let (mut gained, mut lost, mut loss_squares) = ([0.0; WIDE], [0.0; WIDE], [0.0; WIDE]);
    let (mut gains, mut losses) = ([0_u64; WIDE], [0_u64; WIDE]);
    let (mut lows, mut highs) = ([f64::INFINITY; WIDE], [f64::NEG_INFINITY; WIDE]);
    let chunks = values.chunks(WIDE).zip(before.chunks(WIDE)).zip(out.chunks_mut(WIDE));
    for ((values, before), out) in chunks {
        let powers = ones.iter_mut().zip(&mut squares).zip(cubes.iter_mut().zip(&mut fourths));
        let signs = gained.iter_mut().zip(&mut lost).zip(&mut loss_squares);
        let counts = gains.iter_mut().zip(&mut losses);
        let ranges = lows.iter_mut().zip(&mut highs);
        let cells = values.iter().zip(before).zip(out);
        let sums = powers.zip(signs).zip(counts.zip(ranges)).zip(cells);
        for (((powers, signs), ((gain, loss), (low, high))), ((value, before), cell)) in sums {
            let ((one, square), (cube, fourth)) = powers;
            let ((gained, lost), loss_square) = signs;
            let found = value / before - 1.0;
            *cell = found;
            (*low, *high) = (least(found, *low), most(found, *high));
            let apart = found - middle;
            let squared = apart * apart;
            *one += apart;
            *square += squared;
            *cube += squared * apart;
            *fourth += squared * squared;
            let below = least(found, 0.0);
            *gained += most(found, 0.0);
            *lost += below;
            *loss_square += below * below;
            *gain = gain.wrapping_add(u64::from(found > 0.0));
            *loss = loss.wrapping_add(u64::from(found < 0.0));
        }
    }
    Sums {
        powers: [sum(&ones), sum(&squares), sum(&cubes), sum(&fourths)],
        range: (fold(lows, least), fold(highs, most)),
        gained: sum(&gained),
        lost: sum(&lost),
        loss_squares: sum(&loss_squares),
        gains: count(gains),
        losses: count(losses),
    }
}

/// The sum of the products of two columns of distances.
pub(super) fn products(left: &[f64], right: &[f64], middles: (f64, f64)) -> f64 {
    let mut products = [0.0; WIDE];
    for (left, right) in left.chunks(WIDE).zip(right.chunks(WIDE)) {
        for ((product, left), right) in products.iter_mut().zip(left).zip(right) {
            *product += (left - middles.0) * (right - middles.1);
        }
    }
    sum(&products)
}

/// What values lack to a bar, the squares of that, and what they have above it.
pub(super) fn lacks(values: &[f64], bar: f64) -> [f64; 3] {
    let (mut lacks, mut squares, mut surpluses) = ([0.0; WIDE], [0.0; WIDE], [0.0; WIDE]);
    for chunk in values.chunks(WIDE) {
        let sums = lacks.iter_mut().zip(&mut squares).zip(&mut surpluses);
        for (((lack, square), surplus), value) in sums.zip(chunk) {
            let below = most(bar - value, 0.0);
            *lack += below;
            *square += below * below;
            *surplus += most(value - bar, 0.0);
        }
    }
    [sum(&lacks), sum(&squares), sum(&surpluses)]
}

/// How far values lie below a peak, as fractions of it.
pub(super) fn falls(values: &[f64], peak: f64, out: &mut [f64]) {
    let share = 1.0 / peak;
    for (cell, value) in out.iter_mut().zip(values) {
        *cell = (value - peak) * share;
    }
}

/// How far values lie below the peaks in the cells, as fractions of these, which take their
/// places; answers how many are below.
pub(super) fn falls_from(values: &[f64], peaks: &mut [f64]) -> usize {
    let mut under = 0_u64;
    for (cell, value) in peaks.iter_mut().zip(values) {
        let peak = *cell;
        under = under.wrapping_add(u64::from(*value < peak));
        *cell = (value - peak) * (1.0 / peak);
    }
    usize::try_from(under).unwrap_or(usize::MAX)
}

/// The first place of a value in a run; none is beyond the end.
pub(super) fn place(values: &[f64], wanted: f64) -> usize {
    values.iter().position(|&value| value <= wanted).unwrap_or(usize::MAX)
}

/// The sum of the absolute values of numbers not above 0, and the sum of the squares.
pub(super) fn pains(falls: &[f64]) -> [f64; 2] {
    let (mut pains, mut squares) = ([0.0; WIDE], [0.0; WIDE]);
    for chunk in falls.chunks(WIDE) {
        for ((pain, square), fall) in pains.iter_mut().zip(&mut squares).zip(chunk) {
            *pain -= fall;
            *square += fall * fall;
        }
    }
    [sum(&pains), sum(&squares)]
}

/// Sums of logarithms, of their squares, and of their products with places.
#[derive(Debug)]
pub(super) struct Slopes([Lanes; 3]);

impl Slopes {
    /// The sums of nothing.
    pub(super) const ZERO: Self = Self([[0.0; WIDE]; 3]);

    /// Adds one logarithm that lies so far from the middle of the places.
    pub(super) fn add(&mut self, log: f64, place: f64) {
        let Self([[one, ..], [square, ..], [product, ..]]) = self;
        *one += log;
        *square += log * log;
        *product += log * place;
    }

    /// The three sums.
    pub(super) fn sums(&self) -> [f64; 3] {
        let Self([ones, squares, products]) = self;
        [sum(ones), sum(squares), sum(products)]
    }
}

/// Adds the logarithms, on top of a base, of values over a middle that all are within a 64th
/// of, by the series, which has 13 digits there.
pub(super) fn add_logs(
    values: &[f64],
    places: &[f64],
    middle: (f64, f64),
    base: f64,
    slopes: &mut Slopes,
) {
    let share = 1.0 / middle.0;
    let Slopes([ones, squares, products]) = slopes;
    for (values, places) in values.chunks(WIDE).zip(places.chunks(WIDE)) {
        let sums = ones.iter_mut().zip(squares.iter_mut()).zip(products.iter_mut());
        for (((one, square), product), (value, place)) in sums.zip(values.iter().zip(places)) {
            let x = (value - middle.0) * share;
            let far = x * (-1.0 / 6.0 + x * (1.0 / 7.0));
            let mid = x * (1.0 / 3.0 + x * (-1.0 / 4.0 + x * (1.0 / 5.0 + far)));
            let log = base + x * (1.0 + x * (-1.0 / 2.0 + mid));
            *one += log;
            *square += log * log;
            *product += log * (place - middle.1);
        }
    }
}

/// Two columns over a third, added up, and the highest share of the first.
pub(super) fn shares(gross: &[f64], net: &[f64], all: &[f64]) -> (f64, f64, f64) {
    let (mut of_gross, mut of_net, mut highs) = ([0.0; WIDE], [0.0; WIDE], [0.0; WIDE]);
    let columns = gross.chunks(WIDE).zip(net.chunks(WIDE)).zip(all.chunks(WIDE));
    for ((gross, net), all) in columns {
        let sums = of_gross.iter_mut().zip(&mut of_net).zip(&mut highs);
        for (((of_gross, of_net), high), ((gross, net), all)) in
            sums.zip(gross.iter().zip(net).zip(all))
        {
            // One division for both, which is the longest step.
            let share = 1.0 / all;
            let part = gross * share;
            *of_gross += part;
            *of_net += net * share;
            *high = most(part, *high);
        }
    }
    (sum(&of_gross), sum(&of_net), highs.into_iter().fold(0.0, most))
}
