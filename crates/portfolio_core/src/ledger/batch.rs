//! Several events as one: all of them, or none.
//!
//! A batch is applied event by event through the door, on rows that nobody sees yet. What it
//! changes is remembered the first time that it changes, so that [`Ledger::rewind_batch`] can put
//! it back; a batch that succeeds just publishes its rows.

use super::durable::Progress;
use super::flows::{Accrued, NEVER};
use super::rates::Foreign;
use super::scope::Scope;
use super::{Account, Ledger, OffGrid};
use crate::book::Book;
use crate::event::Event;
use crate::images::Images;
use crate::refusal::Refused;

/// What is needed to go back: a batch, or scopes, or both are under way.
#[derive(Debug, Default)]
pub(super) struct Undo {
    pub(super) batch: Option<Batch>,
    pub(super) scopes: Vec<Scope>,
}

impl Undo {
    /// Keeps a book that is about to change.
    #[inline]
    pub(super) fn keep_book(&mut self, index: u32, book: &Book) {
        if let Some(batch) = &mut self.batch {
            batch.books.keep(index, book);
        }
        if let Some(scope) = self.scopes.last_mut() {
            scope.keep_book(index, book);
        }
    }
}

/// The ledger as it was before a batch, as far as it has changed since.
#[derive(Debug)]
pub(super) struct Batch {
    account: Account,
    progress: Progress,
    symbols: usize,
    books: Images<Book>,
    next_due: i64,
    foreign: Foreign,
    accrued: Accrued,
    rounded: u64,
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
    /// [`crate::refusal::Refusal::OutOfMemory`], and [`crate::refusal::Refusal::Journal`] when the
    /// ledger takes no events; nothing has changed then.
    ///
    /// # Panics
    /// When a batch is under way: a bug of the caller.
    pub fn begin_batch(&mut self, size: BatchSize) -> Result<(), Refused> {
        assert!(self.undo.is_none(), "one batch at a time");
        self.check_writable()?;
        self.tables.equity.reserve(size.equity)?;
        self.tables.trades.reserve(size.trades)?;
        self.tables.postings.reserve(size.postings)?;
        let symbols = self.books.len();
        let batch = Batch {
            account: self.account,
            progress: self.progress(),
            symbols,
            books: Images::new(symbols, symbols.saturating_add(63))?,
            next_due: self.next_due,
            foreign: self.foreign.clone(),
            accrued: self.accrued.clone(),
            rounded: self.rounded,
        };
        self.positions.remember(size.events)?;
        self.protections.begin();
        self.orders.begin();
        self.undo = Some(Box::new(Undo { batch: Some(batch), scopes: Vec::new() }));
        Ok(())
    }

    /// Whether an event may come with the index of its symbol in place of the text. What has more
    /// to do than to look at one plain book wants the text.
    #[inline]
    pub(crate) fn takes_indices(&self) -> bool {
        !self.some_general
            && self.next_due == NEVER
            && self.configuration.off_grid == OffGrid::Refuse
            && self.configuration.margin_call.is_none()
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

    /// Ends a batch: it is in the journal, if there is one, and its rows are published.
    ///
    /// # Errors
    /// [`crate::refusal::Refusal::Journal`]; everything is then as it was before the batch.
    pub fn commit_batch(&mut self) -> Result<(), Refused> {
        let progress = self.undo.as_ref().and_then(|undo| Some(undo.batch.as_ref()?.progress));
        if let Some(Err(refused)) = progress.map(|before| self.append_since(before)) {
            self.rewind_batch();
            return Err(refused);
        }
        self.undo = None;
        self.positions.keep();
        self.protections.commit();
        self.orders.commit();
        self.tables.publish();
        self.after_commit();
        Ok(())
    }

    /// Ends a batch: everything is as it was before it.
    pub fn rewind_batch(&mut self) {
        let Some(batch) = self.undo.take().and_then(|undo| undo.batch) else { return };
        let Batch { account, progress, symbols, books, next_due, foreign, accrued, rounded } =
            batch;
        self.account = account;
        (self.next_due, self.foreign, self.accrued) = (next_due, foreign, accrued);
        self.rounded = rounded;
        self.events.rewind(progress.mark);
        self.positions.rewind();
        self.protections.rewind();
        self.orders.rewind(&self.positions, &self.protections);
        self.tables.take_back();
        self.forget_symbols(symbols);
        for (index, book) in books.into_images() {
            if let Some(cell) = usize::try_from(index).ok().and_then(|at| self.books.get_mut(at)) {
                *cell = book;
            }
        }
    }
}
