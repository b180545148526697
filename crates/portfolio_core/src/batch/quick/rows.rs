//! The rows of a plain run, cell by cell, in the units of the run.

use super::terms::Terms;
use super::units::{Units, Zeros};
use crate::batch::cells::Numeric;
use crate::batch::orders::{Action, Group, LevelGiven, OrderCells, OrderType, SizeRule, Words};
use crate::batch::plan::Run;
use crate::event::Side;
use crate::numbers::ratio_half_even;

/// One at scale 9.
const ONE9: i64 = 1_000_000_000;

/// Where a level is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Given {
    Nothing,
    /// In units of price.
    Price(i64),
    Distance(i64),
    /// At scale 9.
    Rate(i64),
}

/// Why a cell is not what a plain run takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Odd {
    /// The general road has to take it.
    NotPlain,
    /// The units are too large: with these numbers of zeros they are not.
    Finer(Zeros),
}

/// What a row opens.
#[derive(Debug, Clone, Copy)]
pub(super) struct Opening {
    pub(super) long: bool,
    pub(super) size: Amount,
    pub(super) stop: Given,
    pub(super) target: Given,
}

/// A size as a row has it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Amount {
    /// Units.
    Size(i64),
    /// By a rule, raw.
    Rule(SizeRule, i64),
}

/// The rows of a run.
#[derive(Debug)]
pub(super) struct Rows<'r> {
    run: &'r Run<'r>,
    cells: &'r OrderCells,
    units: Units,
    /// Levels of the run itself.
    stop: Option<Given>,
    target: Option<Given>,
    there: There,
}

/// Which columns there are.
#[derive(Debug, Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "each stands for its own columns")]
struct There {
    stops: bool,
    targets: bool,
    tags: bool,
    /// Any that a plain run takes no cell of.
    others: bool,
}

impl<'r> Rows<'r> {
    /// The rows of a run without anything beyond market orders, closes, stops and take profits.
    pub(super) fn of(run: &'r Run<'r>, terms: &Terms<'_>, units: Units) -> Result<Self, Odd> {
        let (cells, overrides) = (&run.orders.cells, &run.overrides);
        let is_set = |price: Option<crate::numbers::Price>| price.is_some_and(|one| !one.is_zero());
        let trails = overrides.trailing.trailing_of_an_open() != LevelGiven::Nothing;
        if trails || is_set(overrides.break_even) || is_set(overrides.break_even_offset) {
            return Err(Odd::NotPlain);
        }
        let mut rows = Self {
            run,
            cells,
            units,
            stop: None,
            target: None,
            there: There {
                stops: !cells.stop_loss.is_absent(),
                targets: !cells.take_profit.is_absent(),
                tags: run.has_tags(),
                others: cells.has_more(),
            },
        };
        rows.stop = rows.override_of(overrides.stop_loss, terms)?;
        rows.target = rows.override_of(overrides.take_profit, terms)?;
        Ok(rows)
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.run.len()
    }

    /// The row of the frame at a place.
    #[inline]
    fn row(&self, place: usize) -> usize {
        self.run.orders.order.row(self.run.places.start.saturating_add(place))
    }

    /// When a row is, and what it says in words.
    #[inline]
    pub(super) fn words(&self, place: usize) -> Option<(usize, i64, Words)> {
        let row = self.row(place);
        Some((row, *self.cells.times.get(row)?, *self.cells.words.get(row)?))
    }

