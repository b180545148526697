//! What many runs ask of the same bars, found once.

use std::sync::OnceLock;

use arrow_buffer::ScalarBuffer;

use crate::batch::bars::{BarTable, Prices};

/// Rows of which the lowest and the highest price are known together.
pub(super) const FEW: usize = 64;
/// The same of so many of these.
pub(super) const MANY: usize = 64;
/// Rows that are drawn at once; behind the last close are so many more.
pub(super) const LANES: usize = 8;

/// Facts about bars; made when first asked for.
#[derive(Debug, Clone, Default)]
pub struct Facts(pub(super) OnceLock<Option<Box<Bars>>>, pub(super) super::shares::Facts);

/// What is known of bars of one symbol with one spread.
#[derive(Debug, Clone, Default)]
pub(super) struct Bars {
    /// A tick is 10 to this power, in raw units: the largest one that all prices are multiples of.
    pub(super) zeros: u32,
    /// In ticks.
    pub(super) spread: i64,
    /// The closes in ticks, as doubles, and [`LANES`] more.
    pub(super) closes: ScalarBuffer<f64>,
    /// The highest price in ticks, and as a double.
    pub(super) top: i64,
    pub(super) highest: f64,
    pub(super) low: Levels,
    pub(super) high: Levels,
    /// The distance of all moments, if it is one.
    pub(super) step: Option<Divisor>,
}

/// Raw prices of the rows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Raw<'a> {
    pub(super) open: &'a [i64],
    pub(super) high: &'a [i64],
    pub(super) low: &'a [i64],
    pub(super) close: &'a [i64],
}

impl<'a> Raw<'a> {
    pub(super) fn of(bars: &'a BarTable) -> Option<Self> {
        let narrow = |prices: &'a Prices| match prices {
            Prices::Narrow(raws) => Some(raws.as_ref()),
            _ => None,
        };
        Some(Self {
            open: narrow(&bars.open)?,
            high: narrow(&bars.high)?,
            low: narrow(&bars.low)?,
            close: narrow(&bars.close)?,
        })
    }
}

/// The extremes of few rows, and of many.
#[derive(Debug, Clone, Default)]
pub(super) struct Levels {
    pub(super) few: ScalarBuffer<i64>,
    pub(super) many: ScalarBuffer<i64>,
}

/// A number above 0, prepared for divisions by it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Divisor {
    divisor: u64,
    /// 2^64 / divisor, rounded down; nothing for 1.
    reciprocal: u64,
}

impl Divisor {
    pub(super) fn new(divisor: i64) -> Option<Self> {
        let divisor = u64::try_from(divisor).ok().filter(|&divisor| divisor > 0)?;
        let reciprocal = (1_u128 << 64).checked_div(divisor.into())?;
        Some(Self { divisor, reciprocal: u64::try_from(reciprocal).unwrap_or(0) })
    }

    /// The number itself.
    pub(super) const fn number(self) -> i64 {
        self.divisor.cast_signed()
    }

    /// The quotient, rounded down.
    #[inline(always)]
    pub(super) fn divide(self, number: u64) -> u64 {
        if self.reciprocal == 0 {
            return number;
        }
        let product = u128::from(number).wrapping_mul(u128::from(self.reciprocal));
        // Less than one too small, as the reciprocal is.
        let high = low_bits(product >> 64);
        let rest = number.wrapping_sub(high.wrapping_mul(self.divisor));
        high.wrapping_add(u64::from(rest >= self.divisor))
    }

    /// The quotient of a multiple; nothing for other numbers and for those below 0.
    #[inline(always)]
    pub(super) fn exact(self, number: i64) -> Option<i64> {
        let number = u64::try_from(number).ok()?;
        let quotient = self.divide(number);
        let exact = quotient.wrapping_mul(self.divisor) == number;
        // Not above the number, which has 63 bits.
        exact.then_some(quotient.cast_signed())
    }
}

