//! Closing a position or a part of it (rules C1 to C6).

use super::record::{EVENT_BYTES, op};
use super::{Account, Ledger, check_id, check_price, check_size, checked};
use crate::book::{Book, Holding};
use crate::columns::rows::{PostingRow, TradeRow};
use crate::columns::text::TextView;
use crate::event::{Close, Receipt, Side};
use crate::instrument::check_text;
use crate::numbers::{Money, Overflow, Size, Sum, mul_div_half_even};
use crate::positions::Position;
use crate::refusal::Refusal;

/// Everything that the commit of a close stores.
struct Plan {
    row: u32,
    size: Size,
    size_units: i128,
    price_units: i128,
    symbol_text: TextView,
    numbers: Numbers,
}

/// The money of a close.
struct Numbers {
    gross: Money,
    net: Money,
    entry_fee: Money,
    balance_before_fee: Money,
    holding: Holding,
    symbol_unrealized: Money,
    symbol_margin: Money,
    account: Account,
    /// What is left of the position; nothing when it is closed whole.
    left: Option<Position>,
}

impl Ledger {
    pub(super) fn close(&mut self, event: &Close<'_>) -> Result<Receipt, Refusal> {
        let plan = self.plan_close(event)?;
        self.tables.trades.reserve(1)?;
        self.tables.postings.reserve(2)?;
        self.events.reserve(EVENT_BYTES)?;
        let reason = self.texts.view(event.reason)?;
        Ok(self.commit_close(event, &plan, reason))
    }

    fn plan_close(&self, event: &Close<'_>) -> Result<Plan, Refusal> {
        check_id(event.position_id)?;
        check_text("reason", event.reason)?;
        self.check_time(event.time)?;
        let missing = Refusal::PositionNotFound { position_id: event.position_id };
        let found = self.positions.find(event.position_id);
        let found = found.and_then(|(row, held)| Some((row, held, self.book_at(held.symbol)?)));
        let (row, position, book) = found.ok_or(missing)?;
        let size = event.size.unwrap_or(position.size);
        let size_units = check_size(book, size)?;
        if size > position.size {
            return Err(Refusal::SizeAboveHeld { size, held: position.size });
        }
        let price_units = check_price(book, "price", event.price)?;
        let numbers =
            checked(self.value_close(event, book, position, size), "price", &event.price)?;
        numbers.account.assert_identity();
        let symbol_text = book.symbol_text;
        Ok(Plan { row, size, size_units, price_units, symbol_text, numbers })
    }

    /// The numbers after the close.
    fn value_close(
        &self,
        event: &Close<'_>,
        book: &Book,
        position: &Position,
        size: Size,
    ) -> Result<Numbers, Overflow> {
        let before = &self.account;
        let whole = size == position.size;
        let part = Holding { size, cost: relieved_cost(book, position, size)? };
        let gross = book.result(position.side, part, event.price)?;
        let entry_fee = entry_fee_share(position, size)?;
        let net = Sum::of(&[gross]).minus(entry_fee).minus(event.fee).finish()?;
        let balance_before_fee = before.balance.checked_add(gross)?;
        let held = book.holding(position.side);
        let holding =
            Holding { size: held.size.checked_sub(size)?, cost: held.cost.checked_sub(part.cost)? };
        let (long, short) = match position.side {
            Side::Long => (holding, book.short),
            Side::Short => (book.long, holding),
        };
        let symbol_unrealized = book.value(long, short, (book.bid, book.ask))?;
        let symbol_margin = book.margin_of(long.cost.checked_add(short.cost)?)?;
        let was_unrealized = book.result(position.side, part, book.mark(position.side))?;
        let equity = Sum::of(&[before.equity, gross]).minus(event.fee).minus(was_unrealized);
        let unrealized = Sum::of(&[before.unrealized, symbol_unrealized]).minus(book.unrealized);
        let margin_used = Sum::of(&[before.margin_used, symbol_margin]).minus(book.margin);
        let account = Account {
            balance: balance_before_fee.checked_sub(event.fee)?,
            equity: equity.finish()?,
            unrealized: unrealized.finish()?,
            margin_used: margin_used.finish()?,
            realized: before.realized.checked_add(gross)?,
            ..*before
        };
        let left = if whole { None } else { Some(remainder(book, position, part, entry_fee)?) };
        Ok(Numbers {
            gross,
            net,
            entry_fee,
            balance_before_fee,
            holding,
            symbol_unrealized,
            symbol_margin,
            account,
            left,
        })
    }

