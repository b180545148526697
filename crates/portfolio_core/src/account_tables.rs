//! The tables of the account beyond fills and positions: cash of each currency, margin of each
//! symbol (rules M8 and W10).

use arrow_schema::ArrowError;

use crate::book::Book;
use crate::columns::schema::{CASH, MARGIN, View};
use crate::export::{TableSnapshot, export};
use crate::ledger::Ledger;
use crate::numbers::{Money, Overflow, Sum};
use crate::rows_table::{Cells, RowsTable};
use crate::terms::{Basis, Requirement};

fn failed(overflow: Overflow) -> ArrowError {
    ArrowError::ComputeError(overflow.to_string())
}

impl Ledger {
    /// The changes of foreign cash.
    ///
    /// # Errors
    /// As [`Ledger::equity_curve`].
    pub fn cash_postings(&self, view: View) -> Result<TableSnapshot, ArrowError> {
        export(&self.tables.cash.snapshot(), self.texts.blocks(), view)
    }

    /// What happened to orders, and to the account by itself.
    ///
    /// # Errors
    /// As [`Ledger::equity_curve`].
    pub fn activity(&self, view: View) -> Result<TableSnapshot, ArrowError> {
        export(&self.tables.activity.snapshot(), self.texts.blocks(), view)
    }

    /// The cash of each currency that ever had cash or a rate, the account's first.
    ///
    /// # Errors
    /// When a figure has more than 38 digits.
    pub fn cash(&self, view: View) -> Result<TableSnapshot, ArrowError> {
        let shown = || self.foreign.list.iter().filter(|holding| holding.is_shown());
        let costs = shown().fold(Sum::ZERO, |sum, holding| sum.plus(holding.cost));
        let costs = costs.finish().map_err(failed)?;
        let own = self.account.balance.checked_sub(costs).map_err(failed)?.raw();
        let mut table = RowsTable::new(&CASH);
        let mut cells = Cells::new(&mut table);
        cells.text(self.configuration.currency.code());
        cells.number(own).number(Money::ONE.raw()).number(own).number(own).number(0).text("");
        for holding in shown() {
            let value = holding.cash.at_rate(holding.rate).map_err(failed)?;
            let above = value.checked_sub(holding.cost).map_err(failed)?;
            let mut cells = Cells::new(&mut table);
            cells.text(holding.code.code());
            cells.number(holding.cash.raw()).number(holding.rate.raw());
            cells.number(holding.cost.raw()).number(value.raw()).number(above.raw());
            cells.text(&self.path_text(holding));
        }
        table.finish(view)
    }

    /// The margin of each symbol with an open position.
    ///
    /// # Errors
    /// When a figure has more than 38 digits.
    pub fn margins(&self, view: View) -> Result<TableSnapshot, ArrowError> {
        let mut table = RowsTable::new(&MARGIN);
        for book in self.books.iter().filter(|book| book.holds_any()) {
            let parts = self.margin_parts(book).map_err(failed)?;
            let (long, short) = (book.long.size, book.short.size);
            let [model, base, currency] = names(book);
            let mut cells = Cells::new(&mut table);
            cells.text(&book.instrument.symbol).text(model).text(base).text(currency);
            cells.number(long.raw()).number(short.raw()).number(long.min(short).raw());
            cells.number(parts.basis.raw()).number(parts.native.raw());
            cells.number(parts.rate.raw()).number(parts.margin.raw());
        }
        table.finish(view)
    }
}

/// The words for the model of a book, its base and its currency.
fn names(book: &Book) -> [&'static str; 3] {
    let Some(margin) = book.terms().and_then(|terms| terms.margin.as_ref()) else {
        return ["leverage", "open", "quote"];
    };
    let model = match margin.requirement {
        Requirement::Leverage(_) => "leverage",
        Requirement::Rate(_) => "rate",
        Requirement::PerLot(_) => "per_lot",
        Requirement::Tiers(_) => "tiers",
    };
    let base = if margin.basis == Basis::Mark { "mark" } else { "open" };
    [model, base, if margin.in_base { "base" } else { "quote" }]
}
