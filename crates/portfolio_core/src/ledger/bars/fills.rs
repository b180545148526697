//! The fills that a bar makes: orders, stops, take profits, targets, time exits (rules Q5 and G5).

use crate::columns::rows::ActivityRow;
use crate::columns::text::TextView;
use crate::event::{OrderKind, Side};
use crate::ledger::Ledger;
use crate::ledger::legs::{CloseLeg, OpenLeg};
use crate::ledger::stop::Stop;
use crate::numbers::{Price, Size};
use crate::orders::{Order, Take, takes_within};
use crate::positions::{Position, StopKind};
use crate::refusal::Refusal;

/// Why a position is closed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Exit {
    /// The text of the trade.
    pub(super) reason: TextView,
    /// How much; all if not given.
    pub(super) size: Option<Size>,
    /// The price before slippage.
    pub(super) reference: Price,
    /// Whether it takes a limit price.
    pub(super) maker: bool,
    /// Whether the price slips.
    pub(super) slips: bool,
}

impl Ledger {
    /// An open position.
    pub(super) fn position(&self, position_id: u64) -> Option<Position> {
        self.positions.find(position_id).map(|(_, position)| *position)
    }

    /// Closes a position, or a part of it, at a moment of a bar.
    pub(super) fn exit(&mut self, position: &Position, exit: &Exit, time: i64) -> Result<(), Stop> {
        let buys = position.side == Side::Short;
        let price = if exit.slips {
            self.slipped_price(position.symbol, buys, exit.reference)?
        } else {
            exit.reference
        };
        self.close_leg(&CloseLeg {
            position_id: position.position_id,
            size: exit.size,
            price,
            time,
            fee: None,
            maker: exit.maker,
            reason: exit.reason,
            order_id: 0,
            reference: exit.reference,
        })?;
        if exit.slips {
            self.count_slipped(position.symbol);
        }
        Ok(())
    }

    /// Closes a position whose stop was reached.
    pub(super) fn stop(
        &mut self,
        position_id: u64,
        reference: Price,
        time: i64,
    ) -> Result<(), Stop> {
        let Some(position) = self.position(position_id) else { return Ok(()) };
        let reason = match position.stop_kind {
            StopKind::Own => TextView::STOP_LOSS,
            StopKind::Trailing => self.texts.view("trailing_stop").map_err(Stop::from)?,
            StopKind::BreakEven => TextView::BREAK_EVEN,
        };
        let exit = Exit { reason, size: None, reference, maker: false, slips: true };
        self.exit(&position, &exit, time)
    }

    /// Closes what of a position was to be closed within a range of prices: at the levels, or all
    /// of it at one price.
    pub(super) fn take(
        &mut self,
        position_id: u64,
        range: (i128, i128),
        at: Option<Price>,
        time: i64,
    ) -> Result<(), Stop> {
        loop {
            let Some(position) = self.position(position_id) else { return Ok(()) };
            let protected = self.protections.get(position.protection);
            let takes = takes_within(&position, protected, range);
            // At one price for all of them the take profit is what is left for the last.
            let target = takes.iter().find(|take| at.is_some() && take.target.is_some());
            let Some(take) = target.or_else(|| takes.first()) else { return Ok(()) };
            self.take_one(&position, take, at.unwrap_or(take.price), time)?;
        }
    }

    /// Fills one target, or the take profit.
    pub(super) fn take_one(
        &mut self,
        position: &Position,
        take: &Take,
        price: Price,
        time: i64,
    ) -> Result<(), Stop> {
        if let Some(target) = take.target {
            self.drop_target(position, target);
        }
        let reason = if take.target.is_some() { TextView::TARGET } else { TextView::TAKE_PROFIT };
        let size = take.size.map(|size| size.min(position.size));
        let exit = Exit { reason, size, reference: price, maker: true, slips: false };
        self.exit(position, &exit, time)
    }

    /// A target that is filled is no target any more.
    fn drop_target(&mut self, position: &Position, target: usize) {
        let Some(protected) = self.protections.get(position.protection) else { return };
        let mut left = protected.clone();
        if target < left.targets.len() {
            left.targets.remove(target);
        }
        let protection = self.protections.replace(position.protection, left);
        let Some((row, now)) = self.positions.find(position.position_id) else { return };
        if now.protection != protection {
            let now = Position { protection, ..*now };
            self.positions.update(row, &now);
        }
        self.follow(position.symbol, position.position_id);
    }

    /// Fills an order; answers the position that it opened or increased.
    pub(super) fn fill(
        &mut self,
        order_id: u64,
        reference: Price,
        time: i64,
    ) -> Result<Option<u64>, Stop> {
        let Some(order) = self.orders.find(order_id).cloned() else { return Ok(None) };
        let maker = matches!(order.kind, OrderKind::Limit(_));
        let buys = order.side == Side::Long;
        let price =
            if maker { reference } else { self.slipped_price(order.symbol, buys, reference)? };
        let protected = self.protections.get(order.protection).cloned().unwrap_or_default();
        let tag = order.tag;
        let level = |level: Price| Some(level).filter(|level| level.is_positive());
        let filled = self.open_leg(&OpenLeg {
            symbol: order.symbol,
            side: order.side,
            size: order.size,
            price,
            time,
            stop_loss: level(order.stop_loss),
            take_profit: level(order.take_profit),
            protection: protected.as_event(),
            fee: None,
            maker,
            tag,
            position_id: None,
            order_id,
            reference,
        });
        let position_id = match filled {
            Ok(position_id) => position_id,
            Err(Stop::Refused(refused)) if matches!(*refused, Refusal::MarginNotFree { .. }) => {
                self.drop_order(&order, TextView::REFUSED, TextView::MARGIN, time)?;
                return Ok(None);
            }
            Err(stop) => return Err(stop),
        };
        if !maker {
            self.count_slipped(order.symbol);
        }
        self.orders.remove(order_id);
        self.protections.remove(order.protection);
        self.note_order(&order, TextView::FILLED, TextView::EMPTY, (time, position_id, price))?;
        if let Some(group) = &order.group {
            for member in self.orders.members(group) {
                if let Some(member) = self.orders.find(member).cloned() {
                    self.drop_order(&member, TextView::CANCELLED, TextView::OCO, time)?;
                }
            }
        }
        let now = self.position(position_id);
        Ok(now.filter(|now| now.side == order.side).map(|now| now.position_id))
    }

    /// An order is gone without a fill.
    pub(in crate::ledger) fn drop_order(
        &mut self,
        order: &Order,
        kind: TextView,
        detail: TextView,
        time: i64,
    ) -> Result<(), Stop> {
        self.orders.remove(order.order_id);
        self.protections.remove(order.protection);
        self.note_order(order, kind, detail, (time, 0, order.price()))
    }

    /// A row of the activity about an order.
    pub(in crate::ledger) fn note_order(
        &mut self,
        order: &Order,
        kind: TextView,
        detail: TextView,
        (time, position_id, price): (i64, u64, Price),
    ) -> Result<(), Stop> {
        let symbol = self.book_at(order.symbol).map_or(TextView::EMPTY, |book| book.symbol_text);
        self.note_activity(&ActivityRow {
            event: 0,
            time,
            kind,
            order_id: order.order_id,
            position_id,
            symbol,
            size: order.size,
            price,
            detail,
        })
    }
}
