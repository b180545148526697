//! The equity of a plain run as columns: from span to span a line over the close.
//!
//! While all money is a whole number of units below 2^53, it is counted in doubles that hold whole
//! numbers only: nothing is rounded but by the one division by a power of ten, which gives the
//! double that is nearest to the exact amount. Beyond that it is counted in 128 bits.
#![expect(
    clippy::float_arithmetic,
    clippy::arithmetic_side_effects,
    reason = "whole numbers below 2^53, whose sums and products are exact; one division rounds; \
              whole numbers that are no doubles are added by name"
)]

use fearless_simd::prelude::SimdBase;
use fearless_simd::{Simd, dispatch, f64x8};

use super::events::{Room as Events, Span};
use super::facts::{Divisor, LANES};
use super::terms::Terms;
use super::units::Units;
use crate::history::Exact;
use crate::metrics::level;
use crate::numbers::fixed18_to_f64;

/// Doubles hold all whole numbers up to this one.
const WHOLE: f64 = 9_007_199_254_740_992.0;

/// Columns of the moments.
#[derive(Debug, Default)]
pub(super) struct Room {
    /// Equity in units, where doubles hold it.
    wholes: Vec<f64>,
    /// Raw equity, where they do not.
    raws: Vec<i128>,
    /// Equity.
    pub(super) values: Vec<f64>,
    /// Gross exposure.
    pub(super) gross: Vec<f64>,
    /// Net exposure.
    pub(super) net: Vec<f64>,
}

/// Which columns are wanted besides the equity.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted {
    /// The exact equity.
    pub(super) exact: bool,
    pub(super) exposures: bool,
}

/// What the exact equity is counted in.
#[derive(Debug, Clone, Copy)]
pub(super) enum Counted {
    /// Whole doubles of so many raw units.
    Whole(i128),
    /// Raw units.
    Raw,
}

impl Room {
    /// The exact equity.
    pub(super) fn exact(&self, counted: Counted) -> Exact<'_> {
        match counted {
            Counted::Whole(unit) => Exact::Whole(&self.wholes, unit),
            Counted::Raw => Exact::Raw(&self.raws),
        }
    }

    /// How many moments there are.
    pub(super) fn len(&self) -> usize {
        self.values.len()
    }
}

/// A line over the close, in units: `flat + slope * close`; `net` and `gross` go through the
/// exposures in the same way.
#[derive(Debug, Clone, Copy)]
struct Line<T> {
    flat: T,
    slope: T,
    /// What the spread takes from the net exposure.
    ask: T,
    /// The slope of the gross exposure, where there are longs and shorts.
    both: Option<T>,
}

impl Line<i128> {
    fn of(units: &Units, terms: &Terms<'_>, span: &Span) -> Option<Self> {
        let Span { flat, long, short, .. } = *span;
        let tick = units.ticks;
        let ask = match short {
            0 => 0,
            short => units.worth(short, terms.bars.spread.checked_mul(tick)?)?,
        };
        let both = match (long, short) {
            (0, _) | (_, 0) => None,
            (long, short) => Some(units.worth(long.checked_add(short)?, tick)?),
        };
        Some(Self { flat, slope: units.worth(long.checked_sub(short)?, tick)?, ask, both })
    }
}

impl Line<f64> {
    /// The same in whole doubles, when no point of it leaves them. `one` is what one unit of size
    /// is worth at a tick. A product that is not a whole double is rounded to one that the bound
    /// refuses.
    #[inline]
    fn of(span: &Span, one: f64, (highest, spread): (f64, f64)) -> Option<Self> {
        let (long, short) = (size(span.long), size(span.short));
        let flat = whole(span.flat)?;
        let slope = (long - short) * one;
        let ask = short * one * spread;
        let both = (long + short) * one;
        let most = flat.abs() + ask + both * highest;
        let both = (long > 0.0 && short > 0.0).then_some(both);
        (most < WHOLE).then_some(Self { flat, slope, ask, both })
    }
}

#[inline]
#[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "its product is asked")]
fn size(units: i64) -> f64 {
    units as f64
}

