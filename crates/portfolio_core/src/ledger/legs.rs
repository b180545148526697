//! Fills of every kind of account (sections 5, 12 and 16): the steps that plain fills take
//! together, one after the other. They run inside a scope, so each may stop at any place.

use super::fills::Fill;
use super::posting::Entry;
use super::stop::Stop;
use super::value::Moving;
use super::{Ledger, Mode, not_found};
use crate::book::Book;
use crate::columns::rows::TradeRow;
use crate::columns::text::TextView;
use crate::event::{Protection, Receipt, Side};
use crate::numbers::{Money, Overflow, Price, Size, Sum};
use crate::positions::{Position, ROWS_MAX, StopKind};
use crate::refusal::Refusal;

/// A fill that opens, or in a netting account also increases, reduces or turns a position. Its
/// numbers were checked.
#[derive(Debug, Clone, Copy)]
pub(super) struct OpenLeg<'a> {
    pub(super) symbol: u32,
    pub(super) side: Side,
    pub(super) size: Size,
    pub(super) price: Price,
    /// The price before slippage.
    pub(super) reference: Price,
    pub(super) time: i64,
    pub(super) stop_loss: Option<Price>,
    pub(super) take_profit: Option<Price>,
    pub(super) protection: Protection<'a>,
    /// By the commission model if not given.
    pub(super) fee: Option<Money>,
    /// Whether it takes a limit price.
    pub(super) maker: bool,
    pub(super) tag: TextView,
    pub(super) position_id: Option<u64>,
    /// The order that is filled; 0 = none.
    pub(super) order_id: u64,
}

/// A fill that closes a position or a part of it. Its numbers were checked.
#[derive(Debug, Clone, Copy)]
pub(super) struct CloseLeg {
    pub(super) position_id: u64,
    /// All if not given.
    pub(super) size: Option<Size>,
    pub(super) price: Price,
    /// The price before slippage.
    pub(super) reference: Price,
    pub(super) time: i64,
    /// By the commission model if not given.
    pub(super) fee: Option<Money>,
    /// Whether it takes a limit price.
    pub(super) maker: bool,
    pub(super) reason: TextView,
    /// The order that is filled; 0 = none.
    pub(super) order_id: u64,
}

impl Ledger {
    /// Fills an open (rules O3 to O5, P1 to P5); answers the position that is open afterwards, or
    /// the one that was closed. The receipt has the fee and the realized result.
    pub(super) fn open_leg(&mut self, leg: &OpenLeg<'_>) -> Result<u64, Stop> {
        self.scoped(|ledger| ledger.open_steps(leg))
    }

    /// The same inside a scope.
    pub(super) fn open_steps(&mut self, leg: &OpenLeg<'_>) -> Result<u64, Stop> {
        let held = self.check_leg(leg)?;
        let Some(book) = self.book_at(leg.symbol) else { return Err(Stop::Overflow) };
        if !book.is_marked() {
            // A pair brings its own rate with its first mark (rules A5 and W4).
            self.set_quotes(&[(leg.symbol, leg.price, leg.price)], false)?;
        }
        self.need_rates(leg.symbol)?;
        let fill = (leg.symbol, leg.size, leg.price);
        let opens = held.is_none_or(|held| held.side == leg.side || held.size < leg.size);
        let closes = held.is_some_and(|held| held.side != leg.side);
        let fee = match leg.fee {
            Some(fee) => fee,
            None => self.commission(fill, leg.maker, (opens, closes)).map_err(|stop| {
                let stop = Stop::from(stop);
                if opens { stop } else { stop.closing() }
            })?,
        };
        let id = match held {
            Some(held) if held.side == leg.side => self.increase(leg, &held, fee)?,
            Some(held) if held.size >= leg.size => {
                self.reduce(leg, &held, (leg.size, fee), TextView::REDUCE)?;
                held.position_id
            }
            Some(held) => {
                let share = fee.share(held.size.raw(), leg.size.raw())?;
                self.reduce(leg, &held, (held.size, share), TextView::FLIP)?;
                let realized = self.receipt.realized;
                let size = leg.size.checked_sub(held.size)?;
                let rest = OpenLeg { size, ..*leg };
                let id = self.enter(&rest, fee.checked_sub(share)?)?;
                (self.receipt.realized, self.receipt.fee) = (realized, fee);
                id
            }
            None => self.enter(leg, fee)?,
        };
        self.count_volume(fill)?;
        Ok(id)
    }

