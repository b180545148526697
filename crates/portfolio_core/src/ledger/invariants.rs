//! The named invariants (SPEC section 10).
//!
//! [`Ledger::check_account`] needs only what is in memory for the next event anyway and runs after
//! every event in debug builds and tests. [`Ledger::check_invariants`] looks at every row and runs
//! on `verify`, on recovery and whenever asked.

use std::fmt;

use super::{Ledger, Rounding};
use crate::book::{Book, Holding};
use crate::columns::schema::{CASH_LEDGER, LEDGER, TRADES};
use crate::columns::text::TextView;
use crate::event::Side;
use crate::export::exact_money;
use crate::numbers::{Money, Overflow, Sum};

/// A broken invariant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The name of the invariant.
    pub name: &'static str,
    /// The numbers.
    pub details: String,
}

impl fmt::Display for Violation {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.name, self.details)
    }
}

impl From<Overflow> for Violation {
    fn from(overflow: Overflow) -> Self {
        Self { name: "numbers_in_range", details: overflow.to_string() }
    }
}

fn hold(
    name: &'static str,
    holds: bool,
    details: impl FnOnce() -> String,
) -> Result<(), Violation> {
    if holds { Ok(()) } else { Err(Violation { name, details: details() }) }
}

/// Sums over positions, to be held against a book.
#[derive(Default, Clone, Copy)]
struct Sums {
    long: Holding,
    short: Holding,
}

impl Ledger {
    /// The invariants of account, books and positions.
    ///
    /// # Errors
    /// The first one that does not hold.
    pub fn check_account(&self) -> Result<(), Violation> {
        let account = &self.account;
        let sum = account.balance.checked_add(account.unrealized)?;
        hold("equity_identity", sum == account.equity, || {
            format!("{} + {} != {}", account.balance, account.unrealized, account.equity)
        })?;
        let sums = self.sum_positions()?;
        let (mut unrealized, mut margin) = (Sum::ZERO, Money::ZERO);
        let (mut longs, mut shorts) = (Sum::ZERO, Sum::ZERO);
        for (book, sums) in self.books.iter().zip(&sums) {
            check_book(book, sums)?;
            let (_, _, valued) = self.valuation(book)?;
            let symbol = &book.instrument.symbol;
            hold("margin_matches_book", valued.margin == book.margin, || {
                format!("{symbol}: from the positions {}, book {}", valued.margin, book.margin)
            })?;
            unrealized = unrealized.plus(valued.unrealized);
            margin = margin.checked_add(book.margin)?;
            longs = longs.plus(valued.longs);
            shorts = shorts.plus(valued.shorts);
        }
        for holding in &self.foreign.list {
            let rate = self.rate_by_marks(holding);
            hold("rates_match_marks", rate == holding.rate, || {
                let code = holding.code.code();
                format!("{code}: {rate} at the marks, kept {}", holding.rate)
            })?;
            let value = holding.cash.at_rate(rate)?.checked_sub(holding.cost)?;
            unrealized = unrealized.plus(value);
        }
        unrealized = self.accrued.dividends.values().fold(unrealized, |sum, &it| sum.plus(it));
        let unrealized = unrealized.finish()?;
        hold("unrealized_matches_marks", unrealized == account.unrealized, || {
            format!("from the marks {unrealized} != {}", account.unrealized)
        })?;
        self.check_residue()?;
        hold("margin_matches_book", margin == account.margin_used, || {
            format!("sum over symbols {margin} != {}", account.margin_used)
        })?;
        let values = (longs.finish()?, shorts.finish()?);
        values.0.checked_add(values.1)?;
        hold("exposure_matches_book", values == (account.long_value, account.short_value), || {
            let kept = (account.long_value, account.short_value);
            format!("longs and shorts over symbols {values:?} != {kept:?}")
        })
    }

    /// The residue of exact postings is 0, of rounded ones at most half of the last digit.
    fn check_residue(&self) -> Result<(), Violation> {
        let residue = self.account.residue;
        let digits = self.configuration.currency.digits();
        let most = match self.configuration.rounding {
            Rounding::Exact => 0,
            Rounding::Cents => 10_i128.pow(Money::SCALE.saturating_sub(digits)) / 2,
        };
        let most = most.unsigned_abs();
        hold("residue_in_range", residue.raw().unsigned_abs() <= most, || {
            format!("the residue is {residue}")
        })
    }

