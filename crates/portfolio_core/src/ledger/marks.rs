//! Marks, and the equity history (rules K1 to K3).

use super::record::{EVENT_BYTES, QUOTE_BYTES, op};
use super::{Account, Ledger, check_price, checked, default_book};
use hashbrown::HashSet;

use crate::book::Book;
use crate::columns::rows::EquityRow;
use crate::event::{Marks, Quote, Receipt};
use crate::numbers::{Money, Overflow, Price, Sum};
use crate::refusal::Refusal;

/// A quote that was checked, and what its symbol is worth at it.
#[derive(Debug)]
pub(super) struct PlannedMark {
    target: Target,
    bid: Price,
    ask: Price,
    bid_units: i128,
    spread_units: i128,
    unrealized: Money,
}

/// Whom a quote is for.
#[derive(Debug)]
enum Target {
    Known(u32),
    New(Box<Book>),
}

/// Comparing each quote with all before it is faster than a set up to about this many.
const PAIRWISE_MAX: usize = 16;

impl Ledger {
    pub(super) fn mark(&mut self, event: &Marks<'_>) -> Result<Receipt, Refusal> {
        self.apply_marks(event, op::MARK)
    }

    pub(super) fn update_equity(&mut self, event: &Marks<'_>) -> Result<Receipt, Refusal> {
        self.apply_marks(event, op::UPDATE_EQUITY)
    }

    fn apply_marks(&mut self, event: &Marks<'_>, op: u8) -> Result<Receipt, Refusal> {
        let time = event.time.unwrap_or(self.account.last_time);
        self.check_time(time)?;
        if let [quote] = event.quotes
            && let Some(index) = self.find_symbol(quote.symbol)
        {
            let (account, mut mark) = self.plan_one(quote, index)?;
            return self.commit_marks(time, account, std::slice::from_mut(&mut mark), op);
        }
        let mut planned = std::mem::take(&mut self.planned_marks);
        planned.clear();
        let account = self.plan_marks(event, &mut planned);
        let done = account.and_then(|account| self.commit_marks(time, account, &mut planned, op));
        self.planned_marks = planned;
        done
    }

    /// One quote of a known symbol, the most frequent event of all.
    #[inline]
    fn plan_one(&self, quote: &Quote<'_>, index: u32) -> Result<(Account, PlannedMark), Refusal> {
        let mut totals = Totals::of(&self.account);
        let book = self.book_at(index).ok_or(Refusal::TooMany { what: "symbol" })?;
        let mark = plan_quote(book, quote, &mut totals, Target::Known(index))?;
        let account = checked(totals.finish(&self.account), "prices", &quote.bid)?;
        account.assert_identity();
        Ok((account, mark))
    }

    fn plan_marks(
        &self,
        event: &Marks<'_>,
        planned: &mut Vec<PlannedMark>,
    ) -> Result<Account, Refusal> {
        planned.try_reserve(event.quotes.len())?;
        let mut seen = Seen::new(event.quotes);
        let mut totals = Totals::of(&self.account);
        for quote in event.quotes {
            seen.check(quote)?;
            let value = match self.find_symbol(quote.symbol) {
                Some(index) => match self.book_at(index) {
                    Some(book) => plan_quote(book, quote, &mut totals, Target::Known(index))?,
                    None => continue,
                },
                None => {
                    let book = default_book(quote.symbol, self.configuration.leverage)?;
                    let target = Target::New(Box::new(book.clone()));
                    plan_quote(&book, quote, &mut totals, target)?
                }
            };
            planned.push(value);
        }
        let account = checked(totals.finish(&self.account), "prices", &event.quotes.len())?;
        account.assert_identity();
        Ok(account)
    }

