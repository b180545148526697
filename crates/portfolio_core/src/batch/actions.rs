//! What a row asks for, as events (rule R8).

use super::Fill;
use super::drive::Driver;
use super::levels::{Anchor, Which, is_relative, twice};
use super::orders::{Action, LevelGiven, OrderRow, OrderType, SizeRule};
use super::sizes::{Asked, Lots};
use crate::book::Book;
use crate::columns::text::TextView;
use crate::event::{
    BreakEven, CancelOrder, Change, Event, Modify, OrderKind, PlaceOrder, Protection, Side, ask_of,
};
use crate::ledger::{Ledger, Mode};
use crate::numbers::{Price, Size};
use crate::refusal::{Refusal, Refused};

/// The row behind an order.
#[derive(Debug, Clone, Copy)]
pub(super) struct Placed {
    pub(super) row: u64,
    pub(super) symbol: u32,
    pub(super) action: Action,
}

/// A row that is carried out now.
#[derive(Clone, Copy)]
struct Now<'a> {
    row: &'a OrderRow<'a>,
    /// What the ledger calls its symbol.
    index: u32,
    name: &'a str,
    /// The row of the bar that fills what it places.
    bar: usize,
    time: i64,
}

impl<'a> Now<'a> {
    fn market_order(&self, side: Side, size: Size) -> PlaceOrder<'a> {
        PlaceOrder {
            symbol: self.name,
            side,
            size,
            time: self.time,
            kind: OrderKind::Market,
            expiry: None,
            oco: "",
            stop_loss: None,
            take_profit: None,
            protection: Protection::NONE,
            tag: self.row.tag,
        }
    }
}

