//! What many runs ask of the same bars, found once.

use std::sync::OnceLock;

use crate::batch::bars::{BarTable, Prices};

/// Rows of which the lowest and the highest price are known together.
const FEW: usize = 64;
/// The same of so many of these.
const MANY: usize = 64;
/// Rows that are drawn at once; behind the last close are so many more.
pub(super) const LANES: usize = 8;

/// Facts about bars; made when first asked for.
#[derive(Debug, Clone, Default)]
pub struct Facts(OnceLock<Option<Box<Bars>>>, pub(super) super::shares::Facts);

/// Bars of one symbol with one spread, in whole ticks.
#[derive(Debug, Clone)]
pub(super) struct Bars {
    /// A tick is 10 to this power, in raw units: the largest one that all prices are multiples of.
    pub(super) zeros: u32,
    pub(super) open: Vec<i64>,
    pub(super) close: Vec<i64>,
    pub(super) spread: i64,
    /// The closes as doubles, and [`LANES`] more.
    pub(super) closes: Vec<f64>,
    /// The highest price, and as a double.
    pub(super) top: i64,
    pub(super) highest: f64,
    low: Levels,
    high: Levels,
    /// The distance of all moments, if it is one.
    step: Option<Step>,
}

/// The distance of moments, prepared for divisions by it.
#[derive(Debug, Clone, Copy)]
struct Step {
    step: u64,
    /// 2^64 / step, rounded down.
    reciprocal: u64,
}

impl Step {
    fn of(step: i64) -> Option<Self> {
        let step = u64::try_from(step).ok().filter(|&step| step > 1)?;
        let reciprocal = u64::try_from((1_u128 << 64).checked_div(step.into())?).ok()?;
        Some(Self { step, reciprocal })
    }

    /// How many whole steps there are in a span.
    #[inline(always)]
    fn steps(self, span: u64) -> u64 {
        let product = u128::from(span).wrapping_mul(u128::from(self.reciprocal));
        // Less than one too small, as the reciprocal is.
        let high = low_bits(product >> 64);
        let rest = span.wrapping_sub(high.wrapping_mul(self.step));
        high.wrapping_add(u64::from(rest >= self.step))
    }
}

/// The lowest 64 bits.
#[inline(always)]
#[expect(clippy::as_conversions, clippy::cast_possible_truncation, reason = "as it says")]
const fn low_bits(number: u128) -> u64 {
    number as u64
}

/// Prices with the extremes of few rows, and of many.
#[derive(Debug, Clone)]
struct Levels {
    rows: Vec<i64>,
    few: Vec<i64>,
    many: Vec<i64>,
}

impl Facts {
    pub(super) fn get(&self, bars: &BarTable) -> Option<&Bars> {
        self.0.get_or_init(|| Bars::of(bars).map(Box::new)).as_deref()
    }
}

impl Bars {
    fn of(bars: &BarTable) -> Option<Self> {
        let narrow = |prices: &Prices| match prices {
            Prices::Narrow(raws) => Some(raws.clone()),
            _ => None,
        };
        let raws = [&bars.open, &bars.high, &bars.low, &bars.close].map(narrow);
        let [Some(mut open), Some(mut high), Some(mut low), Some(mut close)] = raws else {
            return None;
        };
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
        for &price in [&open, &high, &low, &close, &vec![spread]].into_iter().flatten() {
            while zeros > 0 && !is_multiple(price, zeros) {
                zeros = zeros.saturating_sub(1);
            }
        }
        let tick = 10_i64.checked_pow(zeros)?;
        for price in [&mut open, &mut high, &mut low, &mut close].into_iter().flatten() {
            *price = price.checked_div(tick)?;
        }
        let closes = close.iter().map(|&close| whole(close));
        let mut closes = closes.collect::<Option<Vec<f64>>>()?;
        closes.extend([0.0; LANES]);
        let top = *high.iter().max()?;
        Some(Self {
            zeros,
            open,
            close,
            spread: spread.checked_div(tick)?,
            closes,
            top,
            highest: whole(top)?,
            low: Levels::of(low, Ord::min),
            high: Levels::of(high, Ord::max),
            step: step_of(&bars.moments),
        })
    }

