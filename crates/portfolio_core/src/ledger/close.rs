//! Closing a position or a part of it (rules C1 to C6).

use super::account::Totals;
use super::record::{EVENT_BYTES, op};
use super::{Ledger, check_id, check_price, check_size, checked, not_found};
use crate::book::{Book, Holding};
use crate::columns::rows::{PostingRow, TradeRow};
use crate::columns::text::TextView;
use crate::event::{Close, Receipt, Side};
use crate::excursion::Seen;
use crate::instrument::check_text;
use crate::numbers::{Money, Overflow, Price, Size, Sum};
use crate::positions::Position;
use crate::refusal::{Refusal, Refused};

/// Everything that the commit of a close stores.
struct Plan {
    row: u32,
    size: Size,
    size_units: i128,
    price_units: i128,
    /// The position as it is before the close.
    position: Position,
    /// The marks that it saw.
    seen: Seen,
    numbers: Numbers,
}

/// The money of a close.
struct Numbers {
    gross: Money,
    net: Money,
    cost: Money,
    /// The worst result on the way, <= 0.
    adverse: Money,
    /// The best one, >= 0.
    favorable: Money,
    entry_fee: Money,
    balance_before_fee: Money,
    realized: Money,
    holding: Holding,
    symbol_margin: Money,
    totals: Totals,
    left: Left,
}

/// What is left of a position; no size when it is closed whole.
struct Left {
    size: Size,
    cost: Money,
    entry_fee: Money,
}

impl Ledger {
    #[inline]
    pub(super) fn close(&mut self, event: &Close<'_>) -> Result<(), Refused> {
        if self.some_general && self.is_general(event.position_id) {
            return self.close_in_full(event);
        }
        let plan = self.plan_close(event)?;
        self.tables.trades.reserve(1)?;
        self.tables.postings.reserve(2)?;
        self.events.reserve(EVENT_BYTES)?;
        let reason = self.texts.view(event.reason)?;
        self.commit_close(event, &plan, reason);
        Ok(())
    }

    #[inline(always)]
    fn plan_close(&self, event: &Close<'_>) -> Result<Plan, Refused> {
        check_id(event.position_id)?;
        check_text("reason", event.reason)?;
        self.check_time(event.time)?;
        let found = self.positions.find(event.position_id);
        let found = found.and_then(|(row, held)| Some((row, held, self.book_at(held.symbol)?)));
        let (row, position, book) = found.ok_or_else(|| not_found(event.position_id))?;
        let size = event.size.unwrap_or(position.size);
        let size_units = check_size(book, size)?;
        if size > position.size {
            return Err(Refusal::SizeAboveHeld { size, held: position.size }.into());
        }
        let price_units = check_price(book, "price", event.price)?;
        let seen = book.marks(position.side).seen(position.epoch);
        let numbers = self.value_close(event, book, (position, seen), size);
        let numbers = checked(numbers, "price", &event.price)?;
        numbers.totals.assert_identity();
        Ok(Plan { row, size, size_units, price_units, position: *position, seen, numbers })
    }

    /// The numbers after the close.
    #[inline(always)]
    fn value_close(
        &self,
        event: &Close<'_>,
        book: &Book,
        (position, seen): (&Position, Seen),
        size: Size,
    ) -> Result<Numbers, Overflow> {
        let (before, fee) = (&self.account, event.fee.unwrap_or(Money::ZERO));
        let side = position.side;
        let cost = relieved_cost(book, position, size)?;
        let gross = book.result(side, size, cost, event.price)?;
        let (adverse, favorable) = excursion(book, (side, seen), (size, cost), event.price)?;
        // Rule C5.
        let entry_fee = position.entry_fee.share(size.raw(), position.size.raw())?;
        let net = Sum::of(&[gross]).minus(entry_fee).minus(fee).finish()?;
        let balance_before_fee = before.balance.checked_add(gross)?;
        let held = book.holding(side);
        let mark = book.mark(side);
        let (size_after, cost_after) = (held.size.checked_sub(size)?, held.cost.checked_sub(cost)?);
        let holding = book.valued(side, size_after, cost_after, mark)?;
        let symbol_margin = book.margin_with(side, cost_after)?;
        let value = book.notional(size, mark)?;
        let was_unrealized = side.signed(value.checked_sub(cost)?);
        let equity = Sum::of(&[before.equity, gross]).minus(fee).minus(was_unrealized);
        let unrealized = Sum::of(&[before.unrealized, holding.unrealized]).minus(held.unrealized);
        let margin_used = Sum::of(&[before.margin_used, symbol_margin]).minus(book.margin);
        let (mut long_value, mut short_value) = (before.long_value, before.short_value);
        match side {
            Side::Long => long_value = long_value.checked_sub(value)?,
            Side::Short => short_value = short_value.checked_sub(value)?,
        }
        let totals = Totals {
            balance: balance_before_fee.checked_sub(fee)?,
            equity: equity.finish()?,
            unrealized: unrealized.finish()?,
            margin_used: margin_used.finish()?,
            long_value,
            short_value,
        };
        let realized = before.realized.checked_add(gross)?;
        let left = Left {
            size: position.size.checked_sub(size)?,
            cost: position.cost.checked_sub(cost)?,
            entry_fee: position.entry_fee.checked_sub(entry_fee)?,
        };
        Ok(Numbers {
            gross,
            net,
            cost,
            adverse,
            favorable,
            entry_fee,
            balance_before_fee,
            realized,
            holding,
            symbol_margin,
            totals,
            left,
        })
    }

