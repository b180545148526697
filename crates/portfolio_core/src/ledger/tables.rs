//! The append-only tables of a portfolio, as one.

use super::Configuration;
use crate::columns::rows::{ActivityRow, CashRow, EquityRow, PostingRow, TradeRow};
use crate::columns::schema::{ACTIVITY, CASH_LEDGER, EQUITY, LEDGER, TRADES};
use crate::columns::segment::AllocationFailed;
use crate::columns::table::{FIRST_ROWS, Table};

/// The append-only tables.
#[derive(Debug)]
pub(crate) struct Tables {
    pub(crate) equity: Table<EquityRow>,
    pub(crate) trades: Table<TradeRow>,
    pub(crate) postings: Table<PostingRow>,
    /// Changes of foreign cash; most accounts have none.
    pub(crate) cash: Table<CashRow>,
    /// What happened to orders and by itself; most accounts have none.
    pub(crate) activity: Table<ActivityRow>,
}

/// How many rows each table has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lengths([usize; 5]);

impl Tables {
    /// Empty tables.
    ///
    /// # Errors
    /// When a capacity is given that the allocator refuses.
    pub(super) fn new(configuration: &Configuration) -> Result<Self, AllocationFailed> {
        let mut equity = Table::new(&EQUITY, configuration.capacity);
        if configuration.capacity.is_some() {
            equity.reserve(1)?;
        }
        // A short life has few trades: memory that is not asked for need not be cleared.
        let few = configuration.capacity.map(|rows| rows.clamp(SMALL, FIRST_ROWS));
        Ok(Self {
            equity,
            trades: Table::new(&TRADES, few),
            postings: Table::new(&LEDGER, few),
            cash: Table::new(&CASH_LEDGER, Some(SMALL)),
            activity: Table::new(&ACTIVITY, Some(SMALL)),
        })
    }

    /// Tables with the same rows that go on by themselves.
    pub(super) fn fork(&self) -> Self {
        Self {
            equity: self.equity.fork(),
            trades: self.trades.fork(),
            postings: self.postings.fork(),
            cash: self.cash.fork(),
            activity: self.activity.fork(),
        }
    }

    /// Gives the memory of all rows back and goes on counting.
    pub(super) fn forget(&mut self) {
        self.equity.forget();
        self.trades.forget();
        self.postings.forget();
        self.cash.forget();
        self.activity.forget();
    }

    /// Lets readers see all rows.
    #[inline]
    pub(super) fn publish(&mut self) {
        self.equity.publish();
        self.trades.publish();
        self.postings.publish();
        self.cash.publish();
        self.activity.publish();
    }

    /// Copies each table into one segment with room for so many more rows.
    pub(super) fn compact(&mut self, more: usize) -> Result<(), AllocationFailed> {
        self.equity.compact(more)?;
        self.trades.compact(more)?;
        self.postings.compact(more)?;
        if !self.cash.is_empty() {
            self.cash.compact(0)?;
        }
        if self.activity.is_empty() { Ok(()) } else { self.activity.compact(0) }
    }

    /// Takes back the rows that nobody has seen.
    pub(super) fn take_back(&mut self) {
        self.take_back_to(Lengths([0; 5]));
    }

    /// How many rows there are.
    pub(super) fn lengths(&self) -> Lengths {
        Lengths([
            self.equity.len(),
            self.trades.len(),
            self.postings.len(),
            self.cash.len(),
            self.activity.len(),
        ])
    }

    /// Takes back the rows that came since, none of which anybody has seen.
    pub(super) fn take_back_to(&mut self, lengths: Lengths) {
        let Lengths([equity, trades, postings, cash, activity]) = lengths;
        self.equity.take_back_to(equity);
        self.trades.take_back_to(trades);
        self.postings.take_back_to(postings);
        self.cash.take_back_to(cash);
        self.activity.take_back_to(activity);
    }
}

/// Rows of the first segment of a table that seldom has many.
const SMALL: usize = 256;
