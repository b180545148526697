//! What a split makes of protection and orders (rule L3).

use super::Ledger;
use super::split::Ratio;
use super::stop::Stop;
use crate::book::Book;
use crate::columns::rows::ActivityRow;
use crate::columns::text::TextView;
use crate::event::{BreakEven, OrderKind, Target};
use crate::numbers::{Overflow, Price};
use crate::orders::Order;
use crate::positions::Position;
use crate::protection::Protected;

impl Ratio {
    /// A protection in new units.
    fn protected(&self, book: &Book, before: &Protected) -> Result<Protected, Overflow> {
        let above_0 = |price: Price| Some(price).filter(|price| price.is_positive());
        let trailing = before.trailing.map(|distance| self.price(book, distance)).transpose()?;
        let break_even = match before.break_even {
            None => None,
            Some(BreakEven { trigger, offset }) => {
                let offset = self.price(book, offset)?;
                let trigger = above_0(self.price(book, trigger)?);
                trigger.map(|trigger| BreakEven { trigger, offset })
            }
        };
        let target = |target: &Target| -> Result<Target, Overflow> {
            let price = self.price(book, target.price)?;
            Ok(Target { price, size: self.size(book, target.size)? })
        };
        let targets = before.targets.iter().map(target).collect::<Result<_, _>>()?;
        let exit_time = before.exit_time;
        Ok(Protected { trailing: trailing.and_then(above_0), break_even, targets, exit_time })
    }
}

/// A target that a split leaves nothing of.
fn is_empty(target: &Target) -> bool {
    target.size.is_zero() || target.price.is_zero()
}

impl Ledger {
    /// The place of the protection of a position after a split; targets without a size are gone.
    pub(super) fn split_protection(
        &mut self,
        position: &Position,
        ratio: &Ratio,
        time: i64,
    ) -> Result<u32, Stop> {
        let before = self.protections.get(position.protection).cloned();
        let (Some(before), Some(book)) = (before, self.book_at(position.symbol)) else {
            return Ok(position.protection);
        };
        let symbol = book.symbol_text;
        let mut after = ratio.protected(book, &before)?;
        let owner = (0, position.position_id);
        self.drop_targets((&before, &mut after), owner, symbol, time)?;
        Ok(self.protections.replace(position.protection, after))
    }

    /// Targets without a size are gone; `owner` is the order or the position that they belong to.
    fn drop_targets(
        &mut self,
        (before, after): (&Protected, &mut Protected),
        (order_id, position_id): (u64, u64),
        symbol: TextView,
        time: i64,
    ) -> Result<(), Stop> {
        for (target, before) in after.targets.iter().zip(&before.targets) {
            if is_empty(target) {
                let (kind, detail) = (TextView::CANCELLED, TextView::SPLIT);
                let Target { size, price } = *before;
                self.note_activity(&ActivityRow {
                    event: 0,
                    time,
                    kind,
                    order_id,
                    position_id,
                    symbol,
                    size,
                    price,
                    detail,
                })?;
            }
        }
        after.targets.retain(|target| !is_empty(target));
        Ok(())
    }

    /// What the resting orders of a symbol are after a split, by number.
    pub(super) fn split_orders(
        &mut self,
        symbol: u32,
        ratio: &Ratio,
        time: i64,
    ) -> Result<(), Stop> {
        let of_symbol = self.orders.iter().filter(|order| order.symbol == symbol);
        let orders: Vec<Order> = of_symbol.cloned().collect();
        for order in orders {
            self.split_order(&order, ratio, time)?;
        }
        Ok(())
    }

    fn split_order(&mut self, order: &Order, ratio: &Ratio, time: i64) -> Result<(), Stop> {
        let Some(book) = self.book_at(order.symbol) else { return Ok(()) };
        let price = |price| ratio.price(book, price);
        let kind = match order.kind {
            OrderKind::Market => OrderKind::Market,
            OrderKind::Limit(at) => OrderKind::Limit(price(at)?),
            OrderKind::Stop(at) => OrderKind::Stop(price(at)?),
        };
        let size = ratio.size(book, order.size)?;
        let after = Order { kind, size, ..order.clone() };
        let without_price = after.price().is_zero() && kind != OrderKind::Market;
        if size.is_zero() || without_price {
            // What is gone has no levels that could be out of range.
            return self.drop_order(order, TextView::CANCELLED, TextView::SPLIT, time);
        }
        let (stop_loss, take_profit) = (price(order.stop_loss)?, price(order.take_profit)?);
        let symbol = book.symbol_text;
        let before = self.protections.get(order.protection).cloned();
        let protected = before.as_ref().map(|before| ratio.protected(book, before)).transpose()?;
        let after = Order { stop_loss, take_profit, ..after };
        let mut protection = order.protection;
        if let Some((before, mut after)) = before.zip(protected) {
            self.drop_targets((&before, &mut after), (order.order_id, 0), symbol, time)?;
            protection = self.protections.replace(protection, after);
        }
        self.orders.remove(order.order_id);
        self.orders.put_back(Order { protection, ..after });
        Ok(())
    }
}