    #[inline]
    fn commit_close(&mut self, event: &Close<'_>, plan: &Plan, reason: TextView) {
        let fee = event.fee.unwrap_or(Money::ZERO);
        self.record_close(event, (plan.size_units, plan.price_units), fee);
        let (position, numbers) = (&plan.position, &plan.numbers);
        self.account.store(&numbers.totals, event.time);
        self.account.realized = numbers.realized;
        let mut symbol = TextView::EMPTY;
        if let Some(book) = self.book_at_mut(position.symbol) {
            *book.holding_mut(position.side) = numbers.holding;
            book.margin = numbers.symbol_margin;
            if numbers.left.size.is_zero() {
                book.marks_mut(position.side).leave(plan.seen);
            }
            symbol = book.symbol_text;
        }
        self.commit_trade(event, plan, symbol, reason);
        let Left { size, cost, entry_fee } = numbers.left;
        if size.is_zero() {
            self.positions.remove(plan.row);
            self.triggers_changed(Some(position), None);
        } else {
            let left = Position { size, cost, entry_fee, ..*position };
            self.positions.update(plan.row, &left);
            self.triggers_changed(Some(position), Some(&left));
        }
        self.commit_close_postings(event, numbers, symbol);
        self.receipt = Receipt {
            position_id: event.position_id,
            order_id: 0,
            realized: numbers.gross,
            fee,
            balance: numbers.totals.balance,
        };
    }

    #[inline]
    pub(super) fn record_close(
        &mut self,
        event: &Close<'_>,
        (size, price): (i128, i128),
        fee: Money,
    ) {
        self.record(op::CLOSE, event.time, |encoder| {
            encoder.small(event.position_id);
            encoder.natural(size);
            encoder.natural(price);
            encoder.signed(fee.raw());
            encoder.text(event.reason);
        });
    }

    #[inline]
    fn commit_trade(&mut self, event: &Close<'_>, plan: &Plan, symbol: TextView, reason: TextView) {
        let (position, numbers) = (&plan.position, &plan.numbers);
        let side = match position.side {
            Side::Long => TextView::LONG,
            Side::Short => TextView::SHORT,
        };
        let trades = u64::try_from(self.tables.trades.len()).unwrap_or(u64::MAX);
        self.last_trade = TradeRow {
            trade_id: trades.saturating_add(1),
            position_id: event.position_id,
            symbol,
            side,
            size: plan.size,
            entry_time: position.entry_time,
            entry_price: position.entry_price,
            exit_time: event.time,
            exit_price: event.price,
            gross_pnl: numbers.gross,
            entry_fee: numbers.entry_fee,
            exit_fee: event.fee.unwrap_or(Money::ZERO),
            swap: Money::ZERO,
            net_pnl: numbers.net,
            cost: numbers.cost,
            mae: numbers.adverse,
            mfe: numbers.favorable,
            fx_pnl: Money::ZERO,
            slippage: Money::ZERO,
            stop_loss: position.initial_stop,
            take_profit: position.take_profit,
            tag: position.tag,
            reason,
        };
        self.tables.trades.push(&self.last_trade);
    }

    /// Rule C3.
    #[inline]
    fn commit_close_postings(&mut self, event: &Close<'_>, numbers: &Numbers, symbol: TextView) {
        let posting = PostingRow {
            event: self.account.events,
            time: event.time,
            kind: TextView::REALIZED,
            symbol,
            position_id: event.position_id,
            amount: numbers.gross,
            balance: numbers.balance_before_fee,
            residue: Money::ZERO,
        };
        self.tables.postings.push(&posting);
        let fee = event.fee.unwrap_or(Money::ZERO);
        if !fee.is_zero() {
            self.account.fees = self.account.fees.plus(fee);
            self.tables.postings.push(&PostingRow {
                kind: TextView::FEE,
                amount: fee.negated(),
                balance: numbers.totals.balance,
                ..posting
            });
        }
    }
}

/// Rule C4. A position has one entry price, so `cost * q / held` is `q * entry price * contract`
/// without a rest.
#[inline]
fn relieved_cost(book: &Book, position: &Position, size: Size) -> Result<Money, Overflow> {
    if size == position.size {
        return Ok(position.cost);
    }
    book.notional(size, position.entry_price)
}

/// The worst and the best result of a size on the way to its exit (rule X1). A mark was accepted
/// with more of the symbol held, so these are in range.
#[inline]
fn excursion(
    book: &Book,
    (side, seen): (Side, Seen),
    (size, cost): (Size, Money),
    exit: Price,
) -> Result<(Money, Money), Overflow> {
    let (low, high) = book.marks(side).range(seen, exit);
    let (worst, best) = match side {
        Side::Long => (low, high),
        Side::Short => (high, low),
    };
    let adverse = book.result(side, size, cost, worst)?.min(Money::ZERO);
    let favorable = book.result(side, size, cost, best)?.max(Money::ZERO);
    Ok((adverse, favorable))
}
