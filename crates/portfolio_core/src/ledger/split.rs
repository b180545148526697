//! Splits: so many new units for so many old ones (rules L3 to L5).

use super::Ledger;
use super::legs::CloseLeg;
use super::posting::Entry;
use super::record::op;
use super::stop::Stop;
use super::value::Moving;
use crate::book::Book;
use crate::columns::text::TextView;
use crate::event::{Side, Split};
use crate::general::General;
use crate::numbers::{Money, Overflow, Price, Size, ratio_half_even, ratio_of_products};
use crate::positions::Position;
use crate::refusal::{Refusal, Refused};

/// The greatest number of units on either side of a split.
const MOST: u32 = 1_000_000;

/// New units for old ones.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ratio {
    numerator: i128,
    denominator: i128,
}

impl Ratio {
    pub(super) fn new(numerator: u32, denominator: u32) -> Self {
        Self { numerator: i128::from(numerator), denominator: i128::from(denominator) }
    }

    /// A price of the new units, rounded half-even to 9 decimals.
    pub(super) fn exact(&self, price: Price) -> Result<Price, Overflow> {
        Price::from_raw(ratio_half_even(&[price.raw(), self.denominator], self.numerator)?)
    }

    /// A price of the new units, rounded half-even to the tick.
    pub(super) fn price(&self, book: &Book, price: Price) -> Result<Price, Overflow> {
        let tick = book.tick();
        let divisors = [self.numerator, tick];
        let ticks = ratio_of_products(&[price.raw(), self.denominator], divisors)?;
        Price::from_raw(ticks.checked_mul(tick).ok_or(Overflow)?)
    }

    /// A size in new units, rounded down to the lot step.
    pub(super) fn size(&self, book: &Book, size: Size) -> Result<Size, Overflow> {
        Ok(book.on_lot(self.exact_size(size)?.0))
    }

    /// A size in new units, rounded down, and what is left, in parts of the denominator. Only the
    /// result has to be in range, and not the size times the numerator.
    fn exact_size(&self, size: Size) -> Result<(Size, i128), Overflow> {
        let divide = |raw: i128| {
            let whole = raw.checked_div(self.denominator).ok_or(Overflow)?;
            Ok((whole, raw.checked_rem(self.denominator).ok_or(Overflow)?))
        };
        let (whole, left) = divide(size.raw())?;
        let (more, left) = divide(left.checked_mul(self.numerator).ok_or(Overflow)?)?;
        let whole = whole.checked_mul(self.numerator).and_then(|whole| whole.checked_add(more));
        Ok((Size::from_raw(whole.ok_or(Overflow)?)?, left))
    }
}

/// What a split makes of a position: the position, and the native cash less the cost of what it
/// does not keep.
struct Kept {
    position: Position,
    relieved: Money,
    cash: Money,
}

impl Ledger {
    pub(super) fn split(&mut self, event: &Split<'_>) -> Result<(), Refused> {
        self.check_time(event.time)?;
        let index = self.registered(event.symbol)?;
        if self.book_at(index).is_some_and(Book::is_inverse) {
            let (argument, value) = ("symbol", format!("{:?}", event.symbol));
            let rule = "an inverse instrument is not split";
            return Err(Refusal::ArgumentNotAllowed { argument, value, rule }.into());
        }
        let units = [("numerator", event.numerator), ("denominator", event.denominator)];
        for (argument, number) in units {
            if !(1..=MOST).contains(&number) {
                let (value, rule) = (number.to_string(), "must be from 1 to 1000000");
                return Err(Refusal::ArgumentNotAllowed { argument, value, rule }.into());
            }
        }
        if event.numerator == event.denominator {
            return Err(wrong_denominator(event, "must differ from numerator"));
        }
        self.scoped(|ledger| {
            let before = ledger.results();
            let done = ledger.split_units(event, index);
            done.map_err(|stop| stop.named("numerator", &event.numerator))?;
            ledger.finish_event(op::SPLIT, event.time, |encoder| {
                encoder.small(u64::from(index));
                encoder.small(u64::from(event.numerator));
                encoder.small(u64::from(event.denominator));
            })?;
            ledger.answer_results(before);
            Ok(())
        })
    }

    fn split_units(&mut self, event: &Split<'_>, index: u32) -> Result<(), Stop> {
        let ratio = Ratio::new(event.numerator, event.denominator);
        let Some(book) = self.book_at(index) else { return Err(Stop::Overflow) };
        let before = (book.bid, book.ask);
        let after = (ratio.price(book, before.0)?, ratio.price(book, before.1)?);
        if book.is_marked() && !(after.0.is_positive() && after.1.is_positive()) {
            return Err(wrong_denominator(event, "makes a mark of 0").into());
        }
        self.make_general(index)?;
        let kept = self.close_too_small(index, &ratio, (before, event.time))?;
        // The totals are those of all positions together, at the new marks.
        let mut moving = self.moving();
        for position_id in kept {
            self.reserve_fill()?;
            let found = self.positions.find(position_id).map(|(row, held)| (row, *held));
            let Some((row, position)) = found else { continue };
            let mark = if position.side == Side::Long { after.0 } else { after.1 };
            let kept = self.kept(event, &position, (ratio, mark))?;
            self.keep((row, &position), &kept, (ratio, event.time), &mut moving)?;
        }
        if let Some(book) = self.book_at_mut(index) {
            for side in [Side::Long, Side::Short] {
                let held = !book.holding(side).size.is_zero();
                book.marks_mut(side).scale(held, |price| ratio.exact(price))?;
            }
        }
        if after.0.is_positive() {
            self.move_quotes(&[(index, after.0, after.1)], false, &mut moving)?;
        }
        self.settle(&moving)?;
        self.split_orders(index, &ratio, event.time)
    }