/// A whole number as a double that holds it.
#[inline]
#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    reason = "it was just asked"
)]
pub(super) fn whole(value: i128) -> Option<f64> {
    (value.unsigned_abs() <= 1 << f64::MANTISSA_DIGITS).then_some(value as i64 as f64)
}

/// A power of ten up to 22, all of which doubles hold.
#[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "5^22 is below 2^53")]
pub(super) fn power_of_ten(zeros: u32) -> Option<f64> {
    10_u128.checked_pow(zeros).filter(|_| zeros <= 22).map(|power| power as f64)
}

/// Fills the columns; nothing when memory is short, or a number is out of range.
pub(super) fn draw(
    (terms, units): (&Terms<'_>, &Units),
    events: &Events,
    wanted: Wanted,
    room: &mut Room,
) -> Option<Counted> {
    let rows = terms.bars.len();
    let padded = rows.checked_add(LANES)?;
    let Room { wholes, values, gross, net, .. } = room;
    let columns = [(&mut *wholes, wanted.exact), (values, true)];
    let exposures = [(&mut *net, wanted.exposures), (gross, wanted.exposures)];
    for (column, _) in columns.into_iter().chain(exposures).filter(|(_, wanted)| *wanted) {
        if column.capacity() < padded {
            // Asked for first, because memory that is all zeros cannot be asked for in vain.
            column.clear();
            column.try_reserve_exact(padded).ok()?;
            drop(std::mem::take(column));
            *column = vec![0.0; padded];
        }
        column.resize(padded, 0.0);
    }
    let drawn = dispatch!(level(), simd => {
        draw_whole(simd, (terms, units), events, wanted, room)
    });
    let counted = match drawn {
        Some(()) => Counted::Whole(units.money),
        None => {
            room.raws.clear();
            room.raws.try_reserve_exact(rows).ok()?;
            draw_raw((terms, units), events, wanted, room)?;
            Counted::Raw
        }
    };
    let Room { wholes, values, gross, net, .. } = room;
    for column in [wholes, values, net, gross] {
        column.truncate(rows);
    }
    Some(counted)
}

/// From raw prices of the bars to ticks.
fn tick_of(terms: &Terms<'_>) -> Option<Divisor> {
    Divisor::new(10_i64.checked_pow(terms.bars.zeros)?)
}

/// The raw equity at the last close.
pub(super) fn last(terms: &Terms<'_>, units: &Units, events: &Events) -> Option<i128> {
    let Line { flat, slope, .. } = Line::<i128>::of(units, terms, events.spans.last()?)?;
    let close = tick_of(terms)?.exact(*terms.raw.close.last()?)?.into();
    Some(units.raw(flat.checked_add(slope.checked_mul(close)?)?))
}

/// Each span, and the moment that ends it.
fn spans(events: &Events, rows: usize) -> impl Iterator<Item = (&Span, usize)> {
    let ends = events.spans.iter().skip(1).map(|span| span.from).chain([rows]);
    events.spans.iter().zip(ends).filter(|(span, to)| span.from < *to)
}

/// In whole doubles, [`LANES`] moments at once: what is drawn too far, the next span draws over.
#[inline(always)]
fn draw_whole<S: Simd>(
    simd: S,
    (terms, units): (&Terms<'_>, &Units),
    events: &Events,
    wanted: Wanted,
    room: &mut Room,
) -> Option<()> {
    let rows = terms.bars.len();
    let spread = whole(i128::from(terms.bars.spread))?;
    let one = whole(units.worth(1, units.ticks)?)?;
    let scale = power_of_ten(18_u32.checked_sub(units.money_zeros)?)?;
    for (span, to) in spans(events, rows) {
        let line = Line::<f64>::of(span, one, (terms.bars.highest, spread))?;
        let from = span.from;
        let end = to.checked_sub(from)?.next_multiple_of(LANES).checked_add(from)?;
        let mut cells = Cells {
            closes: terms.bars.closes.get(from..end)?.as_chunks::<LANES>().0,
            values: chunks(&mut room.values, (from, end), true)?,
            wholes: chunks(&mut room.wholes, (from, end), wanted.exact)?,
            net: chunks(&mut room.net, (from, end), wanted.exposures)?,
            gross: chunks(&mut room.gross, (from, end), wanted.exposures)?,
        };
        if line.slope == 0.0 && line.both.is_none() {
            cells.rest(simd, line.flat, scale);
        } else {
            cells.draw(simd, &line, scale);
        }
    }
    Some(())
}

/// Cells of a column, if it is wanted.
#[inline(always)]
fn chunks(
    column: &mut [f64],
    (from, end): (usize, usize),
    wanted: bool,
) -> Option<&mut [[f64; LANES]]> {
    let cells = if wanted { column.get_mut(from..end)? } else { &mut [] };
    Some(cells.as_chunks_mut::<LANES>().0)
}

#[inline(always)]
fn fill<S: Simd>(simd: S, cells: &mut [[f64; LANES]], value: f64) {
    let value = f64x8::splat(simd, value);
    for cell in cells {
        value.store_array(cell);
    }
}

/// The cells of a span.
struct Cells<'c> {
    closes: &'c [[f64; LANES]],
    values: &'c mut [[f64; LANES]],
    wholes: &'c mut [[f64; LANES]],
    net: &'c mut [[f64; LANES]],
    gross: &'c mut [[f64; LANES]],
}

impl Cells<'_> {
    /// Where nothing is held.
    #[inline(always)]
    fn rest<S: Simd>(&mut self, simd: S, flat: f64, scale: f64) {
        fill(simd, self.values, flat / scale);
        fill(simd, self.wholes, flat);
        fill(simd, self.net, 0.0);
        fill(simd, self.gross, 0.0);
    }

    /// A line over the closes.
    #[inline(always)]
    fn draw<S: Simd>(&mut self, simd: S, line: &Line<f64>, scale: f64) {
        let splat = |value: f64| f64x8::splat(simd, value);
        let (flat, slope, ask, scale) =
            (splat(line.flat), splat(line.slope), splat(line.ask), splat(scale));
        for (place, closes) in self.closes.iter().enumerate() {
            let worth = f64x8::load_array_ref(simd, closes) * slope;
            let whole = flat + worth;
            if let Some(cell) = self.values.get_mut(place) {
                (whole / scale).store_array(cell);
            }
            if let Some(cell) = self.wholes.get_mut(place) {
                whole.store_array(cell);
            }
            if let (Some(net), Some(gross)) = (self.net.get_mut(place), self.gross.get_mut(place)) {
                let found = (worth - ask) / scale;
                found.store_array(net);
                let all = match line.both {
                    None => found.abs(),
                    Some(both) => (f64x8::load_array_ref(simd, closes) * splat(both) + ask) / scale,
                };
                all.store_array(gross);
            }
        }
    }
}

