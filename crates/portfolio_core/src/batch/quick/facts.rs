//! What many runs ask of the same bars, found once.

use std::sync::OnceLock;

use crate::batch::bars::{BarTable, Prices};

/// Rows of which the lowest and the highest price are known together.
const FEW: usize = 64;
/// The same of so many of these.
const MANY: usize = 64;

/// Facts about bars; made when first asked for.
#[derive(Debug, Clone, Default)]
pub struct Facts(OnceLock<Option<Box<Bars>>>, pub(super) super::shares::Facts);

/// Bars of one symbol with one spread, in 64 bits.
#[derive(Debug, Clone)]
pub(super) struct Bars {
    /// All prices are multiples of 10 to this power, in raw units.
    pub(super) zeros: u32,
    /// Closes in these units: whole numbers.
    pub(super) closes: Vec<f64>,
    /// The highest price in these units.
    pub(super) highest: f64,
    /// Raw.
    pub(super) spread: i64,
    lows: Levels,
    highs: Levels,
    /// The distance of all moments, if it is one.
    step: Option<i64>,
}

/// Extremes of few rows, and of many.
#[derive(Debug, Clone)]
struct Levels {
    few: Vec<i64>,
    many: Vec<i64>,
}

/// Raw prices as slices.
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
            Prices::Narrow(raws) => Some(raws.as_slice()),
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
        let columns = [raw.open, raw.high, raw.low, raw.close, &[spread]];
        for &price in columns.iter().copied().flatten() {
            while zeros > 0 && !is_multiple(price, zeros) {
                zeros = zeros.saturating_sub(1);
            }
        }
        let unit = 10_i64.checked_pow(zeros)?;
        let closes = raw.close.iter().map(|close| whole(close.checked_div(unit)?));
        let closes = closes.collect::<Option<Vec<f64>>>()?;
        let highest = whole(raw.high.iter().max()?.checked_div(unit)?)?;
        let mut steps = bars.moments.windows(2).map(|pair| match pair {
            [one, next] => next.saturating_sub(*one),
            _ => 0,
        });
        let step = steps.next().filter(|&step| step > 0 && steps.all(|other| other == step));
        Some(Self {
            zeros,
            closes,
            highest,
            spread,
            lows: Levels::of(raw.low, i64::min),
            highs: Levels::of(raw.high, i64::max),
            step,
        })
    }

    /// How many moments are not behind a time, when so many are known not to be.
    pub(super) fn passed(&self, moments: &[i64], from: usize, time: i64) -> usize {
        let Some((&first, step)) = moments.first().zip(self.step) else {
            let rest = moments.get(from..).unwrap_or_default();
            return from.saturating_add(rest.partition_point(|&moment| moment <= time));
        };
        let steps = time.saturating_sub(first).checked_div(step).unwrap_or(0);
        if time < first {
            return 0;
        }
        usize::try_from(steps).unwrap_or(usize::MAX).saturating_add(1).min(moments.len())
    }

    /// The first row from one on whose low is not above a price.
    pub(super) fn first_low(&self, raw: &Raw<'_>, from: usize, price: i64) -> Option<usize> {
        self.lows.first(raw.low, from, |low| low <= price)
    }

    /// The first row from one on whose high is not below a price.
    pub(super) fn first_high(&self, raw: &Raw<'_>, from: usize, price: i64) -> Option<usize> {
        self.highs.first(raw.high, from, |high| high >= price)
    }

    /// The lowest low of some rows.
    pub(super) fn lowest(&self, raw: &Raw<'_>, (from, to): (usize, usize)) -> Option<i64> {
        self.lows.extreme(raw.low, (from, to), i64::min)
    }

    /// The highest high of some rows.
    pub(super) fn highest(&self, raw: &Raw<'_>, (from, to): (usize, usize)) -> Option<i64> {
        self.highs.extreme(raw.high, (from, to), i64::max)
    }
}

impl Levels {
    fn of(prices: &[i64], pick: fn(i64, i64) -> i64) -> Self {
        let level = |prices: &[i64], size: usize| -> Vec<i64> {
            let chunks = prices.chunks(size);
            chunks.filter_map(|chunk| chunk.iter().copied().reduce(pick)).collect()
        };
        let few = level(prices, FEW);
        let many = level(&few, MANY);
        Self { few, many }
    }

    /// The first row from one on for which a rule holds, which holds for the extreme of several
    /// rows when it holds for one of them.
    fn first(&self, prices: &[i64], from: usize, rule: impl Fn(i64) -> bool) -> Option<usize> {
        let within = |values: &[i64], from: usize, to: usize| {
            let to = to.min(values.len());
            let found = values.get(from..to)?.iter().position(|&value| rule(value))?;
            Some(from.saturating_add(found))
        };
        let next = |from: usize, size: usize| from.div_ceil(size).saturating_mul(size);
        let edge = next(from, FEW);
        if let Some(row) = within(prices, from, edge) {
            return Some(row);
        }
        let few = edge / FEW;
        let edge = next(few, MANY);
        let block = within(&self.few, few, edge).or_else(|| {
            let many = within(&self.many, edge / MANY, usize::MAX)?.saturating_mul(MANY);
            within(&self.few, many, many.saturating_add(MANY))
        })?;
        let start = block.saturating_mul(FEW);
        within(prices, start, start.saturating_add(FEW))
    }

    fn extreme(
        &self,
        prices: &[i64],
        (from, to): (usize, usize),
        pick: fn(i64, i64) -> i64,
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

/// Whether a raw number is a multiple of a power of ten.
pub(super) fn is_multiple(raw: i64, zeros: u32) -> bool {
    10_i64.checked_pow(zeros).is_some_and(|unit| raw.checked_rem(unit) == Some(0))
}

/// A whole number that a double holds.
#[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "it was just asked")]
fn whole(value: i64) -> Option<f64> {
    (value.unsigned_abs() <= 1 << f64::MANTISSA_DIGITS).then_some(value as f64)
}
