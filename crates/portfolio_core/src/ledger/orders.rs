//! Placing and cancelling orders (rules Q3 and Q4).

use std::collections::TryReserveError;

use super::checks::{check_level_alone, check_limits};
use super::protect::{Guarded, ProtectionUnits, not_before, put_time};
use super::record::{EVENT_BYTES, op, side_byte};
use super::{Ledger, check_level, check_price, check_size};
use crate::book::Book;
use crate::codec::{Bytes, Encoder};
use crate::columns::text::TextView;
use crate::event::{CancelOrder, OrderKind, PlaceOrder, Receipt, Side};
use crate::instrument::check_text;
use crate::numbers::Price;
use crate::orders::Order;
use crate::protection::Protected;
use crate::refusal::{LevelKind, Refusal, Refused};

/// The most bytes that an order takes in the state, without its protection.
const ORDER_BYTES: usize = 1_024;

/// An order in steps of the instrument's grids.
struct Units {
    size: i128,
    price: i128,
    stop_loss: i128,
    take_profit: i128,
    protection: ProtectionUnits,
}

impl Ledger {
    pub(super) fn place_order(&mut self, event: &PlaceOrder<'_>) -> Result<(), Refused> {
        check_text("oco", event.oco)?;
        check_text("tag", event.tag)?;
        self.check_time(event.time)?;
        let known = self.find_symbol(event.symbol);
        let fresh;
        let book = match known.and_then(|symbol| self.book_at(symbol)) {
            Some(book) => book,
            None => {
                fresh = self.default_book(event.symbol)?;
                &fresh
            }
        };
        let units = check_order(book, event)?;
        let tag = self.texts.view(event.tag)?;
        let room = units.protection.bytes().saturating_add(EVENT_BYTES).saturating_add(EVENT_BYTES);
        self.events.reserve(room.saturating_add(EVENT_BYTES))?;
        self.tables.activity.reserve(1)?;
        let symbol = match known {
            Some(symbol) => symbol,
            None => {
                self.reserve_symbols(1)?;
                self.add_book(self.default_book(event.symbol)?)?
            }
        };
        self.record(op::PLACE_ORDER, event.time, |encoder| {
            encoder.small(u64::from(symbol));
            put_order(encoder, event, &units);
        });
        let order = Order {
            order_id: self.orders.next_id(),
            symbol,
            side: event.side,
            kind: event.kind,
            size: event.size,
            expiry: event.expiry,
            group: self.orders.group(event.oco),
            stop_loss: event.stop_loss.unwrap_or(Price::ZERO),
            take_profit: event.take_profit.unwrap_or(Price::ZERO),
            tag,
            protection: self.protections.put(Protected::of(&event.protection)),
        };
        let about = (event.time, 0, order.price());
        let noted = self.note_order(&order, TextView::PLACED, TextView::EMPTY, about);
        noted.map_err(|stop| stop.named("size", &event.size))?;
        self.account.count(event.time);
        self.answer_order(order.order_id);
        self.orders.insert(order);
        Ok(())
    }

    pub(super) fn cancel_order(&mut self, event: &CancelOrder) -> Result<(), Refused> {
        self.check_time(event.time)?;
        let order_id = event.order_id;
        let found = self.orders.find(order_id).cloned();
        let order = found.ok_or(Refusal::OrderNotFound { order_id })?;
        self.events.reserve(EVENT_BYTES)?;
        self.tables.activity.reserve(1)?;
        self.record(op::CANCEL_ORDER, event.time, |encoder| encoder.small(order_id));
        let noted = self.drop_order(&order, TextView::CANCELLED, TextView::EMPTY, event.time);
        noted.map_err(|stop| stop.named("order_id", &order_id))?;
        self.account.count(event.time);
        self.answer_order(order_id);
        Ok(())
    }

    fn answer_order(&mut self, order_id: u64) {
        let balance = self.account.balance;
        self.receipt = Receipt { order_id, balance, ..Receipt::default() };
    }

    /// The resting orders in the state (SPEC section 9).
    ///
    /// # Errors
    /// When the allocator refuses.
    pub(super) fn put_state_orders(&self, bytes: &mut Bytes) -> Result<(), TryReserveError> {
        bytes.reserve(ORDER_BYTES)?;
        bytes.append(|encoder| encoder.count(self.orders.len()));
        for order in self.orders.iter() {
            let Some(book) = self.book_at(order.symbol) else { continue };
            bytes.reserve(ORDER_BYTES.saturating_add(self.protection_bytes(order.protection)))?;
            bytes.append(|encoder| self.put_resting(encoder, order, book));
        }
        Ok(())
    }

