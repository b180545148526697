//! The account that frames and events are tried on, and what has to hold whatever they say.

use arrow_array::RecordBatch;
use arrow_schema::Schema;
use portfolio_core::columns::schema::View;
use portfolio_core::event::{Event, Marks, Open, Protection, Quote, Side};
use portfolio_core::frame::{EventFrame, OnError};
use portfolio_core::ledger::{Configuration, Ledger, Mode};
use portfolio_core::numbers::{FloatPolicy, Money, Price, Size};

/// 100,000 USD with leverage 10.
pub fn configuration(mode: Mode) -> Configuration {
    let money = Money::from_int(100_000).expect("it fits");
    Configuration { mode, leverage: 10_000_000_000, ..Configuration::new(money) }
}

/// The account of that configuration: 10 A long at 100 and 5 B short at 50, both marked.
pub fn scene(mode: Mode) -> Ledger {
    let mut ledger = Ledger::new(configuration(mode)).expect("it may be");
    fill(&mut ledger);
    ledger
}

/// Makes the events of the scene.
pub fn fill(ledger: &mut Ledger) {
    for (symbol, side, size, price) in [("A", Side::Long, 10, 100), ("B", Side::Short, 5, 50)] {
        let event = Event::Open(Open {
            symbol,
            side,
            time: 0,
            position_id: None,
            size: Size::from_int(size).expect("it fits"),
            price: Price::from_int(price).expect("it fits"),
            stop_loss: None,
            take_profit: None,
            fee: None,
            tag: "",
            protection: Protection::NONE,
        });
        ledger.apply(&event).expect("it is accepted");
    }
    let price = |whole| Price::from_int(whole).expect("it fits");
    let quotes = [
        Quote { symbol: "A", bid: price(99), ask: price(101) },
        Quote { symbol: "B", bid: price(49), ask: price(50) },
    ];
    let marks = Marks { time: Some(0), quotes: &quotes };
    ledger.apply(&Event::UpdateEquity(marks)).expect("it is accepted");
}

/// Applies batches as a frame of events. What is refused leaves the digest as it was, and what is
/// accepted is proved by the replay.
pub fn try_frame(schema: &Schema, batches: &[RecordBatch], choice: u8) {
    let policy = if choice & 1 == 0 { FloatPolicy::Nearest } else { FloatPolicy::Strict };
    let on_error = if choice & 2 == 0 { OnError::Record } else { OnError::Raise };
    let mode = if choice & 4 == 0 { Mode::Hedging } else { Mode::Netting };
    let Ok(frame) = EventFrame::read(schema, batches, policy) else { return };
    let mut ledger = scene(mode);
    let before = ledger.digest().expect("there is memory");
    let view = if choice & 8 == 0 { View::Exact } else { View::Float };
    match ledger.apply_frame(&frame, on_error, view, &mut || true) {
        Err(error) => {
            let _shown = error.to_string();
            assert_eq!(ledger.digest().expect("there is memory"), before, "{error}");
        }
        Ok(applied) => {
            let rows = applied.receipts.rows + applied.refused.rows;
            assert_eq!(rows, frame.rows(), "each row is accepted or refused");
        }
    }
    if let Err(violation) = ledger.verify() {
        panic!("{violation:?}");
    }
}
