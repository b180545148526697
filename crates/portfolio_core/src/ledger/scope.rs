//! Several steps as one event: all of them, or none.
//!
//! A scope remembers what its steps change, so that [`Ledger::rewind_scope`] can put it back.
//! Scopes may be nested, and may be under way inside a batch; what an inner scope has changed is
//! then a part of the one around it.

use hashbrown::HashMap;

use super::rates::Foreign;
use super::tables::Lengths;
use super::{Account, Ledger};
use crate::book::Book;
use crate::columns::rows::TradeRow;
use crate::event::Receipt;
use crate::eventlog;
use crate::positions::ScopeMark;
use crate::refusal::Refused;

/// The ledger as it was when a scope began, as far as it has changed since.
#[derive(Debug)]
pub(super) struct Scope {
    account: Account,
    receipt: Receipt,
    last_trade: TradeRow,
    made: usize,
    fills: usize,
    events: eventlog::Mark,
    tables: Lengths,
    positions: ScopeMark,
    symbols: usize,
    next_due: i64,
    books: HashMap<u32, Book>,
    foreign: Option<Box<Foreign>>,
    accrued: Option<Box<super::flows::Accrued>>,
}

impl Scope {
    /// Keeps a book that is about to change.
    pub(super) fn keep_book(&mut self, index: u32, book: &Book) {
        // Later ones just go.
        if usize::try_from(index).is_ok_and(|place| place < self.symbols) {
            self.books.entry(index).or_insert_with(|| book.clone());
        }
    }

    /// Keeps the cash of other currencies.
    pub(super) fn keep_foreign(&mut self, foreign: &Foreign) {
        self.foreign.get_or_insert_with(|| Box::new(foreign.clone()));
    }

    /// Keeps what is accrued.
    pub(super) fn keep_accrued(&mut self, accrued: &super::flows::Accrued) {
        self.accrued.get_or_insert_with(|| Box::new(accrued.clone()));
    }
}

impl Ledger {
    /// Does some steps: all of them, or none.
    ///
    /// # Errors
    /// What stopped them; the state is then as it was.
    pub(super) fn scoped<T, E: From<Refused>>(
        &mut self,
        steps: impl FnOnce(&mut Self) -> Result<T, E>,
    ) -> Result<T, E> {
        self.begin_scope()?;
        let done = steps(self);
        if done.is_ok() {
            self.commit_scope();
        } else {
            self.rewind_scope();
        }
        done
    }

    /// Begins a scope.
    ///
    /// # Errors
    /// When the allocator refuses; no scope has begun then.
    pub(super) fn begin_scope(&mut self) -> Result<(), Refused> {
        let undo = self.undo.get_or_insert_default();
        undo.scopes.try_reserve(1)?;
        let scope = Scope {
            account: self.account,
            receipt: self.receipt,
            last_trade: self.last_trade,
            made: self.made.len(),
            fills: self.fills.as_ref().map_or(0, Vec::len),
            events: self.events.mark(),
            tables: self.tables.lengths(),
            positions: self.positions.begin_scope()?,
            symbols: self.books.len(),
            next_due: self.next_due,
            books: HashMap::new(),
            foreign: None,
            accrued: None,
        };
        undo.scopes.push(scope);
        self.protections.begin();
        self.orders.begin();
        Ok(())
    }

    /// Ends the innermost scope; what it changed stays.
    pub(super) fn commit_scope(&mut self) {
        let Some(undo) = &mut self.undo else { return };
        let Some(scope) = undo.scopes.pop() else { return };
        self.positions.commit_scope();
        self.protections.commit();
        self.orders.commit();
        match undo.scopes.last_mut() {
            Some(around) => {
                for (index, book) in &scope.books {
                    around.keep_book(*index, book);
                }
                if let Some(foreign) = &scope.foreign {
                    around.keep_foreign(foreign);
                }
                if let Some(accrued) = &scope.accrued {
                    around.keep_accrued(accrued);
                }
            }
            None if undo.batch.is_none() => self.undo = None,
            None => {}
        }
    }

    /// Ends the innermost scope; everything is as it was where it began.
    pub(super) fn rewind_scope(&mut self) {
        let Some(undo) = &mut self.undo else { return };
        let Some(scope) = undo.scopes.pop() else { return };
        if undo.batch.is_none() && undo.scopes.is_empty() {
            self.undo = None;
        }
        self.account = scope.account;
        self.receipt = scope.receipt;
        self.last_trade = scope.last_trade;
        self.made.truncate(scope.made);
        if let Some(fills) = &mut self.fills {
            fills.truncate(scope.fills);
        }
        self.events.rewind(scope.events);
        self.tables.take_back_to(scope.tables);
        self.positions.rewind_scope(scope.positions);
        self.protections.rewind();
        self.orders.rewind(&self.positions, &self.protections);
        self.next_due = scope.next_due;
        self.forget_symbols(scope.symbols);
        for (index, book) in scope.books {
            if let Some(cell) = usize::try_from(index).ok().and_then(|at| self.books.get_mut(at)) {
                *cell = book;
            }
        }
        if let Some(foreign) = scope.foreign {
            self.foreign = *foreign;
        }
        if let Some(accrued) = scope.accrued {
            self.accrued = *accrued;
        }
    }

    /// Forgets the symbols that came after the first ones.
    pub(super) fn forget_symbols(&mut self, symbols: usize) {
        if self.books.len() > symbols {
            self.books.truncate(symbols);
            self.symbols.retain(|_, index| usize::try_from(*index).is_ok_and(|at| at < symbols));
        }
    }

    /// Room for the steps of one more fill.
    ///
    /// # Errors
    /// When the allocator refuses.
    pub(super) fn reserve_fill(&mut self) -> Result<(), Refused> {
        self.tables.trades.reserve(1)?;
        self.tables.postings.reserve(2)?;
        self.positions.reserve_one()?;
        self.positions.reserve_steps()?;
        if let Some(scope) = self.undo.as_mut().and_then(|undo| undo.scopes.last_mut()) {
            scope.books.try_reserve(1)?;
        }
        Ok(())
    }
}