    fn commit_close(&mut self, event: &Close<'_>, plan: &Plan, reason: TextView) -> Receipt {
        let mut encoder = self.begin_event(op::CLOSE, event.time);
        encoder.unsigned(u128::from(event.position_id));
        encoder.natural(plan.size_units);
        encoder.natural(plan.price_units);
        encoder.signed(event.fee.raw());
        encoder.text(event.reason);
        let numbers = &plan.numbers;
        self.account = numbers.account;
        self.account.count(event.time);
        let place = usize::try_from(plan.row).unwrap_or(usize::MAX);
        if let Some(position) = self.positions.rows().get(place).copied() {
            self.commit_trade(event, plan, &position, reason);
            if let Some(book) = self.book_at_mut(position.symbol) {
                match position.side {
                    Side::Long => book.long = numbers.holding,
                    Side::Short => book.short = numbers.holding,
                }
                book.unrealized = numbers.symbol_unrealized;
                book.margin = numbers.symbol_margin;
            }
        }
        match numbers.left {
            Some(left) => self.positions.update(plan.row, left),
            None => self.positions.remove(plan.row),
        }
        self.commit_close_postings(event, plan);
        Receipt {
            position_id: event.position_id,
            realized: numbers.gross,
            fee: event.fee,
            balance: self.account.balance,
        }
    }

    fn commit_trade(
        &mut self,
        event: &Close<'_>,
        plan: &Plan,
        position: &Position,
        reason: TextView,
    ) {
        let side = match position.side {
            Side::Long => TextView::LONG,
            Side::Short => TextView::SHORT,
        };
        let trades = u64::try_from(self.tables.trades.len()).unwrap_or(u64::MAX);
        self.last_trade = TradeRow {
            trade_id: trades.saturating_add(1),
            position_id: event.position_id,
            symbol: plan.symbol_text,
            side,
            size: plan.size,
            entry_time: position.entry_time,
            entry_price: position.entry_price,
            exit_time: event.time,
            exit_price: event.price,
            gross_pnl: plan.numbers.gross,
            entry_fee: plan.numbers.entry_fee,
            exit_fee: event.fee,
            net_pnl: plan.numbers.net,
            stop_loss: position.initial_stop,
            take_profit: position.take_profit,
            tag: position.tag,
            reason,
        };
        self.tables.trades.append(&self.last_trade);
    }

    /// Rule C3.
    fn commit_close_postings(&mut self, event: &Close<'_>, plan: &Plan) {
        let posting = PostingRow {
            event: self.account.events,
            time: event.time,
            kind: TextView::REALIZED,
            symbol: plan.symbol_text,
            position_id: event.position_id,
            amount: plan.numbers.gross,
            balance: plan.numbers.balance_before_fee,
        };
        self.tables.postings.append(&posting);
        if !event.fee.is_zero() {
            self.tables.postings.append(&PostingRow {
                kind: TextView::FEE,
                amount: event.fee.negated(),
                balance: self.account.balance,
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

/// Rule C5.
#[inline]
fn entry_fee_share(position: &Position, size: Size) -> Result<Money, Overflow> {
    if size == position.size || position.entry_fee.is_zero() {
        return Ok(position.entry_fee);
    }
    let fee = position.entry_fee.raw();
    Money::from_raw(mul_div_half_even(fee, size.raw(), position.size.raw())?)
}

/// What is left of a position after a part of it is closed.
fn remainder(
    book: &Book,
    position: &Position,
    part: Holding,
    entry_fee: Money,
) -> Result<Position, Overflow> {
    let cost = position.cost.checked_sub(part.cost)?;
    Ok(Position {
        size: position.size.checked_sub(part.size)?,
        cost,
        margin: book.margin_of(cost)?,
        entry_fee: position.entry_fee.checked_sub(entry_fee)?,
        ..*position
    })
}
