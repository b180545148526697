//! Rows of orders, and of two positions that are closed against each other.

use super::cells::{Read, RowReader};
use super::words::{ORDER_TYPES, OrderType};
use crate::event::{CancelOrder, CloseBy, OrderKind, PlaceOrder, Protection, Target};
use crate::import::CellError;
use crate::numbers::Price;
use crate::refusal::Code;

impl<'a> RowReader<'_, 'a> {
    pub(super) fn order<'t>(&self, targets: &'t mut Vec<Target>) -> Read<PlaceOrder<'t>>
    where
        'a: 't,
    {
        let columns = self.columns;
        let time = self.needed_time()?;
        let symbol = self.symbol(None)?;
        let side = self.side()?;
        let size = self.size()?;
        let size = self.needed("size", size)?;
        let price = self.price("price", &columns.price)?;
        let stop_loss = self.level("stop_loss", &columns.stop_loss)?;
        let take_profit = self.level("take_profit", &columns.take_profit)?;
        let tag = self.note("tag", &columns.tag)?;
        let protection =
            if columns.protects { self.protection(targets)? } else { Protection::NONE };
        let rule = "must be 'market', 'limit' or 'stop'";
        let order_type = self.word("type", &columns.order_type, &ORDER_TYPES, rule)?;
        let expiry = self.moment("expiry", &columns.expiry)?;
        let oco = self.note("oco", &columns.oco)?;
        let kind = self.order_kind(order_type.unwrap_or(OrderType::Limit), price)?;
        Ok(PlaceOrder {
            symbol,
            side,
            size,
            time,
            kind,
            expiry,
            oco,
            stop_loss,
            take_profit,
            protection,
            tag,
        })
    }

    /// A market order has no price, the others have one.
    fn order_kind(&self, order_type: OrderType, price: Option<Price>) -> Read<OrderKind> {
        let refuse = |value, rule, remedy| {
            let code = Code::InvalidArgument;
            Err(self.fault("price", &CellError::Text { value, code, rule, remedy }))
        };
        match (order_type, price) {
            (OrderType::Market, None) => Ok(OrderKind::Market),
            (OrderType::Limit, Some(price)) => Ok(OrderKind::Limit(price)),
            (OrderType::Stop, Some(price)) => Ok(OrderKind::Stop(price)),
            (OrderType::Market, Some(price)) => {
                refuse(price.to_string(), "a market order has no price", "leave the price out")
            }
            (OrderType::Limit | OrderType::Stop, None) => {
                refuse("null".to_owned(), "a limit or stop order needs a price", "pass a price")
            }
        }
    }

    pub(super) fn cancel(&self) -> Read<CancelOrder> {
        let time = self.needed_time()?;
        let rule = "a number of an order is from 1 to 2^64 - 1";
        let order_id = self.whole::<u64>("order_id", &self.columns.order_id, rule)?;
        match self.needed("order_id", order_id)? {
            0 => {
                let (value, code) = ("0".to_owned(), Code::InvalidArgument);
                let remedy = "pass the order_id that a receipt gave";
                Err(self.fault("order_id", &CellError::Whole { value, code, rule, remedy }))
            }
            order_id => Ok(CancelOrder { order_id, time }),
        }
    }

    pub(super) fn close_by(&self) -> Read<CloseBy> {
        let time = self.needed_time()?;
        let size = self.size()?;
        let position_id = self.id()?;
        let position_id = self.needed("position_id", position_id)?;
        let fee = self.money("fee", &self.columns.fee)?;
        let other_id = self.id_of("other_id", &self.columns.other_id)?;
        let other_id = self.needed("other_id", other_id)?;
        Ok(CloseBy { position_id, other_id, time, size, fee })
    }
}
