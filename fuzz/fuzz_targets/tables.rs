//! Foreign columns of any type and any bytes, as a history and as the frames of a batch.
#![no_main]

use libfuzzer_sys::fuzz_target;
use portfolio_core::batch::bars::BarTable;
use portfolio_core::batch::orders::OrderTable;
use portfolio_core::batch::params::ParamTable;
use portfolio_core::history::{History, Resample};
use portfolio_core::numbers::FloatPolicy;
use portfolio_fuzz::bytes::Source;
use portfolio_fuzz::columns::batch;

const EQUITY: [&str; 4] = ["time", "equity", "gross_exposure", "net_exposure"];
const TRADES: [&str; 18] = [
    "entry_time",
    "exit_time",
    "net_pnl",
    "symbol",
    "side",
    "size",
    "entry_price",
    "gross_pnl",
    "entry_fee",
    "exit_fee",
    "swap",
    "cost",
    "mae",
    "mfe",
    "slippage",
    "stop_loss",
    "tag",
    "reason",
];
const BARS: [&str; 9] = ["time", "open", "high", "low", "close", "symbol", "spread", "bid", "ask"];
const ORDERS: [&str; 26] = [
    "time",
    "action",
    "side",
    "size",
    "symbol",
    "run_id",
    "price",
    "type",
    "size_rule",
    "stop_loss",
    "take_profit",
    "stop_loss_distance",
    "take_profit_distance",
    "stop_loss_rate",
    "take_profit_rate",
    "trailing",
    "break_even",
    "break_even_offset",
    "trailing_rate",
    "targets",
    "exit_time",
    "expiry",
    "oco",
    "tag",
    "if_flat",
    "other",
];
const PARAMS: [&str; 16] = [
    "run_id",
    "size",
    "stop_loss_distance",
    "take_profit_rate",
    "trailing",
    "size_rule",
    "side",
    "mode",
    "path",
    "fill",
    "initial_balance",
    "leverage",
    "margin_call",
    "commission_rate",
    "slippage_points",
    "label",
];

fuzz_target!(|data: &[u8]| {
    let mut source = Source(data);
    let choice = source.byte();
    let policy = if choice & 1 == 0 { FloatPolicy::Nearest } else { FloatPolicy::Strict };
    if choice & 2 == 0 {
        let equity = [batch(&mut source, &EQUITY)];
        let trades = [batch(&mut source, &TRADES)];
        let (one, two) = (equity[0].schema(), trades[0].schema());
        match History::read((&one, &equity), Some((&two, &trades)), None) {
            Ok(history) => drop(history.curve(Resample::None)),
            Err(error) => drop(error.to_string()),
        }
        return;
    }
    let bars = [batch(&mut source, &BARS)];
    let schema = bars[0].schema();
    let only = (choice & 4 == 0).then_some("A");
    let bars = match BarTable::read(&schema, &bars, policy, only) {
        Ok(bars) => bars,
        Err(error) => return drop(error.to_string()),
    };
    let orders = [batch(&mut source, &ORDERS)];
    if let Err(error) = OrderTable::read(&orders[0].schema(), &orders, &bars, policy) {
        drop(error.to_string());
    }
    let params = [batch(&mut source, &PARAMS)];
    let labels = ["label".to_owned()];
    if let Err(error) = ParamTable::read(&params[0].schema(), &params, &labels, policy) {
        drop(error.to_string());
    }
});
