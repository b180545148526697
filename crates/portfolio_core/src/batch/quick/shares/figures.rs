//! The metrics of a run of targets.

use super::trades::Trades;
use super::walk::Room;
use crate::batch::plan::Run;
use crate::batch::quick::money;
use crate::event::Side;
use crate::history::{Block, Exact, OpenPosition, Start};
use crate::metrics::trades::Lines;
use crate::metrics::{Columns, Metrics, Scratch, metrics_of};
use crate::numbers::{Money, Sum, fixed18_to_f64};

/// The metrics of the whole curve, whose doubles are given.
pub(super) fn metrics(
    run: &Run<'_>,
    room: &Room,
    values: &[f64],
    scratch: &mut Scratch,
) -> Option<Metrics> {
    let account = &room.account;
    let trades = &account.trades;
    let time = |moment: usize| run.bars.moments.get(moment).copied().unwrap_or_default();
    let doubles =
        |column: &[i128]| -> Vec<f64> { column.iter().map(|&raw| fixed18_to_f64(raw)).collect() };
    let times =
        |moments: &[usize]| -> Vec<i64> { moments.iter().map(|&moment| time(moment)).collect() };
    let (entries, exits) = (times(&trades.entry), times(&trades.exit));
    let [gross, entry_fee, exit_fee, net, cost, mae, mfe] = &trades.money;
    let (net_doubles, costs) = (doubles(net), doubles(cost));
    let prices: Vec<i128> = trades.entry_price.iter().map(|&price| i128::from(price)).collect();
    let held = |symbol: usize| {
        let (held, origin) = (account.held.get(symbol)?, account.origins.get(symbol)?);
        Some((origin.entry, fixed18_to_f64(held.cost)))
    };
    let held: Vec<(usize, f64)> = account.open.iter().filter_map(|&symbol| held(symbol)).collect();
    let open = held.iter().map(|&(entry, cost)| OpenPosition { entry_time: time(entry), cost });
    let columns = Columns {
        start: Start {
            time: *run.bars.moments.first()?,
            balance: run.configuration.initial_balance,
        },
        curve: Block {
            times: &run.bars.moments,
            exact: Exact::Raw(&room.equity),
            values,
            gross: &room.gross,
            net: &room.net,
        },
        trades: Lines {
            entry_time: &entries,
            exit_time: &exits,
            net_pnl: net,
            net_doubles: &net_doubles,
            gross_pnl: Some(gross),
            entry_fee: Some(entry_fee),
            exit_fee: Some(exit_fee),
            mae: Some(mae),
            mfe: Some(mfe),
            swap: Some(&[]),
            slippage: Some(&[]),
            cost: Some(&costs),
            entry_price: Some(&prices),
            stop_loss: Some(&vec![0; prices.len()]),
            longs: Some(trades.side.iter().filter(|side| **side == Side::Long).count()),
        },
        open: open.collect(),
        fees: Sum::of(&[Money::from_raw(account.fees).ok()?]),
        turnover: turnover(room, (&costs, &doubles(gross)), held, values),
    };
    Some(metrics_of(&columns, run.metrics, scratch))
}

/// What was traded over the equity.
fn turnover(
    room: &Room,
    (costs, gross): (&[f64], &[f64]),
    held: Vec<(usize, f64)>,
    values: &[f64],
) -> Option<f64> {
    let Trades { entry, exit, side, .. } = &room.account.trades;
    let mut entries: Vec<(usize, f64)> = entry.iter().copied().zip(costs.iter().copied()).collect();
    entries.extend(held);
    let results = costs.iter().zip(gross).zip(side);
    let results =
        results.map(|((cost, gross), side)| money::proceeds(*cost, *gross, *side == Side::Long));
    money::turnover(&mut entries, exit.iter().copied().zip(results), values)
}
