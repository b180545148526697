//! Changing protection (rules D1, D2, Q1 and Q2).

use super::protect::{Guarded, ProtectionUnits, put_time};
use super::record::{EVENT_BYTES, mask, op};
use super::{Ledger, check_id, check_level, not_found};
use crate::book::Book;
use crate::codec::Encoder;
use crate::event::{Change, Level, Modify, Protection, Receipt, Side};
use crate::numbers::Price;
use crate::positions::{Position, StopKind};
use crate::protection::Protected;
use crate::refusal::{LevelKind, Refusal, Refused};

/// The steps of what is given on the grid.
struct Units {
    /// The levels, 0 to remove them; nothing when they stay.
    levels: [Option<i128>; 2],
    protection: ProtectionUnits,
}

impl Ledger {
    pub(super) fn modify(&mut self, event: &Modify<'_>) -> Result<(), Refused> {
        check_id(event.position_id)?;
        let given = mask_of(event);
        if given == 0 {
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
        let market = book.mark(position.side);
        let after = modified(event, &position, market);
        let protection = given_protection(event);
        let guarded = Guarded {
            side: position.side,
            size: position.size,
            price: Some(market),
            take_profit: Some(after.take_profit).filter(|level| !level.is_zero()),
            time: event.time,
        };
        guarded.check(book, &protection)?;
        let protection = ProtectionUnits::of(book, &protection);
        self.events.reserve(EVENT_BYTES.saturating_add(protection.bytes()))?;
        let units = Units { levels: [stop, target], protection };
        self.commit_modify(event, (row, after), &units);
        Ok(())
    }

    fn commit_modify(&mut self, event: &Modify<'_>, (row, after): (u32, Position), units: &Units) {
        let given = mask_of(event);
        self.record(op::MODIFY, event.time, |encoder| {
            encoder.small(event.position_id);
            encoder.byte(given);
            put_changes(encoder, event, units);
        });
        self.account.count(event.time);
        let mut after = after;
        if given & !(mask::STOP_LOSS | mask::TAKE_PROFIT) != 0 {
            let before = self.protections.get(after.protection).cloned().unwrap_or_default();
            let protected = changed_protection(event, before);
            after.protection = self.protections.replace(after.protection, protected);
        }
        self.positions.update(row, &after);
        self.follow(after.symbol, after.position_id);
        let balance = self.account.balance;
        self.receipt = Receipt { position_id: event.position_id, balance, ..Receipt::default() };
    }
}

/// What is given, one bit each.
fn mask_of(event: &Modify<'_>) -> u8 {
    let bit = |keeps: bool, bit: u8| if keeps { 0 } else { bit };
    bit(event.stop_loss == Change::Keep, mask::STOP_LOSS)
        | bit(event.take_profit == Change::Keep, mask::TAKE_PROFIT)
        | bit(event.trailing == Change::Keep, mask::TRAILING)
        | bit(event.break_even == Change::Keep, mask::BREAK_EVEN)
        | bit(event.targets == Change::Keep, mask::TARGETS)
        | bit(event.exit_time == Change::Keep, mask::EXIT_TIME)
}

fn put_changes(encoder: &mut Encoder<'_>, event: &Modify<'_>, units: &Units) {
    units.levels.into_iter().flatten().for_each(|level| encoder.natural(level));
    let protection = &units.protection;
    if event.trailing != Change::Keep {
        encoder.natural(protection.trailing);
    }
    if event.break_even != Change::Keep {
        protection.break_even.iter().for_each(|&units| encoder.natural(units));
    }
    if event.targets != Change::Keep {
        protection.put_targets(encoder);
    }
    if event.exit_time != Change::Keep {
        put_time(encoder, protection.exit_time);
    }
}

/// What is set.
fn given_protection<'a>(event: &Modify<'a>) -> Protection<'a> {
    Protection {
        trailing: event.trailing.set(),
        break_even: event.break_even.set(),
        targets: event.targets.set().unwrap_or_default(),
        exit_time: event.exit_time.set(),
    }
}

/// The protection with what is given.
fn changed_protection(event: &Modify<'_>, before: Protected) -> Protected {
    Protected {
        trailing: event.trailing.over(before.trailing),
        break_even: event.break_even.over(before.break_even),
        targets: match event.targets {
            Change::Keep => before.targets,
            Change::Remove => Vec::new(),
            Change::Set(targets) => targets.to_vec(),
        },
        exit_time: event.exit_time.over(before.exit_time),
    }
}

/// The position with its new levels; a trailing stop starts from the market.
fn modified(event: &Modify<'_>, position: &Position, market: Price) -> Position {
    let mut after = *position;
    if event.stop_loss != Change::Keep {
        after.stop_loss = event.stop_loss.set().unwrap_or(Price::ZERO);
        after.stop_kind = StopKind::Own;
    }
    if event.take_profit != Change::Keep {
        after.take_profit = event.take_profit.set().unwrap_or(Price::ZERO);
    }
    if let Change::Set(distance) = event.trailing {
        after.tighten(after.stop_at(market, distance), StopKind::Trailing);
    }
    after
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