    /// The tag of the row at a place.
    pub(super) fn tag(&self, place: usize) -> &'r str {
        if self.there.tags { self.run.tag(place) } else { "" }
    }

    /// Whether a close means whole positions.
    pub(super) fn closes_whole(&self, row: usize) -> bool {
        self.cells.size.raw(row).is_none()
    }

    /// What an open asks for.
    #[inline]
    pub(super) fn opening(
        &self,
        row: usize,
        words: Words,
        terms: &Terms<'_>,
    ) -> Result<Opening, Odd> {
        debug_assert!(words.action == Action::Open, "{words:?}");
        let (cells, overrides) = (self.cells, &self.run.overrides);
        let plain =
            words.kind == OrderType::Market && !(self.there.others && cells.has_more_at(row));
        let side = overrides.side.or(words.side);
        let (true, Some(side)) = (plain, side) else { return Err(Odd::NotPlain) };
        Ok(Opening {
            long: side == Side::Long,
            size: self.size(row, words, terms)?,
            stop: match self.stop {
                Some(stop) => stop,
                None if self.there.stops => self.level(&cells.stop_loss, row, terms)?,
                None => Given::Nothing,
            },
            target: match self.target {
                Some(target) => target,
                None if self.there.targets => self.level(&cells.take_profit, row, terms)?,
                None => Given::Nothing,
            },
        })
    }

    #[inline(always)]
    fn size(&self, row: usize, words: Words, terms: &Terms<'_>) -> Result<Amount, Odd> {
        let overrides = &self.run.overrides;
        let raw = match overrides.size {
            Some(size) => i64::try_from(size.raw()).map_err(|_| Odd::NotPlain)?,
            None => narrow(&self.cells.size, row)?.ok_or(Odd::NotPlain)?,
        };
        match overrides.rule.unwrap_or(words.rule) {
            SizeRule::Units => self.units_of(raw, terms).map(Amount::Size),
            rule => Ok(Amount::Rule(rule, raw)),
        }
    }

    /// A raw size that was computed from money, which may use all digits of the grid.
    pub(super) fn sized(&self, raw: i64, terms: &Terms<'_>) -> Result<i64, Odd> {
        let Zeros { price, size } = self.units.zeros;
        if size > terms.lot_zeros {
            return Err(Odd::Finer(Zeros { price, size: terms.lot_zeros }));
        }
        whole(raw, self.units.size).ok_or(Odd::NotPlain)
    }

    /// A raw size in units.
    fn units_of(&self, raw: i64, terms: &Terms<'_>) -> Result<i64, Odd> {
        let Zeros { price, size } = self.units.zeros;
        let found = whole(raw, self.units.size);
        found.ok_or_else(|| finer(raw, size, terms.lot_zeros, |size| Zeros { price, size }))
    }

    /// A raw price in units.
    fn price_of(&self, raw: i64, terms: &Terms<'_>) -> Result<i64, Odd> {
        let Zeros { price, size } = self.units.zeros;
        let found = whole(raw, self.units.price);
        found.ok_or_else(|| finer(raw, price, terms.tick_zeros, |price| Zeros { price, size }))
    }

    fn override_of(&self, given: LevelGiven, terms: &Terms<'_>) -> Result<Option<Given>, Odd> {
        let narrow = |raw: i128| i64::try_from(raw).map_err(|_| Odd::NotPlain);
        Ok(Some(match given {
            LevelGiven::Nothing => return Ok(None),
            LevelGiven::Twice(_) => return Err(Odd::NotPlain),
            LevelGiven::Price(price) if price.is_zero() => Given::Nothing,
            LevelGiven::Price(price) => Given::Price(self.price_of(narrow(price.raw())?, terms)?),
            LevelGiven::Distance(one) => Given::Distance(self.price_of(narrow(one.raw())?, terms)?),
            LevelGiven::Rate(rate) => Given::Rate(narrow(rate)?),
        }))
    }

    #[inline]
    fn level(&self, group: &Group, row: usize, terms: &Terms<'_>) -> Result<Given, Odd> {
        let price = narrow(&group.price, row)?.filter(|&price| price != 0);
        match (price, narrow(&group.distance, row)?, narrow(&group.rate, row)?) {
            (None, None, None) => Ok(Given::Nothing),
            (Some(price), None, None) => self.price_of(price, terms).map(Given::Price),
            (None, Some(distance), None) => self.price_of(distance, terms).map(Given::Distance),
            (None, None, Some(rate)) => Ok(Given::Rate(rate)),
            _ => Err(Odd::NotPlain),
        }
    }

    /// A level for an anchor; 0 for none.
    #[inline]
    pub(super) fn place(
        &self,
        given: Given,
        anchor: i64,
        below: bool,
        terms: &Terms<'_>,
    ) -> Result<i64, Odd> {
        let distance = match given {
            Given::Nothing => return Ok(0),
            Given::Price(price) => return above_zero(Some(price)),
            Given::Distance(distance) => distance,
            Given::Rate(rate) => self.share(anchor, rate, terms)?,
        };
        let level = if below { anchor.checked_sub(distance) } else { anchor.checked_add(distance) };
        above_zero(level)
    }

    /// A share of an anchor, rounded half-even to the tick.
    fn share(&self, anchor: i64, rate: i64, terms: &Terms<'_>) -> Result<i64, Odd> {
        let Zeros { price, size } = self.units.zeros;
        if price > terms.tick_zeros {
            // Levels of a rate use all digits that the grid has.
            return Err(Odd::Finer(Zeros { price: terms.tick_zeros, size }));
        }
        let tick =
            10_i64.checked_pow(terms.tick_zeros.saturating_sub(price)).ok_or(Odd::NotPlain)?;
        let divisor = i128::from(ONE9).wrapping_mul(i128::from(tick));
        let ticks = ratio_half_even(&[i128::from(anchor), i128::from(rate)], divisor);
        let share = ticks.ok().and_then(|ticks| i64::try_from(ticks).ok()?.checked_mul(tick));
        share.ok_or(Odd::NotPlain)
    }
}

