//! Where the result of the account came from: prices, fees and cash, by position.
//!
//! It is added up when somebody asks, from postings, trades and open positions. Whatever changed
//! the equity is in one row, so all totals together are the equity without the initial balance.

use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_buffer::Buffer;
use arrow_schema::ArrowError;
use hashbrown::HashMap;

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

/// The columns of amounts, in the order of the table.
const AMOUNTS: [&str; 8] =
    ["price_pnl", "fx", "fee", "swap", "dividend", "cash", "rounding", "total"];
/// Their places in a share; the total is added up.
const PRICE: usize = 0;
const FX: usize = 1;
const FEE: usize = 2;
const SWAP: usize = 3;
const DIVIDEND: usize = 4;
const CASH: usize = 5;
const ROUNDING: usize = 6;

/// A row of the table; the texts are the bits of views, the amounts raw units.
#[derive(Debug, Clone, Copy)]
struct Row {
    position_id: u64,
    symbol: u128,
    side: u128,
    status: u128,
    amounts: [i128; AMOUNTS.len()],
}

/// What a position, or the account, has brought so far.
#[derive(Debug, Clone, Copy)]
struct Share {
    symbol: u128,
    side: u128,
    status: TextView,
    sums: [Sum; ROUNDING + 1],
}

impl Share {
    const fn new(status: TextView) -> Self {
        let nothing = TextView::EMPTY.bits();
        Self { symbol: nothing, side: nothing, status, sums: [Sum::ZERO; ROUNDING + 1] }
    }

    /// Adds to a column.
    fn add(&mut self, column: usize, amount: Money) {
        if let Some(sum) = self.sums.get_mut(column) {
            *sum = sum.plus(amount);
        }
    }

    fn total(&self) -> Sum {
        self.sums.iter().fold(Sum::ZERO, |total, &sum| total.plus_sum(sum))
    }

    fn finish(&self, position_id: u64) -> Result<Row, Overflow> {
        let mut amounts = [0; AMOUNTS.len()];
        let sums = self.sums.into_iter().chain([self.total()]);
        for (amount, sum) in amounts.iter_mut().zip(sums) {
            *amount = sum.finish()?.raw();
        }
        let Self { symbol, side, status, .. } = *self;
        Ok(Row { position_id, symbol, side, status: status.bits(), amounts })
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
        self.add_trades(&mut shares)
            .map_err(|(position_id, Overflow)| out_of_range(position_id))?;
        for position in self.positions.rows() {
            self.add_position(position, shares.of(position.position_id))
                .map_err(|Overflow| out_of_range(position.position_id))?;
        }
        for (&(_, _, position_id, _), &amount) in &self.accrued.dividends {
            shares.of(position_id).add(DIVIDEND, amount);
        }
        for holding in &self.foreign.list {
            account.add(FX, holding.above_cost);
        }
        let mut shares: Vec<(u64, Share)> = shares.0.into_iter().collect();
        shares.sort_unstable_by_key(|(position_id, _)| *position_id);
        // Whatever sums of rounded figures leave is the account's.
        let told =
            shares.iter().fold(account.total(), |sum, (_, share)| sum.plus_sum(share.total()));
        let (equity, initial) = (self.account.equity, self.configuration.initial_balance);
        let told = told.finish().map_err(|Overflow| out_of_range(0))?;
        let rest = Sum::of(&[equity]).minus(initial).minus(told).finish();
        account.add(ROUNDING, rest.map_err(|Overflow| out_of_range(0))?);
        shares.push((0, account));
        let finish = |(position_id, share): (u64, Share)| {
            share.finish(position_id).map_err(|Overflow| out_of_range(position_id))
        };
        let rows = shares.into_iter().map(finish).collect::<Result<_, _>>()?;
        Ok(Attribution { rows, blocks: self.texts.blocks().clone() })
    }

    /// Postings before they were rounded; gross results are taken from the trades.
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
        let residues = exact_money(&snapshot, &LEDGER, "residue");
        let mut before = 0_i128;
        for (((id, symbol), kind), (amount, residue)) in
            ids.into_iter().zip(symbols).zip(kinds).zip(amounts.into_iter().zip(residues))
        {
            // The booked amount and what it added to the residue are the exact one.
            let exact = amount.saturating_add(residue).saturating_sub(before);
            before = residue;
            let amount = Money::from_raw(exact).map_err(|overflow| (id, overflow))?;
            let share = if id == 0 { &mut *account } else { shares.of(id) };
            share.symbol = symbol;
            if let Some(column) = column_of(kind) {
                share.add(column, amount);
            }
        }
        Ok(())
    }

    /// Postings do not tell the sides of closed positions, nor what the move of a rate has made;
    /// their trades do.
    fn add_trades(&self, shares: &mut Shares) -> Result<(), (u64, Overflow)> {
        let snapshot = self.tables.trades.snapshot();
        let ids = counts(&snapshot, &TRADES, "position_id");
        let sides = text_views(&snapshot, &TRADES, "side");
        let gross = exact_money(&snapshot, &TRADES, "gross_pnl");
        let rates = exact_money(&snapshot, &TRADES, "fx_pnl");
        for ((id, side), (gross, fx)) in
            ids.into_iter().zip(sides).zip(gross.into_iter().zip(rates))
        {
            let amounts = [gross, fx].map(Money::from_raw);
            let [Ok(gross), Ok(fx)] = amounts else { return Err((id, Overflow)) };
            let share = shares.of(id);
            share.side = side;
            share.add(PRICE, gross);
            share.add(PRICE, fx.negated());
            share.add(FX, fx);
        }
        Ok(())
    }

    /// An open position brings what it is worth above its cost, and the move of its rate.
    fn add_position(&self, position: &Position, share: &mut Share) -> Result<(), Overflow> {
        let valued = self.value_in_full(position)?;
        share.symbol = valued.book.symbol_text.bits();
        share.side = match position.side {
            Side::Long => TextView::LONG,
            Side::Short => TextView::SHORT,
        }
        .bits();
        share.status = TextView::OPEN;
        let at_entry = valued.native.at_rate(position.entry_rate)?;
        share.add(PRICE, at_entry);
        share.add(FX, valued.unrealized.checked_sub(at_entry)?);
        Ok(())
    }
}

/// The column that a posting of a kind belongs to.
fn column_of(kind: u128) -> Option<usize> {
    let columns = [
        (TextView::FEE, FEE),
        (TextView::SWAP, SWAP),
        (TextView::DIVIDEND, DIVIDEND),
        (TextView::SPLIT, PRICE),
        (TextView::FX, FX),
        (TextView::DEPOSIT, CASH),
        (TextView::WITHDRAWAL, CASH),
    ];
    columns.iter().find(|(text, _)| text.bits() == kind).map(|(_, column)| *column)
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
            _ => {
                let place = AMOUNTS.iter().position(|column| *column == name).unwrap_or(ROUNDING);
                self.money(view, |row| row.amounts.get(place).copied().unwrap_or(0))
            }
        }
    }

    fn money(&self, view: View, amount: impl Fn(&Row) -> i128) -> Buffer {
        match view {
            View::Exact => self.collect(amount),
            View::Float => self.collect(|row| fixed18_to_f64(amount(row))),
        }
    }

    fn collect<T: arrow_buffer::ArrowNativeType>(&self, value: impl Fn(&Row) -> T) -> Buffer {
        Buffer::from_vec(self.rows.iter().map(value).collect::<Vec<T>>())
    }
}
