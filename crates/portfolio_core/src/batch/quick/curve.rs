//! The equity of a plain run as columns: lines over the close, many points at once.
//!
//! Money is counted in units that every amount of the run is a multiple of, in doubles that hold
//! whole numbers only. While these stay below 2^53 nothing is rounded, and the one division by a
//! power of ten gives the double that is nearest to the exact amount.
#![expect(
    clippy::float_arithmetic,
    reason = "whole numbers below 2^53, whose sums and products are exact; one division rounds"
)]

use super::events::{End, Room as Events, Span};
use super::terms::Terms;
use crate::event::Side;

/// Doubles hold all whole numbers up to this one.
const WHOLE: f64 = 9_007_199_254_740_992.0;
/// A number of 128 bits up to this one is a whole double after a division that rounds twice.
const SURE: f64 = 1_125_899_906_842_624.0;

/// Moments that are drawn together, few enough to stay in the nearest cache.
const BLOCK: usize = 1_024;

/// Columns of the moments.
#[derive(Debug, Default)]
pub(super) struct Room {
    block: Block,
    /// Equity in units.
    pub(super) wholes: Vec<f64>,
    /// Equity.
    pub(super) values: Vec<f64>,
    /// Gross exposure.
    pub(super) gross: Vec<f64>,
    /// Net exposure.
    pub(super) net: Vec<f64>,
}

/// The lines of a few moments, in units.
#[derive(Debug, Default)]
struct Block {
    /// Equity without what moves with the close.
    flats: Vec<f64>,
    /// What one unit of price moves.
    slopes: Vec<f64>,
    /// What the spread takes from the net exposure.
    asks: Vec<f64>,
}

/// A line, in units.
#[derive(Debug, Clone, Copy)]
struct Line {
    flat: f64,
    slope: f64,
    ask: f64,
}

/// What money is counted in.
struct Units<'t> {
    terms: &'t Terms<'t>,
    /// One unit of price, and one of money, raw.
    price: i64,
    money: i128,
}

impl Units<'_> {
    /// Raw money as a whole number of units.
    fn whole(&self, raw: i128) -> Option<f64> {
        let found = (double(raw) / double(self.money)).round();
        (found.abs() <= SURE).then_some(found)
    }

    /// The line of a span; nothing when it may leave the whole doubles.
    fn line(&self, span: &Span) -> Option<Line> {
        let terms = self.terms;
        let long = self.whole(terms.worth(span.long, self.price)?)?;
        let short = self.whole(terms.worth(span.short, self.price)?)?;
        let ask = self.whole(terms.worth(span.short, terms.bars.spread)?)?;
        let flat = self.whole(span.flat)?;
        let most = flat.abs() + ask + (long + short) * terms.bars.highest;
        (most <= WHOLE).then_some(Line { flat, slope: long - short, ask })
    }
}

/// Fills the columns; answers a unit in raw money. Nothing when a number is too large, or memory
/// is short.
pub(super) fn draw(
    terms: &Terms<'_>,
    end: &End,
    events: &Events,
    exposures: bool,
    room: &mut Room,
) -> Option<i128> {
    let money = 10_i128.checked_pow(end.zeros)?;
    let scale = double(10_i128.checked_pow(18_u32.checked_sub(end.zeros)?)?);
    let units = Units { terms, price: 10_i64.checked_pow(terms.bars.zeros)?, money };
    let rows = terms.bars.closes.len();
    let Room { block, wholes, values, gross, net } = room;
    for column in [&mut *wholes, values, gross, net] {
        column.clear();
        column.try_reserve_exact(rows).ok()?;
    }
    let mut spans = events.spans.iter().peekable();
    let (mut line, mut hedged) = (Line { flat: 0.0, slope: 0.0, ask: 0.0 }, false);
    for (place, closes) in terms.bars.closes.chunks(BLOCK).enumerate() {
        let start = place.checked_mul(BLOCK)?;
        let stop = start.checked_add(closes.len())?;
        block.clear();
        let mut from = start;
        while let Some(span) = spans.next_if(|span| span.from < stop) {
            block.extend(line, span.from.checked_sub(from)?);
            from = span.from;
            line = units.line(span)?;
            hedged |= span.long > 0 && span.short > 0;
        }
        block.extend(line, stop.checked_sub(from)?);
        let lines = block.flats.iter().zip(&block.slopes).zip(closes);
        wholes.extend(lines.map(|((flat, slope), close)| flat + slope * close));
        values.extend(wholes.get(start..)?.iter().map(|whole| whole / scale));
        if exposures {
            let lines = block.slopes.iter().zip(&block.asks).zip(closes);
            net.extend(lines.map(|((slope, ask), close)| (slope * close - ask) / scale));
            gross.extend(net.get(start..)?.iter().map(|net| net.abs()));
        }
    }
    if hedged && exposures {
        both_sides(&units, events, scale, &mut room.gross)?;
    }
    Some(money)
}

