//! What is booked: each change of the balance is a posting (rules A2 and W11).

use super::{Ledger, Rounding};
use crate::columns::rows::PostingRow;
use crate::columns::text::TextView;
use crate::numbers::{Money, Overflow, Sum, div_half_even};

/// A posting to be: what it is, and whom it concerns.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    pub(super) kind: TextView,
    pub(super) symbol: TextView,
    pub(super) position_id: u64,
    pub(super) amount: Money,
    pub(super) time: i64,
}

impl Entry {
    /// The row of the posting.
    pub(super) fn row(
        &self,
        event: u64,
        amount: Money,
        balance: Money,
        residue: Money,
    ) -> PostingRow {
        let Self { kind, symbol, position_id, time, .. } = *self;
        PostingRow { event, time, kind, symbol, position_id, amount, balance, residue }
    }
}

impl Ledger {
    /// The results of all closes so far, and all fees.
    pub(super) fn results(&self) -> (Money, Sum) {
        (self.account.realized, self.account.fees)
    }

    /// Adds to the receipt of an event what its fills came to since then.
    pub(super) fn answer_results(&mut self, (realized, fees): (Money, Sum)) {
        let made = Sum::of(&[self.account.realized]).minus(realized);
        self.receipt.realized = made.saturated();
        self.receipt.fee = self.account.fees.minus_sum(fees).saturated();
    }

    /// What is booked of an amount, and the residue after it.
    #[inline]
    pub(super) fn booked(&self, amount: Money) -> Result<(Money, Money), Overflow> {
        match self.configuration.rounding {
            Rounding::Exact => Ok((amount, Money::ZERO)),
            Rounding::Cents => self.rounded_amount(amount),
        }
    }

    fn rounded_amount(&self, amount: Money) -> Result<(Money, Money), Overflow> {
        let exact = Sum::of(&[amount, self.account.residue]).finish()?;
        let digits = self.configuration.currency.digits();
        let unit = 10_i128.pow(Money::SCALE.saturating_sub(digits));
        let booked = div_half_even(exact.raw(), unit).checked_mul(unit).ok_or(Overflow)?;
        let booked = Money::from_raw(booked)?;
        Ok((booked, exact.checked_sub(booked)?))
    }
}
