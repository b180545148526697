//! What a symbol adds to the account, in account money (rules I11, W4, W5, M5 to M7), and how the
//! account's totals follow.

use super::Ledger;
use super::account::Totals;
use super::posting::Entry;
use super::stop::Stop;
use crate::book::{Book, Holding};
use crate::columns::text::TextView;
use crate::currency::Currency;
use crate::event::Side;
use crate::general::Valuation;
use crate::numbers::{Money, Overflow, Price, Sum, mul_div_half_even, ratio_half_even};
use crate::terms::{Basis, Margin, Requirement};

/// One at scale 9.
const ONE9: i128 = 1_000_000_000;

/// The account's totals while an event is under way; only the last ones have to be in range.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moving {
    equity: Sum,
    unrealized: Sum,
    margin: Sum,
    longs: Sum,
    shorts: Sum,
}

impl Moving {
    /// Money came in, or went.
    pub(super) fn flow(&mut self, amount: Money) {
        self.equity = self.equity.plus(amount);
    }

    /// The unrealized result moved.
    pub(super) fn result(&mut self, before: Money, after: Money) {
        self.equity = self.equity.minus(before).plus(after);
        self.unrealized = self.unrealized.minus(before).plus(after);
    }

    fn replace(&mut self, before: &Valuation, after: &Valuation) {
        self.result(before.unrealized, after.unrealized);
        self.margin = self.margin.minus(before.margin).plus(after.margin);
        self.longs = self.longs.minus(before.longs).plus(after.longs);
        self.shorts = self.shorts.minus(before.shorts).plus(after.shorts);
    }
}

/// A margin and what it is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct MarginParts {
    /// The figure that it is asked of, of both sides.
    pub(crate) basis: Money,
    /// Before it is converted.
    pub(crate) native: Money,
    /// The rate of its currency.
    pub(crate) rate: Money,
    /// Account money.
    pub(crate) margin: Money,
}

impl Ledger {
    /// The totals, ready to move.
    pub(super) fn moving(&self) -> Moving {
        let account = &self.account;
        let [equity, unrealized, margin, longs, shorts] = [
            account.equity,
            account.unrealized,
            account.margin_used,
            account.long_value,
            account.short_value,
        ]
        .map(|money| Sum::of(&[money]));
        Moving { equity, unrealized, margin, longs, shorts }
    }

    /// Stores totals that have moved, and asks for their ranges.
    pub(super) fn settle(&mut self, moving: &Moving) -> Result<(), Overflow> {
        let totals = Totals {
            balance: self.account.balance,
            equity: moving.equity.finish()?,
            unrealized: moving.unrealized.finish()?,
            margin_used: moving.margin.finish()?,
            long_value: moving.longs.finish()?,
            short_value: moving.shorts.finish()?,
        };
        totals.long_value.checked_add(totals.short_value)?;
        totals.assert_identity();
        self.account.put(&totals);
        Ok(())
    }

    /// Values a symbol anew, after its sums, its mark or a rate have changed; `before` is what it
    /// added to the totals.
    pub(super) fn revalue(
        &mut self,
        index: u32,
        before: &Valuation,
        moving: &mut Moving,
    ) -> Result<(), Overflow> {
        let Some(book) = self.book_at(index) else { return Ok(()) };
        let (long, short, after) = self.valuation(book)?;
        moving.replace(before, &after);
        if let Some(book) = self.book_at_mut(index) {
            (book.long.unrealized, book.short.unrealized) = (long, short);
            book.margin = after.margin;
            if let Some(general) = &mut book.general {
                general.held = after;
            }
        }
        Ok(())
    }

    /// What a symbol adds to the totals as they are.
    #[expect(clippy::unused_self, reason = "asked beside the valuation, which needs the rates")]
    pub(super) fn held(&self, book: &Book) -> Result<Valuation, Overflow> {
        match &book.general {
            Some(general) => Ok(general.held),
            None => Ok(Valuation {
                unrealized: book.unrealized()?,
                longs: book.notional(book.long.size, book.bid)?,
                shorts: book.notional(book.short.size, book.ask)?,
                margin: book.margin,
            }),
        }
    }