impl Block {
    fn clear(&mut self) {
        self.flats.clear();
        self.slopes.clear();
        self.asks.clear();
    }

    fn extend(&mut self, line: Line, count: usize) {
        self.flats.extend(std::iter::repeat_n(line.flat, count));
        self.slopes.extend(std::iter::repeat_n(line.slope, count));
        self.asks.extend(std::iter::repeat_n(line.ask, count));
    }
}

/// The gross exposure where there are longs and shorts.
fn both_sides(units: &Units<'_>, events: &Events, scale: f64, gross: &mut [f64]) -> Option<()> {
    let (rows, terms) = (gross.len(), units.terms);
    let ends = events.spans.iter().skip(1).map(|span| span.from).chain([rows]);
    for (span, to) in events.spans.iter().zip(ends) {
        let both = span.long.checked_add(span.short)?;
        let slope = units.whole(terms.worth(both, units.price)?)?;
        let ask = units.whole(terms.worth(span.short, terms.bars.spread)?)?;
        let closes = terms.bars.closes.get(span.from..to)?;
        for (cell, close) in gross.get_mut(span.from..to)?.iter_mut().zip(closes) {
            *cell = (slope * close + ask) / scale;
        }
    }
    Some(())
}

/// What was traded over the equity that ends each fill's moment, added up as
/// [`crate::metrics::exposure::turnover`] does: entries by time, then exits.
pub(super) fn turnover(events: &Events, money: &Doubles, values: &[f64]) -> Option<f64> {
    let rows = &events.trades.rows;
    let mut entries: Vec<(usize, f64)> =
        rows.iter().zip(&money.cost).map(|(trade, cost)| (trade.entry, *cost)).collect();
    entries.extend(events.held.iter().zip(&money.open).map(|(held, cost)| (held.entry, *cost)));
    if !entries.is_sorted_by_key(|(entry, _)| *entry) {
        entries.sort_by_key(|(entry, _)| *entry);
    }
    let exits =
        rows.iter().zip(money.cost.iter().zip(&money.gross)).map(|(trade, (cost, gross))| {
            let side = if trade.long { 1.0 } else { -1.0 };
            (trade.exit, cost + gross * side)
        });
    let mut sum = crate::metrics::sums::Total::default();
    for (moment, traded) in entries.into_iter().chain(exits) {
        sum.add(traded / values.get(moment)?);
    }
    crate::metrics::finite(sum.get())
}

/// Doubles nearest to the money of trades, and their prices as they are.
#[derive(Debug, Default)]
pub(super) struct Doubles {
    pub(super) cost: Vec<f64>,
    pub(super) gross: Vec<f64>,
    pub(super) net: Vec<f64>,
    pub(super) entry_price: Vec<i128>,
    pub(super) stop: Vec<i128>,
    /// The cost of what is open.
    pub(super) open: Vec<f64>,
}

/// The side of a trade.
pub(super) const fn side(long: bool) -> Side {
    if long { Side::Long } else { Side::Short }
}

#[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "rounded once; see above")]
fn double(raw: i128) -> f64 {
    raw as f64
}
