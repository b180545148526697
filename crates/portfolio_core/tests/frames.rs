//! Random frames of events: however they are cut, refused or taken back, a ledger is what its
//! accepted events made of it. A failure names the seed.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test fails by panicking"
)]

mod random;

use std::sync::Arc;

use arrow_array::{
    Array, ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray, StringViewArray,
    UInt64Array,
};
use portfolio_core::columns::schema::View;
use portfolio_core::frame::{Applied, EventFrame, FrameError, OnError};
use portfolio_core::ledger::{Configuration, Ledger};
use portfolio_core::numbers::{FloatPolicy, Money};
use portfolio_core::refusal::Code;
use random::Random;

const SEEDS: u64 = 150;
const SYMBOLS: [&str; 4] = ["ACME", "EURUSD", "Zürich Insurance Group AG", "D"];

/// A row; what it does not have is null.
#[derive(Clone, Default)]
struct Row {
    action: &'static str,
    time: i64,
    symbol: Option<&'static str>,
    side: Option<&'static str>,
    size: Option<f64>,
    price: Option<f64>,
    stop_loss: Option<f64>,
    position_id: Option<u64>,
    fee: Option<f64>,
    amount: Option<f64>,
    tag: Option<&'static str>,
    event: Option<i64>,
}

#[expect(clippy::float_arithmetic, reason = "frames have doubles, as users' frames do")]
fn hundredths(random: &mut Random, bound: u64) -> f64 {
    f64::from(u32::try_from(1 + random.below(bound)).unwrap()) / 100.0
}

/// Rows of which most are accepted: opens, closes of ids that may be open, quotes, cash.
fn rows(random: &mut Random, count: usize, mut time: i64) -> Vec<Row> {
    let mut rows = Vec::with_capacity(count);
    for number in 0..count {
        time += i64::try_from(random.below(3)).unwrap();
        let symbol = Some(SYMBOLS[usize::try_from(random.below(4)).unwrap()]);
        let price = Some(hundredths(random, 20_000));
        let fee = (random.below(2) == 0).then(|| hundredths(random, 100));
        let base = Row { time, price, fee, ..Row::default() };
        rows.push(match random.below(20) {
            0..6 => Row {
                action: "open",
                symbol,
                side: Some(["long", "short", "buy", "sell"][number % 4]),
                size: Some(hundredths(random, 1_000)),
                tag: Some(["", "sma", "a tag that is not inline"][number % 3]),
                position_id: (random.below(10) == 0).then(|| 1 + random.below(60)),
                ..base
            },
            6..11 => Row {
                action: "close",
                position_id: Some(1 + random.below(25)),
                size: (random.below(3) == 0).then(|| hundredths(random, 200)),
                ..base
            },
            11 => Row {
                action: "modify",
                position_id: Some(1 + random.below(25)),
                stop_loss: Some(0.0),
                ..base
            },
            12..14 => Row { action: "mark", symbol, ..base },
            14..18 => {
                let event = (random.below(2) == 0).then(|| i64::try_from(number / 3).unwrap());
                Row { action: "update", symbol, event, ..base }
            }
            18 => Row { action: "deposit", amount: Some(hundredths(random, 9_000)), ..base },
            _ => Row { action: "fee", fee: Some(hundredths(random, 100)), ..base },
        });
    }
    rows
}

fn shared(array: impl Array + 'static) -> ArrayRef {
    Arc::new(array)
}

