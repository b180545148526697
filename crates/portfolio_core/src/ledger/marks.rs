//! Marks, and the equity history (rules K1 to K3).

use hashbrown::HashSet;

use super::account::Totals;
use super::record::{EVENT_BYTES, QUOTE_BYTES, op};
use super::{Account, Ledger, check_price, checked};
use crate::book::Book;
use crate::codec::Encoder;
use crate::columns::rows::EquityRow;
use crate::event::{Marks, Quote, Receipt};
use crate::numbers::{Money, Overflow, Price, Sum};
use crate::refusal::{Refusal, Refused};

/// A quote that was checked, and what its symbol is worth at it.
#[derive(Debug, Clone, Copy)]
struct Valued {
    bid: Price,
    ask: Price,
    units: Units,
    values: Values,
}

/// A quote in steps of the instrument's grid.
#[derive(Debug, Clone, Copy)]
pub(super) struct Units {
    pub(super) bid: i128,
    pub(super) spread: i128,
}

/// What longs and shorts are worth above their cost.
#[derive(Debug, Clone, Copy, Default)]
struct Values {
    longs: Money,
    shorts: Money,
}

/// Such a quote, with whom it is for.
#[derive(Debug)]
struct PlannedMark {
    target: Target,
    valued: Valued,
}

/// Whom a quote is for.
#[derive(Debug)]
enum Target {
    Known(u32),
    New(Box<Book>),
}

/// What a call with several quotes needs, kept so that it is allocated once.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    planned: Vec<PlannedMark>,
    /// By symbol, the number of the last call that quoted it.
    quoted: Vec<u64>,
    calls: u64,
    /// How many quotes of the last such call were good.
    good: usize,
}

impl Scratch {
    pub(super) const fn refused_at(&self) -> usize {
        self.good
    }

    /// So many quotes of a call were good.
    pub(super) const fn set_good(&mut self, good: usize) {
        self.good = good;
    }
}

impl Ledger {
    #[inline]
    pub(super) fn mark(&mut self, event: &Marks<'_>, symbol: Option<u32>) -> Result<(), Refused> {
        self.apply_marks(event, symbol, op::MARK)
    }

    #[inline]
    pub(super) fn update_equity(
        &mut self,
        event: &Marks<'_>,
        symbol: Option<u32>,
    ) -> Result<(), Refused> {
        self.apply_marks(event, symbol, op::UPDATE_EQUITY)
    }

    #[inline]
    fn apply_marks(
        &mut self,
        event: &Marks<'_>,
        symbol: Option<u32>,
        op: u8,
    ) -> Result<(), Refused> {
        let time = event.time.unwrap_or(self.account.last_time);
        self.check_time(time)?;
        self.scratch.set_good(0);
        if let [quote] = event.quotes
            && let Some(index) = symbol.or_else(|| self.find_symbol(quote.symbol))
            && let Some(book) = self.book_at(index)
            && book.general.is_none()
            && self.configuration.margin_call.is_none()
        {
            let (units, mut values) = (check_quote(book, quote)?, Values::default());
            let mut totals = self.account.totals();
            if book.holds_any() {
                let mut sums = Sums::of(&self.account);
                values = value_sides(book, quote, &mut sums)?;
                totals = checked(sums.finish(&self.account), "prices", &quote.bid)?;
            }
            totals.assert_identity();
            let valued = Valued { bid: quote.bid, ask: quote.ask, units, values };
            self.events.reserve(EVENT_BYTES)?;
            if op == op::UPDATE_EQUITY {
                self.tables.equity.reserve(1)?;
            }
            self.commit_mark(time, &totals, (index, &valued), op);
            return Ok(());
        }
        self.apply_several(event, time, op)
    }

    #[inline(never)]
    fn apply_several(&mut self, event: &Marks<'_>, time: i64, op: u8) -> Result<(), Refused> {
        if self.some_general || self.configuration.margin_call.is_some() {
            return self.marks_in_full(event, time, op);
        }
        let mut scratch = std::mem::take(&mut self.scratch);
        let done = self.plan_marks(event, &mut scratch).and_then(|totals| {
            self.reserve_marks(scratch.planned.len(), op)?;
            self.register_marked(&mut scratch.planned)?;
            self.commit_marks(time, &totals, &scratch.planned, op);
            Ok(())
        });
        scratch.good = scratch.planned.len();
        scratch.planned.clear();
        self.scratch = scratch;
        done
    }