impl Driver<'_> {
    /// Carries a row out at a time, before or after a row of the bars.
    pub(super) fn act(&mut self, row: &OrderRow<'_>, bar: usize, time: i64) -> Result<(), Refused> {
        let bars = self.run.bars;
        let place = usize::try_from(row.symbol).unwrap_or(usize::MAX);
        let name = bars.symbols.get(place).map_or("", String::as_str);
        let index = self.index_of(place, name)?;
        let now = Now { row, index, name, bar, time };
        match row.action {
            Action::Open => self.open(now),
            Action::Close => self.close(now),
            Action::Modify => self.modify(now),
            Action::Cancel => self.cancel(now),
            Action::Target => self.target(now),
        }
    }

    /// What the ledger calls a symbol that has had a bar.
    fn index_of(&mut self, place: usize, name: &str) -> Result<u32, Refused> {
        if let Some(index) = self.indices.get(place).copied().flatten() {
            return Ok(index);
        }
        let unknown = || Refusal::SymbolUnknown { symbol: name.to_owned() };
        let index = self.ledger.symbols.get(name).copied().ok_or_else(unknown)?;
        if let Some(cell) = self.indices.get_mut(place) {
            *cell = Some(index);
        }
        Ok(index)
    }

    fn book(&self, index: u32) -> Option<&Book> {
        self.ledger.books.get(usize::try_from(index).ok()?)
    }

    fn open(&mut self, now: Now<'_>) -> Result<(), Refused> {
        let row = now.row;
        if row.if_flat && self.is_taken(now) {
            return Ok(());
        }
        let side = row.side.ok_or_else(|| missing("side"))?;
        let kind = match row.kind {
            OrderType::Market => OrderKind::Market,
            OrderType::Limit => OrderKind::Limit(row.price.ok_or_else(|| missing("price"))?),
            OrderType::Stop => OrderKind::Stop(row.price.ok_or_else(|| missing("price"))?),
        };
        let bar = self.run.bars.bar(now.bar);
        let price = match kind {
            OrderKind::Limit(price) | OrderKind::Stop(price) => price,
            OrderKind::Market => match side {
                Side::Long => ask_of(self.filled_at(now.bar), bar.spread),
                Side::Short => self.filled_at(now.bar),
            },
        };
        check_row(row)?;
        let given = [row.stop_loss, row.take_profit, row.trailing];
        check_anchor(price, row.rule != SizeRule::Units || given.into_iter().any(is_relative))?;
        let book = self.book(now.index).ok_or_else(|| unknown(now.name))?;
        let anchor = Anchor { price, side };
        let stop_loss = anchor.level(book, Which::StopLoss, row.stop_loss)?;
        let take_profit = anchor.level(book, Which::TakeProfit, row.take_profit)?;
        let trailing = anchor.level(book, Which::Trailing, row.trailing)?;
        let size = self.size(now, price, stop_loss)?;
        let trigger = row.break_even.filter(|trigger| !trigger.is_zero());
        let offset = row.break_even_offset.unwrap_or(Price::ZERO);
        let order = PlaceOrder {
            symbol: now.name,
            side,
            size,
            time: now.time,
            kind,
            expiry: row.expiry,
            oco: row.oco,
            stop_loss,
            take_profit,
            protection: Protection {
                trailing,
                break_even: trigger.map(|trigger| BreakEven { trigger, offset }),
                targets: row.targets,
                exit_time: row.exit_time,
            },
            tag: row.tag,
        };
        self.place(now, &order)
    }

    /// The bid at which a market order is filled.
    fn filled_at(&self, bar: usize) -> Price {
        let bar = self.run.bars.bar(bar);
        match self.run.fill {
            Fill::NextOpen => bar.open,
            Fill::Close => bar.close,
        }
    }

    fn size(&self, now: Now<'_>, anchor: Price, stop: Option<Price>) -> Result<Size, Refused> {
        let OrderRow { action, rule, .. } = *now.row;
        let size = now.row.size.ok_or_else(|| missing("size"))?;
        let book = self.book(now.index).ok_or_else(|| unknown(now.name))?;
        let equity = self.ledger.account().equity;
        let asked = Asked { action, size, rule, anchor, stop };
        asked.size(Lots::of(book), equity, || self.ledger.rate_of_profits(book))
    }

    fn place(&mut self, now: Now<'_>, order: &PlaceOrder<'_>) -> Result<(), Refused> {
        let OrderRow { row, symbol, action, .. } = *now.row;
        self.placed.try_reserve(1)?;
        self.ledger.apply(&Event::PlaceOrder(*order))?;
        self.placed.push(Placed { row, symbol, action });
        if order.kind == OrderKind::Market {
            self.fill_at_close(now.bar);
        }
        Ok(())
    }

    fn fill_at_close(&mut self, bar: usize) {
        if self.run.fill == Fill::Close {
            self.closing.push(bar);
        }
    }

    /// Whether a market order of the symbol rests, or a position is open that stays.
    fn is_taken(&self, now: Now<'_>) -> bool {
        let Some(triggers) = self.ledger.orders.triggers(now.index) else { return false };
        let stays = |&position_id: &u64| {
            let found = self.ledger.positions.find(position_id);
            let protected =
                found.and_then(|(_, held)| self.ledger.protections.get(held.protection));
            let exit = protected.and_then(|protected| protected.exit_time);
            found.is_some() && exit.is_none_or(|exit| exit > now.time)
        };
        !triggers.markets.is_empty() || triggers.held.iter().any(stays)
    }

    /// The open positions that a row means, by number.
    fn meant(&mut self, now: Now<'_>) -> Vec<u64> {
        debug_assert!(self.knows_all(now.index), "the index of {} lacks something", now.name);
        let ledger = &self.ledger;
        let Some(triggers) = ledger.orders.triggers(now.index) else { return Vec::new() };
        let text = |position_id| {
            let (_, held) = ledger.positions.find(position_id)?;
            Some(ledger.texts.blocks().text(held.tag))
        };
        let wanted = (now.index, now.row.tag);
        let mut found = self.held_tags.candidates(wanted, &triggers.held, text);
        let is_meant = |position_id: &u64| {
            let held = ledger.positions.find(*position_id);
            held.is_some_and(|(_, held)| ledger.fits(now, held.side, held.tag))
        };
        found.retain(is_meant);
        debug_assert!(triggers.held.iter().filter(|&id| is_meant(id)).eq(&found), "{found:?}");
        found
    }

    /// The resting orders that a row means, by number.
    fn meant_orders(&mut self, now: Now<'_>) -> Vec<u64> {
        let ledger = &self.ledger;
        let Some(triggers) = ledger.orders.triggers(now.index) else { return Vec::new() };
        let text = |order_id| Some(ledger.texts.blocks().text(ledger.orders.find(order_id)?.tag));
        let wanted = (now.index, now.row.tag);
        let mut found = self.resting_tags.candidates(wanted, &triggers.resting, text);
        let is_meant = |order_id: &u64| {
            let order = ledger.orders.find(*order_id);
            order.is_some_and(|order| ledger.fits(now, order.side, order.tag))
        };
        found.retain(is_meant);
        debug_assert!(triggers.resting.iter().filter(|&id| is_meant(id)).eq(&found), "{found:?}");
        found
    }

    /// Whether the index of a symbol has all its positions and orders, and no others.
    fn knows_all(&self, index: u32) -> bool {
        let rows = self.ledger.positions.rows().iter().filter(|held| held.symbol == index);
        let mut held: Vec<u64> = rows.map(|held| held.position_id).collect();
        held.sort_unstable();
        let orders = self.ledger.orders.iter().filter(|order| order.symbol == index);
        let triggers = self.ledger.orders.triggers(index);
        triggers.is_some_and(|triggers| {
            triggers.held.iter().eq(&held)
                && triggers.resting.iter().copied().eq(orders.map(|order| order.order_id))
        })
    }

    fn close(&mut self, now: Now<'_>) -> Result<(), Refused> {
        if let Some(size) = now.row.size {
            return self.close_part(now, size);
        }
        for position_id in self.meant(now) {
            let exit_time = Change::Set(now.time);
            let modify = Modify { exit_time, ..Modify::new(position_id, now.time) };
            self.ledger.apply(&Event::Modify(modify))?;
            self.fill_at_close(now.bar);
        }
        Ok(())
    }

    fn close_part(&mut self, now: Now<'_>, size: Size) -> Result<(), Refused> {
        if self.run.configuration.mode == Mode::Hedging {
            let rule = "a hedging account closes positions whole";
            return Err(not_allowed("size", size.to_string(), rule));
        }
        let Some(position_id) = self.meant(now).first().copied() else { return Ok(()) };
        let Some((_, held)) = self.ledger.positions.find(position_id) else { return Ok(()) };
        let order = now.market_order(held.side.other(), size.min(held.size));
        self.place(now, &order)
    }

    fn modify(&mut self, now: Now<'_>) -> Result<(), Refused> {
        let row = now.row;
        check_row(row)?;
        for position_id in self.meant(now) {
            let Some((_, held)) = self.ledger.positions.find(position_id) else { continue };
            let book = self.book(now.index).ok_or_else(|| unknown(now.name))?;
            let anchor = Anchor { price: book.mark(held.side), side: held.side };
            let offset = row.break_even_offset.unwrap_or(Price::ZERO);
            let modify = Modify {
                stop_loss: anchor.change(book, Which::StopLoss, row.stop_loss)?,
                take_profit: anchor.change(book, Which::TakeProfit, row.take_profit)?,
                trailing: anchor.change(book, Which::Trailing, row.trailing)?,
                break_even: match row.break_even {
                    None => Change::Keep,
                    Some(trigger) if trigger.is_zero() => Change::Remove,
                    Some(trigger) => Change::Set(BreakEven { trigger, offset }),
                },
                ..Modify::new(position_id, now.time)
            };
            self.ledger.apply(&Event::Modify(modify))?;
        }
        Ok(())
    }

    fn cancel(&mut self, now: Now<'_>) -> Result<(), Refused> {
        for order_id in self.meant_orders(now) {
            self.ledger.apply(&Event::CancelOrder(CancelOrder { order_id, time: now.time }))?;
        }
        Ok(())
    }

    fn target(&mut self, now: Now<'_>) -> Result<(), Refused> {
        if self.run.configuration.mode == Mode::Hedging {
            let rule = "a hedging account has no one position to bring to a size";
            return Err(not_allowed("action", "\"target\"".to_owned(), rule));
        }
        let anchor = self.filled_at(now.bar);
        check_anchor(anchor, now.row.rule != SizeRule::Units)?;
        let wanted = self.size(now, anchor, None)?;
        let book = self.book(now.index).ok_or_else(|| unknown(now.name))?;
        let held = book.long.size.checked_sub(book.short.size);
        let missing = held.and_then(|held| wanted.checked_sub(held)).map_err(|_| {
            Refusal::ResultOutOfRange { argument: "size", value: wanted.to_string() }
        })?;
        if missing.is_zero() {
            return Ok(());
        }
        let order = if missing.is_negative() {
            now.market_order(Side::Short, missing.negated())
        } else {
            now.market_order(Side::Long, missing)
        };
        self.place(now, &order)
    }
}

