//! Opening a position (rules O1 to O5).

use super::account::Totals;
use super::checks::check_limits;
use super::protect::{Guarded, ProtectionUnits};
use super::record::{EVENT_BYTES, op, side_byte};
use super::{Ledger, check_level, check_price, check_size, out_of_range};
use crate::book::{Book, Holding};
use crate::columns::rows::PostingRow;
use crate::columns::text::TextView;
use crate::event::{Open, Receipt, Side};
use crate::instrument::check_text;
use crate::numbers::{Money, Overflow, Price, Sum};
use crate::positions::{Position, ROWS_MAX, StopKind};
use crate::refusal::{LevelKind, Refusal, Refused};

/// Everything that the commit of an open stores.
struct Plan {
    units: Units,
    position_id: u64,
    cost: Money,
    marks: (Price, Price),
    holding: Holding,
    symbol_margin: Money,
    totals: Totals,
}

/// Why an open that is well-formed cannot be.
enum Unfit {
    Overflow,
    Margin { needed: Money, free: Money },
}

impl From<Overflow> for Unfit {
    fn from(Overflow: Overflow) -> Self {
        Self::Overflow
    }
}

/// The event's numbers in steps of the instrument's grids.
pub(super) struct Units {
    size: i128,
    price: i128,
    stop_loss: i128,
    take_profit: i128,
}

impl Ledger {
    #[inline]
    pub(super) fn open(&mut self, event: &Open<'_>, symbol: Option<u32>) -> Result<(), Refused> {
        if event.position_id == Some(0) {
            return Err(Refusal::PositionIdZero.into());
        }
        check_text("tag", event.tag)?;
        self.check_time(event.time)?;
        let symbol = symbol.or_else(|| self.find_symbol(event.symbol));
        let known = symbol.and_then(|symbol| Some((symbol, self.book_at(symbol)?)));
        let Some((symbol, book)) = known else { return self.open_unknown(event) };
        if book.general.is_some() || !event.protection.is_none() {
            return self.open_in_full(event, Some(symbol));
        }
        let plan = self.plan_open(event, book)?;
        let tag = self.reserve_open(event)?;
        if plan.holding.size != event.size {
            self.reserve_excursions(symbol, event.side)?;
        }
        self.commit_open(event, &plan, symbol, tag);
        Ok(())
    }

    /// The first use of a symbol (rule I4).
    #[cold]
    fn open_unknown(&mut self, event: &Open<'_>) -> Result<(), Refused> {
        let book = self.default_book(event.symbol)?;
        if book.general.is_some() || !event.protection.is_none() {
            return self.open_in_full(event, None);
        }
        let plan = self.plan_open(event, &book)?;
        self.reserve_symbols(1)?;
        self.events.reserve(2 * EVENT_BYTES)?;
        let tag = self.reserve_open(event)?;
        let symbol = self.add_book(book)?;
        self.commit_open(event, &plan, symbol, tag);
        Ok(())
    }

    #[inline(always)]
    fn plan_open(&self, event: &Open<'_>, book: &Book) -> Result<Plan, Refused> {
        let units = check_open(book, event)?;
        let position_id = self.choose_id(event.position_id)?;
        let plan =
            self.value_open(event, book, position_id, units).map_err(|unfit| match unfit {
                Unfit::Overflow => out_of_range("size", &event.size),
                Unfit::Margin { needed, free } => Refusal::MarginNotFree { needed, free }.into(),
            })?;
        plan.totals.assert_identity();
        Ok(plan)
    }

    /// Rule O3.
    #[inline]
    pub(super) fn choose_id(&self, given: Option<u64>) -> Result<u64, Refused> {
        match given {
            Some(id) if self.positions.is_used(id) => {
                Err(Refusal::PositionIdUsed { position_id: id }.into())
            }
            Some(id) => Ok(id),
            None => Ok(self.positions.next_id()),
        }
    }

    /// The numbers after the open, if the margin it needs is free (rule O4).
    #[inline(always)]
    fn value_open(
        &self,
        event: &Open<'_>,
        book: &Book,
        position_id: u64,
        units: Units,
    ) -> Result<Plan, Unfit> {
        let (before, fee) = (&self.account, event.fee.unwrap_or(Money::ZERO));
        let side = event.side;
        let cost = book.notional(event.size, event.price)?;
        let held = book.holding(side);
        let size_after = held.size.checked_add(event.size)?;
        let cost_after = held.cost.checked_add(cost)?;
        let symbol_margin = book.margin_with(side, cost_after)?;
        let marks =
            if book.is_marked() { (book.bid, book.ask) } else { (event.price, event.price) };
        let mark = if side == Side::Long { marks.0 } else { marks.1 };
        let value = book.notional(event.size, mark)?;
        let own = side.signed(value.checked_sub(cost)?);
        let holding = book.valued(side, size_after, cost_after, mark)?;
        let needed = symbol_margin.checked_sub(book.margin)?;
        let balance = before.balance.checked_sub(fee)?;
        let free = Sum::of(&[balance, before.unrealized]).minus(before.margin_used).saturated();
        if free < needed {
            return Err(Unfit::Margin { needed, free });
        }
        let unrealized =
            Sum::of(&[before.unrealized, holding.unrealized]).minus(held.unrealized).finish()?;
        let (mut long_value, mut short_value) = (before.long_value, before.short_value);
        match side {
            Side::Long => long_value = long_value.checked_add(value)?,
            Side::Short => short_value = short_value.checked_add(value)?,
        }
        long_value.checked_add(short_value)?;
        let totals = Totals {
            balance,
            equity: Sum::of(&[before.equity, own]).minus(fee).finish()?,
            unrealized,
            margin_used: before.margin_used.checked_add(needed)?,
            long_value,
            short_value,
        };
        Ok(Plan { units, position_id, cost, marks, holding, symbol_margin, totals })
    }

