//! Checking what protects positions and orders (rules Q1 and Q2), and writing it (SPEC section 9).

use std::collections::TryReserveError;

use super::Ledger;
use super::legs::OpenLeg;
use crate::book::Book;
use crate::codec::{Bytes, Encoder};
use crate::event::{BreakEven, Protection, Side, Target};
use crate::numbers::{Price, Size};
use crate::positions::{Position, StopKind};
use crate::protection::{Protected, sum_of_sizes};
use crate::refusal::{Refusal, Refused};

/// Targets that a position may have.
const TARGETS_MAX: usize = 255;
/// The most bytes that one target takes.
const TARGET_BYTES: usize = 48;

/// The most bytes that a protection with so many targets takes.
pub(super) fn bytes_of(targets: usize) -> usize {
    targets.saturating_add(3).saturating_mul(TARGET_BYTES)
}

/// What a protection is held against.
#[derive(Debug, Clone, Copy)]
pub(super) struct Guarded {
    /// The side of the position that is or would be.
    pub(super) side: Side,
    /// What it holds.
    pub(super) size: Size,
    /// The fill or the market; nothing before a market order has one.
    pub(super) price: Option<Price>,
    /// The take profit, if any.
    pub(super) take_profit: Option<Price>,
    /// The time of the event.
    pub(super) time: i64,
}

fn on_tick(book: &Book, price: Price) -> bool {
    price.raw().checked_rem(book.tick()) == Some(0)
}

fn on_lot(book: &Book, size: Size) -> bool {
    size.raw().checked_rem(book.lot()) == Some(0)
}

fn not_allowed(argument: &'static str, value: String, rule: &'static str) -> Refused {
    Refusal::ProtectionNotAllowed { argument, value, rule }.into()
}

impl Guarded {
    /// All of rules Q1 and Q2.
    pub(super) fn check(&self, book: &Book, protection: &Protection<'_>) -> Result<(), Refused> {
        if protection.is_none() {
            return Ok(());
        }
        protection.trailing.map_or(Ok(()), |distance| self.check_trailing(book, distance))?;
        protection.break_even.map_or(Ok(()), |even| check_break_even(book, even))?;
        self.check_targets(book, protection.targets)?;
        protection.exit_time.map_or(Ok(()), |time| self.check_exit_time(time))
    }

    pub(super) fn check_trailing(&self, book: &Book, distance: Price) -> Result<(), Refused> {
        let refuse = |rule| Err(not_allowed("trailing", distance.to_string(), rule));
        if !distance.is_positive() {
            return refuse("must be greater than 0");
        }
        if !on_tick(book, distance) {
            return refuse("is not on the tick of the instrument");
        }
        let stop = self.price.map(|price| match self.side {
            Side::Long => price.checked_sub(distance),
            Side::Short => price.checked_add(distance),
        });
        match stop {
            Some(stop) if !stop.is_ok_and(Price::is_positive) => {
                refuse("leads to a stop that is not greater than 0")
            }
            _ => Ok(()),
        }
    }

    pub(super) fn check_targets(&self, book: &Book, targets: &[Target]) -> Result<(), Refused> {
        if targets.len() > TARGETS_MAX {
            let count = targets.len().to_string();
            return Err(not_allowed("targets", count, "more than 255 targets"));
        }
        for target in targets {
            self.check_target(book, target)?;
        }
        let all = sum_of_sizes(targets);
        if all.is_none_or(|all| all > self.size) {
            let sum = all.map_or_else(String::new, |all| all.to_string());
            return Err(not_allowed("targets", sum, "the targets are more than the size"));
        }
        Ok(())
    }

    fn check_target(&self, book: &Book, target: &Target) -> Result<(), Refused> {
        let Target { price, size } = *target;
        let refuse =
            |value: &dyn ToString, rule| Err(not_allowed("targets", value.to_string(), rule));
        if !price.is_positive() {
            return refuse(&price, "the price must be greater than 0");
        }
        if !on_tick(book, price) {
            return refuse(&price, "the price is not on the tick of the instrument");
        }
        let long = self.side == Side::Long;
        if self.price.is_some_and(|from| if long { price <= from } else { price >= from }) {
            return refuse(&price, "the price is not beyond the market");
        }
        if self.take_profit.is_some_and(|last| if long { price >= last } else { price <= last }) {
            return refuse(&price, "the price is not before take_profit");
        }
        if !size.is_positive() {
            return refuse(&size, "the size must be greater than 0");
        }
        if !on_lot(book, size) {
            return refuse(&size, "the size is not on the lot step of the instrument");
        }
        Ok(())
    }

    pub(super) fn check_exit_time(&self, time: i64) -> Result<(), Refused> {
        not_before("exit_time", time, self.time)
    }
}

/// A moment in the future of an event, or its own.
pub(super) fn not_before(argument: &'static str, time: i64, event: i64) -> Result<(), Refused> {
    if time < event {
        return Err(Refusal::TimeBeforeEvent { argument, time, event }.into());
    }
    Ok(())
}

pub(super) fn check_break_even(book: &Book, even: BreakEven) -> Result<(), Refused> {
    let BreakEven { trigger, offset } = even;
    let refuse = |value: Price, rule| Err(not_allowed("break_even", value.to_string(), rule));
    if !trigger.is_positive() {
        return refuse(trigger, "the trigger must be greater than 0");
    }
    if offset.is_negative() || offset >= trigger {
        return refuse(offset, "the offset must be from 0 to below the trigger");
    }
    for value in [trigger, offset] {
        if !on_tick(book, value) {
            return refuse(value, "is not on the tick of the instrument");
        }
    }
    Ok(())
}