    fn sum_positions(&self) -> Result<Vec<Sums>, Violation> {
        let mut sums = vec![Sums::default(); self.books.len()];
        for position in self.positions.rows() {
            let inverse = self.book_at(position.symbol).is_some_and(Book::is_inverse);
            let least = if inverse { -1 } else { 0 };
            let valid = position.size.is_positive()
                && position.entry_price.is_positive()
                && position.entry_time <= self.account.last_time
                && position.cost.raw() > least;
            hold("position_valid", valid, || format!("{position:?}"))?;
            let place = usize::try_from(position.symbol).unwrap_or(usize::MAX);
            let Some((sums, book)) = sums.get_mut(place).zip(self.books.get(place)) else {
                return hold("position_valid", false, || format!("no symbol for {position:?}"))
                    .map(|()| Vec::new());
            };
            let side = match position.side {
                Side::Long => &mut sums.long,
                Side::Short => &mut sums.short,
            };
            side.size = side.size.checked_add(position.size)?;
            side.cost = side.cost.checked_add(position.cost)?;
            let mark = book.mark(position.side);
            let own = book.native_result(position.side, (position.size, position.cost), mark)?;
            side.unrealized = side.unrealized.checked_add(own)?;
        }
        Ok(sums)
    }

    /// All invariants, those over every row of history included.
    ///
    /// # Errors
    /// The first one that does not hold.
    pub fn check_invariants(&self) -> Result<(), Violation> {
        self.check_account()?;
        self.check_cash()?;
        let realized = self.check_postings()?;
        let snapshot = self.tables.trades.snapshot();
        let mut gross = Money::ZERO;
        for amount in exact_money(&snapshot, &TRADES, "gross_pnl") {
            gross = gross.checked_add(Money::from_raw(amount)?)?;
        }
        let account = self.account.realized;
        hold("trades_match_ledger", gross == account && realized == account, || {
            format!("trades {gross}, postings {realized}, account {account}")
        })
    }

    /// The cash of each other currency is the sum of its rows.
    fn check_cash(&self) -> Result<(), Violation> {
        let snapshot = self.tables.cash.snapshot();
        let codes = crate::export::text_views(&snapshot, &CASH_LEDGER, "currency");
        let amounts = exact_money(&snapshot, &CASH_LEDGER, "amount");
        for holding in &self.foreign.list {
            let code = TextView::short(holding.code.code()).map_or(0, TextView::bits);
            let own = codes.iter().zip(&amounts).filter(|(it, _)| **it == code);
            let mut cash = Money::ZERO;
            for (_, &amount) in own {
                cash = cash.checked_add(Money::from_raw(amount)?)?;
            }
            let holds = cash == holding.cash && (!cash.is_zero() || holding.cost.is_zero());
            hold("cash_matches_rows", holds, || format!("rows say {cash}, kept {holding:?}"))?;
        }
        Ok(())
    }

    /// Postings continue each other and end at the balance; answers the sum of the realized ones.
    fn check_postings(&self) -> Result<Money, Violation> {
        let snapshot = self.tables.postings.snapshot();
        let amounts = exact_money(&snapshot, &LEDGER, "amount");
        let balances = exact_money(&snapshot, &LEDGER, "balance");
        let residues = exact_money(&snapshot, &LEDGER, "residue");
        let kinds = crate::export::text_views(&snapshot, &LEDGER, "kind");
        let mut balance = self.configuration.initial_balance;
        let (mut realized, mut before) = (Money::ZERO, Money::ZERO);
        let booked = amounts.into_iter().zip(balances);
        for ((amount, after), (residue, kind)) in booked.zip(residues.into_iter().zip(kinds)) {
            let (amount, residue) = (Money::from_raw(amount)?, Money::from_raw(residue)?);
            balance = balance.checked_add(amount)?;
            hold("postings_match_balance", balance.raw() == after, || {
                format!("a posting of {amount} leads to {balance}, its row says {after} raw")
            })?;
            if kind == TextView::REALIZED.bits() {
                let exact = amount.checked_add(residue)?.checked_sub(before)?;
                realized = realized.checked_add(exact)?;
            }
            before = residue;
        }
        hold("residue_in_range", before == self.account.residue, || {
            format!("the last posting leaves {before}, the account has {}", self.account.residue)
        })?;
        hold("postings_match_balance", balance == self.account.balance, || {
            format!("postings end at {balance}, the balance is {}", self.account.balance)
        })?;
        Ok(realized)
    }
}