    fn plan_marks(&self, event: &Marks<'_>, scratch: &mut Scratch) -> Result<Totals, Refused> {
        scratch.planned.try_reserve(event.quotes.len())?;
        let missing = self.books.len().saturating_sub(scratch.quoted.len());
        scratch.quoted.try_reserve(missing)?;
        scratch.quoted.resize(self.books.len(), 0);
        scratch.calls = scratch.calls.wrapping_add(1);
        let mut unknown = HashSet::new();
        let mut sums = Sums::of(&self.account);
        // The rules of all quotes come before the range of any (N3).
        let mut late = None;
        let mut value =
            |book: &Book, quote: &Quote<'_>, number: usize| -> Result<Valued, Refused> {
                let units = check_quote(book, quote)?;
                let mut values = Values::default();
                if late.is_none() {
                    match value_sides(book, quote, &mut sums) {
                        Ok(found) => values = found,
                        Err(refused) => late = Some((refused, number)),
                    }
                }
                Ok(Valued { bid: quote.bid, ask: quote.ask, units, values })
            };
        for quote in event.quotes {
            let number = scratch.planned.len();
            let twice = || Refused::new(Refusal::SymbolTwice { symbol: quote.symbol.to_owned() });
            let index = self.find_symbol(quote.symbol);
            let known = index.and_then(|index| Some((index, self.book_at(index)?)));
            let mark = if let Some((index, book)) = known {
                let place = usize::try_from(index).unwrap_or(usize::MAX);
                let last = scratch.quoted.get_mut(place);
                let last = last.map(|last| std::mem::replace(last, scratch.calls));
                if last == Some(scratch.calls) {
                    return Err(twice());
                }
                let valued = value(book, quote, number)?;
                PlannedMark { target: Target::Known(index), valued }
            } else {
                let book = self.default_book(quote.symbol)?;
                if !unknown.insert(quote.symbol) {
                    return Err(twice());
                }
                let valued = value(&book, quote, number)?;
                PlannedMark { target: Target::New(Box::new(book)), valued }
            };
            scratch.planned.push(mark);
        }
        if let Some((refused, number)) = late {
            scratch.planned.truncate(number);
            return Err(refused);
        }
        let totals = checked(sums.finish(&self.account), "prices", &event.quotes.len())?;
        totals.assert_identity();
        Ok(totals)
    }

    fn reserve_marks(&mut self, quotes: usize, op: u8) -> Result<(), Refused> {
        let bytes = quotes.saturating_mul(QUOTE_BYTES).saturating_add(EVENT_BYTES);
        self.events.reserve(bytes)?;
        if op == op::UPDATE_EQUITY {
            self.tables.equity.reserve(1)?;
        }
        Ok(())
    }

    /// Registers the symbols that are quoted for the first time. Whatever can fail comes first.
    fn register_marked(&mut self, planned: &mut [PlannedMark]) -> Result<(), Refused> {
        let fresh = planned.iter().filter(|mark| matches!(mark.target, Target::New(_))).count();
        if fresh == 0 {
            return Ok(());
        }
        self.reserve_symbols(fresh)?;
        // An event never spans two chunks of the log, so the registrations have to leave room.
        let quotes = planned.len().saturating_mul(QUOTE_BYTES);
        let events = fresh.saturating_add(1).saturating_mul(EVENT_BYTES);
        self.events.reserve(events.saturating_add(quotes))?;
        for mark in planned.iter() {
            if let Target::New(book) = &mark.target {
                self.texts.view(&book.instrument.symbol)?;
            }
        }
        for mark in planned.iter_mut() {
            if let Target::New(book) = &mark.target {
                mark.target = Target::Known(self.add_book(Book::clone(book))?);
            }
        }
        Ok(())
    }

    #[inline]
    fn commit_mark(&mut self, time: i64, totals: &Totals, (index, valued): (u32, &Valued), op: u8) {
        self.record(op, time, |encoder| {
            encoder.small(1);
            put_quote(encoder, index, &valued.units);
        });
        if let Some(book) = self.book_at_mut(index) {
            set_marks(book, valued);
        }
        self.commit_totals(time, totals, op);
    }

    fn commit_marks(&mut self, time: i64, totals: &Totals, planned: &[PlannedMark], op: u8) {
        let known = planned.iter().filter_map(|mark| match mark.target {
            Target::Known(index) => Some((index, &mark.valued)),
            Target::New(_) => None,
        });
        self.record(op, time, |encoder| {
            encoder.count(planned.len());
            known.clone().for_each(|(index, valued)| put_quote(encoder, index, &valued.units));
        });
        for (index, valued) in known {
            if let Some(book) = self.book_at_mut(index) {
                set_marks(book, valued);
            }
        }
        self.commit_totals(time, totals, op);
    }

    #[inline]
    pub(super) fn commit_totals(&mut self, time: i64, totals: &Totals, op: u8) {
        let has_start = self.account.has_start || time != 0 || op == op::UPDATE_EQUITY;
        self.account.store(totals, time);
        self.account.has_start = has_start;
        if op == op::UPDATE_EQUITY {
            self.tables.equity.push(&EquityRow {
                time,
                equity: totals.equity,
                balance: totals.balance,
                unrealized: totals.unrealized,
                margin_used: totals.margin_used,
                gross_exposure: totals.gross_exposure(),
                net_exposure: totals.net_exposure(),
            });
        }
        self.receipt = Receipt { balance: totals.balance, ..Receipt::default() };
    }
}