    /// What a symbol adds to the totals at its mark and the rates of now, and the native results of
    /// its two sides.
    pub(super) fn valuation(&self, book: &Book) -> Result<(Money, Money, Valuation), Overflow> {
        if !book.holds_any() {
            return Ok((Money::ZERO, Money::ZERO, Valuation::default()));
        }
        let rate = self.profit_rate(book)?;
        let side = |side: Side| -> Result<(Money, Money), Overflow> {
            let held = book.holding(side);
            if held.size.is_zero() {
                return Ok((Money::ZERO, Money::ZERO));
            }
            let worth = book.worth(held.size, book.mark(side))?;
            Ok((worth, book.gain(side, worth, held.cost)?))
        };
        let ((long_worth, long), (short_worth, short)) = (side(Side::Long)?, side(Side::Short)?);
        let valuation = Valuation {
            unrealized: long.checked_add(short)?.at_rate(rate)?,
            longs: long_worth.at_rate(rate)?,
            shorts: short_worth.at_rate(rate)?,
            margin: self.margin_parts(book)?.margin,
        };
        Ok((long, short, valuation))
    }

    /// The rate of the currency of a book's results.
    pub(crate) fn profit_rate(&self, book: &Book) -> Result<Money, Overflow> {
        book.general.as_ref().map_or(Ok(Money::ONE), |general| self.rate(general.profit))
    }

    /// The margin that a book binds.
    pub(crate) fn margin_parts(&self, book: &Book) -> Result<MarginParts, Overflow> {
        let (long, short) = (&book.long, &book.short);
        self.margin_of(book, long, short)
    }

    /// The margin of two holdings of a book (rules M1 and M5 to M7).
    pub(crate) fn margin_of(
        &self,
        book: &Book,
        long: &Holding,
        short: &Holding,
    ) -> Result<MarginParts, Overflow> {
        let (basis, native, code) = self.margin_before_rate(book, long, short)?;
        let rate = self.rate(code)?;
        Ok(MarginParts { basis, native, rate, margin: native.at_rate(rate)? })
    }

    /// The basis of a margin, the margin before it is converted, and its currency.
    pub(super) fn margin_before_rate(
        &self,
        book: &Book,
        long: &Holding,
        short: &Holding,
    ) -> Result<(Money, Money, Currency), Overflow> {
        let code = book.general.as_ref().map(|general| general.margin_currency);
        let account = self.configuration.currency;
        // The cost of both sides is a figure of the symbol and has to be in range by itself.
        let basis = long.cost.checked_add(short.cost)?;
        let Some(model) = book.terms().and_then(|terms| terms.margin.as_ref()) else {
            return Ok((basis, book.leverage.margin(basis)?, code.unwrap_or(account)));
        };
        let per_lot = matches!(model.requirement, Requirement::PerLot(_));
        let code = code.filter(|_| !per_lot).unwrap_or(account);
        let longs = basis_of(book, model, long, book.bid)?;
        let shorts = basis_of(book, model, short, book.ask)?;
        let basis = longs.checked_add(shorts)?;
        let native = match model.hedged {
            None => required(&model.requirement, basis)?,
            Some(part) => {
                let (large, small) = if long.size >= short.size {
                    ((long, longs), short)
                } else {
                    ((short, shorts), long)
                };
                let apart = large.0.size.checked_sub(small.size)?;
                let open = if large.0.size.is_zero() {
                    Money::ZERO
                } else {
                    large.1.share(apart.raw(), large.0.size.raw())?
                };
                let paired = basis.checked_sub(open)?;
                let hedged = required(&model.requirement, paired)?;
                let hedged = Money::from_raw(mul_div_half_even(hedged.raw(), part, ONE9)?)?;
                required(&model.requirement, open)?.checked_add(hedged)?
            }
        };
        Ok((basis, native, code))
    }