/// A protection in steps of the instrument's grids, as the events have it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct ProtectionUnits {
    pub(super) trailing: i128,
    pub(super) break_even: [i128; 2],
    targets: Vec<[i128; 2]>,
    pub(super) exit_time: Option<i64>,
}

impl ProtectionUnits {
    /// Of a protection that was checked.
    pub(super) fn of(book: &Book, protection: &Protection<'_>) -> Self {
        let price = |price: Price| book.prices.units(price.raw()).unwrap_or(i128::MAX);
        let size = |size: Size| book.sizes.units(size.raw()).unwrap_or(i128::MAX);
        let target = |target: &Target| [price(target.price), size(target.size)];
        Self {
            trailing: protection.trailing.map_or(0, price),
            break_even: protection
                .break_even
                .map_or([0, 0], |even| [price(even.trigger), price(even.offset)]),
            targets: protection.targets.iter().map(target).collect(),
            exit_time: protection.exit_time,
        }
    }

    /// The most bytes that it takes.
    pub(super) fn bytes(&self) -> usize {
        bytes_of(self.targets.len())
    }

    pub(super) fn put(&self, encoder: &mut Encoder<'_>) {
        encoder.natural(self.trailing);
        self.break_even.iter().for_each(|&units| encoder.natural(units));
        self.put_targets(encoder);
        put_time(encoder, self.exit_time);
    }

    pub(super) fn put_targets(&self, encoder: &mut Encoder<'_>) {
        encoder.count(self.targets.len());
        self.targets.as_flattened().iter().for_each(|&units| encoder.natural(units));
    }
}

/// A time that may be missing.
pub(super) fn put_time(encoder: &mut Encoder<'_>, time: Option<i64>) {
    encoder.byte(u8::from(time.is_some()));
    if let Some(time) = time {
        encoder.signed(i128::from(time));
    }
}

impl Ledger {
    /// A fill has opened or increased a position: it gets the protection of the fill, and a
    /// trailing stop starts from its price (rules P2 and Q2).
    pub(super) fn protect(&mut self, position_id: u64, leg: &OpenLeg<'_>) {
        let Some((row, position)) = self.positions.find(position_id) else { return };
        if !leg.protection.is_none() {
            let mut after = *position;
            if let Some(distance) = leg.protection.trailing {
                after.tighten(after.stop_at(leg.price, distance), StopKind::Trailing);
            }
            if position.size == leg.size {
                after.initial_stop = after.stop_loss;
            }
            let before = self.protections.get(after.protection).cloned().unwrap_or_default();
            let protected = before.replaced_by(&leg.protection);
            after.protection = self.protections.replace(after.protection, protected);
            self.positions.update(row, &after);
        }
        let symbol = leg.symbol;
        self.follow(symbol, position_id);
    }

    /// The levels of a position have changed: `before` is what it was, nothing when it was opened,
    /// `after` what it is, nothing when it was closed. What protected a closed one goes with it.
    #[inline]
    pub(super) fn triggers_changed(&mut self, before: Option<&Position>, after: Option<&Position>) {
        if let (Some(before), None) = (before, after)
            && before.protection != 0
        {
            self.protections.remove(before.protection);
        }
        if let Some(position) = after.or(before) {
            self.follow(position.symbol, position.position_id);
        }
    }

    /// Brings the index of what the market may reach up to date with a position.
    #[inline]
    pub(super) fn follow(&mut self, symbol: u32, position_id: u64) {
        self.orders.follow(symbol, position_id, &self.positions, &self.protections);
    }

    /// A protection as the state has it: prices raw, sizes in steps.
    pub(super) fn put_protection(&self, encoder: &mut Encoder<'_>, place: u32, book: &Book) {
        let none = Protected::default();
        let protected = self.protections.get(place).unwrap_or(&none);
        let raw = |price: Price| price.raw();
        encoder.natural(protected.trailing.map_or(0, raw));
        let even =
            protected.break_even.map_or([0, 0], |even| [even.trigger.raw(), even.offset.raw()]);
        for raw in even {
            encoder.natural(raw);
        }
        encoder.count(protected.targets.len());
        for target in &protected.targets {
            encoder.natural(target.price.raw());
            encoder.natural(book.sizes.units(target.size.raw()).unwrap_or(i128::MAX));
        }
        put_time(encoder, protected.exit_time);
    }

    /// The most bytes that a protection takes in the state.
    pub(super) fn protection_bytes(&self, place: u32) -> usize {
        bytes_of(self.protections.get(place).map_or(0, |protected| protected.targets.len()))
    }
}

impl Ledger {
    /// The next id of an order, and how often a bar did not tell what came first.
    pub(super) fn order_counts(&self) -> (u64, u64) {
        (self.orders.next_id(), self.orders.ambiguous)
    }

    /// The protection of a position in the state's bytes.
    ///
    /// # Errors
    /// When the allocator refuses.
    pub(super) fn put_state_protection(
        &self,
        bytes: &mut Bytes,
        position: &Position,
    ) -> Result<(), TryReserveError> {
        let Some(book) = self.book_at(position.symbol) else { return Ok(()) };
        bytes.reserve(self.protection_bytes(position.protection))?;
        bytes.append(|encoder| self.put_protection(encoder, position.protection, book));
        Ok(())
    }
}