fn check_book(book: &Book, sums: &Sums) -> Result<(), Violation> {
    let symbol = &book.instrument.symbol;
    let sides = [(sums.long, book.long), (sums.short, book.short)];
    for (sum, held) in sides {
        hold("book_matches_positions", (sum.size, sum.cost) == (held.size, held.cost), || {
            format!("{symbol}: positions {sum:?}, book {held:?}")
        })?;
        // Values of inverse contracts are rounded, so theirs need not add up to the last unit.
        let same = book.is_inverse() || sum.unrealized == held.unrealized;
        hold("unrealized_matches_marks", same, || {
            format!("{symbol}: positions {}, book {}", sum.unrealized, held.unrealized)
        })?;
    }
    let ordered = !book.is_marked() || book.bid <= book.ask;
    hold("quotes_ordered", ordered, || format!("{symbol}: bid {}, ask {}", book.bid, book.ask))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Event, Open, Protection};
    use crate::ledger::Configuration;
    use crate::numbers::{Price, Size};

    fn ledger() -> Ledger {
        let mut ledger = Ledger::new(Configuration::new(Money::parse("1000").unwrap())).unwrap();
        let open = Open {
            symbol: "X",
            side: Side::Long,
            size: Size::parse("2").unwrap(),
            price: Price::parse("10").unwrap(),
            time: 5,
            stop_loss: None,
            take_profit: None,
            fee: Some(Money::parse("1").unwrap()),
            tag: "",
            position_id: None,
            protection: Protection::NONE,
        };
        ledger.apply(&Event::Open(open)).unwrap();
        ledger
    }

    /// Breaks a ledger on purpose.
    type Break = fn(&mut Ledger);

    #[test]
    fn each_broken_invariant_is_named() {
        let one = || Money::parse("1").unwrap();
        assert_eq!(ledger().check_invariants(), Ok(()));
        let breaks: [(&str, Break); 11] = [
            ("equity_identity", |l| l.account.equity = Money::ZERO),
            ("position_valid", |l| l.positions.rows_mut()[0].size = Size::ZERO),
            ("position_valid", |l| l.positions.rows_mut()[0].entry_time = 6),
            ("position_valid", |l| l.positions.rows_mut()[0].symbol = 7),
            ("book_matches_positions", |l| l.books[0].short.size = Size::parse("1").unwrap()),
            ("margin_matches_book", |l| l.books[0].margin = Money::ZERO),
            ("margin_matches_book", |l| l.account.margin_used = Money::ZERO),
            ("exposure_matches_book", |l| l.account.long_value = Money::ZERO),
            ("exposure_matches_book", |l| l.account.short_value = l.account.long_value),
            ("quotes_ordered", |l| l.books[0].ask = Price::parse("9").unwrap()),
            ("unrealized_matches_marks", |l| l.books[0].bid = Price::parse("9").unwrap()),
        ];
        for (name, act) in breaks {
            let mut broken = ledger();
            act(&mut broken);
            let violation = broken.check_invariants().unwrap_err();
            assert_eq!(violation.name, name, "{violation}");
        }
        let mut broken = ledger();
        broken.account.realized = one();
        assert_eq!(broken.check_invariants().unwrap_err().name, "trades_match_ledger");
        let mut broken = ledger();
        broken.configuration.initial_balance = one();
        let violation = broken.check_invariants().unwrap_err();
        assert!(violation.to_string().starts_with("postings_match_balance"));
    }
}