    fn commit_marks(
        &mut self,
        time: i64,
        account: Account,
        planned: &mut [PlannedMark],
        op: u8,
    ) -> Result<Receipt, Refusal> {
        let fresh = planned.iter().filter(|mark| matches!(mark.target, Target::New(_))).count();
        let bytes = planned.len().saturating_mul(QUOTE_BYTES).saturating_add(EVENT_BYTES);
        self.events.reserve(bytes.saturating_add(fresh.saturating_mul(EVENT_BYTES)))?;
        if op == op::UPDATE_EQUITY {
            self.tables.equity.reserve(1)?;
        }
        if fresh > 0 {
            self.register_marked(planned, fresh)?;
        }
        let count = planned.len();
        let mut encoder = self.begin_event(op, time);
        encoder.count(count);
        for mark in planned.iter() {
            let Target::Known(index) = mark.target else { continue };
            encoder.unsigned(u128::from(index));
            encoder.natural(mark.bid_units);
            encoder.natural(mark.spread_units);
        }
        for mark in planned.iter() {
            let Target::Known(index) = mark.target else { continue };
            if let Some(book) = self.book_at_mut(index) {
                (book.bid, book.ask, book.unrealized) = (mark.bid, mark.ask, mark.unrealized);
            }
        }
        let events = self.account.events;
        self.account = Account { events, ..account };
        self.account.count(time);
        if op == op::UPDATE_EQUITY {
            self.tables.equity.append(&EquityRow {
                time,
                equity: account.equity,
                balance: account.balance,
                unrealized: account.unrealized,
                margin_used: account.margin_used,
            });
        }
        Ok(Receipt { balance: account.balance, ..Receipt::default() })
    }

    /// Registers the symbols that are quoted for the first time. Whatever can fail comes first.
    #[cold]
    fn register_marked(
        &mut self,
        planned: &mut [PlannedMark],
        fresh: usize,
    ) -> Result<(), Refusal> {
        self.reserve_symbols(fresh)?;
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
}

/// The account's totals while quotes are added; only the last ones have to be in range.
struct Totals {
    equity: Sum,
    unrealized: Sum,
}

impl Totals {
    #[inline]
    fn of(account: &Account) -> Self {
        Self { equity: Sum::of(&[account.equity]), unrealized: Sum::of(&[account.unrealized]) }
    }

    #[inline]
    fn finish(&self, account: &Account) -> Result<Account, Overflow> {
        let (equity, unrealized) = (self.equity.finish()?, self.unrealized.finish()?);
        Ok(Account { equity, unrealized, ..*account })
    }
}

/// Checks a quote and adds what it changes to the account's totals.
#[inline]
fn plan_quote(
    book: &Book,
    quote: &Quote<'_>,
    totals: &mut Totals,
    target: Target,
) -> Result<PlannedMark, Refusal> {
    let bid_units = check_price(book, "prices", quote.bid)?;
    let ask_units = check_price(book, "prices", quote.ask)?;
    if quote.bid > quote.ask {
        let symbol = quote.symbol.to_owned();
        return Err(Refusal::QuoteCrossed { symbol, bid: quote.bid, ask: quote.ask });
    }
    let unrealized = checked(value_quote(book, quote, totals), "prices", &quote.bid)?;
    let spread_units = ask_units.saturating_sub(bid_units);
    Ok(PlannedMark { target, bid: quote.bid, ask: quote.ask, bid_units, spread_units, unrealized })
}

/// The symbol's value at the quote. The totals move on two roads: unrealized by the symbol's value,
/// equity by the price moves times what is held; the identity holds only when both agree.
#[inline]
fn value_quote(book: &Book, quote: &Quote<'_>, totals: &mut Totals) -> Result<Money, Overflow> {
    if book.long.size.is_zero() && book.short.size.is_zero() {
        return Ok(Money::ZERO);
    }
    let unrealized = book.value(book.long, book.short, (quote.bid, quote.ask))?;
    let up = book.notional(book.long.size, quote.bid.checked_sub(book.bid)?)?;
    let down = book.notional(book.short.size, quote.ask.checked_sub(book.ask)?)?;
    totals.equity = totals.equity.plus(up).minus(down);
    totals.unrealized = totals.unrealized.minus(book.unrealized).plus(unrealized);
    Ok(unrealized)
}

/// Rule K1: each symbol once.
struct Seen<'q> {
    quotes: &'q [Quote<'q>],
    checked: usize,
    /// Used when there are many quotes.
    set: HashSet<&'q str>,
}

impl<'q> Seen<'q> {
    fn new(quotes: &'q [Quote<'q>]) -> Self {
        Self { quotes, checked: 0, set: HashSet::new() }
    }

    #[inline]
    fn check(&mut self, quote: &Quote<'q>) -> Result<(), Refusal> {
        let again = if self.quotes.len() <= PAIRWISE_MAX {
            self.quotes.iter().take(self.checked).any(|other| other.symbol == quote.symbol)
        } else {
            !self.set.insert(quote.symbol)
        };
        self.checked = self.checked.saturating_add(1);
        if again {
            return Err(Refusal::SymbolTwice { symbol: quote.symbol.to_owned() });
        }
        Ok(())
    }
}