/// The lowest 64 bits.
#[inline(always)]
#[expect(clippy::as_conversions, clippy::cast_possible_truncation, reason = "as it says")]
const fn low_bits(number: u128) -> u64 {
    number as u64
}

impl Facts {
    pub(super) fn get(&self, bars: &BarTable) -> Option<&Bars> {
        self.0.get_or_init(|| Bars::of(bars).map(Box::new)).as_deref()
    }
}

impl Bars {
    fn of(bars: &BarTable) -> Option<Self> {
        let raw = Raw::of(bars)?;
        let spread = match &bars.spread {
            Prices::Same(spread) => i64::try_from(spread.raw()).ok()?,
            Prices::Narrow(raws) => {
                let first = *raws.first()?;
                raws.iter().all(|&other| other == first).then_some(first)?
            }
            Prices::Wide(_) => return None,
        };
        if bars.symbols.len() != 1 || bars.moments.len() < 2 || spread < 0 {
            return None;
        }
        let mut zeros = 9;
        for prices in [raw.open, raw.high, raw.low, raw.close, &[spread]] {
            zeros = zeros_of(prices, zeros)?;
        }
        let tick = Divisor::new(10_i64.checked_pow(zeros)?)?;
        let top = tick.exact(*raw.high.iter().max()?)?;
        // No close is above it.
        let highest = whole(top)?;
        let mut closes = Vec::with_capacity(raw.close.len().checked_add(LANES)?);
        closes.extend(raw.close.iter().map(|&close| double(tick.divide(close.unsigned_abs()))));
        closes.extend([0.0; LANES]);
        Some(Self {
            zeros,
            spread: tick.exact(spread)?,
            closes: closes.into(),
            top,
            highest,
            low: Levels::of(raw.low, Ord::min),
            high: Levels::of(raw.high, Ord::max),
            step: step_of(&bars.moments),
        })
    }

    /// How many rows there are.
    pub(super) fn len(&self) -> usize {
        self.closes.len().saturating_sub(LANES)
    }

    /// How many moments are not behind a time, when so many are known not to be.
    #[inline(always)]
    pub(super) fn passed(&self, moments: &[i64], from: usize, time: i64) -> usize {
        let Some((&first, step)) = moments.first().zip(self.step) else {
            let rest = moments.get(from..).unwrap_or_default();
            return from.saturating_add(rest.partition_point(|&moment| moment <= time));
        };
        if time < first {
            return 0;
        }
        let steps = step.divide(time.abs_diff(first));
        usize::try_from(steps).unwrap_or(usize::MAX).saturating_add(1).min(moments.len())
    }

    /// The first of some rows whose low is not above a raw price.
    pub(super) fn first_low(
        &self,
        raw: &Raw<'_>,
        rows: (usize, usize),
        price: i64,
    ) -> Option<usize> {
        self.low.first(raw.low, rows, |low| low <= price)
    }

    /// The first of some rows whose high is not below a raw price.
    pub(super) fn first_high(
        &self,
        raw: &Raw<'_>,
        rows: (usize, usize),
        price: i64,
    ) -> Option<usize> {
        self.high.first(raw.high, rows, |high| high >= price)
    }

    /// The lowest low and the highest high of some rows, raw.
    #[inline(always)]
    pub(super) fn extremes(&self, raw: &Raw<'_>, (from, to): (usize, usize)) -> Option<(i64, i64)> {
        if to.saturating_sub(from) < FEW {
            let rows = raw.low.get(from..to)?.iter().zip(raw.high.get(from..to)?);
            let whole = (i64::MAX, i64::MIN);
            let widened = |(low, high): (i64, i64), (one, other): (&i64, &i64)| {
                (low.min(*one), high.max(*other))
            };
            return Some(rows.fold(whole, widened)).filter(|_| from < to);
        }
        let low = self.low.extreme(raw.low, (from, to), Ord::min)?;
        Some((low, self.high.extreme(raw.high, (from, to), Ord::max)?))
    }
}

