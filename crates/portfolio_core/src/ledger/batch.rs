//! Several events as one: all of them, or none.
//!
//! A batch is applied event by event through the door, on rows that nobody sees yet. What it
//! changes is remembered the first time that it changes, so that [`Ledger::rewind_batch`] can put
//! it back; a batch that succeeds just publishes its rows.

use super::{Account, Ledger};
use crate::book::Book;
use crate::event::Event;
use crate::eventlog;
use crate::images::Images;
use crate::refusal::Refused;

/// The ledger as it was before a batch, as far as it has changed since.
#[derive(Debug)]
pub(super) struct Undo {
    account: Account,
    events: eventlog::Mark,
    symbols: usize,
    books: Images<Book>,
}

impl Undo {
    /// Keeps a book that is about to change.
    #[inline]
    pub(super) fn keep_book(&mut self, index: u32, book: &Book) {
        self.books.keep(index, book);
    }
}

/// How many events a batch has, and the most rows that they append.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BatchSize {
    /// Events.
    pub events: usize,
    /// Rows of the equity history.
    pub equity: usize,
    /// Trades.
    pub trades: usize,
    /// Postings.
    pub postings: usize,
}

impl Ledger {
    /// Starts a batch of so many events that append at most so many rows.
    ///
    /// # Errors
    /// [`crate::refusal::Refusal::OutOfMemory`]; nothing has changed then.
    ///
    /// # Panics
    /// When a batch is under way: a bug of the caller.
    pub fn begin_batch(&mut self, size: BatchSize) -> Result<(), Refused> {
        assert!(self.undo.is_none(), "one batch at a time");
        self.tables.equity.reserve(size.equity)?;
        self.tables.trades.reserve(size.trades)?;
        self.tables.postings.reserve(size.postings)?;
        let symbols = self.books.len();
        let undo = Undo {
            account: self.account,
            events: self.events.mark(),
            symbols,
            books: Images::new(symbols, symbols.saturating_add(63))?,
        };
        self.positions.remember(size.events)?;
        self.undo = Some(Box::new(undo));
        Ok(())
    }

    /// Applies an event of the batch: all of it, or nothing. `symbol` is the index of
    /// the symbol of an open or of a single quote where the caller knows it.
    ///
    /// # Errors
    /// As [`Ledger::apply`]; the batch may go on.
    ///
    /// # Panics
    /// As [`Ledger::apply`], and when no batch is under way.
    #[inline]
    pub fn apply_in_batch(
        &mut self,
        event: &Event<'_>,
        symbol: Option<u32>,
    ) -> Result<(), Refused> {
        assert!(self.undo.is_some(), "an event of a batch needs one");
        self.apply_unpublished(event, symbol)
    }

    /// Ends a batch: its rows are published.
    pub fn commit_batch(&mut self) {
        self.undo = None;
        self.positions.keep();
        self.tables.publish();
    }

    /// Ends a batch: everything is as it was before it.
    pub fn rewind_batch(&mut self) {
        let Some(undo) = self.undo.take() else { return };
        let Undo { account, events, symbols, books } = *undo;
        self.account = account;
        self.events.rewind(events);
        self.positions.rewind();
        self.tables.take_back();
        self.books.truncate(symbols);
        self.symbols.retain(|_, index| usize::try_from(*index).is_ok_and(|at| at < symbols));
        for (index, book) in books.into_images() {
            if let Some(cell) = usize::try_from(index).ok().and_then(|at| self.books.get_mut(at)) {
                *cell = book;
            }
        }
    }
}