impl Ledger {
    /// Whether a row means what has this side and this tag.
    fn fits(&self, now: Now<'_>, side: Side, tag: TextView) -> bool {
        now.row.side.is_none_or(|wanted| wanted == side)
            && (now.row.tag.is_empty() || self.says(tag, now.row.tag))
    }

    /// Whether a view says a text.
    fn says(&self, view: TextView, text: &str) -> bool {
        match TextView::short(text) {
            Some(short) => short == view,
            None => self.texts.blocks().text(view) == text,
        }
    }
}

/// What is wrong with a row whatever the market is (rule R6).
fn check_row(row: &OrderRow<'_>) -> Result<(), Refused> {
    for given in [row.stop_loss, row.take_profit, row.trailing] {
        if let LevelGiven::Twice(argument) = given {
            return Err(twice(argument));
        }
    }
    let has_trigger = row.break_even.is_some_and(|trigger| !trigger.is_zero());
    match row.break_even_offset {
        Some(offset) if !has_trigger && !offset.is_zero() => {
            let rule = "stands without a break_even";
            Err(not_allowed("break_even_offset", offset.to_string(), rule))
        }
        _ => Ok(()),
    }
}

/// A level or size that is measured from a price needs one.
fn check_anchor(price: Price, is_needed: bool) -> Result<(), Refused> {
    if is_needed && !price.is_positive() {
        return Err(Refusal::PriceMustBePositive { argument: "price", price }.into());
    }
    Ok(())
}

/// The reading of the orders sees to it that a needed cell is there.
#[cold]
fn missing(argument: &'static str) -> Refused {
    not_allowed(argument, "null".to_owned(), "must not be null")
}

#[cold]
fn not_allowed(argument: &'static str, value: String, rule: &'static str) -> Refused {
    Refusal::ArgumentNotAllowed { argument, value, rule }.into()
}

#[cold]
fn unknown(symbol: &str) -> Refused {
    Refusal::SymbolUnknown { symbol: symbol.to_owned() }.into()
}
