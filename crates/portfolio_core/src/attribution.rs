//! Where the result of the account came from: prices, fees and cash, by position.
//!
//! It is added up when somebody asks, from postings, trades and open positions. Whatever changed
//! the equity is in one row, so all totals together are the equity without the initial balance.

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_buffer::Buffer;
use arrow_schema::ArrowError;
use hashbrown::HashMap;

use crate::book::Book;
use crate::columns::schema::{ATTRIBUTION, LEDGER, TRADES, View};
use crate::columns::text::{TextBlocks, TextView};
use crate::event::Side;
use crate::export::{TableSnapshot, array, counts, exact_money, placed, text_views};
use crate::ledger::Ledger;
use crate::numbers::{Money, Overflow, Sum, fixed18_to_f64};
use crate::positions::Position;
use crate::refusal::Refusal;

/// The attribution at one moment, from which a table is made in either view.
#[derive(Debug)]
pub struct Attribution {
    rows: Vec<Row>,
    blocks: TextBlocks,
}

/// A row of the table; the texts are the bits of views, the amounts raw units.
#[derive(Debug, Clone, Copy)]
struct Row {
    position_id: u64,
    symbol: u128,
    side: u128,
    status: u128,
    price_pnl: i128,
    fee: i128,
    cash: i128,
    total: i128,
}

/// What a position, or the account, has brought so far.
#[derive(Debug, Clone, Copy)]
struct Share {
    symbol: u128,
    side: u128,
    status: TextView,
    price_pnl: Sum,
    fee: Sum,
    cash: Sum,
}

impl Share {
    const fn new(status: TextView) -> Self {
        let nothing = TextView::EMPTY.bits();
        let (price_pnl, fee, cash) = (Sum::ZERO, Sum::ZERO, Sum::ZERO);
        Self { symbol: nothing, side: nothing, status, price_pnl, fee, cash }
    }

    fn finish(&self, position_id: u64) -> Result<Row, Overflow> {
        let (price_pnl, fee) = (self.price_pnl.finish()?, self.fee.finish()?);
        let cash = self.cash.finish()?;
        let total = Sum::of(&[price_pnl, fee, cash]).finish()?.raw();
        let Self { symbol, side, status, .. } = *self;
        let (price_pnl, fee, cash, status) =
            (price_pnl.raw(), fee.raw(), cash.raw(), status.bits());
        Ok(Row { position_id, symbol, side, status, price_pnl, fee, cash, total })
    }
}

/// The shares of the positions by id. A position that is not among the open ones is closed.
#[derive(Default)]
struct Shares(HashMap<u64, Share>);

impl Shares {
    fn of(&mut self, position_id: u64) -> &mut Share {
        self.0.entry(position_id).or_insert(Share::new(TextView::CLOSED))
    }
}

impl Ledger {
    /// What each position has brought, in the order of the ids, and then the account itself.
    ///
    /// # Errors
    /// [`Refusal::ResultOutOfRange`] with the id of the position (0 for the account) when a figure
    /// has more than 38 digits.
    pub fn attribution(&self) -> Result<Attribution, Refusal> {
        let (mut shares, mut account) = (Shares::default(), Share::new(TextView::ACCOUNT));
        self.add_postings(&mut shares, &mut account)
            .map_err(|(position_id, Overflow)| out_of_range(position_id))?;
        self.add_sides(&mut shares);
        for position in self.positions.rows() {
            self.add_position(position, shares.of(position.position_id))
                .map_err(|Overflow| out_of_range(position.position_id))?;
        }
        let mut shares: Vec<(u64, Share)> = shares.0.into_iter().collect();
        shares.sort_unstable_by_key(|(position_id, _)| *position_id);
        shares.push((0, account));
        let finish = |(position_id, share): (u64, Share)| {
            share.finish(position_id).map_err(|Overflow| out_of_range(position_id))
        };
        let rows = shares.into_iter().map(finish).collect::<Result<_, _>>()?;
        Ok(Attribution { rows, blocks: self.texts.blocks().clone() })
    }

