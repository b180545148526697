//! Cash in other currencies: paid in, paid out, exchanged (rules W7 to W9).

use super::Ledger;
use super::posting::Entry;
use super::record::{EVENT_BYTES, op};
use super::stop::Stop;
use super::value::Moving;
use crate::columns::rows::CashRow;
use crate::columns::text::TextView;
use crate::currency::Currency;
use crate::event::{Cash, Convert, Receipt};
use crate::numbers::{Money, Overflow, mul_div_half_even};
use crate::refusal::{Refusal, Refused};

/// A change of foreign cash.
struct Change {
    kind: TextView,
    code: Currency,
    /// In its own currency, signed.
    amount: Money,
    /// In account money, signed.
    worth: Money,
    time: i64,
}

impl Ledger {
    /// Rule W8 for a deposit whose time and amount were checked.
    pub(super) fn deposit_foreign(&mut self, event: &Cash, code: Currency) -> Result<(), Refused> {
        self.scoped(|ledger| {
            ledger.need_rate(code, "currency")?;
            let done = ledger.pay_in(event, code);
            done.map_err(|stop| stop.named("amount", &event.amount))?;
            ledger.finish_cash(event, code, op::DEPOSIT)
        })
    }

    fn pay_in(&mut self, event: &Cash, code: Currency) -> Result<(), Stop> {
        let worth = event.amount.at_rate(self.rate(code)?)?;
        let mut moving = self.moving();
        let kind = TextView::DEPOSIT;
        self.post(&account_entry(kind, worth, event.time), &mut moving)?;
        let change = Change { kind, code, amount: event.amount, worth, time: event.time };
        self.change_cash(&change, &mut moving)?;
        self.settle(&moving)?;
        Ok(())
    }

    /// Rule W8 for a withdrawal whose time and amount were checked.
    pub(super) fn withdraw_foreign(&mut self, event: &Cash, code: Currency) -> Result<(), Refused> {
        self.scoped(|ledger| {
            let rate = ledger.need_rate(code, "currency")?;
            ledger.check_cash_held(event.amount, code)?;
            let worth = event.amount.at_rate(rate);
            let worth = worth.map_err(|it| Stop::from(it).named("amount", &event.amount))?;
            let free = ledger.account.free_margin();
            if worth > free {
                return Err(Refusal::FundsNotFree { amount: worth, free }.into());
            }
            let done = ledger.pay_out(event, code, worth);
            done.map_err(|stop| stop.named("amount", &event.amount))?;
            ledger.finish_cash(event, code, op::WITHDRAW)
        })
    }

    fn pay_out(&mut self, event: &Cash, code: Currency, worth: Money) -> Result<(), Stop> {
        let mut moving = self.moving();
        let (kind, time) = (TextView::WITHDRAWAL, event.time);
        self.post(&account_entry(kind, worth.negated(), time), &mut moving)?;
        let (amount, out) = (event.amount.negated(), worth.negated());
        let change = Change { kind, code, amount, worth: out, time };
        let relieved = self.change_cash(&change, &mut moving)?;
        self.post_result(worth.checked_sub(relieved)?, time, &mut moving)?;
        self.settle(&moving)?;
        Ok(())
    }

    fn finish_cash(&mut self, event: &Cash, code: Currency, op: u8) -> Result<(), Refused> {
        self.events.reserve(EVENT_BYTES)?;
        self.record(op, event.time, |encoder| {
            encoder.natural(event.amount.raw());
            encoder.text(code.code());
        });
        self.account.count(event.time);
        self.receipt = Receipt { balance: self.account.balance, ..Receipt::default() };
        Ok(())
    }

    fn check_cash_held(&self, amount: Money, currency: Currency) -> Result<(), Refused> {
        let held = self.foreign.find(currency).map_or(Money::ZERO, |holding| holding.cash);
        if amount > held {
            return Err(Refusal::CashNotHeld { amount, held, currency }.into());
        }
        Ok(())
    }

    /// The result of cash that left.
    fn post_result(&mut self, amount: Money, time: i64, moving: &mut Moving) -> Result<(), Stop> {
        if amount.is_zero() {
            return Ok(());
        }
        self.post(&account_entry(TextView::FX, amount, time), moving)
    }

