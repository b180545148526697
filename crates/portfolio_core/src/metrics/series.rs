//! Logarithms and shares of equity by series: the values of a run lie close together, so that a few
//! terms have all digits, and no division is needed.
#![expect(
    clippy::arithmetic_side_effects,
    reason = "vectors of doubles, which have no overflow; whole numbers are added by name"
)]

use fearless_simd::prelude::{ExtractToken, SimdBase};
use fearless_simd::{Simd, f64x8};

use super::lanes::{WIDE, only, part, sum};
use super::log_ratio;

/// How far the values of a run are from their middle, as a part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Spread {
    /// A 2,048th at most.
    Near,
    /// A 64th at most.
    Wide,
    /// More.
    Far,
}

/// The middle of a run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Middle {
    value: f64,
    spread: Spread,
    /// 1 over it.
    share: f64,
    /// The logarithm of how many times the start it is.
    log: f64,
}

impl Middle {
    /// Those of up to 8 runs with these lowest and highest values.
    #[inline(always)]
    pub(super) fn of<S: Simd>(simd: S, ranges: &[(f64, f64)], start: f64) -> [Self; WIDE] {
        let (mut lows, mut highs) = ([start; WIDE], [start; WIDE]);
        for ((low, high), range) in lows.iter_mut().zip(&mut highs).zip(ranges) {
            (*low, *high) = *range;
        }
        let (lows, highs) = (f64x8::load_array(simd, lows), f64x8::load_array(simd, highs));
        let (values, one) = ((lows + highs) * 0.5, f64x8::splat(simd, 1.0));
        let aparts = (values - start) / f64x8::splat(simd, start);
        let logs = wide(aparts).to_array();
        let (shares, aparts) = ((one / values).to_array(), aparts.to_array());
        let columns = values.to_array().into_iter().zip((highs - lows).to_array());
        let others = shares.into_iter().zip(logs).zip(aparts);
        let mut all = [Self { value: start, spread: Spread::Far, share: 1.0, log: 0.0 }; WIDE];
        for (middle, ((value, width), ((share, log), apart))) in
            all.iter_mut().zip(columns.zip(others)).take(ranges.len())
        {
            let spread = match () {
                () if width * 1_024.0 <= value => Spread::Near,
                () if width * 32.0 <= value => Spread::Wide,
                () => Spread::Far,
            };
            let log = if apart.abs() * 64.0 <= 1.0 { log } else { log_ratio(value, start) };
            *middle = Self { value, spread, share, log };
        }
        all
    }
}

/// `ln(1 + x)` to 13 digits of an x up to a 2,048th.
#[inline(always)]
fn near<S: Simd>(x: f64x8<S>) -> f64x8<S> {
    let one = {
        #[inline(always)]
        |value: f64| f64x8::splat(x.token(), value)
    };
    x * (one(1.0) + x * (one(-1.0 / 2.0) + x * (one(1.0 / 3.0) + x * (-1.0 / 4.0))))
}

/// `ln(1 + x)` to 13 digits of an x up to a 64th.
#[inline(always)]
fn wide<S: Simd>(x: f64x8<S>) -> f64x8<S> {
    let one = {
        #[inline(always)]
        |value: f64| f64x8::splat(x.token(), value)
    };
    let far = x * (one(-1.0 / 6.0) + x * (1.0 / 7.0));
    let mid = x * (one(1.0 / 3.0) + x * (one(-1.0 / 4.0) + x * (one(1.0 / 5.0) + far)));
    x * (one(1.0) + x * (one(-1.0 / 2.0) + mid))
}

/// What runs are summed up to.
pub(super) struct Runs<S: Simd> {
    simd: S,
    /// What the logarithms are those of multiples of.
    start: f64,
    sums: Sums<S>,
}

/// The sums, side by side.
#[derive(Clone, Copy)]
struct Sums<S: Simd> {
    /// Of logarithms, of their squares, and of their products with places.
    slopes: [f64x8<S>; 3],
    /// Of gross and net exposure over equity.
    shares: [f64x8<S>; 2],
    /// The highest gross exposures over equity.
    highs: f64x8<S>,
}