fn batch(rows: &[Row], views: bool) -> RecordBatch {
    let text = |cell: fn(&Row) -> Option<&'static str>| {
        let cells = rows.iter().map(cell);
        if views {
            shared(cells.collect::<StringViewArray>())
        } else {
            shared(cells.collect::<StringArray>())
        }
    };
    let number =
        |cell: fn(&Row) -> Option<f64>| shared(rows.iter().map(cell).collect::<Float64Array>());
    let time = rows.iter().map(|row| row.time).collect::<Int64Array>();
    let ids = rows.iter().map(|row| row.position_id).collect::<UInt64Array>();
    let events = rows.iter().map(|row| row.event).collect::<Int64Array>();
    RecordBatch::try_from_iter_with_nullable([
        ("action", text(|row| Some(row.action)), true),
        ("time", shared(time), true),
        ("symbol", text(|row| row.symbol), true),
        ("side", text(|row| row.side), true),
        ("size", number(|row| row.size), true),
        ("price", number(|row| row.price), true),
        ("stop_loss", number(|row| row.stop_loss), true),
        ("position_id", shared(ids), true),
        ("fee", number(|row| row.fee), true),
        ("amount", number(|row| row.amount), true),
        ("tag", text(|row| row.tag), true),
        ("event", shared(events), true),
    ])
    .unwrap()
}

fn new_ledger() -> Ledger {
    Ledger::new(Configuration {
        leverage: 3_000_000_000,
        ..Configuration::new(Money::parse("5000").unwrap())
    })
    .unwrap()
}

fn apply(
    ledger: &mut Ledger,
    batches: &[RecordBatch],
    on_error: OnError,
) -> Result<Applied, FrameError> {
    let schema = batches[0].schema();
    let frame = EventFrame::read(&schema, batches, FloatPolicy::Nearest).unwrap();
    ledger.apply_frame(&frame, on_error, View::Exact, &mut || true)
}

/// Everything that a taken back frame must leave as it was.
fn picture(ledger: &mut Ledger) -> (String, String, Vec<usize>, Vec<u8>, Vec<u64>) {
    let tables = [
        ledger.equity_curve(View::Exact).unwrap().rows,
        ledger.trades(View::Exact).unwrap().rows,
        ledger.postings(View::Exact).unwrap().rows,
        ledger.open_positions(View::Exact).unwrap().rows,
        ledger.books().len(),
    ];
    let ids = (0..80).filter(|&id| ledger.positions().is_used(id)).collect();
    let account = format!("{:?}", ledger.account());
    (ledger.digest().unwrap(), account, tables.into(), ledger.event_bytes().unwrap(), ids)
}

/// The ledger after some accepted frames, and the time of its last event.
fn grown(random: &mut Random) -> (Ledger, i64) {
    let mut ledger = new_ledger();
    let mut time = 0;
    for _ in 0..random.below(3) {
        let rows = rows(random, 40, time);
        time = rows[rows.len() - 1].time;
        apply(&mut ledger, &[batch(&rows, true)], OnError::Record).unwrap();
    }
    (ledger, time)
}

#[test]
fn a_frame_that_is_refused_leaves_no_trace() {
    let (mut taken_back, mut whole) = (0, 0);
    for seed in 0..SEEDS {
        let mut random = Random(seed);
        let (mut ledger, time) = grown(&mut random);
        let mut again = ledger.replay().unwrap();
        let before = picture(&mut ledger);
        let rows = rows(&mut random, 60, time);
        // The last row is refused in any case.
        let mut bad = rows.clone();
        let end = rows[rows.len() - 1].time;
        bad.push(Row { action: "withdraw", time: end, amount: Some(1e15), ..Row::default() });
        let refusal = apply(&mut ledger, &[batch(&bad, true)], OnError::Raise).unwrap_err();
        assert!(matches!(refusal, FrameError::Row(_)), "seed {seed}: {refusal}");
        assert_eq!(picture(&mut ledger), before, "seed {seed}: {refusal}");
        ledger.check_invariants().unwrap();
        taken_back += 1;
        // What comes next does not know that the frame was ever tried.
        for other in [&mut ledger, &mut again] {
            let applied = apply(other, &[batch(&rows, true)], OnError::Record).unwrap();
            whole += applied.receipts.rows;
        }
        assert_eq!(picture(&mut ledger), picture(&mut again), "seed {seed}");
        assert_eq!(ledger.verify(), Ok(()), "seed {seed}");
    }
    assert!(taken_back == SEEDS && whole > 1_000, "{taken_back} taken back, {whole} accepted");
}