    /// How many rows there are.
    pub(super) const fn len(&self) -> usize {
        self.close.len()
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
        let steps = step.steps(time.abs_diff(first));
        usize::try_from(steps).unwrap_or(usize::MAX).saturating_add(1).min(moments.len())
    }

    /// The first of some rows whose low is not above a price.
    pub(super) fn first_low(&self, rows: (usize, usize), price: i64) -> Option<usize> {
        self.low.first(rows, |low| low <= price)
    }

    /// The first of some rows whose high is not below a price.
    pub(super) fn first_high(&self, rows: (usize, usize), price: i64) -> Option<usize> {
        self.high.first(rows, |high| high >= price)
    }

    /// The lowest low and the highest high of some rows.
    #[inline(always)]
    pub(super) fn extremes(&self, (from, to): (usize, usize)) -> Option<(i64, i64)> {
        if to.saturating_sub(from) < FEW {
            let rows = self.low.rows.get(from..to)?.iter().zip(self.high.rows.get(from..to)?);
            let whole = (i64::MAX, i64::MIN);
            let widened = |(low, high): (i64, i64), (one, other): (&i64, &i64)| {
                (low.min(*one), high.max(*other))
            };
            return Some(rows.fold(whole, widened)).filter(|_| from < to);
        }
        let low = self.low.extreme((from, to), Ord::min)?;
        Some((low, self.high.extreme((from, to), Ord::max)?))
    }

    /// Low and high of a row.
    pub(super) fn range(&self, row: usize) -> Option<(i64, i64)> {
        Some((*self.low.rows.get(row)?, *self.high.rows.get(row)?))
    }
}

impl Levels {
    fn of(rows: Vec<i64>, pick: impl Fn(i64, i64) -> i64 + Copy) -> Self {
        let level = |prices: &[i64], size: usize| -> Vec<i64> {
            let chunks = prices.chunks(size);
            chunks.filter_map(|chunk| chunk.iter().copied().reduce(pick)).collect()
        };
        let few = level(&rows, FEW);
        let many = level(&few, MANY);
        Self { rows, few, many }
    }

    /// The first of some rows for which a rule holds, which holds for the extreme of several
    /// rows when it holds for one of them.
    #[inline]
    fn first(&self, (from, to): (usize, usize), rule: impl Fn(i64) -> bool) -> Option<usize> {
        let within = |values: &[i64], from: usize, to: usize| {
            let to = to.min(values.len());
            let found = values.get(from..to)?.iter().position(|&value| rule(value))?;
            Some(from.saturating_add(found))
        };
        let next = |from: usize, size: usize| from.div_ceil(size).saturating_mul(size);
        let edge = next(from, FEW);
        if let Some(row) = within(&self.rows, from, edge.min(to)) {
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
        within(&self.rows, start, start.saturating_add(FEW).min(to))
    }

    #[inline]
    fn extreme(
        &self,
        (from, to): (usize, usize),
        pick: impl Fn(i64, i64) -> i64 + Copy,
    ) -> Option<i64> {
        let of = |values: &[i64], from: usize, to: usize| {
            values.get(from..to).and_then(|values| values.iter().copied().reduce(pick))
        };
        let (first, last) = (from.div_ceil(FEW), to / FEW);
        if first >= last {
            return of(&self.rows, from, to);
        }
        let (front, back) = (first.saturating_mul(FEW), last.saturating_mul(FEW));
        let parts =
            [of(&self.rows, from, front), of(&self.few, first, last), of(&self.rows, back, to)];
        parts.into_iter().flatten().reduce(pick)
    }
}

/// The distance of all moments, if it is one.
fn step_of(moments: &[i64]) -> Option<Step> {
    let mut steps = moments.windows(2).map(|pair| match pair {
        [one, next] => next.saturating_sub(*one),
        _ => 0,
    });
    let step = steps.next().filter(|&step| steps.all(|other| other == step))?;
    Step::of(step)
}

/// Whether a raw number is a multiple of a power of ten.
pub(super) fn is_multiple(raw: i64, zeros: u32) -> bool {
    10_i64.checked_pow(zeros).is_some_and(|unit| raw.checked_rem(unit) == Some(0))
}

/// A whole number that a double holds.
#[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "it was just asked")]
fn whole(value: i64) -> Option<f64> {
    (value.unsigned_abs() <= 1 << f64::MANTISSA_DIGITS).then_some(value as f64)
}
