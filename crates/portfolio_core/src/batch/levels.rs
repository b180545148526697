//! Where a level is, from where the row says it is (rule R6).

use super::orders::LevelGiven;
use crate::book::Book;
use crate::event::{Change, Side};
use crate::numbers::{Overflow, Price, ratio_half_even};
use crate::refusal::{Refusal, Refused};

/// One at scale 9.
const ONE9: i128 = 1_000_000_000;

/// Which level of a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Which {
    StopLoss,
    TakeProfit,
    Trailing,
}

impl Which {
    const fn argument(self, by_rate: bool) -> &'static str {
        match (self, by_rate) {
            (Self::StopLoss, false) => "stop_loss_distance",
            (Self::StopLoss, true) => "stop_loss_rate",
            (Self::TakeProfit, false) => "take_profit_distance",
            (Self::TakeProfit, true) => "take_profit_rate",
            (Self::Trailing, false) => "trailing",
            (Self::Trailing, true) => "trailing_rate",
        }
    }
}

/// What levels are measured from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Anchor {
    pub(super) price: Price,
    pub(super) side: Side,
}

/// Whether an anchor is needed to know where a level is.
pub(super) const fn is_relative(given: LevelGiven) -> bool {
    matches!(given, LevelGiven::Distance(_) | LevelGiven::Rate(_))
}

impl Anchor {
    /// The level, where an order has it; a price of 0 is none.
    pub(super) fn level(
        &self,
        book: &Book,
        which: Which,
        given: LevelGiven,
    ) -> Result<Option<Price>, Refused> {
        Ok(self.change(book, which, given)?.set())
    }

    /// What becomes of the level of a position; a price of 0 takes it away.
    pub(super) fn change(
        &self,
        book: &Book,
        which: Which,
        given: LevelGiven,
    ) -> Result<Change<Price>, Refused> {
        let distance = match given {
            LevelGiven::Nothing => return Ok(Change::Keep),
            LevelGiven::Price(price) if price.is_zero() => return Ok(Change::Remove),
            LevelGiven::Price(price) => return Ok(Change::Set(price)),
            LevelGiven::Twice(argument) => return Err(twice(argument)),
            LevelGiven::Distance(distance) => distance,
            LevelGiven::Rate(rate) => self.share(book, rate).map_err(|Overflow| {
                let value = crate::numbers::format_fixed(rate, 9, 0);
                Refusal::ResultOutOfRange { argument: which.argument(true), value }
            })?,
        };
        if which == Which::Trailing {
            let removed = given == LevelGiven::Distance(Price::ZERO);
            return Ok(if removed { Change::Remove } else { Change::Set(distance) });
        }
        let below = (which == Which::StopLoss) == (self.side == Side::Long);
        let level =
            if below { self.price.checked_sub(distance) } else { self.price.checked_add(distance) };
        level.map(Change::Set).map_err(|Overflow| {
            let argument = which.argument(matches!(given, LevelGiven::Rate(_)));
            Refusal::ResultOutOfRange { argument, value: distance.to_string() }.into()
        })
    }

    /// A share of the anchor, rounded half-even to the tick.
    fn share(&self, book: &Book, rate: i128) -> Result<Price, Overflow> {
        let tick = book.tick();
        let divisor = ONE9.checked_mul(tick).ok_or(Overflow)?;
        let ticks = ratio_half_even(&[self.price.raw(), rate], divisor)?;
        Price::from_raw(ticks.checked_mul(tick).ok_or(Overflow)?)
    }
}

#[cold]
pub(super) fn twice(argument: &'static str) -> Refused {
    let rule = "the level is given by another column, too";
    Refusal::ArgumentNotAllowed { argument, value: "given".to_owned(), rule }.into()
}
