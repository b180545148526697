//! What is kept of a run of targets.

use super::figures;
use super::grid::place;
use super::trades::Trades;
use super::walk::Room;
use crate::batch::outcome::{
    FinalState, Keep, Numbers, Outcome, Record, Recorded, TradeColumns, Words,
};
use crate::batch::plan::Run;
use crate::batch::quick::answer::tags;
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
    let metrics =
        if keep.metrics { Some(figures::metrics(run, room, &doubles, scratch)?) } else { None };
    Some(Outcome {
        run_id: run.run_id,
        equity: match (keep.record, keep.exact) {
            (Record::None, _) => Vec::new(),
            (_, true) => vec![Numbers::Exact(picked(recorded, room.equity.clone()))],
            (_, false) => vec![Numbers::Float(picked(recorded, doubles))],
        },
        trades: keep.trades.then(|| trades(run, keep.exact, &mut room.account.trades)),
        metrics,
        last: last(room, (events, run.configuration.initial_balance))?,
        rejected: std::mem::take(&mut room.rejected),
    })
}

/// The rows that are kept; all of them are handed over as they are.
fn picked<T: Copy>(recorded: &Recorded, column: Vec<T>) -> Vec<T> {
    match &recorded.moments {
        None => column,
        Some(moments) => moments.iter().filter_map(|&moment| column.get(moment).copied()).collect(),
    }
}

/// The trades, whose columns are handed over where they are what is kept.
fn trades(run: &Run<'_>, exact: bool, trades: &mut Trades) -> TradeColumns {
    let mut columns = TradeColumns::new(exact);
    let rows = trades.len();
    if rows == 0 {
        return columns;
    }
    let money = std::mem::take(&mut trades.money).map(|raws| {
        if exact {
            Numbers::Exact(raws)
        } else {
            Numbers::Float(raws.into_iter().map(fixed18_to_f64).collect())
        }
    });
    let nines = |raws: &[i64]| {
        let raws = raws.iter().map(|&raw| i128::from(raw));
        if exact {
            Numbers::Exact(raws.collect())
        } else {
            Numbers::Float(raws.map(fixed9_to_f64).collect())
        }
    };
    let zeros =
        || if exact { Numbers::Exact(vec![0; rows]) } else { Numbers::Float(vec![0.0; rows]) };
    let times = |moments: &[usize]| {
        let time = |&moment: &usize| run.bars.moments.get(moment).copied().unwrap_or_default();
        moments.iter().map(time).collect()
    };
    let words = &mut columns.words;
    columns.symbol = symbols(run, &trades.symbol, words);
    columns.tag = tags(run, trades.place.iter().copied(), words);
    columns.reason = reasons(&trades.flip, words);
    let [gross, entry_fee, exit_fee, net, cost, mae, mfe] = money;
    TradeColumns {
        trade_id: (1..).take(rows).collect(),
        position_id: std::mem::take(&mut trades.position_id),
        side: std::mem::take(&mut trades.side),
        entry_time: times(&trades.entry),
        exit_time: times(&trades.exit),
        numbers: [
            nines(&trades.size),
            nines(&trades.entry_price),
            nines(&trades.exit_price),
            gross,
            entry_fee,
            exit_fee,
            zeros(),
            net,
            cost,
            mae,
            mfe,
            zeros(),
            zeros(),
            zeros(),
            zeros(),
        ],
        ..columns
    }
}

/// The places of the symbols, each looked up once.
fn symbols(run: &Run<'_>, symbols: &[u32], words: &mut Words) -> Vec<u32> {
    let mut known: Vec<Option<u32>> = vec![None; run.bars.symbols.len()];
    let place = |&symbol: &u32| {
        let symbol = place(symbol);
        let name = run.bars.symbols.get(symbol)?;
        let known = known.get_mut(symbol)?;
        Some(*known.get_or_insert_with(|| words.place(name)))
    };
    symbols.iter().filter_map(place).collect()
}

fn reasons(flips: &[bool], words: &mut Words) -> Vec<u32> {
    let mut known = [None; 2];
    let mut place = |&flip: &bool| {
        let [reduce, turn] = &mut known;
        let (known, text) = if flip { (turn, "flip") } else { (reduce, "reduce") };
        *known.get_or_insert_with(|| words.place(text))
    };
    flips.iter().map(&mut place).collect()
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