    /// Rules O3 and P5; answers the position that the fill meets in a netting account.
    fn check_leg(&self, leg: &OpenLeg<'_>) -> Result<Option<Position>, Stop> {
        let id = self.choose_id(leg.position_id)?;
        let held = self.net_position(leg.symbol);
        if let Some(held) = held
            && leg.position_id.is_some()
            && (held.side == leg.side || held.size >= leg.size)
        {
            return Err(Refusal::ArgumentNotAllowed {
                argument: "position_id",
                value: id.to_string(),
                rule: "belongs to a position that the fill opens, and it opens none",
            }
            .into());
        }
        Ok(held)
    }

    /// The position that a fill meets in a netting account.
    pub(super) fn net_position(&self, symbol: u32) -> Option<Position> {
        if self.configuration.mode != Mode::Netting {
            return None;
        }
        let general = self.book_at(symbol)?.general.as_ref()?;
        self.positions.find(general.net).map(|(_, position)| *position)
    }

    fn reduce(
        &mut self,
        leg: &OpenLeg<'_>,
        held: &Position,
        (size, fee): (Size, Money),
        reason: TextView,
    ) -> Result<(), Stop> {
        let close = CloseLeg {
            position_id: held.position_id,
            size: Some(size),
            price: leg.price,
            reference: leg.reference,
            time: leg.time,
            fee: Some(fee),
            maker: leg.maker,
            reason,
            order_id: leg.order_id,
        };
        self.leave(&close, fee).map_err(Stop::closing)
    }

    /// Rules O4 and O5 for a fill that adds to a side: cost and margin; answers the cost, the rate
    /// and what the slippage has cost.
    fn add_to_side(
        &mut self,
        leg: &OpenLeg<'_>,
        fee: Money,
        moving: &mut Moving,
    ) -> Result<(Money, Money, Money), Stop> {
        let account = &self.account;
        let balance = account.balance.checked_sub(fee)?;
        let free = Sum::of(&[balance, account.unrealized]).minus(account.margin_used).saturated();
        let Some(book) = self.book_at(leg.symbol) else { return Err(Stop::Overflow) };
        let cost = book.worth(leg.size, leg.price)?;
        let rate = self.profit_rate(book)?;
        let slippage = slipped(book, leg.size, (leg.price, leg.reference))?.at_rate(rate)?;
        let (before, bound) = (self.held(book)?, book.margin);
        if let Some(book) = self.book_at_mut(leg.symbol) {
            let held = book.holding_mut(leg.side);
            held.size = held.size.checked_add(leg.size)?;
            held.cost = held.cost.checked_add(cost)?;
        }
        self.revalue(leg.symbol, &before, moving)?;
        let after = self.book_at(leg.symbol).map_or(bound, |book| book.margin);
        let needed = after.checked_sub(bound)?;
        if free < needed {
            return Err(Refusal::MarginNotFree { needed, free }.into());
        }
        Ok((cost, rate, slippage))
    }

    /// A new position.
    fn enter(&mut self, leg: &OpenLeg<'_>, fee: Money) -> Result<u64, Stop> {
        if self.positions.rows().len() >= ROWS_MAX {
            return Err(Refusal::TooMany { what: "position_id" }.into());
        }
        self.reserve_fill()?;
        self.reserve_excursions(leg.symbol, leg.side)?;
        let position_id = self.choose_id(leg.position_id)?;
        let mut moving = self.moving();
        let (cost, entry_rate, slippage) = self.add_to_side(leg, fee, &mut moving)?;
        let (mut symbol_text, mut epoch) = (TextView::EMPTY, 0);
        if let Some(book) = self.book_at_mut(leg.symbol) {
            let first = book.holding(leg.side).size == leg.size;
            epoch = book.marks_mut(leg.side).enter(first);
            symbol_text = book.symbol_text;
            if let Some(general) = &mut book.general {
                general.net = position_id;
            }
        }
        let stop_loss = leg.stop_loss.unwrap_or(Price::ZERO);
        let position = Position {
            position_id,
            symbol: leg.symbol,
            side: leg.side,
            size: leg.size,
            entry_time: leg.time,
            entry_price: leg.price,
            stop_loss,
            initial_stop: stop_loss,
            take_profit: leg.take_profit.unwrap_or(Price::ZERO),
            cost,
            entry_fee: fee,
            tag: leg.tag,
            epoch,
            swap: Money::ZERO,
            slippage,
            entry_rate,
            stop_kind: StopKind::Own,
            protection: 0,
        };
        self.positions.insert(&position);
        self.finish_open(leg, position_id, (symbol_text, fee), &mut moving)
    }

