//! What is kept of a run of targets.

use super::trades::{Trade, Trades};
use super::walk::Room;
use super::figures;
use crate::batch::outcome::{
    FinalState, Keep, Numbers, Outcome, Record, Recorded, TradeColumns, Words,
};
use crate::batch::plan::Run;
use crate::event::Side;
use crate::ledger::Account;
use crate::metrics::Scratch;
use crate::numbers::{Money, fixed9_to_f64, fixed18_to_f64};

/// The tables' rows of a run; nothing when a number is not surely in range.
pub(super) fn outcome(
    run: &Run<'_>,
    keep: &Keep,
    recorded: &Recorded,
    events: u64,
    (room, scratch): (&mut Room, &mut Scratch),
) -> Option<Outcome> {
    let doubles: Vec<f64> = if keep.metrics || (keep.record != Record::None && !keep.exact) {
        room.equity.iter().map(|&raw| fixed18_to_f64(raw)).collect()
    } else {
        Vec::new()
    };
    let metrics = if keep.metrics {
        Some(figures::metrics(run, room, &doubles, scratch)?)
    } else {
        None
    };
    Some(Outcome {
        run_id: run.run_id,
        equity: match (keep.record, keep.exact) {
            (Record::None, _) => Vec::new(),
            (_, true) => vec![Numbers::Exact(picked(recorded, room.equity.clone()))],
            (_, false) => vec![Numbers::Float(picked(recorded, doubles))],
        },
        trades: keep.trades.then(|| trades(run, keep.exact, &room.account.trades)),
        metrics,
        last: last(room, (events, run.configuration.initial_balance))?,
        rejected: std::mem::take(&mut room.rejected),
    })
}

/// The rows that are kept; all of them are handed over as they are.
fn picked<T: Copy>(recorded: &Recorded, column: Vec<T>) -> Vec<T> {
    match &recorded.moments {
        None => column,
        Some(moments) => {
            moments.iter().filter_map(|&moment| column.get(moment).copied()).collect()
        }
    }
}

fn trades(run: &Run<'_>, exact: bool, trades: &Trades) -> TradeColumns {
    let mut columns = TradeColumns::new(exact);
    let rows = &trades.rows;
    if rows.is_empty() {
        return columns;
    }
    let money = |column: usize| {
        let raws = trades.money.iter().filter_map(|money| money.get(column).copied());
        let mut numbers = with_room(exact, rows.len());
        raws.for_each(|raw| numbers.push_money(raw));
        numbers
    };
    let nines = |pick: fn(&Trade) -> i64| {
        let raws = rows.iter().map(pick);
        if exact {
            Numbers::Exact(raws.map(i128::from).collect())
        } else {
            Numbers::Float(raws.map(|raw| fixed9_to_f64(i128::from(raw))).collect())
        }
    };
    let zeros = || {
        let rows = rows.len();
        if exact { Numbers::Exact(vec![0; rows]) } else { Numbers::Float(vec![0.0; rows]) }
    };
    let time = |moment: usize| run.bars.moments.get(moment).copied().unwrap_or_default();
    let words = &mut columns.words;
    columns.symbol = symbols(run, rows, words);
    columns.tag = places(rows.iter().map(|trade| run.tag(trade.place)), words);
    columns.reason = places(rows.iter().map(|trade| trade.reason.text()), words);
    TradeColumns {
        trade_id: (1..).take(rows.len()).collect(),
        position_id: rows.iter().map(|trade| trade.position_id).collect(),
        side: rows.iter().map(|trade| side(trade.long)).collect(),
        entry_time: rows.iter().map(|trade| time(trade.entry)).collect(),
        exit_time: rows.iter().map(|trade| time(trade.exit)).collect(),
        numbers: [
            nines(|trade| trade.size),
            nines(|trade| trade.entry_price),
            nines(|trade| trade.exit_price),
            money(0),
            money(1),
            money(2),
            zeros(),
            money(3),
            money(4),
            money(5),
            money(6),
            zeros(),
            zeros(),
            zeros(),
            zeros(),
        ],
        ..columns
    }
}

fn with_room(exact: bool, rows: usize) -> Numbers {
    if exact {
        Numbers::Exact(Vec::with_capacity(rows))
    } else {
        Numbers::Float(Vec::with_capacity(rows))
    }
}

const fn side(long: bool) -> Side {
    if long { Side::Long } else { Side::Short }
}

/// The places of the symbols, each looked up once.
fn symbols(run: &Run<'_>, rows: &[Trade], words: &mut Words) -> Vec<u32> {
    let mut known: Vec<Option<u32>> = vec![None; run.bars.symbols.len()];
    let place = |trade: &Trade| {
        let name = run.bars.symbols.get(trade.symbol)?;
        let known = known.get_mut(trade.symbol)?;
        Some(*known.get_or_insert_with(|| words.place(name)))
    };
    rows.iter().filter_map(place).collect()
}

/// The places of texts, of which mostly the same one comes again.
fn places<'a>(texts: impl Iterator<Item = &'a str>, words: &mut Words) -> Vec<u32> {
    let mut last: Option<(&str, u32)> = None;
    let place = |text: &'a str| match last {
        Some((other, place)) if other == text => place,
        _ => {
            let place = words.place(text);
            last = Some((text, place));
            place
        }
    };
    texts.map(place).collect()
}

/// All that the balance has moved by are results and fees.
fn last(room: &Room, (events, initial): (u64, Money)) -> Option<FinalState> {
    let money = |raw: i128| Money::from_raw(raw).ok();
    let end = &room.account;
    let (equity, balance) = (money(end.equity)?, money(end.balance)?);
    let account = Account {
        equity,
        unrealized: equity.checked_sub(balance).ok()?,
        margin_used: money(end.margin)?,
        ..Account::new(balance)
    };
    Some(FinalState {
        failed: false,
        event_count: events,
        trade_count: end.made,
        open_count: u64::try_from(end.open.len()).ok()?,
        order_count: 0,
        ambiguous_count: 0,
        balance,
        equity,
        unrealized: account.unrealized,
        realized: balance.checked_sub(initial).ok()?.checked_add(money(end.fees)?).ok()?,
        margin_used: account.margin_used,
        free_margin: account.free_margin(),
        margin_level: account.margin_level(),
        digest: None,
    })
}
