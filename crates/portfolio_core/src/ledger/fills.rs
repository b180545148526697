//! Every fill there was (rule L6): seen again when the events are applied again.

use super::Ledger;
use super::legs::{CloseLeg, OpenLeg};
use super::replay::Replayer;
use crate::columns::schema::{FILLS, View};
use crate::columns::text::TextView;
use crate::event::Side;
use crate::export::TableSnapshot;
use crate::numbers::{Money, Price, Size};
use crate::positions::Position;
use crate::rows_table::{Cells, RowsTable};

/// A fill.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fill {
    event: u64,
    time: i64,
    position_id: u64,
    order_id: u64,
    symbol: u32,
    buys: bool,
    size: Size,
    price: Price,
    fee: Money,
    realized: Money,
    maker: bool,
    reason: TextView,
}

impl Fill {
    pub(super) fn opened(leg: &OpenLeg<'_>, position_id: u64, fee: Money) -> Self {
        Self {
            event: 0,
            time: leg.time,
            position_id,
            order_id: leg.order_id,
            symbol: leg.symbol,
            buys: leg.side == Side::Long,
            size: leg.size,
            price: leg.price,
            fee,
            realized: Money::ZERO,
            maker: leg.maker,
            reason: TextView::EMPTY,
        }
    }

    pub(super) fn closed(
        leg: &CloseLeg,
        position: &Position,
        (size, fee, realized): (Size, Money, Money),
    ) -> Self {
        Self {
            event: 0,
            time: leg.time,
            position_id: leg.position_id,
            order_id: leg.order_id,
            symbol: position.symbol,
            buys: position.side == Side::Short,
            size,
            price: leg.price,
            fee,
            realized,
            maker: leg.maker,
            reason: leg.reason,
        }
    }
}

impl Ledger {
    /// Notes a fill of the event under way, when somebody wants to know.
    pub(super) fn note_fill(&mut self, fill: &Fill) {
        let event = self.account.events.wrapping_add(1);
        if let Some(fills) = &mut self.fills {
            fills.push(Fill { event, ..*fill });
        }
    }

    /// Every fill there was, in order.
    ///
    /// # Errors
    /// A description, when the recorded events cannot be applied again: a bug.
    pub fn fill_table(&self, view: View) -> Result<TableSnapshot, String> {
        let replayed = Replayer::recording(&self.configuration)
            .and_then(|replayer| replayer.replay_all(self))
            .map_err(|violation| violation.to_string())?;
        let fills = replayed.fills.as_deref().unwrap_or_default();
        let mut table = RowsTable::new(&FILLS);
        for fill in fills {
            let symbol = replayed.book_at(fill.symbol).map(|book| book.instrument.symbol.clone());
            let mut cells = Cells::new(&mut table);
            cells.count(fill.event).time(fill.time);
            cells.count(fill.position_id).count(fill.order_id);
            cells.text(&symbol.unwrap_or_default());
            cells.text(if fill.buys { "buy" } else { "sell" });
            cells.number(fill.size.raw()).number(fill.price.raw());
            cells.number(fill.fee.raw()).number(fill.realized.raw());
            cells.text(if fill.maker { "maker" } else { "taker" });
            cells.text(&replayed.text(fill.reason));
        }
        table.finish(view).map_err(|error| error.to_string())
    }
}
