//! Bars in which nothing happens: two marks, two extremes, and a row.
//!
//! Most bars are of this kind. Whether one is, four numbers of the index say, so it needs no scope:
//! what it changes is little enough to be kept on the stack until nothing can fail any more.

use super::{PlannedBar, check_bar, put_bars};
use crate::book::{Book, Holding};
use crate::event::{Bar, Path, Side, ask_of};
use crate::general::Valuation;
use crate::ledger::record::{BAR_BYTES, EVENT_BYTES, op};
use crate::ledger::stop::Stop;
use crate::ledger::{Account, Ledger};
use crate::numbers::{Money, Price};
use crate::refusal::{Refusal, Refused};

/// What marks of one symbol change.
struct Kept {
    account: Account,
    marks: (Price, Price),
    holdings: (Holding, Holding),
    margin: Money,
    held: Option<Valuation>,
}

impl Kept {
    fn of(account: &Account, book: &Book) -> Self {
        Self {
            account: *account,
            marks: (book.bid, book.ask),
            holdings: (book.long, book.short),
            margin: book.margin,
            held: book.general.as_ref().map(|general| general.held),
        }
    }

    fn put_back(self, ledger: &mut Ledger, symbol: u32) {
        ledger.account = self.account;
        let Some(book) = ledger.book_at_mut(symbol) else { return };
        (book.bid, book.ask) = self.marks;
        (book.long, book.short) = self.holdings;
        book.margin = self.margin;
        if let (Some(general), Some(held)) = (&mut book.general, self.held) {
            general.held = held;
        }
    }
}

impl Ledger {
    /// Runs a bar of one symbol if nothing happens in it; answers whether it did.
    pub(super) fn quiet_bar(
        &mut self,
        bar: &Bar<'_>,
        time: i64,
        path: Path,
    ) -> Result<bool, Refused> {
        let Some(symbol) = self.find_symbol(bar.symbol) else { return Ok(false) };
        let Some(book) = self.book_at(symbol) else { return Ok(false) };
        // A mark that is a rate of exchange moves other symbols, too.
        if book.general.as_ref().is_some_and(|general| general.pair.is_some()) {
            return Ok(false);
        }
        if let Some(last) = book.last_bar
            && time <= last
        {
            return Err(Refusal::BarNotLater { time, last }.into());
        }
        let planned = PlannedBar { symbol, ..check_bar(book, bar)? };
        let Some(triggers) = self.orders.triggers_mut(symbol) else { return Ok(false) };
        if !triggers.is_quiet(&planned.reach(), time) {
            return Ok(false);
        }
        self.events.reserve(EVENT_BYTES.saturating_add(BAR_BYTES))?;
        self.tables.equity.reserve(1)?;
        let Some(book) = self.book_at(symbol) else { return Ok(false) };
        let kept = Kept::of(&self.account, book);
        match self.pass(&planned, time) {
            Ok(true) => {}
            Ok(false) => {
                kept.put_back(self, symbol);
                return Ok(false);
            }
            Err(stop) => {
                kept.put_back(self, symbol);
                return Err(stop.named("bars", &1));
            }
        }
        if let Some(book) = self.book_at_mut(symbol) {
            book.last_bar = Some(time);
        }
        // Open and close lie between the extremes.
        self.see(symbol, Side::Long, (bar.low, bar.high));
        let asks = (ask_of(bar.low, bar.spread), ask_of(bar.high, bar.spread));
        self.see(symbol, Side::Short, asks);
        self.push_equity(time);
        self.record(op::BAR, time, |encoder| put_bars(encoder, path, &[planned]));
        self.count_bar(time);
        Ok(true)
    }

    /// Sets the marks of a bar one after the other; answers whether nothing came of them.
    fn pass(&mut self, bar: &PlannedBar, time: i64) -> Result<bool, Stop> {
        if self.book_at(bar.symbol).is_some_and(Book::holds_any) {
            self.set_mark(bar, bar.open)?;
            if let Some(level) = self.configuration.stop_out
                && let Some(worst) = self.adverse(bar)
                && self.is_below_at(bar, worst, level)?
            {
                return Ok(false);
            }
            self.set_mark(bar, bar.close)?;
        } else if let Some(book) = self.book_at_mut(bar.symbol) {
            (book.bid, book.ask) = (bar.close, ask_of(bar.close, bar.spread));
        }
        if let Some(level) = self.configuration.stop_out
            && self.account.is_below(level)
        {
            return Ok(false);
        }
        self.look_at_margin_call(time)?;
        Ok(true)
    }
}