    /// Each change of the balance is a gross result, a fee or cash.
    fn add_postings(
        &self,
        shares: &mut Shares,
        account: &mut Share,
    ) -> Result<(), (u64, Overflow)> {
        let snapshot = self.tables.postings.snapshot();
        let ids = counts(&snapshot, &LEDGER, "position_id");
        let symbols = text_views(&snapshot, &LEDGER, "symbol");
        let kinds = text_views(&snapshot, &LEDGER, "kind");
        let amounts = exact_money(&snapshot, &LEDGER, "amount");
        for ((id, symbol), (kind, amount)) in
            ids.into_iter().zip(symbols).zip(kinds.into_iter().zip(amounts))
        {
            let amount = Money::from_raw(amount).map_err(|overflow| (id, overflow))?;
            let share = if id == 0 { &mut *account } else { shares.of(id) };
            share.symbol = symbol;
            let sum = if kind == TextView::FEE.bits() {
                &mut share.fee
            } else if kind == TextView::REALIZED.bits() {
                &mut share.price_pnl
            } else {
                &mut share.cash
            };
            *sum = sum.plus(amount);
        }
        Ok(())
    }

    /// Postings do not tell the sides of closed positions; their trades do.
    fn add_sides(&self, shares: &mut Shares) {
        let snapshot = self.tables.trades.snapshot();
        let ids = counts(&snapshot, &TRADES, "position_id");
        for (id, side) in ids.into_iter().zip(text_views(&snapshot, &TRADES, "side")) {
            shares.of(id).side = side;
        }
    }

    /// An open position brings what it is worth above its cost.
    fn add_position(&self, position: &Position, share: &mut Share) -> Result<(), Overflow> {
        let Position { symbol, side, size, cost, .. } = *position;
        let book = usize::try_from(symbol).ok().and_then(|place| self.books.get(place));
        let book: &Book = book.ok_or(Overflow)?;
        share.symbol = book.symbol_text.bits();
        share.side = match side {
            Side::Long => TextView::LONG,
            Side::Short => TextView::SHORT,
        }
        .bits();
        share.status = TextView::OPEN;
        share.price_pnl = share.price_pnl.plus(book.result(side, size, cost, book.mark(side))?);
        Ok(())
    }
}

#[cold]
fn out_of_range(position_id: u64) -> Refusal {
    Refusal::ResultOutOfRange { argument: "attribution", value: position_id.to_string() }
}

impl Attribution {
    /// The table in a view.
    ///
    /// # Errors
    /// Only when the columns contradict their schema, which is a bug.
    pub fn table(&self, view: View) -> Result<TableSnapshot, ArrowError> {
        let (schema, rows) = (ATTRIBUTION.arrow(view), self.rows.len());
        let columns = placed(&ATTRIBUTION).map(|(column, _)| {
            let values = self.values(column.name, view);
            array(column.kind, view, values, rows, &self.blocks)
        });
        let batch = RecordBatch::try_new(Arc::clone(&schema), columns.collect())?;
        Ok(TableSnapshot { name: ATTRIBUTION.name, schema, batches: vec![batch], rows })
    }

    fn values(&self, name: &str, view: View) -> Buffer {
        match name {
            "position_id" => self.collect(|row| row.position_id),
            "symbol" => self.collect(|row| row.symbol),
            "side" => self.collect(|row| row.side),
            "status" => self.collect(|row| row.status),
            "price_pnl" => self.money(view, |row| row.price_pnl),
            "fee" => self.money(view, |row| row.fee),
            "cash" => self.money(view, |row| row.cash),
            "total" => self.money(view, |row| row.total),
            // No position costs a swap or is converted: one currency per account.
            _ => self.money(view, |_| 0),
        }
    }

    fn money(&self, view: View, amount: fn(&Row) -> i128) -> Buffer {
        match view {
            View::Exact => self.collect(amount),
            View::Float => self.collect(|row| fixed18_to_f64(amount(row))),
        }
    }

    fn collect<T: arrow_buffer::ArrowNativeType>(&self, value: impl Fn(&Row) -> T) -> Buffer {
        Buffer::from_vec(self.rows.iter().map(value).collect::<Vec<T>>())
    }
}