impl Levels {
    fn of(rows: &[i64], pick: impl Fn(i64, i64) -> i64 + Copy) -> Self {
        let level = |prices: &[i64], size: usize| -> Vec<i64> {
            let chunks = prices.chunks(size);
            chunks.filter_map(|chunk| chunk.iter().copied().reduce(pick)).collect()
        };
        let few = level(rows, FEW);
        let many = level(&few, MANY);
        Self { few: few.into(), many: many.into() }
    }

    /// The first of some rows for which a rule holds, which holds for the extreme of several
    /// rows when it holds for one of them.
    #[inline]
    fn first(
        &self,
        prices: &[i64],
        (from, to): (usize, usize),
        rule: impl Fn(i64) -> bool,
    ) -> Option<usize> {
        let within = |values: &[i64], from: usize, to: usize| {
            let to = to.min(values.len());
            let found = values.get(from..to)?.iter().position(|&value| rule(value))?;
            Some(from.saturating_add(found))
        };
        let next = |from: usize, size: usize| from.div_ceil(size).saturating_mul(size);
        let edge = next(from, FEW);
        if let Some(row) = within(prices, from, edge.min(to)) {
            return Some(row);
        }
        if edge >= to {
            return None;
        }
        let (few, last) = (edge / FEW, to.div_ceil(FEW));
        let edge = next(few, MANY);
        let block = within(&self.few, few, edge.min(last)).or_else(|| {
            let many = within(&self.many, edge / MANY, last.div_ceil(MANY))?.saturating_mul(MANY);
            within(&self.few, many, many.saturating_add(MANY))
        })?;
        let start = block.saturating_mul(FEW);
        within(prices, start, start.saturating_add(FEW).min(to))
    }

    #[inline]
    fn extreme(
        &self,
        prices: &[i64],
        (from, to): (usize, usize),
        pick: impl Fn(i64, i64) -> i64 + Copy,
    ) -> Option<i64> {
        let of = |values: &[i64], from: usize, to: usize| {
            values.get(from..to).and_then(|values| values.iter().copied().reduce(pick))
        };
        let (first, last) = (from.div_ceil(FEW), to / FEW);
        if first >= last {
            return of(prices, from, to);
        }
        let (front, back) = (first.saturating_mul(FEW), last.saturating_mul(FEW));
        let parts = [of(prices, from, front), of(&self.few, first, last), of(prices, back, to)];
        parts.into_iter().flatten().reduce(pick)
    }
}

/// How many zeros, at most so many, all of some prices have at their end; nothing for one below 0.
fn zeros_of(prices: &[i64], mut zeros: u32) -> Option<u32> {
    let mut rest = prices;
    loop {
        let unit = Divisor::new(10_i64.checked_pow(zeros)?)?;
        let odd = rest.iter().position(|&price| unit.exact(price).is_none());
        let Some(odd) = odd else { return Some(zeros) };
        rest = rest.get(odd..)?;
        // A price that is no multiple of 1 is below 0.
        zeros = zeros.checked_sub(1)?;
    }
}

/// The distance of all moments, if it is one.
fn step_of(moments: &[i64]) -> Option<Divisor> {
    let mut steps = moments.windows(2).map(|pair| match pair {
        [one, next] => next.saturating_sub(*one),
        _ => 0,
    });
    let step = steps.next().filter(|&step| steps.all(|other| other == step))?;
    Divisor::new(step)
}

/// Whether a raw number is a multiple of a power of ten.
pub(super) fn is_multiple(raw: i64, zeros: u32) -> bool {
    10_i64.checked_pow(zeros).is_some_and(|unit| raw.checked_rem(unit) == Some(0))
}

/// A whole number that a double holds.
pub(super) fn whole(value: i64) -> Option<f64> {
    (value.unsigned_abs() <= 1 << f64::MANTISSA_DIGITS).then_some(double(value.unsigned_abs()))
}

#[inline(always)]
#[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "it is below 2^53")]
fn double(value: u64) -> f64 {
    value as f64
}
