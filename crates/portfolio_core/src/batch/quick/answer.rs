//! What is kept of a plain run.

use super::Room;
use super::curve::{self, Doubles, side};
use super::events::{End, Room as Events};
use super::terms::Terms;
use crate::batch::drive::unfillable;
use crate::batch::outcome::{
    FinalState, Keep, Numbers, Outcome, Record, Recorded, TradeColumns, Words,
};
use crate::batch::plan::Run;
use crate::history::{Block, Exact, OpenPosition, Start};
use crate::ledger::Account;
use crate::metrics::trades::Lines;
use crate::metrics::{Columns, Metrics, metrics_of};
use crate::numbers::{Money, Sum, fixed9_to_f64, fixed18_to_f64};

/// The tables' rows of a run; nothing when a number is too large for this road.
pub(super) fn outcome(
    run: &Run<'_>,
    keep: &Keep,
    recorded: &Recorded,
    (terms, end): (&Terms<'_>, End),
    room: &mut Room,
) -> Option<Outcome> {
    let unit = curve::draw(terms, &end, &room.events, keep.metrics, &mut room.curve)?;
    let metrics = if keep.metrics { Some(metrics(run, &end, unit, room)?) } else { None };
    let last_row = room.curve.values.len().checked_sub(1)?;
    let last_equity = Exact::Whole(&room.curve.wholes, unit).get(last_row)?;
    let all = keep.record != Record::None && !keep.exact && recorded.moments.is_none();
    // The column is handed over as it is.
    let values = if all { std::mem::take(&mut room.curve.values) } else { Vec::new() };
    let (curve, events) = (&room.curve, &room.events);
    let exact = Exact::Whole(&curve.wholes, unit);
    let rows = curve.wholes.len();
    Some(Outcome {
        run_id: run.run_id,
        equity: match (keep.record, keep.exact) {
            (Record::None, _) => Vec::new(),
            (_, true) => {
                vec![Numbers::Exact(picked(recorded, rows, |moment| exact.get(moment)))]
            }
            (_, false) if all => vec![Numbers::Float(values)],
            (_, false) => {
                let value = |moment: usize| curve.values.get(moment).copied();
                vec![Numbers::Float(picked(recorded, rows, value))]
            }
        },
        trades: keep.trades.then(|| trades(run, keep.exact, events)),
        metrics,
        last: last(terms, &end, events, last_equity)?,
        rejected: events.unfillable.iter().map(|&place| unfillable(&run.row(place))).collect(),
    })
}

fn picked<T>(recorded: &Recorded, rows: usize, get: impl Fn(usize) -> Option<T>) -> Vec<T> {
    match &recorded.moments {
        Some(moments) => moments.iter().filter_map(|&moment| get(moment)).collect(),
        None => (0..rows).filter_map(get).collect(),
    }
}

fn metrics(run: &Run<'_>, end: &End, unit: i128, room: &mut Room) -> Option<Metrics> {
    let Room { events, curve, scratch } = room;
    let money = doubles(events);
    let trades = &events.trades;
    let time = |moment: usize| run.bars.moments.get(moment).copied().unwrap_or_default();
    let entries: Vec<i64> = trades.rows.iter().map(|trade| time(trade.entry)).collect();
    let exits: Vec<i64> = trades.rows.iter().map(|trade| time(trade.exit)).collect();
    let open = events.held.iter().zip(&money.open);
    let open = open.map(|(held, &cost)| OpenPosition { entry_time: time(held.entry), cost });
    let columns = Columns {
        start: Start {
            time: *run.bars.moments.first()?,
            balance: run.configuration.initial_balance,
        },
        curve: Block {
            times: &run.bars.moments,
            exact: Exact::Whole(&curve.wholes, unit),
            values: &curve.values,
            gross: &curve.gross,
            net: &curve.net,
        },
        trades: Lines {
            entry_time: &entries,
            exit_time: &exits,
            net_pnl: &trades.net,
            net_doubles: &money.net,
            gross_pnl: Some(&trades.gross),
            entry_fee: Some(&trades.entry_fee),
            exit_fee: Some(&trades.exit_fee),
            mae: Some(&trades.mae),
            mfe: Some(&trades.mfe),
            swap: Some(&[]),
            slippage: Some(&[]),
            cost: Some(&money.cost),
            entry_price: Some(&money.entry_price),
            stop_loss: Some(&money.stop),
            longs: Some(trades.rows.iter().filter(|trade| trade.long).count()),
        },
        open: open.collect(),
        fees: Sum::of(&[Money::from_raw(end.fees).ok()?]),
        turnover: curve::turnover(events, &money, &curve.values),
    };
    Some(metrics_of(&columns, run.metrics, scratch))
}

fn doubles(events: &Events) -> Doubles {
    let money = |column: &[i128]| column.iter().map(|&raw| fixed18_to_f64(raw)).collect();
    let trades = &events.trades;
    Doubles {
        cost: money(&trades.cost),
        gross: money(&trades.gross),
        net: money(&trades.net),
        entry_price: trades.rows.iter().map(|trade| i128::from(trade.entry_price)).collect(),
        stop: trades.rows.iter().map(|trade| i128::from(trade.stop)).collect(),
        open: events.held.iter().map(|held| fixed18_to_f64(held.cost)).collect(),
    }
}

fn trades(run: &Run<'_>, exact: bool, events: &Events) -> TradeColumns {
    let trades = &events.trades;
    let rows = &trades.rows;
    let time = |moment: usize| run.bars.moments.get(moment).copied().unwrap_or_default();
    let mut columns = TradeColumns::new(exact);
    if rows.is_empty() {
        return columns;
    }
    let money = |column: &[i128]| {
        if exact {
            Numbers::Exact(column.to_vec())
        } else {
            Numbers::Float(column.iter().map(|&raw| fixed18_to_f64(raw)).collect())
        }
    };
    let nines = |pick: fn(&super::trades::Trade) -> i64| {
        let raws = rows.iter().map(|trade| i128::from(pick(trade)));
        if exact {
            Numbers::Exact(raws.collect())
        } else {
            Numbers::Float(raws.map(fixed9_to_f64).collect())
        }
    };
    let zeros = || {
        let rows = rows.len();
        if exact { Numbers::Exact(vec![0; rows]) } else { Numbers::Float(vec![0.0; rows]) }
    };
    let symbol = columns.words.place(run.bars.symbols.first().map_or("", String::as_str));
    let words = &mut columns.words;
    columns.reason = places(rows.iter().map(|trade| trade.reason.text()), words);
    columns.tag = places(rows.iter().map(|trade| run.tag(trade.place)), words);
    TradeColumns {
        trade_id: (1..).take(rows.len()).collect(),
        position_id: rows.iter().map(|trade| trade.position_id).collect(),
        symbol: vec![symbol; rows.len()],
        side: rows.iter().map(|trade| side(trade.long)).collect(),
        entry_time: rows.iter().map(|trade| time(trade.entry)).collect(),
        exit_time: rows.iter().map(|trade| time(trade.exit)).collect(),
        numbers: [
            nines(|trade| trade.size),
            nines(|trade| trade.entry_price),
            nines(|trade| trade.exit_price),
            money(&trades.gross),
            money(&trades.entry_fee),
            money(&trades.exit_fee),
            zeros(),
            money(&trades.net),
            money(&trades.cost),
            money(&trades.mae),
            money(&trades.mfe),
            zeros(),
            zeros(),
            nines(|trade| trade.stop),
            nines(|trade| trade.target),
        ],
        ..columns
    }
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

fn last(terms: &Terms<'_>, end: &End, events: &Events, equity: i128) -> Option<FinalState> {
    let money = |raw: i128| Money::from_raw(raw).ok();
    let (equity, balance) = (money(equity)?, money(end.balance)?);
    let cost = events.held.iter().try_fold(0_i128, |sum, held| sum.checked_add(held.cost))?;
    let account = Account {
        equity,
        unrealized: equity.checked_sub(balance).ok()?,
        margin_used: terms.margin(cost)?,
        ..Account::new(balance)
    };
    let count = |items: usize| u64::try_from(items).ok();
    Some(FinalState {
        failed: false,
        event_count: end.events,
        trade_count: count(events.trades.rows.len())?,
        open_count: count(events.held.len())?,
        order_count: 0,
        ambiguous_count: end.ambiguous,
        balance,
        equity,
        unrealized: account.unrealized,
        realized: money(end.realized)?,
        margin_used: account.margin_used,
        free_margin: account.free_margin(),
        margin_level: account.margin_level(),
        digest: None,
    })
}
