//! From a ledger at the end of its run to what is kept of it.

use arrow_buffer::ArrowNativeType;
use hashbrown::HashMap;

use super::drive::{Driven, Halted};
use super::outcome::{
    EquityColumns, FinalState, Keep, Numbers, Outcome, Record, Recorded, TRADE_NUMBERS,
    TradeColumns, Words,
};
use super::plan::Run;
use crate::columns::schema::{EQUITY, EQUITY_COLUMNS, TRADES, View};
use crate::columns::table::Snapshot;
use crate::columns::text::TextView;
use crate::event::Side;
use crate::export::cells;
use crate::history::TextColumn;
use crate::ledger::Ledger;

impl Driven {
    /// What is kept of the run.
    ///
    /// # Errors
    /// [`Halted::OutOfMemory`].
    pub fn outcome(
        mut self,
        run: &Run<'_>,
        keep: &Keep,
        recorded: &Recorded,
    ) -> Result<Outcome, Halted> {
        let last = final_state(&mut self.ledger, self.failed, keep.digest)?;
        let (ledger, whole) = (&self.ledger, !self.failed);
        let kept = |wanted: bool| wanted && whole;
        Ok(Outcome {
            run_id: run.run_id,
            equity: if kept(keep.record != Record::None) {
                equity(ledger, run, keep, recorded)
            } else {
                Vec::new()
            },
            trades: kept(keep.trades).then(|| trades(ledger, keep.exact)),
            metrics: kept(keep.metrics).then(|| ledger.metrics(run.metrics, None)),
            last,
            rejected: self.rejected,
        })
    }
}

const fn view_of(exact: bool) -> View {
    if exact { View::Exact } else { View::Float }
}

fn column(snapshot: &Snapshot, name: &str, exact: bool) -> Numbers {
    let schema = snapshot.schema;
    if exact {
        Numbers::Exact(cells(snapshot, schema, name, view_of(exact)))
    } else {
        Numbers::Float(cells(snapshot, schema, name, view_of(exact)))
    }
}

/// The last row of each moment that is kept.
fn equity(ledger: &Ledger, run: &Run<'_>, keep: &Keep, recorded: &Recorded) -> Vec<Numbers> {
    let snapshot = ledger.tables.equity.snapshot();
    let columns = match keep.equity_columns {
        EquityColumns::All => EQUITY_COLUMNS.iter().skip(1).take(EQUITY_COLUMNS.len()),
        EquityColumns::Equity => EQUITY_COLUMNS.iter().skip(1).take(1),
    };
    let mut numbers: Vec<Numbers> =
        columns.map(|column_of| column(&snapshot, column_of.name, keep.exact)).collect();
    let moments = run.bars.moments.len();
    if snapshot.rows == moments && recorded.moments.is_none() {
        return numbers;
    }
    let rows = last_rows(&cells::<i64>(&snapshot, &EQUITY, "time", View::Exact));
    let kept: Vec<usize> = match &recorded.moments {
        None => rows,
        Some(moments) => moments.iter().filter_map(|&moment| rows.get(moment).copied()).collect(),
    };
    for column in &mut numbers {
        match column {
            Numbers::Float(values) => *values = picked(values, &kept),
            Numbers::Exact(values) => *values = picked(values, &kept),
        }
    }
    numbers
}

/// The last row of each time.
fn last_rows(times: &[i64]) -> Vec<usize> {
    let next = times.iter().skip(1).map(Some).chain([None]);
    let rows = times.iter().zip(next).enumerate();
    rows.filter_map(|(row, (time, next))| (next != Some(time)).then_some(row)).collect()
}

fn picked<T: ArrowNativeType>(values: &[T], rows: &[usize]) -> Vec<T> {
    rows.iter().filter_map(|&row| values.get(row).copied()).collect()
}

fn trades(ledger: &Ledger, exact: bool) -> TradeColumns {
    let snapshot = ledger.tables.trades.snapshot();
    if snapshot.rows == 0 {
        return TradeColumns::new(exact);
    }
    let columns = ledger.columns().trades;
    let mut texts = Texts::default();
    let mut text = |column: Option<TextColumn>| texts.places(&column.unwrap_or_default());
    let (symbol, tag, reason) = (text(columns.symbol), text(columns.tag), text(columns.reason));
    let sides = cells::<u128>(&snapshot, &TRADES, "side", View::Exact);
    let side = |view| if view == TextView::LONG.bits() { Side::Long } else { Side::Short };
    TradeColumns {
        trade_id: cells(&snapshot, &TRADES, "trade_id", View::Exact),
        position_id: cells(&snapshot, &TRADES, "position_id", View::Exact),
        symbol,
        side: sides.into_iter().map(side).collect(),
        entry_time: cells(&snapshot, &TRADES, "entry_time", View::Exact),
        exit_time: cells(&snapshot, &TRADES, "exit_time", View::Exact),
        numbers: TRADE_NUMBERS.map(|name| column(&snapshot, name, exact)),
        tag,
        reason,
        words: texts.words,
    }
}

/// The texts of a ledger, which has equal ones in one place.
#[derive(Default)]
struct Texts {
    words: Words,
    known: HashMap<u128, u32>,
}

impl Texts {
    fn places(&mut self, column: &TextColumn) -> Vec<u32> {
        let mut places = Vec::new();
        for part in column.parts() {
            for (row, &view) in part.views().iter().enumerate() {
                let place = self.known.entry(view);
                let place = place.or_insert_with(|| self.words.place(part.value(row)));
                places.push(*place);
            }
        }
        places
    }
}

fn final_state(ledger: &mut Ledger, failed: bool, digest: bool) -> Result<FinalState, Halted> {
    let digest = digest.then(|| ledger.digest()).transpose();
    let digest = digest.map_err(|refusal| Halted::out_of_memory(&refusal))?;
    let count = |items: usize| u64::try_from(items).unwrap_or(u64::MAX);
    let account = ledger.account();
    Ok(FinalState {
        failed,
        event_count: account.events,
        trade_count: count(ledger.tables.trades.len()),
        open_count: count(ledger.positions.rows().len()),
        order_count: count(ledger.orders.len()),
        ambiguous_count: ledger.orders.ambiguous,
        balance: account.balance,
        equity: account.equity,
        unrealized: account.unrealized,
        realized: account.realized,
        margin_used: account.margin_used,
        free_margin: account.free_margin(),
        margin_level: account.margin_level(),
        digest,
    })
}