fn above_zero(level: Option<i64>) -> Result<i64, Odd> {
    level.filter(|&level| level > 0).ok_or(Odd::NotPlain)
}

/// A raw number in units, if it is a whole number of them.
#[inline]
fn whole(raw: i64, unit: i64) -> Option<i64> {
    let units = raw.checked_div(unit)?;
    (units.checked_mul(unit) == Some(raw)).then_some(units)
}

/// The units in which a raw number is whole, down to those of the grid.
#[cold]
fn finer(raw: i64, zeros: u32, least: u32, of: impl Fn(u32) -> Zeros) -> Odd {
    let fits = |zeros: &u32| super::facts::is_multiple(raw, *zeros);
    let found = (least..zeros).rev().find(fits);
    found.map_or(Odd::NotPlain, |zeros| Odd::Finer(of(zeros)))
}

/// The raw number of a row, if it has one; not plain when it has more than 64 bits.
#[inline]
fn narrow(numbers: &Numeric, row: usize) -> Result<Option<i64>, Odd> {
    match numbers {
        Numeric::Absent => Ok(None),
        Numeric::Narrow(raws) => Ok(raws.get(row).copied().filter(|raw| *raw != i64::MIN)),
        Numeric::Wide(_) => Err(Odd::NotPlain),
    }
}

/// Whether a row has no number, or 0.
#[inline]
fn is_nothing(numbers: &Numeric, row: usize) -> bool {
    matches!(narrow(numbers, row), Ok(None | Some(0)))
}

impl OrderCells {
    /// Whether there are columns of which a plain run takes no cell.
    fn has_more(&self) -> bool {
        let absent = |numbers: &Numeric| matches!(numbers, Numeric::Absent);
        let plain = self.trailing.is_absent()
            && absent(&self.break_even)
            && absent(&self.break_even_offset)
            && self.exit_time.is_empty()
            && self.expiry.is_empty()
            && self.targets.is_empty()
            && self.oco.is_empty();
        !plain
    }

    /// Whether a row has a cell of these columns.
    fn has_more_at(&self, row: usize) -> bool {
        let plain = self.trailing.is_nothing(row)
            && is_nothing(&self.break_even, row)
            && is_nothing(&self.break_even_offset, row)
            && self.exit_time.get(row).is_none()
            && self.expiry.get(row).is_none()
            && self.targets.get(row).is_empty()
            && self.oco.get(row).is_empty();
        !plain
    }
}

impl Group {
    fn is_absent(&self) -> bool {
        let absent = |numbers: &Numeric| matches!(numbers, Numeric::Absent);
        absent(&self.price) && absent(&self.distance) && absent(&self.rate)
    }

    /// Whether a row has no cell of the group, or a distance of 0.
    #[inline]
    fn is_nothing(&self, row: usize) -> bool {
        let rate = matches!(narrow(&self.rate, row), Ok(None));
        is_nothing(&self.price, row) && is_nothing(&self.distance, row) && rate
    }
}