    /// After a split the cost of a part no longer follows from the entry price, so the book takes
    /// the general way; so does one whose positions got swaps.
    pub(super) fn make_general(&mut self, index: u32) -> Result<(), Stop> {
        let Some(book) = self.book_at(index).filter(|book| book.general.is_none()) else {
            return Ok(());
        };
        let held = self.held(book)?;
        let general = General::new(&book.instrument, self.configuration.currency);
        if let Some(book) = self.book_at_mut(index) {
            book.general = Some(Box::new(General { held, ..general }));
        }
        self.some_general = true;
        Ok(())
    }

    /// Closes the positions of which nothing is left on the grid, by id; answers the others.
    fn close_too_small(
        &mut self,
        index: u32,
        ratio: &Ratio,
        ((bid, ask), time): ((Price, Price), i64),
    ) -> Result<Vec<u64>, Stop> {
        let mut kept = Vec::new();
        for position_id in self.ids_of(index) {
            let Some((_, &position)) = self.positions.find(position_id) else { continue };
            let Some(book) = self.book_at(index) else { continue };
            if ratio.size(book, position.size)?.is_positive() {
                kept.push(position_id);
            } else {
                let price = if position.side == Side::Long { bid } else { ask };
                self.close_split(&position, price, time)?;
            }
        }
        Ok(kept)
    }

    /// A position of which nothing is left on the grid.
    fn close_split(&mut self, position: &Position, price: Price, time: i64) -> Result<(), Stop> {
        let leg = CloseLeg {
            position_id: position.position_id,
            size: None,
            price,
            reference: price,
            time,
            fee: Some(Money::ZERO),
            maker: false,
            reason: TextView::SPLIT,
            order_id: 0,
        };
        self.close_leg(&leg)
    }

    /// What is left of a position that keeps something.
    fn kept(
        &self,
        event: &Split<'_>,
        position: &Position,
        (ratio, mark): (Ratio, Price),
    ) -> Result<Kept, Stop> {
        let Some(book) = self.book_at(position.symbol) else { return Err(Stop::Overflow) };
        let (whole, left) = ratio.exact_size(position.size)?;
        let size = book.on_lot(whole);
        // In parts of a new unit; what is not kept is a fraction of all of them.
        let rest = whole.checked_sub(size)?.raw().checked_mul(ratio.denominator);
        let rest = rest.and_then(|rest| rest.checked_add(left)).ok_or(Overflow)?;
        let exact = [position.size.raw(), ratio.numerator];
        let relieved = ratio_of_products(&[position.cost.raw(), rest], exact)?;
        let relieved = Money::from_raw(relieved)?;
        let (digits, divisor) = book.contract.fraction();
        let divisors = [divisor, ratio.denominator];
        let cash = Money::from_raw(ratio_of_products(&[rest, digits, mark.raw()], divisors)?)?;
        let entry_price = ratio.exact(position.entry_price)?;
        if !entry_price.is_positive() {
            return Err(wrong_denominator(event, "makes an entry price of 0").into());
        }
        let position = Position {
            size,
            cost: position.cost.checked_sub(relieved)?,
            entry_price,
            stop_loss: ratio.price(book, position.stop_loss)?,
            initial_stop: ratio.price(book, position.initial_stop)?,
            take_profit: ratio.price(book, position.take_profit)?,
            ..*position
        };
        Ok(Kept { position, relieved, cash })
    }

    fn keep(
        &mut self,
        (row, before): (u32, &Position),
        kept: &Kept,
        (ratio, time): (Ratio, i64),
        moving: &mut Moving,
    ) -> Result<(), Stop> {
        let protection = self.split_protection(&kept.position, &ratio, time)?;
        let position = Position { protection, ..kept.position };
        self.positions.update(row, &position);
        self.triggers_changed(Some(before), Some(&position));
        let (mut symbol, mut rate) = (TextView::EMPTY, Money::ONE);
        if let Some(book) = self.book_at(position.symbol) {
            (symbol, rate) = (book.symbol_text, self.profit_rate(book)?);
        }
        if let Some(book) = self.book_at_mut(position.symbol) {
            let held = book.holding_mut(position.side);
            held.size = held.size.checked_sub(before.size)?.checked_add(position.size)?;
            held.cost = held.cost.checked_sub(kept.relieved)?;
        }
        let native = position.side.signed(kept.cash.checked_sub(kept.relieved)?);
        let amount = native.at_rate(rate)?;
        if amount.is_zero() {
            return Ok(());
        }
        let (kind, position_id) = (TextView::SPLIT, position.position_id);
        self.post(&Entry { kind, symbol, position_id, amount, time }, moving)
    }
}

fn wrong_denominator(event: &Split<'_>, rule: &'static str) -> Refused {
    let (argument, value) = ("denominator", event.denominator.to_string());
    Refusal::ArgumentNotAllowed { argument, value, rule }.into()
}