    /// Sets marks, moves the rates, and values everything that depends on them. `seen` says whether
    /// open positions see the marks (rule X1).
    pub(super) fn set_quotes(
        &mut self,
        quotes: &[(u32, Price, Price)],
        seen: bool,
    ) -> Result<(), Stop> {
        let mut moving = self.moving();
        self.move_quotes(quotes, seen, &mut moving)?;
        self.settle(&moving)?;
        Ok(())
    }

    /// The same for an event that has more to settle.
    pub(super) fn move_quotes(
        &mut self,
        quotes: &[(u32, Price, Price)],
        seen: bool,
        moving: &mut Moving,
    ) -> Result<(), Stop> {
        let mut rates = false;
        for &(index, bid, ask) in quotes {
            let Some(book) = self.book_at(index) else { continue };
            let before = self.held(book)?;
            let pair = book.general.as_ref().is_some_and(|general| general.pair.is_some());
            rates |= pair;
            let Some(book) = self.book_at_mut(index) else { continue };
            (book.bid, book.ask) = (bid, ask);
            if seen {
                book.long_marks.mark(bid);
                book.short_marks.mark(ask);
            }
            // With general books the rates come first.
            if book.general.is_none() && book.holds_any() {
                self.revalue(index, &before, moving)?;
            }
        }
        let moved = if rates { self.move_rates()? } else { Vec::new() };
        self.revalue_general(quotes, &moved, moving)?;
        Ok(())
    }

    fn revalue_general(
        &mut self,
        quotes: &[(u32, Price, Price)],
        moved: &[Currency],
        moving: &mut Moving,
    ) -> Result<(), Overflow> {
        if moved.is_empty() {
            for &(index, ..) in quotes {
                self.revalue_one(index, moving)?;
            }
            return Ok(());
        }
        for place in 0..self.books.len() {
            let index = u32::try_from(place).unwrap_or(u32::MAX);
            let general = self.books.get(place).and_then(|book| book.general.as_deref());
            let depends = general.is_some_and(|general| {
                moved.contains(&general.profit) || moved.contains(&general.margin_currency)
            });
            if depends || quotes.iter().any(|&(quoted, ..)| quoted == index) {
                self.revalue_one(index, moving)?;
            }
        }
        self.revalue_cash(moving)
    }

    /// Values a general book anew.
    fn revalue_one(&mut self, index: u32, moving: &mut Moving) -> Result<(), Overflow> {
        let book = self.book_at(index).filter(|book| book.holds_any());
        let before = book.and_then(|book| book.general.as_ref()).map(|general| general.held);
        before.map_or(Ok(()), |before| self.revalue(index, &before, moving))
    }

    /// Values the cash of other currencies anew.
    pub(super) fn revalue_cash(&mut self, moving: &mut Moving) -> Result<(), Overflow> {
        for place in 0..self.foreign.list.len() {
            let Some(holding) = self.foreign.list.get(place) else { continue };
            let (before, worth) = (holding.above_cost, holding.cash.at_rate(holding.rate)?);
            let after = worth.checked_sub(holding.cost)?;
            if after != before {
                moving.result(before, after);
                if let Some(holding) = self.foreign_mut().list.get_mut(place) {
                    holding.above_cost = after;
                }
            }
        }
        Ok(())
    }

    /// Positions of a side see a low and a high (rule X1).
    pub(super) fn see(&mut self, index: u32, side: Side, (low, high): (Price, Price)) {
        if let Some(book) = self.book_at_mut(index) {
            book.marks_mut(side).mark(low);
            book.marks_mut(side).mark(high);
        }
    }

    /// From here on, positions that are opened do not see what [`Ledger::see_earlier`] shows.
    pub(super) fn part_epochs(&mut self, index: u32) {
        if let Some(book) = self.book_at_mut(index) {
            book.long_marks.part();
            book.short_marks.part();
        }
    }