    /// Rule P2.
    fn increase(&mut self, leg: &OpenLeg<'_>, held: &Position, fee: Money) -> Result<u64, Stop> {
        self.reserve_fill()?;
        let mut moving = self.moving();
        let (added, rate, slippage) = self.add_to_side(leg, fee, &mut moving)?;
        let Some(book) = self.book_at(leg.symbol) else { return Err(Stop::Overflow) };
        let symbol_text = book.symbol_text;
        let (size, cost) = (held.size.checked_add(leg.size)?, held.cost.checked_add(added)?);
        let (mut entry_price, mut moved) = (Price::ZERO, Money::ZERO);
        if cost.is_positive() {
            entry_price = book.average_price(size, cost)?;
            moved = rate.checked_sub(held.entry_rate)?.share(added.raw(), cost.raw())?;
        }
        let position = Position {
            size,
            cost,
            // A price is never 0.
            entry_price: if entry_price.is_zero() { held.entry_price } else { entry_price },
            entry_rate: held.entry_rate.checked_add(moved)?,
            entry_fee: held.entry_fee.checked_add(fee)?,
            slippage: held.slippage.checked_add(slippage)?,
            stop_loss: leg.stop_loss.unwrap_or(held.stop_loss),
            stop_kind: if leg.stop_loss.is_some() { StopKind::Own } else { held.stop_kind },
            take_profit: leg.take_profit.unwrap_or(held.take_profit),
            ..*held
        };
        if let Some((row, _)) = self.positions.find(held.position_id) {
            self.positions.update(row, &position);
        }
        self.finish_open(leg, held.position_id, (symbol_text, fee), &mut moving)
    }

    /// Fee, protection, totals and receipt of a fill that opened.
    fn finish_open(
        &mut self,
        leg: &OpenLeg<'_>,
        position_id: u64,
        (symbol, fee): (TextView, Money),
        moving: &mut Moving,
    ) -> Result<u64, Stop> {
        self.charge(fee, (symbol, position_id, leg.time), moving)?;
        self.settle(moving)?;
        self.protect(position_id, leg);
        self.note_fill(&Fill::opened(leg, position_id, fee));
        self.receipt = Receipt {
            position_id,
            order_id: leg.order_id,
            realized: Money::ZERO,
            fee,
            balance: self.account.balance,
        };
        Ok(position_id)
    }

    /// Posts the fee of a fill.
    fn charge(
        &mut self,
        fee: Money,
        (symbol, position_id, time): (TextView, u64, i64),
        moving: &mut Moving,
    ) -> Result<(), Stop> {
        if fee.is_zero() {
            return Ok(());
        }
        self.account.fees = self.account.fees.plus(fee);
        let (kind, amount) = (TextView::FEE, fee.negated());
        self.post(&Entry { kind, symbol, position_id, amount, time }, moving)?;
        Ok(())
    }

    /// Fills a close (rules C2 to C6). The receipt has the fee and the realized result.
    pub(super) fn close_leg(&mut self, leg: &CloseLeg) -> Result<(), Stop> {
        self.scoped(|ledger| {
            let found = ledger.positions.find(leg.position_id).map(|(_, position)| *position);
            let Some(position) = found else { return Err(not_found(leg.position_id).into()) };
            let fill = (position.symbol, leg.size.unwrap_or(position.size), leg.price);
            let fee = match leg.fee {
                Some(fee) => fee,
                None => ledger.commission(fill, leg.maker, (false, true))?,
            };
            ledger.count_volume(fill)?;
            ledger.leave(leg, fee)
        })
    }

