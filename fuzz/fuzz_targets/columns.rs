//! Foreign columns of any type and any bytes, as a frame of events into an account.
#![no_main]

use libfuzzer_sys::fuzz_target;
use portfolio_fuzz::accounts::try_frame;
use portfolio_fuzz::bytes::Source;
use portfolio_fuzz::columns::batch;

const NAMES: [&str; 48] = [
    "action",
    "time",
    "symbol",
    "side",
    "size",
    "price",
    "position_id",
    "amount",
    "bid",
    "ask",
    "stop_loss",
    "take_profit",
    "key",
    "fee",
    "tag",
    "reason",
    "event",
    "price_decimals",
    "size_decimals",
    "contract_size",
    "leverage",
    "quote_currency",
    "terms",
    "trailing",
    "break_even",
    "break_even_offset",
    "targets",
    "exit_time",
    "type",
    "expiry",
    "oco",
    "order_id",
    "other_id",
    "open",
    "high",
    "low",
    "close",
    "spread",
    "path",
    "currency",
    "from_currency",
    "to_currency",
    "rate",
    "kind",
    "multiplier",
    "pay_time",
    "numerator",
    "denominator",
];

fuzz_target!(|data: &[u8]| {
    let mut source = Source(data);
    let choice = source.byte();
    let first = batch(&mut source, &NAMES);
    let cut = source.below(first.num_rows() + 1);
    let batches = [first.slice(0, cut), first.slice(cut, first.num_rows() - cut)];
    try_frame(&first.schema(), &batches, choice);
});