#[test]
fn a_frame_means_the_same_however_it_is_cut() {
    for seed in 0..SEEDS {
        let mut random = Random(seed);
        let rows = rows(&mut random, 120, 0);
        let mut one = new_ledger();
        let wanted = apply(&mut one, &[batch(&rows, true)], OnError::Record).unwrap();
        let mut cut = new_ledger();
        let mut batches = Vec::new();
        let mut start = 0;
        while start < rows.len() {
            let count = usize::try_from(random.below(9)).unwrap().min(rows.len() - start);
            let padded = batch(&rows[start.saturating_sub(2)..start + count], false);
            let skip = start - start.saturating_sub(2);
            batches.push(padded.slice(skip, count));
            start += count;
        }
        let found = apply(&mut cut, &batches, OnError::Record).unwrap();
        assert_eq!(picture(&mut one), picture(&mut cut), "seed {seed}");
        assert_eq!(found.receipts.batches, wanted.receipts.batches, "seed {seed}");
        assert_eq!(found.refused.batches, wanted.refused.batches, "seed {seed}");
        let both = found.receipts.rows + found.refused.rows;
        assert_eq!(both, rows.len(), "seed {seed}: each row is accepted or refused");
    }
}

#[test]
fn the_accepted_events_come_back_as_a_frame() {
    for seed in 0..SEEDS {
        let mut random = Random(seed);
        let (mut ledger, time) = grown(&mut random);
        let rows = rows(&mut random, 60, time);
        apply(&mut ledger, &[batch(&rows, true)], OnError::Record).unwrap();
        let events = ledger.events_table(View::Exact).unwrap();
        let mut copy = new_ledger();
        let applied = apply(&mut copy, &events.batches, OnError::Raise).unwrap();
        assert_eq!(applied.receipts.rows, events.rows, "seed {seed}");
        assert_eq!(copy.digest(), ledger.digest(), "seed {seed}");
        let doubles = ledger.events_table(View::Float).unwrap();
        assert_eq!(doubles.rows, events.rows);
        assert_eq!(doubles.batches[0].column(0).len(), events.rows);
    }
}

#[test]
fn a_caller_may_stop() {
    let row = Row { action: "update", time: 1, ..Row::default() };
    let rows = vec![row; (1 << 16) + 1];
    let batches = [batch(&rows, true)];
    let schema = batches[0].schema();
    let frame = EventFrame::read(&schema, &batches, FloatPolicy::Nearest).unwrap();
    let mut ledger = new_ledger();
    let before = picture(&mut ledger);
    let stopped = ledger.apply_frame(&frame, OnError::Record, View::Float, &mut || false);
    assert_eq!(stopped.unwrap_err(), FrameError::Stopped);
    assert_eq!(picture(&mut ledger), before);
    let applied = ledger.apply_frame(&frame, OnError::Raise, View::Float, &mut || true).unwrap();
    assert_eq!(applied.receipts.rows, rows.len());
}

#[test]
fn a_row_says_what_is_wrong_with_it() {
    let refuse = |row: Row| {
        let mut ledger = new_ledger();
        match apply(&mut ledger, &[batch(&[row], true)], OnError::Raise) {
            Err(FrameError::Row(error)) => (error.code, error.to_string()),
            other => panic!("{other:?}"),
        }
    };
    let (code, message) = refuse(Row { action: "hold", ..Row::default() });
    assert_eq!(code, Code::InvalidArgument);
    assert!(message.starts_with("[4024] events=row 0, column action: \"hold\""), "{message}");
    let open = Row { action: "open", symbol: Some("A"), side: Some("long"), ..Row::default() };
    let (code, message) = refuse(open.clone());
    assert_eq!(code, Code::InvalidFrame);
    assert!(message.contains("row 0, column size: null"), "{message}");
    let (code, message) = refuse(Row { size: Some(f64::NAN), ..open });
    assert_eq!(code, Code::InvalidNumber);
    assert!(message.contains("row 0, column size: NaN"), "{message}");
}
