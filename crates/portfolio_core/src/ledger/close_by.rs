//! Two positions of one symbol and of opposite sides, closed against each other (rule P6).

use super::legs::CloseLeg;
use super::record::{EVENT_BYTES, op};
use super::stop::Stop;
use super::{Ledger, check_id, check_size, not_found};
use crate::columns::text::TextView;
use crate::event::CloseBy;
use crate::numbers::{Money, Size};
use crate::positions::Position;
use crate::refusal::{Refusal, Refused};

impl Ledger {
    pub(super) fn close_by(&mut self, event: &CloseBy) -> Result<(), Refused> {
        check_id(event.position_id)?;
        check_id(event.other_id)?;
        self.check_time(event.time)?;
        let find = |id| self.positions.find(id).map(|(_, position)| *position);
        let position = find(event.position_id).ok_or_else(|| not_found(event.position_id))?;
        let other_id = event.other_id;
        let other = find(other_id).ok_or(Refusal::OtherNotFound { other_id })?;
        if position.symbol != other.symbol || position.side == other.side {
            let (argument, value) = ("other_id", other_id.to_string());
            let rule = "must be of the same symbol and of the opposite side";
            return Err(Refusal::ArgumentNotAllowed { argument, value, rule }.into());
        }
        let most = position.size.min(other.size);
        let size = event.size.unwrap_or(most);
        let units = self.check_part(size, &position, &other)?;
        if size > most {
            return Err(Refusal::SizeAboveHeld { size, held: most }.into());
        }
        self.scoped(|ledger| {
            let done = ledger.close_both(event, &other, size);
            done.map_err(|stop| stop.named("size", &size))?;
            ledger.events.reserve(EVENT_BYTES)?;
            let fee = ledger.receipt.fee;
            ledger.record(op::CLOSE_BY, event.time, |encoder| {
                encoder.small(event.position_id);
                encoder.small(event.other_id);
                encoder.natural(units);
                encoder.signed(fee.raw());
            });
            ledger.account.count(event.time);
            Ok(())
        })
    }

    /// The steps of a size on the grid; what closes a position whole may be off the lot step.
    fn check_part(
        &self,
        size: Size,
        position: &Position,
        other: &Position,
    ) -> Result<i128, Refused> {
        let Some(book) = self.book_at(position.symbol) else {
            return Err(not_found(position.position_id));
        };
        let whole = size == position.size || size == other.size;
        match book.sizes.units(size.raw()) {
            Some(units) if whole => Ok(units),
            _ => check_size(book, size),
        }
    }

    fn close_both(&mut self, event: &CloseBy, other: &Position, size: Size) -> Result<(), Stop> {
        let price = other.entry_price;
        let first = CloseLeg {
            position_id: event.position_id,
            size: Some(size),
            price,
            reference: price,
            time: event.time,
            fee: event.fee,
            maker: false,
            reason: TextView::CLOSE_BY,
            order_id: 0,
        };
        self.close_leg(&first)?;
        let receipt = self.receipt;
        self.leave(&CloseLeg { position_id: event.other_id, ..first }, Money::ZERO)?;
        self.receipt.position_id = receipt.position_id;
        self.receipt.fee = receipt.fee;
        self.receipt.realized = receipt.realized.checked_add(self.receipt.realized)?;
        Ok(())
    }
}
