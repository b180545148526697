//! Registering instruments: on purpose, or by the first use of a symbol (rules I1 to I6).

use super::Ledger;
use super::terms_codec::register_bytes;
use crate::book::Book;
use crate::event::{Event, Receipt};
use crate::instrument::Instrument;
use crate::numbers::{Leverage, Overflow};
use crate::positions::ROWS_MAX;
use crate::refusal::{Refusal, Refused};

impl Ledger {
    pub(super) fn register(&mut self, instrument: &Instrument) -> Result<(), Refused> {
        instrument.check()?;
        if let Some(book) = self.book(&instrument.symbol) {
            if self.same_definition(&book.instrument, instrument) {
                self.answer_nothing();
                return Ok(());
            }
            let symbol = instrument.symbol.clone();
            return Err(Refusal::InstrumentRegisteredOtherwise { symbol }.into());
        }
        let leverage = match instrument.leverage {
            None => self.leverage,
            Some(leverage) => Leverage::new(leverage)
                .map_err(|Overflow| Refusal::InstrumentLeverageMustBePositive { leverage })?,
        };
        let book = self.new_book(instrument.clone(), leverage);
        self.reserve_symbols(1)?;
        self.add_book(book)?;
        self.answer_nothing();
        Ok(())
    }

    fn answer_nothing(&mut self) {
        self.receipt = Receipt { balance: self.account.balance, ..Receipt::default() };
    }

    fn same_definition(&self, known: &Instrument, given: &Instrument) -> bool {
        let account = self.configuration.currency;
        let resolved = |instrument: &Instrument| Instrument {
            quote_currency: Some(instrument.quote_currency.unwrap_or(account)),
            ..instrument.clone()
        };
        resolved(known) == resolved(given)
    }

    /// Makes room for so many new symbols.
    pub(super) fn reserve_symbols(&mut self, more: usize) -> Result<(), Refused> {
        if self.books.len().saturating_add(more) > ROWS_MAX {
            return Err(Refusal::TooMany { what: "symbol" }.into());
        }
        self.books.try_reserve(more)?;
        self.symbols.try_reserve(more)?;
        Ok(())
    }

    /// Adds a checked book as an event of its own and answers its index. Room was reserved.
    pub(super) fn add_book(&mut self, mut book: Book) -> Result<u32, Refused> {
        let view = self.texts.view(&book.instrument.symbol)?;
        self.events.reserve(register_bytes(&book.instrument))?;
        book.symbol_text = view;
        let index = u32::try_from(self.books.len()).unwrap_or(u32::MAX);
        self.record_registration(&book.instrument);
        self.symbols.insert(book.instrument.symbol.as_str().into(), index);
        if book.general.as_ref().is_some_and(|general| general.pair.is_some()) {
            self.foreign_mut().add_pair(index);
        }
        self.some_general |= book.general.is_some();
        let codes = book.general.as_ref().map(|general| {
            let in_base = book.terms().and_then(|terms| terms.margin.as_ref());
            let margin = general.margin_currency;
            (general.profit, in_base.is_some_and(|model| model.in_base).then_some(margin))
        });
        let swaps = book.terms().is_some_and(|terms| terms.swap.is_some());
        self.books.push(book);
        self.account.events = self.account.events.wrapping_add(1);
        if let Some((profit, margin)) = codes {
            self.ask_for(profit);
            if let Some(margin) = margin {
                self.ask_for(margin);
            }
        }
        if swaps {
            self.start_clock(index);
        }
        Ok(index)
    }

    /// The rollovers of a symbol are charged from here on, or from the first event on.
    fn start_clock(&mut self, index: u32) {
        self.accrued_mut().swaps.push(index);
        if self.account.has_time {
            self.set_clock(index, self.account.last_time);
            self.find_next_due();
        } else {
            self.next_due = i64::MIN;
        }
    }

    /// Registers the symbols that an event uses for the first time; those that cannot be are left
    /// for its own rules to refuse.
    pub(super) fn register_first_uses(&mut self, event: &Event<'_>) -> Result<(), Refused> {
        let symbols: Vec<&str> = match event {
            Event::Open(open) => vec![open.symbol],
            Event::PlaceOrder(order) => vec![order.symbol],
            Event::Mark(marks) | Event::UpdateEquity(marks) | Event::Quotes(marks) => {
                marks.quotes.iter().map(|quote| quote.symbol).collect()
            }
            Event::Bar(bars) => bars.bars.iter().map(|bar| bar.symbol).collect(),
            _ => Vec::new(),
        };
        for symbol in symbols {
            if self.find_symbol(symbol).is_none()
                && let Ok(book) = self.default_book(symbol)
            {
                self.reserve_symbols(1)?;
                self.add_book(book)?;
            }
        }
        Ok(())
    }
}
