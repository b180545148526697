//! Money in and out that belongs to no fill: fees, deposits, withdrawals (rules F1 to F3).

use super::account::Totals;
use super::posting::Entry;
use super::record::{EVENT_BYTES, op};
use super::{Ledger, check_id, checked, not_found};
use crate::columns::text::TextView;
use crate::currency::Currency;
use crate::event::{Cash, Fee, Receipt};
use crate::numbers::{Money, Overflow};
use crate::positions::Position;
use crate::refusal::{Refusal, Refused};

/// The totals after a flow, what was booked of it, and the residue.
type Flow = (Totals, Money, Money);

impl Ledger {
    pub(super) fn fee(&mut self, event: &Fee) -> Result<(), Refused> {
        event.position_id.map_or(Ok(()), check_id)?;
        self.check_time(event.time)?;
        let charged = match event.position_id {
            None => None,
            Some(position_id) => {
                let found = self.positions.find(position_id);
                let (row, position) = found.ok_or_else(|| not_found(position_id))?;
                Some((row, *position))
            }
        };
        if event.amount.is_zero() {
            return Err(Refusal::FeeIsZero.into());
        }
        let argument = "amount";
        let charged = match charged {
            None => None,
            Some((row, position)) => {
                let sum = position.entry_fee.checked_add(event.amount);
                let entry_fee = checked(sum, argument, &event.amount)?;
                Some((row, Position { entry_fee, ..position }))
            }
        };
        let amount = event.amount.negated();
        let totals = checked(self.with_flow(amount), argument, &event.amount)?;
        self.reserve_posting()?;
        self.account.fees = self.account.fees.plus(event.amount);
        self.record(op::FEE, event.time, |encoder| {
            encoder.signed(event.amount.raw());
            encoder.small(event.position_id.unwrap_or(0));
        });
        let mut symbol = TextView::EMPTY;
        if let Some((row, position)) = charged {
            symbol = self.book_at(position.symbol).map_or(symbol, |book| book.symbol_text);
            self.positions.update(row, &position);
        }
        let position_id = event.position_id.unwrap_or(0);
        let posting = Entry { kind: TextView::FEE, symbol, position_id, amount, time: event.time };
        self.commit_posting(&totals, &posting);
        Ok(())
    }

    pub(super) fn deposit(&mut self, event: &Cash) -> Result<(), Refused> {
        self.check_time(event.time)?;
        check_amount(event.amount)?;
        if let Some(code) = self.foreign_code(event) {
            return self.deposit_foreign(event, code);
        }
        self.transfer(event, event.amount, op::DEPOSIT, TextView::DEPOSIT)
    }

    pub(super) fn withdraw(&mut self, event: &Cash) -> Result<(), Refused> {
        self.check_time(event.time)?;
        check_amount(event.amount)?;
        if let Some(code) = self.foreign_code(event) {
            return self.withdraw_foreign(event, code);
        }
        let free = self.account.free_margin();
        if event.amount > free {
            return Err(Refusal::FundsNotFree { amount: event.amount, free }.into());
        }
        self.transfer(event, event.amount.negated(), op::WITHDRAW, TextView::WITHDRAWAL)
    }

    /// The currency of a flow, if it is not the account's.
    fn foreign_code(&self, event: &Cash) -> Option<Currency> {
        event.currency.filter(|&code| code != self.configuration.currency)
    }

    fn transfer(
        &mut self,
        event: &Cash,
        amount: Money,
        op: u8,
        kind: TextView,
    ) -> Result<(), Refused> {
        let totals = checked(self.with_flow(amount), "amount", &event.amount)?;
        self.reserve_posting()?;
        self.record(op, event.time, |encoder| {
            encoder.natural(event.amount.raw());
            encoder.text("");
        });
        let symbol = TextView::EMPTY;
        let posting = Entry { kind, symbol, position_id: 0, amount, time: event.time };
        self.commit_posting(&totals, &posting);
        Ok(())
    }

    /// The totals after the balance got an amount.
    fn with_flow(&self, amount: Money) -> Result<Flow, Overflow> {
        let (booked, residue) = self.booked(amount)?;
        let totals = Totals {
            balance: self.account.balance.checked_add(booked)?,
            equity: self.account.equity.checked_add(booked)?,
            ..self.account.totals()
        };
        totals.assert_identity();
        Ok((totals, booked, residue))
    }

    fn reserve_posting(&mut self) -> Result<(), Refused> {
        self.tables.postings.reserve(1)?;
        self.events.reserve(EVENT_BYTES)?;
        Ok(())
    }

    fn commit_posting(&mut self, flow: &Flow, entry: &Entry) {
        let (totals, booked, residue) = flow;
        self.account.residue = *residue;
        self.account.count_flow(entry.kind, *booked);
        self.account.store(totals, entry.time);
        let balance = totals.balance;
        let row = entry.row(self.account.events, *booked, balance, *residue);
        self.tables.postings.push(&row);
        let fee = if entry.kind == TextView::FEE { entry.amount.negated() } else { Money::ZERO };
        let (position_id, realized) = (entry.position_id, Money::ZERO);
        self.receipt = Receipt { position_id, order_id: 0, realized, fee, balance };
    }
}

fn check_amount(amount: Money) -> Result<(), Refused> {
    if amount.is_positive() {
        Ok(())
    } else {
        Err(Refusal::AmountMustBePositive { argument: "amount", amount }.into())
    }
}