    /// Changes foreign cash, with its cost and its row; answers the cost that left.
    fn change_cash(&mut self, change: &Change, moving: &mut Moving) -> Result<Money, Stop> {
        self.tables.cash.reserve(1)?;
        let currency = self.texts.view(change.code.code())?;
        let event = self.account.events.wrapping_add(1);
        let found = self.foreign_mut().list.iter_mut().find(|it| it.code == change.code);
        let Some(holding) = found else { return Err(Stop::Overflow) };
        let mut relieved = Money::ZERO;
        if change.amount.is_negative() {
            let part = change.amount.negated();
            relieved = holding.cost.share(part.raw(), holding.cash.raw())?;
            holding.cost = holding.cost.checked_sub(relieved)?;
        } else {
            holding.cost = holding.cost.checked_add(change.worth)?;
        }
        holding.cash = holding.cash.checked_add(change.amount)?;
        let (rate, balance) = (holding.rate, holding.cash);
        self.tables.cash.push(&CashRow {
            event,
            time: change.time,
            kind: change.kind,
            currency,
            amount: change.amount,
            rate,
            value: change.worth,
            balance,
        });
        self.revalue_cash(moving)?;
        Ok(relieved)
    }

    /// Rule W9.
    pub(super) fn convert_cash(&mut self, event: &Convert) -> Result<(), Refused> {
        self.check_time(event.time)?;
        if event.from == event.to {
            let (argument, value) = ("to_currency", event.to.code().to_owned());
            let rule = "must be another currency";
            return Err(Refusal::ArgumentNotAllowed { argument, value, rule }.into());
        }
        let argument = "amount";
        if !event.amount.is_positive() {
            return Err(Refusal::AmountMustBePositive { argument, amount: event.amount }.into());
        }
        if let Some(rate) = event.rate.filter(|rate| !rate.is_positive()) {
            return Err(Refusal::RateMustBePositive { rate }.into());
        }
        self.scoped(|ledger| {
            let from = ledger.need_rate(event.from, "from_currency")?;
            let to = ledger.need_rate(event.to, "to_currency")?;
            let named = |stop: Stop| stop.named(argument, &event.amount);
            let rate = match event.rate {
                Some(rate) => Ok(rate),
                None => mul_div_half_even(from.raw(), Money::ONE.raw(), to.raw())
                    .and_then(Money::from_raw),
            };
            let rate = rate.map_err(|overflow| named(overflow.into()))?;
            if event.from == ledger.configuration.currency {
                let free = ledger.account.free_margin();
                if event.amount > free {
                    return Err(Refusal::FundsNotFree { amount: event.amount, free }.into());
                }
            } else {
                ledger.check_cash_held(event.amount, event.from)?;
            }
            let received = event.amount.at_rate(rate);
            let received = received.map_err(|overflow| named(overflow.into()))?;
            if received.is_zero() {
                return Err(Refusal::AmountMustBePositive { argument, amount: received }.into());
            }
            ledger.exchange(event, received).map_err(named)?;
            ledger.events.reserve(EVENT_BYTES)?;
            ledger.record(op::CONVERT, event.time, |encoder| {
                encoder.natural(event.amount.raw());
                encoder.text(event.from.code());
                encoder.text(event.to.code());
                encoder.natural(event.rate.map_or(0, Money::raw));
            });
            ledger.account.count(event.time);
            ledger.receipt = Receipt { balance: ledger.account.balance, ..Receipt::default() };
            Ok(())
        })
    }

    fn exchange(&mut self, event: &Convert, received: Money) -> Result<(), Stop> {
        let (account, time) = (self.configuration.currency, event.time);
        let worth = self.worth_of(event, received)?;
        let mut moving = self.moving();
        let kind = TextView::CONVERSION;
        let mut result = Money::ZERO;
        if event.from != account {
            let (amount, out) = (event.amount.negated(), worth.negated());
            let change = Change { kind, code: event.from, amount, worth: out, time };
            let relieved = self.change_cash(&change, &mut moving)?;
            result = worth.checked_sub(relieved)?;
        }
        if event.to != account {
            let change = Change { kind, code: event.to, amount: received, worth, time };
            self.change_cash(&change, &mut moving)?;
        }
        self.post_result(result, time, &mut moving)?;
        self.settle(&moving)?;
        Ok(())
    }

    /// What a deal is worth in account money.
    fn worth_of(&self, event: &Convert, received: Money) -> Result<Money, Overflow> {
        let account = self.configuration.currency;
        if event.from == account {
            Ok(event.amount)
        } else if event.to == account {
            Ok(received)
        } else {
            event.amount.at_rate(self.rate(event.from)?)
        }
    }
}

fn account_entry(kind: TextView, amount: Money, time: i64) -> Entry {
    Entry { kind, symbol: TextView::EMPTY, position_id: 0, amount, time }
}
