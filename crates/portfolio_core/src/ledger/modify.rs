//! Changing protective levels (rules D1 and D2).

use super::record::{EVENT_BYTES, mask, op};
use super::{Ledger, check_id, check_level, not_found};
use crate::book::Book;
use crate::event::{Level, Modify, Receipt, Side};
use crate::numbers::Price;
use crate::positions::{Position, StopKind};
use crate::refusal::{LevelKind, Refusal, Refused};

impl Ledger {
    pub(super) fn modify(&mut self, event: &Modify<'_>) -> Result<(), Refused> {
        check_id(event.position_id)?;
        if event.stop_loss == Level::Keep && event.take_profit == Level::Keep {
            return Err(Refusal::NothingToModify.into());
        }
        self.check_time(event.time)?;
        let found = self.positions.find(event.position_id);
        let found = found.and_then(|(row, held)| Some((row, *held, self.book_at(held.symbol)?)));
        let (row, position, book) = found.ok_or_else(|| not_found(event.position_id))?;
        let long = position.side == Side::Long;
        let stop = check_change(book, &position, LevelKind::StopLoss, event.stop_loss, long)?;
        let target =
            check_change(book, &position, LevelKind::TakeProfit, event.take_profit, !long)?;
        self.events.reserve(EVENT_BYTES)?;
        self.commit_modify(event, row, position, [stop, target]);
        Ok(())
    }

    fn commit_modify(
        &mut self,
        event: &Modify<'_>,
        row: u32,
        position: Position,
        units: [Option<i128>; 2],
    ) {
        let [stop, target] = units;
        let stop_bit = if stop.is_some() { mask::STOP_LOSS } else { 0 };
        let target_bit = if target.is_some() { mask::TAKE_PROFIT } else { 0 };
        self.record(op::MODIFY, event.time, |encoder| {
            encoder.small(event.position_id);
            encoder.byte(stop_bit | target_bit);
            units.into_iter().flatten().for_each(|level| encoder.natural(level));
        });
        self.account.count(event.time);
        let stop_loss = changed(event.stop_loss, position.stop_loss);
        let take_profit = changed(event.take_profit, position.take_profit);
        let stop_kind = match event.stop_loss {
            Level::Keep => position.stop_kind,
            Level::Remove | Level::Set(_) => StopKind::Own,
        };
        let after = Position { stop_loss, take_profit, stop_kind, ..position };
        self.positions.update(row, &after);
        self.triggers_changed(Some(&position), Some(&after));
        let balance = self.account.balance;
        self.receipt = Receipt { position_id: event.position_id, balance, ..Receipt::default() };
    }
}

const fn changed(level: Level, now: Price) -> Price {
    match level {
        Level::Keep => now,
        Level::Remove => Price::ZERO,
        Level::Set(price) => price,
    }
}

/// The steps of a new level on the grid, 0 to remove it; nothing when it stays.
fn check_change(
    book: &Book,
    position: &Position,
    kind: LevelKind,
    level: Level,
    below: bool,
) -> Result<Option<i128>, Refused> {
    match level {
        Level::Keep => Ok(None),
        Level::Remove => Ok(Some(0)),
        Level::Set(price) => {
            check_level(book, kind, price, book.mark(position.side), below).map(Some)
        }
    }
}