    #[inline]
    fn reserve_open(&mut self, event: &Open<'_>) -> Result<TextView, Refused> {
        if self.positions.rows().len() >= ROWS_MAX {
            return Err(Refusal::TooMany { what: "position_id" }.into());
        }
        self.positions.reserve_one()?;
        self.tables.postings.reserve(1)?;
        self.events.reserve(EVENT_BYTES)?;
        Ok(self.texts.view(event.tag)?)
    }

    /// What the positions of the side saw does not change, so a batch need not keep the book.
    #[inline]
    pub(super) fn reserve_excursions(&mut self, symbol: u32, side: Side) -> Result<(), Refused> {
        let book = usize::try_from(symbol).ok().and_then(|place| self.books.get_mut(place));
        Ok(book.map_or(Ok(()), |book| book.marks_mut(side).reserve())?)
    }

    #[inline]
    fn commit_open(&mut self, event: &Open<'_>, plan: &Plan, symbol: u32, tag: TextView) {
        let fee = event.fee.unwrap_or(Money::ZERO);
        self.record_open(event, &plan.units, (symbol, plan.position_id, fee));
        self.account.store(&plan.totals, event.time);
        let (mut symbol_text, mut epoch) = (TextView::EMPTY, 0);
        if let Some(book) = self.book_at_mut(symbol) {
            (book.bid, book.ask) = plan.marks;
            *book.holding_mut(event.side) = plan.holding;
            book.margin = plan.symbol_margin;
            epoch = book.marks_mut(event.side).enter(plan.holding.size == event.size);
            symbol_text = book.symbol_text;
        }
        let stop_loss = event.stop_loss.unwrap_or(Price::ZERO);
        let position = Position {
            position_id: plan.position_id,
            symbol,
            side: event.side,
            size: event.size,
            entry_time: event.time,
            entry_price: event.price,
            stop_loss,
            initial_stop: stop_loss,
            take_profit: event.take_profit.unwrap_or(Price::ZERO),
            cost: plan.cost,
            entry_fee: fee,
            tag,
            epoch,
            swap: Money::ZERO,
            slippage: Money::ZERO,
            entry_rate: Money::ONE,
            stop_kind: StopKind::Own,
            protection: 0,
        };
        self.positions.insert(&position);
        self.triggers_changed(None, Some(&position));
        let balance = plan.totals.balance;
        if !fee.is_zero() {
            self.account.fees = self.account.fees.plus(fee);
            self.tables.postings.push(&PostingRow {
                event: self.account.events,
                time: event.time,
                kind: TextView::FEE,
                symbol: symbol_text,
                position_id: plan.position_id,
                amount: fee.negated(),
                balance,
                residue: Money::ZERO,
            });
        }
        let (position_id, realized) = (plan.position_id, Money::ZERO);
        self.receipt = Receipt { position_id, order_id: 0, realized, fee, balance };
    }

    #[inline]
    pub(super) fn record_open(
        &mut self,
        event: &Open<'_>,
        units: &Units,
        (symbol, position_id, fee): (u32, u64, Money),
    ) {
        let fee = fee.raw();
        let protection = match self.book_at(symbol) {
            Some(book) if !event.protection.is_none() => {
                Some(ProtectionUnits::of(book, &event.protection))
            }
            _ => None,
        };
        let op = if protection.is_some() { op::OPEN_PROTECTED } else { op::OPEN };
        self.record(op, event.time, |encoder| {
            encoder.small(u64::from(symbol));
            encoder.byte(side_byte(event.side));
            encoder.small(position_id);
            encoder.natural(units.size);
            encoder.natural(units.price);
            let Units { stop_loss, take_profit, .. } = *units;
            if stop_loss | take_profit | fee == 0 && event.tag.is_empty() {
                encoder.zeros(4);
            } else {
                encoder.natural(stop_loss);
                encoder.natural(take_profit);
                encoder.signed(fee);
                encoder.text(event.tag);
            }
            if let Some(protection) = &protection {
                protection.put(encoder);
            }
        });
    }
}

/// Rules O1 and O2.
#[inline(always)]
pub(super) fn check_open(book: &Book, event: &Open<'_>) -> Result<Units, Refused> {
    let size = check_size(book, event.size)?;
    if book.general.is_some() {
        check_limits(book, event.size)?;
    }
    let price = check_price(book, "price", event.price)?;
    let long = event.side == Side::Long;
    let level = |kind, level: Option<Price>, below| {
        level.map_or(Ok(0), |level| check_level(book, kind, level, event.price, below))
    };
    let stop_loss = level(LevelKind::StopLoss, event.stop_loss, long)?;
    let take_profit = level(LevelKind::TakeProfit, event.take_profit, !long)?;
    let guarded = Guarded {
        side: event.side,
        size: event.size,
        price: Some(event.price),
        take_profit: event.take_profit,
        time: event.time,
    };
    guarded.check(book, &event.protection)?;
    Ok(Units { size, price, stop_loss, take_profit })
}