    /// The steps of a close whose fee is known, inside a scope.
    pub(super) fn leave(&mut self, leg: &CloseLeg, fee: Money) -> Result<(), Stop> {
        self.reserve_fill()?;
        self.made.try_reserve(1)?;
        let found = self.positions.find(leg.position_id).map(|(row, held)| (row, *held));
        let Some((row, position)) = found else { return Err(not_found(leg.position_id).into()) };
        let size = leg.size.unwrap_or(position.size);
        let Some(book) = self.book_at(position.symbol) else { return Err(Stop::Overflow) };
        let (trade, relieved) = self.trade_of(leg, &position, book, fee)?;
        let (before, symbol) = (self.held(book)?, book.symbol_text);
        let whole = size == position.size;
        let left = Position {
            size: position.size.checked_sub(size)?,
            cost: position.cost.checked_sub(relieved)?,
            entry_fee: position.entry_fee.checked_sub(trade.entry_fee)?,
            swap: position.swap.checked_sub(trade.swap)?,
            slippage: position.slippage.checked_sub(slippage_share(&position, size)?)?,
            ..position
        };
        if let Some(book) = self.book_at_mut(position.symbol) {
            let held = book.holding_mut(position.side);
            held.size = held.size.checked_sub(size)?;
            held.cost = held.cost.checked_sub(relieved)?;
            if whole {
                let marks = book.marks_mut(position.side);
                let seen = marks.seen(position.epoch);
                marks.leave(seen);
            }
        }
        let mut moving = self.moving();
        self.revalue(position.symbol, &before, &mut moving)?;
        if whole {
            self.positions.remove(row);
        } else {
            self.positions.update(row, &left);
        }
        self.triggers_changed(Some(&position), (!whole).then_some(&left));
        self.account.realized = self.account.realized.checked_add(trade.gross_pnl)?;
        let (kind, position_id) = (TextView::REALIZED, leg.position_id);
        let (amount, time) = (trade.gross_pnl, leg.time);
        self.post(&Entry { kind, symbol, position_id, amount, time }, &mut moving)?;
        self.charge(fee, (symbol, position_id, time), &mut moving)?;
        self.settle(&moving)?;
        self.last_trade = trade;
        self.made.push(trade);
        self.tables.trades.push(&self.last_trade);
        self.note_fill(&Fill::closed(leg, &position, (size, fee, trade.gross_pnl)));
        self.receipt = Receipt {
            position_id,
            order_id: leg.order_id,
            realized: trade.gross_pnl,
            fee,
            balance: self.account.balance,
        };
        Ok(())
    }

    /// The row of the trade of a close, and the native cost that it relieves (rules C2, C4, C5, X1,
    /// W5, W6, Z4 and Z6).
    fn trade_of(
        &self,
        leg: &CloseLeg,
        position: &Position,
        book: &Book,
        exit_fee: Money,
    ) -> Result<(TradeRow, Money), Overflow> {
        let (size, side) = (leg.size.unwrap_or(position.size), position.side);
        let share = |amount: Money| amount.share(size.raw(), position.size.raw());
        let rate = self.profit_rate(book)?;
        let relieved = share(position.cost)?;
        let native = |price: Price| book.native_result(side, (size, relieved), price);
        let native_gross = native(leg.price)?;
        let gross_pnl = native_gross.at_rate(rate)?;
        let at_entry = native_gross.at_rate(position.entry_rate)?;
        let marks = book.marks(side);
        let (low, high) = marks.range(marks.seen(position.epoch), leg.price);
        let (worst, best) = if side == Side::Long { (low, high) } else { (high, low) };
        let (entry_fee, swap) = (share(position.entry_fee)?, share(position.swap)?);
        let own = slipped(book, size, (leg.price, leg.reference))?.at_rate(rate)?;
        let net = Sum::of(&[gross_pnl, swap]).minus(entry_fee).minus(exit_fee).finish()?;
        let trades = u64::try_from(self.tables.trades.len()).unwrap_or(u64::MAX);
        let trade = TradeRow {
            trade_id: trades.saturating_add(1),
            position_id: position.position_id,
            symbol: book.symbol_text,
            side: if side == Side::Long { TextView::LONG } else { TextView::SHORT },
            size,
            entry_time: position.entry_time,
            entry_price: position.entry_price,
            exit_time: leg.time,
            exit_price: leg.price,
            gross_pnl,
            entry_fee,
            exit_fee,
            swap,
            net_pnl: net,
            cost: relieved.at_rate(rate)?,
            mae: native(worst)?.min(Money::ZERO).at_rate(rate)?,
            mfe: native(best)?.max(Money::ZERO).at_rate(rate)?,
            fx_pnl: gross_pnl.checked_sub(at_entry)?,
            slippage: slippage_share(position, size)?.checked_add(own)?,
            stop_loss: position.initial_stop,
            take_profit: position.take_profit,
            tag: position.tag,
            reason: leg.reason,
        };
        Ok((trade, relieved))
    }
}

/// What a position has lost by slippage, as far as a part of it goes (rule Z4).
fn slippage_share(position: &Position, size: Size) -> Result<Money, Overflow> {
    position.slippage.share(size.raw(), position.size.raw())
}

/// What the distance between two prices is worth, native, >= 0.
fn slipped(book: &Book, size: Size, (price, reference): (Price, Price)) -> Result<Money, Overflow> {
    if price == reference {
        return Ok(Money::ZERO);
    }
    let distance = book.worth(size, price)?.checked_sub(book.worth(size, reference)?)?;
    Ok(if distance.is_negative() { distance.negated() } else { distance })
}