impl<S: Simd> Runs<S> {
    /// The sums of nothing.
    #[inline(always)]
    pub(super) fn new(simd: S, start: f64) -> Self {
        let zero = f64x8::splat(simd, 0.0);
        let sums = Sums { slopes: [zero; 3], shares: [zero; 2], highs: zero };
        Self { simd, start, sums }
    }

    /// Adds the values of a run, the first of which lies at a place, and their exposures, which may
    /// be empty columns.
    #[inline(always)]
    pub(super) fn add(
        &mut self,
        values: &[f64],
        exposures: [&[f64]; 2],
        middle: Middle,
        place: f64,
    ) {
        let (simd, start, half) = (self.simd, self.start, middle.value);
        let one = f64x8::splat(simd, 1.0);
        let columns = (values, exposures);
        if middle.spread == Spread::Far {
            return self.each(
                columns,
                (start, place),
                #[inline(always)]
                |values| {
                    let logs = values.to_array().map(|value| log_ratio(value, start));
                    f64x8::load_array(simd, logs)
                },
                #[inline(always)]
                |values| one / values,
            );
        }
        let (base, share) = (middle.log, middle.share);
        if middle.spread == Spread::Near {
            self.each(
                columns,
                (half, place),
                #[inline(always)]
                |values| near((values - half) * share) + base,
                #[inline(always)]
                |values| {
                    let x = (values - half) * share;
                    (one - x * (one - x * (one - x * (one - x)))) * share
                },
            );
        } else {
            self.each(
                columns,
                (half, place),
                #[inline(always)]
                |values| wide((values - half) * share) + base,
                #[inline(always)]
                |values| one / values,
            );
        }
    }

    #[inline(always)]
    fn each(
        &mut self,
        (values, [gross, net]): (&[f64], [&[f64]; 2]),
        (filler, place): (f64, f64),
        log: impl Fn(f64x8<S>) -> f64x8<S>,
        share: impl Fn(f64x8<S>) -> f64x8<S>,
    ) {
        let simd = self.simd;
        // A copy of its own stays in registers.
        let mut sums = self.sums;
        let mut places = f64x8::load_array(simd, [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]) + place;
        let (chunks, rest) = values.as_chunks::<WIDE>();
        let ((grosses, gross_rest), (nets, net_rest)) = (gross.as_chunks(), net.as_chunks());
        let mut exposures = grosses.iter().zip(nets);
        for chunk in chunks {
            let values = f64x8::load_array_ref(simd, chunk);
            sums.add_logs(log(values), places);
            places += 8.0;
            if let Some((gross, net)) = exposures.next() {
                let gross = f64x8::load_array_ref(simd, gross);
                sums.add_shares([gross, f64x8::load_array_ref(simd, net)], share(values));
            }
        }
        if !rest.is_empty() {
            let values = part(simd, rest, filler);
            sums.add_logs(only(simd, rest, log(values)), places);
            let exposures = [part(simd, gross_rest, 0.0), part(simd, net_rest, 0.0)];
            sums.add_shares(exposures, share(values));
        }
        self.sums = sums;
    }

    /// The sums of logarithms, and those of exposures with the highest one.
    #[inline(always)]
    pub(super) fn sums(self) -> ([f64; 3], [f64; 3]) {
        let [gross, net] = self.sums.shares.map(sum);
        (self.sums.slopes.map(sum), [gross, net, self.sums.highs.reduce_max()])
    }
}

impl<S: Simd> Sums<S> {
    #[inline(always)]
    fn add_logs(&mut self, logs: f64x8<S>, places: f64x8<S>) {
        let [ones, squares, products] = &mut self.slopes;
        *ones += logs;
        *squares += logs * logs;
        *products += logs * places;
    }

    #[inline(always)]
    fn add_shares(&mut self, [gross, net]: [f64x8<S>; 2], share: f64x8<S>) {
        let [of_gross, of_net] = &mut self.shares;
        let part = gross * share;
        *of_gross += part;
        *of_net += net * share;
        self.highs = part.max(self.highs);
    }
}