    fn put_resting(&self, encoder: &mut Encoder<'_>, order: &Order, book: &Book) {
        let tag = self.text(order.tag);
        encoder.small(order.order_id);
        encoder.small(u64::from(order.symbol));
        encoder.byte(side_byte(order.side));
        encoder.byte(kind_byte(order.kind));
        encoder.natural(book.sizes.units(order.size.raw()).unwrap_or(i128::MAX));
        encoder.natural(order.price().raw());
        put_time(encoder, order.expiry);
        encoder.text(order.group.as_deref().unwrap_or(""));
        encoder.natural(order.stop_loss.raw());
        encoder.natural(order.take_profit.raw());
        encoder.text(&tag);
        self.put_protection(encoder, order.protection, book);
    }
}

const fn kind_byte(kind: OrderKind) -> u8 {
    match kind {
        OrderKind::Market => 0,
        OrderKind::Limit(_) => 1,
        OrderKind::Stop(_) => 2,
    }
}

fn put_order(encoder: &mut Encoder<'_>, event: &PlaceOrder<'_>, units: &Units) {
    encoder.byte(side_byte(event.side));
    encoder.byte(kind_byte(event.kind));
    encoder.natural(units.size);
    encoder.natural(units.price);
    put_time(encoder, event.expiry);
    encoder.text(event.oco);
    encoder.natural(units.stop_loss);
    encoder.natural(units.take_profit);
    encoder.text(event.tag);
    units.protection.put(encoder);
}

/// Rule Q3 from the size on.
fn check_order(book: &Book, event: &PlaceOrder<'_>) -> Result<Units, Refused> {
    let size = check_size(book, event.size)?;
    check_limits(book, event.size)?;
    let price = match event.kind {
        OrderKind::Market => 0,
        OrderKind::Limit(price) | OrderKind::Stop(price) => check_price(book, "price", price)?,
    };
    check_side_of_market(book, event)?;
    let [stop_loss, take_profit] = check_levels(book, event)?;
    let guarded = Guarded {
        side: event.side,
        size: event.size,
        price: price_of(event.kind),
        take_profit: event.take_profit,
        time: event.time,
    };
    guarded.check(book, &event.protection)?;
    event.expiry.map_or(Ok(()), |expiry| not_before("expiry", expiry, event.time))?;
    let protection = ProtectionUnits::of(book, &event.protection);
    Ok(Units { size, price, stop_loss, take_profit, protection })
}

const fn price_of(kind: OrderKind) -> Option<Price> {
    match kind {
        OrderKind::Market => None,
        OrderKind::Limit(price) | OrderKind::Stop(price) => Some(price),
    }
}

/// A limit is on the better side of the market, a stop on the worse one.
fn check_side_of_market(book: &Book, event: &PlaceOrder<'_>) -> Result<(), Refused> {
    if !book.is_marked() {
        return Ok(());
    }
    let buys = event.side == Side::Long;
    let market = if buys { book.ask } else { book.bid };
    let (price, below) = match event.kind {
        OrderKind::Market => return Ok(()),
        OrderKind::Limit(price) => (price, buys),
        OrderKind::Stop(price) => (price, !buys),
    };
    if if below { price > market } else { price < market } {
        return Err(Refusal::OrderBeyondMarket { price, market, below }.into());
    }
    Ok(())
}

/// Rule O2 against the price of the order; a market order has none yet.
fn check_levels(book: &Book, event: &PlaceOrder<'_>) -> Result<[i128; 2], Refused> {
    let long = event.side == Side::Long;
    let check = |kind, level: Option<Price>, below: bool| match (level, price_of(event.kind)) {
        (None, _) => Ok(0),
        (Some(level), Some(price)) => check_level(book, kind, level, price, below),
        (Some(level), None) => check_level_alone(book, kind, level),
    };
    Ok([
        check(LevelKind::StopLoss, event.stop_loss, long)?,
        check(LevelKind::TakeProfit, event.take_profit, !long)?,
    ])
}