    /// Positions of a side that were open when the epochs were parted see a low and a high.
    pub(super) fn see_earlier(&mut self, index: u32, side: Side, (low, high): (Price, Price)) {
        if let Some(book) = self.book_at_mut(index) {
            book.marks_mut(side).mark_earlier(low, high);
        }
    }

    /// Books an amount and appends its posting.
    pub(super) fn post(&mut self, entry: &Entry, moving: &mut Moving) -> Result<(), Stop> {
        let (booked, residue) = self.booked(entry.amount)?;
        let balance = self.account.balance.checked_add(booked)?;
        self.tables.postings.reserve(1)?;
        (self.account.balance, self.account.residue) = (balance, residue);
        moving.flow(booked);
        self.account.count_flow(entry.kind, booked);
        if entry.kind == TextView::SWAP {
            self.account.swaps = self.account.swaps.plus(entry.amount);
        }
        let event = self.account.events.wrapping_add(1);
        self.tables.postings.push(&entry.row(event, booked, balance, residue));
        Ok(())
    }
}

/// The figure of a side that margin is asked of.
fn basis_of(book: &Book, model: &Margin, held: &Holding, mark: Price) -> Result<Money, Overflow> {
    if held.size.is_zero() {
        return Ok(Money::ZERO);
    }
    match (&model.requirement, model.basis) {
        (Requirement::PerLot(_), _) => {
            Money::from_raw(held.size.raw().checked_mul(ONE9).ok_or(Overflow)?)
        }
        _ if model.in_base => book.underlying_times(held.size, ONE9, 1),
        (_, Basis::Open) => Ok(held.cost),
        (_, Basis::Mark) => book.worth(held.size, mark),
    }
}

/// What a model asks of a basis (rule M6).
fn required(requirement: &Requirement, basis: Money) -> Result<Money, Overflow> {
    let raw = match requirement {
        Requirement::Leverage(leverage) => mul_div_half_even(basis.raw(), ONE9, *leverage)?,
        Requirement::Rate(rate) => mul_div_half_even(basis.raw(), *rate, ONE9)?,
        Requirement::PerLot(amount) => {
            mul_div_half_even(basis.raw(), amount.raw(), Money::ONE.raw())?
        }
        Requirement::Tiers(tiers) => {
            let (mut below, mut sum) = (0_i128, Parts::default());
            for tier in tiers {
                let end = tier.limit.map_or(basis.raw(), |limit| limit.raw().min(basis.raw()));
                sum.add(end.saturating_sub(below).max(0), tier.rate)?;
                below = below.max(end);
            }
            sum.finish()?
        }
    };
    Money::from_raw(raw)
}

/// A sum of products with rates at scale 9, rounded once: whole units and billionths apart.
#[derive(Default)]
struct Parts {
    whole: Sum,
    rest: i128,
}

impl Parts {
    fn add(&mut self, amount: i128, rate: i128) -> Result<(), Overflow> {
        let (high, low) = (amount.div_euclid(ONE9), amount.rem_euclid(ONE9));
        self.whole = self.whole.plus(Money::from_raw(ratio_half_even(&[high, rate], 1)?)?);
        let rest = low.checked_mul(rate).and_then(|rest| self.rest.checked_add(rest));
        self.rest = rest.ok_or(Overflow)?;
        Ok(())
    }

    fn finish(self) -> Result<i128, Overflow> {
        let whole = self.whole.finish()?.raw();
        let (carried, rest) = (self.rest.div_euclid(ONE9), self.rest.rem_euclid(ONE9));
        let exact = whole.checked_add(carried).ok_or(Overflow)?;
        let up = rest > ONE9 / 2 || (rest == ONE9 / 2 && exact.rem_euclid(2) == 1);
        exact.checked_add(i128::from(up)).ok_or(Overflow)
    }
}