#[inline]
pub(super) fn put_quote(encoder: &mut Encoder<'_>, index: u32, units: &Units) {
    encoder.small(u64::from(index));
    encoder.natural(units.bid);
    encoder.natural(units.spread);
}

#[inline]
fn set_marks(book: &mut Book, valued: &Valued) {
    (book.bid, book.ask) = (valued.bid, valued.ask);
    book.long.unrealized = valued.values.longs;
    book.short.unrealized = valued.values.shorts;
    book.long_marks.mark(valued.bid);
    book.short_marks.mark(valued.ask);
}

/// The account's totals while quotes are added; only the last ones have to be in range.
struct Sums {
    equity: Sum,
    unrealized: Sum,
    long_value: Sum,
    short_value: Sum,
}

impl Sums {
    #[inline]
    fn of(account: &Account) -> Self {
        let [equity, unrealized, long_value, short_value] =
            [account.equity, account.unrealized, account.long_value, account.short_value]
                .map(|money| Sum::of(&[money]));
        Self { equity, unrealized, long_value, short_value }
    }

    #[inline(always)]
    fn finish(&self, account: &Account) -> Result<Totals, Overflow> {
        let (equity, unrealized) = (self.equity.finish()?, self.unrealized.finish()?);
        let (long_value, short_value) = (self.long_value.finish()?, self.short_value.finish()?);
        // Both together are the gross exposure and have to be in range as well.
        long_value.checked_add(short_value)?;
        Ok(Totals { equity, unrealized, long_value, short_value, ..account.totals() })
    }
}

#[inline(always)]
pub(super) fn check_quote(book: &Book, quote: &Quote<'_>) -> Result<Units, Refused> {
    let bid = check_price(book, "prices", quote.bid)?;
    let ask = if quote.bid == quote.ask { bid } else { check_price(book, "prices", quote.ask)? };
    if quote.bid > quote.ask {
        return Err(crossed(book, quote));
    }
    Ok(Units { bid, spread: ask.saturating_sub(bid) })
}

#[inline(always)]
fn value_sides(book: &Book, quote: &Quote<'_>, sums: &mut Sums) -> Result<Values, Refused> {
    let longs = checked(value_longs(book, quote.bid, sums), "prices", &quote.bid)?;
    let shorts = checked(value_shorts(book, quote.ask, sums), "prices", &quote.ask)?;
    // Both sides together are a figure of the symbol and have to be in range as well.
    checked(longs.checked_add(shorts), "prices", &quote.bid)?;
    Ok(Values { longs, shorts })
}

#[cold]
fn crossed(book: &Book, quote: &Quote<'_>) -> Refused {
    let symbol = book.instrument.symbol.clone();
    Refusal::QuoteCrossed { argument: "prices", symbol, bid: quote.bid, ask: quote.ask }.into()
}

/// What the longs are worth at a bid. The totals move on two roads: unrealized by the side's value,
/// equity by the price move times what is held; the identity holds only when both agree.
#[inline(always)]
fn value_longs(book: &Book, bid: Price, sums: &mut Sums) -> Result<Money, Overflow> {
    let held = &book.long;
    if held.size.is_zero() {
        return Ok(Money::ZERO);
    }
    let unrealized = book.notional(held.size, bid)?.checked_sub(held.cost)?;
    let up = book.notional(held.size, bid.checked_sub(book.bid)?)?;
    sums.equity = sums.equity.plus(up);
    sums.long_value = sums.long_value.plus(up);
    sums.unrealized = sums.unrealized.minus(held.unrealized).plus(unrealized);
    Ok(unrealized)
}

/// What the shorts are worth at an ask, as for the longs.
#[inline(always)]
fn value_shorts(book: &Book, ask: Price, sums: &mut Sums) -> Result<Money, Overflow> {
    let held = &book.short;
    if held.size.is_zero() {
        return Ok(Money::ZERO);
    }
    let unrealized = held.cost.checked_sub(book.notional(held.size, ask)?)?;
    let up = book.notional(held.size, ask.checked_sub(book.ask)?)?;
    sums.equity = sums.equity.minus(up);
    sums.short_value = sums.short_value.plus(up);
    sums.unrealized = sums.unrealized.minus(held.unrealized).plus(unrealized);
    Ok(unrealized)
}