/// In 128 bits, moment by moment.
fn draw_raw(
    (terms, units): (&Terms<'_>, &Units),
    events: &Events,
    wanted: Wanted,
    room: &mut Room,
) -> Option<()> {
    let (rows, tick) = (terms.bars.len(), tick_of(terms)?);
    for (span, to) in spans(events, rows) {
        let Line { flat, slope, ask, both } = Line::<i128>::of(units, terms, span)?;
        // No point of the span is beyond the range.
        let highest = terms.bars.top.checked_mul(units.ticks)?;
        units.worth(span.long.checked_add(span.short)?, highest)?;
        let at = |one: i128, slope: i128, close: i64| {
            // Neither a worth at any price of the bars nor a flat amount comes near the bounds.
            units.raw(one.wrapping_add(slope.wrapping_mul(i128::from(close))))
        };
        for row in span.from..to {
            let close = tick.exact(*terms.raw.close.get(row)?)?;
            let raw = at(flat, slope, close);
            room.raws.push(raw);
            *room.values.get_mut(row)? = fixed18_to_f64(raw);
            if wanted.exposures {
                let net = fixed18_to_f64(at(ask.wrapping_neg(), slope, close));
                *room.net.get_mut(row)? = net;
                *room.gross.get_mut(row)? = match both {
                    None => net.abs(),
                    Some(both) => fixed18_to_f64(at(ask, both, close)),
                };
            }
        }
    }
    Some(())
}
