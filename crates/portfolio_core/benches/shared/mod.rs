//! Frames of events for the benches, drawn from a seed.

#[path = "../../tests/random/mod.rs"]
mod random;

use std::sync::Arc;

use arrow_array::{
    ArrayRef, Float64Array, RecordBatch, StringViewArray, TimestampMicrosecondArray, UInt64Array,
};
use portfolio_core::columns::schema::View;
use portfolio_core::frame::{Applied, EventFrame, OnError};
use portfolio_core::ledger::{Configuration, Ledger};
use portfolio_core::numbers::{FloatPolicy, Money};
use random::Random;

const SEED: u64 = 1;
const SYMBOLS: u64 = 10;
/// Opens and closes keep about so many positions open.
const HELD: usize = 100;

/// What the rows of a frame are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Opens, closes and updates in turn, without fees.
    Mixed,
    /// The same, with a fee for each fill.
    MixedWithFees,
    /// Updates only: a mark and a row of the equity history each.
    Updates,
    /// Marks only.
    Marks,
}

/// So many hundredths from a base on.
#[expect(clippy::float_arithmetic, reason = "frames have doubles, as users' frames do")]
fn hundredths(random: &mut Random, base: u64, more: u64) -> f64 {
    f64::from(u32::try_from(base + random.below(more)).unwrap()) / 100.0
}

#[derive(Default)]
struct Columns {
    action: Vec<&'static str>,
    time: Vec<i64>,
    symbol: Vec<Option<String>>,
    side: Vec<Option<&'static str>>,
    size: Vec<Option<f64>>,
    price: Vec<f64>,
    position_id: Vec<Option<u64>>,
    fee: Vec<Option<f64>>,
}

/// A frame of so many rows, all of which are accepted.
pub(crate) fn frame(kind: Kind, rows: usize) -> RecordBatch {
    let mut random = Random(SEED);
    let mut columns = Columns::default();
    let (mut held, mut opened) = (Vec::new(), 0);
    let fee = (kind == Kind::MixedWithFees).then_some(0.35);
    for row in 0..rows {
        columns.time.push(1_700_000_000_000_000 + i64::try_from(row).unwrap() * 1_000_000);
        columns.price.push(hundredths(&mut random, 9_000, 2_001));
        let symbol = format!("SYM{}", random.below(SYMBOLS));
        let turn = match kind {
            Kind::Updates => ("update", false),
            Kind::Marks => ("mark", false),
            _ if row % 3 == 0 || (row % 3 == 1 && held.len() < HELD) => ("open", true),
            _ if row % 3 == 1 => ("close", true),
            _ => ("update", false),
        };
        columns.action.push(turn.0);
        columns.fee.push(fee.filter(|_| turn.1));
        let (mut side, mut size, mut id, mut name) = (None, None, None, Some(symbol));
        if turn.0 == "open" {
            opened += 1;
            held.push(opened);
            side = Some(if random.below(2) == 0 { "long" } else { "short" });
            size = Some(hundredths(&mut random, 10, 1_000));
        } else if turn.0 == "close" {
            let place = usize::try_from(random.below(u64::try_from(held.len()).unwrap())).unwrap();
            (id, name) = (Some(held.swap_remove(place)), None);
        }
        columns.symbol.push(name);
        columns.side.push(side);
        columns.size.push(size);
        columns.position_id.push(id);
    }
    columns.batch()
}

impl Columns {
    fn batch(self) -> RecordBatch {
        let columns: [(&str, ArrayRef); 8] = [
            ("action", Arc::new(StringViewArray::from(self.action))),
            ("time", Arc::new(TimestampMicrosecondArray::from(self.time))),
            ("symbol", Arc::new(StringViewArray::from_iter(self.symbol))),
            ("side", Arc::new(StringViewArray::from(self.side))),
            ("size", Arc::new(Float64Array::from(self.size))),
            ("price", Arc::new(Float64Array::from(self.price))),
            ("position_id", Arc::new(UInt64Array::from(self.position_id))),
            ("fee", Arc::new(Float64Array::from(self.fee))),
        ];
        let columns = columns.map(|(name, array)| (name, array, true));
        RecordBatch::try_from_iter_with_nullable(columns).unwrap()
    }
}

pub(crate) fn new_ledger() -> Ledger {
    Ledger::new(Configuration {
        leverage: 30_000_000_000,
        ..Configuration::new(Money::parse("10000000000").unwrap())
    })
    .unwrap()
}

/// Applies a frame whose rows are all accepted.
pub(crate) fn apply(ledger: &mut Ledger, batches: &[RecordBatch]) -> Applied {
    let schema = batches[0].schema();
    let frame = EventFrame::read(&schema, batches, FloatPolicy::Nearest).unwrap();
    ledger.apply_frame(&frame, OnError::Raise, View::Float, &mut || true).unwrap()
}
