//! Opening a position (rules O1 to O5).

use super::record::{EVENT_BYTES, op, side_byte};
use super::{Account, Ledger, check_level, check_price, check_size, default_book, out_of_range};
use crate::book::{Book, Holding};
use crate::columns::rows::PostingRow;
use crate::columns::text::TextView;
use crate::event::{Open, Receipt, Side};
use crate::instrument::check_text;
use crate::numbers::{Money, Overflow, Price, Sum};
use crate::positions::{Position, ROWS_MAX};
use crate::refusal::{LevelKind, Refusal};

/// Everything that the commit of an open stores.
struct Plan {
    units: Units,
    position_id: u64,
    cost: Money,
    position_margin: Money,
    marks: (Price, Price),
    holding: Holding,
    symbol_unrealized: Money,
    symbol_margin: Money,
    account: Account,
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
struct Units {
    size: i128,
    price: i128,
    stop_loss: i128,
    take_profit: i128,
}

impl Ledger {
    pub(super) fn open(&mut self, event: &Open<'_>) -> Result<Receipt, Refusal> {
        if event.position_id == Some(0) {
            return Err(Refusal::PositionIdZero);
        }
        check_text("tag", event.tag)?;
        self.check_time(event.time)?;
        let (plan, fresh) = match self.book(event.symbol) {
            Some(book) => (self.plan_open(event, book)?, None),
            None => {
                let book = default_book(event.symbol, self.configuration.leverage)?;
                (self.plan_open(event, &book)?, Some(book))
            }
        };
        let tag = self.reserve_open(event, fresh.is_some())?;
        let symbol = match (fresh, self.find_symbol(event.symbol)) {
            (Some(book), _) => self.add_book(book)?,
            (None, found) => found.unwrap_or(u32::MAX),
        };
        Ok(self.commit_open(event, &plan, symbol, tag))
    }

    fn plan_open(&self, event: &Open<'_>, book: &Book) -> Result<Plan, Refusal> {
        let size = check_size(book, event.size)?;
        let price = check_price(book, "price", event.price)?;
        let long = event.side == Side::Long;
        let level = |kind, level: Option<Price>, below| {
            level.map_or(Ok(0), |level| check_level(book, kind, level, event.price, below))
        };
        let stop_loss = level(LevelKind::StopLoss, event.stop_loss, long)?;
        let take_profit = level(LevelKind::TakeProfit, event.take_profit, !long)?;
        let position_id = self.choose_id(event.position_id)?;
        let units = Units { size, price, stop_loss, take_profit };
        let plan =
            self.value_open(event, book, position_id, units).map_err(|unfit| match unfit {
                Unfit::Overflow => out_of_range("size", &event.size),
                Unfit::Margin { needed, free } => Refusal::MarginNotFree { needed, free },
            })?;
        plan.account.assert_identity();
        Ok(plan)
    }

    /// Rule O3.
    fn choose_id(&self, given: Option<u64>) -> Result<u64, Refusal> {
        match given {
            Some(id) if self.positions.is_used(id) => {
                Err(Refusal::PositionIdUsed { position_id: id })
            }
            Some(id) => Ok(id),
            None => Ok(self.positions.next_id()),
        }
    }

    /// The numbers after the open, if the margin it needs is free (rule O4).
    fn value_open(
        &self,
        event: &Open<'_>,
        book: &Book,
        position_id: u64,
        units: Units,
    ) -> Result<Plan, Unfit> {
        let before = &self.account;
        let cost = book.notional(event.size, event.price)?;
        let held = book.holding(event.side);
        let holding = Holding {
            size: held.size.checked_add(event.size)?,
            cost: held.cost.checked_add(cost)?,
        };
        let (long, short) = match event.side {
            Side::Long => (holding, book.short),
            Side::Short => (book.long, holding),
        };
        let symbol_margin = book.margin_of(long.cost.checked_add(short.cost)?)?;
        let marks =
            if book.is_marked() { (book.bid, book.ask) } else { (event.price, event.price) };
        let mark = if event.side == Side::Long { marks.0 } else { marks.1 };
        let own = book.result(event.side, Holding { size: event.size, cost }, mark)?;
        let symbol_unrealized = book.value(long, short, marks)?;
        let needed = symbol_margin.checked_sub(book.margin)?;
        let balance = before.balance.checked_sub(event.fee)?;
        let free = Sum::of(&[balance, before.unrealized]).minus(before.margin_used).saturated();
        if free < needed {
            return Err(Unfit::Margin { needed, free });
        }
        let unrealized = Sum::of(&[before.unrealized, symbol_unrealized]).minus(book.unrealized);
        let account = Account {
            balance,
            equity: Sum::of(&[before.equity, own]).minus(event.fee).finish()?,
            unrealized: unrealized.finish()?,
            margin_used: before.margin_used.checked_add(needed)?,
            ..*before
        };
        let position_margin = book.margin_of(cost)?;
        Ok(Plan {
            units,
            position_id,
            cost,
            position_margin,
            marks,
            holding,
            symbol_unrealized,
            symbol_margin,
            account,
        })
    }

    fn reserve_open(&mut self, event: &Open<'_>, registers: bool) -> Result<TextView, Refusal> {
        if self.positions.rows().len() >= ROWS_MAX {
            return Err(Refusal::TooMany { what: "position_id" });
        }
        if registers {
            self.reserve_symbols(1)?;
        }
        self.positions.reserve_one()?;
        self.tables.postings.reserve(1)?;
        self.events.reserve(2 * EVENT_BYTES)?;
        Ok(self.texts.view(event.tag)?)
    }

    fn commit_open(
        &mut self,
        event: &Open<'_>,
        plan: &Plan,
        symbol: u32,
        tag: TextView,
    ) -> Receipt {
        self.record_open(event, plan, symbol);
        let events = self.account.events;
        self.account = Account { events, ..plan.account };
        self.account.count(event.time);
        let mut symbol_text = TextView::EMPTY;
        if let Some(book) = self.book_at_mut(symbol) {
            (book.bid, book.ask) = plan.marks;
            match event.side {
                Side::Long => book.long = plan.holding,
                Side::Short => book.short = plan.holding,
            }
            book.unrealized = plan.symbol_unrealized;
            book.margin = plan.symbol_margin;
            symbol_text = book.symbol_text;
        }
        let stop_loss = event.stop_loss.unwrap_or(Price::ZERO);
        self.positions.insert(Position {
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
            margin: plan.position_margin,
            entry_fee: event.fee,
            tag,
        });
        if !event.fee.is_zero() {
            self.tables.postings.append(&PostingRow {
                event: self.account.events,
                time: event.time,
                kind: TextView::FEE,
                symbol: symbol_text,
                position_id: plan.position_id,
                amount: event.fee.negated(),
                balance: self.account.balance,
            });
        }
        let balance = self.account.balance;
        Receipt { position_id: plan.position_id, realized: Money::ZERO, fee: event.fee, balance }
    }

    fn record_open(&mut self, event: &Open<'_>, plan: &Plan, symbol: u32) {
        let mut encoder = self.begin_event(op::OPEN, event.time);
        encoder.unsigned(u128::from(symbol));
        encoder.byte(side_byte(event.side));
        encoder.unsigned(u128::from(plan.position_id));
        encoder.natural(plan.units.size);
        encoder.natural(plan.units.price);
        encoder.natural(plan.units.stop_loss);
        encoder.natural(plan.units.take_profit);
        encoder.signed(event.fee.raw());
        encoder.text(event.tag);
    }
}
